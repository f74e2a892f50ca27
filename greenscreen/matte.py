"""How much of each pixel is speaker: a colour difference in linear light, against what the screen shows there.

A screen shines in one channel; how far that channel stands above the mean of the other two says how much screen a pixel
holds, and that share is exact for whatever is grey in front of it. It is worked out at half size, where cameras keep
their colour anyway, and brought up by brightness, which they keep at full size: `fit` finds how the share follows
brightness around each pixel.

Blocks are squares of 4 x 4 pixels at half size (8 x 8 at full size). All that varies slowly, like light and shadow, is
known by block; see `greenscreen.screen`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import (
    FLOATS2,
    FLOATS3,
    NUMBER,
    READ1,
    READ2,
    SEEN2,
    SEEN3,
    TRUTH,
    WHOLE,
    inlined,
    kernel,
)
from greenscreen.facts import BLOCK, COARSE, FACTS, GREENNESS, LEAST, MEAN, MOST, ROUGH, SHARE, UNEVEN

_0, _1, _2 = np.float32(0), np.float32(1), np.float32(2)
_HALF, _QUARTER, _05, _07, _03 = (np.float32(n) for n in (0.5, 0.25, 0.5, 0.7, 0.3))
_BLUE, _GREEN, _RED = (np.float32(n) for n in (0.0722, 0.7152, 0.2126))
_AREA = np.float32(1 / BLOCK**2)
_SIDE = np.float32(BLOCK)
_MIDDLE = np.float32((BLOCK - 1) / 2)
_PLANE = np.float32(1 / (BLOCK**4 * (BLOCK**2 - 1) / 12))  # from sums over a block to the variance of its slope
_MOVED = np.float32(0.6)
_STILLEST = np.float32(0.45)
_LIT = np.float32(1 / 0.03)
_LITTLE = np.float32(1e-4)


@inlined
def _draw_out(narrow: Any, wide: Any) -> None:
    """One number a block becomes one a pixel, in straight lines from centre to centre."""
    last = narrow.shape[0] - 1
    for column in range(last + 1):
        here = narrow[column]
        left = narrow[max(column - 1, 0)] - here
        right = narrow[min(column + 1, last)] - here
        at = column * BLOCK
        wide[at] = here + left * np.float32(0.375)
        wide[at + 1] = here + left * np.float32(0.125)
        wide[at + 2] = here + right * np.float32(0.125)
        wide[at + 3] = here + right * np.float32(0.375)


@kernel(
    SEEN3, READ1, WHOLE, READ2, READ2, READ2, READ2, READ2, TRUTH, NUMBER, TRUTH, FLOATS2, FLOATS2, FLOATS2, FLOATS3,
)  # fmt: skip
def look(
    picture: Any, decode: Any, key: int, against: Any, rate: Any, white: Any, outside: Any, person: Any,
    partly: bool, noise: float, fresh: bool, share: Any, bright: Any, alpha: Any, blocks: Any,
) -> None:  # fmt: skip
    """Work out the share of speaker in each pixel of a half-size picture, and the facts of each block.

    Args:
        key: the channel that the screen shines in.
        against: one over the screen's colour difference in the plate.
        rate: by block, one over the share of the plate's colour difference that the screen shows in this light.
        white: by block, one over the share of speaker that counts as all.
        outside: by block, how far it lies outside the screen, where *person* (at half size) decides; read if *partly*.
        noise: how far the share moves from frame to frame by noise alone.
        fresh: whether there is no frame before this one.
        share: of the screen's colour, kept from frame to frame to still the noise; so is *bright*.
    """
    width = share.shape[1]
    rows, columns = rate.shape
    blue = np.empty(width, np.float32)
    green = np.empty(width, np.float32)
    red = np.empty(width, np.float32)
    excess = np.empty(width, np.float32)
    rates = np.empty(width, np.float32)
    whites = np.empty(width, np.float32)
    outs = np.empty(width, np.float32)
    narrow = np.empty((3, columns), np.float32)
    slopes = np.empty((2, columns), np.float32)
    moved = _MOVED / max(np.float32(noise), _LITTLE)
    stillest = _1 if fresh else _STILLEST
    for row in range(rows):
        for column in range(columns):
            for fact in range(FACTS):
                blocks[row, column, fact] = _0
            blocks[row, column, LEAST] = _2
            blocks[row, column, GREENNESS] = -_2
            slopes[0, column] = _0
            slopes[1, column] = _0
        for inner in range(BLOCK):
            y = row * BLOCK + inner
            lean = (np.float32(inner) - _MIDDLE) / _SIDE
            other = min(max(row - 1 if lean < _0 else row + 1, 0), rows - 1)
            lean = abs(lean)
            for column in range(columns):
                narrow[0, column] = rate[row, column] + (rate[other, column] - rate[row, column]) * lean
                narrow[1, column] = white[row, column] + (white[other, column] - white[row, column]) * lean
            _draw_out(narrow[0], rates)
            _draw_out(narrow[1], whites)
            for x in range(width):
                blue[x] = decode[picture[y, x, 0]]
                green[x] = decode[picture[y, x, 1]]
                red[x] = decode[picture[y, x, 2]]
            first, second = (green, blue) if key == 1 else (blue, green)
            for x in range(width):
                luma = _BLUE * blue[x] + _GREEN * green[x] + _RED * red[x]
                now = (first[x] - _HALF * (second[x] + red[x])) * against[y, x]
                # Noise is stilled against the frame before, but only where nothing moved.
                before = share[y, x]
                change = (now - before) * moved
                step = (luma - bright[y, x]) * _LIT
                now = before + (now - before) * min(_1, max(stillest, change * change + step * step))
                share[y, x] = now
                bright[y, x] = luma
                alpha[y, x] = min(_1, max(_0, (_1 - now * rates[x]) * whites[x]))
                excess[x] = first[x] - np.float32(0.35) * (second[x] + red[x]) - _03 * max(second[x], red[x])
            if partly:
                for column in range(columns):
                    narrow[2, column] = outside[row, column] + (outside[other, column] - outside[row, column]) * lean
                _draw_out(narrow[2], outs)
                for x in range(width):
                    alpha[y, x] += (person[y, x] - alpha[y, x]) * outs[x]
            for column in range(columns):
                sums = _0
                squares = _0
                lumas = _0
                parts = _0
                roughs = _0
                leans = _0
                b = _0
                g = _0
                r = _0
                least = blocks[row, column, LEAST]
                most = blocks[row, column, MOST]
                greenest = blocks[row, column, GREENNESS]
                for x in range(column * BLOCK, column * BLOCK + BLOCK):
                    b += blue[x]
                    g += green[x]
                    r += red[x]
                    sums += share[y, x]
                    squares += share[y, x] * share[y, x]
                    leans += share[y, x] * (np.float32(x - column * BLOCK) - _MIDDLE)
                    lumas += bright[y, x] * bright[y, x]
                    parts += alpha[y, x]
                    roughs += alpha[y, x] * alpha[y, x]
                    least = min(least, alpha[y, x])
                    most = max(most, alpha[y, x])
                    greenest = max(greenest, excess[x])
                blocks[row, column, 0] += b
                blocks[row, column, 1] += g
                blocks[row, column, 2] += r
                blocks[row, column, SHARE] += sums
                slopes[0, column] += leans
                slopes[1, column] += sums * (np.float32(inner) - _MIDDLE)
                blocks[row, column, UNEVEN] += squares
                blocks[row, column, COARSE] += lumas
                blocks[row, column, MEAN] += parts
                blocks[row, column, ROUGH] += roughs
                blocks[row, column, LEAST] = least
                blocks[row, column, MOST] = most
                blocks[row, column, GREENNESS] = greenest
        for column in range(columns):
            for fact in (0, 1, 2, SHARE, UNEVEN, COARSE, MEAN, ROUGH):
                blocks[row, column, fact] *= _AREA
            luma = _BLUE * blocks[row, column, 0] + _GREEN * blocks[row, column, 1] + _RED * blocks[row, column, 2]
            # A shadow's edge is a slope; what stands out from the slope is structure.
            slope = (slopes[0, column] ** 2 + slopes[1, column] ** 2) * _PLANE
            uneven = blocks[row, column, UNEVEN] - blocks[row, column, SHARE] ** 2 - slope
            blocks[row, column, UNEVEN] = max(_0, uneven)
            blocks[row, column, ROUGH] = max(_0, blocks[row, column, ROUGH] - blocks[row, column, MEAN] ** 2)
            blocks[row, column, COARSE] = max(_0, blocks[row, column, COARSE] - luma * luma)


@kernel(SEEN2, READ2, READ2, NUMBER, NUMBER, FLOATS3)
def fit(asked: Any, alpha: Any, bright: Any, noise: float, detail: float, traits: Any) -> None:
    """Find, around each pixel of the blocks that are *asked* for, how the share of speaker follows brightness.

    Writes into *traits*: the slope, the share left when brightness is taken out, the mean share, and how well the two
    go together (0 to 1).

    Args:
        noise: of the share; agreement within it is chance.
        detail: 0 to 1, how much of the slope is used: less for a softened outline.
    """
    height, width = alpha.shape
    rows, columns = asked.shape
    side = BLOCK + 4
    window = np.empty((5, side, side), np.float32)
    down = np.empty((5, BLOCK, side), np.float32)
    sums = np.empty((5, BLOCK, BLOCK), np.float32)
    part_of_all = np.float32(1 / 25)
    floor = np.float32(1e-5)
    slack = noise * noise + np.float32(2e-5)
    for row in range(rows):
        for column in range(columns):
            if asked[row, column] == 0:
                continue
            for i in range(side):
                y = min(max(row * BLOCK + i - 2, 0), height - 1)
                for j in range(side):
                    x = min(max(column * BLOCK + j - 2, 0), width - 1)
                    part = alpha[y, x]
                    luma = bright[y, x]
                    window[0, i, j] = part
                    window[1, i, j] = luma
                    window[2, i, j] = part * luma
                    window[3, i, j] = luma * luma
                    window[4, i, j] = part * part
            for n in range(5):
                for i in range(BLOCK):
                    for j in range(side):
                        down[n, i, j] = (
                            window[n, i, j]
                            + window[n, i + 1, j]
                            + window[n, i + 2, j]
                            + window[n, i + 3, j]
                            + window[n, i + 4, j]
                        )
                    for j in range(BLOCK):
                        sums[n, i, j] = (
                            down[n, i, j]
                            + down[n, i, j + 1]
                            + down[n, i, j + 2]
                            + down[n, i, j + 3]
                            + down[n, i, j + 4]
                        ) * part_of_all
            for i in range(BLOCK):
                for j in range(BLOCK):
                    m0 = sums[0, i, j]
                    m1 = sums[1, i, j]
                    both = sums[2, i, j] - m0 * m1
                    lumas = max(_0, sums[3, i, j] - m1 * m1)
                    parts = max(_0, sums[4, i, j] - m0 * m0)
                    slope = both / (lumas + floor + np.float32(1e-3) * m1 * m1)
                    together = both * both / ((lumas + floor) * (parts + slack) + np.float32(1e-9))
                    y = row * BLOCK + i
                    x = column * BLOCK + j
                    traits[y, x, 0] = slope * detail
                    traits[y, x, 1] = m0 - slope * detail * m1
                    traits[y, x, 2] = m0
                    traits[y, x, 3] = min(_1, together)
