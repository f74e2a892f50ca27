"""What is handed to an engine: all speech, no silence, pieces of bounded length, and every time found again."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.captions.speech import BREAK, GAP, PAD, RATE, Piece, Sound, detect, islands, pieces
from process.captions.transcript import Span
from process.errors import MediaUnreadable, Stopped
from tests.fixtures.speech import Samples, room, silence, write_wav


def heard(path: Path) -> tuple[Span, ...]:
    with Sound(path) as sound:
        return detect(sound, stop=threading.Event(), report=lambda done: None)


@st.composite
def speeches(draw: st.DrawFn) -> list[Span]:
    at, spans = 0.0, []
    for _ in range(draw(st.integers(1, 40))):
        at += draw(st.sampled_from([0.25, 0.3, 1.0, 2.0, 2.5, 30.0]))
        length = draw(st.sampled_from([0.1, 1.0, 5.0, 20.0, 150.0]))
        spans.append(Span(start=at, end=at + length))
        at += length
    return spans


@given(speeches())
def test_pieces_hold_all_speech_once(speech: list[Span]):
    """A second left out is a sentence lost; a second heard twice is a sentence said twice."""
    todo = pieces(speech, seconds=speech[-1].end + 1, longest=60.0)
    parts = [part for piece in todo for part in piece.parts]
    for part, following in pairwise(parts):
        assert part.end <= following.start + 1e-9
    for span in speech:
        held = sum(max(0.0, min(p.end, span.end) - max(p.start, span.start)) for p in parts)
        assert held == pytest.approx(span.end - span.start)
    for piece in todo:
        assert piece.seconds <= 60.0 + 2 * PAD + GAP


@given(speeches(), st.floats(0, 1), st.floats(0, 3))
def test_a_time_heard_is_found_again(speech: list[Span], where: float, length: float):
    """Captions drift when the silence that was cut out is not put back."""
    for piece in pieces(speech, seconds=speech[-1].end + 1, longest=60.0):
        start = where * piece.seconds
        place = piece.place(start, min(piece.seconds, start + length))
        assert any(part.start <= place.start <= place.end <= part.end for part in piece.parts)
    exact = Piece(parts=(Span(start=10, end=12), Span(start=20, end=30)))
    assert exact.place(1.0, 1.5) == Span(start=11.0, end=11.5)
    assert exact.place(2.0, 2.5) == Span(start=20.0, end=20.5)
    assert exact.place(1.9, 2.5) == Span(start=20.0, end=20.5), "a word does not span a silence"


def test_speech_is_found_where_it_is(sample_samples: Samples, tmp_path: Path):
    """Everything else rests on this: what is decoded, what was lost, where words end."""
    voice = sample_samples[: 4 * RATE]
    path = write_wav(tmp_path / "a.wav", np.concatenate([room(5), voice, room(5), voice, silence(3)]))
    found = islands(heard(path))
    assert [(round(span.start), round(span.end)) for span in found] == [(5, 9), (14, 18)]


def test_where_speech_is_does_not_hang_on_the_length(sample_samples: Samples, tmp_path: Path):
    """The detector hears two hours block by block; the seams must not show."""
    twice = np.concatenate([sample_samples, sample_samples])
    once, both = heard(write_wav(tmp_path / "a.wav", sample_samples)), heard(write_wav(tmp_path / "b.wav", twice))
    shift = len(sample_samples) / RATE
    second = [span for span in both if span.start > shift]
    assert len(second) >= len(once) - 2
    for span in second[:-1]:
        assert any(abs(span.start - shift - other.start) < 0.1 for other in once)
    for span, following in pairwise(both):
        assert following.start - span.end >= BREAK - 0.05


@pytest.mark.parametrize("kind", ["silence", "room", "hum", "tones", "white", "clicks"])
def test_nobody_speaks_in_noise(kind: str, tmp_path: Path):
    """What is not speech is not decoded, and so cannot become words."""
    time, chance = np.arange(20 * RATE) / RATE, np.random.default_rng(3)
    hum = 3000 * np.sin(2 * np.pi * 50 * time) + 900 * np.sin(2 * np.pi * 150 * time)
    notes = 2 ** (np.repeat(chance.integers(0, 24, 40), RATE // 2) / 12) * 220
    tones = 6000 * np.sin(2 * np.pi * np.cumsum(notes) / RATE)
    clicks = np.where(chance.random(len(time)) < 0.0003, 12000, 0)
    sounds = {
        "silence": silence(20),
        "room": room(20),
        "hum": hum,
        "tones": tones,
        "white": chance.normal(0, 1000, len(time)),
        "clicks": clicks,
    }
    assert heard(write_wav(tmp_path / "a.wav", sounds[kind].astype(np.int16))) == ()


def test_a_cut_off_sound_is_heard_as_far_as_it_goes(tmp_path: Path):
    """A header that promises more than is there is what a full disk leaves behind."""
    path = write_wav(tmp_path / "a.wav", room(2))
    path.write_bytes(path.read_bytes()[: 44 + RATE + 1])
    with Sound(path) as sound:
        assert sound.seconds == pytest.approx(0.5)
        assert len(sound.between(0, 2 * RATE)) == 2 * RATE
    assert heard(path) == ()


def test_a_sound_that_is_not_there_is_named(tmp_path: Path):
    """With its path, so that somebody can look."""
    with pytest.raises(MediaUnreadable, match=r"nothing\.wav"):
        Sound(tmp_path / "nothing.wav")


def test_looking_for_speech_can_be_stopped(tmp_path: Path):
    """Two hours are looked through in a minute; that is too long to wait for Ctrl-C."""
    stop = threading.Event()
    with Sound(write_wav(tmp_path / "a.wav", silence(300))) as sound, pytest.raises(Stopped):
        detect(sound, stop=stop, report=lambda done: stop.set())
