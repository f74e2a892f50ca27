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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from av.error import FFmpegError

from capture.errors import NoRoomToRecord, RecordingDamaged, TakeError
from capture.matroska import Ending
from capture.packets import Copied, Copy, Tail, decoded, opened
from capture.take import Loss

ASIDE = ".before-recovery"
"""What is added to the name of an original that is kept."""

_SCRATCH = ".recovering"


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
    try:
        if _is_closed(path) and (kept := _kept(path, report, stop)):
            return kept
        if shutil.disk_usage(path.parent).free < status.st_size:
            raise _no_room(path, status.st_size)
        copied, tail, odd = _copied(path, new, report, stop)
        # The time of the last write says when the recorder died: a second run wants to know it too.
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
        size = new.stat().st_size
        if odd:
            odd += f"; the original is kept as {aside.name}"
            _set_aside(path, aside)
        new.replace(path)
        return _told(copied, tail, size_bytes=size, odd=odd)
    except (FFmpegError, OSError) as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise _no_room(path, status.st_size) from None
        raise TakeError(
            f"{path} could not be made whole: {error.strerror or error}", hint="run flipcast recover again"
        ) from None
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)


def restore(path: Path) -> None:
    """Put the original back at *path* if somebody died after setting it aside: what was odd is to be told."""
    aside = path.with_name(path.name + ASIDE)
    try:
        if aside.exists():
            aside.replace(path)
    except OSError as error:
        raise TakeError(f"{aside} cannot be put back: {error.strerror or error}", hint="rename it by hand") from None


def _kept(path: Path, report: Callable[[int], None], stop: threading.Event) -> Mended | None:
    """What is in the file at *path*, if it is whole as it lies: the recorder died after closing it."""
    seen = Copy(path, None, report, stop).run()
    if not seen.count or seen.odd or seen.ending is not Ending.CLEAN:
        return None
    with suppress(FFmpegError):
        tail = decoded(path, seen)
        if tail.same and tail.good == seen.count:
            return _told(seen, tail, size_bytes=path.stat().st_size, odd="")
    return None


def _copied(path: Path, new: Path, report: Callable[[int], None], stop: threading.Event) -> tuple[Copied, Tail, str]:
    """Copy *path* to *new* up to the last packet that decodes; also what was odd."""
    most = None
    while True:
        copied = Copy(path, new, report, stop, most=most).run()
        tail = decoded(new, copied) if copied.count else None
        if tail is None or not tail.good:
            raise RecordingDamaged(f"{path.name}, of {path.stat().st_size} bytes, holds no whole picture or sound")
        if not tail.same:
            raise TakeError(
                f"the copy of {path.name} does not hold what was read", hint="check the disk, and recover it again"
            )
        if tail.good == copied.count:
            return copied, tail, copied.odd or ("its last packets do not decode" if most is not None else "")
        most = tail.good


def _told(copied: Copied, tail: Tail, *, size_bytes: int, odd: str) -> Mended:
    end = float(copied.last) + tail.last_seconds
    samples = round((end - float(copied.first)) * copied.sample_rate)
    return Mended(
        began=float(copied.first),
        seconds=end,
        count=samples or copied.count,
        size_bytes=size_bytes,
        holes=copied.holes,
        odd=odd,
    )


def _is_closed(path: Path) -> bool:
    """Whether somebody closed the file: only then does its length stand in it."""
    with opened(path) as source:
        return source.duration is not None


def _set_aside(path: Path, aside: Path) -> None:
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)  # so that there is a file of this name at every moment
    except OSError:  # a memory stick, for instance, has no links: `restore` knows what to do if we die now
        path.rename(aside)


def _no_room(path: Path, needed: int) -> NoRoomToRecord:
    free = shutil.disk_usage(path.parent).free
    return NoRoomToRecord(
        f"making {path.name} whole takes {needed / 1e6:.1f} MB for a while, and {free / 1e6:.1f} MB are free",
        hint="free some space and run flipcast recover again; the recording is as it was",
    )
