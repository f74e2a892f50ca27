"""Fragmented MP4 (ISO/IEC 14496-12), read and cut by its boxes.

A playlist over byte ranges has to know to the byte where a fragment lies, to the tick when it is shown, and to the
letter what its codec is called. All of that stands in the boxes; nothing is decoded, and only their heads are read.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import BinaryIO

from process.errors import MediaUnreadable

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"traf", b"moof"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A ``moof`` with its ``mdat``: a few seconds that begin with a keyframe."""

    offset: int
    """Bytes from the start of the file."""

    size: int
    """Bytes of both boxes."""

    start: float
    """Seconds at which its first sample is decoded; our files show it then too."""

    seconds: float
    """Length."""

    first_sample_end: int
    """Bytes from *offset* to the end of its first sample: a keyframe, for pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A fragmented MP4 of one stream."""

    size: int
    """Bytes of the whole file."""

    init_size: int
    """Bytes before the first fragment: what a player needs of the file in any case."""

    codecs: str
    """RFC 6381: ``"avc1.640028"``."""

    fragments: tuple[Fragment, ...]
    """In order; they tile the rest of the file."""

    @property
    def seconds(self) -> float:
        """Length."""
        return self.fragments[-1].start + self.fragments[-1].seconds if self.fragments else 0.0


@dataclass(frozen=True, slots=True)
class _Samples:
    """A fragment's samples, as its ``traf`` lists them."""

    start: int
    data_offset: int
    durations: array[int] = field(default_factory=lambda: array("I"))
    sizes: array[int] = field(default_factory=lambda: array("I"))
    flags: array[int] = field(default_factory=lambda: array("I"))

    def extend(self, more: _Samples) -> None:
        """Take in the samples that follow."""
        self.durations.extend(more.durations)
        self.sizes.extend(more.sizes)
        self.flags.extend(more.flags)


def read(path: Path) -> Film:
    """Read the boxes of the fragmented MP4 at *path*.

    Raises:
        MediaUnreadable: it is none, or is not whole.
    """
    try:
        with path.open("rb") as file:
            init, size = _head(file)
            scale, codecs = _timescale(init), _codecs(init)
            fragments = tuple(
                Fragment(
                    offset=offset,
                    size=length,
                    start=samples.start / scale,
                    seconds=sum(samples.durations) / scale,
                    first_sample_end=samples.data_offset + samples.sizes[0],
                )
                for offset, length, samples in _runs(file, init)
            )
    except (struct.error, IndexError, KeyError, ValueError) as error:
        raise MediaUnreadable(f"{path.name} is no whole fragmented MP4 ({error})") from error
    if not fragments:
        raise MediaUnreadable(f"{path.name} has no fragments")
    return Film(size=size, init_size=len(init), codecs=codecs, fragments=fragments)


def refragment(source: Path, target: Path, borders: Sequence[float], *, skip: int = 0) -> None:
    """Write the samples of *source* to *target* again, with a fragment beginning at the sample nearest each border.

    For sound, whose every sample stands alone. *skip* samples are left out at the start and the rest moved up: the
    priming that an encoder puts before the first sound.
    """
    with source.open("rb") as file, target.open("wb") as out:
        init, _ = _head(file)
        scale = _timescale(init)
        out.write(init)
        every, places = _Samples(0, -1), array("Q")
        for offset, _, samples in _runs(file, init):
            every.extend(samples)
            places.extend(accumulate(samples.sizes[:-1], initial=offset + samples.data_offset))
        durations, sizes, flags = every.durations, every.sizes, every.flags
        starts = array("Q", accumulate(durations[skip:-1], initial=0)) if len(durations) > skip else array("Q")
        firsts = {0} | {_nearest(starts, round(border * scale)) for border in borders}
        edges = [*sorted(first for first in firsts if first < len(starts)), len(starts)]
        for number, (a, b) in enumerate(pairwise(edges)):
            low, high = a + skip, b + skip
            out.write(_moof(number + 1, starts[a], durations[low:high], sizes[low:high], flags[low:high]))
            for place, size in zip(places[low:high], sizes[low:high], strict=True):
                file.seek(place)
                out.write(file.read(size))


def _nearest(starts: Sequence[int], at: int) -> int:
    right = bisect_left(starts, at)
    if right == 0:
        return 0
    if right == len(starts):
        return right - 1 if right < 2 or at - starts[-1] < starts[-1] - starts[-2] else right
    return right if starts[right] - at < at - starts[right - 1] else right - 1


def _head(file: BinaryIO) -> tuple[bytes, int]:
    """The bytes before the first fragment, and the file's size."""
    end = file.seek(0, 2)
    first = next((at for at, kind, _ in _top(file, end) if kind == b"moof"), end)
    file.seek(0)
    return file.read(first), end


def _top(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield place, kind and size of the outermost boxes."""
    at = 0
    while at < end:
        file.seek(at)
        kind, _, size = _box_head(file.read(16), end - at)
        if at + size > end:
            raise ValueError(f"a box {kind!r} reaches over its end")
        yield at, kind, size
        at += size


def _runs(file: BinaryIO, init: bytes) -> Iterator[tuple[int, int, _Samples]]:
    """Yield of each fragment its place, its size, and its samples."""
    defaults = _defaults(init)
    pending: tuple[int, bytes] | None = None
    for at, kind, size in _top(file, file.seek(0, 2)):
        if kind == b"moof":
            file.seek(at)
            pending = (at, file.read(size))
        elif kind == b"mdat" and pending is not None:
            offset, moof = pending
            yield offset, at + size - offset, _samples(moof, defaults)
            pending = None


def _box_head(head: bytes, rest: int) -> tuple[bytes, int, int]:
    size, kind = struct.unpack(">I4s", head[:8])
    if size == 1:
        return kind, 16, struct.unpack(">Q", head[8:16])[0]
    if size == 0:
        return kind, 8, rest
    if size < 8:
        raise ValueError(f"a box {kind!r} of {size} bytes")
    return kind, 8, size


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of the boxes in *content*, those in containers too."""
    at = 0
    while at + 8 <= len(content):
        kind, head, size = _box_head(content[at : at + 16], len(content) - at)
        body = content[at + head : at + size]
        yield kind, body
        if kind in _CONTAINERS:
            yield from _boxes(body)
        elif kind == b"stsd":
            yield from _boxes(body[8:])
        elif kind in (b"avc1", b"av01", b"hvc1", b"hev1"):
            yield from _boxes(body[78:])
        elif kind == b"mp4a":
            yield from _boxes(body[28:])
        at += size


def _find(content: bytes, kind: bytes) -> bytes:
    for name, body in _boxes(content):
        if name == kind:
            return body
    raise ValueError(f"no box {kind.decode(errors='replace')!r}")


def _timescale(init: bytes) -> int:
    body = _find(init, b"mdhd")
    return int(struct.unpack(">I", body[20:24] if body[0] == 1 else body[12:16])[0])


def _defaults(moov: bytes) -> tuple[int, int, int]:
    duration, size, flags = struct.unpack(">III", _find(moov, b"trex")[12:24])
    return duration, size, flags


def _samples(moof: bytes, defaults: tuple[int, int, int]) -> _Samples:
    duration, size, sample_flags = defaults
    tfhd = _find(moof, b"tfhd")
    flags = struct.unpack(">I", tfhd[:4])[0] & 0xFFFFFF
    at = 8
    for bit, length in ((0x1, 8), (0x2, 4)):
        at += length if flags & bit else 0
    if flags & 0x8:
        duration, at = struct.unpack(">I", tfhd[at : at + 4])[0], at + 4
    if flags & 0x10:
        size, at = struct.unpack(">I", tfhd[at : at + 4])[0], at + 4
    if flags & 0x20:
        sample_flags = struct.unpack(">I", tfhd[at : at + 4])[0]
    tfdt = _find(moof, b"tfdt")
    start = struct.unpack(">Q", tfdt[4:12])[0] if tfdt[0] == 1 else struct.unpack(">I", tfdt[4:8])[0]
    samples = _Samples(start, -1)
    for kind, trun in _boxes(moof):
        if kind == b"trun":
            samples = _run(trun, samples, duration, size, sample_flags)
    return samples


def _run(trun: bytes, so_far: _Samples, duration: int, size: int, sample_flags: int) -> _Samples:
    """*so_far* with the samples of another ``trun`` behind; what it does not say is as the fragment's head has it."""
    head, count = struct.unpack(">II", trun[:8])
    flags, at = head & 0xFFFFFF, 8
    data_offset, first_flags = so_far.data_offset, sample_flags
    if flags & 0x1:
        offset, at = struct.unpack(">i", trun[at : at + 4])[0], at + 4
        data_offset = offset if data_offset < 0 else data_offset
    if flags & 0x4:
        first_flags, at = struct.unpack(">I", trun[at : at + 4])[0], at + 4
    given = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    row = struct.Struct(f">{len(given)}I")
    samples = _Samples(so_far.start, data_offset, so_far.durations, so_far.sizes, so_far.flags)
    for number in range(count):
        fields = dict(zip(given, row.unpack_from(trun, at + number * row.size), strict=True))
        samples.durations.append(fields.get(0x100, duration))
        samples.sizes.append(fields.get(0x200, size))
        samples.flags.append(fields.get(0x400, first_flags if number == 0 else sample_flags))
    return samples


def _moof(number: int, start: int, durations: Sequence[int], sizes: Sequence[int], flags: Sequence[int]) -> bytes:
    """The head of a fragment and of its ``mdat``, for samples that follow each other."""
    rows = b"".join(struct.pack(">III", *row) for row in zip(durations, sizes, flags, strict=True))
    tfhd = _box(b"tfhd", struct.pack(">II", 0x020000, 1))  # default-base-is-moof, track 1
    tfdt = _box(b"tfdt", struct.pack(">IQ", 1 << 24, start))
    mfhd = _box(b"mfhd", struct.pack(">II", 0, number))
    trun_size = 8 + 12 + len(rows)
    moof_size = 8 + len(mfhd) + 8 + len(tfhd) + len(tfdt) + trun_size
    trun = _box(b"trun", struct.pack(">IIi", 0x000701, len(sizes), moof_size + 8) + rows)
    return _box(b"moof", mfhd + _box(b"traf", tfhd + tfdt + trun)) + struct.pack(">I4s", 8 + sum(sizes), b"mdat")


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _codecs(init: bytes) -> str:
    kinds = dict(_boxes(init))
    if b"avcC" in kinds:
        profile, compatibility, level = kinds[b"avcC"][1:4]
        return f"avc1.{profile:02x}{compatibility:02x}{level:02x}"
    if b"av1C" in kinds:
        _, second, third = kinds[b"av1C"][:3]
        profile, level = second >> 5, second & 31
        tier, depth = "H" if third & 0x80 else "M", 10 if third & 0x40 else 8
        return f"av01.{profile}.{level:02d}{tier}.{depth:02d}"
    if b"esds" in kinds:
        return f"mp4a.40.{_audio_object_type(kinds[b'esds'])}"
    raise ValueError("a codec without a name")


def _audio_object_type(esds: bytes) -> int:
    """The first five bits of the decoder's own configuration (ISO/IEC 14496-3), tag 5 in the descriptors."""
    at = esds.index(b"\x05", 21)
    at += 1
    while esds[at] & 0x80:
        at += 1
    return esds[at + 1] >> 3
