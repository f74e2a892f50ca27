"""A browser that stands in front of everything and shows the booth; one that dies, or is closed, is begun again.

A Chromium of the machine (Chrome and Edge are ones) is run apart from the one that people use, with a folder of its own
that is removed at the end. It is led to the address by a file that only its owner may read: a command line can be read
by every user of the machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from capture.apart import apart
from capture.sources import Region
from flipcast.errors import DeskError

VARIABLE = "FLIPCAST_CHROMIUM"
"""Environment variable that names the program."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "msedge", "chrome")
_ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "{PROGRAMFILES}/Google/Chrome/Application/chrome.exe",
    "{PROGRAMFILES(X86)}/Google/Chrome/Application/chrome.exe",
    "{LOCALAPPDATA}/Google/Chrome/Application/chrome.exe",
    "{PROGRAMFILES(X86)}/Microsoft/Edge/Application/msedge.exe",
    "{PROGRAMFILES}/Microsoft/Edge/Application/msedge.exe",
)
_FLAGS = (
    "--kiosk",
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--disable-session-crashed-bubble",
    "--disable-infobars",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--disable-features=Translate,MediaRouter",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
)
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS, _WELL_SECONDS = 0.5, 30.0, 60.0
_ENDING_SECONDS = 5.0


def browser() -> str:
    """The program that shows the booth.

    Raises:
        DeskError: there is none.
    """
    named = os.environ.get(VARIABLE, "")
    for name in (named,) if named else _NAMES:
        if found := shutil.which(name):
            return found
    for pattern in () if named else _ELSEWHERE:
        with contextlib.suppress(KeyError):
            path = Path(pattern.format_map(os.environ))
            if path.is_file():
                return str(path)
    raise DeskError(
        f"{VARIABLE} names {named!r}, which is no program" if named else "no Chromium, Chrome or Edge is here",
        hint=f"install one, or name it in {VARIABLE}; --no-browser shows the address only",
    )


class Window:
    """One full-screen browser. A context manager, which leaves none behind."""

    def __init__(self, address: str, *, place: Region | None = None, told: Callable[[str], None]) -> None:
        """At *address*, on the screen that lies at *place*; sentences about its life go to *told*."""
        self._address, self._place, self._told = address, place, told
        self._program = browser()
        self._over = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="kiosk", daemon=True)

    def __enter__(self) -> Window:
        self._folder = Path(tempfile.mkdtemp(prefix="flipcast-kiosk-"))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._end()
        self._thread.join()
        for _again in range(20):  # its children write to the last
            shutil.rmtree(self._folder, ignore_errors=True)
            if not self._folder.exists():
                break
            time.sleep(0.1)

    @property
    def pid(self) -> int | None:
        """Process id of the browser; ``None`` between two."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def _keep(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        while not self._over.is_set():
            began = time.monotonic()
            try:
                status = self._run()
            except OSError as error:
                self._told(f"the browser could not be begun: {error}")
            else:
                if not self._over.is_set():
                    self._told(f"the browser ended with status {status}, and is begun again")
            wait = (
                _FIRST_WAIT_SECONDS
                if time.monotonic() - began > _WELL_SECONDS
                else min(wait * 2, _LONGEST_WAIT_SECONDS)
            )
            self._over.wait(wait)

    def _run(self) -> int:
        """Run it to its end."""
        profile = Path(tempfile.mkdtemp(prefix="profile-", dir=self._folder))  # a torn one would ask questions
        command = [self._program, *_FLAGS, f"--user-data-dir={profile}"]
        if self._place is not None:
            place = self._place
            command += [f"--window-position={place.left},{place.top}", f"--window-size={place.width},{place.height}"]
        try:
            self._child = subprocess.Popen(
                [*command, self._address],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **apart(first=False),
            )
            if self._over.is_set():
                self._end()
            return self._child.wait()
        finally:
            self._kill_all()
            shutil.rmtree(profile, ignore_errors=True)

    def _end(self) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_ENDING_SECONDS)
        self._kill_all()

    def _kill_all(self) -> None:
        """End what is left of it: the child leads a group of its own where there are groups."""
        child = self._child
        if child is None:
            return
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)
        else:
            with contextlib.suppress(OSError):
                os.killpg(child.pid, 9)
        if child.poll() is None:
            child.kill()
