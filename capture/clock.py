"""One steady clock for all tracks of a take, and where a moment of it lies in the take.

Sources stamp what they bring in with the moment it was *seen*, on this clock. A take has a time line of its own: it
begins at *roll* and stands still in pauses. Tracks ask the time line where a moment lies, each by itself, so that no
pause has to reach all of them at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

SECOND = 1_000_000_000
"""Nanoseconds."""


def now_ns() -> int:
    """Nanoseconds on the steady clock, which no setting of the wall clock moves.

    The performance counter, since Python's `monotonic` ticks only 64 times a second on some Windows; on Linux and
    macOS they are the same clock.
    """
    return time.perf_counter_ns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of the steady clock that is no part of the take: a pause."""

    began_ns: int
    """When it began, on the steady clock."""

    ended_ns: int | None = None
    """When it ended; ``None`` while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Where moments of the steady clock lie in a take.

    >>> line = Timeline(rolled_ns=1000).paused(1500).resumed(1800)
    >>> [line.at(moment) for moment in (900, 1000, 1499, 1600, 1800, 2000)]
    [None, 0, 499, None, 500, 700]
    """

    rolled_ns: int
    """When the take began, on the steady clock."""

    gaps: tuple[Gap, ...] = ()
    """The pauses so far, in order."""

    stopped_ns: int | None = None
    """When it ended; ``None`` while it rolls."""

    def at(self, seen_ns: int) -> int | None:
        """Nanoseconds from the start of the take to the moment *seen_ns*; ``None`` if it is no part of the take."""
        if seen_ns < self.rolled_ns or (self.stopped_ns is not None and seen_ns >= self.stopped_ns):
            return None
        passed = seen_ns - self.rolled_ns
        for gap in self.gaps:
            if seen_ns < gap.began_ns:
                break
            if gap.ended_ns is None or seen_ns < gap.ended_ns:
                return None
            passed -= gap.ended_ns - gap.began_ns
        return passed

    def length(self, now: int) -> int:
        """Nanoseconds of the take up to the moment *now*, pauses left out."""
        end = now if self.stopped_ns is None else min(now, self.stopped_ns)
        out = sum(min(gap.ended_ns or end, end) - gap.began_ns for gap in self.gaps if gap.began_ns < end)
        return max(0, end - self.rolled_ns - out)

    @property
    def standing(self) -> bool:
        """Whether it is in a pause."""
        return bool(self.gaps) and self.gaps[-1].ended_ns is None

    def paused(self, now: int) -> Timeline:
        """The same, standing still from *now* on; unchanged if it stands already."""
        return self if self.standing else replace(self, gaps=(*self.gaps, Gap(began_ns=now)))

    def resumed(self, now: int) -> Timeline:
        """The same, running again from *now* on; unchanged if it runs."""
        if not self.standing:
            return self
        return replace(self, gaps=(*self.gaps[:-1], replace(self.gaps[-1], ended_ns=now)))

    def stopped(self, now: int) -> Timeline:
        """The same, ended at *now*, or at the pause it stands in."""
        return replace(self, stopped_ns=self.gaps[-1].began_ns if self.standing else now)
