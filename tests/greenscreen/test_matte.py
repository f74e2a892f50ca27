"""How much of each pixel is speaker, brought up to full size by brightness."""

from __future__ import annotations

import numpy as np
import pytest

from greenscreen.facts import BLOCK, MARGIN, MIXED, RING, TRAITS
from greenscreen.matte import fit

ROWS, COLUMNS = 3, 4


def drawn_up(alpha: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """What `fit` makes of the middle blocks: the share that follows brightness, and the rest."""
    classes = np.full((ROWS, COLUMNS), MIXED, np.uint8)
    traits = np.zeros((RING, TRAITS, COLUMNS * BLOCK + MARGIN), np.float32)
    for row in range(ROWS):
        fit(row, classes, alpha, bright, 0.004, 1.0, traits)
    slope, rest = (traits[BLOCK : 2 * BLOCK, n, 1 : COLUMNS * BLOCK + 1] for n in range(2))
    return slope * bright[BLOCK : 2 * BLOCK] + rest


@pytest.fixture
def fingers() -> np.ndarray:
    """The share of speaker, with a gap one pixel wide."""
    alpha = np.ones((ROWS * BLOCK, COLUMNS * BLOCK), np.float32)
    alpha[:, 8] = 0
    return alpha


def test_a_gap_that_brightness_tells_is_as_it_was(fingers: np.ndarray):
    """What is bright where it is open follows brightness all the way."""
    found = drawn_up(fingers, 0.2 + 0.6 * (1 - fingers))

    assert found[:, 8].max() < 0.05
    assert found[:, 5:8].min() > 0.95


def test_a_gap_as_bright_as_what_it_parts_stays_open(fingers: np.ndarray):
    """Brightness does not tell them apart, and would draw a mean of the two; colour does."""
    found = drawn_up(fingers, np.full_like(fingers, 0.3))

    assert found[:, 8].max() < 0.5
    assert found[:, 6:8].min() > 0.85


def test_noise_that_brightness_does_not_know_is_halved():
    """So nothing flickers that is the camera's alone."""
    noisy = np.random.default_rng(1).normal(0.5, 0.1, (ROWS * BLOCK, COLUMNS * BLOCK)).astype(np.float32)

    found = drawn_up(noisy, np.full_like(noisy, 0.3))

    assert np.std(found) < 0.7 * np.std(noisy[BLOCK : 2 * BLOCK])
