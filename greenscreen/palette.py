"""The colours that a speaker is made of, as they are seen where it is surely solid.

A blurred hand and the sleeve beside it, a pale check and the rim of a white shirt: what lies nearest need not be of the
same stuff. So all that is surely solid is remembered in three ways, against which a pixel of an outline can be held:

- a few lights, to be mixed with the screen's. They are found by k-means in square roots of light, which are nearer to
  how colours are seen, and kept from frame to frame, so that they drift and do not jump;
- how usual each shade is;
- how usual each *own* light is, which is what is left without the screen's colour, and how much of that colour goes
  with it. The screen's light on a rim changes a shade, and not this.

Source: S. P. Lloyd, *Least squares quantization in PCM*, 1982.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from greenscreen.compiled import FLOATS1, SEEN2, SEEN3, inlined, kernel
from greenscreen.facts import BLOCK, KAPPA
from greenscreen.key import Channels
from greenscreen.light import Bytes, Floats, brightness, encoded
from greenscreen.screen import Mask

COLOURS: Final = 6
SHADES: Final = 32
"""Steps of each channel, by which shades are told apart."""
OWN: Final = 48
"""Steps in each direction, by which own lights are."""

_ENOUGH: Final = 20
_MANY: Final = 1000
_FIRST_ROUNDS: Final = 6
_FAR: Final = 0.98
"""A colour begins where it is farther from the others than this share of the speaker is: what is farther is noise."""
_SELDOM: Final = np.float32(0.002)
"""What makes up this share of the speaker is half usual."""
_NEVER: Final = 1e-4

_0, _1, _LAST = np.float32(0), np.float32(1), np.float32(OWN - 1)
_STEEP, _LEFT = np.float32(0.75 * OWN / 3**0.5), np.float32(0.25 * OWN)
_EIGHTHS = np.uint8(3)


class Palette:
    """The speaker's colours; `learn` brings them up to date."""

    def __init__(self) -> None:
        self.lights: Floats = np.zeros((COLOURS, 3), np.float32)
        """Linear light, ``(6, 3)``; black where nothing is known."""
        self.shades: Floats = np.zeros(SHADES**3, np.float32)
        """How usual each shade is, 0 to 1, in order of blue, green and red."""
        self.own: Floats = np.zeros((2, OWN * OWN), np.float32)
        """How usual each own light is, 0 to 1, in order of third channel and red; and the share of the screen's colour
        that goes with it.
        """
        self._room = np.zeros_like(self.shades)
        self._roots: Floats | None = None

    def learn(
        self, half: Bytes, solid: Mask, *, facts: Floats, verdict: Floats, now: Floats, channels: Channels
    ) -> None:
        """Gather what is *solid*, by block, in a half-size picture; of a few blocks nothing is learnt.

        *facts* and *verdict* of the blocks are fact by fact, the screen as it is *now* block by block.
        """
        count = np.count_nonzero(solid)
        if count < _ENOUGH:
            return
        tell_shades(half, np.ascontiguousarray(solid).view(np.uint8), self._room, self.shades)
        some = np.flatnonzero(solid)[:: max(1, count // _MANY)]
        lights = np.stack([facts[k].take(some) for k in range(3)], axis=1)
        self._tell_own(lights, now.reshape(-1, 3).take(some, axis=0), verdict[KAPPA].take(some), channels)
        roots = np.sqrt(np.maximum(lights, 0))
        middles, rounds = (_apart(roots), _FIRST_ROUNDS) if self._roots is None else (self._roots, 1)
        for _ in range(rounds):
            middles = _nearer(roots, middles)
        self._roots = middles
        self.lights = np.ascontiguousarray(middles * middles, np.float32)

    def usual(self, lights: Floats) -> Floats:
        """How usual some *lights*, ``(n, 3)``, are for the speaker, 0 to 1; 1 as long as nothing is known."""
        if self._roots is None:
            return np.ones(len(lights), np.float32)
        return np.asarray(self.shades[shade_of(*encoded(lights).T)], np.float32)

    def _tell_own(self, lights: Floats, behind: Floats, held: Floats, channels: Channels) -> None:
        left = (lights - held[:, None] * behind) / np.maximum(brightness(behind), 1e-3)[:, None]
        third, red = (own_step_of(left[:, k]).astype(np.int64) for k in channels.others)
        place = third * OWN + red
        count, sums = (
            cv2.blur(np.bincount(place, weights=w, minlength=OWN * OWN).reshape(OWN, OWN), (3, 3)) * 9
            for w in (None, np.clip(held, -0.5, 1.5))
        )
        self.own[0] = (count / (count + _SELDOM * len(lights))).ravel()
        self.own[1] = np.where(count > _NEVER * len(lights), sums / np.maximum(count, 1e-3), 0).ravel()


def own_step_of(light: Any) -> Any:
    """The step that an own light belongs to: the finer, the nearer to none."""
    return np.minimum(_LAST, np.maximum(_0, np.sign(light) * np.sqrt(np.abs(light)) * _STEEP + _LEFT))


def shade_of(blue: Any, green: Any, red: Any) -> Any:
    """The place of a shade."""
    return (np.uint32(blue >> _EIGHTHS) * SHADES + np.uint32(green >> _EIGHTHS)) * SHADES + np.uint32(red >> _EIGHTHS)


own_step, shade = inlined(own_step_of), inlined(shade_of)
"""The same for kernels: called from elsewhere they would be compiled there and then."""


@kernel(SEEN3, SEEN2, FLOATS1, FLOATS1)
def tell_shades(half: Any, solid: Any, room: Any, shades: Any) -> None:
    """Tell how usual each shade is in the *solid* blocks of a half-size picture.

    What is counted for a shade is also counted for its neighbours. *room* is as large as *shades*.
    """
    rows, columns = solid.shape
    room[:] = _0
    count = 0
    for row in range(rows):
        for column in range(columns):
            if solid[row, column] == 0:
                continue
            count += BLOCK * BLOCK
            for y in range(row * BLOCK, row * BLOCK + BLOCK):
                for x in range(column * BLOCK, column * BLOCK + BLOCK):
                    room[shade(half[y, x, 0], half[y, x, 1], half[y, x, 2])] += _1
    for stride in (1, SHADES, SHADES * SHADES):
        # At the end of a row this takes in the beginning of the next: shades so far apart that few speakers have both.
        for n in range(stride, shades.size - stride):
            shades[n] = room[n - stride] + room[n] + room[n + stride]
        for n in range(stride, shades.size - stride):
            room[n] = shades[n]
    least = _SELDOM * np.float32(count)
    for n in range(shades.size):
        shades[n] = room[n] / (room[n] + least)


def _apart(roots: Floats) -> Floats:
    """Colours to begin with: the mean, and then always one of those that are farthest from all there are."""
    middles = [roots.mean(axis=0)]
    for _ in range(COLOURS - 1):
        middles.append(_farthest(roots, np.min([_distance(roots, middle) for middle in middles], axis=0)))
    return np.asarray(middles, np.float32)


def _nearer(roots: Floats, middles: Floats) -> Floats:
    """One round: the mean of what is nearest to each colour. A colour that nothing is nearest to begins anew."""
    far = np.stack([_distance(roots, middle) for middle in middles])
    nearest = far.argmin(axis=0)
    counts = np.bincount(nearest, minlength=COLOURS)
    sums = np.stack([np.bincount(nearest, weights=roots[:, k], minlength=COLOURS) for k in range(3)], axis=1)
    moved = np.asarray(sums / np.maximum(counts, 1)[:, None], np.float32)
    for unused in np.flatnonzero(counts == 0):
        moved[unused] = _farthest(roots, far.min(axis=0))
    return moved


def _farthest(roots: Floats, far: Floats) -> Floats:
    place = int(_FAR * (len(far) - 1))
    return np.asarray(roots[np.argpartition(far, place)[place]])


def _distance(roots: Floats, middle: Floats) -> Floats:
    return np.asarray(np.square(roots - middle).sum(axis=1), np.float32)
