"""The footage that keyers are measured on tells the truth about itself."""

from dataclasses import replace

import numpy as np
import pytest

from tests.benchmarks import baselines, footage, matting, presenter, strangers
from tests.benchmarks.light import LINEAR, over

SMALL = (384, 216)


@pytest.fixture(scope="module")
def clip() -> footage.Clip:
    """An ordinary take."""
    return footage.take("spectacles", seed=5, size=SMALL, length=3, empty=4)


def test_every_trouble_can_be_drawn_from_a_new_seed():
    """Seeds are free: no lot may lead to a clip that cannot be drawn."""
    for clip in footage.clips(77, (192, 108), length=2, empty=2):
        assert len(clip.frames) == len(clip.alphas) == len(clip.foregrounds) == 2
        assert clip.frames[0].shape == clip.background.shape == clip.plate_frames[1].shape == (108, 192, 3)
        assert clip.alphas[0].min() == 0
        assert clip.alphas[0].max() > 0.99, clip.name


def test_a_seed_means_the_same_footage_every_time(clip):
    """A figure that cannot be repeated cannot be doubted."""
    again = footage.take("spectacles", seed=5, size=SMALL, length=3, empty=4)
    other = footage.take("spectacles", seed=6, size=SMALL, length=3, empty=4)

    assert np.array_equal(clip.alphas[2], again.alphas[2])
    assert np.array_equal(clip.frames[2], again.frames[2])
    assert not np.array_equal(clip.alphas[2], other.alphas[2])


def test_where_nobody_stands_the_footage_shows_the_screen(clip):
    """Alpha 0 must mean the screen, or a perfect keyer would be called wrong."""
    empty = clip.alphas[1] == 0
    light = LINEAR[clip.frames[1]][empty]

    assert (light[:, 1] > np.maximum(light[:, 0], light[:, 2])).mean() > 0.99


def test_where_the_presenter_is_solid_the_footage_shows_the_true_colour(clip):
    """The true foreground is what the camera saw, less the screen's light: solid parts differ by noise and spill."""
    solid = clip.alphas[1] > 0.999
    true = over(clip.foregrounds[1], clip.alphas[1], clip.frames[1])

    assert np.abs(true[solid].astype(int) - clip.frames[1][solid]).mean() < 12


def test_the_search_for_ffmpegs_best_settings_uses_ffmpegs_own_formula(clip):
    """A baseline tuned with another formula than it runs with would be tuned badly."""
    planes, key = baselines.coded_planes(clip)[1], baselines.key_of(clip)
    expected = np.clip((baselines.ffmpeg_distance(planes, key) - 0.05) / 0.1, 0, 1)

    alphas, _ = baselines.run_ffmpeg(clip, 0.05, 0.1, mix=0.5, expand=0.0)

    away = np.abs(alphas[1] / 255 - expected)[:-2]  # ffmpeg leaves the last row's neighbours to chance
    assert away.max() < 0.02


def test_tuning_never_makes_a_matte_worse(clip):
    """What is called tuned has to be the best that a way can do."""

    def error(way: str) -> float:
        alphas, _ = baselines.WAYS[way](clip)
        return sum(matting.mse(matting.as_float(a), t) for a, t in zip(alphas, clip.alphas, strict=True))

    for way in ("IBK", "OBS", "ffmpeg"):
        assert error(f"{way} tuned") <= error(way) * 1.02


def test_light_that_comes_through_hair_makes_no_hole_in_it():
    """Fair hair that is lit through from behind is greenish here and there; in truth it covers as much."""
    fair = presenter.Look(hair="e6d3a8", style="long", spill=1.5, flying=0.0)
    smooth, combed = (
        presenter.draw(replace(fair, combed=combed), np.random.default_rng(4), unit=200, below=2.0).behind
        for combed in (0.0, 1.0)
    )

    solid = smooth.paint[..., 3] > 0.99
    assert combed.paint[..., 3][solid].min() > 0.99
    hair_by_hair = [np.abs(np.diff(part.spill, axis=1))[solid[:, 1:]].mean() for part in (smooth, combed)]
    assert hair_by_hair[1] > 1.5 * hair_by_hair[0]
    assert combed.spill.max() < 1.3, "it is no brighter than the screen"


def test_strangers_in_finery_stand_where_they_stood():
    """Prints and pile change what is seen, not where it is; fur and hairs only its outline."""
    bare, dressed = (strangers.take(7, size=SMALL, length=1, empty=2, finery=finery) for finery in (False, True))

    assert np.array_equal(bare.plate_frames[0], dressed.plate_frames[0])
    was, now = bare.alphas[0] > 0.25, dressed.alphas[0] > 0.25
    assert (was & now).sum() > 0.7 * (was | now).sum()
    assert not np.array_equal(bare.foregrounds[0], dressed.foregrounds[0])
