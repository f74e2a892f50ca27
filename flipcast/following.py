"""The teleprompter follows the voice: a child overhears the microphone, and pages are told the place in the script.

It listens while a page asks for it every few seconds, and ends by itself when none does any more. The microphone is the
recorder's own; where that is closed and opened, as between two takes, the child is told where to listen now.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import flipcast
from capture.description import to_json
from capture.errors import FlipcastError
from flipcast import told
from flipcast.errors import DeskError
from flipcast.prompter import Follower
from flipcast.web.news import News
from process.captions.engine import Captions

TOPIC = "prompter"
"""Under which pages hear of it."""

_ASKED_SECONDS = 15.0
_TICK_SECONDS = 0.3


class Following:
    """One follower, for the page that asked last. A context manager."""

    def __init__(self, captions: Captions, news: News, *, microphone: Callable[[], tuple[Path, str] | None]) -> None:
        """*microphone* gives the folder and the name of the open one (`capture.earshot`), if there is one."""
        self._captions, self._news, self._microphone = captions, news, microphone
        self._lock = threading.Lock()
        self._follower = Follower(())
        self._state = "off"
        self._trouble: FlipcastError | None = None
        self._child: subprocess.Popen[str] | None = None
        self._threads: tuple[threading.Thread, ...] = ()
        self._over = threading.Event()
        self._asked_at = 0.0

    def __enter__(self) -> Following:
        self._tell()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self, words: Sequence[str], *, at: int = 0) -> None:
        """Follow a speaker through the script *words*, from the word *at*."""
        with self._lock:
            self._follower = Follower(words)
            self._follower.go(at)
            self._asked_at = time.monotonic()
            self._trouble = None
            if self._child is None:
                self._start()
        self._tell()

    def go(self, at: int) -> None:
        """Go on from the word *at*."""
        with self._lock:
            self._follower.go(at)
        self._tell()

    def keep(self) -> bool:
        """Go on listening; whether it listens at all."""
        self._asked_at = time.monotonic()
        return self._child is not None

    def end(self) -> None:
        """Listen no more."""
        with self._lock:
            child, threads = self._child, self._threads
            self._child, self._threads, self._state = None, (), "off"
            self._over.set()
        if child is not None:
            assert child.stdin
            with contextlib.suppress(OSError):
                child.stdin.close()
            try:
                child.wait(2.0)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for thread in threads:
                if thread is not threading.current_thread():
                    thread.join(5.0)
        self._tell()

    def _start(self) -> None:
        child = subprocess.Popen(
            [sys.executable, "-m", "flipcast.overhearing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            cwd=Path(flipcast.__file__).parents[1],
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
        )
        self._child, self._state, self._over = child, "opening", threading.Event()
        self._threads = (
            threading.Thread(target=self._hear, args=(child,), name="hearing", daemon=True),
            threading.Thread(target=self._lead, args=(child, self._over), name="leading", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def _lead(self, child: subprocess.Popen[str], over: threading.Event) -> None:
        """Tell *child* where to listen, as long as somebody asks for it."""
        assert child.stdin
        before: tuple[Path, str] | None = None
        with contextlib.suppress(OSError, ValueError):
            child.stdin.write(to_json(self._captions).replace("\n", " ") + "\n")
            child.stdin.flush()
            while not over.wait(_TICK_SECONDS):
                if time.monotonic() - self._asked_at > _ASKED_SECONDS:
                    self.end()
                    return
                here = self._microphone()
                if here != before:
                    folder, name = here or ("", "")
                    child.stdin.write(json.dumps({"folder": str(folder), "name": name}) + "\n")
                    child.stdin.flush()
                    before = here
                self._tell()

    def _hear(self, child: subprocess.Popen[str]) -> None:
        """Take in what *child* says."""
        assert child.stdout
        with child.stdout:
            for line in child.stdout:
                said = json.loads(line)
                with self._lock:
                    if self._child is not child:
                        continue
                    if "words" in said:
                        self._follower.overhear(said["words"])
                    elif "ready" in said:
                        self._state = "listening"
                    else:
                        self._trouble = DeskError(said["what"], hint=said["hint"])
                self._tell()
        with self._lock:
            ended = self._child is child
            if ended and self._trouble is None:
                self._trouble = DeskError("what listens to your voice has ended", hint="let it follow once more")
        if ended:
            self.end()

    def _tell(self) -> None:
        place = self._follower.place
        state = self._state
        if state == "listening" and self._microphone() is None:
            state = "deaf"
        self._news.tell(
            TOPIC, {"state": state, "at": place.at, "lost": place.lost, "trouble": told.trouble(self._trouble)}
        )
