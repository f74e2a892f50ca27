"""Where the speaker is in the picture, and what to do about it: a head that is cut off is seen only afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from greenscreen.light import Bytes
from greenscreen.person import PersonFinder


class Misplaced(StrEnum):
    """What may be wrong about where somebody is."""

    HEAD = "head"
    """It is cut off."""
    WIDE = "wide"
    """The shoulders do not fit."""
    LEFT = "left"
    RIGHT = "right"
    SMALL = "small"


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """Where somebody is seen."""

    box: tuple[float, float, float, float] | None = None
    """Left, top, right and bottom edge, as shares of the picture's size; ``None`` if nobody is seen."""

    troubles: tuple[Misplaced, ...] = ()
    """What could be better."""

    says: tuple[str, ...] = ()
    """The same, each with what to do, in plain words."""


_SURELY: Final = 0.6
_SOMEBODY: Final = 0.01  # of the picture: less is a hand, or a mistake
_EDGE: Final = 0.02
_SMALL: Final = 0.35
_ASIDE: Final = 0.25


def framed(picture: Bytes, finder: PersonFinder) -> Framing:
    """Where the person of *picture* is."""
    return judged(finder.look(np.ascontiguousarray(picture[..., :3])) > _SURELY)


def judged(person: np.ndarray) -> Framing:
    """The same, of a mask of the person.

    >>> mask = np.zeros((90, 160), bool)
    >>> mask[0:90, 60:100] = True
    >>> judged(mask).says
    ('the head is cut off: sit lower, step back, or tilt the camera up',)
    """
    height, width = person.shape
    if person.mean() < _SOMEBODY:
        return Framing()
    rows, columns = (np.flatnonzero(person.sum(axis) > 1) for axis in (1, 0))
    if not (rows.size and columns.size):
        return Framing()
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    # Head and shoulders: arms may leave the picture as they like.
    upper = person[top : top + max(1, (bottom - top) * 2 // 5)]
    across = np.flatnonzero(upper.any(axis=0))
    says: dict[Misplaced, str] = {}
    if top <= _EDGE * height:
        says[Misplaced.HEAD] = "the head is cut off: sit lower, step back, or tilt the camera up"
    left, right = across[0] <= _EDGE * width, across[-1] >= (1 - _EDGE) * width - 1
    middle = float(across.mean() + 0.5) / width
    if left and right:
        says[Misplaced.WIDE] = "the shoulders do not fit into the picture: step back"
    elif left or right or abs(middle - 0.5) > _ASIDE:
        side = Misplaced.LEFT if middle < 0.5 else Misplaced.RIGHT
        says[side] = f"the speaker is far to the {side} of the picture: move to its middle"
    if bottom - top < _SMALL * height:
        says[Misplaced.SMALL] = "the speaker is small in the picture: come closer, or let the camera see less"
    box = (columns[0] / width, top / height, (columns[-1] + 1) / width, bottom / height)
    edges = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
    return Framing(box=edges, troubles=tuple(says), says=tuple(says.values()))
