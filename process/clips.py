"""Clips: the parts of a lecture short enough to watch in one sitting, and where to cut them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A part of a lecture: clips tile it without gap or overlap."""

    number: int
    """From 1."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds; the next clip's start, or the lecture's length."""

    title: str
    """Never empty."""
