"""Phones, as the booth knows them: by their ticket, and by nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from capture.errors import WrongMoment
from flipcast import deck as decks
from flipcast.booth import shown, visit
from flipcast.booth.guest import Guest
from flipcast.booth.stage import Stage, Step
from flipcast.booth.tickets import Ticket
from flipcast.booth.visit import Visit, Wish
from flipcast.library import Shelf

_LOOK_SECONDS = 1.0


class Callers:
    """What phones may know and do: of the one who stands there, and of whoever has recorded here before."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._lies: dict[str, list[Shelf]] = {}  # by tickets, as they were found
        self._looked_at = 0.0

    def ticket(self, letters: str) -> Ticket | None:
        """What *letters* open; ``None`` for nothing."""
        stage, guest = self._stage, self._stage.guest
        if guest is not None and guest.ticket == letters and stage.step is not Step.HANDOVER:
            step = {Step.MARK: "prepare", Step.REVIEW: "review"}.get(stage.step, "recording")
            return Ticket(step=step, deck=guest.deck.title if guest.deck else "")
        found = self._found(letters)
        if found is None:
            return None
        shelf, known = found
        if visit.is_over(known, stage.wishes.days):
            return None
        return shown.handed(stage, shelf) if known.wish is Wish.KEPT else Ticket(step="left")

    def _found(self, letters: str) -> tuple[Shelf, Visit] | None:
        """The recording that *letters* open; of several tries the one that was kept, else the last.

        Whoever guesses must not keep the disk busy: for what is not kept it is asked once a second at most.
        """
        found = self._known(letters)
        sure = found is not None and found[1].wish is Wish.KEPT
        if not sure and time.monotonic() - self._looked_at > _LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._lies = {}
            for shelf in self._stage.finishing.library.shelves():
                if (known := visit.read(shelf.folder)) is not None:
                    self._lies.setdefault(known.ticket, []).append(shelf)
            found = self._known(letters)
        return found

    def _known(self, letters: str) -> tuple[Shelf, Visit] | None:
        """The same, by what was found before, as it is now."""
        guest = self._stage.guest
        own = [guest.shelf] if guest is not None and guest.ticket == letters and guest.shelf is not None else []
        found = [(shelf, visit.read(shelf.folder)) for shelf in (*own, *self._lies.get(letters, ()))]
        whole = [(shelf, known) for shelf, known in found if known is not None and known.ticket == letters]
        kept = [one for one in whole if one[1].wish is Wish.KEPT]
        return next(iter([*kept, *reversed(whole)]), None)

    def scratch(self, letters: str) -> Path:
        """A folder for what the phone of *letters* sends.

        Raises:
            WrongMoment: nothing can be sent now.
        """
        guest = self._sender(letters)
        folder = guest.folder / "sent"
        folder.mkdir(exist_ok=True)
        self._stage.touch()
        return folder

    def take_slides(self, letters: str, files: Sequence[Path], names: Sequence[str]) -> str:
        """Take in *files* as slides, called *names* on the phone of *letters*; gives their title.

        Raises:
            SlidesRefused: they cannot be shown.
            WrongMoment: slides cannot be sent now.
        """
        guest = self._sender(letters)
        self._stage.claim(guest, decks.plain_title(names[0]) if names else "")
        made = self._stage.take_in(guest, files, names)
        if made is None:
            raise WrongMoment("the booth was left meanwhile", hint="begin again at the booth")
        return made.title

    def _sender(self, letters: str) -> Guest:
        guest = self._stage.guest
        if guest is None or guest.ticket != letters or self._stage.step is not Step.MARK:
            raise WrongMoment("slides can be sent while you see yourself in the booth, before you record")
        return guest
