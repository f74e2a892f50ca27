"""The browser in front of the booth, a real one on a screen of our own."""

from __future__ import annotations

import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flipcast.booth.kiosk import VARIABLE, Window, browser
from flipcast.doors import door
from flipcast.errors import DeskError
from tests.fixtures.browser import chromium
from tests.fixtures.rig import XScreen, need


def test_a_browser_that_dies_is_begun_again_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The only browser of a booth must not stay away until Monday; and no password stands on its command line."""
    need("Xvfb")
    program = tmp_path / "browser"
    # As root, which tests may be, Chromium wants this said.
    program.write_text(f'#!/bin/sh\nexec "{chromium()}" --no-sandbox --disable-gpu "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(program))
    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Booth</title>")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    screen = XScreen(tmp_path)
    for name, value in screen.environment.items():
        monkeypatch.setenv(name, value)
    told: list[str] = []
    try:
        with (
            door(f"http://127.0.0.1:{server.server_port}/secret/") as way,
            Window(way.as_uri(), told=told.append) as window,
        ):
            _until(lambda: "/secret/" in asked)
            assert window.pid
            assert "secret" not in Path(f"/proc/{window.pid}/cmdline").read_text()
            folder = window._folder
            asked.clear()
            os.kill(window.pid, signal.SIGKILL)
            _until(lambda: "/secret/" in asked)
            assert any("begun again" in sentence for sentence in told)
        assert not folder.exists()
        assert not way.exists()
    finally:
        screen.close()
        server.shutdown()
        serving.join()
        server.server_close()


def test_a_machine_without_a_browser_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch):
    """Rather a sentence than a dark screen."""
    monkeypatch.setenv(VARIABLE, "no-such-browser")
    with pytest.raises(DeskError, match="no-such-browser"):
        browser()


def _until(true, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
