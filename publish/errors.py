"""What may go wrong between a lecture and its publication."""

from __future__ import annotations

from capture.errors import FlipcastError


class PublishError(FlipcastError):
    """A lecture could not be put up, read back, or taken down."""


class StoreUnreachable(PublishError):
    """The store does not answer, or answers that it is busy."""

    passing = True


class StoreDenied(PublishError):
    """The store knows us not, or will not let us."""


class StoreMissing(PublishError):
    """There is no such bucket or folder, or the address names no store."""


class StoreFull(PublishError):
    """There is no room left in the store."""


class ServerMissing(PublishError):
    """The S3 server for this machine is not installed, or does not start."""


class ObjectMissing(PublishError):
    """The store holds nothing under that key."""


class ContentDiffers(PublishError):
    """What the store holds is not what was made."""


class LectureIncomplete(PublishError):
    """A file is not there that the lecture names, or it names one that is not its own."""


class NameUnfit(PublishError):
    """A name that cannot be part of an address."""


class NotPublished(PublishError):
    """There is no publication of that lecture in that store."""
