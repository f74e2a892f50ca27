"""The recorder as it is steered and watched from outside: a process of its own, and whoever holds its strings.

Whatever happens on this side (a page that hangs, a terminal that is closed, ``kill -9``), the recorder goes on until
its standard input ends; then it ends the take, whole.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from capture import mapped, wire
from capture.apart import apart, environment
from capture.errors import FlipcastError, RecorderGone, TakeError
from capture.health import Health, Said, State
from capture.plan import Plan
from capture.states import ENDS, Command
from capture.take import Take, read

_ANSWER_SECONDS = 10.0
_ENDING_SECONDS = 15.0


class Remote:
    """A recorder in a process of its own. A context manager, which leaves no take open.

    Every command returns once the recorder has answered, and raises what it answered: `WrongMoment` where it cannot
    be done now, `NoRoomToRecord` and the like; `RecorderGone` where there is no recorder any more.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        """What is recorded; its preview folder is filled in where it names none."""
        self.health: Health | None = None
        """The latest; ``None`` in the first moments."""
        self.folder: Path | None = None
        """Where the take lies, from *roll* on."""
        self._said: deque[Said] = deque(maxlen=1000)
        self._fresh = False
        self._replies: dict[int, dict[str, Any]] = {}
        self._asked = 0
        self._end: FlipcastError | Path | None = None
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._child: subprocess.Popen[bytes]
        self._listener: threading.Thread
        self._own_preview: Path | None = None

    def __enter__(self) -> Remote:
        if self.plan.preview is None:
            self._own_preview = mapped.make_folder()
            self.plan = replace(self.plan, preview=self._own_preview)
        self._errors = tempfile.TemporaryFile()  # a file never makes the one who writes to it wait
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-X", "faulthandler", "-m", "capture"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(),
            **apart(first=True),
        )
        self._listener = threading.Thread(target=self._listen, name="recorder's news", daemon=True)
        self._listener.start()
        self._send(open=self.plan)
        return self

    def __exit__(self, *_: object) -> None:
        """End the take, if there is one, and the recorder."""
        child = self._child
        with contextlib.suppress(OSError):
            if child.stdin:
                child.stdin.close()  # by which it ends, as it does when nobody is left to say so
        try:
            child.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        self._listener.join(_ANSWER_SECONDS)
        if child.stdout:
            child.stdout.close()
        self._errors.close()
        if self._own_preview is not None:
            mapped.remove_folder(self._own_preview)

    @property
    def pid(self) -> int:
        """Process id of the recorder."""
        return self._child.pid

    @property
    def state(self) -> State:
        """Where the recorder stands, by the latest news."""
        return self.health.state if self.health else State.OPENING

    def ready(self, seconds: float | None = None) -> Health:
        """Wait until the recorder can roll.

        Raises:
            DeviceError: a source cannot be opened.
            RecorderGone: nothing was heard for *seconds*, or the recorder is gone.
        """
        seconds = self.plan.settings.opening_seconds + _ANSWER_SECONDS if seconds is None else seconds
        with self._changed:
            opening = (State.OPENING, State.FAILED)  # why it failed is told after that it did
            self._changed.wait_for(lambda: self._end is not None or self.state not in opening, seconds)
            if isinstance(self._end, FlipcastError):
                raise self._end
            if self.health is None or self.state in opening:
                raise RecorderGone(f"the recorder was not ready after {seconds:.0f} s")
            return self.health

    def roll(self, recording: Path | None = None) -> State:
        """Begin a take, after the countdown; returns as that begins.

        *recording* is the folder of the lecture, where it was not known when the sources were opened.
        """
        return self._ask(Command.ROLL, **({} if recording is None else {"recording": str(recording)}))

    def pause(self) -> State:
        """Let the take stand still."""
        return self._ask(Command.PAUSE)

    def resume(self) -> State:
        """Let it go on."""
        return self._ask(Command.RESUME)

    def mark(self, label: str = "") -> State:
        """Set a marker here."""
        return self._ask(Command.MARK, label=label)

    def stop(self) -> State:
        """End the take; in a countdown, call it off. `wait` waits for what comes of it."""
        return self._ask(Command.STOP)

    def abandon(self) -> State:
        """End a recorder that has no take."""
        return self._ask(Command.ABANDON)

    def news(self, seconds: float | None = None) -> Iterator[Health | Said]:
        """Yield all that is said and the latest health, as they come, until the recorder ends or *seconds* are over.

        Of health only the latest is kept: whoever is slow misses some, and holds nobody up.
        """
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            with self._changed:
                left = None if until is None else max(0.0, until - time.monotonic())
                self._changed.wait_for(lambda: self._said or self._fresh or self._end is not None, left)
                news: list[Health | Said] = [*self._said]
                self._said.clear()
                if self._fresh and self.health:
                    self._fresh = False
                    news.append(self.health)
                ended = self._end is not None
            yield from news
            if ended or (until is not None and time.monotonic() >= until):
                return

    def wait(self, seconds: float | None = None) -> Take:
        """Wait for the end of the take, and give it as it lies on disk, with its outcome.

        Raises:
            TakeError: there is no take, or the recorder is gone.
            DeviceError: a source cannot be opened.
            TimeoutError: it has not ended after *seconds*.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._end is not None, seconds):
                raise TimeoutError(f"the take has not ended after {seconds} s")
        if isinstance(self._end, FlipcastError):
            raise self._end
        assert self._end is not None
        return read(self._end)

    def _ask(self, command: Command, **more: Any) -> State:
        with self._changed:
            self._asked += 1
            number = self._asked
        self._send(n=number, do=command, **more)
        with self._changed:
            self._changed.wait_for(lambda: number in self._replies or self._end is not None, _ANSWER_SECONDS)
            reply = self._replies.pop(number, None)
            if reply is None:
                if isinstance(self._end, FlipcastError):
                    raise self._end
                if self._end is not None:
                    raise TakeError("the take has ended already")
                raise RecorderGone(
                    f"the recorder did not answer in {_ANSWER_SECONDS:.0f} s", hint="it may still be recording: wait"
                )
        if "failed" in reply:
            raise wire.failure(reply["failed"])
        return State(reply["state"])

    def _send(self, **message: Any) -> None:
        with self._writing, contextlib.suppress(OSError, ValueError):  # of a recorder that is gone `_listen` knows
            if self._child.stdin:
                self._child.stdin.write(wire.line(**message))
                self._child.stdin.flush()

    def _listen(self) -> None:
        assert self._child.stdout
        with contextlib.suppress(OSError, ValueError):
            for text in self._child.stdout:
                with contextlib.suppress(ValueError):
                    self._hear(wire.message(text))
        status = self._child.wait()
        with self._changed:
            if self._end is None:
                self._end = self._gone(status)
                if self.health and self.health.state not in ENDS:
                    self.health = replace(self.health, state=State.FAILED, alarm=self._end.what)
            self._changed.notify_all()

    def _hear(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "health" in message:
                self.health, self._fresh = wire.noun(message["health"], Health), True
            elif "said" in message:
                self._said.append(wire.noun(message["said"], Said))
            elif "reply" in message:
                self._replies[int(message["reply"])] = message
            elif "rolled" in message:
                self.folder = Path(message["rolled"])
            elif "done" in message:
                self._end = self.folder = Path(message["done"])
            elif "failed" in message:
                self._end = wire.failure(message["failed"])
            self._changed.notify_all()

    def _gone(self, status: int) -> RecorderGone:
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 2000))
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = next((text.strip() for text in reversed(lines) if text.strip()), "")
        hint = "run flipcast recover" if self.folder else "try again"
        return RecorderGone(f"the recorder {how}{f' ({last[:200]})' if last else ''}", hint=hint)
