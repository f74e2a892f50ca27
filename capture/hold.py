"""Whose a take is while it rolls: a lock in its folder, which the system lets go of when its holder dies.

A process id alone would not tell: after a crash and a restart it may be somebody else's, and a folder copied from
another machine names a process of that one. The recorder holds the take from before it is written down until its
outcome is; `capture.recovery` holds it while it makes it whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from capture.errors import TakeError, WrongMoment

LOCK = ".lock"
"""Name of the lock's file, in the take's folder."""


@contextmanager
def held(folder: Path, *, patience: float = 1.0) -> Iterator[None]:
    """Keep the take in *folder* to ourselves; its folder is made if it is not there.

    Raises:
        WrongMoment: somebody else holds it, and still did after *patience* seconds: it rolls, or is being recovered.
        TakeError: the folder cannot be written to.
    """
    lock = filelock.FileLock(folder / LOCK, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=patience, poll_interval=0.02)
    except filelock.Timeout:
        raise WrongMoment(
            f"the take in {folder} is being recorded, or recovered, by another process", hint="wait until it is done"
        ) from None
    except OSError as error:
        raise TakeError(
            f"nothing can be written in {folder}: {error.strerror or error}", hint="give yourself the right to write it"
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether somebody, alive, holds the take in *folder*."""
    if not (folder / LOCK).exists():
        return False
    lock = filelock.FileLock(folder / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except OSError:  # a folder that may only be read: nobody records there
        return False
    lock.release()
    return False
