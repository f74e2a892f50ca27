"""What ``flipcast open --booth`` does: all parts of the booth, put together, until Ctrl-C.

The kiosk is served on this machine alone. Phones, where they are wanted, are served by an application of their own, at
the one address that the settings name; it knows tickets and nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import getpass
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from capture import known
from capture.sources import Region, screen
from flipcast.booth.callers import Callers
from flipcast.booth.corner import Corner, Diary
from flipcast.booth.kiosk import Window, browser
from flipcast.booth.pin import Pin
from flipcast.booth.stage import Stage, for_recorder
from flipcast.booth.waiting import Waiting
from flipcast.commands import Desk
from flipcast.doors import door
from flipcast.errors import DeskError
from flipcast.finishing import Finishing
from flipcast.library import Library
from flipcast.settings import Loaded, load, phones_of
from flipcast.studio import Studio
from flipcast.web import booth
from flipcast.web.app import application
from flipcast.web.guard import new_secret
from flipcast.web.news import News
from flipcast.web.phones import phone_app
from flipcast.web.serve import HOST, listening, serve

MEMORY = "booth.json"
"""What the booth's studio remembers, in the state folder."""

VISITS = "visits"
"""Folder for what people bring, in the state folder."""


def choose_pin(desk: Desk) -> bool:
    """Ask for the operator's PIN, twice, and keep it."""
    first = getpass.getpass("New PIN, 4 to 12 digits: ")
    if getpass.getpass("The same again: ") != first:
        raise DeskError("the two are not the same", hint="run it again")
    Pin(known.state_folder()).choose(first)
    desk.show.result(
        {"pin": "chosen"}, "The PIN is kept. Hold the mark in the corner of the booth's screen, or press F10."
    )
    return True


def open_booth(desk: Desk, asked: argparse.Namespace) -> bool:
    """Show the booth full screen until Ctrl-C; a take that is being recorded is then ended, whole, and kept."""
    if asked.choose_pin:
        return choose_pin(desk)
    if not asked.no_browser:
        browser()  # before anything else: a booth without a screen is none

    def again() -> Loaded:
        return load([asked.config] if asked.config else [], asked.set or [])

    with ExitStack() as stack:
        house = stack.enter_context(
            opened(desk.library, desk.loaded, state=known.state_folder(), again=again, port=asked.port)
        )
        if not house.pin.is_set:
            desk.show.note("the operator's corner is closed: choose a PIN with flipcast open --booth --choose-pin")
        desk.show.result({"address": house.address}, f"The booth is open at {house.address} (Ctrl-C ends it)")
        for sentence in house.diary.lines:
            desk.show.note(sentence)
        if not asked.no_browser:
            for place, address in house.screens(screen.places()):
                way = stack.enter_context(door(address))
                stack.enter_context(Window(way.as_uri(), place=place, told=house.diary.write))
        with contextlib.suppress(KeyboardInterrupt):
            desk.stop.wait()
    return True


class House:
    """A booth that is open."""

    def __init__(self, stage: Stage, corner: Corner, diary: Diary, pin: Pin, address: str) -> None:
        self.stage, self.corner, self.diary, self.pin = stage, corner, diary, pin
        self.address = address
        """Of the kiosk's page."""

    def screens(self, places: tuple[Region, ...]) -> list[tuple[Region | None, str]]:
        """What is shown where: the kiosk on the main screen, and on a second one what a presenter wants to see."""
        shown: list[tuple[Region | None, str]] = [(places[0] if places else None, self.address)]
        if len(places) > 1:
            shown.append((places[1], f"{self.address}presenter"))
        return shown


@contextmanager
def opened(
    library: Library, loaded: Loaded, *, state: Path, again: Callable[[], Loaded], port: int = 0
) -> Iterator[House]:
    """All parts of the booth, served; *again* reads the settings anew."""
    settings = loaded.settings
    news, secret, diary = News(), new_secret(), Diary(state)
    phones = phones_of(settings.booth)
    with ExitStack() as stack:
        stack.callback(diary.close)
        at = stack.enter_context(listening(port))
        called = _heard(stack, phones)
        studio = stack.enter_context(Studio(library, for_recorder(settings), news, state=state, memory=MEMORY))
        finishing = stack.enter_context(Finishing(library, settings, news))
        staged: list[Stage] = []
        busy = lambda: bool(staged and staged[0].busy)  # noqa: E731  # the stage wants what waits, which asks the stage
        waiting = Waiting(finishing, publish=settings.booth.publish, busy=busy, told=diary.write)
        reached = f"http://{settings.booth.phones}" if phones else ""
        stage = Stage(studio, finishing, waiting, settings, visits=state / VISITS, phones=reached)
        staged.append(stage)
        stack.enter_context(waiting)
        stack.enter_context(stage)
        pin = Pin(state)
        corner = Corner(stage, pin, diary, load=again)
        ports = at.getsockname()[1]
        app = application(booth.routes(stage, corner), news=news, secret=secret, port=ports)
        stack.enter_context(_serving(lambda ready, stop: serve(app, at, ready=ready, stop=stop, leaving=news.close)))
        if called is not None:
            phone = phone_app(Callers(stage), hosts=[settings.booth.phones])
            stack.enter_context(_serving(lambda ready, stop: serve(phone, called, ready=ready, stop=stop)))
        diary.write("the booth is open")
        yield House(stage, corner, diary, pin, f"http://{HOST}:{ports}/{secret}/")
        diary.write("the booth is closed")


def _heard(stack: ExitStack, phones: tuple[str, int] | None) -> socket.socket | None:
    """A socket for phones."""
    return stack.enter_context(listening(phones[1], host=phones[0])) if phones else None


@contextmanager
def _serving(work: Callable[[Callable[[], None], threading.Event], None]) -> Iterator[None]:
    """A server on a thread of its own, that can be reached meanwhile."""
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(ready.set, stop), name="server", daemon=True)
    thread.start()
    try:
        if not ready.wait(20):
            raise DeskError("the pages could not be served", hint="try again")
        yield
    finally:
        stop.set()
        thread.join()
