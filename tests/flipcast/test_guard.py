"""The pages answer whoever was given their address, from their own pages, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from capture.errors import FlipcastError
from flipcast.web.app import application, asks, page, tells
from flipcast.web.guard import LONGEST_BODY, new_secret
from flipcast.web.news import News

SECRET = new_secret()
HERE = "http://127.0.0.1:4711"
OWN = {"origin": HERE}


class Broken(FlipcastError):
    """Something that cannot be done."""


def _answer(wish: dict[str, Any]) -> Any:
    if wish.get("fail"):
        raise Broken("the camera is gone", hint="plug it in")
    return wish


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


async def _long(request: Request) -> Response:
    return JSONResponse(len(await request.body()))


@pytest.fixture
def client() -> Iterator[TestClient]:
    routes = [
        page("/", "recorder"),
        asks("/ask", _answer),
        tells("/tell/{name}", _answer),
        Route("/upload", _long, methods=["POST"]),
        WebSocketRoute("/pictures", _echo),
    ]
    app = application(routes, news=News(), secret=SECRET, port=4711, long=("/upload",))
    with TestClient(app, base_url=HERE) as client:
        yield client


def test_the_page_opens_for_whoever_has_its_address(client: TestClient):
    """The policy lets the page load its own modules, and nothing of anybody else's."""
    answer = client.get(f"/{SECRET}/", headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"})

    assert answer.status_code == 200
    assert '<html lang="de">' in answer.text
    assert f'<base href="/{SECRET}/">' in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer", "the address is a secret"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/wrong/", "/{cut}/", "/{cut}{end}", "/static/../{cut}{end}x/", "//", "/é/"])
def test_without_the_secret_nothing_is_told(client: TestClient, path: str):
    """Other users of the machine can reach the port; they must not reach the camera."""
    answer = client.get(path.format(cut=SECRET[:-1], end=SECRET[-1]))

    assert answer.status_code in (403, 404)
    assert "<html" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4711", "127.0.0.1", "127.0.0.1:80", ""])
def test_a_foreign_name_that_points_here_is_refused(client: TestClient, host: str):
    """DNS rebinding: a page of another site gives its own name this machine's address."""
    assert client.get(f"/{SECRET}/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:4712", HERE + ".evil.example"]
)
def test_what_changes_anything_must_come_from_our_own_pages(client: TestClient, origin: str | None):
    """Even with the secret, another site's form or script must not press our buttons."""
    headers = {} if origin is None else {"origin": origin}

    assert client.post(f"/{SECRET}/ask", json={}, headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"/{SECRET}/pictures", headers=headers):
        pass


def test_our_own_pages_are_heard(client: TestClient):
    """What is asked for is done, and what fails is explained with what to do."""
    assert client.post(f"/{SECRET}/ask", json={"n": 1}, headers=OWN).json() == {"n": 1}
    assert client.get(f"/{SECRET}/tell/me").json() == {"name": "me"}
    with client.websocket_connect(f"/{SECRET}/pictures", headers={**OWN, "host": "127.0.0.1:4711"}) as socket:
        assert socket.receive_text() == "hello"

    failed = client.post(f"/{SECRET}/ask", json={"fail": True}, headers=OWN)
    assert failed.status_code == 409
    assert failed.json() == {"what": "the camera is gone", "hint": "plug it in"}


@pytest.mark.parametrize("body", [b"[1]", b"{", b"\xff", b"[" * 100_000, b'{"a": NaN'])
def test_what_is_no_wish_is_refused(client: TestClient, body: bytes):
    """Whatever is posted, there is an answer and no traceback."""
    headers = {**OWN, "content-type": "application/json"}
    answer = client.post(f"/{SECRET}/ask", content=body, headers=headers)
    assert (answer.status_code, answer.json()["what"]) == (400, "")  # the page has a sentence of its own for it


def test_a_form_is_no_wish(client: TestClient):
    """A form of another site can post without being asked about; it cannot post JSON."""
    assert client.post(f"/{SECRET}/ask", data={"a": "1"}, headers=OWN).status_code == 415


def test_a_giant_is_cut_off_unless_its_way_in_limits_it_itself(client: TestClient):
    """A page cannot fill the memory of the machine that records."""
    giant = iter([b"x" * 100_000] * (LONGEST_BODY // 100_000 + 2))
    headers = {**OWN, "content-type": "application/json"}

    assert client.post(f"/{SECRET}/ask", content=giant, headers=headers).status_code == 413
    assert client.post(f"/{SECRET}/upload", content=b"x" * 2 * LONGEST_BODY, headers=OWN).json() == 2 * LONGEST_BODY


@pytest.mark.parametrize(
    "path", ["static/../app.py", "static/%2e%2e/app.py", "words/../app.ftl", "words/xx.ftl", "nothing"]
)
def test_nothing_but_the_pages_is_served(client: TestClient, path: str):
    """Paths are tried by everybody who finds a server."""
    answer = client.get(f"/{SECRET}/{path}")

    assert answer.status_code == 404
    assert "import" not in answer.text


def test_the_modules_and_the_words_are_served(client: TestClient):
    """What a page needs comes from here; there is no request to anywhere else."""
    for path in ("static/desk.js", "static/base.css", "static/vendor/preact.js", "words/en.ftl", "words/de.ftl"):
        assert client.get(f"/{SECRET}/{path}").status_code == 200, path
