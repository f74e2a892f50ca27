"""What every source promises, asked of each of them: made-up ones, a real screen, a real stream of a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise

import numpy as np
import pytest

from capture.clock import SECOND, now_ns
from capture.errors import DeviceMissing
from capture.frames import Frame, Kind, PictureShape, Sound
from capture.sources import Source, Wanted, open_source


def screen(request: pytest.FixtureRequest) -> Wanted:
    request.getfixturevalue("screen")
    return Wanted(kind=Kind.SCREEN, member="screen", address="1")


def camera(request: pytest.FixtureRequest) -> Wanted:
    return Wanted(kind=Kind.CAMERA, member="camera", address=request.getfixturevalue("rig_camera").url)


ASK: dict[str, Callable[[pytest.FixtureRequest], Wanted]] = {
    "pattern": lambda _: Wanted(kind=Kind.CAMERA, member="pattern", width=640, height=360),
    "tone": lambda _: Wanted(kind=Kind.MICROPHONE, member="pattern"),
    "screen": screen,
    "camera": camera,
}
"""A source to the way of getting one that can be opened here; one more is one more line."""

CAN_BE_MISSING = {"screen", "camera"}
"""Sources of which one that is not here can be asked for."""


@pytest.fixture(params=ASK)
def wanted(request: pytest.FixtureRequest) -> Wanted:
    return ASK[request.param](request)


@pytest.fixture
def source(wanted: Wanted) -> Iterator[Source]:
    before = set(threading.enumerate())
    opened = open_source(wanted)
    yield opened
    opened.close()
    assert set(threading.enumerate()) <= before


def some(source: Source, count: int = 10) -> list[Frame | Sound]:
    return list(islice(source.frames(), count))


def test_it_says_what_it_is_and_what_it_gives(source: Source):
    """The take writes both down, and the track is laid out by them before the first picture."""
    assert source.device

    first = some(source, 1)[0]

    if isinstance(source.shape, PictureShape):
        assert isinstance(first, Frame)
        assert first.picture.shape[:2] == (source.shape.height, source.shape.width)
        assert first.picture.shape[2] in (3, 4)
        assert first.picture.dtype == np.uint8
        assert source.shape.width % 2 == source.shape.height % 2 == 0
        assert isinstance(source.shape.rate, Fraction)
    else:
        assert isinstance(first, Sound)
        assert first.samples.shape[1] == source.shape.channels
        assert first.samples.dtype == np.float32
        assert first.step_ns == pytest.approx(SECOND / source.shape.rate, rel=0.01)


def test_moments_rise_and_lie_in_the_near_past(source: Source):
    """All tracks are laid beside each other by these moments alone."""
    moments = []
    for frame in islice(source.frames(), 20):
        moments.append(frame.at_ns)
        assert 0 <= now_ns() - frame.at_ns < SECOND

    assert all(before < after for before, after in pairwise(moments))


def test_they_come_at_the_rate_that_was_granted(source: Source):
    """A recorder plans its beat by it."""
    got = some(source, 31)

    if isinstance(got[0], Sound):
        passed = sum(len(sound.samples) * sound.step_ns for sound in got[:-1])
        assert passed == pytest.approx(got[-1].at_ns - got[0].at_ns, rel=0.1)
    else:
        passed = (got[-1].at_ns - got[0].at_ns) / SECOND
        assert passed == pytest.approx(30 / float(source.shape.rate), rel=0.2)


def test_what_was_given_stays_as_it_was(source: Source):
    """Frames wait in queues: the next one must not be written into the same memory."""
    feed = source.frames()
    kept = [next(feed) for _ in range(3)]
    copies = [(one.picture if isinstance(one, Frame) else one.samples).copy() for one in kept]

    for _ in range(12):
        next(feed)

    for one, copy in zip(kept, copies, strict=True):
        assert np.array_equal(one.picture if isinstance(one, Frame) else one.samples, copy)


def test_a_latency_is_taken_off_every_moment(wanted: Wanted):
    """By it a camera that takes 80 ms to show a hand clap is laid where the clap was."""
    ages = {}
    for latency_ms in (0.0, 400.0):
        source = open_source(replace(wanted, latency_ms=latency_ms))
        feed = source.frames()
        ages[latency_ms] = min(now_ns() - next(feed).at_ns for _ in range(10)) / 1e6
        source.close()

    expected = 0 if wanted.member == "pattern" else 400  # what is made up is nowhere before it is made
    assert ages[400] - ages[0] == pytest.approx(expected, abs=40)


def test_closing_from_another_thread_ends_it_soon(source: Source):
    """Stop must not wait for the next picture of a camera that gives none."""
    feed = source.frames()
    next(feed)
    began = time.monotonic()
    closer = threading.Timer(0.1, source.close)
    closer.start()

    for _ in feed:
        assert time.monotonic() - began < 1.1

    closer.join()
    assert time.monotonic() - began < 1.1
    source.close()  # again, for those who are sure to have been here


def test_one_that_was_never_read_is_closed(source: Source):
    """A recorder that fails between opening and rolling leaves no device busy."""
    source.close()

    assert list(source.frames()) == []


def test_it_can_be_opened_again(wanted: Wanted):
    """A lost source is opened anew, again and again."""
    for _ in range(2):
        source = open_source(wanted)
        assert some(source, 2)
        source.close()


@pytest.mark.parametrize("name", sorted(CAN_BE_MISSING))
def test_one_that_is_not_here_is_missing(name: str, request: pytest.FixtureRequest):
    """Another one must never take its place."""
    wanted = replace(ASK[name](request), address="no-such-thing", label="")

    with pytest.raises(DeviceMissing, match="no-such-thing"):
        open_source(wanted)
