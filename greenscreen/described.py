"""What describes a pixel of an outline: some fifty numbers of itself, of what lies around it, and of its block.

All of them are shares and ratios, so that light, hue and exposure of a screen do not matter. `outline` reads them; what
they are, one by one, stands in `facts`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from greenscreen.compiled import FLOATS1, FLOATS3, NUMBER, READ1, READ2, READ3, SEEN2, SEEN3, WHOLE, inlined, kernel
from greenscreen.facts import BLOCK, DESCRIBED, FIELDS, HINTS, OFF, PURELY, PURELY_OFF, ROUGH, UNEVEN
from greenscreen.lanes import draw_across, draw_down, four, place
from greenscreen.light import Floats
from greenscreen.palette import OWN, own_step, shade
from greenscreen.screen import Mask

LANES: Final = BLOCK * BLOCK
"""Pixels of a block, which are worked out at once."""
ALL_SCREEN, NO_SCREEN = np.float32(0.93), np.float32(0.02)
"""With at least so much of the screen's colour, or at most so much, around a pixel nothing is open."""
RINGS: Final = np.array(
    [
        [(-2, 0), (2, 0), (0, -2), (0, 2), (-1, -1), (1, -1), (-1, 1), (1, 1)],
        [(-5, 0), (5, 0), (0, -5), (0, 5), (-4, -4), (4, -4), (-4, 4), (4, 4)],
        [(-10, 0), (10, 0), (0, -10), (0, 10), (-7, -7), (7, -7), (-7, 7), (7, 7)],
    ],
    np.int64,
)
"""Pixels at half size, down and across, of which a ring is made."""

_0, _1, _2, _3, _9 = (np.float32(n) for n in (0, 1, 2, 3, 9))
_HALF, _EIGHTH, _MORE, _FOUR = (np.float32(n) for n in (0.5, 1 / 8, 1.5, 4))
_BLUE, _GREEN, _RED = (np.float32(n) for n in (0.0722, 0.7152, 0.2126))
_THOUSANDTH, _LITTLE, _SMALLEST = np.float32(1e-3), np.float32(1e-5), np.float32(1e-12)
_PARALLEL = np.float32(0.08)
_REACH = 10
_FITS, _HELD, _OVER, _FULL, _ALIKE = (np.float32(n) for n in (1.6, 1.2, 0.05, 1.1, 0.04))
# Places in the scratch array: for each number sixteen pixels, as they lie in a block.
_DRAWN = DESCRIBED * LANES
_SHARE = _DRAWN + FIELDS * LANES
_BRIGHT, _LIT, _LIGHT, _PLATE, _RING, _AROUND = (_SHARE + n * LANES for n in (1, 2, 3, 6, 9, 15))
_BEHIND, _STEPS, _BEST, _NEXT, _TRIED, _SQUARES = (_AROUND + n * LANES for n in (16, 19, 21, 25, 29, 33))
SCRATCH: Final = _SQUARES + 3 * LANES
"""Numbers that `describe` works with."""


def is_open(told: Floats) -> Mask:
    """Which of the pixels that are described are open: not all that lies around them is screen, nor none of it."""
    least, most = np.minimum(told[..., 12], told[..., 18]), np.maximum(told[..., 13], told[..., 19])
    return np.asarray((least <= ALL_SCREEN) & (most >= NO_SCREEN))


@kernel(SEEN2, READ3, READ3, READ2, READ2, READ3, READ2, READ3, READ3, FLOATS3)
def hint(
    asked: Any, blocks: Any, verdict: Any, person: Any, firm: Any, near: Any, inside: Any, fields: Any, around: Any,
    hints: Any,
) -> None:  # fmt: skip
    """Put what is known of each block side by side, where it is *asked* for.

    *blocks* and *verdict* are fact by fact.
    """
    rows, columns = asked.shape
    for row in range(rows):
        for column in range(columns):
            if asked[row, column] == 0:
                continue
            rate = fields[row, column, 0]
            hints[row, column, 0] = person[row, column]
            hints[row, column, 1] = firm[row, column]
            hints[row, column, 2] = inside[row, column] * _HALF
            hints[row, column, 3] = min(_1, blocks[UNEVEN, row, column] ** _HALF * rate)
            hints[row, column, 4] = min(_1, blocks[ROUGH, row, column] ** _HALF * rate)
            off, purely_off = verdict[OFF, row, column], verdict[PURELY_OFF, row, column]
            hints[row, column, 5] = off / (_1 + off)
            hints[row, column, 6] = min(_MORE, max(-_HALF, verdict[PURELY, row, column]))
            hints[row, column, 7] = purely_off / (_1 + purely_off)
            hints[row, column, 8] = min(_2, fields[row, column, 1] - _1)
            for k in range(3):
                hints[row, column, 9 + k] = near[row, column, k]
                hints[row, column, HINTS + 1 + k] = around[row, column, k]
            hints[row, column, HINTS] = rate


@inlined
def _shares(bb: Any, ff: Any, bf: Any, cb: Any, cf: Any, alike: Any) -> Any:
    """How much of two colours makes a third up best, from their products with each other; and whether (1 or 0) the two
    are apart enough to tell.
    """
    det = bb * ff - bf * bf
    apart = _1 if det > alike * bb * ff else _0
    over = apart / max(det, _SMALLEST)
    return (cb * ff - cf * bf) * over, (cf * bb - cb * bf) * over, apart


@kernel(WHOLE, NUMBER, FLOATS1)
def _compared(key: int, noise: float, s: Any) -> None:
    """Describe the pixels of one block by their colours, in loops so plain that the compiler does eight at once."""
    for n in range(LANES):
        rate = s[_DRAWN + HINTS * LANES + n]
        b0 = s[_DRAWN + (HINTS + 1) * LANES + n] * s[_PLATE + n]
        b1 = s[_DRAWN + (HINTS + 2) * LANES + n] * s[_PLATE + LANES + n]
        b2 = s[_DRAWN + (HINTS + 3) * LANES + n] * s[_PLATE + 2 * LANES + n]
        lit = _1 / max(_THOUSANDTH, _BLUE * b0 + _GREEN * b1 + _RED * b2)
        held = s[_SHARE + n] * rate
        s[LANES + n] = min(_MORE, max(-_HALF, held))
        s[2 * LANES + n] = min(_FOUR, s[_BRIGHT + n] * lit)
        c0, c1, c2 = s[_LIGHT + n], s[_LIGHT + LANES + n], s[_LIGHT + 2 * LANES + n]
        third = c0 - held * b0 if key == 1 else c1 - held * b1
        s[3 * LANES + n] = min(_3, max(-_1, third * lit))
        s[4 * LANES + n] = min(_3, max(-_1, (c2 - held * b2) * lit))
        f0, f1, f2 = s[_DRAWN + 9 * LANES + n], s[_DRAWN + 10 * LANES + n], s[_DRAWN + 11 * LANES + n]
        bb = b0 * b0 + b1 * b1 + b2 * b2
        ff = f0 * f0 + f1 * f1 + f2 * f2
        bf = b0 * f0 + b1 * f1 + b2 * f2
        cb = c0 * b0 + c1 * b1 + c2 * b2
        cf = c0 * f0 + c1 * f1 + c2 * f2
        p, q, apart = _shares(bb, ff, bf, cb, cf, _PARALLEL)
        r0, r1, r2 = c0 - p * b0 - q * f0, c1 - p * b1 - q * f1, c2 - p * b2 - q * f2
        off = apart * (r0 * r0 + r1 * r1 + r2 * r2) / (c0 * c0 + c1 * c1 + c2 * c2 + _LITTLE)
        s[5 * LANES + n] = min(_MORE, max(-_HALF, p))
        s[6 * LANES + n] = min(_2, max(_0, q))
        s[7 * LANES + n] = min(_1, np.sqrt(off))
        own, other_own = (f1, f0) if key == 1 else (f0, f1)
        behind, other_behind = (b1, b0) if key == 1 else (b0, b1)
        held = (own - _HALF * (other_own + f2)) / max(_THOUSANDTH, behind - _HALF * (other_behind + b2))
        s[8 * LANES + n] = min(_MORE, max(-_1, held))
        s[9 * LANES + n] = min(_3, max(-_1, (other_own - held * other_behind) * lit))
        s[10 * LANES + n] = min(_3, max(-_1, (f2 - held * b2) * lit))
        s[38 * LANES + n] = noise
        s[_LIT + n] = lit
        s[_STEPS + n], s[_STEPS + LANES + n] = own_step(s[3 * LANES + n]), own_step(s[4 * LANES + n])
        s[_BEHIND + n], s[_BEHIND + LANES + n], s[_BEHIND + 2 * LANES + n] = b0, b1, b2
    for n in range(9 * LANES):
        s[29 * LANES + n] = s[_DRAWN + n]


@kernel(READ2, FLOATS1)
def _matched(colours: Any, s: Any) -> None:
    """Find the two of the speaker's colours that, with the screen behind, best make up each pixel of a block."""
    for n in range(LANES):
        s[_BEST + n], s[_BEST + LANES + n], s[_BEST + 2 * LANES + n], s[_BEST + 3 * LANES + n] = _2, _0, _0, _1
        s[_NEXT + n], s[_NEXT + LANES + n], s[_NEXT + 2 * LANES + n], s[_NEXT + 3 * LANES + n] = _2, _0, _0, _1
        b0, b1, b2 = s[_BEHIND + n], s[_BEHIND + LANES + n], s[_BEHIND + 2 * LANES + n]
        c0, c1, c2 = s[_LIGHT + n], s[_LIGHT + LANES + n], s[_LIGHT + 2 * LANES + n]
        s[_SQUARES + n] = b0 * b0 + b1 * b1 + b2 * b2
        s[_SQUARES + LANES + n] = c0 * b0 + c1 * b1 + c2 * b2
        s[_SQUARES + 2 * LANES + n] = _1 / (c0 * c0 + c1 * c1 + c2 * c2 + _LITTLE)
    for k in range(colours.shape[0]):
        f0, f1, f2 = colours[k, 0], colours[k, 1], colours[k, 2]
        ff = f0 * f0 + f1 * f1 + f2 * f2
        for n in range(LANES):
            b0, b1, b2 = s[_BEHIND + n], s[_BEHIND + LANES + n], s[_BEHIND + 2 * LANES + n]
            c0, c1, c2 = s[_LIGHT + n], s[_LIGHT + LANES + n], s[_LIGHT + 2 * LANES + n]
            bb, cb, over_all = s[_SQUARES + n], s[_SQUARES + LANES + n], s[_SQUARES + 2 * LANES + n]
            bf = b0 * f0 + b1 * f1 + b2 * f2
            cf = c0 * f0 + c1 * f1 + c2 * f2
            p, q, apart = _shares(bb, ff, bf, cb, cf, _ALIKE)
            # What no share may be is no fit: less than none, or far brighter than it ever is.
            held, own = min(_HELD, max(_0, p)), min(_FITS, max(_0, q))
            r0, r1, r2 = c0 - held * b0 - own * f0, c1 - held * b1 - own * f1, c2 - held * b2 - own * f2
            off = np.sqrt((r0 * r0 + r1 * r1 + r2 * r2) * over_all)
            off = apart * off + (_1 - apart)
            s[_TRIED + n] = off + (_1 - apart) * _HALF + _OVER * max(_0, held + own - _FULL)
            s[_TRIED + LANES + n] = min(_MORE, max(-_HALF, p))
            s[_TRIED + 2 * LANES + n] = min(_2, max(_0, q))
            s[_TRIED + 3 * LANES + n] = min(_1, off)
        for n in range(LANES):
            one, first, second = s[_TRIED + n], s[_BEST + n], s[_NEXT + n]
            better, good = one < first, one < second
            for m in range(4):
                this, best = s[_TRIED + m * LANES + n], s[_BEST + m * LANES + n]
                s[_NEXT + m * LANES + n] = best if better else (this if good else s[_NEXT + m * LANES + n])
                s[_BEST + m * LANES + n] = this if better else best
    for n in range(3 * LANES):
        s[39 * LANES + n] = s[_BEST + LANES + n]
        s[42 * LANES + n] = s[_NEXT + LANES + n]


@kernel(FLOATS1)
def _rung(s: Any) -> None:
    """Sum one ring up: of eight pixels around each, mean, least and most share, mean brightness, and that of both."""
    for n in range(LANES):
        shares, lights, least, most, at_least, at_most = _0, _0, _9, -_9, _0, _0
        for k in range(8):
            one, light = s[_AROUND + k * LANES + n], s[_AROUND + (8 + k) * LANES + n]
            shares += one
            lights += light
            at_least = light if one < least else at_least
            least = min(least, one)
            at_most = light if one > most else at_most
            most = max(most, one)
        rate, lit = s[_DRAWN + HINTS * LANES + n], s[_LIT + n]
        s[_RING + n] = min(_MORE, max(-_HALF, shares * _EIGHTH * rate))
        s[_RING + LANES + n] = min(_MORE, max(-_HALF, least * rate))
        s[_RING + 2 * LANES + n] = min(_MORE, max(-_HALF, most * rate))
        s[_RING + 3 * LANES + n] = min(_FOUR, lights * _EIGHTH * lit)
        s[_RING + 4 * LANES + n] = min(_FOUR, at_least * lit)
        s[_RING + 5 * LANES + n] = min(_FOUR, at_most * lit)


@kernel(
    WHOLE, WHOLE, SEEN3, READ1, WHOLE, READ3, READ2, READ2, READ2, READ2, READ2, READ1, READ2, NUMBER, FLOATS1,
)  # fmt: skip
def describe(
    row: int, column: int, picture: Any, decode: Any, key: int, plate: Any, share: Any, bright: Any, alpha: Any,
    lines: Any, colours: Any, shades: Any, own_lights: Any, noise: float, s: Any,
) -> None:  # fmt: skip
    """Write what describes the pixels of one block into *s*: for each number, sixteen pixels.

    *lines* are what `lanes.draw_down` made of the row's hints.
    """
    height, width = share.shape
    columns = width // BLOCK
    flat_share, flat_bright, flat_alpha = (
        share.reshape(share.size),
        bright.reshape(share.size),
        alpha.reshape(share.size),
    )
    flat_picture, flat_plate = picture.reshape(picture.size), plate.reshape(plate.size)
    drawn = lines.reshape(lines.size)
    before, after = max(column - 1, 0), min(column + 1, columns - 1)
    for i in range(BLOCK):
        here, left, right = (
            place((i * columns + column) * FIELDS),
            place((i * columns + before) * FIELDS),
            place((i * columns + after) * FIELDS),
        )
        for k in range(FIELDS):
            draw_across(drawn, here + k, left + k, right + k, s, _DRAWN + k * LANES + BLOCK * i)
        at = place((row * BLOCK + i) * width + column * BLOCK)
        four(flat_alpha, at, s, BLOCK * i)
        four(flat_share, at, s, _SHARE + BLOCK * i)
        four(flat_bright, at, s, _BRIGHT + BLOCK * i)
        for j in range(BLOCK):
            for k in range(3):
                s[_LIGHT + k * LANES + BLOCK * i + j] = decode[flat_picture[3 * (at + j) + k]]
                s[_PLATE + k * LANES + BLOCK * i + j] = flat_plate[3 * (at + j) + k]
    _compared(key, noise, s)
    _matched(colours, s)
    for n in range(LANES):
        at = 3 * (place((row * BLOCK + n // BLOCK) * width + column * BLOCK + n % BLOCK))
        s[45 * LANES + n] = shades[shade(flat_picture[at], flat_picture[at + 1], flat_picture[at + 2])]
        at = place(s[_STEPS + n]) * OWN + place(s[_STEPS + LANES + n])
        s[46 * LANES + n], s[47 * LANES + n] = own_lights[0, at], own_lights[1, at]
    top, first = row * BLOCK, column * BLOCK
    within = top >= _REACH and first >= _REACH and top + BLOCK + _REACH <= height and first + BLOCK + _REACH <= width
    for ring in range(3):
        for k in range(8):
            down, along = RINGS[ring, k, 0], RINGS[ring, k, 1]
            to, light_to = _AROUND + k * LANES, _AROUND + (8 + k) * LANES
            for i in range(BLOCK):
                if within:
                    at = place((top + i + down) * width + first + along)
                    four(flat_share, at, s, to + BLOCK * i)
                    four(flat_bright, at, s, light_to + BLOCK * i)
                    continue
                b = min(max(top + i + down, 0), height - 1)
                for j in range(BLOCK):
                    a = min(max(first + j + along, 0), width - 1)
                    s[to + BLOCK * i + j], s[light_to + BLOCK * i + j] = share[b, a], bright[b, a]
        _rung(s)
        for n in range(6 * LANES):
            s[(11 + 6 * ring) * LANES + n] = s[_RING + n]


@kernel(SEEN2, SEEN3, READ1, WHOLE, READ3, READ2, READ2, READ3, READ2, READ1, READ2, NUMBER, READ2, FLOATS3)
def tell(
    asked: Any, picture: Any, decode: Any, key: int, plate: Any, share: Any, bright: Any, hints: Any,
    colours: Any, shades: Any, own_lights: Any, noise: float, alpha: Any, told: Any,
) -> None:  # fmt: skip
    """Write what describes each pixel of the blocks that are *asked* for into *told*, for teaching."""
    rows, columns = asked.shape
    s, lines = np.zeros(SCRATCH, np.float32), np.empty((BLOCK, columns * FIELDS), np.float32)
    wide_hints = hints.reshape((rows, columns * FIELDS))
    for row in range(rows):
        draw_down(row, wide_hints, lines)
        for column in range(columns):
            if asked[row, column] == 0:
                continue
            describe(
                row, column, picture, decode, key, plate, share, bright, alpha, lines,
                colours, shades, own_lights, noise, s,
            )  # fmt: skip
            for n in range(LANES):
                for k in range(DESCRIBED):
                    told[row * BLOCK + n // BLOCK, column * BLOCK + n % BLOCK, k] = s[k * LANES + n]
