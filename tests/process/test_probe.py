"""What a file really holds, whatever its header says."""

from __future__ import annotations

import threading
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.errors import MediaUnreadable, Stopped
from process.probe import STANDARD_RATES, _rate, probe


@given(
    rate=st.sampled_from([r for r in STANDARD_RATES if r <= 60]),
    tick=st.sampled_from([0.001, 1 / 90000, 1 / 12800]),
    count=st.integers(30, 200),
)
def test_an_even_beat_is_known_through_coarse_times(rate, tick, count):
    """Matroska counts milliseconds: 33, 33, 34 is thirty a second, and not an uneven beat."""
    times = np.round(np.arange(count) / float(rate) / tick) * tick

    assert _rate(times, tick, rate) == (rate, False)


def test_left_out_pictures_do_not_make_a_slow_film():
    """A screen recorder writes thirty a second while something moves, and one a second while nothing does."""
    moving = [n / 30 for n in range(60)]
    still = [2.0 + n for n in range(1, 50)]

    assert _rate(np.array(moving + still), 0.001, Fraction(3)) == (Fraction(30), True)


def test_a_film_is_looked_through(lesson):
    """The facts that all else is decided by."""
    media = probe(lesson)

    assert media.seconds == pytest.approx(12, abs=0.05)
    assert media.picture
    assert (media.picture.width, media.picture.height, media.picture.rate) == (640, 360, 25)
    assert media.picture.frames == 300
    assert not any((media.picture.variable, media.picture.interlaced, media.picture.full_range))
    assert media.picture.keyframes[0] == 0
    assert [(s.codec, s.channels) for s in media.sounds] == [("aac", 1)]
    assert media.notes == ()


def test_looking_can_be_stopped(lesson):
    """Files on slow disks take minutes."""
    stop = threading.Event()
    stop.set()

    with pytest.raises(Stopped):
        probe(lesson, stop=stop)


def test_a_file_that_is_gone_is_named(tmp_path):
    """It was there when it was handed in."""
    with pytest.raises(MediaUnreadable, match="is gone"):
        probe(tmp_path / "gone.mp4")


def test_how_far_it_is_never_goes_back(lesson):
    """A bar that jumps back is not believed again."""
    told: list[float] = []

    probe(lesson, report=told.append)

    assert told == sorted(told)
    assert all(0 <= done <= 1 for done in told)
