"""The engine that reads from a file: the same words each time, and a clear word about a bad file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from process.captions.engine import Captions, open_engine
from process.captions.transcript import Span, Transcript
from process.errors import MediaUnreadable
from tests.fixtures.speech import room, write_wav

SCRIPT = """WEBVTT

00:01.000 --> 00:03.000
ab <i>cdef</i>

00:03.000 --> 00:04.000
end.

00:09.000 --> 00:12.000
late
"""


def listen(folder: Path, *, script: str = SCRIPT, seconds: float = 10.0, language: str = "") -> Transcript:
    path = folder / "talk.vtt"
    path.write_text(script, encoding="utf-8")
    engine = open_engine(Captions(engine="scripted", script=path))
    sound = write_wav(folder / "sound.wav", room(seconds))
    return engine.listen(sound, report=lambda done: None, stop=threading.Event(), language=language, terms=())


def test_words_share_the_time_of_their_cue(tmp_path: Path):
    """A long word takes longer to say."""
    heard = listen(tmp_path)
    assert [(word.text, word.start, word.end) for word in heard.words] == [
        ("ab", 1.0, 1.667),
        ("cdef", 1.667, 3.0),
        ("end.", 3.0, 4.0),
        ("late", 9.0, 10.0),
    ]
    assert heard.speech == (Span(start=1.0, end=4.0), Span(start=9.0, end=10.0))
    assert (heard.confidence, heard.covered, heard.language, heard.model) == (1.0, 1.0, "en", "talk")


def test_a_script_that_is_longer_than_the_sound_is_cut(tmp_path: Path):
    """Captions after the end of the lecture are never seen, and upset players."""
    assert listen(tmp_path, seconds=2.0).words[-1].end == 2.0


def test_an_empty_script_is_a_lecture_without_words(tmp_path: Path):
    """A silent film has a script, too."""
    heard = listen(tmp_path, script="WEBVTT\n")
    assert (heard.words, heard.speech, heard.language, heard.covered) == ((), (), "", None)


def test_a_script_without_spaces_is_read_by_character(tmp_path: Path):
    """Japanese has no spaces to part words at."""
    heard = listen(tmp_path, script="WEBVTT\n\n00:00.000 --> 00:04.000\n今日は。\n", language="ja")
    assert [word.text for word in heard.words] == list("今日は。")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"once upon a time", "line 1"),
        (b"WEBVTT\n\n00:01 --> 00:02\nx\n", "line 3"),
        (b"WEBVTT\n\n\xff\xfe\n", "UTF-8"),
    ],
)
def test_a_bad_script_is_explained(tmp_path: Path, content: bytes, says: str):
    """Scripts are written by hand."""
    path = tmp_path / "talk.vtt"
    path.write_bytes(content)
    with pytest.raises(MediaUnreadable, match=says) as caught:
        open_engine(Captions(engine="scripted", script=path))
    assert "talk.vtt" in str(caught.value)


def test_a_missing_script_is_explained(tmp_path: Path):
    """None named, or one that is not there."""
    with pytest.raises(MediaUnreadable, match=r"captions\.script"):
        open_engine(Captions(engine="scripted"))
    with pytest.raises(MediaUnreadable, match=r"gone\.vtt"):
        open_engine(Captions(engine="scripted", script=tmp_path / "gone.vtt"))
