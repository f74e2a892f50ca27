"""How the light of a screen has changed: by medians, which a speaker before a part of it does not move."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenscreen.light import Floats
from greenscreen.screen import Mask


def gain(light: Floats, base: Floats, where: Mask) -> Floats:
    """How much brighter than *base* the *light* is, in the middle, in each colour."""
    places = np.flatnonzero(where[::2, ::2])
    if len(places) < 100:
        places = np.flatnonzero(where)
    else:
        rows, columns = np.divmod(places, (where.shape[1] + 1) // 2)
        places = 2 * rows * where.shape[1] + 2 * columns
    lights, bases = (values.reshape(-1, 3).take(sample(places), axis=0) for values in (light, base))
    return np.asarray(np.median(lights / np.maximum(bases, 1e-4), axis=0), np.float32)


def times(light: Floats, factors: Any) -> Floats:
    """The light times three numbers; numpy is slow where it must repeat them along a short axis."""
    wide = light.reshape(len(light), -1) * np.tile(factors, light.shape[1])
    return np.asarray(wide.reshape(light.shape), np.float32)


def middle(values: Floats, places: NDArray[np.intp]) -> float:
    """The median of *values* at some *places*."""
    return float(np.median(values.take(places)))


def sample(values: Any) -> Any:
    """A few thousand of many values: enough for a median."""
    return values[:: max(1, len(values) // 3000)]
