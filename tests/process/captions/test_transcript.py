"""How much of the speech has words to it: the number that says whether captions want a look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.captions.hearing import HOLE, holes
from process.captions.transcript import REACH, Span, Transcript, Word, ends_sentence, joined

SPANS = st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), max_size=8)
WORDS = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 700)), max_size=20)


def of(spans: list[tuple[int, int]], words: list[tuple[int, int]]) -> Transcript:
    """Hundredths of a second: gaps and lengths of speech, starts and lengths of words."""
    speech, at = [], 0
    for gap, length in spans:
        speech.append(Span(start=(at + gap) / 100, end=(at + gap + length) / 100))
        at += gap + length
    said = [Word(start=s / 100, end=(s + n) / 100, text="x", confidence=0.5) for s, n in sorted(words)]
    return Transcript(language="", words=tuple(said), speech=tuple(speech), engine="", model="", weights="")


def counted(transcript: Transcript) -> tuple[int, int]:
    """Hundredths of speech, and those near a word, counted one by one."""
    hundredths = {h for span in transcript.speech for h in range(round(span.start * 100), round(span.end * 100))}
    reach = round(REACH * 100)
    near = {
        h for word in transcript.words for h in range(round(word.start * 100) - reach, round(word.end * 100) + reach)
    }
    return len(hundredths), len(hundredths & near)


@given(SPANS, WORDS)
def test_coverage_is_the_share_of_speech_near_a_word(spans: list[tuple[int, int]], words: list[tuple[int, int]]):
    """The same as counting every hundredth of a second, for any speech and any words."""
    transcript = of(spans, words)
    total, near = counted(transcript)
    if total == 0:
        assert transcript.covered is None
    else:
        assert transcript.covered == pytest.approx(near / total, abs=1e-6)


@given(SPANS, WORDS)
def test_holes_are_what_coverage_lacks(spans: list[tuple[int, int]], words: list[tuple[int, int]]):
    """What is listened to again is speech, far from every word, and long enough to hold one."""
    transcript = of(spans, words)
    for hole in holes(transcript.speech, transcript.words):
        assert hole.end - hole.start >= HOLE
        assert any(span.start <= hole.start and hole.end <= span.end for span in transcript.speech)
        for word in transcript.words:
            assert word.end + REACH <= hole.start + 1e-9 or word.start - REACH >= hole.end - 1e-9


def test_speech_without_words_is_not_covered():
    """The worst case, and the one that must not look good."""
    assert of([(10, 100)], []).covered == 0
    assert of([], []).confidence is None


def test_sentences_end_where_people_hear_them_end():
    """Clips and cues are cut there; "Dr." ends nothing."""
    ended = [text for text in ["over.", "why?”", "Dr.", "e.g.", "but,", "。", "end"] if ends_sentence(text)]
    assert ended == ["over.", "why?”", "。"]
    assert joined(["今", "日"], "ja") == "今日"
    assert joined(["to", "day"], "en") == "to day"
