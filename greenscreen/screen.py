"""Finding a screen in a picture: where it is, and in which colour.

All of it works on blocks, some tens of thousands of them, with OpenCV's small filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from greenscreen.key import BLUE, GREEN, Channels, Hue
from greenscreen.light import Floats

Mask = NDArray[np.bool_]

LEAST_SCREEN: Final = 0.03
"""A colour that fills less of the picture than this is no screen."""

DARKEST: Final = 0.006
"""A screen's colour difference below this (of full light) is lost in noise."""


def difference(light: Floats, channels: Channels) -> Floats:
    """How far the screen's channel stands above the mean of the two others."""
    one, two = channels.others
    return light[..., channels.key] - np.float32(0.5) * (light[..., one] + light[..., two])


def fill(values: Floats, weights: Floats) -> Floats:
    """Draw numbers from where they are known (*weights* up to 1) into where they are not, smoothly."""
    count = values.shape[2]
    # The weight is laid beside every number: numpy is slow where it must repeat one along a short axis.
    known: Any = values * _beside(weights, count)
    levels = [(known, weights)]
    while max(weights.shape) > 1:
        height, width = (max(1, (n + 1) // 2) for n in weights.shape)
        known = cv2.resize(known, (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, count)
        weights = np.asarray(cv2.resize(weights, (width, height), interpolation=cv2.INTER_AREA), np.float32)
        levels.append((known, weights))
    drawn: Any = known / np.maximum(_beside(weights, count), np.float32(1e-6))
    for known, weights in reversed(levels[:-1]):
        height, width = weights.shape
        drawn = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, count)
        # Where it is known in part, the rest comes from further away.
        drawn *= _beside(1 - weights, count)
        drawn += known
    return np.asarray(drawn, np.float32)


def _beside(weights: Floats, count: int) -> Floats:
    return np.asarray(cv2.merge([weights] * count), np.float32).reshape(*weights.shape, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A screen, as first met."""

    channels: Channels
    colour: Floats
    """Its middle light: blue, green, red."""
    where: Mask
    """Which blocks show it."""


def find(light: Floats, person: Floats | None, hue: Hue) -> Found | None:
    """The screen among the *light* of blocks; ``None`` where nothing shows one."""
    if hue is Hue.NONE:
        return None
    best: Found | None = None
    for channels in (GREEN, BLUE):
        if hue not in (Hue.AUTO, channels.hue):
            continue
        found = _find_one(light, person, channels)
        if found is not None and (best is None or found.where.sum() > best.where.sum()):
            best = found
    return best


def _find_one(light: Floats, person: Floats | None, channels: Channels) -> Found | None:
    stands = difference(light, channels)
    own = light[..., channels.key]
    one, two = (light[..., n] for n in channels.others)
    # The sky and jeans are blue, and grass is green, but a screen is so by a third of its light at least.
    likely = (stands > DARKEST) & (stands > (0.3 if channels.key == 1 else 0.4) * own) & (own > np.maximum(one, two))
    if person is not None:
        likely &= person < 0.5
    if likely.mean() < LEAST_SCREEN:
        return None
    lit = np.maximum(own, 1e-6)  # black is never likely, and must not be divided by
    ratios = np.stack([one / lit, two / lit], -1)
    chosen = likely
    for reach in (0.3, 0.2, 0.15):  # home in on the most frequent colour
        middle = np.median(ratios[chosen], axis=0)
        chosen = likely & (np.abs(ratios - middle).max(-1) < reach)
        if chosen.mean() < LEAST_SCREEN:
            return None
    if chosen[: len(chosen) // 3].sum() < 0.1 * chosen.sum():
        return None  # a screen stands behind the head, too: this is a shirt, or a table
    return Found(channels=channels, colour=np.median(light[chosen], axis=0).astype(np.float32), where=chosen)
