"""Whether this machine is fit to record, process and publish, in sentences."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from capture.errors import FlipcastError
from flipcast.figures import span
from flipcast.settings import Settings
from process import ffmpeg, hardware
from process.captions import weights

_TAKE_BYTES = 1920 * 1080 * 30 * 0.01 + 1280 * 720 * 30 * 0.02 + 60_000
"""A second of a take with screen, camera and microphone: scrolling text, and somebody in the light of a room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    about: str
    """What it is about."""

    well: bool | None
    """Whether it is as it should be; ``None`` where it need not be."""

    says: str
    """What was found."""


def look(settings: Settings, library: Path, *, devices: bool = True) -> list[Finding]:
    """Look at all that recording, processing and publishing need; *devices* are opened for a moment."""
    return [_machine(), *(_recording() if devices else []), _ffmpeg(settings), _captions(settings), _room(library)]


def _machine() -> Finding:
    cores = hardware.ask().cores
    return Finding(about="machine", well=True, says=f"{cores} core{'s' if cores != 1 else ''}")


def _recording() -> list[Finding]:
    """What can be recorded; none of it need be, on a machine that makes lectures of files."""
    from flipcast.equipment import can_record  # with all that wakes cameras

    return [
        Finding(about=str(kind), well=True if well else None, says=says) for kind, (well, says) in can_record().items()
    ]


def _ffmpeg(settings: Settings) -> Finding:
    try:
        exe = ffmpeg.program(settings.ffmpeg)
        encoders, filters = ffmpeg.able(exe, "encoders"), ffmpeg.able(exe, "filters")
    except FlipcastError as error:
        return Finding(about="ffmpeg", well=False, says=str(error))
    needed = {"libx264", "aac"} - encoders | {"ebur128", "alimiter", "scale", "fps", "ssim"} - filters
    if needed:
        return Finding(about="ffmpeg", well=False, says=f"{exe} has no {', '.join(sorted(needed))}")
    extras = [name for name, there in (("AV1", "libsvtav1" in encoders), ("VMAF", "libvmaf" in filters)) if there]
    return Finding(about="ffmpeg", well=True, says=f"{exe}{' with ' + ' and '.join(extras) if extras else ''}")


def _captions(settings: Settings) -> Finding:
    captions = settings.captions
    if captions.engine in ("off", "scripted"):
        return Finding(about="captions", well=None, says=f"the engine is {captions.engine!r}")
    try:
        found = weights.find(replace(captions, download=False))
    except FlipcastError as error:
        hint = " They would be fetched at first use." if captions.download else ""
        return Finding(about="captions", well=None, says=f"{error}.{hint}")
    return Finding(about="captions", well=True, says=f"{captions.engine} with {captions.model!r} from {found.folder}")


def _room(library: Path) -> Finding:
    place = library
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    room = span(free / _TAKE_BYTES)
    says = f"{library}, {free / 1e9:.0f} GB free: room for {room} of screen, camera and microphone, roughly"
    return Finding(about="library", well=free > 2e9, says=says)
