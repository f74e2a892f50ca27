"""What was said: words with their times, and the transcript that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SPACELESS = frozenset({"ja", "km", "lo", "my", "th", "yue", "zh"})
"""Languages written without spaces between words."""

REACH = 0.35
"""Seconds around a word that count as heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One spoken word."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds; never before *start*."""

    text: str
    """As written, punctuation attached, no white space around it."""

    confidence: float
    """0 to 1, as the engine gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """All that was said in a lecture, and how it was heard."""

    language: str
    """ISO 639-1 code, ``"en"``; empty where there is no speech."""

    words: tuple[Word, ...]
    """In the order of their starts."""

    speech: tuple[Span, ...]
    """Where speech was detected, heard as words or not."""

    engine: str
    """Name of the engine: ``"faster-whisper"``."""

    model: str
    """Name of the weights: ``"base"``."""

    weights: str
    """SHA-256 of the weights; empty where the engine has none."""

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the words, 0 to 1; ``None`` where there are none."""
        return sum(word.confidence for word in self.words) / len(self.words) if self.words else None

    @property
    def covered(self) -> float | None:
        """Share of the detected speech that lies within `REACH` of a word; ``None`` where there is no speech."""
        total = sum(span.end - span.start for span in self.speech)
        if total <= 0:
            return None
        reached, position, at = 0.0, float("-inf"), 0
        for span in self.speech:
            position = max(position, span.start)
            while at < len(self.words):
                word = self.words[at]
                low, high = max(position, word.start - REACH), min(span.end, word.end + REACH)
                if high > low:
                    reached += high - low
                    position = high
                if word.end + REACH > span.end:
                    break  # it may reach into the next span, too
                at += 1
        return min(1.0, reached / total)


def joined(texts: Iterable[str], language: str) -> str:
    """The words *texts* as *language* writes them one after the other."""
    return ("" if language in SPACELESS else " ").join(texts)


def spread(text: str, *, start: float, end: float, language: str) -> list[Word]:
    """The words of *text*, each as long as its share of the letters; certain, for somebody wrote them down."""
    texts = list(text.replace(" ", "")) if language in SPACELESS else text.split()
    letters = sum(map(len, texts))
    words, passed = [], 0
    for part in texts:
        begin = start + (end - start) * passed / letters
        passed += len(part)
        until = start + (end - start) * passed / letters
        words.append(Word(start=round(begin, 3), end=round(until, 3), text=part, confidence=1.0))
    return words


def ends_sentence(text: str) -> bool:
    """Whether a sentence ends with the word *text*.

    >>> ends_sentence("over.”"), ends_sentence("Dr."), ends_sentence("but,")
    (True, False, False)
    """
    return text.rstrip(_QUOTES).endswith(_SENTENCE) and text.casefold() not in _ABBREVIATIONS


def ends_clause(text: str) -> bool:
    """Whether a part of a sentence ends with the word *text*."""
    return text.rstrip(_QUOTES).endswith(_CLAUSE)


_SENTENCE = tuple(".!?。！？…")
_CLAUSE = tuple(",;:，、；：—–")
_QUOTES = "\"'”’»)]}」』）"
_ABBREVIATIONS = frozenset(
    ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "e.g.", "i.e.", "vs.", "cf.", "fig.", "z.b.", "d.h.", "bzw.", "mme.")
)
