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

RING: Final = 4 * BLOCK
"""Rows at half size that are kept of what outlines are worked out from, the next in place of the last: so few stay in
the processor's own memory.
"""
TRAITS: Final = 4
"""Of each pixel of an outline: the slope by which the share of speaker follows brightness, the share left when
brightness is taken out, the mean share around it, and how well the two go together (0 to 1).
"""
OUTLINE: Final = 12
"""Of each pixel of an outline: slope and rest of the share of speaker; the least it may be; the screen's light (three
numbers); what of it to take per unit of spill; the speaker's own light, premultiplied (three); the mean share; how
green the clothes may be.
"""
MARGIN: Final = 8
"""Columns more than a picture has, in such rows: one before its first pixel, the rest after its last."""

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
