"""Outlines at full size as a small network has learnt them: what half size and brightness leave open.

The share of speaker is found at half size and brought up by brightness. Where the two disagree, as at a rim that the
camera sharpened, a strand of hair or a shirt as bright as the screen, the way up leaves a blur or a dent. What the
truth mostly is there can be learnt: from the shares around a pixel, what brightness makes of it, and how far the two go
together, a network of one small layer says by how much each of its four pixels at full size is to be mended.

It was taught by `tests.benchmarks.teaching_fine`, on what the network of `greenscreen.outline` leaves, and is not asked
where the outline is wished to be soft, where a person is told by the person model, or where nothing is open.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from greenscreen.compiled import FLOATS1, FLOATS3, READ1, READ2, WHOLE, kernel
from greenscreen.described import LANES
from greenscreen.facts import BLOCK, FINE, RING, TRAITS
from greenscreen.lanes import four, place
from greenscreen.light import Floats
from greenscreen.screen import Mask

HIDDEN: Final = 12
"""Numbers in the layer."""
WHOLLY, HARDLY = np.float32(0.985), np.float32(0.02)
"""With at least so much speaker, or at most so much, in all nine around a pixel nothing is open."""
LEAST, MOST = np.float32(-0.5), np.float32(1.5)
"""What the share of speaker, as brightness tells it, is cut off at: it may be less than none and more than all."""

_0, _1, _2 = np.float32(0), np.float32(1), np.float32(2)
_LAST_TRAITS = 3
# Places in the scratch array: of each number, sixteen pixels.
_SHARE, _TRAITS, _HIDDEN = 0, 13 * LANES, FINE * LANES
GUIDED: Final = 9 * LANES
"""Where the share of speaker, as brightness tells it, is to be put: of each pixel at half size the four that it is made
of, left and right above, then below, one after the other.
"""
OFF: Final = _HIDDEN + HIDDEN * LANES
"""Where `mend` leaves by how much these four are off."""
_OPEN = OFF + 4 * LANES
ANY: Final = _OPEN + LANES
"""Where `around` says whether (1 or 0) anything in a block is open."""
SCRATCH: Final = ANY + 1
"""Numbers that the kernels work with."""
MODEL: str = "fine.npz"
NAMES: Final = ("w0", "b0", "w1", "b1")
"""Weights of the layers, and what is added after each."""


def is_open(told: Floats) -> Mask:
    """Which of the pixels that are described are open: not all that lies around them is speaker, nor none of it."""
    share = told[..., :9]
    return np.asarray((share.min(axis=-1) <= WHOLLY) & (share.max(axis=-1) >= HARDLY))


@kernel(WHOLE, WHOLE, READ2, READ1, WHOLE, FLOATS1)
def around(row: int, column: int, share: Any, traits: Any, wide: int, s: Any) -> None:
    """Write what half size knows of a block's pixels into *s*: for each number, sixteen pixels.

    Args:
        traits: as `matte.fit` leaves them, each row *wide* numbers long.
    """
    height, width = share.shape
    top, first = row * BLOCK, column * BLOCK
    flat = share.reshape(share.size)
    within = 0 < top < height - BLOCK and 0 < first < width - BLOCK
    for n in range(9):
        down, along = n // 3 - 1, n % 3 - 1
        for i in range(BLOCK):
            to = _SHARE + n * LANES + BLOCK * i
            if within:
                four(flat, place((top + i + down) * width + first + along), s, to)
                continue
            y = min(max(top + i + down, 0), height - 1)
            for j in range(BLOCK):
                s[to + j] = share[y, min(max(first + j + along, 0), width - 1)]
    s[ANY] = _0
    for n in range(LANES):
        least, most = _2, -_1
        for k in range(9):
            least, most = min(least, s[_SHARE + k * LANES + n]), max(most, s[_SHARE + k * LANES + n])
        s[_OPEN + n] = _1 if least <= WHOLLY and most >= HARDLY else _0
        s[ANY] = max(s[ANY], s[_OPEN + n])
    if s[ANY] == _0:
        return
    for k in range(_LAST_TRAITS):
        for i in range(BLOCK):
            at = place(((top + i) % RING * TRAITS + TRAITS - _LAST_TRAITS + k) * wide + first + 1)
            four(traits, at, s, _TRAITS + k * LANES + BLOCK * i)


@kernel(READ2, READ1, READ2, READ1, FLOATS1)
def mend(w0: Any, b0: Any, w1: Any, b1: Any, s: Any) -> None:
    """Run the network on a block's pixels; by how much each is off is left at `OFF`."""
    for j in range(0, HIDDEN, 2):
        for n in range(LANES):
            one, other = b0[j], b0[j + 1]
            for k in range(FINE):
                seen = s[k * LANES + n]
                one += w0[k, j] * seen
                other += w0[k, j + 1] * seen
            s[_HIDDEN + j * LANES + n], s[_HIDDEN + (j + 1) * LANES + n] = max(_0, one), max(_0, other)
    for j in range(0, 4, 2):
        for n in range(LANES):
            one, other = b1[j], b1[j + 1]
            for k in range(HIDDEN):
                seen = s[_HIDDEN + k * LANES + n]
                one += w1[k, j] * seen
                other += w1[k, j + 1] * seen
            s[OFF + j * LANES + n], s[OFF + (j + 1) * LANES + n] = one * s[_OPEN + n], other * s[_OPEN + n]


@kernel(WHOLE, WHOLE, READ1, FLOATS3)
def tell(row: int, column: int, s: Any, told: Any) -> None:
    """Write what describes the pixels of a block into *told*, for teaching."""
    for n in range(LANES):
        for k in range(FINE):
            told[row * BLOCK + n // BLOCK, column * BLOCK + n % BLOCK, k] = s[k * LANES + n]
