"""The last pass, at full size: the speaker laid over another picture, or cut free of this one.

Most blocks hold nothing but screen, or nothing but speaker: those are copied. Only outlines are worked out, from what
`greenscreen.despill` prepared at half size, with the camera's full-size brightness.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import (
    BYTES2,
    BYTES3,
    NUMBER,
    READ1,
    READ3,
    SEEN1,
    SEEN2,
    SEEN3,
    TRUTH,
    WHOLE,
    inlined,
    kernel,
)
from greenscreen.facts import BLOCK, EMPTY, MIXED, TINTED

_0, _1 = np.float32(0), np.float32(1)
_BLUE, _GREEN, _RED = (np.float32(n) for n in (0.0722, 0.7152, 0.2126))
_BOTH, _LARGER = np.float32(0.35), np.float32(0.3)
_STEPS = np.float32(16383)
_HALF = np.float32(0.5)
_TRAITS = 13
_INSIDE = np.float32(0.985)
_LEAST = np.float32(0.5 / 255)
_NINE, _THREE, _ONE = (np.float32(n / 16) for n in (9, 3, 1))
_SIDE = 2 * BLOCK


@inlined
def _drawn(outline: Any, upper: int, below: int, across: int, here: int, beside: int, k: int) -> Any:
    """One number of the outline, between four pixels at half size."""
    return (
        _NINE * outline[upper, here, k]
        + _THREE * (outline[upper, beside, k] + outline[below, here, k])
        + _ONE * outline[across, beside, k]
    )


@kernel(
    SEEN3, SEEN3, SEEN2, READ1, SEEN1, WHOLE, READ3, READ3, NUMBER, NUMBER, TRUTH, BYTES3, BYTES2,
)  # fmt: skip
def finish(
    picture: Any, background: Any, classes: Any, decode: Any, encode: Any, key: int, outline: Any, tints: Any,
    black: float, gain: float, straight: bool, out: Any, alpha: Any,
) -> None:  # fmt: skip
    """Lay the speaker over *background*, or cut it free (*straight*: then the background is not looked at).

    Args:
        classes: of each block: empty, clear, tinted or mixed.
        outline: by pixel at half size, as `despill.unmix` leaves it.
        tints: by block, light of the screen's colour to take per unit of spill (three), and how green clothes may be.
    """
    rows, columns = classes.shape
    second = 0 if key == 1 else 1
    half_height = rows * BLOCK
    at = np.empty(_TRAITS, np.float32)
    mine = np.empty(3, np.float32)
    flat_out = out.reshape((out.shape[0], out.shape[1] * 3))
    flat_picture = picture.reshape(flat_out.shape)
    flat_background = background.reshape(flat_out.shape)
    for row in range(rows):
        begin = 0
        while begin < columns:
            kind = classes[row, begin]
            end = begin + 1
            while end < columns and classes[row, end] == kind:
                end += 1
            left, right = begin * _SIDE, end * _SIDE
            for y in range(row * _SIDE, row * _SIDE + _SIDE):
                if kind == EMPTY:
                    alpha[y, left:right] = 0
                    if straight:
                        flat_out[y, 3 * left : 3 * right] = 0
                    else:
                        flat_out[y, 3 * left : 3 * right] = flat_background[y, 3 * left : 3 * right]
                    continue
                if kind != MIXED:
                    alpha[y, left:right] = 255
                    flat_out[y, 3 * left : 3 * right] = flat_picture[y, 3 * left : 3 * right]
                    if kind == TINTED:
                        down = (np.float32(y - row * _SIDE) - np.float32(3.5)) / np.float32(_SIDE)
                        other_row = min(max(row - 1 if down < _0 else row + 1, 0), rows - 1)
                        down = abs(down)
                        for column in range(begin, end):
                            for i in range(_SIDE):
                                x = column * _SIDE + i
                                own = decode[picture[y, x, key]]
                                a = decode[picture[y, x, second]]
                                b = decode[picture[y, x, 2]]
                                over = own - _BOTH * (a + b) - _LARGER * max(a, b)
                                if over <= _0:
                                    continue
                                along = (np.float32(i) - np.float32(3.5)) / np.float32(_SIDE)
                                other = min(max(column - 1 if along < _0 else column + 1, 0), columns - 1)
                                along = abs(along)
                                near = tints[row, column, 3]
                                near += (tints[row, other, 3] - near) * along
                                far = tints[other_row, column, 3]
                                far += (tints[other_row, other, 3] - far) * along
                                over -= near + (far - near) * down
                                if over <= _0:
                                    continue
                                for k in range(3):
                                    near = tints[row, column, k]
                                    near += (tints[row, other, k] - near) * along
                                    light = decode[picture[y, x, k]] - over * near
                                    out[y, x, k] = encode[int(max(_0, light) * _STEPS + _HALF)]
                    continue
                # An outline: what was prepared at half size, drawn out to each pixel.
                upper = y // 2
                lower = upper + 1 if y % 2 else upper - 1
                for x in range(left, right):
                    here = x // 2
                    column = x // _SIDE
                    beside = here + 1 if x % 2 else here - 1
                    if not begin <= beside // BLOCK < end or beside < 0:
                        beside = here
                    below = lower
                    if below < 0 or below >= half_height or classes[below // BLOCK, column] != MIXED:
                        below = upper
                    across = below if classes[below // BLOCK, beside // BLOCK] == MIXED else upper
                    for k in range(3):
                        at[k] = _drawn(outline, upper, below, across, here, beside, k)
                    blue, green, red = decode[picture[y, x, 0]], decode[picture[y, x, 1]], decode[picture[y, x, 2]]
                    luma = _BLUE * blue + _GREEN * green + _RED * red
                    part = max(at[2], min(_1, max(_0, (at[0] * luma + at[1] - black) * gain)))
                    if part <= _LEAST:
                        alpha[y, x] = 0
                        for k in range(3):
                            out[y, x, k] = 0 if straight else background[y, x, k]
                        continue
                    if part >= _1:
                        # Well inside nothing needs mending but the screen's light, and mostly not that either.
                        mean = _drawn(outline, upper, below, across, here, beside, 11)
                        if mean > _INSIDE:
                            a, b = (blue if second == 0 else green), red
                            own = green if key == 1 else blue
                            limit = _drawn(outline, upper, below, across, here, beside, 12)
                            if own - _BOTH * (a + b) - _LARGER * max(a, b) <= limit:
                                alpha[y, x] = 255
                                for k in range(3):
                                    out[y, x, k] = picture[y, x, k]
                                continue
                    corner, side, next_row, far = (
                        outline[upper, here],
                        outline[upper, beside],
                        outline[below, here],
                        outline[across, beside],
                    )
                    for k in range(_TRAITS):
                        at[k] = _NINE * corner[k] + _THREE * (side[k] + next_row[k]) + _ONE * far[k]
                    left_over = _1 - part
                    mine[0] = max(_0, blue - left_over * at[3])
                    mine[1] = max(_0, green - left_over * at[4])
                    mine[2] = max(_0, red - left_over * at[5])
                    a, b = mine[second], mine[2]
                    over = max(_0, mine[key] - _BOTH * (a + b) - _LARGER * max(a, b) - part * at[12]) * at[6]
                    for k in range(3):
                        mine[k] = max(_0, mine[k] - over * at[3 + k])
                    # On a soft edge the camera's colour is older than its brightness: colour comes from half size.
                    luma = _BLUE * mine[0] + _GREEN * mine[1] + _RED * mine[2]
                    ratio = min(np.float32(3), (luma + np.float32(2e-4)) / (at[10] + np.float32(2e-4)))
                    trust = min(_1, max(_0, np.float32(10) * at[11] * (_1 - at[11])))
                    for k in range(3):
                        mine[k] += (at[7 + k] * ratio - mine[k]) * trust
                    alpha[y, x] = np.uint8(part * np.float32(255) + _HALF)
                    if straight:
                        more = _1 / part
                        for k in range(3):
                            out[y, x, k] = encode[int(min(_1, mine[k] * more) * _STEPS + _HALF)]
                    else:
                        for k in range(3):
                            light = mine[k] + left_over * decode[background[y, x, k]]
                            out[y, x, k] = encode[int(min(_1, light) * _STEPS + _HALF)]
            begin = end
