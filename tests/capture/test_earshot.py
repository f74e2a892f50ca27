"""What a microphone hears is to be had from outside the recorder, by whoever asks, and costs nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from capture import earshot
from capture.earshot import Earshot, Listener
from capture.frames import Sound
from capture.plan import Plan
from capture.remote import Remote
from capture.sources import spoken
from capture.sources.pattern import BEEP_HZ


def block(first: int, count: int) -> Sound:
    samples = ((first + np.arange(count)) % 20_000 / 32767).astype(np.float32)
    return Sound(samples=np.stack([samples, samples], axis=1), at_ns=0, step_ns=1e9 / 48_000)


def test_the_last_seconds_are_heard_whole_however_often_the_ring_went_round(tmp_path: Path) -> None:
    """A listener who gets two moments in one hears words that nobody said."""
    ring = Earshot(tmp_path, "microphone")
    with Listener(tmp_path, "microphone") as listener:
        assert not len(listener.last(2.0)[0])
        for first in range(0, 2 * earshot.ROOM, 4800):
            ring.offer(block(first, 4800))
            heard, rate = listener.last(0.5)
            end = first + 4800
            expected = (np.arange(max(0, end - 24_000), end) % 20_000) / 32767
            assert rate == pytest.approx(48_000)
            assert np.abs(heard - expected).max() < 1e-4
        assert not listener.over
        ring.close()
        assert listener.over


def test_what_nobody_listens_to_is_written_nowhere(tmp_path: Path) -> None:
    """What is said beside a recording is nobody's business."""
    ring = Earshot(tmp_path, "microphone")
    ring.offer(block(0, 4800))
    with Listener(tmp_path, "microphone") as listener:
        assert not len(listener.last(1.0)[0])
    ring.close()
    with pytest.raises(FileNotFoundError):
        Listener(tmp_path, "microphone")


def test_a_recorder_lets_its_microphone_be_heard_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The teleprompter listens to the very sound that is recorded; no second program opens the microphone."""
    with Remote(Plan(recording=tmp_path / "recording", sources=(spoken("tone"),))) as remote:
        folder = remote.plan.preview
        assert folder
        deadline, heard = time.monotonic() + 20, np.zeros(0, np.float32)
        listener = None
        while len(heard) < 2.1 * 48_000 and time.monotonic() < deadline:
            remote.news(0.05)
            if listener is None and (folder / "microphone.sound").exists():
                listener = Listener(folder, "microphone")
            if listener is not None:
                heard, _ = listener.last(2.2)
        assert listener
        loudest = int(np.argmax(np.abs(heard)))
        beep = heard[max(0, loudest - 1000) : loudest + 1000]
        pitch = np.argmax(np.abs(np.fft.rfft(beep, 48_000)))
        assert pitch == pytest.approx(BEEP_HZ, abs=30)
        remote.abandon()
    assert listener.over
    assert not folder.exists()
