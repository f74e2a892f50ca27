"""The kept camera keyed again for the final picture, and the speaker put in front of something else.

What comes of it is one more track of the composition, on the lecture's own beat, all but lossless, in the step's
room: the encode lays it out like any other, and another clip length or ladder keys nothing again. Mixing needs light
as light, which is why it is not one more filter of the encode's graph. Only what changes is written: while screen and
speaker stand still, the picture before them stands too.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path

from greenscreen import beside
from greenscreen.beside import Beside
from greenscreen.composite import Placing
from greenscreen.key import Key
from greenscreen.keyer import By, Keyer
from greenscreen.person import PersonFinder
from process import backdrop
from process.backdrop import Backdrop, Behind
from process.compose import Composition, Cutout
from process.errors import NoRoom, Stopped
from process.film import Film
from process.footage import Footage
from process.layout import Layout, Size, named, understood
from process.lecture import KeyedTrack
from process.projector import Projector
from process.reels import Reel
from process.scenery import Scenery, Stand
from process.step import Done, Needs, Room, step

_BYTES_PER_PIXEL = 0.056
"""Of a film of a speaker before a blurred room, the largest that was measured: 202 MB a minute at 1080p30."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keying:
    """Settings of a speaker without a background."""

    behind: str = ""
    """``screen``, ``blur``, ``#rrggbb`` or a colour's name, or a picture's or video's path; empty for the screen if
    one was recorded, or else a calm dark colour."""

    height: float = 0.0
    """Height of the speaker's picture, as a share of the whole; 0 for what suits: 0.5 before the screen, else 1."""

    across: float = -1.0
    """Where the middle of the speaker's picture lies, 0 left to 1 right; below 0 for what suits: 0.75 before the
    screen, so that no arm of a wide camera is cut off, else the middle."""

    bottom: float = 1.0
    """Where its lower edge lies, 0 at the top to 1 at the bottom."""

    crop: tuple[float, ...] = ()
    """What is cut off it first: left, top, right, bottom, as shares of its size; empty for nothing."""

    mirrored: bool = False
    """Whether left and right change places."""

    shadow: float = 0.0
    """How dark a soft shadow the speaker throws, 0 (none) to 1."""

    def placing(self, kind: Behind) -> Placing:
        """Where the speaker stands before a background of *kind*."""
        before = kind == Behind.SCREEN
        left, top, right, bottom = self.crop or (0.0, 0.0, 0.0, 0.0)
        return Placing(
            height=self.height or (0.5 if before else 1.0),
            across=self.across if self.across >= 0 else (0.75 if before else 0.5),
            bottom=self.bottom,
            crop=(left, top, right, bottom),
            mirrored=self.mirrored,
            shadow=self.shadow,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Films:
    """What came of keying."""

    files: tuple[str, ...]
    """Of each cut-out, its file."""

    tracks: tuple[KeyedTrack, ...]
    """How each was keyed."""

    cpu_seconds: float
    """Processor seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOf:
    """How a camera is keyed, as a recipe knows it."""

    camera: str
    """Name of the track."""

    key: Key
    """How the speaker is told from the screen."""

    plate: str = ""
    """Digest of the plate; empty where there is none."""


def asked(source: Footage, layouts: tuple[str, ...]) -> bool:
    """Whether a speaker of *source* may have to be keyed: told before any work, since it needs what may be missing."""
    if source.take is None:
        return False
    marked = any(named(marker.label) == Layout.KEYED for marker in source.take.markers)
    wished = any(understood(text).layout == Layout.KEYED for text in layouts)
    usual = not layouts and bool(besides(source))
    return marked or wished or usual


def check_able() -> None:
    """Raise `KernelsMissing` or `ModelMissing` if nobody can be keyed here."""
    importlib.import_module("greenscreen.compiled")  # says itself what is missing
    PersonFinder()


def check_room(folder: Path, pixels: int) -> None:
    """Raise `NoRoom` if the disk of *folder* may not hold a speaker's film of so many *pixels* in all."""
    needed, free = pixels * _BYTES_PER_PIXEL, shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoom(
            f"the keyed speaker may need {needed / 1e9:.1f} GB in {folder}, and {free / 1e9:.1f} GB are left",
            hint="free some room, choose another disk with --library, or a layout without a key",
        )


def besides(source: Footage) -> dict[str, Beside]:
    """What lies beside the cameras of *source*, by their names.

    Raises:
        GreenscreenError: it cannot be read.
    """
    found = {}
    for piece in source.pieces:
        if piece.kind is not None and piece.kind.value == "camera" and source.take is not None:
            there = beside.read(source.path, piece.name)
            if there is not None:
                found[piece.name] = there
    return found


def as_recorded(settings: Keying, source: Footage) -> Keying:
    """*settings*, with the background that was chosen when *source* was recorded, where they name none themselves.

    Raises:
        GreenscreenError: what lies beside a camera cannot be read.
    """
    chosen = next((known.behind for known in besides(source).values() if known.behind), "")
    if settings.behind or not chosen:
        return settings
    path = backdrop.file_of(chosen)
    return replace(settings, behind=chosen if path is None else str(source.path / path.name))


def key_of(camera: str, known: Beside | None, settings: Key) -> KeyOf:
    """How *camera* is keyed: as *settings* say where they differ from the defaults, else as *known* from the take."""
    usual, key = Key(), known.key if known else Key()
    changed = {f.name: getattr(settings, f.name) for f in fields(Key)}
    changed = {name: value for name, value in changed.items() if value != getattr(usual, name)}
    plate = known.plate if known else None
    digest = hashlib.blake2b(plate.picture.tobytes(), digest_size=16).hexdigest() if plate else ""
    return KeyOf(camera=camera, key=replace(key, **changed), plate=digest)


@step("keyed", edition=1, gives=Films, needs=Needs(cores=2))
def key_cutouts(
    room: Room,
    *,
    cutouts: tuple[Cutout, ...],
    reels: tuple[Reel, ...],
    keys: tuple[KeyOf, ...],
    canvas: Size,
    beat: Fraction,
    zero: float,
    behind: Backdrop,
    settings: Keying,
    source: Path,
    file: Path | None,
    known: Mapping[str, Beside],
) -> Films:
    """Make the film of each of *cutouts*: the speaker of its camera in front of *behind*.

    *settings* count but for what they say of the backdrop; *file* is where that lies, if it is a file.
    """
    total = sum(cutout.count(beat) for cutout in cutouts) or 1
    check_room(room.folder, total * canvas[0] * canvas[1])
    began, done = time.process_time(), 0
    files, tracks = [], []
    by_name = {reel.name: reel for reel in reels}
    key_by_name = {key.camera: key for key in keys}

    def one() -> None:
        nonlocal done
        done += 1
        if done % 8 == 0:
            room.report(done / total)
            if room.stop.is_set():
                raise Stopped("stopped")

    for number, cutout in enumerate(cutouts, start=1):
        name = f"keyed-{number}.mkv"
        there = known.get(cutout.camera)
        with ExitStack() as stack:
            plate = there.plate if there else None
            keyer = stack.enter_context(Keyer(key_by_name[cutout.camera].key, plate=plate))
            camera = stack.enter_context(_opened(source, by_name[cutout.camera]))
            screen = by_name.get(cutout.screen) if behind.kind == Behind.SCREEN else None
            scenery = Scenery(behind, file, canvas, beat)
            if screen is not None:
                scenery.projector = stack.enter_context(_opened(source, screen))
                scenery.zero = zero
            elif behind.film is not None and file is not None:
                scenery.projector = stack.enter_context(Projector(file, behind.film, looped=True))
            out = stack.enter_context(Film(room.folder / name, canvas, beat))
            stage = Stand(keyer, settings.placing(behind.kind), scenery, canvas)
            for first, last in cutout.beats(beat):
                fresh = True
                for count in range(first, last):
                    one()
                    moment = zero + float((count + Fraction(1, 2)) / beat)
                    speaker = camera.at(moment) if cutout.shows(float((count + Fraction(1, 2)) / beat)) else None
                    picture = stage.picture(speaker, camera.number, count, again=fresh)
                    if picture is not None:
                        out.write(picture, count)
                    fresh = False
        files.append(name)
        tracks.append(stage.told(cutout.camera, behind.kind))
    return Films(files=tuple(files), tracks=tuple(tracks), cpu_seconds=round(time.process_time() - began, 3))


def in_place(composition: Composition, films: Done[Films], source: Path) -> Composition:
    """The composition with its cut-outs' films where they lie, seen from the take's folder *source*."""
    way = Path(os.path.relpath(films.folder, source)).as_posix()
    files = {c.track: f"{way}/{file}" for c, file in zip(composition.cutouts, films.value.files, strict=True)}
    reels = tuple(
        replace(reel, file=files[reel.name], media=replace(reel.media, digest=films.recipe))
        if reel.name in files
        else reel
        for reel in composition.reels
    )
    return replace(composition, reels=reels)


def notes_of(tracks: tuple[KeyedTrack, ...]) -> tuple[str, ...]:
    """What a person should know of it, in whole sentences."""
    notes = []
    for track in tracks:
        alone = track.by.get(By.PERSON.value, 0.0)
        if alone >= 0.02:
            notes.append(
                f"No green or blue screen was seen in {alone:.0%} of the pictures of {track.camera}: there the speaker"
                " was told from the room by the person model alone, which is second best."
            )
        if track.plate_given_up:
            notes.append(f"The clean plate of {track.camera} did not fit any more and was given up on the way.")
    return tuple(dict.fromkeys(notes))


def _opened(source: Path, reel: Reel) -> Projector:
    return Projector(source / reel.file, reel.media)
