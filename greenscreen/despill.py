"""What the speaker looks like without the screen: its light taken out of soft edges, and off face and clothes.

Three things are taken away, all as light of the screen's own colour, so that red, blue and brightness come out right
and nothing turns grey. What shines *through* (hair, a blurred hand) is the screen's light times what the speaker does
not cover. What shines *on* the speaker is told by the screen's channel standing above the others by more than the
clothes deep inside do by themselves. What lies over everything is `greenscreen.glare`.

A camera's colour is coarser than its brightness, so that beside a dark rim less of the screen's colour is seen than is
taken away, and hair turns purple. What falls shorter of that colour than the speaker does anywhere near is filled up
again, at the same brightness (`blend`, `facts.AROUND`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen.compiled import FLOATS1, FLOATS3, NUMBER, READ1, READ2, READ3, SEEN2, SEEN3, WHOLE, kernel
from greenscreen.facts import AROUND, BLOCK, MIXED, OUTLINE, RING, TRAITS
from greenscreen.lanes import cored, draw_across, draw_down, eight, four, place

_0, _1 = np.float32(0), np.float32(1)
_BLUE, _GREEN, _RED = (np.float32(n) for n in (0.0722, 0.7152, 0.2126))
_BOTH, _LARGER = np.float32(0.35), np.float32(0.3)
_HALF, _FIFTH, _THOUSANDTH = (np.float32(n) for n in (0.5, 0.2, 1e-3))

# Places in the scratch array: numbers of a block's pixels in rows of eight, of which four are used. For slope and rest
# there is a pixel more on each side.
_LINE = 2 * BLOCK
_WINDOW = _LINE * (BLOCK + 2)
_SLOPE, _REST, _MEAN, _TOGETHER, _ALPHA, _BRIGHT, _LIGHT, _PLATE, _FIELDS, _OUT = (
    n * _WINDOW for n in (0, 1, 2, 3, 4, 5, 6, 9, 12, 12 + AROUND)
)


@kernel(WHOLE, NUMBER, NUMBER, NUMBER, NUMBER, READ1, FLOATS1)
def _unmixed(key: int, black: float, choke: float, gain: float, spill: float, glare: Any, s: Any) -> None:
    """Work out the traits of one block, by loops so plain that the compiler does eight pixels at once."""
    blue_glare, green_glare, red_glare = glare[0], glare[1], glare[2]
    for n in range(BLOCK * _LINE):
        w = n + _LINE + 1
        slope = s[w] + s[w - _LINE] + s[w + _LINE] + s[w - 1] + s[w + 1]
        w += _REST
        rest = s[w] + s[w - _LINE] + s[w + _LINE] + s[w - 1] + s[w + 1]
        slope *= _FIFTH
        rest *= _FIFTH
        mean, together, luma = s[_MEAN + n], s[_TOGETHER + n], s[_BRIGHT + n]
        clothes, inside, outside = (
            s[_FIELDS + 3 * _WINDOW + n],
            s[_FIELDS + 4 * _WINDOW + n],
            s[_FIELDS + 5 * _WINDOW + n],
        )
        rest = (_1 - together) * (s[_ALPHA + n] - slope * luma) + together * rest
        least = max(_0, inside + inside - _1)
        part = max(least, cored((slope * luma + rest - choke) * gain, black))
        blue, green, red = s[_LIGHT + n], s[_LIGHT + _WINDOW + n], s[_LIGHT + 2 * _WINDOW + n]
        from_blue = s[_FIELDS + n] * s[_PLATE + n]
        from_green = s[_FIELDS + _WINDOW + n] * s[_PLATE + _WINDOW + n]
        from_red = s[_FIELDS + 2 * _WINDOW + n] * s[_PLATE + 2 * _WINDOW + n]
        from_blue += (blue - from_blue) * outside
        from_green += (green - from_green) * outside
        from_red += (red - from_red) * outside
        blue = max(_0, blue - (_1 - part) * from_blue - part * blue_glare)
        green = max(_0, green - (_1 - part) * from_green - part * green_glare)
        red = max(_0, red - (_1 - part) * from_red - part * red_glare)
        screen, second = (from_green, from_blue) if key == 1 else (from_blue, from_green)
        take = spill * (_1 - outside) / max(screen - _HALF * (second + from_red), _THOUSANDTH)
        own, a = (green, blue) if key == 1 else (blue, green)
        over = max(_0, own - _BOTH * (a + red) - _LARGER * max(a, red) - part * clothes) * take
        s[_OUT + n] = slope
        s[_OUT + _WINDOW + n] = rest
        s[_OUT + 2 * _WINDOW + n] = least
        s[_OUT + 3 * _WINDOW + n] = from_blue
        s[_OUT + 4 * _WINDOW + n] = from_green
        s[_OUT + 5 * _WINDOW + n] = from_red
        s[_OUT + 6 * _WINDOW + n] = take
        s[_OUT + 7 * _WINDOW + n] = max(_0, blue - over * from_blue)
        s[_OUT + 8 * _WINDOW + n] = max(_0, green - over * from_green)
        s[_OUT + 9 * _WINDOW + n] = max(_0, red - over * from_red)
        s[_OUT + 10 * _WINDOW + n] = mean
        s[_OUT + 11 * _WINDOW + n] = clothes
        s[_OUT + 12 * _WINDOW + n] = s[_FIELDS + 6 * _WINDOW + n]


@kernel(
    WHOLE, SEEN2, SEEN3, READ1, WHOLE, READ2, READ2, READ3, READ3, READ3,
    NUMBER, NUMBER, NUMBER, NUMBER, READ1, FLOATS3,
)  # fmt: skip
def unmix(
    row: int, classes: Any, picture: Any, decode: Any, key: int, alpha: Any, bright: Any, traits: Any,
    plate: Any, around: Any, black: float, choke: float, gain: float, spill: float, glare: Any,
    outline: Any,
) -> None:  # fmt: skip
    """Prepare the mixed blocks of a *row*, at half size, to be finished at full size.

    Writes into *outline*, by row (of a ring), trait and column (from the second on).

    Args:
        traits: as `matte.fit` leaves them.
        around: by block, as `facts.AROUND` has it.
        black, choke, gain: what share of speaker counts as none, and the steepness from there.
        glare: what of the screen's light lies over all of the speaker.
    """
    rows, columns = classes.shape
    width, wide = alpha.shape[1], traits.shape[2]
    s = np.zeros((12 + AROUND + OUTLINE) * _WINDOW, np.float32)
    lines = np.empty((BLOCK, columns * AROUND), np.float32)
    drawn = lines.reshape(lines.size)
    flat_traits, flat_alpha, flat_bright = (
        traits.reshape(traits.size),
        alpha.reshape(alpha.size),
        bright.reshape(bright.size),
    )
    flat_picture, flat_plate = picture.reshape(picture.size), plate.reshape(plate.size)
    flat_outline = outline.reshape(outline.size)
    flat_around = around.reshape((rows, columns * AROUND))
    if not (classes[row] == MIXED).any():
        return
    draw_down(row, flat_around, lines)
    for column in range(columns):
        if classes[row, column] != MIXED:
            continue
        for i in range(BLOCK + 2):
            y = min(max(row * BLOCK + i - 1, 0), rows * BLOCK - 1) % RING
            eight(flat_traits, place(y * TRAITS * wide + column * BLOCK), s, _SLOPE + _LINE * i)
            eight(flat_traits, place((y * TRAITS + 1) * wide + column * BLOCK), s, _REST + _LINE * i)
        # Around it, as far as it was asked for.
        if row == 0 or classes[row - 1, column] != MIXED:
            eight(s, _SLOPE + _LINE, s, _SLOPE)
            eight(s, _REST + _LINE, s, _REST)
        if row == rows - 1 or classes[row + 1, column] != MIXED:
            eight(s, _SLOPE + BLOCK * _LINE, s, _SLOPE + (BLOCK + 1) * _LINE)
            eight(s, _REST + BLOCK * _LINE, s, _REST + (BLOCK + 1) * _LINE)
        if column == 0 or classes[row, column - 1] != MIXED:
            for n in range(2 * (BLOCK + 2)):
                s[_LINE * n] = s[_LINE * n + 1]
        if column == columns - 1 or classes[row, column + 1] != MIXED:
            for n in range(2 * (BLOCK + 2)):
                s[_LINE * n + BLOCK + 1] = s[_LINE * n + BLOCK]
        before, after = max(column - 1, 0), min(column + 1, columns - 1)
        for i in range(BLOCK):
            y = row * BLOCK + i
            at = place((y % RING * TRAITS + 2) * wide + column * BLOCK + 1)
            four(flat_traits, at, s, _MEAN + _LINE * i)
            four(flat_traits, at + wide, s, _TOGETHER + _LINE * i)
            at = place(y * width + column * BLOCK)
            four(flat_alpha, at, s, _ALPHA + _LINE * i)
            four(flat_bright, at, s, _BRIGHT + _LINE * i)
            for j in range(BLOCK):
                for k in range(3):
                    s[_LIGHT + k * _WINDOW + _LINE * i + j] = decode[flat_picture[3 * (at + j) + k]]
                    s[_PLATE + k * _WINDOW + _LINE * i + j] = flat_plate[3 * (at + j) + k]
            here = place((i * columns + column) * AROUND)
            left, right = place((i * columns + before) * AROUND), place((i * columns + after) * AROUND)
            for k in range(AROUND):
                draw_across(drawn, here + k, left + k, right + k, s, _FIELDS + k * _WINDOW + _LINE * i)
        _unmixed(key, black, choke, gain, spill, glare, s)
        for i in range(BLOCK):
            y = (row * BLOCK + i) % RING
            for k in range(OUTLINE):
                to = place((y * OUTLINE + k) * wide + column * BLOCK + 1)
                four(s, _OUT + k * _WINDOW + _LINE * i, flat_outline, to)
