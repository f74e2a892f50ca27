"""What a person changes of a lecture afterwards, and what the walk makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from capture import recording
from flipcast.executors.local import Local
from process import edits, workflow
from process.captions.engine import Captions
from process.captions.transcript import Transcript, Word
from process.chapters import Chapter
from process.clips import Clip
from process.edits import ClipTitle, Correction, Edits
from process.errors import EditsDamaged
from process.ladder import Ladder
from process.lecture import Lecture
from process.workflow import Processing


def transcript(*texts: str, language: str = "en") -> Transcript:
    """One word a second."""
    words = tuple(Word(start=n, end=n + 0.8, text=text, confidence=0.5) for n, text in enumerate(texts))
    return Transcript(language=language, words=words, speech=(), engine="", model="", weights="")


def texts(said: Transcript) -> list[str]:
    return [word.text for word in said.words]


def change(was: str, text: str, *, at: float) -> Correction:
    return Correction(start=at, end=at + 0.8, was=was, text=text)


Again = Callable[[Edits], Lecture]
"""Write edits down, and process again."""


@pytest.fixture
def again(lecture_folder: Path, lecture_copy: Path) -> Again:
    """The lecture of `lecture_copy` made anew; every step that is not remembered is named as done."""
    settings = Processing(
        captions=Captions(engine="scripted", script=lecture_folder.with_suffix(".vtt"), language="en"),
        clips=workflow.clips.Clips(longest_seconds=20, target_seconds=15, shortest_seconds=5),
        ladder=Ladder(copy_source=False),
    )

    def make(changed: Edits) -> Lecture:
        edits.write(changed, lecture_copy)
        with Local(2) as executor:
            return workflow.make(recording.read(lecture_copy), lecture_copy, settings, executor)

    return make


def rooms(home: Path) -> dict[str, int]:
    """The steps that lie in a lecture's memory, and when they were done."""
    return {path.name: (path / "done.json").stat().st_mtime_ns for path in (home / "work").glob("*-*")}


def test_a_corrected_word_is_in_the_captions_and_nothing_is_heard_or_encoded_again(lecture_copy, again):
    """Whoever corrects forty words will not wait forty times for an hour of film."""
    before = rooms(lecture_copy)
    made = again(Edits(words=(change("lesson", "lecture & <more>", at=2.3), change("are", "", at=3.0))))

    home = lecture_copy / "lecture"
    track = made.captions[0]
    assert "The first words\nof the lecture &amp; &lt;more&gt; these." in (home / track.vtt).read_text()
    assert "of the lecture &amp; &lt;more&gt;" in (home / "clips/01" / track.vtt).read_text()
    assert "lesson" not in (home / track.srt).read_text() + (home / track.text).read_text()
    assert rooms(lecture_copy) == before
    assert not [note for note in made.notes if "left out" in note]


def test_captions_follow_the_script_and_then_what_was_corrected(lecture_folder, lecture_copy, again):
    """A text that was read is offered after the fact, and costs nothing but writing the captions."""
    before = rooms(lecture_copy)
    lines = lecture_folder.with_suffix(".vtt").read_text().splitlines()[1:]
    script = " ".join(line.upper() for line in lines if line and "-->" not in line)
    made = again(Edits(script=script, words=(change("LESSON", "lecture", at=2.3),)))
    captions = lecture_copy / "lecture" / made.captions[0].vtt
    assert "THE FIRST WORDS OF THE lecture ARE THESE." in captions.read_text()
    assert [note for note in made.notes if "100% of the words" in note]
    assert rooms(lecture_copy) == before

    made = again(Edits(script="Nothing of this was ever said by anybody in this room"))
    assert "The first words of the lesson are these." in captions.read_text()
    assert [note for note in made.notes if "is in the script" in note]


def test_a_clip_goes_by_its_new_name_and_so_does_the_chapter_that_is_the_same_stretch(lecture_copy, again):
    """Two names for one thing on one page make people look for the second thing."""
    before, starts = rooms(lecture_copy), [c.clip.start for c in again(Edits()).clips]
    made = again(Edits(clips=(ClipTitle(start=starts[1] + 1, title="An <example>\n--> at last"),)))

    assert made.clips[1].clip.title == "An <example> --> at last"
    assert [c.clip.start for c in made.clips] == starts
    assert "An &lt;example&gt; --&gt; at last" in (lecture_copy / "lecture/chapters.vtt").read_text()
    assert rooms(lecture_copy) == before


def test_taking_changes_back_gives_the_lecture_as_it_was(lecture_copy, again):
    """A page can offer to undo only what can be undone."""
    was = (lecture_copy / "lecture/captions.en.vtt").read_text()
    again(Edits(words=(change("first", "last", at=1.3),)))
    assert (lecture_copy / "lecture/captions.en.vtt").read_text() != was

    again(Edits())
    assert (lecture_copy / "lecture/captions.en.vtt").read_text() == was


def test_what_has_no_place_any_more_is_left_out_and_told(again):
    """Another engine hears other words: to put the correction elsewhere would be worse than to leave it."""
    made = again(Edits(words=(change("nonsense", "sense", at=2.0),), clips=(ClipTitle(start=99, title="Later"),)))

    assert "A correction was left out, since no such word is heard there: “nonsense” at 0:02." in made.notes
    assert "A name of a clip was left out, since no clip is there: “Later” at 1:39." in made.notes


def test_damaged_edits_stop_the_walk_with_a_sentence(lecture_copy, again):
    """An hour's corrections passed over in silence would be an hour lost."""
    (lecture_copy / edits.DESCRIPTION).write_text('{"words": [{"start": 1')
    with pytest.raises(EditsDamaged, match=r"edits\.json cannot be understood.* move it away"):
        edits.read(lecture_copy)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"words": "all"}',
        '{"words": [{"start": 3, "end": 2, "was": "a", "text": "b"}]}',
        '{"words": [{"start": 0, "end": Infinity, "was": "a", "text": "b"}]}',
        '{"clips": [{"start": -1, "title": "a"}]}',
        '{"clips": [{"start": NaN, "title": "a"}]}',
        '{"clips": [{"title": "a"}]}',
        "[" * 100_000,
        "\x00",
    ],
)
def test_nonsense_is_refused_wherever_it_comes_from(text, tmp_path):
    """A page hands in what it was sent."""
    (tmp_path / edits.DESCRIPTION).write_text(text)
    with pytest.raises(EditsDamaged):
        edits.read(tmp_path)


def test_edits_are_read_as_they_were_written(tmp_path):
    """They are all that is left of somebody's evening."""
    changed = Edits(words=(change("a", "“ä”\ud800", at=1.0),), clips=(ClipTitle(start=0, title="One"),))
    assert edits.read(tmp_path) == Edits()
    edits.write(changed, tmp_path)
    assert edits.read(tmp_path) == changed


def test_a_word_is_found_by_its_moment_though_it_is_said_often():
    """ "The" is said a thousand times."""
    said, left = edits.corrected(transcript("the", "the", "the"), Edits(words=(change("the", "a", at=1.2),)))
    assert texts(said) == ["the", "a", "the"]
    assert left == ()


def test_a_word_is_found_again_with_other_case_and_punctuation():
    """A larger model hears the same words and sets other commas; but a word that is written just so comes first."""
    said, _ = edits.corrected(transcript("Matrix,", "so"), Edits(words=(change("matrix", "Vector,", at=0.0),)))
    assert texts(said) == ["Vector,", "so"]
    said, _ = edits.corrected(transcript("so", "So"), Edits(words=(change("So", "Now", at=0.4),)))
    assert texts(said) == ["so", "Now"]
    said, left = edits.corrected(transcript("!", "?"), Edits(words=(change("?", "", at=0.5), change("…", "x", at=0))))
    assert texts(said) == ["!"]
    assert len(left) == 1


def test_words_may_be_parted_and_joined_and_corrected_twice():
    """What was one word to the engine may be two, and the other way round; and people change their minds."""
    changes = (
        change("Eigen", "Eigenvalues", at=0.0),
        change("values", "", at=1.0),
        change("aregreat", "are great", at=2.0),
        change("great", "fine.", at=2.4),
    )
    said, left = edits.corrected(transcript("Eigen", "values", "aregreat"), Edits(words=changes))
    assert texts(said) == ["Eigenvalues", "are", "fine."]
    assert left == ()
    starts = [word.start for word in said.words]
    assert starts == sorted(starts)
    assert said.words[1].start == 2
    assert said.words[1].end == said.words[2].start
    assert said.words[2].end == 2.8
    assert all(word.confidence == 1 for word in said.words)


def test_many_that_are_lost_are_told_in_one_sentence():
    """A list of four hundred notes is read by nobody."""
    _, left = edits.corrected(transcript("a"), Edits(words=tuple(change("x", "y", at=n) for n in range(400))))
    assert len(left) == 1
    assert left[0].endswith("“x” at 0:00, “x” at 0:01, “x” at 0:02 and 397 more.")


def test_a_chapter_of_several_clips_keeps_its_name():
    """The name was given to a part of it."""
    before = [Clip(number=n, start=n * 10.0, end=n * 10.0 + 10, title=f"Part {n}") for n in range(3)]
    clips, _ = edits.titled(before, Edits(clips=tuple(ClipTitle(start=n * 10, title=f"New {n}") for n in range(3))))
    chapters = [Chapter(start=0, end=20, title="Basics"), Chapter(start=20, end=30, title="More")]
    assert [c.title for c in edits.agreeing(chapters, clips, before)] == ["Basics", "New 2"]


def test_the_later_name_holds_and_an_empty_one_takes_it_back():
    """The name that a clip has by itself is always to be had."""
    clips = [Clip(number=1, start=0, end=10, title="By itself")]
    first, second, none = (ClipTitle(start=0, title=title) for title in ("One", "Two", " "))
    assert edits.titled(clips, Edits(clips=(first, second)))[0][0].title == "Two"
    assert edits.titled(clips, Edits(clips=(first, none)))[0][0].title == "By itself"
