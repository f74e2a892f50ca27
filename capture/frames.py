"""What sources bring in: pictures and pieces of sound, each with the moment it was seen or heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


class Kind(StrEnum):
    """What a track shows or lets hear."""

    SCREEN = "screen"
    CAMERA = "camera"
    MICROPHONE = "microphone"
    SYSTEM = "system"

    @property
    def is_sound(self) -> bool:
        """Whether it is heard rather than seen."""
        return self in (Kind.MICROPHONE, Kind.SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture, as its source gives it."""

    picture: NDArray[np.uint8]
    """``(height, width, 3)`` blue-green-red, or ``(height, width, 4)`` with alpha; not to be written to."""

    at_ns: int
    """When it was seen, nanoseconds on the steady clock, the source's latency taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Some samples, in the order they were heard."""

    samples: NDArray[np.float32]
    """``(count, channels)``, -1 to 1."""

    at_ns: int
    """When the first of them was heard, nanoseconds on the steady clock, the source's latency taken off."""

    step_ns: float
    """Nanoseconds from one sample to the next on the steady clock, by what is known of the source's own clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureShape:
    """What pictures a source gives, as it granted them."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""

    rate: Fraction
    """Frames a second, as far as it can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundShape:
    """What sound a source gives."""

    rate: int
    """Samples a second by its own clock."""

    channels: int
    """1 or 2."""
