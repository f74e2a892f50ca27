"""Small steps of the kernels, written so that the compiler makes one instruction of each.

The kernels work on one scratch array, a number of all pixels of a block after the other: in plain loops over it, of
which the compiler can tell that nothing overlaps, it does as many pixels at once as the processor can. What is left are
the ways in and out. There all is read before anything is written, for the same reason; and places have no sign, as
numba asks of every other one whether it counts from the end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import FLOATS2, READ2, WHOLE, inlined, kernel
from greenscreen.facts import BLOCK

_0, _1 = np.float32(0), np.float32(1)
_GRAINS = np.float32(1 / 0.03)
_NEAR, _FAR = np.float32(0.125), np.float32(0.375)


@inlined
def place(number: int) -> Any:
    """A place in an array, which is not negative."""
    return np.uint32(number)


@inlined
def four(seen: Any, at: Any, out: Any, to: Any) -> None:
    """Copy four numbers."""
    a, b, c, d = seen[at], seen[at + 1], seen[at + 2], seen[at + 3]
    out[to], out[to + 1], out[to + 2], out[to + 3] = a, b, c, d


@inlined
def eight(seen: Any, at: Any, out: Any, to: Any) -> None:
    """Copy eight numbers."""
    a, b, c, d, e, f, g, h = (
        seen[at], seen[at + 1], seen[at + 2], seen[at + 3], seen[at + 4], seen[at + 5], seen[at + 6], seen[at + 7],
    )  # fmt: skip
    out[to], out[to + 1], out[to + 2], out[to + 3] = a, b, c, d
    out[to + 4], out[to + 5], out[to + 6], out[to + 7] = e, f, g, h


@inlined
def cored(part: Any, grain: Any) -> Any:
    """A share of speaker without the noise (*grain*) near none and near all, and true to itself between.

    To take the noise off the whole instead would thin all hair and every blurred edge by as much.
    """
    part = min(_1, max(_0, part))
    near = min(_1, part / grain)
    rest = _1 - part * near * near
    near = min(_1, rest * _GRAINS)
    return _1 - rest * near * near


@kernel(WHOLE, READ2, FLOATS2)
def draw_down(row: int, fields: Any, lines: Any) -> None:
    """Draw what is known of a *row* of blocks down to its rows of pixels, between the rows above and below.

    *fields* and *lines* hold the numbers of a row, block by block, in one.
    """
    for i in range(BLOCK):
        down = _FAR if i in (0, BLOCK - 1) else _NEAR
        near, far = fields[row], fields[min(max(row - 1 if i < BLOCK // 2 else row + 1, 0), fields.shape[0] - 1)]
        for n in range(fields.shape[1]):
            lines[i, n] = near[n] + (far[n] - near[n]) * down


@inlined
def draw_across(drawn: Any, here: Any, left: Any, right: Any, s: Any, to: Any) -> None:
    """Draw one number of a block along its four pixels, between the blocks to the *left* and to the *right*."""
    middle = drawn[here]
    a, b = drawn[left] - middle, drawn[right] - middle
    s[to], s[to + 1] = middle + a * _FAR, middle + a * _NEAR
    s[to + 2], s[to + 3] = middle + b * _NEAR, middle + b * _FAR
