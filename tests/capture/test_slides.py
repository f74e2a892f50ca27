"""Slides as a screen that can be recorded."""

from __future__ import annotations

import shutil
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.errors import DeviceLost, DeviceMissing, WrongMoment
from capture.frames import Kind
from capture.sources import Wanted, slides
from flipcast.deck import Deck, Slide, take_in
from flipcast.deck.showing import Showing

SAMPLE = Path(__file__).parents[2] / "flipcast" / "sample"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A deck of a red, a green and a narrow blue slide."""
    into = tmp_path / "déck"
    for number, colour in enumerate(((0, 0, 255), (0, 255, 0), (255, 0, 0)), start=1):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), np.full((900, 1600 if number < 3 else 400, 3), colour, np.uint8))
    take_in([tmp_path / f"{number}.png" for number in (1, 2, 3)], into)
    return into


def wanted(folder: Path) -> Wanted:
    return Wanted(kind=Kind.SCREEN, member="slides", address=str(folder), width=640, height=360, rate=Fraction(30))


def test_what_is_shown_is_what_is_recorded(folder: Path):
    """The slide in the recording must change when the one before the audience does."""
    source = slides.open(wanted(folder))
    frames = source.frames()

    first = next(frames)
    showing = Showing(folder)
    assert showing.onward() == 1
    second = next(frames)
    again = next(frames)
    showing.go(99)
    third = next(frames)
    source.close()

    assert [tuple(frame.picture[180, 320]) for frame in (first, second, third)] == [
        (0, 0, 255), (0, 255, 0), (255, 0, 0),
    ]  # fmt: skip
    assert again.picture is second.picture  # nothing is read or made for a slide that stands
    assert tuple(third.picture[180, 20]) == (16, 16, 16)
    assert not list(frames)


def test_it_keeps_the_beat(folder: Path):
    """What comes late is counted as late, and warned of."""
    source = slides.open(wanted(folder))
    moments = [frame.at_ns for frame in islice(source.frames(), 12)]
    source.close()

    assert sum(b - a < 34_000_000 for a, b in pairwise(moments)) >= 8
    assert all(a < b for a, b in pairwise(moments))


def test_a_deck_that_is_not_there_is_missing_and_one_removed_is_lost(folder: Path, tmp_path: Path):
    """Both are said with what to do, and the voice is recorded on."""
    with pytest.raises(DeviceMissing):
        slides.open(wanted(tmp_path / "none"))
    source = slides.open(wanted(folder))
    Showing(folder)
    shutil.rmtree(folder)

    with pytest.raises(DeviceLost):
        list(islice(source.frames(), 9))


def test_nothing_outside_the_deck_can_be_shown(folder: Path):
    """The name comes from a page."""
    for name in ("../1.png", "/etc/passwd", "deck.json", ""):
        with pytest.raises(DeviceMissing):
            slides.show(folder, name)


def test_each_slide_begins_a_chapter_once(folder: Path):
    """Chapters come from slides; before a take rolls there is nothing to mark."""
    marked: list[str] = []
    rolling = False

    def mark(label: str) -> None:
        if not rolling:
            raise WrongMoment("nothing rolls")
        marked.append(label)

    showing = Showing(folder, mark=mark)
    showing.onward()
    rolling = True
    showing.mark()
    showing.mark()
    showing.onward()
    showing.onward()
    showing.back()

    assert marked == ["Slide 2", "Slide 3", "Slide 2"]


def test_notes_of_a_deck_are_one_script():
    """The prompter takes them as they are."""
    one = Slide(picture="a", thumbnail="b", width=1, height=1, notes="One.")
    assert (
        Deck(title="", slides=(one, Slide(picture="a", thumbnail="b", width=1, height=1), one)).notes == "One.\n\nOne."
    )
