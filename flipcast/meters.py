"""How a recording is going, on a terminal and in lines: plain text, since it is drawn while something is recorded.

Drawing costs a fraction of a millisecond, four times a second: a table of a library that lays out would cost twenty
times as much.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import IO

from rich.cells import cell_len, chop_cells

from capture.health import Health, State, TrackHealth
from flipcast.figures import clock, size, span

EVERY_SECONDS = 0.25
"""From one picture of the meters to the next."""

LINE_SECONDS = 60.0
"""From one line to the next where there is no terminal."""

_LOWEST_DBFS = -60.0
_BAR = 16

_STATES = {
    State.OPENING: ("dim", "OPENING"),
    State.READY: ("green", "READY"),
    State.COUNTING: ("yellow", "ROLLS IN"),
    State.ROLLING: ("red", "● REC"),
    State.PAUSED: ("yellow", "PAUSED"),
    State.STOPPING: ("dim", "CLOSING THE FILES"),
    State.DONE: ("green", "DONE"),
    State.FAILED: ("red", "FAILED"),
}
"""How each state is shown."""

_STYLES = {"": "", "dim": "\x1b[2m", "red": "\x1b[31m", "green": "\x1b[32m", "yellow": "\x1b[33m", "bold": "\x1b[1m"}

Part = tuple[str, str]
"""A style and a text."""


class Meters:
    """The meters on a terminal, drawn over themselves."""

    def __init__(
        self, out: IO[str], *, colours: bool = True, size: Callable[[], tuple[int, int]] | None = None
    ) -> None:
        self._out = out
        self._colours = colours
        self._size = size or _size_of(out)
        self._drawn = 0
        self._last = ""
        self._at = -1.0
        self._rung: frozenset[str] = frozenset()

    def draw(self, title: str, health: Health, keys: str) -> None:
        """Show *health* of the recording called *title*, if the last picture is old enough."""
        now = time.monotonic()
        if now - self._at < EVERY_SECONDS * 0.8:
            return
        self._at = now
        width, height = self._size()
        rows = [_cut(parts, width - 1) for parts in picture(title, health, keys)][: max(1, height - 1)]
        text = "\n".join(self._styled(parts) + "\x1b[K" for parts in rows)
        alarms = frozenset(track.name for track in health.tracks if track.alarm) | ({""} if health.alarm else set())
        bell = "\a" if alarms - self._rung else ""
        self._rung = alarms
        if text == self._last and not bell:
            return
        fewer = "\x1b[J" if len(rows) < self._drawn else ""
        self._write(self._home() + text + fewer + bell)
        self._last, self._drawn = text, len(rows)

    def clear(self) -> None:
        """Take the meters away, so that something else can be said there."""
        if self._drawn:
            # Line by line: where all of the screen is erased at once, some terminals keep it in their history.
            self._write(self._home() + "\n".join(["\x1b[2K"] * self._drawn) + self._home())
        self._drawn, self._last, self._at = 0, "", -1.0

    def _home(self) -> str:
        up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
        return f"\r{up}" if self._drawn else ""

    def _styled(self, parts: list[Part]) -> str:
        if not self._colours:
            return "".join(text for _, text in parts)
        return "".join(f"{_STYLES[style]}{text}\x1b[0m" if style else text for style, text in parts)

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # a terminal that was closed ends the take by other means
            self._out.write(text)
            self._out.flush()


class Log:
    """A line at each change of state, and one a minute."""

    def __init__(self) -> None:
        self._state = State.OPENING
        self._at = time.monotonic()

    def lines(self, title: str, health: Health) -> list[str]:
        """What is to be said now of the recording called *title*; mostly nothing."""
        changed, now = health.state is not self._state, time.monotonic()
        self._state = health.state
        if changed and health.state is State.COUNTING:
            said = f"{title}: begins in {health.seconds:.0f} s"
        elif changed and health.state in (State.ROLLING, State.PAUSED, State.STOPPING):
            said = f"{title}: {health.state} at {clock(int(health.seconds))}"
        elif _runs(health.state) and now - self._at >= LINE_SECONDS:
            said = f"{title}: {sentence(health)}"
        else:
            return []
        self._at = now
        return [said]


def picture(title: str, health: Health, keys: str) -> list[list[Part]]:
    """The meters as lines of styled parts, with nothing in them that a terminal would obey."""
    style, word = _STATES[health.state]
    head: list[Part] = [(style, word)]
    if health.state is State.COUNTING:
        head.append(("bold", f" {max(0.0, health.seconds):.0f}"))
    elif _runs(health.state):
        head.append(("bold", f"  {clock(int(health.seconds))}"))
    head.append(("", f"  {_plain(title)}"))
    if health.markers:
        head.append(("dim", f"  {health.markers} marker{'s' if health.markers != 1 else ''}"))
    rows = [head]
    wide = max([len(track.name) for track in health.tracks], default=0)
    rows += [_track(track, wide, health.state) for track in health.tracks]
    rows += [[("red", f"  ! {_about(track.name, track.alarm)}")] for track in health.tracks if track.alarm]
    if health.alarm:
        rows.append([("red", f"  ! {_plain(health.alarm)}")])
    written = sum(track.size_bytes for track in health.tracks)
    so_far = f"{size(written)}, " if _runs(health.state) else ""
    rows.append([("dim", f"  {keys}    {so_far}{_room(health)} left on the disk")])
    return rows


def sentence(health: Health) -> str:
    """How it is going, in one line."""
    parts = []
    for track in health.tracks:
        if track.kind.is_sound:
            parts.append(", ".join([f"{track.name} {_level(track)}", *_sync(track)]))
        else:
            parts.append(", ".join([f"{track.name} {_counts(track)}", *_sync(track)]))
    written = sum(track.size_bytes for track in health.tracks)
    return f"{health.state} {clock(int(health.seconds))}; {'; '.join(parts)}; {size(written)}; {_room(health)} left"


def _track(track: TrackHealth, wide: int, state: State) -> list[Part]:
    parts: list[Part] = [("", f"  {track.name:<{wide}}  ")]
    if track.kind.is_sound:
        level = _LOWEST_DBFS if track.level_dbfs is None else track.level_dbfs
        filled = round(_BAR * min(1.0, max(0.0, 1 - level / _LOWEST_DBFS)))
        loud = "red" if level > -3 else "yellow" if level > -12 else "green"
        parts += [(loud, "█" * filled), ("dim", "·" * (_BAR - filled)), ("", f" {_level(track):<9}")]
    else:
        parts.append(("", f"{_counts(track):<{_BAR + 10}}"))
    if _runs(state):
        parts.append(("dim", f"  {size(track.size_bytes):>8}  {', '.join(_sync(track))}"))
    return parts


def _counts(track: TrackHealth) -> str:
    bad = [f"{count} {word}" for count, word in ((track.late, "late"), (track.repeated, "repeated")) if count]
    bad += [f"{track.left_out} left out"] if track.left_out else []
    return ", ".join([f"{track.count} frames", *bad])


def _level(track: TrackHealth) -> str:
    return "silent" if track.level_dbfs is None else f"{track.level_dbfs:.0f} dB"


def _sync(track: TrackHealth) -> list[str]:
    said = [f"sync {track.sync_ms:+.1f} ms"] if track.sync_ms is not None else []
    return [*said, f"clock {track.drift_ppm:+.0f} ppm"] if track.drift_ppm is not None else said


def _room(health: Health) -> str:
    return span(health.room_seconds) if health.room_seconds is not None else size(health.free_bytes)


def _runs(state: State) -> bool:
    return state in (State.ROLLING, State.PAUSED, State.STOPPING)


def _about(track: str, alarm: str) -> str:
    return _plain(alarm if alarm.startswith(track) else f"{track}: {alarm}")


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in text)


def _cut(parts: list[Part], width: int) -> list[Part]:
    """As much of *parts* as fits in one line: a line that wraps would be drawn over wrongly."""
    kept: list[Part] = []
    for style, text in parts:
        room = width - sum(cell_len(before) for _, before in kept)
        if room <= 0:
            break
        kept.append((style, text if cell_len(text) <= room else chop_cells(text, room)[0]))
    return kept


def _size_of(out: IO[str]) -> Callable[[], tuple[int, int]]:
    def ask() -> tuple[int, int]:
        try:
            found = os.get_terminal_size(out.fileno())
        except (OSError, ValueError):
            found = shutil.get_terminal_size()
        return found.columns or 80, found.lines or 24

    return ask


def allow_drawing() -> None:
    """Let an old Windows console obey what moves its cursor; elsewhere, and in new ones, it does anyway."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        for number in (-11, -12):  # standard output and error
            kernel.SetConsoleMode(kernel.GetStdHandle(number), 7)
