"""A lecture, up: where, since when, what belongs to it, and the proof that what is up is what was made.

What was published is also written down beside the recording, once for each store: the store's own word is
not proof of what the store holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from capture.description import from_json, to_json, write_whole
from publish.errors import ContentDiffers, ObjectMissing, PublishError
from publish.manifest import Manifest, Object
from publish.stores import Store

DESCRIPTION = "publication.json"
"""Name of the file that tells where a lecture is published, beside its recording."""

_PIECE = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That the objects of a publication are there and are what was made."""

    objects: int
    """How many were asked for, each for its size and SHA-256."""

    size_bytes: int
    """Of them together."""

    read_back_bytes: int
    """How many bytes were fetched again and counted; 0 if the store's word was taken."""

    at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A lecture, up."""

    store: str
    """Address of the store: ``"s3://lectures/spring"``."""

    page: str
    """Where the lecture is watched."""

    home: str
    """Where the lectures of the store are listed."""

    title: str
    """What people call it."""

    manifest: Manifest
    """Name, edition, time, and every object."""

    uploaded: int
    """How many objects of the lecture this publish put."""

    uploaded_bytes: int
    """Of them together."""

    skipped: int
    """How many were there already."""

    swept: int
    """How many of earlier revisions it removed."""

    seconds: float
    """What it took."""

    proof: Proof
    """That all of it is there."""

    @property
    def size_bytes(self) -> int:
        """All objects together."""
        return sum(o.size_bytes for o in self.manifest.objects)


def remember(publication: Publication, folder: Path) -> None:
    """Write *publication* down beside the recording in *folder*, in place of an earlier one in the same store."""
    others = [p for p in read(folder) if p.store != publication.store]
    write_whole(folder / DESCRIPTION, to_json((*others, publication)))


def forget(store: str, folder: Path) -> None:
    """Strike the publication in *store* out of what is written beside the recording in *folder*."""
    others = tuple(p for p in read(folder) if p.store != store)
    if others:
        write_whole(folder / DESCRIPTION, to_json(others))
    else:
        (folder / DESCRIPTION).unlink(missing_ok=True)


def read(folder: Path) -> tuple[Publication, ...]:
    """Where the lecture of the recording in *folder* is published, one a store.

    Raises:
        ContentDiffers: what is written there cannot be understood.
    """
    path = folder / DESCRIPTION
    try:
        return from_json(path.read_text(encoding="utf-8"), tuple[Publication, ...])
    except FileNotFoundError:
        return ()
    except ValueError as error:
        raise ContentDiffers(
            f"{path} cannot be understood ({error})", hint="remove it and publish again: nothing is sent twice"
        ) from None


def audit(
    publication: Publication,
    store: Store,
    *,
    read_back: bool = False,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Proof:
    """Prove that every object of *publication* is in *store*, with its size and SHA-256.

    Args:
        read_back: fetch every byte and count it, instead of taking the store's word for the digest.
        report: is told bytes proved so far and in all.

    Raises:
        ContentDiffers: some are not what was made; the message names them.
        ObjectMissing: some are not there.
    """
    return prove(publication.manifest.objects, store, read_back=read_back, report=report)


def prove(
    objects: tuple[Object, ...],
    store: Store,
    *,
    read_back: bool = False,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Proof:
    """As `audit`, of any objects."""
    total, done, wrong = sum(o.size_bytes for o in objects), 0, list[PublishError]()
    with ThreadPoolExecutor(store.at_once) as pool:
        for about, fault in zip(objects, pool.map(lambda o: _fault(o, store, read_back), objects), strict=True):
            wrong += [fault] if fault else []
            done += about.size_bytes
            report(done, total)
    if wrong:
        more = f", and {len(wrong) - 1} more objects are missing or differ" if len(wrong) > 1 else ""
        raise type(wrong[0])(f"{wrong[0].what}{more}", hint="publish again: only what is wrong is sent")
    return proved(objects, read_back=read_back)


def proved(objects: tuple[Object, ...], *, read_back: bool = False) -> Proof:
    """Of *objects* that have been asked for, or were just put."""
    total = sum(o.size_bytes for o in objects)
    return Proof(
        objects=len(objects),
        size_bytes=total,
        read_back_bytes=total if read_back else 0,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _fault(about: Object, store: Store, read_back: bool) -> PublishError | None:
    found = store.head(about.key)
    if found is None:
        return ObjectMissing(f"{store.address} holds no {about.key}")
    if (found.size_bytes, found.sha256) != (about.size_bytes, about.sha256):
        return ContentDiffers(
            f"{store.address} holds {about.key} with {found.size_bytes} bytes and SHA-256 {found.sha256}, "
            f"not {about.size_bytes} and {about.sha256}"
        )
    if read_back:
        digest = hashlib.sha256()
        for start in range(0, about.size_bytes, _PIECE):
            digest.update(store.get(about.key, start=start, length=min(_PIECE, about.size_bytes - start)))
        if digest.hexdigest() != about.sha256:
            return ContentDiffers(f"{store.address} gives other bytes for {about.key} than were put")
    return None
