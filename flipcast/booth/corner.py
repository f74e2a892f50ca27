"""The operator's corner, behind a PIN: how the booth is, what waits, its devices, its green screen, its settings."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from capture.errors import FlipcastError
from flipcast import actions, checks
from flipcast.booth import visit
from flipcast.booth.pin import Pin
from flipcast.booth.stage import Stage
from flipcast.booth.visit import Wish
from flipcast.errors import DeskError
from flipcast.settings import Loaded, describe

LOG = "booth.log"
"""Name of the file, in the state folder."""

_LINES = 200
_OPEN_SECONDS = 300.0
_SHOWN = ("booth", "record", "store", "library", "captions")


class Diary:
    """What came about in the booth, in sentences: the last of them, and a file that does not grow for ever."""

    def __init__(self, state: Path) -> None:
        self.lines: deque[str] = deque(maxlen=_LINES)
        """The last ones, the newest at the end."""
        self._file: logging.Handler | None = None
        with contextlib.suppress(OSError):
            state.mkdir(parents=True, exist_ok=True)
            self._file = RotatingFileHandler(state / LOG, maxBytes=1_000_000, backupCount=3, encoding="utf-8")

    def write(self, sentence: str) -> None:
        """Put *sentence* down, with the time."""
        line = f"{datetime.now():%Y-%m-%d %H:%M:%S} {' '.join(sentence.split())}"
        self.lines.append(line)
        if self._file is not None:
            record = logging.LogRecord("booth", logging.INFO, "", 0, line, None, None)
            with contextlib.suppress(OSError, ValueError):
                self._file.emit(record)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class Corner:
    """What the operator may do, once the PIN was right; it closes by itself."""

    def __init__(self, stage: Stage, pin: Pin, diary: Diary, *, load: Callable[[], Loaded]) -> None:
        """*load* reads the settings anew."""
        self.stage, self._pin, self._diary, self._load = stage, pin, diary, load
        self._loaded: Loaded | None = None
        self._key, self._until = "", 0.0
        self._lock = threading.Lock()
        self._health: list[dict[str, Any]] = []
        self._looked_at = 0.0

    def open(self, pin: str) -> str:
        """A key for all that follows, for whoever knows the *pin*.

        Raises:
            DeskError: it is another.
            WrongMoment: somebody stands in the booth.
        """
        self._pin.check(pin)
        self.stage.let_operate()
        with self._lock:
            self._key, self._until = secrets.token_urlsafe(16), time.monotonic() + _OPEN_SECONDS
        self._diary.write("the operator's corner was opened")
        return self._key

    def close(self, key: str) -> None:
        """Close it."""
        self._admit(key)
        with self._lock:
            self._key = ""
        self.stage.end_operating()

    def look(self, key: str) -> dict[str, Any]:
        """How the booth is."""
        self._admit(key)
        loaded = self._loaded = self._loaded or self._load()
        if time.monotonic() - self._looked_at > 30:
            self._looked_at = time.monotonic()
            library = self.stage.finishing.library.folder
            # Devices are open while this is looked at: what holds them is ourselves.
            self._health = [asdict(one) for one in checks.look(self.stage.settings, library, devices=False)]
        return {
            "health": [*self._of_sources(), *self._health],
            "takes": self._takes(),
            "devices": self.stage.studio.devices(),
            "chosen": list(self.stage.studio.chosen),
            "settings": [
                {"key": key, "value": str(value), "from": origin}
                for key, value, origin in describe(loaded)
                if key.partition(".")[0] in _SHOWN
            ],
            "log": list(self._diary.lines),
        }

    def choose(self, key: str, sources: Sequence[str]) -> None:
        """Record *sources* from now on."""
        self._admit(key)
        self.stage.take_sources(sources)
        self._diary.write(f"the operator chose {len(sources)} sources")

    def tune(self, key: str) -> list[str]:
        """Take the plate of the empty green screen; gives what could be better."""
        self._admit(key)
        says = self.stage.studio.tune()
        self._diary.write("the green screen was tuned")
        return says

    def retry(self, key: str, name: str) -> None:
        """Keep the lecture called *name* if nobody did, and do now what is to be done with it."""
        self._admit(key)
        shelf = self.stage.finishing.library.find(name)
        known = visit.read(shelf.folder)
        if known is None:
            raise DeskError(f"{name!r} was not recorded in the booth", hint="finish it on the library page")
        if known.wish is not Wish.KEPT:
            visit.write(replace(known, wish=Wish.KEPT), shelf.folder)
            self._diary.write(f"the operator kept {name}")
        self.stage.waiting.soon(name)

    def read_settings(self, key: str) -> None:
        """Read the settings anew: they hold from the next visit on, but the library and the phones from the next start.

        Raises:
            SettingsWrong: with all that is wrong; those before stay in force.
        """
        self._admit(key)
        self._loaded = self._load()
        self.stage.set_up(self._loaded.settings)
        self._diary.write("the settings were read anew")

    def _admit(self, key: str) -> None:
        with self._lock:
            if not self._key or not secrets.compare_digest(key, self._key) or time.monotonic() > self._until:
                raise DeskError("the operator's corner is closed", hint="type the PIN again")
            self._until = time.monotonic() + _OPEN_SECONDS
        self.stage.touch()

    def _of_sources(self) -> list[dict[str, Any]]:
        studio = self.stage.studio
        trouble = studio.trouble
        state = str(studio.state) if studio.state else "closed"
        says = str(trouble) if trouble else f"{len(studio.chosen)} chosen, {state}"
        phones = (
            f"phones reach it at {self.stage.phones}" if self.stage.phones else "no phones: booth.phones is not set"
        )
        return [
            {"about": "sources", "well": trouble is None and bool(studio.chosen), "says": says},
            {"about": "phones", "well": True if self.stage.phones else None, "says": phones},
        ]

    def _takes(self) -> list[dict[str, Any]]:
        """Recordings of the booth that are not where they should be, the newest first."""
        found = []
        for shelf in self.stage.finishing.library.shelves():
            known = visit.read(shelf.folder)
            if known is None:
                continue
            task = self.stage.waiting.task(shelf.name) or {}
            try:
                where = actions.standing(shelf)
            except FlipcastError as error:
                row = {"title": shelf.name, "stage": "damaged", "trouble": str(error)}
            else:
                row = {"title": where.title, "stage": where.stage, "trouble": task.get("trouble", "")}
                done = where.publications if self.stage.wishes.publish else where.lecture
                if done and known.wish is Wish.KEPT:
                    continue
            waits = "" if known.wish is Wish.KEPT else "left"
            found.append({"name": shelf.name, "at": known.at, "waits": waits, "wish": str(known.wish), **row})
        return sorted(found, key=lambda row: -row["at"])
