"""What may go wrong at the front desk."""

from __future__ import annotations

from capture.errors import FlipcastError


class DeskError(FlipcastError):
    """Something asked at the front desk cannot be done as asked."""


class SettingsWrong(DeskError):
    """A settings file, or a setting on the command line, cannot be followed."""


class LectureUnknown(DeskError):
    """No lecture of that name is in the library."""


class InUse(DeskError):
    """Another flipcast is at work on the same lecture."""
