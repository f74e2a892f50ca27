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

ANYWAY: Final = 2
"""Asks for a block even if all of it was found to be speaker, as its colours may hide the screen; others are asked for
by 1.
"""

RING: Final = 4 * BLOCK
"""Rows at half size that are kept of what outlines are worked out from, the next in place of the last: so few stay in
the processor's own memory.
"""
TRAITS: Final = 6
"""Of each pixel of an outline: the slope by which the share of speaker follows brightness, the share left when
brightness is taken out, the mean share around it, how well the two go together (0 to 1), how far the share spreads, and
how far by what brightness tells (both as standard deviations; the last is negative where the speaker is darker).
"""
OUTLINE: Final = 13
"""Of each pixel of an outline: slope and rest of the share of speaker; the least it may be; the screen's light (three
numbers); what of it to take per unit of spill; the speaker's own light, premultiplied (three); the mean share; how
green the clothes may be, and how little green of all.
"""
AROUND: Final = 7
"""Of each block, for outlines: the screen's light now over the plate's (three); how green clothes may be; how surely it
lies inside a person; how far outside the screen; how far the speaker's light may fall short of the screen's colour.
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

DESCRIBED: Final = 48
"""Numbers that describe a pixel for `outline`: the share of speaker as found (0); the share of the screen's colour
(1); its brightness over the screen's (2); its own light, without that share of the screen, in the third channel and in
red (3, 4); how much screen and how much of the solid colour nearest make it up, and what these leave (5 to 7); that
solid colour in the same three numbers (8 to 10); six numbers of each of three rings around it (11 to 28); what is
known of its block (29 to 37); the noise (38); how much screen and how much of that colour of the speaker which fits it
best make it up, and what these leave (39 to 41), and the same of the next best (42 to 44); how usual its shade is for
the speaker (45), and its own light (46), and what share of the screen's colour goes with that (47).

They are a multiple of four, so that the network can take four at a time.
"""
HINTS: Final = 12
"""Of each block, for `outline`: how surely a person is there, and all around; how surely it lies inside one; how uneven
and how rough it is; what of it is not the screen's own, as a share of all; the share of the screen's colour in its
purest pixels, and what of these is not the screen's own; how much more counts as all; the solid colour nearest
(three).
"""
FIELDS: Final = HINTS + 4
"""The same, and how it is lit: one over what the plate's share counts for, and the screen's light over the plate's
(three).
"""

FINE: Final = 16
"""Numbers that describe a pixel at half size for `fine`: the share of speaker in the nine around it (0 to 8); in the
four of full size that it is made of, as brightness tells it (9 to 12); and the last three traits of an outline (13 to
15).
"""
