"""What is known of each block: the numbers that the kernels hand on, and their places."""

from __future__ import annotations

from typing import Final

BLOCK: Final = 4
"""Pixels of a block's side, at half size; twice as many at full size."""

SHARE: Final = 3
"""After the block's mean light (blue, green, red): how much of the screen's colour it holds, over the plate's."""
UNEVEN: Final = 4
"""The variance of that share, without what a plain slope explains."""
COARSE: Final = 5
"""The variance of brightness."""
LEAST: Final = 6
"""The least share of speaker."""
MOST: Final = 7
MEAN: Final = 8
GREENNESS: Final = 9
"""How far the screen's channel stands above the others, at most."""
ROUGH: Final = 10
"""The variance of the share of speaker."""
FACTS: Final = 11

EMPTY: Final = 0
"""A block of nothing but screen."""
CLEAR: Final = 1
"""A block of nothing but speaker, untouched by the screen's light."""
TINTED: Final = 2
"""A block of nothing but speaker, with some of the screen's light on it."""
MIXED: Final = 3
"""A block with an outline, or something that can be seen through."""
