"""A sound card's clock, measured against the steady clock.

A block of samples cannot come before its last sample was heard, and now and then it comes at once. So the earliest
arrivals are the truth, and all others are late by what the system was doing: of moments that samples came, the lower
edge is followed, with an offset from the last seconds and a slope from the last minute. (Measured on a virtual sound
card, the moments that PortAudio gives were off by 2.2 ms, the median of arrivals by 0.7 ms, this by 0.2 ms.)
"""

from __future__ import annotations

import itertools
from collections import deque

from capture.clock import SECOND

_BUCKET_NS = 0.5 * SECOND  # Of each such stretch, only the earliest arrival is remembered.
_BUCKETS = 120  # A minute: long enough for a slope to 5 ppm, short enough for a card that warms up.
_RECENT = 8  # Buckets that the offset is taken from.
_SETTLED_NS = 0.25 * SECOND
_STALL_NS = 60e6  # Later than this is no usual lateness: either all will come at once, or something was lost.
_CAUGHT_UP_NS = 20e6
_PATIENCE_NS = 0.4 * SECOND  # How long to wait for the one before the other is believed.
_STEP_NS = 4e6  # All blocks of the last second were later than this: a piece was lost without a stall.
_STEP_WINDOW_NS = 1.0 * SECOND
_EARLY_NS = 5e6
_USUAL_DRIFT = 300e-6  # A slope is believed as far as it is known better than what clocks usually are off.


class Follower:
    """When each sample of a source was heard.

    >>> card = Follower(rate=48000)
    >>> for count in range(480, 48480, 480):
    ...     card.feed(count, 7_000_000_000 + count * 1_000_000_000 // 48000)
    >>> card.at(24000)
    7500000000
    """

    def __init__(self, *, rate: int) -> None:
        self.waiting = True
        """Whether it is worth waiting a moment before `at` is asked: it has just begun, or the source has stalled."""
        self.steps = 0
        """How often samples were lost, so that all later ones moved."""
        self._nominal_ns = SECOND / rate
        self._base: int | None = None
        self._slope = 0.0
        self._offset = 0.0
        self._noise_ns = 10e6
        self._slope_unsure = _USUAL_DRIFT
        self._buckets: deque[tuple[float, float]] = deque(maxlen=_BUCKETS)  # Moments by the count, and how late.
        self._bucket: tuple[float, float] | None = None
        self._bucket_began = 0.0
        self._lates: deque[tuple[float, float]] = deque()  # Of the last second: when, and how late against the line.
        self._late_since: float | None = None

    def feed(self, count: int, arrived_ns: int) -> None:
        """Take note that *count* samples, from the first one on, had come by *arrived_ns*."""
        if self._base is None:
            self._base = arrived_ns - round(count * self._nominal_ns)
        now = float(arrived_ns - self._base)
        by_count = count * self._nominal_ns
        late = now - by_count - self._line(by_count)
        if late < -_EARLY_NS and len(self._buckets) > 4:
            self._move(late)
            late = 0.0
        self._lates.append((now, late))
        while self._lates[0][0] < now - _STEP_WINDOW_NS:
            self._lates.popleft()
        late -= self._stepped(now, late)
        self._offset += min(0.0, late)
        behind = self._line(by_count) + max(0.0, late)
        if self._bucket is None:
            self._bucket, self._bucket_began = (by_count, behind), now
        elif behind - self._slope * by_count < self._bucket[1] - self._slope * self._bucket[0]:
            self._bucket = (by_count, behind)
        if now - self._bucket_began >= _BUCKET_NS:
            self._buckets.append(self._bucket)
            self._bucket = None
            self._fit()

    def at(self, index: int) -> int:
        """When sample *index* was heard, nanoseconds on the steady clock."""
        by_count = index * self._nominal_ns
        return (self._base or 0) + round(by_count + self._line(by_count))

    @property
    def step_ns(self) -> float:
        """Nanoseconds from one sample to the next."""
        return self._nominal_ns * (1 + self._slope)

    @property
    def ppm(self) -> float:
        """How much faster than the steady clock the source's clock runs, millionths."""
        return (1 / (1 + self._slope) - 1) * 1e6

    @property
    def unsure_ns(self) -> float:
        """By how much `at` may be wrong for what came last; what the way to us takes at the least is not seen here."""
        return self._noise_ns + self._slope_unsure * _RECENT * _BUCKET_NS / 2

    def _line(self, by_count: float) -> float:
        return self._offset + self._slope * by_count

    def _stepped(self, now: float, late: float) -> float:
        """Nanoseconds by which everything moved, if it is certain now that samples were lost."""
        if self.waiting and self._late_since is None:
            self.waiting = now - self._lates[0][0] < _SETTLED_NS
            return 0.0
        if late > _STALL_NS and self._late_since is None:
            self._late_since, self.waiting = now, True
        if self._late_since is not None:
            if late < _CAUGHT_UP_NS:
                self._late_since, self.waiting = None, False
                return 0.0
            if now - self._late_since < _PATIENCE_NS:
                return 0.0
            moved = min(late for when, late in self._lates if when > self._late_since + _PATIENCE_NS / 2)
        else:
            moved = min(late for _, late in self._lates)
            if moved < _STEP_NS + 3 * self.unsure_ns or now - self._lates[0][0] < 0.9 * _STEP_WINDOW_NS:
                return 0.0
        self._late_since, self.waiting = None, False
        self.steps += 1
        self._move(moved)
        return moved

    def _move(self, by_ns: float) -> None:
        """Move the line, and with it all that is remembered, so that what is known of the slope stays known."""
        self._offset += by_ns
        self._buckets = deque(((x, behind + by_ns) for x, behind in self._buckets), maxlen=_BUCKETS)
        self._lates.clear()
        if self._bucket is not None:
            self._bucket = (self._bucket[0], self._bucket[1] + by_ns)

    def _fit(self) -> None:
        """Follow the lower edge of what is remembered."""
        points = list(self._buckets)
        span = points[-1][0] - points[0][0]
        if len(points) >= 4:
            slope = _lower_slope(points)
            heights = [behind - slope * x for x, behind in points]
            lowest = min(heights)
            self._noise_ns = sorted(height - lowest for height in heights)[len(heights) // 2] + 50e3
            self._slope_unsure = min(_USUAL_DRIFT, 2 * self._noise_ns / span)
            self._slope = slope / (1 + (self._slope_unsure / _USUAL_DRIFT) ** 2)
        self._offset = min(behind - self._slope * x for x, behind in points[-_RECENT:])


def _lower_slope(points: list[tuple[float, float]]) -> float:
    """The slope of the line that lies below all *points* and, of all such lines, nearest to them.

    It is an edge of their lower hull: the one above which their centre lies.
    """
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    centre = sum(x for x, _ in points) / len(points)
    return next(_slope(a, b) for a, b in itertools.pairwise(hull) if b[0] >= centre)


def _slope(a: tuple[float, float], b: tuple[float, float]) -> float:
    return (b[1] - a[1]) / (b[0] - a[0])
