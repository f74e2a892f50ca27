"""The library: a folder with one folder for each lecture, named after its title.

Where a lecture stands is read from what lies there, so it cannot disagree with a database.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import filelock

from capture import hold, recording, take
from capture.errors import FlipcastError
from capture.recording import Recording
from capture.take import Take
from flipcast.errors import InUse, LectureUnknown
from process import lecture
from process.lecture import Lecture
from process.step import explained

LONGEST_TITLE = 200
"""Letters of a title, or of the name of a course."""

_naming = threading.Lock()
"""Held while a new lecture gets its name, so that two jobs never take the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A lecture's place in the library."""

    name: str
    """Short name: letters, digits and hyphens."""

    folder: Path
    """Its folder."""

    def recording(self) -> Recording:
        """What was recorded or handed in."""
        return recording.read(self.folder)

    def lecture(self) -> Lecture | None:
        """What was made of it; ``None`` before it is processed."""
        try:
            return lecture.read(self.folder / "lecture")
        except FlipcastError:
            return None

    def takes(self) -> tuple[Take, ...]:
        """What was recorded here, in order; empty if it was handed in, or nothing is recorded yet.

        Raises:
            RecordingDamaged: one of them cannot be understood.
        """
        return tuple(take.read(folder) for folder in take.takes_in(self.folder))

    def describe(self, *, title: str = "", course: str | None = None, language: str | None = None) -> None:
        """Write down what it is called, belongs to and is spoken in; what is not said, and an empty title, stay."""
        before = self.recording()
        after = replace(
            before,
            title=in_one_line(title)[:LONGEST_TITLE] or before.title,
            course=before.course if course is None else in_one_line(course)[:LONGEST_TITLE],
            language=before.language if language is None else language,
        )
        if after != before:
            recording.write(after, self.folder)

    def clear_if_bare(self) -> None:
        """Remove the folder if nothing was ever made in it, and nobody is about to: it was no media.

        That is of files that were handed in, and lie elsewhere. What was recorded is there once and nowhere else.
        """
        with contextlib.suppress(FlipcastError), self.held():
            made = (self.folder / "lecture").exists() or any((self.folder / "work").glob("*-*"))
            if self.recording().handed_in is not None and not (self.folder / take.TAKES).exists() and not made:
                shutil.rmtree(self.folder, ignore_errors=True)

    def give_up(self) -> None:
        """Remove a recording that was begun, and of which no take ever rolled; any other stays."""
        with contextlib.suppress(FlipcastError, OSError), self.held():
            takes = self.folder / take.TAKES
            bare = not any(path for path in takes.rglob("*") if path.is_file() and path.name != hold.LOCK)
            made = (self.folder / "lecture").exists() or (self.folder / "work").exists()
            if self.recording().handed_in is None and bare and not made:
                shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from working on the same lecture meanwhile; the system lets go of it if we die.

        Raises:
            InUse: somebody else is at work on it.
        """
        lock = filelock.FileLock(self.folder / ".lock")
        with explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                raise InUse(
                    f"another flipcast is at work on {self.name!r}", hint="wait until it is done, or stop it"
                ) from None
        try:
            yield
        finally:
            lock.release()


class Library:
    """All lectures of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def shelves(self) -> list[Shelf]:
        """Every lecture, by name."""
        if not self.folder.is_dir():
            return []
        found = (path for path in self.folder.iterdir() if (path / recording.DESCRIPTION).is_file())
        return sorted((Shelf(name=path.name, folder=path) for path in found), key=lambda shelf: shelf.name)

    def find(self, name: str) -> Shelf:
        """The lecture called *name*.

        Raises:
            LectureUnknown: there is none.
        """
        shelf = Shelf(name=name, folder=self.folder / name)
        if is_name(name) and (shelf.folder / recording.DESCRIPTION).is_file():
            return shelf
        names = [s.name for s in self.shelves()]
        raise LectureUnknown(
            f"no lecture is called {name!r} in {self.folder}",
            hint=f"here are: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else "it is empty",
        )

    def take_in(self, path: Path, *, title: str | None = None) -> Shelf:
        """The place of the file at *path*: where it has been before, or a new one named after its title.

        Raises:
            RecordingMissing: there is no such file.
            NoRight: the library may not be written.
        """
        title = in_one_line(title or "") or None
        handed_in = recording.hand_in(path, title=title)
        known = next((s for s in self.shelves() if _same_file(s, handed_in)), None)
        if known is not None:
            before = known.recording()
            handed_in = Recording(title=title or before.title, handed_in=handed_in.handed_in)
            if handed_in != before:
                recording.write(handed_in, known.folder)
            return known
        return self._placed(handed_in)

    def begin(self, title: str, *, new: bool = False) -> Shelf:
        """A place for a new recording called *title*; where that is the short name of a recording, it is that one.

        A title that was there before makes another recording, as it does with files: two courses begin with an
        introduction. A further take is asked for by the short name, which no two share; *new* rules that out.

        Raises:
            NoRight: the library may not be written.
        """
        if is_name(title) and not new:
            shelf = Shelf(name=title, folder=self.folder / title)
            with contextlib.suppress(FlipcastError):
                if shelf.recording().handed_in is None:
                    return shelf
        return self._placed(Recording(title=in_one_line(title) or "Untitled"))

    def _placed(self, recorded: Recording) -> Shelf:
        stem = name_of(recorded.title)
        with explained(self.folder), _naming:
            for number in range(1, 10_000):
                folder = self.folder / (stem if number == 1 else f"{stem}-{number}")
                if _free(folder):
                    recording.write(recorded, folder)
                    return Shelf(name=folder.name, folder=folder)
        raise LectureUnknown(f"there are ten thousand lectures called {stem!r}", hint="choose another title")


def name_of(title: str) -> str:
    """A short name for *title*: small letters, digits and hyphens.

    >>> name_of("Linear algebra 7: Größe & Drehung")
    'linear-algebra-7-grosse-drehung'
    """
    letters = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60].rstrip("-") or "lecture"


def is_name(text: str) -> bool:
    """Whether *text* could be the name of a lecture."""
    return re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", text) is not None


def in_one_line(title: str) -> str:
    """*title* in one printable line, for terminals and pages."""
    return " ".join("".join(c if c.isprintable() else " " for c in title).split())


def _free(folder: Path) -> bool:
    """Whether *folder* is ours from now on: new, or left without a description by somebody who died in between."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        abandoned = folder.is_dir() and time.time() - folder.stat().st_mtime > 10
        return abandoned and not any(folder.iterdir())
    return True


def _same_file(shelf: Shelf, other: Recording) -> bool:
    try:
        before = shelf.recording().handed_in
    except FlipcastError:
        return False
    return before is not None and other.handed_in is not None and before.path == other.handed_in.path
