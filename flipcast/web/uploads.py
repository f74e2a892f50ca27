"""A file that a page sends, as it comes in: written down piece by piece, and refused as soon as it is too large."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from flipcast.deck import SlidesRefused

_LONGEST_NAME = 300


def name_of(request: Request) -> str:
    """What the person calls the file; a request without a name, or with an endless one, is refused."""
    name = request.query_params.get("name", "")
    if not name or len(name) > _LONGEST_NAME:
        raise HTTPException(400)
    return name


async def received(request: Request, path: Path, *, most: int) -> None:
    """Write what *request* brings to *path*.

    Raises:
        SlidesRefused: it is larger than *most* bytes.
    """
    got = 0
    with path.open("xb") as file:
        async for piece in request.stream():
            got += len(piece)
            if got > most:
                raise SlidesRefused(f"it is larger than {most / 1e6:.0f} MB", hint="take a smaller copy of it")
            await run_in_threadpool(file.write, piece)
