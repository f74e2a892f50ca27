"""Show a lecture from disk on its watch page, before anyone else sees it.

A small web server on loopback serves the very page that a publication gets, the player, and the files that the
lecture names: nothing else, wherever a link or an address may point. Pages of other sites cannot read it by giving
their own name this machine's address (DNS rebinding), since only loopback names are answered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from flipcast.web.serve import HOST, listening, serve
from process import lecture as lectures
from publish import page

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
    with listening(port) as at:
        address = f"http://{HOST}:{at.getsockname()[1]}/"
        serve(app, at, ready=lambda: ready(address), stop=stop or threading.Event())


def _application(folder: Path) -> Starlette:
    lecture = lectures.read(folder)
    players = page.player_files()
    served = {**lecture_files(lecture, folder), **players}

    def watch(_: Request) -> Response:
        # Read anew on each visit: a lecture that is processed again is shown as it is now.
        now = lectures.read(folder)
        served.update(lecture_files(now, folder))
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


def lecture_files(lecture: lectures.Lecture, folder: Path) -> Mapping[str, Path]:
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
