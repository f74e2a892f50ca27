"""What is to be put for a lecture, and under which keys: worked out before any store is asked.

    media/<sha256>.<ext>                what never changes: video, pictures, captions, the player
    lectures/<name>/<edition>/….m3u8    playlists, which lead to media by relative addresses
    lectures/<name>/lecture.json        the lecture's description, as it was made
    lectures/<name>/index.html          the watch page: its address stays, and it is what makes a revision visible

The edition is a digest of all playlists, so those of two revisions never mix: a viewer in the middle of the
earlier one goes on in it. Text goes up packed where the store can say so (`publish.packing`).
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from process import lecture as lectures
from process.lecture import Lecture
from publish import page
from publish.catalogue import CatalogueEntry
from publish.errors import LectureIncomplete
from publish.manifest import ASK_FIRST, FOR_EVER, FOR_MINUTES, KINDS, Object, checked_name
from publish.packing import SUFFIXES, packed


class Stage(IntEnum):
    """In this order objects go up."""

    MEDIA = 1
    PLAYLISTS = 2
    DESCRIPTION = 3
    PAGE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """An object, and where its bytes are."""

    object: Object
    """What the store will hold."""

    content: bytes | Path
    """The bytes, or the file that has them."""

    stage: Stage
    """When it goes up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be put for a lecture."""

    name: str
    """The lecture's name in addresses."""

    title: str
    """What people call it."""

    edition: str
    """Digest of all playlists."""

    entry: CatalogueEntry
    """How the start page lists it; the time of publication is still empty."""

    pieces: tuple[Piece, ...]
    """In the order of release; every key once."""


def plan(folder: Path, *, name: str, compress: bool = False, url: Callable[[str], str] | None = None) -> Plan:
    """What is to be put for the lecture that lies in *folder*; the same for the same files.

    Args:
        compress: pack what is text.
        url: where a viewer finds what lies under a key, if that is known.

    Raises:
        LectureIncomplete: a file is not there, or one is named that is not the lecture's own.
        NameUnfit: *name* cannot be part of an address.
        MediaUnreadable: no lecture lies there.
    """
    lecture, root = lectures.read(folder), f"lectures/{checked_name(name)}"
    names = [file for file in lecture.files() if file]
    playlists = [file for file in names if file.endswith(".m3u8")]
    scrubbing = lecture.thumbnails.vtt if lecture.thumbnails else ""
    plain = {file: _inside(folder, file) for file in names if file not in (*playlists, scrubbing)}
    plain |= page.player_files()
    media: dict[str, Piece] = {}
    with ThreadPoolExecutor(4) as pool:
        counted = pool.map(lambda file: _lasting(file, plain[file], compress=compress), plain)
        media |= zip(plain, counted, strict=True)
    if scrubbing:
        text = _scrubbing(_text(folder, scrubbing), scrubbing, media)
        media[scrubbing] = _lasting(scrubbing, text, compress=compress)

    lists = {file: _rewritten(_text(folder, file), file, playlists, media) for file in playlists}
    edition = _sha256(b"".join(b"%s\0%s\0" % (file.encode(), lists[file]) for file in sorted(lists)))[:16]
    pieces = [*media.values()]
    for file, text in lists.items():
        list_key = f"{root}/{edition}/{file}"
        pieces.append(_made(list_key, text, FOR_MINUTES, Stage.PLAYLISTS, file, compress=compress))

    own = f"{root}/lecture.json"
    description = _inside(folder, lectures.DESCRIPTION).read_bytes()
    pieces.append(_made(own, description, ASK_FIRST, Stage.DESCRIPTION, lectures.DESCRIPTION))
    keys = {file: piece.object.key for piece in pieces for file in piece.object.files}
    index = f"{root}/index.html"
    html = page.watch_page(
        lecture,
        folder=folder,
        address=_addresses(keys, seen_from=index),
        home="../../index.html",
        here=url(index) if url else None,
    )
    pieces.append(_made(index, html.encode(), ASK_FIRST, Stage.PAGE, compress=compress))
    return Plan(
        name=name,
        title=lecture.title,
        edition=edition,
        entry=_entry(lecture, name=name, poster=keys.get(lecture.poster, ""), index=index),
        pieces=_each_once(pieces),
    )


def player_pieces(*, compress: bool = False) -> dict[str, Piece]:
    """The files that pages need beside them, by the names that pages call them."""
    return {name: _lasting(name, path, compress=compress) for name, path in page.player_files().items()}


def _entry(lecture: Lecture, *, name: str, poster: str, index: str) -> CatalogueEntry:
    return CatalogueEntry(
        name=name,
        title=lecture.title,
        seconds=lecture.seconds,
        language=lecture.captions[0].language if lecture.captions else "",
        clips=len(lecture.clips),
        poster=poster,
        page=index,
        published_at="",
    )


def _addresses(keys: dict[str, str], *, seen_from: str) -> Callable[[str], str]:
    """How a page at the key *seen_from* names the lecture's files."""

    def address(file: str) -> str:
        if file not in keys:
            raise LectureIncomplete(f"the watch page names {file!r}, which the lecture does not")
        return quote(posixpath.relpath(keys[file], posixpath.dirname(seen_from)))

    return address


def _rewritten(text: str, file: str, playlists: list[str], media: dict[str, Piece]) -> bytes:
    """The playlist *file* with addresses that hold in a store; those of other playlists hold already."""
    here = posixpath.join("lectures", "name", "edition", posixpath.dirname(file))

    def moved(uri: str) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(uri)))
        if target in playlists:
            return uri
        if target not in media:
            raise LectureIncomplete(
                f"the playlist {file} names {uri!r}, which is not among the lecture's files",
                hint="process the lecture again",
            )
        return posixpath.relpath(media[target].object.key, here)

    lines = []
    for line in text.splitlines():
        if line.startswith("#"):
            lines.append(re.sub(r'(?<=[:,]URI=")[^"]*(?=")', lambda found: moved(found[0]), line))
        else:
            lines.append(moved(line.strip()) if line.strip() else "")
    return ("\n".join(lines) + "\n").encode()


def _scrubbing(text: str, file: str, media: dict[str, Piece]) -> bytes:
    """The thumbnails' WebVTT, whose cues name a sprite: in a store, that lies beside it."""
    lines = []
    for line in text.splitlines():
        uri, mark, place = line.partition("#xywh=")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(uri.strip())))
        if mark and target not in media:
            raise LectureIncomplete(f"{file} names {uri!r}, which is not among the lecture's files")
        lines.append(posixpath.basename(media[target].object.key) + mark + place if mark else line)
    return ("\n".join(lines) + "\n").encode()


def _each_once(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Of files with the same content one object, which knows them all."""
    once: dict[str, Piece] = {}
    for piece in pieces:
        first = once.get(piece.object.key)
        if first:
            files = first.object.files + piece.object.files
            piece = replace(first, object=replace(first.object, files=files))
        once[piece.object.key] = piece
    return tuple(sorted(once.values(), key=lambda piece: piece.stage))


def _lasting(file: str, content: bytes | Path, *, compress: bool) -> Piece:
    """What never changes, under a key made of the bytes that are stored."""
    suffix, encoding = PurePosixPath(file).suffix.lower(), ""
    suffix = suffix if suffix in KINDS else ""
    try:
        if compress and suffix in SUFFIXES:
            content, encoding = packed(content.read_bytes() if isinstance(content, Path) else content)
        digest, size = _counted(content)
    except OSError as error:
        raise LectureIncomplete(f"{content!s} cannot be read: {error.strerror}", hint="process it again") from None
    about = Object(
        key=f"media/{digest}{suffix}",
        size_bytes=size,
        sha256=digest,
        kind=KINDS.get(suffix, "application/octet-stream"),
        caching=FOR_EVER,
        encoding=encoding,
        files=(file,),
    )
    return Piece(object=about, content=content, stage=Stage.MEDIA)


def _counted(content: bytes | Path) -> tuple[str, int]:
    """Digest and length."""
    if isinstance(content, bytes):
        return _sha256(content), len(content)
    with content.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest(), opened.tell()


def _made(key: str, content: bytes, caching: str, stage: Stage, *files: str, compress: bool = False) -> Piece:
    content, encoding = packed(content) if compress else (content, "")
    about = Object(
        key=key,
        size_bytes=len(content),
        sha256=_sha256(content),
        kind=KINDS[PurePosixPath(key).suffix],
        caching=caching,
        encoding=encoding,
        files=files,
    )
    return Piece(object=about, content=content, stage=stage)


def _inside(folder: Path, file: str) -> Path:
    """Where the lecture's file lies; descriptions may come from anybody, and must not lead out of the folder."""
    path = folder / file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise LectureIncomplete(f"the lecture in {folder} names {file!r}, which lies outside of it")
    if not path.is_file():
        raise LectureIncomplete(f"the lecture in {folder} lacks {file}", hint="process it again")
    return path


def _text(folder: Path, file: str) -> str:
    try:
        return _inside(folder, file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise LectureIncomplete(f"{folder / file} is not text", hint="process it again") from None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
