"""Where the screen is and how it is lit, block by block: the slow half of keying.

A screen is never one colour. Lamps fall off, cloth folds, a person throws a shadow, a camera turns its exposure up and
down. So what the screen looks like *now* is kept as a field, one light for every 8 x 8 pixels: measured where screen
is surely seen, drawn in from all around where a speaker hides it. With a clean plate, the field is what the plate shows
times how the light has changed; without one it starts as one colour and learns the rest from the frames.

All of it works on some tens of thousands of blocks with OpenCV's small filters; no loop over pixels is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from greenscreen.facts import BLOCK, LEAST, MOST, PUREST, ROUGH, SHARE, UNEVEN
from greenscreen.key import BLUE, GREEN, Channels, Hue
from greenscreen.light import Floats

Mask = NDArray[np.bool_]

LEAST_SCREEN: Final = 0.03
"""A colour that fills less of the picture than this is no screen."""

BETWEEN = 0.25
QUICK = 0.7
_DARKEST: Final = 0.006
"""A screen's colour difference below this (of full light) is lost in noise."""

_CROSS = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)


def difference(light: Floats, channels: Channels) -> Floats:
    """How far the screen's channel stands above the mean of the two others."""
    one, two = channels.others
    return light[..., channels.key] - np.float32(0.5) * (light[..., one] + light[..., two])


def fill(values: Floats, weights: Floats) -> Floats:
    """Draw numbers from where they are known (*weights* up to 1) into where they are not, smoothly."""
    weights = weights[..., None]
    sums, heights = [values * weights], [weights]
    while max(sums[-1].shape[:2]) > 1:
        height, width = (max(1, (n + 1) // 2) for n in sums[-1].shape[:2])
        smaller = [
            cv2.resize(a, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, -1)
            for a in (sums[-1], heights[-1])
        ]
        sums.append(np.asarray(smaller[0], np.float32))
        heights.append(np.asarray(smaller[1], np.float32))
    drawn: Any = sums[-1] / np.maximum(heights[-1], 1e-6)
    for total, weight in zip(reversed(sums[:-1]), reversed(heights[:-1]), strict=True):
        height, width = weight.shape[:2]
        drawn = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, -1)
        sure = np.minimum(1, weight)
        drawn = drawn + (total / np.maximum(weight, 1e-6) - drawn) * sure
    return np.asarray(drawn, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A screen, as first met."""

    channels: Channels
    colour: Floats
    """Its middle light: blue, green, red."""
    where: Mask
    """Which blocks show it."""


def find(light: Floats, person: Floats | None, hue: Hue) -> Found | None:
    """The screen among the *light* of blocks; ``None`` where nothing shows one."""
    if hue is Hue.NONE:
        return None
    best: Found | None = None
    for channels in (GREEN, BLUE):
        if hue not in (Hue.AUTO, channels.hue):
            continue
        found = _find_one(light, person, channels)
        if found is not None and (best is None or found.where.sum() > best.where.sum()):
            best = found
    return best


def _find_one(light: Floats, person: Floats | None, channels: Channels) -> Found | None:
    stands = difference(light, channels)
    own = light[..., channels.key]
    one, two = (light[..., n] for n in channels.others)
    # The sky and jeans are blue, and grass is green, but a screen is so by a third of its light at least.
    likely = (stands > _DARKEST) & (stands > (0.3 if channels.key == 1 else 0.4) * own) & (own > np.maximum(one, two))
    if person is not None:
        likely &= person < 0.5
    if likely.mean() < LEAST_SCREEN:
        return None
    ratios = np.stack([one / own, two / own], -1)
    chosen = likely
    for reach in (0.3, 0.2, 0.15):  # home in on the most frequent colour
        middle = np.median(ratios[chosen], axis=0)
        chosen = likely & (np.abs(ratios - middle).max(-1) < reach)
        if chosen.mean() < LEAST_SCREEN:
            return None
    return Found(channels=channels, colour=np.median(light[chosen], axis=0).astype(np.float32), where=chosen)


class Field:
    """What is known of one screen, kept from frame to frame; `learn` brings it up to date.

    The fields that the kernels read: *rate*, *white*, *around*, *tints*, *outside*.
    """

    def __init__(self, *, channels: Channels, plate: Floats, known: Mask, noise: float = 0.01) -> None:
        """Take the half-size light of a *plate*, and the blocks of it that show screen."""
        height, width = (n // BLOCK for n in plate.shape[:2])
        self.channels = channels
        blocks = _shrunk(plate, (width, height))
        filled = fill(blocks, known.astype(np.float32))
        self.known = known.astype(np.float32)
        """How surely each block belongs to the screen, seen or hidden."""
        ratio = _drawn_out(_whole(filled / np.maximum(blocks, 1e-4)), plate.shape[:2])
        hidden = _drawn_out((~_shrink(known)).astype(np.float32), plate.shape[:2])[..., None]
        self.plate: Floats = np.ascontiguousarray(plate + (plate * ratio - plate) * np.minimum(1, hidden), np.float32)
        """The screen's light at half size, with whatever stood before it filled in."""
        self._settle()
        self.base = self.plate_blocks.copy()
        """The screen's light by block, in the light that the field was begun in."""
        self.now = self.base.copy()
        """The screen's light by block, now."""
        self.noise = noise
        """How far the share of screen moves by noise alone."""
        self.sure: Mask = known
        """The blocks that show nothing but screen, in the last frame learnt from."""
        self.moved = False
        """Whether the plate does not fit any more, and the field goes on without it."""
        self.fresh = True
        self._sure_before = float(known.mean())
        ones = np.ones((height, width), np.float32)
        self.rate, self.white, self.outside = ones, ones, ones * 0
        self.around = np.zeros((height, width, 6), np.float32)
        self.tints = np.zeros((height, width, 4), np.float32)

    @classmethod
    def grown(cls, found: Found, size: tuple[int, int]) -> Field:
        """A field that begins as one colour, for half-size frames of *size* (height, width)."""
        plate = np.broadcast_to(found.colour, (*size, 3)).astype(np.float32)
        field = cls(channels=found.channels, plate=plate, known=np.ones((size[0] // BLOCK, size[1] // BLOCK), np.bool_))
        field.known = found.where.astype(np.float32)
        return field

    def begin(self, found: Found, light: Floats) -> None:
        """Begin, or begin again, with a screen just *found*, whatever its light is now."""
        gain = np.median((light / np.maximum(self.base, 1e-4))[found.where], axis=0).astype(np.float32)
        self.now = self.base * gain
        self._sure_before, self.fresh = float(found.where.mean()), True

    def _settle(self) -> None:
        height, width = (n // BLOCK for n in self.plate.shape[:2])
        self.plate_blocks = _shrunk(self.plate, (width, height))
        stands = difference(self.plate, self.channels)
        least = max(_DARKEST, 0.1 * float(np.median(stands)))
        self.against: Floats = np.ascontiguousarray(1 / np.maximum(stands, least), np.float32)
        self._per_plate = _shrunk(self.against, (width, height))

    def flatten(self) -> None:
        """Give the plate up: its folds and marks are not where they were."""
        middle = np.median(self.base.reshape(-1, 3), axis=0).astype(np.float32)
        self.plate = np.ascontiguousarray(np.broadcast_to(middle, self.plate.shape), np.float32)
        self._settle()
        self.moved = True

    def learn(self, blocks: Floats, person: Floats, *, clothes: float, spill: float) -> bool:
        """Bring all fields up to date with the facts of a frame's *blocks*.

        *person* tells by block who is surely there. Returns whether the screen is seen at all.
        """
        light = blocks[..., :3]
        sure = self._surely(blocks, self.now, person)
        share = float(sure.mean())
        if share < 0.6 * self._sure_before:
            # The light has changed at once, or the camera moved: is this the same screen in another light?
            again = self._relit(light, person)
            if again is not None:
                other = self._surely(blocks, again, person, loose=True)
                if other.mean() > share:
                    self.now, sure, share, self.fresh = again, other, float(other.mean()), True
        if share < LEAST_SCREEN / 4:
            self._sure_before *= 0.9
            return False
        self._sure_before = max(share, 0.98 * self._sure_before)
        self.sure = sure
        weight = sure.astype(np.float32)

        gain = np.median((light / np.maximum(self.base, 1e-4))[sure], axis=0).astype(np.float32)
        expected = self.base * gain
        purest = blocks[..., PUREST : PUREST + 3]
        hidden = self._between(purest, expected, person) & ~sure
        seen_light = np.where(hidden[..., None], purest, light)
        ratio = fill(np.clip(seen_light / np.maximum(expected, 1e-4), 0.05, 8), weight + BETWEEN * hidden)
        now = expected * cv2.GaussianBlur(ratio, (0, 0), 0.8)
        self.now = now if self.fresh else self.now + (now - self.now) * np.float32(QUICK)
        # What a person hides is remembered from when it was seen.
        slow = np.float32(1.0 if self.fresh else 0.06)
        seen = weight[..., None]
        self.base += (light / np.maximum(gain, 1e-3) - self.base) * seen * slow
        self.known = np.maximum(self.known * (1 if self.fresh else np.float32(0.9995)), weight)
        if not self.moved:
            self.base = np.where(self.known[..., None] > 0.3, self.base, fill(self.base, self.known))
        else:
            self.base = fill(self.base, self.known)

        stands = difference(self.now, self.channels)
        floor = np.maximum(stands, 0.15 * np.median(stands[sure]))
        self.rate = _whole(1 / np.maximum(floor * self._per_plate, 1e-3))
        kappa = _whole(difference(light, self.channels) / np.maximum(floor, 1e-4))
        spread = np.sqrt(blocks[..., UNEVEN][sure]) * self.rate[sure]
        noise = float(np.median(spread)) if spread.size else 0.02
        self.noise = noise if self.fresh else self.noise + (noise - self.noise) * 0.3
        self._learn_speaker(blocks, person, kappa, stands, clothes, spill)
        self.fresh = False
        return True

    def _learn_speaker(
        self, blocks: Floats, person: Floats, kappa: Floats, stands: Floats, clothes: float, spill: float
    ) -> None:
        light = blocks[..., :3]
        one, two = (light[..., n] for n in self.channels.others)
        firm = person > 1.0 - 0.4 * clothes
        flat = blocks[..., ROUGH] * (self.rate * self.white) ** 2 < 0.16**2
        # Far inside a person nothing is see-through: there it is enough that the colour is not the screen's alone.
        reach = 2 * round(0.03 * firm.shape[0]) + 1
        core = cv2.erode(firm.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
        core &= _off(light, self.now, kappa) > 0.25
        solid = firm & (kappa < 0.9) & flat | core
        byte = solid.astype(np.uint8)
        deep = cv2.erode((solid & flat).astype(np.uint8), _CROSS)
        inside = cv2.erode(byte, _WIDE).astype(np.float32) + cv2.erode(core.astype(np.uint8), _CROSS)
        if not deep.any():
            white = limit = np.zeros_like(kappa)
        else:
            over = light[..., self.channels.key] - 0.35 * (one + two) - 0.3 * np.maximum(one, two)
            over = np.maximum(0, over - 0.03 * stands)
            both = fill(np.stack([kappa, over], -1), deep.astype(np.float32))
            white, limit = np.clip(both[..., 0] - 0.02, 0, 0.7), both[..., 1]
        self.white = _whole(1 / (1 - white))
        self.outside = self._beyond()
        self.around[..., :3] = self.now / np.maximum(self.plate_blocks, 1e-4)
        self.around[..., 3] = limit
        self.around[..., 4] = cv2.GaussianBlur(inside, (3, 3), 0)
        self.around[..., 5] = self.outside
        reach = np.maximum(stands, 1e-3)[..., None]
        self.tints[..., :3] = self.now / reach * spill * (1 - self.outside[..., None])
        self.tints[..., 3] = limit

    def _surely(self, blocks: Floats, expected: Floats, person: Floats, *, loose: bool = False) -> Mask:
        """The blocks that show nothing but screen, well away from whatever else there is."""
        light = blocks[..., :3]
        loose = loose or self.fresh
        stands = difference(expected, self.channels)
        kappa = _whole(difference(light, self.channels) / np.maximum(stands, 1e-4))
        least, most, apart = (0.2, 4.0, 0.3) if loose else (0.3, 2.0, 0.16)
        off = _off(light, expected, kappa)
        likely = (kappa > least) & (kappa < most) & (off < apart) & (person < 0.6)
        likely &= difference(light, self.channels) > _DARKEST / 2
        if not likely.any():
            return np.asarray(likely)
        rough = np.sqrt(blocks[..., UNEVEN]) / np.sqrt(np.clip(kappa, 0.1, None))
        usual = max(float(np.median(rough[likely])), 0.007)
        likely &= rough < 2.5 * usual
        byte = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_CLOSE, _CROSS)
        return cv2.erode(byte, _CROSS, borderValue=1).astype(np.bool_)

    def _between(self, purest: Floats, expected: Floats, person: Floats) -> Mask:
        """The blocks where screen is surely seen between strands of hair, or beside an edge."""
        kappa = _whole(difference(purest, self.channels) / np.maximum(difference(expected, self.channels), 1e-4))
        return np.asarray((kappa > 0.3) & (kappa < 1.3) & (_off(purest, expected, kappa) < 0.05) & (person < 0.9))

    def plain(self, blocks: Floats, mean: Floats, most: Floats) -> Mask:
        """The blocks whose light is the screen's own, if in another strength than was foreseen."""
        light = blocks[..., :3]
        stands = difference(self.now, self.channels)
        kappa = _whole(difference(light, self.channels) / np.maximum(stands, 1e-4))
        plain = (kappa > 0.3) & (_off(light, self.now, kappa) < max(0.03, 3 * self.noise))
        plain &= (mean < 0.25) & (most - mean < max(0.05, 4 * self.noise))
        return np.asarray(plain)

    def shares(self, blocks: Floats) -> tuple[Floats, Floats, Floats]:
        """The least, mean and most share of speaker in each block."""
        least, mean, most = (
            np.clip((1 - blocks[..., fact] * self.rate) * self.white, 0, 1) for fact in (MOST, SHARE, LEAST)
        )
        return least, mean, most

    def _relit(self, light: Floats, person: Floats) -> Floats | None:
        found = find(light, person, self.channels.hue)
        if found is None:
            return None
        gain = np.median((light / np.maximum(self.base, 1e-4))[found.where], axis=0)
        return np.asarray(self.base * gain, np.float32)

    def _beyond(self) -> Floats:
        """How far blocks lie outside the screen: not between any two places that showed it."""
        points = cv2.findNonZero(cv2.erode((self.known > 0.3).astype(np.uint8), _CROSS, borderValue=1))
        height, width = self.known.shape
        within: Any = np.zeros((height, width), np.uint8)
        if points is not None:
            cv2.fillConvexPoly(within, cv2.convexHull(points), 1)
        within = cv2.dilate(within, _WIDE)
        return _whole(1 - cv2.blur(within.astype(np.float32), (3, 3)))


def _off(light: Floats, screen: Floats, kappa: Floats) -> Floats:
    """How much of the *light* is not the screen's own, over what is."""
    like = screen * kappa[..., None]
    return np.asarray(np.abs(light - like).sum(-1) / np.maximum(np.abs(like).sum(-1), 1e-4), np.float32)


def _shrunk(plane: Floats, size: tuple[int, int]) -> Floats:
    return _whole(cv2.resize(plane, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], *plane.shape[2:]))


def _drawn_out(blocks: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(blocks, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _shrink(mask: Mask) -> Mask:
    return cv2.erode(mask.astype(np.uint8), _CROSS, borderValue=1).astype(np.bool_)


def _whole(values: Any) -> Floats:
    return np.ascontiguousarray(values, np.float32)
