"""How a Matroska file ends: cleanly, torn by a writer that died, or in bytes that no writer put there.

Only the elements' heads after the last whole packet are looked at, a few bytes, whatever the file's length.
"""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO

BLOCK_HEADER = 4
"""Bytes between where a packet's block begins and its content: the track, its time, flags."""

_CLUSTER = 0x1F43B675
_BLOCKS = (0xA3, 0xA0)
_OTHERS = (
    *(0xEC, 0xBF, 0xE7, 0xAB, 0xA7),  # Void, CRC-32, Timestamp, PrevSize, Position
    *(0x9B, 0xFB, 0x75A2, 0x75A1),  # of a group: duration, reference, padding, additions
    *(0x1C53BB6B, 0x1254C367, 0x114D9B74),  # Cues, Tags, SeekHead
    *(0x1549A966, 0x1654AE6B, 0x1941A469, 0x1043A770),  # Info, Tracks, Attachments, Chapters
)
_LARGEST = 256 * 1024 * 1024
"""Bytes; what claims to be larger is no packet of a lecture."""


class Ending(Enum):
    """What comes after the last whole packet."""

    CLEAN = auto()
    """Nothing, or what a writer adds when it closes the file."""

    TORN = auto()
    """The beginning of something whose rest was never written."""

    ODD = auto()
    """Bytes that are no Matroska, or packets that could not be read."""


def ending(path: Path, at: int) -> Ending:
    """How the file at *path* goes on at *at*, the end of its last whole packet."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            identity, length = _number(file, keep_mark=True), _number(file)
            if identity is None or length is None:
                # Less than a head is left: torn, unless what is there cannot be the beginning of one.
                return Ending.TORN if size - at < 12 else Ending.ODD
            inside = file.tell()
            if identity == _CLUSTER:
                at = inside
                continue
            if identity not in (*_BLOCKS, *_OTHERS) or length > _LARGEST:
                return Ending.ODD
            if inside + length > size:
                return Ending.TORN
            if identity in _BLOCKS:
                return Ending.ODD
            at = inside + length
    return Ending.CLEAN


def _number(file: BinaryIO, *, keep_mark: bool = False) -> int | None:
    """The number of varying length that comes next; ``None`` if there is none, or the file ends in it."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    rest = file.read(length - 1)
    if len(rest) < length - 1:
        return None
    number = first[0] if keep_mark else first[0] & ((1 << (8 - length)) - 1)
    return int.from_bytes(bytes([number]) + rest, "big")
