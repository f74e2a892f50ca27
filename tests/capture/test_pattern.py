"""The test picture and the test tone, and the mark that tells a picture's moment."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture import marks
from capture.clock import SECOND
from capture.frames import Kind
from capture.sources import Wanted, open_source, pattern


def gray(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_BGR2GRAY)


@given(tick=st.integers(0, (1 << 40) - 1), height=st.sampled_from([180, 360, 480, 720, 1080]), lit=st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_tick_is_read_as_it_was_drawn(tick: int, height: int, lit: bool):
    """Whatever is measured by it is only as good as this."""
    picture = np.full((height, height * 16 // 9, 3), 90, np.uint8)

    marks.draw(picture, tick, lit=lit)

    assert marks.read(gray(picture)) == tick
    assert (marks.flash_level(gray(picture)) > 128) == lit


@pytest.mark.parametrize("height", [360, 540, 720])
def test_a_mark_survives_scaling_and_packing(height: int):
    """It is read from recorded, scaled, lossy pictures too."""
    picture = np.random.default_rng(1).integers(0, 255, (1080, 1920, 3), np.uint8)
    marks.draw(picture, 987_654_321)
    small = cv2.resize(picture, (height * 16 // 9, height), interpolation=cv2.INTER_AREA)
    packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]

    assert marks.read(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)) == 987_654_321


def test_a_torn_mark_is_refused():
    """A wrong moment is worse than none."""
    first, second = np.zeros((2, 720, 1280, 3), np.uint8)
    marks.draw(first, 0x5555555555)
    marks.draw(second, 0xAAAAAAAAAA)
    torn = first.copy()
    torn[64:] = second[64:]

    assert marks.read(gray(torn)) is None
    assert marks.read(np.zeros((720, 1280), np.uint8)) is None
    assert marks.read(np.random.default_rng(2).integers(0, 255, (720, 1280), np.uint8)) is None


def test_picture_and_tone_flash_and_beep_in_step():
    """By them a whole recording is measured, so they must agree to the sample."""
    picture = open_source(Wanted(kind=Kind.CAMERA, member="pattern", width=320, height=180))
    tone = open_source(Wanted(kind=Kind.MICROPHONE, member="pattern"))
    pictures = list(islice(picture.frames(), 65))
    sounds = list(islice(tone.frames(), 110))
    samples = np.concatenate([sound.samples[:, 0] for sound in sounds])
    picture.close()
    tone.close()

    lit = [marks.flash_level(gray(frame.picture)) > 128 for frame in pictures]
    flashes = [now.at_ns for (was, is_), now in zip(pairwise(lit), pictures[1:], strict=True) if is_ and not was]
    loud = np.abs(samples) > 0.05
    starts = np.flatnonzero(loud[1:] & ~loud[:-1])
    quiet_before = [n for n in starts if n > 4800 and not loud[n - 4800 : n].any()]
    beeps = [sounds[0].at_ns + (n + 1) * SECOND / 48_000 for n in quiet_before]

    assert all(at % pattern.PERIOD_NS == 0 for at in flashes)
    assert all(min(at % pattern.PERIOD_NS, -at % pattern.PERIOD_NS) < 1e6 for at in beeps)
    assert flashes
    assert beeps


def test_it_is_never_still_and_never_silent():
    """What is still is taken for frozen, and digital silence for a muted microphone."""
    picture = open_source(Wanted(kind=Kind.SCREEN, member="pattern", width=320, height=180, rate=Fraction(60)))
    tone = open_source(Wanted(kind=Kind.SYSTEM, member="pattern"))
    pictures = [frame.picture for frame in islice(picture.frames(), 5)]
    sounds = [sound.samples for sound in islice(tone.frames(), 5)]
    picture.close()
    tone.close()

    assert all(not np.array_equal(before, after) for before, after in pairwise(pictures))
    assert all(np.abs(samples).max() > 0 for samples in sounds)


def test_what_it_offers_can_be_opened():
    """A booth is tried with it before the camera comes."""
    for device in pattern.present():
        source = open_source(Wanted(kind=device.kind, member=device.member, address=device.identity))
        assert next(iter(source.frames()))
        source.close()
