"""A sound card's clock, found out from nothing but when its blocks came."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.clock import SECOND
from capture.drift import Follower

BEGAN = 40 * SECOND
"""When sample 0 of the cards here was heard."""


def arrivals(
    *, seconds: float, ppm: float = 0.0, block: int = 480, late_ms: float = 0.3, seed: int = 0, bursts: int = 1
) -> Iterator[tuple[int, int, int]]:
    """Yield, of each block, how many samples there were after it, when its last was heard, and when it came."""
    rng = random.Random(seed)
    waiting = []
    for n in range(1, round(seconds * 48000 / block) + 1):
        heard = BEGAN + round(n * block * SECOND / 48000 / (1 + ppm * 1e-6))
        waiting.append((n * block, heard))
        if len(waiting) == bursts:
            came = heard + round(rng.expovariate(1 / late_ms) * 1e6)
            yield from ((count, one, came) for count, one in waiting)
            waiting.clear()


@settings(max_examples=15, deadline=None)
@given(
    ppm=st.floats(-1000, 1000),
    block=st.integers(200, 1500),
    late_ms=st.floats(0.05, 4),
    seed=st.integers(0, 1000),
    bursts=st.integers(1, 4),
)
def test_the_clock_is_found_out_within_ten_seconds(
    ppm: float, block: int, late_ms: float, seed: int, bursts: int
) -> None:
    """Whatever delays the blocks, words stay with the lips, and the guess says how sure it is."""
    card = Follower(rate=48000)
    before = None
    for count, heard, came in arrivals(seconds=20, ppm=ppm, block=block, late_ms=late_ms, seed=seed, bursts=bursts):
        card.feed(count, came)
        off_ms = (card.at(count) - heard) / 1e6
        if came - BEGAN > 3 * SECOND:
            assert abs(off_ms) < 2.5
            assert before is not None
            assert abs(off_ms - before) < 1  # it never jumps by what could be heard
        if came - BEGAN > 10 * SECOND:
            assert abs(off_ms) < 0.5
            assert abs(off_ms) * 1e6 < 3 * card.unsure_ns
        before = off_ms
    assert card.ppm == pytest.approx(ppm, abs=25)
    assert card.steps == 0


def test_a_minute_tells_the_clock_to_a_few_millionths() -> None:
    """At 5 ppm an hour of lecture ends 18 ms off; a correction is only as good as what it corrects by."""
    card = Follower(rate=48000)
    for count, _, came in arrivals(seconds=60, ppm=300):
        card.feed(count, came)
    assert card.ppm == pytest.approx(300, abs=3)


def test_a_stopped_recorder_finds_all_its_samples_where_they_were() -> None:
    """Five seconds in which the program was stopped, and then everything at once: nothing was lost, nothing moves."""
    card = Follower(rate=48000)
    for count, heard, came in arrivals(seconds=30, ppm=300):
        stopped = 10 * SECOND < heard - BEGAN < 15 * SECOND
        card.feed(count, max(came, BEGAN + 15 * SECOND + count // 100) if stopped else came)
        if heard - BEGAN > 16 * SECOND:
            assert not card.waiting
        if heard - BEGAN > 8 * SECOND and not card.waiting:
            assert abs(card.at(count) - heard) < 0.5e6
    assert card.steps == 0


@pytest.mark.parametrize(("lost_ms", "within"), [(500, 0.6), (80, 0.6), (12, 1.5)])
def test_what_comes_after_lost_samples_is_placed_anew(lost_ms: int, within: float) -> None:
    """A stall, or a block that a driver dropped, moves all later samples; the clock's rate stays known."""
    card = Follower(rate=48000)
    lost = lost_ms * 48
    for count, heard, came in arrivals(seconds=20, ppm=300):
        if 10 * SECOND < heard - BEGAN < 10 * SECOND + lost_ms * 1_000_000:
            continue
        after = heard - BEGAN >= 10 * SECOND + lost_ms * 1_000_000
        card.feed(count - lost * after, came)
        if heard - BEGAN > (10 + lost_ms / 1000 + within) * SECOND:
            assert not card.waiting
            assert abs(card.at(count - lost) - heard) < 1.5e6
    assert card.steps == 1
    assert card.ppm == pytest.approx(300, abs=20)


def test_waiting_is_asked_for_at_the_start_and_in_a_stall_only() -> None:
    """Sound held back is sound that a crash takes: it is held only where a moment more makes it right."""
    card = Follower(rate=48000)
    waited = []
    for count, _, came in arrivals(seconds=5):
        card.feed(count, came)
        if card.waiting:
            waited.append(came - BEGAN)
    assert max(waited) < 0.3 * SECOND


def test_an_hour_leaves_nothing_behind() -> None:
    """Memory is flat."""
    card = Follower(rate=48000)
    for count, _, came in arrivals(seconds=200, block=2400):
        card.feed(count, came)
    assert len(card._buckets) <= 120
    assert len(card._lates) <= 30
