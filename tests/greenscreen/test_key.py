"""What experts may turn, and what is missing said aloud."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from capture.errors import FlipcastError
from greenscreen import person
from greenscreen.errors import GreenscreenError, ModelMissing, PictureUnusable
from greenscreen.key import Key
from greenscreen.keyer import Keyer
from tests.benchmarks import footage

SIZE = (640, 360)


@pytest.fixture(scope="module")
def clip() -> footage.Clip:
    """Somebody with hair, before a green screen."""
    return footage.take("long_hair", seed=4, size=SIZE, length=2, empty=2)


def alpha(clip: footage.Clip, **settings: float) -> np.ndarray:
    """The second frame's alpha."""
    with Keyer(Key(**settings)) as keyer:
        return [keyer.key(frame).alpha for frame in clip.frames][-1].astype(int)


def test_choke_tightens_and_widens_the_outline(clip):
    """For a rim that nothing else removes, or hair that is lost."""
    tight, plain, wide = (alpha(clip, choke=c).sum() for c in (0.6, 0.0, -0.6))
    assert tight < plain < wide


def test_soften_blurs_the_outline_and_nothing_else(clip):
    """The speaker must not become see-through."""
    plain, soft = alpha(clip), alpha(clip, soften=8.0)
    partly = [int(((a > 10) & (a < 245)).sum()) for a in (plain, soft)]

    assert partly[1] > 1.3 * partly[0]
    assert abs(soft.sum() - plain.sum()) < 0.06 * plain.sum()


def test_spill_may_be_left():
    """Sometimes the green is the speaker's own."""
    close = footage.take("close", seed=4, size=SIZE, length=1, empty=2)

    def green(spill: float) -> float:
        with Keyer(Key(spill=spill)) as keyer:
            shown = keyer.key(close.frames[0]).foreground.astype(float)[close.alphas[0] > 0.9]
        return float((shown[:, 1] - shown[:, [0, 2]].mean(axis=1)).mean())

    assert green(1.0) < green(0.5) < green(0.0)


def test_protected_clothes_keep_fewer_holes():
    """A pale green shirt is a shirt."""
    shirt = footage.take("greenish", seed=101, size=SIZE, length=2, empty=2)
    inside = shirt.alphas[-1] > 0.99

    assert alpha(shirt, clothes=0.5)[inside].mean() > alpha(shirt, clothes=0.0)[inside].mean()


def test_a_greenish_shirt_does_not_come_and_go():
    """What is learnt of clothes in one frame must not unsettle the next: that would flicker all lecture long."""
    shirt = footage.take("greenish", seed=5, size=SIZE, length=6, empty=2)
    with Keyer() as keyer:
        covers = [
            float(keyer.key(frame).alpha[true > 0.99].mean())
            for frame, true in zip(shirt.frames, shirt.alphas, strict=True)
        ]

    assert np.abs(np.diff(covers)).max() < 12


@pytest.mark.parametrize("wrong", [{"choke": 1.5}, {"soften": -1.0}, {"spill": 1.1}, {"clothes": -0.1}])
def test_settings_out_of_bounds_are_refused_with_the_bounds(wrong):
    """The message is the documentation that is read."""
    with pytest.raises(GreenscreenError, match="from"):
        Key(**wrong)


def test_without_numba_it_says_what_to_install():
    """No slower stand-in: live it could not keep up, and nobody would know why."""
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import greenscreen.composite, greenscreen.plate, greenscreen.tune\n"
        "from greenscreen.keyer import Keyer\n"
        "from capture.errors import FlipcastError\n"
        "try: Keyer()\n"
        "except FlipcastError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "pip install 'flipcast[greenscreen]'" in said.stdout


def test_without_its_model_it_says_so(monkeypatch):
    """A key without the model has holes; that must not be found out in the finished lecture."""
    monkeypatch.setattr(person, "MODEL", "gone.tflite")
    with pytest.raises(ModelMissing, match=r"gone\.tflite"):
        Keyer()


def _screen_and_speaker(seed: int) -> np.ndarray:
    picture = np.full((360, 640, 3), (60, 170, 50), np.uint8)
    cv2.ellipse(picture, (320, 330), (90, 170), 0, 0, 360, (60, 50, 150), -1, cv2.LINE_AA)
    noise = np.random.default_rng(seed).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_nothing_is_compiled_during_a_frame():
    """Compiling takes seconds: a call with unforeseen types is refused instead."""
    from greenscreen import blend, described, despill, fine, judge, lanes, matte, outline, palette

    for kernel in (
        matte.look, matte.part, matte.fit, described.hint, outline.mend, despill.unmix, fine.around, fine.mend,
        blend.finish, judge.judge, palette.tell_shades,
    ):  # fmt: skip
        assert len(kernel.signatures) == 1
        assert not kernel._can_compile
    with Keyer() as keyer:
        for seed in range(4):
            keyer.key(_screen_and_speaker(seed))
    for part in (palette.own_step, palette.shade, lanes.four, lanes.eight, lanes.cored, lanes.place):
        assert not part.signatures  # it was called by kernels alone


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4, 2), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(wrong):
    """Foreseeable faults have words."""
    with Keyer() as keyer, pytest.raises(PictureUnusable):
        keyer.key(wrong)


def test_a_closed_keyer_says_so():
    """Rather than beginning anew without its plate."""
    keyer = Keyer()
    keyer.close()
    with pytest.raises(FlipcastError, match="closed"):
        keyer.key(np.zeros((32, 32, 3), np.uint8))
