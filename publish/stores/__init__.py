"""Where publications lie: the promise that every store keeps, and the door to all of them.

A store is a flat set of keys with bytes under them. It is asked for no more than any S3 server of the last
ten years can do: put, get a range, list, head, delete, "only if absent". Everything else (what belongs to a
lecture, what is seen first, what may go) is decided in `publish.release`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol

from publish.errors import StoreMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """How to speak with a store. Keys and secrets are not among these: boto3 finds them by itself."""

    address: str = ""
    """Where lectures are published if nothing else is said: ``"s3://lectures/spring"``; empty for the folder
    ``library.published``."""

    endpoint_url: str = ""
    """Address of an S3 server other than Amazon's: ``"https://s3.example.edu"``; empty for Amazon's, or as
    ``AWS_ENDPOINT_URL`` says."""

    region: str = ""
    """Region of the bucket; empty for what boto3 finds, or else ``us-east-1``."""

    public_url: str = ""
    """Where viewers reach the store's root, if not where we do: ``"https://lectures.example.edu/"``."""

    connect_timeout: float = 5.0
    """Seconds to wait for a connection."""

    read_timeout: float = 30.0
    """Seconds without a byte from the store before a request counts as stalled."""

    attempts: int = 6
    """How often a request is tried that fails in a way that may pass; the waits between double from 0.2 s."""

    multipart_above_mb: int = 16
    """Files larger than this many MiB go up in parts, and go on where they were after a kill."""

    part_mb: int = 8
    """Size of a part in MiB; S3 wants 5 at least."""

    at_once: int = 4
    """How many requests are under way together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What a store says about one object."""

    key: str
    """Its name, relative to the store's address."""

    size_bytes: int
    """Length."""

    etag: str
    """Changes when the content does; says nothing else."""

    sha256: str | None = field(default=None)
    """Hexadecimal, as written down when it was put; ``None`` in a listing, or where nobody wrote it down."""


class Store(AbstractContextManager["Store"], Protocol):
    """A place for publications. Opened by a ``with``, which ends its threads and connections.

    May be used from several threads. Keys have forward slashes and are relative to the store's address.
    Every method raises `StoreUnreachable` (passing), `StoreDenied`, `StoreMissing` or `StoreFull`, and
    `process.errors.Stopped` once somebody has asked for a stop.
    """

    address: str
    """As people name it: ``"s3://lectures/spring"``."""

    at_once: int
    """How many calls are worth making together."""

    compresses: bool
    """Whether it can tell viewers that an object is compressed."""

    def put(
        self,
        key: str,
        content: bytes | Path,
        *,
        sha256: str,
        kind: str,
        caching: str = "",
        encoding: str = "",
        only_if_absent: bool = False,
        report: Callable[[int], None] = lambda size: None,
    ) -> bool:
        """Put *content*, a file or bytes, under *key*, whole or not at all, and prove that it arrived.

        Args:
            sha256: of the content, hexadecimal; what arrives with another is refused.
            kind: content type.
            caching: ``Cache-Control``.
            encoding: ``Content-Encoding`` of the content as it is given; only where the store `compresses`.
            only_if_absent: leave what is there already; then the answer is False.
            report: is told the bytes sent since it was last told.

        Raises:
            ContentDiffers: the file is not what *sha256* says, or came to harm on the way.
        """

    def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The bytes under *key*, or *length* of them from *start*.

        Raises:
            ObjectMissing: nothing is there.
        """

    def head(self, key: str) -> Stored | None:
        """What is known of the object under *key*; ``None`` if nothing is there."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Yield every object whose key starts with *prefix*, in the order of their keys."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove what lies under *keys*, and what was begun of them; what is not there is no fault."""

    def url(self, key: str) -> str:
        """Where a viewer finds the object under *key*."""


_KINDS = {"s3": "publish.stores.s3", "folder": "publish.stores.folder", "file": "publish.stores.folder"}


def open_store(address: str, settings: StoreSettings | None = None, *, stop: threading.Event | None = None) -> Store:
    """The store at *address*: ``s3://bucket/prefix``, or a folder by its path; use it in a ``with``.

    Raises:
        StoreMissing: the address names no kind of store that we know.
    """
    scheme, colon, _ = address.partition(":")
    if not colon or len(scheme) < 2 or "/" in scheme or "\\" in scheme:  # one letter is a Windows drive
        scheme = "folder"
    if scheme.lower() not in _KINDS:
        raise StoreMissing(
            f"{address!r} names no kind of store", hint="write s3://bucket/prefix, or the path of a folder"
        )
    store: Store = import_module(_KINDS[scheme.lower()]).open_here(
        address, settings or StoreSettings(), stop=stop or threading.Event()
    )
    return store
