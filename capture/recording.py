"""Recordings as they lie on disk: one folder a lecture, described by ``recording.json``.

A recording is made of takes (`capture.take`), or was handed in as a file. A handed-in file stays where it is:
lectures are large, and a second copy of each would fill the disk of whoever hands in a folder. It is
known again by its size, its time and a digest of samples spread over it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from capture.description import from_json, to_json, write_whole
from capture.errors import RecordingDamaged, RecordingMissing

DESCRIPTION = "recording.json"
"""Name of the file that describes a recording, in the lecture's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """A media file that somebody made elsewhere, and what makes it recognisable."""

    path: Path
    """Where it lies; absolute."""

    size_bytes: int
    """Length of the file."""

    modified_ns: int
    """Modification time, nanoseconds since 1970."""

    digest: str
    """BLAKE2 over the size and samples of the content, hexadecimal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A lecture as recorded or as handed in."""

    title: str
    """What people call it."""

    course: str = ""
    """What it belongs to; empty where nobody said."""

    language: str = ""
    """Code of the language that is spoken, ``"en"``; empty where nobody said, and it is heard."""

    handed_in: HandedIn | None = None
    """The file it came as; ``None`` if it was recorded: its takes then lie beside this, in ``takes``."""


def hand_in(path: Path, *, title: str | None = None) -> Recording:
    """Describe the media file at *path* as a recording; its title is the file's name where none is given.

    Raises:
        RecordingMissing: there is no such file, it is a folder, or it may not be read.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100 - a link stays the name it was given by
    try:
        status = path.stat()
        if not path.is_file():
            raise RecordingMissing(
                f"{path} is not a file", hint="name a video or audio file, or a folder that holds some"
            )
        with path.open("rb") as file:
            digest = _digest(file, size=status.st_size)
    except FileNotFoundError:
        raise RecordingMissing(f"there is no file {path}", hint="check the name and its folder") from None
    except PermissionError:
        raise RecordingMissing(f"{path} may not be read", hint="give yourself the right to read it") from None
    except OSError as error:
        raise RecordingMissing(
            f"{path} cannot be read: {error.strerror or error}", hint="copy it to this machine's own disk"
        ) from None
    return Recording(
        title=title or _title_of(path),
        handed_in=HandedIn(path=path, size_bytes=status.st_size, modified_ns=status.st_mtime_ns, digest=digest),
    )


def write(recording: Recording, folder: Path) -> None:
    """Write *recording* down in *folder*, whole or not at all."""
    write_whole(folder / DESCRIPTION, to_json(recording))


def read(folder: Path) -> Recording:
    """Read the recording that lies in *folder*.

    Raises:
        RecordingMissing: no recording lies there.
        RecordingDamaged: its description cannot be understood.
    """
    path = folder / DESCRIPTION
    try:
        return from_json(path.read_text(encoding="utf-8"), Recording)
    except FileNotFoundError:
        raise RecordingMissing(f"no recording lies in {folder}") from None
    except ValueError as error:
        raise RecordingDamaged(
            f"{path} cannot be understood ({error})", hint="process the original file again"
        ) from None


def _title_of(path: Path) -> str:
    words = "".join(c if c.isprintable() else " " for c in path.stem).replace("_", " ").split()
    return " ".join(words) or "Untitled"


def _digest(file: BinaryIO, *, size: int, samples: int = 64, length: int = 65536) -> str:
    """Digest of *size* and up to *samples* pieces spread evenly, the first and the last among them."""
    digest = hashlib.blake2b(str(size).encode(), digest_size=16)
    step = max(length, (size - length) // (samples - 1) if size > length else length)
    at = 0
    while at < size:
        file.seek(min(at, max(0, size - length)))
        digest.update(file.read(length))
        at += step
    return digest.hexdigest()
