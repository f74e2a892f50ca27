"""Cameras: a real stream with real faults, and where there is one, a real device of the system."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture import marks
from capture.clock import SECOND, now_ns
from capture.errors import DeviceBusy, DeviceLost, DeviceMissing
from capture.frames import Frame, Kind
from capture.sources import Wanted, camera, cameras_here
from tests.fixtures.rig_camera import MadeCamera, RigCamera


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def opened() -> Iterator[list[camera.Camera]]:
    """What is put in here is closed at the end."""
    sources: list[camera.Camera] = []
    yield sources
    for source in sources:
        source.close()


def at(address: str) -> Wanted:
    return Wanted(kind=Kind.CAMERA, member="camera", address=address, latency_ms=0.0)


def look(address: str, opened: list[camera.Camera]) -> Iterator[Frame]:
    opened.append(camera.open(at(address)))
    return opened[-1].frames()


def ages_ms(frames: list[Frame]) -> list[float]:
    ticks = [(marks.read(frame.picture[..., 1]), frame.at_ns) for frame in frames]
    return [marks.age_ns(tick, at_ns) / 1e6 for tick, at_ns in ticks if tick is not None]


def until_lost(feed: Iterator[Frame]) -> tuple[DeviceLost, float]:
    """Read to the end; the fault, and seconds until it."""
    began = time.monotonic()
    try:
        for _ in feed:
            assert time.monotonic() - began < 8
    except DeviceLost as fault:
        return fault, time.monotonic() - began
    pytest.fail("it ended as if it had been closed")


def test_what_the_lens_sees_is_what_comes(rig_camera: RigCamera, opened: list[camera.Camera]):
    """And its moment is when it was seen: the mark that is read back is a few milliseconds old."""
    ages = ages_ms(list(islice(look(rig_camera.url, opened), 40)))

    assert len(ages) == 40
    assert 0 <= np.median(ages) < 30


@pytest.mark.parametrize("rate", ["12.5", "30"])
def test_the_rate_is_measured(rate: str, rig_camera: RigCamera, opened: list[camera.Camera]):
    """OpenCV says 25 of every such camera."""
    rig_camera.turn(rate=float(rate))

    look(rig_camera.url, opened)

    assert opened[0].shape.rate == Fraction(rate)


def test_a_slow_reader_sees_the_present(rig_camera: RigCamera, opened: list[camera.Camera]):
    """A camera that is not drained shows the past: two seconds of it after four."""
    feed = look(rig_camera.url, opened)
    for _ in range(8):
        late = next(feed)
        time.sleep(0.2)

    assert now_ns() - late.at_ns < 0.7 * SECOND
    assert all(age < 60 for age in ages_ms([late]))  # at its own moment it was new


def test_a_frozen_camera_is_lost_within_a_second_or_so(rig_camera: RigCamera, opened: list[camera.Camera]):
    """Thirty seconds of nothing is what OpenCV would wait."""
    feed = look(rig_camera.url, opened)
    next(feed)
    rig_camera.turn("freeze")

    _, seconds = until_lost(feed)

    assert seconds < 2


def test_an_unplugged_camera_is_lost_at_once_and_can_come_back(rig_camera: RigCamera, opened: list[camera.Camera]):
    """Somebody trips over a cable, and plugs it in again."""
    feed = look(rig_camera.url, opened)
    next(feed)
    rig_camera.turn("unplug")

    _, seconds = until_lost(feed)
    assert seconds < 0.7
    with pytest.raises(DeviceMissing, match=r"127\.0\.0\.1"):
        camera.open(at(rig_camera.url))
    rig_camera.turn("ok")
    assert next(look(rig_camera.url, opened))


def test_the_very_same_picture_for_three_seconds_is_a_fault(rig_camera: RigCamera, opened: list[camera.Camera]):
    """The stream goes on, and so nothing else would tell."""
    feed = look(rig_camera.url, opened)
    list(islice(feed, 40))
    rig_camera.turn("same")

    fault, seconds = until_lost(feed)

    assert "very same picture" in fault.what
    assert 2.5 < seconds < 4.5


def test_a_picture_that_was_still_from_the_start_is_none(rig_camera: RigCamera, opened: list[camera.Camera]):
    """A slide that comes by an HDMI grabber has no noise, and stands for minutes."""
    rig_camera.turn("same")
    feed = look(rig_camera.url, opened)

    pictures = [frame.picture for frame in islice(feed, 110)]

    assert np.array_equal(pictures[0], pictures[-1])


def test_damaged_pictures_are_passed_over(rig_camera: RigCamera, opened: list[camera.Camera]):
    """A bad cable or a weak network is no reason to lose the rest."""
    rig_camera.turn("garbage")

    frames = list(islice(look(rig_camera.url, opened), 60))

    assert len(ages_ms(frames)) >= 30


def test_a_camera_that_hesitates_is_not_lost(rig_camera: RigCamera, opened: list[camera.Camera]):
    """In a dark room many do."""
    rig_camera.turn(jitter_ms=60)
    feed = look(rig_camera.url, opened)
    rig_camera.turn(rate=4)

    assert len(list(islice(feed, 8))) == 8


def test_a_camera_that_changes_its_size_goes_on(rig_camera: RigCamera, opened: list[camera.Camera]):
    """A camera that is turned does it; the track keeps the size that it began with."""
    feed = look(rig_camera.url, opened)
    assert next(feed).picture.shape == (360, 640, 3)

    rig_camera.turn(width=800, height=450)

    later = list(islice(feed, 40))[20:]
    assert {frame.picture.shape for frame in later} == {(360, 640, 3)}
    assert len(ages_ms(later)) == 20
    assert all(age < 200 for age in ages_ms(later))


def test_two_cameras_do_not_wait_for_each_other(rig_cameras: MadeCamera, opened: list[camera.Camera]):
    """One for the face and one for the hands: freezing one leaves the other."""
    face, hands = rig_cameras(), rig_cameras(width=320, height=180)
    feeds = [look(one.url, opened) for one in (face, hands)]
    next(feeds[0])
    hands.turn("freeze")

    until_lost(feeds[1])

    assert ages_ms(list(islice(feeds[0], 20)))


def test_a_password_is_used_and_never_shown(rig_camera: RigCamera, opened: list[camera.Camera]):
    """The name of a device goes into the take, the log and the list."""
    secret = rig_camera.url.replace("//", "//ada:sesame@") + "?token=sesame"
    feed = look(secret, opened)
    assert next(feed)
    assert opened[0].device == rig_camera.url
    rig_camera.turn("unplug")

    fault, _ = until_lost(feed)
    with pytest.raises(DeviceMissing) as caught:
        camera.open(replace(at(secret), label=f"camera:{secret}"))

    assert "sesame" not in f"{fault}{caught.value}{[thread.name for thread in threading.enumerate()]}"


def test_only_cameras_are_opened(tmp_path: Path):
    """An address is no way to a file."""
    for address in (f"file://{tmp_path}/film.mp4", "concat://a|b", "ftp://10.0.0.1/film.mp4"):
        with pytest.raises(DeviceMissing, match="begins with one of: http"):
            camera.open(at(address))


def test_usual_latency_is_taken_off_where_none_was_measured(rig_camera: RigCamera, opened: list[camera.Camera]):
    """It differs by the kind of camera, and is said."""
    opened.append(camera.open(replace(at(rig_camera.url), latency_ms=None)))

    assert opened[0].latency_ms == camera.HOST_LATENCY_MS


def test_a_camera_that_is_gone_is_missing_by_its_name(opened: list[camera.Camera]):
    """Another one never takes its place; those that are here are named."""
    with pytest.raises(DeviceMissing, match="camera:front"):
        camera.open(replace(at("usb:046d:0825:A1B2C3D4"), label="camera:front"))


def plugged(root: Path, name: str, **attributes: str) -> Path:
    """A USB camera as the kernel shows it, in the socket *name*."""
    device = root / "devices/pci0000:00/0000:00:14.0/usb1" / name / f"{name}:1.0"
    (device / "video4linux/video0").mkdir(parents=True)
    for key, value in attributes.items():
        (device.parent / key).write_text(f"{value}\n")
    (device / "video4linux/video0/device").symlink_to(device)
    return device / "video4linux/video0"


@pytest.mark.skipif(os.name == "nt", reason="V4L2 is a part of Linux")
def test_a_usb_camera_is_known_by_its_serial_number_or_its_socket(tmp_path: Path):
    """Two of one make must not be taken for each other, and a number of the system's changes with each plugging in."""
    known = {"idVendor": "046d", "idProduct": "0825"}
    first = cameras_here._identity(plugged(tmp_path / "a", "1-2", **known, serial="A1B2C3D4", devpath="2"))
    moved = cameras_here._identity(plugged(tmp_path / "b", "1-7", **known, serial="A1B2C3D4", devpath="7"))
    nameless = cameras_here._identity(plugged(tmp_path / "c", "1-2", **known, devpath="2"))
    other = cameras_here._identity(plugged(tmp_path / "d", "1-4.1", **known, devpath="4.1"))

    assert first == moved == "usb:046d:0825:A1B2C3D4"
    assert (nameless, other) == ("usb:046d:0825:@0000:00:14.0-2", "usb:046d:0825:@0000:00:14.0-4.1")


NODE = Path("/dev/video0")
real = pytest.mark.skipif(not NODE.exists(), reason="there is no camera at /dev/video0")


@real
def test_a_real_camera_is_listed_and_read(opened: list[camera.Camera]):
    """By its lasting identity, in the size that it granted."""
    device = camera.present()[0]
    assert device.default

    opened.append(camera.open(replace(at(device.identity), width=320, height=180, latency_ms=None)))
    frames = list(islice(opened[0].frames(), 20))

    assert opened[0].device == device.description
    assert frames[-1].picture.shape[:2] == (opened[0].shape.height, opened[0].shape.width)
    assert opened[0].latency_ms == camera.LOCAL_LATENCY_MS
    passed = (frames[-1].at_ns - frames[0].at_ns) / SECOND
    assert passed == pytest.approx(19 / float(opened[0].shape.rate), rel=0.35)


@real
def test_a_real_camera_that_somebody_holds_is_busy(opened: list[camera.Camera]):
    """A video call left open is the usual reason."""
    identity = camera.present()[0].identity
    next(look(identity, opened))

    with pytest.raises(DeviceBusy, match="used by another program"):
        camera.open(at(identity))


DRIVER = Path("/sys/bus/platform/drivers/vivid")


@real
@pytest.mark.skipif(not os.access(DRIVER / "unbind", os.W_OK), reason="this camera cannot be unplugged by a program")
def test_a_real_camera_is_lost_when_unplugged_and_found_again(opened: list[camera.Camera]):
    """The same name for the same camera, whatever number the system gives it now."""
    identity = camera.present()[0].identity
    feed = look(identity, opened)
    next(feed)
    (DRIVER / "unbind").write_text("vivid.0")
    try:
        until_lost(feed)
        with pytest.raises(DeviceMissing):
            camera.open(at(identity))
    finally:
        opened.pop().close()
        (DRIVER / "bind").write_text("vivid.0")
    until = time.monotonic() + 10
    while not camera.present():
        assert time.monotonic() < until
    assert next(look(identity, opened)).picture.any()


def test_opencv_gives_what_this_is_built_on():
    """A build of OpenCV without FFmpeg would find no camera in the network, and say nothing."""
    assert cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
