"""Outlines as a small network has learnt them: how much of a pixel is speaker, where its colour alone leaves it open.

White cloth with the screen's light on its rim, a veil, fair hair and a blurred red sleeve can all have one colour. What
tells them apart lies around them: whether the screen's colour rises in one step or slowly, how bright and in which hue
things are further in, whether there is structure, whether a person is there. So each pixel of a mixed block is
`described`, and a network of two small layers says by how much the share that `matte.part` found is to be mended.

It was taught by `tests.benchmarks.teaching`, on drawn presenters of any colour and on shapes that are nobody, of which
the truth is known. It is no larger than a page: it costs a few milliseconds, and knows of rims, veils and hair, not of
faces.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from greenscreen.compiled import FLOATS1, FLOATS2, NUMBER, READ1, READ2, READ3, SEEN2, SEEN3, WHOLE, inlined, kernel
from greenscreen.described import ALL_SCREEN, LANES, NO_SCREEN, SCRATCH, describe
from greenscreen.facts import ANYWAY, BLOCK, DESCRIBED, FIELDS
from greenscreen.lanes import draw_down, eight, place

FIRST: Final = 24
SECOND: Final = 12
"""Numbers in the two layers."""

_0, _1 = np.float32(0), np.float32(1)
# Places in a batch of blocks, on which the network works at once.
_BLOCKS = 8
_BATCH = _BLOCKS * LANES
_FIRST = DESCRIBED * _BATCH
_SECOND = _FIRST + FIRST * _BATCH
_CHANGE = _SECOND + SECOND * _BATCH
_ROOM = _CHANGE + 2 * _BATCH
CLOTHES, SURELY, FAR, DIM, STEEP = (np.float32(n) for n in (8, 0.8, 0.6, 0.05, 1 / 0.15))
"""What the network may not do, whatever it has learnt: take much from what is *surely* solid among *clothes* of the
screen's colour; and make more of what is *far* from anything solid and *dim*, with hardly any light of its own: a fold.
"""
_ALL = np.float32(0.98)
MODEL: str = "outline.npz"
NAMES: Final = ("w0", "b0", "w1", "b1", "w2", "b2")
"""Weights of the layers, and what is added after each. The last gives two: by how much more, and how much less."""


@kernel(READ2, READ1, WHOLE, WHOLE, WHOLE, FLOATS1)
def _layer(weights: Any, more: Any, seen: int, to: int, wanted: int, batch: Any) -> None:
    """One layer of the network: sums of what is *seen*, of which only what is above 0 goes on.

    Two sums at a time, of four numbers each, over so many pixels that the compiler adds up eight at once.
    """
    for j in range(0, wanted, 2):
        out, next_out = place(to + j * _BATCH), place(to + (j + 1) * _BATCH)
        for n in range(_BATCH):
            batch[out + n], batch[next_out + n] = more[j], more[j + 1]
        for k in range(0, weights.shape[0], 4):
            a, b, c, d = weights[k, j], weights[k + 1, j], weights[k + 2, j], weights[k + 3, j]
            e, f, g, h = weights[k, j + 1], weights[k + 1, j + 1], weights[k + 2, j + 1], weights[k + 3, j + 1]
            at = place(seen + k * _BATCH)
            for n in range(_BATCH):
                one, two = batch[at + n], batch[at + _BATCH + n]
                three, four = batch[at + 2 * _BATCH + n], batch[at + 3 * _BATCH + n]
                batch[out + n] += a * one + b * two + c * three + d * four
                batch[next_out + n] += e * one + f * two + g * three + h * four
        for n in range(2 * _BATCH):
            batch[out + n] = max(_0, batch[out + n])


@kernel(READ2, READ1, READ2, READ1, READ2, READ1, FLOATS1)
def _mended(w0: Any, b0: Any, w1: Any, b1: Any, w2: Any, b2: Any, batch: Any) -> None:
    """Run the network on a batch of pixels; what makes up the change of each is left at its end."""
    _layer(w0, b0, 0, _FIRST, FIRST, batch)
    _layer(w1, b1, _FIRST, _SECOND, SECOND, batch)
    _layer(w2, b2, _SECOND, _CHANGE, 2, batch)


@inlined
def _bounded(found: Any, change: Any, clothes: Any, solid: Any, own: Any) -> Any:
    """A share of speaker as it was *found*, after a *change* that goes no further than it may."""
    # Clothes that hold some of the screen's colour deep inside hold it up to their edges.
    held = min(_1, CLOTHES * clothes) * min(_1, max(_0, (found - SURELY) * STEEP))
    # And what has no light of its own, far from whatever is solid, is rather a fold of the screen.
    most = min(_1, max(_0, max(FAR - solid, own - DIM) * STEEP))
    return min(_1, max(_0, found + min(most, max(change, found * (held - _1)))))


@inlined
def _whole(row: Any, column: Any, alpha: Any) -> Any:
    """Whether all of a block was found to be speaker."""
    least = _1
    for i in range(BLOCK):
        for j in range(BLOCK):
            least = min(least, alpha[row * BLOCK + i, column * BLOCK + j])
    return least > _ALL


@kernel(
    SEEN2, SEEN3, READ1, WHOLE, READ3, READ2, READ2, READ3, READ2, READ1, READ2, NUMBER,
    READ2, READ1, READ2, READ1, READ2, READ1, FLOATS2,
)  # fmt: skip
def mend(
    asked: Any, picture: Any, decode: Any, key: int, plate: Any, share: Any, bright: Any, hints: Any,
    colours: Any, shades: Any, own_lights: Any, noise: float,
    w0: Any, b0: Any, w1: Any, b1: Any, w2: Any, b2: Any, alpha: Any,
) -> None:  # fmt: skip
    """Mend the share of speaker, *alpha*, in the blocks that are *asked* for.

    What is not open, as `is_open` has it, stays.
    """
    rows, columns = asked.shape
    s, batch = np.zeros(SCRATCH, np.float32), np.zeros(_ROOM, np.float32)
    waiting = np.zeros((_BLOCKS, 2), np.int64)
    count = 0
    lines = np.empty((BLOCK, columns * FIELDS), np.float32)
    wide_hints = hints.reshape((rows, columns * FIELDS))
    for row in range(rows):
        if asked[row].any():
            draw_down(row, wide_hints, lines)
        for column in range(columns):
            if asked[row, column] == ANYWAY or (asked[row, column] and not _whole(row, column, alpha)):
                describe(
                    row, column, picture, decode, key, plate, share, bright, alpha, lines,
                    colours, shades, own_lights, noise, s,
                )  # fmt: skip
                for k in range(DESCRIBED):
                    at, to = place(k * LANES), place(k * _BATCH + count * LANES)
                    eight(s, at, batch, to)
                    eight(s, at + 8, batch, to + 8)
                waiting[count, 0], waiting[count, 1] = row, column
                count += 1
            if count < _BLOCKS and (count == 0 or row < rows - 1 or column < columns - 1):
                continue
            _mended(w0, b0, w1, b1, w2, b2, batch)
            for m in range(count):
                for n in range(LANES):
                    at = m * LANES + n
                    least = min(batch[12 * _BATCH + at], batch[18 * _BATCH + at])
                    most = max(batch[13 * _BATCH + at], batch[19 * _BATCH + at])
                    if least <= ALL_SCREEN and most >= NO_SCREEN:
                        change = batch[_CHANGE + at] - batch[_CHANGE + _BATCH + at]
                        solid = min(least, batch[24 * _BATCH + at])
                        own = abs(batch[3 * _BATCH + at]) + abs(batch[4 * _BATCH + at])
                        y, x = waiting[m, 0] * BLOCK + n // BLOCK, waiting[m, 1] * BLOCK + n % BLOCK
                        alpha[y, x] = _bounded(batch[at], change, batch[37 * _BATCH + at], solid, own)
            count = 0
