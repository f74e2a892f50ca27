"""How work is shown while it is done: a bar on a terminal, lines elsewhere, events for programs.

Talk goes to standard error and results to standard output, so that a pipe gets results alone. With ``--json`` all is
one JSON object a line on standard output: ``{"event": "progress", …}`` and the like, and last a ``result``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from typing import Any, Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from capture.description import to_json
from capture.health import Health
from flipcast.meters import Log, Meters

DOING = {
    "examine": "looking it through",
    "keyed": "keying the speaker",
    "hear": "measuring the sound",
    "listen": "listening for captions",
    "level": "levelling the sound",
    "encode": "encoding",
    "judge": "checking the quality",
    "assemble": "putting it together",
    "upload": "uploading",
    "verify": "proving what is up",
    "measure": "measuring",
    "recover": "making it whole",
}
"""What each step is called while it is done."""


class Show(Protocol):
    """Shows how far things are."""

    def progress(self, key: int, label: str, step: str, overall: float) -> None:
        """*label*, known by *key*, is at *overall* of its way, 0 to 1, busy with *step*."""
        ...

    def rolling(self, title: str, health: Health, keys: str) -> None:
        """The recording called *title* is going as *health* says; *keys* says what may be pressed."""
        ...

    def note(self, text: str) -> None:
        """Say something in passing."""
        ...

    def ended(self, key: int, label: str, text: str) -> None:
        """*label* has come to its end: *text* says how."""
        ...

    def trouble(self, text: str) -> None:
        """Say what went wrong."""
        ...

    def result(self, facts: dict[str, Any], table: Table | str) -> None:
        """Give the result: *facts* to programs, *table* to people."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


def open_show(*, as_json: bool) -> Show:
    """The display that fits where we run."""
    if as_json:
        return Json()
    return Terminal() if sys.stderr.isatty() else Lines()


def printable(text: str) -> str:
    """*text* in one line, without anything that a terminal would obey: names and titles are other people's."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _print_result(table: Table | str) -> None:
    if isinstance(table, str):
        table = "\n".join(map(printable, table.split("\n")))
    out = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, soft_wrap=True, highlight=False)
    out.print(table, markup=False) if isinstance(table, str) else out.print(table)


class Terminal:
    """A bar for each thing that is being done, with the time that is left."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("[dim]{task.fields[doing]}"),
            TimeElapsedColumn(),
            TextColumn("[dim]left"),
            TimeRemainingColumn(),
            console=self._console,
            refresh_per_second=4,
            transient=True,
        )
        self._tasks: dict[int, TaskID] = {}
        self._lock = threading.Lock()
        self._meters = Meters(sys.stderr, colours=not self._console.no_color)

    def progress(self, key: int, label: str, step: str, overall: float) -> None:
        with self._lock:
            if key not in self._tasks:
                if not self._tasks:
                    self._bars.start()
                self._tasks[key] = self._bars.add_task(escape(_short(printable(label))), total=1.0, doing="")
            self._bars.update(self._tasks[key], completed=overall, doing=DOING.get(step, step))

    def rolling(self, title: str, health: Health, keys: str) -> None:
        self._meters.draw(title, health, keys)

    def note(self, text: str) -> None:
        self._meters.clear()
        self._console.print(printable(text), markup=False)

    def ended(self, key: int, label: str, text: str) -> None:
        self._meters.clear()
        with self._lock:
            if (task := self._tasks.get(key)) is not None:
                self._bars.remove_task(task)
        self._console.print(printable(f"{label}: {text}"), markup=False)

    def trouble(self, text: str) -> None:
        self._meters.clear()
        self._console.print(f"[red]error:[/red] {escape(printable(text))}")

    def result(self, facts: dict[str, Any], table: Table | str) -> None:
        self.close()
        _print_result(table)

    def close(self) -> None:
        self._bars.stop()
        self._meters.clear()


class Lines:
    """A line now and then: at each new step, and every quarter of a minute within one."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[str, float]] = {}
        self._began = time.monotonic()
        self._log = Log()

    def progress(self, key: int, label: str, step: str, overall: float) -> None:
        before, at = self._last.get(key, ("", 0.0))
        now = time.monotonic()
        if step == before and now - at < 15:
            return
        self._last[key] = (step, now)
        spent = now - self._began
        left = f", about {spent / overall * (1 - overall):.0f} s left" if overall > 0.05 and spent > 5 else ""
        self._say(f"{label}: {overall:4.0%} {DOING.get(step, step)}{left}")

    def rolling(self, title: str, health: Health, keys: str) -> None:
        for line in self._log.lines(title, health):
            self._say(line)

    def note(self, text: str) -> None:
        self._say(text)

    def ended(self, key: int, label: str, text: str) -> None:
        self._say(f"{label}: {text}")

    def trouble(self, text: str) -> None:
        self._say(f"error: {text}")

    def result(self, facts: dict[str, Any], table: Table | str) -> None:
        _print_result(table)

    def close(self) -> None:
        pass

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):  # whoever read it has gone; the work goes on
            sys.stderr.write(printable(text) + "\n")
            sys.stderr.flush()


class Json:
    """One JSON object a line, for programs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[int, tuple[str, float]] = {}
        self._unread = False
        self._health: tuple[Any, float] = (None, 0.0)

    def progress(self, key: int, label: str, step: str, overall: float) -> None:
        before, at = self._last.get(key, ("", -1.0))
        if step == before and overall - at < 0.01:
            return
        self._last[key] = (step, overall)
        self._emit("progress", job=key, label=label, step=step, overall=round(overall, 4))

    def rolling(self, title: str, health: Health, keys: str) -> None:
        state, at = self._health
        now = time.monotonic()
        if state is health.state and now - at < 1.0:
            return
        self._health = (health.state, now)
        self._emit("health", title=title, **json.loads(to_json(health)))

    def note(self, text: str) -> None:
        self._emit("note", text=text)

    def ended(self, key: int, label: str, text: str) -> None:
        self._emit("ended", job=key, label=label, text=text)

    def trouble(self, text: str) -> None:
        self._emit("error", text=text)

    def result(self, facts: dict[str, Any], table: Table | str) -> None:
        self._emit("result", **facts)
        if self._unread:
            raise BrokenPipeError("nobody reads the result")

    def close(self) -> None:
        pass

    def _emit(self, event: str, **facts: Any) -> None:
        line = json.dumps({"event": event, **facts})  # ASCII: whatever encoding the reader expects, it is the same
        with self._lock:
            try:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            except BrokenPipeError:  # the work goes on without a listener
                self._unread = True


def _short(text: str, *, most: int = 40) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
