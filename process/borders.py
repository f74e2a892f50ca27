"""Borders between clips that a person set or took away, laid over those that were planned.

A border that is set lies in the pause before the word that it is meant for, and holds however long or short the clips
become: whoever sets it has seen them. In a picture it must lie on a keyframe; where there is none, that is told, so
that the pictures are encoded with one. Laid twice, borders are the same as laid once: a page lays them over a lecture
that may have been made with some of them already.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from capture.take import Marker
from process import clips as cutting
from process.captions.transcript import Transcript
from process.clips import LINGER, Clip
from process.edits import ClipBorder

NEAR = 1.0
"""Seconds within which a border is meant that lies elsewhere now, and the shortest clip that anybody may make."""

_ON = 0.06  # of a keyframe: two pictures of a slow film


class Borders:
    """What a person changed of the borders, for a lecture with its own words and beginning."""

    def __init__(
        self, changes: Sequence[ClipBorder] = (), *, begins: float = 0.0, said: Transcript | None = None
    ) -> None:
        """*changes* in moments of the whole lecture; this one *begins* so many seconds later, and *said* is of it."""
        self._changes, self._begins, self._said = changes, begins, said
        words = sorted(said.words, key=lambda word: word.start) if said else []
        self._starts = [word.start for word in words]
        self._ends = [word.end for word in words]
        self.lost: tuple[float, ...] = ()
        """Moments of the whole lecture where no border could be set or taken away the last time."""

    def laid(
        self,
        planned: Sequence[Clip],
        *,
        seconds: float,
        markers: Sequence[Marker] = (),
        keys: Sequence[float] | None = None,
    ) -> tuple[Clip, ...] | None:
        """*planned* of a lecture of so many *seconds*, with the borders as they were wished.

        ``None`` where *keys*, the keyframes there are in order, have none for a border that was set.
        """
        if not self._changes:
            return tuple(planned)
        starts, ours, lost = [clip.start for clip in planned], set[float](), list[float]()
        for change in self._changes:
            at = change.at - self._begins
            if change.begins:
                at = self._before_word(at)
            near = _nearest([start for start in starts if start > 0], at)
            if not change.begins:
                if near is None or abs(near - at) > NEAR:
                    lost.append(change.at)
                else:
                    starts.remove(near)
                    ours.discard(near)
                continue
            if near is not None and abs(near - at) < NEAR:
                continue  # one is there already
            if not NEAR <= at <= seconds - NEAR:
                lost.append(change.at)
                continue
            starts.append(at)
            ours.add(at)
        self.lost = tuple(lost)
        if keys is not None:
            found = {at: _nearest(keys, at) for at in ours}
            if any(key is None or abs(key - at) > _ON for at, key in found.items()):
                return None
            starts = [found.get(start) or start for start in starts]
        untitled = cutting.between([*sorted(starts), seconds])
        known = {(clip.start, clip.end): clip.title for clip in planned}
        titled = cutting.titled(untitled, transcript=self._said, markers=markers)
        return tuple(replace(clip, title=known.get((clip.start, clip.end), clip.title)) for clip in titled)

    def _before_word(self, at: float) -> float:
        """The middle of the pause before the word that begins *at*; *at* itself where no word does."""
        place = bisect_left(self._starts, at - 0.05)
        if place == len(self._starts) or abs(self._starts[place] - at) > NEAR:
            return at
        start = self._starts[place]
        end = max(self._ends[:place][-20:], default=0.0)  # the engine's ends may lie over the next word's start
        return max((min(end, start) + start) / 2, start - LINGER)


def _nearest(moments: Sequence[float], at: float) -> float | None:
    return min(moments, key=lambda moment: abs(moment - at), default=None)
