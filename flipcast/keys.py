"""Single key presses from the terminal, without Enter; none where nobody sits at one."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Keys(Protocol):
    """What is pressed."""

    here: bool
    """Whether there is a keyboard to be heard."""

    def next(self, seconds: float) -> str:
        """The next key: a character, or ``"enter"``; empty when *seconds* are over. Keys of several characters, such
        as arrows, are passed over."""
        ...


@contextmanager
def pressed() -> Iterator[Keys]:
    """The keys of the terminal that standard input is; they are not shown, and none is left for the shell."""
    if sys.platform == "win32":
        yield _Console() if sys.stdin is not None and sys.stdin.isatty() else _Silence()
    else:
        with _terminal() as keys:
            yield keys


class _Silence:
    """No keyboard."""

    here = False

    def next(self, seconds: float) -> str:
        time.sleep(seconds)
        return ""


def _meant(character: str) -> str:
    return "enter" if character in ("\r", "\n") else character if character.isprintable() else ""


if sys.platform == "win32":
    import msvcrt

    class _Console:
        """The keyboard of a Windows console, which can only be asked again and again."""

        here = True

        def next(self, seconds: float) -> str:
            until = time.monotonic() + seconds
            while True:
                while msvcrt.kbhit():
                    character = msvcrt.getwch()
                    if character in ("\x00", "\xe0"):  # an arrow or the like: its second half says which
                        msvcrt.getwch()
                    elif key := _meant(character):
                        return key
                if (left := until - time.monotonic()) <= 0:
                    return ""
                time.sleep(min(0.05, left))

else:
    import select
    import termios
    import tty

    class _Keyboard:
        """The keyboard of a terminal, each key as it comes."""

        here = True

        def __init__(self, file: int) -> None:
            self._file = file

        def next(self, seconds: float) -> str:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if not self.here:
                    time.sleep(left)
                    break
                ready, _, _ = select.select([self._file], [], [], left)
                if ready and (key := self._read()):
                    return key
            return ""

        def _read(self) -> str:
            """One key of what lies ready; a character of several bytes, or an arrow's, comes in one piece."""
            try:
                first = os.read(self._file, 1)
            except OSError:
                first = b""
            if not first:  # the terminal is closed: it would be ready for ever
                self.here = False
                return ""
            if first == b"\x1b":
                while select.select([self._file], [], [], 0)[0] and os.read(self._file, 64):
                    pass
                return ""
            more = 0 if first < b"\xc0" else 1 if first < b"\xe0" else 2 if first < b"\xf0" else 3
            rest = os.read(self._file, more) if more else b""
            return _meant((first + rest).decode("utf-8", "ignore")[:1])

    @contextmanager
    def _terminal() -> Iterator[Keys]:
        try:
            file = sys.stdin.fileno()
            # A command in the background must not touch the terminal: it would be stopped for it.
            at_hand = os.isatty(file) and os.tcgetpgrp(file) == os.getpgrp()
            before = termios.tcgetattr(file) if at_hand else None
        except (AttributeError, OSError, ValueError, termios.error):
            before = None
        if before is None:
            yield _Silence()
            return
        try:
            tty.setcbreak(file)
            now = termios.tcgetattr(file)
            now[6][termios.VSUSP] = b"\x00"  # Ctrl-Z would leave a recording that nobody sees
            termios.tcsetattr(file, termios.TCSANOW, now)
            yield _Keyboard(file)
        finally:
            with contextlib.suppress(termios.error, OSError):  # of a terminal that was closed
                termios.tcsetattr(file, termios.TCSAFLUSH, before)
