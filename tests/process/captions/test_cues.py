"""Cues as files: whatever is said, the file stays well-formed and says the same when read again."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from process.captions.cues import Cue, cues_between, from_webvtt, one_line, to_srt, to_text, to_webvtt
from process.captions.transcript import Transcript, Word

HOSTILE = st.text(st.one_of(st.sampled_from("<>&-\r\n\t \0\x85\u2028\u202e-->"), st.characters()), max_size=30)


@st.composite
def cue_lists(draw: st.DrawFn, texts: st.SearchStrategy[str] = HOSTILE) -> tuple[Cue, ...]:
    at, cues = 0, []
    for _ in range(draw(st.integers(0, 8))):
        start = at + draw(st.integers(0, 5_000_000))
        at = start + draw(st.integers(1, 9000))
        lines = tuple(draw(st.lists(texts, max_size=3)))
        cues.append(Cue(start=start / 1000, end=at / 1000, lines=lines))
    return tuple(cues)


@given(cue_lists())
def test_cues_read_back_say_the_same(cues: tuple[Cue, ...]):
    """An edited file is read again; a lecture must not wear away with each round."""
    shown = [(c.start, c.end, tuple(filter(None, map(one_line, c.lines)))) for c in cues]
    read = [(c.start, c.end, c.lines) for c in from_webvtt(to_webvtt(cues))]
    assert read == [cue for cue in shown if cue[2]]


@given(cue_lists())
def test_no_text_can_forge_a_cue(cues: tuple[Cue, ...]):
    """Titles and words are hostile: a line of speech must not become a time, a tag or a blank line."""
    for text, count in ((to_webvtt(cues), 1), (to_srt(cues), 0)):
        shown = sum(1 for cue in cues if any(map(one_line, cue.lines)))
        blocks = [block for block in text.split("\n\n") if block.strip()]
        assert len(blocks) == shown + count
        assert text.count("-->") == shown
        assert not re.search(r"[\r\0\u2028\x85]", text)
        for block in blocks[count:]:
            assert "<" not in block.split("\n", 2)[2]


def test_a_webvtt_file_looks_so():
    """The form is fixed by a standard: header, blank line, unique names, hours, three decimals, escapes."""
    cues = [
        Cue(start=0.0, end=1.5, lines=("If a < b & b > c,", "then --> what?")),
        Cue(start=3661.002, end=3662.0, lines=("",)),
        Cue(start=3661.002, end=360000.0, lines=("An hour\r\n\r\nlater",)),
    ]
    assert to_webvtt(cues) == (
        "WEBVTT\n\n"
        "1\n00:00:00.000 --> 00:00:01.500\nIf a &lt; b &amp; b &gt; c,\nthen --&gt; what?\n\n"
        "2\n01:01:01.002 --> 100:00:00.000\nAn hour later\n"
    )
    assert to_srt(cues[:1]) == "1\n00:00:00,000 --> 00:00:01,500\nIf a ‹ b & b › c,\nthen → what?\n"


def test_a_file_of_somebody_else_is_read():
    """Editors write headers, notes, styles, names, settings, tags, short times and DOS line ends."""
    text = (
        "\ufeffWEBVTT - made by hand\r\nKind: captions\r\n\r\nNOTE\r\n00:01.000 is not a time\r\n\r\n"
        "STYLE\r\n::cue { color: red }\r\n\r\nintro\r\n00:01.000 --> 00:02.500 line:0 align:start\r\n"
        "<v Ann>Hello <i>there</i> &amp; welcome</v>\r\n<00:02.000>to it\r\n\r\n"
        "01:00:00.000\t-->\t01:00:01.000\r\nsecond"
    )
    assert from_webvtt(text) == (
        Cue(start=1.0, end=2.5, lines=("Hello there & welcome", "to it")),
        Cue(start=3600.0, end=3601.0, lines=("second",)),
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1"),
        ("WEBVTTX", "line 1"),
        ("1\n00:00:01,000 --> 00:00:02,000\nSubRip", "line 1"),
        ("WEBVTT\n\n00:01 --> 00:02\nx", "line 3"),
        ("WEBVTT\n\n00:02.000 --> 00:01.000\nx", "line 3"),
        ("WEBVTT\n\n00:05.000 --> 00:06.000\nx\n\n00:01.000 --> 00:02.000\ny", "line 6"),
    ],
)
def test_what_is_no_webvtt_is_refused_by_line(text: str, where: str):
    """Whoever wrote a script by hand wants to know where to look."""
    with pytest.raises(ValueError, match=where):
        from_webvtt(text)


@given(cue_lists(st.just("word")), st.lists(st.integers(0, 40_000), max_size=5))
def test_the_captions_of_clips_are_those_of_the_lecture(cues: tuple[Cue, ...], borders: list[int]):
    """Every cue is seen in some clip, at the same second of the speech; a clip begins at 0."""
    edges = sorted({0.0, *(float(border) for border in borders), 50_000.0})
    seen: set[float] = set()
    for start, end in pairwise(edges):
        clip = cues_between(cues, start, end)
        assert all(0 <= cue.start < cue.end <= end - start + 0.001 for cue in clip)
        for cue in cues:
            if cue.start >= start and cue.end <= end:
                assert any(abs(c.start + start - cue.start) < 0.002 for c in clip)
        seen |= {cue.start for cue in cues if any(abs(max(cue.start, start) - start - c.start) < 0.002 for c in clip)}
    assert seen == {cue.start for cue in cues}


def test_plain_text_has_a_paragraph_a_pause():
    """A transcript without paragraphs is a wall; a pause for breath within a sentence makes none."""
    times = [(0, "One"), (1, "two."), (5, "Three"), (9, "four."), (9.5, "Five.")]
    words = tuple(Word(start=at, end=at + 0.4, text=text, confidence=1) for at, text in times)
    transcript = Transcript(language="en", words=words, speech=(), engine="", model="", weights="")
    assert to_text(transcript) == "One two.\n\nThree four. Five.\n"
