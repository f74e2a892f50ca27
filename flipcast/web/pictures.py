"""Live pictures for the pages: one WebSocket a page carries all previews that it shows, each picture a JPEG.

The page says which tracks it wants, how large and how often: ``{"watch": {"camera": [1280, 720, 30]}}``; each such
message replaces the last. It answers each picture by ``{"shown": number}``: at most `_AHEAD` are on their way, so
that a slow page gets fewer pictures instead of older ones. A picture is a binary message: a head, the track's name
(UTF-8), the JPEG. Pages that show a track at the same size share the work: each picture is packed once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from capture.clock import SECOND
from capture.frames import Frame
from capture.preview import FASTEST, HIGHEST, WIDEST, Look

HEAD = struct.Struct("<QIHHH")
"""In front of each JPEG: moment it was seen (nanoseconds of the steady clock), number, width, height, bytes of name."""

_AHEAD = 2
_TRACKS = 16
_NAP_SECONDS = 0.004  # how much later than it could a picture is found; a look costs some microseconds
_IDLE_SECONDS = 0.25
_PACKING = (cv2.IMWRITE_JPEG_QUALITY, 75, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)


def routes(previews: Callable[[], Path | None]) -> list[BaseRoute]:
    """The WebSocket ``/pictures``; *previews* tells the folder of the previews now, or ``None`` if there are none."""
    darkroom = _Darkroom(previews)

    async def pictures(socket: WebSocket) -> None:
        await socket.accept()
        page = _Page(socket)
        darkroom.enter(page)
        try:
            while True:
                page.hear(await socket.receive_text())
                darkroom.wish()
        except (WebSocketDisconnect, KeyError, ValueError, RecursionError):
            with contextlib.suppress(RuntimeError):
                await socket.close()
        finally:
            await darkroom.leave(page)

    return [WebSocketRoute("/pictures", pictures)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """How a page wants to see a track."""

    width: int
    """Pixels at most."""

    height: int
    """Pixels at most."""

    rate: float
    """Pictures a second at most."""


class _Page:
    """One page that looks."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.wishes: dict[str, _Wish] = {}
        self.due_ns: dict[str, int] = {}
        self.waiting: dict[str, bytes] = {}  # the newest of each track, in the order of their coming
        self.sent = self.shown = 0
        self.news = asyncio.Event()

    def hear(self, text: str) -> None:
        """Take in what the page says.

        Raises:
            ValueError: it is nothing that we understand.
        """
        said: Any = json.loads(text)
        if not isinstance(said, dict):
            raise ValueError("a page says an object")
        if "watch" in said:
            if not isinstance(said["watch"], dict) or len(said["watch"]) > _TRACKS:
                raise ValueError(f"a page watches {_TRACKS} tracks at most")
            self.wishes = {str(track): _wish(asked) for track, asked in said["watch"].items()}
            self.waiting = {track: message for track, message in self.waiting.items() if track in self.wishes}
        if "shown" in said:
            self.shown = max(self.shown, min(_number(said["shown"]), self.sent))
        self.news.set()

    async def send(self) -> None:
        """Send what waits, never more ahead than the page keeps up with; until cancelled."""
        while True:
            await self.news.wait()
            self.news.clear()
            while self.waiting and self.sent - self.shown < _AHEAD * max(1, len(self.wishes)):
                track = next(iter(self.waiting))
                self.sent += 1
                message = bytearray(self.waiting.pop(track))
                struct.pack_into("<I", message, 8, self.sent)
                await self.socket.send_bytes(bytes(message))


class _Darkroom:
    """Looks at the previews that some page wants, and packs their pictures."""

    def __init__(self, previews: Callable[[], Path | None]) -> None:
        self._previews = previews
        self._pages: dict[_Page, asyncio.Task[None]] = {}
        self._looks: dict[str, Look] = {}
        self._folder: Path | None = None
        self._running: asyncio.Task[None] | None = None

    def enter(self, page: _Page) -> None:
        """Serve *page* too."""
        self._pages[page] = asyncio.create_task(page.send())
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    async def leave(self, page: _Page) -> None:
        """Serve *page* no more."""
        ending = [self._pages.pop(page)]
        if not self._pages and self._running is not None:
            ending.append(self._running)
            self._running = None
        for task in ending:
            task.cancel()
        # A page that is gone while a picture is on its way to it is no fault.
        await asyncio.gather(*ending, return_exceptions=True)

    def wish(self) -> None:
        """Ask the writers for what the pages want together."""
        for track, look in self._looks.items():
            wishes = [page.wishes[track] for page in self._pages if track in page.wishes]
            if wishes:
                size = max(wish.width for wish in wishes), max(wish.height for wish in wishes)
                look.wish(size=size, rate=max(wish.rate for wish in wishes))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        checked = 0.0
        with ThreadPoolExecutor(1, thread_name_prefix="pictures") as packers:
            try:
                while True:
                    if loop.time() - checked > _IDLE_SECONDS:
                        checked = loop.time()
                        self._open()
                    for track, look in tuple(self._looks.items()):
                        if (frame := look.newest()) is not None:
                            await self._develop(track, frame, packers)
                    await asyncio.sleep(_NAP_SECONDS if self._looks else _IDLE_SECONDS / 5)
            finally:
                self._close(set(self._looks))

    def _open(self) -> None:
        """Look at what is wanted and there, and no longer at what is not."""
        folder = self._previews()
        wanted = {track for page in self._pages for track in page.wishes}
        gone = {track for track, look in self._looks.items() if look.over}
        self._close(gone | (set(self._looks) - wanted) if folder == self._folder else set(self._looks))
        self._folder = folder
        if folder is None:
            return
        for track in wanted - set(self._looks):
            if track.isprintable() and not set(track) & set("/\\:") and not track.startswith("."):
                with contextlib.suppress(OSError):  # not there yet, or no longer
                    self._looks[track] = Look(folder, track)
        self.wish()

    def _close(self, tracks: set[str]) -> None:
        for track in tracks:
            self._looks.pop(track).close()

    async def _develop(self, track: str, frame: Frame, packers: ThreadPoolExecutor) -> None:
        pages: dict[tuple[int, int], list[_Page]] = {}
        for page in self._pages:
            wish = page.wishes.get(track)
            if wish is None or frame.at_ns + SECOND // 120 < page.due_ns.get(track, 0) < frame.at_ns + SECOND * 60:
                continue
            every_ns = int(SECOND / wish.rate)
            due_ns = page.due_ns.get(track, 0)
            page.due_ns[track] = (due_ns if abs(due_ns - frame.at_ns) < every_ns else frame.at_ns) + every_ns
            pages.setdefault(_fitting(frame, wish), []).append(page)
        loop = asyncio.get_running_loop()
        for size, those in pages.items():
            message = await loop.run_in_executor(packers, _packed, track, frame, size)
            for page in those:
                if track in page.wishes:
                    page.waiting[track] = message
                    page.news.set()


def _number(asked: Any) -> int:
    if not isinstance(asked, int):
        raise ValueError(f"{asked!r} is no number of a picture")
    return asked


def _wish(asked: Any) -> _Wish:
    if not (isinstance(asked, list) and len(asked) == 3 and all(isinstance(one, int | float) for one in asked)):
        raise ValueError("a wish is a width, a height and a rate")
    if not all(math.isfinite(one) for one in asked):
        raise ValueError("a wish is finite")
    width, height, rate = asked
    return _Wish(
        width=min(max(int(width), 16), WIDEST),
        height=min(max(int(height), 16), HIGHEST),
        rate=min(max(float(rate), 0.1), FASTEST),
    )


def _fitting(frame: Frame, wish: _Wish) -> tuple[int, int]:
    height, width = frame.picture.shape[:2]
    scale = min(1.0, wish.width / width, wish.height / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _packed(track: str, frame: Frame, size: tuple[int, int]) -> bytes:
    height, width = frame.picture.shape[:2]
    picture: Any = frame.picture
    if (width, height) != size:
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    _, packed = cv2.imencode(".jpg", picture, _PACKING)
    name = track.encode()
    return HEAD.pack(frame.at_ns, 0, *size, len(name)) + name + packed.tobytes()
