"""A track of pictures while it is recorded: which of them are kept, and what is shown where none come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND, Timeline, now_ns
from capture.flow import Beat
from capture.frames import Frame, Kind, PictureShape, Sound
from capture.health import TrackHealth
from capture.strip import COVER_NS, GAP_NS, Lane, Stage, Strip
from capture.take import Sync, Track, TrackOutcome
from capture.track import Pictures, even, file_of, placeholder
from capture.watch import Offsets, Sight

_STILL_NS = SECOND // 10 - SECOND // 200
"""A screen that stands still is written ten times a second: it costs a third, and a crash takes hardly more of it."""


class PictureStrip(Strip):
    """A track of pictures while it is recorded."""

    def __init__(self, lane: Lane, stage: Stage) -> None:
        super().__init__(lane, stage)
        self._beat = Beat(lane.rate)
        self._sight = Sight(after_seconds=lane.settings.frozen_after_seconds, still_is_wrong=lane.kind is Kind.CAMERA)
        self._offsets = Offsets()
        self._newest: Frame | None = None
        self._last_seen_ns: int | None = None
        self._gaps = 0
        self._left_before = 0
        self._signs: dict[str, NDArray[np.uint8]] = {}
        self._pictures: Pictures

    def prepare(self, folder: Path) -> Track:
        """As `Strip.prepare`."""
        lane, shape = self.lane, self._shape
        wide, high = (lane.width, lane.height) if lane.width and lane.height else (1280, 720)
        if isinstance(shape, PictureShape):
            wide, high = shape.width, shape.height
        wide, high = even(wide), even(high)
        file = folder / file_of(lane.name, lane.kind)
        screen = lane.kind is Kind.SCREEN
        self._pictures = Pictures(
            file,
            width=wide,
            height=high,
            rate=lane.rate,
            crf=lane.settings.crf,
            threads=2 if screen else 1,
            still_ns=_STILL_NS if screen else 0,
        )
        self.file = self._pictures
        return Track(
            name=lane.name,
            kind=lane.kind,
            source=lane.label,
            device=self.device,
            file=file.name,
            width=wide,
            height=high,
            rate=lane.rate,
            latency_ms=self._latency_ms,
            latency_measured=lane.measured,
        )

    @property
    def usual_bytes(self) -> float:
        """As `Strip.usual_bytes`: measured of scrolling text, and of a camera in the light of a room."""
        shape = self._shape
        wide, high = (shape.width, shape.height) if isinstance(shape, PictureShape) else (1280, 720)
        return wide * high * float(self.lane.rate) * (0.01 if self.lane.kind is Kind.SCREEN else 0.02)

    def health(self) -> TrackHealth:
        """As `Strip.health`."""
        beat, file = self._beat, self.file
        return TrackHealth(
            name=self.lane.name,
            kind=self.lane.kind,
            device=self.device,
            count=file.count + self._unchanged if file else 0,
            late=beat.late,
            repeated=beat.repeated,
            left_out=self._left_out,
            level_dbfs=None,
            sync_ms=self._offsets.last_ms,
            drift_ppm=None,
            size_bytes=file.size_bytes if file else 0,
            alarm=self.alarm,
            cause=self.cause,
        )

    def outcome(self, seconds: float) -> TrackOutcome:
        """As `Strip.outcome`."""
        beat = self._beat
        return self._outcome(
            seconds,
            unchanged=self._unchanged,
            late=beat.late,
            repeated=beat.repeated,
            left_out=self._left_out,
            silent_seconds=round(self._sight.troubled_ns / SECOND, 1),
            sync=self._sync(),
        )

    @property
    def _unchanged(self) -> int:
        return self._pictures.unchanged if self.file else 0

    @property
    def _left_out(self) -> int:
        return self._beat.left_out + (self._ahead.left_out - self._left_before if self._began else 0)

    def _sync(self) -> Sync | None:
        if self.lane.measured:
            how, sure_ms = "each picture's time in the file against when it was seen, by the measured latency", 5.0
        else:
            how = "each picture's time in the file against when it was seen, by the usual latency of such a source"
            sure_ms = 10.0 if self.lane.kind is Kind.SCREEN else 40.0
        return self._offsets.sync(sure_ms=sure_ms, how=how)

    def _opened(self) -> None:
        shape = self._shape
        late, repeated, left_out = self._beat.late, self._beat.repeated, self._beat.left_out
        granted = shape.rate if isinstance(shape, PictureShape) and shape.rate > 0 else None
        self._beat = Beat(self.lane.rate, granted=granted)
        self._beat.late, self._beat.repeated, self._beat.left_out = late, repeated, left_out
        self._sight.rest()

    def _take(self, item: Frame | Sound) -> None:
        assert isinstance(item, Frame)
        timeline = self._stage.timeline
        at_ns = timeline.at(item.at_ns) if timeline else None
        if self.lane.preview is not None:
            self.lane.preview.offer(item)
        self._sight.look(item, counts=at_ns is not None)
        self._troubled("sight", self._sight.trouble, "shows a picture again")
        if timeline is None or not self._began:
            self._newest = item
            if self.lane.kind is Kind.CAMERA:  # others keep our own beat, and are late if they do not
                self._beat.listen(item.at_ns)
        elif at_ns is not None and not self.broken:
            self._newest = item
            self._write(item, at_ns, timeline)

    def _write(self, frame: Frame, at_ns: int, timeline: Timeline) -> None:
        pictures = self._pictures
        if self._lost_at_ns is not None:
            self._note_loss(at_ns)
            self._beat.rest()
        elif self._last_seen_ns is not None and at_ns - self._last_seen_ns > GAP_NS:
            self._lost_at_ns, self._why = self._true_ns(), "nothing came: the recorder, or its source, stood still"
            self._note_loss(at_ns)
            self._beat.rest()
        if len(timeline.gaps) != self._gaps:
            self._gaps = len(timeline.gaps)
            self._beat.rest()
        self._last_seen_ns = at_ns
        # What comes after its place was covered comes too late; and two cannot have one millisecond.
        if pictures.count and at_ns <= pictures.end_ns:
            self._beat.left_out += 1
        elif self._beat.takes(at_ns):
            written_ns = pictures.write(frame.picture, at_ns)
            if written_ns is not None:
                self._offsets.add(written_ns - at_ns, at_ns)

    def _start(self, timeline: Timeline) -> None:
        newest = self._newest
        self._left_before = self._ahead.left_out
        if self.error is None and newest is not None and timeline.rolled_ns - newest.at_ns < GAP_NS:
            self._pictures.write(newest.picture, 0)
            self._last_seen_ns = 0
        else:
            self._pictures.write(self._sign(), 0)
            self._lost_at_ns, self._why = 0, self.error.what if self.error else "nothing had come yet"

    def _cover(self, timeline: Timeline, now: int) -> None:
        pictures = self._pictures
        if self.error is not None:
            if (here := timeline.length(now)) - pictures.end_ns >= COVER_NS:
                pictures.write(self._sign(), here)
            return
        behind_ns = timeline.length(now - int(self._latency_ms * 1e6)) - pictures.end_ns
        if behind_ns > 2 * COVER_NS:
            pictures.repeat(pictures.end_ns + COVER_NS)

    def _true_ns(self) -> int:
        return 0 if self._last_seen_ns is None else self._last_seen_ns + int(SECOND / self.lane.rate)

    def _finish(self, timeline: Timeline) -> None:
        end_ns = timeline.length(timeline.stopped_ns or now_ns())
        last_ns = end_ns - int(SECOND / self.lane.rate)
        if last_ns - self._pictures.end_ns > SECOND / self.lane.rate:
            self._pictures.repeat(last_ns)
        self._ended_ns = end_ns

    def _sign(self) -> NDArray[np.uint8]:
        text = f"{self.lane.name} lost" if self.device else f"{self.lane.name} is not here"
        if text not in self._signs:
            self._signs[text] = placeholder(self._pictures.width, self._pictures.height, text)
        return self._signs[text]
