"""What happens in the booth, step by step: somebody comes, stands on the mark, records, watches, keeps it, and goes.

One thread looks after the time and after what the recorder does; pages only wish. Everything of a person hangs on their
visit: when it ends, whatever way, it is gone from the page, and its folder with the slides they brought is removed.
Only an explicit wish of theirs throws a recording away; whoever just leaves, leaves it to the operator.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from capture.errors import FlipcastError, WrongMoment
from capture.health import State
from capture.sources import slides
from capture.states import Command
from flipcast import deck as decks
from flipcast import sticks, told
from flipcast.booth import shown, visit
from flipcast.booth.guest import Guest
from flipcast.booth.plugged import Plugged
from flipcast.booth.settings import BoothSettings
from flipcast.booth.tickets import new_ticket
from flipcast.booth.visit import Visit, Wish
from flipcast.booth.waiting import Waiting, film_of
from flipcast.deck import Deck
from flipcast.errors import DeskError
from flipcast.finishing import Finishing
from flipcast.library import Shelf
from flipcast.scenes import Scenes
from flipcast.settings import Settings
from flipcast.studio import Studio

TOPIC = "booth"
"""Under which pages hear of it."""

_TICK_SECONDS = 0.2
_LATE_SECONDS = 60.0
_OPERATOR_SECONDS = 300.0


class Step(StrEnum):
    """Where a visit stands."""

    ATTRACT = "attract"
    """Nobody is there."""
    MARK = "mark"
    """Somebody stands before the camera and sees themselves."""
    COUNTING = "counting"
    RECORDING = "recording"
    CLOSING = "closing"
    REVIEW = "review"
    """They watch what they recorded, and decide."""
    HANDOVER = "handover"
    """It is kept, and they are told how to get it."""
    THANKS = "thanks"
    OPERATOR = "operator"
    """Whoever knows the PIN looks after the booth."""


_RECORDER = {
    State.COUNTING: Step.COUNTING,
    State.ROLLING: Step.RECORDING,
    State.PAUSED: Step.RECORDING,
    State.STOPPING: Step.CLOSING,
}
_WITH_RECORDER = (Step.COUNTING, Step.RECORDING, Step.CLOSING)


def for_recorder(settings: Settings) -> Settings:
    """*settings*, with the countdown and the length of a take that the booth wants."""
    wishes = settings.booth
    record = replace(
        settings.record, countdown_seconds=wishes.countdown_seconds, longest_seconds=wishes.longest_seconds
    )
    return replace(settings, record=record)


class Stage:
    """The booth. A context manager."""

    def __init__(
        self,
        studio: Studio,
        finishing: Finishing,
        waiting: Waiting,
        settings: Settings,
        *,
        visits: Path,
        phones: str = "",
    ) -> None:
        """Of whoever comes from now on.

        *visits* is a folder for what they bring, which is emptied; *phones* the address under which phones reach the
        booth, ``http://10.0.7.20:8400``, or empty for none.
        """
        self.studio, self.finishing, self.waiting = studio, finishing, waiting
        self.settings: Settings = settings
        self.phones = phones
        self._visits = visits
        self.scenes = Scenes(settings.library.backgrounds)
        self.step = Step.ATTRACT
        """Where it stands."""
        self.trouble: FlipcastError | None = None
        """What went wrong, for whoever stands there."""
        self.guest: Guest | None = None
        """Whoever stands there; ``None`` while nobody does."""
        self._base = tuple(settings.booth.sources) or tuple(one for one in studio.chosen if not _is_deck(one))
        self._able: bool | None = None
        self._touched = time.monotonic()
        self._lock = threading.RLock()
        self._over = threading.Event()
        self.plugged = Plugged(wanted=lambda: self.step in (Step.MARK, Step.HANDOVER))
        self._works: list[threading.Thread] = []
        self._ticker = threading.Thread(target=self._run, name="booth", daemon=True)

    def __enter__(self) -> Stage:
        shutil.rmtree(self._visits, ignore_errors=True)  # of whoever was there when the power went
        self._visits.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.studio.asleep = True
        with contextlib.suppress(FlipcastError):
            self.studio.choose(self._base, keep=False)
        self._ticker.start()
        self.plugged.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._ticker.join()
        self.plugged.__exit__()
        with self._lock:
            self._see_off()
        for work in self._works:
            work.join()

    @property
    def wishes(self) -> BoothSettings:
        """How the booth is set up."""
        return self.settings.booth

    @property
    def busy(self) -> bool:
        """Whether somebody is about to record, or does."""
        return self.step in (Step.MARK, *_WITH_RECORDER)

    def is_watched(self, name: str) -> bool:
        """Whether the recording called *name* is the one that whoever stands here decides on; no other is shown."""
        guest = self.guest
        return self.step is Step.REVIEW and guest is not None and guest.shelf is not None and guest.shelf.name == name

    def set_up(self, settings: Settings) -> None:
        """Let *settings* hold from now on: those of the booth, and of its recorder from its next opening on."""
        with self._lock:
            self.settings = settings
            self.studio.settings = for_recorder(settings)
            self.finishing.settings = settings
            self.waiting.publish = settings.booth.publish
            self.scenes = Scenes(settings.library.backgrounds)
            if settings.booth.sources:
                self._base = tuple(settings.booth.sources)

    def let_operate(self) -> None:
        """Whoever knows the PIN is there.

        Raises:
            WrongMoment: somebody else stands in the booth.
        """
        with self._lock:
            if self.step is Step.OPERATOR:
                return
            if self.step is not Step.ATTRACT:
                raise WrongMoment("somebody is recording", hint="wait until they have gone")
            self.studio.stand_before(green=False, keep=False)
            self.studio.asleep = False
            self._go(Step.OPERATOR)

    def end_operating(self) -> None:
        """They have gone."""
        with self._lock:
            if self.step is Step.OPERATOR:
                self._end_visit(Step.ATTRACT)

    def take_sources(self, sources: Sequence[str]) -> None:
        """Record *sources* from now on, in the visits to come, too.

        Raises:
            DeviceError: one of them cannot be understood.
            WrongMoment: somebody is recording.
        """
        with self._lock:
            self.studio.choose(sources)
            self._base = tuple(sources)

    # What a page may wish for.

    def begin(self) -> None:
        """Somebody is there."""
        with self._lock:
            if self.step is not Step.ATTRACT:
                return  # two fingers
            folder = Path(tempfile.mkdtemp(dir=self._visits))
            self.guest = Guest(ticket=new_ticket(), folder=folder, background=self.scenes.usual)
            self.trouble = None
            self._go(Step.MARK)
            self._arrange()
            self.studio.asleep = False
            self.touch()

    def touch(self) -> None:
        """Somebody is still there."""
        self._touched = time.monotonic()

    def leave(self) -> None:
        """Whoever stood on the mark goes; what they recorded before is left to the operator."""
        with self._lock:
            self._expect(Step.MARK)
            self._end_visit(Step.ATTRACT)

    def choose_background(self, which: str) -> None:
        """Stand before *which* from now on.

        Raises:
            DeskError: there is no such background.
        """
        with self._lock:
            guest = self._expect(Step.MARK)
            self.scenes.find(which)
            guest.background = which
            self._arrange()

    def take_slides_from(self, stick: str, which: str) -> None:
        """Begin to take in the slides *which* of a stick; what goes wrong with them is shown in the booth.

        Raises:
            DeskError: they are not there any more.
            WrongMoment: others are being taken in.
        """
        with self._lock:
            guest = self._expect(Step.MARK)
            found = self.plugged.deck(stick, which)
            self.claim(guest, found.title)

        def work() -> None:
            try:
                self.take_in(guest, [found.path], [found.path.name])
            except FlipcastError as error:
                self.trouble = error

        self._do(work)

    def claim(self, guest: Guest, title: str) -> None:
        """Say that slides called *title* are about to be taken in for *guest*.

        Raises:
            WrongMoment: others are being taken in.
        """
        with self._lock:
            if guest.taking is not None:
                raise WrongMoment("other slides are being taken in", hint="wait a moment, and send them again")
            guest.taking = (title, 0.0)

    def take_in(self, guest: Guest, files: Sequence[Path], names: Sequence[str]) -> Deck | None:
        """Make pictures of *files*, which *guest* calls *names*, and show them; ``None`` if they have gone meanwhile.

        Raises:
            SlidesRefused: they cannot be shown.
        """
        try:
            into = Path(tempfile.mkdtemp(prefix="deck-", dir=guest.folder))
            far = lambda share: _far(guest, share)  # noqa: E731
            made = decks.take_in(files, into, stop=guest.stop, report=far, names=names)
        finally:
            guest.taking = None
        with self._lock:
            if self.guest is not guest or self.step is not Step.MARK:
                return None
            self._drop_deck(guest)
            guest.deck, guest.deck_folder, guest.shown, self.trouble = made, into, 0, None
            guest.background = self.scenes.slides
            self.touch()
            self._arrange()
        return made

    def without_slides(self) -> None:
        """Show no slides."""
        with self._lock:
            guest = self._expect(Step.MARK)
            self._drop_deck(guest)
            self._arrange()

    def roll(self) -> None:
        """Begin to record, after the countdown.

        Raises:
            WrongMoment: the camera is not open yet.
            NoRoomToRecord: the disk is full.
        """
        with self._lock:
            guest = self._expect(Step.MARK)
            if guest.taking is not None:
                raise WrongMoment("the slides are not ready yet", hint="wait a moment")
            title = guest.deck.title if guest.deck else f"Recording {datetime.now():%Y-%m-%d %H:%M}"
            self._show(guest, 0)
            shelf = self.studio.roll(title)
            try:
                visit.write(Visit(ticket=guest.ticket, at=guest.at), shelf.folder)
            except OSError as error:  # nobody would know whose it is
                with contextlib.suppress(FlipcastError):
                    self.studio.order(Command.STOP)
                raise DeskError(f"the disk would not: {error}", hint="tell the operator") from None
            guest.shelf, guest.seconds = shelf, 0.0
            self.trouble = None
            self._go(Step.COUNTING)

    def turn(self, to: int) -> None:
        """Show slide *to*, from 0; beyond the ends nothing happens."""
        with self._lock:
            guest = self._guest()
            if guest.deck is None or not 0 <= to < len(guest.deck.slides) or to == guest.shown:
                return
            self._show(guest, to)
            if self.studio.state is State.ROLLING:
                slide = guest.deck.slides[to]
                with contextlib.suppress(FlipcastError):  # a chapter is nice to have
                    # With its number: a slide called “Camera” must not change the layout.
                    self.studio.order(Command.MARK, label=f"{to + 1}. {slide.title}" if slide.title else "")

    def stop(self) -> None:
        """End the recording; in the countdown, call it off."""
        with self._lock:
            self._expect(*_WITH_RECORDER)
            self.studio.order(Command.STOP)

    def keep(self) -> None:
        """The recording is wanted: it is finished, and handed over."""
        with self._lock:
            guest = self._expect(Step.REVIEW)
            assert guest.shelf
            self._decide(guest.shelf, Wish.KEPT)
            self._discard(guest.aside)
            self.studio.asleep = True
            self._go(Step.HANDOVER)
        self.waiting.soon()

    def again(self) -> None:
        """Record once more; what was recorded is thrown away as soon as something else is kept."""
        with self._lock:
            guest = self._expect(Step.REVIEW)
            assert guest.shelf
            guest.aside.append(guest.shelf)
            guest.shelf = None
            self._go(Step.MARK)

    def throw(self) -> None:
        """Throw away all that was recorded in this visit, for good."""
        with self._lock:
            guest = self._expect(Step.REVIEW)
            assert guest.shelf
            self._discard([*guest.aside, guest.shelf])
            guest.aside, guest.shelf = [], None
            self._end_visit(Step.THANKS)

    def copy(self, stick: str) -> None:
        """Copy the lecture onto a stick, once it is finished.

        Raises:
            DeskError: the stick is not there any more.
        """
        with self._lock:
            guest = self._expect(Step.HANDOVER)
            assert guest.shelf
            found = self.plugged.stick(stick)
            if guest.copy is not None and guest.copy["state"] == "copying":
                return
            guest.copy = {"stick": stick, "share": 0.0, "state": "copying", "trouble": ""}
            shelf = guest.shelf
        self._do(lambda: self._copy(guest, shelf, found))

    def done(self) -> None:
        """Whoever has handed over goes."""
        with self._lock:
            self._expect(Step.HANDOVER)
            self._end_visit(Step.THANKS)

    # What comes about by itself.

    def _run(self) -> None:
        while not self._over.is_set():
            with self._lock:
                try:
                    self._tick()
                except FlipcastError as error:
                    self.trouble = error
                except OSError as error:
                    self.trouble = DeskError(f"the disk would not: {error}", hint="tell the operator")
                except Exception as error:  # nobody foresaw it, and the booth goes on
                    what = f"a fault in flipcast itself ({type(error).__name__}: {error})"
                    self.trouble = DeskError(what, hint="tell the operator")
            self._tell()
            self._over.wait(_TICK_SECONDS)

    def _tell(self) -> None:
        with self._lock:
            facts = shown.facts(self)
        self.studio.news.tell(TOPIC, facts)

    def _tick(self) -> None:
        if self.step in _WITH_RECORDER:
            self._follow_the_recorder()
            return
        left = self.patience()
        if left is None or left > 0:
            return
        if self.step is Step.REVIEW and self.guest and self.guest.shelf:
            self.guest.aside.append(self.guest.shelf)
        self._end_visit(Step.ATTRACT)

    def _follow_the_recorder(self) -> None:
        guest, state = self._guest(), self.studio.state
        last = self.studio.last
        if guest.shelf is not None and last is not None and last["name"] == guest.shelf.name:
            guest.seconds = float(last["seconds"])
            self._go(Step.REVIEW)
        elif state in _RECORDER:
            if self.step is not (step := _RECORDER[state]):
                self._go(step)
        elif not (guest.shelf and guest.shelf.folder.is_dir()):
            self._back_to_the_mark(guest)
        elif time.monotonic() - self._touched > _LATE_SECONDS:  # the recorder is gone, and left nothing to watch
            guest.aside.append(guest.shelf)
            self._back_to_the_mark(guest)

    def _back_to_the_mark(self, guest: Guest) -> None:
        """The countdown was called off, or nothing came of it."""
        guest.shelf = None
        self.trouble = self.studio.trouble
        self._go(Step.MARK)

    def _go(self, step: Step) -> None:
        self.step = step
        self.touch()

    def patience(self) -> float | None:
        """Seconds until whoever is there counts as gone; ``None`` where that has no end."""
        guest = self.guest
        if guest is None:
            limit = {Step.THANKS: self.wishes.thanks_seconds, Step.OPERATOR: _OPERATOR_SECONDS}.get(self.step)
        elif guest.taking is not None or (guest.copy is not None and 0 < guest.copy["share"] < 1):
            self.touch()  # it is us who let them wait
            return None
        else:
            limit = {
                Step.MARK: self.wishes.mark_seconds,
                Step.REVIEW: self.wishes.review_seconds + guest.seconds,
                Step.HANDOVER: self.wishes.handover_seconds,
            }.get(self.step)
        return None if limit is None else limit - (time.monotonic() - self._touched)

    def _end_visit(self, step: Step) -> None:
        """Whoever was there has gone: nothing of them is shown from now on."""
        self._see_off()
        self.trouble = None
        self.studio.asleep = True
        self.studio.forget()
        with contextlib.suppress(FlipcastError):
            self.studio.choose(self._base, keep=False)
        self._go(step)

    def _see_off(self) -> None:
        guest, self.guest = self.guest, None
        if guest is None:
            return
        guest.stop.set()
        for shelf in guest.aside:
            self._decide(shelf, Wish.LEFT)
        shutil.rmtree(guest.folder, ignore_errors=True)

    def _decide(self, shelf: Shelf, wish: Wish) -> None:
        known = visit.read(shelf.folder)
        if known is not None and shelf.folder.is_dir():
            visit.write(replace(known, wish=wish), shelf.folder)

    def _discard(self, shelves: Sequence[Shelf]) -> None:
        """Remove *shelves*, as the person wished who recorded them."""
        for shelf in shelves:
            for _again in range(20):  # a film of it may just be made
                shutil.rmtree(shelf.folder, ignore_errors=True)
                if not shelf.folder.exists():
                    break
                time.sleep(0.05)

    def _arrange(self) -> None:
        """Open what is to be recorded now, and put behind the speaker what was chosen."""
        guest = self._guest()
        sources = self._base if guest.deck_folder is None else (f"slides:{guest.deck_folder}", *self._base)
        self.studio.choose(sources, keep=False)
        scene = self.scenes.find(guest.background)
        green = self.green and scene.kind != "none"
        behind = "screen" if guest.deck and scene.kind == "slides" else scene.behind
        self.studio.stand_before(green=green, behind=behind, keep=False)

    @property
    def green(self) -> bool:
        """Whether people can be cut out here."""
        if self._able is None:
            from process import keyed

            try:
                keyed.check_able()
                self._able = True
            except FlipcastError:
                self._able = False
        return self._able and self.wishes.greenscreen

    def _drop_deck(self, guest: Guest) -> None:
        if guest.background == self.scenes.slides:
            guest.background = self.scenes.usual
        guest.deck, guest.deck_folder, guest.shown = None, None, 0

    def _show(self, guest: Guest, number: int) -> None:
        guest.shown = number
        if guest.deck is not None and guest.deck_folder is not None:
            slides.show(guest.deck_folder, guest.deck.slides[number].picture)

    def _copy(self, guest: Guest, shelf: Shelf, stick: sticks.Stick) -> None:
        copy = guest.copy
        assert copy is not None
        try:
            while (film := film_of(shelf)) is None:
                if guest.stop.wait(0.5):
                    return
            far = lambda share: copy.update(share=round(share, 2))  # noqa: E731
            sticks.copy_onto(stick, film, name=told.title_of(shelf), stop=guest.stop, report=far)
            copy.update(state="done", share=1.0)
        except FlipcastError as error:
            copy.update(state="failed", trouble=str(error))
        self.touch()

    def _guest(self) -> Guest:
        if self.guest is None:
            raise WrongMoment("nobody is there", hint="touch the screen to begin")
        return self.guest

    def _expect(self, *steps: Step) -> Guest:
        guest = self._guest()
        if self.step not in steps:
            raise WrongMoment(f"this cannot be done in the step {self.step}", hint="look at the screen of the booth")
        self.touch()
        return guest

    def _do(self, work: Any) -> None:
        """Do *work* on a thread of its own."""
        self._works = [one for one in self._works if one.is_alive()]
        thread = threading.Thread(target=work, name="booth's work", daemon=True)
        self._works.append(thread)
        thread.start()


def _far(guest: Guest, share: float) -> None:
    if guest.taking is not None:
        guest.taking = (guest.taking[0], share)


def _is_deck(source: str) -> bool:
    return source.startswith("slides:")
