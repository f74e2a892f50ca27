"""What only the system knows about its screen: whether it may be grabbed, where a window lies, where the mouse points.

mss grabs; it does not say that what it grabs will be black, knows no windows, and draws the mouse on Linux only.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.errors import DeviceLost, DeviceMissing, ScreenClosed
from capture.sources import Region

_ON_X11 = sys.platform not in ("win32", "darwin")


def must_be_open() -> None:
    """Say so if what would be grabbed is black, or is not there.

    Raises:
        ScreenClosed: with what to do about it.
    """
    if sys.platform == "darwin":
        if not _mac_allows():
            raise ScreenClosed(
                "macOS does not let this program record the screen",
                hint="allow it in System Settings, Privacy & Security, Screen & System Audio Recording "
                "(for a terminal: that terminal), and start it again",
            )
    elif _ON_X11:
        # Under Wayland an X server is there too, for old programs, and every grab of it succeeds: in black.
        if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland":
            raise ScreenClosed(
                "this is a Wayland session, of which only black could be recorded",
                hint='log out, choose "Xorg" or "X11" for the session on the login screen, and log in again; if '
                "$DISPLAY is an X server of its own, unset WAYLAND_DISPLAY and XDG_SESSION_TYPE",
            )
        if not os.environ.get("DISPLAY"):
            raise ScreenClosed(
                "there is no screen: DISPLAY is not set",
                hint="run flipcast in a terminal on the desktop that is to be recorded",
            )


def must_be_real(outputs: tuple[str, ...]) -> None:
    """Say so if *outputs*, as the X server calls them, are those of a server inside Wayland.

    Raises:
        ScreenClosed: they are.
    """
    if any(name.upper().startswith("XWAYLAND") for name in outputs):
        raise ScreenClosed(
            "the X server here lives inside a Wayland session, of which only black could be recorded",
            hint='log out, choose "Xorg" or "X11" for the session on the login screen, and log in again',
        )


def _mac_allows() -> bool:
    with suppress(OSError, AttributeError):  # before macOS 10.15 everybody may
        graphics = ctypes.CDLL("/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics")
        graphics.CGPreflightScreenCaptureAccess.restype = ctypes.c_bool
        if not graphics.CGPreflightScreenCaptureAccess():
            graphics.CGRequestScreenCaptureAccess()  # opens the system's own question, once
            return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A window, as the X server lists it."""

    title: str
    """What is written above it."""

    number: int
    """The server's number for it."""


class Window:
    """A window on an X server, found by its title and then followed wherever it is moved.

    What is seen is the part of the screen where it lies: whatever covers it is seen too.
    """

    def __init__(self, title: str) -> None:
        """Find the window whose title is *title*, or is the only one in which it occurs, in any case.

        Raises:
            DeviceMissing: there is none, or more than one.
            ScreenClosed: this system does not tell where windows lie.
        """
        if not _ON_X11:
            raise ScreenClosed(
                "a window can be recorded by its title only on Linux with X11",
                hint="name a part of the screen: screen:1@1280x720+0+0",
            )
        from Xlib import error  # type: ignore[import-untyped]
        from Xlib.display import Display  # type: ignore[import-untyped]

        self._faults = (error.XError, error.ConnectionClosedError, OSError)
        try:
            self._display = Display()
        except (error.DisplayError, OSError) as fault:
            raise ScreenClosed(f"the X server cannot be reached ({fault})") from None
        try:
            self._root = self._display.screen().root
            known = _chosen(title, _listed(self._display, self._faults))
            self.title = _short(known.title)
            """What is written above it, as it was found."""
            self._window = self._display.create_resource_object("window", known.number)
        except self._faults as fault:
            self.close()
            raise DeviceLost(f"the X server does not tell its windows ({fault})") from None
        except BaseException:
            self.close()
            raise

    def place(self) -> Region:
        """Where it lies now, and how large it is; parts that lie outside of the screen are left out.

        Raises:
            DeviceLost: it was closed or hidden, or is outside of the screen.
        """
        try:
            if self._window.get_attributes().map_state != 2:  # not viewable: what lies there now is somebody else's
                raise DeviceLost(f"the window {self.title!r} is hidden")
            size = self._window.get_geometry()
            # The way from the window to the root: a window manager puts a frame around it.
            corner = self._root.translate_coords(self._window, 0, 0)
            whole = self._root.get_geometry()
        except self._faults:
            raise DeviceLost(f"the window {self.title!r} was closed") from None
        left, top = max(0, corner.x), max(0, corner.y)
        right, bottom = min(whole.width, corner.x + size.width), min(whole.height, corner.y + size.height)
        if right - left < 2 or bottom - top < 2:
            raise DeviceLost(f"the window {self.title!r} is outside of the screen")
        return Region(left=left, top=top, width=right - left, height=bottom - top)

    def close(self) -> None:
        """Follow it no more; may be called twice."""
        with suppress(*self._faults):
            self._display.close()

    def __enter__(self) -> Window:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def windows() -> tuple[str, ...]:
    """Titles of the windows that can be recorded, as the system tells them; none where it does not tell.

    A title that several windows have names none of them, and is left out.
    """
    if not _ON_X11:
        return ()
    from Xlib import error
    from Xlib.display import Display

    faults = (error.XError, error.ConnectionClosedError, error.DisplayError, OSError)
    try:
        must_be_open()
        display = Display()
    except (ScreenClosed, *faults):
        return ()
    try:
        titles = [window.title for window in _listed(display, faults)]
    except faults:
        return ()
    finally:
        with suppress(*faults):
            display.close()
    return tuple(title for title in titles if titles.count(title) == 1)


def _listed(display: Any, faults: tuple[type[Exception], ...]) -> list[_Known]:
    """All windows with a title: as the window manager lists them, or where there is none, as the server does."""
    root = display.screen().root
    listed = root.get_full_property(display.intern_atom("_NET_CLIENT_LIST"), 0)
    numbers = list(listed.value) if listed else [child.id for child in root.query_tree().children]
    found = []
    for number in numbers:
        window = display.create_resource_object("window", number)
        with suppress(faults[0]):  # it may have been closed since
            title = window.get_full_text_property(display.intern_atom("_NET_WM_NAME")) or window.get_wm_name()
            if title and window.get_attributes().map_state == 2:
                found.append(_Known(title=str(title), number=number))
    return found


def _chosen(title: str, windows: list[_Known]) -> _Known:
    exact = [window for window in windows if window.title == title]
    alike = [window for window in windows if title.casefold() in window.title.casefold()]
    chosen = exact or alike
    if len(chosen) == 1:
        return chosen[0]
    names = tuple(sorted({_short(window.title) for window in windows}))
    if not chosen:
        raise DeviceMissing(f"window:{title}", present=tuple(f"window:{name}" for name in names))
    raise DeviceMissing(
        f"window:{title}",
        present=names,
        hint=f"{len(chosen)} windows are called so: name more of the title of one of "
        + ", ".join(repr(_short(window.title)) for window in chosen),
    )


def _short(title: str) -> str:
    """A title in one line of bearable length; it may be anything."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", title)[:60]


def pointer() -> tuple[int, int] | None:
    """Where the mouse points, in the pixels that mss counts; ``None`` where mss draws it, or nobody knows.

    The pointer's true shape is asked for nowhere: a plain arrow is drawn for it.
    """
    if sys.platform == "win32":
        point = (ctypes.c_long * 2)()
        return (point[0], point[1]) if ctypes.windll.user32.GetCursorPos(point) else None
    if sys.platform == "darwin":
        return _mac_pointer()
    return None


def _mac_pointer() -> tuple[int, int] | None:
    class Point(ctypes.Structure):
        _fields_ = (("x", ctypes.c_double), ("y", ctypes.c_double))

    services = ctypes.CDLL("/System/Library/Frameworks/ApplicationServices.framework/ApplicationServices")
    services.CGEventCreate.restype = ctypes.c_void_p
    services.CGEventCreate.argtypes = (ctypes.c_void_p,)
    services.CGEventGetLocation.restype = Point
    services.CGEventGetLocation.argtypes = (ctypes.c_void_p,)
    services.CFRelease.argtypes = (ctypes.c_void_p,)
    event = services.CGEventCreate(None)
    if not event:
        return None
    point = services.CGEventGetLocation(event)
    services.CFRelease(event)
    return int(point.x), int(point.y)


_ARROW = np.array([(0, 0), (0, 16), (4, 13), (7, 19), (9, 18), (6, 12), (11, 12)], np.int32)
"""Corners of a plain arrow whose tip is at the origin."""


def draw_arrow(picture: NDArray[np.uint8], x: int, y: int) -> None:
    """Draw a mouse pointer whose tip is at *x*, *y*, which may lie outside, into *picture*, in its place."""
    corners = _ARROW + np.array((x, y), np.int32)
    cv2.fillPoly(picture, [corners], (255, 255, 255, 255))
    cv2.polylines(picture, [corners], True, (0, 0, 0, 255), 1, cv2.LINE_8)
