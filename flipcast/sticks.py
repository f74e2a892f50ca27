"""USB sticks: which are in, what slides are on them, and how a lecture gets onto one whole.

Systems are asked by what they show to everybody: no service needs to run, and nothing is mounted by us.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flipcast.deck import PHONE_PICTURES, PICTURES, plain_title
from flipcast.deck.office import OFFICE
from flipcast.errors import DeskError

_DECKS = PICTURES | PHONE_PICTURES | OFFICE | {".pdf"}
_DEEPEST, _MOST_LOOKED_AT, _MOST_FOUND = 3, 20_000, 500
_PIECE = 4 << 20
_FAT_LONGEST = 4 * 2**30 - 1


class StickFailed(DeskError):
    """A stick that cannot be read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stick:
    """A removable volume."""

    folder: Path
    """Where it is mounted."""

    name: str
    """As people know it. Hostile, as every name."""

    free_bytes: int
    """Room left."""

    writable: bool
    """Whether something can be copied onto it."""

    filesystem: str = ""
    """As the system calls it, ``"vfat"``; empty where it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file on a stick that may be slides."""

    path: Path
    """Where it lies."""

    title: str
    """What to show of its name."""

    size_bytes: int
    """Its length."""


def sticks(root: Path = Path("/")) -> tuple[Stick, ...]:
    """The removable volumes that are in now; *root* is another machine's tree of files, for trying."""
    if sys.platform == "win32":
        return tuple(filter(None, (_stick(folder, "") for folder in _windows_drives())))
    found = _linux_mounts(root) if (root / "proc" / "mounts").is_file() else _mac_volumes(root)
    return tuple(stick for folder, filesystem in found if (stick := _stick(folder, filesystem)))


def decks_on(stick: Stick) -> tuple[Found, ...]:
    """Files on *stick* that may be slides: newest first, not deeper than three folders, no links, nothing hidden."""
    found: list[tuple[float, Found]] = []
    looked = 0
    for folder, inner, files in os.walk(stick.folder, followlinks=False):
        deep = len(Path(folder).relative_to(stick.folder).parts)
        inner[:] = sorted(n for n in inner if deep < _DEEPEST and n[0] not in ".$" and n != "System Volume Information")
        for name in files:
            looked += 1
            path = Path(folder, name)
            if name.startswith((".", "~$")) or path.suffix.lower() not in _DECKS or path.is_symlink():
                continue
            with contextlib.suppress(OSError):
                said = path.stat()
                if path.is_file() and said.st_size:
                    found.append((said.st_mtime, Found(path=path, title=plain_title(name), size_bytes=said.st_size)))
        if looked > _MOST_LOOKED_AT:
            break
    newest = sorted(found, key=lambda one: (-one[0], one[1].path))
    return tuple(one for _, one in newest[:_MOST_FOUND])


def copy_onto(
    stick: Stick,
    file: Path,
    *,
    name: str,
    stop: threading.Event | None = None,
    report: Callable[[float], None] = lambda _: None,
) -> Path:
    """Copy *file* onto *stick* as *name*, or as near to it as can be; when this returns it may be unplugged.

    The copy has another name until it is whole, is brought to the stick, and read back. Nothing that lies there is
    replaced: a second file of that name becomes ``NAME (2)``.

    Raises:
        StickFailed: there is no room, the stick is gone, or what was read back is not what was written; or *stop*.
    """
    size = file.stat().st_size
    free = shutil.disk_usage(stick.folder).free if stick.folder.is_dir() else 0
    if not stick.folder.is_dir():
        raise StickFailed(f"the stick “{stick.name}” is gone", hint="put it in again")
    if size + (1 << 20) > free:
        raise StickFailed(
            f"the lecture is {size / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free on “{stick.name}”",
            hint="free some room on it, or take another",
        )
    if size > _FAT_LONGEST and stick.filesystem in ("vfat", "msdos", "FAT32"):
        raise StickFailed("the lecture is larger than 4 GB, which this stick cannot hold", hint="take one with exFAT")
    partial = stick.folder / f".flipcast-{os.getpid()}.partial"
    try:
        with contextlib.ExitStack() as leaving:
            leaving.callback(_without, partial)
            written = _written(file, partial, size, stop or threading.Event(), report)
            if _checksum(partial) != written:
                raise StickFailed(f"what “{stick.name}” gives back is not what was written", hint="take another stick")
            target = _free_name(stick.folder, name, file.suffix)
            partial.rename(target)
            leaving.pop_all()
        _bring(stick.folder)
    except OSError as error:
        raise StickFailed(
            f"“{stick.name}” cannot be written: {error.strerror or error}", hint="put it in again, or take another"
        ) from error
    report(1.0)
    return target


def _written(file: Path, to: Path, size: int, stop: threading.Event, report: Callable[[float], None]) -> bytes:
    """Write *file* to the disk under the name *to*; its checksum."""
    summed, done = hashlib.sha256(), 0
    with file.open("rb") as source, to.open("xb") as target:
        while piece := source.read(_PIECE):
            if stop.is_set():
                raise StickFailed("the copy was called off")
            target.write(piece)
            target.flush()
            os.fsync(target.fileno())  # each piece, so that what is reported lies there, and unplugging is not long off
            summed.update(piece)
            done += len(piece)
            report(0.8 * done / max(1, size))
        if hasattr(os, "posix_fadvise"):  # or it would be read back from memory
            os.posix_fadvise(target.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return summed.digest()


def _checksum(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _without(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _bring(folder: Path) -> None:
    """Bring the folder's names to the stick, where a folder can be opened for that."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(opened)
    finally:
        os.close(opened)


def _free_name(folder: Path, name: str, ending: str) -> Path:
    """A name that no file has, and that every file system and every Windows takes."""
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', " ", plain_title(re.sub(r"[/\\\\]", " ", name) + ".x"))
    plain = re.sub(r"\s+", " ", plain)[:80].strip(" .") or "Lecture"
    if re.fullmatch(r"(?i)con|prn|aux|nul|(com|lpt)\d", plain):
        plain += " lecture"
    for number in range(1, 1000):
        target = folder / f"{plain}{f' ({number})' if number > 1 else ''}{ending}"
        if not target.exists():
            return target
    raise StickFailed(f"a thousand files are called “{plain}” there", hint="take another stick")


def _stick(folder: Path, filesystem: str) -> Stick | None:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    name = re.sub(r"\s+", " ", plain_title(folder.name + ".x")) if folder.name else str(folder)
    writable = os.access(folder, os.W_OK)
    return Stick(folder=folder, name=name, free_bytes=free, writable=writable, filesystem=filesystem)


def _linux_mounts(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield what is mounted of a removable disk, or of one on the USB bus, which large sticks are instead."""
    for line in (root / "proc" / "mounts").read_text("utf-8", "surrogateescape").splitlines():
        device, where, filesystem, *_ = line.split(" ")
        if device.startswith("/dev/") and _removable(root, Path(device).name):
            text = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), where)
            yield root / text.lstrip("/"), filesystem


def _removable(root: Path, partition: str) -> bool:
    blocks = root / "sys" / "block"
    disk = next((name for name in (partition, re.sub(r"p?\d+$", "", partition)) if (blocks / name).exists()), "")
    if not disk:
        return False
    try:
        said = (blocks / disk / "removable").read_text().strip()
        return said == "1" or "/usb" in (blocks / disk).resolve().as_posix()
    except OSError:  # pulled out while we looked
        return False


def _mac_volumes(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield all volumes but the system's own, which is there as a link."""
    with contextlib.suppress(OSError):
        for folder in sorted((root / "Volumes").iterdir()):
            if not folder.is_symlink() and folder.is_dir() and not folder.name.startswith("."):
                yield folder, ""


def _windows_drives() -> Iterator[Path]:
    """Yield the drives that Windows calls removable."""
    yield from ()  # elsewhere nothing
    if sys.platform == "win32":
        letters = ctypes.windll.kernel32.GetLogicalDrives()
        for number in range(26):
            folder = f"{chr(65 + number)}:\\"
            if letters >> number & 1 and ctypes.windll.kernel32.GetDriveTypeW(folder) == 2:
                yield Path(folder)
