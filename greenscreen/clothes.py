"""The speaker's colours beside the screen's: what share of it they hold, and how far they fall short of it.

Greenish cloth holds some of the screen's colour by itself, and must count as all; a purple one holds less than none.
Both are seen deep inside, where nothing of the screen shines through, and drawn from there to the rims, which alone
would not tell.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from greenscreen.facts import GREENNESS
from greenscreen.key import Channels
from greenscreen.light import Floats
from greenscreen.screen import Mask, difference, fill

_NEARBY: Final = np.ones((9, 9), np.uint8)
_LITTLE: Final = np.float32(0.003)
_HALF: Final = np.float32(0.5)


class Clothes:
    """What is known of one speaker's colours, block by block; `learn` brings it up to date."""

    def __init__(self, channels: Channels, size: tuple[int, int]) -> None:
        ones = np.ones(size, np.float32)
        self._channels = channels
        self.white: Floats = ones
        """By how much more a share of speaker counts: one over what is not the screen's colour."""
        self.weigh: Floats = ones * 0
        """How much more red must weigh, so that their colour is no screen."""
        self.limit: Floats = ones * 0
        """How green they may stay: light."""
        self.lack: Floats = ones
        """How far their light may fall short of the screen's colour."""
        self.near: Floats = np.zeros((*size, 3), np.float32)
        """The light of the solid part that is nearest."""

    def learn(
        self, blocks: Floats, now: Floats, noise: float, *, deep: Mask, known: Mask, solid: Mask, fresh: bool
    ) -> None:
        """Learn from a frame's *blocks*, beside the screen as it is *now*.

        Args:
            noise: how far the share of screen moves by noise alone.
            deep: blocks of one colour, well inside.
            known: the same, and whatever else is surely speaker.
            solid: blocks that hold hardly any of the screen's colour.
            fresh: whether all that was known before is void.
        """
        white = limit = np.zeros(deep.shape, np.float32)
        if known.any():
            # Checks are as green as the greenest of them, noise apart, and need not be even to lie deep inside.
            over = blocks[..., GREENNESS] - (0.01 + 2 * noise) * difference(now, self._channels)
            limit = fill(np.maximum(0, over)[..., None], known.astype(np.float32))[..., 0]
        if deep.any():
            weigh, white = self._weighed(blocks, now)
            drawn = fill(np.stack([white, weigh], -1), deep.astype(np.float32))
            lights = np.asarray(cv2.merge([blocks[..., k] for k in range(3)]), np.float32)
            self.near = np.ascontiguousarray(fill(lights, deep.astype(np.float32)))
            # The greener clothes are, the less their edges are like what lies deep: there more counts as all.
            white = np.clip(1.2 * drawn[..., 0] + 0.02, 0, 0.8)
            self.weigh = np.ascontiguousarray(drawn[..., 1], np.float32)
        self.white = np.ascontiguousarray(1 / (1 - white), np.float32)
        self.limit = np.ascontiguousarray(limit, np.float32)
        if solid.any():
            lack = self._lacking(blocks, solid)
            self.lack = lack if fresh else self.lack + (lack - self.lack) * _HALF

    def _lacking(self, blocks: Floats, solid: Mask) -> Floats:
        """How far the light of what is *solid* falls short of the screen's colour, at most, around each block."""
        lack = np.where(solid, np.maximum(0, -difference(blocks[..., :3], self._channels)), np.float32(0))
        most, near = (np.asarray(cv2.dilate(n.astype(np.float32), _NEARBY), np.float32) for n in (lack, solid))
        return np.asarray(np.where(near > 0, most, most.max()) + _LITTLE, np.float32)

    def _weighed(self, blocks: Floats, now: Floats) -> tuple[Floats, Floats]:
        """How much more red must weigh so that a block's own colour is no screen; and what share of it still is."""
        one, two = self._channels.others
        stands = difference(blocks[..., :3], self._channels)
        lean = blocks[..., two] - blocks[..., one]
        weigh = np.clip(np.maximum(0, stands) * lean / (lean * lean + 0.02 * 0.02), -0.5, 0.5)
        screen = difference(now, self._channels) - weigh * (now[..., two] - now[..., one])
        left = (stands - weigh * lean) / np.maximum(screen, 1e-3)
        return np.asarray(weigh, np.float32), np.asarray(left, np.float32)
