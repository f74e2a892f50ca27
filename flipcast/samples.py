"""The sample: a short lecture with real speech, made on the spot, for the demo and the tests.

It is made like recordings that people hand in: slides that build up, a pointer that moves now and then, a voice
that is much too quiet. Only PyAV and OpenCV are used, so that it can be made wherever flipcast is installed.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

Planes = np.ndarray[Any, np.dtype[np.uint8]]
"""A picture as I420: the three planes below one another, ``(height * 3 / 2, width)``."""

WIDTH, HEIGHT, RATE = 1920, 1080, 25

SOUND_RATE = 48_000

GAIN_DB = -9.5
"""Brings the voice, which is at -20.5 LUFS, down to -30: levelling shall have something to do."""

SLIDES = (
    ("LJ001-0001", 0.0, "slide-1"),
    ("LJ001-0001", 5.0, "slide-2"),
    ("LJ001-0003", 0.0, "slide-3a"),
    ("LJ001-0004", 0.0, "slide-3b"),
    ("LJ001-0005", 0.0, "slide-4"),
    ("LJ001-0006", 0.0, "slide-5a"),
    ("LJ001-0007", 6.0, "slide-5b"),
    ("LJ001-0009", 0.0, "slide-6"),
    ("LJ001-0010", 0.0, "slide-7a"),
    ("LJ001-0012", 0.0, "slide-7b"),
    ("LJ001-0014", 0.0, "slide-8a"),
    ("LJ001-0015", 0.0, "slide-8b"),
    ("LJ001-0016", 0.0, "slide-9a"),
    ("LJ001-0017", 0.0, "slide-9b"),
)
"""What is shown: from so many seconds after the start of which piece of speech, which picture."""

_DOT = 13
_CALM, _MOVE = 3.0, 1.2


def make_sample(path: Path, *, seconds: float | None = None) -> Path:
    """Make the sample lecture at *path*, an MP4, and return it; *seconds* cuts it short.

    The file is there whole or not at all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".partial.mp4", dir=path.parent)
    os.close(number)
    partial = Path(name)
    try:
        with as_file(files("flipcast") / "sample") as folder:
            _write(partial, folder, seconds)
        partial.chmod(0o644)  # what mkstemp makes is for its owner alone
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def said() -> str:
    """The words of the sample, as they are spoken."""
    return (files("flipcast") / "sample" / "speech.txt").read_text(encoding="utf-8").strip()


def _write(path: Path, folder: Path, seconds: float | None) -> None:
    voice = _voice(folder / "speech.flac")
    length = min(len(voice) / SOUND_RATE, seconds or math.inf)
    voice = voice[: round(length * SOUND_RATE)]
    starts = {clip["clip"]: clip["start"] for clip in json.loads((folder / "speech.json").read_text(encoding="utf-8"))}
    shown = [(starts[clip] + after, folder / f"{name}.png") for clip, after, name in SLIDES]
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        picture = file.add_stream(
            "libx264", rate=RATE, options={"preset": "ultrafast", "crf": "20", "g": str(5 * RATE)}
        )
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context = picture.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709, as HD is
        context.color_range = 1
        sound = file.add_stream("aac", rate=SOUND_RATE, layout="mono", options={"b": "96k"})
        written, size = 0, 1024
        for number, planes in enumerate(_pictures(shown, length)):
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            frame.colorspace, frame.color_range = 1, 1
            file.mux(picture.encode(frame))
            while written < min(len(voice), (number + 1) * SOUND_RATE // RATE):
                block = av.AudioFrame.from_ndarray(voice[None, written : written + size], format="fltp", layout="mono")
                block.sample_rate, block.pts, block.time_base = SOUND_RATE, written, Fraction(1, SOUND_RATE)
                file.mux(sound.encode(block))
                written += size
        file.mux(picture.encode(None))
        file.mux(sound.encode(None))


def _voice(path: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=SOUND_RATE)
    with av.open(str(path)) as file:
        blocks = [block for frame in file.decode(audio=0) for block in resampler.resample(frame)]
    blocks += resampler.resample(None)
    voice = np.concatenate([block.to_ndarray()[0] for block in blocks])
    return (voice * 10 ** (GAIN_DB / 20)).astype(np.float32)


def _pictures(shown: list[tuple[float, Path]], length: float) -> Iterator[Planes]:
    """Yield the frames one by one; the same array serves for all, drawn anew."""
    frames = round(length * RATE)
    borders = [*(round(start * RATE) for start, _ in shown), math.inf]
    canvas: Planes | None = None
    for (_, path), (begin, end) in zip(shown, pairwise(borders), strict=True):
        if begin >= frames:
            return
        slide = _planes(path)
        canvas = slide.copy() if canvas is None else canvas
        canvas[:] = slide
        before = None
        for number in range(int(begin), int(min(end, frames))):
            x, y = _pointer(number / RATE)
            if before is not None and before != (x, y):
                _restore(canvas, slide, *before)
            _dot(canvas, x, y)
            before = (x, y)
            yield canvas


def _planes(path: Path) -> Planes:
    """The picture at *path* as I420 by BT.709; OpenCV's own conversion is by BT.601, which would shift the reds."""
    bgr = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert bgr is not None
    frame = av.VideoFrame.from_ndarray(np.asarray(bgr, np.uint8), format="bgr24")
    converted = frame.reformat(format="yuv420p", src_colorspace=1, dst_colorspace=1, dst_color_range=1)
    return np.asarray(converted.to_ndarray(), np.uint8)


def _pointer(at: float) -> tuple[int, int]:
    """Where the pointer is *at* so many seconds: it rests, glides on, and rests again."""
    turn, passed = divmod(at, _CALM + _MOVE)
    share = max(0.0, passed - _CALM) / _MOVE
    share = share * share * (3 - 2 * share)

    def stop(number: float) -> tuple[float, float]:
        return 0.5 + 0.36 * math.sin(2.4 * number), 0.56 + 0.2 * math.sin(1.7 * number + 1)

    (x0, y0), (x1, y1) = stop(turn), stop(turn + 1)
    return round((x0 + (x1 - x0) * share) * WIDTH / 2) * 2, round((y0 + (y1 - y0) * share) * HEIGHT / 2) * 2


def _parts(planes: Planes) -> Iterator[tuple[Planes, int]]:
    """Yield the planes as views on *planes*, and by how much each is smaller."""
    yield planes[:HEIGHT], 1
    yield planes[HEIGHT : HEIGHT * 5 // 4].reshape(HEIGHT // 2, WIDTH // 2), 2
    yield planes[HEIGHT * 5 // 4 :].reshape(HEIGHT // 2, WIDTH // 2), 2


def _restore(canvas: Planes, slide: Planes, x: int, y: int) -> None:
    reach = _DOT + 3
    for (part, smaller), (clean, _) in zip(_parts(canvas), _parts(slide), strict=True):
        box = np.s_[(y - reach) // smaller : (y + reach) // smaller, (x - reach) // smaller : (x + reach) // smaller]
        part[box] = clean[box]


def _dot(canvas: Planes, x: int, y: int) -> None:
    """Draw a red dot, with a hard edge: a soft one would take the slide below into account."""
    for (part, smaller), value in zip(_parts(canvas), (63, 102, 200), strict=True):
        cv2.circle(part, (x // smaller, y // smaller), _DOT // smaller, value, -1)
