"""Light and bytes: pictures are stored in sRGB code values, but light mixes in amounts.

Hair in front of a screen is so much light from the hair and so much from the screen, added. Only in amounts of
light is the share of each a simple division, and only there does a soft edge look right before any background.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

STEPS: Final = 16383
"""The finest amount of light that a table tells apart: 1/16383, less than a code value in the deepest shadow."""

LUMA: Final = (0.0722, 0.7152, 0.2126)
"""What blue, green and red light add to brightness (BT.709)."""


def _decoded(code: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _encoded(light: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


DECODE: Final[Floats] = _decoded(np.arange(256) / 255).astype(np.float32)
"""The amount of light, 0 to 1, of each code value."""

ENCODE: Final[Bytes] = np.round(255 * _encoded(np.arange(STEPS + 1) / STEPS)).astype(np.uint8)
"""The code value nearest to each amount of light in steps of 1/`STEPS`."""

DECODE.flags.writeable = ENCODE.flags.writeable = False


def decoded(picture: Bytes) -> Floats:
    """The light of a picture."""
    return DECODE[picture]


def encoded(light: Floats) -> Bytes:
    """The picture of some light; what is brighter than white is white."""
    return ENCODE[(np.clip(light, 0, 1) * STEPS + 0.5).astype(np.int32)]


def brightness(light: Floats) -> Floats:
    """How bright light is to the eye: the last axis, blue, green, red, becomes one number."""
    return light @ np.asarray(LUMA, np.float32)
