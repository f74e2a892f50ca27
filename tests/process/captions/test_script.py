"""Captions say what was said, in the spelling of whoever wrote it down before."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from process.captions.script import agreed
from process.captions.transcript import Transcript, Word


def said(text: str) -> Transcript:
    """A transcript of *text*, two words a second."""
    words = tuple(Word(start=n / 2, end=n / 2 + 0.4, text=word, confidence=0.8) for n, word in enumerate(text.split()))
    return Transcript(language="en", words=words, speech=(), engine="test", model="", weights="")


def text_of(transcript: Transcript) -> str:
    return " ".join(word.text for word in transcript.words)


def test_the_script_spells_what_was_heard():
    """Names and signs are what engines hear worst, and lecturers care for most."""
    heard = said("the oiler line passes through the centroid and the ortho center of every triangle")
    found, share = agreed(heard, "The Euler line passes through the centroid and the orthocentre of every triangle.")
    assert text_of(found) == "The Euler line passes through the centroid and the orthocentre of every triangle."
    assert 0.75 < share < 1
    assert (found.words[0].start, found.words[-1].end) == (heard.words[0].start, heard.words[-1].end)


def test_what_was_spoken_freely_stays_and_what_was_left_out_is_not_invented():
    """A joke in between belongs into the captions, a skipped paragraph does not."""
    heard = said(
        "today we begin with groups by the way my cat is called quaternion and never closes doors"
        " a group is a set with one operation that is associative and has a neutral element"
    )
    script = (
        "Today we begin with groups. This paragraph was skipped. A group is a set with one operation that is"
        " associative and has a neutral element."
    )
    found, _ = agreed(heard, script)
    assert text_of(found) == (
        "Today we begin with groups. by the way my cat is called quaternion and never closes doors"
        " A group is a set with one operation that is associative and has a neutral element."
    )


def test_another_text_changes_nothing():
    """The script of last week is in the prompter."""
    heard = said("photosynthesis turns light into sugar in the leaves of green plants")
    other = "The French revolution began in 1789 in Paris with the storming of the Bastille"
    assert agreed(heard, other)[0] == heard
    assert agreed(heard, "  ") == (heard, 0.0)
    assert agreed(said(""), "anything") == (said(""), 0.0)


WORDS = st.lists(st.sampled_from("alpha beta gamma delta epsilon the a of is".split()), min_size=1, max_size=30)


@given(WORDS, WORDS)
def test_times_are_never_invented(heard: list[str], written: list[str]):
    """Whatever the script says, words follow each other and lie where something was heard."""
    before = said(" ".join(heard))
    found, share = agreed(before, " ".join(written))
    assert 0 <= share <= 1
    assert found.words[0].start == before.words[0].start
    assert found.words[-1].end == before.words[-1].end
    for word, after in pairwise(found.words):
        assert word.start <= word.end <= after.end
        assert word.start <= after.start


@given(WORDS)
def test_whoever_reads_word_for_word_is_captioned_word_for_word(heard: list[str]):
    """The captions are then the script."""
    before = said(" ".join(heard))
    found, share = agreed(before, " ".join(word.upper() for word in heard))
    assert (text_of(found), share) == (" ".join(heard).upper(), 1.0)
    assert [(word.start, word.end) for word in found.words] == [(word.start, word.end) for word in before.words]
