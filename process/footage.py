"""What a lecture is made from: a file that was handed in, or the tracks of a take, which lie side by side in a folder.

Each piece of it is known again by its size, its time and a digest of samples, so that nothing is done twice for what
has not changed, and nothing is kept of what has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from capture import recording, take
from capture.description import to_json
from capture.errors import RecordingMissing
from capture.frames import Kind
from capture.recording import Recording
from capture.take import Take
from process.errors import MediaUnreadable, TakeUnfinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file, and what makes it recognisable."""

    file: str
    """In the folder of the footage; empty where the footage is this one file."""

    name: str
    """The track's; empty for a file that was handed in."""

    kind: Kind | None
    """What the track shows or lets hear; ``None`` for a file that was handed in."""

    size_bytes: int
    """Length of the file."""

    modified_ns: int
    """Modification time, nanoseconds since 1970."""

    digest: str
    """Of samples of the content, hexadecimal."""

    rate: Fraction | None = None
    """Pictures a second that a screen was grabbed at; where it stood still, fewer are in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What a lecture is made from."""

    path: Path
    """The file, or the folder of the take; a piece lies at *path* / its file."""

    pieces: tuple[Piece, ...]
    """One, or one for each track of the take."""

    take: Take | None = None
    """What came of the take; ``None`` for a file that was handed in."""

    notes: tuple[str, ...] = ()
    """What is odd about it, in whole sentences."""

    @property
    def size_bytes(self) -> int:
        """Of all pieces."""
        return sum(piece.size_bytes for piece in self.pieces)

    def recipe(self) -> str:
        """Text that is another for other footage."""
        return f"{to_json(self.pieces)} {to_json(self.take) if self.take else ''} {self.notes}"

    def check(self) -> None:
        """Raise `MediaUnreadable` if a file is not any more what it was."""
        for piece in self.pieces:
            path = self.path / piece.file
            try:
                now = path.stat()
            except OSError:
                raise MediaUnreadable(
                    f"{path} is gone", hint="put it back, or hand it in from where it is now; it goes on where it was"
                ) from None
            if (now.st_size, now.st_mtime_ns) != (piece.size_bytes, piece.modified_ns):
                raise MediaUnreadable(
                    f"{path} changed while it was worked on", hint="wait until it is whole, and run the command again"
                )


def footage(recorded: Recording, folder: Path, *, number: int = 0) -> Footage:
    """What the lecture of *recorded*, which lies in *folder*, is made from: take *number*, or the last that is whole.

    Raises:
        RecordingMissing: nothing has been recorded, or there is no such take.
        TakeUnfinished: the take is still rolling, or was cut short.
    """
    if (file := recorded.handed_in) is not None:
        piece = Piece(
            file="",
            name="",
            kind=None,
            size_bytes=file.size_bytes,
            modified_ns=file.modified_ns,
            digest=file.digest,
        )
        return Footage(path=file.path, pieces=(piece,))
    homes = take.takes_in(folder)
    if not homes:
        raise RecordingMissing(f"{folder.name} has no take yet", hint=f"run 'flipcast record {folder.name}'")
    if number and take.folder_of(folder, number) not in homes:
        there = ", ".join(home.name.lstrip("0") for home in homes)
        raise RecordingMissing(f"{folder.name} has no take {number}", hint=f"there are: {there}")
    unfinished: list[Take] = []
    for home in [take.folder_of(folder, number)] if number else reversed(homes):
        found = take.read(home)
        if found.outcome is not None:
            notes = [f"Take {other.number} is unfinished; take {found.number} was used." for other in unfinished[:1]]
            return _of_take(found, home, notes)
        unfinished.append(found)
    raise TakeUnfinished(
        f"take {unfinished[0].number} of {folder.name} is still rolling, or was cut short",
        hint="stop it, or run 'flipcast recover'",
    )


def _of_take(found: Take, home: Path, notes: Sequence[str]) -> Footage:
    pieces, missing = [], []
    for track in found.tracks:
        path = home / track.file
        if path.parent != home or not path.is_file() or not path.stat().st_size:
            missing.append(track.name)
            continue
        known = recording.hand_in(path).handed_in
        assert known is not None
        pieces.append(
            Piece(
                file=track.file,
                name=track.name,
                kind=track.kind,
                size_bytes=known.size_bytes,
                modified_ns=known.modified_ns,
                digest=known.digest,
                rate=track.rate if track.kind is Kind.SCREEN else None,
            )
        )
    if not pieces:
        raise MediaUnreadable(
            f"take {found.number} holds no track in {home}", hint="choose another take with --take, or record again"
        )
    lost = tuple(f"Nothing was recorded of {name}." for name in missing)
    return Footage(path=home, pieces=tuple(pieces), take=found, notes=(*notes, *lost, *_told(found)))


def _told(take: Take) -> tuple[str, ...]:
    """What a person should know of a take, in whole sentences."""
    outcome = take.outcome
    if outcome is None:
        return ()
    notes = ["The recording was cut short, and made whole again."] if outcome.recovered else []
    for track in outcome.tracks:
        gone = sum(loss.seconds for loss in track.losses)
        if gone >= 0.5:
            why = ", ".join(dict.fromkeys(loss.why for loss in track.losses))
            notes.append(f"{track.name} gave nothing for {gone:.1f} seconds ({why}).")
        if track.lost_seconds >= 0.05:
            notes.append(f"The last {track.lost_seconds:.1f} seconds of {track.name} were lost.")
        if track.ended_because:
            notes.append(f"{track.name} ended after {track.seconds:.0f} seconds ({track.ended_because}).")
    return tuple(notes)
