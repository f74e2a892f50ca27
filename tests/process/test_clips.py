"""Where lectures are cut: never in a word, never too long, and the clips are the lecture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process.captions.transcript import Span, Transcript, Word, ends_sentence
from process.clips import LINGER, Clip, Clips, plan
from process.titles import LONGEST, titles_of

SMALL = Clips(longest_seconds=36.0, target_seconds=27.0, shortest_seconds=6.0)
"""A tenth of the usual lengths: as much to decide, in less data."""


def of(words: Sequence[Word], language: str = "en") -> Transcript:
    return Transcript(language=language, words=tuple(words), speech=(), engine="", model="", weights="")


@st.composite
def lectures(draw: st.DrawFn) -> tuple[float, Transcript | None, list[Span]]:
    """Some speech, some silences measured from the sound, and a length that fits them or does not."""
    at, words = 0, []
    for _ in range(draw(st.integers(0, 150))):
        at += draw(st.sampled_from([0, 0, 0, 50, 200, 800, 3000, 60_000]))
        length = draw(st.sampled_from([0, 100, 300, 900, 4000]))
        text = draw(st.sampled_from(["and", "vector", "matrix", "plane.", "arrow,", "Why?", "x"]))
        words.append(Word(start=at / 1000, end=(at + length) / 1000, text=text, confidence=1.0))
        at += length
    seconds = max(1.0, at / 1000 + draw(st.sampled_from([0.0, 0.5, 40.0, 200.0])))
    pauses = [
        Span(start=start, end=start + length)
        for start, length in draw(st.lists(st.tuples(st.floats(0, 300), st.floats(0.2, 30)), max_size=6))
    ]
    return seconds, (of(words) if draw(st.booleans()) else None), pauses


def tiles(clips: Sequence[Clip], seconds: float) -> bool:
    return (
        clips[0].start == 0
        and clips[-1].end == seconds
        and all(clip.end == following.start for clip, following in pairwise(clips))
        and all(clip.end > clip.start for clip in clips)
        and [clip.number for clip in clips] == list(range(1, len(clips) + 1))
    )


@settings(max_examples=150, deadline=None)
@given(lectures())
def test_clips_tile_any_lecture(lecture: tuple[float, Transcript | None, list[Span]]):
    """A gap loses a sentence, an overlap says it twice, a clip too long is the lecture over again."""
    seconds, transcript, pauses = lecture
    clips = plan(seconds, transcript=transcript, pauses=pauses, settings=SMALL)
    assert tiles(clips, seconds)
    assert all(clip.end - clip.start <= SMALL.longest_seconds + 1e-9 for clip in clips)
    for word in transcript.words if transcript else ():
        assert not any(word.start < clip.end < word.end for clip in clips[:-1]), "a cut within a word"
    assert all(0 < len(clip.title) <= LONGEST for clip in clips)
    assert plan(seconds, transcript=transcript, pauses=pauses, settings=SMALL) == clips


@settings(max_examples=150, deadline=None)
@given(lectures(), st.lists(st.floats(0, 400), max_size=60))
def test_cuts_lie_at_keyframes_or_there_is_no_plan(
    lecture: tuple[float, Transcript | None, list[Span]], allowed: list[float]
):
    """Copied pictures can be cut at their keyframes only; where those are no good, that must be seen."""
    seconds, transcript, pauses = lecture
    clips = plan(seconds, transcript=transcript, pauses=pauses, settings=SMALL, allowed=allowed)
    if clips is None:
        assert seconds > SMALL.longest_seconds
        return
    assert tiles(clips, seconds)
    assert all(clip.end in allowed for clip in clips[:-1])
    assert all(clip.end - clip.start <= SMALL.longest_seconds for clip in clips)
    for word in transcript.words if transcript else ():
        assert not any(word.start < clip.end < word.end for clip in clips[:-1])


def lecture_of(sentences: int, *, pause: float = 0.6) -> Transcript:
    """Sentences of twelve words, five seconds each."""
    at, words = 1.0, []
    for number in range(sentences):
        for place in range(12):
            text = ("so", "this", f"topic{number // 50}", "is", "what", "we", "call", "a", "kind", "of", "thing")[
                place % 11
            ]
            text = f"{text}." if place == 11 else text
            words.append(Word(start=round(at, 3), end=round(at + 0.3, 3), text=text, confidence=1.0))
            at += 0.36
        at += pause
    return of(words)


def test_cuts_lie_between_sentences():
    """A clip that begins in the midst of a sentence begins with a riddle."""
    transcript = lecture_of(300)
    seconds = transcript.words[-1].end + 3
    clips = plan(seconds, transcript=transcript)
    assert 4 <= len(clips) <= 7
    for clip in clips[:-1]:
        before = [word for word in transcript.words if word.end <= clip.end][-1]
        after = next(word for word in transcript.words if word.start >= clip.end)
        assert ends_sentence(before.text)
        assert clip.end <= before.end + LINGER + 1e-9
        assert clip.end <= after.start
        assert 180 <= clip.end - clip.start <= 360


def test_the_longest_pauses_are_taken():
    """Speakers pause where they turn to something else."""
    words = [
        replace(word, start=word.start + later, end=word.end + later)
        for number, word in enumerate(lecture_of(120).words)
        for later in [4 if number >= 12 * 58 else 0]
    ]
    before = words[12 * 58 - 1]
    clips = plan(words[-1].end, transcript=of(words))
    assert clips[0].end == pytest.approx(before.end + LINGER)


def test_a_short_lecture_is_one_clip():
    """What can be watched in one sitting is left whole, whatever its pauses."""
    for seconds in (0.04, 59.0, 360.0):
        assert plan(seconds, transcript=None, pauses=[Span(start=10, end=30)]) == (
            Clip(number=1, start=0.0, end=seconds, title="Part 1"),
        )


def test_one_endless_sentence_is_cut_between_words():
    """Some engines write no full stops, and some speakers make none."""
    words = [Word(start=i * 0.4, end=i * 0.4 + 0.4, text="and", confidence=1) for i in range(2500)]
    clips = plan(1000.0, transcript=of(words))
    assert len(clips) >= 3
    assert all(clip.end - clip.start <= 360 for clip in clips)
    starts = {word.start for word in words}
    assert all(clip.start in starts for clip in clips)


def test_without_words_silences_are_cut():
    """With captions off there is still a good and a bad place."""
    pauses = [Span(start=250, end=252), Span(start=300, end=300.4), Span(start=520, end=523)]
    clips = plan(800.0, transcript=None, pauses=pauses)
    assert [clip.start for clip in clips] == [0.0, 251.0, 521.5]


def test_without_words_or_silences_it_is_cut_evenly():
    """A concert, a film, a machine that hums."""
    clips = plan(1300.0, transcript=None)
    assert tiles(clips, 1300.0)
    assert all(150 <= clip.end - clip.start <= 360 for clip in clips)


def test_keyframes_in_pauses_are_found():
    """A screen recording has a keyframe every few seconds; a few of them lie between sentences."""
    transcript = lecture_of(120)
    seconds = transcript.words[-1].end
    clips = plan(seconds, transcript=transcript, allowed=[i * 1.5 for i in range(1000)])
    assert clips is not None
    assert len(clips) >= 2
    assert plan(seconds, transcript=transcript, allowed=[]) is None
    assert plan(seconds, transcript=transcript, allowed=[2.5, seconds / 2 + 0.123]) is None
    anywhere = plan(seconds, transcript=None, allowed=[100.0, 200.0, 300.0, 400.0, 500.0, 600.0])
    assert anywhere is not None


def test_two_hours_are_planned_at_once():
    """Planning stands between the hearing and the encode; nobody should notice it."""
    transcript = lecture_of(1450)
    began = time.process_time()
    clips = plan(transcript.words[-1].end, transcript=transcript)
    assert time.process_time() - began < 3
    assert 20 <= len(clips) <= 32


def test_titles_name_what_a_clip_speaks_of():
    """A list of "Part 1" to "Part 9" helps nobody to find the eigenvalues again."""
    first = "First the block books. A block book is cut in wood, and block books are printed by hand in the workshop."
    second = "Now movable type. Movable type is cast in metal; with movable type a workshop prints faster."
    titles = titles_of([first.split(), second.split()], language="en")
    assert "block book" in titles[0].casefold()
    assert "movable type" in titles[1].casefold()
    assert "workshop" not in " ".join(titles).casefold(), "it is said in both"


def test_titles_come_in_any_language():
    """Where nothing is known of a language, or nothing stands out, a clip still has a name."""
    german = [
        "Die Matrix dreht die Ebene. Eine Matrix ist eine Tabelle.".split(),
        "Der Vektor hat eine Länge. Ein Vektor ist ein Pfeil.".split(),
    ]
    assert titles_of(german, language="de") == ["Matrix", "Vektor"]
    assert titles_of([list("今日は。"), list("明日は。")], language="ja") == ["Part 1", "Part 2"]
    assert titles_of([[], ["um"]], language="") == ["Part 1", "Part 2"]


@given(st.lists(st.lists(st.text(max_size=12), max_size=30), min_size=1, max_size=5), st.sampled_from(["en", "fi", ""]))
def test_titles_are_fit_to_be_shown(clips: list[list[str]], language: str):
    """They go into pages, playlists and file names: one line, not empty, no two alike."""
    titles = titles_of(clips, language=language)
    assert len(titles) == len(clips) == len(set(titles))
    assert all(0 < len(title) <= LONGEST and title.isprintable() and title.strip() for title in titles)
