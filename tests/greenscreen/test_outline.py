"""What a small network has learnt of outlines helps, and is what the kernels work out."""

from dataclasses import replace

import numpy as np
import pytest

from greenscreen import described, learnt, outline, plate
from greenscreen.errors import ModelMissing
from greenscreen.facts import ANYWAY, DESCRIBED
from greenscreen.field import Field
from greenscreen.keyer import Keyer
from tests.benchmarks import footage, matting, strangers, teaching
from tests.benchmarks.footage import Clip

SIZE = (640, 360)


def off(clip: Clip, *, mended: bool) -> float:
    """Mean squared error of alpha, thousandths."""
    with Keyer(plate=plate.take(clip.plate_frames)) as keyer:
        if not mended:
            keyer._mend = lambda *_: None
        alphas = [keyer.key(frame).alpha for frame in clip.frames]
    errors = [matting.mse(matting.as_float(a), t) for a, t in zip(alphas, clip.alphas, strict=True)]
    return float(np.mean(errors)) * 1e3


@pytest.mark.parametrize("name", ["close", "webcam", "spectacles"])
def test_what_was_learnt_brings_outlines_nearer_to_the_truth(name: str):
    """Of people that it never saw: it learnt from other seeds."""
    clip = footage.take(name, seed=41, size=SIZE, length=3, empty=6)

    assert off(clip, mended=True) < 0.9 * off(clip, mended=False)


def test_what_looks_whole_is_looked_at_where_its_colours_hide_the_screen(monkeypatch: pytest.MonkeyPatch):
    """Dark red with a third of the green screen behind it holds no green: its soft edge looks whole, and is not."""
    lots = np.random.default_rng(41)
    scene = footage.plan("soft", lots)
    scene = replace(scene, look=replace(scene.look, cloth="a01820", pattern="plain", sleeves=1.0))
    clip = footage.shoot("soft", scene, lots, size=SIZE, length=3, empty=6)
    found = off(clip, mended=True)

    def never(field: Field, blocks: np.ndarray) -> np.ndarray:
        return np.zeros(blocks.shape[:2], np.bool_)

    def always(field: Field, blocks: np.ndarray) -> np.ndarray:
        return np.ones(blocks.shape[:2], np.bool_)

    monkeypatch.setattr(Field, "hiding", never)
    assert found < 0.95 * off(clip, mended=True)
    monkeypatch.setattr(Field, "hiding", always)
    assert found == pytest.approx(off(clip, mended=True), rel=0.02)


def test_it_does_no_harm_to_what_is_nobody():
    """It must know of rims and veils, not of people."""
    clips = [strangers.take(seed, size=SIZE, length=3, empty=6) for seed in range(40, 46)]

    assert np.mean([off(c, mended=True) for c in clips]) < np.mean([off(c, mended=False) for c in clips])


def test_the_kernels_work_out_what_the_weights_say():
    """They are written for speed, and a slip in them would only be a slightly worse picture."""
    clip = footage.take("motion", seed=41, size=SIZE, length=2, empty=4)
    with teaching.Pupil(plate=plate.take(clip.plate_frames)) as pupil:
        mend, seen = pupil._mend, {}

        def tell_and_mend(*facts: object) -> None:
            told = np.zeros((*facts[-1].shape, DESCRIBED), np.float32)  # type: ignore[attr-defined]
            described.tell(*facts[: teaching.FACTS], facts[-1], told)
            facts[0][facts[0] > 0] = ANYWAY  # type: ignore[index]
            mend(*facts)
            seen.update(told=told, asked=np.array(facts[0]), alpha=np.array(facts[-1]))

        pupil._mend = tell_and_mend
        for frame in clip.frames:
            pupil.key(frame)
    mixed = np.kron(seen["asked"], np.ones((4, 4), np.uint8)) > 0
    told = seen["told"][mixed & described.is_open(seen["told"])]
    found = seen["alpha"][mixed & described.is_open(seen["told"])]
    said = teaching.said(told, dict(zip(outline.NAMES, learnt.weights(outline.MODEL, outline.NAMES), strict=True)))

    assert len(told) > 1000
    assert np.abs(found - said).max() < 2e-3


def test_without_what_was_learnt_it_says_so(monkeypatch: pytest.MonkeyPatch):
    """Quality never depends on luck: nothing is silently left out."""
    monkeypatch.setattr(outline, "MODEL", "gone.npz")
    with pytest.raises(ModelMissing, match=r"gone\.npz"):
        Keyer()
