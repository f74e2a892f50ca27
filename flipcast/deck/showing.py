"""Going through a deck: what is shown is recorded, and each slide begins a chapter of the take."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from capture.errors import TakeError
from capture.sources.slides import show
from flipcast.deck import Deck, Slide, open_deck


class Showing:
    """A deck while it is shown. Its commands give the number of the slide that is shown then, from 0."""

    def __init__(self, folder: Path, *, mark: Callable[[str], object] | None = None) -> None:
        """Of the deck in *folder*, from its first slide; *mark* sets a marker in a take: `Remote.mark`."""
        self.deck: Deck = open_deck(folder)
        """What is shown."""
        self.at = 0
        """Which slide is shown."""
        self._folder, self._mark, self._marked = folder, mark, -1
        show(folder, self.slide.picture)

    @property
    def slide(self) -> Slide:
        """The slide that is shown."""
        return self.deck.slides[self.at]

    @property
    def label(self) -> str:
        """What its chapter is called."""
        return self.slide.title or f"Slide {self.at + 1}"

    def go(self, to: int) -> int:
        """Show the slide *to*, or the first or last if there is none such; its chapter begins."""
        self.at = min(max(to, 0), len(self.deck.slides) - 1)
        show(self._folder, self.slide.picture)
        self.mark()
        return self.at

    def onward(self) -> int:
        """Show the next slide."""
        return self.go(self.at + 1)

    def back(self) -> int:
        """Show the slide before."""
        return self.go(self.at - 1)

    def mark(self) -> None:
        """Begin the chapter of this slide, where a take rolls and has not begun it: to be called as it rolls, too."""
        if self._mark is not None and self._marked != self.at:
            with contextlib.suppress(TakeError):  # nothing rolls: there is nothing to mark
                self._mark(self.label)
                self._marked = self.at
