"""Code values and linear light (the curve of sRGB), and one picture over another."""

from __future__ import annotations

import numpy as np


def decode(code: np.ndarray) -> np.ndarray:
    """Linear light of code values from 0 to 1."""
    return np.where(code <= 0.04045, code / 12.92, ((np.maximum(code, 0) + 0.055) / 1.055) ** 2.4)


LINEAR: np.ndarray = decode(np.arange(256) / 255).astype(np.float32)
"""Linear light of each uint8 code value."""


def encode_exactly(light: np.ndarray) -> np.ndarray:
    """Code values from 0 to 1 by the formula."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


_STEPS = 1 << 14
_CODE = encode_exactly((np.arange(_STEPS + 2) / _STEPS) ** 2).astype(np.float32)


def encode(light: np.ndarray) -> np.ndarray:
    """Code values from 0 to 1, float32, of linear light; what is outside is clipped.

    By a table over the square root of the light, where the curve is nearly straight: exact to 1e-5, and quick.
    """
    place = np.sqrt(np.clip(light, 0, 1)).astype(np.float32) * _STEPS
    whole = place.astype(np.int32)
    lower = _CODE[whole]
    return lower + (place - whole.astype(np.float32)) * (_CODE[whole + 1] - lower)


def to_bytes(light: np.ndarray) -> np.ndarray:
    """uint8 code values of linear light."""
    return (encode(light) * 255 + 0.5).astype(np.uint8)


def over(foreground: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    """A premultiplied linear *foreground* over a uint8 picture, mixed in linear light; uint8."""
    return to_bytes(foreground + (1 - alpha[..., None]) * LINEAR[background])
