"""What is watched in pictures and sound while they come in: black, frozen, silent; and how true their times are."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND
from capture.frames import Frame, Sound
from capture.scatter import Scatter
from capture.take import Sync


class Sight:
    """Whether pictures are black, or the same for too long."""

    def __init__(self, *, after_seconds: float, still_is_wrong: bool) -> None:
        """Troubled after *after_seconds*; by a still picture only where *still_is_wrong*: a screen may stand still."""
        self.trouble = ""
        """What is wrong, as it follows a track's name: ``"is black"``; empty if nothing is."""
        self.troubled_ns = 0
        """Nanoseconds of trouble so far."""
        self._after_ns = int(after_seconds * SECOND)
        self._still_is_wrong = still_is_wrong
        self._thumbnail: NDArray[np.uint8] | None = None
        self._looked_ns = self._changed_ns = self._lit_ns = 0
        self._counts_from_ns: int | None = None

    def look(self, frame: Frame, *, counts: bool) -> None:
        """Look at *frame*, twice a second; its time is counted if it *counts*, as part of the take."""
        self._counts_from_ns = (self._counts_from_ns or frame.at_ns) if counts else None
        if self._thumbnail is not None and frame.at_ns - self._looked_ns < SECOND // 2:
            return
        thumbnail = np.ascontiguousarray(frame.picture[4::16, 4::16, :3])
        if self._thumbnail is None:
            self._looked_ns = self._changed_ns = self._lit_ns = frame.at_ns
        # Real cameras have noise: two pictures that are equal to the last bit were not taken one after the other.
        if self._thumbnail is None or not np.array_equal(thumbnail, self._thumbnail):
            self._changed_ns = frame.at_ns
        if thumbnail.size and thumbnail.max() > 24:
            self._lit_ns = frame.at_ns
        was = self.trouble
        if frame.at_ns - self._lit_ns >= self._after_ns:
            self.trouble, since_ns = "is black", self._lit_ns
        elif self._still_is_wrong and frame.at_ns - self._changed_ns >= self._after_ns:
            self.trouble, since_ns = "shows the same picture all the time", self._changed_ns
        else:
            self.trouble, since_ns = "", frame.at_ns
        if self._counts_from_ns is not None and self.trouble:
            self.troubled_ns += frame.at_ns - max(self._counts_from_ns, self._looked_ns if was else since_ns)
        self._thumbnail, self._looked_ns = thumbnail, frame.at_ns

    def rest(self) -> None:
        """Begin anew: the source was lost."""
        self._thumbnail, self.trouble = None, ""


class Hearing:
    """How loud sound is, and whether it is silent for too long."""

    _WINDOW_NS = 300_000_000

    def __init__(self, *, floor_dbfs: float, after_seconds: float) -> None:
        """Troubled when no sample was above *floor_dbfs* for *after_seconds*."""
        self.trouble = ""
        """What is wrong, as it follows a track's name: ``"is silent"``; empty if nothing is."""
        self.troubled_ns = 0
        """Nanoseconds of trouble so far."""
        self.peak = 0.0
        """Highest sample of what counted so far, 0 to 1."""
        self._floor = 10 ** (floor_dbfs / 20)
        self._after_ns = int(after_seconds * SECOND)
        self._silent_ns: int | None = None
        self._last_ns = 0
        self._now = self._before = 0.0
        self._window_ns = 0
        self._counts_from_ns: int | None = None

    def listen(self, sound: Sound, *, counts: bool) -> None:
        """Listen to *sound*; it is counted if it *counts*, as part of the take."""
        if not len(sound.samples):
            return
        peak = float(np.abs(sound.samples).max())
        end_ns = sound.at_ns + int(len(sound.samples) * sound.step_ns)
        if sound.at_ns - self._window_ns > self._WINDOW_NS:
            self._before, self._now, self._window_ns = self._now, 0.0, sound.at_ns
        self._now = max(self._now, peak)
        if counts:
            self.peak = max(self.peak, peak)
        self._counts_from_ns = (self._counts_from_ns or sound.at_ns) if counts else None
        was = self.trouble
        if peak > self._floor:
            self._silent_ns, self.trouble = None, ""
        elif self._silent_ns is None:
            self._silent_ns = sound.at_ns
        if self._silent_ns is not None and end_ns - self._silent_ns >= self._after_ns:
            self.trouble = "is silent"
            if self._counts_from_ns is not None:
                self.troubled_ns += end_ns - max(self._counts_from_ns, self._last_ns if was else self._silent_ns)
        self._last_ns = end_ns

    def rest(self) -> None:
        """Begin anew: the source was lost."""
        self._silent_ns, self.trouble = None, ""
        self._now = self._before = 0.0

    @property
    def level_dbfs(self) -> float | None:
        """Highest sample of the last moment, dB of full scale; ``None`` for digital silence."""
        return dbfs(max(self._now, self._before))


def dbfs(peak: float) -> float | None:
    """*peak* in dB of full scale; ``None`` for nothing at all."""
    return round(20 * math.log10(peak), 1) if peak > 0 else None


class Offsets:
    """How far pictures lie from the moments at which they were seen."""

    _ENOUGH = 300  # over a few seconds a slope says nothing but the rounding to whole milliseconds

    def __init__(self) -> None:
        self.last_ms: float | None = None
        """Of the latest picture, late positive, milliseconds."""
        self._scatter = Scatter(bin_ms=0.05, widest_ms=50.0)

    def add(self, off_ns: int, at_ns: int) -> None:
        """A picture lies *off_ns* too late, at the moment *at_ns* of the take."""
        self.last_ms = off_ns / 1e6
        self._scatter.add(self.last_ms, at_ns / SECOND)

    def sync(self, *, sure_ms: float, how: str) -> Sync | None:
        """What they come to; ``None`` before there was one."""
        found = self._scatter.summed_up()
        if found is None:
            return None
        median_ms, spread_ms, slip = found
        return Sync(
            offset_ms=round(median_ms, 3),
            spread_ms=round(spread_ms, 3),
            drift_ppm=0.0,
            slip_ms_per_minute=round(slip, 3) if self._scatter.count > self._ENOUGH else 0.0,
            how=how,
            sure_ms=sure_ms,
        )
