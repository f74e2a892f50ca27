"""A take's description, written anew from the files that lie in its folder: what it was meant to be is lost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
from av.error import FFmpegError

from capture.errors import RecordingMissing
from capture.frames import Kind
from capture.take import Take, Track

_ENDINGS = (".mkv", ".mka")


def media_in(folder: Path) -> tuple[Path, ...]:
    """The tracks' files in a take's *folder*, by name."""
    return tuple(sorted(p for p in folder.glob("*") if p.suffix in _ENDINGS and not p.name.startswith(".")))


def rebuilt(folder: Path) -> Take:
    """The take in *folder* as far as its files tell; when it began they do not.

    Raises:
        RecordingMissing: no track lies there.
    """
    files = media_in(folder)
    if not files:
        raise RecordingMissing(f"no take lies in {folder}")
    return Take(
        number=int(folder.name) if folder.name.isdigit() else 1,
        rolled_at="",
        recorder=0,
        made_by="unknown; its description was lost",
        tracks=tuple(_track(path) for path in files),
    )


def _track(path: Path) -> Track:
    kind = _kind_of(path)
    made = Track(name=path.stem, kind=kind, source=str(kind), device="unknown", file=path.name)
    with suppress(FFmpegError), av.open(str(path), format="matroska") as source:
        if source.streams.video:
            picture = source.streams.video[0]
            return replace(
                made,
                kind=Kind.CAMERA if kind.is_sound else kind,
                width=picture.width,
                height=picture.height,
                rate=picture.average_rate or picture.guessed_rate,
            )
        if source.streams.audio:
            sound = source.streams.audio[0]
            return replace(
                made,
                kind=kind if kind.is_sound else Kind.MICROPHONE,
                sample_rate=sound.rate or 0,
                channels=sound.channels,
            )
    return made  # nothing can be read of it: it is named, so that its loss is told


def _kind_of(path: Path) -> Kind:
    """By its name: ``camera-2.mkv`` is a camera; else by what such a file usually is."""
    for kind in Kind:
        if path.stem == kind or path.stem.startswith(f"{kind}-"):
            return kind
    return Kind.SCREEN if path.suffix == ".mkv" else Kind.MICROPHONE
