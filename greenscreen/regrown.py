"""A plate grown from what is seen: the mean of the screen wherever the speaker is not, for a camera that was bumped.

It is as good as one of the empty screen once the speaker has moved about; what was never seen is filled in smoothly,
and below half of the picture it is none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from greenscreen import plate as plates
from greenscreen.errors import PlateUnusable
from greenscreen.key import Hue
from greenscreen.light import Bytes
from greenscreen.plate import Plate
from greenscreen.screen import fill

_AT_LEAST: Final = 0.5
_LOOKS: Final = 3
_OFF_EDGES: Final = np.ones((9, 9), np.uint8)


class Regrown:
    """What has been seen of a screen behind a speaker so far."""

    def __init__(self) -> None:
        self.looks = 0
        """How many pictures it was seen in."""
        self.forget()

    def forget(self, size: tuple[int, int] = (0, 0)) -> None:
        """Begin anew, for pictures of *size* (height, width): the camera was moved."""
        self._sum, self._count, self.looks = np.zeros((*size, 3), np.float32), np.zeros(size, np.float32), 0

    def see(self, picture: Bytes, clear: np.ndarray) -> None:
        """Take what *picture* shows where it is *clear* of the speaker."""
        if self._count.shape != picture.shape[:2]:
            self.forget((picture.shape[0], picture.shape[1]))
        sure = cv2.erode(np.asarray(clear, np.uint8), _OFF_EDGES)
        cv2.accumulate(picture, self._sum, mask=sure)
        self._count += sure
        self.looks += 1

    @property
    def known(self) -> float:
        """How much of the picture was seen often enough, 0 to 1."""
        return float((self._count >= _LOOKS).mean()) if self._count.size else 0.0

    def plate(self, hue: Hue, *, noise: float) -> Plate:
        """The plate, of which single frames stray by *noise*.

        Raises:
            PlateUnusable: too little was seen so far, or no screen.
        """
        if self.known < _AT_LEAST:
            raise PlateUnusable(
                f"only {self.known:.0%} of the picture was seen without the speaker so far",
                hint="move aside for a few seconds, and keep it then",
            )
        weights = np.asarray(np.minimum(self._count, 1), np.float32)
        mean = np.asarray(self._sum / np.maximum(self._count, 1)[..., None], np.float32)
        picture = np.where(weights[..., None] > 0, mean, fill(mean, weights))
        taken = plates.take([np.clip(np.round(picture), 0, 255).astype(np.uint8)], hue=hue)
        return Plate(picture=taken.picture, facts=replace(taken.facts, frames=self.looks, noise=noise))
