"""What stands behind a keyed speaker, beat by beat, and the speaker put in front of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from greenscreen import composite
from greenscreen.composite import Placing
from greenscreen.keyer import Keyer
from greenscreen.light import Bytes
from process import backdrop
from process.backdrop import Backdrop, Behind
from process.layout import Size
from process.lecture import KeyedTrack
from process.projector import Projector


class Scenery:
    """What stands behind, beat by beat."""

    def __init__(self, behind: Backdrop, file: Path | None, canvas: Size, beat: Fraction) -> None:
        self.kind, self.canvas, self.beat = behind.kind, canvas, beat
        self.projector: Projector | None = None
        self.zero = 0.0
        self.number = 0
        if behind.kind == Behind.PICTURE and file is not None:
            self.shown = composite.fitted(backdrop.still(file), canvas)
        else:
            self.shown = composite.plain(behind.colour, canvas)

    def at(self, count: int) -> Bytes:
        """The background at a beat; *number* is another when it changed."""
        if self.projector is None:
            return self.shown
        picture = self.projector.at(self.zero + float((count + Fraction(1, 2)) / self.beat))
        if picture is not None and self.projector.number + 1 != self.number:
            self.number = self.projector.number + 1
            whole = self.kind == Behind.SCREEN
            self.shown = _letterboxed(picture, self.canvas) if whole else composite.fitted(picture, self.canvas)
        return self.shown


class Stand:
    """The speaker in front of the scenery."""

    def __init__(self, keyer: Keyer, placing: Placing, scenery: Scenery, canvas: Size) -> None:
        self.keyer, self.placing, self.scenery, self.canvas = keyer, placing, scenery, canvas
        self.seen: tuple[int, int] | None = None
        self.whole = placing == composite.WHOLE
        self.keyed: Any = None
        self.keyed_number = -1
        self.by: Counter[str] = Counter()
        self.given_up = False

    def picture(self, speaker: Bytes | None, number: int, count: int, *, again: bool) -> Callable[[], Bytes] | None:
        """What draws the finished picture, in any thread; ``None`` if it is that of the beat before."""
        behind = self.scenery.at(count)
        seen = (number if speaker is not None else -1, self.scenery.number)
        if seen == self.seen and not again:
            return None
        self.seen = seen
        if speaker is None:
            return lambda: behind
        if self.whole and self.scenery.kind != Behind.BLUR and speaker.shape == behind.shape:
            over = self.keyer.over(speaker, behind)  # keyed and laid over in one kernel: nothing is to be scaled
            self._count(number)
            return lambda: over
        if number != self.keyed_number:
            self.keyed = self.keyer.key(speaker)
            self._count(number)
        keyed = self.keyed

        def draw() -> Bytes:
            ground = behind
            if self.scenery.kind == Behind.BLUR:
                room = composite.blurred(speaker, keyed)
                ground = composite.fitted(room[:, ::-1] if self.placing.mirrored else room, self.canvas)
            return composite.place(keyed, ground, self.placing)

        return draw

    def _count(self, number: int) -> None:
        if number != self.keyed_number:
            self.keyed_number = number
            self.by[self.keyer.by.value] += 1
            self.given_up = self.given_up or self.keyer.moved

    def told(self, camera: str, kind: Behind) -> KeyedTrack:
        """How it was keyed."""
        total = sum(self.by.values()) or 1
        return KeyedTrack(
            camera=camera,
            behind=kind.value,
            pictures=sum(self.by.values()),
            by={name: round(count / total, 4) for name, count in sorted(self.by.items())},
            plate_given_up=self.given_up,
        )


def _letterboxed(picture: Bytes, canvas: Size) -> Bytes:
    """All of *picture* in the middle of the canvas, black around it."""
    height, width = picture.shape[:2]
    if (width, height) == canvas:
        return picture
    scale = min(canvas[0] / width, canvas[1] / height)
    size = min(canvas[0], max(1, round(width * scale))), min(canvas[1], max(1, round(height * scale)))
    out = np.zeros((canvas[1], canvas[0], 3), np.uint8)
    x, y = (canvas[0] - size[0]) // 2, (canvas[1] - size[1]) // 2
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    out[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size, interpolation=way)
    return out
