"""What the pages are told, as it comes about: the latest value of each topic, sent over one stream to each page.

A page that opens late, or comes back, is first told how everything stands; nobody needs to ask again and again. A page
that reads slowly misses values in between, never the latest.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

_QUIET_SECONDS = 15.0


class News:
    """The latest of each topic. Told from any thread; read by any number of pages."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[int, str]] = {}
        self._count = 0
        self._lock = threading.Lock()
        self._readers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._closed = False

    def tell(self, topic: str, value: Any) -> None:
        """From now on *value*, which JSON can hold, is the latest of *topic*; unchanged, nobody is bothered."""
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        with self._lock:
            if topic in self._latest and self._latest[topic][1] == text:
                return
            self._count += 1
            self._latest[topic] = (self._count, text)
            self._wake()

    def close(self) -> None:
        """No more is told: whoever reads is let go."""
        with self._lock:
            self._closed = True
            self._wake()

    def _wake(self) -> None:
        for loop, event in self._readers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def latest(self, topic: str) -> Any:
        """What was told last; ``None`` if nothing was."""
        with self._lock:
            found = self._latest.get(topic)
        return None if found is None else json.loads(found[1])

    @property
    def is_read(self) -> bool:
        """Whether a page listens now."""
        return bool(self._readers)

    async def read(self) -> AsyncIterator[str]:
        """Yield events as server-sent events have them, and a comment now and then while all is quiet."""
        event = asyncio.Event()
        me = (asyncio.get_running_loop(), event)
        with self._lock:
            self._readers.add(me)
        seen = 0
        try:
            yield "retry: 1000\n\n"
            while not self._closed:
                with self._lock:
                    event.clear()
                    fresh = sorted((n, topic, text) for topic, (n, text) in self._latest.items() if n > seen)
                for number, topic, text in fresh:
                    seen = number
                    yield f"event: {topic}\ndata: {text}\n\n"
                try:
                    await asyncio.wait_for(event.wait(), _QUIET_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            with self._lock:
                self._readers.discard(me)

    def route(self) -> Route:
        """The stream, at ``/news``."""

        async def stream(_: Request) -> StreamingResponse:
            return StreamingResponse(self.read(), media_type="text/event-stream")

        return Route("/news", stream)
