"""What no light and no veil explains: blocks that are solid, though they hold much of the screen's colour.

Green letters on a slide before a green screen, a leaf, the bars of a chart: against the screen they can be told where
they are purer than it. Their rims cannot, nor can what a camera made of their middle; there it counts what is around.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from greenscreen.facts import KAPPA, OFF
from greenscreen.key import Channels
from greenscreen.light import Floats, brightness
from greenscreen.screen import Mask

_CROSS: Final = np.ones((3, 3), np.uint8)
_WHITE: Final = 1.4
"""Light: so much brighter than the camera's white no veil is, even where the screen shines on it."""
_PURER: Final = 0.05
_FAR_PURER: Final = 0.1
"""How much purer than the screen, over its brightness; so far, a few blocks are enough."""
_ENCLOSING: Final = 6
_ENCLOSED: Final = 0.01
"""Of so many blocks at least, at most that share of the picture is taken for the inside."""


def opaque_in(blocks: Floats, verdict: Floats, now: Floats, channels: Channels, noise: float) -> tuple[Mask, Mask]:
    """The blocks in which a veil before the screen would have to be brighter than white: so there is none.

    Nor can a veil, or a shadow, make the screen's colour purer than it is; those that are purer stand again by
    themselves.
    """
    kappa = np.clip(verdict[..., KAPPA], 0, 0.9)
    blue, green, red = (blocks[..., k] - kappa * now[..., k] for k in range(3))
    own = np.maximum(np.maximum(blue, green), red)
    bright = (own > _WHITE * (1 - kappa)) & (kappa > 0.05) & (verdict[..., OFF] > 0.6)
    pure = sum(verdict[..., KAPPA] * now[..., k] - blocks[..., k] for k in channels.others) / 2
    purely = np.where(kappa > 0.3, pure / brightness(now), 0)
    opaque, purer = (
        cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, _CROSS) > 0
        for mask in (bright | (purely > _PURER), purely > _PURER)
    )
    far = (purely > max(_FAR_PURER, 3 * noise)).astype(np.uint8)
    # One alone is an edge that the camera sharpened.
    far &= cv2.boxFilter(far, -1, (3, 3), normalize=False) > 2
    return np.asarray(opaque | (far > 0)), np.asarray(purer | (far > 0))


def filled(opaque: Mask, clear: Mask) -> Mask:
    """The blocks of what is *opaque*, up to its rims where something *clear* of the screen is next to it.

    With what it encloses of the screen's colour: a bar of a chart is all one, where a bent arm lets see the screen.
    """
    if not opaque.any():
        return opaque
    closed = cv2.morphologyEx((opaque | clear).astype(np.uint8), cv2.MORPH_CLOSE, _CROSS)
    count, parts, facts, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    beside = cv2.dilate(parts.astype(np.uint16), _CROSS)[opaque]
    enclosed = facts[:, cv2.CC_STAT_AREA] < _ENCLOSED * opaque.size
    enclosed &= np.bincount(beside, minlength=count) >= _ENCLOSING
    enclosed[0] = False
    inner = enclosed[parts]
    whole = cv2.erode(closed | inner, _CROSS, borderValue=1) & (cv2.dilate(opaque.astype(np.uint8), _CROSS) | inner)
    return np.asarray(whole > 0)
