"""Where the speaker stands in the final picture, and what stands behind.

A background is a picture of the size of the result: `plain`, `fitted`, `blurred`, or a frame of another video. `place`
puts a speaker who was cut free onto it: anywhere, at any size, mirrored or cropped, with a shadow or none. Light is
added as light, so that soft edges look the same on a dark slide as on a white one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from greenscreen.errors import GreenscreenError, PictureUnusable
from greenscreen.keyer import Keyed
from greenscreen.light import DECODE, ENCODE, Bytes, Floats, encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """Where a speaker stands in a picture, and how."""

    across: float = 0.5
    """Where the middle of the speaker's picture lies, from the left edge (0) to the right (1)."""

    bottom: float = 1.0
    """Where its lower edge lies, from the top (0) to the bottom (1)."""

    height: float = 1.0
    """How high it is, as a share of the whole picture's height."""

    crop: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """What is cut off the speaker's picture first: left, top, right, bottom, as shares of its size."""

    mirrored: bool = False
    """Whether left and right change places."""

    shadow: float = 0.0
    """How dark a soft shadow the speaker throws on what is behind, 0 (none) to 1."""

    def __post_init__(self) -> None:
        left, top, right, bottom = self.crop
        if min(self.crop) < 0 or left + right >= 1 or top + bottom >= 1:
            raise GreenscreenError(f"a crop of {self.crop} leaves nothing", hint="each is a share cut off, from 0 to 1")
        if not 0 < self.height <= 8:
            raise GreenscreenError(f"a speaker {self.height:g} pictures high", hint="give a height above 0, up to 8")
        if not 0 <= self.shadow <= 1:
            raise GreenscreenError(f"a shadow of {self.shadow:g}", hint="0 is none, 1 is black")


WHOLE: Final = Placing()
"""The speaker's picture fills the height, in the middle."""


def plain(colour: tuple[int, int, int], size: tuple[int, int]) -> Bytes:
    """A background of one *colour* (blue, green, red), of *size* (width, height)."""
    return np.full((size[1], size[0], 3), colour, np.uint8)


def fitted(picture: Bytes, size: tuple[int, int]) -> Bytes:
    """A *picture* scaled and cropped in the middle until it fills *size* (width, height).

    Raises:
        PictureUnusable: it holds nothing.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] not in (3, 4) or 0 in picture.shape:
        raise PictureUnusable(f"this is no picture to stand before: {picture.dtype} of shape {picture.shape}")
    colour = np.ascontiguousarray(picture[..., :3])
    height, width = colour.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    if scale == 1 and (width, height) == size:
        return colour
    wide, high = max(size[0], round(width * scale)), max(size[1], round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(colour, (wide, high), interpolation=way)
    x, y = (wide - size[0]) // 2, (high - size[1]) // 2
    return np.ascontiguousarray(scaled[y : y + size[1], x : x + size[0]], np.uint8)


def blurred(room: Bytes, keyed: Keyed, *, strength: float = 0.03) -> Bytes:
    """The *room* behind a speaker, out of focus, by *strength* of its height; the speaker does not bleed into it."""
    height, width = room.shape[:2]
    small = (max(1, width // 4), max(1, height // 4))
    cover = cv2.dilate(cv2.resize(keyed.alpha, small, interpolation=cv2.INTER_AREA), np.ones((3, 3), np.uint8))
    behind = np.maximum(1 - cover.astype(np.float32)[..., None] / 32, np.float32(1e-3))
    light = DECODE[cv2.resize(np.ascontiguousarray(room[..., :3]), small, interpolation=cv2.INTER_AREA)]
    reach = max(0.5, strength * small[1])
    spread = cv2.GaussianBlur(light * behind, (0, 0), reach)
    weight = cv2.GaussianBlur(behind, (0, 0), reach)
    far = spread / np.maximum(weight.reshape(*weight.shape[:2], 1), 1e-4)
    return np.asarray(cv2.resize(encoded(np.asarray(far, np.float32)), (width, height)), np.uint8)


def place(keyed: Keyed, background: Bytes, placing: Placing = WHOLE) -> Bytes:
    """The speaker in front of a copy of *background*, placed as asked; what falls outside is cut off."""
    height, width = background.shape[:2]
    colour, alpha = _cropped(keyed, placing)
    high = max(1, round(placing.height * height))
    wide = max(1, round(high * alpha.shape[1] / alpha.shape[0]))
    left, top = round(placing.across * width - wide / 2), round(placing.bottom * height) - high
    cover = _scaled(colour, alpha, (wide, high))
    out = background.copy()
    if placing.shadow > 0:
        _darken(out, cover[..., 3], left, top, placing.shadow)
    from greenscreen.lay import lay  # numba comes with the extra, and only when it is needed

    lay(cover, left, top, DECODE, ENCODE, out)
    return out


def _cropped(keyed: Keyed, placing: Placing) -> tuple[Bytes, Bytes]:
    height, width = keyed.alpha.shape
    left, top, right, bottom = placing.crop
    rows = slice(round(top * height), max(round(top * height) + 1, round((1 - bottom) * height)))
    columns = slice(round(left * width), max(round(left * width) + 1, round((1 - right) * width)))
    colour, alpha = keyed.foreground[rows, columns], keyed.alpha[rows, columns]
    return (colour[:, ::-1], alpha[:, ::-1]) if placing.mirrored else (colour, alpha)


def _scaled(colour: Bytes, alpha: Bytes, size: tuple[int, int]) -> Floats:
    """Light times cover, and cover, scaled: what is not there must not bleed into what is."""
    from greenscreen.lay import covering

    cover = np.empty((*alpha.shape, 4), np.float32)
    covering(np.ascontiguousarray(colour), np.ascontiguousarray(alpha), DECODE, cover)
    if size == (alpha.shape[1], alpha.shape[0]):
        return cover
    way = cv2.INTER_AREA if size[1] < alpha.shape[0] else cv2.INTER_LINEAR
    return np.ascontiguousarray(cv2.resize(cover, size, interpolation=way), np.float32)


def _darken(out: Bytes, cover: Floats, left: int, top: int, strength: float) -> None:
    """Throw a soft shadow, a little to the right and below, onto *out*."""
    height, width = out.shape[:2]
    quarter = cv2.resize(
        cover, (max(1, cover.shape[1] // 4), max(1, cover.shape[0] // 4)), interpolation=cv2.INTER_AREA
    )
    reach = max(1.0, 0.02 * quarter.shape[0])
    margin = int(3 * reach) + 1
    soft = cv2.copyMakeBorder(quarter, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    soft = cv2.GaussianBlur(soft, (0, 0), reach)
    soft = cv2.resize(soft, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    left, top = left - 4 * margin + round(4 * reach), top - 4 * margin + round(2 * reach)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + soft.shape[1]), min(height, top + soft.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    shade = 1 - strength * soft[y0 - top : y1 - top, x0 - left : x1 - left, None]
    out[y0:y1, x0:x1] = encoded(np.asarray(DECODE[out[y0:y1, x0:x1]] * shade, np.float32))
