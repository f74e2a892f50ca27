"""Put a lecture up, change it, take it down, with no moment at which a viewer meets half of it.

Up: media, playlists, the description, and last the watch page, one small object whose address stays: before it
is replaced all viewers see the old revision, whole, after it all see the new one. What only the old one used
stays until a day has passed since, for viewers in the middle of it. Down: the page first, the rest after it.

A kill at any point leaves the revision that was visible as it was. What was put in vain is named by the intent
(`publish.manifest`) and found by the next publish or withdrawal. Media is shared by content between lectures;
before anything is removed, the manifests and intents of all others are asked. One gap is left by design, since
a store has no locks: another publisher that began after that question and was done before the removal may lose
an object that both share. Everyone proves that all is there just before becoming visible, which makes the gap
as short as one removal takes, and publishing again closes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from process.errors import Stopped
from publish.errors import ContentDiffers, NotPublished, ObjectMissing
from publish.listing import START_PAGE, catalogue, renew
from publish.manifest import (
    Intent,
    Manifest,
    Retired,
    checked_name,
    forget_intent,
    forget_manifest,
    held_by_others,
    intent_of,
    manifest_of,
    write_down,
)
from publish.plan import Piece, Plan, Stage, plan
from publish.publication import Proof, Publication, prove, proved
from publish.stores import Store

KEEP_SECONDS = 86_400.0
"""How long objects of earlier revisions are kept: nobody is in the middle of a lecture for longer."""

_ROUNDS = 3


def release(
    lecture_folder: Path,
    store: Store,
    *,
    name: str,
    report: Callable[[int, int], None] = lambda done, total: None,
    stop: threading.Event | None = None,
    keep_seconds: float = KEEP_SECONDS,
) -> Publication:
    """Put the lecture in *lecture_folder* up under *name*; what is there already is not sent again.

    Args:
        report: is told bytes sent so far and in all.
        stop: once set, ends it as a kill would, with `Stopped`.
        keep_seconds: how long objects that only earlier revisions used are kept.

    Raises:
        PublishError: see `publish.errors`; what was visible before still is.
        MediaUnreadable: no lecture lies there.
    """
    began = time.monotonic()
    planned = plan(lecture_folder, name=name, compress=store.compresses, url=store.url)
    before, attempt = manifest_of(store, name), intent_of(store, name)
    attempt = _announce(store, planned, before, attempt)
    absent = _absent(planned, store)
    sending = _Sending(store, total=sum(p.object.size_bytes for p in absent), report=report, stop=stop)
    proof = _bring_up(planned, absent, store, sending)
    manifest = _next_manifest(planned, before, attempt)
    if manifest != before:
        write_down(store, manifest)
    if attempt:
        forget_intent(store, name)
    manifest, swept = _swept(manifest, store, keep_seconds=keep_seconds)
    renew(store)
    return Publication(
        store=store.address,
        page=store.url(manifest.entry.page),
        home=store.url(START_PAGE),
        title=planned.title,
        manifest=manifest,
        uploaded=len(sending.sent),
        uploaded_bytes=sum(p.object.size_bytes for p in sending.sent),
        skipped=len(planned.pieces) - len({p.object.key for p in sending.sent}),
        swept=swept,
        seconds=time.monotonic() - began,
        proof=proof,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What came of taking a lecture down."""

    name: str
    """The lecture's name in addresses."""

    removed: int
    """Objects of it that are gone."""

    shared: int
    """Objects left because other lectures use them."""


def withdraw(store: Store, *, name: str) -> Withdrawal:
    """Take the lecture *name* down: all that was put for it, and nothing that another lecture uses.

    Raises:
        NotPublished: nothing of that name is in *store*, nor left of an attempt.
    """
    manifest, attempt = manifest_of(store, checked_name(name)), intent_of(store, name)
    keys = set(manifest.keys()) if manifest else set[str]()
    keys |= {*attempt.keys, *attempt.leftovers} if attempt else set()
    keys |= {found.key for found in store.list(f"lectures/{name}/")}
    if not keys:
        others = ", ".join(entry.name for entry in catalogue(store).entries[:8])
        raise NotPublished(
            f"no lecture called {name!r} is published in {store.address}",
            hint=f"here are: {others}" if others else "nothing is",
        )
    write_down(store, Intent(name=name, began_at=_now(), keys=tuple(sorted(keys)), withdrawing=True))
    forget_manifest(store, name)
    page = f"lectures/{name}/index.html"
    store.delete([page])  # from here on nobody comes in
    renew(store)
    kept = keys & (held_by_others(store, name) | {*catalogue(store).needs})
    store.delete(sorted(keys - kept - {page}))
    forget_intent(store, name)
    return Withdrawal(name=name, removed=len(keys - kept), shared=len(kept))


def _announce(store: Store, planned: Plan, before: Manifest | None, attempt: Intent | None) -> Intent | None:
    """Write down what is about to be put, unless the manifest already answers for all of it."""
    keys = {piece.object.key for piece in planned.pieces}
    answered = {o.key for o in before.objects} if before else set()
    if attempt is None and keys <= answered:
        return None
    left = {*attempt.keys, *attempt.leftovers} - keys if attempt else set[str]()
    intent = Intent(name=planned.name, began_at=_now(), keys=tuple(sorted(keys)), leftovers=tuple(sorted(left)))
    write_down(store, intent)
    return intent


def _absent(planned: Plan, store: Store) -> list[Piece]:
    """The pieces that *store* lacks, or holds otherwise."""
    own = f"lectures/{planned.name}/"
    there = {found.key for found in store.list(own)}  # one question instead of one for each playlist

    def lacks(piece: Piece) -> bool:
        about = piece.object
        if about.key.startswith(own) and about.key not in there:
            return True
        found = store.head(about.key)
        return found is None or (found.size_bytes, found.sha256) != (about.size_bytes, about.sha256)

    with ThreadPoolExecutor(store.at_once) as pool:
        lacking = pool.map(lacks, planned.pieces)
        return [piece for piece, lack in zip(planned.pieces, lacking, strict=True) if lack]


def _bring_up(planned: Plan, absent: list[Piece], store: Store, sending: _Sending) -> Proof:
    """Send what is absent, in order, and the watch page only when all else is proved to be there."""
    if not absent:
        return proved(tuple(p.object for p in planned.pieces))
    behind = [p.object for p in planned.pieces if p.stage is not Stage.PAGE]
    for left in reversed(range(_ROUNDS)):
        earlier = len(sending.sent)
        for stage in Stage:
            if stage is not Stage.PAGE:
                sending.send(piece for piece in absent if piece.stage is stage)
        try:
            # What was just put is proved already, each by the answer to its put.
            sent = {piece.object.key for piece in sending.sent[earlier:]}
            prove(tuple(o for o in behind if o.key not in sent), store)
            break
        except (ObjectMissing, ContentDiffers):
            if not left:
                raise
            absent = _absent(planned, store)  # a withdrawal took what we were about to share
    sending.send(piece for piece in absent if piece.stage is Stage.PAGE)
    return proved(tuple(p.object for p in planned.pieces))


def _next_manifest(planned: Plan, before: Manifest | None, attempt: Intent | None) -> Manifest:
    objects, now = tuple(piece.object for piece in planned.pieces), _now()
    same = before is not None and before.objects == objects
    at = before.published_at if before and same else now
    keys = {o.key for o in objects}
    since = {r.key: r.since for r in before.retired} if before else {}
    for key in (o.key for o in before.objects) if before else ():
        since[key] = now
    if attempt and attempt.leftovers:
        # An attempt died here: nobody knows which revision viewers have seen until now, so the time starts over.
        since = dict.fromkeys((*since, *attempt.leftovers), now)
    return Manifest(
        name=planned.name,
        edition=planned.edition,
        published_at=at,
        entry=replace(planned.entry, published_at=at),
        objects=objects,
        retired=tuple(Retired(key=key, since=since[key]) for key in sorted(since) if key not in keys),
    )


def _swept(manifest: Manifest, store: Store, *, keep_seconds: float) -> tuple[Manifest, int]:
    """Remove what has been retired for long enough; the manifest without it, and how many objects went."""
    until = datetime.now(UTC) - timedelta(seconds=keep_seconds)
    due = {r.key for r in manifest.retired if datetime.fromisoformat(r.since) <= until}
    if not due:
        return manifest, 0
    gone = due - held_by_others(store, manifest.name) - {*catalogue(store).needs}
    store.delete(sorted(gone))
    manifest = replace(manifest, retired=tuple(r for r in manifest.retired if r.key not in due))
    write_down(store, manifest)
    return manifest, len(gone)


class _Sending:
    """Pieces on their way, several together; the first failure ends the others."""

    def __init__(
        self, store: Store, *, total: int, report: Callable[[int, int], None], stop: threading.Event | None
    ) -> None:
        self.sent: list[Piece] = []
        self._store, self._total, self._report = store, total, report
        self._stop, self._lock, self._done = stop or threading.Event(), threading.Lock(), 0

    def send(self, pieces: Iterable[Piece]) -> None:
        """Put *pieces*; the largest first, so that no large one comes last alone."""
        queue = sorted(pieces, key=lambda piece: -piece.object.size_bytes)
        broken = threading.Event()

        def put(piece: Piece) -> None:
            def count(size: int) -> None:
                if broken.is_set() or self._stop.is_set():
                    raise Stopped("stopped while publishing")
                with self._lock:
                    self._done += size
                    self._report(self._done, max(self._total, self._done))

            count(0)
            about = piece.object
            self._store.put(
                about.key,
                piece.content,
                sha256=about.sha256,
                kind=about.kind,
                caching=about.caching,
                encoding=about.encoding,
                report=count,
            )
            with self._lock:
                self.sent.append(piece)

        with ThreadPoolExecutor(self._store.at_once) as pool:
            moving = [pool.submit(put, piece) for piece in queue]
            try:
                wait(moving, return_when=FIRST_EXCEPTION)
            finally:
                broken.set()  # also when Ctrl-C comes while we wait
                for future in moving:
                    future.cancel()
        failures = [f.exception() for f in moving if not f.cancelled() and f.exception()]
        for failure in sorted(failures, key=lambda e: isinstance(e, Stopped)):  # the cause before its consequences
            if failure:
                raise failure


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
