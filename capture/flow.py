"""What stands between a lens and a file: a thread that reads ahead, and a beat that is kept.

A source is drained on a thread of its own, whatever becomes of its pictures: a camera that is read at half its speed
is seconds behind before anyone notices. What cannot be taken in time is counted and left out, oldest first. A source
that is lost is asked for again, by itself, until it is back.

Pictures keep the moments at which they were seen; putting them on an even grid would cost up to a beat of sync. The
beat only says which are too many, which came late, and how many should have come in between.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

from capture.clock import SECOND
from capture.errors import DeviceLost, FlipcastError
from capture.frames import Frame, PictureShape, Sound, SoundShape

_AGAIN_SECONDS, _AGAIN_AT_MOST_SECONDS = 1.0, 5.0
_CLOSING_SECONDS = 1.5

_HELD_UP_BEATS = 10
"""So many pictures may come at once, and all are kept: a network, or a busy machine, had held them up."""


class Lens(Protocol):
    """An open source, as far as it matters here."""

    device: str
    shape: PictureShape | SoundShape

    def frames(self) -> Iterator[Frame] | Iterator[Sound]:
        """Yield what comes in."""

    def close(self) -> None:
        """Let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The source is open, for the first time or again."""

    device: str
    """What the system calls it."""

    shape: PictureShape | SoundShape
    """What it gives."""

    latency_ms: float
    """What it takes off its moments, milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The source cannot be opened, or gives no more; it is asked for again."""

    error: FlipcastError
    """Why."""


class Ahead:
    """A source read ahead on a thread of its own, and opened again whenever it is lost.

    A context manager; `next` gives what came in, in its order.
    """

    def __init__(self, opening: Callable[[], Lens], *, name: str, room: int) -> None:
        """Of a source that *opening* opens, at most *room* pictures or pieces of sound wait."""
        self.left_out = 0
        """What came while no room was left."""
        self._opening, self._name, self._room = opening, name, room
        self._waiting: deque[Frame | Sound | Opened | Lost] = deque()
        self._came = threading.Condition()
        self._reader: _Reader | None = None

    def __enter__(self) -> Ahead:
        self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def next(self, seconds: float) -> Frame | Sound | Opened | Lost | None:
        """The next that came in, waited for no longer than *seconds*; ``None`` if nothing came."""
        with self._came:
            if not self._waiting:
                self._came.wait(seconds)
            return self._waiting.popleft() if self._waiting else None

    def renew(self, error: FlipcastError) -> None:
        """Give up the source as it is, which neither brings anything nor ends, because of *error*, and open it anew."""
        old, self._reader = self._reader, None
        with self._came:
            self._waiting.append(Lost(error=error))
        if old is not None:
            # A device that hangs may hang in its closing too: nobody waits for it.
            threading.Thread(target=old.close, name=f"{self._name} given up", daemon=True).start()
        self._begin(_AGAIN_SECONDS)

    def close(self) -> None:
        """Close the source and end its thread."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
            reader.thread.join(_CLOSING_SECONDS)
        with self._came:
            self._waiting.clear()

    def _begin(self, wait: float = 0.0) -> None:
        reader = _Reader()
        reader.thread = threading.Thread(
            target=self._read, args=(reader, wait), name=f"{self._name} source", daemon=True
        )
        self._reader = reader
        reader.thread.start()

    def _read(self, reader: _Reader, wait: float) -> None:
        reader.ended.wait(wait)
        again = _AGAIN_SECONDS
        while not reader.ended.is_set():
            try:
                source = self._opening()
            except Exception as error:  # whatever a driver throws: the other tracks go on, and it is asked for again
                lost = _explained(error, self._name)
            else:
                again = _AGAIN_SECONDS
                lost = self._drain(source, reader)
            self._put(Lost(error=lost), reader)
            reader.ended.wait(again)
            again = min(again * 1.5, _AGAIN_AT_MOST_SECONDS)

    def _drain(self, source: Lens, reader: _Reader) -> FlipcastError:
        reader.source = source
        try:
            latency_ms = float(getattr(source, "latency_ms", 0.0))
            self._put(Opened(device=source.device, shape=source.shape, latency_ms=latency_ms), reader)
            if not reader.ended.is_set():
                for frame in source.frames():
                    self._put(frame, reader)
            return DeviceLost(f"{self._name} gives no more", hint="it is asked for again")
        except Exception as error:
            return _explained(error, self._name)
        finally:
            reader.close_source()

    def _put(self, item: Frame | Sound | Opened | Lost, reader: _Reader) -> None:
        with self._came:
            if reader.ended.is_set():
                return
            if isinstance(item, Frame | Sound):
                frames = [place for place, other in enumerate(self._waiting) if isinstance(other, Frame | Sound)]
                if len(frames) >= self._room:
                    del self._waiting[frames[0]]
                    self.left_out += 1
            self._waiting.append(item)
            self._came.notify()


class _Reader:
    """One thread that reads, and the source that it has open."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.source: Lens | None = None
        self.thread: threading.Thread

    def close(self) -> None:
        self.ended.set()
        self.close_source()

    def close_source(self) -> None:
        source, self.source = self.source, None
        if source is not None:
            source.close()


def _explained(error: Exception, name: str) -> FlipcastError:
    if isinstance(error, FlipcastError):
        return error
    return DeviceLost(f"{name} failed: {str(error) or type(error).__name__}", hint="it is asked for again")


class Beat:
    """Which pictures of a stream are kept, and how many came late or not at all.

    >>> beat = Beat(Fraction(10))
    >>> [beat.takes(ms * 1_000_000) for ms in (0, 100, 120, 200, 400, 570)]
    [True, True, False, True, True, True]
    >>> (beat.left_out, beat.repeated, beat.late)
    (1, 1, 1)
    """

    def __init__(self, rate: Fraction, *, granted: Fraction | None = None) -> None:
        """Of at most *rate* a second; of a source that promised *granted*, which may be fewer."""
        self.late = 0
        """Pictures that came more than half a beat after their time."""
        self.repeated = 0
        """Beats to which none came: what was shown before is shown on."""
        self.left_out = 0
        """Pictures more than *rate* holds."""
        self._shortest_ns = SECOND / rate
        self._beat_ns = SECOND / min(rate, granted) if granted else self._shortest_ns
        self._seen: deque[int] = deque(maxlen=31)
        self._slack = 0.9
        self._due_ns = 0.0
        self._last_ns: int | None = None

    def listen(self, at_ns: int) -> None:
        """Learn the true rate of a source from its picture of *at_ns*, before the take: many say another than is."""
        self._seen.append(at_ns)
        if len(self._seen) > 10:
            steps = sorted(after - before for before, after in pairwise(self._seen))
            usual = Fraction(steps[len(steps) // 2])
            self._beat_ns = max(self._shortest_ns, usual)
            # One that is a little fast is taken as it is; of one that is much faster only every second is.
            self._slack = 0.9 if usual > 0.9 * self._shortest_ns else 1.0

    def rest(self) -> None:
        """The next picture is on time, whenever it comes: there was a pause, or a loss."""
        self._last_ns = None

    def takes(self, at_ns: int) -> bool:
        """Whether the picture of the moment *at_ns* is kept."""
        if self._last_ns is None:
            self._last_ns, self._due_ns = at_ns, at_ns + self._slack * self._shortest_ns
            return True
        if at_ns < self._due_ns - 0.4 * self._shortest_ns:
            self.left_out += 1
            return False
        shortest_ns = float(self._shortest_ns)
        self._due_ns = max(self._due_ns, at_ns - _HELD_UP_BEATS * shortest_ns) + self._slack * shortest_ns
        beats = (at_ns - self._last_ns) / self._beat_ns
        if beats > 1.5:
            self.repeated += int(beats) - 1
            self.late += beats % 1 > 0.5
        self._last_ns = at_ns
        return True
