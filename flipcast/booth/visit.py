"""Somebody's visit to the booth, as it lies beside what they recorded: so that a power cut forgets nobody.

Nobody logs in. Who recorded is known by a ticket, letters in the address that they take along; it opens their own
lecture and nothing else.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from capture.description import from_json, to_json, write_whole

FILE = "visit.json"
"""Name of the file, in the lecture's folder."""


class Wish(StrEnum):
    """What is to become of a recording."""

    OPEN = "open"
    """Nobody has said so yet."""

    KEPT = "kept"
    """It is to be finished and handed over."""

    LEFT = "left"
    """Whoever recorded it went away, or a power cut came between: it is there for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Whose a recording is, and what is to become of it."""

    ticket: str
    """Letters by which they are known."""

    at: float
    """When they came, seconds since 1970."""

    wish: Wish = Wish.OPEN
    """What is to become of it."""


def write(visit: Visit, folder: Path) -> None:
    """Write *visit* down beside the recording in *folder*."""
    write_whole(folder / FILE, to_json(visit))


def read(folder: Path) -> Visit | None:
    """The visit in which the recording in *folder* was made; ``None`` if it was none."""
    with contextlib.suppress(OSError, ValueError):
        return from_json((folder / FILE).read_text(encoding="utf-8"), Visit)
    return None


def is_over(visit: Visit, days: float) -> bool:
    """Whether the ticket of *visit* opens nothing any more, *days* after it."""
    return time.time() - visit.at > days * 86_400
