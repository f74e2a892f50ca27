"""What lies beside a kept camera so that it can be keyed again: how it was keyed, and the clean plate if there was one.

In the folder of a take, for a track called ``camera``: ``camera.key.json``, and for a plate ``camera.plate.png`` with
its facts in ``camera.plate.json``. The track itself is the camera as it was seen, green wall and all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from capture.description import from_json, to_json, write_whole
from greenscreen.errors import GreenscreenError
from greenscreen.key import Key
from greenscreen.plate import Plate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """What is known of how a track was keyed."""

    key: Key
    """How the speaker was told from the screen."""

    plate: Plate | None = None
    """The clean plate, if one was taken."""

    how: str = ""
    """How these came to be, in one sentence; for people."""

    behind: str = ""
    """Before what the speaker stood when it was recorded: ``screen``, ``blur``, a colour, or the name of a picture that
    lies beside the track; empty where nobody chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """A `Beside`, as its file says it."""

    key: Key
    plate: str | None = None
    how: str = ""
    behind: str = ""


_AGAIN: Final = "take the file away to have the key found in the frames, or run: flipcast tune greenscreen"


def files(folder: Path, name: str) -> tuple[Path, ...]:
    """The files there may be in *folder* beside the track *name*: the key, the plate, and the plate's facts.

    Raises:
        GreenscreenError: a track cannot have that name.
    """
    if not name or Path(name).name != name or "\\" in name or ":" in name:
        raise GreenscreenError(f"{name!r} is no name of a track", hint="a name is part of one file's name")
    return tuple(folder / f"{name}.{ending}" for ending in ("key.json", "plate.png", "plate.json"))


def write(folder: Path, name: str, beside: Beside) -> Path:
    """Put *beside* into *folder*, beside the track *name*; returns the file with the key.

    The plate is written first: whoever meets the key meets what it tells of.
    """
    key, plate, facts = files(folder, name)
    if beside.plate is not None:
        beside.plate.save(plate)
    named = plate.name if beside.plate is not None else None
    described = _Described(key=beside.key, plate=named, how=beside.how, behind=beside.behind)
    write_whole(key, to_json(described))
    if beside.plate is None:
        plate.unlink(missing_ok=True)
        facts.unlink(missing_ok=True)
    return key


def read(folder: Path, name: str) -> Beside | None:
    """What lies in *folder* beside the track *name*; ``None`` if nothing does.

    Raises:
        GreenscreenError: the key cannot be read; `PlateUnusable`: the plate that it tells of cannot.
    """
    key, plate, _ = files(folder, name)
    try:
        described = from_json(key.read_text(encoding="utf-8"), _Described)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise GreenscreenError(f"{key} cannot be read: {error}", hint=_AGAIN) from error
    taken = Plate.load(plate) if described.plate else None
    return Beside(key=described.key, plate=taken, how=described.how, behind=described.behind)
