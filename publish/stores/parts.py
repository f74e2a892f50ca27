"""A large file to an S3 store in parts, going on where a killed attempt stopped.

The server keeps the parts of an unfinished upload and can list them. Under a key that is made of the content,
such an upload can only be of this very file; still, each part is taken over only if its size and MD5 are those
of the same piece here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
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
    whole = pool.submit(_sha256, path)
    upload, there = _begun(server, key, parts, resumable=sha256 in key)
    if upload is None:
        upload = {"Key": key, **server.ask("create_multipart_upload", key, **about)}
    tags: dict[int, str] = {}
    proved = True

    def move(part: _Part) -> tuple[str, bool]:
        body = _piece(path, part)
        if there.get(part.number) == hashlib.md5(body, usedforsecurity=False).hexdigest():
            return there[part.number], True
        answer = server.send("upload_part", key, body, UploadId=upload["UploadId"], PartNumber=part.number)
        return answer["ETag"].strip('"'), answer["proved"]

    moving: dict[Future[tuple[str, bool]], _Part] = {pool.submit(move, part): part for part in parts}
    try:
        for done in as_completed(moving):
            tags[moving[done].number], sure = done.result()
            proved &= sure
            report(moving[done].length)
        after = path.stat()
        same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        if whole.result() != sha256 or not same:
            server.abandon(upload)
            raise ContentDiffers(
                f"{path} is not what it was when it was counted",
                hint="publish again when nothing writes to it any more",
            )
    except BaseException:
        whole.cancel()
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


def _piece(path: Path, part: _Part) -> bytes:
    with path.open("rb") as file:
        file.seek(part.start)
        return file.read(part.length)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
