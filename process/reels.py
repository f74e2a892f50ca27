"""The tracks of a take, looked through: what each holds, and when on the take's clock."""

from __future__ import annotations

import cmath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import pi
from pathlib import Path

from capture.frames import Kind
from process import probe
from process.errors import LayoutImpossible, MediaUnreadable, NothingToPlay
from process.footage import Piece
from process.layout import Compose
from process.probe import Media, Picture
from process.step import Needs, Room, step


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """One track of a take, looked through."""

    name: str
    """The track's."""

    kind: Kind
    """What it shows or lets hear."""

    file: str
    """Its file, in the take's folder."""

    media: Media
    """What it holds, on the take's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reels:
    """The tracks of a take that can be read."""

    reels: tuple[Reel, ...]
    """In the order of the take."""

    seconds: float
    """Length of the lecture: from *zero* to the end of the longest track."""

    zero: float
    """Seconds on the take's clock at which the lecture begins: half a frame from its start at most, so that the
    pictures fall on the lecture's beats. Between two beats, each would be shown up to half a frame off its time."""

    notes: tuple[str, ...]
    """What is odd about them, in whole sentences."""

    def of(self, *kinds: Kind) -> tuple[Reel, ...]:
        """Those that are of one of *kinds*."""
        return tuple(reel for reel in self.reels if reel.kind in kinds)


@step("examine", edition=1, gives=Reels, needs=Needs(cores=1))
def look_through(room: Room, *, source: Path, pieces: tuple[Piece, ...]) -> Reels:
    """Look through the tracks of the take in the folder *source*."""
    found: list[Reel] = []
    notes: list[str] = []
    for number, piece in enumerate(pieces):
        part = number / len(pieces)
        assert piece.kind is not None
        try:
            media = probe.probe(
                source / piece.file,
                zero=0.0,
                report=lambda done, part=part: room.report(part + done / len(pieces)),  # type: ignore[misc]
                stop=room.stop,
            )
        except (MediaUnreadable, NothingToPlay) as error:
            notes.append(f"The track {piece.name} was left out: {error.what}.")
            continue
        if (not media.sounds) if piece.kind.is_sound else (media.picture is None):
            notes.append(f"The track {piece.name} was left out: there is nothing in it.")
            continue
        notes += [f"{piece.name}: {note}" for note in media.notes]
        if media.picture is not None and piece.rate:
            media = replace(media, picture=replace(media.picture, rate=piece.rate))
        media = replace(media, notes=(), digest=piece.digest)
        found.append(Reel(name=piece.name, kind=piece.kind, file=piece.file, media=media))
    if not found:
        raise MediaUnreadable(
            f"no track of the take in {source} can be read", hint="choose another take with --take, or record again"
        )
    zero = _zero([reel.media.picture for reel in found if reel.media.picture is not None])
    end = max(reel.media.seconds for reel in found)
    return Reels(reels=tuple(found), seconds=round(max(0.001, end - zero), 6), zero=zero, notes=tuple(notes))


def sound(reels: Reels, settings: Compose) -> Media:
    """What there is to be heard, the first to be heard first, as if it were one file.

    Two microphones of one room are never mixed unasked: each hears the other's sound a little later, and together they
    sound like a tin.

    Raises:
        LayoutImpossible: a track is named that is not there.
    """
    heard = (*reels.of(Kind.MICROPHONE), *reels.of(Kind.SYSTEM))
    if settings.sounds:
        names = {reel.name: reel for reel in heard}
        if missing := [name for name in settings.sounds if name not in names]:
            raise LayoutImpossible(
                f"the take has no sound called {missing[0]!r}",
                hint=f"compose.sounds may name {', '.join(names)}" if names else "leave compose.sounds empty",
            )
        heard = tuple(names[name] for name in dict.fromkeys(settings.sounds))
    lead = heard[0].kind if heard else Kind.MICROPHONE
    tracks = []
    for number, reel in enumerate(heard):
        beneath = None if number == 0 or reel.kind == lead else settings.beneath_lu
        if settings.sounds and number and beneath is None:
            beneath = 0.0
        track = reel.media.sounds[0]
        tracks.append(
            replace(
                track,
                name=reel.name,
                file=reel.file,
                beneath_lu=beneath,
                start=track.start - reels.zero,
                end=track.end - reels.zero,
            )
        )
    return Media(
        container=heard[0].media.container if heard else "",
        seconds=reels.seconds,
        picture=None,
        sounds=tuple(tracks),
        notes=(),
        digest=" ".join(reel.media.digest for reel in heard),
        zero=reels.zero,
    )


def _zero(pictures: Sequence[Picture]) -> float:
    """Where the beats of the lecture should lie for the pictures to be near them: half-way between those of two."""
    beating = [p for p in pictures if p.phase is not None and p.rate == pictures[0].rate]
    if not beating:
        return 0.0
    turns = [cmath.exp(2j * pi * (p.phase or 0.0) * float(p.rate)) for p in beating[:2]]
    middle = sum(turns) if abs(sum(turns)) > 1e-3 else turns[0] * 1j
    return round(cmath.phase(middle) / (2 * pi) / float(beating[0].rate), 6)
