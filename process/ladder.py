"""The ladder: in which sizes a picture is offered, and which of them the source already is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil

from process.probe import Media, Picture

_CAP_KBPS = 6000
"""Cap of 1080p; smaller pictures need less, though more for each pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Settings of the picture."""

    heights: tuple[int, ...] = (1080, 720, 360)
    """Wished sizes, pixels of the short side; none is larger than the source."""

    crf: float = 23.5
    """x264's constant quality: lower is better and larger, 18 to 28 is sensible."""

    preset: str = "lecture"
    """x264's trade of time for size: one of its own presets, or ``lecture``: veryfast with a fifth of its time taken
    off; at a crf 0.5 higher it gives the VMAF and the bytes of plain veryfast (``tests/benchmarks/processing.py``)."""

    max_fps: int = 60
    """Frames a second above which every second one is left out."""

    grid_seconds: float = 4.0
    """Longest segment; a keyframe begins each, on all rungs alike."""

    copy_source: bool = True
    """Whether a source that is fit for the web as it is serves as the top rung without being encoded again."""

    copy_gap_seconds: float = 10.0
    """Longest distance of keyframes in a source that is copied."""

    av1: bool = False
    """Whether the top rung is made in AV1 as well: half the bytes, twice the time."""

    av1_crf: int = 45
    """SVT-AV1's constant quality, 1 to 63."""

    av1_preset: int = 8
    """SVT-AV1's trade of time for size, 0 to 13."""

    quality: str = "ssim"
    """What each rung is measured by, on a sample: ``ssim``, ``vmaf`` or ``off``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A wished-for size and quality."""

    name: str
    """``"1080p"``, ``"1080p-av1"``."""

    width: int
    """Pixels, even."""

    height: int
    """Pixels, even."""

    codec: str
    """``"h264"`` or ``"av1"``."""

    copied: bool
    """Whether the source's own pictures serve."""

    cap_kbps: int
    """Most bits a second over two seconds, thousands."""


def rate(picture: Picture, settings: Ladder) -> Fraction:
    """Frames a second of every rung."""
    return picture.rate / ceil(picture.rate / settings.max_fps)


def rungs(media: Media, settings: Ladder, *, copied: bool) -> tuple[Rung, ...]:
    """The rungs for *media*, the largest first; *copied* says whether the top one is the source itself.

    A rung is worth its bytes if it is well below the one above: a source of 800 lines gets 800, 720 would be
    the same again, and 360.
    """
    assert media.picture is not None
    width, height = media.picture.shown_size
    short = min(width, height)
    sizes = [min(short, max(settings.heights))]
    sizes += [wish for wish in sorted(settings.heights, reverse=True) if wish <= sizes[0] * 0.92]
    wanted: list[Rung] = []
    for size in sizes:
        w, h = _even(width * size / short), _even(height * size / short)
        cap = max(300, round(_CAP_KBPS * _area(w, h) ** 0.75))
        made = Rung(name=f"{min(w, h)}p", width=w, height=h, codec="h264", copied=copied and not wanted, cap_kbps=cap)
        wanted.append(made)
    top = wanted[0]
    if settings.av1:
        wanted.insert(0, replace(top, name=f"{top.name}-av1", codec="av1", copied=False))
    return tuple(wanted)


def top_size(size: tuple[int, int], heights: Sequence[int]) -> tuple[int, int]:
    """Width and height of the largest rung for a picture of that *size*."""
    short = min(size)
    top = min(short, max(heights))
    return _even(size[0] * top / short), _even(size[1] * top / short)


def may_copy(media: Media, settings: Ladder) -> bool:
    """Whether the source can be the top rung as it is: a browser plays it, on an even beat, in short segments."""
    picture = media.picture
    if picture is None or not settings.copy_source or not picture.keyframes:
        return False
    borders = [*picture.keyframes, picture.end]
    width, height = picture.shown_size
    size = min(width, height)
    cap_kbps = _CAP_KBPS * _area(width, height) ** 0.75
    return (
        picture.codec == "h264"
        and picture.profile in ("High", "Main", "Constrained Baseline")
        and picture.pixel_format == "yuv420p"
        and not (picture.interlaced or picture.variable or picture.full_range or picture.rotation)
        and picture.transfer == "sdr"
        and picture.sample_aspect == 1
        and size <= max(settings.heights)
        and picture.rate <= settings.max_fps
        and abs(picture.start) < 0.5 / picture.rate
        and abs(picture.keyframes[0] - picture.start) < 0.5 / picture.rate
        and media.seconds - picture.end < 0.5
        and picture.bitrate_bps <= cap_kbps * 1000
        and max(b - a for a, b in pairwise(borders)) <= settings.copy_gap_seconds
    )


def _area(width: int, height: int) -> float:
    """Pixels, as a share of 1080p."""
    return width * height / (1920 * 1080)


def _even(pixels: float) -> int:
    return max(2, round(pixels / 2) * 2)
