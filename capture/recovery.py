"""Takes that ended without a goodbye, made whole.

A take whose description has an intent and no outcome, and that nobody holds (`capture.hold`), was cut short. Each of
its tracks is made whole by itself (`capture.mending`), and the outcome is written last: who dies meanwhile, of a full
disk or of anything, has changed nothing that counts, and running it again completes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from capture import hold, mending, rebuilding, take
from capture.errors import RecordingDamaged, RecordingMissing, TakeError
from capture.mending import Mended
from capture.take import Outcome, Take, Track, TrackOutcome

KILLED = "the recorder was killed"
"""Why a take ended that has no outcome."""

_CERTAIN_SECONDS = 5.0
"""The last write says when the recorder died if it was at most so long after the end of the longest track; if it was
longer ago, somebody copied the files, or set the clock."""

_NOTICED_SECONDS = 0.1
"""A track that ends so much before the others has lost something."""


def takes_in(recording: Path) -> tuple[Path, ...]:
    """Folders of all takes of the recording in the folder *recording*, in order, those without a description too."""
    lying = (path for path in (recording / take.TAKES).glob("*") if path.is_dir() and path.name.isdigit())
    return tuple(sorted(path for path in lying if (path / take.DESCRIPTION).exists() or rebuilding.media_in(path)))


def unfinished(recording: Path) -> tuple[Path, ...]:
    """Folders of the takes in *recording* that were cut short: no outcome, and nobody who is at work on it."""
    return tuple(folder for folder in takes_in(recording) if not _is_done(folder) and not hold.is_held(folder))


def rolling(recording: Path) -> tuple[Path, ...]:
    """Folders of the takes in *recording* that somebody is at work on now: they roll, or are being recovered."""
    return tuple(folder for folder in takes_in(recording) if not _is_done(folder) and hold.is_held(folder))


def recover(
    folder: Path,
    *,
    report: Callable[[float], None] = lambda done: None,
    stop: threading.Event | None = None,
) -> Take:
    """Make the take in *folder* whole, and return it; one that is whole already is returned as it is.

    *report* is told how far it is, 0 to 1.

    Raises:
        WrongMoment: it is still rolling, or somebody else is recovering it.
        RecordingMissing: no take lies there.
        NoRoomToRecord: the disk has no room for a copy of one track; nothing is changed.
        TakeError: *stop* was set, or the folder cannot be written to.
    """
    if not folder.is_dir():
        raise RecordingMissing(f"no take lies in {folder}")
    with hold.held(folder):
        found, notes = _intent(folder)
        if found.outcome is not None:
            return found
        sizes = {track.name: _size(folder, track) for track in found.tracks}
        total, before = sum(sizes.values()) or 1, 0
        results = []
        for track in found.tracks:
            said = _Share(report, before, sizes[track.name], total)
            results.append(_mended(folder, track, said, stop or threading.Event()))
            before += sizes[track.name]
        if notes:
            found = replace(found, rolled_at=_rolled_at(folder, results))
        whole = replace(found, outcome=_outcome(found, folder, results, notes))
        try:
            take.write(whole, folder)
        except OSError as error:
            raise TakeError(
                f"what came of the take in {folder} cannot be written: {error.strerror or error}",
                hint="free some space, and run flipcast recover again",
            ) from None
        report(1.0)
        return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What became of one track's file."""

    track: Track
    mended: Mended | None
    lost_because: str


@dataclass(frozen=True, slots=True)
class _Share:
    """Tells how far all is, where one track's bytes are told."""

    report: Callable[[float], None]
    before: int
    size: int
    total: int

    def __call__(self, done: int) -> None:
        self.report(min(0.99, (self.before + min(done, self.size)) / self.total))


def _is_done(folder: Path) -> bool:
    try:
        return take.read(folder).outcome is not None
    except (RecordingDamaged, RecordingMissing):
        return False


def _intent(folder: Path) -> tuple[Take, list[str]]:
    """The take as it was written down, or as its files tell; and what is to be said of that."""
    description = folder / take.DESCRIPTION
    kept = description.with_name(description.name + mending.ASIDE)
    try:
        return take.read(folder), []
    except RecordingMissing:
        made = rebuilding.rebuilt(folder)
    except RecordingDamaged:
        made = rebuilding.rebuilt(folder)
        description.replace(kept)
    was = f"was damaged, and is kept as {kept.name}" if kept.exists() else "was never written"
    return made, [f"its description {was}; what is known of it was read from its files"]


def _size(folder: Path, track: Track) -> int:
    with suppress(OSError):
        return (folder / track.file).stat().st_size
    return 0


def _written(folder: Path, track: Track) -> float:
    with suppress(OSError):
        return (folder / track.file).stat().st_mtime
    return 0.0


def _mended(folder: Path, track: Track, report: Callable[[int], None], stop: threading.Event) -> _Result:
    """What could be made of *track*; a track that is lost is no failure, since the others may be whole."""
    path = folder / track.file
    if path.name != track.file:
        return _Result(track=track, mended=None, lost_because=f"its file {track.file!r} is not in the take's folder")
    try:
        return _Result(track=track, mended=mending.mend(path, report=report, stop=stop), lost_because="")
    except FileNotFoundError:
        return _Result(track=track, mended=None, lost_because=f"its file {track.file} is missing")
    except RecordingDamaged as error:
        return _Result(track=track, mended=None, lost_because=f"{error.what}; it was left as it is")


def _outcome(found: Take, folder: Path, results: list[_Result], notes: list[str]) -> Outcome:
    ends = [result.mended.seconds for result in results if result.mended]
    seconds = max(ends, default=0.0)
    died = max(seconds, _died(found, folder, seconds))
    tracks = tuple(_track_outcome(result, seconds, died, folder) for result in results)
    said = list(notes)
    for result in results:
        if result.mended and result.mended.odd:
            said.append(f"{result.track.name}: {result.mended.odd}")
        elif result.lost_because:
            said.append(f"{result.track.name}: {result.lost_because}")
    return Outcome(seconds=seconds, tracks=tracks, ended_because=KILLED, alarms=tuple(said), recovered=True)


def _track_outcome(result: _Result, seconds: float, died: float, folder: Path) -> TrackOutcome:
    mended, name = result.mended, result.track.name
    if mended is None:
        return TrackOutcome(
            name=name,
            seconds=0.0,
            lost_seconds=round(died, 3),
            size_bytes=_size(folder, result.track),
            whole=False,
            ended_because=result.lost_because,
        )
    early = seconds - mended.seconds
    return TrackOutcome(
        name=name,
        seconds=mended.seconds,
        began=mended.began,
        count=mended.count,
        losses=mended.holes,
        lost_seconds=round(died - mended.seconds, 3),
        size_bytes=mended.size_bytes,
        whole=not mended.holes and early <= _NOTICED_SECONDS,
        ended_because=KILLED if early > _NOTICED_SECONDS else "",
    )


def _rolled_at(folder: Path, results: list[_Result]) -> str:
    """When a take began of which no description says it: its length before the last write, pauses unknown."""
    rolled = [_written(folder, r.track) - (r.mended.seconds if r.mended else 0.0) for r in results]
    return datetime.fromtimestamp(min(rolled)).astimezone().isoformat(timespec="seconds")


def _died(found: Take, folder: Path, seconds: float) -> float:
    """Seconds from the start of the take to the last write to any of its files; *seconds* if that cannot be believed.

    What was written last is a quarter of a second of the longest track: it cannot be much later than its end.
    """
    try:
        rolled = datetime.fromisoformat(found.rolled_at)
    except ValueError:
        return seconds
    if rolled.tzinfo is None or not rolled.microsecond:
        return seconds  # written down in whole seconds: less is known by it than by the tracks
    last = datetime.fromtimestamp(max((_written(folder, track) for track in found.tracks), default=0.0), tz=UTC)
    at = (last - rolled).total_seconds() - sum(pause.seconds for pause in found.pauses)
    return at if seconds <= at <= seconds + _CERTAIN_SECONDS else seconds
