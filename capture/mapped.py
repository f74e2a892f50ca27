"""Files that two processes map into memory: what a recorder sees and hears now, for whoever wants to know.

One side writes, makes the file and removes it; any number of others open it as it is. What is in it is the matter of
`capture.preview` and `capture.earshot`.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "flipcast-preview-"


def make_folder() -> Path:
    """A private folder for such files, in memory where the system has room for files; what the dead left is removed."""
    memory = Path("/dev/shm")
    home = memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
    for left in home.glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not _lives(int(pid)):
            remove_folder(left)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=home))


def remove_folder(folder: Path) -> None:
    """Remove *folder* and the files in it, as far as they can be."""
    shutil.rmtree(folder, ignore_errors=True)


class Written:
    """The side that makes the file."""

    def __init__(self, path: Path, size: int) -> None:
        """At *path*, of *size* bytes, all zero; only what is written to takes memory."""
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        os.ftruncate(self._file, size)
        self.map = mmap.mmap(self._file, size)
        """What is in it. It cannot be closed while anything looks into it."""

    def reserve(self, at: int, length: int) -> bool:
        """Have room for *length* bytes from *at* on; to write where there is none would end us."""
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(self._file, at, length)
            except OSError:
                return False
        return True

    def close(self) -> None:
        """Remove it, and its folder with the last one in it, for whoever made that and was killed."""
        self.map.close()
        os.close(self._file)
        with contextlib.suppress(OSError):
            self._path.unlink()
            if self._path.parent.name.startswith(_PREFIX):
                self._path.parent.rmdir()


class Opened:
    """The side that opens it."""

    def __init__(self, path: Path, size: int) -> None:
        """At *path*, of *size* bytes.

        Raises:
            FileNotFoundError: there is none, or not yet.
        """
        self._path = path
        with path.open("r+b") as file:
            self._identity = os.fstat(file.fileno()).st_ino
            try:
                self.map = mmap.mmap(file.fileno(), size)
            except ValueError:  # caught in the making
                raise FileNotFoundError(f"{path.name} is not ready") from None

    @property
    def over(self) -> bool:
        """Whether it is no longer there, or another took its place."""
        try:
            return self._path.stat().st_ino != self._identity
        except OSError:
            return True


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
