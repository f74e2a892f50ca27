"""What every speech engine promises, asked of each of them with real speech and real weights."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from capture.description import from_json, to_json
from process.captions.cues import Cue, to_webvtt
from process.captions.engine import ENGINES, Captions, Engine, open_engine
from process.captions.transcript import Transcript
from process.errors import EngineMissing, MediaUnreadable, ProcessError, Stopped
from tests.fixtures.speech import RATE, Samples, room, word_errors, write_wav

QUIET = 2.0
"""Seconds of a quiet room before and after the speech."""

SPEECH = 11.95
"""Seconds of speech; it ends between two sentences of the sample."""


@pytest.fixture(scope="module")
def sound(sample_samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    speech = sample_samples[: int(SPEECH * RATE)]
    whole = np.concatenate([room(QUIET), speech, room(QUIET)])
    return write_wav(tmp_path_factory.mktemp("sound") / "speech.wav", whole)


@pytest.fixture(scope="module")
def said(said_until: Callable[[float], str]) -> str:
    return said_until(SPEECH)


@pytest.fixture(scope="module", params=list(ENGINES))
def engine(
    request: pytest.FixtureRequest, offline: None, said: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    script = tmp_path_factory.mktemp("script") / "script.vtt"
    cue = Cue(start=QUIET, end=QUIET + SPEECH, lines=(said,))
    script.write_text(to_webvtt([cue]), encoding="utf-8")
    opened = open_engine(Captions(engine=request.param, download=False, script=script))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def progress() -> list[float]:
    return []


@pytest.fixture(scope="module")
def transcript(engine: Engine, sound: Path, progress: list[float]) -> Transcript:
    progress.clear()
    return engine.listen(sound, report=progress.append, stop=threading.Event(), language="", terms=())


def test_the_words_are_those_that_are_said(transcript: Transcript, said: str):
    """Captions are worth what their words are worth; real weights miss a word or two of real speech."""
    assert word_errors(said, " ".join(word.text for word in transcript.words)) <= 0.12
    assert transcript.language == "en"


def test_words_come_in_order_and_do_not_overlap(transcript: Transcript):
    """Cues and clips are cut between words; words that overlap leave no between."""
    for word, following in pairwise(transcript.words):
        assert word.end <= following.start
    for word in transcript.words:
        assert word.start <= word.end
        assert 0 <= word.confidence <= 1
        assert word.text == word.text.strip() != ""
        assert len(word.text.split()) == 1


def test_words_lie_where_somebody_speaks(transcript: Transcript):
    """A caption that stands over the silence before it makes people wait for a voice."""
    assert transcript.words[0].start >= QUIET - 0.5
    assert transcript.words[-1].end <= QUIET + SPEECH + 0.5
    assert transcript.covered is not None
    assert transcript.covered >= 0.98


def test_a_transcript_says_who_heard_it(transcript: Transcript, engine: Engine):
    """Months later somebody asks which engine and which weights wrote this."""
    assert transcript.engine in ENGINES
    assert len(transcript.weights) == 64
    assert transcript.model in ("base", "script")


def test_a_transcript_survives_being_written_down(transcript: Transcript):
    """It lies in the lecture as JSON, and clips are planned from it on another day."""
    assert from_json(to_json(transcript), Transcript) == transcript


def test_progress_never_goes_back(transcript: Transcript, progress: list[float]):
    """A bar that goes back is a bar that nobody believes."""
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert progress[0] >= 0


def test_an_engine_that_is_told_to_stop_stops(engine: Engine, sound: Path):
    """Ctrl-C means now."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        engine.listen(sound, report=lambda done: None, stop=stop, language="en", terms=())


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is no sound at all" * 10])
def test_what_is_no_sound_is_explained(engine: Engine, tmp_path: Path, content: bytes):
    """A traceback tells a lecturer nothing."""
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(MediaUnreadable, match=r"broken\.wav"):
        engine.listen(path, report=lambda done: None, stop=threading.Event(), language="en", terms=())


def test_a_sound_of_another_rate_is_explained(engine: Engine, tmp_path: Path):
    """Heard at the wrong speed, speech would come out as nonsense rather than as a fault."""
    path = write_wav(tmp_path / "fast.wav", room(1.0), rate=48_000)
    with pytest.raises(MediaUnreadable, match="48000 Hz"):
        engine.listen(path, report=lambda done: None, stop=threading.Event(), language="en", terms=())


def test_a_sound_of_no_length_has_no_words(engine: Engine, tmp_path: Path):
    """A recording stopped as soon as it was started is still a recording."""
    path = write_wav(tmp_path / "empty.wav", room(0.0))
    heard = engine.listen(path, report=lambda done: None, stop=threading.Event(), language="", terms=())
    assert heard.words == ()
    assert heard.language == ""


@pytest.mark.parametrize("name", ["faster-whisper", "openai-whisper"])
def test_a_language_that_no_weights_know_is_refused(name: str, offline: None, sound: Path):
    """Whisper would go on in some other language; a slip in a settings file should not cost an hour."""
    opened = open_engine(Captions(engine=name, download=False))
    try:
        with pytest.raises(ProcessError, match="'klingon'"):
            opened.listen(sound, report=lambda done: None, stop=threading.Event(), language="klingon", terms=())
    finally:
        opened.close()


@pytest.mark.parametrize("name", ["faster-whisper", "openai-whisper"])
def test_silence_is_not_even_listened_to(name: str, offline: None, tmp_path: Path):
    """Whisper by itself writes "you" and "Thank you." over silence."""
    opened = open_engine(Captions(engine=name, download=False))
    try:
        began = time.process_time()
        heard = opened.listen(
            write_wav(tmp_path / "room.wav", room(20)),
            report=lambda done: None,
            stop=threading.Event(),
            language="",
            terms=("Pannartz", "Schoeffer"),
        )
        assert time.process_time() - began < 3
    finally:
        opened.close()
    assert (heard.words, heard.speech, heard.language) == ((), (), "")
    assert heard.covered is None


def test_an_engine_nobody_knows_is_named_with_those_that_are_there():
    """A slip of the finger in a settings file."""
    with pytest.raises(EngineMissing, match=r"'fast-whisper'.*faster-whisper"):
        open_engine(Captions(engine="fast-whisper"))
