"""The latest picture of a track, small, for whoever wants to look: in a file that both sides map into memory.

The recorder writes and never waits; a reader takes the newest whole picture. There are two places, written in turn,
each with a count before and after it: a reader that finds them equal and even has a whole picture. Each reader leaves
a wish in the head: how large, how often, and when it last looked. The largest of the wishes of the last seconds is
served, so that a preview that nobody sees costs nothing, and one that is seen small costs little.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND, now_ns
from capture.frames import Frame
from capture.mapped import Opened, Written

WIDEST, HIGHEST = 1920, 1080
"""Pixels of the largest preview."""

FASTEST = 30.0
"""Pictures a second of the fastest."""

SMALL = (960, 540)
"""Width and height of a preview where nothing else is wished for, pixels."""

_HEAD = struct.Struct("<8sQ")  # magic, which place is the newest (count of all pictures)
_WISH = struct.Struct("<QQIIII")  # whose, when they last looked, width, height, pictures a second in thousandths, -
_WISHES = 16  # readers at once; one more takes the place of whoever has not looked for the longest time
_ALL_WISHES = struct.Struct("<" + _WISH.format.lstrip("<") * _WISHES)
_PLACE = struct.Struct("<QQIIq")  # count before, count after, width, height, at_ns
_MAGIC = b"flipcst2"
_PAGE = 4096
_ROOM = WIDEST * HIGHEST * 3
_PLACE_BYTES = -(-(_PLACE.size + _ROOM) // _PAGE) * _PAGE
_SIZE = _PAGE + 2 * _PLACE_BYTES
_LOOKING_NS = 3 * SECOND


class Preview:
    """The writing side."""

    def __init__(self, folder: Path, name: str) -> None:
        """Of the track *name*."""
        self._file = Written(folder / f"{name}.preview", _SIZE)
        self._map = self._file.map
        _HEAD.pack_into(self._map, 0, _MAGIC, 0)
        self._next_ns, self._count = 0, 0
        self._reserved = [0, 0]

    def offer(self, frame: Frame) -> None:
        """Show *frame*, if somebody looks and it is time for one."""
        now = now_ns()
        wish = self._wish(now)
        if wish is None:
            return
        widest, highest, every_ns = wish
        if now + every_ns // 4 < self._next_ns < now + 2 * every_ns:  # later: it was set for a slower wish
            return  # a quarter, since a picture that is a little early is not left out for it
        self._next_ns = (self._next_ns if abs(self._next_ns - now) < every_ns else now) + every_ns
        height, width = frame.picture.shape[:2]
        scale = min(1.0, widest / width, highest / height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        which = (self._count + 1) % 2
        if not self._reserve(which, width * height * 3):
            return
        self._count += 1
        at = _PAGE + which * _PLACE_BYTES
        _PLACE.pack_into(self._map, at, self._count, self._count - 1, width, height, frame.at_ns)
        place = np.frombuffer(self._map, np.uint8, width * height * 3, at + _PLACE.size).reshape(height, width, 3)
        _draw(frame.picture, place)
        del place  # a map cannot be closed while anything looks into it
        _PLACE.pack_into(self._map, at, self._count, self._count, width, height, frame.at_ns)
        struct.pack_into("<Q", self._map, 8, self._count)

    @property
    def wish(self) -> tuple[tuple[int, int], float] | None:
        """The size and rate that is wished for now; ``None`` while nobody looks."""
        wish = self._wish(now_ns())
        return None if wish is None else (wish[:2], SECOND / wish[2])

    def _wish(self, now: int) -> tuple[int, int, int] | None:
        """The largest width, height and the shortest nanoseconds between pictures that are wished for now."""
        wishes = _ALL_WISHES.unpack_from(self._map, _HEAD.size)
        # One that is being written down may be read half: what is missing in it is 0.
        fresh = [
            n for n in range(0, len(wishes), 6) if now - wishes[n + 1] <= _LOOKING_NS and all(wishes[n + 2 : n + 5])
        ]
        if not fresh:
            return None
        rate = max(wishes[n + 4] for n in fresh)
        widest, highest = max(wishes[n + 2] for n in fresh), max(wishes[n + 3] for n in fresh)
        return min(widest, WIDEST), min(highest, HIGHEST), SECOND * 1000 // min(max(rate, 1), int(FASTEST * 1000))

    def _reserve(self, which: int, length: int) -> bool:
        """Have room for a picture of *length* in the place *which*."""
        if length > self._reserved[which]:
            if not self._file.reserve(_PAGE + which * _PLACE_BYTES, _PLACE.size + length):
                return False
            self._reserved[which] = length
        return True

    def close(self) -> None:
        """Remove it."""
        self._file.close()


class Look:
    """The reading side. A context manager."""

    def __init__(self, folder: Path, name: str, *, size: tuple[int, int] = SMALL, rate: float = 15.0) -> None:
        """At the track *name*, in a picture that fits into *size* (width, height), at *rate* a second.

        It may come larger and oftener, where another reader wishes so.

        Raises:
            FileNotFoundError: there is no such preview, or not yet.
        """
        self._file = Opened(folder / f"{name}.preview", _SIZE)
        self._map = self._file.map
        self._seen = 0
        self._whose = int.from_bytes(os.urandom(8), "little") | 1
        self._slot = 0
        self.wish(size=size, rate=rate)

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Look no more; the wish is forgotten at once."""
        if not self._map.closed:
            if self._mine():
                _WISH.pack_into(self._map, self._at(self._slot), 0, 0, 0, 0, 0, 0)
            self._map.close()

    def wish(self, *, size: tuple[int, int], rate: float) -> None:
        """Ask for pictures that fit into *size* (width, height), at *rate* a second, from now on."""
        width, height = size
        rate = min(max(rate, 0.001), FASTEST)
        self._wished = min(max(1, width), WIDEST), min(max(1, height), HIGHEST), round(rate * 1000)
        self._wished_anew = True

    @property
    def over(self) -> bool:
        """Whether the preview that is looked at is no longer there, or another took its place."""
        return self._file.over

    def newest(self) -> Frame | None:
        """The newest picture, blue-green-red, or ``None`` if there is none that was not given before."""
        if self._wished_anew or not self._mine():
            self._slot = self._slot if self._mine() else self._oldest()
            _WISH.pack_into(self._map, self._at(self._slot), self._whose, 0, *self._wished, 0)
            self._wished_anew = False
        struct.pack_into("<Q", self._map, self._at(self._slot) + 8, now_ns())
        for _ in range(3):
            (count,) = struct.unpack_from("<Q", self._map, 8)
            if count == self._seen:
                return None
            at = _PAGE + (count % 2) * _PLACE_BYTES
            before = _PLACE.unpack_from(self._map, at)
            _, _, width, height, at_ns = before
            length = width * height * 3
            if length > _ROOM:
                continue
            content = self._map[at + _PLACE.size : at + _PLACE.size + length]
            if before[0] == before[1] == count and _PLACE.unpack_from(self._map, at) == before:
                self._seen = count
                picture = np.frombuffer(content, np.uint8).reshape(height, width, 3)
                return Frame(picture=picture, at_ns=at_ns)
        return None

    def _mine(self) -> bool:
        return bool(_WISH.unpack_from(self._map, self._at(self._slot))[0] == self._whose)

    def _oldest(self) -> int:
        """The wish to take over; of two readers who choose the same, one finds out when it looks the next time."""
        return min(range(_WISHES), key=lambda slot: _WISH.unpack_from(self._map, self._at(slot))[1])

    @staticmethod
    def _at(slot: int) -> int:
        return _HEAD.size + slot * _WISH.size


def _draw(picture: NDArray[np.uint8], place: NDArray[np.uint8]) -> None:
    """Draw *picture* into *place*, straight: nothing is copied twice."""
    import cv2  # only the writing side needs it: a command that steers need not wait for it

    height, width = place.shape[:2]
    made: Any
    times = min(picture.shape[0] // height, picture.shape[1] // width)
    if times > 1:
        # Whole pixels into one is what keeps text legible, and fast; what is left is less than twice, for which the
        # mean of four neighbours does as well at a fifth of the cost: 1 ms against 5 from 1080p to 720p.
        high, wide = picture.shape[0] // times, picture.shape[1] // times
        exact = (high, wide) == (height, width) and picture.shape[2] == 3
        whole = picture[: high * times, : wide * times]
        made = cv2.resize(whole, (wide, high), dst=place if exact else None, interpolation=cv2.INTER_AREA)
        if exact:
            return
        picture = made
    if picture.shape[2] == 4:
        if picture.shape[:2] != (height, width):
            made = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
            picture = made
        cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR, dst=place)
    elif picture.shape[:2] != (height, width):
        cv2.resize(picture, (width, height), dst=place, interpolation=cv2.INTER_LINEAR)
    else:
        np.copyto(place, picture)
