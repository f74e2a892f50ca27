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
from typing import Any

from capture import known, recovery
from capture.description import write_whole
from capture.devices import Devices
from capture.errors import DeviceError, FlipcastError, RecorderGone, WrongMoment
from capture.frames import Kind
from capture.health import Said, State
from capture.plan import Plan
from capture.remote import Remote
from capture.sources import spoken
from capture.states import ENDS, Command, commands
from flipcast import told
from flipcast.cutout import Cutout
from flipcast.errors import DeskError
from flipcast.library import LONGEST_TITLE, Library, Shelf, in_one_line
from flipcast.offer import LONGEST_NAME, Offer
from flipcast.scenes import id_of
from flipcast.settings import Settings
from flipcast.web.news import News
from process.layout import Layout

TOPIC = "studio"
"""Under which pages hear of it."""

_TICK_SECONDS = 0.12
_LEAVING_SECONDS = 4.0  # a page that is loaded again is away for a moment
_AGAIN_SECONDS = 5.0
_MOST_SOURCES = 8

_RUNNING = (State.COUNTING, State.ROLLING, State.PAUSED, State.STOPPING)


class Studio:
    """One recorder at a time, for any number of pages. A context manager, which leaves no take open."""

    def __init__(
        self,
        library: Library,
        settings: Settings,
        news: News,
        *,
        state: Path | None = None,
        memory: str = "studio.json",
    ) -> None:
        """What is chosen is kept in the file *memory* of the folder *state*, where not elsewhere in flipcast's own."""
        self.library, self.settings, self.news = library, settings, news
        self.asleep = False
        """Whether no source is to be open, though somebody looks."""
        self._devices = Devices(state)
        self._offer = Offer(self._devices)
        self._memory = (state or known.state_folder()) / memory
        self._cutout = Cutout(lambda: self.settings, told=self._hear)
        self._chosen, self._layout, self._green = self._remembered()
        self._kept = self._chosen
        self._lock = threading.Lock()
        self._wake, self._over = threading.Event(), threading.Event()
        self._remote: Remote | None = None
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

    @property
    def green(self) -> bool:
        """Whether whoever stands before the camera is keyed."""
        return self._green

    @property
    def behind(self) -> str:
        """What is put behind them, as ``keyed.behind`` says it; empty for what suits."""
        return self._cutout.behind

    def microphone(self) -> tuple[Path, str] | None:
        """The folder and the name of the microphone that is open, for whoever wants to listen (`capture.earshot`)."""
        remote = self._remote
        if remote is None or remote.plan.preview is None or remote.health is None:
            return None
        heard = [track.name for track in remote.health.tracks if track.kind is Kind.MICROPHONE]
        return (remote.plan.preview, heard[0]) if heard else None

    def devices(self) -> list[dict[str, Any]]:
        """What could be recorded here, and what is chosen, for a page to choose from."""
        return self._offer.devices(self._chosen)

    def windows(self) -> list[dict[str, Any]]:
        """Windows that could be recorded, but for those that are chosen: these are among the devices."""
        return self._offer.windows(self._chosen)

    @property
    def state(self) -> State | None:
        """Where the recorder stands; *opening* for one that has not what was chosen, ``None`` where there is none."""
        remote = self._remote
        if remote is None:
            return None
        return State.OPENING if remote.state is State.READY and self._open != self._chosen else remote.state

    @property
    def last(self) -> dict[str, Any] | None:
        """The take that was kept last, as pages are told of it, since none was begun after it."""
        return self._last

    @property
    def trouble(self) -> FlipcastError | None:
        """Why the sources are not open; ``None`` while nothing is wrong."""
        return self._trouble

    @property
    def chosen(self) -> tuple[str, ...]:
        """The sources that are recorded, as they are named after ``--from``."""
        return self._chosen

    def glance(self, source: str) -> bytes:
        """What the screen or window *source*, which is listed and not chosen, shows now: a small JPEG.

        Raises:
            DeviceError: there is no such screen, or it cannot be grabbed.
            WrongMoment: a take is being recorded, and the machine is its own.
        """
        self._refuse_while_running()
        return self._offer.glance(source)

    def choose(self, sources: Sequence[str], *, keep: bool = True) -> None:
        """Record *sources*, as they are named after ``--from``, from now on; none lets go of all.

        They are remembered for the next time, unless *keep* says otherwise.

        Raises:
            DeviceError: one of them cannot be understood.
            WrongMoment: a take is being recorded.
        """
        if len(sources) > _MOST_SOURCES or any(len(text) > LONGEST_NAME for text in sources):
            raise DeskError(f"{len(sources)} sources are too many", hint=f"choose {_MOST_SOURCES} at most")
        for text in sources:
            spoken(text)
        with self._lock:
            self._refuse_while_running()
            self._chosen = tuple(dict.fromkeys(sources))
            self._trouble, self._again_at = None, 0.0
            if keep:
                self._kept = self._chosen
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

    def stand_before(self, *, green: bool, behind: str = "", keep: bool = True) -> None:
        """Key whoever stands before the camera from now on, or no longer; in a take it stays as it was.

        *behind* is what is put behind them: ``screen``, ``blur``, a colour, a picture's path, or empty for what suits.
        It is remembered for the next time, unless *keep* says otherwise.

        Raises:
            GreenscreenError: nobody can be keyed here.
            WrongMoment: a take is being recorded.
        """
        if green:
            from process import keyed  # the keyer is large, and who only records needs none of it

            keyed.check_able()
        with self._lock:
            self._refuse_while_running()
            self._green, self._cutout.behind = green, behind
            self._layout = str(self._usual_layout())
            self._cutout.soon()
            if keep:
                self._remember()
        self._wake.set()

    def forget(self) -> None:
        """Tell pages no more of the take that was kept last."""
        self._last, self._said = None, ""
        self._wake.set()

    def tune(self) -> list[str]:
        """Look at the green screen, which must be empty, and keep its plate for the camera; gives what could be better.

        Raises:
            WrongMoment: the camera is not open.
            PlateUnusable: somebody stands there, or nothing in the picture could be keyed.
        """
        remote = self._remote
        if remote is None or self.state is not State.READY:
            raise WrongMoment("the camera is not open yet", hint="wait until its picture is there")
        return self._cutout.tune(remote)

    def roll(self, title: str = "") -> Shelf:
        """Begin a take of a new recording called *title*, without one by the time of day; gives its place.

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
            shelf = self.library.begin(in_one_line(title)[:LONGEST_TITLE] or usual, new=True)
            try:
                remote.roll(shelf.folder)
            except BaseException:
                shelf.give_up()
                raise
            self._shelf, self._rolled, self._last, self._said = shelf, False, None, ""
        self._wake.set()
        return shelf

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
                remote.mark(in_one_line(label)[:LONGEST_TITLE])
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
            wanted = self._chosen and not self.asleep
            if wanted and now - self._read_at < _LEAVING_SECONDS and now >= self._again_at:
                self._stand_by()
            return
        self._cut_out(remote)
        for news in remote.news(0.0):
            if isinstance(news, Said):
                self._said = f"{news.track}: {news.text}" if news.track else news.text
        state = remote.state
        if state in ENDS:
            self._end(remote)
        elif state in (State.OPENING, State.READY):
            if self._open != self._chosen or self.asleep or now - self._read_at > _LEAVING_SECONDS:
                self._close()
        elif state is State.ROLLING and not self._rolled:
            self._rolled = True
            self._begin_with_layout(remote)
            if self._green:
                self._cutout.lay_beside(remote)

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

    def _cut_out(self, remote: Remote) -> None:
        """Let the live key follow, as it is wished for and somebody looks."""
        moment = remote.state not in (State.OPENING, State.STOPPING, *ENDS)
        self._cutout.follow(remote, seen=self._green and moment and self.news.is_read)

    def _hear(self, sentence: str) -> None:
        self._said = sentence

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
            self._last = told.taken(self._shelf, take)
            self._shelf = None

    def _fail(self, error: FlipcastError) -> None:
        self._trouble = error
        self._again_at = time.monotonic() + _AGAIN_SECONDS

    def _close(self) -> None:
        """Let go of the sources."""
        self._cutout.end()
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
        remote, state = self._remote, self.state
        health = remote.health if remote else None
        if state is State.READY:
            self._trouble = None
        return {
            "state": str(state) if state else "off",
            "commands": [str(one) for one in commands(state) if one is not Command.ABANDON] if state else [],
            "chosen": list(self._chosen),
            "layout": self._layout,
            "green": self._green,
            "scene": id_of(self._cutout.behind),
            "key": self._cutout.facts(),
            "title": told.title_of(self._shelf) if self._shelf else "",
            **(told.going(health) if health else told.NOTHING),
            "said": self._said,
            "trouble": told.trouble(self._trouble),
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
                self._cutout.behind = str(kept.get("behind", ""))
                return chosen, layout, kept.get("green") is True
        except (OSError, ValueError, KeyError, TypeError, DeviceError):
            pass
        try:
            return tuple(wanted.label for wanted in self._devices.usual()), str(Layout.CORNER), False
        except DeviceError:
            return (), str(Layout.CORNER), False

    def _remember(self) -> None:
        kept = {"chosen": list(self._kept), "layout": self._layout, "green": self._green}
        kept |= {"behind": self._cutout.behind}
        with contextlib.suppress(OSError, FlipcastError):  # a folder that cannot be written keeps nobody from recording
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._memory, json.dumps(kept))
            self._memory.chmod(0o600)  # the address of a camera may hold its password
