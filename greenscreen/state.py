"""What a keyer keeps from frame to frame, for frames of one size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from greenscreen.facts import AROUND, BLOCK, FACTS, FIELDS, MARGIN, OUTLINE, RING, TRAITS
from greenscreen.glare import without
from greenscreen.light import Bytes, Floats, decoded
from greenscreen.plate import Plate

if TYPE_CHECKING:
    from greenscreen.field import Field
    from greenscreen.palette import Palette

_CROSS: Final = np.ones((3, 3), np.uint8)
_SLOWLY: Final = 0.1


class State:
    """What is kept from frame to frame for frames of one size, made once."""

    def __init__(self, size: tuple[int, int], shown: tuple[int, int], palette: Palette) -> None:
        self.size, self.shown, self.palette = size, shown, palette
        height, width = size[0] // 2, size[1] // 2
        rows, columns = height // BLOCK, width // BLOCK
        self.share, self.bright, self.alpha = (np.zeros((height, width), np.float32) for _ in range(3))
        self.lean = np.zeros((height, width), np.float32)
        self.whole = np.ones((height, width), np.float32)
        self.ones = np.ones((rows, columns), np.float32)
        self.facts = np.zeros((FACTS, rows, columns), np.float32)
        self.blocks: Floats = self.facts.transpose(1, 2, 0)
        self.traits = np.zeros((RING, TRAITS, width + MARGIN), np.float32)
        self.outline = np.zeros((RING, OUTLINE, width + MARGIN), np.float32)
        self.hints = np.zeros((rows, columns, FIELDS), np.float32)
        self.person: Floats = np.zeros((rows, columns), np.float32)
        self.firm: Floats = self.person
        self.people: Floats = np.zeros((height, width), np.float32)
        self.field: Field | None = None
        self.kept: Field | None = None
        self.count = self.lost = 0
        self.new, self.plated = True, False
        self.alone = np.zeros((rows, columns, AROUND), np.float32)
        self.alone[..., 5:] = 1
        self.lone_fields = np.zeros((rows, columns, 5), np.float32)
        self.lone_fields[..., :3] = 1
        self.bare = np.zeros((rows, columns, 4), np.float32)
        self.nothing = np.zeros((height, width, 3), np.float32)
        self.tints = self.bare
        self.glare: Floats = np.zeros(3, np.float32)
        """Light that lies over all of the speaker, to be taken away."""
        self.unglared = without(self.glare)
        """What each code value is without it."""
        self._surely: Floats | None = None
        self._range: tuple[Floats, Floats] = (self.person, self.person)

    def see(self, surely: Floats) -> None:
        """Take what the model sees, drawn to blocks."""
        rows, columns = self.ones.shape
        self.person = np.ascontiguousarray(cv2.resize(surely, (columns, rows), interpolation=cv2.INTER_AREA))
        self.firm = np.ascontiguousarray(cv2.erode(self.person, _CROSS))
        self._surely = surely

    def draw_people(self) -> tuple[Floats, Floats]:
        """Draw what the model saw to half size, for where no screen tells; returns the least and most in each block."""
        if self._surely is not None:
            height, width = self.share.shape
            rows, columns = self.ones.shape
            people = np.asarray(cv2.resize(self._surely, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
            people -= np.float32(0.3)
            people *= np.float32(2.5)
            self.people = np.clip(people, 0, 1, out=people)
            byte = cv2.resize((self.people * 255).astype(np.uint8), (columns, rows), interpolation=cv2.INTER_AREA)
            self._range = cv2.erode(byte, _CROSS) / np.float32(255), cv2.dilate(byte, _CROSS) / np.float32(255)
            self._surely = None
        return self._range

    def take_off(self, glare: Floats | None, share: float) -> None:
        """Take that *share* of the *glare* off the speaker from now on; slowly, so that nothing flickers."""
        if glare is None:
            return
        begun = bool(self.glare.any())
        self.glare = self.glare + (share * glare - self.glare) * np.float32(_SLOWLY if begun else 1)
        self.unglared = without(self.glare)

    def unveil(self) -> None:
        """Take none off: no screen is seen."""
        if self.glare.any():
            self.glare = np.zeros(3, np.float32)
            self.unglared = without(self.glare)

    def fits(self, plate: Plate) -> bool:
        """Whether a plate shows what the frames show, in another size perhaps."""
        height, width = plate.picture.shape[:2]
        return bool(abs(width * self.shown[0] - height * self.shown[1]) < 0.02 * width * self.shown[0])

    def lit(self, half: Bytes) -> Floats:
        """The light of a half-size picture, by block."""
        rows, columns = self.ones.shape
        return np.asarray(cv2.resize(decoded(half), (columns, rows), interpolation=cv2.INTER_AREA), np.float32)
