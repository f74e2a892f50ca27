"""What of a track's file can be trusted: its packets in order, those beside a hole left out, up to where it decodes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from capture.errors import RecordingDamaged, TakeError
from capture.matroska import BLOCK_HEADER, Ending, ending
from capture.take import Loss

_Packet: TypeAlias = "Packet[Any]"

_HEAD = 1024
"""Bytes; what is shorter was cut before the first quarter of a second."""

_HOLE = 4096
"""More bytes than this between two packets are none that a writer puts there: they were a packet once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """How the end of a file decodes."""

    good: int
    """Packets up to the first that does not decode, from the start of the file."""

    same: bool
    """Whether the file holds as many packets, up to the same time, as were put into it."""

    last_seconds: float
    """How long the last packet lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was read of a file, and written to another."""

    count: int
    """Packets."""

    first: Fraction
    """Time of the first, seconds."""

    last: Fraction
    """Time of the last, seconds."""

    checkpoint: tuple[int, int]
    """Where a decoder can begin, a second before the end if possible: how many packets are before it, and its time in
    the stream's own unit."""

    sample_rate: int
    """Samples a second; 0 for pictures."""

    holes: tuple[Loss, ...]
    """Where bytes in the middle could not be read."""

    odd: str
    """What is there that no writer would leave, even one that was killed; empty for nothing."""

    ending: Ending
    """What comes after the last packet that was read."""


class Copy:
    """One reading of *path* from start to end, into *new* where it is named, of at most *most* packets."""

    def __init__(
        self,
        path: Path,
        new: Path | None,
        report: Callable[[int], None],
        stop: threading.Event,
        *,
        most: int | None = None,
    ) -> None:
        self._path, self._new, self._report, self._stop, self._most = path, new, report, stop, most
        self._count = 0
        self._first = self._last = Fraction(0)
        self._marks: list[tuple[int, int, Fraction]] = []
        self._holes: list[Loss] = []
        self._odd: list[str] = []
        self._end = 0

    def run(self) -> Copied:
        """Read it, and write what can be trusted, down to the disk itself.

        Raises:
            RecordingDamaged: it is no media, or empty.
            TakeError: it was stopped.
            FFmpegError, OSError: the new file cannot be written.
        """
        with opened(self._path) as source:
            stream = _stream(source, self._path)
            if self._new is None:
                for packet in self._sound_ones(source, stream):
                    self._note(packet)
            else:
                with av.open(str(self._new), "w", format="matroska") as target:
                    target.metadata.update(source.metadata)
                    out = target.add_stream_from_template(stream)
                    out.metadata.update(stream.metadata)
                    for packet in self._sound_ones(source, stream):
                        self._note(packet)
                        packet.stream = out
                        target.mux(packet)
                if self._count:  # without a packet there is no file
                    with self._new.open("r+b") as file:
                        os.fsync(file.fileno())
            rate = stream.rate if isinstance(stream, AudioStream) else 0
        how = ending(self._path, self._end)
        if how is Ending.ODD and self._most is None:
            self._odd.append(f"{self._path.stat().st_size - self._end} bytes at its end are no part of a recording")
        return Copied(
            count=self._count,
            first=self._first,
            last=self._last,
            checkpoint=self._marks[0][:2] if self._marks else (0, 0),
            sample_rate=rate or 0,
            holes=tuple(self._holes),
            odd="; ".join(self._odd),
            ending=how,
        )

    def _note(self, packet: _Packet) -> None:
        at = _seconds(packet)
        if not self._count:
            self._first = at
        if packet.is_keyframe:
            # The latest mark that is a second back, and those after it, which will be that one day.
            self._marks.append((self._count, packet.pts or 0, at))
            while len(self._marks) > 1 and self._marks[1][2] <= at - 1:
                del self._marks[0]
        self._count += 1
        self._last = at

    def _sound_ones(self, source: InputContainer, stream: AudioStream | VideoStream) -> Iterator[_Packet]:
        """Yield packets in order; around a hole, those that cannot be trusted are left out."""
        kept: _Packet | None = None
        hole_at: Fraction | None = None
        dts = None
        for packet in self._readable(source, stream):
            if self._stop.is_set():
                raise TakeError("recovering was stopped", hint="run flipcast recover again; nothing is lost")
            self._report(self._end)
            skipped = (packet.pos or 0) - self._end
            if self._end and skipped > _HOLE:
                self._odd.append(f"{skipped} bytes at {float(self._last):.1f} s cannot be read")
                hole_at = hole_at if hole_at is not None else (_seconds(kept) if kept else self._last)
                kept = None  # the last one before a hole may reach into it
            self._end = (packet.pos or 0) + BLOCK_HEADER + packet.size
            if packet.dts is None:
                packet.dts = packet.pts
            torn = packet.pts is None or packet.is_corrupt or (dts is not None and (packet.dts or 0) <= dts)
            waits = hole_at is not None and isinstance(stream, VideoStream) and not packet.is_keyframe
            if torn or waits:
                continue
            if hole_at is not None:
                gone = float(_seconds(packet) - hole_at)
                self._holes.append(Loss(at=float(hole_at), seconds=gone, why="damaged on the disk"))
                hole_at = None
            dts = packet.dts
            if kept is not None:
                yield kept
                if self._count == self._most:
                    return
            kept = packet
        if kept is not None:
            yield kept

    def _readable(self, source: InputContainer, stream: AudioStream | VideoStream) -> Iterator[_Packet]:
        packets = source.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:  # a disk that cannot read on, for instance: what came is kept
                self._odd.append(f"it could not be read after {float(self._last):.1f} s ({error.strerror})")
                return
            if packet is None:
                return
            if packet.size:
                yield packet


def decoded(path: Path, copied: Copied) -> Tail:
    """Whether the file at *path* holds what was *copied*, and its last seconds decode."""
    with opened(path) as source:
        stream = _stream(source, path)
        count, last = 0, Fraction(0)
        for packet in source.demux(stream):
            if packet.size and packet.pts is not None:
                count, last = count + 1, _seconds(packet)
        same = count == copied.count and last == copied.last
        before, at = copied.checkpoint
        source.seek(at, stream=stream)
        context = stream.codec_context
        context.thread_count = 1  # threads tell of a torn picture when it is too late to say which it was
        context.options = {"err_detect": "crccheck+explode"}
        good, length = before, 0.0
        for packet in source.demux(stream):
            if packet.size and (packet.pts or 0) < at:
                continue
            try:
                frames = packet.decode()
            except FFmpegError:
                return Tail(good=good, same=same, last_seconds=length)
            if any(isinstance(frame, VideoFrame | AudioFrame) and frame.is_corrupt for frame in frames):
                return Tail(good=good, same=same, last_seconds=length)
            if packet.size:
                good += 1
                length = float((packet.duration or 0) * (packet.time_base or 0))
                if isinstance(stream, VideoStream) and not length and stream.average_rate:
                    length = float(1 / stream.average_rate)
            for frame in frames:
                if isinstance(frame, AudioFrame):
                    length = frame.samples / frame.sample_rate
    return Tail(good=good, same=same, last_seconds=length)


def opened(path: Path) -> InputContainer:
    if not path.stat().st_size:
        raise RecordingDamaged(f"{path.name} is empty")
    try:
        return av.open(str(path), format="matroska")
    except PermissionError:  # of the file's owner, and not of what is in it
        raise
    except FFmpegError as error:
        size = path.stat().st_size
        why = "holds no more than its head" if size < _HEAD else f"cannot be read ({error.strerror})"
        raise RecordingDamaged(f"{path.name}, of {size} bytes, {why}") from None


def _stream(source: InputContainer, path: Path) -> AudioStream | VideoStream:
    for stream in source.streams:
        if isinstance(stream, AudioStream | VideoStream):
            return stream
    raise RecordingDamaged(f"{path.name} holds neither pictures nor sound")


def _seconds(packet: _Packet) -> Fraction:
    return (packet.pts or 0) * (packet.time_base or Fraction(1, 1000))
