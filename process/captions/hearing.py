"""From a sound to a transcript, the same way for every Whisper: an engine only turns samples into phrases.

Whisper by itself loses whole passages and invents words where nobody speaks. So speech is found first
and only speech is decoded; speech that came back without words is decoded once more by itself; and
what looks invented is left out (`process.captions.junk`).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from process.captions.cues import one_line
from process.captions.engine import Report, check
from process.captions.junk import Heard, without_junk
from process.captions.speech import PIECE_SECONDS, RATE, Piece, Samples, Sound, detect, islands, pieces
from process.captions.transcript import REACH, SPACELESS, Span, Word
from process.errors import ProcessError

HOLE = 0.8
"""Shortest stretch of speech without words that is listened to again, seconds."""

TERMS = 25
"""Most names and terms given to an engine: more push out the words before, which carry the sense."""

TERMS_LENGTH = 350
"""Most characters of them, for the same reason."""

STRETCHED = 0.9
"""Longer words, in seconds, are taken back to the speech that they lie in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Some words that an engine decoded together, with their times in the samples it was given."""

    words: tuple[Word, ...]
    """As the engine writes them, with the space before where there is one."""

    end: float
    """Seconds; how far the engine has come."""

    likelihood: float
    """Mean log probability of its tokens."""

    no_speech: float
    """How likely the engine thinks it that nobody speaks, 0 to 1."""


class Recogniser(Protocol):
    """What an engine adds to the hearing."""

    def languages(self, samples: Samples) -> Mapping[str, float]:
        """How likely each language is, by the first 30 s of *samples*."""
        ...

    def phrases(
        self, samples: Samples, *, language: str, terms: Sequence[str], stop: threading.Event
    ) -> Iterator[Phrase]:
        """Yield what is said in *samples*."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What was heard."""

    language: str
    """ISO 639-1 code; empty without words."""

    words: tuple[Word, ...]
    """In order."""

    speech: tuple[Span, ...]
    """Where somebody speaks."""


def hear(
    sound: Sound,
    recogniser: Recogniser,
    *,
    report: Report,
    stop: threading.Event,
    language: str,
    terms: Sequence[str],
    piece_seconds: float = PIECE_SECONDS,
) -> Hearing:
    """Hear *sound* with *recogniser*; without speech nothing is decoded.

    Raises:
        Stopped: *stop* was set.
    """
    speech = detect(sound, stop=stop, report=lambda done: report(0.04 * done))
    if not speech:
        report(1.0)
        return Hearing(language="", words=(), speech=())
    todo = pieces(speech, seconds=sound.seconds, longest=piece_seconds)
    language = language or _language(sound, todo, recogniser)
    total, passed, done, heard = sum(piece.seconds for piece in todo), 0.0, 0.0, list[Heard]()
    for piece in todo:
        check(stop)
        for phrase in recogniser.phrases(piece.samples(sound), language=language, terms=terms, stop=stop):
            check(stop)
            heard += _placed(phrase, piece, language=language)
            done = max(done, min(1.0, (passed + min(phrase.end, piece.seconds)) / total))
            report(0.04 + 0.9 * done)
        passed += piece.seconds
    heard += _missed(sound, recogniser, speech, heard, language=language, terms=terms, stop=stop, report=report)
    kept = without_junk(sorted(heard, key=_start), islands(speech))
    words = in_order(_clipped(word, speech) for word in kept)
    report(1.0)
    return Hearing(language=language if words else "", words=words, speech=speech)


def known_language(language: str, known: Collection[str], *, model: str) -> str:
    """*language* as Whisper calls it, of those that are *known* to the weights *model*; empty stays empty.

    Raises:
        ProcessError: the weights do not know it. Whisper would go on in English and translate.
    """
    code = re.split(r"[-_]", language.strip().casefold())[0]
    if code and code not in known:
        few = f"it knows {', '.join(sorted(known))}" if len(known) < 10 else f"it knows {len(known)} others"
        raise ProcessError(
            f"the speech model {model!r} does not know the language {language!r}; {few}",
            hint="set captions.language to an ISO 639-1 code such as en, or leave it empty to have it detected",
        )
    return code


def hint_of(terms: Sequence[str]) -> str:
    """The names and terms to expect, as one line that leaves the engine room for the words before."""
    clean = [term for term in map(one_line, terms[:TERMS]) if term]
    while len(", ".join(clean)) > TERMS_LENGTH:
        clean.pop()
    return ", ".join(clean)


def _start(heard: Heard) -> float:
    return heard.word.start


def _language(sound: Sound, todo: Sequence[Piece], recogniser: Recogniser) -> str:
    """The likeliest language: one window of 30 s for every two minutes of speech, five at most, spread over it."""
    total = sum(piece.seconds for piece in todo)
    count = min(5, 1 + int(total // 120))
    votes: Counter[str] = Counter()
    for number in range(count):
        at = number * total / count
        for piece in todo:
            if at < piece.seconds:
                first = int(at * RATE)
                window = piece.samples(sound)[first : first + 30 * RATE]
                votes.update(dict(recogniser.languages(window)))
                break
            at -= piece.seconds
    return max(votes, key=lambda code: (votes[code], code))


def _placed(phrase: Phrase, piece: Piece, *, language: str) -> list[Heard]:
    """The words of *phrase* at their places in the sound, each whole: ``well`` ``-known`` becomes one word."""
    whole: list[Word] = []
    for word in phrase.words:
        if whole and language not in SPACELESS and not word.text[:1].isspace():
            last = whole[-1]
            whole[-1] = replace(
                last,
                end=max(last.end, word.end),
                text=last.text + word.text,
                confidence=min(last.confidence, word.confidence),
            )
        else:
            whole.append(word)
    found = []
    for word in whole:
        text = " ".join(word.text.split())
        if text:
            place = piece.place(word.start, word.end)
            placed = Word(
                start=round(place.start, 3),
                end=round(place.end, 3),
                text=text,
                confidence=round(min(1.0, max(0.0, word.confidence)), 4),
            )
            found.append(Heard(word=placed, likelihood=phrase.likelihood, no_speech=phrase.no_speech))
    return found


def holes(speech: Sequence[Span], words: Iterable[Word]) -> tuple[Span, ...]:
    """The stretches of *speech*, at least `HOLE` long, that lie further than `REACH` from every word."""
    reached = sorted((word.start - REACH, word.end + REACH) for word in words)
    found, at = [], 0
    for span in speech:
        position = span.start
        while at < len(reached) and reached[at][1] <= span.start:
            at += 1
        ahead = at
        while ahead < len(reached) and reached[ahead][0] < span.end:
            low, high = reached[ahead]
            if low - position >= HOLE:
                found.append(Span(start=position, end=low))
            position = max(position, high)
            ahead += 1
        if span.end - position >= HOLE:
            found.append(Span(start=position, end=span.end))
    return tuple(found)


def _missed(
    sound: Sound,
    recogniser: Recogniser,
    speech: Sequence[Span],
    heard: Sequence[Heard],
    *,
    language: str,
    terms: Sequence[str],
    stop: threading.Event,
    report: Report,
) -> list[Heard]:
    """What is said in the holes: each is decoded by itself, those close together as one."""
    lost = holes(speech, (one.word for one in heard))
    groups: list[list[Span]] = []
    for hole in lost:
        if groups and hole.start - groups[-1][-1].end < 1.5 and hole.end - groups[-1][0].start < 28:
            groups[-1].append(hole)
        else:
            groups.append([hole])
    found: list[Heard] = []
    for number, group in enumerate(groups):
        check(stop)
        piece = Piece(
            parts=(Span(start=max(0.0, group[0].start - 0.25), end=min(sound.seconds, group[-1].end + 0.25)),)
        )
        for phrase in recogniser.phrases(piece.samples(sound), language=language, terms=terms, stop=stop):
            check(stop)
            for one in _placed(phrase, piece, language=language):
                middle = (one.word.start + one.word.end) / 2
                if any(hole.start <= middle <= hole.end for hole in group):
                    found.append(one)
        report(0.94 + 0.05 * (number + 1) / len(groups))
    return found


def _clipped(word: Word, speech: Sequence[Span]) -> Word:
    """*word*, taken back to the speech it lies in where it was stretched over a silence."""
    if word.end - word.start <= STRETCHED:
        return word
    best = max(speech, key=lambda span: min(span.end, word.end) - max(span.start, word.start))
    low, high = max(best.start, word.start), min(best.end, word.end)
    return replace(word, start=low, end=high) if high > low else word


def in_order(words: Iterable[Word]) -> tuple[Word, ...]:
    """*words* by their starts, none reaching into the next."""
    ordered = sorted(words, key=lambda word: (word.start, word.end))
    ended = [
        replace(word, end=max(word.start, min(word.end, following.start))) for word, following in pairwise(ordered)
    ]
    return (*ended, *ordered[-1:])
