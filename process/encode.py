"""Encode once: one decode feeds every rung, and the eye that looks for scenes, thumbnails and the poster.

Decoding and scaling are shared: each rung is scaled from the one above, and what looks at pictures gets two small
ones a second from the smallest. The same keyframes are forced on all rungs, on an even grid and where clips are to
begin, so that a clip is only a playlist and a player may change rungs at every segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from process import ffmpeg, fmp4
from process.captions.transcript import Span
from process.compose import Composition
from process.errors import FfmpegMissing
from process.fit import scaled
from process.ladder import Ladder, Rung, rate, rungs
from process.probe import Media
from process.stage import pictures
from process.step import Needs, Room, step
from process.thumbnails import LOOKS, Look, Pictures, Seen, thumbnail_size

_EARLY = 0.001
"""Seconds by which a keyframe is asked for before its picture, since times are rounded on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """The pictures of a lecture."""

    rungs: tuple[Rung, ...]
    """What was made, the largest first."""

    files: tuple[str, ...]
    """Of each rung, its fragmented MP4."""

    rate: Fraction
    """Frames a second."""

    seconds: float
    """Length as made."""

    keyframes: tuple[float, ...]
    """Seconds at which segments begin, the same on all rungs."""

    seen: Seen
    """What was learnt by looking."""

    cpu_seconds: float
    """Processor seconds of ffmpeg."""

    damaged: bool = False
    """Whether some of the source's pictures could not be decoded."""


@step("encode", edition=1, gives=Encoded, needs=Needs(cores=4))
def encode(
    room: Room,
    *,
    source: Path,
    media: Media,
    composition: Composition | None = None,
    copied: bool,
    settings: Ladder,
    looks: Pictures,
    insist: Sequence[float] = (),
    part: Span | None = None,
    cuts: Sequence[float] = (),
    exe: Path,
) -> Encoded:
    """Make all rungs of *media*, or of a *part* of it; a segment begins at each of *cuts*, seconds, and on the grid.

    The pictures are those of the file *source*, or are put together of the tracks in that folder by *composition*.

    *insist* is for the recipe alone: empty while any pictures of this source will do, whose keyframes may lie
    elsewhere; the cuts themselves where clips cannot be made of those.
    """
    picture = media.picture
    assert picture is not None
    _check_encoders(str(exe), settings)
    wanted = rungs(media, settings, copied=copied)
    beat = rate(picture, settings)
    seconds = media.seconds if part is None else round(part.end - part.start, 6)
    keys = picture.keyframes if copied else keyframes(seconds, cuts, settings.grid_seconds)
    names = [f"v{rung.name}.mp4" for rung in wanted]
    size = thumbnail_size(wanted[-1].width, wanted[-1].height, looks)
    look = Look(room.folder, size=size, seconds=seconds, settings=looks)

    if part is None:
        shown = pictures(source, media, composition, beat, exe=str(exe))
    else:
        shown = pictures(source, media, composition, beat, exe=str(exe), at=part.start, seconds=seconds)
        shown = shown.filter("tpad", stop=-1, stop_mode="clone")  # the last picture stands until the end
        shown = shown.filter("trim", end_frame=max(1, round(seconds * beat)))
    outputs, scaled_to = [], (0, 0)
    for rung, name in zip(wanted, names, strict=True):
        file = ffmpeg.target(room.folder / name)
        if rung.copied:
            film = ffmpeg.media(source, media.container, begins=picture.start)
            outputs.append(ffmpeg.output(film[str(picture.index)], file, vcodec="copy", **_MP4))
            continue
        if scaled_to != (rung.width, rung.height):
            shown = scaled(shown, (rung.width, rung.height), picture, str(exe), first=scaled_to == (0, 0))
            scaled_to = (rung.width, rung.height)
        mine, shown = _parted(shown)
        options = _av1(settings) if rung.codec == "av1" else _x264(rung, settings)
        times = ",".join(f"{max(0.0, key - _EARLY):.6f}" for key in keys)
        outputs.append(
            ffmpeg.output(mine, file, **options, **_MP4, **_COLOUR, force_key_frames=times, g=_longest(beat, settings))
        )
    small = shown.filter("fps", LOOKS, start_time=0, eof_action="pass").filter("scale", *size, flags="area")
    outputs.append(ffmpeg.output(small, "pipe:1", format="rawvideo", pix_fmt="bgr24"))
    ran = ffmpeg.run(
        str(exe),
        ffmpeg.together(*outputs),
        seconds=seconds,
        report=room.report,
        stop=room.stop,
        taking=look.watch,
    )
    films = [fmp4.read(room.folder / name) for name in names]
    return Encoded(
        rungs=wanted,
        files=tuple(names),
        rate=beat,
        seconds=round(films[-1].seconds, 6),
        keyframes=tuple(round(fragment.start, 6) for fragment in films[-1].fragments),
        seen=look.seen(),
        cpu_seconds=ran.cpu_seconds,
        damaged=ran.damaged,
    )


def keyframes(seconds: float, cuts: Sequence[float], grid: float) -> list[float]:
    """The cuts, and between each two of them an even grid that leaves no segment much longer than *grid*."""
    borders = [0.0, *sorted({cut for cut in cuts if 0 < cut < seconds}), seconds]
    keys: list[float] = []
    for start, end in pairwise(borders):
        # Whole steps of the grid; a last one too short to be a segment is joined to its neighbour.
        count = max(1, ceil((end - start) / grid - 0.1))
        keys += [start + number * grid for number in range(count)]
    return keys


_MP4: dict[str, Any] = {
    "format": "mp4",
    # cmaf: times begin at 0 although pictures are reordered (negative composition offsets), no edit list needed
    "movflags": "+cmaf+frag_keyframe+empty_moov+default_base_moof+skip_trailer",
    "map_metadata": -1,
    "map_chapters": -1,
}

_COLOUR: dict[str, Any] = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}


def _longest(beat: Fraction, settings: Ladder) -> int:
    return max(1, round(float(beat) * settings.grid_seconds * 2))


def _x264(rung: Rung, settings: Ladder) -> dict[str, Any]:
    return {
        "vcodec": "libx264",
        **_preset(settings.preset),
        "crf": settings.crf,
        "maxrate": f"{rung.cap_kbps}k",
        "bufsize": f"{rung.cap_kbps * 2}k",
        "sc_threshold": 0,  # a keyframe only where all rungs have one
        "profile:v": "high",
    }


def _preset(name: str) -> dict[str, Any]:
    if name != "lecture":
        return {"preset": name}
    # Slides stand still: refining motion by quarter pixels and weighing where B-frames go is work for nothing.
    return {"preset": "veryfast", "x264-params": "subme=1:b-adapt=0"}


def _av1(settings: Ladder) -> dict[str, Any]:
    return {
        "vcodec": "libsvtav1",
        "preset": settings.av1_preset,
        "crf": settings.av1_crf,
        "svtav1-params": "scm=1:scd=0",
    }


def _parted(shown: Any) -> tuple[Any, Any]:
    parts = shown.split()
    return parts[0], parts[1]


def _check_encoders(exe: str, settings: Ladder) -> None:
    wanted = {"libx264": True, "libsvtav1": settings.av1}
    missing = [name for name, needed in wanted.items() if needed and name not in ffmpeg.able(exe, "encoders")]
    if missing:
        raise FfmpegMissing(
            f"{exe} has no {' and no '.join(missing)}",
            hint="leave ffmpeg.program empty in the settings for the one that comes with flipcast",
        )
