"""The kept camera keyed again for the final picture, and the speaker put in front of something else.

What comes of it is one more track of the composition, on the lecture's own beat, all but lossless, in the step's
room: the encode lays it out like any other, and another clip length or ladder keys nothing again. Mixing needs light
as light, which is why it is not one more filter of the encode's graph. Only what changes is written: while screen and
speaker stand still, the picture before them stands too.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from greenscreen import beside, composite
from greenscreen.beside import Beside
from greenscreen.composite import Placing
from greenscreen.key import Key
from greenscreen.keyer import By, Keyer
from greenscreen.light import Bytes
from process import backdrop
from process.backdrop import Backdrop, Behind
from process.compose import Composition, Cutout
from process.errors import Stopped
from process.footage import Footage
from process.layout import Layout, Size, named, understood
from process.lecture import KeyedTrack
from process.projector import Projector
from process.reels import Reel
from process.step import Done, Needs, Room, step


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


_CODEC: Final = {"preset": "superfast", "crf": "12", "g": "60", "bf": "0"}
_QUEUE: Final = 3
"""Pictures that wait to be encoded at most."""


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
    from greenscreen import compiled  # noqa: F401 - says itself what is missing
    from greenscreen.person import PersonFinder

    PersonFinder()


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


def key_of(camera: str, known: Beside | None, settings: Key) -> KeyOf:
    """How *camera* is keyed: as *settings* say where they differ from the defaults, else as *known* from the take."""
    usual, key = Key(), known.key if known else Key()
    changed = {f.name: getattr(settings, f.name) for f in fields(Key)}
    changed = {name: value for name, value in changed.items() if value != getattr(usual, name)}
    plate = known.plate if known else None
    digest = f"{cv2.norm(plate.picture, cv2.NORM_L1):.0f} {hash_of(plate.picture)}" if plate is not None else ""
    return KeyOf(camera=camera, key=replace(key, **changed), plate=digest)


def hash_of(picture: Bytes) -> str:
    """A digest of a picture's bytes."""
    import hashlib

    return hashlib.blake2b(np.ascontiguousarray(picture).tobytes(), digest_size=16).hexdigest()


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
            scenery = _Scenery(behind, file, canvas, beat)
            if screen is not None:
                scenery.projector = stack.enter_context(_opened(source, screen))
                scenery.zero = zero
            elif behind.film is not None and file is not None:
                scenery.projector = stack.enter_context(Projector(file, behind.film, looped=True))
            out = stack.enter_context(_Film(room.folder / name, canvas, beat))
            stage = _Stand(keyer, settings.placing(behind.kind), scenery, canvas)
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


class _Scenery:
    """What stands behind, beat by beat."""

    def __init__(self, behind: Backdrop, file: Path | None, canvas: Size, beat: Fraction) -> None:
        self.kind, self.canvas, self.beat = behind.kind, canvas, beat
        self.projector: Projector | None = None
        self.zero = 0.0
        self.number = 0
        if behind.kind == Behind.PICTURE and file is not None:
            self.shown = composite.fitted(backdrop.still(file), canvas)
        else:
            self.shown = composite.plain(behind.colour, canvas)

    def at(self, count: int) -> Bytes:
        """The background at a beat; *number* is another when it changed."""
        if self.projector is None:
            return self.shown
        picture = self.projector.at(self.zero + float((count + Fraction(1, 2)) / self.beat))
        if picture is not None and self.projector.number + 1 != self.number:
            self.number = self.projector.number + 1
            whole = self.kind == Behind.SCREEN
            self.shown = _letterboxed(picture, self.canvas) if whole else composite.fitted(picture, self.canvas)
        return self.shown


class _Stand:
    """The speaker in front of the scenery."""

    def __init__(self, keyer: Keyer, placing: Placing, scenery: _Scenery, canvas: Size) -> None:
        self.keyer, self.placing, self.scenery, self.canvas = keyer, placing, scenery, canvas
        self.seen: tuple[int, int] | None = None
        self.keyed: Any = None
        self.keyed_number = -1
        self.by: Counter[str] = Counter()
        self.given_up = False

    def picture(self, speaker: Bytes | None, number: int, count: int, *, again: bool) -> Bytes | None:
        """The finished picture; ``None`` if it is that of the beat before."""
        behind = self.scenery.at(count)
        seen = (number if speaker is not None else -1, self.scenery.number)
        if seen == self.seen and not again:
            return None
        self.seen = seen
        if speaker is None:
            return behind
        if number != self.keyed_number:
            self.keyed, self.keyed_number = self.keyer.key(speaker), number
            self.by[self.keyed.by.value] += 1
            self.given_up = self.given_up or self.keyer.moved
        if self.scenery.kind == Behind.BLUR:
            room = composite.blurred(speaker, self.keyed)
            behind = composite.fitted(room[:, ::-1] if self.placing.mirrored else room, self.canvas)
        return composite.place(self.keyed, behind, self.placing)

    def told(self, camera: str, kind: Behind) -> KeyedTrack:
        """How it was keyed."""
        total = sum(self.by.values()) or 1
        return KeyedTrack(
            camera=camera,
            behind=kind.value,
            pictures=sum(self.by.values()),
            by={name: round(count / total, 4) for name, count in sorted(self.by.items())},
            plate_given_up=self.given_up,
        )


class _Film:
    """Pictures being written, on a beat, in a thread beside whoever draws them."""

    def __init__(self, path: Path, size: Size, beat: Fraction) -> None:
        self._container = av.open(str(path), "w", format="matroska")
        self._stream: Any = self._container.add_stream("libx264", rate=beat, options=dict(_CODEC))
        self._stream.width, self._stream.height, self._stream.pix_fmt = *size, "yuv420p"
        context = self._stream.codec_context
        context.time_base = 1 / beat
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="film")
        self._waiting: list[Future[None]] = []

    def __enter__(self) -> _Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: Any) -> None:
        try:
            if error is None:
                self._settle(0)
                self._container.mux(self._stream.encode(None))
        finally:
            self._hand.shutdown(wait=True, cancel_futures=True)
            self._container.close()

    def write(self, picture: Bytes, count: int) -> None:
        """Write the picture that is shown from beat *count* on."""
        self._settle(_QUEUE)
        self._waiting.append(self._hand.submit(self._encode, picture, count))

    def _settle(self, most: int) -> None:
        while len(self._waiting) > most:
            self._waiting.pop(0).result()

    def _encode(self, picture: Bytes, count: int) -> None:
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.pts, frame.time_base = count, self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))


def _letterboxed(picture: Bytes, canvas: Size) -> Bytes:
    """All of *picture* in the middle of the canvas, black around it."""
    height, width = picture.shape[:2]
    if (width, height) == canvas:
        return picture
    scale = min(canvas[0] / width, canvas[1] / height)
    size = min(canvas[0], max(1, round(width * scale))), min(canvas[1], max(1, round(height * scale)))
    out = np.zeros((canvas[1], canvas[0], 3), np.uint8)
    x, y = (canvas[0] - size[0]) // 2, (canvas[1] - size[1]) // 2
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    out[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size, interpolation=way)
    return out
