"""The lecture: what `process` makes, described by ``lecture.json`` beside its files.

All paths are relative to the lecture's folder, with forward slashes. What lies there plays as it is: the
playlists name their files by these paths, and `publish` gives them other names only on the way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from capture.description import from_json, to_json, write_whole
from process.clips import Clip
from process.errors import MediaUnreadable

DESCRIPTION = "lecture.json"
"""Name of the file that describes a lecture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The picture made in one size and quality."""

    name: str
    """``"1080p"``, ``"360p"``, ``"1080p-av1"``."""

    file: str
    """One fragmented MP4."""

    playlist: str
    """HLS media playlist over byte ranges of *file*."""

    iframes: str
    """HLS I-frame playlist over byte ranges of *file*."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""

    rate: Fraction
    """Frames a second."""

    codecs: str
    """RFC 6381, read from the stream: ``"avc1.640028"``."""

    average_bps: int
    """Bits a second over the whole file."""

    peak_bps: int
    """Bits a second of the largest segment."""

    size_bytes: int
    """Length of *file*."""

    copied: bool
    """Whether the source's own pictures were kept as they are."""

    ssim: float | None
    """Structural similarity to the source on a sample, 0 to 1; ``None`` where not measured or copied."""

    vmaf: float | None
    """VMAF against the source on a sample, 0 to 100; ``None`` where not asked for or copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRendition:
    """The levelled sound."""

    file: str
    """One fragmented MP4."""

    playlist: str
    """HLS media playlist over byte ranges of *file*."""

    codecs: str
    """``"mp4a.40.2"``."""

    channels: int
    """Always 2."""

    average_bps: int
    """Bits a second over the whole file."""

    peak_bps: int
    """Bits a second of the largest segment."""

    size_bytes: int
    """Length of *file*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionTrack:
    """The captions of the whole lecture in one language."""

    language: str
    """ISO 639-1 code."""

    label: str
    """The language's own name: ``"English"``."""

    vtt: str
    """WebVTT file."""

    srt: str
    """SubRip file."""

    text: str
    """Plain text, a paragraph a pause."""

    words: str
    """The `Transcript` as JSON."""

    playlist: str
    """HLS subtitles playlist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFiles:
    """A clip and what belongs to it."""

    clip: Clip
    """Number, times, title."""

    playlist: str
    """HLS master playlist of the clip: byte ranges of the lecture's own files."""

    files: tuple[str, ...]
    """Every small file that *playlist* leads to and that is the clip's own: media playlists, captions."""

    download: str
    """MP4 of the clip, copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnails:
    """Small pictures for scrubbing."""

    vtt: str
    """WebVTT whose cues name a sprite and a place in it (``#xywh=``)."""

    sprites: tuple[str, ...]
    """JPEG sheets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """EBU R128 figures of a sound."""

    integrated_lufs: float | None
    """``None`` for digital silence."""

    true_peak_dbtp: float | None
    """``None`` for digital silence."""

    range_lu: float
    """Loudness range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """What one step of the walk took."""

    step: str
    """Name of the step."""

    seconds: float
    """Wall-clock seconds, when it was done."""

    cpu_seconds: float
    """Processor seconds of the ffmpegs it ran; 0 where it ran none."""

    times_real_time: float
    """Seconds of lecture a second of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The proof: what was measured while the lecture was made."""

    loudness_before: Loudness | None
    """Of the sound as it came; ``None`` without sound."""

    loudness_after: Loudness | None
    """Of the sound as published, measured on the finished file; ``None`` without sound."""

    gain_db: float
    """What levelling added."""

    steps: tuple[StepTime, ...]
    """In the order of the walk."""

    words: int
    """Number of words heard."""

    confidence: float | None
    """Mean confidence of the words, 0 to 1; ``None`` without words."""

    speech_covered: float | None
    """Share of the detected speech with words to it, 0 to 1; below 0.98 the captions want a look."""

    scene_changes: int
    """How often the picture changed as a whole."""

    size_bytes: int
    """All files of the lecture together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedTrack:
    """A camera whose speaker was put in front of something else."""

    camera: str
    """Name of the track."""

    behind: str
    """``screen``, ``blur``, ``colour``, ``picture`` or ``video``."""

    pictures: int
    """How many of the camera's pictures were keyed."""

    by: dict[str, float]
    """What told the speaker from the room, in which share of them: ``plate``, ``screen``, or ``person`` for the
    person model alone, the second best."""

    plate_given_up: bool = False
    """Whether the clean plate did not fit any more at some time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lecture:
    """Finished: plays from disk as it will from the web."""

    edition: int = 1
    """Of this description's form."""

    title: str
    """What people call it."""

    seconds: float
    """Length."""

    course: str = ""
    """What it belongs to; empty where nobody said."""

    made_at: str
    """ISO 8601, UTC."""

    made_by: str
    """``"flipcast 0.1.0"``."""

    master: str
    """HLS master playlist."""

    renditions: tuple[Rendition, ...]
    """Largest first; empty for a lecture of sound alone."""

    audio: AudioRendition | None
    """``None`` for a silent film."""

    captions: tuple[CaptionTrack, ...]
    """One a language; empty without speech or weights."""

    clips: tuple[ClipFiles, ...]
    """At least one; they tile the lecture."""

    chapters: str
    """WebVTT with the titles of the chapters: from marker to marker, or the clips."""

    poster: str
    """JPEG to show before it plays."""

    thumbnails: Thumbnails | None
    """``None`` for a lecture of sound alone."""

    waveform: str
    """JSON: ``{"seconds_per_point": …, "peaks": [0…1, …]}``; empty without sound."""

    download: str
    """MP4 of the whole lecture, copied."""

    notes: tuple[str, ...]
    """What a person should know, in whole sentences: no speech found, captions missing and why, a mended channel."""

    report: Report
    """What was measured."""

    keyed: tuple[KeyedTrack, ...] = ()
    """Cameras that were keyed, and how."""

    begins: float = 0.0
    """Seconds of the recording that were trimmed off before it."""

    whole_seconds: float | None = None
    """Length that it would have untrimmed; ``None`` where nothing was trimmed."""

    recipe: str = ""
    """Digest of the source and all settings it was made with; empty where something was wanted and could not be had."""

    def files(self) -> tuple[str, ...]:
        """Every file of the lecture but ``lecture.json``, each once, media first, then what names it."""
        names = [r.file for r in self.renditions]
        names += [self.audio.file] if self.audio else []
        names += [self.poster, *(self.thumbnails.sprites if self.thumbnails else ()), self.download]
        names += [c.download for c in self.clips]
        names += [self.waveform] if self.waveform else []
        names += [name for c in self.captions for name in (c.vtt, c.srt, c.text, c.words)]
        names += [self.thumbnails.vtt] if self.thumbnails else []
        names += [self.chapters]
        names += [name for r in self.renditions for name in (r.playlist, r.iframes)]
        names += [self.audio.playlist] if self.audio else []
        names += [c.playlist for c in self.captions]
        names += [name for c in self.clips for name in (*c.files, c.playlist)]
        names += [self.master]
        return tuple(dict.fromkeys(names))


def write(lecture: Lecture, folder: Path) -> None:
    """Write *lecture* down in *folder*, whole or not at all."""
    write_whole(folder / DESCRIPTION, to_json(lecture))


def read(folder: Path) -> Lecture:
    """Read the lecture that lies in *folder*.

    Raises:
        MediaUnreadable: there is none, or its description cannot be understood.
    """
    path = folder / DESCRIPTION
    try:
        return from_json(path.read_text(encoding="utf-8"), Lecture)
    except FileNotFoundError:
        raise MediaUnreadable(f"no finished lecture lies in {folder}", hint="process it first") from None
    except ValueError as error:
        raise MediaUnreadable(f"{path} cannot be understood ({error})", hint="process the lecture again") from None
