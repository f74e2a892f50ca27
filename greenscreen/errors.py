"""What may go wrong in front of a green screen: the room's branch of the tree drawn in `capture.errors`.

FlipcastError
└── GreenscreenError
    ├── KernelsMissing      numba is not installed, or cannot compile here
    ├── ModelMissing        the person model is not where it was installed, or cannot be read
    ├── PlateUnusable       a plate that cannot be read, or shows no screen
    └── PictureUnusable     something handed in is no picture that can be keyed, or no picture to stand before
"""

from __future__ import annotations

from capture.errors import FlipcastError


class GreenscreenError(FlipcastError):
    """Something about keying a picture."""


class KernelsMissing(GreenscreenError):
    """The compiled kernels cannot be had: numba is missing or broken."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the green screen needs numba: {why}", hint="install it with: pip install 'flipcast[greenscreen]'"
        )


class ModelMissing(GreenscreenError):
    """The model that sees people is not where it was installed, or cannot be read."""


class PlateUnusable(GreenscreenError):
    """A clean plate cannot be read, or shows nothing that could be keyed."""


class PictureUnusable(GreenscreenError):
    """What was handed in is not a picture that can be keyed or stood before."""
