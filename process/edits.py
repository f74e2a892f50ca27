"""What a person changed of a lecture after it was recorded: captions, names and borders of clips, start and end.

It lies beside the recording as ``edits.json``, for the recording is nobody's to change, and the lecture is made anew
whenever something else is wished. A page writes it down; the walk reads it, hears nothing again and encodes nothing
again for a word or a name. Each change says where it belongs by a moment and not by a number: after another engine has
listened, or other clips were cut, the moment is still the same. All moments are of the whole lecture, as it is without
trimming; in one that is trimmed, add what ``lecture.json`` says that it *begins* at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

from capture.description import from_json, to_json, write_whole
from process.captions.cues import one_line
from process.captions.transcript import REACH, Transcript, Word, spread
from process.chapters import Chapter
from process.clips import Clip
from process.errors import EditsDamaged
from process.step import explained

DESCRIPTION = "edits.json"
"""Name of the file, in the lecture's folder beside ``recording.json``."""

_TOLD = 3
"""So many of the changes that have no place any more are told by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A word that was heard wrong."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds; never before *start*."""

    was: str
    """The word as it is in the transcript; where it was corrected before, as that left it."""

    text: str
    """What to have instead: a word, several, which then share its time, or nothing, and the word is removed."""

    def __post_init__(self) -> None:
        if not (isfinite(self.start) and isfinite(self.end) and 0 <= self.start <= self.end):
            raise ValueError(f"a word cannot last from {self.start} to {self.end}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTitle:
    """A name that somebody gave to a clip."""

    start: float
    """A moment in it, seconds from the start of the lecture; best its middle, for its ends may move a little."""

    title: str
    """What it is called; empty for the name it would have by itself."""

    def __post_init__(self) -> None:
        if not (isfinite(self.start) and self.start >= 0):
            raise ValueError(f"no clip is at {self.start}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipBorder:
    """A border between two clips that somebody set, or took away."""

    at: float
    """Seconds from the start of the lecture: where a word begins, or where the border is that is not wanted."""

    begins: bool
    """Whether a clip begins there; else it is joined with the one before."""

    def __post_init__(self) -> None:
        if not (isfinite(self.at) and self.at > 0):
            raise ValueError(f"no clip can begin at {self.at}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """All that a person changed of a lecture. A value that makes no sense is refused with a `ValueError`."""

    words: tuple[Correction, ...] = ()
    """In the order in which they were made: a word may be corrected twice."""

    clips: tuple[ClipTitle, ...] = ()
    """Of two names for one clip the later holds."""

    borders: tuple[ClipBorder, ...] = ()
    """In the order in which they were set and taken away (`process.borders`)."""

    script: str = ""
    """What was read from; empty where nobody said. It comes before the *words*, which are of what it leaves."""

    start: float | None = None
    """Seconds at which the lecture begins; ``None`` for the start of the recording. What lies before is kept."""

    end: float | None = None
    """Seconds at which it ends; ``None`` for the end of the recording."""

    def __post_init__(self) -> None:
        low, high = self.start or 0.0, self.end
        if not (isfinite(low) and low >= 0 and (high is None or (isfinite(high) and high > low))):
            raise ValueError(f"a lecture cannot last from {self.start} to {self.end}")


def write(edits: Edits, folder: Path) -> None:
    """Write *edits* down in the lecture's *folder*, whole or not at all.

    Raises:
        NoRoom, NoRight: they could not be kept.
    """
    with explained(folder):
        write_whole(folder / DESCRIPTION, to_json(edits))


def read(folder: Path) -> Edits:
    """What was changed of the lecture in *folder*; nothing, where nobody changed anything.

    Raises:
        EditsDamaged: it is written down, but cannot be understood.
    """
    path = folder / DESCRIPTION
    try:
        text = path.read_text(encoding="utf-8")
        if not text.lstrip().startswith("{"):  # a list without these names would pass for edits that change nothing
            raise ValueError("it does not begin with a brace")
        return from_json(text, Edits)
    except FileNotFoundError:
        return Edits()
    except OSError as error:
        raise EditsDamaged(
            f"{path} cannot be read: {error.strerror or error}", hint="give yourself the right to read it"
        ) from None
    except (ValueError, RecursionError) as error:
        raise EditsDamaged(
            f"{path} cannot be understood ({error})",
            hint="mend it, or move it away: the lecture is then as it was heard and cut",
        ) from None


def corrected(transcript: Transcript, edits: Edits) -> tuple[Transcript, tuple[str, ...]]:
    """*transcript* with the words of *edits*, and a sentence about those that are not heard there any more."""
    words, lost = list(transcript.words), list[Correction]()
    for correction in edits.words:
        place = _place(words, correction)
        if place is None:
            lost.append(correction)
            continue
        word, text = words[place], one_line(correction.text)
        words[place : place + 1] = spread(text, start=word.start, end=word.end, language=transcript.language)
    if not edits.words:
        return transcript, ()
    names = [f"“{one_line(correction.was)}” at {_clock(correction.start)}" for correction in lost]
    return replace(transcript, words=tuple(words)), _left_out(names, "correction", "no such word is heard there")


def titled(clips: Sequence[Clip], edits: Edits, *, begins: float = 0.0) -> tuple[tuple[Clip, ...], tuple[str, ...]]:
    """*clips* by the names of *edits*, and a sentence about names for what is not there any more.

    The clips are those of a lecture that *begins* so many seconds later than the one whose moments the edits name.
    """
    names, lost = {clip.number: clip.title for clip in clips}, list[str]()
    for given in edits.clips:
        covering = [clip for clip in clips if clip.start <= given.start - begins < clip.end]
        title = one_line(given.title)
        if covering:
            names[covering[0].number] = title or covering[0].title
        elif title:
            lost.append(f"“{title}” at {_clock(given.start)}")
    named = tuple(replace(clip, title=names[clip.number]) for clip in clips)
    return named, _left_out(lost, "name of a clip", "no clip is there")


def misplaced(moments: Sequence[float]) -> tuple[str, ...]:
    """A sentence about the borders at *moments* that could not be set or taken away."""
    names = [_clock(at) for at in moments]
    return _left_out(names, "border between clips", "there is none to take away, or no room for one")


def agreeing(chapters: Sequence[Chapter], clips: Sequence[Clip], before: Sequence[Clip]) -> tuple[Chapter, ...]:
    """*chapters*, those that are the same stretch as one of *clips* by its name, if it has another than *before*."""
    new = {(a.start, a.end): a.title for a, b in zip(clips, before, strict=True) if a.title != b.title}
    return tuple(replace(c, title=new.get((c.start, c.end), c.title)) for c in chapters)


def _place(words: Sequence[Word], correction: Correction) -> int | None:
    """Which of *words* is meant: the nearest of those that are written so, or as nearly so as engines differ."""
    low, high = correction.start - REACH, correction.end + REACH
    middle = (correction.start + correction.end) / 2
    near = [number for number, word in enumerate(words) if word.start <= high and word.end >= low]
    near.sort(key=lambda number: abs((words[number].start + words[number].end) / 2 - middle))
    was = one_line(correction.was)
    same = [number for number in near if words[number].text == was]
    alike = [number for number in near if _bare(words[number].text) == _bare(was)]
    return next(iter(same or alike), None)


def _bare(text: str) -> str:
    """*text* without case and punctuation, which every engine sets as it likes; whole if it is nothing else."""
    return "".join(c for c in text.casefold() if c.isalnum()) or text


def _left_out(names: Sequence[str], what: str, why: str) -> tuple[str, ...]:
    if not names:
        return ()
    told = ", ".join(names[:_TOLD]) + (f" and {len(names) - _TOLD} more" if len(names) > _TOLD else "")
    return (f"A {what} was left out, since {why}: {told}.",)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
