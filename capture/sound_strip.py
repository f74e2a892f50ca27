"""A track of sound while it is recorded: placed on the take's clock, with silence where none comes."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np

from capture.clock import SECOND, Timeline, now_ns
from capture.frames import Frame, Kind, Sound, SoundShape
from capture.health import TrackHealth
from capture.retime import Retimer
from capture.strip import COVER_NS, Lane, Stage, Strip
from capture.take import Track, TrackOutcome
from capture.track import Sounds, file_of
from capture.watch import Hearing, dbfs

SAMPLE_RATE = 48_000
"""Samples a second of every sound track."""

_QUIET = "nothing was played"
"""Why the system's sound may have nothing to give; no loss."""

_QUIET_NS = 2 * SECOND
"""The system's sound is taken for nothing played if none came for this long."""


class SoundStrip(Strip):
    """A track of sound while it is recorded."""

    _BEFORE_NS = SECOND // 2  # of sound that is kept for the take's first samples

    def __init__(self, lane: Lane, stage: Stage) -> None:
        super().__init__(lane, stage)
        settings = lane.settings
        self._hearing = Hearing(floor_dbfs=settings.silence_floor_dbfs, after_seconds=settings.silent_after_seconds)
        self._before: deque[Sound] = deque()
        self._retimer: Retimer | None = None
        self._sounds: Sounds
        self._warm()

    @staticmethod
    def _warm() -> None:
        """Have the filter's tables made before the first sound waits for them."""
        block = Sound(samples=np.zeros((480, 1), np.float32), at_ns=0, step_ns=SECOND / SAMPLE_RATE)
        Retimer(rate=SAMPLE_RATE, channels=1).feed(block, Timeline(rolled_ns=0))

    def prepare(self, folder: Path) -> Track:
        """As `Strip.prepare`."""
        lane, shape = self.lane, self._shape
        channels = min(2, shape.channels) if isinstance(shape, SoundShape) else 1
        file = folder / file_of(lane.name, lane.kind)
        self._retimer = Retimer(rate=SAMPLE_RATE, channels=channels)
        self._sounds = Sounds(file, rate=SAMPLE_RATE, channels=channels)
        self.file = self._sounds
        return Track(
            name=lane.name,
            kind=lane.kind,
            source=lane.label,
            device=self.device,
            file=file.name,
            sample_rate=SAMPLE_RATE,
            channels=channels,
            latency_ms=self._latency_ms,
            latency_measured=lane.measured,
        )

    @property
    def usual_bytes(self) -> float:
        """As `Strip.usual_bytes`: FLAC of speech in a room."""
        return SAMPLE_RATE * 1.2 * (self._shape.channels if isinstance(self._shape, SoundShape) else 1)

    def health(self) -> TrackHealth:
        """As `Strip.health`."""
        file, retimer = self.file, self._retimer
        return TrackHealth(
            name=self.lane.name,
            kind=self.lane.kind,
            device=self.device,
            count=file.count if file else 0,
            late=0,
            repeated=0,
            left_out=0,
            level_dbfs=self._hearing.level_dbfs if self.error is None else None,
            sync_ms=retimer.off_ms if retimer else None,
            drift_ppm=retimer.drift_ppm if retimer else None,
            size_bytes=file.size_bytes if file else 0,
            alarm=self.alarm,
            cause=self.cause,
        )

    def outcome(self, seconds: float) -> TrackOutcome:
        """As `Strip.outcome`."""
        retimer = self._retimer
        if retimer is not None:
            self._losses = tuple(loss for loss in retimer.losses if loss.why != _QUIET)
        return self._outcome(
            seconds,
            silent_seconds=round(self._hearing.troubled_ns / SECOND, 1),
            peak_dbfs=dbfs(self._hearing.peak),
            sync=retimer.sync(unsure_ms=5.0 if self.lane.measured else 20.0) if retimer else None,
        )

    def _opened(self) -> None:
        self._hearing.rest()
        self._why = ""

    def _take(self, item: Frame | Sound) -> None:
        assert isinstance(item, Sound)
        if self.lane.earshot is not None:
            self.lane.earshot.offer(item)
        timeline = self._stage.timeline
        counts = timeline is not None and timeline.at(item.at_ns) is not None
        self._hearing.listen(item, counts=counts)
        if self.lane.kind is not Kind.SYSTEM:  # on which it is mostly silent, and nothing is wrong
            self._troubled("hearing", self._hearing.trouble, "is heard again")
        if timeline is None or not self._began:
            self._before.append(item)
            while self._before and item.at_ns - self._before[0].at_ns > self._BEFORE_NS:
                self._before.popleft()
        elif not self.broken:
            self._lost_at_ns = None
            self._feed(item, timeline)

    def _feed(self, sound: Sound, timeline: Timeline) -> None:
        assert self._retimer
        self._sounds.write(self._retimer.feed(sound, timeline))

    def _start(self, timeline: Timeline) -> None:
        for sound in self._before:
            self._feed(sound, timeline)
        self._before.clear()

    def _cover(self, timeline: Timeline, now: int) -> None:
        assert self._retimer
        behind_ns = timeline.length(now) - self._retimer.written_ns
        if self.error is not None and behind_ns >= COVER_NS:
            self._sounds.write(self._retimer.fill(timeline.length(now), why=self._why))
        elif self.lane.kind is Kind.SYSTEM and behind_ns >= _QUIET_NS:
            self._sounds.write(self._retimer.fill(timeline.length(now) - _QUIET_NS // 2, why=_QUIET))

    def _finish(self, timeline: Timeline) -> None:
        assert self._retimer
        end_ns = timeline.length(timeline.stopped_ns or now_ns())
        self._sounds.write(self._retimer.fill(end_ns, why=self._why or "nothing came before the end"))
        self._ended_ns = end_ns
