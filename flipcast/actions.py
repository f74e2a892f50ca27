"""What can be asked of flipcast: a command and a button call the same function here."""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from capture import recording, recovery
from capture.errors import FlipcastError, RecordingMissing
from capture.take import Take
from flipcast.errors import LectureUnknown
from flipcast.executors.local import Local
from flipcast.jobs import Job, Listener, Order, work_off
from flipcast.library import Library, Shelf, is_name
from flipcast.settings import Settings
from process import hardware
from process.errors import Stopped
from process.lecture import Lecture
from publish import publication
from publish.publication import Publication
from publish.release import Withdrawal, release, withdraw
from publish.stores import open_store

_MEDIA_ENDINGS = frozenset(
    ".mkv .mka .mk3d .webm .mp4 .m4v .m4a .mov .qt .avi .wmv .wma .asf .flv .f4v .ts .m2ts .mts .mpg .mpeg .vob .ogv"
    " .ogg .oga .opus .mp3 .aac .flac .wav .aif .aiff .caf .3gp .3g2 .mxf .rm .rmvb .dv .y4m".split()
)


def orders(named: Sequence[str], library: Library, *, title: str | None = None) -> tuple[list[Order], list[Path]]:
    """What is to be processed for the files, folders and lectures *named*, and the files passed over in folders.

    A folder stands for all video and audio files below it, as their names' endings tell.

    Raises:
        RecordingMissing: a name stands for nothing.
    """
    found: dict[str, Order] = {}
    passed_over: list[Path] = []
    for name in named:
        path = Path(name).expanduser()
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
            for file in inside:
                if _looks_like_media(file):
                    found.setdefault(str(file.absolute()), Order(label=file.name, path=file))
                else:
                    passed_over.append(file)
            if not inside:
                raise RecordingMissing(f"{path} holds no files", hint="name a folder with video or audio files")
        elif is_name(name) and not path.exists():
            found.setdefault(name, _again(name, library, title))
        else:
            found.setdefault(str(path.absolute()), Order(label=path.name, path=path, title=title))
    return list(found.values()), passed_over


def process(
    work: Sequence[Order],
    library: Library,
    settings: Settings,
    *,
    listener: Listener,
    stop: threading.Event,
    side_by_side: int | None = None,
) -> list[Job]:
    """Make lectures of all of *work*; returns what became of each."""
    cores = hardware.ask().cores
    executor = Local(cores)
    try:
        return work_off(
            work,
            library,
            settings.processing(),
            executor,
            side_by_side=side_by_side or max(2, cores // 2),
            listener=listener,
            stop=stop,
        )
    finally:
        executor.shutdown(wait=not stop.is_set(), cancel_futures=True)


def publish(
    shelf: Shelf,
    address: str,
    settings: Settings,
    *,
    report: Callable[[int, int], None],
    stop: threading.Event,
) -> Publication:
    """Put a finished lecture up in the store at *address*.

    Raises:
        LectureUnknown: it is not processed yet.
        PublishError: the store would not; what was visible before still is.
    """
    if shelf.lecture() is None:
        raise LectureUnknown(f"{shelf.name!r} is not processed yet", hint=f"run 'flipcast process {shelf.name}' first")
    with shelf.held(), open_store(address, settings.store, stop=stop) as store:
        up = release(shelf.folder / "lecture", store, name=shelf.name, report=report, stop=stop)
        publication.remember(up, shelf.folder)
    return up


def take_down(name: str, address: str, library: Library, settings: Settings, *, stop: threading.Event) -> Withdrawal:
    """Withdraw the lecture called *name* from the store at *address*; it need not be in the library any more."""
    with open_store(address, settings.store, stop=stop) as store:
        gone = withdraw(store, name=name)
        folder = library.folder / name
        if (folder / recording.DESCRIPTION).is_file():
            publication.forget(store.address, folder)
    return gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What became of a take that was cut short."""

    name: str
    """The lecture's."""

    folder: Path
    """The take's."""

    take: Take | None
    """The take, whole; ``None`` if it could not be recovered."""

    trouble: str
    """Why not; empty if it was."""


def recover(shelf: Shelf, *, report: Callable[[Path, float], None], stop: threading.Event) -> list[Recovery]:
    """Make whole what a crash cut short in the lecture on *shelf*; *report* is told which take, and how far.

    A take that cannot be recovered does not keep the others from it; one that is rolling is left alone.

    Raises:
        InUse: the lecture is being processed.
    """
    done: list[Recovery] = []
    if not (folders := recovery.unfinished(shelf.folder)):
        return done
    with shelf.held():
        for folder in folders:
            try:
                made = recovery.recover(folder, report=partial(report, folder), stop=stop)
            except FlipcastError as error:
                if stop.is_set():
                    raise Stopped("recovering was stopped", hint="run it again; nothing is lost") from None
                done.append(Recovery(name=shelf.name, folder=folder, take=None, trouble=str(error)))
            else:
                done.append(Recovery(name=shelf.name, folder=folder, take=made, trouble=""))
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a lecture is on its way."""

    name: str
    title: str
    source: Path | None
    """The file it was handed in as; ``None`` if it was recorded."""
    takes: tuple[Path, ...]
    """Folders of its takes, in order; none if it was handed in."""
    unfinished: tuple[Path, ...]
    """Those of them that a crash cut short, and that nobody has recovered."""
    rolling: bool
    """Whether one of them is being recorded now."""
    lecture: Lecture | None
    publications: tuple[Publication, ...]

    @property
    def stage(self) -> str:
        """In one word: begun, recording, recorded, handed in, processed, published."""
        if self.rolling:
            return "recording"
        if self.publications:
            return "published"
        if self.lecture:
            return "processed"
        if self.source is not None:
            return "handed in"
        return "recorded" if self.takes else "begun"

    @property
    def waits_for(self) -> str:
        """What would bring it on; empty when it is where it should be."""
        if self.rolling:
            return ""
        if self.unfinished:
            return f"flipcast recover {self.name}"
        if self.stage == "begun":
            return f"flipcast record {self.name}"
        if self.lecture is None:
            return f"flipcast process {self.name}"
        return "" if self.publications else f"flipcast publish {self.name}"


def standing(shelf: Shelf) -> Standing:
    """Where the lecture on *shelf* is on its way, read from what lies there."""
    recorded = shelf.recording()
    return Standing(
        name=shelf.name,
        title=recorded.title,
        source=recorded.handed_in.path if recorded.handed_in else None,
        takes=recovery.takes_in(shelf.folder),
        unfinished=recovery.unfinished(shelf.folder),
        rolling=bool(recovery.rolling(shelf.folder)),
        lecture=shelf.lecture(),
        publications=publication.read(shelf.folder),
    )


def _again(name: str, library: Library, title: str | None) -> Order:
    try:
        shelf = library.find(name)
    except LectureUnknown as error:
        raise RecordingMissing(
            f"{name!r} is no file, no folder and no lecture of the library", hint=error.hint
        ) from None
    if title is not None:
        recorded = shelf.recording()
        if recorded.handed_in is not None:
            return Order(label=name, path=recorded.handed_in.path, title=title)
        shelf.describe(title=title)
    return Order(label=name, path=None, name=name)


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _looks_like_media(path: Path) -> bool:
    kind = mimetypes.guess_type(path.name)[0] or ""
    return path.suffix.lower() in _MEDIA_ENDINGS or kind.startswith(("video/", "audio/"))
