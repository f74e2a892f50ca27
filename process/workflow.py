"""The walk from a recording to a lecture, one line a step.

The encode is the dear step, so that its recipe does not hold where the clips are cut: when pictures of this source
exist, new clips (captions came later, other lengths are wished for) are planned on their keyframes. Only where that
cannot be is it encoded again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from capture.description import to_json
from capture.recording import Recording
from capture.take import Marker
from greenscreen import beside
from greenscreen.beside import Beside
from greenscreen.key import Key
from process import assemble, backdrop, clips, edits, ffmpeg, keyed, ladder, lecture, loudness, probe, reels, trim
from process.borders import Borders
from process.captions.engine import Captions, open_engine
from process.captions.script import FOLLOWED, agreed
from process.captions.transcript import Span, Transcript
from process.chapters import chapters, meant
from process.clips import Clip
from process.compose import Composition, compose, gone_in
from process.edits import Edits
from process.encode import Encoded, encode, keyframes
from process.errors import EngineMissing, MediaUnreadable, NoRoom, ProcessError, Stopped, WeightsDamaged, WeightsMissing
from process.footage import Footage, footage
from process.keyed import Keying
from process.layout import Compose
from process.lecture import KeyedTrack, Lecture, StepTime
from process.loudness import Heard, hear, level
from process.probe import Media
from process.quality import judge
from process.step import Done, Memory, Needs, Room, Step, explained, step
from process.thumbnails import Pictures

R = TypeVar("R")

EDITION = 1
"""Raised when the same source and settings would give another lecture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """All settings of the walk."""

    captions: Captions = field(default_factory=Captions)
    clips: clips.Clips = field(default_factory=clips.Clips)
    compose: Compose = field(default_factory=Compose)
    keyed: Keying = field(default_factory=Keying)
    greenscreen: Key = field(default_factory=Key)
    level: loudness.Level = field(default_factory=loudness.Level)
    ladder: ladder.Ladder = field(default_factory=ladder.Ladder)
    pictures: Pictures = field(default_factory=Pictures)
    ffmpeg: ffmpeg.Ffmpeg = field(default_factory=ffmpeg.Ffmpeg)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How far a lecture is on its way."""

    step: str
    """What is being done: ``"encode"``."""

    done: float
    """Of this step, 0 to 1."""

    overall: float
    """Of the whole walk, 0 to 1, by the time that steps usually take."""


_SHARES = {
    "examine": 1,
    "compose": 0,
    "keyed": 0,
    "hear": 3,
    "listen": 22,
    "level": 6,
    "encode": 60,
    "judge": 4,
    "assemble": 4,
}
_SHARES_KEYED = {**_SHARES, "keyed": 45, "listen": 12, "level": 3, "encode": 30, "judge": 2}
"""Usual parts of the time, in hundredths."""


def make(
    recording: Recording,
    folder: Path,
    settings: Processing,
    executor: Executor,
    *,
    news: Callable[[News], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> Lecture:
    """Make the lecture of *recording* in *folder*, or find that it is there already.

    Raises:
        MediaUnreadable: the source is no media, or is gone.
        RecordingMissing, TakeUnfinished: there is no take to make it of.
        LayoutImpossible: the take does not have what the layout asks for.
        EditsDamaged: what a person changed of it cannot be understood.
        Stopped: *stop* was set; what was done so far is remembered.
        ProcessError: whatever else went wrong, with a sentence.
    """
    stop = stop or threading.Event()
    source = footage(recording, folder, number=settings.compose.take)
    settings = replace(settings, keyed=keyed.as_recorded(settings.keyed, source))
    if recording.language and not settings.captions.language:
        settings = replace(settings, captions=replace(settings.captions, language=recording.language))
    changed = edits.read(folder)
    recipe = _recipe(source, settings, changed)
    known = _finished(folder / "lecture", recipe)
    if known is not None:
        news(News(step="assemble", done=1.0, overall=1.0))
        return _called(known, recording, folder / "lecture")
    if keyed.asked(source, settings.compose.layouts):
        keyed.check_able()
        backdrop.understood(settings.keyed.behind, screen=True)
    return _Walk(source, folder, settings, executor, news, stop).walk(recording, recipe, changed)


@step("examine", edition=1, gives=Media, needs=Needs(cores=1))
def examine(room: Room, *, source: Path, digest: str) -> Media:
    """Look through the source."""
    return replace(probe.probe(source, report=room.report, stop=room.stop), digest=digest)


@step("listen", edition=1, gives=Transcript, needs=Needs(cores=4))
def listen(room: Room, *, heard: Done[Heard], settings: Captions, script: str) -> Transcript:
    """Hear what is said; *script* is the digest of the words that a scripted engine reads."""
    engine = open_engine(settings)
    try:
        return engine.listen(
            heard.folder / heard.value.speech_wav,
            report=room.report,
            stop=room.stop,
            language=settings.language,
            terms=settings.terms,
        )
    finally:
        engine.close()


def perform(run: Callable[[], Done[R]], needs: Needs) -> Done[R]:
    """Do a step. Executors are handed this with what it *needs*, and may wait until they have that."""
    return run()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The footage, looked through: what is to be seen and heard of it."""

    film: Media
    """The pictures, and the length of the lecture."""

    sound: Media
    """The sounds. A value of its own, so that nothing is heard again when pictures are laid out anew."""

    composition: Composition | None = None
    """How the pictures are put together; ``None`` where they are those of one file, or there are none."""

    markers: tuple[Marker, ...] = ()
    """Where chapters begin, on the lecture's timeline."""

    part: Span | None = None
    """What the lecture is trimmed to; ``None`` for the whole."""

    notes: tuple[str, ...] = ()
    """What is odd about it, in whole sentences."""

    keyed: tuple[KeyedTrack, ...] = ()
    """Cameras that were keyed."""

    @property
    def seconds(self) -> float:
        """Length of the lecture."""
        return self.film.seconds if self.part is None else round(self.part.end - self.part.start, 6)

    @property
    def trimmed(self) -> dict[str, Span]:
        """What to tell a step that makes some of it: nothing where it makes all, as before anything was trimmed."""
        return {} if self.part is None else {"part": self.part}


class _Walk:
    """One lecture's way through the steps."""

    def __init__(
        self,
        source: Footage,
        folder: Path,
        settings: Processing,
        executor: Executor,
        news: Callable[[News], None],
        stop: threading.Event,
    ) -> None:
        self.source, self.folder, self.settings = source, folder, settings
        self.executor, self.news, self.stop = executor, news, stop
        self.memory = Memory(folder / "work")
        self.exe = Path(ffmpeg.program(settings.ffmpeg))
        self.times: list[StepTime] = []
        self.used: list[Done[Any]] = []
        self.shares = _SHARES
        self.borders = Borders()

    def walk(self, recording: Recording, recipe: str, changed: Edits) -> Lecture:
        path, settings = self.source.path, self.settings
        with explained(self.folder):
            self.memory.folder.mkdir(parents=True, exist_ok=True)
        self.memory.sweep()
        _check_room(self.folder, self.source.size_bytes)
        tools = {"exe": self.exe}

        material = self.material()
        film, sound = material.film, material.sound
        whole_sound = heard = self.do(hear, source=path, media=sound, aside=tools)
        whole_said, why_not = self.listened(heard)
        said = whole_said.value if whole_said else None
        part, not_trimmed = trim.part(changed, film)
        if part is not None:
            material = replace(material, part=part, markers=trim.marked_in(part, material.markers))
            heard = replace(heard, value=trim.heard_in(part, heard.value, seconds=film.seconds))
            said = trim.said_in(part, said) if said else None
        self.borders = Borders(changed.borders, begins=part.start if part else 0.0, said=said)
        notes = [*material.notes, *heard.value.notes, *why_not, *not_trimmed]
        planned, copied = self.planned(material, heard.value, said)
        levelled = judged = encoded = None
        if heard.value.voices:
            measured: dict[str, Any] = {"heard": whole_sound.value, "settings": settings.level, **material.trimmed}
            levelled = self.do(level, source=path, media=sound, **measured, aside=tools)
        if film.picture is not None:
            encoded, planned = self.filmed(material, heard.value, said, planned, copied=copied)
            if encoded.value.damaged:
                notes.append("Some of the pictures are damaged; what could be read was used.")
            seen: dict[str, Any] = {"source": path, "media": film, "composition": material.composition}
            seen |= material.trimmed
            judged = self.do(judge, **seen, encoded=encoded, settings=settings.ladder, aside=tools)
            segments, seconds = encoded.value.keyframes, encoded.value.seconds
        else:
            starts = [clip.start for clip in planned]
            segments = tuple(keyframes(material.seconds, starts, settings.ladder.grid_seconds))
            seconds = material.seconds
        notes += edits.misplaced(self.borders.lost)
        if not all(done.remembered for done in self.used):
            self.source.check()
        self.news(News(step="assemble", done=0.0, overall=0.96))
        spoken = said
        if whole_said and (changed.words or changed.script):
            # Clips stay where they are: nothing is encoded again for the sake of a comma.
            written, followed = _by_script(whole_said.value, changed.script)
            spoken, left = edits.corrected(written, changed)
            notes += followed
            spoken = trim.said_in(part, spoken) if part else spoken
            planned = clips.titled(planned, transcript=spoken, markers=material.markers)
            notes += left
        named, left = edits.titled(planned, changed, begins=part.start if part else 0.0)
        notes += left
        begun = chapters(material.markers, planned, seconds=seconds, transcript=spoken)
        made = assemble.Made(
            title=recording.title,
            course=recording.course,
            seconds=seconds,
            heard=heard,
            levelled=levelled,
            encoded=encoded,
            judged=judged,
            transcript=spoken,
            clips=named,
            chapters=edits.agreeing(begun, named, planned),
            segments=segments,
            steps=tuple(replace(t, times_real_time=_speed(seconds, t.seconds)) for t in self.times),
            notes=tuple(dict.fromkeys(notes)),
            recipe="" if why_not and said is None else recipe,
            keyed=material.keyed,
            begins=part.start if part else 0.0,
            whole_seconds=film.seconds if part else None,
        )
        whole = assemble.assemble(
            made, self.folder / "lecture", captions=settings.captions, pictures=settings.pictures, stop=self.stop
        )
        self.memory.forget_all_but(self.used)
        self.news(News(step="assemble", done=1.0, overall=1.0))
        return whole

    def material(self) -> Material:
        """What is to be seen and heard, and what is odd about it."""
        source, settings = self.source, self.settings
        if source.take is None:
            media = self.do(examine, source=source.path, digest=source.pieces[0].digest).value
            return Material(film=media, sound=media, notes=media.notes)
        looked = self.do(reels.look_through, source=source.path, pieces=source.pieces)
        found, markers = looked.value, source.take.markers
        gone, heights = gone_in(source.take), settings.ladder.heights
        known = keyed.besides(source)
        behind = settings.keyed.behind
        wished: dict[str, Any] = {"keyed": tuple(known), "behind": behind if behind in ("", "screen") else "other"}
        composed = self.do(
            compose, reels=looked, markers=markers, gone=gone, settings=settings.compose, heights=heights, **wished
        ).value.composition
        cut: tuple[KeyedTrack, ...] = ()
        if composed is not None and composed.cutouts:
            composed, cut = self.cut_out(composed, found, known)
        sound = reels.sound(found, settings.compose)
        return Material(
            film=composed.media if composed else sound,
            sound=sound,
            composition=composed,
            markers=meant(markers, zero=found.zero, seconds=found.seconds),
            notes=(*source.notes, *found.notes, *keyed.notes_of(cut)),
            keyed=cut,
        )

    def cut_out(
        self, composed: Composition, found: reels.Reels, known: dict[str, Beside]
    ) -> tuple[Composition, tuple[KeyedTrack, ...]]:
        """The composition with its speakers keyed, and how they were."""
        settings, picture = self.settings, composed.media.picture
        assert picture is not None
        behind = backdrop.understood(settings.keyed.behind, screen=any(c.screen for c in composed.cutouts))
        self.shares = _SHARES_KEYED
        seen = {name for cutout in composed.cutouts for name in (cutout.camera, cutout.screen)}
        cameras = dict.fromkeys(cutout.camera for cutout in composed.cutouts)
        done = self.do(
            keyed.key_cutouts,
            cutouts=composed.cutouts,
            reels=tuple(reel for reel in found.reels if reel.name in seen),
            keys=tuple(keyed.key_of(name, known.get(name), settings.greenscreen) for name in cameras),
            canvas=picture.shown_size,
            beat=picture.rate,
            zero=found.zero,
            behind=behind,
            settings=replace(settings.keyed, behind=""),  # the backdrop says it, and what is in its file
            source=self.source.path,
            file=backdrop.file_of(settings.keyed.behind),
            aside={"known": known},
        )
        return keyed.in_place(composed, done, self.source.path), done.value.tracks

    def listened(self, heard: Done[Heard]) -> tuple[Done[Transcript] | None, tuple[str, ...]]:
        """What was said, and the sentences about why there are no captions."""
        settings = self.settings.captions
        if settings.engine == "off" or not heard.value.voices:
            return None, ()
        if heard.value.loudness is None or heard.value.loudness.integrated_lufs is None:
            return None, ()
        plain = Captions()
        asked = replace(  # the layout of cues changes nothing that is heard
            settings,
            line_characters=plain.line_characters,
            lines=plain.lines,
            characters_per_second=plain.characters_per_second,
            shortest_seconds=plain.shortest_seconds,
            longest_seconds=plain.longest_seconds,
        )
        try:
            said = self.do(listen, heard=heard, settings=asked, script=_digest_of(settings.script))
        except (WeightsMissing, WeightsDamaged, EngineMissing) as error:
            self.times.append(StepTime(step="listen", seconds=0.0, cpu_seconds=0.0, times_real_time=0.0))
            return None, (f"There are no captions: {error}. Process the lecture again to add them.",)
        if not said.value.words:
            return said, ("No speech was found, so there are no captions.",)
        return said, ()

    def planned(
        self, material: Material, heard: Heard, said: Transcript | None, *, copying: bool = True
    ) -> tuple[tuple[Clip, ...], bool]:
        """Where the clips should begin, and whether the source's own keyframes serve for that."""
        media = material.film
        if (
            copying
            and material.part is None
            and media.picture is not None
            and ladder.may_copy(media, self.settings.ladder)
        ):
            found = self.replanned(media.picture.keyframes, media.seconds, material, heard, said)
            if found is not None:
                return found, True
        found = clips.plan(
            material.seconds,
            transcript=said,
            pauses=heard.pauses,
            markers=material.markers,
            settings=self.settings.clips,
        )
        laid = self.borders.laid(found, seconds=material.seconds, markers=material.markers)
        return laid or found, False

    def filmed(
        self,
        material: Material,
        heard: Heard,
        said: Transcript | None,
        planned: tuple[Clip, ...],
        *,
        copied: bool,
    ) -> tuple[Done[Encoded], tuple[Clip, ...]]:
        """The rungs, and the clips on their keyframes."""
        settings = self.settings
        inputs: dict[str, Any] = {"source": self.source.path, "media": material.film, "copied": copied}
        inputs |= {"composition": material.composition, "settings": settings.ladder, "looks": settings.pictures}
        inputs |= material.trimmed
        cuts = tuple(clip.start for clip in planned[1:])
        aside = {"exe": self.exe, "cuts": cuts}
        encoded = self.do(encode, **inputs, insist=(), aside=aside)
        if copied and encoded.value.damaged:  # ffmpeg reads on where a browser stops: only what is whole is copied
            afresh, _ = self.planned(material, heard, said, copying=False)
            return self.filmed(material, heard, said, afresh, copied=False)
        found = self.replanned(encoded.value.keyframes, encoded.value.seconds, material, heard, said)
        if found is None and encoded.remembered:
            encoded = self.do(encode, **inputs, insist=cuts, aside=aside)
            found = self.replanned(encoded.value.keyframes, encoded.value.seconds, material, heard, said)
        return encoded, found or _snapped(planned, encoded.value.keyframes, encoded.value.seconds)

    def replanned(
        self, keys: Sequence[float], seconds: float, material: Material, heard: Heard, said: Transcript | None
    ) -> tuple[Clip, ...] | None:
        """The clips on keyframes that exist; ``None`` where they cannot be."""
        found = clips.plan(
            seconds,
            transcript=said,
            pauses=heard.pauses,
            markers=material.markers,
            settings=self.settings.clips,
            allowed=keys,
        )
        return found and self.borders.laid(found, seconds=seconds, markers=material.markers, keys=keys)

    def do(self, of: Step[R], *, aside: dict[str, Any] | None = None, **inputs: Any) -> Done[R]:
        """Have a step done, and tell how far it is."""
        names = list(self.shares)
        before = sum(self.shares[name] for name in names[: names.index(of.name)])
        share = self.shares[of.name]

        def report(done: float) -> None:
            self.news(News(step=of.name, done=done, overall=(before + share * done) / 100))

        report(0.0)
        run = functools.partial(self.memory.do, of, report=report, stop=self.stop, aside=aside, **inputs)
        work: Future[Done[R]] = self.executor.submit(perform, run, of.needs)
        while not work.done():
            wait_for([work], timeout=0.1)
            if self.stop.is_set():
                work.cancel()
                # A step ends itself within a blink; one that does not is left behind with its partial room.
                wait_for([work], timeout=1.5)
                if not work.done() or work.cancelled():
                    raise Stopped("stopped")
        try:
            done = work.result()
        except Stopped:
            raise
        except ProcessError:
            self.source.check()  # what went wrong is of no interest if this is why
            raise
        self.used.append(done)
        cpu = float(getattr(done.value, "cpu_seconds", 0.0))
        self.times.append(
            StepTime(step=of.name, seconds=round(done.seconds, 3), cpu_seconds=round(cpu, 3), times_real_time=0.0)
        )
        return done


def _by_script(heard: Transcript, script: str) -> tuple[Transcript, list[str]]:
    """What was heard, in the words of the *script*, and a sentence about how far it was followed."""
    if not script:
        return heard, []
    written, share = agreed(heard, script)
    if share < FOLLOWED:
        return heard, [f"Only {share:.0%} of what was said is in the script, so the captions are as they were heard."]
    return written, [f"The captions follow the script, which has {share:.0%} of the words that were heard."]


def _speed(seconds: float, taken: float) -> float:
    return round(seconds / max(taken, 0.001), 2)


def _recipe(source: Footage, settings: Processing, changed: Edits) -> str:
    """Digest of all that decides what the lecture will be, but its title."""
    text = f"{EDITION} {source.recipe()} {_digest_of(settings.captions.script)}"
    if (behind := backdrop.file_of(settings.keyed.behind)) is not None:
        text += _digest_of(behind)
    if source.take is not None:
        for piece in source.pieces:
            text += "".join(_digest_of(path) for path in beside.files(source.path, piece.name))
    if changed != Edits():  # else it is what it was before anything could be changed
        text += to_json(changed)
    whole = (text + to_json(settings)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def _finished(folder: Path, recipe: str) -> Lecture | None:
    """The lecture in *folder*, if it was made by *recipe* and all its files are there."""
    with contextlib.suppress(MediaUnreadable):
        known = lecture.read(folder)
        if known.recipe == recipe and all((folder / name).is_file() for name in known.files()):
            return known
    return None


def _called(known: Lecture, recording: Recording, folder: Path) -> Lecture:
    """The lecture that is *known*, called as its *recording* is now."""
    called = replace(known, title=recording.title, course=recording.course)
    if called != known:
        lecture.write(called, folder)
    return called


def _snapped(planned: Sequence[Clip], keys: Sequence[float], seconds: float) -> tuple[Clip, ...]:
    """*planned* with each border moved to the nearest keyframe."""
    starts = sorted({min(keys, key=lambda key: abs(key - clip.start)) for clip in planned})
    ends = [*starts[1:], seconds]
    return tuple(
        replace(clip, number=n, start=start, end=end)
        for n, (clip, start, end) in enumerate(zip(planned, starts, ends, strict=False), start=1)
    )


def _digest_of(path: Path | None) -> str:
    if path is None:
        return ""
    with contextlib.suppress(OSError):
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    return ""


def _check_room(folder: Path, source_bytes: int) -> None:
    """A lecture is seldom larger than its source; sound for recognition and downloads come on top."""
    needed = 64_000_000 + source_bytes // 2
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoom(
            f"the disk that holds {folder} has {free / 1e6:.0f} MB left, and the lecture may need {needed / 1e6:.0f}",
            hint="free some room, or choose another disk with --library",
        )
