"""What the speaker looks like without the screen: its light taken out of soft edges, and off face and clothes.

Two things are taken away, both as light of the screen's own colour, so that red, blue and brightness come out right
and nothing turns grey. What shines *through* (hair, a blurred hand) is the screen's light times what the speaker does
not cover. What shines *on* the speaker is told by the screen's channel standing above the others by more than the
clothes deep inside do by themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import FLOATS3, NUMBER, READ1, READ2, READ3, SEEN2, SEEN3, WHOLE, kernel
from greenscreen.facts import BLOCK

_0, _1 = np.float32(0), np.float32(1)
_BLUE, _GREEN, _RED = (np.float32(n) for n in (0.0722, 0.7152, 0.2126))
_BOTH, _LARGER = np.float32(0.35), np.float32(0.3)
_LEAN = (np.float32(-0.375), np.float32(-0.125), np.float32(0.125), np.float32(0.375))


@kernel(
    SEEN2, SEEN3, READ1, WHOLE, READ2, READ2, READ3, READ3, READ3, NUMBER, NUMBER, NUMBER, FLOATS3,
)  # fmt: skip
def unmix(
    asked: Any, picture: Any, decode: Any, key: int, alpha: Any, bright: Any, traits: Any, plate: Any, around: Any,
    black: float, gain: float, spill: float, outline: Any,
) -> None:  # fmt: skip
    """Prepare the blocks that are *asked* for, at half size, to be finished at full size.

    Writes into *outline*, for each pixel: slope and rest of the share of speaker; the least it may be; the screen's
    light (three); what of it to take per unit of spill; the speaker's own light, premultiplied (three), and its
    brightness; the mean share; how green the clothes may be.

    Args:
        around: by block, the screen's light now over the plate's (three), how green clothes may be, how surely it lies
            inside a person, how far outside the screen.
        black, gain: what share of speaker counts as none, and the steepness from there.
    """
    rows, columns = asked.shape
    second = 0 if key == 1 else 1
    fifth = np.float32(1 / 5)
    three = np.empty((3, 6), np.float32)
    field = np.empty(6, np.float32)
    for row in range(rows):
        for column in range(columns):
            if asked[row, column] == 0:
                continue
            for i in range(BLOCK):
                y = row * BLOCK + i
                down = _LEAN[i]
                other_row = min(max(row - 1 if down < _0 else row + 1, 0), rows - 1)
                down = abs(down)
                for k in range(6):
                    for n in range(3):
                        beside = min(max(column + n - 1, 0), columns - 1)
                        near = around[row, beside, k]
                        three[n, k] = near + (around[other_row, beside, k] - near) * down
                first_row = y - 1 if i or (row and asked[row - 1, column]) else y
                last_row = y + 1 if i < BLOCK - 1 or (row < rows - 1 and asked[row + 1, column]) else y
                for j in range(BLOCK):
                    x = column * BLOCK + j
                    along = _LEAN[j]
                    n = 0 if along < _0 else 2
                    along = abs(along)
                    for k in range(6):
                        field[k] = three[1, k] + (three[n, k] - three[1, k]) * along
                    # Around it, as far as it was asked for.
                    first = x - 1 if j or (column and asked[row, column - 1]) else x
                    last = x + 1 if j < BLOCK - 1 or (column < columns - 1 and asked[row, column + 1]) else x
                    slope = traits[y, x, 0]
                    rest = traits[y, x, 1]
                    slope += traits[first_row, x, 0] + traits[last_row, x, 0] + traits[y, first, 0] + traits[y, last, 0]
                    rest += traits[first_row, x, 1] + traits[last_row, x, 1] + traits[y, first, 1] + traits[y, last, 1]
                    slope *= fifth
                    rest *= fifth
                    mean = traits[y, x, 2]
                    together = traits[y, x, 3]
                    luma = bright[y, x]
                    rest = (_1 - together) * (alpha[y, x] - slope * luma) + together * rest
                    least = min(_1, field[4]) * min(_1, max(_0, np.float32(6) * (mean - np.float32(0.25))))
                    least = max(least, field[4] - _1)
                    part = max(least, min(_1, max(_0, (slope * luma + rest - black) * gain)))
                    out = field[5]
                    for k in range(3):
                        light = decode[picture[y, x, k]]
                        screen = field[k] * plate[y, x, k]
                        screen += (light - screen) * out
                        outline[y, x, 3 + k] = screen
                        outline[y, x, 7 + k] = max(_0, light - (_1 - part) * screen)
                    k_screen = outline[y, x, 3 + key] - np.float32(0.5) * (outline[y, x, 3 + second] + outline[y, x, 5])
                    take = spill * (_1 - out) / max(k_screen, np.float32(1e-3))
                    own, a, b = outline[y, x, 7 + key], outline[y, x, 7 + second], outline[y, x, 9]
                    over = max(_0, own - _BOTH * (a + b) - _LARGER * max(a, b) - part * field[3]) * take
                    for k in range(3):
                        outline[y, x, 7 + k] = max(_0, outline[y, x, 7 + k] - over * outline[y, x, 3 + k])
                    outline[y, x, 0] = slope
                    outline[y, x, 1] = rest
                    outline[y, x, 2] = least
                    outline[y, x, 6] = take
                    outline[y, x, 10] = _BLUE * outline[y, x, 7] + _GREEN * outline[y, x, 8] + _RED * outline[y, x, 9]
                    outline[y, x, 11] = mean
                    outline[y, x, 12] = field[3]
