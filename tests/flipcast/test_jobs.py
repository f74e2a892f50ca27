"""Jobs: side by side, each with its own fate."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flipcast import jobs
from flipcast.executors.local import Local
from flipcast.jobs import Job, Order, State, work_off
from flipcast.library import Library
from process import workflow
from process.captions.engine import Captions
from process.errors import FfmpegFailed, MediaUnreadable
from process.step import Needs
from process.workflow import Processing

OFF = Processing(captions=Captions(engine="off"))


@pytest.fixture
def work(tmp_path, monkeypatch):
    """``work({"name": what happens})``: work off one job for each, where `workflow.make` is what happens."""

    def run(fates, *, side_by_side: int = 2, stop: threading.Event | None = None) -> list[Job]:
        orders = []
        for name in fates:
            path = tmp_path / f"{name}.mp4"
            path.write_bytes(name.encode())
            orders.append(Order(label=name, path=path))
        monkeypatch.setattr(workflow, "make", lambda recorded, *_, **__: fates[recorded.title]())
        library = Library(tmp_path / "library")
        with Local(2) as executor:
            return work_off(
                orders,
                library,
                OFF,
                executor,
                side_by_side=side_by_side,
                listener=lambda job, news: None,
                stop=stop or threading.Event(),
            )

    return run


def fail(error: Exception):
    def fate():
        raise error

    return fate


def test_one_that_fails_does_not_stop_the_others(work):
    """Foreseen or not: a batch runs at night."""
    found = work({"a": fail(MediaUnreadable("a is damaged")), "b": lambda: None, "c": fail(RuntimeError("oh"))})

    assert [job.state for job in found] == [State.FAILED, State.DONE, State.FAILED]
    assert "a is damaged" in found[0].trouble
    assert "a fault in flipcast itself (RuntimeError: oh)" in found[2].trouble
    assert found[2].folder
    assert "RuntimeError: oh" in Path(found[2].folder / "work" / "fault.txt").read_text()


def test_a_failure_that_may_pass_is_tried_again_and_not_for_ever(work):
    """The out-of-memory killer may have better things to do a minute later."""
    tries: list[str] = []

    def fate(name: str, times: int):
        def once():
            tries.append(name)
            if tries.count(name) <= times:
                error = FfmpegFailed("ended by signal 9")
                error.passing = True
                raise error

        return once

    found = work({"once": fate("once", 1), "always": fate("always", 99)})

    assert [job.state for job in found] == [State.DONE, State.FAILED]
    assert tries.count("always") == jobs.TRIES


def test_after_a_word_nothing_more_is_begun(work):
    """Ten files wait; none of them is begun."""
    stop, begun = threading.Event(), []

    def first():
        begun.append(1)
        stop.set()
        time.sleep(0.1)

    found = work({"a": first, **{str(n): lambda: begun.append(1) for n in range(5)}}, side_by_side=1, stop=stop)

    assert begun == [1]
    assert [job.state for job in found][1:] == [State.STOPPED] * 5


def test_cores_are_not_lent_twice():
    """Two encodes at once on two cores take twice as long each, and four times the memory of one."""
    at_once, most, lock = 0, 0, threading.Lock()

    def busy(needs: Needs) -> None:
        nonlocal at_once, most
        with lock:
            at_once += needs.cores
            most = max(most, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= needs.cores

    with Local(2) as executor:
        for future in [executor.submit(busy, Needs(cores=1 + n % 2)) for n in range(12)]:
            future.result()

    assert most == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows the niceness of a thread")
def test_steps_give_way_to_whoever_records():
    """Finishing the last lecture must not make pictures of the next one late; and we ourselves are not nicer for it."""
    own = os.nice(0)
    with Local(2) as executor:
        asked = [sys.executable, "-c", "import os; print(os.nice(0))"]
        nice = executor.submit(subprocess.check_output, asked).result()
    assert int(nice) == max(own, 10)
    assert os.nice(0) == own
