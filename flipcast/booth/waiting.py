"""What is kept and not yet where it should be: it is finished and sent, again and again if need be.

What is to be done is read from what lies in the library, so that a power cut, a full disk or a lost network only make
it later. Nothing new is begun while somebody records: the machine is theirs.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture import recovery
from capture.errors import FlipcastError
from flipcast import actions
from flipcast.booth import visit
from flipcast.booth.visit import Wish
from flipcast.finishing import WORK, Finishing
from flipcast.library import Shelf

_LOOK_SECONDS = 2.0
_FIRST_AGAIN_SECONDS, _LAST_AGAIN_SECONDS = 20.0, 1800.0


@dataclass(slots=True)
class _Tries:
    """How often something failed, and when it is tried again."""

    count: int = 0
    again_at: float | None = None  # on the steady clock; None while it need not wait


class Waiting:
    """Looks after kept takes. A context manager."""

    def __init__(
        self, finishing: Finishing, *, publish: bool, busy: Callable[[], bool], told: Callable[[str], None]
    ) -> None:
        """Whether somebody records now is asked of *busy*; what comes about goes to *told*, as sentences."""
        self.publish = publish
        """Whether what is kept is published, too."""
        self._finishing, self._busy, self._told = finishing, busy, told
        self._tries: dict[tuple[str, str], _Tries] = {}
        self._over, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="waiting", daemon=True)

    def __enter__(self) -> Waiting:
        self._after_a_crash()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._wake.set()
        self._thread.join()

    def soon(self, name: str = "") -> None:
        """Look now; what failed of the lecture called *name* is tried again at once."""
        for (which, _), tries in list(self._tries.items()):
            if which == name:
                tries.again_at = time.monotonic()
        self._wake.set()

    def task(self, name: str) -> dict[str, Any] | None:
        """The latest work on the lecture called *name*, as pages are told of it."""
        return (self._finishing.news.latest(WORK) or {}).get(name)

    def _after_a_crash(self) -> None:
        """What was open when the power went is there for the operator."""
        for shelf in self._finishing.library.shelves():
            known = visit.read(shelf.folder)
            if known is not None and known.wish is Wish.OPEN:
                visit.write(visit.Visit(ticket=known.ticket, at=known.at, wish=Wish.LEFT), shelf.folder)
                self._told(f"{shelf.name} was cut short, and lies here for you")

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            with contextlib.suppress(OSError):  # the next look may see it better
                self._look()
            self._wake.wait(_LOOK_SECONDS)

    def _look(self) -> None:
        if self._busy():
            return
        for shelf in self._finishing.library.shelves():
            known = visit.read(shelf.folder)
            if known is None or self._over.is_set():
                continue
            with contextlib.suppress(FlipcastError):
                if what := self._next(shelf, known.wish):
                    self._begin(shelf.name, what)

    def _next(self, shelf: Shelf, wish: Wish) -> str:
        """What is to be done with the lecture on *shelf* now; empty for nothing."""
        if recovery.unfinished(shelf.folder):
            return "recover"
        if wish is not Wish.KEPT:
            return ""
        where = actions.standing(shelf)
        if where.lecture is None:
            return "process"
        return "publish" if self.publish and not where.publications else ""

    def _begin(self, name: str, what: str) -> None:
        tries = self._tries.setdefault((name, what), _Tries())
        task = self.task(name)
        if task is not None and task["what"] == what:
            if task["state"] in ("waiting", "working"):
                return
            if task["state"] == "failed" and tries.again_at is None:
                tries.count += 1
                wait = min(_LAST_AGAIN_SECONDS, _FIRST_AGAIN_SECONDS * 2 ** (tries.count - 1))
                tries.again_at = time.monotonic() + wait
                self._told(f"{name}: {task['trouble']}; it is tried again in {wait:.0f} s")
        if tries.again_at is None or time.monotonic() >= tries.again_at:
            tries.again_at = None
            self._finishing.begin(name, what)


def film_of(shelf: Shelf) -> Path | None:
    """The whole lecture on *shelf* as one file to take along; ``None`` before it is made."""
    made = shelf.lecture()
    if made is None or not made.download:
        return None
    film = shelf.folder / "lecture" / made.download
    return film if film.is_file() else None
