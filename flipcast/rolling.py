"""What ``flipcast record`` does: steer a recorder by keys and signals, and show how it goes.

The recorder is a process of its own, and nothing that happens here can hurt the take: Ctrl-C, a kill and the closing of
the terminal are wishes to stop, however often they come.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from capture import recovery
from capture.description import to_json
from capture.devices import Devices
from capture.errors import FlipcastError, RecorderGone, TakeError, WrongMoment
from capture.health import Said, State
from capture.plan import Plan
from capture.remote import Remote
from capture.take import Take
from flipcast import report
from flipcast.console import Show
from flipcast.equipment import chosen
from flipcast.figures import clock
from flipcast.keys import Keys, pressed
from flipcast.library import Shelf

if TYPE_CHECKING:
    from flipcast.commands import Desk
    from greenscreen.beside import Beside

_KEYS = "space pause · m marker · q stop"
_KEYS_PAUSED = "space go on · m marker · q stop"
_NO_KEYS = "Ctrl-C stops"

_LISTEN_SECONDS = 0.1
_ENDING_SECONDS = 30.0

_RUNNING = (State.ROLLING, State.PAUSED, State.STOPPING)


def record(desk: Desk, asked: argparse.Namespace) -> bool:
    """Record a take."""
    settings = desk.settings.with_record(
        countdown_seconds=asked.countdown,
        longest_seconds=None if asked.longest is None else asked.longest * 60,
        rate=asked.rate,
    ).record
    sources = chosen(Devices(), asked.sources or [], desk.show)
    besides: Mapping[str, Beside] = {}
    if asked.filters:
        from flipcast import tuning  # the keyer is large, and who only records needs none of it

        besides = tuning.besides(sources, desk.settings.greenscreen, desk.show)
    library = desk.library
    known = {shelf.name for shelf in library.shelves()}
    shelf = library.begin(asked.title)
    plan = Plan(
        recording=shelf.folder,
        sources=tuple(replace(wanted, rate=Fraction(settings.rate)) for wanted in sources),
        made_by=f"flipcast {version('flipcast')}",
        settings=settings,
    )
    try:
        with _wishes_to_stop(desk.stop):
            return _taken(plan, shelf, desk, besides)
    finally:
        if shelf.name not in known:
            shelf.give_up()


def _taken(plan: Plan, shelf: Shelf, desk: Desk, besides: Mapping[str, Beside]) -> bool:
    """Record what *plan* says; whether it became a take that nobody had to rescue."""
    title = shelf.recording().title
    recorder = Remote(plan)
    gone = None
    session = _Session(recorder, title, desk.show, desk.stop, besides)
    try:
        with recorder, pressed() as keys:
            take = session.follow(keys)
    except RecorderGone as error:
        if recorder.folder is None:
            raise
        gone = error
    except TakeError:
        if not session.called_off:
            raise
        desk.show.trouble("nothing was recorded: it was called off before it began")
        return False
    if gone is not None:
        desk.show.trouble(gone.what)
        assert recorder.folder
        take = recovery.recover(recorder.folder)
        desk.show.note(_rescued(take))
    assert recorder.folder
    lines = [*report.lines(take), f"next: flipcast process {shelf.name}"]
    desk.show.result(_facts(take, shelf, recorder.folder), "\n".join([f"{title}  ({shelf.name})", *lines]))
    return gone is None


class _Session:
    """One take, from the opening of its sources to its end."""

    def __init__(
        self, recorder: Remote, title: str, show: Show, stop: threading.Event, besides: Mapping[str, Beside]
    ) -> None:
        self.called_off = False
        """Whether it was ended before it rolled."""
        self._recorder = recorder
        self._title = title
        self._show = show
        self._stop = stop
        self._besides = dict(besides)
        self._rolled = False
        self._ending_since: float | None = None

    def follow(self, keys: Keys) -> Take:
        """Roll as soon as it can be, do what *keys* say, and give the take.

        Raises:
            DeviceError: a source cannot be opened.
            TakeError: there is no take; the recorder is gone, for instance.
        """
        recorder = self._recorder
        while True:
            for news in recorder.news(0.0):
                if isinstance(news, Said):
                    self._tell(news)
            if recorder.folder is not None:
                self._lay_beside(recorder.folder)
            if recorder.health is not None:
                hint = (_KEYS_PAUSED if recorder.state is State.PAUSED else _KEYS) if keys.here else _NO_KEYS
                self._show.rolling(self._title, recorder.health, hint)
            with contextlib.suppress(TimeoutError):
                return recorder.wait(0.0)
            if self._ending_since is not None:
                if time.monotonic() - self._ending_since > _ENDING_SECONDS:
                    raise RecorderGone(f"the recorder has not closed the take after {_ENDING_SECONDS:.0f} s")
            elif self._stop.is_set():
                self._end()
            elif recorder.state is State.READY and not self._rolled:
                self._rolled = True
                recorder.roll()
            if key := keys.next(_LISTEN_SECONDS):
                self._press(key)

    def _lay_beside(self, folder: Path) -> None:
        """Put how cameras are keyed beside their tracks, once; a take is never lost over it."""
        if not self._besides:
            return
        from greenscreen import beside

        while self._besides:
            name, known = self._besides.popitem()
            try:
                beside.write(folder, name, known)
            except (OSError, FlipcastError) as error:
                self._show.trouble(f"how {name} is keyed could not be written beside it: {error}")

    def _press(self, key: str) -> None:
        with contextlib.suppress(WrongMoment):  # a key too early or too late asks for nothing
            if key == " ":
                if self._recorder.state is State.PAUSED:
                    self._recorder.resume()
                else:
                    self._recorder.pause()
            elif key in ("m", "M"):
                self._recorder.mark()
            elif key in ("q", "Q"):
                self._stop.set()

    def _end(self) -> None:
        with contextlib.suppress(WrongMoment):  # it has just gone on to another state: the next round asks again
            if self._recorder.state in _RUNNING:
                self._recorder.stop()
            else:
                self._recorder.abandon()
                self.called_off = True
            self._ending_since = time.monotonic()

    def _tell(self, said: Said) -> None:
        about = f"{said.track}: " if said.track and not said.text.startswith(said.track) else ""
        self._show.note(f"{clock(int(said.at))} {about}{said.text}")


@contextmanager
def _wishes_to_stop(stop: threading.Event) -> Iterator[None]:
    """Take Ctrl-C, a polite kill and a closed terminal as a wish to *stop*, any number of times."""
    terminals = [descriptor for descriptor in (1, 2) if _is_terminal(descriptor)]

    def wish(number: int, frame: FrameType | None) -> None:
        stop.set()
        if sys.platform != "win32" and number == signal.SIGHUP:
            # The terminal is gone, and every word to it would be a failure.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for descriptor in terminals:
                os.dup2(nowhere, descriptor)
            os.close(nowhere)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                before[name] = signal.signal(getattr(signal, name), wish)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _rescued(take: Take) -> str:
    lost = [
        f"{track.lost_seconds:.2f} s of {track.name}"
        for track in (take.outcome.tracks if take.outcome else ())
        if track.lost_seconds
    ]
    return f"the take was made whole; lost: {', '.join(lost) if lost else 'nothing that can be told'}"


def _facts(take: Take, shelf: Shelf, folder: Path) -> dict[str, Any]:
    return {
        "name": shelf.name,
        "title": shelf.recording().title,
        "folder": str(folder),
        "take": json.loads(to_json(take)),
        "next": f"flipcast process {shelf.name}",
    }
