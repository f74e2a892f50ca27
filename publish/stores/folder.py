"""A folder as a store: on this machine, on a share, on what a web server serves.

What is under a key is always whole: bytes are gathered in ``.partial`` at the top of the folder, which is
the same file system, and moved into place. A put that died leaves its partial under a name that is made of
its key, where the next put or delete of that key finds it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from process.errors import Stopped
from publish.errors import (
    ContentDiffers,
    ObjectMissing,
    StoreDenied,
    StoreFull,
    StoreMissing,
    StoreUnreachable,
)
from publish.stores import Stored, StoreSettings

_PIECE = 1 << 20
_PARTIAL = ".partial"
_DEVICES = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))}


def open_here(address: str, settings: StoreSettings, *, stop: threading.Event) -> FolderStore:
    """The folder that *address* names, as a store; it is made when the first object is put."""
    if address.startswith("file:"):
        parts = urlsplit(address)
        if parts.netloc not in ("", "localhost"):
            raise StoreMissing(f"{address} names a folder on another machine", hint="mount it and give its path")
        path = unquote(parts.path)
        path = path[1:] if os.name == "nt" and path[2:3] == ":" else path
    else:
        path = address.removeprefix("folder:")
    if not path or "\0" in path:
        raise StoreMissing(f"{address!r} names no folder", hint="give the path of a folder")
    root = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100  (links stay as they are named)
    return FolderStore(root, public_url=settings.public_url, stop=stop)


class FolderStore:
    """A `Store` in a folder."""

    at_once = 4
    compresses = False

    def __init__(self, root: Path, *, public_url: str = "", stop: threading.Event | None = None) -> None:
        self.root = root
        self.address = str(root)
        self._public_url = public_url
        self._stop = stop or threading.Event()

    def __enter__(self) -> FolderStore:
        if self.root.exists() and not self.root.is_dir():
            raise StoreMissing(f"{self.root} is not a folder", hint="give the path of a folder")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            (self.root / _PARTIAL).rmdir()

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
        if encoding:
            raise ValueError(f"a folder cannot say that {key} is encoded as {encoding}")
        path = self._path(key)
        if only_if_absent and path.exists():
            return False
        with self._explained(f"put {key} into"):
            for again in range(5):
                partial = self.root / _PARTIAL / f"{_mark(key)}.{secrets.token_hex(8)}"
                try:
                    partial.parent.mkdir(parents=True, exist_ok=True)
                    self._gather(content, partial, sha256=sha256, key=key, report=report)
                    return self._place(partial, path, only_if_absent=only_if_absent)
                except (FileNotFoundError, FileExistsError):
                    # Another put or delete tidied up between our steps: it took the empty folder, or the partial.
                    if again == 4 or (isinstance(content, Path) and not content.exists()):
                        raise
                finally:
                    with suppress(OSError):
                        partial.unlink()
                    self._forget_partials(key, older_than=60)
        raise AssertionError("unreachable")

    def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        with self._explained(f"read {key} from"):
            try:
                with self._path(key).open("rb") as file:
                    file.seek(start)
                    return file.read(-1 if length is None else length)
            except FileNotFoundError:
                raise ObjectMissing(f"{self.root} holds no {key}") from None

    def head(self, key: str) -> Stored | None:
        with self._explained(f"look at {key} in"):
            try:
                with self._path(key).open("rb") as file:
                    status = os.fstat(file.fileno())
                    digest = hashlib.sha256()
                    while piece := file.read(_PIECE):
                        self._go_on()
                        digest.update(piece)
            except FileNotFoundError:
                return None
        return Stored(key=key, size_bytes=status.st_size, etag=_etag(status), sha256=digest.hexdigest())

    def list(self, prefix: str) -> Iterator[Stored]:
        folder = prefix.rpartition("/")[0]
        top = self._path(folder) if folder else self.root
        found: list[Stored] = []
        with self._explained("list"):
            for where, folders, files in os.walk(top):
                if Path(where) == self.root and _PARTIAL in folders:
                    folders.remove(_PARTIAL)
                for name in files:
                    path = Path(where) / name
                    key = path.relative_to(self.root).as_posix()
                    if key.startswith(prefix):
                        with suppress(FileNotFoundError):
                            status = path.stat()
                            found.append(Stored(key=key, size_bytes=status.st_size, etag=_etag(status)))
        yield from sorted(found, key=lambda stored: stored.key)

    def delete(self, keys: Iterable[str]) -> None:
        tops = set()
        with self._explained("remove from"):
            for key in keys:
                path = self._path(key)
                path.unlink(missing_ok=True)
                self._forget_partials(key)
                if key.count("/") > 1:
                    tops.add(self.root.joinpath(*key.split("/")[:2]))
                self._tidy(path.parent)
            for top in tops:  # a put that died may have left folders with nothing in them
                for where, _, _ in os.walk(top, topdown=False):
                    self._tidy(Path(where))
            with suppress(OSError):
                (self.root / _PARTIAL).rmdir()

    def url(self, key: str) -> str:
        if self._public_url:
            return self._public_url.rstrip("/") + "/" + quote(key)
        return self._path(key).as_uri()

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        bad = any(p in ("", ".", "..", _PARTIAL) or p[-1] in ". " or p.split(".")[0].lower() in _DEVICES for p in parts)
        if bad or any(c in '\\:*?"<>|' or ord(c) < 32 for c in key):
            raise StoreDenied(f"{key!r} is no fit name for a file in {self.root}")
        path = self.root.joinpath(*parts)
        top, end = os.path.realpath(self.root), os.path.realpath(path.parent)
        if os.path.commonpath([top, end]) != top:
            raise StoreDenied(f"{key} would lead out of {self.root}, to {end}", hint="remove the link that leads there")
        return path

    def _gather(
        self, content: bytes | Path, partial: Path, *, sha256: str, key: str, report: Callable[[int], None]
    ) -> None:
        digest = hashlib.sha256()
        with partial.open("xb") as out:
            for piece in _pieces(content):
                self._go_on()
                out.write(piece)
                digest.update(piece)
                report(len(piece))
            _settle(out)
        if digest.hexdigest() != sha256:
            raise ContentDiffers(
                f"{content if isinstance(content, Path) else key} is not what it was when it was counted",
                hint="publish again when nothing writes to it any more",
            )

    def _place(self, partial: Path, path: Path, *, only_if_absent: bool) -> bool:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not only_if_absent:
            partial.replace(path)
            return True
        try:
            os.link(partial, path)  # unlike a rename, never takes the place of what is there
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise
            # A file system without links. Creating is still exclusive, though a reader may see it grow.
            try:
                with partial.open("rb") as source, path.open("xb") as out:
                    shutil.copyfileobj(source, out)
            except FileExistsError:
                return False
        return True

    def _tidy(self, folder: Path) -> None:
        """Remove *folder*, and those it lies in, as far as nothing lives there."""
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent

    def _forget_partials(self, key: str, *, older_than: float = 0) -> None:
        with suppress(FileNotFoundError):  # the folder may be tidied away while it is looked through
            for partial in (self.root / _PARTIAL).glob(f"{_mark(key)}.*"):
                with suppress(OSError):
                    if time.time() - partial.stat().st_mtime >= older_than:
                        partial.unlink()

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Stopped(f"stopped while publishing to {self.root}")

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            at = f" ({error.filename})" if error.filename else ""
            said = f"{(error.strerror or str(error)).lower()}{at}"
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise StoreFull(
                    f"cannot {what} {self.root}: {said}", hint="free some room there and publish again"
                ) from None
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise StoreDenied(
                    f"cannot {what} {self.root}: {said}",
                    hint="give yourself the right to write there, or publish to another folder",
                ) from None
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR):
                raise StoreMissing(
                    f"cannot {what} {self.root}: {said}", hint="see what lies in the way there"
                ) from None
            raise StoreUnreachable(
                f"cannot {what} {self.root}: {said}", hint="see whether the disk or share is connected"
            ) from None


def _pieces(content: bytes | Path) -> Iterator[bytes]:
    """Yield *content* piece by piece."""
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _mark(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def _etag(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
