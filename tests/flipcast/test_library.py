"""The library: every title finds a name, every file its place, and nothing that is there is taken."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.errors import FlipcastError, RecordingMissing
from flipcast.errors import InUse, LectureUnknown
from flipcast.library import Library, is_name, name_of


@given(st.text(max_size=300))
def test_every_title_has_a_name(title):
    """It becomes a folder on three systems, a word on the command line, and a part of an address."""
    name = name_of(title)

    assert is_name(name)
    assert len(name) <= 60
    assert name_of(name) == name


@pytest.fixture
def shelf_of(tmp_path):
    """Take a file of that name in."""
    library = Library(tmp_path / "library")

    def take(name: str, *, title: str | None = None):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(name.encode())
        return library.take_in(path, title=title)

    take.library = library  # type: ignore[attr-defined]
    return take


def test_the_same_title_twice_gets_two_places(shelf_of):
    """Two courses begin with an introduction."""
    assert [shelf_of(f"{n}/Introduction.mp4").name for n in range(3)] == [
        "introduction",
        "introduction-2",
        "introduction-3",
    ]


def test_a_file_that_comes_again_finds_its_place_and_keeps_its_title(shelf_of):
    """Else every second run would be another lecture."""
    first = shelf_of("a.mp4", title="Graphs")
    again = shelf_of("a.mp4")

    assert again == first
    assert again.recording().title == "Graphs"


def test_a_title_is_one_printable_line(shelf_of):
    """It is printed on terminals."""
    assert shelf_of("a.mp4", title="\x1b[31mred\n\x07two  words ").recording().title == "[31mred two words"
    assert shelf_of("b.mp4", title="\n\t").recording().title == "b"


def test_many_at_once_never_share_a_place(tmp_path):
    """A batch takes in from several threads."""
    library = Library(tmp_path / "library")
    paths = []
    for number in range(12):
        (tmp_path / str(number)).mkdir()
        paths.append(tmp_path / str(number) / "same.mp4")
        paths[-1].write_bytes(b"x")
    start = threading.Barrier(12)

    def take(path: Path) -> str:
        start.wait()
        return library.take_in(path).name

    with ThreadPoolExecutor(12) as pool:
        names = list(pool.map(take, paths))

    assert len(set(names)) == 12


def test_a_folder_of_somebody_elses_is_not_taken(shelf_of):
    """A library may be a folder with other things in it."""
    other = shelf_of.library.folder / "lecture-one"
    other.mkdir(parents=True)
    (other / "notes.txt").write_text("mine")
    os.utime(other, (0, 0))

    assert shelf_of("lecture one.mp4").name == "lecture-one-2"
    assert (other / "notes.txt").read_text() == "mine"


def test_a_lecture_in_use_is_neither_worked_on_nor_cleared(shelf_of):
    """The one who was first may have made nothing yet."""
    shelf = shelf_of("a.mp4")
    with shelf.held():
        with pytest.raises(InUse, match="another flipcast"), shelf.held():
            pass
        shelf.clear_if_bare()
        assert shelf.recording()
    shelf.clear_if_bare()
    assert not shelf.folder.exists()


def test_what_was_made_is_never_cleared(shelf_of):
    """A failure today does not take yesterday's work."""
    shelf = shelf_of("a.mp4")
    (shelf.folder / "work" / "examine-1").mkdir(parents=True)

    shelf.clear_if_bare()

    assert shelf.recording()


@pytest.mark.parametrize("name", ["..", "../other", "", "a/b", "A", "C:", "-x", "a" * 81])
def test_names_lead_nowhere_else(name, shelf_of):
    """A name comes from a command line, and one day from a page."""
    with pytest.raises(LectureUnknown):
        shelf_of.library.find(name)


def test_a_damaged_description_hides_no_other(shelf_of):
    """One torn file must not close the library."""
    good, bad = shelf_of("good.mp4"), shelf_of("bad.mp4")
    (bad.folder / "recording.json").write_text("{")

    assert shelf_of.library.find("good") == good
    assert shelf_of("good.mp4") == good
    with pytest.raises(FlipcastError):
        bad.recording()


def test_a_file_that_is_missing_makes_no_place(shelf_of, tmp_path):
    """A slip of the finger leaves nothing."""
    with pytest.raises(RecordingMissing):
        shelf_of.library.take_in(tmp_path / "nothing.mp4")
    assert shelf_of.library.shelves() == []
