"""One track's file, cut short anywhere, made whole: copied packet by packet into a new file, checked, and put in place.

A Matroska file that nobody closed plays up to its last cluster, but has no length and no index, and may end in half a
packet. Nothing is decoded but the last seconds: that is where a tear can be that does not show in the packets' frames,
as after a loss of power, which leaves zeros where there should be a picture.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
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

from capture.errors import NoRoomToRecord, RecordingDamaged, TakeError
from capture.matroska import BLOCK_HEADER, Ending, ending
from capture.take import Loss

_Packet: TypeAlias = "Packet[Any]"

ASIDE = ".before-recovery"
"""What is added to the name of an original that is kept."""

_SCRATCH = ".recovering"
_HOLE = 4096
"""More bytes than this between two packets are none that a writer puts there: they were a packet once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was found in a track's file, and is now in a whole one."""

    began: float
    """Seconds from the start of the take to its first picture or sample."""

    seconds: float
    """From the start of the take to its end."""

    count: int
    """Pictures, or samples of one channel."""

    size_bytes: int
    """Length of the file."""

    holes: tuple[Loss, ...] = ()
    """Where bytes in the middle could not be read."""

    odd: str = ""
    """What was there beside a torn end, in one sentence; empty for nothing. The original is then kept."""


def mend(path: Path, *, report: Callable[[int], None], stop: threading.Event) -> Mended:
    """Make the file at *path* whole; *report* is told how many of its bytes are done.

    One that is whole is left as it is. Until the new one has been checked, the file is as it was.

    Raises:
        RecordingDamaged: there is nothing in it that could be kept; it is left as it is.
        NoRoomToRecord: the disk has no room for the new file.
        TakeError: *stop* was set, or the folder cannot be written to.
    """
    restore(path)
    status = path.stat()
    aside, new = path.with_name(path.name + ASIDE), path.with_name(f".{path.name}{_SCRATCH}")
    if _is_closed(path):
        seen = _Copy(path, None, report, stop).run()
        if seen.count and not seen.odd and seen.ending is Ending.CLEAN:
            tail = _decoded(path, seen)
            if tail.whole:
                return seen.mended(tail, size_bytes=status.st_size, odd="")
    if (free := shutil.disk_usage(path.parent).free) < status.st_size:
        raise _no_room(path, status.st_size, free)
    try:
        most = None
        for _ in range(3):
            copied = _Copy(path, new, report, stop, most=most).run()
            if not copied.count:
                raise RecordingDamaged(f"{path.name} holds no whole picture or sound")
            tail = _decoded(new, copied)
            if tail.whole:
                break
            most = tail.good
        else:
            raise RecordingDamaged(f"what is at the end of {path.name} cannot be decoded")
        odd = copied.odd or ("its last packets could not be decoded" if most is not None else "")
        # The time of the last write says when the recorder died: a second run wants to know it too.
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
        size = new.stat().st_size
        if odd:
            odd += f"; the original is kept as {aside.name}"
            _set_aside(path, aside)
        new.replace(path)
        return copied.mended(tail, size_bytes=size, odd=odd)
    except FFmpegError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(path, status.st_size, shutil.disk_usage(path.parent).free) from None
        raise RecordingDamaged(f"{path.name} cannot be read ({error.strerror})") from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(path, status.st_size, shutil.disk_usage(path.parent).free) from None
        raise TakeError(
            f"{path} could not be made whole: {error.strerror or error}", hint="run flipcast recover again"
        ) from None
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def restore(path: Path) -> None:
    """Put the original back at *path* if somebody died after setting it aside: what was odd is to be told."""
    aside = path.with_name(path.name + ASIDE)
    if aside.exists():
        aside.replace(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tail:
    """How the end of a file decodes."""

    good: int
    """Packets up to the first that does not decode, from the start of the file."""

    whole: bool
    """Whether that is all of them, and the file holds what was put into it."""

    last_seconds: float
    """How long the last packet lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copied:
    """What was read of a file, and written to another."""

    count: int
    first: Fraction
    last: Fraction
    checkpoint: tuple[int, int]
    """A packet that the decoder can begin at, at least a second before the end: how many are before it, its time."""
    sample_rate: int
    holes: tuple[Loss, ...]
    odd: str
    ending: Ending

    def mended(self, tail: _Tail, *, size_bytes: int, odd: str) -> Mended:
        end = float(self.last) + tail.last_seconds
        count = round((end - float(self.first)) * self.sample_rate) if self.sample_rate else self.count
        return Mended(
            began=float(self.first), seconds=end, count=count, size_bytes=size_bytes, holes=self.holes, odd=odd
        )


class _Copy:
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

    def run(self) -> _Copied:
        with _opened(self._path) as source:
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
                with self._new.open("r+b") as file:
                    os.fsync(file.fileno())
            rate = stream.rate if isinstance(stream, AudioStream) else 0
        how = ending(self._path, self._end)
        if how is Ending.ODD and self._most is None:
            self._odd.append(f"{self._path.stat().st_size - self._end} bytes at its end are no part of a recording")
        return _Copied(
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


def _decoded(path: Path, copied: _Copied) -> _Tail:
    """Whether the file at *path* holds what was *copied*, and its last seconds decode."""
    with _opened(path) as source:
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
                return _Tail(good=good, whole=False, last_seconds=length)
            if any(isinstance(frame, VideoFrame | AudioFrame) and frame.is_corrupt for frame in frames):
                return _Tail(good=good, whole=False, last_seconds=length)
            if packet.size:
                good += 1
                length = float((packet.duration or 0) * (packet.time_base or 0))
                if isinstance(stream, VideoStream) and not length and stream.average_rate:
                    length = float(1 / stream.average_rate)
            for frame in frames:
                if isinstance(frame, AudioFrame):
                    length = frame.samples / frame.sample_rate
    return _Tail(good=good, whole=same and good == copied.count, last_seconds=length)


def _opened(path: Path) -> InputContainer:
    if not path.stat().st_size:
        raise RecordingDamaged(f"{path.name} is empty")
    try:
        return av.open(str(path), format="matroska")
    except FFmpegError as error:
        size = path.stat().st_size
        raise RecordingDamaged(f"{path.name}, of {size} bytes, cannot be read ({error.strerror})") from None


def _stream(source: InputContainer, path: Path) -> AudioStream | VideoStream:
    for stream in source.streams:
        if isinstance(stream, AudioStream | VideoStream):
            return stream
    raise RecordingDamaged(f"{path.name} holds neither pictures nor sound")


def _is_closed(path: Path) -> bool:
    """Whether somebody closed the file: only then does its length stand in it."""
    with _opened(path) as source:
        return source.duration is not None


def _seconds(packet: _Packet) -> Fraction:
    return (packet.pts or 0) * (packet.time_base or Fraction(1, 1000))


def _set_aside(path: Path, aside: Path) -> None:
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)  # so that there is a file of this name at every moment
    except OSError:  # a memory stick, for instance, has no links: `restore` knows what to do if we die now
        path.rename(aside)


def _no_room(path: Path, needed: int, free: int) -> NoRoomToRecord:
    return NoRoomToRecord(
        f"making {path.name} whole takes {needed / 1e6:.1f} MB for a while, and {free / 1e6:.1f} MB are free",
        hint="free some space and run flipcast recover again; the recording is as it was",
    )
