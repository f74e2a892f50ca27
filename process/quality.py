"""How near each rung is to its source, measured on a sample.

SSIM (Wang et al., IEEE Transactions on Image Processing 13(4), 2004) costs little and says whether something broke;
VMAF costs ten times as much and says how it looks. Each rung is held against the source scaled to its size: what is
measured is the encoder, not the smaller picture.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from process import ffmpeg
from process.captions.transcript import Span
from process.compose import Composition
from process.encode import Encoded
from process.fit import scaled
from process.ladder import Ladder
from process.probe import Media
from process.stage import pictures
from process.step import Done, Needs, Room, step

_WINDOW = 2.0
"""Seconds of a sample."""

_SETTLE = 0.5
"""Seconds at its start that do not count: a source with an uneven beat is on it after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The quality of the rungs, in their order; ``None`` where not measured, or copied."""

    ssim: tuple[float | None, ...]
    """0 to 1."""

    vmaf: tuple[float | None, ...]
    """0 to 100."""

    cpu_seconds: float
    """Processor seconds of ffmpeg."""


@step("judge", edition=1, gives=Judged, needs=Needs(cores=2))
def judge(
    room: Room,
    *,
    source: Path,
    media: Media,
    composition: Composition | None = None,
    encoded: Done[Encoded],
    settings: Ladder,
    part: Span | None = None,
    exe: Path,
) -> Judged:
    """Measure each encoded rung of *media*, or of a *part* of it, in two places."""
    rungs = encoded.value.rungs
    number = [n for n, rung in enumerate(rungs) if not rung.copied]
    metric = settings.quality
    if metric == "vmaf" and "libvmaf" not in ffmpeg.able(str(exe), "filters"):
        metric = "ssim"
    blank: tuple[float | None, ...] = (None,) * len(rungs)
    if metric == "off" or not number:
        return Judged(ssim=blank, vmaf=blank, cpu_seconds=0.0)
    sums, cpu = dict.fromkeys(number, 0.0), 0.0
    places = _places(encoded.value.keyframes, encoded.value.seconds)
    for place, at in enumerate(places):
        figures, spent = _sample(source, media, composition, encoded, number, at, metric, str(exe), room, part)
        for n, figure in zip(number, figures, strict=True):
            sums[n] += figure / len(places)
        cpu += spent
        room.report((place + 1) / len(places))
    found = tuple(round(sums[n], 5) if n in sums else None for n in range(len(rungs)))
    return Judged(ssim=found if metric == "ssim" else blank, vmaf=found if metric == "vmaf" else blank, cpu_seconds=cpu)


def _places(keyframes: Sequence[float], seconds: float) -> list[float]:
    """Two keyframes, a third and two thirds in; fewer where there are fewer."""
    usable = [k for k in keyframes if k + _WINDOW <= seconds] or [0.0]
    return sorted({usable[len(usable) // 3], usable[len(usable) * 2 // 3]})


def _sample(
    source: Path,
    media: Media,
    composition: Composition | None,
    encoded: Done[Encoded],
    number: list[int],
    at: float,
    metric: str,
    exe: str,
    room: Room,
    part: Span | None,
) -> tuple[list[float], float]:
    picture = media.picture
    assert picture is not None
    begins = part.start if part else 0.0
    window = {"ss": f"{at:.6f}", "t": _WINDOW}
    truth = pictures(source, media, composition, encoded.value.rate, exe=exe, at=begins + at, seconds=_WINDOW)
    rest = (part.end if part else media.seconds) - begins - at
    settle = min(_SETTLE, rest / 4) if rest * encoded.value.rate > 8 else 0.0  # of a few frames, none is left out
    outputs, scaled_to = [], (0, 0)
    for n in number:
        rung, file = encoded.value.rungs[n], encoded.folder / encoded.value.files[n]
        if scaled_to != (rung.width, rung.height):
            truth = scaled(truth, (rung.width, rung.height), picture, exe, first=scaled_to == (0, 0))
            scaled_to = (rung.width, rung.height)
        parts = truth.split()
        mine, truth = parts[0], parts[1]
        made = ffmpeg.source(ffmpeg.target(file), **window).video
        pair = [s.filter("trim", start=settle).filter("setpts", "PTS-STARTPTS") for s in (made, mine)]
        name = "libvmaf" if metric == "vmaf" else "ssim"
        options = {"n_threads": 2} if metric == "vmaf" else {}
        outputs.append(ffmpeg.output(ffmpeg.join(pair, name, **options), "-", format="null"))
    outputs.append(ffmpeg.output(truth, "-", format="null"))
    ran = ffmpeg.run(exe, ffmpeg.together(*outputs), stop=room.stop)
    pattern = r"_libvmaf_(\d+).*VMAF score: ([\d.]+)" if metric == "vmaf" else r"_ssim_(\d+).* All:([\d.]+)"
    scores = sorted((int(place), float(score)) for place, score in re.findall(pattern, ran.log))
    return [score for _, score in scores] if len(scores) == len(number) else [0.0] * len(number), ran.cpu_seconds
