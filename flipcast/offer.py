"""What could be recorded here, for a page to choose from: devices, and windows where the system tells of them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection
from typing import Any

from capture.address import without_password
from capture.devices import Devices, Listed
from capture.errors import DeviceMissing, FlipcastError
from capture.frames import Kind
from capture.sources import desktop, spoken
from flipcast import told
from flipcast.glance import glance
from flipcast.library import in_one_line

LONGEST_NAME = 500
"""Letters of a source, as it is named after ``--from``."""

_LISTING_SECONDS = 3.0
_MOST_WINDOWS = 24


class Offer:
    """What was found the last time that somebody looked."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices
        self._lock = threading.Lock()
        self._lister: threading.Thread | None = None
        self._listed: tuple[Listed, ...] = ()
        self._windows: tuple[str, ...] = ()

    def devices(self, chosen: Collection[str]) -> list[dict[str, Any]]:
        """What could be recorded here, and what is *chosen*; looks anew.

        A sound system that hangs keeps nobody from a screen: after a moment it is what was seen the last time.
        """
        with self._lock:
            if self._lister is None or not self._lister.is_alive():
                self._lister = threading.Thread(target=self._list, name="devices", daemon=True)
                self._lister.start()
            lister = self._lister
        lister.join(_LISTING_SECONDS)
        rows = [
            {
                "from": row.spoken,
                "kind": str(row.device.kind),
                "name": in_one_line(row.device.description or without_password(row.device.identity)),
                "here": row.here is not False,
                "size": [row.device.width, row.device.height] if row.device.width else None,
            }
            for row in self._listed
        ]
        listed = {row["from"] for row in rows}
        return rows + [_row(text, str(spoken(text).kind), told.plain(text)) for text in chosen if text not in listed]

    def windows(self, chosen: Collection[str]) -> list[dict[str, Any]]:
        """Windows that were there when devices were looked for, but for those that are *chosen*."""
        named = [(f"window:{title}", in_one_line(title)) for title in self._windows[:_MOST_WINDOWS]]
        return [_row(text, str(Kind.SCREEN), name) for text, name in named if text not in chosen]

    def glance(self, source: str) -> bytes:
        """What the screen or window *source*, which was found, shows now: a small JPEG.

        Raises:
            DeviceError: there is no such screen, or it cannot be grabbed.
        """
        screens = [row.spoken for row in self._listed if row.here is not False]
        if source not in [*screens, *(f"window:{title}" for title in self._windows)]:
            raise DeviceMissing(source, hint="look at the list again")
        return glance(self._devices.wanted(spoken(source)))

    def _list(self) -> None:
        with contextlib.suppress(FlipcastError, OSError):
            self._windows = tuple(title for title in desktop.windows() if _can_be_said(title))
            self._listed = self._devices.listed()


def _row(source: str, kind: str, name: str) -> dict[str, Any]:
    return {"from": source, "kind": kind, "name": name, "here": True, "size": None}


def _can_be_said(title: str) -> bool:
    """Whether a window called *title* can be named after ``--from``."""
    text = f"window:{title}"
    return len(text) <= LONGEST_NAME and spoken(text).address == text and title.isprintable()
