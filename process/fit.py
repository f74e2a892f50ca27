"""Pictures of any kind made fit for the web: on an even beat, square, 4:2:0, BT.709, in the size that is wished for."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from process import ffmpeg
from process.probe import Media, Picture


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


def scaled(shown: Any, size: tuple[int, int], picture: Picture, exe: str, *, first: bool = True) -> Any:
    """The picture in *size*, square pixels, 4:2:0, BT.709; *first* if it has not been through here yet.

    zimg does this at 0.6 of swscale's cost, for pictures that are 4:2:0 and BT.709 already. Its cubic is set to be
    sharp (b = 0, c = 0.7), since what students read on a small rung is text: at 360p that is worth 2 VMAF over
    swscale's own cubic. Other matrices and ranges of 8 bits, which is what cameras and screens are recorded in, are
    turned into BT.709 by a filter that does nothing else, at an eighth of what swscale takes for it.
    """
    if first and not _four_two_zero(picture):
        options: dict[str, Any] = {"flags": "bicubic"}
        if picture.transfer == "sdr":
            options |= {"out_color_matrix": "bt709", "out_range": "tv"}
        shown = shown.filter("scale", *size, **options)
    else:
        if not (first and picture.shown_size == size):
            if "zscale" in ffmpeg.able(exe, "filters"):
                shown = shown.filter("zscale", *size, filter="bicubic", param_a=0, param_b=0.7)
            else:
                shown = shown.filter("scale", *size, flags="bicubic")
        if first and (picture.matrix != "bt709" or picture.full_range):
            shown = shown.filter("colorspace", **_TO_BT709, **_colours(picture))
    shown = shown.filter("format", "yuv420p").filter("setsar", 1)
    return shown.filter("setparams", color_primaries="bt709", color_trc="bt709")


_TO_BT709: dict[str, Any] = {
    **{"space": "bt709", "range": "tv", "format": "yuv420p", "fast": 1},
    # Only the matrix and the range differ: primaries and curves of a webcam are what they are, whatever it says.
    **{"iprimaries": "bt709", "primaries": "bt709", "itrc": "bt709", "trc": "bt709"},
}


def _colours(picture: Picture) -> dict[str, str]:
    return {
        "ispace": "bt709" if picture.matrix == "bt709" else "smpte170m",
        "irange": "pc" if picture.full_range else "tv",
    }


def _four_two_zero(picture: Picture) -> bool:
    """Whether a picture is as a rung will be, but for its size, and for colours that need no more than a matrix."""
    return (
        picture.pixel_format in ("yuv420p", "yuvj420p")
        and picture.transfer == "sdr"
        and picture.matrix in ("bt601", "bt709")
        and picture.sample_aspect == 1
        and picture.width % 2 == picture.height % 2 == 0
    )
