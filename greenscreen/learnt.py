"""What small networks have learnt, read from the package."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import numpy as np

from greenscreen.errors import ModelMissing
from greenscreen.light import Floats


def weights(model: str, names: Sequence[str]) -> list[Floats]:
    """The weights of a network in the order of their *names*.

    Raises:
        ModelMissing: it is not in the package.
    """
    path = resources.files("greenscreen") / "models" / model
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return [np.ascontiguousarray(kept[name], np.float32) for name in names]
    except (OSError, KeyError, ValueError) as error:
        raise ModelMissing(
            f"what was learnt of outlines cannot be read ({path}): {error}",
            hint="install flipcast again; it comes with the package",
        ) from error
