"""Pictures to find one's way by: seen small while they pass to the encoder, kept as sheets for scrubbing.

The encoder's own decoding feeds this; nothing is decoded for it. What is seen two times a second also tells when
the whole picture changed, and which moment makes a good poster.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import av
import cv2
import numpy as np

from process.ffmpeg import read_exactly

LOOKS = 2
"""Looks a second."""

_CHANGED = 24
"""Difference of grey (of 255) above which a pixel counts as another."""

_SCENE = 0.06
"""Share of other pixels that makes a change of the scene."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Settings of poster and thumbnails."""

    thumbnail_seconds: float = 10.0
    """Distance of thumbnails; short lectures get them closer."""

    thumbnail_pixels: int = 192
    """Longer side of a thumbnail."""

    poster_pixels: int = 1280
    """Longer side of the poster, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A moment at which the whole picture became another."""

    at: float
    """Seconds."""

    changed: float
    """Share of the pixels that changed, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was learnt by looking."""

    sheets: tuple[str, ...]
    """File names of JPEG sheets, ten thumbnails wide and at most ten high."""

    every: float
    """Seconds from thumbnail to thumbnail."""

    count: int
    """Number of thumbnails."""

    width: int
    """Pixels of a thumbnail."""

    height: int
    """Pixels of a thumbnail."""

    scenes: tuple[Scene, ...]
    """In order."""

    poster_at: float
    """Seconds of the moment for the poster."""


class Look:
    """Takes small pictures from a pipe while the encoder runs."""

    def __init__(self, folder: Path, *, size: tuple[int, int], seconds: float, settings: Pictures) -> None:
        self.folder = folder
        self.width, self.height = size
        self.every = max(1 / LOOKS, round(min(settings.thumbnail_seconds, seconds / 24) * LOOKS) / LOOKS)
        self._stride = round(self.every * LOOKS)
        self._seconds = seconds
        self._sheet: list[np.ndarray[Any, Any]] = []
        self._sheets: list[str] = []
        self._scenes: list[Scene] = []
        self._count = 0
        self._best = (-1.0, 0.0)

    def watch(self, pipe: IO[bytes]) -> None:
        """Take BGR pictures from *pipe* until it ends."""
        size = self.width * self.height * 3
        number, before = 0, None
        while len(block := read_exactly(pipe, size)) == size:
            picture = np.frombuffer(block, dtype=np.uint8).reshape(self.height, self.width, 3)
            grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            at = number / LOOKS
            if before is not None:
                changed = float(np.count_nonzero(cv2.absdiff(grey, before) > _CHANGED)) / grey.size
                if changed > _SCENE:
                    self._scenes.append(Scene(at=at, changed=round(changed, 3)))
            if number % self._stride == 0:
                self._keep(picture)
            self._judge(grey, at)
            number, before = number + 1, grey
        if self._sheet:
            self._flush()

    def seen(self) -> Seen:
        """What was learnt; after `watch` has returned."""
        return Seen(
            sheets=tuple(self._sheets),
            every=self.every,
            count=self._count,
            width=self.width,
            height=self.height,
            scenes=tuple(self._scenes),
            poster_at=self._best[1],
        )

    def _judge(self, grey: np.ndarray[Any, Any], at: float) -> None:
        """A poster is full of detail, not black, and from the first third, so that it gives nothing away."""
        if at > max(30.0, self._seconds / 3):
            return
        detail = float(cv2.Laplacian(grey, cv2.CV_32F).std())
        early = 0.5 if at < min(2.0, self._seconds / 4) else 1.0
        merit = detail * early * (1.0 if grey.mean() > 16 else 0.1)
        if merit > self._best[0] * 1.02:
            self._best = (merit, at)

    def _keep(self, picture: np.ndarray[Any, Any]) -> None:
        self._sheet.append(picture.copy())
        self._count += 1
        if len(self._sheet) == 100:
            self._flush()

    def _flush(self) -> None:
        rows = -(-len(self._sheet) // 10)
        columns = min(10, len(self._sheet))
        sheet = np.zeros((rows * self.height, columns * self.width, 3), np.uint8)
        for place, picture in enumerate(self._sheet):
            y, x = place // 10 * self.height, place % 10 * self.width
            sheet[y : y + self.height, x : x + self.width] = picture
        name = f"sprite-{len(self._sheets) + 1}.jpg"
        (self.folder / name).write_bytes(_jpeg(sheet, quality=78))
        self._sheets.append(name)
        self._sheet = []


def write_vtt(seen: Seen, seconds: float) -> str:
    """WebVTT whose cues name a place on a sheet for each stretch of the lecture."""
    lines = ["WEBVTT", ""]
    for number in range(seen.count):
        start = number * seen.every
        end = min(seconds, start + seen.every) if number < seen.count - 1 else seconds
        if end <= start:
            break
        place = number % 100
        box = f"{place % 10 * seen.width},{place // 10 * seen.height},{seen.width},{seen.height}"
        lines += [f"{_stamp(start)} --> {_stamp(end)}", f"{seen.sheets[number // 100]}#xywh={box}", ""]
    return "\n".join(lines)


def poster(film: Path, at: float, *, pixels: int) -> bytes:
    """JPEG of the picture that *film* shows at *at* seconds, at most *pixels* wide or high."""
    with av.open(f"file:{film}") as container:
        stream = container.streams.video[0]
        if at > 0:
            container.seek(round(at / (stream.time_base or 1)), stream=stream)
        chosen = None
        for frame in container.decode(stream):
            chosen = frame
            if frame.time is not None and frame.time >= at - 0.02:
                break
        if chosen is None:
            raise ValueError(f"{film.name} shows nothing")
        picture: np.ndarray[Any, Any] = chosen.to_ndarray(format="bgr24")
    scale = pixels / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return _jpeg(picture, quality=82)


def drawn_waveform(peaks: tuple[float, ...], *, size: tuple[int, int] = (1280, 720)) -> bytes:
    """JPEG of a waveform: the poster of a lecture that is sound alone."""
    width, height = size
    picture = np.full((height, width, 3), (48, 36, 30), np.uint8)
    points = np.asarray(peaks or (0.0,))
    bars = np.interp(np.linspace(0, len(points) - 1, width // 8), np.arange(len(points)), points)
    highest = max(float(bars.max()), 0.01)
    for number, bar in enumerate(bars):
        tall = max(2, int(bar / highest * height * 0.35))
        x = number * 8
        cv2.rectangle(picture, (x + 1, height // 2 - tall), (x + 5, height // 2 + tall), (214, 180, 120), -1)
    return _jpeg(picture, quality=85)


def thumbnail_size(width: int, height: int, settings: Pictures) -> tuple[int, int]:
    """Width and height of a thumbnail of a picture of that size, even."""
    scale = settings.thumbnail_pixels / max(width, height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _jpeg(picture: np.ndarray[Any, Any], *, quality: int) -> bytes:
    done, buffer = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
    if not done:
        raise ValueError("a picture could not be written as JPEG")
    return bytes(buffer)


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return (
        f"{milliseconds // 3_600_000:02d}:{milliseconds // 60_000 % 60:02d}"
        f":{milliseconds // 1000 % 60:02d}.{milliseconds % 1000:03d}"
    )
