"""What stands behind a keyed speaker: understood as people write it, found to be usable before any work, and drawn."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from capture.errors import FlipcastError
from greenscreen.light import Bytes
from process.errors import LayoutImpossible, MediaUnreadable
from process.probe import Media, probe


class Behind(StrEnum):
    """Kinds of backgrounds."""

    SCREEN = "screen"
    """The recorded screen."""

    BLUR = "blur"
    """The room that the camera saw, out of focus."""

    COLOUR = "colour"
    """One colour."""

    PICTURE = "picture"
    """A picture from a file, cropped to fill."""

    VIDEO = "video"
    """A video from a file, cropped to fill, again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backdrop:
    """What stands behind a speaker."""

    kind: Behind
    """Which kind."""

    colour: tuple[int, int, int] = (0, 0, 0)
    """Blue, green and red, of a colour."""

    digest: str = ""
    """Of the file's content: another picture under the same name is another backdrop."""

    film: Media | None = None
    """What a video holds."""


COLOURS: Final = {
    "black": "#000000", "white": "#ffffff", "grey": "#808080", "gray": "#808080", "silver": "#c0c0c0",
    "red": "#c0392b", "green": "#1e8449", "blue": "#1f4e9c", "navy": "#14213d", "teal": "#0f766e",
    "purple": "#6b3fa0", "orange": "#d9730d", "yellow": "#f2c230", "brown": "#6b4423", "beige": "#e8dcc4",
}  # fmt: skip
"""Colours by name; calm ones, since a face is to be looked at."""

_LARGEST: Final = 256_000_000
_CALM: Final = (48, 37, 29)
_STILL: Final = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|BM|II\*\0|MM\0\*|RIFF....WEBP", re.DOTALL)


def colour_of(text: str) -> tuple[int, int, int] | None:
    """Blue, green and red of ``#rrggbb``, ``#rgb`` or a name; ``None`` if *text* is no colour."""
    said = COLOURS.get(text.strip().lower(), text.strip().lower())
    if not re.fullmatch("#(?:[0-9a-f]{3}|[0-9a-f]{6})", said):
        return None
    digits = said[1:] if len(said) == 7 else "".join(2 * digit for digit in said[1:])
    red, green, blue = (int(digits[n : n + 2], 16) for n in (0, 2, 4))
    return blue, green, red


def file_of(text: str) -> Path | None:
    """The file that *text* means; ``None`` where it is a colour or a word."""
    if text in ("", Behind.SCREEN, Behind.BLUR) or colour_of(text) is not None:
        return None
    return Path(text).expanduser()


def understood(text: str, *, screen: bool) -> Backdrop:
    """The backdrop that *text* means; empty for the *screen* if one was recorded, or else a calm dark one.

    Raises:
        LayoutImpossible: there is no such screen, colour or file, or the file cannot be stood before.
    """
    if text == "":
        return Backdrop(kind=Behind.SCREEN) if screen else Backdrop(kind=Behind.COLOUR, colour=_CALM)
    if text == Behind.SCREEN and not screen:
        raise LayoutImpossible(
            "the speaker is to stand before the screen, and none was recorded",
            hint="choose a colour, a picture, or blur with --behind",
        )
    if text in (Behind.SCREEN, Behind.BLUR):
        return Backdrop(kind=Behind(text))
    if (colour := colour_of(text)) is not None:
        return Backdrop(kind=Behind.COLOUR, colour=colour)
    path = file_of(text)
    assert path is not None
    return _of_file(path, text)


def still(path: Path) -> Bytes:
    """The picture in the file at *path*, blue-green-red.

    Raises:
        LayoutImpossible: it cannot be read, or is too large.
    """
    shown = None
    try:
        if path.stat().st_size > _LARGEST:
            raise LayoutImpossible(
                f"the background {path.name} has {path.stat().st_size / 1e6:.0f} MB",
                hint="make it smaller: 4K is enough",
            )
        coded = np.frombuffer(path.read_bytes(), np.uint8)
        shown = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
    except (OSError, cv2.error) as error:
        raise _unusable(path, "is too large, or damaged" if isinstance(error, cv2.error) else str(error)) from error
    if shown is None:
        raise _unusable(path, "is damaged, or no picture")
    if shown.shape[0] * shown.shape[1] > 7680 * 4320 * 2:
        raise LayoutImpossible(
            f"the background {path.name} is {shown.shape[1]}x{shown.shape[0]}", hint="make it smaller: 4K is enough"
        )
    return np.asarray(shown, np.uint8)


def _of_file(path: Path, text: str) -> Backdrop:
    try:
        with path.open("rb") as file:
            head = file.read(16)
            file.seek(0)
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except (OSError, ValueError) as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else f"it cannot be read: {error}"
        raise LayoutImpossible(
            f"the speaker cannot stand before {text!r}: {why}",
            hint=f"name a picture, a video, #rrggbb, screen, blur, or one of {', '.join(COLOURS)}",
        ) from error
    if _STILL.match(head):
        still(path)  # what is damaged is told now, not after an hour's work
        return Backdrop(kind=Behind.PICTURE, digest=digest)
    try:
        media = probe(path)
    except FlipcastError as error:
        raise _unusable(path, f"is neither a picture nor a video: {error}") from error
    if media.picture is None:
        raise _unusable(path, "has sound, but no pictures")
    return Backdrop(kind=Behind.VIDEO, digest=digest, film=media)


def _unusable(path: Path, why: str) -> MediaUnreadable:
    return MediaUnreadable(f"the background {path.name} {why}", hint="choose another with --behind")
