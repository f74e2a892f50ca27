"""Words that nobody said: what Whisper writes for applause, music and breath, and how it is told from speech."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from process.captions.transcript import Span, Word

ISLAND_SECONDS = 1.0
"""Speech shorter than this, with silence all round, is believed only if the engine is sure."""

UNLIKELY = -0.7
"""Mean log probability below which a phrase is a guess."""

PHRASES = frozenset(
    """you|thank you|thank you very much|thank you so much|thanks for watching|thank you for watching|bye|bye bye
    |thank you so much for watching|please subscribe|the end|so|okay|oh|hmm|mm|amen|subtitles by the amara org community
    |vielen dank|untertitel der amara org community|untertitel im auftrag des zdf für funk|merci|gracias
    |sous titres réalisés par la communauté d amara org""".replace("\n    ", "").split("|")
)
"""What Whisper likes to write where there is nothing; all of it can be said in earnest, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A word at its place in the sound, and how sure the engine was of the phrase it came in."""

    word: Word
    """The word."""

    likelihood: float
    """Mean log probability of the phrase."""

    no_speech: float
    """How likely the engine thought it that nobody spoke, 0 to 1."""


def without_junk(heard: Sequence[Heard], islands: Sequence[Span]) -> list[Word]:
    """The words of *heard* that were said; *islands* are stretches of speech with long silences between."""
    kept: list[Word] = []
    at = 0
    for number, island in enumerate(islands):
        # A word belongs to the island whose side of the silence it lies on.
        border = (island.end + islands[number + 1].start) / 2 if number + 1 < len(islands) else float("inf")
        here: list[Heard] = []
        while at < len(heard) and (heard[at].word.start + heard[at].word.end) / 2 < border:
            here.append(heard[at])
            at += 1
        here = _without_tags([one for one in here if _says_something(one.word.text)])
        if here and not _invented(here, island):
            kept += [one.word for one in here]
    return kept


def _says_something(text: str) -> bool:
    """Whether *text* holds a letter, a digit, or a sign that is read aloud, as in ``x + y = 5 %``."""
    return any(
        unicodedata.category(c)[0] in "LNM" or unicodedata.category(c) in ("Sm", "Sc") or c in "%&#@°" for c in text
    )


def _without_tags(heard: Sequence[Heard]) -> list[Heard]:
    """*heard* without ``[Music]``, ``*laughs*`` and ``♪ la la ♪``, and without ``(applause)`` standing alone."""
    texts = [one.word.text for one in heard]
    kept: list[Heard] = []
    at = 0
    while at < len(texts):
        length = _tag_length(texts[at:])
        if length and (texts[at][0] != "(" or length == len(texts)):
            at += length
        else:
            kept.append(heard[at])
            at += 1
    return kept


def _tag_length(texts: Sequence[str], *, longest: int = 8) -> int:
    """How many of the first *texts* make a sound tag; 0 where they do not."""
    closing = {"[": "]", "(": ")", "*": "*", "♪": "♪", "【": "】", "（": "）"}.get(texts[0][0])
    if closing is None:
        return 0
    for count, text in enumerate(texts[:longest], start=1):
        rest = text[1:] if count == 1 else text
        if rest.rstrip(".,!?:;").endswith(closing):
            return count
    return 0


def _invented(heard: Sequence[Heard], island: Span) -> bool:
    """Whether the words of an island look like an answer to a cough."""
    count = len(heard)
    likelihood = sum(one.likelihood for one in heard) / count
    no_speech = max(one.no_speech for one in heard)
    if island.end - island.start < ISLAND_SECONDS and not (likelihood > UNLIKELY and no_speech < 0.5):
        return True
    said = " ".join(re.sub(r"[^\w]+", " ", one.word.text).strip().casefold() for one in heard)
    confidence = sum(one.word.confidence for one in heard) / count
    return said in PHRASES and (likelihood < UNLIKELY or no_speech > 0.5 or confidence < 0.5)
