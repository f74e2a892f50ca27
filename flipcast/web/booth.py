"""The booth's pages: the kiosk, the presenter's screen beside it, and the operator's corner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from flipcast.booth import shown
from flipcast.booth.corner import Corner
from flipcast.booth.stage import Stage, Step
from flipcast.errors import DeskError
from flipcast.web import pictures, rushes
from flipcast.web.app import asks, page, text
from flipcast.web.qr import qr_svg


def routes(stage: Stage, corner: Corner) -> list[BaseRoute]:
    """The kiosk at ``/``, the presenter's screen at ``/presenter``, and their ways in."""

    def wish(act: Callable[[], object]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def asked(_: dict[str, Any]) -> dict[str, Any]:
            act()
            return {}

        return asked

    def background(asked: dict[str, Any]) -> dict[str, Any]:
        stage.choose_background(text(asked.get("id")))
        return {}

    def slides(asked: dict[str, Any]) -> dict[str, Any]:
        stage.take_slides_from(text(asked.get("stick")), text(asked.get("deck")))
        return {}

    def turn(asked: dict[str, Any]) -> dict[str, Any]:
        to = asked.get("to")
        if not isinstance(to, int):
            raise HTTPException(400)
        stage.turn(to)
        return {}

    def copy(asked: dict[str, Any]) -> dict[str, Any]:
        stage.copy(text(asked.get("stick")))
        return {}

    async def slide(request: Request) -> Response:
        guest = stage.guest
        deck, folder = (guest.deck, guest.deck_folder) if guest else (None, None)
        name = request.path_params["file"]
        if deck is None or folder is None or not any(name in (one.picture, one.thumbnail) for one in deck.slides):
            raise HTTPException(404)
        return _file(folder / name)

    async def scene(request: Request) -> Response:
        path = await run_in_threadpool(stage.scenes.picture, request.path_params["id"])
        if path is None:
            raise HTTPException(404)
        return _file(path)

    async def code(_: Request) -> Response:
        guest = stage.guest
        if guest is None or not stage.phones:
            raise HTTPException(404)
        return Response(qr_svg(f"{stage.phones}/{guest.ticket}/"), media_type="image/svg+xml")

    def page_code(_: Request) -> Response:
        guest = stage.guest
        shelf = guest.shelf if guest and stage.step is Step.HANDOVER else None
        there = shown.handed(stage, shelf).page if shelf else None
        if there is None:
            raise HTTPException(404)
        return Response(qr_svg(there), media_type="image/svg+xml")

    return [
        page("/", "booth", styles=("rushes",)),
        page("/presenter", "presenter"),
        asks("/booth/begin", wish(stage.begin)),
        asks("/booth/leave", wish(stage.leave)),
        asks("/booth/stay", wish(stage.touch)),
        asks("/booth/background", background),
        asks("/booth/slides", slides),
        asks("/booth/no-slides", wish(stage.without_slides)),
        asks("/booth/roll", wish(stage.roll)),
        asks("/booth/turn", turn),
        asks("/booth/stop", wish(stage.stop)),
        asks("/booth/keep", wish(stage.keep)),
        asks("/booth/again", wish(stage.again)),
        asks("/booth/throw", wish(stage.throw)),
        asks("/booth/copy", copy),
        asks("/booth/done", wish(stage.done)),
        Route("/booth/deck/{file}", slide),
        Route("/booth/code.svg", code),
        Route("/booth/page.svg", page_code),
        Route("/scenes/{id}", scene),
        *_operator(corner),
        *rushes.routes(stage.finishing.library, allowed=stage.is_watched),
        *pictures.routes(stage.studio.previews),
    ]


def _operator(corner: Corner) -> list[BaseRoute]:
    def key(asked: dict[str, Any]) -> str:
        return text(asked.get("key"))

    def close(asked: dict[str, Any]) -> dict[str, Any]:
        corner.close(key(asked))
        return {}

    def choose(asked: dict[str, Any]) -> dict[str, Any]:
        sources = asked.get("sources")
        if not isinstance(sources, list) or len(sources) > 20:
            raise HTTPException(400)
        corner.choose(key(asked), [text(one) for one in sources])
        return {}

    def retry(asked: dict[str, Any]) -> dict[str, Any]:
        corner.retry(key(asked), text(asked.get("name")))
        return {}

    def settings(asked: dict[str, Any]) -> dict[str, Any]:
        try:
            corner.read_settings(key(asked))
        except OSError as error:
            raise DeskError(f"the settings cannot be read: {error}") from None
        return {}

    return [
        asks("/booth/operator", lambda asked: {"key": corner.open(text(asked.get("pin")))}),
        asks("/booth/operator/look", lambda asked: corner.look(key(asked))),
        asks("/booth/operator/choose", choose),
        asks("/booth/operator/tune", lambda asked: {"says": corner.tune(key(asked))}),
        asks("/booth/operator/retry", retry),
        asks("/booth/operator/settings", settings),
        asks("/booth/operator/close", close),
    ]


def _file(path: Path) -> Response:
    if not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, headers={"Cache-Control": "no-store"})
