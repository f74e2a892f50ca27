"""What can be set about a key. Nobody needs to: each default is right for a booth and for a window sill."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from greenscreen.errors import GreenscreenError


class Hue(StrEnum):
    """What stands behind the speaker."""

    AUTO = "auto"
    """Looked for in the frames: green, blue, or nothing that could be keyed."""
    GREEN = "green"
    BLUE = "blue"
    NONE = "none"
    """No screen: the person model alone, the second best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """How a speaker is told from the screen."""

    hue: Hue = Hue.AUTO
    """The colour of the screen."""

    choke: float = 0.0
    """Tightens the outline (up to 1) or widens it (down to -1)."""

    soften: float = 0.0
    """Blurs the outline, by so many pixels of a picture 1080 high; 0 to 20."""

    spill: float = 1.0
    """How much of the light that the screen throws on the speaker is taken away, 0 to 1."""

    clothes: float = 0.5
    """How firmly clothes of the screen's colour are protected: 0 trusts the colour alone, 1 the person model."""

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            if not least <= (value := getattr(self, name)) <= most:
                raise GreenscreenError(f"{name} is {value:g}", hint=f"give it a value from {least:g} to {most:g}")


_BOUNDS: Final = {"choke": (-1.0, 1.0), "soften": (0.0, 20.0), "spill": (0.0, 1.0), "clothes": (0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Channels:
    """Which of blue, green and red (0, 1, 2) the screen shines in, and which it does not."""

    key: int
    others: tuple[int, int]

    @property
    def hue(self) -> Hue:
        """The name of the colour."""
        return Hue.GREEN if self.key == 1 else Hue.BLUE


GREEN: Final = Channels(1, (0, 2))
BLUE: Final = Channels(0, (1, 2))
