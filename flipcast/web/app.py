"""All pages put together: the recorder and the library, one address, one guard.

    http://127.0.0.1:PORT/SECRET/           the recorder page
    http://127.0.0.1:PORT/SECRET/library    where are my recordings
    http://127.0.0.1:PORT/SECRET/news       how everything stands, as it changes

A page is a frame of HTML and a module of its own in `static`; what it shows it is told by `News`, and what it asks for
it posts as JSON. There is nothing to build: what lies in `static` is what is served.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from importlib import resources
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from capture.errors import FlipcastError
from flipcast.web.guard import Guard, only
from flipcast.web.news import News

IMPORTS = json.dumps(
    {
        "imports": {
            "preact": "./static/vendor/preact.js",
            "preact/hooks": "./static/vendor/hooks.js",
            "htm": "./static/vendor/htm.js",
            "fluent": "./static/vendor/fluent/index.js",
        }
    }
)
"""Where modules find each other; it stands in every page, and its checksum in the policy of what may run."""

LANGUAGES = ("en", "de")
"""Languages that the pages speak; the first is spoken to everybody else."""

LONGEST_TEXT = 2000
"""Letters of a field."""

_HERE = resources.files("flipcast.web")
_FRAME = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
    """<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>flipcast</title>
<base href="/{{ secret }}/">
<link rel="icon" href="static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="static/base.css">
{%- for style in styles %}
<link rel="stylesheet" href="static/{{ style }}.css">
{%- endfor %}
<script type="importmap">{{ imports | safe }}</script>
<script type="module" src="static/{{ page }}.js"></script>
</head>
<body data-page="{{ page }}"><noscript>flipcast needs JavaScript.</noscript></body>
</html>
"""
)


def application(
    routes: Iterable[BaseRoute], *, news: News, secret: str, port: int, long: tuple[str, ...] = ()
) -> ASGIApp:
    """The pages with *routes*, served at *port* to whoever knows the *secret*; paths below *long* limit their bodies
    themselves."""
    hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost")]
    return Guard(site([*routes, news.route()]), admit=only(secret), hosts=hosts, inline=[IMPORTS], long=long)


def site(routes: Iterable[BaseRoute]) -> ASGIApp:
    """Pages with *routes*, and what every page needs: to be put behind a `Guard`."""
    static = StaticFiles(directory=str(_HERE / "static"))
    return Starlette(
        routes=[
            *routes,
            Route("/words/{language}.ftl", _words),
            Route("/words/{language}.json", _sentences),
            Mount("/static", static),
        ],
        exception_handlers={FlipcastError: _explained, HTTPException: _missing, ClientDisconnect: _gone},
    )


def page(path: str, name: str, *, styles: tuple[str, ...] = ()) -> Route:
    """A page at *path*, drawn by the module ``static/NAME.js``, with ``static/NAME.css`` where that is there.

    *styles* are other sheets that it wants, those of parts that it shows.
    """
    styles = (*styles, *([name] if (_HERE / "static" / f"{name}.css").is_file() else []))

    def drawn(request: Request) -> Response:
        secret = request.scope["letters"]
        language = _language(request.headers.get("accept-language", ""))
        return HTMLResponse(_FRAME.render(page=name, styles=styles, imports=IMPORTS, secret=secret, language=language))

    return Route(path, drawn)


def asks(path: str, answer: Callable[[dict[str, Any]], Any]) -> Route:
    """What a page posts to *path* as JSON, done by *answer* on a thread of its own; what it gives goes back as JSON.

    A failure of ours goes back with status 409 as ``{"what": …, "hint": …}``.
    """

    async def asked(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise HTTPException(415)
        try:
            wish = json.loads(await request.body() or b"{}")
        except (ValueError, RecursionError):
            raise HTTPException(400) from None
        if not isinstance(wish, dict):
            raise HTTPException(400)
        return JSONResponse(await run_in_threadpool(answer, {**wish, **request.path_params}))

    return Route(path, asked, methods=["POST"])


def tells(path: str, answer: Callable[[dict[str, Any]], Any]) -> Route:
    """What a page reads from *path*, as JSON."""

    async def told(request: Request) -> Response:
        asked = {**request.query_params, **request.path_params}
        return JSONResponse(await run_in_threadpool(answer, asked))

    return Route(path, told)


def text(said: Any, *, longest: int = LONGEST_TEXT) -> str:
    """What a page sent as text; anything else, and more letters than *longest*, is refused."""
    if not isinstance(said, str) or len(said) > longest:
        raise HTTPException(400)
    return said


def _words(request: Request) -> Response:
    language = request.path_params["language"]
    if language not in LANGUAGES:
        raise HTTPException(404)
    parts = sorted((_HERE / "words" / language).iterdir(), key=lambda part: part.name)
    all_words = b"\n".join(part.read_bytes() for part in parts if part.name.endswith(".ftl"))
    return Response(all_words, media_type="text/plain; charset=utf-8")


def _sentences(request: Request) -> Response:
    """What failures say, by their English; there is none in English."""
    language = request.path_params["language"]
    if language not in LANGUAGES[1:]:
        raise HTTPException(404)
    return Response((_HERE / "words" / language / "sentences.json").read_bytes(), media_type="application/json")


def _language(accepted: str) -> str:
    """The first language of a browser's wish that the pages speak."""
    for part in accepted.split(","):
        name = part.partition(";")[0].strip().lower().partition("-")[0]
        if name in LANGUAGES:
            return name
    return LANGUAGES[0]


def _explained(_: Request, error: Exception) -> Response:
    assert isinstance(error, FlipcastError)
    return JSONResponse({"what": error.what, "hint": error.hint}, status_code=409)


def _missing(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # Where nobody said anything, the framework names the status, which no person asked for: the page has its own words.
    own = error.detail != HTTPStatus(error.status_code).phrase
    return JSONResponse({"what": error.detail if own else "", "hint": ""}, status_code=error.status_code)


def _gone(_: Request, __: Exception) -> Response:
    return Response(status_code=499)
