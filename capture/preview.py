"""The latest picture of a track, small, for whoever wants to look: in a file that both sides map into memory.

The recorder writes and never waits; a reader takes the newest whole picture. There are two places, written in turn,
each with a count before and after it: a reader that finds them equal and even has a whole picture. Nothing is written
unless somebody has looked within the last seconds, so that a preview that nobody sees costs nothing.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import struct
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND, now_ns
from capture.frames import Frame

WIDEST, HIGHEST = 960, 540
"""Pixels of the largest preview."""

_HEAD = struct.Struct("<8sQQ")  # magic, which place is the newest (count of all pictures), when a reader last looked
_PLACE = struct.Struct("<QQIIq")  # count before, count after, width, height, at_ns
_MAGIC = b"flipcst1"
_ROOM = WIDEST * HIGHEST * 3
_PLACE_BYTES = _PLACE.size + _ROOM
_SIZE = _HEAD.size + 2 * _PLACE_BYTES
_LOOKED_AT = 16  # where in the head that moment stands
_LOOKING_NS = 3 * SECOND
_PREFIX = "flipcast-preview-"


def make_folder() -> Path:
    """A private folder for previews, in memory where the system has room for files; what the dead left is removed."""
    memory = Path("/dev/shm")
    home = memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for left in home.glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not _lives(int(pid)):
            remove_folder(left)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=home))


def remove_folder(folder: Path) -> None:
    """Remove *folder* and the previews in it, as far as they can be."""
    shutil.rmtree(folder, ignore_errors=True)


class Preview:
    """The writing side."""

    def __init__(self, folder: Path, name: str, *, rate: float = 15.0) -> None:
        """Of the track *name*, at most *rate* pictures a second."""
        self._path = folder / f"{name}.preview"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.ftruncate(descriptor, _SIZE)
            self._map = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        _HEAD.pack_into(self._map, 0, _MAGIC, 0, 0)
        self._every_ns, self._next_ns, self._count = int(SECOND / rate), 0, 0

    def offer(self, frame: Frame) -> None:
        """Show *frame*, if somebody looks and it is time for one."""
        now = now_ns()
        if now < self._next_ns:
            return
        (looked,) = struct.unpack_from("<Q", self._map, _LOOKED_AT)
        if now - looked > _LOOKING_NS:
            return
        self._next_ns = now + self._every_ns
        small = _small(frame.picture)
        height, width = small.shape[:2]
        self._count += 1
        at = _HEAD.size + (self._count % 2) * _PLACE_BYTES
        _PLACE.pack_into(self._map, at, self._count, self._count - 1, width, height, frame.at_ns)
        begins = at + _PLACE.size
        self._map[begins : begins + small.size] = small.tobytes()
        _PLACE.pack_into(self._map, at, self._count, self._count, width, height, frame.at_ns)
        struct.pack_into("<Q", self._map, 8, self._count)

    def close(self) -> None:
        """Remove it."""
        self._map.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
            if self._path.parent.name.startswith(_PREFIX):
                self._path.parent.rmdir()  # for whoever made it and was killed; after the last preview it is empty


class Look:
    """The reading side. A context manager."""

    def __init__(self, folder: Path, name: str) -> None:
        """At the track *name*.

        Raises:
            FileNotFoundError: there is no such preview, or not yet.
        """
        with (folder / f"{name}.preview").open("r+b") as file:
            try:
                self._map = mmap.mmap(file.fileno(), _SIZE)
            except ValueError:  # caught in the making
                raise FileNotFoundError(f"the preview of {name} is not ready") from None
        self._seen = 0

    def __enter__(self) -> Look:
        return self

    def __exit__(self, *_: object) -> None:
        self._map.close()

    def newest(self) -> Frame | None:
        """The newest picture, blue-green-red, or ``None`` if there is none that was not given before."""
        struct.pack_into("<Q", self._map, _LOOKED_AT, now_ns())
        for _ in range(3):
            (count,) = struct.unpack_from("<Q", self._map, 8)
            if count == self._seen:
                return None
            at = _HEAD.size + (count % 2) * _PLACE_BYTES
            before = _PLACE.unpack_from(self._map, at)
            _, _, width, height, at_ns = before
            length = width * height * 3
            if length > _ROOM:
                continue
            content = self._map[at + _PLACE.size : at + _PLACE.size + length]
            if before[0] == before[1] == count and _PLACE.unpack_from(self._map, at) == before:
                self._seen = count
                picture = np.frombuffer(content, np.uint8).reshape(height, width, 3)
                return Frame(picture=picture, at_ns=at_ns)
        return None


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2  # only the writing side needs it: a command that steers need not wait for it

    height, width = picture.shape[:2]
    scale = min(1.0, WIDEST / width, HIGHEST / height)
    to = (max(1, int(width * scale)), max(1, int(height * scale)))
    # Area is what keeps text legible when it is made smaller, and costs a millisecond at 1080p.
    small = cv2.resize(picture, to, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    return np.ascontiguousarray(small[:, :, :3])


def _lives(pid: int) -> bool:
    if os.name == "nt":
        return True  # asking by a signal of 0 would end it there; what is left is small
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
