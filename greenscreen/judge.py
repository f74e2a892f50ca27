"""Compares blocks with the screen that is expected there: how much of its colour they hold, and how much else.

Beside it stand the two other loops over all blocks that would take numpy many passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import FLOATS2, FLOATS3, NUMBER, READ2, READ3, WHOLE, kernel
from greenscreen.facts import GRAIN, KAPPA, LEAST, MOST, OFF, PURELY, PURELY_OFF, PUREST, SHARE

_0, _1, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_THOUSANDTH, _RAISED = np.float32(1e-3), np.float32(1 / GRAIN)
_LITTLE = np.float32(1e-4)


@kernel(READ3, READ3, WHOLE, FLOATS3)
def judge(blocks: Any, screen: Any, key: int, verdict: Any) -> None:
    """For each block: its share of the *screen*'s colour, and what of its light is not the screen's own, over what is.

    Both are given for the whole block, and for its purest pixels. *blocks* and *verdict* are fact by fact.
    """
    rows, columns, _ = screen.shape
    # The compiler does many blocks at once only where the colours, too, lie one after the other.
    flat, lights = screen.reshape(screen.size), np.empty((3, rows, columns), np.float32)
    blues, greens, reds = (
        lights[0].reshape(rows * columns),
        lights[1].reshape(rows * columns),
        lights[2].reshape(rows * columns),
    )
    for n in range(rows * columns):
        blues[n], greens[n], reds[n] = flat[3 * n], flat[3 * n + 1], flat[3 * n + 2]
    for at, share_at, off_at in ((0, KAPPA, OFF), (PUREST, PURELY, PURELY_OFF)):
        some, found = blocks[at : at + 3], verdict[share_at : off_at + 1]
        for row in range(rows):
            for column in range(columns):
                blue, green, red = lights[0, row, column], lights[1, row, column], lights[2, row, column]
                b, g, r = some[0, row, column], some[1, row, column], some[2, row, column]
                stands = max((green - _HALF * (blue + red)) if key == 1 else (blue - _HALF * (green + red)), _LITTLE)
                share = ((g - _HALF * (b + r)) if key == 1 else (b - _HALF * (g + r))) / stands
                other = abs(b - share * blue) + abs(g - share * green) + abs(r - share * red)
                found[0, row, column] = share
                found[1, row, column] = other / max(abs(share) * (blue + green + red), _LITTLE)


@kernel(READ3, READ2, READ2, FLOATS2, FLOATS2, FLOATS2)
def share_out(blocks: Any, rate: Any, white: Any, least: Any, mean: Any, most: Any) -> None:
    """Tell the *least*, *mean* and *most* share of speaker in each block."""
    for row in range(rate.shape[0]):
        for column in range(rate.shape[1]):
            scale, more = rate[row, column], white[row, column] - _1
            raw = _1 - blocks[MOST, row, column] * scale
            least[row, column] = min(_1, max(_0, raw + raw * min(_1, max(_0, raw * _RAISED - _1)) * more))
            raw = _1 - blocks[SHARE, row, column] * scale
            mean[row, column] = min(_1, max(_0, raw + raw * min(_1, max(_0, raw * _RAISED - _1)) * more))
            raw = _1 - blocks[LEAST, row, column] * scale
            most[row, column] = min(_1, max(_0, raw + raw * min(_1, max(_0, raw * _RAISED - _1)) * more))


@kernel(
    READ3, READ3, WHOLE, NUMBER, READ2, READ2, READ2, READ2, READ2, READ2, READ2, FLOATS3, FLOATS3, FLOATS3,
)  # fmt: skip
def lay_out(
    now: Any, plate: Any, key: int, spill: float,
    rate: Any, white: Any, outside: Any, weigh: Any, limit: Any, lack: Any, inside: Any,
    fields: Any, around: Any, tints: Any,
) -> None:  # fmt: skip
    """Put what is known of each block side by side, as `matte.part`, `despill.unmix` and `blend.finish` read it."""
    second = 0 if key == 1 else 1
    for row in range(rate.shape[0]):
        for column in range(rate.shape[1]):
            beyond = outside[row, column]
            own, one, two = now[row, column, key], now[row, column, second], now[row, column, 2]
            strength = spill / max(own - _HALF * (one + two), _THOUSANDTH) * (_1 - beyond)
            for k in range(3):
                around[row, column, k] = now[row, column, k] / plate[row, column, k]
                tints[row, column, k] = now[row, column, k] * strength
            around[row, column, 3] = tints[row, column, 3] = limit[row, column]
            around[row, column, 4] = inside[row, column]
            around[row, column, 5] = beyond
            around[row, column, 6] = lack[row, column] + beyond + max(_0, _1 - np.float32(spill))
            fields[row, column, 0] = rate[row, column]
            fields[row, column, 1] = white[row, column]
            fields[row, column, 2] = beyond
            fields[row, column, 3] = weigh[row, column]
            fields[row, column, 4] = two - one
