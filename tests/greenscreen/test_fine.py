"""What a second network has learnt of outlines at full size helps, and is what the kernels work out."""

import numpy as np
import pytest

from greenscreen import fine, plate
from greenscreen.errors import ModelMissing
from greenscreen.key import Key
from greenscreen.keyer import Keyer
from tests.benchmarks import footage, matting, strangers, teaching_fine
from tests.benchmarks.footage import Clip

SIZE = (640, 360)


def alphas(clip: Clip, *, refined: bool, settings: Key | None = None) -> list[np.ndarray]:
    """The clip's keys, with what was learnt and without."""
    with Keyer(settings, plate=plate.take(clip.plate_frames)) as keyer:
        if not refined:
            keyer._fine_weights = [np.zeros_like(w) for w in keyer._fine_weights]
        return [keyer.key(frame).alpha for frame in clip.frames]


def off(clip: Clip, *, refined: bool) -> float:
    """Mean squared error of alpha, thousandths."""
    found = alphas(clip, refined=refined)
    return float(np.mean([matting.mse(matting.as_float(a), t) for a, t in zip(found, clip.alphas, strict=True)])) * 1e3


@pytest.mark.parametrize("name", ["close", "sheet", "webcam", "markers"])
def test_what_was_learnt_brings_outlines_nearer_to_the_truth(name: str):
    """Of people that it never saw: it learnt from other seeds."""
    clip = footage.take(name, seed=41, size=SIZE, length=3, empty=6)

    assert off(clip, refined=True) < 0.97 * off(clip, refined=False)


def test_it_does_no_harm_to_what_is_nobody():
    """It must know of rims and veils, not of people."""
    clips = [strangers.take(seed, size=SIZE, length=3, empty=6) for seed in range(40, 46)]

    assert np.mean([off(c, refined=True) for c in clips]) < np.mean([off(c, refined=False) for c in clips])


def test_the_kernels_work_out_what_the_weights_say():
    """They are written for speed, and a slip in them would only be a slightly worse picture."""
    clip = footage.take("motion", seed=41, size=SIZE, length=1, empty=4)
    with teaching_fine.Pupil(plate=plate.take(clip.plate_frames)) as pupil:
        told = pupil.looks_at(clip.frames[0])
        network = dict(zip(fine.NAMES, pupil._fine_weights, strict=True))
    alpha = alphas(clip, refined=True)[0] / 255.0
    rows, columns = np.nonzero(fine.is_open(told))
    guided = told[rows, columns, 9:13]
    expected = guided + teaching_fine.said(told[rows, columns], network)
    found = np.stack([alpha[2 * rows + n // 2, 2 * columns + n % 2] for n in range(4)], axis=1)
    plain = (expected > 0.3) & (expected < 0.7) & (guided > fine.LEAST) & (guided < fine.MOST)

    assert plain.sum() > 500
    assert np.abs(found - expected)[plain].max() < 0.01


def test_a_softened_outline_is_not_made_sharp_again():
    """Who asks for a soft edge gets one."""
    clip = footage.take("plain", seed=41, size=SIZE, length=2, empty=4)
    soft = Key(soften=2.0)

    with_it, without = (alphas(clip, refined=r, settings=soft)[-1] for r in (True, False))
    assert np.array_equal(with_it, without)


def test_without_what_was_learnt_it_says_so(monkeypatch: pytest.MonkeyPatch):
    """Quality never depends on luck: nothing is silently left out."""
    monkeypatch.setattr(fine, "MODEL", "gone.npz")
    with pytest.raises(ModelMissing, match=r"gone\.npz"):
        Keyer()
