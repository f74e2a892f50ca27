"""The library page: every lecture, what can be done with it, and the lecture itself to watch."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from capture.errors import FlipcastError
from flipcast.finishing import Finishing
from flipcast.web.app import asks, page, tells, text
from flipcast.web.preview import TYPES, lecture_files
from flipcast.web.qr import qr_svg
from process import edits
from process import lecture as lectures
from publish import page as publishing
from publish import publication


def routes(finishing: Finishing) -> list[BaseRoute]:
    """The page at ``/library``, its ways in, and every lecture at ``/watch/NAME/``."""
    library = finishing.library
    players = publishing.player_files()

    def named(wish: dict[str, Any]) -> str:
        return text(wish.get("name"))

    def work(wish: dict[str, Any]) -> dict[str, Any]:
        what = wish["what"]
        if what not in ("process", "publish", "recover"):
            raise HTTPException(404)
        if "title" in wish:
            course, language = text(wish.get("course", "")), text(wish.get("language", ""))
            finishing.describe(named(wish), title=text(wish["title"]), course=course, language=language)
        finishing.begin(named(wish), what)
        return {}

    def correct(wish: dict[str, Any]) -> dict[str, Any]:
        try:
            start, new = float(wish["start"]), text(wish["text"])
            if "was" in wish:
                change = edits.Correction(start=start, end=float(wish["end"]), was=text(wish["was"]), text=new)
                finishing.corrections.correct(named(wish), change)
            else:
                finishing.corrections.correct(named(wish), edits.ClipTitle(start=start, title=new))
        except (KeyError, TypeError, ValueError):
            raise HTTPException(400) from None
        return {}

    def border(wish: dict[str, Any]) -> dict[str, Any]:
        try:
            change = edits.ClipBorder(at=float(wish["at"]), begins=wish["begins"] is True)
        except (KeyError, TypeError, ValueError):
            raise HTTPException(400) from None
        finishing.corrections.correct(named(wish), change)
        return {}

    def trim(wish: dict[str, Any]) -> dict[str, Any]:
        start, end = wish.get("start"), wish.get("end")
        if not all(one is None or isinstance(one, int | float) for one in (start, end)):
            raise HTTPException(400)
        finishing.corrections.trim(named(wish), start=start, end=end)
        return {}

    def stop(wish: dict[str, Any]) -> dict[str, Any]:
        finishing.stop(named(wish))
        return {}

    def delete(wish: dict[str, Any]) -> dict[str, Any]:
        return {"name": finishing.delete(named(wish))}

    def restore(wish: dict[str, Any]) -> dict[str, Any]:
        return {"name": finishing.restore(named(wish))}

    def watch(request: Request) -> Response:
        folder = _made(request)
        drawn = publishing.watch_page(lectures.read(folder), folder=folder, address=quote, home=None)
        # The page says itself which of its scripts may run; this header is all that it cannot say of itself.
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": "frame-ancestors 'self'"}
        return HTMLResponse(drawn, headers=headers)

    def file(request: Request) -> Response:
        name = request.path_params["file"]
        folder = _made(request)
        path = players.get(name) or lecture_files(lectures.read(folder), folder).get(name)
        if path is None or not path.is_file():
            raise HTTPException(404)
        kind = TYPES.get(path.suffix.lower(), "application/octet-stream")
        return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-cache"})

    def _made(request: Request) -> Any:
        try:
            return library.find(request.path_params["name"]).folder / "lecture"
        except FlipcastError:
            raise HTTPException(404) from None

    async def code(request: Request) -> Response:
        return await run_in_threadpool(_code, request)

    def _code(request: Request) -> Response:
        try:
            where = publication.read(library.find(request.path_params["name"]).folder)
        except FlipcastError:
            raise HTTPException(404) from None
        page_at = next((up.page for up in where if urlsplit(up.page).scheme in ("http", "https")), None)
        if page_at is None:
            raise HTTPException(404)
        return Response(qr_svg(page_at), media_type="image/svg+xml")

    return [
        page("/library", "lectures", styles=("rushes",)),
        asks("/work/{what}", work),
        tells("/said/{name}", lambda asked: finishing.corrections.said(asked["name"])),
        asks("/correct", correct),
        asks("/border", border),
        asks("/trim", trim),
        asks("/stop", stop),
        asks("/delete", delete),
        asks("/restore", restore),
        Route("/qr/{name}.svg", code),
        Route("/watch/{name}/", watch),
        Route("/watch/{name}/{file:path}", file),
    ]
