"""The studio: a recorder that stands by while somebody looks at a page, and what the page is told of it.

The sources that were chosen are open as long as a page is, so that what is seen is what will be recorded, and the light
of a camera goes out when the last page is closed. A take does not ask whether anybody looks: it goes on until it is
ended. All that opens and closes a recorder happens on one thread; pages only wish.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capture import known, recovery
from capture.address import without_password
from capture.description import write_whole
from capture.devices import Devices, Listed
from capture.errors import DeviceError, FlipcastError, RecorderGone, WrongMoment
from capture.frames import Kind
from capture.health import Health, Said, State
from capture.plan import Plan, names_of
from capture.remote import Remote
from capture.sources import Wanted, spoken
from capture.states import ENDS, Command, commands
from capture.take import Take
from flipcast import report
from flipcast.errors import DeskError
from flipcast.library import Library, Shelf, in_one_line
from flipcast.settings import Settings
from flipcast.web.news import News
from process.layout import Layout

if TYPE_CHECKING:
    from greenscreen.live import LiveKey

TOPIC = "studio"
"""Under which pages hear of it."""

QUIETEST_DBFS = -60.0
"""Levels below are shown like it."""

_TICK_SECONDS = 0.12
_LEAVING_SECONDS = 4.0  # a page that is loaded again is away for a moment
_AGAIN_SECONDS = 5.0
_LISTING_SECONDS = 3.0
_MOST_SOURCES = 8
_LONGEST_WORD = 500
_AMBER_ROOM_SECONDS = 900.0
_AMBER_LATE_SHARE = 0.001

_RUNNING = (State.COUNTING, State.ROLLING, State.PAUSED, State.STOPPING)


class Studio:
    """One recorder at a time, for any number of pages. A context manager, which leaves no take open."""

    def __init__(self, library: Library, settings: Settings, news: News, *, state: Path | None = None) -> None:
        """What is chosen is kept in the folder *state*, where not elsewhere in flipcast's own."""
        self.library, self.settings, self.news = library, settings, news
        self._devices = Devices(state)
        self._memory = (state or known.state_folder()) / "studio.json"
        self._chosen, self._layout, self._green = self._remembered()
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._lister: threading.Thread | None = None
        self._listed: tuple[Listed, ...] = ()
        self._wake, self._over = threading.Event(), threading.Event()
        self._remote: Remote | None = None
        self._key: LiveKey | None = None
        self._key_again_at = 0.0
        self._open: tuple[str, ...] = ()
        self._shelf: Shelf | None = None
        self._rolled = False
        self._trouble: FlipcastError | None = None
        self._again_at = 0.0
        self._read_at = 0.0
        self._said = ""
        self._last: dict[str, Any] | None = None
        self._thread = threading.Thread(target=self._run, name="studio", daemon=True)

    def __enter__(self) -> Studio:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the take, if there is one, whole."""
        self._over.set()
        self._wake.set()
        self._thread.join()

    def previews(self) -> Path | None:
        """The folder of the live pictures now."""
        remote = self._remote
        return remote.plan.preview if remote else None

    def devices(self) -> list[dict[str, Any]]:
        """What could be recorded here, for a page to choose from.

        A sound system that hangs keeps nobody from a screen: after a moment it is what was seen the last time.
        """
        with self._listing:
            if self._lister is None or not self._lister.is_alive():
                self._lister = threading.Thread(target=self._list, name="devices", daemon=True)
                self._lister.start()
            lister = self._lister
        lister.join(_LISTING_SECONDS)
        rows = [
            {
                "from": row.spoken,
                "kind": str(row.device.kind),
                "name": in_one_line(row.device.description or without_password(row.device.identity)),
                "here": row.here is not False,
                "size": [row.device.width, row.device.height] if row.device.width else None,
            }
            for row in self._listed
        ]
        listed = {row["from"] for row in rows}
        rows += [
            {"from": text, "kind": str(spoken(text).kind), "name": _plain(text), "here": True, "size": None}
            for text in self._chosen
            if text not in listed
        ]
        return rows

    def _list(self) -> None:
        with contextlib.suppress(FlipcastError, OSError):
            self._listed = self._devices.listed()

    def choose(self, sources: Sequence[str]) -> None:
        """Record *sources*, as they are named after ``--from``, from now on; none lets go of all.

        Raises:
            DeviceError: one of them cannot be understood.
            WrongMoment: a take is being recorded.
        """
        if len(sources) > _MOST_SOURCES or any(len(text) > _LONGEST_WORD for text in sources):
            raise DeskError(f"{len(sources)} sources are too many", hint=f"choose {_MOST_SOURCES} at most")
        for text in sources:
            spoken(text)
        with self._lock:
            self._refuse_while_running()
            self._chosen = tuple(dict.fromkeys(sources))
            self._trouble, self._again_at = None, 0.0
            self._remember()
        self.news.tell(TOPIC, self._facts())  # before anybody can press record for what was chosen before
        self._wake.set()

    def lay_out(self, layout: str) -> None:
        """Show screen and camera so from now on; in a take, from this moment on.

        Raises:
            DeskError: there is no such layout.
        """
        if layout not in tuple(Layout):
            raise DeskError(f"no layout is called {layout[:40]!r}", hint=f"there are: {', '.join(Layout)}")
        with self._lock:
            changed = layout != self._layout
            self._layout = layout
            self._remember()
            remote = self._remote
        if changed and remote is not None and remote.state in (State.ROLLING, State.PAUSED):
            remote.mark(layout)

    def stand_before(self, *, green: bool) -> None:
        """Key whoever stands before the camera from now on, or no longer; in a take it stays as it was.

        Raises:
            GreenscreenError: nobody can be keyed here.
            WrongMoment: a take is being recorded.
        """
        if green:
            from process import keyed  # the keyer is large, and who only records needs none of it

            keyed.check_able()
        with self._lock:
            self._refuse_while_running()
            self._green = green
            self._layout = str(self._usual_layout())
            self._key_again_at = 0.0
            self._remember()
        self._wake.set()

    def roll(self, title: str = "") -> None:
        """Begin a take of a new recording called *title*; without one, by the time of day.

        Raises:
            WrongMoment: it cannot now.
            NoRoomToRecord, NoRight: the disk would not.
        """
        with self._lock:
            self._refuse_while_running()
            remote = self._remote
            if remote is None or remote.state is not State.READY or self._open != self._chosen:
                raise WrongMoment("the sources are not open yet", hint="wait until their pictures are there")
            usual = f"Recording {datetime.now():%Y-%m-%d %H:%M}"
            shelf = self.library.begin(in_one_line(title)[:200] or usual, new=True)
            try:
                remote.roll(shelf.folder)
            except BaseException:
                shelf.give_up()
                raise
            self._shelf, self._rolled, self._last, self._said = shelf, False, None, ""
        self._wake.set()

    def order(self, command: Command, *, label: str = "") -> None:
        """Ask the recorder for *command*.

        Raises:
            WrongMoment: it cannot be done now.
        """
        remote = self._remote
        if remote is None:
            raise WrongMoment("nothing is being recorded", hint="choose what to record, and press record")
        match command:
            case Command.PAUSE:
                remote.pause()
            case Command.RESUME:
                remote.resume()
            case Command.MARK:
                remote.mark(in_one_line(label)[:200])
            case Command.STOP:
                if remote.stop() is State.READY:  # by its own answer: the news may be older than the countdown
                    self._call_off()
            case _:
                raise WrongMoment(f"a page cannot ask the recorder to {command}")

    def _refuse_while_running(self) -> None:
        if self._remote is not None and self._remote.state in _RUNNING:
            raise WrongMoment("a take is being recorded", hint="stop it first")

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            try:
                self._tick()
            except FlipcastError as error:
                self._fail(error)
            except OSError as error:
                self._fail(DeskError(f"the recorder could not be begun: {error}", hint="close some programs"))
            self.news.tell(TOPIC, self._facts())
            self._wake.wait(_TICK_SECONDS)
        self._leave()

    def _tick(self) -> None:
        now = time.monotonic()
        if self.news.is_read:
            self._read_at = now
        remote = self._remote
        if remote is None:
            if self._chosen and now - self._read_at < _LEAVING_SECONDS and now >= self._again_at:
                self._stand_by()
            return
        self._key_or_not(remote)
        for news in remote.news(0.0):
            if isinstance(news, Said):
                self._said = f"{news.track}: {news.text}" if news.track else news.text
        state = remote.state
        if state in ENDS:
            self._end(remote)
        elif state in (State.OPENING, State.READY):
            if self._open != self._chosen or now - self._read_at > _LEAVING_SECONDS:
                self._close()
        elif state is State.ROLLING and not self._rolled:
            self._rolled = True
            self._begin_with_layout(remote)
            self._lay_beside(remote)

    def _stand_by(self) -> None:
        """Open what is chosen."""
        chosen = self._chosen
        rate = Fraction(self.settings.record.rate)
        sources = tuple(replace(self._devices.wanted(spoken(text)), rate=rate) for text in chosen)
        plan = Plan(
            recording=self.library.folder,
            sources=sources,
            made_by=f"flipcast {version('flipcast')}",
            settings=self.settings.record,
        )
        remote = Remote(plan)
        remote.__enter__()
        with self._lock:
            self._remote, self._open = remote, chosen

    def _begin_with_layout(self, remote: Remote) -> None:
        """Say in the take which layout was chosen, where it is not the usual one."""
        if {Kind.SCREEN, Kind.CAMERA} <= {
            one.kind for one in remote.plan.sources
        } and self._layout != self._usual_layout():
            with contextlib.suppress(FlipcastError):
                remote.mark(self._layout)

    def _usual_layout(self) -> Layout:
        return Layout.KEYED if self._green else Layout.CORNER

    def _key_or_not(self, remote: Remote) -> None:
        """Begin and end the live key, as it is wished for and somebody looks."""
        camera = _camera(remote) if self._green and self.news.is_read else None
        if camera is None or remote.state in (State.OPENING, State.STOPPING, *ENDS):
            self._end_key()
        elif self._key is None and time.monotonic() >= self._key_again_at:
            from flipcast import tuning
            from greenscreen.beside import Beside
            from greenscreen.live import Background, Behind, LiveKey

            assert remote.plan.preview
            self._key_again_at = time.monotonic() + _AGAIN_SECONDS
            name, wanted = camera
            known = tuning.remembered(wanted) or Beside(key=self.settings.greenscreen, how="no plate was taken")
            screen = next((n for n, w in _named(remote) if w.kind is Kind.SCREEN), "")
            background = Background(kind=Behind.SCREEN, screen=screen) if screen else Background()
            key = LiveKey(remote.plan.preview, name, known, background=background, told=self._hear_key)
            key.__enter__()
            self._key = key

    def _hear_key(self, told: object) -> None:
        if isinstance(told, str):
            self._said = told

    def _end_key(self) -> None:
        key, self._key = self._key, None
        if key is not None:
            key.__exit__(None, None, None)

    def _lay_beside(self, remote: Remote) -> None:
        """Put how the camera is keyed beside its track; a take is never lost over it."""
        camera = _camera(remote) if self._green else None
        if camera is None or remote.folder is None:
            return
        from flipcast import tuning
        from greenscreen import beside

        try:
            known = self._key.known if self._key else tuning.remembered(camera[1])
            how = "no plate was taken"
            beside.write(remote.folder, camera[0], known or beside.Beside(key=self.settings.greenscreen, how=how))
        except (OSError, FlipcastError) as error:
            self._said = f"how the camera is keyed could not be written beside it: {error}"

    def _call_off(self) -> None:
        """A countdown was stopped: what was begun for it goes."""
        with self._lock:
            shelf, self._shelf = self._shelf, None
        if shelf is not None:
            shelf.give_up()

    def _end(self, remote: Remote) -> None:
        """Take in what a recorder that has ended leaves."""
        try:
            take = remote.wait(5.0)
        except RecorderGone as error:
            if remote.folder is None:
                raise
            self._said = error.what
            take = recovery.recover(remote.folder)
        finally:
            self._close()
            if remote.folder is None:
                self._call_off()
        if self._shelf is not None:
            self._last = _taken(self._shelf, take)
            self._shelf = None

    def _fail(self, error: FlipcastError) -> None:
        self._trouble = error
        self._again_at = time.monotonic() + _AGAIN_SECONDS

    def _close(self) -> None:
        """Let go of the sources."""
        self._end_key()
        with self._lock:
            remote, self._remote, self._open = self._remote, None, ()
        if remote is not None:
            remote.__exit__(None, None, None)

    def _leave(self) -> None:
        remote = self._remote
        if remote is not None and remote.state in _RUNNING:
            with contextlib.suppress(FlipcastError):
                remote.stop()
        self._close()
        if self._shelf is not None:
            self._shelf.give_up()

    def _facts(self) -> dict[str, Any]:
        """All that pages show of it."""
        remote = self._remote
        health = remote.health if remote else None
        state = health.state if health else State.OPENING if remote else None
        if state is State.READY and self._open != self._chosen:
            state = State.OPENING  # what is open is not what was chosen a moment ago
        if state is State.READY:
            self._trouble = None
        return {
            "state": str(state) if state else "off",
            "commands": [str(one) for one in commands(state) if one is not Command.ABANDON] if state else [],
            "chosen": list(self._chosen),
            "layout": self._layout,
            "green": self._green,
            "key": _keying(self._key) if self._key else None,
            "title": _title_of(self._shelf) if self._shelf else "",
            **(_going(health) if health else _NOTHING),
            "said": self._said,
            "trouble": {"what": self._trouble.what, "hint": self._trouble.hint} if self._trouble else None,
            "last": self._last,
        }

    def _remembered(self) -> tuple[tuple[str, ...], str, bool]:
        """Sources, layout and green screen as they were the last time, or what is usual here."""
        try:
            kept = json.loads(self._memory.read_text(encoding="utf-8"))
            chosen, layout = tuple(str(text) for text in kept["chosen"]), str(kept["layout"])
            for text in chosen:
                spoken(text)
            if layout in tuple(Layout):
                return chosen, layout, kept.get("green") is True
        except (OSError, ValueError, KeyError, TypeError, DeviceError):
            pass
        try:
            return tuple(wanted.label for wanted in self._devices.usual()), str(Layout.CORNER), False
        except DeviceError:
            return (), str(Layout.CORNER), False

    def _remember(self) -> None:
        kept = {"chosen": list(self._chosen), "layout": self._layout, "green": self._green}
        with contextlib.suppress(OSError, FlipcastError):  # a folder that cannot be written keeps nobody from recording
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._memory, json.dumps(kept))
            self._memory.chmod(0o600)  # the address of a camera may hold its password


_NOTHING: dict[str, Any] = {
    "seconds": 0.0,
    "room": None,
    "markers": 0,
    "light": "off",
    "alarms": [],
    "late": 0,
    "tracks": [],
}


def _going(health: Health) -> dict[str, Any]:
    """What pages show of *health*."""
    alarms = [text for text in (health.alarm, *(_alarm(t.name, t.alarm) for t in health.tracks)) if text]
    seen = [track for track in health.tracks if not track.kind.is_sound]
    late, pictures = sum(t.late + t.repeated for t in seen), sum(t.count for t in seen)
    scarce = health.room_seconds is not None and health.room_seconds < _AMBER_ROOM_SECONDS
    amber = bool(alarms) or scarce or late > max(3.0, _AMBER_LATE_SHARE * pictures)
    red = bool(alarms) and health.state in (State.ROLLING, State.PAUSED)
    return {
        "seconds": round(health.seconds, 1),
        "room": None if health.room_seconds is None else round(max(0.0, health.room_seconds), -1),
        "markers": health.markers,
        "light": "red" if red else "amber" if amber else "green",
        "alarms": alarms,
        "late": late,
        "tracks": [
            {
                "name": track.name,
                "kind": str(track.kind),
                "device": track.device,
                "level": None if not track.kind.is_sound else _shown(track.level_dbfs),
                "alarm": track.alarm,
            }
            for track in health.tracks
        ],
    }


def _plain(text: str) -> str:
    """What a source that no list knows is called on a page: its address, or its kind."""
    kind, _, which = text.partition(":")
    return in_one_line(without_password(which)).removeprefix("http://") or kind


def _named(remote: Remote) -> list[tuple[str, Wanted]]:
    """The sources of *remote*, with the names of their tracks."""
    return list(zip(names_of(remote.plan.sources), remote.plan.sources, strict=True))


def _camera(remote: Remote) -> tuple[str, Wanted] | None:
    """The camera that is keyed: the first one."""
    return next(((name, wanted) for name, wanted in _named(remote) if wanted.kind is Kind.CAMERA), None)


def _keying(key: LiveKey) -> dict[str, Any]:
    """What pages show of the live *key*."""
    seen = key.report
    says = [*(one.says for one in seen.advice), *seen.framing.says] if seen else []
    return {"name": key.name, "works": seen is not None, "says": says}


def _alarm(name: str, text: str) -> str:
    return text if not text or text.startswith(name) else f"{name}: {text}"


def _shown(level_dbfs: float | None) -> float:
    return QUIETEST_DBFS if level_dbfs is None else round(min(0.0, max(QUIETEST_DBFS, level_dbfs)), 1)


def _title_of(shelf: Shelf) -> str:
    with contextlib.suppress(FlipcastError):
        return shelf.recording().title
    return shelf.name


def _taken(shelf: Shelf, take: Take) -> dict[str, Any]:
    return {
        "name": shelf.name,
        "title": _title_of(shelf),
        "seconds": round(take.outcome.seconds, 1) if take.outcome else 0.0,
        "verdict": report.verdict(take),
        "lines": report.lines(take),
    }
