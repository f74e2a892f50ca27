"""Slides as a screen: the picture of a deck that is shown now, on a dark ground of one size.

A deck is a folder of pictures. Which one is shown stands in a file beside them (`show`), so that whoever shows slides
needs no way into the recorder, and a recorder that begins anew shows what was shown. The file is looked at on every
beat, which costs a few microseconds; a picture is read once and given again until another is shown.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND, now_ns
from capture.description import write_whole
from capture.errors import DeviceLost, DeviceMissing
from capture.frames import Frame, PictureShape
from capture.sources import Device, Wanted

SHOWN = "shown"
"""File in the deck's folder with the name of the picture that is shown; without it, the first one is."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(png|jpg)")
_NAP_SECONDS = 0.2


def show(folder: Path, picture: str) -> None:
    """Show *picture*, a file of the deck *folder*, from now on.

    Raises:
        DeviceMissing: there is no such picture.
    """
    if not _PLAIN.fullmatch(picture) or not (folder / picture).is_file():
        raise DeviceMissing(picture, hint=f"there is no such picture in {folder}")
    write_whole(folder / SHOWN, picture)


def present() -> tuple[Device, ...]:
    """None: a deck is brought, not found."""
    return ()


def open(wanted: Wanted) -> Slides:
    """The deck in the folder that *wanted* has as its address.

    Raises:
        DeviceMissing: there is no picture in it.
    """
    return Slides(wanted)


class Slides:
    """A deck, open."""

    latency_ms = 0.0
    """It is seen when it is shown."""

    def __init__(self, wanted: Wanted) -> None:
        self.device = "Slides"
        self.shape = PictureShape(
            width=(wanted.width or 1920) // 2 * 2, height=(wanted.height or 1080) // 2 * 2, rate=Fraction(wanted.rate)
        )
        self._folder = Path(wanted.address)
        pictures = sorted(path.name for path in self._folder.glob("page-*") if _PLAIN.fullmatch(path.name))
        if not wanted.address or not pictures:
            raise DeviceMissing(wanted.label or "slides", hint="choose the slides again")
        self._first, self._said, self._closed = pictures[0], (0, 0), False
        self._name, self._picture = "", _ground(self.shape)
        self._turn()
        if not self._name:
            raise DeviceMissing(wanted.label or "slides", hint=f"{self._first} cannot be read: choose the slides again")

    def frames(self) -> Iterator[Frame]:
        """Yield what is shown, at each beat, until closed; a beat that could not be kept is left out.

        Raises:
            DeviceLost: the deck is gone.
        """
        rate = self.shape.rate
        beat = now_ns() * rate.numerator // (rate.denominator * SECOND)
        while not self._closed:
            at_ns = -(-beat * SECOND * rate.denominator // rate.numerator)
            if (ahead_ns := at_ns - now_ns()) > 0:
                time.sleep(min(ahead_ns / SECOND, _NAP_SECONDS))
                continue
            self._turn()
            yield Frame(picture=self._picture, at_ns=at_ns)
            beat = max(beat + 1, now_ns() * rate.numerator // (rate.denominator * SECOND))

    def close(self) -> None:
        """Show no more."""
        self._closed = True

    def _turn(self) -> None:
        """Read the picture that is to be shown, if it is another than before."""
        try:
            said = (self._folder / SHOWN).stat()
            which = (said.st_mtime_ns, said.st_ino)
        except OSError:
            if not self._folder.is_dir():
                raise DeviceLost("the slides are gone", hint="choose them again") from None
            which = (0, 0)
        if self._name and which == self._said:
            return
        name = self._first
        if which != (0, 0):
            try:
                name = (self._folder / SHOWN).read_text("utf-8").strip()
            except (OSError, ValueError):
                return  # about to be replaced; the next beat looks again
        self._said = which
        if name == self._name or not _PLAIN.fullmatch(name):
            return
        if (picture := _fitted(self._folder / name, self.shape)) is not None:
            self._name, self._picture = name, picture


def _ground(shape: PictureShape) -> NDArray[np.uint8]:
    ground = np.full((shape.height, shape.width, 3), 16, np.uint8)
    ground.flags.writeable = False
    return ground


def _fitted(path: Path, shape: PictureShape) -> NDArray[np.uint8] | None:
    """The picture *path* in the middle of the ground, as large as fits; ``None`` if it cannot be read."""
    import cv2

    try:
        content = np.fromfile(path, np.uint8)  # not by `imread`, which knows no letters but English ones on Windows
    except OSError:
        return None
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if picture is None:
        return None
    height, width = picture.shape[:2]
    scale = min(shape.width / width, shape.height / height)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    if (wide, high) != (width, height):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        picture = cv2.resize(picture, (wide, high), interpolation=how)
    ground = np.full((shape.height, shape.width, 3), 16, np.uint8)
    left, top = (shape.width - wide) // 2, (shape.height - high) // 2
    ground[top : top + high, left : left + wide] = picture
    ground.flags.writeable = False
    return ground
