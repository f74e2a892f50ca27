"""A mark that tells the moment it was drawn, for programs to read back from a picture, and a box that flashes.

By it a test, a test camera and a check of the whole chain know how old a picture is, to a tenth of a millisecond, with
no other channel between them than the picture. The mark is a board of 8 by 7 cells in the upper left corner: one row
that says where black and white lie, five that hold the moment in ticks of the steady clock, one that checks them. All
sizes follow the picture's height, so that a picture may be scaled and still be read; one that is torn, or blended from
two, fails its check rather than telling a wrong moment.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

TICK_NS = 100_000
"""Nanoseconds of one tick."""

_COLUMNS, _ROWS = 8, 7
_TICK_BYTES = 5
_CELLS_HIGH = 45
"""Cells of this size that a picture is high: 16 pixels at 720p."""

_FINDER = 0b10110010
"""The first row: as much black as white, and not the same backwards or upside down."""

_LIT, _UNLIT = 255, 16


def tick_at(at_ns: int) -> int:
    """The tick in which the moment *at_ns* lies."""
    return at_ns // TICK_NS % (1 << 8 * _TICK_BYTES)


def age_ns(tick: int, now: int) -> int:
    """Nanoseconds from *tick* to the moment *now*; negative if it lies ahead."""
    wrap = 1 << 8 * _TICK_BYTES
    return ((tick_at(now) - tick + wrap // 2) % wrap - wrap // 2) * TICK_NS


def draw(picture: NDArray[np.uint8], tick: int, *, lit: bool = False) -> None:
    """Draw the mark of *tick* and the box, *lit* or not, into a picture ``(height, width, 3 or 4)``, in its place."""
    height, width = picture.shape[:2]
    rows = bytes([_FINDER]) + tick.to_bytes(_TICK_BYTES, "big")
    rows += bytes([zlib.crc32(rows) & 0xFF])
    bits = np.unpackbits(np.frombuffer(rows, np.uint8)).reshape(_ROWS, _COLUMNS)
    xs, ys = _edges(height)
    board = np.repeat(np.repeat(bits * np.uint8(255), np.diff(ys), axis=0), np.diff(xs), axis=1)
    margin = ys[0] // 2
    picture[margin : ys[-1] + margin, margin : xs[-1] + margin, :3] = 128  # a frame, so that no cell meets the rest
    picture[ys[0] : ys[-1], xs[0] : xs[-1], :3] = board[..., None]
    left, top, right, bottom = flash_box(width, height)
    picture[top:bottom, left:right, :3] = _LIT if lit else _UNLIT


def read(gray: NDArray[np.uint8]) -> int | None:
    """The tick that a picture shows, given its luminance ``(height, width)``; ``None`` if it cannot be read.

    >>> picture = np.zeros((360, 640, 3), np.uint8)
    >>> draw(picture, 123_456)
    >>> read(picture[..., 1])
    123456
    >>> read(picture[::-1, :, 1]) is None
    True
    """
    xs, ys = _edges(gray.shape[0])
    if gray.shape[1] < xs[-1]:
        return None
    cell = ys[1] - ys[0]
    inset = max(1, cell // 4)  # scaling and compression blur the borders of cells
    levels = np.array(
        [
            [
                gray[y + inset : y + cell - inset, x + inset : x + cell - inset].mean()
                if cell > 2 * inset
                else gray[y, x]
                for x in xs[:-1]
            ]
            for y in ys[:-1]
        ]
    )
    finder = np.unpackbits(np.array([_FINDER], np.uint8)).astype(bool)
    white, black = levels[0][finder].min(), levels[0][~finder].max()
    if white - black < 50:
        return None
    rows = np.packbits(levels > (white + black) / 2, axis=1).tobytes()
    if rows[0] != _FINDER or rows[-1] != zlib.crc32(rows[:-1]) & 0xFF:
        return None
    return int.from_bytes(rows[1:-1], "big")


def flash_level(gray: NDArray[np.uint8]) -> float:
    """Mean level of the box that flashes, 0 to 255, given the luminance of a picture."""
    height, width = gray.shape
    left, top, right, bottom = flash_box(width, height)
    inset = max(1, (bottom - top) // 16)
    return float(gray[top + inset : bottom - inset : 2, left + inset : right - inset : 2].mean())


def flash_box(width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom border of the box that flashes, in a picture of this size."""
    return width * 5 // 8, height // 4, width * 15 // 16, height * 7 // 8


def _edges(height: int) -> tuple[list[int], list[int]]:
    """Borders of the columns and of the rows, pixels."""
    cell = height / _CELLS_HIGH
    return [round(cell * n) for n in range(1, _COLUMNS + 2)], [round(cell * n) for n in range(1, _ROWS + 2)]
