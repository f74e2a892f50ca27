"""Jobs: one recording on its way through the workflow, and a batch of them side by side.

One that fails does not stop the others. A failure that may pass is tried again, a bounded number of times.
"""

from __future__ import annotations

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from capture.description import write_whole
from capture.errors import FlipcastError
from flipcast.library import Library, Shelf
from process import workflow
from process.errors import Stopped
from process.lecture import Lecture
from process.workflow import News, Processing

TRIES = 2
"""How often a job whose failure may pass is begun."""


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a job is to work on: a file to take in, or a lecture that is in the library."""

    label: str
    """What people call it: the file's name, or the lecture's."""

    path: Path | None
    """The file; ``None`` for a lecture in the library."""

    title: str | None = None
    """The title to give it; ``None`` to keep it, or take the file's name."""

    name: str = ""
    """The lecture's name, where *path* is ``None``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An order and what became of it."""

    number: int
    """From 1, in the order of asking."""

    order: Order
    state: State = State.WAITING

    name: str = ""
    """Name of the lecture; empty until it has one."""

    folder: Path | None = None
    """Folder of the lecture."""

    lecture: Lecture | None = None
    """What was made."""

    trouble: str = ""
    """Why it failed, in a sentence."""

    seconds: float = 0.0
    """Wall-clock seconds of work."""


Listener = Callable[[Job, News | None], None]
"""Told of every change of a job, and how far it is while it works. Called from several threads."""


def work_off(
    orders: Sequence[Order],
    library: Library,
    settings: Processing,
    executor: Executor,
    *,
    side_by_side: int,
    listener: Listener,
    stop: threading.Event,
) -> list[Job]:
    """Do all *orders*, *side_by_side* at once; returns what became of each, in their order.

    After *stop* is set, jobs that have not begun are not begun, and this returns within two seconds or so.
    """
    jobs = [Job(number=n, order=order) for n, order in enumerate(orders, start=1)]
    pool = ThreadPoolExecutor(max_workers=max(1, side_by_side), thread_name_prefix="job")
    futures = [pool.submit(_work, job, library, settings, executor, listener, stop) for job in jobs]
    try:
        while any(not future.done() for future in futures):
            wait(futures, timeout=0.2)
            if stop.is_set():
                wait(futures, timeout=1.6)
                break
        return [
            future.result() if future.done() else replace(job, state=State.STOPPED)
            for job, future in zip(jobs, futures, strict=True)
        ]
    except KeyboardInterrupt:  # time for the steps to end ffmpeg and to sweep their rooms
        stop.set()
        wait(futures, timeout=1.6)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _work(
    job: Job,
    library: Library,
    settings: Processing,
    executor: Executor,
    listener: Listener,
    stop: threading.Event,
) -> Job:
    began, shelf = time.monotonic(), None
    if stop.is_set():
        return replace(job, state=State.STOPPED)
    try:
        order = job.order
        shelf = library.take_in(order.path, title=order.title) if order.path else library.find(order.name)
        job = replace(job, state=State.WORKING, name=shelf.name, folder=shelf.folder)
        listener(job, None)
        lecture = _tried(job, shelf, settings, executor, listener, stop)
        job = replace(job, state=State.DONE, lecture=lecture)
    except Stopped:
        job = replace(job, state=State.STOPPED)
    except FlipcastError as error:
        job = replace(job, state=State.FAILED, trouble=str(error))
        if shelf is not None:
            shelf.clear_if_bare()
    except Exception as error:  # nobody foresaw it; the other jobs are not to blame
        job = replace(job, state=State.FAILED, trouble=_unforeseen(error, job))
    job = replace(job, seconds=time.monotonic() - began)
    listener(job, None)
    return job


def _unforeseen(error: Exception, job: Job) -> str:
    trace = "".join(traceback.format_exception(error))
    kept = "look into the file by hand"
    if job.folder is not None:
        with contextlib.suppress(OSError):
            write_whole(job.folder / "work" / "fault.txt", trace)
            kept = f"please report it with {job.folder / 'work' / 'fault.txt'}"
    return f"a fault in flipcast itself ({type(error).__name__}: {error}) — {kept}"


def _tried(
    job: Job, shelf: Shelf, settings: Processing, executor: Executor, listener: Listener, stop: threading.Event
) -> Lecture:
    for attempt in range(1, TRIES + 1):
        try:
            with shelf.held():
                return workflow.make(
                    shelf.recording(),
                    shelf.folder,
                    settings,
                    executor,
                    news=lambda news: listener(job, news),
                    stop=stop,
                )
        except FlipcastError as error:
            if not error.passing or attempt == TRIES or stop.is_set():
                raise
    raise AssertionError("not reached")
