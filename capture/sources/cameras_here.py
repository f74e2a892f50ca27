"""Which cameras are plugged in, by what stays the same when they are unplugged, and why one refuses.

OpenCV knows cameras only by a number, which is given anew each time one is plugged in.
"""

from __future__ import annotations

import errno
import os
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from capture.errors import DeviceBusy, DeviceDenied, DeviceError, DeviceLost, DeviceMissing

if sys.platform == "win32":
    # Media Foundation takes up to a minute to open some cameras; DirectShow opens all of them at once.
    BACKEND = cv2.CAP_DSHOW
elif sys.platform == "darwin":
    BACKEND = cv2.CAP_AVFOUNDATION
    # OpenCV would ask for permission from the main thread only; `must_be_allowed` has asked already.
    os.environ.setdefault("OPENCV_AVFOUNDATION_SKIP_AUTH", "1")
else:
    BACKEND = cv2.CAP_V4L2
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")  # seconds without a picture; ten, if not told
"""The part of OpenCV that reads local cameras."""

_LISTED = Path("/sys/class/video4linux")

_CAPTURES = 0x1
"""V4L2_CAP_VIDEO_CAPTURE"""

_QUERYCAP, _REQBUFS = 0x80685600, 0xC0145608
"""The ioctls VIDIOC_QUERYCAP and VIDIOC_REQBUFS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A local camera that is plugged in."""

    number: int
    """OpenCV's number for it, until it is unplugged."""

    identity: str
    """What it is known by after replugging."""

    description: str
    """What the system calls it."""


def local() -> tuple[Here, ...]:
    """All local cameras, in the system's order."""
    if sys.platform in ("win32", "darwin"):
        return _enumerated()
    # One camera has several entries, for pictures and for notes about them, or for several kinds of pictures.
    entries = sorted(_LISTED.glob("video*"), key=lambda path: int(re.sub(r"\D", "", path.name) or 0))
    found: dict[str, Here] = {}
    for entry in entries:
        if not _gives_pictures(Path("/dev") / entry.name):
            continue
        number = int(entry.name.removeprefix("video"))
        identity = _identity(entry)
        description = _line(entry / "name") or entry.name
        found.setdefault(identity, Here(number=number, identity=identity, description=description))
    return tuple(found.values())


def must_be_allowed(camera: Here) -> None:
    """Say so if the system does not let us use *camera*, as far as it tells beforehand.

    Raises:
        DeviceDenied: it does not.
        DeviceMissing: it has just been unplugged.
    """
    if sys.platform == "darwin":
        _mac_must_allow(camera)
    elif sys.platform != "win32":
        try:
            os.close(os.open(f"/dev/video{camera.number}", os.O_RDWR | os.O_NONBLOCK))
        except OSError as error:
            raise _meaning(error, camera) from None


def refused(camera: Here) -> DeviceError:
    """Why OpenCV could not open or start *camera*, as far as the system tells."""
    if sys.platform in ("win32", "darwin"):
        return DeviceBusy(
            f"{camera.description} cannot be opened",
            hint="close other programs that use it, and see that the system's privacy settings allow the camera",
        )
    import fcntl

    # To ask for buffers and to give them back does nothing, but is refused while somebody else has some.
    try:
        node = os.open(f"/dev/video{camera.number}", os.O_RDWR | os.O_NONBLOCK)
        try:
            for count in (1, 0):
                fcntl.ioctl(node, _REQBUFS, bytearray(struct.pack("=5I", count, 1, 1, 0, 0)))
        finally:
            os.close(node)
    except OSError as error:
        return _meaning(error, camera)
    return DeviceLost(f"{camera.description} gives no picture", hint="unplug it and plug it in again")


def _meaning(error: OSError, camera: Here) -> DeviceError:
    if error.errno == errno.EBUSY:
        return DeviceBusy(f"{camera.description} is used by another program", hint="close that program")
    if error.errno in (errno.EACCES, errno.EPERM):
        return DeviceDenied(
            f"the system does not let you use {camera.description} (/dev/video{camera.number})",
            hint="add yourself to the group video (sudo usermod -aG video $USER), log out and in again",
        )
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return DeviceMissing(camera.description, hint="it has just been unplugged")
    return DeviceLost(
        f"{camera.description} cannot be opened ({error.strerror})", hint="unplug it and plug it in again"
    )


def _gives_pictures(node: Path) -> bool:
    """Whether it is a camera rather than its notes, a decoder or an output; one that we may not ask may be one."""
    import fcntl

    answer = bytearray(104)
    try:
        opened = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return error.errno in (errno.EACCES, errno.EPERM, errno.EBUSY)
    try:
        fcntl.ioctl(opened, _QUERYCAP, answer)
    except OSError:
        return False
    finally:
        os.close(opened)
    return bool(struct.unpack_from("=I", answer, 88)[0] & _CAPTURES)  # device_caps, behind three names and two numbers


def _identity(entry: Path) -> str:
    """What a camera is known by: of a USB one its maker, model and serial number, or else its socket."""
    device = (entry / "device").resolve()
    if not (entry / "device").exists():
        return f"{_line(entry / 'name')}@{entry.name}"  # made by a program: only the name and the number are left
    for place in (device, *device.parents):
        maker, model = _line(place / "idVendor"), _line(place / "idProduct")
        if maker and model:
            serial = _line(place / "serial")
            # Many cameras have none, or all of a make the same short one.
            where = serial if len(serial) > 4 else f"@{_controller(place)}-{_line(place / 'devpath')}"
            return f"usb:{maker}:{model}:{where}" + _part(device)
    return f"{_line(entry / 'name')}@{device.name}"


def _controller(place: Path) -> str:
    """The USB controller behind a socket; unlike the number of its bus it stays the same."""
    root = next((parent for parent in place.parents if re.fullmatch(r"usb\d+", parent.name)), place)
    return root.parent.name


def _part(device: Path) -> str:
    """Which of several cameras in one housing, such as the one for faces: its interface, where it is not the first."""
    interface = re.search(r":\d+\.(\d+)$", device.name)
    return f"#{interface[1]}" if interface and interface[1] != "0" else ""


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _enumerated() -> tuple[Here, ...]:
    from cv2_enumerate_cameras import enumerate_cameras

    return tuple(
        Here(number=one.index, identity=one.path or one.name, description=one.name)
        for one in enumerate_cameras(BACKEND)
    )


def _mac_must_allow(camera: Here) -> None:
    import AVFoundation  # type: ignore[import-not-found]

    asked = AVFoundation.AVCaptureDevice.authorizationStatusForMediaType_(AVFoundation.AVMediaTypeVideo)
    if asked == 0:  # not yet: the system asks the person, and we go on when it is allowed
        AVFoundation.AVCaptureDevice.requestAccessForMediaType_completionHandler_(
            AVFoundation.AVMediaTypeVideo, lambda allowed: None
        )
    if asked != 3:
        raise DeviceDenied(
            f"macOS does not let this program use {camera.description}",
            hint="allow it in System Settings, Privacy & Security, Camera (for a terminal: that terminal)",
        )
