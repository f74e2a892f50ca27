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
    FLOATS1,
    FLOATS2,
    FLOATS3,
    NUMBER,
    READ1,
    READ2,
    READ3,
    SEEN2,
    SEEN3,
    TRUTH,
    WHOLE,
    kernel,
)
from greenscreen.facts import BLOCK, GRAIN, GREENNESS, LEAST, MIXED, MOST, PUREST, RING, ROUGH, SHARE, TRAITS, UNEVEN
from greenscreen.lanes import draw_across, draw_down, eight, four, place

_0, _1, _2 = np.float32(0), np.float32(1), np.float32(2)
_HALF, _03 = (np.float32(n) for n in (0.5, 0.3))
_BLUE, _GREEN, _RED = (np.float32(n) for n in (0.0722, 0.7152, 0.2126))
_AREA = np.float32(1 / BLOCK**2)
_MIDDLE = np.float32((BLOCK - 1) / 2)
_PLANE = np.float32(1 / (BLOCK**4 * (BLOCK**2 - 1) / 12))  # from sums over a block to the variance of its slope
_MOVED = np.float32(0.6)
_STILLEST = np.float32(0.45)
_LIT = np.float32(1 / 0.03)
_SMALL = np.float32(0.3)
_LITTLE = np.float32(1e-4)
_SLACK, _FLOOR, _THOUSANDTH, _TINY, _OF_ALL = (np.float32(n) for n in (2e-5, 1e-5, 1e-3, 1e-9, 1 / 25))
_KEPT = np.float32(0.5)
"""How much is kept of what brightness does not explain: of it all, noise is kept too; of none, thin gaps are lost."""
_GRAIN, _RAISED = np.float32(GRAIN), np.float32(1 / GRAIN)


@kernel(SEEN3, READ1, WHOLE, READ2, NUMBER, TRUTH, FLOATS2, FLOATS2, FLOATS2, FLOATS3)
def look(
    picture: Any, decode: Any, key: int, against: Any, noise: float, fresh: bool,
    share: Any, bright: Any, lean: Any, blocks: Any,
) -> None:  # fmt: skip
    """Work out how much of the screen's colour each pixel of a half-size picture holds, and the facts of each block.

    Args:
        key: the channel that the screen shines in.
        against: one over the screen's colour difference in the plate.
        noise: how far the share moves from frame to frame by noise alone.
        fresh: whether there is no frame before this one.
        share: of the screen's colour, kept from frame to frame to still the noise; so is *bright*.
        lean: how far red stands above the third channel.
        blocks: fact by fact.
    """
    width = share.shape[1]
    _, rows, columns = blocks.shape
    lights = np.empty((3, BLOCK, width), np.float32)
    excess = np.empty((BLOCK, width), np.float32)
    moved = _MOVED / max(np.float32(noise), _LITTLE)
    stillest = _1 if fresh else _STILLEST
    second = 0 if key == 1 else 1
    for row in range(rows):
        for inner in range(BLOCK):
            y = row * BLOCK + inner
            blue, green, red = lights[0, inner], lights[1, inner], lights[2, inner]
            for x in range(width):
                blue[x] = decode[picture[y, x, 0]]
                green[x] = decode[picture[y, x, 1]]
                red[x] = decode[picture[y, x, 2]]
            own, other = lights[key, inner], lights[second, inner]
            for x in range(width):
                luma = _BLUE * blue[x] + _GREEN * green[x] + _RED * red[x]
                both = other[x] + red[x]
                now = (own[x] - _HALF * both) * against[y, x]
                # Noise is stilled against the frame before, but only where nothing moved.
                before = share[y, x]
                change = (now - before) * moved
                step = (luma - bright[y, x]) * _LIT
                now = before + (now - before) * min(_1, max(stillest, change * change + step * step))
                share[y, x] = now
                bright[y, x] = luma
                lean[y, x] = red[x] - other[x]
                excess[inner, x] = own[x] - np.float32(0.35) * both - _03 * max(other[x], red[x])
        for column in range(columns):
            sums = _0
            squares = _0
            leans = _0
            falls = _0
            b = _0
            g = _0
            r = _0
            least = np.float32(9)
            most = -least
            greenest = -least
            for inner in range(BLOCK):
                line = _0
                for i in range(BLOCK):
                    x = column * BLOCK + i
                    now = share[row * BLOCK + inner, x]
                    b += lights[0, inner, x]
                    g += lights[1, inner, x]
                    r += lights[2, inner, x]
                    line += now
                    squares += now * now
                    leans += now * (np.float32(i) - _MIDDLE)
                    least = min(least, now)
                    most = max(most, now)
                    greenest = max(greenest, excess[inner, x])
                sums += line
                falls += line * (np.float32(inner) - _MIDDLE)
            mean = sums * _AREA
            rough = max(_0, squares * _AREA - mean * mean)
            blocks[0, row, column] = b * _AREA
            blocks[1, row, column] = g * _AREA
            blocks[2, row, column] = r * _AREA
            blocks[SHARE, row, column] = mean
            # A shadow's edge is a slope; what stands out from the slope is structure.
            blocks[UNEVEN, row, column] = max(_0, rough - (leans * leans + falls * falls) * _PLANE)
            blocks[LEAST, row, column] = least
            blocks[MOST, row, column] = most
            blocks[ROUGH, row, column] = rough
            blocks[GREENNESS, row, column] = greenest
            if most - least < np.float32(0.1) or most < np.float32(0.1):
                for k in range(3):
                    blocks[PUREST + k, row, column] = blocks[k, row, column]
                continue
            enough = most - np.float32(0.2) * (most - least)
            count = _0
            b = _0
            g = _0
            r = _0
            for inner in range(BLOCK):
                for x in range(column * BLOCK, column * BLOCK + BLOCK):
                    if share[row * BLOCK + inner, x] >= enough:
                        count += _1
                        b += lights[0, inner, x]
                        g += lights[1, inner, x]
                        r += lights[2, inner, x]
            blocks[PUREST, row, column] = b / count
            blocks[PUREST + 1, row, column] = g / count
            blocks[PUREST + 2, row, column] = r / count


# Places in the scratch array of `part`: numbers of a block's pixels.
_BLOCKFUL = BLOCK * BLOCK
_SHARE, _LEAN, _AGAINST, _PERSON, _ALPHA, _RATE, _WHITE, _OUTSIDE, _WEIGH, _STANDS = (n * _BLOCKFUL for n in range(10))
_FIELDS = 5


@kernel(FLOATS1)
def _parted(s: Any) -> None:
    """Work out the share of speaker in the pixels of one block, eight at once."""
    for n in range(_BLOCKFUL):
        rate, share = s[_RATE + n], s[_SHARE + n]
        scale = s[_WEIGH + n] * s[_AGAINST + n] * rate
        screen = (share * rate - scale * s[_LEAN + n]) / max(_SMALL, _1 - scale * s[_STANDS + n])
        mine = _1 - min(screen, share * rate)
        raised = min(_1, max(_0, (mine - _GRAIN) * _RAISED)) * (s[_WHITE + n] - _1)
        mine = min(_1, max(_0, mine + mine * raised))
        s[_ALPHA + n] = mine + (s[_PERSON + n] - mine) * s[_OUTSIDE + n]


@kernel(SEEN2, READ2, READ2, READ2, READ3, READ2, FLOATS2)
def part(asked: Any, share: Any, lean: Any, against: Any, fields: Any, person: Any, alpha: Any) -> None:
    """Work out the share of speaker in each pixel of the blocks that are *asked* for.

    The mean of the two other channels is the quietest measure of what is not screen, but takes half the yellow of fair
    hair for green. So red and the third channel are also weighed as makes the speaker's own colour count for nothing,
    that of whatever solid is nearest; of the two, the one that sees less screen is believed.

    Args:
        fields: by block, one over the share of the plate's colour difference that the screen shows in this light; one
            over the share of speaker that counts as all; how far it lies outside the screen, where *person* (at half
            size) decides; how much more red weighs; how far the screen's red stands above its third channel.
    """
    rows, columns = asked.shape
    width = share.shape[1]
    s = np.zeros(10 * _BLOCKFUL, np.float32)
    lines = np.empty((BLOCK, columns * _FIELDS), np.float32)
    drawn = lines.reshape(lines.size)
    flat_share, flat_lean, flat_against = (
        share.reshape(share.size),
        lean.reshape(lean.size),
        against.reshape(share.size),
    )
    flat_person, flat_alpha = person.reshape(person.size), alpha.reshape(alpha.size)
    flat_fields = fields.reshape((rows, columns * _FIELDS))
    for row in range(rows):
        if not asked[row].any():
            continue
        draw_down(row, flat_fields, lines)
        for column in range(columns):
            if asked[row, column] == 0:
                continue
            before, after = max(column - 1, 0), min(column + 1, columns - 1)
            for i in range(BLOCK):
                at = place((row * BLOCK + i) * width + column * BLOCK)
                four(flat_share, at, s, _SHARE + BLOCK * i)
                four(flat_lean, at, s, _LEAN + BLOCK * i)
                four(flat_against, at, s, _AGAINST + BLOCK * i)
                four(flat_person, at, s, _PERSON + BLOCK * i)
                here = place((i * columns + column) * _FIELDS)
                left, right = place((i * columns + before) * _FIELDS), place((i * columns + after) * _FIELDS)
                for k in range(_FIELDS):
                    draw_across(drawn, here + k, left + k, right + k, s, _RATE + k * _BLOCKFUL + BLOCK * i)
            _parted(s)
            for i in range(BLOCK):
                four(s, _ALPHA + BLOCK * i, flat_alpha, place((row * BLOCK + i) * width + column * BLOCK))


# Places in the scratch array of `fit`: eight by eight pixels around a block, five numbers of each; their sums over five
# rows, then over five columns. The sums of the middle four by four are wanted, and the rest is added up in vain.
_LINE = BLOCK + 4
_WINDOW = _LINE * _LINE
_DOWN, _SUMS, _FOUND = 5 * _WINDOW, 10 * _WINDOW, 15 * _WINDOW
_MIDST = 2 * _LINE + 2  # from the first of five rows and columns to the pixel that they are summed around


@kernel(NUMBER, NUMBER, FLOATS1)
def _agree(slack: Any, detail: float, s: Any) -> None:
    """Work out the traits of one block, by loops so plain that the compiler does eight pixels at once."""
    for n in range(_WINDOW):
        part, luma = s[n], s[_WINDOW + n]
        s[2 * _WINDOW + n] = part * luma
        s[3 * _WINDOW + n] = luma * luma
        s[4 * _WINDOW + n] = part * part
    for n in range(5 * _WINDOW - 4 * _LINE):
        s[_DOWN + n] = s[n] + s[n + _LINE] + s[n + 2 * _LINE] + s[n + 3 * _LINE] + s[n + 4 * _LINE]
    for n in range(5 * _WINDOW - 4 * _LINE - 4):
        d = _DOWN + n
        s[_SUMS + n] = (s[d] + s[d + 1] + s[d + 2] + s[d + 3] + s[d + 4]) * _OF_ALL
    for n in range(BLOCK * _LINE):
        m0, m1 = s[_SUMS + n], s[_SUMS + _WINDOW + n]
        both = s[_SUMS + 2 * _WINDOW + n] - m0 * m1
        lumas = max(_0, s[_SUMS + 3 * _WINDOW + n] - m1 * m1)
        parts = max(_0, s[_SUMS + 4 * _WINDOW + n] - m0 * m0)
        slope = both / (lumas + _FLOOR + _THOUSANDTH * m1 * m1)
        s[_FOUND + n] = slope * detail
        part, luma = s[n + _MIDST], s[_WINDOW + n + _MIDST]
        missed = part - m0 - slope * (luma - m1)
        s[_FOUND + _WINDOW + n] = m0 - slope * detail * m1 + _KEPT * detail * missed
        s[_FOUND + 2 * _WINDOW + n] = m0
        s[_FOUND + 3 * _WINDOW + n] = min(_1, both * both / ((lumas + _FLOOR) * (parts + slack) + _TINY))
        s[_FOUND + 4 * _WINDOW + n] = np.sqrt(parts)
        s[_FOUND + 5 * _WINDOW + n] = slope * np.sqrt(lumas)


@kernel(WHOLE, SEEN2, READ2, READ2, NUMBER, NUMBER, FLOATS3)
def fit(row: int, classes: Any, alpha: Any, bright: Any, noise: float, detail: float, traits: Any) -> None:
    """Find, around each pixel of the mixed blocks of a *row*, how the share of speaker follows brightness.

    A gap that is as bright as what it parts is told by colour alone: half of what brightness does not explain is kept.
    Writes into *traits*, by row (of a ring), trait and column (from the second on).

    Args:
        noise: of the share; agreement within it is chance.
        detail: 0 to 1, how much of the slope is used: less for a softened outline.
    """
    height, width = alpha.shape
    columns = classes.shape[1]
    s = np.zeros((15 + TRAITS) * _WINDOW, np.float32)
    flat_alpha, flat_bright = alpha.reshape(alpha.size), bright.reshape(bright.size)
    found = traits.reshape(traits.size)
    slack = noise * noise + _SLACK
    for column in range(columns):
        if classes[row, column] != MIXED:
            continue
        for i in range(_LINE):
            y = min(max(row * BLOCK + i - 2, 0), height - 1)
            if 0 < column < columns - 1:
                at = place(y * width + column * BLOCK - 2)
                eight(flat_alpha, at, s, _LINE * i)
                eight(flat_bright, at, s, _WINDOW + _LINE * i)
            else:
                for j in range(_LINE):
                    x = min(max(column * BLOCK + j - 2, 0), width - 1)
                    s[_LINE * i + j] = alpha[y, x]
                    s[_WINDOW + _LINE * i + j] = bright[y, x]
        _agree(slack, detail, s)
        for i in range(BLOCK):
            y = (row * BLOCK + i) % RING
            for k in range(TRAITS):
                to = place((y * TRAITS + k) * traits.shape[2] + column * BLOCK + 1)
                four(s, _FOUND + k * _WINDOW + _LINE * i, found, to)
