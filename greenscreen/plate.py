"""The clean plate: the screen alone, as this camera sees it, and what was measured of it.

One frame is noise; the mean of thirty is the screen. A plate is kept as a picture and a page of facts, beside the track
that it belongs to, so that a recording can be keyed again on another day and another machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from capture.description import from_json, to_json, write_whole
from greenscreen.errors import PlateUnusable
from greenscreen.key import Hue
from greenscreen.light import Bytes, Floats, decoded
from greenscreen.screen import difference, find

ENOUGH: Final = 30
"""Frames of an empty screen that make a good plate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateFacts:
    """What was measured of an empty screen."""

    hue: Hue
    """Green or blue."""

    frames: int
    """How many frames the plate is the mean of."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""

    covers: float
    """How much of the picture shows the screen, 0 to 1."""

    strength: float
    """How far the screen's channel stands above the others, in light, in the middle: below 0.05 is dark."""

    evenness: float
    """The same at its darkest twentieth, over its brightest twentieth: 1 is perfectly even."""

    noise: float
    """How far a pixel strays from the plate in one frame, over *strength*."""

    clipped: float
    """How much of the screen is as bright as the camera can tell, 0 to 1."""

    wrinkles: float
    """How much its light varies within a fiftieth of the picture's height, over *strength*."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plate:
    """A picture of the empty screen, and what was measured of it."""

    picture: Bytes
    """``(height, width, 3)`` blue-green-red; not to be written to."""

    facts: PlateFacts
    """What was measured of it."""

    def save(self, path: Path) -> Path:
        """Put the picture at *path* (``.png``) and the facts beside it (``.json``); returns *path*."""
        done, png = cv2.imencode(".png", self.picture)
        if not done:
            raise PlateUnusable("the plate cannot be written as a picture")
        write_whole(path, png.tobytes())
        write_whole(path.with_suffix(".json"), to_json(self.facts))
        return path

    @staticmethod
    def load(path: Path) -> Plate:
        """The plate that `save` put at *path*.

        Raises:
            PlateUnusable: it is not there, torn, or its facts tell of another picture.
        """
        try:
            coded = np.frombuffer(path.read_bytes(), np.uint8)
            facts = from_json(path.with_suffix(".json").read_text(encoding="utf-8"), PlateFacts)
        except (OSError, ValueError) as error:
            raise PlateUnusable(f"the plate {path.name} cannot be read: {error}", hint=_AGAIN) from error
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
        if picture is None or picture.shape != (facts.height, facts.width, 3):
            raise PlateUnusable(f"the plate {path.name} is not the picture that its facts tell of", hint=_AGAIN)
        picture.flags.writeable = False
        return Plate(picture=np.asarray(picture, np.uint8), facts=facts)


_AGAIN: Final = "take it again: flipcast tune greenscreen"


def take(frames: Iterable[Bytes], *, hue: Hue = Hue.AUTO) -> Plate:
    """The plate of an empty screen: the mean of *frames*, of which there should be at least `ENOUGH`.

    Raises:
        PlateUnusable: there are no frames, they differ in size, or nothing in them could be keyed.
    """
    total: Floats | None = None
    squares = np.zeros(0, np.float32)
    count = 0
    for frame in frames:
        picture = frame[..., :3]
        if total is None:
            total = np.zeros(picture.shape, np.float32)
            squares = np.zeros(_thinned(picture).shape, np.float32)
        elif picture.shape != total.shape:
            raise PlateUnusable(
                f"the frames for a plate differ in size: {_size(total)}, then {_size(picture)}", hint=_AGAIN
            )
        cv2.accumulate(picture, total)
        squares += _thinned(picture).astype(np.float32) ** 2
        count += 1
    if total is None:
        raise PlateUnusable("no frame came to take a plate from", hint="see that the camera is on")
    mean = total / np.float32(count)
    picture = np.round(mean).astype(np.uint8)
    picture.flags.writeable = False
    spread = np.sqrt(np.maximum(0, squares / np.float32(count) - _thinned(mean) ** 2))
    return Plate(picture=picture, facts=_measure(picture, hue, count, spread))


def _measure(picture: Bytes, hue: Hue, count: int, spread: Floats) -> PlateFacts:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA)
    light = decoded(np.asarray(small, np.uint8))
    found = find(light, None, hue)
    if found is None:
        wanted = "green or blue" if hue is Hue.AUTO else hue.value
        raise PlateUnusable(
            f"no {wanted} screen is seen in the plate",
            hint="light the screen, let it fill the picture, or key without one",
        )
    stands = difference(light, found.channels)
    shown = stands[found.where]
    middle = float(np.median(shown))
    weak, strong = (float(n) for n in np.percentile(shown, (5, 95)))
    reach = max(1.0, light.shape[0] / 50)
    where = found.where.astype(np.float32)
    rows, columns = (min(a, b) for a, b in zip(spread.shape[:2], found.where.shape, strict=True))
    strays = spread[:rows, :columns, found.channels.key][found.where[:rows, :columns]]
    smooth = cv2.GaussianBlur(stands * where, (0, 0), reach) / np.maximum(cv2.GaussianBlur(where, (0, 0), reach), 1e-3)
    bright = small[..., found.channels.key][found.where]
    own = small[..., found.channels.key][found.where].astype(np.float32)
    # A code value's worth of light, by the slope of the curve at the plate's middle.
    slope = 2.4 * (float(np.median(own)) / 255) ** 1.4 / 255
    return PlateFacts(
        hue=found.channels.hue,
        frames=count,
        width=width,
        height=height,
        covers=float(found.where.mean()),
        strength=middle,
        evenness=max(0.0, weak / strong),
        noise=float(np.median(strays)) * slope / middle,
        clipped=float((bright >= 250).mean()),
        wrinkles=float(np.std((stands - smooth)[found.where])) / middle,
    )


def _thinned(picture: np.ndarray) -> np.ndarray:
    return picture[::8, ::8]


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]}"
