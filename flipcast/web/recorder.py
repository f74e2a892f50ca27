"""The recorder page: what it is told and what it may ask of the studio."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from capture.errors import FlipcastError
from capture.states import Command
from flipcast.scenes import LIMITS, OWN, Scenes
from flipcast.studio import Studio
from flipcast.web import pictures, uploads
from flipcast.web.app import asks, page, tells, text

LONG = ("/background",)
"""The beginnings of paths that limit their bodies themselves."""


def routes(studio: Studio) -> list[BaseRoute]:
    """The page at ``/``, and its ways in."""

    def offered() -> Scenes:
        return Scenes(studio.settings.library.backgrounds, own=studio.library.folder / OWN)

    async def bring(request: Request) -> Response:
        name = uploads.name_of(request)
        with tempfile.TemporaryDirectory(prefix="flipcast-background-", ignore_cleanup_errors=True) as folder:
            path = Path(folder, "brought")
            await uploads.received(request, path, most=LIMITS.bytes_in)
            brought = await run_in_threadpool(offered().bring, path, name)
        return JSONResponse(brought.facts())

    def take_out(wish: dict[str, Any]) -> dict[str, Any]:
        gone = offered().take_out(text(wish.get("scene")))
        if studio.behind == gone.behind:
            studio.stand_before(green=studio.green)
        return {}

    def choose(wish: dict[str, Any]) -> dict[str, Any]:
        sources = wish.get("sources")
        if not isinstance(sources, list):
            raise HTTPException(400)
        studio.choose([text(one) for one in sources])
        return {}

    def lay_out(wish: dict[str, Any]) -> dict[str, Any]:
        studio.lay_out(text(wish.get("layout")))
        return {}

    def stand_before(wish: dict[str, Any]) -> dict[str, Any]:
        which = text(wish.get("scene", ""))
        behind = offered().find(which).behind if which else ""
        studio.stand_before(green=wish.get("green") is True, behind=behind)
        return {}

    def scenes(_: dict[str, Any]) -> dict[str, Any]:
        return {"scenes": [one.facts() for one in offered().all if one.kind != "none"]}

    async def look(request: Request) -> Response:
        try:
            drawn = await run_in_threadpool(studio.glance, text(request.query_params.get("from")))
        except FlipcastError:
            raise HTTPException(404) from None  # the sign that stands for it stays
        return Response(drawn, media_type="image/jpeg")

    async def scene(request: Request) -> Response:
        path = await run_in_threadpool(offered().picture, request.path_params["id"])
        if path is None or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path)

    def order(wish: dict[str, Any]) -> dict[str, Any]:
        try:
            command = Command(wish["command"])
        except ValueError:
            raise HTTPException(404) from None
        if command is Command.ROLL:
            studio.roll(text(wish.get("title", "")))
        else:
            studio.order(command, label=text(wish.get("label", "")))
        return {}

    return [
        page("/", "recorder", styles=("rushes",)),
        tells("/devices", lambda _: {"devices": [*studio.devices(), *studio.windows()]}),
        asks("/choose", choose),
        asks("/layout", lay_out),
        asks("/greenscreen", stand_before),
        asks("/tune", lambda _: {"says": studio.tune()}),
        tells("/scenes", scenes),
        Route("/background", bring, methods=["POST"]),
        asks("/scenes/out", take_out),
        Route("/glance", look),
        Route("/scenes/{id}", scene),
        asks("/recorder/{command}", order),
        *pictures.routes(studio.previews),
    ]
