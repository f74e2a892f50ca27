"""The last pass, at full size: the speaker laid over another picture, or cut free of this one.

Most blocks hold nothing but screen, or nothing but speaker: those are copied. Only outlines are worked out, from what
`greenscreen.despill` prepared at half size, with the camera's full-size brightness and what `greenscreen.fine` learnt.

The pixels of an outline's block are worked out together, one number of all of them after the other, by plain loops over
one scratch array. So the compiler sees that nothing overlaps, and does eight pixels at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from greenscreen import fine
from greenscreen.compiled import (
    BYTES1,
    BYTES2,
    BYTES3,
    FLOATS1,
    FLOATS3,
    NUMBER,
    READ1,
    READ2,
    READ3,
    SEEN1,
    SEEN2,
    SEEN3,
    TRUTH,
    WHOLE,
    inlined,
    kernel,
)
from greenscreen.described import LANES
from greenscreen.despill import unmix
from greenscreen.facts import BLOCK, EMPTY, MIXED, OUTLINE, RING, TINTED
from greenscreen.lanes import cored, eight, four, place
from greenscreen.matte import fit

_0, _1 = np.float32(0), np.float32(1)
_BLUE, _GREEN, _RED = (np.float32(n) for n in (0.0722, 0.7152, 0.2126))
_BOTH, _LARGER = np.float32(0.35), np.float32(0.3)
_STEPS = np.float32(16383)
_HALF = np.float32(0.5)
_INSIDE = np.float32(0.985)
_LEAST = np.float32(0.5 / 255)
_NEAR, _FAR = np.float32(3 / 4), np.float32(1 / 4)
_HARDLY_OUTSIDE = np.float32(0.01)
_TRACE, _THREE, _TEN = np.float32(2e-4), np.float32(3), np.float32(10)
_SIDE = 2 * BLOCK

# Places in the scratch array. A window is one trait of a block at half size and of one pixel around it, in rows of
# eight of which six are used. All windows stand one after the other: as they are, then drawn out to the right, each row
# with its four even pixels and its four odd ones, then down, to even rows and to odd ones. Of these last, four rows are
# pixels, and the rest is worked out in vain.
_LINE = 2 * BLOCK
_WINDOW = _LINE * (BLOCK + 2)
_LAST = _LINE * (BLOCK + 1)
_WINDOWS = OUTLINE * _WINDOW
_ACROSS, _KINDS = _WINDOWS, 2 * _WINDOWS
_SLOPE, _REST, _SURE, _SCREEN, _TAKE, _OWN, _MEAN, _CLOTHES, _LACK, _LIGHT, _BEHIND, _PART, _GUIDED = (
    _KINDS + n * _WINDOW for n in (0, 1, 2, 3, 6, 7, 10, 11, 12, 13, 16, 19, 20)
)
_KIND = 21 * _WINDOW
_SCRATCH = _KINDS + 2 * _KIND


@kernel(READ3, READ1, SEEN2, WHOLE, WHOLE, FLOATS1)
def _window(outline: Any, flat: Any, classes: Any, row: int, column: int, s: Any) -> None:
    """Look at the outline of a block and of one pixel around it.

    Only what was prepared is looked at: past it, the block's own border is used instead.
    """
    rows, columns = classes.shape
    width = outline.shape[2]
    left = column > 0 and classes[row, column - 1] == MIXED
    right = column < columns - 1 and classes[row, column + 1] == MIXED
    for i in range(BLOCK + 2):
        y = min(max(row * BLOCK + i - 1, 0), rows * BLOCK - 1) % RING
        for trait in range(OUTLINE):
            at = place((y * OUTLINE + trait) * width + column * BLOCK)
            eight(flat, at, s, trait * _WINDOW + i * _LINE)
    for n in range(2):
        beyond = row + 2 * n - 1
        edge, inner = (_LAST, _LAST - _LINE) if n else (0, _LINE)
        there = 0 <= beyond < rows and classes[beyond, column] == MIXED
        if not there:
            for trait in range(OUTLINE):
                for j in range(BLOCK + 2):
                    s[trait * _WINDOW + edge + j] = s[trait * _WINDOW + inner + j]
        if there and left and classes[beyond, column - 1] != MIXED:
            for trait in range(OUTLINE):
                s[trait * _WINDOW + edge] = s[trait * _WINDOW + inner]
        if there and right and classes[beyond, column + 1] != MIXED:
            for trait in range(OUTLINE):
                s[trait * _WINDOW + edge + BLOCK + 1] = s[trait * _WINDOW + inner + BLOCK + 1]
    if not left:
        for n in range(OUTLINE * (BLOCK + 2)):
            s[_LINE * n] = s[_LINE * n + 1]
    if not right:
        for n in range(OUTLINE * (BLOCK + 2)):
            s[_LINE * n + BLOCK + 1] = s[_LINE * n + BLOCK]


@kernel(FLOATS1)
def _draw(s: Any) -> None:
    """Draw the traits of a block out to full size, each pixel between the four nearest at half size."""
    for n in range(0, _WINDOWS, _LINE):
        at, to = place(n), place(_ACROSS + n)
        a, b, c, d, e, f = s[at], s[at + 1], s[at + 2], s[at + 3], s[at + 4], s[at + 5]
        one, two, three, four = _NEAR * b, _NEAR * c, _NEAR * d, _NEAR * e
        s[to], s[to + 1], s[to + 2], s[to + 3] = one + _FAR * a, two + _FAR * b, three + _FAR * c, four + _FAR * d
        to += np.uint32(BLOCK)
        s[to], s[to + 1], s[to + 2], s[to + 3] = one + _FAR * c, two + _FAR * d, three + _FAR * e, four + _FAR * f
    for n in range(_WINDOWS - 2 * _LINE):
        near = _NEAR * s[_ACROSS + n + _LINE]
        s[_KINDS + n] = near + _FAR * s[_ACROSS + n]
        s[_KINDS + _KIND + n] = near + _FAR * s[_ACROSS + n + 2 * _LINE]


@inlined
def _drawn_at(y: Any, x: Any) -> Any:
    """Where `_draw` puts a pixel of a block."""
    return y % 2 * _KIND + y // 2 * _LINE + x % 2 * BLOCK + x // 2


@kernel(SEEN1, READ1, WHOLE, WHOLE, WHOLE, WHOLE, FLOATS1)
def _light(picture: Any, decode: Any, row: int, column: int, width: int, to: int, s: Any) -> None:
    """Take the light of a block's pixels from a picture, sorted as `_draw` does."""
    for y in range(_SIDE):
        o = np.uint32(((row * _SIDE + y) * width + column * _SIDE) * 3)
        for x in range(_SIDE):
            p = _drawn_at(y, x)
            for k in range(3):
                s[to + k * _WINDOW + p] = decode[picture[o + 3 * x + k]]


@kernel(FLOATS1)
def _guide(s: Any) -> None:
    """Work out how much of a block's pixels is speaker, as their brightness tells it."""
    for kind in range(2):
        for n in range(BLOCK * _LINE):
            p = kind * _KIND + n
            luma = _BLUE * s[_LIGHT + p] + _GREEN * s[_LIGHT + _WINDOW + p] + _RED * s[_LIGHT + 2 * _WINDOW + p]
            s[_GUIDED + p] = s[_SLOPE + p] * luma + s[_REST + p]


@kernel(READ2, READ1, READ2, READ1, FLOATS1, FLOATS1)
def _refine(w0: Any, b0: Any, w1: Any, b1: Any, s: Any, f: Any) -> None:
    """Mend that by what `fine` has learnt; *f* is its scratch array, and holds what half size knows."""
    for quarter in range(4):
        at = _GUIDED + quarter // 2 * _KIND + quarter % 2 * BLOCK
        for i in range(BLOCK):
            four(s, place(at + i * _LINE), f, fine.GUIDED + quarter * LANES + i * BLOCK)
    for n in range(4 * LANES):
        f[fine.GUIDED + n] = min(fine.MOST, max(fine.LEAST, f[fine.GUIDED + n]))
    fine.mend(w0, b0, w1, b1, f)
    for quarter in range(4):
        at = _GUIDED + quarter // 2 * _KIND + quarter % 2 * BLOCK
        for i in range(BLOCK):
            for j in range(BLOCK):
                s[at + i * _LINE + j] += f[fine.OFF + quarter * LANES + i * BLOCK + j]


@kernel(WHOLE, NUMBER, NUMBER, NUMBER, READ1, TRUTH, FLOATS1)
def _mix(key: int, black: float, choke: float, gain: float, glare: Any, straight: bool, s: Any) -> None:
    """Work out a block's pixels: how much of each is speaker, and what is to be seen there."""
    blue_glare, green_glare, red_glare = glare[0], glare[1], glare[2]
    key_glare, a_glare = (green_glare, blue_glare) if key == 1 else (blue_glare, green_glare)
    less = key_glare - _HALF * (a_glare + red_glare)
    to_key = _1 - _GREEN if key == 1 else _1 - _BLUE
    to_blue, to_green = (to_key - _1, to_key) if key == 1 else (to_key, to_key - _1)
    for kind in range(2):
        for n in range(BLOCK * _LINE):
            p = kind * _KIND + n
            blue, green, red = s[_LIGHT + p], s[_LIGHT + _WINDOW + p], s[_LIGHT + 2 * _WINDOW + p]
            part = max(s[_SURE + p], cored((s[_GUIDED + p] - choke) * gain, black))
            own, a = (green, blue) if key == 1 else (blue, green)
            over = own - _BOTH * (a + red) - _LARGER * max(a, red) - s[_CLOTHES + p]
            # Well inside nothing needs mending but the screen's light, and mostly not that either.
            full = part >= _1 and s[_MEAN + p] > _INSIDE and over <= _0
            none = part <= _LEAST
            s[_PART + p] = _0 if none else part * np.float32(255) + _HALF
            left_over = _1 - part
            blue = max(_0, blue - left_over * s[_SCREEN + p] - part * blue_glare)
            green = max(_0, green - left_over * s[_SCREEN + _WINDOW + p] - part * green_glare)
            red = max(_0, red - left_over * s[_SCREEN + 2 * _WINDOW + p] - part * red_glare)
            own, a = (green, blue) if key == 1 else (blue, green)
            over = own - _BOTH * (a + red) - _LARGER * max(a, red) - part * s[_CLOTHES + p]
            over = max(_0, over) * s[_TAKE + p]
            blue = max(_0, blue - over * s[_SCREEN + p])
            green = max(_0, green - over * s[_SCREEN + _WINDOW + p])
            red = max(_0, red - over * s[_SCREEN + 2 * _WINDOW + p])
            # On a soft edge the camera's colour is older than its brightness: colour comes from half size.
            luma = _BLUE * blue + _GREEN * green + _RED * red
            b, g, r = s[_OWN + p], s[_OWN + _WINDOW + p], s[_OWN + 2 * _WINDOW + p]
            ratio = min(_THREE, (luma + _TRACE) / (_BLUE * b + _GREEN * g + _RED * r + _TRACE))
            trust = min(_1, max(_0, _TEN * s[_MEAN + p] * (_1 - s[_MEAN + p])))
            blue += (b * ratio - blue) * trust
            green += (g * ratio - green) * trust
            red += (r * ratio - red) * trust
            # What lacks the screen's colour more than the speaker does anywhere near lost too much of it: a purple rim.
            own, a = (green, blue) if key == 1 else (blue, green)
            lack = max(_0, _HALF * (a + red) - own - part * (s[_LACK + p] + less))
            blue = max(_0, blue + lack * to_blue)
            green = max(_0, green + lack * to_green)
            red = max(_0, red + lack * (to_key - _1))
            if straight:
                more = _1 / max(part, _LEAST)
                blue, green, red = blue * more, green * more, red * more
            else:
                blue += left_over * s[_BEHIND + p]
                green += left_over * s[_BEHIND + _WINDOW + p]
                red += left_over * s[_BEHIND + 2 * _WINDOW + p]
            if full:
                blue = max(_0, s[_LIGHT + p] - blue_glare)
                green = max(_0, s[_LIGHT + _WINDOW + p] - green_glare)
                red = max(_0, s[_LIGHT + 2 * _WINDOW + p] - red_glare)
            # Light that is only handed on becomes the very byte again that it came from.
            if none:
                blue, green, red = s[_BEHIND + p], s[_BEHIND + _WINDOW + p], s[_BEHIND + 2 * _WINDOW + p]
            s[_LIGHT + p] = min(_1, blue) * _STEPS + _HALF
            s[_LIGHT + _WINDOW + p] = min(_1, green) * _STEPS + _HALF
            s[_LIGHT + 2 * _WINDOW + p] = min(_1, red) * _STEPS + _HALF


@kernel(SEEN1, WHOLE, WHOLE, WHOLE, FLOATS1, BYTES1, BYTES1)
def _put(encode: Any, row: int, column: int, width: int, s: Any, out: Any, alpha: Any) -> None:
    """Write a block's pixels."""
    for y in range(_SIDE):
        here = place((row * _SIDE + y) * width + column * _SIDE)
        for x in range(_SIDE):
            p = _drawn_at(y, x)
            alpha[here + x] = np.uint8(s[_PART + p])
            for k in range(3):
                out[3 * (here + x) + k] = encode[place(s[_LIGHT + k * _WINDOW + p])]


# Places in the scratch array for a block that is nothing but speaker: its pixels as they come, three lights, the tint
# to take off each, and how green they may stay.
_PIXELS = _SIDE * _SIDE
_SEEN, _TINTS, _MAY = 0, 3 * _PIXELS, 6 * _PIXELS


@kernel(WHOLE, FLOATS1)
def _untinted(key: int, s: Any) -> None:
    """Work out what is left when the screen's light is taken off a block."""
    for n in range(_PIXELS):
        blue, green, red = s[_SEEN + n], s[_SEEN + _PIXELS + n], s[_SEEN + 2 * _PIXELS + n]
        own, a = (green, blue) if key == 1 else (blue, green)
        over = max(_0, own - _BOTH * (a + red) - _LARGER * max(a, red) - max(_0, s[_MAY + n]))
        s[_SEEN + n] = max(_0, blue - over * s[_TINTS + n]) * _STEPS + _HALF
        s[_SEEN + _PIXELS + n] = max(_0, green - over * s[_TINTS + _PIXELS + n]) * _STEPS + _HALF
        s[_SEEN + 2 * _PIXELS + n] = max(_0, red - over * s[_TINTS + 2 * _PIXELS + n]) * _STEPS + _HALF


@kernel(SEEN1, SEEN2, READ1, SEEN1, WHOLE, READ3, READ1, WHOLE, WHOLE, FLOATS1, BYTES1)
def _untint(
    picture: Any, classes: Any, decode: Any, encode: Any, key: int, tints: Any, glare: Any, row: int, column: int,
    s: Any, out: Any,
) -> None:  # fmt: skip
    """Take the screen's light off a block that is nothing but speaker."""
    rows, columns = classes.shape
    for i in range(_SIDE):
        along = (np.float32(i) - np.float32(3.5)) / np.float32(_SIDE)
        other = min(max(column - 1 if along < _0 else column + 1, 0), columns - 1)
        along = abs(along)
        for k in range(3):
            near = tints[row, column, k]
            near += (tints[row, other, k] - near) * along
            for j in range(_SIDE):
                s[_TINTS + k * _PIXELS + j * _SIDE + i] = near
        near = tints[row, column, 3]
        near += (tints[row, other, 3] - near) * along
        for n in range(2):
            other_row = min(max(row + 2 * n - 1, 0), rows - 1)
            far = tints[other_row, column, 3]
            far += (tints[other_row, other, 3] - far) * along
            for j in range(n * BLOCK, n * BLOCK + BLOCK):
                down = abs(np.float32(j) - np.float32(3.5)) / np.float32(_SIDE)
                s[_MAY + j * _SIDE + i] = near + (far - near) * down
    for j in range(_SIDE):
        at = place(((row * _SIDE + j) * columns + column) * _SIDE * 3)
        for i in range(_SIDE):
            for k in range(3):
                s[_SEEN + k * _PIXELS + j * _SIDE + i] = decode[picture[at + 3 * i + k]] - glare[k]
    _untinted(key, s)
    for j in range(_SIDE):
        at = place(((row * _SIDE + j) * columns + column) * _SIDE * 3)
        for i in range(_SIDE):
            for k in range(3):
                out[at + 3 * i + k] = encode[place(s[_SEEN + k * _PIXELS + j * _SIDE + i])]


@kernel(
    SEEN3, SEEN3, SEEN2, READ1, SEEN1, WHOLE, SEEN3, READ2, READ2, READ3, READ3, READ3,
    NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, READ1, SEEN2, TRUTH,
    READ2, READ1, READ2, READ1, TRUTH, FLOATS3, FLOATS3, FLOATS3, BYTES3, BYTES2,
)  # fmt: skip
def finish(
    picture: Any, background: Any, classes: Any, decode: Any, encode: Any, key: int,
    half: Any, share: Any, bright: Any, plate: Any, around: Any, tints: Any,
    noise: float, detail: float, black: float, choke: float, gain: float, spill: float,
    glare: Any, unglared: Any, straight: bool,
    w0: Any, b0: Any, w1: Any, b1: Any, refined: bool, told: Any, traits: Any, outline: Any, out: Any, alpha: Any,
) -> None:  # fmt: skip
    """Lay the speaker over *background*, or cut it free (*straight*: then the background is not looked at).

    Args:
        classes: of each block: empty, clear, tinted or mixed.
        half: the picture at half size; *share* of speaker, *bright* and *plate* are of that size, too.
        around: by block, as `despill.unmix` reads it, which also takes *black*, *gain* and *spill*.
        tints: by block, light of the screen's colour to take per unit of spill (three), and how green clothes may be.
        noise, detail: as `matte.fit` takes them.
        glare: what of the screen's light lies over all of the speaker, and what each byte is without it.
        w0, b0, w1, b1: weights of `fine`, by which outlines are mended if they are to be *refined*.
        told: room for what `fine` was told of each pixel at half size, for teaching; none if it is of one row.
        traits, outline: room for what `matte.fit` and `despill.unmix` find, a few rows at a time.
        out: begins as the background, or black; so *alpha* begins as nothing.
    """
    rows, columns = classes.shape
    width = alpha.shape[1]
    s, f = np.zeros(_SCRATCH, np.float32), np.zeros(fine.SCRATCH, np.float32)
    wide, flat_traits = traits.shape[2], traits.reshape(traits.size)
    prepared = outline.reshape(outline.size)
    flat_picture = picture.reshape(picture.size)
    flat_background = background.reshape(background.size)
    flat_out = out.reshape(out.size)
    flat_alpha = alpha.reshape(alpha.size)
    # Each of the three looks one row ahead of the next: so the first of them begins two rows before.
    for row in range(-2, rows):
        if row + 2 < rows:
            fit(row + 2, classes, share, bright, noise, detail, traits)
        if 0 <= row + 1 < rows:
            unmix(
                row + 1, classes, half, decode, key, share, bright, traits,
                plate, around, black, choke, gain, spill, glare, outline,
            )  # fmt: skip
        begin = 0 if row >= 0 else columns
        while begin < columns:
            kind = classes[row, begin]
            end = begin + 1
            while end < columns and classes[row, end] == kind:
                end += 1
            if kind == MIXED:
                for column in range(begin, end):
                    _window(outline, prepared, classes, row, column, s)
                    _draw(s)
                    _light(flat_picture, decode, row, column, width, _LIGHT, s)
                    if not straight:
                        _light(flat_background, decode, row, column, width, _BEHIND, s)
                    _guide(s)
                    if refined and around[row, column, 5] < _HARDLY_OUTSIDE:
                        fine.around(row, column, share, flat_traits, wide, f)
                        if f[fine.ANY] > _0:
                            _refine(w0, b0, w1, b1, s, f)
                            if told.shape[0] > 1:
                                fine.tell(row, column, f, told)
                    _mix(key, black, choke, gain, glare, straight, s)
                    _put(encode, row, column, width, s, flat_out, flat_alpha)
            elif kind != EMPTY:
                for y in range(row * _SIDE, row * _SIDE + _SIDE):
                    first, last = place(y * width + begin * _SIDE), place(y * width + end * _SIDE)
                    flat_alpha[first:last] = 255
                    if kind == TINTED:
                        continue
                    for n in range(3 * first, 3 * last, 3):
                        flat_out[n] = unglared[0, flat_picture[n]]
                        flat_out[n + 1] = unglared[1, flat_picture[n + 1]]
                        flat_out[n + 2] = unglared[2, flat_picture[n + 2]]
                if kind == TINTED:
                    for column in range(begin, end):
                        _untint(
                            flat_picture, classes, decode, encode, key, tints, glare, row, column, s, flat_out,
                        )  # fmt: skip
            begin = end
