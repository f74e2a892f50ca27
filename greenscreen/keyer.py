"""The keyer: frames in, the same frames in front of something else out, thirty a second on one core.

    with Keyer(Key(), plate=plate) as keyer:
        for frame in frames:
            shown = keyer.over(frame.picture, background)

All that takes long is done when it is opened: the kernels are compiled (or read from their cache), the model is read
and has looked once. A frame then costs the same every time. Whatever comes (no screen, no light, another size) it gives
a picture and says how it made it, in `Keyed.by`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from greenscreen import learnt
from greenscreen.errors import PictureUnusable
from greenscreen.facts import ANYWAY, BLOCK, CLEAR, EMPTY, FINE, GREENNESS, MIXED, TINTED
from greenscreen.glare import glare
from greenscreen.key import GREEN, Hue, Key
from greenscreen.light import DECODE, ENCODE, Bytes, Floats, decoded
from greenscreen.person import PersonFinder
from greenscreen.plate import Plate
from greenscreen.screen import find
from greenscreen.state import State

if TYPE_CHECKING:
    from greenscreen.field import Field

_SIDE: Final = 2 * BLOCK
_CROSS: Final = np.ones((3, 3), np.uint8)
_PLUS: Final = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_PERSON_EVERY: Final = 4
_QUIET: Final = 0.03
_WELL_INSIDE: Final = 1.5
_CRUMBS: Final = 5
"""Blocks that are touched, of the 49 around one: no more are none."""
_PALETTE_EVERY: Final = 4  # when neither the person model looks nor the field learns of the speaker
_SEARCH_EVERY: Final = 8
_SEARCH_AT: Final = 2  # and at the first frame; not when the person model looks, so that no frame takes both


class By(StrEnum):
    """What told the speaker from the room."""

    PLATE = "plate"
    """The screen, against its clean plate."""
    SCREEN = "screen"
    """The screen, learnt from the frames."""
    PERSON = "person"
    """The person model alone, the second best: no screen is seen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keyed:
    """A speaker, cut free."""

    alpha: Bytes
    """``(height, width)``: how much of each pixel is speaker, 0 to 255."""

    foreground: Bytes
    """``(height, width, 3)``: the speaker's own colour, without the screen's light; black where there is none."""

    by: By
    """What told the speaker from the room."""


class Keyer:
    """Keys frames of one camera, in the order they were seen.

    Frames of another size begin it anew. What it is given is never written to; what it gives is new each time.

    Raises:
        KernelsMissing: numba is not installed.
        ModelMissing: the person model cannot be read.
    """

    def __init__(self, settings: Key | None = None, *, plate: Plate | None = None) -> None:
        self.settings = settings or Key()
        """How the speaker is told from the screen."""
        self.plate = plate
        """The clean plate, if one was taken."""
        self.by = By.PLATE if plate is not None else By.SCREEN
        """What told the speaker from the room in the last frame."""
        from greenscreen import (  # numba comes with the extra, and only when it is needed
            blend,
            described,
            fine,
            matte,
            outline,
            palette,
        )
        from greenscreen.field import Field

        self._look, self._part, self._finish = matte.look, matte.part, blend.finish
        self._hint, self._mend = described.hint, outline.mend
        self._outline_weights = learnt.weights(outline.MODEL, outline.NAMES)
        self._fine_weights = learnt.weights(fine.MODEL, fine.NAMES)
        self._told = np.zeros((1, 1, FINE), np.float32)
        self._field, self._palette = Field, palette.Palette
        self._finder = PersonFinder()
        self._state: State | None = None
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all that was learnt."""
        self._state, self._open = None, False

    def over(self, picture: Bytes, background: Bytes) -> Bytes:
        """The speaker of *picture* in front of *background*, which has the same size."""
        if background.shape[:2] != picture.shape[:2] or background.ndim != 3 or background.shape[2] != 3:
            raise PictureUnusable(
                f"a background of {_size(background)} does not fit a picture of {_size(picture)}",
                hint="fit it first: greenscreen.composite.fitted",
            )
        return self._run(picture, background)[0]

    def key(self, picture: Bytes) -> Keyed:
        """The speaker of *picture*, cut free."""
        foreground, alpha = self._run(picture, None)
        return Keyed(alpha=alpha, foreground=foreground, by=self.by)

    @property
    def moved(self) -> bool:
        """Whether the plate did not fit any more, and was given up for what the frames show."""
        return self._state is not None and self._state.field is not None and self._state.field.moved

    def _run(self, picture: Bytes, background: Bytes | None) -> tuple[Bytes, Bytes]:
        if not self._open:
            raise PictureUnusable("this keyer is closed")
        colour = _coloured(picture)
        height, width = colour.shape[:2]
        colour, straight = _padded(colour), background is None
        back = colour if background is None else _padded(np.ascontiguousarray(background))
        if self._state is None or self._state.size != colour.shape[:2]:
            self._state = State(colour.shape[:2], (height, width), self._palette())
        state = self._state
        seen = self._matte(state, colour)
        out, alpha = np.zeros_like(colour) if straight else back.copy(), np.zeros(colour.shape[:2], np.uint8)
        w0, b0, w1, b1 = self._fine_weights
        self._finish(
            colour, back, seen.classes, DECODE, ENCODE, seen.key,
            seen.half, seen.share, state.bright, seen.plate, seen.around, state.tints,
            seen.noise, seen.detail, seen.black, seen.choke, seen.gain, self.settings.spill,
            state.glare, state.unglared, straight,
            w0, b0, w1, b1, seen.refined, self._told, state.traits, state.outline, out, alpha,
        )  # fmt: skip
        if (height, width) != colour.shape[:2]:
            out, alpha = np.ascontiguousarray(out[:height, :width]), np.ascontiguousarray(alpha[:height, :width])
        return out, alpha

    def _matte(self, state: State, picture: Bytes) -> _Seen:
        half = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        number, state.count = state.count, state.count + 1
        looked = number % _PERSON_EVERY == 0
        if looked:
            state.see(self._finder.look(half))
        if state.field is None and (number == 0 or number % _SEARCH_EVERY == _SEARCH_AT):
            self._search(state, half)
        field = state.field
        if field is not None:
            fresh = field.fresh
            self._see(state, half, field)
            seen = self._learn(state, field, looked=looked)
            if state.plated:
                field.doubt(state.share)
            if fresh and seen:  # the first frame is learnt from twice, so that it is as good as the rest
                seen = self._learn(state, field, looked=looked)
            state.lost = 0 if seen else state.lost + 1
            if state.lost >= (1 if fresh else 2):
                state.kept, state.field, field = field, None, None
        if field is None:
            self._look(half, DECODE, 1, state.whole, 0.01, True, state.share, state.bright, state.lean, state.facts)
            state.new = True
        self.by = By.PERSON if field is None else By.PLATE if state.plated and not field.moved else By.SCREEN
        return self._classify(state, half, field)

    def _learn(self, state: State, field: Field, *, looked: bool) -> bool:
        clothes, spill = self.settings.clothes, self.settings.spill
        return field.learn(state.blocks, state.person, state.palette, looked=looked, clothes=clothes, spill=spill)

    def _search(self, state: State, half: Bytes) -> None:
        """Look for a screen where none was known, or none was seen for a while."""
        settings, light = self.settings, state.lit(half)
        hue = settings.hue
        if hue is Hue.AUTO and self.plate is not None:
            hue = self.plate.facts.hue
        found = find(light, state.person, hue)
        if found is None:
            return
        if state.kept is not None and state.kept.channels == found.channels:
            # The screen is back: in another light perhaps, which the field finds out.
            state.field, state.kept = state.kept, None
        elif self.plate is not None and state.fits(self.plate):
            state.field, state.plated = self._from_plate(state, self.plate), True
        else:
            state.field = self._field.grown(found, half.shape[:2])
        state.field.begin(found, light)
        state.lost, state.new = 0, True

    def _from_plate(self, state: State, plate: Plate) -> Field:
        shown = plate.picture
        if shown.shape[:2] != state.shown:
            shown = np.asarray(cv2.resize(shown, state.shown[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        picture = _padded(np.asarray(cv2.GaussianBlur(shown, (3, 3), 0), np.uint8))
        half = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        light = state.lit(half)
        found = find(light, None, plate.facts.hue)
        known = found.where if found is not None else np.ones(light.shape[:2], np.bool_)
        return self._field(channels=GREEN if found is None else found.channels, plate=decoded(half), known=known)

    def _see(self, state: State, half: Bytes, field: Field) -> None:
        self._look(
            half, DECODE, field.channels.key, field.against, 1.3 * field.noise, state.new,
            state.share, state.bright, state.lean, state.facts,
        )  # fmt: skip
        state.new = False

    def _classify(self, state: State, half: Bytes, field: Field | None) -> _Seen:
        settings, blocks = self.settings, state.blocks
        noise = 0.004 if field is None else field.noise
        black = min(0.25, max(0.02 if self.by is By.PLATE else 0.08, 2.2 * noise))
        choke = max(0.0, settings.choke) * 0.6
        gain = 1 / max(0.05, 1 + min(0.0, settings.choke) * 0.6 - choke)
        if field is None:
            least, mean, most = (np.zeros_like(state.ones) for _ in range(3))
            outside, around, plate, fields, against = (
                state.ones, state.alone, state.nothing, state.lone_fields, state.whole,
            )  # fmt: skip
            state.tints = state.bare
            state.unveil()
        else:
            least, mean, most = field.shares(blocks)
            outside, around, plate, fields, against = (
                field.outside, field.around, field.plate, field.fields, field.against,
            )  # fmt: skip
            state.tints = field.tints
        touched = (mean > 0.6 * black) | (most > max(0.06, 4 * noise + 0.02))
        if field is not None:  # a shadow that was not foreseen is still nothing but screen
            touched &= ~field.plain(blocks, mean, most)
            touched |= field.strange()
            if field.blind.any():
                touched &= ~(field.taped(blocks) & (state.person < 0.5))
            touched = _without_crumbs(touched)
        holes = (mean < 0.96) | (least < 0.9)
        holes &= around[..., 4] < 0.99
        if outside.max() > 0.01:
            beyond = outside > 0.01
            low, high = state.draw_people()
            touched, holes = np.where(beyond, high > 0.02, touched), np.where(beyond, low < 0.98, holes)
        mixed_or_full, mixed_or_empty = touched.astype(np.uint8), holes.astype(np.uint8)
        if settings.soften:
            reach_blocks = 2 * int(np.ceil(settings.soften / 4)) + 1
            spread = np.ones((reach_blocks, reach_blocks), np.uint8)
            mixed_or_full = np.asarray(cv2.dilate(mixed_or_full, spread), np.uint8)
            mixed_or_empty = np.asarray(cv2.dilate(mixed_or_empty, spread), np.uint8)
        tinted = blocks[..., GREENNESS] > state.tints[..., 3] + 0.004
        if field is None:
            tinted[:] = False
        classes = np.where(tinted, np.uint8(TINTED), np.uint8(CLEAR))
        classes[mixed_or_empty > 0] = MIXED
        classes[mixed_or_full == 0] = EMPTY
        asked = (classes == MIXED).astype(np.uint8)
        if field is not None:
            hiding = field.hiding(blocks)
            if noise < _QUIET:  # what looks whole where it is not: the next to an outline is looked at, too
                nearby = cv2.dilate(asked | (classes == EMPTY), _PLUS) > 0
                classes[nearby & hiding & (classes != EMPTY) & (around[..., 4] < 0.99)] = MIXED
            asked = (classes == MIXED) * np.where(hiding, np.uint8(ANYWAY), np.uint8(1))
        key = 1 if field is None else field.channels.key
        wide = cv2.dilate(asked, _CROSS) if not settings.soften else np.ones_like(asked)
        self._part(wide, state.share, state.lean, against, fields, state.people, state.alpha)
        if field is not None:
            verdict = field.verdict(blocks)
            if state.count < 3 or state.count % _PALETTE_EVERY == _PALETTE_EVERY - 1:
                inside = (field.inside > _WELL_INSIDE) & ~field.left
                state.palette.learn(
                    half, inside, facts=state.facts, verdict=verdict, now=field.now, channels=field.channels
                )
                state.take_off(glare(state.facts, field.now, mean, inside), self.settings.spill)
            self._hint(
                cv2.dilate(asked, _CROSS), state.facts, verdict,
                state.person, state.firm,
                field.clothes.near, field.inside, fields, around, state.hints,
            )  # fmt: skip
            w0, b0, w1, b1, w2, b2 = self._outline_weights
            self._mend(
                asked, half, DECODE, key, plate, state.share, state.bright, state.hints,
                state.palette.lights, state.palette.shades, state.palette.own, noise,
                w0, b0, w1, b1, w2, b2, state.alpha,
            )  # fmt: skip
        alpha, detail = state.alpha, 1.0
        if settings.soften:
            reach = settings.soften / 2 * half.shape[0] / 540
            alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), max(0.3, reach)), np.float32)
            detail = 1 / (1 + settings.soften)
        return _Seen(
            classes=classes, half=half, share=alpha, plate=plate, around=around, key=key,
            noise=noise, detail=detail, black=black, choke=choke, gain=gain,
            refined=field is not None and not settings.soften,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """What was seen in a frame at half size, from which `blend.finish` goes on."""

    classes: Bytes
    half: Bytes
    share: Floats
    plate: Floats
    around: Floats
    key: int
    noise: float
    detail: float
    black: float
    choke: float
    gain: float
    refined: bool


def _without_crumbs(touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The blocks that are touched, but for a few by themselves: no speaker is so small, but a camera's noise is."""
    around = cv2.boxFilter(touched.view(np.uint8), -1, (7, 7), normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(touched & (around > _CRUMBS))


def _coloured(picture: Bytes) -> Bytes:
    """The picture as blue-green-red, whatever it came as."""
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or min(picture.shape[:2], default=0) < 1:
        raise PictureUnusable(f"this is no picture: {picture.dtype} of shape {picture.shape}")
    if picture.ndim == 2 or picture.shape[2] == 1:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    if picture.shape[2] not in (3, 4):
        raise PictureUnusable(f"a picture has three colours, or four with alpha, not {picture.shape[2]}")
    return np.ascontiguousarray(picture[..., :3])


def _padded(picture: Bytes) -> Bytes:
    """The picture with its last row and column repeated, until whole blocks cover it."""
    height, width = picture.shape[:2]
    below, right = -height % _SIDE, -width % _SIDE
    below, right = below + max(0, 32 - height - below), right + max(0, 32 - width - right)
    if not (below or right):
        return picture
    return np.asarray(cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)


def _size(picture: Bytes) -> str:
    return "x".join(str(n) for n in picture.shape[1::-1])
