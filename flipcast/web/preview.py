"""Show a lecture from disk on its watch page, before anyone else sees it.

A small web server on loopback serves the very page that a publication gets, the player, and the files that the
lecture names: nothing else, wherever a link or an address may point. Pages of other sites cannot read it by giving
their own name this machine's address (DNS rebinding), since only loopback names are answered.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from flipcast.errors import DeskError
from process import lecture as lectures
from publish import page

HOST = "127.0.0.1"
"""Only this machine is served."""

TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".vtt": "text/vtt; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
"""Content types by ending; what a machine's own tables say of them differs from machine to machine."""


class PortTaken(DeskError):
    """The port that was asked for cannot be listened on."""


def preview(
    folder: Path,
    *,
    port: int = 0,
    ready: Callable[[str], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> None:
    """Serve the lecture in *folder* until Ctrl-C, or until *stop* is set; *ready* is told the page's address.

    Raises:
        MediaUnreadable: no lecture lies there.
        PortTaken: *port* is in use, or not to be had.
    """
    app = _application(folder)
    with _listening(port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}/"
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        try:
            _Server(config, started_at=address, ready=ready, stop=stop or threading.Event()).run([listening])
        except KeyboardInterrupt:
            return  # Ctrl-C is how a preview is meant to end


def _application(folder: Path) -> Starlette:
    lecture = lectures.read(folder)
    players = page.player_files()
    served = {**_lecture_files(lecture, folder), **players}

    def watch(_: Request) -> Response:
        # Read anew on each visit: a lecture that is processed again is shown as it is now.
        now = lectures.read(folder)
        served.update(_lecture_files(now, folder))
        text = page.watch_page(now, folder=folder, address=quote, home=None)
        return HTMLResponse(text, headers={"Cache-Control": "no-cache"})

    def file(request: Request) -> Response:
        name = request.path_params["name"]
        path = served.get(name)
        if path is None or not path.is_file():
            raise HTTPException(404)
        kind = TYPES.get(path.suffix.lower(), "application/octet-stream")
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return FileResponse(path, media_type=kind, headers=headers)

    return Starlette(
        routes=[Route("/", watch), Route("/{name:path}", file)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False)],
        exception_handlers={404: _missing},
    )


def _lecture_files(lecture: lectures.Lecture, folder: Path) -> Mapping[str, Path]:
    """The files that *lecture* names, those left out that would lead outside its folder or are hidden."""
    root = folder.resolve()
    found = {}
    for name in lecture.files():
        path = (root / name).resolve()
        if path.is_relative_to(root) and not any(part.startswith(".") for part in path.relative_to(root).parts):
            found[name] = path
    return found


def _missing(_: Request, __: Exception) -> Response:
    return PlainTextResponse("There is nothing of that name in this lecture.\n", status_code=404)


def _listening(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((HOST, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise PortTaken(f"port {port} cannot be listened on ({error})", hint="choose another, or none") from None
    return listening


class _Server(uvicorn.Server):
    """A server that says when it is ready and looks, a few times a second, whether it should stop."""

    def __init__(
        self, config: uvicorn.Config, *, started_at: str, ready: Callable[[str], None], stop: threading.Event
    ) -> None:
        super().__init__(config)
        self._address, self._ready, self._stop = started_at, ready, stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready(self._address)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()  # a browser that pauses a film never reads the rest
        await asyncio.sleep(0.01)  # the loop closes them on its next rounds

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)
