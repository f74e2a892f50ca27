"""The prompter's script, and where in it the speaker is, by what a speech engine has heard.

What is heard is misheard, repeated, skipped and added to. So the place is found by the last dozen words together: they
are laid along the script around the last place, and the best fit wins if it is good enough. Near places win over far
ones, a step back or far ahead needs more words than a step onward, and when nothing fits for a while it says so and
stays, since a script that jumps about is worse than one that waits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

_HEARD = 12
_BACK, _AHEAD = 25, 45
_FAR = 20
_LOST_AFTER = 10
_RUN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the speaker is."""

    at: int
    """Number of the script's word that comes next; as many as there are words at the end."""

    lost: bool
    """Whether what was heard lately fits nowhere near: the speaker talks freely, or has turned the page."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of *text* as they are written, in order."""
    return tuple(word for word in text.split() if _plain(word))


class Follower:
    """Follows a speaker through a script."""

    def __init__(self, script: Sequence[str]) -> None:
        """Of the words *script*, from the first."""
        self.place = Place(at=0, lost=False)
        """Where the speaker is now."""
        self._script = tuple(_plain(word) for word in script)
        self._heard: list[str] = []
        self._overheard: list[str] = []
        self._unfit = 0

    def hear(self, words: Iterable[str]) -> Place:
        """The place after *words* were heard, those that were not given before."""
        for word in words:
            if plain := _plain(word):
                self._heard = [*self._heard[-_HEARD + 1 :], plain]
                self._step()
        return self.place

    def overhear(self, words: Iterable[str]) -> Place:
        """The place after *words*, the last ones heard, many of which may have been given before.

        An engine that is given the last seconds again and again is surest in their midst: of the last two words each
        may be half a word.
        """
        heard = [plain for word in words if (plain := _plain(word))]
        if not heard or heard == self._overheard:
            return self.place
        fresh = len(heard) - len(_shared(self._overheard, heard))
        self._overheard = heard
        here = self.place.at
        for unsure in range(min(3, len(heard))):
            self._heard = heard[: len(heard) - unsure][-_HEARD:]
            if (found := self._fit(here)) is not None:
                self._unfit = 0
                self.place = Place(at=min(found + unsure, len(self._script)), lost=False)
                return self.place
        self._unfit += fresh
        self.place = Place(at=here, lost=self._unfit >= _LOST_AFTER)
        return self.place

    def go(self, at: int) -> Place:
        """Go on from the word *at*: somebody scrolled."""
        self._heard, self._unfit = [], 0
        self.place = Place(at=min(max(at, 0), len(self._script)), lost=False)
        return self.place

    def _step(self) -> None:
        here = self.place.at
        found = self._fit(here)
        if found is None:
            self._unfit += 1
            self.place = Place(at=here, lost=self._unfit >= _LOST_AFTER)
            return
        self._unfit = 0
        self.place = Place(at=found, lost=False)

    def _fit(self, here: int) -> int | None:
        """The place after the last word heard, if it fits somewhere; ``None`` if it does not.

        A local alignment: a match earns by its likeness, a word passed over on either side costs. It must end with the
        last word heard, since that is where the speaker is.
        """
        first, last = max(0, here - _BACK), min(len(self._script), here + _AHEAD)
        window, heard = self._script[first:last], self._heard
        # For each cell the best score of an alignment that ends there, and how many words matched in a run up
        # to it: each gap takes one away, so that words heard before a gap are no reason to leap over it.
        before = [(0.0, 0)] * (len(window) + 1)
        for word in heard:
            row = [(0.0, 0)]
            for at, written in enumerate(window, start=1):
                like = _likeness(word, written)
                score, count = before[at - 1]
                fit = (
                    (score + _weight(written) * like, min(_RUN, count + 1))
                    if like >= 0.6
                    else (score - 0.7, max(0, count - 1))
                )
                passed = (row[-1][0] - 0.45, max(0, row[-1][1] - 1))
                added = (before[at][0] - 0.45, max(0, before[at][1] - 1))
                best = max(fit, passed, added)
                row.append(best if best[0] > 0 else (0.0, 0))
            before = row
        chosen, most = None, 0.0
        for at in range(1, len(window) + 1):
            score, count = before[at]
            if _likeness(heard[-1], window[at - 1]) < 0.6:
                continue
            step = first + at - here
            far = step > _FAR or step < -3
            enough = 4 if far else 3 if step > 4 or step < 0 else 2 if step > 1 else 1
            value = score - 0.02 * abs(step - 1)
            if count >= enough and score >= 0.8 * enough * (0.6 if enough == 1 else 0.8) and value > most:
                chosen, most = first + at, value
        return chosen


def _shared(before: Sequence[str], now: Sequence[str]) -> Sequence[str]:
    """The longest run of words that both have."""
    run = SequenceMatcher(None, before, now, autojunk=False).find_longest_match()
    return now[run.b : run.b + run.size]


def _plain(word: str) -> str:
    """*word* without marks and accents, in small letters."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return re.sub(r"[\W_]+", "", "".join(letter for letter in apart if not unicodedata.combining(letter)))


def _weight(word: str) -> float:
    """How much a match of *word* says: little words are everywhere."""
    return 0.6 if len(word) <= 3 else 1.0


@lru_cache(maxsize=50_000)
def _likeness(one: str, other: str) -> float:
    """How alike two words are, 0 to 1."""
    if one == other:
        return 1.0
    if min(len(one), len(other)) < 4 or abs(len(one) - len(other)) > 4:
        return 0.0
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
