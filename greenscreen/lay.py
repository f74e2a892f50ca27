"""Laying light over a picture: the loops of `greenscreen.composite.place`, over every pixel that a speaker covers."""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import BYTES3, FLOATS3, READ1, READ3, SEEN1, SEEN2, SEEN3, WHOLE, kernel

_0, _1, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_LEAST = np.float32(0.25 / 255)
_STEPS = np.float32(16383)
_SHARE = np.float32(1 / 255)


@kernel(SEEN3, SEEN2, READ1, FLOATS3)
def covering(colour: Any, alpha: Any, decode: Any, cover: Any) -> None:
    """Write the light of *colour* times its cover, and the cover, into *cover* ``(h, w, 4)``."""
    height, width = alpha.shape
    for y in range(height):
        for x in range(width):
            a = np.float32(alpha[y, x]) * _SHARE
            cover[y, x, 3] = a
            if a > _0:
                for k in range(3):
                    cover[y, x, k] = decode[colour[y, x, k]] * a
            else:
                for k in range(3):
                    cover[y, x, k] = _0


@kernel(READ3, WHOLE, WHOLE, READ1, SEEN1, BYTES3)
def lay(cover: Any, left: int, top: int, decode: Any, encode: Any, out: Any) -> None:
    """Lay *cover* over *out*, its upper left corner at (*left*, *top*), which may lie outside; what does is cut off."""
    high, wide = out.shape[0], out.shape[1]
    for y in range(max(0, top), min(high, top + cover.shape[0])):
        for x in range(max(0, left), min(wide, left + cover.shape[1])):
            a = cover[y - top, x - left, 3]
            if a < _LEAST:
                continue
            rest = max(_1 - a, _0)
            for k in range(3):
                light = cover[y - top, x - left, k] + rest * decode[out[y, x, k]]
                out[y, x, k] = encode[int(min(max(light, _0), _1) * _STEPS + _HALF)]
