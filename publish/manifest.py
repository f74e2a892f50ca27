"""What belongs to a publication: written down in the store, so that it can be proved, changed and taken down.

Two records of each lecture lie in the store, in flat folders of their own, so that one listing finds them all
however many objects the lectures have:

    manifests/<name>.json   every object of the revision that is up, and those of earlier ones not swept yet
    intents/<name>.json     what an attempt is about to put or remove; gone when it has done so

An intent is written before the first object of an attempt, the manifest after the last. Whatever a kill
leaves behind is therefore named by one of them, and the next publish or withdrawal finds it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from capture.description import from_json, to_json
from publish.catalogue import CatalogueEntry
from publish.errors import ContentDiffers, NameUnfit, ObjectMissing
from publish.stores import Store

T = TypeVar("T")

FOR_EVER = "public, max-age=31536000, immutable"
"""Caching of what is named by its content."""

FOR_MINUTES = "public, max-age=300"
"""Caching of playlists."""

ASK_FIRST = "no-cache"
"""Caching of what keeps its address when it changes."""

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".srt": "application/x-subrip; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Content types by ending; what a machine's own tables say of them differs from machine to machine."""

MANIFESTS, INTENTS = "manifests/", "intents/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One object of a publication."""

    key: str
    """Its name in the store."""

    size_bytes: int
    """Length, as stored."""

    sha256: str
    """Of its content as stored, hexadecimal."""

    kind: str
    """Content type."""

    caching: str
    """``Cache-Control``."""

    encoding: str = ""
    """``Content-Encoding``: ``"gzip"`` where it is stored packed; empty where it is as it was made."""

    files: tuple[str, ...] = ()
    """The lecture's files that it holds, or the player's; empty for a page made on the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """An object that only earlier revisions used, kept for viewers in the middle of one."""

    key: str
    """Its name in the store."""

    since: str
    """ISO 8601, UTC: when the first revision without it was up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Every object of a publication."""

    form: int = 1
    """Of this description."""

    name: str
    """The lecture's name in addresses."""

    edition: str
    """Digest of all playlists."""

    published_at: str
    """ISO 8601, UTC: when this revision was made visible."""

    entry: CatalogueEntry
    """How the start page lists it."""

    objects: tuple[Object, ...]
    """In the order of release."""

    retired: tuple[Retired, ...] = ()
    """Not swept yet."""

    def keys(self) -> frozenset[str]:
        """All that it answers for."""
        return frozenset([o.key for o in self.objects] + [r.key for r in self.retired])


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What an attempt is about to do."""

    form: int = 1
    """Of this description."""

    name: str
    """The lecture's name in addresses."""

    began_at: str
    """ISO 8601, UTC."""

    keys: tuple[str, ...]
    """To be put; to be removed when *withdrawing*."""

    leftovers: tuple[str, ...] = ()
    """What earlier attempts may have put that is not wanted any more."""

    withdrawing: bool = False
    """Whether it takes down instead of putting up."""


def checked_name(name: str) -> str:
    """*name*, if it may be part of an address.

    Raises:
        NameUnfit: it may not.

    >>> checked_name("linear-algebra-7")
    'linear-algebra-7'
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", name):
        letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        better = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:100].strip("-")
        raise NameUnfit(
            f"{name!r} cannot be part of an address: only a to z, 0 to 9 and hyphens can, 100 at most",
            hint=f"call it {better}" if better else "",
        )
    return name


def manifest_of(store: Store, name: str) -> Manifest | None:
    """The manifest of the lecture *name*; ``None`` if it is not published."""
    return _read(store, f"{MANIFESTS}{checked_name(name)}.json", Manifest)


def intent_of(store: Store, name: str) -> Intent | None:
    """What an attempt at the lecture *name* was, or is, about to do; ``None`` if all have ended well."""
    return _read(store, f"{INTENTS}{checked_name(name)}.json", Intent)


def write_down(store: Store, record: Manifest | Intent) -> int:
    """Put *record* in its place; the bytes that took."""
    folder = MANIFESTS if isinstance(record, Manifest) else INTENTS
    return put_json(store, f"{folder}{checked_name(record.name)}.json", record)


def put_json(store: Store, key: str, noun: object) -> int:
    """Put the JSON of *noun* under *key*; the bytes that took."""
    content = to_json(noun).encode()
    digest = hashlib.sha256(content).hexdigest()
    store.put(key, content, sha256=digest, kind=KINDS[".json"], caching=ASK_FIRST)
    return len(content)


def forget_manifest(store: Store, name: str) -> None:
    """Remove the manifest of *name*."""
    store.delete([f"{MANIFESTS}{name}.json"])


def forget_intent(store: Store, name: str) -> None:
    """Remove the intent of *name*."""
    store.delete([f"{INTENTS}{name}.json"])


def held_by_others(store: Store, name: str) -> frozenset[str]:
    """The keys that other lectures than *name* use, or are about to."""

    def keys(record: str) -> Iterable[str]:
        if record.startswith(MANIFESTS):
            manifest = _read(store, record, Manifest)
            return manifest.keys() if manifest else ()
        intent = _read(store, record, Intent)
        return intent.keys + intent.leftovers if intent and not intent.withdrawing else ()

    own = (f"{MANIFESTS}{name}.json", f"{INTENTS}{name}.json")
    # Manifests last: a publisher writes its manifest before it forgets its intent, so one of the two is seen.
    records = [s.key for folder in (INTENTS, MANIFESTS) for s in store.list(folder) if s.key not in own]
    with ThreadPoolExecutor(store.at_once) as pool:
        return frozenset(key for found in pool.map(keys, records) for key in found)


def _read(store: Store, key: str, kind: type[T]) -> T | None:
    try:
        return from_json(store.get(key).decode(), kind)
    except ObjectMissing:
        return None
    except ValueError as error:
        raise ContentDiffers(
            f"{key} in {store.address} cannot be understood ({error})",
            hint="another program wrote there; nothing is removed without knowing what it held",
        ) from None
