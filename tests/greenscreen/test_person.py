"""The model that sees people."""

import numpy as np
import pytest

from greenscreen.person import PersonFinder


@pytest.mark.parametrize("size", [(144, 256), (360, 640), (90, 40)], ids=str)
def test_the_last_step_of_the_model_gives_the_same_without_opencv(monkeypatch: pytest.MonkeyPatch, size):
    """It was taken out of OpenCV's hands for its time only."""
    short = PersonFinder()
    monkeypatch.setattr(PersonFinder, "_shorten", lambda finder, content: None)
    whole = PersonFinder()
    for seed in range(3):
        coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        picture = np.resize(np.repeat(np.repeat(coarse, 60, 0), 80, 1), (*size, 3))
        seen = short.look(picture)

        assert seen.shape == (144, 256)
        assert np.abs(seen - whole.look(picture)).max() < 1e-3


def test_the_model_is_shortened_with_the_opencv_that_is_installed():
    """Else it works as well, but takes twice as long, and nobody would notice."""
    assert PersonFinder()._last is not None
