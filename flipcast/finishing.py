"""The library as a page shows it: how everything stands, and the work that makes lectures and puts them up.

Work is done one piece after the other, on a thread of its own; more that is wished for waits. What was deleted lies in
the library's trash until it is wanted back.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from capture import recording, recovery
from capture.errors import FlipcastError
from flipcast import actions, told
from flipcast.corrections import Corrections
from flipcast.errors import DeskError, InUse, LectureUnknown
from flipcast.jobs import Job, Order, State
from flipcast.library import Library, Shelf, is_name
from flipcast.settings import Settings
from flipcast.web.news import News
from process.errors import Stopped
from process.languages import own_names
from process.step import explained
from process.workflow import News as Step

LIBRARY, WORK = "library", "work"
"""Topics under which pages hear of it."""

TRASH = ".trash"
"""Folder of the library that holds what was deleted."""

_LOOK_SECONDS = 2.0
_EARLY = 0.03  # of the work: before that, the time left is a guess


@dataclass(slots=True)
class Task:
    """Something that is to be done with a lecture."""

    name: str
    """The lecture's."""

    what: str
    """``process``, ``publish`` or ``recover``."""

    stop: threading.Event = field(default_factory=threading.Event)
    """Set when it is to end before its time."""

    step: str = ""
    """What is being done."""

    overall: float = 0.0
    """How far it is, 0 to 1."""

    began: float = 0.0
    """On the steady clock, seconds; 0 before."""

    state: str = "waiting"
    """``waiting``, ``working``, ``done``, ``failed`` or ``stopped``."""

    trouble: str = ""
    """Why it failed, in a sentence."""

    def facts(self) -> dict[str, Any]:
        """What pages show of it."""
        took = time.monotonic() - self.began if self.began else 0.0
        left = took * (1 - self.overall) / self.overall if self.overall > _EARLY and self.state == "working" else None
        return {
            "name": self.name,
            "what": self.what,
            "step": self.step,
            "overall": round(self.overall, 3),
            "left": None if left is None else round(left),
            "state": self.state,
            "trouble": self.trouble,
        }


class Finishing:
    """All lectures of a library, and the work on them. A context manager, which leaves no work running."""

    def __init__(self, library: Library, settings: Settings, news: News) -> None:
        self.library, self.settings, self.news = library, settings, news
        self.corrections = Corrections(library)
        """What people correct in lectures by hand."""
        self._tasks: deque[Task] = deque()
        self._latest: dict[str, Task] = {}
        self._changed = threading.Condition()
        self._over = False
        self._working: Task | None = None
        self._worker = threading.Thread(target=self._work_off, name="finishing", daemon=True)
        self._looker = threading.Thread(target=self._look, name="library", daemon=True)

    def __enter__(self) -> Finishing:
        self._worker.start()
        self._looker.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop what is being done; the next time it goes on where it was."""
        with self._changed:
            self._over = True
            self._tasks.clear()
            if self._working:
                self._working.stop.set()
            self._changed.notify_all()
        self._worker.join()
        self._looker.join()

    def begin(self, name: str, what: str) -> None:
        """Do *what* with the lecture called *name*, once all that was wished for before is done.

        Raises:
            LectureUnknown: there is none.
        """
        self.library.find(name)
        with self._changed:
            if any(task.name == name and task.what == what for task in self._tasks):
                return
            if self._working and (self._working.name, self._working.what) == (name, what):
                return
            task = Task(name, what)
            self._tasks.append(task)
            self._latest[name] = task
            self._changed.notify_all()
        self._tell_work()

    def stop(self, name: str) -> None:
        """Stop the work on the lecture called *name*, and what of it waits."""
        with self._changed:
            for task in [*self._tasks, *([self._working] if self._working else [])]:
                if task.name == name:
                    task.stop.set()
        self._tell_work()

    def describe(self, name: str, *, title: str, course: str = "", language: str = "") -> None:
        """Say what the lecture is called, belongs to and is spoken in; it shows once it is processed again.

        Raises:
            LectureUnknown: there is none.
            DeskError: there is no such language.
            InUse: it is being worked on.
        """
        shelf = self.library.find(name)
        if language and language not in own_names():
            raise DeskError(f"no language is called {language[:20]!r}", hint="choose one of the list")
        with shelf.held():
            shelf.describe(title=title, course=course, language=language)
        self._wake()

    def delete(self, name: str) -> str:
        """Put the lecture called *name* into the trash; what is published stays up. Gives its name there.

        Raises:
            LectureUnknown: there is none.
            InUse: it is being recorded or processed.
        """
        shelf = self.library.find(name)
        if recovery.rolling(shelf.folder):
            raise InUse(f"{name!r} is being recorded", hint="stop the recording first")
        with shelf.held():
            pass  # nobody is at work on it; the folder cannot be moved everywhere while its lock is open
        with explained(self.library.folder):
            trash = self.library.folder / TRASH
            trash.mkdir(exist_ok=True)
            to = _free(trash / name)
            shelf.folder.rename(to)
        self._wake()
        return to.name

    def restore(self, name: str) -> str:
        """Take the lecture called *name* out of the trash again; gives its name, another where that is taken now.

        Raises:
            LectureUnknown: it is not there.
        """
        lies = self.library.folder / TRASH / name
        if not is_name(name) or not (lies / recording.DESCRIPTION).is_file():
            raise LectureUnknown(f"no lecture called {name[:80]!r} is in the trash", hint="it may be back already")
        with explained(self.library.folder):
            to = _free(self.library.folder / name)
            lies.rename(to)
        self._wake()
        return to.name

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _work_off(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._tasks or self._over)
                if self._over:
                    return
                task = self._working = self._tasks.popleft()
                task.state, task.began = "working", time.monotonic()
            self._tell_work()
            try:
                if task.stop.is_set():
                    raise Stopped("stopped")
                self._do(task)
                task.state, task.overall = "done", 1.0
            except Stopped:
                task.state = "stopped"
            except FlipcastError as error:
                task.state = "stopped" if task.stop.is_set() else "failed"
                task.trouble = "" if task.stop.is_set() else str(error)
            except Exception as error:  # nobody foresaw it; what waits is not to blame
                task.state = "failed"
                task.trouble = f"a fault in flipcast itself ({type(error).__name__}: {error}) — please report it"
            with self._changed:
                self._working = None
                self._changed.notify_all()
            self._tell_work()

    def _do(self, task: Task) -> None:
        shelf = self.library.find(task.name)

        def far(done: float, step: str) -> None:
            task.step, task.overall = step, done
            self._tell_work()

        match task.what:
            case "process":
                self._process(task)
            case "publish":
                address = self.settings.published_at()

                def sent(done: int, total: int) -> None:
                    far(done / total if total else 1.0, "upload")

                actions.publish(shelf, address, self.settings, report=sent, stop=task.stop)
            case "recover":
                done = actions.recover(shelf, report=lambda _, share: far(share, "recover"), stop=task.stop)
                if lost := next((one.trouble for one in done if one.trouble), ""):
                    raise LectureUnknown(lost)

    def _process(self, task: Task) -> None:
        def listener(_: Job, step: Step | None) -> None:
            if step is not None:
                task.step, task.overall = step.step, step.overall
                self._tell_work()

        order = Order(label=task.name, path=None, name=task.name)
        (job,) = actions.process(
            [order], self.library, self.settings, listener=listener, stop=task.stop, side_by_side=1
        )
        if job.state is State.STOPPED:
            raise Stopped("stopped")
        if job.state is State.FAILED:
            raise LectureUnknown(job.trouble)

    def _tell_work(self) -> None:
        with self._changed:
            facts = {name: task.facts() for name, task in self._latest.items()}
        self.news.tell(WORK, facts)

    def _look(self) -> None:
        while not self._over:
            if self.news.is_read:
                with contextlib.suppress(Exception):  # the next look may see it better
                    self.news.tell(LIBRARY, self.facts())
            with self._changed:
                if not self._over:
                    self._changed.wait(_LOOK_SECONDS)

    def facts(self) -> dict[str, Any]:
        """All that pages show of the library."""
        folder = str(self.library.folder)
        return {"folder": folder, "lectures": self.rows(), "trash": self.trash(), "languages": own_names()}

    def trash(self) -> list[dict[str, str]]:
        """What was deleted and may be taken back, the latest first."""
        found = []
        for path in (self.library.folder / TRASH).glob(f"*/{recording.DESCRIPTION}"):
            with contextlib.suppress(FlipcastError, OSError):
                deleted_at = path.parent.stat().st_ctime
                found.append((deleted_at, {"name": path.parent.name, "title": recording.read(path.parent).title}))
        return [row for _, row in sorted(found, key=lambda one: -one[0])]

    def rows(self) -> list[dict[str, Any]]:
        """Every lecture, the newest first, as pages show it."""
        rows = []
        for shelf in self.library.shelves():
            with contextlib.suppress(OSError):  # it has just been moved
                rows.append(_row(shelf))
        return sorted(rows, key=lambda row: row["at"], reverse=True)


def _row(shelf: Shelf) -> dict[str, Any]:
    at = (shelf.folder / recording.DESCRIPTION).stat().st_mtime
    try:
        where, recorded = actions.standing(shelf), shelf.recording()
    except FlipcastError as error:
        return {"name": shelf.name, "title": shelf.name, "at": at, "stage": "damaged", "trouble": str(error)}
    made = where.lecture
    takes = [told.heading(folder) for folder in where.takes]
    seconds = made.seconds if made else takes[-1]["seconds"] if takes else None
    return {
        "name": where.name,
        "title": where.title,
        "course": recorded.course,
        "language": recorded.language,
        "at": at,
        "stage": where.stage,
        "seconds": None if seconds is None else round(seconds, 1),
        "takes": takes,
        "unfinished": len(where.unfinished),
        "made": made is not None,
        "notes": list(made.notes) if made else [],
        "publications": [{"store": up.store, "page": up.page} for up in where.publications],
        "trouble": "",
    }


def _free(path: Path) -> Path:
    """*path*, or the first of its kind with a number that is not there."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name[:72]}-{number}")
    return found
