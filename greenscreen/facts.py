"""What is known of each block: the numbers that the kernels hand on, and their places."""

from __future__ import annotations

from typing import Final

BLOCK: Final = 4
"""Pixels of a block's side, at half size; twice as many at full size."""

SHARE: Final = 3
"""After the block's mean light (blue, green, red): how much of the screen's colour it holds, over the plate's."""
UNEVEN: Final = 4
"""The variance of that share, without what a plain slope explains."""
LEAST: Final = 5
"""The least of it in any pixel."""
MOST: Final = 6
"""The most of it."""
ROUGH: Final = 7
"""Its variance, slopes and all."""
GREENNESS: Final = 8
"""How far the screen's channel stands above the others, at most."""
PUREST: Final = 9
"""The mean light (three numbers) of the pixels that hold most of the screen's colour."""
FACTS: Final = 12

EMPTY: Final = 0
"""A block of nothing but screen."""
CLEAR: Final = 1
"""A block of nothing but speaker, untouched by the screen's light."""
TINTED: Final = 2
"""A block of nothing but speaker, with some of the screen's light on it."""
MIXED: Final = 3
"""A block with an outline, or something that can be seen through."""

KAPPA: Final = 0
"""Of a block beside the screen expected there: the share of its colour that the block holds."""
OFF: Final = 1
"""What of its light is not the screen's own, over what is."""
PURELY: Final = 2
"""The same share, for the block's purest pixels."""
PURELY_OFF: Final = 3
VERDICTS: Final = 4

GRAIN: Final = 0.06
"""A share of speaker below this may be noise: it is not raised where greenish clothes ask for more, and from twice it
is so in full.
"""
