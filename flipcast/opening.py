"""What ``flipcast open`` does: serve the pages on loopback, and show them in the user's browser.

With ``--booth`` it is the booth that is opened (`flipcast.booth.house`).
"""

from __future__ import annotations

import argparse
import webbrowser

from flipcast.commands import Desk
from flipcast.doors import door
from flipcast.finishing import Finishing
from flipcast.following import Following
from flipcast.studio import Studio
from flipcast.web import lectures, prompter, recorder, rushes
from flipcast.web.app import application
from flipcast.web.guard import new_secret
from flipcast.web.news import News
from flipcast.web.serve import HOST, listening, serve


def open_pages(desk: Desk, asked: argparse.Namespace) -> bool:
    """Serve the recorder and the library until Ctrl-C; a take that is being recorded is then ended, whole."""
    if asked.booth or asked.choose_pin:
        from flipcast.booth.house import open_booth

        return open_booth(desk, asked)
    news, secret = News(), new_secret()
    library, settings = desk.library, desk.settings
    with (
        listening(asked.port) as at,
        Studio(library, settings, news) as studio,
        Finishing(library, settings, news) as finishing,
        Following(settings.captions, news, microphone=studio.microphone) as following,
    ):
        port = at.getsockname()[1]
        address = f"http://{HOST}:{port}/{secret}/"
        routes = [
            *recorder.routes(studio),
            *prompter.routes(finishing, following),
            *lectures.routes(finishing),
            *rushes.routes(library),
        ]
        app = application(routes, news=news, secret=secret, port=port, long=prompter.LONG + recorder.LONG)
        with door(address) as way:

            def ready() -> None:
                desk.show.result({"address": address}, f"flipcast is open at {address} (Ctrl-C ends it)")
                if not asked.no_browser and not webbrowser.open(way.as_uri()):
                    desk.show.note("no browser could be started: open the address above in one")

            serve(app, at, ready=ready, stop=desk.stop, leaving=news.close)
    return True
