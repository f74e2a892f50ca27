"""Takes and tracks, as they lie on disk: ``takes/01/take.json`` beside one crash-safe file for each track.

A take is written down at *roll*, with what is intended, and at *stop*, with what came of it: an intent without an
outcome is what `capture.recovery` looks at. In between it is written again at each marker and pause, a few bytes as one
whole file, so that not even those are lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from capture.description import from_json, to_json, write_whole
from capture.errors import RecordingDamaged, RecordingMissing
from capture.frames import Kind

DESCRIPTION = "take.json"
"""Name of the file that describes a take, in its folder."""

TAKES = "takes"
"""Name of the folder that holds a recording's takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One stream of a take: what it was meant to be when the take began."""

    name: str
    """Unique in the take: ``"screen"``, ``"camera"``, ``"camera-2"``, ``"microphone"``."""

    kind: Kind
    """What it shows or lets hear."""

    source: str
    """As it was asked for: ``"camera:front"``."""

    device: str
    """What the system calls it."""

    file: str
    """Its file, in the take's folder."""

    width: int = 0
    """Pixels; 0 for sound."""

    height: int = 0
    """Pixels; 0 for sound."""

    rate: Fraction | None = None
    """Frames a second at most; their own times are in the file. ``None`` for sound."""

    sample_rate: int = 0
    """Samples a second of the take's clock; 0 for pictures."""

    channels: int = 0
    """Of sound; 0 for pictures."""

    latency_ms: float = 0.0
    """What was taken off every moment for the way from the world to us, milliseconds."""

    latency_measured: bool = False
    """Whether *latency_ms* was measured on this machine; otherwise it is what is usual for such a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A stretch of a track in which its source gave nothing, covered by a placeholder."""

    at: float
    """Seconds from the start of the take."""

    seconds: float
    """How long."""

    why: str
    """What happened: ``"unplugged"``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """How well a track lies on the take's clock."""

    offset_ms: float
    """Median of how late (positive) what is in the file is against when it was seen or heard, milliseconds."""

    spread_ms: float
    """95 % of moments lie within this of the median, milliseconds."""

    drift_ppm: float
    """How much faster than the take's clock the source's own clock runs, millionths; corrected in the file."""

    slip_ms_per_minute: float
    """What is left of the drift in the file, milliseconds a minute."""

    how: str
    """How it was measured, in one sentence."""

    sure_ms: float
    """The true offset lies within this of *offset_ms*, milliseconds: what the source's latency leaves open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackOutcome:
    """What came of a track."""

    name: str
    """The track's."""

    seconds: float
    """From the start of the take to the track's end."""

    began: float = 0.0
    """Seconds from the start of the take to its first picture or sample."""

    count: int = 0
    """Pictures, or samples of one channel, in the file."""

    unchanged: int = 0
    """Pictures of a screen that are not in the file, since the one before them shows the same."""

    late: int = 0
    """Pictures that came more than half a beat after their time."""

    repeated: int = 0
    """Pictures shown again because none came in time."""

    left_out: int = 0
    """Pictures that came, and were more than the track's rate holds or than could be written in time."""

    losses: tuple[Loss, ...] = ()
    """Where the source gave nothing."""

    silent_seconds: float = 0.0
    """Of sound: seconds in stretches of at least 5 s below the floor; of pictures: seconds black or frozen."""

    lost_seconds: float = 0.0
    """What a crash took from the end of the track, as far as it can be told."""

    peak_dbfs: float | None = None
    """Highest sample, dB of full scale; ``None`` for pictures and for digital silence."""

    sync: Sync | None = None
    """How well it lies on the clock; ``None`` where it could not be measured, after a crash for instance."""

    size_bytes: int = 0
    """Length of the file."""

    whole: bool = True
    """Whether it goes from the take's start to its end without a loss."""

    ended_because: str = ""
    """Why it ended before the take; empty if it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause in recording, of which nothing is in the tracks."""

    at: float
    """Seconds from the start of the take, where it lies between two moments of the tracks."""

    seconds: float
    """How long it lasted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A moment that somebody marked; it becomes a chapter, and a layout may change there."""

    at: float
    """Seconds from the start of the take."""

    label: str = ""
    """What it was called; empty where only a key was pressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a take."""

    seconds: float
    """Its length, pauses left out."""

    tracks: tuple[TrackOutcome, ...]
    """What came of each."""

    ended_because: str
    """Why it ended, in one sentence: ``"stopped"``, ``"the disk was nearly full"``."""

    alarms: tuple[str, ...] = ()
    """What was said while it rolled, each once."""

    late_share: float = 0.0
    """Late and repeated pictures of all tracks, as a share of all pictures, 0 to 1."""

    cpu_seconds: float = 0.0
    """Processor seconds of the recorder while it rolled."""

    recovered: bool = False
    """Whether it was made whole after a crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """From *roll* to *stop*, or to a crash."""

    number: int
    """From 1, in the order they were taken."""

    rolled_at: str
    """When it began: ISO 8601 with the wall clock's zone."""

    recorder: int
    """Process id of the recorder that made it, so that nobody takes a rolling take for a crashed one."""

    made_by: str
    """Which flipcast, and on which system."""

    tracks: tuple[Track, ...]
    """What was meant to be recorded."""

    pauses: tuple[Pause, ...] = ()
    """So far, or in all."""

    markers: tuple[Marker, ...] = ()
    """So far, or in all."""

    outcome: Outcome | None = None
    """What came of it; ``None`` while it rolls, and after a crash until it is recovered."""

    def track(self, name: str) -> Track:
        """The track called *name*; `KeyError` if there is none."""
        return {track.name: track for track in self.tracks}[name]


def folder_of(recording: Path, number: int) -> Path:
    """Where take *number* of the recording in the folder *recording* lies."""
    return recording / TAKES / f"{number:02d}"


def takes_in(recording: Path) -> tuple[Path, ...]:
    """The folders of all takes of the recording in the folder *recording* that are written down, in order."""
    return tuple(sorted(path.parent for path in (recording / TAKES).glob(f"*/{DESCRIPTION}")))


def write(take: Take, folder: Path) -> None:
    """Write *take* down in *folder*, whole or not at all."""
    write_whole(folder / DESCRIPTION, to_json(take))


def read(folder: Path) -> Take:
    """Read the take that lies in *folder*.

    Raises:
        RecordingMissing: none lies there.
        RecordingDamaged: its description cannot be understood.
    """
    path = folder / DESCRIPTION
    try:
        return from_json(path.read_text(encoding="utf-8"), Take)
    except FileNotFoundError:
        raise RecordingMissing(f"no take lies in {folder}") from None
    except ValueError as error:
        raise RecordingDamaged(f"{path} cannot be understood ({error})", hint="run flipcast recover") from None
