"""The live machine: sources in, one take out, and a table of states (`capture.states`) that says what may be asked.

Each track has its threads (`capture.strip`); one more conducts: it counts down, watches the disk, says how it is going
and closes. Commands may come from any thread. Nothing here waits for whoever listens.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from capture import hold
from capture.address import without_password
from capture.clock import SECOND, Timeline, now_ns
from capture.earshot import Earshot
from capture.errors import DeviceLost, FlipcastError, NoRoomToRecord, TakeError
from capture.health import Health, Said, State
from capture.picture_strip import PictureStrip
from capture.plan import Plan, names_of
from capture.preview import Preview
from capture.sound_strip import SoundStrip
from capture.sources import Wanted, open_source
from capture.states import ENDS, Command, Happening, after
from capture.strip import Lane, Strip
from capture.take import TAKES, Marker, Outcome, Pause, Take, folder_of, write

_TICK_SECONDS = 0.05
_HEALTH_NS = SECOND // 5
_CLOSING_SECONDS = 5.0
_ASLEEP_NS = 2 * SECOND
_ALARMS = 200
_WINDOW_NS = 30 * SECOND
_SLOW_SHARE = 0.05


class Recorder:
    """One take from its sources. A context manager, which leaves no take open."""

    def __init__(self, plan: Plan, *, news: Callable[[Health | Said], None] | None = None) -> None:
        """Of what *plan* says; *news* is told how it is going, several times a second, and must return at once."""
        self.plan = plan
        self.timeline: Timeline | None = None
        """Where moments lie in the take; ``None`` before it rolls."""
        self.folder: Path | None = None
        """Where the take lies; ``None`` before it rolls."""
        self.error: FlipcastError | None = None
        """Why there is no take, in the state *failed*."""
        self._news = news
        self._state = State.OPENING
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._previews: list[Preview | Earshot] = []
        self._strips: tuple[Strip, ...] = tuple(
            (SoundStrip if wanted.kind.is_sound else PictureStrip)(self._lane(wanted, name), self)
            for wanted, name in zip(plan.sources, names_of(plan.sources), strict=True)
        )
        self._take: Take | None = None
        self._rolls_ns = 0
        self._opening_until_ns = 0
        self._cut: str = ""
        self._ended_because = ""
        self._said: dict[str, None] = {}
        self._alarms: dict[str, str] = {}
        self._holding = contextlib.ExitStack()
        self._ticked_ns = now_ns()
        self._told_ns = 0
        self._cpu = _Cpu()
        self._cpu_at_roll = 0.0
        self._written: deque[tuple[int, int, int, int]] = deque()
        self._late_lately = 0
        self._conductor = threading.Thread(target=self._conduct, name="conductor", daemon=True)
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._over = threading.Event()

    def __enter__(self) -> Recorder:
        if not self._strips:
            raise TakeError("nothing is to be recorded", hint="name at least one source")
        self._opening_until_ns = now_ns() + int(self.plan.settings.opening_seconds * SECOND)
        for strip in self._strips:
            strip.begin()
        self._conductor.start()
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the take, if there is one, whole."""
        self.end("the recorder was closed")
        self._over.wait(_CLOSING_SECONDS + 5)
        self._conductor.join(_CLOSING_SECONDS)
        self._keeper.join(_CLOSING_SECONDS)

    @property
    def state(self) -> State:
        """Where it stands."""
        return self._state

    def roll(self, recording: Path | None = None) -> State:
        """Begin a take, after the countdown; of the recording in that folder, where it was not known before.

        Raises:
            WrongMoment: it cannot now.
            NoRoomToRecord: too little would fit on the disk.
            DeviceError: a source is not there.
        """
        with self._changed:
            after(self._state, Command.ROLL)
            if recording is not None:
                self.plan = replace(self.plan, recording=recording)
            self._refuse_without_room()
            if not self.plan.settings.begin_without:
                for strip in self._strips:
                    if strip.error is not None:
                        raise strip.error
            self._rolls_ns = now_ns() + int(self.plan.settings.countdown_seconds * SECOND)
            return self._move(Command.ROLL)

    def pause(self) -> State:
        """Let the take's clock stand still.

        Raises:
            WrongMoment: it cannot now.
        """
        with self._changed:
            state = after(self._state, Command.PAUSE)
            assert self.timeline
            self.timeline = self.timeline.paused(now_ns())
            self._move(Command.PAUSE)
            self._write_down()
            return state

    def resume(self) -> State:
        """Let it run again.

        Raises:
            WrongMoment: it cannot now.
        """
        with self._changed:
            state = after(self._state, Command.RESUME)
            assert self.timeline
            self.timeline = self.timeline.resumed(now_ns())
            self._move(Command.RESUME)
            self._write_down()
            return state

    def mark(self, label: str = "") -> State:
        """Remember this moment, called *label*.

        Raises:
            WrongMoment: it cannot now.
        """
        with self._changed:
            state = after(self._state, Command.MARK)
            assert self.timeline
            assert self._take
            at = self.timeline.length(now_ns()) / SECOND
            self._take = replace(self._take, markers=(*self._take.markers, Marker(at=at, label=label)))
            self._write_down()
            self.say("", f"marked {label}" if label else "marked", alarm=False)
            return state

    def stop(self, why: str = "stopped") -> State:
        """End the take, because of *why*; in a countdown, call it off.

        Raises:
            WrongMoment: it cannot now.
        """
        with self._changed:
            return self._end_take(Command.STOP, why)

    def abandon(self) -> State:
        """End a recorder that has no take.

        Raises:
            WrongMoment: there is one; stop it.
        """
        with self._changed:
            after(self._state, Command.ABANDON)
            self.error = TakeError("there is no take: the recorder was ended before it rolled")
            return self._move(Command.ABANDON)

    def end(self, why: str) -> None:
        """End whatever there is: a take whole, and all else at once. In every state, any number of times."""
        with self._changed:
            if self._state in (State.ROLLING, State.PAUSED):
                self.stop(why)
            elif self._state not in (State.STOPPING, *ENDS):
                self.abandon()

    def wait(self, seconds: float | None = None) -> Take:
        """Wait for the end, and give the take with its outcome.

        Raises:
            FlipcastError: there is none.
            TimeoutError: it has not ended after *seconds*.
        """
        if not self._over.wait(seconds):
            raise TimeoutError(f"the take has not ended after {seconds} s")
        if self.error is not None:
            raise self.error
        assert self._take
        return self._take

    def health(self) -> Health:
        """How it is going now."""
        tracks = tuple(strip.health() for strip in self._strips)
        free = self._free()
        state = self._state  # once, and before the moment: somebody may press a button meanwhile
        now = now_ns()
        seconds = self.timeline.length(now) / SECOND if self.timeline else 0.0
        if state is State.COUNTING:
            seconds = max(0.0, (self._rolls_ns - now) / SECOND)
        return Health(
            state=state,
            seconds=seconds,
            tracks=tracks,
            free_bytes=free,
            room_seconds=self._room(free),
            markers=len(self._take.markers) if self._take else 0,
            cpu_share=self._cpu.share,
            alarm=next(iter(list(self._alarms.values())), ""),
            cause=next(iter(list(self._alarms)), ""),
            late_lately=self._late_lately,
        )

    def say(self, track: str, text: str, *, alarm: bool) -> None:
        """Say something once, about *track* or the take as a whole."""
        timeline = self.timeline
        if alarm and timeline is not None and len(self._said) < _ALARMS:
            self._said[text] = None
        at = timeline.length(now_ns()) / SECOND if timeline else 0.0
        self._tell(Said(at=at, track=track, text=text, alarm=alarm))

    def ended(self, track: str, error: FlipcastError) -> None:
        """The strip *track* can not be written any further."""
        if isinstance(error, NoRoomToRecord):
            self._cut = "the disk was full"
        elif all(strip.broken for strip in self._strips):
            self._cut = f"no track could be written any more: {error.what}"

    def _lane(self, wanted: Wanted, name: str) -> Lane:
        preview = earshot = None
        if self.plan.preview is not None and wanted.kind.is_sound:
            earshot = Earshot(self.plan.preview, name)
            self._previews.append(earshot)
        elif self.plan.preview is not None:
            preview = Preview(self.plan.preview, name)
            self._previews.append(preview)
        kind, _, which = (wanted.label or f"{wanted.kind}:{wanted.address}").partition(":")
        return Lane(
            name=name,
            kind=wanted.kind,
            label=f"{kind}:{without_password(which)}" if which else kind,
            opening=lambda: open_source(wanted),
            width=wanted.region.width if wanted.region else wanted.width,
            height=wanted.region.height if wanted.region else wanted.height,
            rate=Fraction(wanted.rate),
            measured=wanted.measured,
            settings=self.plan.settings,
            preview=preview,
            earshot=earshot,
        )

    def _move(self, move: Command | Happening) -> State:
        self._state = after(self._state, move)
        self._told_ns = 0  # a change is told at once
        self._changed.notify_all()
        return self._state

    def _end_take(self, move: Command | Happening, why: str) -> State:
        before = self._state
        self._move(move)
        if self._state is State.STOPPING and before is not State.STOPPING:
            assert self.timeline
            self.timeline = self.timeline.stopped(now_ns())
            self._ended_because = why
        return self._state

    def _conduct(self) -> None:
        while self._state not in ENDS:
            try:
                self._tick()
            except FlipcastError as error:
                self._give_up(error)
            except Exception as error:
                self._give_up(TakeError(f"the recorder failed: {type(error).__name__}: {error}"))
            with self._changed:
                if self._state not in ENDS:
                    self._changed.wait(_TICK_SECONDS)
        try:
            self._let_go()
        finally:
            self._over.set()

    def _let_go(self) -> None:
        for seconds in (0.0, 2.0):  # all are told before one is waited for
            for strip in self._strips:
                strip.end(seconds)
        for preview in self._previews:
            preview.close()
        self._holding.close()
        self._tell(self.health())

    def _tick(self) -> None:
        now = now_ns()
        if self._state is State.OPENING:
            self._look_for_sources(now)
        elif self._state is State.COUNTING and now >= self._rolls_ns:
            self._begin_take()
        elif self._state in (State.ROLLING, State.PAUSED):
            self._watch(now)
        elif self._state is State.STOPPING:
            self._close_take()
        self._ticked_ns = now
        if now - self._told_ns >= _HEALTH_NS:
            self._told_ns = now
            self._cpu.measure(now)
            self._tell(self.health())

    def _tell(self, news: Health | Said) -> None:
        if self._news is not None:
            with contextlib.suppress(Exception):  # a listener's fault is no fault of the take
                self._news(news)

    def _give_up(self, error: FlipcastError) -> None:
        """End because of *error*: a take whole, as far as it can be."""
        with self._changed:
            if self._state in (State.ROLLING, State.PAUSED):
                self._end_take(Happening.CUT, error.what)
            elif self._state is State.STOPPING:
                # What is on disk stays as it is, an intent without an outcome: recovery knows what to do with it.
                self.error = TakeError(f"the take could not be written down: {error.what}", hint="run flipcast recover")
                self._move(Happening.BROKE)
            elif self._state not in ENDS:
                self.error = error
                self._move(Happening.BROKE)

    def _look_for_sources(self, now: int) -> None:
        waiting = [strip for strip in self._strips if not strip.answered.is_set()]
        if waiting and now < self._opening_until_ns:
            return
        missing = {strip: strip.error for strip in self._strips if strip.error is not None}
        limit = self.plan.settings.opening_seconds
        for strip in waiting:
            missing[strip] = DeviceLost(
                f"{strip.lane.label} did not open within {limit:g} s", hint="unplug it and plug it in again"
            )
        if missing and (len(missing) == len(self._strips) or not self.plan.settings.begin_without):
            raise next(iter(missing.values()))
        for strip, error in missing.items():
            self.say(strip.lane.name, f"{strip.lane.name} is not here: {error.what}", alarm=True)
        with self._changed:
            if self._state is State.OPENING:
                self._move(Happening.OPENED)

    def _begin_take(self) -> None:
        with self._changed:
            if self._state is not State.COUNTING:
                return
            number, folder = self._claim()
            prepared: list[Strip] = []
            try:
                self._holding.enter_context(hold.held(folder))
                tracks = []
                for strip in self._strips:
                    prepared.append(strip)
                    tracks.append(strip.prepare(folder))
                self._take = Take(
                    number=number,
                    rolled_at=datetime.now().astimezone().isoformat(timespec="milliseconds"),
                    recorder=os.getpid(),
                    made_by=f"{self.plan.made_by} on {platform.platform(terse=True)}",
                    tracks=tuple(tracks),
                )
                write(self._take, folder)
            except (FlipcastError, OSError) as error:
                self._take = None
                for strip in prepared:
                    if strip.file is not None:
                        with contextlib.suppress(FlipcastError):
                            strip.file.close()
                self._holding.close()
                shutil.rmtree(folder, ignore_errors=True)  # ours alone: nothing was in it when we made it
                if isinstance(error, FlipcastError):
                    raise
                raise TakeError(f"the take cannot be written to {folder}: {error.strerror or error}") from error
            self.folder = folder
            self._cpu_at_roll = time.process_time()
            self.timeline = Timeline(rolled_ns=now_ns())
            self._move(Happening.COUNTED)

    def _claim(self) -> tuple[int, Path]:
        """A number for the take, and its folder, new and empty."""
        takes = self.plan.recording / TAKES
        try:
            takes.mkdir(parents=True, exist_ok=True)
            taken = [int(path.name) for path in takes.iterdir() if path.name.isdecimal()]
            number = max(taken, default=0) + 1
            folder = folder_of(self.plan.recording, number)
            folder.mkdir()
        except OSError as error:
            raise TakeError(
                f"nothing can be recorded in {takes}: {error.strerror or error}", hint="choose another folder"
            ) from error
        return number, folder

    def _watch(self, now: int) -> None:
        timeline, settings = self.timeline, self.plan.settings
        assert timeline
        if self._cut:
            self._stop_because(self._cut)
            return
        if now - self._ticked_ns > _ASLEEP_NS:
            self.say("", f"the recorder stood still for {(now - self._ticked_ns) / SECOND:.1f} s", alarm=True)
        if settings.longest_seconds and timeline.length(now) >= settings.longest_seconds * SECOND:
            self._stop_because("it was as long as it may be", alarm=False)
            return
        if now - self._told_ns < _HEALTH_NS:
            return
        self._note_written(now)
        room = self._room(self._free())
        if room is not None and room <= 0:
            self._stop_because("the disk was nearly full")
        elif room is not None and room < settings.room_to_warn_seconds:
            self._alarm("room", "the disk is full in less than {:.0f} minutes", settings.room_to_warn_seconds / 60)
        else:
            self._alarms.pop("room", None)
        self._watch_pace()

    def _stop_because(self, why: str, *, alarm: bool = True) -> None:
        with self._changed:
            if self._state in (State.ROLLING, State.PAUSED):
                self.say("", f"the take ends: {why}", alarm=alarm)
                self._end_take(Happening.CUT, why)

    def _alarm(self, cause: str, text: str, *values: float) -> None:
        said = text.format(*values)
        if cause not in self._alarms:
            self.say("", said, alarm=True)
        self._alarms[cause] = said

    def _note_written(self, now: int) -> None:
        tracks = [strip.health() for strip in self._strips]
        size = sum(track.size_bytes for track in tracks)
        pictures = [track for track in tracks if not track.kind.is_sound]
        missed = sum(track.late + track.repeated for track in pictures)
        assert self.timeline
        here = self.timeline.length(now)
        self._written.append((here, size, missed, sum(track.count for track in pictures)))
        while here - self._written[0][0] > _WINDOW_NS:
            self._written.popleft()
        self._late_lately = missed - self._written[0][2]

    def _watch_pace(self) -> None:
        first, last = self._written[0], self._written[-1]
        missed, count = self._late_lately, last[3] - first[3]
        if last[0] - first[0] > 5 * SECOND and missed > _SLOW_SHARE * max(1, count + missed):
            self._alarm("pace", "this machine is too slow: {:.0%} of the pictures come late", missed / (count + missed))
        else:
            self._alarms.pop("pace", None)

    def _free(self) -> int:
        folder = self.plan.recording
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        try:
            return shutil.disk_usage(folder).free
        except OSError:
            return 0

    def _room(self, free: int) -> float | None:
        """Seconds until the take would be ended for lack of room."""
        usual = sum(strip.usual_bytes for strip in self._strips)
        rate = usual
        if len(self._written) > 1:
            first, last = self._written[0], self._written[-1]
            if last[0] - first[0] >= 5 * SECOND:
                # A slide that stands still takes next to nothing, but not for ever.
                rate = max((last[1] - first[1]) * SECOND / (last[0] - first[0]), usual / 10)
        if not rate:
            return None
        settings = self.plan.settings
        reserve = max(settings.room_to_stop_mb * 1e6, settings.room_to_stop_seconds * rate)
        return (free - reserve) / rate

    def _refuse_without_room(self) -> None:
        free = self._free()
        room, least = self._room(free), self.plan.settings.room_to_roll_seconds
        if room is not None and room < least:
            raise NoRoomToRecord(
                f"{free / 1e9:.1f} GB are free in {self.plan.recording}: room for {max(0.0, room) / 60:.0f} min, "
                f"and {least / 60:.0f} min are wanted",
                hint="free some room, or record to another disk",
            )

    def _write_down(self) -> None:
        assert self._take
        assert self.folder
        assert self.timeline
        self._take = replace(self._take, pauses=_pauses(self.timeline, now_ns()))
        try:
            write(self._take, self.folder)
        except OSError as error:  # the take rolls on; what is marked is in memory, and written at the end
            self.say("", f"take.json could not be written: {error.strerror or error}", alarm=True)

    def _close_take(self) -> None:
        timeline, take, folder = self.timeline, self._take, self.folder
        assert timeline
        assert timeline.stopped_ns is not None
        assert take
        assert folder
        until = time.monotonic() + _CLOSING_SECONDS
        for strip in self._strips:
            strip.closed.wait(max(0.0, until - time.monotonic()))
        seconds = timeline.length(timeline.stopped_ns) / SECOND
        tracks = tuple(strip.outcome(seconds) for strip in self._strips)
        names = [strip.lane.name for strip in self._strips if not strip.lane.kind.is_sound]
        pictures = [track for track in tracks if track.name in names]
        missed, count = sum(t.late + t.repeated for t in pictures), sum(t.count + t.unchanged for t in pictures)
        outcome = Outcome(
            seconds=seconds,
            tracks=tracks,
            ended_because=self._ended_because,
            alarms=tuple(self._said),
            late_share=missed / max(1, count),
            cpu_seconds=round(time.process_time() - self._cpu_at_roll, 2),
        )
        take = replace(take, pauses=_pauses(timeline, timeline.stopped_ns), outcome=outcome)
        try:
            write(take, folder)
        except OSError as error:
            raise TakeError(f"{folder} cannot be written: {error.strerror or error}") from error
        with self._changed:
            self._take = take
            self._move(Happening.CLOSED)

    def _keep(self) -> None:
        """Bring what was written to the disk, once a second; that may take a while, so nobody else does it."""
        while not self._over.wait(1.0):
            if self._state in (State.ROLLING, State.PAUSED):
                for strip in self._strips:
                    if strip.file is not None:
                        strip.file.keep()


class _Cpu:
    """Processor seconds a second of this process, lately."""

    def __init__(self) -> None:
        self.share = 0.0
        self._past: deque[tuple[int, float]] = deque()

    def measure(self, now: int) -> None:
        self._past.append((now, time.process_time()))
        while now - self._past[0][0] > 2 * SECOND:
            self._past.popleft()
        (began, before), (_, used) = self._past[0], self._past[-1]
        if now > began:
            self.share = round((used - before) * SECOND / (now - began), 3)


def _pauses(timeline: Timeline, now: int) -> tuple[Pause, ...]:
    passed, pauses = 0, []
    for gap in timeline.gaps:
        at = gap.began_ns - timeline.rolled_ns - passed
        length = (now if gap.ended_ns is None else gap.ended_ns) - gap.began_ns
        pauses.append(Pause(at=at / SECOND, seconds=max(0, length) / SECOND))
        passed += length
    return tuple(pauses)
