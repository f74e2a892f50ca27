"""Compares blocks with the screen that is expected there: how much of its colour they hold, and how much else."""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import FLOATS3, READ3, WHOLE, kernel
from greenscreen.facts import KAPPA, OFF, PURELY, PURELY_OFF, PUREST

_0, _HALF = np.float32(0), np.float32(0.5)
_LITTLE = np.float32(1e-4)


@kernel(READ3, READ3, WHOLE, FLOATS3)
def judge(blocks: Any, screen: Any, key: int, verdict: Any) -> None:
    """For each block: its share of the *screen*'s colour, and what of its light is not the screen's own, over what is.

    Both are given for the whole block, and for its purest pixels.
    """
    second = 0 if key == 1 else 1
    for row in range(screen.shape[0]):
        for column in range(screen.shape[1]):
            stands = screen[row, column, key] - _HALF * (screen[row, column, second] + screen[row, column, 2])
            stands = max(stands, _LITTLE)
            whole = screen[row, column, 0] + screen[row, column, 1] + screen[row, column, 2]
            for at, share_at, off_at in ((0, KAPPA, OFF), (PUREST, PURELY, PURELY_OFF)):
                own = blocks[row, column, at + key]
                share = (own - _HALF * (blocks[row, column, at + second] + blocks[row, column, at + 2])) / stands
                other = _0
                for k in range(3):
                    other += abs(blocks[row, column, at + k] - share * screen[row, column, k])
                verdict[row, column, share_at] = share
                verdict[row, column, off_at] = other / max(abs(share) * whole, _LITTLE)
