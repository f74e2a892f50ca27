"""How much slides may be before they are refused."""

from __future__ import annotations

from dataclasses import dataclass

WIDEST, HIGHEST = 1920, 1080
"""Pixels of the largest page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What slides may cost."""

    bytes_in: int = 250_000_000
    """Of all files together."""

    files: int = 200
    """How many may be handed in at once."""

    pages: int = 400
    """Of all files together."""

    pixels_in: int = 120_000_000
    """Of one picture, as its header says; the largest cameras of phones make 108 million."""

    bytes_out: int = 600_000_000
    """Of all pages together."""

    seconds_a_page: float = 20.0
    """Before the child that draws is ended."""

    seconds: float = 180.0
    """For one file as a whole."""

    memory: int = 1_500_000_000
    """Bytes of address space of the child that draws, where the system lets us say so; LibreOffice gets four times
    that."""

    unpacked: int = 1_500_000_000
    """Bytes of a presentation's parts, unpacked."""

    part: int = 8_000_000
    """Bytes of one of its texts."""
