"""Borders of clips that a person sets and takes away."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process import edits
from process.borders import NEAR, Borders
from process.captions.transcript import Transcript, Word
from process.clips import Clip
from process.edits import ClipBorder, Edits
from tests.process.test_edits import again as again
from tests.process.test_edits import rooms

SECONDS = 100.0
PLAN = tuple(Clip(number=n + 1, start=25.0 * n, end=25.0 * n + 25, title=f"Part {n}") for n in range(4))
SAID = Transcript(
    language="en",
    words=tuple(Word(start=n + 0.2, end=n + 0.8, text=f"w{n}", confidence=1.0) for n in range(100)),
    speech=(),
    engine="",
    model="",
    weights="",
)


def begin(at: float) -> ClipBorder:
    return ClipBorder(at=at, begins=True)


def join(at: float) -> ClipBorder:
    return ClipBorder(at=at, begins=False)


def starts(clips: tuple[Clip, ...] | None) -> list[float]:
    assert clips is not None
    return [clip.start for clip in clips]


@given(st.lists(st.builds(ClipBorder, at=st.floats(0.01, 120), begins=st.booleans()), max_size=12), st.floats(0, 20))
def test_clips_tile_the_lecture_whatever_is_wished_and_wishes_hold_when_laid_again(
    changes: list[ClipBorder], begins: float
) -> None:
    """A gap between two clips is a sentence that nobody hears."""
    borders = Borders(changes, begins=begins, said=SAID)
    clips = borders.laid(PLAN, seconds=SECONDS)
    assert clips is not None
    assert clips[0].start == 0
    assert clips[-1].end == SECONDS
    assert all(one.end == other.start for one, other in pairwise(clips))
    assert [clip.number for clip in clips] == list(range(1, len(clips) + 1))
    assert all(clip.title for clip in clips)
    assert min(clip.end - clip.start for clip in clips) >= NEAR / 2 - 1e-6


def test_a_border_lies_in_the_pause_before_its_word_and_is_taken_away_again() -> None:
    """Who moves a border takes one away and sets another."""
    moved = Borders([join(25.0), begin(31.2)], said=SAID)
    clips = moved.laid(PLAN, seconds=SECONDS)
    assert starts(clips) == pytest.approx([0, 31.0, 50, 75])
    assert clips[2].title == "Part 2", "what stays is called as it was"
    assert moved.laid(clips, seconds=SECONDS) == clips
    assert Borders([begin(31.2), join(31.2)], said=SAID).laid(PLAN, seconds=SECONDS) == PLAN
    late = Borders([begin(41.2)], begins=10.0, said=SAID)
    assert 31.0 in starts(late.laid(PLAN, seconds=SECONDS))


def test_where_no_keyframe_is_that_is_told_and_where_one_is_it_is_taken() -> None:
    """A clip that begins before its keyframe begins with a grey picture."""
    borders = Borders([begin(31.2)], said=SAID)
    assert borders.laid(PLAN, seconds=SECONDS, keys=[0, 25, 50, 75]) is None
    assert 31.03 in starts(borders.laid(PLAN, seconds=SECONDS, keys=[0, 25, 31.03, 50, 75]))


def test_what_has_no_place_is_left_out_and_told() -> None:
    """To take another border away than the one that was meant would be worse than to leave it."""
    borders = Borders([join(40.0), begin(99.9), begin(300)], said=SAID)
    assert borders.laid(PLAN, seconds=SECONDS) == PLAN
    (sentence,) = edits.misplaced(borders.lost)
    assert sentence.startswith("A border between clips was left out")
    assert "0:40, 1:39, 5:00" in sentence


def test_a_lecture_is_cut_where_it_is_wished_and_encoded_again_only_where_it_must(lecture_copy, again) -> None:
    """A join costs nothing, a border where no keyframe is costs one encode, and taking it back nothing."""
    was = again(Edits())
    first, second = (one.clip for one in was.clips[:2])
    made = rooms(lecture_copy)

    joined = again(Edits(borders=(join(second.start),)))
    assert len(joined.clips) == len(was.clips) - 1
    assert joined.clips[0].clip.end == second.end
    assert rooms(lecture_copy) == made

    at = first.start + (first.end - first.start) * 0.4
    cut = again(Edits(borders=(begin(at),)))
    assert len(cut.clips) == len(was.clips) + 1
    assert cut.clips[1].clip.start == pytest.approx(at, abs=NEAR)
    twice = rooms(lecture_copy)
    again(Edits(borders=(begin(at),), clips=()))
    assert rooms(lecture_copy) == twice

    back = again(Edits())
    assert [one.clip for one in back.clips] == [one.clip for one in was.clips]
    assert not [name for name, _ in rooms(lecture_copy).items() - twice.items() if not name.startswith("judge")]
