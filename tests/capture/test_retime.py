"""Sound on a take's time line: sample k is what was heard at k / rate seconds, whatever the source does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from capture.clock import SECOND, Timeline
from capture.frames import Sound
from capture.retime import Retimer

ROLL = 5 * SECOND
EDGE = 30
"""Samples next to a border at which a filter hears what is beyond it."""


def heard(at_ns: NDArray[np.float64]) -> NDArray[np.float32]:
    """What there is to be heard at moments of the steady clock."""
    t = at_ns / SECOND
    return (0.3 * np.sin(2 * np.pi * 440 * t) + 0.3 * np.sin(2 * np.pi * 3000 * t)).astype(np.float32)


def blocks(*, began_ns: int, seconds: float, rate: int = 48000, ppm: float = 0.0, block: int = 480) -> list[Sound]:
    """What a source gives whose clock runs *ppm* millionths fast."""
    step_ns = SECOND / rate / (1 + ppm * 1e-6)
    found = []
    for first in range(0, round(seconds * rate), block):
        moments = began_ns + (first + np.arange(block)) * step_ns
        found.append(Sound(samples=heard(moments)[:, None], at_ns=round(moments[0]), step_ns=step_ns))
    return found


def placed(sounds: list[Sound], timeline: Timeline, *, rate: int = 48000, channels: int = 1) -> NDArray[np.float32]:
    """The track that comes of it."""
    retimer = Retimer(rate=rate, channels=channels)
    return np.concatenate([retimer.feed(sound, timeline) for sound in sounds])


def truth(count: int, timeline: Timeline, *, rate: int = 48000) -> NDArray[np.float32]:
    """What a track should hold: looked up from the time line one gap at a time."""
    moments = timeline.rolled_ns + np.arange(count) * SECOND / rate
    for gap in timeline.gaps:
        assert gap.ended_ns is not None
        moments[moments >= gap.began_ns] += gap.ended_ns - gap.began_ns
    return heard(moments)


@settings(max_examples=25, deadline=None)
@given(
    ppm=st.floats(-1000, 1000),
    rate=st.sampled_from([16000, 44100, 48000, 96000]),
    block=st.integers(100, 3000),
    began=st.integers(-SECOND, 0),
    pauses=st.lists(st.tuples(st.integers(1, 200_000_000), st.integers(1, 150_000_000)), max_size=20),
)
def test_each_sample_is_what_was_heard_at_its_moment(
    ppm: float, rate: int, block: int, began: int, pauses: list[tuple[int, int]]
) -> None:
    """Neither a wrong clock, nor another rate, nor twenty pauses move a word against the picture, not by a sample."""
    timeline, now = Timeline(rolled_ns=ROLL), ROLL
    for runs, stands in pauses:
        timeline = timeline.paused(now + runs).resumed(now + runs + stands)
        now += runs + stands
    seconds = (now - ROLL - began) / SECOND + 0.3
    track = placed(blocks(began_ns=ROLL + began, seconds=seconds, rate=rate, ppm=ppm, block=block), timeline)
    assert len(track) >= 0.25 * 48000
    off = np.abs(track[:, 0] - truth(len(track), timeline))
    off[:EDGE] = 0  # a source that began with the take has nothing from before
    assert off.max() < 0.003


def test_a_pause_is_cut_while_it_is_not_known_when_it_ends() -> None:
    """Live, the time line grows under way: nothing of a pause may be written before it is over."""
    retimer, line = Retimer(rate=48000, channels=1), Timeline(rolled_ns=ROLL)
    parts, pause_at, resume_at = [], ROLL + SECOND // 3, ROLL + SECOND * 2 // 3
    for sound in blocks(began_ns=ROLL, seconds=1):
        if sound.at_ns + 10_000_000 > pause_at:
            line = line.paused(pause_at)
        if sound.at_ns + 10_000_000 > resume_at:
            line = line.resumed(resume_at)
        parts.append(retimer.feed(sound, line))
        if line.standing:
            assert retimer.written == 16000
    track = np.concatenate(parts)
    assert np.abs(track[EDGE:, 0] - truth(len(track), line)[EDGE:]).max() < 0.003
    assert retimer.losses == ()


def test_before_roll_and_after_stop_there_is_nothing() -> None:
    """A microphone is open before the take and after it; whatever is said then is nobody's business."""
    line = Timeline(rolled_ns=ROLL).stopped(ROLL + SECOND // 2)
    track = placed(blocks(began_ns=ROLL - SECOND, seconds=3), line)
    assert len(track) == 24000
    assert np.abs(track[:, 0] - truth(24000, Timeline(rolled_ns=ROLL))).max() < 0.003


def test_what_was_lost_is_silence_of_the_same_length() -> None:
    """A stall must not move all that is said after it."""
    sounds = blocks(began_ns=ROLL, seconds=2)
    retimer, line = Retimer(rate=48000, channels=1), Timeline(rolled_ns=ROLL)
    track = np.concatenate([retimer.feed(sound, line) for sound in sounds[:50] + sounds[90:]])
    right = truth(len(track), line)
    assert np.abs(track[EDGE : 24000 - EDGE, 0] - right[EDGE : 24000 - EDGE]).max() < 0.003
    assert not track[24000:43200].any()
    assert np.abs(track[43200 + EDGE :, 0] - right[43200 + EDGE :]).max() < 0.003
    assert retimer.zeros == 19200
    (loss,) = retimer.losses
    assert (loss.at, loss.seconds) == (pytest.approx(0.5), pytest.approx(0.4))


def test_a_source_that_was_lost_comes_back_in_its_place() -> None:
    """Plugged in again after a second, a microphone goes on where the others are, and the report says one loss."""
    retimer, line = Retimer(rate=48000, channels=1), Timeline(rolled_ns=ROLL)
    parts = [retimer.feed(sound, line) for sound in blocks(began_ns=ROLL, seconds=0.5)]
    parts += [retimer.fill(at * 100_000_000, why="unplugged") for at in range(6, 15)]
    assert retimer.written_ns == 1_400_000_000
    parts += [retimer.feed(sound, line) for sound in blocks(began_ns=ROLL + 1_500_000_000, seconds=0.5, ppm=300)]
    track = np.concatenate(parts)
    assert np.abs(track[72000 + EDGE :, 0] - truth(len(track), line)[72000 + EDGE :]).max() < 0.003
    (loss,) = retimer.losses
    assert (loss.why, loss.at, loss.seconds) == (
        "unplugged",
        pytest.approx(0.5, abs=0.001),
        pytest.approx(1, abs=0.001),
    )


def test_a_track_can_be_made_whole_to_the_sample() -> None:
    """At stop the file is as long as the take: the last half millisecond of sound, then silence."""
    retimer, line = Retimer(rate=48000, channels=1), Timeline(rolled_ns=ROLL)
    parts = [retimer.feed(sound, line) for sound in blocks(began_ns=ROLL, seconds=0.5)]
    tail = retimer.fill(SECOND)
    assert retimer.written == 48000 == sum(len(part) for part in parts) + len(tail)
    assert len(retimer.fill(SECOND)) == 0


def test_a_better_guess_is_followed_without_a_click() -> None:
    """A source that learns that it was 6 ms off bends its pitch by half a percent; it does not cut out a syllable."""
    retimer, line = Retimer(rate=48000, channels=1), Timeline(rolled_ns=ROLL)
    parts = []
    for k, sound in enumerate(blocks(began_ns=ROLL, seconds=4)):
        shift = 6_000_000 if k > 100 else 0
        parts.append(retimer.feed(Sound(samples=sound.samples, at_ns=sound.at_ns + shift, step_ns=sound.step_ns), line))
    track = np.concatenate(parts)[EDGE:, 0]
    assert retimer.losses == ()
    assert retimer.off_ms == pytest.approx(0, abs=0.1)
    assert np.abs(np.diff(track)).max() < 1.02 * np.abs(np.diff(truth(len(track), line))).max()


@pytest.mark.parametrize(("rate", "hertz", "below_db"), [(48000, 1000, -100), (48000, 8000, -90), (44100, 8000, -85)])
def test_what_is_added_is_below_what_16_bits_hold(rate: int, hertz: int, below_db: float) -> None:
    """Correcting a clock 300 ppm off by single samples added −31 dB of rubbish to a 1 kHz tone; that can be heard."""
    step_ns = SECOND / rate / 1.0003
    at = np.arange(2 * rate) * step_ns
    tone = (0.5 * np.sin(2 * np.pi * hertz * at / SECOND)).astype(np.float32)[:, None]
    retimer, line = Retimer(rate=48000, channels=1), Timeline(rolled_ns=0)
    track = np.concatenate(
        [
            retimer.feed(Sound(samples=tone[k : k + 900], at_ns=round(at[k]), step_ns=step_ns), line)
            for k in range(0, len(tone), 900)
        ]
    )[4800:-4800, 0].astype(np.float64)
    t = 2 * np.pi * hertz / 48000 * np.arange(len(track))
    basis = np.stack([np.sin(t), np.cos(t)], axis=1)
    parts = np.linalg.lstsq(basis, track, rcond=None)[0]
    fit = basis @ parts
    assert 10 * np.log10(np.square(track - fit).mean() / np.square(fit).mean()) < below_db
    assert 20 * np.log10(np.hypot(*parts) / 0.5) == pytest.approx(0, abs=0.01)


def test_one_channel_is_heard_on_both_and_two_become_their_mean() -> None:
    """A source may be replaced by another shape under way; the track keeps its own."""
    mono = Sound(samples=np.full((4800, 1), 0.5, np.float32), at_ns=0, step_ns=SECOND / 48000)
    stereo = Sound(samples=np.tile(np.float32([0.2, 0.6]), (4800, 1)), at_ns=0, step_ns=SECOND / 48000)
    both = Retimer(rate=48000, channels=2).feed(mono, Timeline(rolled_ns=0))
    one = Retimer(rate=48000, channels=1).feed(stereo, Timeline(rolled_ns=0))
    assert both[1000] == pytest.approx([0.5, 0.5])
    assert one[1000] == pytest.approx([0.4])


def test_the_report_tells_the_clock_and_what_is_left_of_it() -> None:
    """Sync is a measured thing: the source's clock, how far off the track lies, and how sure that is."""
    retimer, line = Retimer(rate=48000, channels=1), Timeline(rolled_ns=ROLL)
    assert retimer.sync() is None
    for sound in blocks(began_ns=ROLL, seconds=3, rate=44100, ppm=300):
        retimer.feed(sound, line)
    sync = retimer.sync(unsure_ms=2)
    assert sync is not None
    assert sync.drift_ppm == pytest.approx(300, abs=0.5)
    assert (sync.offset_ms, sync.slip_ms_per_minute) == (pytest.approx(0, abs=0.03), pytest.approx(0, abs=0.05))
    assert 2 <= sync.sure_ms < 2.1


def test_hours_leave_nothing_behind() -> None:
    """Memory is flat: the filter holds a tenth of a second, in a pause too."""
    retimer = Retimer(rate=48000, channels=1)
    running, standing = Timeline(rolled_ns=0), Timeline(rolled_ns=0).paused(2 * SECOND)
    block = np.zeros((4800, 1), np.float32)
    for k in range(600):
        line = running if k < 20 else standing
        retimer.feed(Sound(samples=block, at_ns=k * SECOND // 10, step_ns=SECOND / 48000), line)
        assert len(retimer._held) < 15000
        assert len(retimer._knots) < 10
