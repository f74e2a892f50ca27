"""Whoever stands in the booth now."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flipcast.deck import Deck
from flipcast.library import Shelf


@dataclass(slots=True)
class Guest:
    """Whoever stands in the booth now, and all that is theirs."""

    ticket: str
    """Letters by which their phone is known."""

    folder: Path
    """For what they bring; removed with them."""

    at: float = field(default_factory=time.time)
    """When they came, seconds since 1970."""

    background: str = ""
    """What they chose to stand before."""

    deck: Deck | None = None
    """Their slides."""

    deck_folder: Path | None = None
    """Where these lie."""

    shown: int = 0
    """Number of the slide that is shown, from 0."""

    taking: tuple[str, float] | None = None
    """Title of slides that are being taken in, and how far they are, 0 to 1."""

    aside: list[Shelf] = field(default_factory=list)
    """What they recorded before, and did not want."""

    shelf: Shelf | None = None
    """What they recorded last."""

    seconds: float = 0.0
    """How long that is."""

    copy: dict[str, Any] | None = None
    """How far it is copied onto a stick."""

    stop: threading.Event = field(default_factory=threading.Event)
    """Set when they go: nothing is done for them any more."""
