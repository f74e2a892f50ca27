"""A large file to an S3 store in parts, going on where a killed attempt stopped.

The server keeps the parts of an unfinished upload and can list them. Under a key that is made of the content,
such an upload can only be of this very file; still, each part is taken over only if its size and MD5 are those
of the same piece here.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from publish.errors import ContentDiffers, ObjectMissing
from publish.stores import Stored

_MIB = 1 << 20
_MOST_PARTS = 9_000  # S3 takes 10 000


class Server(Protocol):
    """What is asked of the S3 store."""

    room: threading.Semaphore

    @property
    def part_bytes(self) -> int: ...
    def ask(self, name: str, key: str, **arguments: Any) -> dict[str, Any]: ...
    def send(self, name: str, key: str, body: bytes, **arguments: Any) -> dict[str, Any]: ...
    def unfinished(self, key: str) -> tuple[dict[str, Any], ...]: ...
    def abandon(self, upload: dict[str, Any]) -> None: ...
    def head(self, key: str) -> Stored | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    number: int
    start: int
    length: int


def put_in_parts(
    server: Server,
    key: str,
    path: Path,
    *,
    size: int,
    sha256: str,
    about: dict[str, Any],
    pool: Executor,
    report: Callable[[int], None],
) -> bool:
    """Put the file at *path* under *key*; False if the server's answers do not prove that it arrived.

    A failure leaves the parts where they are: the next attempt will want them.
    """
    before = path.stat()
    length = max(server.part_bytes, -(-size // _MOST_PARTS // _MIB) * _MIB)
    parts = [
        _Part(number=n + 1, start=start, length=min(length, size - start))
        for n, start in enumerate(range(0, size, length))
    ]
    upload, there = _begun(server, key, parts, resumable=sha256 in key)
    if upload is None:
        upload = {"Key": key, **server.ask("create_multipart_upload", key, **about)}
    tags: dict[int, str] = {}
    proved, whole = True, hashlib.sha256()
    moving: dict[Future[dict[str, Any]], _Part] = {}

    def arrived(wanted: Iterable[Future[dict[str, Any]]]) -> bool:
        """Note the parts that have arrived; whether the server proved all of them."""
        sure = True
        for done in wanted:
            part, answer = moving.pop(done), done.result()
            tags[part.number] = answer["ETag"].strip('"')
            sure &= answer["proved"]
            report(part.length)
        return sure

    try:
        with path.open("rb") as file:
            for part in parts:
                server.room.acquire()  # so many parts are in memory, however many files are on their way
                sending = False
                try:
                    body = file.read(part.length)
                    whole.update(body)
                    if there and there.get(part.number) == hashlib.md5(body, usedforsecurity=False).hexdigest():
                        tags[part.number] = there[part.number]
                        report(part.length)
                        continue
                    future = pool.submit(
                        server.send, "upload_part", key, body, UploadId=upload["UploadId"], PartNumber=part.number
                    )
                    future.add_done_callback(lambda _: server.room.release())
                    moving[future], sending = part, True
                finally:
                    if not sending:
                        server.room.release()
                proved &= arrived([future for future in moving if future.done()])
        proved &= arrived(as_completed(list(moving)))
        after = path.stat()
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if whole.hexdigest() != sha256 or not same:
            server.abandon(upload)
            raise ContentDiffers(
                f"{path} is not what it was when it was counted",
                hint="publish again when nothing writes to it any more",
            )
    except BaseException:
        for future in moving:
            future.cancel()
        raise
    if proved:
        proved = _completed(server, key, upload, tags) == _tag_of(tags)
    else:
        _completed(server, key, upload, tags)
    found = server.head(key)
    if found is None or (found.size_bytes, found.sha256) != (size, sha256):
        raise ContentDiffers(f"{key} was put together wrongly by the server", hint="publish again")
    for other in server.unfinished(key):
        server.abandon(other)  # of the same content, which is up now
    return proved


def _completed(server: Server, key: str, upload: dict[str, Any], tags: dict[int, str]) -> str:
    """Have the server put the parts together; the tag of the whole."""
    listed = [{"PartNumber": number, "ETag": f'"{tags[number]}"'} for number in sorted(tags)]
    for left in reversed(range(3)):
        try:
            whole = server.ask(
                "complete_multipart_upload", key, UploadId=upload["UploadId"], MultipartUpload={"Parts": listed}
            )
            return str(whole["ETag"]).strip('"')
        except ObjectMissing:
            # Finished already, by a try of ours whose answer was lost, or by somebody with the same content; or
            # the question came to harm: SeaweedFS says the same to a list of parts that it cannot read.
            found = server.head(key)
            if found:
                return found.etag
            if not left:
                raise
    raise AssertionError("unreachable")


def _tag_of(tags: dict[int, str]) -> str:
    """The tag that S3 gives to a whole whose parts are tagged by their MD5."""
    joined = b"".join(bytes.fromhex(tags[number]) for number in sorted(tags))
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(tags)}"


def _begun(
    server: Server, key: str, parts: list[_Part], *, resumable: bool
) -> tuple[dict[str, Any] | None, dict[int, str]]:
    """The unfinished upload of *key* that is furthest on, with its parts' tags; others are thrown away."""
    best: dict[str, Any] | None = None
    most: dict[int, str] = {}
    for upload in server.unfinished(key):
        try:
            there = _parts_of(server, key, upload)
        except ObjectMissing:
            continue
        lengths = {part.number: part.length for part in parts}
        fitting = {n: tag for n, (tag, size) in there.items() if lengths.get(n) == size}
        if resumable and len(fitting) == len(there) and (best is None or len(fitting) > len(most)):
            best, most = upload, fitting
        elif not resumable:
            server.abandon(upload)
    return best, most


def _parts_of(server: Server, key: str, upload: dict[str, Any]) -> dict[int, tuple[str, int]]:
    found: dict[int, tuple[str, int]] = {}
    marker = 0
    while True:
        page = server.ask("list_parts", key, UploadId=upload["UploadId"], PartNumberMarker=marker)
        for part in page.get("Parts", ()):
            found[part["PartNumber"]] = (part["ETag"].strip('"'), part["Size"])
        if not page.get("IsTruncated"):
            return found
        marker = page["NextPartNumberMarker"]
