"""Chapters: the moments that a viewer may jump to by name.

Whoever pressed the marker key meant something by it: their markers are the chapters. Where there are none, the clips
are. Markers are also the places where clips like to begin (`process.clips`), and give them their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from capture.take import Marker
from process.captions.cues import one_line
from process.captions.transcript import Transcript
from process.clips import NEAR, Clip
from process.layout import named
from process.titles import titles_of

_APART = 1.0
"""Seconds; of two markers closer than that, the key was pressed twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A stretch of the lecture with a name."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds; the next chapter's start, or the lecture's length."""

    title: str
    """Never empty."""


def meant(markers: Sequence[Marker], *, zero: float, seconds: float) -> tuple[Marker, ...]:
    """Those *markers* that begin a chapter, on the timeline of a lecture that begins at *zero* of the take.

    A marker that only switches the layout begins none; one that was pressed twice counts once, by its last name.
    """
    found: list[Marker] = []
    for marker in sorted(markers, key=lambda m: m.at):
        at, label = round(marker.at - zero, 3), one_line(marker.label)
        if named(label) is not None or at >= seconds:
            continue
        if found and at - found[-1].at < _APART:
            found[-1] = Marker(at=found[-1].at, label=label or found[-1].label)
        else:
            found.append(Marker(at=max(0.0, at), label=label))
    return tuple(found)


def chapters(
    markers: Sequence[Marker], clips: Sequence[Clip], *, seconds: float, transcript: Transcript | None
) -> tuple[Chapter, ...]:
    """The chapters of a lecture of *seconds*; they tile it."""
    if not markers:
        return tuple(Chapter(start=clip.start, end=clip.end, title=clip.title) for clip in clips)
    near = [clip.start for clip in clips]
    starts = {_snapped(marker.at, near): marker.label for marker in markers}
    starts.setdefault(0.0, "")
    borders = [*sorted(starts), seconds]
    words = transcript.words if transcript else ()
    spoken = [[w.text for w in words if start <= (w.start + w.end) / 2 < end] for start, end in pairwise(borders)]
    titles = titles_of(spoken, language=transcript.language if transcript else "")
    return tuple(
        Chapter(start=start, end=end, title=starts[start] or title)
        for (start, end), title in zip(pairwise(borders), titles, strict=True)
        if end > start
    )


def _snapped(at: float, starts: Sequence[float]) -> float:
    """The start of the clip that *at* stands for, or *at* itself."""
    nearest = min(starts, key=lambda start: abs(start - at), default=at)
    return nearest if abs(nearest - at) <= NEAR else at
