"""A viewer without eyes: from a watch page to every byte that it leads to, by relative addresses alone."""

from __future__ import annotations

import gzip
import html
import posixpath
import re
import threading
from collections.abc import Callable
from types import TracebackType
from urllib.parse import unquote

from publish.stores import Store

_ENDINGS = "m3u8|mp4|vtt|jpg|js|css|srt|txt|json"

Fetch = Callable[[str, tuple[int, int] | None], bytes]


def fetching(store: Store) -> Fetch:
    """As a browser fetches from *store*: what is fetched whole is unpacked."""

    def fetch(key: str, span: tuple[int, int] | None) -> bytes:
        return shown(store.get(key)) if span is None else store.get(key, start=span[0], length=span[1])

    return fetch


def shown(content: bytes) -> bytes:
    """What a browser makes of *content* that may be packed."""
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def follow(page: str, fetch: Fetch) -> set[str]:
    """Fetch *page* and all that it names, and what that names; the keys that were fetched.

    Raises whatever *fetch* raises for what is missing.
    """
    text = html.unescape(fetch(page, None).decode())
    seen = {page}
    todo = [_resolve(page, a) for a in re.findall(rf"[\"']((?!\w+:)[^\"'<>\s]+\.(?:{_ENDINGS}))[\"']", text)]
    return _follow(todo, seen, fetch)


def follow_playlist(playlist: str, fetch: Fetch) -> set[str]:
    """As `follow`, from a playlist that a player was given."""
    return _follow([playlist], set(), fetch)


def _follow(todo: list[str], seen: set[str], fetch: Fetch) -> set[str]:
    """Fetch *todo* and all that it leads to; those and *seen* together."""
    fetched = set(seen)

    def noted(key: str, span: tuple[int, int] | None) -> bytes:
        fetched.add(key)
        return fetch(key, span)

    while todo:
        key = todo.pop()
        if key in seen:
            continue
        seen.add(key)
        if key.endswith(".m3u8"):
            todo += _playlist(key, noted)
        elif key.endswith(".vtt"):
            todo += [_resolve(key, u) for u in re.findall(r"^(\S+)#xywh=", noted(key, None).decode(), re.M)]
        else:
            noted(key, (0, 16))
    return fetched


def _playlist(key: str, fetch: Fetch) -> list[str]:
    """Fetch a playlist and every byte range in it; the playlists and whole files that it names."""
    found, span = [], None
    for line in fetch(key, None).decode().splitlines():
        named = re.findall(r'URI="([^"]+)"', line)
        if line.startswith("#EXT-X-MAP"):
            size, at = re.findall(r'BYTERANGE="(\d+)@(\d+)"', line)[0]
            assert len(fetch(_resolve(key, named[0]), (int(at), int(size)))) == int(size)
        elif line.startswith("#EXT-X-BYTERANGE:"):
            size, at = line.removeprefix("#EXT-X-BYTERANGE:").split("@")
            span = (int(at), int(size))
        elif named:
            found += [_resolve(key, uri) for uri in named]
        elif line and not line.startswith("#"):
            if span:
                assert len(fetch(_resolve(key, line), span)) == span[1]
            else:
                found.append(_resolve(key, line))
            span = None
    return found


def _resolve(base: str, address: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(address)))


class Watching:
    """Viewers who come again and again for as long as the ``with`` lasts, and remember what they missed."""

    def __init__(self, page: str, fetch: Fetch, *, missing: type[Exception]) -> None:
        self._page, self._fetch, self._missing = page, fetch, missing
        self._end, self._thread = threading.Event(), threading.Thread(target=self._watch)
        self.visits = 0
        self.faults: list[str] = []
        self.titles: list[str] = []

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            try:
                text = self._fetch(self._page, None).decode()
            except self._missing:
                continue  # not up yet, or not up any more
            try:
                title = re.findall(r"<title>([^<]*)", text)[0]
                if self.titles[-1:] != [title]:
                    self.titles.append(title)
                # The page that was loaded is what the rest is fetched for, as in a browser.
                follow(self._page, lambda k, s, text=text: text.encode() if k == self._page else self._fetch(k, s))
            except Exception as error:
                self.faults.append(repr(error))
            self.visits += 1
