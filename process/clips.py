"""Clips: the parts of a lecture short enough to watch in one sitting, and where to cut them.

All places where the lecture may be cut are weighed together by dynamic programming: ends of sentences, the
longer the pause after them the better, and clips near the wished length. Cuts in the midst of a sentence
come in only where nothing else keeps a clip from growing too long. Where the speaker set a marker, a cut is worth
more than any pause, and the marker's label is the clip's title.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, inf, log
from typing import overload

import numpy as np
from numpy.typing import NDArray

from capture.take import Marker
from process.captions.transcript import Span, Transcript, Word, ends_clause, ends_sentence
from process.titles import titles_of

Lengths = NDArray[np.float64]
"""Seconds."""

LINGER = 0.5
"""Seconds after the last word, at most, at which a clip ends."""

PAUSE = 0.7
"""A longer pause, in seconds, may be cut even where no sentence ends: not everyone's sentences have full stops."""

ENDLESS = 5.0
"""No word is longer, in seconds, whatever the engine says."""

NEAR = 3.0
"""Seconds from a marker within which a clip that begins is meant by it."""

_ON = 0.1
"""Seconds from a marker within which a keyframe lies on it."""

_MARKED = 1.5
"""What a marker takes off the price of a cut beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A part of a lecture: clips tile it without gap or overlap."""

    number: int
    """From 1."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds; the next clip's start, or the lecture's length."""

    title: str
    """Never empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clips:
    """Settings of the clips."""

    longest_seconds: float = 360.0
    """No clip is longer; attention ends sooner than that (Guo, Kim and Rubin, 2014)."""

    target_seconds: float = 270.0
    """Length that clips come near to, where the lecture pauses there."""

    shortest_seconds: float = 60.0
    """Shorter clips are avoided, but made where there is no other way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A place where a lecture may be cut."""

    at: float
    """Seconds."""

    price: float
    """What it costs to cut here; pauses after sentences earn."""


@overload
def plan(
    seconds: float,
    *,
    transcript: Transcript | None,
    pauses: Sequence[Span] = (),
    markers: Sequence[Marker] = (),
    settings: Clips | None = None,
    allowed: None = None,
) -> tuple[Clip, ...]: ...


@overload
def plan(
    seconds: float,
    *,
    transcript: Transcript | None,
    pauses: Sequence[Span] = (),
    markers: Sequence[Marker] = (),
    settings: Clips | None = None,
    allowed: Sequence[float],
) -> tuple[Clip, ...] | None: ...


def plan(
    seconds: float,
    *,
    transcript: Transcript | None,
    pauses: Sequence[Span] = (),
    markers: Sequence[Marker] = (),
    settings: Clips | None = None,
    allowed: Sequence[float] | None = None,
) -> tuple[Clip, ...] | None:
    """Cut a lecture of *seconds* into clips that tile it, none longer than the settings allow.

    Cuts lie where a sentence ends or the speaker pauses: in the middle of the pause, at most `LINGER` after the
    last word. Where that would leave a clip too long they lie between words, and without words anywhere.

    Args:
        transcript: What is said; ``None`` where nobody has listened.
        pauses: Silent stretches measured from the sound, for where there are no words.
        markers: Moments at which somebody wished something to begin, in order.
        allowed: The only times at which a cut may lie, where the pictures are copied and have their keyframes
            already. ``None`` is returned if no choice of them keeps every clip short enough, out of the
            words, and at the end of a sentence or in a pause; plan again without *allowed* then, and encode.
    """
    settings = settings or Clips()
    words = tuple(transcript.words) if transcript else ()
    if seconds <= settings.longest_seconds:
        borders = [0.0, seconds]
    else:
        quiet = _Quiet(words, pauses, markers, seconds=seconds)
        found = None
        for cuts in quiet.fixed(allowed) if allowed is not None else quiet.ever_more(settings.longest_seconds):
            found = _cheapest(_marked(cuts, markers), seconds, settings)
            if found is not None:
                break
        if found is None:
            return None
        borders = found
    return titled(between(borders), transcript=transcript, markers=markers)


def between(borders: Sequence[float]) -> list[Clip]:
    """The clips between each two of *borders*, in order, without titles yet."""
    return [
        Clip(number=number, start=start, end=end, title="")
        for number, (start, end) in enumerate(pairwise(borders), start=1)
    ]


def titled(clips: Sequence[Clip], *, transcript: Transcript | None, markers: Sequence[Marker] = ()) -> tuple[Clip, ...]:
    """*clips*, each called as the marker where it begins, or after what is said in it."""
    words = transcript.words if transcript else ()
    spoken = [[w for w in words if clip.start <= (w.start + w.end) / 2 < clip.end] for clip in clips]
    spoken[-1] += [w for w in words if (w.start + w.end) / 2 >= clips[-1].end]
    titles = titles_of(
        [[word.text for word in part] for part in spoken], language=transcript.language if transcript else ""
    )
    labelled = [marker for marker in markers if marker.label]
    for number, clip in enumerate(clips):
        near = min(labelled, key=lambda marker: abs(marker.at - clip.start), default=None)
        if near is not None and abs(near.at - clip.start) <= NEAR:
            titles[number] = near.label
    return tuple(replace(clip, title=title) for clip, title in zip(clips, titles, strict=True))


class _Quiet:
    """The gaps between the words of a lecture, and its silences."""

    def __init__(
        self, words: Sequence[Word], pauses: Sequence[Span], markers: Sequence[Marker] = (), *, seconds: float
    ) -> None:
        self.seconds = seconds
        self.markers = markers
        self.pauses = sorted(
            (pause for pause in pauses if 0 < (pause.start + pause.end) / 2 < seconds), key=lambda p: p.start
        )
        self.punctuated = sum(ends_sentence(word.text) for word in words) * 60 >= len(words)
        self.words = words
        # Gaps: from the end of all words up to here, to the start of the next.
        self.gaps: list[tuple[float, float, str]] = []
        reached, text = 0.0, ""
        for word in sorted(words, key=lambda w: w.start):
            if word.start >= reached:
                self.gaps.append((reached, min(word.start, seconds), text))
            end = min(word.end, word.start + ENDLESS)
            if end >= reached:
                reached, text = end, word.text
        if reached < seconds:
            self.gaps.append((reached, seconds, text))
        self._starts = [gap[0] for gap in self.gaps]

    def ever_more(self, longest: float) -> Iterable[list[Cut]]:
        """Yield ever larger sets of cuts, the last large enough for any lecture."""
        good = self._good()
        yield good
        between = [Cut(at=self._middle(a, b), price=2.0 - 0.5 * ends_clause(text)) for a, b, text in self.gaps]
        yield _sorted([*good, *between], self.seconds)
        # Long stretches without words or silence: music, a film. Every so often will do, in a word if it must be.
        step = longest / 8
        even = []
        for at in (step * number for number in range(1, ceil(self.seconds / step))):
            place = bisect_right(self._starts, at) - 1
            spoken = place < 0 or at > self.gaps[place][1]
            even.append(Cut(at=at, price=50.0 if self.words and spoken else 4.0))
        yield _sorted([*good, *between, *even], self.seconds)

    def fixed(self, allowed: Sequence[float]) -> Iterable[list[Cut]]:
        """Yield those of the *allowed* times that lie in a pause; all, where nothing tells pauses from speech."""
        cuts = []
        for at in allowed:
            price = self._price_at(at)
            if price is None and any(
                abs(at - marker.at) < _ON and self._unspoken(marker.at) for marker in self.markers
            ):
                price = 0.0
            if price is not None:
                cuts.append(Cut(at=at, price=price))
        yield _sorted(cuts, self.seconds)

    def _price_at(self, at: float) -> float | None:
        if not self.words:
            if not self.pauses:
                return 0.0
            lengths = [p.end - p.start for p in self.pauses if p.start <= at <= p.end]
            return -_worth(max(lengths)) if lengths else None
        place = bisect_right(self._starts, at) - 1
        if place < 0 or at > self.gaps[place][1]:
            return None
        return self._gap_price(*self.gaps[place])

    def _good(self) -> list[Cut]:
        cuts = []
        for start, end, text in self.gaps if self.words else ():
            price = self._gap_price(start, end, text)
            if price is not None:
                cuts.append(Cut(at=self._middle(start, end), price=price))
        for pause in self.pauses:
            at = (pause.start + pause.end) / 2
            if not self.words:
                cuts.append(Cut(at=at, price=-_worth(pause.end - pause.start)))
                continue
            place = bisect_right(self._starts, at) - 1
            if place >= 0 and self.gaps[place][0] <= at <= self.gaps[place][1]:
                price = self._gap_price(*self.gaps[place])
                # A silence far from any word, in a film that is shown, say.
                far = at - self.gaps[place][0] > 2 * LINGER
                cuts.append(Cut(at=at, price=0.6 if price is None else price + (0.1 if far else 0.3)))
        cuts += [Cut(at=marker.at, price=0.0) for marker in self.markers if self._unspoken(marker.at)]
        return _sorted(cuts, self.seconds)

    def _unspoken(self, at: float) -> bool:
        """Whether no word is cut there, as far as anybody listened."""
        place = bisect_right(self._starts, at) - 1
        return not self.words or (place >= 0 and self.gaps[place][0] <= at <= self.gaps[place][1])

    def _gap_price(self, start: float, end: float, text: str) -> float | None:
        """The price of a cut between two words; ``None`` where the speaker is in the midst of something."""
        if not text or ends_sentence(text):
            return -_worth(end - start)
        if end - start >= PAUSE:
            return (0.6 if self.punctuated else 0.1) - _worth(end - start)
        return None

    def _middle(self, start: float, end: float) -> float:
        return min((start + end) / 2, start + LINGER) if start > 0 else (start + end) / 2


def _worth(pause: float) -> float:
    """What a pause of so many seconds speaks for a cut, 0 to 0.35."""
    return 0.35 * min(1.0, max(0.0, log(max(pause, 0.01) / 0.35) / log(6)))


def _marked(cuts: Sequence[Cut], markers: Sequence[Marker]) -> list[Cut]:
    """*cuts*, those near a marker cheaper, the nearer the more."""
    found = []
    for cut in cuts:
        away = min((abs(cut.at - marker.at) for marker in markers), default=NEAR)
        found.append(Cut(at=cut.at, price=cut.price - _MARKED * (1 - away / NEAR)) if away < NEAR else cut)
    return found


def _sorted(cuts: Iterable[Cut], seconds: float) -> list[Cut]:
    """*cuts* in order, the cheapest at each time, none at the very ends."""
    best: dict[float, Cut] = {}
    for cut in cuts:
        if 0.001 <= cut.at <= seconds - 0.001 and (cut.at not in best or cut.price < best[cut.at].price):
            best[cut.at] = cut
    return [best[at] for at in sorted(best)]


def _cheapest(cuts: Sequence[Cut], seconds: float, settings: Clips) -> list[float] | None:
    """The borders of the cheapest clips; ``None`` where none are short enough."""
    times = np.array([0.0, *(cut.at for cut in cuts), seconds])
    prices = [0.0, *(cut.price for cut in cuts), 0.0]
    cost, came = np.full(len(times), inf), [0] * len(times)
    cost[0] = 0.0
    first = np.searchsorted(times, times - settings.longest_seconds)
    for here in range(1, len(times)):
        lengths = times[here] - times[first[here] : here]
        if not len(lengths):
            continue
        totals = cost[first[here] : here] + _strain(lengths, settings)
        totals[lengths > settings.longest_seconds] = inf
        best = int(np.argmin(totals))
        cost[here], came[here] = totals[best] + prices[here], int(first[here]) + best
    if cost[-1] == inf:
        return None
    borders = [len(times) - 1]
    while borders[-1]:
        borders.append(came[borders[-1]])
    return [float(times[border]) for border in reversed(borders)]


def _strain(lengths: Lengths, settings: Clips) -> Lengths:
    """How ill clips of these *lengths* fit the wishes."""
    short = np.minimum(0.0, np.log(lengths / settings.shortest_seconds))
    strain: Lengths = np.log(lengths / settings.target_seconds) ** 2 + (short < 0) + 4 * short**2
    return strain
