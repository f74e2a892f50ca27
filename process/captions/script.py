"""The text that somebody read from, as the captions' true text, where it is what they said.

Words that were heard keep their times. Where the script says the same, its spelling holds; where a few words in between
were heard otherwise, the script's stand there, for they were misheard more often than misread; where somebody spoke
freely, what was heard stays; and what is written and was never said is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final

from process.captions.transcript import SPACELESS, Transcript, Word, joined, spread

FOLLOWED: Final = 0.5
"""Of the words that were heard, so many must be the script's; of another text nothing is taken."""

LONGEST: Final = 200_000
"""Letters of a script: three hours of reading."""

_MISHEARD: Final = 6  # words between two that agree: more is somebody speaking freely
_SECONDS: Final = 8.0


def agreed(transcript: Transcript, script: str) -> tuple[Transcript, float]:
    """*transcript* in the words of *script*, and how many of the words that were heard are its own, 0 to 1."""
    spaceless = transcript.language in SPACELESS
    written = [part for part in (list("".join(script.split())) if spaceless else script.split()) if _plain(part)]
    heard = [word for word in transcript.words if _plain(word.text)]
    if not written or not heard:
        return transcript, 0.0
    same = SequenceMatcher(None, [_plain(w.text) for w in heard], [_plain(w) for w in written], autojunk=False)
    matches = same.get_opcodes()
    share = sum(last - first for tag, first, last, _, _ in matches if tag == "equal") / len(heard)
    if share < FOLLOWED:
        return transcript, share
    words = [word for at in range(len(matches)) for word in _taken(matches, at, heard, written, transcript.language)]
    return replace(transcript, words=tuple(words)), share


Match = tuple[str, int, int, int, int]


def _taken(matches: Sequence[Match], at: int, heard: list[Word], written: list[str], language: str) -> Iterator[Word]:
    """Yield the words of one stretch."""
    tag, first, last, start, end = matches[at]
    stretch = heard[first:last]
    if tag == "equal":
        for word, text in zip(stretch, written[start:end], strict=True):
            yield replace(word, text=text)
    elif tag == "replace" and _is_misheard(matches, at, stretch, end - start):
        text = joined(written[start:end], language)
        yield from spread(text, start=stretch[0].start, end=stretch[-1].end, language=language)
    else:
        yield from stretch


def _is_misheard(matches: Sequence[Match], at: int, stretch: list[Word], count: int) -> bool:
    """Whether a *stretch* that the script has in *count* other words was heard wrong, and not spoken freely."""
    between = 0 < at < len(matches) - 1
    alike = max(len(stretch), count) <= _MISHEARD and max(len(stretch), count) <= 3 * min(len(stretch), count)
    return between and alike and stretch[-1].end - stretch[0].start <= _SECONDS


def _plain(word: str) -> str:
    """*word* without marks and accents, in small letters."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return re.sub(r"[\W_]+", "", "".join(letter for letter in apart if not unicodedata.combining(letter)))
