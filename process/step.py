"""What a step is, and the memory of steps done.

A step is a plain function of small frozen values and paths that makes files in a room of its own. What it made is
kept under the recipe (its name, edition, inputs and settings), so that running again does only what is missing:
after a crash, after a changed setting, after nothing at all. Paths are of the recipe, not of the bytes: two encoders
never give the same bytes twice.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from capture.description import from_json, to_json, write_whole
from process.errors import NoRight, NoRoom, ProcessError, Stopped

R = TypeVar("R")

_DONE = "done.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a step wants of the machine that runs it."""

    cores: int = 1
    """Processors it keeps busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where one run of a step works: its folder, whom to tell, when to stop."""

    folder: Path
    """Empty at the start; everything the step leaves here is kept."""

    report: Callable[[float], None]
    """Told how far the work is, 0 to 1."""

    stop: threading.Event
    """Set when the work is to end early; the step then raises `Stopped`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[R]):
    """A function that a lecture passes through, and what is known about it."""

    name: str
    """A verb: ``"encode"``."""

    edition: int
    """Raised when the same inputs would give something else: old results are then made anew."""

    gives: type[R]
    """The frozen dataclass it returns."""

    needs: Needs
    """What it wants of the machine."""

    work: Callable[..., R]
    """``work(room, **inputs)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Generic[R]):
    """What a step gave, and where its files lie."""

    value: R
    """Its result; file names in it are relative to *folder*."""

    folder: Path
    """Its room, for good."""

    recipe: str
    """Digest of what it was made from; stands for *value* in the recipes of later steps."""

    seconds: float
    """Wall-clock seconds that it took when it was done."""

    remembered: bool
    """Whether it had been done before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    seconds: float
    files: dict[str, int]


def step(
    name: str, *, edition: int, gives: type[R], needs: Needs | None = None
) -> Callable[[Callable[..., R]], Step[R]]:
    """Make a function a step."""

    def made(work: Callable[..., R]) -> Step[R]:
        return Step(name=name, edition=edition, gives=gives, needs=needs or Needs(), work=work)

    return made


def recipe(of: Step[Any], **inputs: Any) -> str:
    """The digest of a step with its inputs; an earlier step's result counts by its own recipe.

    Paths do not count: what lies there has to be named by a value that says what it is.
    """
    facts = {
        key: value.recipe if isinstance(value, Done) else json.loads(to_json(value))
        for key, value in inputs.items()
        if not isinstance(value, Path)
    }
    text = json.dumps([of.name, of.edition, facts], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


class Memory:
    """The steps that one lecture has behind it, in its ``work`` folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def recall(self, of: Step[R], key: str) -> Done[R] | None:
        """What *of* gave under the recipe *key*; ``None`` if it was not done, or a file of it is missing or changed."""
        room = self.folder / f"{of.name}-{key}"
        try:
            record = from_json((room / _DONE).read_text(encoding="utf-8"), _Record)
            value = from_json((room / "result.json").read_text(encoding="utf-8"), of.gives)
        except (OSError, ValueError):
            return None
        for name, size in record.files.items():
            try:
                if (room / name).stat().st_size != size:
                    return None
            except OSError:
                return None
        return Done(value=value, folder=room, recipe=key, seconds=record.seconds, remembered=True)

    def do(
        self,
        of: Step[R],
        *,
        report: Callable[[float], None],
        stop: threading.Event,
        aside: dict[str, Any] | None = None,
        **inputs: Any,
    ) -> Done[R]:
        """What *of* gives for *inputs*: recalled, or done now.

        *aside* is handed to the step as well, but is no part of the recipe: hints that make no difference worth
        doing it again. What a failed or stopped run left is swept away here; what a killed one left, by the next.

        Raises:
            ProcessError: as the step does; `NoRoom` and `NoRight` where its files could not be kept.
        """
        key = recipe(of, **inputs)
        if (known := self.recall(of, key)) is not None:
            report(1.0)
            return known
        if stop.is_set():
            raise Stopped("stopped")
        final = self.folder / f"{of.name}-{key}"
        room = self.folder / f".{of.name}-{uuid.uuid4().hex[:8]}.partial"
        began = time.monotonic()
        try:
            with explained(self.folder):
                room.mkdir(parents=True)
                value = of.work(Room(folder=room, report=report, stop=stop), **inputs, **(aside or {}))
                files = {
                    path.relative_to(room).as_posix(): path.stat().st_size
                    for path in sorted(room.rglob("*"))
                    if path.is_file()
                }
                seconds = time.monotonic() - began
                write_whole(room / "result.json", to_json(value))
                write_whole(room / _DONE, to_json(_Record(seconds=seconds, files=files)))
                shutil.rmtree(final, ignore_errors=True)
                room.rename(final)
        finally:
            shutil.rmtree(room, ignore_errors=True)
        report(1.0)
        return Done(value=value, folder=final, recipe=key, seconds=seconds, remembered=False)

    def sweep(self) -> None:
        """Remove what killed runs left. Only for whoever holds the lecture: nobody else may be at work in it."""
        for left in self.folder.glob(".*.partial"):
            shutil.rmtree(left, ignore_errors=True)

    def forget_all_but(self, kept: list[Done[Any]]) -> None:
        """Remove the results of recipes that are no longer in use."""
        names = {done.folder.name for done in kept}
        for room in self.folder.glob("*-*"):
            if room.is_dir() and room.name not in names:
                shutil.rmtree(room, ignore_errors=True)


class explained:  # noqa: N801 - reads as a word where it is used
    """A block in which the disk's refusals become sentences about *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if not isinstance(error, OSError):
            return
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(
                f"the disk that holds {self.folder} is full",
                hint="free some room and run the command again: it goes on where it was",
            ) from error
        if error.errno == errno.EFBIG:
            raise NoRoom(
                f"{error.filename or self.folder} may not grow as large as it has to",
                hint="raise the limit for file sizes (ulimit -f), or choose another folder with --library",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise NoRight(
                f"{error.filename or self.folder} may not be written",
                hint="give yourself the right to write there, or choose another folder with --library",
            ) from error
        raise ProcessError(
            f"{error.filename or self.folder}: {error.strerror or error}", hint="run the command again"
        ) from error


def place(made: Path, at: Path) -> None:
    """Put the file *made* by a step at *at* too: a second name of the same bytes where the disk can, else a copy."""
    at.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(made, at)
    except OSError:
        shutil.copyfile(made, at)
