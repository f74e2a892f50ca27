"""Steps: done once, remembered, done again when anything that counts has changed; faults survive a journey."""

from __future__ import annotations

import errno
import pickle
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

import flipcast.errors
import process.errors
import publish.errors
from capture.errors import FlipcastError
from process.errors import NoRight, NoRoom, ProcessError, Stopped
from process.step import Memory, explained, place, recipe, step


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    text: str


RUNS: list[str] = []


@step("say", edition=1, gives=Word)
def say(room, *, text: str, source: Path | None = None, loud: bool = False) -> Word:
    RUNS.append(text)
    if text == "stop":
        raise Stopped("stopped")
    if text == "full":
        raise OSError(errno.ENOSPC, "No space left on device")
    (room.folder / "word.txt").write_text(text)
    return Word(text=text)


@pytest.fixture
def memory(tmp_path) -> Memory:
    RUNS.clear()
    return Memory(tmp_path / "work")


def do(memory: Memory, **inputs: object):
    return memory.do(say, report=lambda done: None, stop=threading.Event(), **inputs)


def test_a_step_is_done_once(memory):
    """Running again is the most common thing that people do."""
    first, second = do(memory, text="a"), do(memory, text="a")

    assert RUNS == ["a"]
    assert (first.value, first.folder) == (second.value, second.folder)
    assert (first.remembered, second.remembered) == (False, True)


def test_what_counts_makes_another_recipe_and_what_does_not_does_not(memory, tmp_path):
    """Settings count; where a file lies, and hints, do not."""
    do(memory, text="a", source=tmp_path / "here")
    do(memory, text="a", source=tmp_path / "there", aside={"loud": True})
    do(memory, text="b")

    assert RUNS == ["a", "b"]


def test_a_file_that_was_lost_or_cut_is_made_again(memory):
    """Somebody tidied up, or a disk did."""
    done = do(memory, text="a")
    (done.folder / "word.txt").write_text("")
    do(memory, text="a")
    (done.folder / "word.txt").unlink()
    do(memory, text="a")
    (done.folder / "result.json").write_text("{")
    do(memory, text="a")

    assert RUNS == ["a"] * 4
    assert (done.folder / "word.txt").read_text() == "a"


@pytest.mark.parametrize(("text", "kind"), [("stop", Stopped), ("full", NoRoom)])
def test_a_step_that_fails_leaves_nothing(memory, text, kind):
    """Half a file is worse than none: it looks like one."""
    with pytest.raises(kind):
        do(memory, text=text)

    assert list(memory.folder.iterdir()) == []


def test_what_is_no_longer_in_use_is_forgotten(memory):
    """Scratch is as large as the lecture; ten changed settings must not fill the disk."""
    do(memory, text="a")
    kept = do(memory, text="b")

    memory.forget_all_but([kept])

    assert [path.name for path in memory.folder.iterdir()] == [kept.folder.name]


def test_a_recipe_stands_for_results_that_later_steps_are_made_of(memory):
    """A change anywhere reaches everything that follows from it, and nothing else."""
    a, b = do(memory, text="a"), do(memory, text="b")

    assert recipe(say, text="x", source=None, loud=a) != recipe(say, text="x", source=None, loud=b)
    assert recipe(say, text="x", loud=a) == recipe(say, text="x", loud=do(memory, text="a"))


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, NoRoom),
        (errno.EFBIG, NoRoom),
        (errno.EACCES, NoRight),
        (errno.EROFS, NoRight),
        (errno.EIO, ProcessError),
    ],
)
def test_refusals_of_the_disk_become_sentences(number, kind, tmp_path):
    """With the folder in them, and what to do."""
    with pytest.raises(kind) as raised, explained(tmp_path):
        raise OSError(number, "whatever the system says", str(tmp_path / "file"))

    assert str(tmp_path) in str(raised.value)
    assert raised.value.hint


def test_a_second_name_costs_nothing_and_a_copy_will_do(tmp_path):
    """Where the disk can, the lecture and the scratch share their bytes."""
    (tmp_path / "made").write_text("content")

    place(tmp_path / "made", tmp_path / "deeper" / "placed")

    assert (tmp_path / "deeper" / "placed").read_text() == "content"


def family(kind: type[FlipcastError]) -> list[type[FlipcastError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in family(child))]


@pytest.mark.parametrize("kind", family(FlipcastError), ids=lambda kind: kind.__name__)
def test_every_failure_survives_a_journey(kind):
    """A step may fail in another process or on another machine, and is explained here."""
    assert {process.errors, publish.errors, flipcast.errors}
    error = kind.__new__(kind)
    FlipcastError.__init__(error, "the disk is full", hint="free some room")
    error.passing = True

    revived = pickle.loads(pickle.dumps(error))

    assert type(revived) is kind
    assert str(revived) == "the disk is full — free some room"
    assert revived.passing
