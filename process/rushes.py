"""A take as it was recorded, to be watched at once: its pictures copied, not encoded, into what a browser plays.

In the film trade, rushes are what came from the camera that day, to be looked at before anything is cut. Each picture
track becomes an MP4 on the take's own clock, so that two of them that stand at the same second show the same moment;
the sound goes into the first.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capture import take
from capture.frames import Kind
from capture.take import Outcome, Take, Track
from process import ffmpeg
from process.errors import MediaUnreadable, Stopped, TakeUnfinished
from process.ffmpeg import Ffmpeg
from process.step import explained

FOLDER = "rushes"
"""Name of the folder in a lecture's ``work``; whatever lies there may be removed at any time."""

_QUIET_DBFS = -60.0
_ORDER = {Kind.SCREEN: 0, Kind.CAMERA: 1}
_SOUND_BITS = "128k"
_LEFT_SECONDS = 3600.0  # nobody makes rushes for so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Rush:
    """One file to watch."""

    name: str
    """The track's; of sound alone, the sound's."""

    kind: Kind
    """What it shows or lets hear."""

    file: Path
    """Where it lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rushes:
    """A take, to be watched."""

    files: tuple[Rush, ...]
    """The screen first, else the camera: the first has the sound. The sound alone where nothing was seen."""

    seconds: float
    """Length of the take."""


def rushes(
    home: Path,
    into: Path,
    *,
    settings: Ffmpeg | None = None,
    report: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> Rushes:
    """The take that lies in *home*, as files in the folder *into*; those that are there already are not made again.

    Raises:
        TakeUnfinished: it is rolling, or was cut short.
        RecordingMissing, RecordingDamaged: there is no take, or it cannot be understood.
        MediaUnreadable: nothing of it can be read.
        NoRoom, NoRight: the disk would not.
        Stopped: *stop* was set.
    """
    found = take.read(home)
    if found.outcome is None:
        raise TakeUnfinished(
            f"take {found.number} is still rolling, or was cut short", hint="stop it, or run 'flipcast recover'"
        )
    exe = ffmpeg.program(settings or Ffmpeg())
    sound = _heard(found, found.outcome, home)
    seen = sorted((one for one in _there(found, home) if one.kind in _ORDER), key=lambda one: _ORDER[one.kind])
    wanted = [(track, sound if at == 0 else None) for at, track in enumerate(seen)]
    if not wanted and sound is None:
        raise MediaUnreadable(f"take {found.number} holds nothing that can be watched", hint="record again")
    made = []
    with explained(into):
        into.mkdir(parents=True, exist_ok=True)
        for at, (picture, heard) in enumerate(wanted or [(None, sound)]):

            def far(share: float, at: int = at) -> None:
                if report is not None:
                    report((at + share) / max(1, len(wanted)))

            track = picture or heard
            assert track is not None
            if stop is not None and stop.is_set():
                raise Stopped("stopped")
            file = into / f"{take_stem(home)}-{track.name}.mp4"
            sources = [home / take.DESCRIPTION, *(home / one.file for one in (picture, heard) if one is not None)]
            if not _fresh(file, sources):
                _sweep(into, keep=take_stem(home))
                _make(exe, home, picture, heard, file, seconds=found.outcome.seconds, report=far, stop=stop)
            made.append(Rush(name=track.name, kind=track.kind, file=file))
    return Rushes(files=tuple(made), seconds=found.outcome.seconds)


def take_stem(home: Path) -> str:
    """What the files of the take in *home* begin with."""
    return f"take-{home.name}"


def _make(
    exe: str,
    home: Path,
    picture: Track | None,
    sound: Track | None,
    file: Path,
    *,
    seconds: float,
    report: Callable[[float], None],
    stop: threading.Event | None,
) -> None:
    """Write *file*, whole or not at all."""
    scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=file.parent))
    try:
        streams: list[Any] = []
        options: dict[str, Any] = {"copyts": None}  # each track stays where it is on the clock of the take
        if picture is not None:
            streams.append(ffmpeg.media(home / picture.file, "matroska", begins=0.0)["v:0"])
            options |= {"c:v": "copy"}
        if sound is not None:
            streams.append(ffmpeg.media(home / sound.file, "matroska", begins=0.0)["a:0"])
            options |= {"c:a": "aac", "b:a": _SOUND_BITS}
        partial = scratch / file.name
        graph = ffmpeg.output(*streams, ffmpeg.target(partial), f="mp4", movflags="+faststart", **options)
        ffmpeg.run(exe, graph, seconds=seconds, report=report, stop=stop)
        partial.replace(file)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _there(found: Take, home: Path) -> list[Track]:
    """The tracks of which something was recorded."""
    tracks = []
    for track in found.tracks:
        path = home / track.file
        if path.parent == home and path.is_file() and path.stat().st_size:
            tracks.append(track)
    return tracks


def _heard(found: Take, outcome: Outcome, home: Path) -> Track | None:
    """The sound to be heard: the first microphone that hears something, else what the machine played."""
    peaks = {one.name: one.peak_dbfs for one in outcome.tracks}
    sounds = [one for one in _there(found, home) if one.kind.is_sound]
    sounds.sort(key=lambda one: one.kind is not Kind.MICROPHONE)
    loud = [one for one in sounds if (peaks.get(one.name) or -999.0) > _QUIET_DBFS]
    return next(iter([*loud, *sounds]), None)


def _sweep(into: Path, *, keep: str) -> None:
    """Remove what whoever was killed left in *into*, and films of other takes than the one called *keep*."""
    for left in into.glob(".making-*"):
        if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    for film in into.glob("take-*.mp4"):
        if not film.name.startswith(f"{keep}-"):
            film.unlink(missing_ok=True)


def _fresh(file: Path, sources: list[Path]) -> bool:
    """Whether *file* was made of *sources* as they are now."""
    try:
        made = file.stat().st_mtime_ns
    except OSError:
        return False
    return all(source.stat().st_mtime_ns <= made for source in sources)
