"""Where people are in a picture, coarsely, by a small model that OpenCV runs itself.

It is far too coarse to be the outline of a speaker, but it knows what no colour can tell: that a hole in a green shirt
is no hole. So it is only asked what surely lies *inside* a person, and, where there is no screen, who stands there.

The model is MediaPipe's selfie segmentation, landscape (see ``models/NOTICE.txt``).
"""

from __future__ import annotations

from importlib import resources
from typing import Final

import cv2
import numpy as np

from greenscreen.errors import ModelMissing
from greenscreen.light import Bytes, Floats

WIDTH: Final = 256
"""How wide the model sees, in pixels."""

HEIGHT: Final = 144

MODEL: Final = "selfie_segmentation_landscape.tflite"


class PersonFinder:
    """The model, ready to look.

    Raises:
        ModelMissing: it is not in the package, or OpenCV cannot read it.
    """

    def __init__(self) -> None:
        path = resources.files("greenscreen") / "models" / MODEL
        try:
            content = np.frombuffer(path.read_bytes(), np.uint8)
            self._net = cv2.dnn.readNetFromTFLite(content)
            self.look(np.zeros((HEIGHT, WIDTH, 3), np.uint8))  # the first look is the slow one
        except (OSError, AttributeError, cv2.error) as error:
            raise ModelMissing(
                f"the model that sees people cannot be read ({path}): {error}",
                hint="install flipcast again; it comes with the package",
            ) from error

    def look(self, picture: Bytes) -> Floats:
        """How surely each of 144 x 256 places is part of a person, 0 to 1."""
        small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        self._net.setInput(cv2.dnn.blobFromImage(small, 1 / 255, swapRB=True))
        return np.ascontiguousarray(self._net.forward()[0, 0], np.float32)
