"""What ``flipcast open`` does: serve the pages on loopback, and show them in the user's browser.

The address holds a secret, and what stands on a command line can be read by every user of the machine. The browser is
therefore given a file that only its owner may read, and that leads to the address.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import os
import tempfile
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flipcast.commands import Desk
from flipcast.finishing import Finishing
from flipcast.studio import Studio
from flipcast.web import lectures, recorder
from flipcast.web.app import application
from flipcast.web.guard import new_secret
from flipcast.web.news import News
from flipcast.web.serve import HOST, listening, serve


def open_pages(desk: Desk, asked: argparse.Namespace) -> bool:
    """Serve the recorder and the library until Ctrl-C; a take that is being recorded is then ended, whole."""
    news, secret = News(), new_secret()
    library, settings = desk.library, desk.settings
    with (
        listening(asked.port) as at,
        Studio(library, settings, news) as studio,
        Finishing(library, settings, news) as finishing,
    ):
        port = at.getsockname()[1]
        address = f"http://{HOST}:{port}/{secret}/"
        routes = [*recorder.routes(studio), *lectures.routes(finishing)]
        app = application(routes, news=news, secret=secret, port=port)
        with _door(address) as door:

            def ready() -> None:
                desk.show.result({"address": address}, f"flipcast is open at {address} (Ctrl-C ends it)")
                if not asked.no_browser and not webbrowser.open(door.as_uri()):
                    desk.show.note("no browser could be started: open the address above in one")

            serve(app, at, ready=ready, stop=desk.stop, leaving=news.close)
    return True


@contextmanager
def _door(address: str) -> Iterator[Path]:
    """A file that leads a browser to *address*, and that nobody else may read."""
    descriptor, name = tempfile.mkstemp(prefix="flipcast-", suffix=".html")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            quoted = html.escape(address, quote=True)
            file.write(
                f'<!doctype html><meta http-equiv="refresh" content="0;url={quoted}"><a href="{quoted}">flipcast</a>'
            )
        yield Path(name)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()
