"""Tickets: letters that somebody takes along from the booth, and what they open."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What a ticket is made of: nothing that is misread on a screen, or on a scrap of paper."""

_LENGTH = 10  # 49 bits: at a wrong one a second, some million years


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a ticket opens now."""

    step: str
    """``prepare`` (slides can be sent), ``recording``, ``review``, ``working``, ``ready``, or ``left``: it is over."""

    title: str = ""
    """Of the lecture; empty before it is kept. Hostile, as every title."""

    share: float = 0.0
    """How far the lecture is, 0 to 1."""

    left: int | None = None
    """Seconds until it is finished; ``None`` while nobody knows."""

    page: str | None = None
    """Where it is published, by http or https; ``None`` where it is not."""

    film: Path | None = None
    """The file to take along; ``None`` before it is made."""

    deck: str = ""
    """Title of the slides that are in. Hostile, too."""

    trouble: str = ""
    """What went wrong, in a sentence."""


def new_ticket() -> str:
    """Letters that nobody guesses."""
    return "".join(secrets.choice(LETTERS) for _ in range(_LENGTH))


def spoken_ticket(letters: str) -> str:
    """*letters* as people copy them most easily.

    >>> spoken_ticket("k7fq3mzt9d")
    'k7fq-3mzt-9d'
    """
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def written_ticket(text: str) -> str:
    """The letters that somebody means who typed *text*: with capitals, hyphens or blanks.

    >>> written_ticket("K7FQ-3mzt 9d")
    'k7fq3mzt9d'
    """
    return re.sub(r"[\s-]+", "", text).lower()
