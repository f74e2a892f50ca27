"""Everything that can be recorded: a promise, one file for each kind, and how people name them.

A source is opened on the thread that will read it, since some systems tie a grab to its thread. `frames` yields until
the source is closed from another thread, or raises: `DeviceLost` when what gave pictures or sound gives no more. It is
then opened anew; a source that was lost is never mended.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from capture.errors import DeviceMissing
from capture.frames import Frame, Kind, PictureShape, Sound, SoundShape


class Source(Protocol):
    """Something that can be recorded, open."""

    device: str
    """What it is, as the system calls it: ``"Integrated Camera"``."""

    shape: PictureShape | SoundShape
    """What it gives, as it was granted, not as it was asked for."""

    def frames(self) -> Iterator[Frame] | Iterator[Sound]:
        """Yield what comes in, each with its moment, until closed.

        Raises:
            DeviceLost: nothing has come for a while, or the device says that it is gone.
        """

    def close(self) -> None:
        """Let go of the device; `frames` then ends within a second. May be called twice and from any thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A part of a screen."""

    left: int
    """Pixels from the screen's left border."""

    top: int
    """Pixels from the screen's top border."""

    width: int
    """Pixels."""

    height: int
    """Pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be recorded, and how, as it travels to the recorder's process and into the take."""

    kind: Kind
    """What the track shows or lets hear."""

    member: str
    """The kind of source, a key of `SOURCES`: ``"screen"``, ``"pattern"``."""

    address: str = ""
    """Which one, as its source file understands it: a number, a path, an address, a device's lasting identity; empty
    for the system's default."""

    label: str = ""
    """What the person calls it: ``"camera:front"``; for messages and for the take."""

    region: Region | None = None
    """The part of the screen; ``None`` for all of it."""

    width: int = 0
    """Pixels wished for; 0 leaves it to the source."""

    height: int = 0
    """Pixels wished for; 0 leaves it to the source."""

    rate: Fraction = Fraction(30)
    """Frames a second wished for; of no meaning for sound."""

    latency_ms: float | None = None
    """How long a picture or sound takes from the world to us, milliseconds, measured or set; ``None`` for what is
    usual for such a source."""

    measured: bool = False
    """Whether *latency_ms* was measured by ``flipcast check --sync`` on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Something that could be recorded here, now."""

    kind: Kind
    """What it shows or lets hear."""

    name: str
    """A short name that stays the same: ``"1"`` for a screen, ``"integrated-camera"``; unique among its kind."""

    identity: str
    """What it is known by after replugging; the ``address`` to open it with."""

    description: str
    """What the system calls it, for people to read."""

    member: str
    """The key of `SOURCES` that opens it."""

    default: bool = False
    """Whether the system, or good sense, takes this one of its kind where none is named."""

    width: int = 0
    """Pixels, where they are known without opening it."""

    height: int = 0
    """Pixels, where they are known without opening it."""


SOURCES = {
    "screen": "capture.sources.screen",
    "camera": "capture.sources.camera",
    "microphone": "capture.sources.microphone",
    "pattern": "capture.sources.pattern",
    "slides": "capture.sources.slides",
}
"""Name of a kind of source to the module with its ``open(wanted)`` and ``present()``; ``pattern`` always works."""


def open_source(wanted: Wanted) -> Source:
    """Open what is *wanted*, ready to be read on this thread.

    Raises:
        DeviceMissing: it is not here now.
        DeviceBusy: another program holds it.
        DeviceDenied: the system does not let us.
        ScreenClosed: the screen cannot be grabbed.
    """
    source: Source = importlib.import_module(SOURCES[wanted.member]).open(wanted)
    return source


def present() -> tuple[Device, ...]:
    """All that could be recorded here now, screens first; what cannot be asked is left out."""
    found: list[Device] = []
    for member in ("screen", "camera", "microphone"):
        found += importlib.import_module(SOURCES[member]).present()
    return tuple(found)


_SPOKEN = re.compile(
    r"(?P<kind>screen|window|camera|microphone|system|slides|pattern|tone)(?::(?P<which>.+?))?"
    r"(?:@(?P<width>\d+)x(?P<height>\d+)\+(?P<left>\d+)\+(?P<top>\d+))?",
    re.DOTALL,
)


def spoken(text: str) -> Wanted:
    """What *text* asks for, as people write it after ``--from``: the name is kept as the address.

    ``screen:1``, ``screen:1@1280x720+0+0`` for a part, ``window:Slides``, ``camera:front``, ``camera:http://…``,
    ``microphone:desk``, ``system``, ``slides:FOLDER``, and ``pattern`` and ``tone`` for trying.

    >>> spoken("screen:1@640x360+10+20").region.width
    640
    >>> spoken("camera:http://10.0.0.7/video.mjpg").address
    'http://10.0.0.7/video.mjpg'

    Raises:
        DeviceMissing: the text names no kind of source.
    """
    match = _SPOKEN.fullmatch(text.strip())
    if match is None:
        kinds = "screen:1, screen:1@640x360+0+0, window:TITLE, camera:NAME, microphone:NAME, system, slides:FOLDER"
        raise DeviceMissing(text, hint=f"name a source as one of: {kinds}")
    kind, which = match["kind"], match["which"] or ""
    region = None
    if match["width"]:
        left, top, width, height = (int(match[side]) for side in ("left", "top", "width", "height"))
        region = Region(left=left, top=top, width=width, height=height)
    kinds_and_members = {
        "screen": (Kind.SCREEN, "screen"),
        "window": (Kind.SCREEN, "screen"),
        "camera": (Kind.CAMERA, "camera"),
        "microphone": (Kind.MICROPHONE, "microphone"),
        "system": (Kind.SYSTEM, "microphone"),
        "slides": (Kind.SCREEN, "slides"),
        "pattern": (Kind.CAMERA, "pattern"),
        "tone": (Kind.MICROPHONE, "pattern"),
    }
    track, member = kinds_and_members[kind]
    address = f"window:{which}" if kind == "window" else which
    return Wanted(kind=track, member=member, address=address, label=text.strip(), region=region)
