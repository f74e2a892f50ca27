"""Slides that somebody brings: any file they have, as numbered pictures with titles, notes and thumbnails.

What is handed in is hostile until shown otherwise. It is opened in a child with limits (`flipcast.deck.child`), never
in the process that asks; its name is never used as a name of anything on disk.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.description import from_json, to_json, write_whole
from flipcast.deck import ward
from flipcast.deck.limits import Limits
from flipcast.deck.office import OFFICE, as_pdf
from flipcast.errors import DeskError

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})
"""Endings of pictures that are understood."""

PHONE_PICTURES = frozenset({".heic", ".heif", ".avif"})
"""Endings of pictures that phones make and that are not understood."""

_OLD_OFFICE = frozenset({".ppt", ".pps", ".key", ".pptm", ".ppsm", ".potx", ".odg"})
_FILE = "deck.json"


class SlidesRefused(DeskError):
    """Slides that cannot be shown, or that would hurt the one who shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """One page of a deck."""

    picture: str
    """File in the deck's folder; at most 1920 × 1080, in the page's own shape."""

    thumbnail: str
    """A small JPEG in the deck's folder."""

    width: int
    """Pixels of the picture."""

    height: int
    """Pixels of the picture."""

    title: str = ""
    """What the page calls itself; empty where it says nothing. Hostile, as every name."""

    notes: str = ""
    """What its author noted for speaking; empty where there is nothing. Hostile, as every text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """Slides, ready to be shown."""

    title: str
    """By the document, else by the file's name. Hostile, as every name."""

    slides: tuple[Slide, ...]
    """In order, one at least."""

    @property
    def notes(self) -> str:
        """All notes, one after the other, as a script."""
        return "\n\n".join(slide.notes for slide in self.slides if slide.notes)


def take_in(
    files: Path | Sequence[Path],
    into: Path,
    *,
    stop: threading.Event | None = None,
    report: Callable[[float], None] = lambda _: None,
    limits: Limits | None = None,
    names: Sequence[str] = (),
    office: Path | None = None,
) -> Deck:
    """Make pictures of the pages of *files* in the folder *into*, which is made, or emptied by who calls.

    One document, or any number of documents and pictures in the order they are to be shown. Nothing is left in *into*
    when it fails. *names* are what the person calls the files, where they lie here under others; *office* is the
    ``soffice`` to ask, found by itself where ``None``.

    Raises:
        SlidesRefused: they cannot be shown, or are too large, or break the limits; or *stop* was set.
    """
    paths = [files] if isinstance(files, Path) else list(files)
    limits, stop = limits or Limits(), stop or threading.Event()
    names = list(names) if len(names) == len(paths) else [path.name for path in paths]
    _look_at(paths, names, limits)
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise SlidesRefused(f"{into} is not empty", hint="choose an empty folder for the slides")
    try:
        with tempfile.TemporaryDirectory(prefix="flipcast-slides-", ignore_cleanup_errors=True) as scratch:
            made = _make(paths, names, into, Path(scratch), stop=stop, report=report, limits=limits, office=office)
        write_whole(into / _FILE, to_json(made))
    except ward.Refusal as refusal:
        shutil.rmtree(into, ignore_errors=True)
        raise SlidesRefused(refusal.what, hint=refusal.hint) from None
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise
    return made


def open_deck(folder: Path) -> Deck:
    """The deck that `take_in` left in *folder*.

    Raises:
        SlidesRefused: there is none.
    """
    try:
        return from_json((folder / _FILE).read_text("utf-8"), Deck)
    except (OSError, ValueError) as error:
        raise SlidesRefused(f"there are no slides in {folder}", hint="choose the slides again") from error


def notes_of(
    path: Path, name: str, scratch: Path, *, stop: threading.Event | None = None, limits: Limits | None = None
) -> str:
    """The notes for speaking of the presentation at *path*, which the person calls *name*, slide after slide.

    Raises:
        SlidesRefused: it is none, has no notes, or would hurt.
    """
    ending, title = _ending(name), plain_title(name)
    if ending not in OFFICE:
        raise SlidesRefused(f"“{title}” has no notes for speaking", hint="choose a presentation, as .pptx or .odp")
    try:
        said = ward.notes(path, ending, scratch, stop=stop or threading.Event(), limits=limits or Limits())
    except ward.Refusal as refusal:
        raise SlidesRefused(refusal.what, hint=refusal.hint) from None
    found = "\n\n".join(one.notes for one in said if one.notes)
    if not found:
        raise SlidesRefused(f"there are no notes in “{title}”", hint="write them below the slides, and save it")
    return found


def plain_title(name: str) -> str:
    """A title made of the file name *name*: no ending, no control or direction characters, 120 letters at most.

    >>> plain_title("../../week_3%20\\u202efdp.pdf")
    'week 3%20 fdp'
    """
    stem = re.split(r"[/\\]", name)[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    letters = (
        "" if unicodedata.category(c) == "Cf" else " " if unicodedata.category(c)[0] in "CZ" else c for c in stem
    )
    return re.sub(r"[\s_]+", " ", "".join(letters)).strip()[:120] or "Slides"


def _look_at(paths: list[Path], names: list[str], limits: Limits) -> None:
    """What can be told before anything is opened."""
    if not paths:
        raise SlidesRefused("no file was chosen", hint="choose a PDF, a presentation or pictures")
    if len(paths) > limits.files:
        raise SlidesRefused(f"these are {len(paths)} files, and {limits.files} at most are taken", hint="choose fewer")
    whole = 0
    for path, name in zip(paths, names, strict=True):
        title, ending = plain_title(name), _ending(name)
        if ending in PHONE_PICTURES:
            raise SlidesRefused(
                f"“{title}” is a picture in the phone's own format ({ending[1:].upper()})",
                hint="on an iPhone: Settings, Camera, Formats, Most Compatible; or send a screenshot of it",
            )
        if ending in _OLD_OFFICE:
            raise SlidesRefused(f"slides as {ending} are not understood", hint="save them as PDF and choose that")
        if ending not in PICTURES | OFFICE | {".pdf"}:
            raise SlidesRefused(f"“{title}” is no kind of slides", hint="choose a PDF, a presentation or pictures")
        if not path.is_file():
            raise SlidesRefused(f"“{title}” is gone, or is no file", hint="put the stick in again, or send it again")
        size = path.stat().st_size
        if size == 0:
            raise SlidesRefused(f"“{title}” is empty", hint="send it again")
        whole += size
    if whole > limits.bytes_in:
        raise SlidesRefused(
            f"these are {whole / 1e6:.0f} MB, and {limits.bytes_in / 1e6:.0f} MB at most are taken",
            hint="save them as a smaller PDF",
        )


def _make(
    paths: list[Path],
    names: list[str],
    into: Path,
    scratch: Path,
    *,
    stop: threading.Event,
    report: Callable[[float], None],
    limits: Limits,
    office: Path | None,
) -> Deck:
    slides: list[Slide] = []
    title = ""
    for number, (path, name) in enumerate(zip(paths, names, strict=True)):
        ending = _ending(name)
        job = ward.Job(
            path=str(path), kind="pdf" if ending == ".pdf" else "picture", into=str(into), first=len(slides) + 1
        )

        def share(done: float, number: int = number) -> None:
            report((number + done) / len(paths))

        spoken: list[ward.Spoken] = []
        if ending in OFFICE:
            spoken = ward.notes(path, ending, scratch, stop=stop, limits=limits)
            pdf = as_pdf(path, ending, scratch / str(number), stop=stop, limits=limits, office=office)
            job = ward.Job(path=str(pdf), kind="pdf", into=str(into), first=len(slides) + 1)
        own_title, pages = ward.pages(job, scratch, stop=stop, report=share, limits=limits)
        if len(spoken) != len(pages):
            spoken = []  # notes beside the wrong slide would be worse than none
        for at, page in enumerate(pages):
            of = spoken[at] if spoken else ward.Spoken()
            slides.append(
                Slide(
                    picture=page.picture, thumbnail=page.thumbnail, width=page.width, height=page.height,
                    title=of.title or page.title, notes=of.notes,
                )
            )  # fmt: skip
        title = title or (plain_title(own_title + ".pdf") if own_title and len(paths) == 1 else plain_title(name))
    return Deck(title=title, slides=tuple(slides))


def _ending(name: str) -> str:
    return Path(re.split(r"[/\\]", name)[-1]).suffix.lower()
