"""The lectures of a store, as its start page lists them.

Each lecture's manifest carries its own entry; the catalogue is only gathered from the manifests
(`publish.listing`), so that it can always be made again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One lecture on the start page. All addresses are relative to the store's root."""

    name: str
    """The lecture's name in addresses."""

    title: str
    """What people call it."""

    seconds: float
    """Length."""

    language: str
    """ISO 639-1 code of the first captions; empty where there are none."""

    clips: int
    """How many it has."""

    poster: str
    """Address of a JPEG."""

    page: str
    """Address of the watch page."""

    published_at: str
    """ISO 8601, UTC: when this revision was made visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """``catalogue.json``: what the start page shows, for programs, and what it was made of."""

    entries: tuple[CatalogueEntry, ...] = ()
    """Newest first."""

    tags: tuple[str, ...] = ()
    """Entity tag of the manifest that each entry was taken from: one that has not changed needs no reading."""

    needs: tuple[str, ...] = ()
    """Keys of the files that the start page has named, now or before: they go when the last lecture goes."""
