"""Veiling glare: the light of a bright screen that a lens lays over the whole picture, and so over the speaker.

Every lens scatters about a hundredth of the light that enters it over all of the picture (ISO 9358 measures it). Of a
screen that fills most of it, this is light of the screen's colour: black hair turns green, dark red cloth brown. How
much it is no single picture tells, so a modest share is taken away; less where the darkest things of the speaker leave
no room for it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from greenscreen.light import DECODE, Bytes, Floats, encoded
from greenscreen.screen import Mask

SHARE: Final = 0.01
"""Of the screen's light, as a mean over the whole picture: what may be glare."""
ROOM: Final = 0.6
"""Of the darkest there is on the speaker: what may be glare."""

LEFT: Final = 0.5
"""Of each channel, what is left at least: were there no glare, dark hair and a navy suit would turn purple."""

_DARKEST: Final = 0.5  # hundredths of the speaker's blocks
_ENOUGH: Final = 200
_MANY: Final = 2000


def glare(lights: Floats, now: Floats, speaker: Floats, inside: Mask) -> Floats | None:
    """The glare on a frame: blue, green and red, linear light; ``None`` where too little of the speaker is seen.

    Args:
        lights: of each block, colour by colour.
        now: the screen's light, block by block.
        speaker: how much of each block is speaker.
        inside: which blocks lie well inside.
    """
    some = np.flatnonzero(inside)
    if len(some) < _ENOUGH:
        return None
    some = some[:: max(1, len(some) // _MANY)]
    screen = (1 - speaker.ravel()) @ now.reshape(-1, 3) / speaker.size
    ratios = np.min([lights[k].take(some) / max(float(screen[k]), 1e-4) for k in range(3)], axis=0)
    return np.asarray(screen * min(SHARE, ROOM * max(0.0, float(np.percentile(ratios, _DARKEST)))), np.float32)


def without(light: Floats) -> Bytes:
    """What each code value becomes when some *light* is taken away: ``(3, 256)``."""
    return np.stack([encoded(np.maximum(DECODE - light[k], LEFT * DECODE)) for k in range(3)])
