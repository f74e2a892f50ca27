"""The teleprompter: its page, what follows the voice, the notes of a presentation, and the captions' true text."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from flipcast import deck
from flipcast.deck.limits import Limits
from flipcast.finishing import Finishing
from flipcast.following import Following
from flipcast.web import uploads
from flipcast.web.app import asks, page, text
from process.captions import script

LONG = ("/notes",)
"""The beginnings of paths that limit their bodies themselves."""


def routes(finishing: Finishing, following: Following, *, limits: Limits | None = None) -> list[BaseRoute]:
    """The page at ``/prompter``, and its ways in."""
    limits = limits or Limits()

    def begin(wish: dict[str, Any]) -> dict[str, Any]:
        words = wish.get("words")
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise HTTPException(400)
        if sum(len(word) for word in words) > script.LONGEST:
            raise HTTPException(400)
        following.begin(words, at=_number(wish.get("at")))
        return {}

    def keep(wish: dict[str, Any]) -> dict[str, Any]:
        if "at" in wish:
            following.go(_number(wish["at"]))
        return {"listening": following.keep()}

    def end(_: dict[str, Any]) -> dict[str, Any]:
        following.end()
        return {}

    def follow(wish: dict[str, Any]) -> dict[str, Any]:
        said = text(wish.get("text"), longest=script.LONGEST)
        finishing.corrections.follow(text(wish.get("name")), said)
        return {}

    async def notes(request: Request) -> Response:
        name = uploads.name_of(request)
        with tempfile.TemporaryDirectory(prefix="flipcast-notes-", ignore_cleanup_errors=True) as folder:
            path = Path(folder, "brought")
            await uploads.received(request, path, most=limits.bytes_in)
            stop = threading.Event()
            with contextlib.ExitStack() as leaving:
                leaving.callback(stop.set)
                found = await run_in_threadpool(deck.notes_of, path, name, Path(folder), stop=stop, limits=limits)
        return JSONResponse({"text": found})

    return [
        page("/prompter", "prompter"),
        asks("/script", follow),
        asks("/voice/follow", begin),
        asks("/voice/keep", keep),
        asks("/voice/end", end),
        Route("/notes", notes, methods=["POST"]),
    ]


def _number(said: Any) -> int:
    """What a page sent as the number of a word; anything else is refused."""
    if not isinstance(said, int) or not 0 <= said <= script.LONGEST:
        raise HTTPException(400)
    return said
