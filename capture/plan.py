"""What a take is to be: its sources, and the settings that rule how it is recorded. It travels to the recorder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from capture.sources import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Settings of recording."""

    rate: int = 30
    """Pictures a second asked of screens and cameras."""

    crf: int = 20
    """x264's constant quality of what is kept: lower is better and larger; 18 to 23 keeps text sharp."""

    countdown_seconds: float = 3.0
    """From *roll* to the first picture; 0 for none."""

    longest_seconds: float = 0.0
    """A take is ended when it is so long; 0 for never."""

    begin_without: bool = False
    """Whether a take may begin though a source cannot be opened; its track holds a placeholder until it can."""

    opening_seconds: float = 12.0
    """How long a source may take to open before it counts as one that cannot be."""

    silence_floor_dbfs: float = -70.0
    """A microphone whose highest sample stays below this is silent, dB of full scale."""

    silent_after_seconds: float = 5.0
    """How long it must be silent for an alarm."""

    frozen_after_seconds: float = 5.0
    """How long a camera must show the same picture, or anything be black, for an alarm."""

    room_to_roll_seconds: float = 600.0
    """A take does not begin if the disk is full sooner."""

    room_to_warn_seconds: float = 300.0
    """An alarm is raised if the disk is full sooner."""

    room_to_stop_seconds: float = 20.0
    """A take is ended so long before the disk is full."""

    room_to_stop_mb: int = 200
    """A take is ended when no more room is left than this, millions of bytes; other programs need some too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A take as it is wanted."""

    recording: Path
    """Folder of the lecture; the take gets the first free number in it."""

    sources: tuple[Wanted, ...]
    """What is recorded, a track each, named after their kinds: ``"screen"``, ``"camera-2"``."""

    made_by: str = "flipcast"
    """Which flipcast; written into the take."""

    settings: Record = field(default_factory=Record)
    """How."""

    preview: Path | None = None
    """A folder for the latest pictures and sound (`capture.preview`, `capture.earshot`); ``None`` for none."""


def names_of(sources: tuple[Wanted, ...]) -> tuple[str, ...]:
    """What the tracks of *sources* are called: by their kinds, from the second on with a number."""
    names: list[str] = []
    for wanted in sources:
        before = sum(1 for other in sources[: len(names)] if other.kind is wanted.kind)
        names.append(f"{wanted.kind}-{before + 1}" if before else str(wanted.kind))
    return tuple(names)
