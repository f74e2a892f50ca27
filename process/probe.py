"""What a media file really holds, found by reading it through once.

Headers lie: about lengths, about rates, about where keyframes are. Every packet is looked at, none but the first
pictures is decoded, which costs about as much as reading the file. PyAV does it in this process, at a tenth of
the cost of asking ffprobe.
"""

from __future__ import annotations

import contextlib
import math
import threading
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from process.errors import MediaUnreadable, NothingToPlay, Stopped

Report = Callable[[float], None]
"""Told how far the work is, 0 to 1."""

_LISTS = frozenset(
    "applehttp avisynth bluray concat concatf dash dvdvideo ffmetadata hls image2 image2pipe imf lavfi rtp rtsp sdp tty"
    " vapoursynth vobsub webm_dash_manifest".split()
)
"""Formats that name other files, or anything at all: never opened on somebody's behalf."""

STANDARD_RATES = tuple(
    Fraction(n, d)
    for n, d in (
        *((5, 1), (6, 1), (8, 1), (10, 1), (12, 1), (25, 2), (15, 1), (16, 1), (20, 1), (24000, 1001), (24, 1)),
        *((25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1), (90, 1), (100, 1)),
        *((120000, 1001), (120, 1), (144, 1), (240, 1)),
    )
)
"""Frame rates that cameras and recorders mean when theirs is a little off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The video stream that will be shown."""

    index: int
    """Of the stream in its file."""

    codec: str
    """``"h264"``."""

    profile: str
    """``"High"``; may be empty."""

    pixel_format: str
    """``"yuv420p"``."""

    width: int
    """Pixels as coded, before rotation."""

    height: int
    """Pixels as coded, before rotation."""

    sample_aspect: Fraction
    """Width of a pixel by its height; 1 where unknown."""

    rotation: int
    """Degrees clockwise to turn it for watching: 0, 90, 180, 270."""

    rate: Fraction
    """Frames a second, snapped to a standard rate where it is close to one."""

    variable: bool
    """Whether frames come off the beat of *rate*."""

    interlaced: bool
    """Whether its first pictures say that they are two fields."""

    transfer: str
    """``"sdr"``, ``"pq"`` or ``"hlg"``."""

    full_range: bool
    """Whether 0 is black and 255 white."""

    matrix: str
    """``"bt709"``, ``"bt601"``, ``"bt2020"``; a guess by size where the file does not say."""

    frames: int
    """Number of packets that are pictures."""

    start: float
    """Seconds of the first picture on the file's timeline, which begins at 0."""

    end: float
    """Seconds at which the last picture ends."""

    bitrate_bps: int
    """Bits a second, mean."""

    keyframes: tuple[float, ...]
    """Seconds of the keyframes; empty where nearly every picture is one."""

    phase: float | None = None
    """Seconds that its pictures come after the beats of *rate*, counted from 0; ``None`` where they keep to no beat."""

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in square pixels, upright."""
        width = max(1, round(self.width * self.sample_aspect))
        return (self.height, width) if self.rotation in (90, 270) else (width, self.height)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundTrack:
    """An audio stream."""

    index: int
    """Of the stream in its file."""

    codec: str
    """``"aac"``."""

    channels: int
    """How many."""

    layout: str
    """``"stereo"``; ``"8 channels"`` where the file does not say which is where."""

    start: float
    """Seconds on the file's timeline."""

    end: float
    """Seconds."""

    bitrate_bps: int
    """Bits a second, mean."""

    language: str
    """ISO 639 code as the file says; may be empty."""

    default: bool
    """Whether the file names it as the one to play."""

    file: str = ""
    """Its file, where the media are a folder of several; empty where they are one file."""

    name: str = ""
    """As the person at the desk calls it: ``"microphone"``; empty where nobody named it."""

    beneath_lu: float | None = None
    """How much less loud than the first it is heard together with it, LU; ``None`` for one that is heard instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A media file, looked through, or several files of one clock that are heard and seen as one."""

    container: str
    """Names of its format as ffmpeg knows it: ``"mov,mp4,m4a,3gp,3g2,mj2"``."""

    seconds: float
    """Length: of the picture, or of the sound where that is longer by more than half a second."""

    picture: Picture | None
    """``None`` for sound alone."""

    sounds: tuple[SoundTrack, ...]
    """Those with anything in them, the one to play first."""

    notes: tuple[str, ...]
    """What is odd about it, in whole sentences."""

    digest: str = ""
    """Of the file's content, where it was given: two files that look alike are still two."""

    zero: float | None = None
    """Seconds on the file's clock at which its timeline begins; ``None`` for where the first stream begins."""


_COVER = av.stream.Disposition.attached_pic
"""A picture that stands for a sound file."""


@dataclass(slots=True)
class _Tally:
    """What was counted of one stream on the way through the file."""

    times: array[int] = field(default_factory=lambda: array("q"))
    """Of all pictures, in ticks; of sound, whose packets are many and tell nothing, the first and the last."""
    keys: array[int] = field(default_factory=lambda: array("q"))
    bytes: int = 0
    last_duration: int = 0

    def count(self, packet: Any, at: int, *, picture: bool) -> None:
        """Count a packet that is shown or heard at *at* ticks."""
        if picture or len(self.times) < 2:
            self.times.append(at)
        else:
            self.times[0], self.times[1] = min(self.times[0], at), max(self.times[1], at)
        if picture and packet.is_keyframe:
            self.keys.append(at)
        self.bytes += packet.size
        self.last_duration = packet.duration or self.last_duration


def probe(
    path: Path, *, zero: float | None = None, report: Report = lambda _: None, stop: threading.Event | None = None
) -> Media:
    """Look through the media file at *path*; its timeline begins at *zero* on its own clock.

    Raises:
        MediaUnreadable: it is no media, or nothing of it can be read.
        NothingToPlay: it has neither picture nor sound.
        Stopped: *stop* was set.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise MediaUnreadable(f"{str(path)!r} is no name in UTF-8", hint="rename the file or its folder") from None
    try:
        size = path.stat().st_size
        if size == 0:
            raise MediaUnreadable(f"{path.name!r} is empty", hint="copy or export it again")
        with av.open(f"file:{path}", options=_options()) as container:
            first = _first_frames(container)
        # Opened afresh: to go back is not in the power of every format, and two indexes at once would be large.
        with av.open(f"file:{path}", options=_options()) as container:
            return _look_through(container, path, size, first, zero, report, stop)
    except FileNotFoundError:
        raise MediaUnreadable(f"{path} is gone", hint="put it back, or hand it in from where it is now") from None
    except PermissionError:
        raise MediaUnreadable(f"{path} may not be read", hint="give yourself the right to read it") from None
    except (av.FFmpegError, OSError) as error:
        raise MediaUnreadable(
            f"{path.name!r} cannot be read as video or sound ({_plainly(error)})",
            hint="check that it plays; a recording that was cut short may have lost its index: export or copy it again",
        ) from None


def _options() -> dict[str, str]:
    allowed = sorted(name for name in av.formats_available if not _LISTS & set(name.split(",")))
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(allowed)}


def _plainly(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def _look_through(
    container: Any,
    path: Path,
    size: int,
    first: list[Any],
    begins: float | None,
    report: Report,
    stop: threading.Event | None,
) -> Media:
    zero = (container.start_time or 0) / av.time_base if begins is None else begins
    pictures = _pictures(container)
    sounds = [s for s in container.streams.audio if s.codec_context is not None]
    if not pictures and not sounds:
        raise NothingToPlay(f"{path.name!r} holds neither pictures nor sound", hint="hand in a video or audio file")
    picture = pictures[0] if pictures else None
    notes: list[str] = []
    followed = [*([picture] if picture else []), *sounds]
    tallies = {stream.index: _Tally() for stream in followed}
    broken = None
    try:
        for packet in _packets(container, followed):
            if stop is not None and stop.is_set():
                raise Stopped("stopped")
            at = packet.pts if packet.pts is not None else packet.dts
            if at is None or packet.is_discard:
                continue
            tallies[packet.stream.index].count(packet, at, picture=packet.stream is picture)
            if packet.pos and packet.is_keyframe:
                report(min(1.0, packet.pos / size))
    except (av.FFmpegError, OSError) as error:
        broken = _plainly(error)
    shown = _picture(picture, first, tallies[picture.index], zero) if picture else None
    unknown = not pictures and any(not s.disposition & _COVER for s in container.streams.video)
    if unknown or (picture and shown is None):
        notes.append("The pictures of the file cannot be decoded; only its sound was used.")
    heard = [_sound(s, tallies[s.index], zero) for s in sounds if tallies[s.index].times]
    heard.sort(key=lambda s: not s.default)
    if shown is None and not heard:
        if broken or picture is not None or sounds:
            raise MediaUnreadable(
                f"{path.name!r} holds no picture and no sound that can be read",
                hint="check that it plays; export or copy it again",
            )
        raise NothingToPlay(f"{path.name!r} is empty", hint="hand in a video or audio file")
    ends = max((s.end for s in heard[:1]), default=0.0)
    seconds = shown.end if shown else ends
    if shown and ends > shown.end + 0.5:
        seconds = ends
    told = (container.duration or 0) / av.time_base
    if broken:
        notes.append(f"The file is damaged {seconds:.0f} seconds in ({broken}); what came before was used.")
    elif begins is None and told and abs(told - seconds) > max(1.0, 0.02 * seconds):
        notes.append(f"The file says it is {told:.1f} seconds long, but holds {seconds:.1f}.")
    return Media(
        container=container.format.name,
        seconds=seconds,
        picture=shown,
        sounds=tuple(heard),
        notes=tuple(notes),
        zero=begins,
    )


def _pictures(container: Any) -> list[Any]:
    """The video streams that can be shown, the one to show first; a cover is none."""
    found = [s for s in container.streams.video if not s.disposition & _COVER and s.codec_context is not None]
    return sorted(found, key=lambda s: (not s.disposition & av.stream.Disposition.default, -s.width * s.height))


def _packets(container: Any, streams: list[Any]) -> Iterator[Any]:
    """Yield the packets of *streams* that hold anything."""
    for packet in container.demux(streams):
        if packet.size:
            yield packet


def _sound(stream: Any, tally: _Tally, zero: float) -> SoundTrack:
    base = stream.time_base
    start = float(min(tally.times) * base) - zero
    end = float((max(tally.times) + tally.last_duration) * base) - zero
    return SoundTrack(
        index=stream.index,
        codec=stream.codec_context.name,
        channels=stream.codec_context.channels or 1,
        layout=stream.codec_context.layout.name if stream.codec_context.layout else "",
        start=start,
        end=end,
        bitrate_bps=round(tally.bytes * 8 / max(end - start, 0.001)),
        language=str(stream.metadata.get("language", "")).replace("und", "")[:3],
        default=bool(stream.disposition & av.stream.Disposition.default),
    )


def _picture(stream: Any, frames: list[Any], tally: _Tally, zero: float) -> Picture | None:
    """The facts of a video stream; ``None`` where no picture of it can be decoded."""
    if not tally.times or not frames:
        return None
    first, base = frames[0], stream.time_base
    times = np.sort(np.asarray(tally.times)).astype(np.float64) * float(base) - zero
    rate, variable = _rate(times, float(base), stream.average_rate)
    start = float(times[0])
    end = float(times[-1]) + max(1 / rate, 0 if variable else tally.last_duration * base)
    keys = np.sort(np.asarray(tally.keys)).astype(np.float64) * float(base) - zero
    sparse = len(keys) * 4 < len(times) or len(times) < 8
    return Picture(
        index=stream.index,
        codec=stream.codec_context.name,
        profile=str(stream.codec_context.profile or ""),
        pixel_format=first.format.name,
        width=first.width,
        height=first.height,
        sample_aspect=_aspect(stream),
        rotation=round(-first.rotation / 90) * 90 % 360,
        rate=rate,
        variable=variable,
        interlaced=any(frame.interlaced_frame for frame in frames),
        transfer={16: "pq", 18: "hlg"}.get(int(first.color_trc), "sdr"),
        full_range=int(first.color_range) == 2 or first.format.name.startswith("yuvj"),
        matrix=_matrix(int(first.colorspace), first.height),
        frames=len(times),
        start=start,
        end=float(end),
        bitrate_bps=round(tally.bytes * 8 / max(float(end) - start, 0.001)),
        keyframes=tuple(round(float(k), 6) for k in keys) if sparse else (),
        phase=_phase(times, rate),
    )


def _first_frames(container: Any, *, count: int = 3, tries: int = 300) -> list[Any]:
    """The first pictures that can be decoded of the stream that will be shown."""
    frames: list[Any] = []
    for stream in _pictures(container)[:1]:
        with contextlib.suppress(av.FFmpegError, OSError):
            for packet in container.demux(stream):
                with contextlib.suppress(av.FFmpegError):
                    frames += packet.decode()
                tries -= 1
                if len(frames) >= count or tries <= 0:
                    break
    return frames[:count]


def _aspect(stream: Any) -> Fraction:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    if not aspect or not Fraction(1, 10) <= aspect <= 10:
        return Fraction(1)
    return Fraction(aspect)


def _matrix(colorspace: int, height: int) -> str:
    named = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}.get(colorspace)
    return named or ("bt601" if height < 720 else "bt709")


def _rate(times: np.ndarray[Any, np.dtype[np.float64]], tick: float, told: Fraction | None) -> tuple[Fraction, bool]:
    """Frames a second, and whether the frames come off that beat.

    The beat is the median distance of the frames, taken to the standard rate nearest to it.
    """
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    if len(gaps) == 0:
        return (_standard(told) if told and 1 <= told <= 240 else Fraction(25)), False
    rate = _standard(Fraction(1 / float(np.median(gaps))).limit_denominator(1001))
    if told and len(gaps) > 1:
        mean = _standard(Fraction(told).limit_denominator(1001))
        # Within a tick: Matroska's milliseconds make 17 of what is 16 2/3.
        if abs(1 / mean - 1 / rate) <= max(tick, 0.02 / float(rate)):
            rate = mean
    beat = float(1 / rate)
    off = np.abs(times - times[0] - np.round((times - times[0]) / beat) * beat)
    late = float(np.mean(off > max(0.25 * beat, 1.5 * tick)))
    missing = len(times) / max(1.0, (times[-1] - times[0]) / beat + 1)
    variable = bool(late > 0.01 or missing < 0.99 or missing > 1.01)
    if variable:  # screen recorders leave out what does not change: what counts is how close pictures come
        shortest = 1 / float(np.quantile(gaps, 0.1))
        rate = min((r for r in STANDARD_RATES if 5 <= r <= 60), key=lambda r: abs(math.log(float(r) / shortest)))
    return rate, variable


def _phase(times: np.ndarray[Any, np.dtype[np.float64]], rate: Fraction) -> float | None:
    """Seconds, 0 to a beat, that most of *times* come after the beats of *rate*; ``None`` where they are anywhere."""
    mean = np.mean(np.exp(2j * np.pi * times * float(rate)))
    return round(float(np.angle(mean) / (2 * np.pi) % 1 / rate), 6) if abs(mean) > 0.5 else None


def _standard(rate: Fraction) -> Fraction:
    near = min(STANDARD_RATES, key=lambda r: abs(math.log(r / rate)))
    return near if abs(near - rate) / near < Fraction(6, 1000) else rate.limit_denominator(1001)
