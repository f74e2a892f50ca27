"""The start page of a store, kept true.

It is never added to or taken from, but gathered from the manifests that are there. Whoever has written it looks
at the manifests again: if they have changed meanwhile, it is gathered once more. Of two publishers at once, the
last to write has therefore seen the other's lecture.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from capture.description import from_json, to_json
from publish import page
from publish.catalogue import Catalogue, CatalogueEntry
from publish.errors import ObjectMissing
from publish.manifest import ASK_FIRST, KINDS, MANIFESTS, held_by_others, manifest_of
from publish.packing import packed
from publish.plan import Piece, player_pieces
from publish.stores import Store

START_PAGE = "index.html"
"""Key of the start page."""

CATALOGUE = "catalogue.json"
"""Key of the same for programs."""

_TRIES = 20


def renew(store: Store) -> int:
    """Make the start page list what is published, or go if nothing is; how many objects that took."""
    sent = 0
    for _ in range(_TRIES):
        before = _manifests(store)
        sent += _write(store, before) if before else _remove(store)
        if _manifests(store) == before:
            break
    return sent


def catalogue(store: Store) -> Catalogue:
    """What the start page lists."""
    try:
        return from_json(store.get(CATALOGUE).decode(), Catalogue)
    except (ObjectMissing, ValueError):
        return Catalogue()  # made again from the manifests


def _manifests(store: Store) -> dict[str, str]:
    """Tags of the manifests that are there, by the lectures' names."""
    return {Path(found.key).stem: found.etag for found in store.list(MANIFESTS)}


def _write(store: Store, manifests: dict[str, str]) -> int:
    was = catalogue(store)
    known = {(e.name, tag): e for e, tag in zip(was.entries, was.tags, strict=False)}

    def entry(name: str) -> CatalogueEntry | None:
        found = known.get((name, manifests[name]))
        if found is None:
            manifest = manifest_of(store, name)
            found = manifest.entry if manifest else None
        return found

    with ThreadPoolExecutor(store.at_once) as pool:
        entries = [found for found in pool.map(entry, sorted(manifests)) if found]
    entries.sort(key=lambda e: e.published_at, reverse=True)

    players, needed = player_pieces(compress=store.compresses), dict[str, Piece]()

    def address(name: str) -> str:
        if name not in players:
            return quote(name)  # of a poster or a watch page: relative to the root, where we are
        needed[players[name].object.key] = players[name]
        return players[name].object.key

    html = page.start_page(entries, address=address).encode()
    now = Catalogue(
        entries=tuple(entries),
        tags=tuple(manifests[e.name] for e in entries),
        needs=tuple(sorted({*was.needs, *needed})),
    )
    sent = 0
    if now != was:
        # What the page will name is written down before it names it.
        sent += _put(store, CATALOGUE, to_json(now).encode(), KINDS[".json"])
    for piece in needed.values():
        about = piece.object
        if store.head(about.key) is None:
            store.put(
                about.key,
                piece.content,
                sha256=about.sha256,
                kind=about.kind,
                caching=about.caching,
                encoding=about.encoding,
            )
            sent += 1
    html, encoding = packed(html) if store.compresses else (html, "")
    return sent + _put(store, START_PAGE, html, KINDS[".html"], encoding)


def _remove(store: Store) -> int:
    needs = set(catalogue(store).needs)
    store.delete([START_PAGE])
    if needs:
        store.delete(needs - held_by_others(store, ""))  # somebody may be publishing the next lecture right now
    store.delete([CATALOGUE])
    return 0


def _put(store: Store, key: str, content: bytes, kind: str, encoding: str = "") -> int:
    """Put *content* unless it is there already; 1 if it was put."""
    digest = hashlib.sha256(content).hexdigest()
    found = store.head(key)
    if found and found.sha256 == digest:
        return 0
    store.put(key, content, sha256=digest, kind=kind, caching=ASK_FIRST, encoding=encoding)
    return 1
