"""What every Whisper gets from the hearing around it: nothing lost, nothing invented, nothing stretched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from process.captions.engine import Engine
from process.captions.faster_whisper import FasterWhisper
from process.captions.hearing import Hearing, Phrase, hear, hint_of, known_language
from process.captions.junk import Heard, without_junk
from process.captions.speech import RATE, Samples, Sound
from process.captions.transcript import Span, Word
from process.errors import ProcessError, Stopped
from tests.fixtures.speech import room, word_errors, write_wav


class Forgetful:
    """A real engine that loses what it hears first, as Whisper does after a pause or a change of voice."""

    def __init__(self, real: FasterWhisper, *, lost: int) -> None:
        self._real, self._lost = real, lost

    def languages(self, samples: Samples) -> Mapping[str, float]:
        return self._real.languages(samples)

    def phrases(
        self, samples: Samples, *, language: str, terms: Sequence[str], stop: threading.Event
    ) -> Iterator[Phrase]:
        for phrase in self._real.phrases(samples, language=language, terms=terms, stop=stop):
            if self._lost > 0:
                self._lost -= 1
            else:
                yield phrase


@pytest.fixture(scope="module")
def whisper(listener: Engine) -> FasterWhisper:
    assert isinstance(listener, FasterWhisper)
    return listener


@pytest.fixture(scope="module")
def talk(sample_samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("talk") / "talk.wav", sample_samples[: int(36.05 * RATE)])


def listen(path: Path, recogniser: Forgetful | FasterWhisper, **wishes: float) -> Hearing:
    with Sound(path) as sound:
        return hear(
            sound,
            recogniser,
            report=lambda done: None,
            stop=threading.Event(),
            language="",
            terms=(),
            **wishes,
        )


def text_of(heard: Hearing) -> str:
    return " ".join(word.text for word in heard.words)


def test_a_lost_passage_is_heard_again(whisper: FasterWhisper, talk: Path, said_until: Callable[[float], str]):
    """Lost passages, without a sign, are the worst that Whisper does: up to a fifth of the words."""
    heard = listen(talk, Forgetful(whisper, lost=2))
    assert word_errors(said_until(36.05), text_of(heard)) <= 0.15
    assert heard.words[0].start < 1.0


def test_pieces_join_without_a_seam(whisper: FasterWhisper, talk: Path, said_until: Callable[[float], str]):
    """Long lectures are heard in pieces, so that memory does not grow with them; nobody should see where."""
    heard = listen(talk, whisper, piece_seconds=12.0)
    assert word_errors(said_until(36.05), text_of(heard)) <= 0.12
    assert heard.words[-1].end <= 36.1


def test_terms_are_spelled_as_they_are_given(whisper: FasterWhisper, sample_samples: Samples, tmp_path: Path):
    """Names are what captions get wrong, and what a lecturer sees first."""
    path = write_wav(tmp_path / "gutenberg.wav", sample_samples[int(41.5 * RATE) : int(53.5 * RATE)])
    with Sound(path) as sound:
        heard = hear(
            sound,
            whisper,
            report=lambda done: None,
            stop=threading.Event(),
            language="en",
            terms=("Gutenberg", "forty-two line Bible"),
        )
    assert "Gutenberg" in text_of(heard)


def test_what_sounds_like_a_voice_and_is_none_yields_no_words(whisper: FasterWhisper, tmp_path: Path):
    """A tone that swells and glides like a vowel may pass for a voice; it must not become "Thank you."."""
    time = np.arange(15 * RATE) / RATE
    glide = np.cumsum(140 + 40 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    voice = sum(np.sin(2 * np.pi * n * glide) / n for n in range(1, 12))
    swell = np.clip(np.sin(2 * np.pi * 0.4 * time), 0, 1) * voice * 4000
    heard = listen(write_wav(tmp_path / "a.wav", (swell + room(15)).astype(np.int16)), whisper)
    assert text_of(heard) == ""


def test_stopping_takes_effect_between_phrases(whisper: FasterWhisper, talk: Path):
    """Nobody waits for the end of an hour."""
    stop, told = threading.Event(), list[float]()

    def report(done: float) -> None:
        told.append(done)
        if done > 0.05:
            stop.set()

    with Sound(talk) as sound, pytest.raises(Stopped):
        hear(sound, whisper, report=report, stop=stop, language="en", terms=())
    assert max(told) < 0.9


def heard_as(*texts: str, likelihood: float = -0.2, no_speech: float = 0.0, confidence: float = 0.9) -> list[Heard]:
    return [
        Heard(
            word=Word(start=10 + n * 0.2, end=10.2 + n * 0.2, text=text, confidence=confidence),
            likelihood=likelihood,
            no_speech=no_speech,
        )
        for n, text in enumerate(texts)
    ]


LONG, SHORT = Span(start=9, end=19), Span(start=10, end=10.6)


@pytest.mark.parametrize(
    ("heard", "island", "kept"),
    [
        (heard_as("Thank", "you."), LONG, "Thank you."),
        (heard_as("Thank", "you.", likelihood=-1.1), LONG, ""),
        (heard_as("Thank", "you.", confidence=0.3), LONG, ""),
        (heard_as("No!"), SHORT, "No!"),
        (heard_as("No!", likelihood=-0.9), SHORT, ""),
        (heard_as("No!", no_speech=0.8), SHORT, ""),
        (heard_as(".", "…", "♪"), LONG, ""),
        (heard_as("x", "+", "y", "=", "5", "%"), LONG, "x + y = 5 %"),
        (heard_as("[Music]"), LONG, ""),
        (heard_as("[soft", "music", "playing.]", "Hello."), LONG, "Hello."),
        (heard_as("*laughs*", "Well."), LONG, "Well."),
        (heard_as("(applause)"), LONG, ""),
        (heard_as("Let", "f", "(see", "above)", "be"), LONG, "Let f (see above) be"),
        (heard_as("[1", "to", "infinity"), LONG, "[1 to infinity"),
    ],
)
def test_inventions_go_and_speech_stays(heard: list[Heard], island: Span, kept: str):
    """Invented words harm more than missing ones; so does leaving out what somebody did say."""
    assert " ".join(word.text for word in without_junk(heard, [island])) == kept


def test_terms_leave_room_for_the_words_before():
    """Hundreds of terms from a course page would push out what was just said."""
    hint = hint_of(["Gutenberg\n", " ", *(f"term number {n}" for n in range(400))])
    assert hint.startswith("Gutenberg, term number 0, ")
    assert len(hint) <= 350
    assert hint_of(["x" * 1000]) == ""


def test_languages_are_known_by_their_code():
    """Operating systems write en-GB where Whisper writes en."""
    assert [known_language(code, ["en", "de"], model="base") for code in ("", "EN", "en-GB", "de_AT")] == [
        "",
        "en",
        "en",
        "de",
    ]
    with pytest.raises(ProcessError, match=r"'tiny\.en'.*'de'.*it knows en"):
        known_language("de", ["en"], model="tiny.en")
