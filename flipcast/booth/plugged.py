"""USB sticks that are in while somebody stands in the booth, and the slides on them."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flipcast import sticks
from flipcast.errors import DeskError
from flipcast.sticks import Found, Stick

_LOOK_SECONDS = 2.0
_MOST = 50


class Plugged:
    """Looks for sticks, as long as somebody wants to know. A context manager."""

    def __init__(self, *, wanted: Callable[[], bool], root: Path = Path("/")) -> None:
        """While *wanted* says so; *root* is another machine's tree of files, for trying."""
        self._wanted = wanted
        self.root = root
        """The tree of files in which sticks are looked for."""
        self._here: dict[str, tuple[Stick, dict[str, Found]]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sticks", daemon=True)

    def __enter__(self) -> Plugged:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def stick(self, which: str) -> Stick:
        """The stick with that id.

        Raises:
            DeskError: it is not in any more.
        """
        if which not in self._here:
            raise DeskError("the stick is not there any more", hint="put it in again")
        return self._here[which][0]

    def deck(self, stick: str, which: str) -> Found:
        """The slides with that id on the *stick* with that id.

        Raises:
            DeskError: they are not there any more.
        """
        self.stick(stick)
        found = self._here[stick][1].get(which)
        if found is None:
            raise DeskError("these slides are not there any more", hint="put the stick in again")
        return found

    def facts(self) -> list[dict[str, Any]]:
        """What pages show of them."""
        return [
            {
                "id": which,
                "name": stick.name,
                "writable": stick.writable,
                "free_mb": stick.free_bytes // 1_000_000,
                "decks": [
                    {"id": deck, "title": found.title, "mb": round(found.size_bytes / 1e6, 1)}
                    for deck, found in list(decks.items())[:_MOST]
                ],
            }
            for which, (stick, decks) in self._here.items()
        ]

    def _run(self) -> None:
        while not self._over.is_set():
            here: dict[str, tuple[Stick, dict[str, Found]]] = {}
            if self._wanted():
                with contextlib.suppress(OSError):  # pulled out while we look
                    for stick in sticks.sticks(self.root):
                        here[_id(stick.folder)] = stick, {_id(one.path): one for one in sticks.decks_on(stick)}
            self._here = here
            self._over.wait(_LOOK_SECONDS)


def _id(path: Path) -> str:
    """Letters for *path*, which tell nothing of it."""
    return hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:12]
