"""What a page corrects in a lecture: words that were misheard, names and borders of clips, where it begins and ends.

All of it is kept beside the lecture (`process.edits`), and is taken in when it is finished again; nothing of what was
recorded or made is changed by it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from capture.description import from_json
from flipcast.errors import DeskError, LectureUnknown
from flipcast.library import Library
from process import edits
from process.borders import Borders
from process.captions.transcript import Transcript, Word
from process.clips import Clip
from process.step import explained


class Corrections:
    """What was corrected in the lectures of a library, by any number of pages."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._lock = threading.Lock()

    def said(self, name: str) -> dict[str, Any]:
        """What is said in the lecture, clip by clip, as it will be once it is finished again.

        Raises:
            LectureUnknown: it is not made yet.
            EditsDamaged: what was corrected cannot be understood.
        """
        shelf = self.library.find(name)
        made = shelf.lecture()
        if made is None:
            raise LectureUnknown(f"{name!r} is not finished yet", hint="finish it first")
        changes = edits.read(shelf.folder)
        begins = made.begins
        clips: Sequence[Clip] = [one.clip for one in made.clips]
        words: tuple[Word, ...] = ()
        heard: Transcript | None = None
        for track in made.captions[:1]:
            with explained(shelf.folder):
                text = (shelf.folder / "lecture" / track.words).read_text(encoding="utf-8")
            heard = from_json(text, Transcript)
            whole = [replace(word, start=word.start + begins, end=word.end + begins) for word in heard.words]
            words = edits.corrected(replace(heard, words=tuple(whole)), changes)[0].words
        borders = Borders(changes.borders, begins=begins, said=heard)
        clips, _ = edits.titled(borders.laid(clips, seconds=made.seconds) or clips, changes, begins=begins)
        return {
            "film": made.download,
            "begins": begins,
            "seconds": made.seconds,
            "whole": made.whole_seconds or made.seconds,
            "trim": [changes.start, changes.end],
            "clips": [
                {
                    "start": clip.start,
                    "middle": begins + (clip.start + clip.end) / 2,
                    "title": clip.title,
                    "words": [
                        [round(word.start, 3), round(word.end, 3), word.text, round(word.confidence, 2)]
                        for word in words
                        if clip.start <= word.start - begins and (clip is clips[-1] or word.start - begins < clip.end)
                    ],
                }
                for clip in clips
            ],
        }

    def trim(self, name: str, *, start: float | None, end: float | None) -> None:
        """Let the lecture begin and end there, seconds of the whole; ``None`` for as it was recorded.

        Raises:
            LectureUnknown: there is no such lecture.
            DeskError: it would end before it begins.
            EditsDamaged, NoRoom, NoRight: it could not be kept.
        """
        shelf = self.library.find(name)
        with self._lock:
            try:
                changed = replace(edits.read(shelf.folder), start=start, end=end)
            except ValueError:
                raise DeskError(
                    "a lecture cannot end before it begins", hint="choose a later end, or an earlier start"
                ) from None
            edits.write(changed, shelf.folder)

    def correct(self, name: str, change: edits.Correction | edits.ClipTitle | edits.ClipBorder) -> None:
        """Keep a corrected word, the name of a clip or where one begins; it shows once the lecture is finished again.

        Raises:
            LectureUnknown: there is no such lecture.
            EditsDamaged, NoRoom, NoRight: it could not be kept.
        """
        shelf = self.library.find(name)
        with self._lock:
            before = edits.read(shelf.folder)
            if isinstance(change, edits.Correction):
                after = replace(before, words=(*before.words, change))
            elif isinstance(change, edits.ClipBorder):
                after = replace(before, borders=(*before.borders, change))
            else:
                after = replace(before, clips=(*before.clips, change))
            edits.write(after, shelf.folder)

    def follow(self, name: str, script: str) -> None:
        """Let the captions follow the *script* where it was followed; empty for as they were heard.

        Raises:
            LectureUnknown: there is no such lecture.
            EditsDamaged, NoRoom, NoRight: it could not be kept.
        """
        shelf = self.library.find(name)
        with self._lock:
            edits.write(replace(edits.read(shelf.folder), script=script.strip()), shelf.folder)
