"""This machine: steps on threads, as many at once as the cores allow.

A thread is enough for a step: what is heavy runs in ffmpeg, or in libraries that let go of the interpreter. Each
step says how many cores it keeps busy; they are handed out in the order of asking, so that an encode that wants
all of them is not held up for ever by small things.

Somebody may be recording on the same machine, whose pictures cannot wait: steps, and the ffmpeg they run, give way.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from process.step import Needs

_NICER = 10

P = ParamSpec("P")
T = TypeVar("T")


class Local(ThreadPoolExecutor):
    """A pool of threads that shares out *cores*."""

    def __init__(self, cores: int) -> None:
        super().__init__(max_workers=32, thread_name_prefix="step", initializer=_give_way)
        self._cores = _Cores(cores)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run *fn* when the cores that its `Needs`, if one is among *args*, asks for are free."""
        wanted = next((arg.cores for arg in args if isinstance(arg, Needs)), 0)

        def run() -> T:
            with self._cores.taken(wanted):
                return fn(*args, **kwargs)

        return super().submit(run)


def _give_way() -> None:
    """Let this thread, and what it begins, be nicer than a recorder; only Linux knows that of a thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICER)


class _Cores:
    """Cores that are lent and given back, first come, first served."""

    def __init__(self, count: int) -> None:
        self._all = self._free = max(1, count)
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    def taken(self, wanted: int) -> _Loan:
        return _Loan(self, min(wanted, self._all))

    def take(self, count: int) -> None:
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            self._changed.wait_for(lambda: self._queue[0] is ticket and self._free >= count)
            self._queue.popleft()
            self._free -= count
            self._changed.notify_all()

    def give(self, count: int) -> None:
        with self._changed:
            self._free += count
            self._changed.notify_all()


class _Loan:
    def __init__(self, cores: _Cores, count: int) -> None:
        self._cores, self._count = cores, count

    def __enter__(self) -> None:
        self._cores.take(self._count)

    def __exit__(self, *_: Any) -> None:
        self._cores.give(self._count)
