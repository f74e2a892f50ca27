"""A file that leads a browser to an address with a secret in it, and that nobody else may read.

What stands on a command line can be read by every user of the machine.
"""

from __future__ import annotations

import contextlib
import html
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def door(address: str) -> Iterator[Path]:
    """The file, as long as it is wanted."""
    descriptor, name = tempfile.mkstemp(prefix="flipcast-", suffix=".html")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            quoted = html.escape(address, quote=True)
            file.write(
                f'<!doctype html><meta http-equiv="refresh" content="0;url={quoted}"><a href="{quoted}">flipcast</a>'
            )
        yield Path(name)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()
