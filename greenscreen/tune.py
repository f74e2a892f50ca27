"""Looks at an empty screen and says, in plain words, what is wrong with its light.

    plate = plate.take(frames)                  # of the empty screen
    for advice in advise(plate):
        print(advice.says)
    for advice in watch(frame, plate):          # with the speaker back in front of it
        ...

An advice is a value: a kind that programs can tell apart, a sentence for people, and where in the picture it is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

from greenscreen.key import BLUE, GREEN, Channels, Hue
from greenscreen.light import Bytes, Floats, decoded
from greenscreen.person import PersonFinder
from greenscreen.plate import ENOUGH, Plate
from greenscreen.screen import difference, find


class Trouble(StrEnum):
    """What may be wrong in front of a camera and a screen."""

    DARK = "dark"
    UNEVEN = "uneven"
    WRINKLED = "wrinkled"
    CLIPPED = "clipped"
    NOISY = "noisy"
    SMALL = "small"
    FEW = "few"
    OCCUPIED = "occupied"
    CLOSE = "close"
    CLOTHES = "clothes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing that is wrong, and what to do about it."""

    trouble: Trouble
    """What is wrong."""

    says: str
    """The same in plain words, with what to do."""

    where: tuple[float, float] | None = None
    """The middle of it, from left and from top, 0 to 1; ``None`` for everywhere."""


DARK: Final = 0.05
"""A screen whose colour stands out by less than this is drowned by the camera's noise."""

_THIRDS: Final = (("at the upper left", "at the top", "at the upper right"),
                  ("at the left", "in the middle", "at the right"),
                  ("at the lower left", "at the bottom", "at the lower right"))  # fmt: skip


def advise(plate: Plate, *, finder: PersonFinder | None = None) -> tuple[Advice, ...]:
    """What could be better about an empty screen; nothing if it is fine."""
    facts, found = plate.facts, []
    light, stands, shown = _screen(plate)

    def say(trouble: Trouble, says: str, where: tuple[float, float] | None = None) -> None:
        found.append(Advice(trouble=trouble, says=says, where=where))

    if facts.frames < ENOUGH:
        say(Trouble.FEW, f"the plate is the mean of {facts.frames} frames only: take {ENOUGH} for a quiet one")
    if finder is not None and float(((seen := finder.look(plate.picture)) > 0.7).mean()) > 0.01:
        where = _centre(np.asarray(seen > 0.7, np.float32))
        say(Trouble.OCCUPIED, f"somebody stands in the plate, {_named(where)}: step out and take it again", where)
    if facts.strength < DARK:
        say(Trouble.DARK, f"the screen is too dark ({facts.strength:.0%} of full light): give it more light")
    if facts.clipped > 0.02:
        where = _centre(np.asarray(shown * (light.max(-1) > 0.95), np.float32))
        say(
            Trouble.CLIPPED,
            f"{facts.clipped:.0%} of the screen is brighter than the camera can tell, most {_named(where)}:"
            " turn that lamp or the exposure down",
            where,
        )
    if facts.evenness < 0.5:
        dark, bright = _extremes(stands, shown)
        say(
            Trouble.UNEVEN,
            f"the screen is lit unevenly: {_named(dark)} it has {facts.evenness:.0%} of the light"
            f" {_named(bright)}: move a lamp",
            dark,
        )
    if facts.wrinkles > 0.07:
        where = _centre(_folds(stands, shown))
        say(Trouble.WRINKLED, f"the screen is wrinkled, most {_named(where)}: pull it tight", where)
    if facts.noise > 0.08:
        say(Trouble.NOISY, "the picture is noisy: give more light, so that the camera need not turn itself up")
    if facts.covers < 0.5:
        say(
            Trouble.SMALL,
            f"the screen fills {facts.covers:.0%} of the picture: move the camera closer, or let the rest be cut off",
        )
    return tuple(found)


def watch(picture: Bytes, plate: Plate, *, finder: PersonFinder) -> tuple[Advice, ...]:
    """What could be better about a speaker before the screen: too close to it, or clothes of its colour."""
    expected, stands, shown = _screen(plate)
    height, width = stands.shape
    small = cv2.resize(np.ascontiguousarray(picture[..., :3]), (width, height), interpolation=cv2.INTER_AREA)
    now = decoded(np.asarray(small, np.uint8))
    person = cv2.resize(finder.look(picture), (width, height), interpolation=cv2.INTER_AREA)
    surely = person > 0.85
    if surely.mean() < 0.005:
        return ()
    found = []
    channels = _channels(plate)
    cast = difference(now, channels)
    inside = cv2.erode(surely.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    share = cast / np.maximum(float(np.median(stands[shown])), 1e-3)
    own = now[..., channels.key]
    larger = np.maximum(*(now[..., n] for n in channels.others))
    green = inside & (share > 0.25) & (cast > 0.12 * own) & (own > 1.08 * larger)  # yellow is no green
    if inside.any() and green.sum() > 0.06 * inside.sum():
        where = _centre(green.astype(np.float32))
        name = plate.facts.hue.value
        found.append(
            Advice(
                trouble=Trouble.CLOTHES,
                says=f"something {name} is worn or held {_named(where)}: it may turn see-through; wear another colour",
                where=where,
            )
        )
    # A shadow is less light of the same colour, on a screen that had more of it before.
    ratio = cast / np.maximum(stands, 1e-4)
    like = expected * ratio[..., None]
    pure = shown & (np.abs(now - like).sum(-1) < 0.1 * np.abs(like).sum(-1)) & (ratio > 0.15)
    usual = float(np.median(ratio[pure])) if pure.any() else 1.0
    dark = cv2.morphologyEx((pure & (ratio < 0.65 * usual)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    if dark.mean() > 0.008:
        where = _centre(dark.astype(np.float32))
        found.append(
            Advice(
                trouble=Trouble.CLOSE,
                says=f"the speaker throws a hard shadow on the screen {_named(where)}:"
                " step away from it, two metres if there is room",
                where=where,
            )
        )
    return tuple(found)


def evenness(plate: Plate) -> Bytes:
    """A picture of where the screen's light is: dark blue for none, yellow for the usual, red for twice as much."""
    _, stands, shown = _screen(plate)
    ratio = stands / max(float(np.median(stands[shown])), 1e-4)
    shades = np.clip(ratio * 127, 0, 255).astype(np.uint8)
    painted = cv2.applyColorMap(shades, cv2.COLORMAP_TURBO)
    painted[~shown] = 32
    size = (plate.facts.width, plate.facts.height)
    return np.asarray(cv2.resize(painted, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def hue_of(picture: Bytes) -> Hue:
    """The colour of the screen in a picture; `Hue.NONE` if there is none."""
    size = (max(1, picture.shape[1] // 8), max(1, picture.shape[0] // 8))
    small = cv2.resize(np.ascontiguousarray(picture[..., :3]), size, interpolation=cv2.INTER_AREA)
    found = find(decoded(np.asarray(small, np.uint8)), None, Hue.AUTO)
    return Hue.NONE if found is None else found.channels.hue


def _screen(plate: Plate) -> tuple[Floats, Floats, np.ndarray]:
    size = (max(1, plate.facts.width // 8), max(1, plate.facts.height // 8))
    small = np.asarray(cv2.resize(plate.picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    light = decoded(small)
    found = find(light, None, plate.facts.hue)
    shown = np.ones(light.shape[:2], np.bool_) if found is None else found.where
    return light, difference(light, _channels(plate)), shown


def _channels(plate: Plate) -> Channels:
    return BLUE if plate.facts.hue is Hue.BLUE else GREEN


def _centre(weight: Floats) -> tuple[float, float]:
    """Where most of a map lies."""
    height, width = weight.shape
    soft = cv2.blur(weight, (max(1, width // 6), max(1, height // 6)))
    y, x = np.unravel_index(int(np.argmax(soft)), weight.shape)
    return (float(x) + 0.5) / width, (float(y) + 0.5) / height


def _extremes(stands: Floats, shown: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where a screen is darkest and brightest."""
    middle = float(np.median(stands[shown]))
    lack = np.where(shown, np.maximum(0, middle - stands), 0).astype(np.float32)
    more = np.where(shown, np.maximum(0, stands - middle), 0).astype(np.float32)
    return _centre(lack), _centre(more)


def _folds(stands: Floats, shown: np.ndarray) -> Floats:
    reach = max(1.0, stands.shape[0] / 50)
    smooth = cv2.GaussianBlur(stands, (0, 0), reach)
    return np.asarray(np.abs(stands - smooth) * shown, np.float32)


def _named(where: tuple[float, float]) -> str:
    return _THIRDS[min(2, int(where[1] * 3))][min(2, int(where[0] * 3))]
