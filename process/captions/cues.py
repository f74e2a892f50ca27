"""Cues as files: WebVTT, SubRip and plain text out, WebVTT in.

The text of a cue may hold anything that somebody said or typed. It can close no cue, open no tag and forge
no time: ``&``, ``<`` and ``>`` are escaped, so no ``-->`` can stand in it, and line ends become spaces.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from process.captions.transcript import Transcript, ends_sentence, joined

PARAGRAPH = 2.0
"""Seconds of silence that begin a new paragraph in the plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A line of speech and when it is shown."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds; after *start*."""

    lines: tuple[str, ...]
    """What is shown, top to bottom."""

    @property
    def text(self) -> str:
        """The lines as one, for whoever does not show them."""
        return " ".join(self.lines)


def to_webvtt(cues: Iterable[Cue]) -> str:
    """*cues* as a WebVTT file; a cue with nothing to show is left out."""
    blocks = ["WEBVTT\n"]
    for number, cue, lines in _shown(cues):
        payload = "\n".join(html.escape(line, quote=False) for line in lines)
        blocks.append(f"{number}\n{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{payload}\n")
    return "\n".join(blocks)


def to_srt(cues: Iterable[Cue]) -> str:
    """*cues* as a SubRip file. It knows no escapes, so what could be taken for a time or a tag is spelled otherwise."""
    blocks = []
    for number, cue, lines in _shown(cues):
        payload = "\n".join(line.replace("-->", "→").replace("<", "‹").replace(">", "›") for line in lines)
        blocks.append(f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{payload}\n")
    return "\n".join(blocks)


def to_text(transcript: Transcript) -> str:
    """What was said, to be read: a paragraph wherever the speaker paused for `PARAGRAPH` seconds after a sentence."""
    paragraphs: list[list[str]] = [[]]
    ended: float | None = None
    for word in transcript.words:
        sentence_over = not paragraphs[-1] or ends_sentence(paragraphs[-1][-1])
        if ended is not None and word.start - ended >= PARAGRAPH and sentence_over:
            paragraphs.append([])
        paragraphs[-1].append(word.text)
        ended = word.end
    return "\n\n".join(joined(words, transcript.language) for words in paragraphs if words) + "\n"


def from_webvtt(text: str) -> tuple[Cue, ...]:
    """The cues of a WebVTT file, without their markup, settings and names.

    Raises:
        ValueError: it is no WebVTT; the message names the line.
    """
    rows = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff").replace("\0", "\ufffd"))
    if not re.match(r"WEBVTT($|[ \t])", rows[0]):
        raise ValueError('line 1: it does not begin with "WEBVTT"')
    cues: list[Cue] = []
    at = 1
    while at < len(rows):
        if "-->" not in rows[at]:  # a blank line, a note, a style, a cue's own name
            skipped = re.match(r"(NOTE|STYLE|REGION)($|[ \t])", rows[at]) and not rows[at - 1].strip()
            at += 1
            while skipped and at < len(rows) and rows[at].strip():
                at += 1
            continue
        start, end = _times(rows[at], number=at + 1)
        if cues and start < cues[-1].start:
            raise ValueError(f"line {at + 1}: the cue starts before the one above it")
        at += 1
        lines = []
        while at < len(rows) and rows[at].strip() and "-->" not in rows[at]:
            lines.append(_plain(rows[at]))
            at += 1
        cues.append(Cue(start=start, end=end, lines=tuple(line for line in lines if line)))
    return tuple(cues)


def cues_between(cues: Iterable[Cue], start: float, end: float, shift: float | None = None) -> tuple[Cue, ...]:
    """The cues shown from *start* to *end*, moved by *shift* seconds; by default so that *start* is 0.

    A cue that reaches over a border is cut there. What would only flash up, less than a fifth of a second and
    less than half of the cue, is left to the neighbour.
    """
    shift = -start if shift is None else shift
    found = []
    for cue in cues:
        low, high = max(cue.start, start), min(cue.end, end)
        if high - low >= min(0.2, (cue.end - cue.start) / 2) and high > low:
            found.append(replace(cue, start=round(max(0.0, low + shift), 3), end=round(max(0.0, high + shift), 3)))
    return tuple(cue for cue in found if cue.end > cue.start)


def one_line(text: str) -> str:
    """*text* without line ends, control characters and white space at its ends."""
    return " ".join("".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text).split())


def _shown(cues: Iterable[Cue]) -> list[tuple[int, Cue, list[str]]]:
    """The cues with something to show, numbered from 1, each with its clean lines."""
    whole = [(cue, [line for line in map(one_line, cue.lines) if line]) for cue in cues]
    return [(number, cue, lines) for number, (cue, lines) in enumerate(((c, t) for c, t in whole if t), start=1)]


def _clock(seconds: float, point: str) -> str:
    millis = round(seconds * 1000)
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{millis // 1000:02d}{point}{millis % 1000:03d}"


_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES = re.compile(rf"[ \t]*{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?", re.ASCII)


def _times(row: str, *, number: int) -> tuple[float, float]:
    matched = _TIMES.fullmatch(row)
    if matched is None:
        raise ValueError(f"line {number}: {row.strip()!r} is no pair of times like 00:01.000 --> 00:02.500")
    parts = [int(part or 0) for part in matched.groups()]
    start, end = (_seconds(parts[:4]), _seconds(parts[4:]))
    if end <= start:
        raise ValueError(f"line {number}: the cue ends before it starts")
    return start, end


def _seconds(parts: Sequence[int]) -> float:
    hours, minutes, seconds, millis = parts
    return (hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + millis) / 1000


def _plain(line: str) -> str:
    return one_line(html.unescape(re.sub(r"<[^>]*>?", "", line)))
