"""How the screen is lit, block by block: the slow half of keying.

A screen is never one colour. Lamps fall off, cloth folds, a person throws a shadow, a camera turns its exposure up and
down. So what the screen looks like *now* is kept as a field, one light for every 8 x 8 pixels: measured where screen
is surely seen, drawn in from all around where a speaker hides it. With a clean plate, the field is what the plate shows
times how the light has changed; without one it starts as one colour and learns the rest from the frames.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from greenscreen.clothes import Clothes
from greenscreen.extent import beyond, with_tape
from greenscreen.facts import (
    AROUND,
    BLOCK,
    KAPPA,
    LEAST,
    OFF,
    PURELY,
    PURELY_OFF,
    PUREST,
    ROUGH,
    UNEVEN,
    VERDICTS,
)  # fmt: skip
from greenscreen.gain import gain, middle, sample, times
from greenscreen.judge import judge, lay_out, share_out
from greenscreen.key import Channels
from greenscreen.light import Floats, brightness
from greenscreen.opaque import filled, opaque_in
from greenscreen.palette import Palette
from greenscreen.screen import DARKEST, LEAST_SCREEN, Found, Mask, difference, fill, find

QUICK: Final = 0.7
"""How much of a change of light is taken over from one frame to the next: the rest is noise."""

_CROSS: Final = np.ones((3, 3), np.uint8)
_WIDE: Final = np.ones((5, 5), np.uint8)
_SELDOM: Final = 15
_TAPED: Final = 0.25
_UNUSUAL: Final = 0.05
_SURELY: Final = 0.6


class Field:
    """What is known of one screen, kept from frame to frame; `learn` brings it up to date.

    The fields that the kernels read: *rate*, *around*, *tints*, *outside*, and those of *clothes*.
    """

    def __init__(self, *, channels: Channels, plate: Floats, known: Mask) -> None:
        """Take the half-size light of a *plate*, and the blocks of it that show screen."""
        height, width = (n // BLOCK for n in plate.shape[:2])
        known = with_tape(known)
        self.channels = channels
        blocks = _shrunk(plate, (width, height))
        filled = fill(blocks, known.astype(np.float32))
        self.known: Floats = known.astype(np.float32)
        """How surely each block belongs to the screen, seen or hidden."""
        behind = _drawn_out(filled, plate.shape[:2])
        hidden = _drawn_out((~_shrink(known)).astype(np.float32), plate.shape[:2])[..., None]
        self.plate: Floats = _whole(plate + (behind - plate) * np.minimum(1, 2 * hidden))
        """The screen's light at half size, with whatever stood before it filled in."""
        self._settle()
        self.base = self.plate_blocks.copy()
        """The screen's light by block, in the light that the field was begun in."""
        self.now = self.base.copy()
        """The screen's light by block, now."""
        self.noise = 0.01
        """How far the share of screen moves by noise alone."""
        self.moved = False
        """Whether the plate does not fit any more, and the field goes on without it."""
        self.fresh = True
        """Whether nothing was learnt yet since the screen was found."""
        self._bounded = True
        self._count = self._doubts = self._since_look = 0
        self._sure_before = float(known.mean())
        self._sure = known
        self._deep: Mask = np.zeros((height, width), np.bool_)
        self._whole: Mask = np.zeros((height, width), np.bool_)
        self._verdict = np.zeros((VERDICTS, height, width), np.float32).transpose(1, 2, 0)
        self._expected: Floats | None = None
        ones = np.ones((height, width), np.float32)
        self.rate, self.outside, self._held = ones, ones * 0, ones * 0
        self.clothes = Clothes(channels, (height, width))
        """In which colours the speaker is."""
        self.inside: Floats = ones * 0
        """How surely each block lies inside the speaker, 0 to 2, as a hint for `outline`."""
        self._shaded_then: Mask = np.zeros((height, width), np.bool_)
        self.left: Mask = np.zeros((height, width), np.bool_)
        """Where the speaker has just left, and around."""
        self.fields = np.zeros((height, width, 5), np.float32)
        self.around = np.zeros((height, width, AROUND), np.float32)
        self.tints = np.zeros((height, width, 4), np.float32)

    @classmethod
    def grown(cls, found: Found, size: tuple[int, int]) -> Field:
        """A field that begins as one colour, for half-size frames of *size* (height, width)."""
        plate = np.broadcast_to(found.colour, (*size, 3)).astype(np.float32)
        field = cls(channels=found.channels, plate=plate, known=np.ones((size[0] // BLOCK, size[1] // BLOCK), np.bool_))
        field._bounded = False
        field.known = found.where.astype(np.float32)
        return field

    def begin(self, found: Found, light: Floats) -> None:
        """Begin, or begin again, with a screen just *found*, whatever its light is now."""
        self.now = np.asarray(self.base * gain(light, self.base, found.where), np.float32)
        self._sure_before, self.fresh = float(found.where.mean()), True

    def flatten(self) -> None:
        """Give the plate up: its folds and marks are not where they were, and all is learnt anew."""
        middle = np.median(self.base.reshape(-1, 3), axis=0).astype(np.float32)
        self.plate = np.ascontiguousarray(np.broadcast_to(middle, self.plate.shape), np.float32)
        self._settle()
        self.base = self.plate_blocks.copy()
        self.known = self._sure.astype(np.float32)
        self.moved, self._bounded, self.fresh = True, False, True

    def learn(
        self, blocks: Floats, person: Floats, palette: Palette, *, looked: bool, clothes: float, spill: float
    ) -> bool:
        """Bring all fields up to date with the facts of a frame's *blocks*.

        *person* tells by block who is surely there, and *looked* whether that is of this very frame; *palette* tells
        in which colours. Returns whether the screen is seen at all.
        """
        self._expected = None
        sure = self._surely(blocks, self.now, person, loose=self.fresh)
        share = float(np.count_nonzero(sure)) / sure.size
        if share < 0.6 * self._sure_before:
            # The light has changed at once, or the camera moved: is this the same screen in another light?
            found = find(blocks[..., :3], person, self.channels.hue)
            if found is not None:
                again = np.asarray(self.base * gain(blocks[..., :3], self.base, found.where), np.float32)
                other = self._surely(blocks, again, person, loose=True)
                if other.mean() > share:
                    self.now, sure, share, self.fresh = again, other, float(other.mean()), True
        if share < LEAST_SCREEN / 4:
            self._sure_before *= 0.9
            return False
        self._sure_before = max(share, 0.98 * self._sure_before)
        self._sure = sure
        self._count = 0 if self.fresh else self._count + 1
        shaded = self._shaded(blocks)
        if looked:
            self._shaded_then = shaded.copy()
            self._deep &= person > _SURELY
        left = self._left(shaded & ~self._shaded_then & ((person > _SURELY) | self._deep), blocks, palette)
        self.left = cv2.dilate(left.astype(np.uint8), _CROSS) > 0 if left.any() else left
        if left.any():
            person = np.where(left, np.float32(0), person)
            self._deep &= ~left
        self._learn_light(blocks, sure, person, shaded & ~sure & ~self._deep)
        self._since_look = 0 if looked else self._since_look + 1
        if self.fresh or self._since_look % 2 == 0:
            self._learn_speaker(blocks, person, clothes, looked=looked)
        own = self.clothes
        lay_out(
            self.now, self.plate_blocks, self.channels.key, spill,
            self.rate, own.white, self.outside, own.weigh, own.limit, own.lack, self._held,
            self.fields, self.around, self.tints,
        )  # fmt: skip
        self.fresh = False
        return True

    def doubt(self, share: Floats) -> None:
        """See whether the plate still explains folds and marks of the screen, and give it up if it does not."""
        if self.moved or self._count % _SELDOM != _SELDOM - 1:
            return
        rows = slice(2, None, 2 * BLOCK)
        plain = np.repeat(self._sure[::2][: len(share[rows])], BLOCK, axis=1)[:, 2 * BLOCK :] > 0
        plain &= np.repeat(self._sure[::2][: len(share[rows])], BLOCK, axis=1)[:, : -2 * BLOCK] > 0
        if np.count_nonzero(plain) < 200:
            return
        raw = share[rows] / self.against[rows]
        raw *= 1 / np.float32(np.median(sample(raw[:, BLOCK:-BLOCK][plain])))

        def folds(values: Floats) -> float:
            return float(np.abs(values[:, 2 * BLOCK :] - values[:, : -2 * BLOCK])[plain].mean())

        self._doubts = self._doubts + 1 if folds(share[rows]) > 1.15 * folds(raw) + 0.002 else 0
        if self._doubts >= 2:
            self.flatten()

    def shares(self, blocks: Floats) -> tuple[Floats, Floats, Floats]:
        """The least, mean and most share of speaker in each block."""
        least, mean, most = (np.empty_like(self.rate) for _ in range(3))
        share_out(_facts(blocks), self.rate, self.clothes.white, least, mean, most)
        return least, mean, most

    def hiding(self, blocks: Floats) -> Mask:
        """Where something holds less than none of the screen's colour, as red and blue do before green, and around.

        A mix of it with the screen can look whole.
        """
        return np.asarray(cv2.erode(blocks[..., LEAST] * self.rate, _CROSS) < 0)

    def plain(self, blocks: Floats, mean: Floats, most: Floats) -> Mask:
        """The blocks whose light is the screen's own, if in another strength than was foreseen."""
        verdict = self._judged(blocks, self.now)
        plain = (verdict[..., KAPPA] > 0.3) & (verdict[..., OFF] < max(0.03, 3 * self.noise))
        plain &= (mean < 0.25) & (most - mean < max(0.05, 4 * self.noise))
        return np.asarray(plain)

    def verdict(self, blocks: Floats) -> Floats:
        """What `judge` says of a frame's *blocks*, beside the screen as it is now; fact by fact."""
        return _facts(self._judged(blocks, self.now))

    def taped(self, blocks: Floats) -> Mask:
        """The blocks that show what the plate shows there, though it is not the screen's colour."""
        off = sum(np.abs(blocks[..., k] - self.now[..., k]) for k in range(3))
        return np.asarray(self.blind & (off < _TAPED * brightness(self.now)))

    def strange(self) -> Mask:
        """The blocks of the last verdict whose light is not the screen's own, however much of its colour they hold."""
        return np.asarray(self._verdict[..., OFF] > max(0.12, 6 * self.noise))

    def _settle(self) -> None:
        height, width = (n // BLOCK for n in self.plate.shape[:2])
        self.plate_blocks = np.maximum(_shrunk(self.plate, (width, height)), np.float32(1e-4))
        stands = difference(self.plate, self.channels)
        least = max(DARKEST, 0.1 * float(np.median(stands)))
        self.against: Floats = np.ascontiguousarray(1 / np.maximum(stands, least), np.float32)
        self._per_plate = _shrunk(self.against, (width, height))
        blind = np.asarray(cv2.dilate((stands < 0.5 * float(np.median(stands))).astype(np.float32), _CROSS), np.float32)
        self.blind: Mask = np.asarray(_shrunk(blind, (width, height)) > 0)
        """The blocks in which the plate holds something that is hardly the screen's colour: a cross of tape, say."""

    def _shaded(self, blocks: Floats) -> Mask:
        """What has the screen's own hue and is as smooth: a deep shadow, or the corner of an arm; or such clothes."""
        verdict = self._judged(blocks, self.now)
        shaded = (verdict[..., KAPPA] > 0.25) & (verdict[..., KAPPA] < 1.3)
        shaded &= verdict[..., OFF] < max(0.06, 4 * self.noise)
        shaded &= blocks[..., ROUGH] * self.rate**2 < max(0.035, 2 * self.noise) ** 2
        return np.asarray(shaded)

    @staticmethod
    def _left(shaded: Mask, blocks: Floats, palette: Palette) -> Mask:
        """Of what became *shaded* where a speaker was when the person model last looked: what is none any more.

        Clothes of the screen's own hue stay, wherever they move: their shades are known.
        """
        places = np.flatnonzero(shaded)
        if len(places):
            lights = np.stack([blocks[..., k].take(places) for k in range(3)], axis=1)
            shaded.ravel()[places[palette.usual(lights) > _UNUSUAL]] = False
        return shaded

    def _learn_light(self, blocks: Floats, sure: Mask, person: Floats, shaded: Mask) -> None:
        light = np.asarray(cv2.merge([blocks[..., k] for k in range(3)]), np.float32)
        brighter = gain(light, self.base, sure)
        expected = np.maximum(times(self.base, brighter), np.float32(1e-4))
        verdict = self._judged(blocks, self.now)
        # Between strands of hair the screen is seen as well as anywhere, if only in some pixels.
        between = (verdict[..., PURELY] > 0.3) & (verdict[..., PURELY] < 1.3) & ~sure & ~self._deep
        between &= verdict[..., PURELY_OFF] < max(0.1, 4 * self.noise)
        seen = light.copy()
        some = np.flatnonzero(between)
        for k in range(3):
            seen.reshape(-1, 3)[some, k] = blocks[..., PUREST + k].take(some)
        weight = sure.astype(np.float32)
        shares = sure | shaded | between
        ratio = fill(np.clip(seen / expected, 0.05, 8), shares.astype(np.float32))
        now = expected * cv2.GaussianBlur(ratio, (0, 0), 0.8)
        self.now = now if self.fresh else self.now + (now - self.now) * np.float32(QUICK)
        # What a person hides is remembered from when it was seen.
        if not self._bounded:
            # A shadow passes: light is believed sooner than darkness.
            change = times(light, np.float32(1) / np.maximum(brighter, np.float32(1e-3))) - self.base
            if not self.fresh:
                change *= np.where(change > 0, np.float32(0.1), np.float32(0.01))
            self.base += change * cv2.merge([weight] * 3)
        # What stays and is neither screen nor person is the room beyond, as after a push against the camera.
        alien = (verdict[..., KAPPA] < 0.25) & (person < 0.1)
        kept = np.where(alien, np.float32(0.9 if self.moved else 0.99), np.float32(1))
        self.known = _whole(np.maximum(self.known * kept, weight))
        if self._count % _SELDOM == 0:
            if not self._bounded:
                unknown = (self.known < 0.3)[..., None]
                self.base = _whole(np.where(unknown, fill(self.base, self.known), self.base))
            self.outside = beyond(self.known, bounded=self._bounded)
        stands = difference(_whole(self.now), self.channels)
        few = sample(np.flatnonzero(sure))
        floor = np.maximum(stands, np.float32(0.15 * middle(stands, few)))
        self.rate = _whole(1 / np.maximum(floor * self._per_plate, np.float32(1e-3)))
        noise = float(np.median(np.sqrt(blocks[..., UNEVEN].take(few)) * self.rate.take(few)))
        self.noise = noise if self.fresh else self.noise + (noise - self.noise) * 0.3

    def _learn_speaker(self, blocks: Floats, person: Floats, clothes: float, *, looked: bool) -> None:
        """Learn where the speaker is solid; and in which colours, whenever the person model has *looked*."""
        verdict = self._judged(blocks, self.now)
        kappa = verdict[..., KAPPA]
        firm = person > 1.0 - 0.4 * clothes
        # Not counted in shares of speaker: what was found in one frame would then decide the next, back and forth.
        flat = blocks[..., ROUGH] * self.rate**2 < 0.16**2
        # Far inside a person nothing is see-through: there it is enough that the colour is not the screen's alone.
        reach = 2 * round(0.03 * firm.shape[0]) + 1
        self._deep = cv2.erode(firm.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
        core = self._deep & (verdict[..., OFF] > 0.25)
        # Hair is see-through, and its purest pixels show the screen; those of a patterned shirt show the shirt.
        solid = (kappa < 0.2) & (flat | (verdict[..., PURELY_OFF] > 0.6))
        # What holds more of the screen's colour is cloth only if it is as even as cloth.
        solid |= (kappa < 0.9) & (blocks[..., ROUGH] * self.rate**2 < max(0.07, 2.5 * self.noise) ** 2)
        solid = solid & firm | core
        found = opaque_in(blocks, verdict, self.now, self.channels, self.noise)
        opaque, purer = (mask & (clothes > 0) for mask in found)
        solid |= opaque
        deep = cv2.erode((solid & flat).astype(np.uint8), _CROSS)
        within = cv2.erode(core.astype(np.uint8), _CROSS)
        inside = cv2.erode(solid.astype(np.uint8), _WIDE) + within
        inside[opaque] = 2  # whatever share of the screen's colour they hold
        held = (cv2.erode(core.astype(np.uint8), _WIDE) > 0) | (cv2.erode(opaque.astype(np.uint8), _CROSS) > 0)
        # Where all around is solid, too, what is purer than the screen is no part of it up to its rim.
        whole = self._whole = filled(purer, kappa < 0.2)
        hidden = self._hidden(blocks, kappa)
        if looked or self.fresh:
            self.clothes.learn(
                blocks, self.now, self.noise,
                deep=deep > 0, known=(deep > 0) | (within > 0) | whole, solid=kappa < 0.2, fresh=self.fresh,
            )  # fmt: skip
        self.inside, self._held = (
            np.asarray(cv2.GaussianBlur(n.astype(np.float32), (3, 3), 0), np.float32) for n in (inside, held)
        )
        self._held[whole | hidden] = 1

    def _hidden(self, blocks: Floats, kappa: Floats) -> Mask:
        """The tape that the speaker hides: before it no share of the screen's colour tells; what is around it does."""
        if not self.blind.any():
            return self.blind
        closed = cv2.morphologyEx(((kappa < 0.2) & ~self.blind).astype(np.uint8), cv2.MORPH_CLOSE, _WIDE) > 0
        return np.asarray(self.blind & closed & ~self.taped(blocks))

    def _surely(self, blocks: Floats, expected: Floats, person: Floats, *, loose: bool) -> Mask:
        """The blocks that show nothing but screen, well away from whatever else there is."""
        verdict = self._judged(blocks, expected)
        kappa = verdict[..., KAPPA]
        least, most, apart = (0.2, 4.0, 0.3) if loose else (0.3, 2.0, 0.08)
        likely = (kappa > least) & (kappa < most) & (verdict[..., OFF] < apart) & (person < 0.6) & ~self._whole
        likely &= difference(blocks[..., :3], self.channels) > DARKEST / 2
        if not likely.any():
            return np.asarray(likely)
        rough = np.sqrt(blocks[..., UNEVEN] / np.maximum(kappa, np.float32(0.1)))
        usual = max(middle(rough, sample(np.flatnonzero(likely))), 0.007)
        likely &= rough < 2.5 * usual
        closed = cv2.morphologyEx(likely.astype(np.uint8), cv2.MORPH_CLOSE, _CROSS)
        return (cv2.erode(closed, _CROSS, borderValue=1) > 0) & likely  # what is closed may be a finger

    def _judged(self, blocks: Floats, expected: Floats) -> Floats:
        if expected is not self._expected:  # most is asked for twice of one frame
            judge(_facts(blocks), np.ascontiguousarray(expected, np.float32), self.channels.key, _facts(self._verdict))
            self._expected = expected
        return self._verdict


def _facts(blocks: Floats) -> Floats:
    """The facts of blocks as they lie in memory, one after the other."""
    return np.ascontiguousarray(blocks.transpose(2, 0, 1))


def _shrunk(plane: Floats, size: tuple[int, int]) -> Floats:
    return _whole(cv2.resize(plane, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], *plane.shape[2:]))


def _drawn_out(blocks: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(blocks, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _shrink(mask: Mask) -> Mask:
    return cv2.erode(mask.astype(np.uint8), _CROSS, borderValue=1).astype(np.bool_)


def _whole(values: Any) -> Floats:
    return np.ascontiguousarray(values, np.float32)
