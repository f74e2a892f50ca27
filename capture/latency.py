"""How late each source of this machine is, measured: the screen flashes, the speaker beeps, and the sources listen.

Flash and beep each have a moment of their own that is known, so they need not come together. A source is late by what
lies between that moment and the moment it stamps. A camera tells only between which two of its pictures the flash
came, and so between which two figures its lateness lies; the flashes are spread over its beat, and what most of those
spans have in common is known to a few milliseconds. They come in an uneven rhythm, so that nothing which blinks by
itself, however regularly, can be taken for them. What a monitor and a loudspeaker themselves take, some 5 to 20 ms,
is in what is measured, since no program can see it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Event, Thread

import numpy as np
from numpy.typing import NDArray

from capture.errors import DeviceError, DeviceLost, FlipcastError
from capture.frames import Frame, Sound
from capture.sources import Source, Wanted, open_source
from capture.sources.signals import FLASH_SECONDS, Signal, lamp, speaker
from capture.sources.speaker import beep

TIMES = 17
"""Flashes and beeps that are given."""

PERIOD_SECONDS = 1.0
"""From one to the next, on the mean; slower than any light that could harm somebody, longer than a source is late."""

UNEVEN = 0.3
"""Within so much of a period each comes later than on an even beat; from one to the next it is 0.89 or 1.19 of one."""

LEAST_SHARE = 0.7
"""Fewer of them found are no measurement."""

AGREEING_MS = 100.0
"""Flashes or beeps that lie further from what most say were somebody else's: a lamp, another screen, a door."""

_GOLDEN = 0.618034
_BEAT_SECONDS = 1 / 30
_SETTLE_SECONDS = 1.5
_CELLS = (16, 9)
_LEAST_LEVELS = 12.0
_LEAST_PEAK = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """What was measured of one source."""

    wanted: Wanted
    """The source."""

    latency_ms: float
    """How late it is."""

    spread_ms: float
    """95 % of the times agree with it within this."""

    found: int
    """Flashes or beeps that it saw or heard."""

    given: int
    """Flashes or beeps that there were."""


def measure(
    sources: Sequence[Wanted],
    *,
    report: Callable[[float], None] = lambda far: None,
    stop: Event | None = None,
) -> tuple[Lateness, ...]:
    """How late each of *sources* is.

    Raises:
        DeviceError: one cannot be opened, nothing can flash or beep, or it was not seen or heard.
    """
    stop, times, period = stop or Event(), TIMES, PERIOD_SECONDS
    listeners = [_Listener(replace(wanted, latency_ms=0.0)) for wanted in sources]
    with ExitStack() as stack:
        sights = any(not wanted.kind.is_sound for wanted in sources)
        hears = any(wanted.kind.is_sound for wanted in sources)
        light = stack.enter_context(lamp()) if sights else None
        sound = stack.enter_context(speaker()) if hears else None
        for listener in listeners:
            stack.enter_context(contextlib.closing(listener))
            listener.start()
        for listener in listeners:
            listener.opened()
        stop.wait(_SETTLE_SECONDS)
        flashes, beeps = _given(light, sound, times=times, period=period, report=report, stop=stop)
        stop.wait(period)
    for listener in listeners:
        listener.ended()
    report(1.0)
    results = []
    for wanted, listener in zip(sources, listeners, strict=True):
        given = beeps if wanted.kind.is_sound else flashes
        late = listener.late_ms(given, patience=period * 0.8)
        results.append(_judged(wanted, late, given=len(given)))
    return tuple(results)


def _given(
    light: Signal | None,
    sound: Signal | None,
    *,
    times: int,
    period: float,
    report: Callable[[float], None],
    stop: Event,
) -> tuple[list[int], list[int]]:
    """The moments of the flashes and of the beeps."""
    flashes, beeps = [], []
    began = time.monotonic()
    for number in range(times):
        if stop.wait(max(0.0, began + due(number, period=period) - time.monotonic())):
            raise DeviceError("the check was stopped", hint="nothing was changed")
        if light is not None:
            flashes.append(light.give())
        if sound is not None:
            beeps.append(sound.give())
        report((number + 1) / (times + 2))
    return flashes, beeps


def due(number: int, *, period: float) -> float:
    """When flash *number* is due, seconds from the first: later by a part of a *period* and of a camera's beat.

    The golden section spreads any number of flashes evenly over both, whatever the camera's beat is exactly.

    >>> [round(due(number, period=1.0), 2) for number in range(4)]
    [0.0, 1.21, 2.08, 3.28]
    """
    part = number * _GOLDEN % 1
    return number * period + part * (UNEVEN * period + _BEAT_SECONDS)


Span = tuple[float, float]
"""At least and at most so late, milliseconds; the same twice where it is known exactly."""


def common(spans: Sequence[Span]) -> tuple[float, float]:
    """The lateness that most of *spans* have in common, and within what 95 % of them agree with it.

    >>> common([(0, 30), (8, 38), (-20, 12), (9, 9)])
    (9.0, 0.0)
    >>> common([(4.0, 4.0), (5.0, 5.0), (6.0, 6.0)])
    (5.0, 1.0)
    """
    edges = np.array(spans, float)
    exact = edges[edges[:, 0] == edges[:, 1], 0]
    if len(exact) > len(edges) / 2:
        middle, half = float(np.median(exact)), 0.0
    else:
        points = np.unique(edges)
        holding = [(int(((edges[:, 0] <= at) & (at <= edges[:, 1])).sum()), at) for at in points]
        most = max(count for count, _ in holding)
        best = [at for count, at in holding if count == most]
        middle, half = float(best[0] + best[-1]) / 2, float(best[-1] - best[0]) / 2
    off = np.maximum(0.0, np.maximum(edges[:, 0] - middle, middle - edges[:, 1]))
    return middle, float(max(half, np.quantile(off, 0.95, method="higher")))


def _judged(wanted: Wanted, late: list[Span], *, given: int) -> Lateness:
    name = wanted.label or str(wanted.kind)
    middle, spread = common(late) if late else (0.0, 0.0)
    agreeing = sum(least - AGREEING_MS <= middle <= most + AGREEING_MS for least, most in late)
    if agreeing < LEAST_SHARE * given:
        sound = wanted.kind.is_sound
        hint = (
            "turn the speaker up, take off headphones, and see that nothing else makes a noise"
            if sound
            else "let the whole screen be seen"
            if wanted.kind.value == "screen"
            else "point it at the screen, near enough to fill half of the picture, and dim the room"
        )
        what = f"{len(late)} of {given} {'beeps were heard by' if sound else 'flashes were seen by'} {name}"
        what = f"only {what}" if late else what.replace("0 of", "none of", 1)
        if agreeing < len(late):
            what += f", and {len(late) - agreeing} of these were not ours, by when they came"
        raise DeviceError(what, hint=hint)
    # A screen is grabbed about as soon as it is drawn: less than nothing is the uncertainty of when that was.
    return Lateness(
        wanted=wanted,
        latency_ms=max(0.0, round(middle, 2)),
        spread_ms=round(spread, 2),
        found=len(late),
        given=given,
    )


class _Listener(Thread):
    """One source, listened to on a thread of its own; it keeps no more of it than is needed."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(name=f"listening to {wanted.label or wanted.kind}", daemon=True)
        self._wanted = wanted
        self._source: Source | None = None
        self._answered = Event()
        self._closed = False
        self._fault: FlipcastError | None = None
        self._moments: list[int] = []
        self._levels: list[NDArray[np.float32]] = []
        self._sounds: list[Sound] = []

    def run(self) -> None:
        try:
            self._source = open_source(self._wanted)
            self._answered.set()
            if self._closed:
                self._source.close()
            for item in self._source.frames():
                if isinstance(item, Frame):
                    self._moments.append(item.at_ns)
                    self._levels.append(_cells(item.picture))
                else:
                    self._sounds.append(item)
        except FlipcastError as error:
            self._fault = error
        finally:
            self._answered.set()
            if self._source is not None:
                self._source.close()

    def opened(self) -> None:
        """Wait until it is open, or cannot be."""
        if not self._answered.wait(20):
            raise DeviceLost(f"{self._wanted.label} did not open within 20 s", hint="unplug it and plug it in again")
        if self._fault is not None:
            raise self._fault

    def close(self) -> None:
        """Let it end."""
        self._closed = True
        if self._source is not None:
            self._source.close()
        if self.ident is not None:
            self.join(5)

    def ended(self) -> None:
        """Raise what ended it before its time."""
        if self._fault is not None:
            raise self._fault

    def late_ms(self, given: Sequence[int], *, patience: float) -> list[Span]:
        """How late each signal *given* was that came within *patience* seconds, milliseconds."""
        if self._wanted.kind.is_sound:
            return _heard(self._sounds, given, patience=patience)
        return _seen(np.array(self._moments), self._levels, given, patience=patience)


def _cells(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How light each of a few parts of the picture is: a flash may be seen in some of them alone."""
    wide, high = _CELLS
    height, width = picture.shape[:2]
    step_y, step_x = max(1, height // high // 6), max(1, width // wide // 6)
    green = picture[::step_y, ::step_x, 1]
    rows, columns = green.shape[0] // high * high, green.shape[1] // wide * wide
    parts = green[:rows, :columns].reshape(high, rows // high, wide, columns // wide)
    means: NDArray[np.float32] = parts.mean(axis=(1, 3), dtype=np.float32).ravel()
    return means


def _seen(
    moments: NDArray[np.int64], levels: Sequence[NDArray[np.float32]], given: Sequence[int], *, patience: float
) -> list[Span]:
    """How late each flash was seen: between the last dark picture and the first light one."""
    if len(levels) < 2:
        return []
    grid = np.array(levels)
    swing = np.quantile(grid, 0.9, axis=0) - np.quantile(grid, 0.1, axis=0)
    if swing.max() < _LEAST_LEVELS:
        return []
    light = grid[:, swing > swing.max() / 2].mean(axis=1)
    late = []
    for at_ns in given:
        first, last = np.searchsorted(moments, [at_ns, at_ns + int(patience * 1e9)])
        before = light[max(0, first - 10) : max(first, 1)].min()
        part = light[first:last]
        if len(part) < 2 or part.max() - before < max(_LEAST_LEVELS, swing.max() / 3):
            continue
        half = (before + part.max()) / 2
        lit = first + int(np.argmax(part > half))
        if lit == 0 or light[lit - 1] > half:
            continue
        over = np.searchsorted(moments, moments[lit] + int(2 * FLASH_SECONDS * 1e9))
        if light[lit : over + 1].min() > half or np.count_nonzero(np.diff(part > half)) > 2:
            continue  # lit, and lit it stays, or lit more than once: a lamp in the room
        late.append((float(moments[lit - 1] - at_ns) / 1e6, float(moments[lit] - at_ns) / 1e6))
    return late


def _heard(sounds: Sequence[Sound], given: Sequence[int], *, patience: float) -> list[Span]:
    """How late each beep was heard: where the recording is most like the beep."""
    if not sounds:
        return []
    step = float(np.median([sound.step_ns for sound in sounds]))
    pattern = beep(round(1e9 / step))
    samples = np.concatenate([sound.samples.mean(axis=1) for sound in sounds])
    moments = np.concatenate([sound.at_ns + np.arange(len(sound.samples)) * sound.step_ns for sound in sounds])
    late = []
    for at_ns in given:
        first, last = np.searchsorted(moments, [at_ns - 20e6, at_ns + patience * 1e9])
        part = samples[first:last]
        if len(part) < 2 * len(pattern):
            continue
        count = len(part) + len(pattern)
        likeness = np.fft.irfft(np.fft.rfft(part, count) * np.conj(np.fft.rfft(pattern, count)), count)
        likeness = np.abs(likeness[: len(part) - len(pattern)])
        peak = int(np.argmax(likeness))
        usual = float(np.sqrt(np.mean(np.square(likeness))))
        if likeness[peak] > max(_LEAST_PEAK * usual, 1e-3):
            exactly = float(moments[first + peak] - at_ns) / 1e6
            late.append((exactly, exactly))
    return late
