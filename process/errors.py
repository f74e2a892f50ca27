"""What may go wrong between a recording and a lecture."""

from __future__ import annotations

from capture.errors import FlipcastError


class ProcessError(FlipcastError):
    """A recording could not be made a lecture."""


class MediaUnreadable(ProcessError):
    """The file is not media, or so damaged that nothing can be played."""


class NothingToPlay(ProcessError):
    """The file is media, but holds neither pictures nor sound."""


class TakeUnfinished(ProcessError):
    """A take has no outcome: it is still rolling, or a crash cut it short."""


class EditsDamaged(ProcessError):
    """What a person changed of a lecture is written down, but cannot be understood."""


class LayoutImpossible(ProcessError):
    """The pictures of a take cannot be laid out as it was wished."""


class NoRoom(ProcessError):
    """The disk is full, or would be."""


class NoRight(ProcessError):
    """A folder may not be written to."""


class FfmpegMissing(ProcessError):
    """No ffmpeg that can do the work was found."""


class FfmpegFailed(ProcessError):
    """ffmpeg gave up; its last words are in the message."""


class EngineMissing(ProcessError):
    """A speech engine is asked for that is not installed."""


class WeightsMissing(ProcessError):
    """No speech weights of the wished size can be had."""


class WeightsDamaged(ProcessError):
    """Speech weights are there, but not the bytes that they should be."""


class Stopped(ProcessError):
    """Somebody asked for the work to stop."""
