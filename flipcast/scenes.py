"""What people may stand before: the recorded screen, calm colours, the room out of focus, and pictures.

Pictures come from a folder that the settings name, and from whoever brings one to the recorder's page. What is brought
is drawn anew by the same child that draws slides (`flipcast.deck`): neither what its file hides nor where it was taken
is kept.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture.description import write_whole
from flipcast import deck
from flipcast.deck.limits import Limits
from flipcast.errors import DeskError
from flipcast.library import in_one_line, name_of
from process.step import explained

_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
_MOST = 60

OWN = ".backgrounds"
"""Folder of a library with the pictures that people brought."""

LIMITS = Limits(bytes_in=60_000_000, files=1, pages=1, seconds=40.0)
"""What a picture that is brought may cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Something to stand before."""

    id: str
    """By which pages know it; nothing of a path is in it."""

    kind: str
    """``slides``, ``colour``, ``blur``, ``picture``, or ``none`` for the room as it is."""

    name: str
    """What it is called; empty where the pages have a word for it."""

    behind: str
    """The same, as ``keyed.behind`` says it."""

    own: bool = False
    """Whether somebody brought it, and may take it out again."""

    def facts(self) -> dict[str, Any]:
        """What pages show of it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "colour": self.behind if self.kind == "colour" else None,
            "own": self.own,
            "picture": f"scenes/{self.id}" if self.kind == "picture" else None,
        }


_FIXED = (
    Scene(id="slides", kind="slides", name="", behind="screen"),
    Scene(id="night", kind="colour", name="", behind="#1d2530"),
    Scene(id="paper", kind="colour", name="", behind="#e9e6df"),
    Scene(id="sea", kind="colour", name="", behind="#1f4e9c"),
    Scene(id="forest", kind="colour", name="", behind="#1c4a35"),
    Scene(id="blur", kind="blur", name="", behind="blur"),
    Scene(id="none", kind="none", name="", behind=""),
)


class Scenes:
    """All of them."""

    usual = "night"
    """What is there where nobody chose."""

    slides = "slides"
    """The slides, or whatever screen is recorded."""

    def __init__(self, folder: Path | None, *, own: Path | None = None) -> None:
        """With the pictures of *folder*, and those that were brought into *own*; one that is not there has none."""
        self._folder, self._own = folder, own

    @property
    def all(self) -> tuple[Scene, ...]:
        """In the order in which they are offered: the pictures first, by name."""
        return (_FIXED[0], *self._pictures(), *_FIXED[1:])

    def find(self, which: str) -> Scene:
        """The one with that id.

        Raises:
            DeskError: there is none.
        """
        for scene in self.all:
            if scene.id == which:
                return scene
        raise DeskError("this background is not there any more", hint="choose another")

    def picture(self, which: str) -> Path | None:
        """The file of the picture with that id; ``None`` if there is none."""
        return next((Path(one.behind) for one in self._pictures() if one.id == which), None)

    def bring(self, file: Path, name: str) -> Scene:
        """Have the picture *file*, which a person calls *name*, among them from now on.

        Raises:
            SlidesRefused: it is no picture that can be drawn, or too large, or there are enough.
            NoRoom, NoRight: it could not be kept.
        """
        assert self._own is not None
        ending = Path(name).suffix.lower()
        if ending not in deck.PICTURES | deck.PHONE_PICTURES:
            raise deck.SlidesRefused(f"“{in_one_line(name)[:60]}” is no picture", hint="choose a JPEG or a PNG")
        if len(_files(self._own)) >= _MOST:
            raise deck.SlidesRefused(f"there are {_MOST} pictures already", hint="take one out first")
        with tempfile.TemporaryDirectory(prefix="flipcast-background-", ignore_cleanup_errors=True) as scratch:
            drawn = deck.take_in(file, Path(scratch, "drawn"), names=[name], limits=LIMITS)
            picture = Path(scratch, "drawn", drawn.slides[0].picture)
            content = picture.read_bytes()
        called = f"{name_of(Path(name).stem)}-{hashlib.sha256(content).hexdigest()[:6]}{picture.suffix}"
        with explained(self._own):
            self._own.mkdir(parents=True, exist_ok=True)
            write_whole(self._own / called, content)
        return self.find(_letters(called))

    def take_out(self, which: str) -> Scene:
        """Have the picture with that id no more; takes that were recorded before it keep their copy.

        Raises:
            DeskError: there is none that somebody brought.
            NoRight: it may not be removed.
        """
        scene = self.find(which)
        if not scene.own:
            raise DeskError("this background was not brought by you", hint="whoever set up flipcast can remove it")
        with explained(Path(scene.behind)):
            Path(scene.behind).unlink(missing_ok=True)
        return scene

    def _pictures(self) -> tuple[Scene, ...]:
        return tuple(
            Scene(
                id=_letters(path.name),
                kind="picture",
                name=_name(path.stem.rpartition("-")[0] if folder == self._own else path.stem),
                behind=str(path.absolute()),
                own=folder == self._own,
            )
            for folder in (self._own, self._folder)
            for path in _files(folder)
        )


def _files(folder: Path | None) -> list[Path]:
    try:
        found = folder.iterdir() if folder is not None else ()
        return sorted(path for path in found if path.suffix.lower() in _PICTURES)[:_MOST]
    except OSError:
        return []


def _name(stem: str) -> str:
    return stem.replace("_", " ").replace("-", " ").strip()[:60]


def id_of(behind: str) -> str:
    """The id of the scene that *behind* means, as ``keyed.behind`` says it; empty for what suits."""
    fixed = next((one.id for one in _FIXED if one.behind == behind and behind), "")
    return fixed or (_letters(Path(behind).name) if behind else "")


def _letters(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
