"""A lecture that begins after its recording does, or ends before: what lies outside is passed over, and stays.

What is heard is heard of the whole, and then taken from it, so that another start costs no further listening. The
pictures and the sound are made of the part alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor

from capture.take import Marker
from process.captions.transcript import Span, Transcript
from process.edits import Edits
from process.loudness import Heard
from process.probe import Media

SHORTEST = 1.0
"""Seconds that must be left."""


def part(edits: Edits, film: Media) -> tuple[Span | None, tuple[str, ...]]:
    """The part of *film* that is wished for, ``None`` for all of it; and a sentence where that cannot be had."""
    start, end = edits.start or 0.0, min(film.seconds, film.seconds if edits.end is None else edits.end)
    if film.picture is not None and start:  # on the beat, else every picture would be shown a little off its time
        start = float(round(start * film.picture.rate) / film.picture.rate)
    if start <= 0 and end >= film.seconds:
        return None, ()
    last = min(end, film.picture.end) if film.picture is not None else end
    if last - start < SHORTEST:
        return None, ("The lecture was not trimmed, since less than a second would be left of it.",)
    return Span(start=round(start, 6), end=round(end, 6)), ()


def said_in(part: Span, transcript: Transcript) -> Transcript:
    """What is said in *part*, on its timeline."""
    words = tuple(
        replace(word, start=round(max(0.0, word.start - part.start), 3), end=round(_inside(word.end, part), 3))
        for word in transcript.words
        if part.start <= (word.start + word.end) / 2 < part.end
    )
    return replace(transcript, words=words, speech=_spans(transcript.speech, part))


def heard_in(part: Span, heard: Heard, *, seconds: float) -> Heard:
    """What was learnt by listening to *seconds*, as far as it is about *part*."""
    points = len(heard.waveform)
    low, high = floor(part.start / seconds * points), ceil(part.end / seconds * points)
    return replace(heard, pauses=_spans(heard.pauses, part), waveform=heard.waveform[low:high])


def marked_in(part: Span, markers: Sequence[Marker]) -> tuple[Marker, ...]:
    """The *markers* of *part*; the last one before it holds from its start."""
    length = part.end - part.start
    before = [Marker(at=0.0, label=marker.label) for marker in markers if marker.at <= part.start]
    within = [Marker(at=round(m.at - part.start, 3), label=m.label) for m in markers if m.at > part.start]
    return (*before[-1:], *(marker for marker in within if marker.at < length))


def _spans(spans: Sequence[Span], part: Span) -> tuple[Span, ...]:
    found = (Span(start=_inside(span.start, part), end=_inside(span.end, part)) for span in spans)
    return tuple(span for span in found if span.end > span.start)


def _inside(at: float, part: Span) -> float:
    """The moment *at* on the timeline of *part*, or the nearest that is in it."""
    return max(0.0, min(at, part.end) - part.start)
