"""One stream of a take being written: pictures or samples in, one crash-safe Matroska file out.

In clusters of a quarter of a second, each handed to the system as soon as it is full: after ``kill -9`` three to four
tenths of a second are missing at the end, and the rest plays as it lies. Against loss of power `TrackFile.keep` brings
it to the disk itself; a thread of its own calls that, since it may take a while.

Pictures go from OpenCV straight into the encoder's frame: one pass over them, 0.6 of the cost of ffmpeg's own grab.
OpenCV makes BT.601 of limited range out of a screen's sRGB, and the file says so.
"""

from __future__ import annotations

import contextlib
import errno
import os
from abc import ABC, abstractmethod
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from capture.clock import SECOND
from capture.errors import NoRoomToRecord, TakeError
from capture.frames import Kind

MILLISECOND = 1_000_000
"""Nanoseconds."""

_CLUSTERS = {"cluster_time_limit": "250", "flush_packets": "1"}
_KEYFRAME_NS = 2 * SECOND
_BT601, _LIMITED, _BT709_PRIMARIES, _SRGB_TRANSFER = 6, 1, 1, 13  # numbers of ITU-T H.273


class TrackFile(ABC):
    """A track's file, open. A context manager; it is closed whatever happens."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """Where it lies."""
        self.count = 0
        """Pictures, or samples of one channel, written so far."""
        self.end_ns = 0
        """How far it reaches, nanoseconds of the take."""
        self._container = av.open(str(path), "w", format="matroska", options=dict(_CLUSTERS))
        self._descriptor = -1
        self._open = True

    def __enter__(self) -> TrackFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            with contextlib.suppress(TakeError):
                self.close()

    @property
    def size_bytes(self) -> int:
        """Its length on disk so far; 0 where that cannot be told."""
        try:
            return self.path.stat().st_size
        except OSError:  # a disk that was pulled out
            return 0

    def keep(self) -> None:
        """Bring what was written to the disk itself, against a loss of power; may take a while."""
        with contextlib.suppress(OSError, ValueError):  # closed meanwhile; or a full disk, which the writing meets too
            getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        """End the file: what the encoder holds, the duration, the index. May be called twice.

        Raises:
            NoRoomToRecord: the disk is full; what is there can be read, and `recover` makes it whole.
            TakeError: it cannot be written for another reason.
        """
        if not self._open:
            return
        self._open = False
        try:
            with self._explained():
                try:
                    self._flush()
                finally:
                    try:
                        self._container.close()
                    except OSError:
                        self._container.close()  # once more lets go of the file; the first is what is told
                        raise
        finally:
            self.keep()
            descriptor, self._descriptor = self._descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)

    @abstractmethod
    def _flush(self) -> None:
        """Write what the encoder still holds."""

    def _begin(self) -> None:
        """Open the encoder and write the head now, so that the first picture does not wait for them."""
        with self._explained():
            self._container.start_encoding()
            self._descriptor = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))

    def _mux(self, packets: list[Packet[Any]]) -> None:
        if packets:
            self._container.mux(packets)

    @contextlib.contextmanager
    def _explained(self):  # type: ignore[no-untyped-def]
        try:
            yield
        except (OSError, av.error.FFmpegError) as error:
            name, at = self.path.name, self.end_ns / SECOND
            if getattr(error, "errno", None) in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
                raise NoRoomToRecord(
                    f"the disk became full: {name} ends at {at:.1f} s", hint="free some room and run flipcast recover"
                ) from error
            why = getattr(error, "strerror", None) or str(error)
            raise TakeError(f"{name} cannot be written on at {at:.1f} s: {why}", hint="run flipcast recover") from error


class Pictures(TrackFile):
    """A track of pictures, in H.264."""

    def __init__(
        self,
        path: Path,
        *,
        width: int,
        height: int,
        rate: Fraction,
        crf: int = 20,
        threads: int = 1,
        still_ns: int = 0,
    ) -> None:
        """Of *width* × *height* pixels, even numbers; pictures of other sizes are fitted in, with black borders.

        A picture that is the same as the last one is written once in *still_ns* nanoseconds at most: slides stand
        still, and to encode them again and again is half the cost of a screen.

        Raises:
            NoRoomToRecord, TakeError: it cannot be written.
        """
        super().__init__(path)
        self.width, self.height = width, height
        # x264 with no look-ahead: what a slower preset holds back is lost in a crash, and it costs twice as much.
        options = {"preset": "ultrafast", "tune": "zerolatency", "crf": str(crf)}
        stream: VideoStream = self._container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = stream.time_base = Fraction(1, 1000)  # as fine as Matroska goes
        context.thread_count = threads
        context.gop_size = 100_000  # keyframes are set by time: the rate may be anything
        context.colorspace, context.color_range = _BT601, _LIMITED
        context.color_primaries, context.color_trc = _BT709_PRIMARIES, _SRGB_TRANSFER
        self._stream = stream
        self._still_ns = still_ns
        self.unchanged = 0
        """Pictures that were not written, since the last one shows the same."""
        self._turns = [self._room(height, width), self._room(height, width)]
        self._key_ns = -_KEYFRAME_NS
        self._last_ms = -1
        self._begin()

    def write(self, picture: NDArray[np.uint8], at_ns: int) -> int | None:
        """Show *picture* from the moment *at_ns* of the take on; gives the moment that the file says.

        That is the nearest millisecond; and one later than the picture before where that one is as late. ``None`` if
        the last picture is the same and goes on.

        Raises:
            NoRoomToRecord: the disk is full.
            TakeError: it cannot be written for another reason.
        """
        fitted = _fitted(picture, self.width, self.height)
        way = cv2.COLOR_BGRA2YUV_I420 if fitted.shape[2] == 4 else cv2.COLOR_BGR2YUV_I420
        last, planes = self._turns[0][0], self._turns[1][0]
        cv2.cvtColor(fitted, way, dst=planes)
        if self.count and 0 < at_ns - self.end_ns < self._still_ns and np.array_equal(planes, last):
            self.unchanged += 1
            return None
        self._turns.reverse()
        return self._encode(at_ns)

    @staticmethod
    def _room(height: int, width: int) -> tuple[NDArray[np.uint8], av.VideoFrame]:
        planes = np.zeros((height * 3 // 2, width), np.uint8)
        frame = av.VideoFrame.from_numpy_buffer(planes, "yuv420p")
        frame.time_base = Fraction(1, 1000)
        return planes, frame

    def repeat(self, at_ns: int) -> int:
        """Show the last picture again, at the moment *at_ns* of the take."""
        return self._encode(at_ns)

    def _encode(self, at_ns: int) -> int:
        ms = max(self._last_ms + 1, (at_ns + MILLISECOND // 2) // MILLISECOND)
        key = ms * MILLISECOND - self._key_ns >= _KEYFRAME_NS
        frame = self._turns[0][1]
        frame.pts = ms
        frame.pict_type = PictureType.I if key else PictureType.NONE
        with self._explained():
            self._mux(self._stream.encode(frame))
        self._last_ms = ms
        self.end_ns = ms * MILLISECOND
        if key:
            self._key_ns = self.end_ns
        self.count += 1
        return self.end_ns

    def _flush(self) -> None:
        if self.count:
            self._mux(self._stream.encode(None))


class Sounds(TrackFile):
    """A track of sound, in FLAC of 16 bits: sample *k* is at *k* / *rate* seconds of the take."""

    def __init__(self, path: Path, *, rate: int, channels: int) -> None:
        """Of 1 or 2 *channels*.

        Raises:
            NoRoomToRecord, TakeError: it cannot be written.
        """
        super().__init__(path)
        self.rate, self.channels = rate, channels
        self._layout = "mono" if channels == 1 else "stereo"
        stream: AudioStream = self._container.add_stream("flac", rate=rate, layout=self._layout)
        stream.codec_context.format = "s16"
        stream.codec_context.time_base = Fraction(1, rate)
        self._stream = stream
        self._begin()

    def write(self, samples: NDArray[np.float32]) -> None:
        """Go on with *samples*, ``(count, channels)``; what is louder than full scale is cut there.

        Raises:
            NoRoomToRecord: the disk is full.
            TakeError: it cannot be written for another reason.
        """
        if not len(samples):
            return
        whole = np.rint(np.clip(samples, -1, 1) * np.float32(32767)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole.reshape(1, -1), format="s16", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = self.rate, self.count, Fraction(1, self.rate)
        with self._explained():
            self._mux(self._stream.encode(frame))
        self.count += len(samples)
        self.end_ns = self.count * SECOND // self.rate

    def _flush(self) -> None:
        if self.count:
            self._mux(self._stream.encode(None))


def file_of(name: str, kind: Kind) -> str:
    """What the file of the track *name* is called."""
    return f"{name}.mka" if kind.is_sound else f"{name}.mkv"


def even(pixels: int) -> int:
    """The even number at or below *pixels*: colours are kept for squares of four."""
    return max(2, pixels - pixels % 2)


def placeholder(width: int, height: int, text: str) -> NDArray[np.uint8]:
    """A dark picture that says *text*, for where a source gives nothing."""
    picture = np.full((height, width, 3), (40, 32, 28), np.uint8)
    words = text.encode("ascii", "replace").decode()  # all that OpenCV can draw
    (wide, high), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    scale = min(0.8 * width / max(1, wide), height / 12 / max(1, high))
    at = (int((width - wide * scale) / 2), int((height + high * scale) / 2))
    thick = max(1, round(2 * scale))
    cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (210, 210, 210), thick, cv2.LINE_AA)
    return picture


def _fitted(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    high, wide = picture.shape[:2]
    if (high, wide) == (height, width):
        return picture
    if high - height in (0, 1) and wide - width in (0, 1):
        return picture[:height, :width]  # an odd line or row
    scale = min(width / wide, height / high)
    to = (max(1, min(width, round(wide * scale))), max(1, min(height, round(high * scale))))
    small = cv2.resize(picture, to, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((height, width, picture.shape[2]), np.uint8)
    top, left = (height - to[1]) // 2, (width - to[0]) // 2
    canvas[top : top + to[1], left : left + to[0]] = small
    return canvas
