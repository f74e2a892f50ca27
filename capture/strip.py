"""One track while it is recorded: from its source, on a thread of its own, into its file.

A strip never stands still: where its source gives nothing, pictures that say so, or silence, are written instead, so
that the track's time line stays whole and a crash takes no more of it than of the others. What goes wrong ends this
strip alone.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND, Timeline, now_ns
from capture.errors import DeviceLost, FlipcastError, TakeError
from capture.flow import Ahead, Beat, Lens, Lost, Opened
from capture.frames import Frame, Kind, PictureShape, Sound, SoundShape
from capture.health import TrackHealth
from capture.plan import Record
from capture.preview import Preview
from capture.retime import Retimer
from capture.take import Loss, Sync, Track, TrackOutcome
from capture.track import Pictures, Sounds, TrackFile, even, file_of, placeholder
from capture.watch import Hearing, Offsets, Sight, dbfs

SAMPLE_RATE = 48_000
"""Samples a second of every sound track."""

_COVER_NS = SECOND // 4
"""So often something is written where nothing comes: as often as a cluster is full."""

_STILL_NS = SECOND // 10 - SECOND // 200
"""A screen that stands still is written ten times a second: it costs a third, and a crash takes hardly more of it."""

_STALLED_NS = 3 * SECOND
"""A source that neither gives anything more nor says that it is lost is given up after this."""

_QUIET = "nothing was played"
"""Why the system's sound may have nothing to give; no loss."""

_QUIET_NS = 2 * SECOND
"""The system's sound is taken for nothing played if none came for this long."""

_GAP_NS = SECOND
"""Pictures further apart than this are a loss, not a few late ones: the machine slept, or we were stopped."""

_TAIL_NS = SECOND // 4
"""How long after *stop* what was seen before it may still come in, beside the source's latency."""

_LOSSES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What a strip is told when it is made."""

    name: str
    """The track's."""

    kind: Kind
    """What it shows or lets hear."""

    label: str
    """As its source was asked for, fit to be shown."""

    opening: Callable[[], Lens]
    """Opens the source, on the thread that will read it."""

    width: int
    """Pixels wished for, 0 for as the source has it."""

    height: int
    """Pixels wished for, 0 for as the source has it."""

    rate: Fraction
    """Pictures a second at most."""

    measured: bool
    """Whether the source's latency was measured here."""

    settings: Record
    """How."""

    preview: Preview | None
    """Where its pictures may be looked at."""


class Stage(Protocol):
    """What all strips of a recorder share."""

    timeline: Timeline | None
    """Where moments lie in the take; ``None`` before it rolls."""

    def say(self, track: str, text: str, *, alarm: bool) -> None:
        """Say something once."""

    def ended(self, track: str, error: FlipcastError) -> None:
        """A strip cannot be written any further."""


class Strip(ABC):
    """One track while it is recorded. `begin` and `end` it; `prepare` its file before the take rolls."""

    def __init__(self, lane: Lane, stage: Stage) -> None:
        self.lane = lane
        self.file: TrackFile | None = None
        """What it is written to; ``None`` before the take."""
        self.answered = threading.Event()
        """Set once the source has given something, or has failed for the first time."""
        self.error: FlipcastError | None = None
        """Why the source is not there; ``None`` while it is."""
        self.broken: FlipcastError | None = None
        """Why no more is written."""
        self.device = ""
        """What the system calls the source; empty until it was open."""
        self.closed = threading.Event()
        """Set once the track's file is whole."""
        self._stage = stage
        self._ahead = Ahead(lane.opening, name=lane.name, room=2000 if lane.kind.is_sound else 12)
        self._thread = threading.Thread(target=self._run, name=lane.name, daemon=True)
        self._leaving = threading.Event()
        self._shape: PictureShape | SoundShape | None = None
        self._latency_ms = 0.0
        self._heard_ns, self._gives = now_ns(), False
        self._troubles: dict[str, str] = {}
        self._losses: tuple[Loss, ...] = ()
        self._lost_at_ns: int | None = None
        self._why = ""
        self._began = False
        self._ended_ns: int | None = None

    def begin(self) -> None:
        """Open the source and read it."""
        self._thread.start()

    def end(self, seconds: float) -> bool:
        """Let go of the source; whether that was done within *seconds*."""
        self._leaving.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    @abstractmethod
    def prepare(self, folder: Path) -> Track:
        """Begin the track's file in *folder*, and say what it will be.

        Raises:
            TakeError: it cannot be written.
        """

    @property
    @abstractmethod
    def usual_bytes(self) -> float:
        """Bytes a second that such a track usually takes, for as long as it has not been measured."""

    @abstractmethod
    def health(self) -> TrackHealth:
        """How it is doing."""

    @abstractmethod
    def outcome(self, seconds: float) -> TrackOutcome:
        """What came of it, in a take of *seconds*."""

    @abstractmethod
    def _take(self, item: Frame | Sound) -> None:
        """Do with what came in what is to be done with it."""

    @abstractmethod
    def _start(self, timeline: Timeline) -> None:
        """The take rolls: write what was seen and heard just before it."""

    @abstractmethod
    def _cover(self, timeline: Timeline, now: int) -> None:
        """Write something where nothing comes."""

    @abstractmethod
    def _finish(self, timeline: Timeline) -> None:
        """Write what leads to the take's end."""

    @abstractmethod
    def _opened(self) -> None:
        """The source is there, or there again."""

    @property
    def alarm(self) -> str:
        """What is wrong now; empty if nothing is."""
        return next(iter(list(self._troubles.values())), "")

    def _run(self) -> None:
        with self._ahead:
            while not self._leaving.is_set() and not self.closed.is_set():
                item = self._ahead.next(0.05)
                timeline = self._stage.timeline
                if isinstance(item, Opened):
                    self._found(item)
                elif isinstance(item, Lost):
                    self._missed(item.error, timeline)
                elif item is not None:
                    self._heard_ns, self._gives = now_ns(), True
                    self.answered.set()
                self._guarded(item if isinstance(item, Frame | Sound) else None, timeline)
        if self.file is not None and not self.closed.is_set():
            self._close()

    def _guarded(self, item: Frame | Sound | None, timeline: Timeline | None) -> None:
        try:
            if timeline is not None and not self._began and self.file is not None:
                self._began = True
                self._start(timeline)
            if item is not None:
                self._take(item)
            else:
                self._keep_up(timeline)
            if timeline is not None and self._over(item, timeline):
                if self.broken is None:
                    self._note_loss(timeline.length(now_ns()), to_the_end=True)
                    self._finish(timeline)
                self._close()
        except FlipcastError as error:
            self._break(error)
        except Exception as error:  # an encoder's or a driver's own: this track ends, the others roll on
            self._break(TakeError(f"{self.lane.name} failed: {type(error).__name__}: {error}"))

    def _break(self, error: FlipcastError) -> None:
        if self.broken is None:
            self.broken = error
            self._trouble("broken", f"{self.lane.name} is not recorded any more: {error.what}")
            self._stage.ended(self.lane.name, error)

    def _close(self) -> None:
        if self.file is not None:
            self._ended_ns = self.file.end_ns
            try:
                self.file.close()
            except FlipcastError as error:
                self.broken = self.broken or error
        self.closed.set()

    def _over(self, item: Frame | Sound | None, timeline: Timeline) -> bool:
        if timeline.stopped_ns is None:
            return False
        if self.broken or self.error is not None or (item is not None and item.at_ns >= timeline.stopped_ns):
            return True
        return now_ns() > timeline.stopped_ns + _TAIL_NS + int(self._latency_ms * 1e6)

    def _found(self, opened: Opened) -> None:
        name = self.lane.name
        back = self.error is not None or self.device
        self.device, self._shape, self._latency_ms = opened.device, opened.shape, opened.latency_ms
        self.error = None
        self._heard_ns, self._gives = now_ns(), False
        self._opened()
        self._well("lost")
        if back and self.answered.is_set():
            self._stage.say(name, f"{name} is back", alarm=False)
        if self.lane.kind is Kind.SYSTEM:  # some systems give nothing while nothing plays
            self.answered.set()

    def _missed(self, error: FlipcastError, timeline: Timeline | None) -> None:
        if self.error is None or self.error.what != error.what:
            self._trouble("lost", f"{self.lane.name} is lost: {error.what}", said=self.answered.is_set())
        self.error, self._why = error, error.what
        self._heard_ns = now_ns()
        if timeline is not None and self._lost_at_ns is None:
            self._lost_at_ns = self._true_ns()
        self.answered.set()

    def _true_ns(self) -> int:
        """How far the track shows, or lets hear, what its source gave."""
        return self.file.end_ns if self.file else 0

    def _note_loss(self, until_ns: int, *, to_the_end: bool = False) -> None:
        """The source gives again, at *until_ns* of the take, or its loss lasted to the take's end."""
        if self._lost_at_ns is None or (to_the_end and self.error is None and until_ns - self._lost_at_ns < _GAP_NS):
            return
        began, self._lost_at_ns = self._lost_at_ns, None
        if until_ns > began and len(self._losses) < _LOSSES:
            loss = Loss(at=began / SECOND, seconds=(until_ns - began) / SECOND, why=self._why or "nothing came")
            self._losses = (*self._losses, loss)

    def _keep_up(self, timeline: Timeline | None) -> None:
        now = now_ns()
        # The first picture of a camera may take its time.
        limit = _STALLED_NS if self._gives else max(_STALLED_NS, int(self.lane.settings.opening_seconds * SECOND))
        waits = self.error is None and self._shape is not None and self.lane.kind is not Kind.SYSTEM
        if waits and now - self._heard_ns > limit:
            self._heard_ns = now
            self._ahead.renew(DeviceLost(f"{self.device} gives nothing for {limit // SECOND} s"))
        if timeline is None or not self._began or timeline.standing or self.broken:
            return
        if timeline.stopped_ns is None:
            self._cover(timeline, now)

    def _trouble(self, cause: str, text: str, *, said: bool = True) -> None:
        if self._troubles.get(cause) != text:
            self._troubles[cause] = text
            if said:
                self._stage.say(self.lane.name, text, alarm=True)

    def _well(self, cause: str) -> None:
        self._troubles.pop(cause, None)

    def _troubled(self, cause: str, trouble: str, well: str) -> None:
        """Say that the track now has this *trouble*, or that all is *well* again."""
        name = self.lane.name
        if trouble:
            self._trouble(cause, f"{name} {trouble}")
        elif cause in self._troubles:
            self._well(cause)
            self._stage.say(name, f"{name} {well}", alarm=False)

    def _outcome(self, seconds: float, **more: object) -> TrackOutcome:
        name, file = self.lane.name, self.file
        blank = TrackOutcome(name=name, seconds=0.0, whole=False, ended_because="it was never begun")
        if file is None:
            return blank
        end_ns = file.end_ns if self._ended_ns is None else self._ended_ns
        why = self.broken.what if self.broken else "" if self.closed.is_set() else "it could not be closed in time"
        return replace(
            blank,
            seconds=min(seconds, end_ns / SECOND) if why else seconds,
            count=file.count,
            losses=self._losses,
            size_bytes=file.size_bytes,
            whole=not why and not self._losses,
            ended_because=why,
            **more,  # type: ignore[arg-type]
        )


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
        elif self._last_seen_ns is not None and at_ns - self._last_seen_ns > _GAP_NS:
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
        if self.error is None and newest is not None and timeline.rolled_ns - newest.at_ns < _GAP_NS:
            self._pictures.write(newest.picture, 0)
            self._last_seen_ns = 0
        else:
            self._pictures.write(self._sign(), 0)
            self._lost_at_ns, self._why = 0, self.error.what if self.error else "nothing had come yet"

    def _cover(self, timeline: Timeline, now: int) -> None:
        pictures = self._pictures
        if self.error is not None:
            if (here := timeline.length(now)) - pictures.end_ns >= _COVER_NS:
                pictures.write(self._sign(), here)
            return
        behind_ns = timeline.length(now - int(self._latency_ms * 1e6)) - pictures.end_ns
        if behind_ns > 2 * _COVER_NS:
            pictures.repeat(pictures.end_ns + _COVER_NS)

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
        if self.error is not None and behind_ns >= _COVER_NS:
            self._sounds.write(self._retimer.fill(timeline.length(now), why=self._why))
        elif self.lane.kind is Kind.SYSTEM and behind_ns >= _QUIET_NS:
            self._sounds.write(self._retimer.fill(timeline.length(now) - _QUIET_NS // 2, why=_QUIET))

    def _finish(self, timeline: Timeline) -> None:
        assert self._retimer
        end_ns = timeline.length(timeline.stopped_ns or now_ns())
        self._sounds.write(self._retimer.fill(end_ns, why=self._why or "nothing came before the end"))
        self._ended_ns = end_ns


def strip_of(lane: Lane, stage: Stage) -> Strip:
    """The strip for a *lane*, by what it shows or lets hear."""
    return (SoundStrip if lane.kind.is_sound else PictureStrip)(lane, stage)
