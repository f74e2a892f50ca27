"""The one tree from which every failure of flipcast descends, and capture's own branch.

Each failure says what happened, with names and numbers, and what to do next:

    FlipcastError
    ├── RecordingError          capture: what lies on disk as recorded or handed in
    │   ├── RecordingMissing
    │   └── RecordingDamaged
    ├── DeviceError             capture: screens, cameras, microphones
    │   ├── DeviceMissing
    │   ├── DeviceBusy
    │   ├── DeviceDenied
    │   ├── DeviceLost
    │   └── ScreenClosed
    ├── TakeError               capture: a take that cannot begin or go on
    │   ├── NoRoomToRecord
    │   ├── RecorderGone
    │   └── WrongMoment
    ├── ProcessError            process.errors
    ├── PublishError            publish.errors
    └── DeskError               flipcast.errors: settings, names, the command line

They survive pickling, since a step may fail in another process or on another machine.
"""

from __future__ import annotations

from typing import Any


class FlipcastError(Exception):
    """A failure that can be explained to the person who met it.

    >>> str(FlipcastError("the disk is full", hint="free 2 GB and run the command again"))
    'the disk is full — free 2 GB and run the command again'
    """

    passing: bool = False
    """Whether trying again, with nothing changed, may help."""

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        """What happened, with names and numbers; no full stop."""
        self.hint = hint
        """What to do next; empty where *what* says it already."""

    def __str__(self) -> str:
        return f"{self.what} — {self.hint}" if self.hint else self.what

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses have constructors of their own: an error is revived by its parts, not by a call.
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[FlipcastError], args: tuple[Any, ...], parts: dict[str, Any]) -> FlipcastError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(parts)
    return error


class RecordingError(FlipcastError):
    """Something about a recording as it lies on disk."""


class RecordingMissing(RecordingError):
    """No recording of that name, or the file it was handed in as is gone."""


class RecordingDamaged(RecordingError):
    """A recording's own description cannot be read."""


class DeviceError(FlipcastError):
    """Something about a screen, a camera or a microphone."""


class DeviceMissing(DeviceError):
    """No device of that name is here, now."""

    passing = True

    def __init__(self, name: str, *, present: tuple[str, ...] = (), hint: str = "") -> None:
        here = f"here are: {', '.join(present)}" if present else "none is here"
        super().__init__(f"no device is called {name!r}", hint=hint or here)
        self.name = name
        """What was asked for."""
        self.present = present
        """The names of what is here instead."""


class DeviceBusy(DeviceError):
    """Another program holds the device."""

    passing = True


class DeviceDenied(DeviceError):
    """The system does not let us use the device."""


class DeviceLost(DeviceError):
    """A device that was giving pictures or sound gives no more: unplugged, frozen, or its server is gone."""

    passing = True


class ScreenClosed(DeviceError):
    """The screen cannot be grabbed: what came would be black."""


class TakeError(FlipcastError):
    """A take cannot begin, or cannot go on."""


class NoRoomToRecord(TakeError):
    """The disk has too little room left for a take."""


class RecorderGone(TakeError):
    """The recorder's own process ended, or does not answer."""


class WrongMoment(TakeError):
    """What is asked for cannot be done in the state that the recorder is in."""
