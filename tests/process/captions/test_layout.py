"""Cues that can be read: the rules hold for any words, and real speech comes out well."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process.captions.cues import Cue, from_webvtt, to_webvtt
from process.captions.engine import Captions
from process.captions.layout import CLEAR, lay_out
from process.captions.transcript import Transcript, Word

TEXTS = st.one_of(
    st.sampled_from(["the", "of", "a", "word", "sentence.", "clause,", "Why?", "x" * 41, "y" * 100, "Dr."]),
    st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=60),
)


def transcript_of(words: list[Word], language: str = "en") -> Transcript:
    return Transcript(language=language, words=tuple(words), speech=(), engine="", model="", weights="")


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    at, words = 0.0, []
    for _ in range(draw(st.integers(0, 60))):
        at += draw(st.sampled_from([0.0, 0.0, 0.05, 0.3, 0.6, 2.0, 20.0]))
        length = draw(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0, 9.0]))
        words.append(Word(start=round(at, 3), end=round(at + length, 3), text=draw(TEXTS), confidence=1.0))
        at += length
    return transcript_of(words, draw(st.sampled_from(["en", "de", "zh", "xx", ""])))


@settings(max_examples=150, deadline=None)
@given(transcripts(), st.sampled_from([Captions(), Captions(line_characters=20, lines=3)]))
def test_the_rules_hold_for_any_words(transcript: Transcript, wishes: Captions):
    """However an engine times and spells its words, a player gets cues that it can show."""
    cues = lay_out(transcript, wishes)
    for cue in cues:
        assert 1 <= len(cue.lines) <= wishes.lines
        assert all(0 < len(line) <= wishes.line_characters for line in cue.lines)
        assert cue.end > cue.start >= 0
    for cue, following in pairwise(cues):
        gap = round(following.start - cue.end, 3)
        assert gap >= 0, "cues overlap"
        assert gap == 0 or gap >= CLEAR, "a gap that only flickers"
    letters = "".join("".join(cue.lines) for cue in cues).replace(" ", "")
    assert letters == "".join(word.text for word in transcript.words).replace(" ", "")
    assert from_webvtt(to_webvtt(cues)) == cues


def spoken(text: str, *, pace: float = 0.3, pause: float = 0.6) -> Transcript:
    """Words of *pace* seconds, with a *pause* after each sentence."""
    at, words = 0.0, []
    for word in text.split():
        words.append(Word(start=round(at, 3), end=round(at + pace, 3), text=word, confidence=1.0))
        at += pace + (pause if word.endswith(".") else 0)
    return transcript_of(words)


def test_a_sentence_that_fits_is_one_cue():
    """People read sentences, not lengths."""
    cues = lay_out(spoken("A vector has a length. It has a direction, too. Nothing else matters here."), Captions())
    assert [cue.text for cue in cues] == [
        "A vector has a length.",
        "It has a direction, too.",
        "Nothing else matters here.",
    ]


def test_no_cue_or_line_ends_on_an_article(sample_text: str):
    """ "…the / book" makes the eye wait for what the ear has heard already."""
    cues = lay_out(spoken(sample_text, pace=0.4, pause=0.5), Captions())
    weak = {"the", "a", "an", "of", "in", "to", "and", "with"}
    lines = [line for cue in cues for line in cue.lines]
    assert not [cue.text for cue in cues if cue.text.split()[-1].lower() in weak]
    assert sum(line.split()[-1].lower() in weak for line in lines) <= len(lines) * 0.1
    assert all(1.0 <= cue.end - cue.start <= 7.0 for cue in cues)
    assert all(speed(cue) <= 20 for cue in cues)
    assert sum(speed(cue) > 17 for cue in cues) <= len(cues) * 0.15


def speed(cue: Cue) -> float:
    return sum(map(len, cue.lines)) / (cue.end - cue.start)


def test_lines_of_a_cue_are_balanced():
    """One long line over one short word looks like a mistake."""
    [cue] = lay_out(spoken("Every plane is made of two such arrows and nothing.", pace=0.4), Captions())
    first, second = cue.lines
    assert abs(len(first) - len(second)) < 15


def test_a_cue_stays_until_it_is_read():
    """Whoever speaks fast and then pauses leaves time to read."""
    [cue] = lay_out(spoken("Immediately characteristically incomprehensible.", pace=0.15), Captions())
    assert cue.end >= 0.45 + 1.0


def test_a_word_longer_than_a_line_is_cut_into_lines():
    """Addresses and formulas are said, too."""
    cues = lay_out(spoken("See " + "x" * 100 + " there."), Captions())
    assert all(len(line) <= 42 for cue in cues for line in cue.lines)
    assert "".join(cue.text for cue in cues).count("x") == 100


@pytest.mark.parametrize("language", ["zh", "ja", "th"])
def test_languages_without_spaces_get_none(language: str):
    """Spaces between characters would look wrong to every reader of them."""
    words = [
        Word(start=i * 0.2, end=i * 0.2 + 0.2, text=c, confidence=1)
        for i, c in enumerate("今日は向量空間を学びます。" * 6)
    ]
    cues = lay_out(transcript_of(words, language), Captions(line_characters=20))
    assert " " not in "".join(line for cue in cues for line in cue.lines)
    assert all(cue.lines[-1].endswith("。") for cue in cues[-1:])


def test_two_hours_of_words_are_laid_out_in_seconds():
    """Every way to divide them is weighed; it must not take every hour there is."""
    transcript = spoken("and this is what we call a linear map of the plane. " * 1600, pace=0.35)
    cues = lay_out(transcript, Captions())
    assert len(transcript.words) > 17_000
    assert len(cues) > 1000
