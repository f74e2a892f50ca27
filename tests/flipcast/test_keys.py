"""Keys are heard one by one, and the terminal is left as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is needed, which Windows has not")

LISTEN = """
import sys
from flipcast.keys import pressed
with pressed() as keys:
    print("here" if keys.here else "nobody", flush=True)
    for _ in range(60):
        if key := keys.next(0.2 if keys.here else 0.0):
            print(repr(key), flush=True)
        if key == "q" or not keys.here:
            break
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal: our end of it, and theirs."""
    import pty

    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def heard(child: subprocess.Popen[str]) -> list[str]:
    out, err = child.communicate(timeout=30)
    assert err == ""
    return out.split()


def test_each_key_is_heard_without_enter_and_the_terminal_is_as_before(terminal: tuple[int, int]) -> None:
    """A lecturer presses one key and talks on; afterwards the shell must echo again, and get no stray key."""
    import termios

    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    child = subprocess.Popen(
        [sys.executable, "-c", LISTEN],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, termios.TIOCSCTTY, 0),
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "here\n"
    os.write(ours, b" m")
    os.write(ours, "é".encode())
    os.write(ours, b"\r\x1a")  # Ctrl-Z stops nothing
    time.sleep(0.3)
    os.write(ours, b"\x1b[A")  # an arrow
    time.sleep(0.3)
    os.write(ours, b"qqq")

    assert heard(child) == ["'", "'", "'m'", "'é'", "'enter'", "'q'"]
    assert termios.tcgetattr(theirs)[:4] == before[:4]
    os.set_blocking(theirs, False)
    with pytest.raises(BlockingIOError):
        os.read(theirs, 1)


def test_a_terminal_that_goes_away_is_no_flood_of_keys(terminal: tuple[int, int]) -> None:
    """The take goes on to its end by other means; it must not spin meanwhile."""
    import pty

    ours, theirs = pty.openpty()
    listen = LISTEN.replace('key == "q" or ', "") + "print(__import__('time').process_time() < 2.0)"
    child = subprocess.Popen(
        [sys.executable, "-c", listen],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: (
            __import__("signal").signal(1, __import__("signal").SIG_IGN),
            __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        ),
    )
    os.close(theirs)
    assert child.stdout is not None
    assert child.stdout.readline() == "here\n"
    os.close(ours)

    assert heard(child) == ["True"]


def test_where_no_terminal_is_nobody_is_listened_to() -> None:
    """A script that records must not have its input eaten."""
    child = subprocess.Popen(
        [sys.executable, "-c", LISTEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert heard(child) == ["nobody"]
