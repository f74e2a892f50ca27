"""Screens, parts of screens and windows, grabbed by mss.

A grab is made at each beat of a clock that never drifts; one that cannot be made in time is left out. Its moment is the
middle of the grab. When the screen changes its size, pictures of the new size follow: whoever writes them scales them.
A window is followed when it is moved or resized.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import mss
import numpy as np
from mss.exception import ScreenShotError
from mss.models import Monitor
from mss.screenshot import ScreenShot
from numpy.typing import NDArray

from capture.clock import SECOND, now_ns
from capture.errors import DeviceError, DeviceLost, DeviceMissing, ScreenClosed
from capture.frames import Frame, Kind, PictureShape
from capture.sources import Device, Region, Wanted, desktop

ALL = "all"
"""The address of all screens as one picture."""

LATENCY_MS = 0.0
"""Taken off unless measured: a grab reads what the screen is about to show, so it is older than nothing."""

_WINDOW = "window:"

_FAULTS = (ScreenShotError, AssertionError, OSError)
"""What mss raises when the screen is gone; the assertion is its own, after the X server has died."""

_LOOK_NS = SECOND
"""How often the screen's size is asked for; asking takes half a millisecond."""

_FOLLOW_NS = SECOND // 5
"""How often a window's place is asked for."""

_NAP_SECONDS = 0.2
"""The longest sleep, so that a closed source ends soon."""


def present() -> tuple[Device, ...]:
    """Each screen, and where there are several, all of them as one; none where nothing can be grabbed."""
    screens = _seen()
    first = _default(screens) if screens else None
    devices = [
        Device(
            kind=Kind.SCREEN,
            name=str(number),
            identity=screen.identity,
            description=f"{screen.description}, {screen.place.width} × {screen.place.height}",
            member="screen",
            default=screen is first,
            width=screen.place.width,
            height=screen.place.height,
        )
        for number, screen in enumerate(screens, 1)
    ]
    if len(screens) > 1:
        devices.append(
            Device(kind=Kind.SCREEN, name=ALL, identity=ALL, description="All screens as one", member="screen")
        )
    return tuple(devices)


def places() -> tuple[Region, ...]:
    """Where the screens are on the desktop, the main one first; none where there is no desktop that we may see."""
    screens = _seen()
    first = _default(screens) if screens else None
    return tuple(screen.place for screen in sorted(screens, key=lambda screen: screen is not first))


def open(wanted: Wanted) -> Screen:
    """Open a screen, a part of one, or a window; an address is a number from 1, an identity, ``all`` or ``window:…``.

    Raises:
        ScreenClosed: there is no screen, or only black could be grabbed.
        DeviceMissing: the screen or the window is not here, or the part lies outside of it.
    """
    grabber = _Grabber()
    window = None
    try:
        if wanted.address.startswith(_WINDOW):
            window = desktop.Window(wanted.address.removeprefix(_WINDOW))
        return Screen(wanted, grabber, window)
    except _FAULTS as error:
        grabber.close()
        if window is not None:
            window.close()
        raise ScreenClosed(f"the screen cannot be grabbed ({_what(error)})") from None
    except BaseException:
        grabber.close()
        if window is not None:
            window.close()
        raise


class Screen:
    """A screen, a part of it, or a window, open."""

    def __init__(self, wanted: Wanted, grabber: _Grabber, window: desktop.Window | None) -> None:
        self._wanted = wanted
        self._grabber = grabber
        self._window = window
        self._closed = False
        self._running = False
        self._lock = threading.Lock()
        place, called = self._place()
        self._at: Region = place
        self.device = called
        """What the system calls it."""
        self.latency_ms = LATENCY_MS if wanted.latency_ms is None else wanted.latency_ms
        """What is taken off every moment."""
        self.shape = PictureShape(width=place.width, height=place.height, rate=Fraction(wanted.rate))
        self._grabber.warm(place)

    def frames(self) -> Iterator[Frame]:
        """Yield a grab at each beat until closed.

        Raises:
            DeviceLost: the screen is gone, has become smaller than the part, or the window was closed or hidden.
        """
        with self._lock:
            if self._closed:
                return
            self._running = True
        try:
            yield from self._grabs()
        except _FAULTS as error:
            if not self._closed:
                raise DeviceLost(f"{self.device} cannot be grabbed any more ({_what(error)})") from None
        except (DeviceMissing, ScreenClosed) as error:
            raise DeviceLost(f"{self.device} is gone ({error.what})", hint=error.hint) from None
        finally:
            self._running = False
            self._let_go()

    def _grabs(self) -> Iterator[Frame]:
        rate = self.shape.rate
        latency_ns = round(self.latency_ms * 1e6)
        began_ns, beat = now_ns(), 0
        looked_ns = began_ns
        # Memory that a picture gave back would go to the system at once, and fetching it anew costs ten times the grab:
        # while a few older pictures are kept, it stays here.
        kept: deque[NDArray[np.uint8]] = deque(maxlen=4)
        while not self._closed:
            due_ns = began_ns + beat * SECOND * rate.denominator // rate.numerator
            if (ahead_ns := due_ns - now_ns()) > 0:
                time.sleep(min(ahead_ns / SECOND, _NAP_SECONDS))
                continue
            if now_ns() - looked_ns >= (_FOLLOW_NS if self._window else _LOOK_NS):
                self._look()
                looked_ns = now_ns()
            before_ns = now_ns()
            try:
                picture = self._grabber.grab(self._at)
            except _FAULTS:
                if not self._look():
                    raise
                continue  # it has just become smaller
            seen_ns = (before_ns + now_ns()) // 2
            kept.append(picture)
            yield Frame(picture=picture, at_ns=seen_ns - latency_ns)
            passed = (now_ns() - began_ns) * rate.numerator // (SECOND * rate.denominator)
            beat = max(beat + 1, passed)

    def _look(self) -> bool:
        """See whether the screen has changed its size, or the window its place, and go along with it."""
        changed = self._grabber.outdated()
        if changed:
            self._grabber.renew()
        place, _ = self._place()
        if (place.width, place.height) != (self._at.width, self._at.height):
            self._grabber.warm(place)
        changed, self._at = changed or place != self._at, place
        return changed

    def _place(self) -> tuple[Region, str]:
        """What is to be grabbed, with even sides, as 4:2:0 needs them; and what it is called."""
        if self._window is not None:
            return _even(self._window.place()), f"Window “{self._window.title}”"
        screen = _found(self._grabber, self._wanted)
        part = self._wanted.region
        if part is None:
            return _even(screen.place), screen.description
        whole = screen.place
        inside = 0 <= part.left <= whole.width - part.width and 0 <= part.top <= whole.height - part.height
        if not inside or part.width < 2 or part.height < 2:
            raise DeviceMissing(
                self._wanted.label or self._wanted.address,
                hint=f"{part.width}x{part.height}+{part.left}+{part.top} does not lie within {screen.description}, "
                f"which has {whole.width} × {whole.height} pixels",
            )
        place = Region(left=whole.left + part.left, top=whole.top + part.top, width=part.width, height=part.height)
        return _even(place), f"{screen.description}, a part"

    def close(self) -> None:
        """Let go of the screen; `frames` ends at its next beat."""
        with self._lock:
            self._closed = True
            if self._running:
                return  # the thread that grabs does it
        self._let_go()

    def _let_go(self) -> None:
        self._grabber.close()
        if self._window is not None:
            self._window.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A screen, as mss lists it."""

    identity: str
    """What it is known by after replugging, as far as the system tells; else its number."""

    description: str
    """What the system calls it."""

    place: Region
    """Where it lies among all screens."""

    primary: bool
    """Whether the system calls it the main one."""


class _Grabber:
    """mss, made anew when the screen has changed; belongs to the thread that makes it."""

    def __init__(self) -> None:
        self._closed = True
        desktop.must_be_open()
        self._mss = _started()
        self._closed = False
        desktop.must_be_real(tuple(str(one.get("output", "")) for one in self._mss.monitors))

    def screens(self) -> tuple[_Known, ...]:
        """All screens that are here, in the system's order."""
        monitors = self._mss.monitors
        single = monitors[1:] or monitors[:1]  # an X server without RandR knows only the whole
        unique = [str(one.get("unique_id", "")) for one in single]
        known = []
        for number, one in enumerate(single, 1):
            output = str(one.get("output", ""))
            # Two screens of one make may say the same of themselves: then the socket tells them apart.
            identity = unique[number - 1] if unique.count(unique[number - 1]) == 1 else ""
            name = str(one.get("name") or output)
            known.append(
                _Known(
                    identity=identity or output or str(number),
                    description=f"Screen {number}" + (f" ({name})" if name and name != "screen" else ""),
                    place=_region(one),
                    primary=bool(one.get("is_primary")),
                )
            )
        return tuple(known)

    def whole(self) -> Region:
        """Where all screens lie together."""
        return _region(self._mss.monitors[0])

    def grab(self, place: Region) -> NDArray[np.uint8]:
        """The picture at *place* now, with the mouse pointer, blue-green-red-alpha; nobody else holds or changes it."""
        box = {"left": place.left, "top": place.top, "width": place.width, "height": place.height}
        shot = self._mss.grab(box)
        picture = np.frombuffer(shot.raw, np.uint8).reshape(shot.height, shot.width, 4)
        if (tip := desktop.pointer()) is not None:
            scale = shot.width / place.width
            desktop.draw_arrow(picture, int((tip[0] - place.left) * scale), int((tip[1] - place.top) * scale))
        picture.flags.writeable = False
        return picture

    def warm(self, place: Region) -> None:
        """Make the two grabs that take far longer than all that follow."""
        for _ in range(2):
            self.grab(place)

    def outdated(self) -> bool:
        """Whether the screens have changed; mss itself asks only once."""
        fresh = _started()
        try:
            return fresh.monitors != self._mss.monitors
        finally:
            fresh.close()

    def renew(self) -> None:
        """Begin anew with the screens as they are now."""
        self.close()
        self._mss = _started()
        self._closed = False

    def close(self) -> None:
        """Let go of the screen; may be called twice."""
        if not self._closed:
            self._closed = True  # mss itself must not be asked twice: it would free a dead connection twice
            with suppress(*_FAULTS):
                self._mss.close()

    def __enter__(self) -> _Grabber:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Mss(mss.MSS):
    """mss, with its slow way of drawing the pointer replaced: pixel by pixel in Python, 4 ms for a large one."""

    @staticmethod
    def _merge(screenshot: ScreenShot, cursor: ScreenShot, /) -> ScreenShot:
        picture = np.frombuffer(screenshot.raw, np.uint8).reshape(screenshot.height, screenshot.width, 4)
        drawn = np.frombuffer(cursor.raw, np.uint8).reshape(cursor.height, cursor.width, 4)
        x, y = cursor.left - screenshot.left, cursor.top - screenshot.top
        left, top = max(0, x), max(0, y)
        right, bottom = min(screenshot.width, x + cursor.width), min(screenshot.height, y + cursor.height)
        if left < right and top < bottom:
            under = picture[top:bottom, left:right, :3]
            over = drawn[top - y : bottom - y, left - x : right - x]
            alpha = over[..., 3:].astype(np.uint16)
            under[...] = (over[..., :3] * alpha + under * (255 - alpha)) // 255
        return screenshot


def _started() -> mss.MSS:
    """mss as it grabs fastest on this system.

    Raises:
        ScreenClosed: there is nothing to grab.
    """
    try:
        if sys.platform in ("win32", "darwin"):
            return mss.MSS()
        return _Mss(backend="xshmgetimage", with_cursor=True)
    except _FAULTS as error:
        raise ScreenClosed(
            f"the screen cannot be reached ({_what(error)})",
            hint="see that the desktop is running and that DISPLAY names it",
        ) from None


def _found(grabber: _Grabber, wanted: Wanted) -> _Known:
    """The screen that *wanted* names: by its identity, or by its number."""
    screens = grabber.screens()
    if wanted.address == "":
        return _default(screens)
    if wanted.address == ALL:
        return _Known(identity=ALL, description="All screens", place=grabber.whole(), primary=False)
    for number, screen in enumerate(screens, 1):
        if wanted.address in (screen.identity, str(number)):
            return screen
    names = tuple(f"screen:{number}" for number in range(1, len(screens) + 1))
    raise DeviceMissing(wanted.label or f"screen:{wanted.address}", present=names)


def _seen() -> tuple[_Known, ...]:
    """All screens that we may see; none where nothing can be grabbed."""
    try:
        with _Grabber() as grabber:
            return grabber.screens()
    except (DeviceError, *_FAULTS):
        return ()


def _default(screens: tuple[_Known, ...]) -> _Known:
    return next((screen for screen in screens if screen.primary), screens[0])


def _region(monitor: Monitor) -> Region:
    return Region(left=monitor["left"], top=monitor["top"], width=monitor["width"], height=monitor["height"])


def _even(place: Region) -> Region:
    return Region(left=place.left, top=place.top, width=place.width // 2 * 2, height=place.height // 2 * 2)


def _what(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else "the X server is gone"
