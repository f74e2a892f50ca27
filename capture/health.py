"""How it is going: what the recorder says several times a second, and what is worth an alarm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from capture.frames import Kind


class State(StrEnum):
    """Where the recorder stands; `capture.recorder` has the table of how it gets from one to the next."""

    OPENING = "opening"
    """The sources are being opened."""

    READY = "ready"
    """Sources are open and can be looked at; nothing is written."""

    COUNTING = "counting"
    """A countdown runs."""

    ROLLING = "rolling"
    """A take is being written."""

    PAUSED = "paused"
    """A take is open, and its clock stands still."""

    STOPPING = "stopping"
    """The tracks are being closed."""

    DONE = "done"
    """The take is whole on disk."""

    FAILED = "failed"
    """There is no take, and there will be none from this recorder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackHealth:
    """How one track is doing."""

    name: str
    """The track's."""

    kind: Kind
    """What it shows or lets hear."""

    device: str
    """What the system calls its source."""

    count: int
    """Pictures, or samples of one channel, so far; those of a screen that stood still too."""

    late: int
    """Pictures that came more than half a beat late, so far."""

    repeated: int
    """Pictures shown again because none came in time, so far."""

    left_out: int
    """Pictures too many, so far."""

    level_dbfs: float | None
    """Of sound: the highest sample of the last moment, dB of full scale; ``None`` for pictures and digital silence."""

    sync_ms: float | None
    """How far the track is off the take's clock now, milliseconds, late positive; ``None`` while unknown."""

    drift_ppm: float | None
    """How much faster the source's own clock runs, millionths; ``None`` for pictures and while unknown."""

    size_bytes: int
    """Written so far."""

    alarm: str
    """What is wrong with it now, in one sentence; empty if nothing is."""

    cause: str = ""
    """The same in a word: ``sight``, ``hearing``, ``lost``, ``broken``; empty if nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a take, or the wait for one, is going at this moment."""

    state: State
    """Where the recorder stands."""

    seconds: float
    """Of the take so far, pauses left out; in a countdown the seconds until it rolls."""

    tracks: tuple[TrackHealth, ...]
    """Each track."""

    free_bytes: int
    """Room left on the disk."""

    room_seconds: float | None
    """How long that lasts at the present rate; ``None`` while it cannot be told."""

    markers: int
    """Set so far."""

    cpu_share: float
    """Processor seconds a second that the recorder used lately."""

    alarm: str
    """What is wrong with the take as a whole, in one sentence; empty if nothing is."""

    cause: str = ""
    """The same in a word: ``room``, ``pace``; empty if nothing is."""

    late_lately: int = 0
    """Pictures of all tracks that were late or repeated in the last half minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that the recorder says once, when it comes about."""

    at: float
    """Seconds of the take; 0 before it."""

    track: str
    """The track that it is about; empty for the take as a whole."""

    text: str
    """What, in one sentence."""

    alarm: bool
    """Whether somebody should do something about it; otherwise it is good to know."""
