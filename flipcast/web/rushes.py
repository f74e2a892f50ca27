"""A take that has just been recorded, to be watched in a page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from capture.errors import FlipcastError, RecordingMissing
from capture.take import read, takes_in
from flipcast.errors import LectureUnknown
from flipcast.library import Library
from process import rushes
from process.rushes import Rushes


def routes(library: Library, *, allowed: Callable[[str], bool] = lambda name: True) -> list[BaseRoute]:
    """The last whole take of a lecture that is *allowed*: ``/rushes/NAME`` says what there is, the files are below."""
    making: dict[str, threading.Lock] = {}

    def made(name: str) -> Rushes:
        if not allowed(name):
            raise HTTPException(404)
        try:
            folder = library.find(name).folder
        except LectureUnknown:
            raise HTTPException(404) from None
        whole = [home for home in takes_in(folder) if read(home).outcome is not None]
        if not whole:
            raise RecordingMissing(f"{name} has no take that is whole", hint="stop it, or make it whole first")
        with making.setdefault(name, threading.Lock()):  # two pages that ask at once get the same
            return rushes.rushes(whole[-1], folder / "work" / rushes.FOLDER)

    async def told(request: Request) -> Response:
        name = request.path_params["name"]
        found = await run_in_threadpool(made, name)
        tracks: list[dict[str, Any]] = [
            {"name": one.name, "kind": str(one.kind), "src": f"rushes/{name}/{one.file.name}"} for one in found.files
        ]
        return JSONResponse({"tracks": tracks, "seconds": found.seconds})

    async def file(request: Request) -> Response:
        try:
            found = await run_in_threadpool(made, request.path_params["name"])
        except FlipcastError:
            raise HTTPException(404) from None
        path = next((one.file for one in found.files if one.file.name == request.path_params["file"]), None)
        if path is None or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "no-store"})

    return [Route("/rushes/{name}", told), Route("/rushes/{name}/{file}", file)]
