"""One track while it is recorded: from its source, on a thread of its own, into its file.

A strip never stands still: where its source gives nothing, pictures that say so, or silence, are written instead, so
that the track's time line stays whole and a crash takes no more of it than of the others. What goes wrong ends this
strip alone.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from capture.clock import SECOND, Timeline, now_ns
from capture.earshot import Earshot
from capture.errors import DeviceLost, FlipcastError, TakeError
from capture.flow import Ahead, Lens, Lost, Opened
from capture.frames import Frame, Kind, PictureShape, Sound, SoundShape
from capture.health import TrackHealth
from capture.plan import Record
from capture.preview import Preview
from capture.take import Loss, Track, TrackOutcome
from capture.track import TrackFile

COVER_NS = SECOND // 4
"""So often something is written where nothing comes: as often as a cluster is full."""

_STALLED_NS = 3 * SECOND
"""A source that neither gives anything more nor says that it is lost is given up after this."""

GAP_NS = SECOND
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

    earshot: Earshot | None = None
    """Where its sound may be listened to."""


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

    @property
    def cause(self) -> str:
        """The same in a word."""
        return next(iter(list(self._troubles)), "")

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
        if self._lost_at_ns is None or (to_the_end and self.error is None and until_ns - self._lost_at_ns < GAP_NS):
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
