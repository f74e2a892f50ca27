"""Cameras, local and in the network, read by OpenCV.

A camera is read by a thread of its own, promptly and always: what is not fetched waits in the camera's buffers, and a
slow reader sees the past. Everything of OpenCV's happens on that thread, since some of its backends are bound to one
and some never return; whoever waits for a picture waits a bounded time. When a network camera changes its size, OpenCV
scales what comes to the size that it had at first.

Local cameras are known by what stays the same when they are unplugged: maker, model and serial number, and the socket
where there is no serial number. Another camera is never taken instead.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.address import without_password
from capture.clock import SECOND, now_ns
from capture.errors import DeviceError, DeviceLost, DeviceMissing
from capture.frames import Frame, Kind, PictureShape
from capture.sources import Device, Wanted, cameras_here
from capture.sources.cameras_here import Here

# From the light to the end of the grab. A webcam exposes for up to a frame, reads its rows for another half, packs
# the picture and sends it; a network camera also keeps some pictures back to smooth its stream.
LOCAL_LATENCY_MS = 60.0
"""Usual for a camera on USB or built in; measured ones lie between 40 and 90."""

NETWORK_LATENCY_MS = 150.0
"""Usual for Motion JPEG by HTTP in the same building."""

RTSP_LATENCY_MS = 300.0
"""Usual for H.264 by RTSP in the same building."""

HOST_LATENCY_MS = 5.0
"""Of a program on this machine that serves its pictures by HTTP: measured on such a one."""

OPEN_SECONDS = 3
"""How long a network camera may take to answer."""

SILENT_SECONDS = 1
"""After how long without a picture a camera is lost."""

FROZEN_SECONDS = 3
"""After how long of the very same picture a camera is lost."""

_ALIVE_FRAMES = 25
"""So many pictures in a row, each unlike the one before, and it is a camera: its sensor has noise. What gives the same
picture again and again from the start is a slide from an HDMI grabber, and rightly still."""

_WIDTH, _HEIGHT = 1280, 720
"""Asked of a local camera for which no size is wished; most would give 640 × 480."""

_USUAL_RATES = tuple(Fraction(rate) for rate in ("5", "7.5", "10", "12.5", "15", "20", "24", "25", "30", "50", "60"))

# What OpenCV and its FFmpeg print goes past every log, and may hold a password.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_FAILURES = 10
"""Failures in a row after which a camera is lost; they come at once, one after the other, when it is unplugged."""

_WAITING = 4
"""Pictures that may have come before we looked, and so come all at once."""

_MEASURE_NS = SECOND * 3 // 2
"""How long the rate is measured at most; where it is even, half a second does."""

_SCHEMES = ("http", "https", "rtsp", "rtsps")


def present() -> tuple[Device, ...]:
    """The local cameras that are here now, in the system's order; the first is the default."""
    devices: list[Device] = []
    for camera in cameras_here.local():
        short = re.sub(r"[^a-z0-9]+", "-", camera.description.casefold()).strip("-") or "camera"
        same = sum(device.name == short or device.name.startswith(f"{short}-") for device in devices)
        devices.append(
            Device(
                kind=Kind.CAMERA,
                name=f"{short}-{same + 1}" if same else short,
                identity=camera.identity,
                description=camera.description,
                member="camera",
                default=not devices,
            )
        )
    return tuple(devices)


def open(wanted: Wanted) -> Camera:
    """Open a camera; an address is a URL, or a local camera's identity, empty for the first one.

    Raises:
        DeviceMissing: it is not here, or does not answer.
        DeviceBusy: another program holds it.
        DeviceDenied: the system, or the camera, does not let us.
    """
    return Camera(wanted, *_way(wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How OpenCV reaches a camera."""

    target: str | int
    """What it is opened by."""

    backend: int
    """OpenCV's number for the part of it that does."""

    latency_ms: float
    """What is usual for such a camera."""


class Camera:
    """A camera, open and being read."""

    def __init__(self, wanted: Wanted, way: _Way, here: Here | None) -> None:
        self._wanted = wanted
        self._way = way
        self._here = here
        self.device = here.description if here else without_password(wanted.address)
        """What the system calls it, or its address without any password."""
        self.latency_ms = way.latency_ms if wanted.latency_ms is None else wanted.latency_ms
        """What is taken off every moment."""
        self._news = threading.Condition()
        self._frames: deque[Frame] = deque(maxlen=8)  # a reader that falls behind loses the oldest
        self._granted: PictureShape | None = None
        self._fault: DeviceError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=f"camera {self.device}", daemon=True)
        self._thread.start()
        with self._news:
            self._news.wait_for(lambda: self._granted or self._fault, timeout=4 * OPEN_SECONDS)
        if self._granted is None:
            self.close()
            raise self._fault or DeviceLost(f"{self.device} does not answer", hint="unplug it and plug it in again")
        self.shape: PictureShape = self._granted
        """The size of its pictures; the rate at which they truly come."""

    def frames(self) -> Iterator[Frame]:
        """Yield each picture as it comes until closed.

        Raises:
            DeviceLost: no picture came for a second, or the very same one for three; or it was unplugged.
        """
        patience = max(SILENT_SECONDS, 5 / float(self.shape.rate)) + 0.2  # its own time limit speaks first
        while True:
            with self._news:
                self._news.wait_for(lambda: self._frames or self._fault or self._closed, timeout=patience)
                if self._closed:
                    return
                if not self._frames:
                    raise self._fault or DeviceLost(f"{self.device} has given no picture for {patience:.0f} s")
                frame = self._frames.popleft()
            yield frame

    def close(self) -> None:
        """Let go of the camera; one that never answers again is left to its thread."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=SILENT_SECONDS + 0.5)

    def _run(self) -> None:
        """Read until closed or lost; all that OpenCV does is done here."""
        capture = cv2.VideoCapture()
        try:
            self._begin(capture)
            self._read(capture)
        except DeviceError as fault:
            with self._news:
                self._fault = fault
                self._news.notify_all()
        except cv2.error as error:
            with self._news:
                self._fault = DeviceLost(f"{self.device} cannot be read ({error.err or error.code})")
                self._news.notify_all()
        finally:
            capture.release()

    def _begin(self, capture: cv2.VideoCapture) -> None:
        """Open it and agree on size and rate."""
        wanted, way = self._wanted, self._way
        if self._here is None:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_SECONDS * 1000]
            limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, SILENT_SECONDS * 1000]  # 30 s each, if not told
            opened = capture.open(str(way.target), way.backend, limits)  # RTSP goes over TCP unless told otherwise
            if not opened:
                error = DeviceMissing(self.device, hint="see that it is on, and that a browser can show it")
                error.what = f"{self.device} gives no picture"
                raise error
        else:
            if not capture.open(way.target, way.backend):
                raise cameras_here.refused(self._here)
            for setting, value in (
                (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),  # first: sizes and rates depend on the packing
                (cv2.CAP_PROP_FRAME_WIDTH, wanted.width or _WIDTH),
                (cv2.CAP_PROP_FRAME_HEIGHT, wanted.height or _HEIGHT),
                (cv2.CAP_PROP_FPS, float(wanted.rate)),
                (cv2.CAP_PROP_BUFFERSIZE, 1),  # where it is honoured, the newest picture is the next
            ):
                capture.set(setting, value)
        self._measure(capture)

    def _measure(self, capture: cv2.VideoCapture) -> None:
        """Take the first pictures to see their size, and how fast they come: what drivers say of it is often untrue."""
        moments: list[int] = []
        picture: NDArray[np.uint8] | None = None
        rate, sure = Fraction(1), False
        while not self._closed and not sure and (len(moments) < 2 or moments[-1] - moments[0] < _MEASURE_NS):
            try:
                moments.append(self._grabbed(capture))
            except DeviceLost:
                if self._here is None or moments:
                    raise
                raise cameras_here.refused(self._here) from None
            if picture is None:
                picture = _retrieved(capture)
            steady = moments[_WAITING:]  # the first ones may have been waiting for us
            if len(steady) >= 2:
                rate = Fraction((len(steady) - 1) * SECOND, max(1, steady[-1] - steady[0]))
                usual = min(_USUAL_RATES, key=lambda one: abs(one - rate))
                sure = len(steady) > 10 and abs(usual - rate) < usual / 20
                rate = usual if abs(usual - rate) < usual / 10 else Fraction(max(1, round(rate)))
        if picture is None:
            raise DeviceLost(f"{self.device} gives pictures that cannot be read")
        shape = PictureShape(width=picture.shape[1], height=picture.shape[0], rate=rate)
        with self._news:
            self._granted = shape
            self._news.notify_all()

    def _read(self, capture: cv2.VideoCapture) -> None:
        latency_ns = round(self.latency_ms * 1e6)
        still = _Stillness()
        while not self._closed:
            seen_ns = self._grabbed(capture)
            picture = _retrieved(capture)
            if picture is None:
                continue  # damaged on its way; the next may be whole
            if still.seconds(picture, seen_ns) >= FROZEN_SECONDS:
                raise DeviceLost(f"{self.device} has shown the very same picture for {FROZEN_SECONDS} s")
            with self._news:
                self._frames.append(Frame(picture=picture, at_ns=seen_ns - latency_ns))
                self._news.notify()

    def _grabbed(self, capture: cv2.VideoCapture) -> int:
        """Wait for the next picture, and give the moment it came."""
        began_ns = now_ns()
        for _ in range(_FAILURES):
            if capture.grab():
                return now_ns()
            # A damaged picture fails as a pulled plug does, but the next one may be whole.
            if self._closed or now_ns() - began_ns >= SILENT_SECONDS * SECOND * 9 // 10:
                break
        raise DeviceLost(f"{self.device} gives no more pictures", hint="see that it is plugged in and on")


class _Stillness:
    """How long a camera that was alive has given the very same picture."""

    def __init__(self) -> None:
        self._last = np.empty((0, 0, 3), np.uint8)
        self._few = self._last
        self._since_ns = 0
        self._unlike = 0

    def seconds(self, picture: NDArray[np.uint8], at_ns: int) -> float:
        """For how long now; 0 for one that changes, or never did."""
        few = picture[::16, ::16].copy()  # one in 256: noise shows in these too
        if not np.array_equal(few, self._few) or not self._same(picture, at_ns):
            self._few, self._last, self._since_ns = few, picture, at_ns
            self._unlike += 1
            return 0.0
        if self._unlike < _ALIVE_FRAMES:
            self._unlike = max(0, self._unlike - 4)  # drivers that keep a beat repeat a picture now and then
            return 0.0
        return (at_ns - self._since_ns) / SECOND

    def _same(self, picture: NDArray[np.uint8], at_ns: int) -> bool:
        """Compare all of it, once the few have been the same for long enough."""
        return at_ns - self._since_ns < FROZEN_SECONDS * SECOND or np.array_equal(picture, self._last)


def _way(wanted: Wanted) -> tuple[_Way, Here | None]:
    address = wanted.address
    if "://" in address:
        scheme = address.partition("://")[0].casefold()
        if scheme not in _SCHEMES:
            raise DeviceMissing(
                without_password(address),
                hint=f"a camera's address begins with one of: {', '.join(_SCHEMES)}",
            )
        usual = RTSP_LATENCY_MS if scheme.startswith("rtsp") else NETWORK_LATENCY_MS
        if scheme == "http" and urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1"):
            usual = HOST_LATENCY_MS
        return _Way(target=address, backend=cv2.CAP_FFMPEG, latency_ms=usual), None
    here = cameras_here.local()
    found = next((one for one in here if address in (one.identity, "")), None)
    if found is None:
        names = tuple(f"{one.description} ({one.identity})" for one in here)
        raise DeviceMissing(wanted.label or address or "camera", present=names)
    cameras_here.must_be_allowed(found)
    return _Way(target=found.number, backend=cameras_here.BACKEND, latency_ms=LOCAL_LATENCY_MS), found


def _retrieved(capture: cv2.VideoCapture) -> NDArray[np.uint8] | None:
    """The picture that was grabbed last, with even sides, as 4:2:0 needs them; ``None`` if it cannot be read."""
    try:
        whole, packed = capture.retrieve()
    except cv2.error:
        return None
    if not whole or packed is None or packed.ndim != 3 or min(packed.shape[:2]) < 2:
        return None
    height, width = packed.shape[:2]
    picture: NDArray[np.uint8] = packed[: height // 2 * 2, : width // 2 * 2].astype(np.uint8, copy=False)
    picture.flags.writeable = False
    return picture
