"""The recorder page: what it is told and what it may ask of the studio."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from capture.states import Command
from flipcast.studio import Studio
from flipcast.web import pictures
from flipcast.web.app import asks, page, tells, text


def routes(studio: Studio) -> list[BaseRoute]:
    """The page at ``/``, and its ways in."""

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
        studio.stand_before(green=wish.get("green") is True)
        return {}

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
        page("/", "recorder"),
        page("/prompter", "prompter"),
        tells("/devices", lambda _: {"devices": studio.devices()}),
        asks("/choose", choose),
        asks("/layout", lay_out),
        asks("/greenscreen", stand_before),
        asks("/recorder/{command}", order),
        *pictures.routes(studio.previews),
    ]
