"""Rungs: none larger than the source, each worth its bytes; keyframes without a gap."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.encode import keyframes
from process.ladder import Ladder, may_copy, rate, rungs
from process.probe import Media, Picture

PICTURE = Picture(
    index=0,
    codec="h264",
    profile="High",
    pixel_format="yuv420p",
    width=1920,
    height=1080,
    sample_aspect=Fraction(1),
    rotation=0,
    rate=Fraction(25),
    variable=False,
    interlaced=False,
    transfer="sdr",
    full_range=False,
    matrix="bt709",
    frames=1500,
    start=0.0,
    end=60.0,
    bitrate_bps=2_000_000,
    keyframes=tuple(map(float, range(0, 60, 5))),
)


def media(**changes: object) -> Media:
    picture = replace(PICTURE, **changes)
    return Media(container="mov", seconds=picture.end, picture=picture, sounds=(), notes=())


@given(
    width=st.integers(2, 8000),
    height=st.integers(2, 8000),
    rotation=st.sampled_from([0, 90, 180, 270]),
    aspect=st.fractions(Fraction(1, 4), 4, max_denominator=40),
)
def test_rungs_are_even_falling_and_never_larger_than_the_source(width, height, rotation, aspect):
    """An encoder refuses odd sizes, and blown-up pictures cost bytes for nothing."""
    given_media = media(width=width, height=height, rotation=rotation, sample_aspect=aspect)
    found = rungs(given_media, Ladder(), copied=False)

    shown = given_media.picture.shown_size
    assert found
    for rung in found:
        assert rung.width % 2 == rung.height % 2 == 0
        assert rung.width <= shown[0] + 1 or rung.width == 2
        assert rung.height <= shown[1] + 1 or rung.height == 2
        assert min(rung.width, rung.height) <= 1080
        assert rung.name == f"{min(rung.width, rung.height)}p"
    assert len({rung.name for rung in found}) == len(found)
    for larger, smaller in pairwise(found):
        assert smaller.width * smaller.height < larger.width * larger.height
        assert smaller.cap_kbps <= larger.cap_kbps


@pytest.mark.parametrize(
    "change",
    [
        {"codec": "hevc"},
        {"profile": "High 10"},
        {"pixel_format": "yuv444p"},
        {"interlaced": True},
        {"variable": True},
        {"full_range": True},
        {"rotation": 90},
        {"transfer": "pq"},
        {"sample_aspect": Fraction(4, 3)},
        {"height": 2160, "width": 3840},
        {"rate": Fraction(120)},
        {"start": 0.5},
        {"bitrate_bps": 60_000_000},
        {"keyframes": (0.0, 30.0)},
        {"keyframes": ()},
    ],
    ids=str,
)
def test_only_what_browsers_play_as_it_is_is_copied(change):
    """One wrong copy is a lecture that some students cannot see."""
    assert may_copy(media(), Ladder())
    assert not may_copy(media(**change), Ladder())


@given(given_rate=st.fractions(1, 240, max_denominator=1001), most=st.integers(10, 120))
def test_rates_are_halved_and_halved_until_they_fit(given_rate, most):
    """Every second picture left out is even; anything else stutters."""
    found = rate(replace(PICTURE, rate=given_rate), Ladder(max_fps=most))

    assert found <= most
    assert (given_rate / found).denominator == 1


@given(
    seconds=st.floats(0.04, 8000),
    cuts=st.lists(st.floats(0, 8000), max_size=30),
    grid=st.floats(1, 30),
)
def test_keyframes_lie_on_all_cuts_and_leave_no_long_gap(seconds, cuts, grid):
    """A clip begins only where a keyframe is, and a segment that is too long makes players wait."""
    keys = keyframes(seconds, cuts, grid)

    assert keys[0] == 0
    assert all(a < b for a, b in pairwise(keys))
    assert {cut for cut in cuts if 0 < cut < seconds} <= set(keys)
    assert max(b - a for a, b in pairwise([*keys, seconds])) <= 1.1 * grid + 1e-6
