"""How far a screen reaches: what belongs to it though it shows something else, and where it ends."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from greenscreen.light import Floats
from greenscreen.screen import Mask

_CROSS: Final = np.ones((3, 3), np.uint8)
_WIDE: Final = np.ones((5, 5), np.uint8)
_SMALL: Final = 0.003


def with_tape(known: Mask) -> Mask:
    """The blocks that belong to the screen: with what is too small to be somebody, such as crosses of tape on it."""
    count, parts, facts, _ = cv2.connectedComponentsWithStats((~known).astype(np.uint8), connectivity=8)
    small = facts[:, cv2.CC_STAT_AREA] < _SMALL * known.size
    small[0] = False  # that is the screen itself
    return np.asarray(known | small[parts]) if count > 1 else known


def beyond(known: Floats, *, bounded: bool) -> Floats:
    """How far blocks lie outside the screen: not between any two places that showed it.

    *known* says how surely each block belongs to it; *bounded* whether all of it was once seen, in a plate.
    """
    seen = cv2.erode((known > 0.3).astype(np.uint8), _CROSS, borderValue=1)
    height, width = seen.shape
    within: Any = np.zeros((height, width), np.uint8)
    # The two ends of each row have the same hull as all of it, and are a hundred times fewer.
    rows = np.flatnonzero(seen.any(1))
    ends = (seen[rows].argmax(1), width - 1 - seen[rows, ::-1].argmax(1))
    points = np.concatenate([np.stack([end, rows], -1) for end in ends]).astype(np.int32)[:, None]
    if len(points) and bounded:
        cv2.fillConvexPoly(within, cv2.convexHull(points), 1)
    elif len(points):
        # What hides a corner of a screen nobody measured is rather a speaker than the end of the screen.
        left, top, wide, high = cv2.boundingRect(points)
        within[top : top + high, left : left + wide] = 1
    within = cv2.dilate(within, _WIDE)
    return np.ascontiguousarray(1 - cv2.blur(within.astype(np.float32), (3, 3)), np.float32)
