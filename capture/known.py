"""What is remembered of devices: names that people gave them, and the latency that was measured.

It lies in one small file of the user's state folder, by what a device is known by after replugging.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from capture.address import without_password
from capture.description import from_json, to_json, write_whole
from capture.errors import DeviceError, DeviceMissing
from capture.frames import Kind

FILE = "devices.json"
"""Name of the file, in the state folder."""

FOLDER_VARIABLE = "FLIPCAST_STATE"
"""Environment variable that names another state folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A device that was named, measured or used here."""

    kind: Kind
    """What it shows or lets hear."""

    identity: str
    """What it is known by after replugging, or its address in the network."""

    member: str
    """The kind of source that opens it."""

    own_name: str = ""
    """The short name it has without anybody's doing; empty for an address."""

    name: str = ""
    """What people call it; empty where nobody gave it a name."""

    description: str = ""
    """What the system calls it."""

    seen_at: str = ""
    """When it was here last: ISO 8601 with a zone; empty if it never was."""

    latency_ms: float | None = None
    """How long its pictures or sound take to reach us, milliseconds; ``None`` for what is usual."""

    spread_ms: float | None = None
    """95 % of the measured moments lie within this of *latency_ms*, milliseconds; ``None`` if it was set by hand."""

    @property
    def spoken(self) -> str:
        """As it is named after ``--from``: ``"camera:front"``."""
        return f"{self.kind}:{self.name or self.own_name or without_password(self.identity)}"


class Memory:
    """The file that remembers devices."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or state_folder()) / FILE
        """Where it lies."""

    def all(self) -> tuple[Known, ...]:
        """All that is remembered.

        Raises:
            DeviceError: the file cannot be read or understood.
        """
        try:
            return from_json(self.path.read_text(encoding="utf-8"), tuple[Known, ...])
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except (OSError, ValueError) as error:
            raise DeviceError(
                f"{self.path}, which remembers the names of devices, cannot be read ({error})",
                hint="mend it, or remove it and name your devices again",
            ) from None

    def change(self, kind: Kind, identity: str, member: str, change: Callable[[Known], Known]) -> Known:
        """Remember the device as *change* makes of what is known of it; returns that.

        Raises:
            DeviceError: it cannot be written down.
        """
        with self._changing() as known:
            before = identified(known, kind, identity)
            after = change(before or Known(kind=kind, identity=identity, member=member))
            if before is None:
                known.append(after)
            else:
                known[known.index(before)] = after
        return after

    def forget(self, name: str) -> Known:
        """Forget the device called *name*, ``front`` or ``camera:front``; returns what was remembered of it.

        Raises:
            DeviceMissing: none is remembered by this name.
            DeviceError: several are; say which.
        """
        with self._changing() as known:
            fit = [one for one in known if name in (one.spoken, one.name, f"{one.kind}:{one.identity}")]
            fit = fit or [one for one in known if name == one.own_name]
            if not fit:
                names = ", ".join(one.spoken for one in known)
                raise DeviceMissing(name, hint=f"remembered are: {names}" if names else "no device is remembered yet")
            if len(fit) > 1:
                which = ", ".join(one.spoken for one in fit)
                raise DeviceError(f"{len(fit)} devices are called {name!r}", hint=f"say which: {which}")
            known.remove(fit[0])
        return fit[0]

    @contextmanager
    def _changing(self) -> Iterator[list[Known]]:
        """What is remembered, to be changed: written down at the end if it is another then."""
        try:
            # It may hold the address of a camera with its password: nobody else's to read.
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with filelock.FileLock(self.path.with_suffix(".lock"), timeout=10):
                before = self.all()
                known = list(before)
                yield known
                if tuple(known) != before:
                    write_whole(self.path, to_json(tuple(known)))
        except (OSError, filelock.Timeout) as error:
            raise DeviceError(
                f"devices cannot be remembered in {self.path} ({error})",
                hint=f"give yourself the right to write there, or set {FOLDER_VARIABLE} to another folder",
            ) from None


def state_folder() -> Path:
    """The folder in which flipcast remembers things of this machine."""
    said = os.environ.get(FOLDER_VARIABLE)
    return Path(said) if said else platformdirs.user_state_path("flipcast", appauthor=False)


def identified(known: Iterable[Known], kind: Kind, identity: str) -> Known | None:
    """What is *known* of the device of that *identity*."""
    return next((one for one in known if one.kind == kind and one.identity == identity), None)
