"""Encode once: one decode feeds every rung, and the eye that looks for scenes, thumbnails and the poster.

Decoding and scaling are shared: each rung is scaled from the one above, and what looks at pictures gets two small
ones a second from the smallest. The same keyframes are forced on all rungs, on an even grid and where clips are to
begin, so that a clip is only a playlist and a player may change rungs at every segment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

from process import ffmpeg, fmp4
from process.errors import FfmpegMissing
from process.ladder import Ladder, Rung, rate, rungs
from process.probe import Media, Picture
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
    copied: bool,
    settings: Ladder,
    pictures: Pictures,
    insist: Sequence[float] = (),
    cuts: Sequence[float] = (),
    exe: Path,
) -> Encoded:
    """Make all rungs of *media*; a segment begins at each of *cuts*, seconds, as well as on the grid.

    *insist* is for the recipe alone: empty while any pictures of this source will do, whose keyframes may lie
    elsewhere; the cuts themselves where clips cannot be made of those.
    """
    picture = media.picture
    assert picture is not None
    _check_encoders(str(exe), settings)
    wanted = rungs(media, settings, copied=copied)
    beat = rate(picture, settings)
    keys = picture.keyframes if copied else keyframes(media.seconds, cuts, settings.grid_seconds)
    names = [f"v{rung.name}.mp4" for rung in wanted]
    size = thumbnail_size(wanted[-1].width, wanted[-1].height, pictures)
    look = Look(room.folder, size=size, seconds=media.seconds, settings=pictures)

    film = ffmpeg.media(source, media.container, begins=picture.start)
    shown = cleaned(film[str(picture.index)], media, picture, beat)
    outputs, scaled_to = [], (0, 0)
    for rung, name in zip(wanted, names, strict=True):
        file = ffmpeg.target(room.folder / name)
        if rung.copied:
            outputs.append(ffmpeg.output(film[str(picture.index)], file, vcodec="copy", **_MP4))
            continue
        if scaled_to != (rung.width, rung.height):
            shown = scaled(shown, rung, picture, str(exe), first=scaled_to == (0, 0))
            scaled_to = (rung.width, rung.height)
        mine, shown = _parted(shown)
        options = _av1(settings) if rung.codec == "av1" else _x264(rung, settings)
        times = ",".join(f"{max(0.0, key - _EARLY):.6f}" for key in keys)
        outputs.append(
            ffmpeg.output(mine, file, **options, **_MP4, **_COLOUR, force_key_frames=times, g=_longest(beat, settings))
        )
    looks = shown.filter("fps", LOOKS, start_time=0, eof_action="pass").filter("scale", *size, flags="area")
    outputs.append(ffmpeg.output(looks, "pipe:1", format="rawvideo", pix_fmt="bgr24"))
    ran = ffmpeg.run(
        str(exe),
        ffmpeg.together(*outputs),
        seconds=media.seconds,
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


def cleaned(shown: Any, media: Media, picture: Picture, beat: Fraction) -> Any:
    """Whole frames on an even beat from 0 on, in the colours that browsers assume."""
    if picture.matrix == "bt709" and not re.search("rgb|bgr|gbr|pal8", picture.pixel_format):
        shown = shown.filter("setparams", colorspace="bt709")  # where nothing is said, ffmpeg would take it for BT.601
    if picture.interlaced:
        shown = shown.filter("bwdif", mode="send_frame")
    shown = shown.filter("fps", f"{beat.numerator}/{beat.denominator}", start_time=0)
    if picture.transfer != "sdr":
        shown = (
            shown.filter("zscale", transfer="linear", npl=100)
            .filter("format", "gbrpf32le")
            .filter("zscale", primaries="bt709")
            .filter("tonemap", "hable", desat=0)
            .filter("zscale", transfer="bt709", matrix="bt709", range="limited")
            .filter("format", "yuv420p")
        )
    if media.seconds > picture.end + 0.5:  # the voice goes on: so does the last picture
        shown = shown.filter("tpad", stop_mode="clone", stop_duration=f"{media.seconds - picture.end:.6f}")
    return shown


def scaled(shown: Any, rung: Rung, picture: Picture, exe: str, *, first: bool = True) -> Any:
    """The picture in the size of *rung*, square pixels, 4:2:0, BT.709; *first* if it has not been through here yet.

    zimg does this at 0.6 of swscale's cost, for pictures that are 4:2:0 and BT.709 already. Its cubic is set to be
    sharp (b = 0, c = 0.7), since what students read on a small rung is text: at 360p that is worth 2 VMAF over
    swscale's own cubic.
    """
    size = (rung.width, rung.height)
    if first and not _plain(picture):
        options: dict[str, Any] = {"flags": "bicubic"}
        if picture.transfer == "sdr":
            options |= {"out_color_matrix": "bt709", "out_range": "tv"}
        shown = shown.filter("scale", *size, **options)
    elif not (first and picture.shown_size == size):
        if "zscale" in ffmpeg.able(exe, "filters"):
            shown = shown.filter("zscale", *size, filter="bicubic", param_a=0, param_b=0.7)
        else:
            shown = shown.filter("scale", *size, flags="bicubic")
    shown = shown.filter("format", "yuv420p").filter("setsar", 1)
    return shown.filter("setparams", color_primaries="bt709", color_trc="bt709")


def _plain(picture: Picture) -> bool:
    """Whether a picture is as a rung will be, but for its size."""
    return (
        picture.pixel_format == "yuv420p"
        and picture.transfer == "sdr"
        and picture.matrix == "bt709"
        and not picture.full_range
        and picture.sample_aspect == 1
        and picture.width % 2 == picture.height % 2 == 0
    )


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
