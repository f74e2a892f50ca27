"""A flash and a beep whose moments are known: the lamp and the speaker, each a child, as they are held from outside."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Protocol

from capture.errors import DeviceError
from capture.frames import Frame, Kind
from capture.sources import Wanted, open_source

_START_SECONDS = 20.0
_ANSWER_SECONDS = 5.0
_LAMPS = 5
_LEAST_LIGHT = 20.0  # code values, of the whole screen: a lamp fills one of several at least

FLASH_SECONDS = 0.25
"""How long a flash is: long enough for a camera of ten pictures a second."""


class Signal(Protocol):
    """Something that can be seen or heard at a moment that is known."""

    def give(self) -> int:
        """Flash or beep; gives the moment on the steady clock.

        Raises:
            DeviceError: it could not.
        """
        ...


@contextmanager
def lamp() -> Iterator[Signal]:
    """A window that fills the screen, black until it flashes.

    One window in fifteen is up, as far as the system knows, and yet never drawn (Qt on X11, without a window manager).
    Where the screen can be grabbed it is therefore looked at, and a lamp that lights nothing is put up again.

    Raises:
        DeviceError: none can be shown here.
    """
    fault = DeviceError("no window can be shown that flashes", hint="run the check in a terminal on the desktop itself")
    for left in reversed(range(_LAMPS)):
        with _child("capture.sources.lamp", f"{FLASH_SECONDS * 1000:.0f}", fault) as light:
            if _lights(light) or not left:
                yield light
                return


def _lights(light: Signal) -> bool:
    """Whether a flash of *light* is seen on the screen; it is, where the screen cannot be looked at."""
    try:
        with contextlib.closing(open_source(Wanted(kind=Kind.SCREEN, member="screen"))) as screen:
            looks = (float(one.picture[::16, ::16].mean()) for one in screen.frames() if isinstance(one, Frame))
            dark = next(looks)
            light.give()
            lit = max(islice(looks, 2))
    except DeviceError:
        return True
    time.sleep(FLASH_SECONDS)
    return lit > dark + _LEAST_LIGHT


def speaker() -> contextlib.AbstractContextManager[Signal]:
    """The system's default speaker.

    Raises:
        DeviceError: nothing can be played here.
    """
    fault = DeviceError("nothing can be played that beeps", hint="see that the system's sound settings have an output")
    return _child("capture.sources.speaker", "beep", fault)


class _Child:
    def __init__(self, child: subprocess.Popen[str], word: str, fault: DeviceError) -> None:
        self._child, self._word, self._fault = child, word, fault
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ears = threading.Thread(target=self._hear, name="signal", daemon=True)
        self._ears.start()

    def give(self) -> int:
        assert self._child.stdin
        with contextlib.suppress(OSError):
            self._child.stdin.write(f"{self._word}\n")
            self._child.stdin.flush()
        return int(self.answer(_ANSWER_SECONDS))

    def answer(self, seconds: float) -> str:
        with contextlib.suppress(queue.Empty):
            if said := self._said.get(timeout=seconds):
                return said
        raise self._fault

    def close(self) -> None:
        if self._child.stdin:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._ears.join(5)
        if self._child.stdout:
            self._child.stdout.close()

    def _hear(self) -> None:
        assert self._child.stdout
        for line in self._child.stdout:
            self._said.put(line.strip())
        self._said.put("")


@contextmanager
def _child(module: str, word: str, fault: DeviceError) -> Iterator[Signal]:
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONWARNINGS": "default"},
    )
    made = _Child(child, word, fault)
    try:
        made.answer(_START_SECONDS)
        yield made
    finally:
        made.close()
