"""Live pictures on their way to the pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient, WebSocketTestSession

from capture.clock import now_ns
from capture.frames import Frame
from capture.preview import Preview
from flipcast.web import pictures


@pytest.fixture
def lens(tmp_path: Path) -> Iterator[None]:
    """A camera of 1280 by 720 that offers its pictures in *tmp_path*."""
    shown, done = Preview(tmp_path, "camera"), threading.Event()

    def run() -> None:
        while not done.wait(0.02):
            shown.offer(Frame(picture=np.full((720, 1280, 3), 99, np.uint8), at_ns=now_ns()))

    thread = threading.Thread(target=run)
    thread.start()
    yield
    done.set()
    thread.join()
    shown.close()


def taken(message: bytes) -> tuple[str, int, np.ndarray]:
    at_ns, number, width, height, length = pictures.HEAD.unpack_from(message)
    track = message[pictures.HEAD.size : pictures.HEAD.size + length].decode()
    picture = cv2.imdecode(np.frombuffer(message, np.uint8, offset=pictures.HEAD.size + length), cv2.IMREAD_COLOR)
    assert picture.shape[:2] == (height, width)
    assert at_ns <= now_ns()
    return track, number, picture


def sent_away(page: WebSocketTestSession) -> None:
    """Let *page* be sent away: a client that is torn down while a picture is on its way is cancelled, not closed."""
    page.send_text("[]")
    while page.receive()["type"] != "websocket.close":
        pass


@pytest.mark.usefixtures("lens")
def test_a_page_sees_a_track_as_it_wishes(tmp_path: Path):
    """A lecturer sees what the camera sees before recording it."""
    with (
        TestClient(Starlette(routes=pictures.routes(lambda: tmp_path))) as client,
        client.websocket_connect("/pictures") as page,
    ):
        page.send_json({"watch": {"camera": [640, 360, 30]}})
        track, number, picture = taken(page.receive_bytes())
        sent_away(page)

    assert (track, number) == ("camera", 1)
    assert picture.shape == (360, 640, 3)
    assert abs(int(picture.mean()) - 99) <= 2


@pytest.mark.usefixtures("lens")
def test_what_a_page_says_can_do_no_harm(tmp_path: Path):
    """A page that lost its mind is sent away, and the next one is served."""
    with TestClient(Starlette(routes=pictures.routes(lambda: tmp_path))) as client:
        wishes = ('["x", 1, 1]', "5", "[1, 1]", "[640, 360, NaN]", "[1e999, 1, 1]")
        for said in ("[]", "{", '{"watch": 3}', '{"shown": []}', *(f'{{"watch": {{"camera": {w}}}}}' for w in wishes)):
            with client.websocket_connect("/pictures") as page:
                page.send_text(said)
                assert page.receive()["type"] == "websocket.close"
        with client.websocket_connect("/pictures") as page:
            page.send_json({"watch": {"../camera": [640, 360, 30], "camera": [640, 360, 30]}})
            assert taken(page.receive_bytes())[0] == "camera"
            sent_away(page)
