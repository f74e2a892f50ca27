"""A file's pictures, asked for by moments: each is decoded once, and handed out as long as it is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
import av.error
import cv2
import numpy as np

from greenscreen.light import Bytes
from process.probe import Media

_LEAP: Final = 8.0
"""Seconds ahead beyond which it is quicker to go there than to decode all that lies between."""

_TURNS: Final = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


class Projector:
    """Shows the pictures of *media*, the file at *path*, on the file's own clock; *looped* again and again."""

    def __init__(self, path: Path, media: Media, *, looped: bool = False) -> None:
        assert media.picture is not None
        self.number = -1
        """Of the picture shown last; another when another is shown."""
        self.damaged = False
        """Whether some pictures could not be decoded; the one before was shown instead."""
        self._facts = media.picture
        self._length = max(0.04, media.picture.end - media.picture.start) if looped else 0.0
        self._turn = 0
        self._container = av.open(
            f"file:{path}", format=media.container.split(",")[0], options={"protocol_whitelist": "file,pipe"}
        )
        self._stream = self._container.streams[media.picture.index]
        self._stream.codec_context.thread_type = "AUTO"
        self._frames = self._decoded()
        self._now: Any = None
        self._next: Any = next(self._frames, None)
        self._shown: Bytes | None = None
        self._origin = float(self._next.time) if self._next is not None else 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._frames.close()  # type: ignore[attr-defined]
        self._container.close()

    def at(self, moment: float) -> Bytes | None:
        """The last picture that began before *moment*, or the first; ``None`` where there is none at all.

        Moments must not go back. What is handed out must not be written to.
        """
        if self._length:
            turn, moment = divmod(moment, self._length)
            moment += self._origin
            if turn != self._turn:
                self._turn = int(turn)
                self._go(self._origin)
        elif self._next is not None and moment - self._next.time > _LEAP:
            self._go(moment)
        while self._next is not None and (self._now is None or self._next.time < moment):
            self._now, self._next = self._next, next(self._frames, None)
            self.number += 1
            self._shown = None
        if self._shown is None and self._now is not None:
            self._shown = self._drawn(self._now)
        return self._shown

    def _go(self, moment: float) -> None:
        with contextlib.suppress(av.error.FFmpegError):
            self._container.seek(int(moment / self._stream.time_base), stream=self._stream)  # type: ignore[operator]
            self._frames = self._decoded()
            self._next = next(self._frames, None)

    def _decoded(self) -> Iterator[Any]:
        for packet in self._container.demux(self._stream):
            try:
                shown: Any
                for shown in packet.decode():
                    if shown.time is not None:
                        yield shown
            except av.error.FFmpegError:
                self.damaged = True

    def _drawn(self, frame: Any) -> Bytes:
        """The picture upright, with square pixels, as bytes blue-green-red."""
        facts = self._facts
        picture = frame.to_ndarray(
            format="bgr24",
            src_colorspace="ITU709" if facts.matrix == "bt709" else "ITU601",
            src_color_range="JPEG" if facts.full_range else "MPEG",
        )
        if facts.rotation in _TURNS:
            picture = cv2.rotate(picture, _TURNS[facts.rotation])
        if picture.shape[1::-1] != facts.shown_size:  # pixels that are not square, or a size that changed on the way
            picture = cv2.resize(picture, facts.shown_size, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(picture, np.uint8)
