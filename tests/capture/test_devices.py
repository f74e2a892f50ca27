"""Devices are found by the names people gave them, and never mistaken for one another."""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from capture.address import without_password
from capture.devices import Devices
from capture.errors import DeviceError, DeviceMissing
from capture.frames import Kind
from capture.known import FILE
from capture.sources import Device, spoken

SCREEN = Device(kind=Kind.SCREEN, name="1", identity="screen-1", description="Screen 1", member="screen", default=True)
BUILT_IN = Device(
    kind=Kind.CAMERA,
    name="integrated-camera",
    identity="usb:04f2:b6dd",
    description="Integrated Camera",
    member="camera",
)
STICK = Device(
    kind=Kind.CAMERA, name="hd-stick", identity="usb:1d4d:1002", description="HD Stick", member="camera", default=True
)
MICROPHONE = Device(
    kind=Kind.MICROPHONE, name="rig-microphone", identity="pulse:rig", description="Rig", member="microphone"
)
DOOR = "http://booth:secret@10.0.0.7/video.mjpg"


class Desk:
    """A desk with devices that can be plugged in and pulled out."""

    def __init__(self, folder: Path) -> None:
        self.here = [SCREEN, BUILT_IN, STICK, MICROPHONE]
        self.folder = folder

    @property
    def devices(self) -> Devices:
        """The devices as the next command sees them."""
        return Devices(self.folder, look=lambda: tuple(self.here))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "state")


def test_a_name_given_once_finds_the_same_camera_again(desk: Desk) -> None:
    """A lecturer says "front" next week, with the cables in other sockets."""
    desk.devices.name(spoken("camera:integrated-camera"), "front")
    desk.here = [STICK, replace(BUILT_IN, name="integrated-camera-2", description="Camera (renamed by an update)")]

    found = desk.devices.wanted(spoken("camera:Front"))

    assert found.address == BUILT_IN.identity
    assert found.label == "camera:front"


def test_a_named_camera_that_is_unplugged_is_missing_and_no_other_is_taken(desk: Desk) -> None:
    """An hour of the wrong wall is worse than a sentence before the lecture."""
    desk.devices.name(spoken("camera:integrated-camera"), "front")
    desk.here.remove(BUILT_IN)

    with pytest.raises(
        DeviceMissing, match=r"camera:front .*Integrated Camera.* is not here now, last seen on 2"
    ) as gone:
        desk.devices.wanted(spoken("camera:front"))

    assert "camera:hd-stick" in str(gone.value)


def test_a_device_that_was_used_once_is_missed_by_its_own_name(desk: Desk) -> None:
    """Whoever never gave names has the same right to know when it was here last."""
    desk.devices.wanted(spoken("camera:hd-stick"))
    desk.here.remove(STICK)

    with pytest.raises(DeviceMissing, match=r"camera:hd-stick .*last seen on"):
        desk.devices.wanted(spoken("camera:hd-stick"))


def test_a_misspelt_name_is_guessed_and_not_taken(desk: Desk) -> None:
    """The guess is said; the choice stays with the person."""
    desk.devices.name(spoken("microphone:rig-microphone"), "desk")

    with pytest.raises(DeviceMissing, match=r"did you mean microphone:desk\? here are: microphone:desk"):
        desk.devices.wanted(spoken("microphone:dsk"))


def test_a_network_camera_has_a_name_too_and_its_password_is_not_shown(desk: Desk) -> None:
    """Addresses with passwords end up in labels, takes and lists otherwise."""
    plain = desk.devices.wanted(spoken(f"camera:{DOOR}"))
    assert (plain.address, plain.label) == (DOOR, "camera:http://10.0.0.7/video.mjpg")

    desk.devices.name(spoken(f"camera:{DOOR}"), "door")

    assert desk.devices.wanted(spoken("camera:door")).address == DOOR
    assert desk.devices.wanted(spoken(f"camera:{DOOR}")).label == "camera:door"
    if os.name == "posix":
        assert stat.S_IMODE((desk.folder).stat().st_mode) == 0o700


def test_with_nothing_said_one_of_each_is_taken(desk: Desk) -> None:
    """The default camera is the one that the system takes, not the one that comes first."""
    assert [one.label for one in desk.devices.usual()] == [
        "screen:1",
        "camera:hd-stick",
        "microphone:rig-microphone",
    ]

    desk.here = [MICROPHONE]
    assert [one.label for one in desk.devices.usual()] == ["microphone:rig-microphone"]

    desk.here = []
    with pytest.raises(DeviceMissing, match="no screen, camera or microphone is here"):
        desk.devices.usual()


def test_a_kind_alone_means_its_default(desk: Desk) -> None:
    """``--from camera`` is what people type first."""
    assert desk.devices.wanted(spoken("camera")).address == STICK.identity
    desk.here = [MICROPHONE]
    with pytest.raises(DeviceMissing, match="no device is called 'camera' — no camera is here"):
        desk.devices.wanted(spoken("camera"))


def test_latency_is_kept_with_the_device_and_says_whether_it_was_measured(desk: Desk) -> None:
    """Sync is only as good as what is known of each device."""
    camera = desk.devices.wanted(spoken("camera:hd-stick"))
    assert (camera.latency_ms, camera.measured) == (None, False)

    desk.devices.measured(camera, latency_ms=84.5, spread_ms=6.0)
    camera = desk.devices.wanted(spoken("camera:hd-stick"))
    assert (camera.latency_ms, camera.measured) == (84.5, True)

    desk.devices.name(spoken("camera:hd-stick"), latency_ms=60.0)
    camera = desk.devices.wanted(spoken("camera:hd-stick"))
    assert (camera.latency_ms, camera.measured) == (60.0, False)


def test_a_name_belongs_to_one_device_until_it_is_forgotten(desk: Desk) -> None:
    """Two cameras of one name would be a coin tossed at each lecture."""
    desk.devices.name(spoken("camera:integrated-camera"), "front")
    with pytest.raises(DeviceError, match="another device is called so already: camera:integrated-camera"):
        desk.devices.name(spoken("camera:hd-stick"), "front")
    with pytest.raises(DeviceError, match="another device is called so already"):
        desk.devices.name(spoken("camera:integrated-camera"), "hd-stick")
    desk.devices.name(spoken("microphone:rig-microphone"), "front")  # of another kind it is another name

    desk.devices.name(spoken("camera:front"), "side")  # renamed
    desk.devices.name(spoken("camera:hd-stick"), "front")
    assert desk.devices.wanted(spoken("camera:front")).address == STICK.identity
    with pytest.raises(DeviceError, match=r"2 devices are called 'front'.*camera:front, microphone:front"):
        desk.devices.forget("front")
    assert desk.devices.forget("camera:front").identity == STICK.identity
    with pytest.raises(DeviceMissing):
        desk.devices.wanted(spoken("camera:front"))
    with pytest.raises(DeviceMissing, match=r"remembered are: .*camera:side"):
        desk.devices.forget("roof")


@pytest.mark.parametrize("name", ["", "1", "two words", "../up", "-x", "a" * 41, "café", "x@1x1+0+0"])
def test_a_name_is_small_letters_digits_and_hyphens(desk: Desk, name: str) -> None:
    """Names are typed on command lines; a number would be mistaken for a screen's."""
    if not name:
        assert desk.devices.name(spoken("camera:hd-stick"), "").name == ""
        return
    with pytest.raises(DeviceError, match="cannot be the name of a device"):
        desk.devices.name(spoken("camera:hd-stick"), name)


def test_the_list_shows_what_is_here_and_what_is_remembered_and_gone(desk: Desk) -> None:
    """Somebody looking for a camera wants to see that it is known, and not plugged in."""
    desk.devices.name(spoken("camera:integrated-camera"), "front")
    desk.devices.name(spoken(f"camera:{DOOR}"), "door")
    desk.here.remove(BUILT_IN)

    rows = desk.devices.listed()

    assert [(row.spoken, row.here) for row in rows] == [
        ("screen:1", True),
        ("camera:hd-stick", True),
        ("microphone:rig-microphone", True),
        ("camera:front", False),
        ("camera:door", None),
    ]


def test_patterns_windows_and_screens_that_cannot_be_asked_are_left_to_their_sources(desk: Desk) -> None:
    """Opening a closed screen says why; a list without screens could not."""
    desk.here = []
    for text in ("pattern", "tone", "window:Slides", "screen:1"):
        assert desk.devices.wanted(spoken(text)) == spoken(text)


def test_a_part_of_a_screen_keeps_its_part_in_the_label(desk: Desk) -> None:
    """The take says which part was recorded."""
    desk.devices.name(spoken("screen:1"), "beamer")

    part = desk.devices.wanted(spoken("screen:beamer@640x360+10+20"))

    assert part.label == "screen:beamer@640x360+10+20"
    assert part.region is not None
    assert part.address == SCREEN.identity


def test_a_torn_file_is_said_and_not_overwritten(desk: Desk) -> None:
    """Names cost people time; a fault in the file is no reason to throw them away."""
    desk.folder.mkdir(parents=True)
    (desk.folder / FILE).write_text('[{"kind": "cam')

    with pytest.raises(DeviceError, match="which remembers the names of devices, cannot be read"):
        desk.devices.name(spoken("camera:hd-stick"), "front")

    assert (desk.folder / FILE).read_text() == '[{"kind": "cam'


def test_many_commands_at_once_lose_no_name(desk: Desk) -> None:
    """A page and a command may both be at the desk."""
    desk.here = [replace(STICK, name=f"camera-{n}", identity=f"usb:{n}") for n in range(8)]

    def give(number: int) -> None:
        desk.devices.name(spoken(f"camera:camera-{number}"), f"name-{number}")

    threads = [threading.Thread(target=give, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(row.spoken for row in desk.devices.listed()) == [f"camera:name-{n}" for n in range(8)]


def test_a_state_folder_that_cannot_be_written_keeps_nobody_from_recording(desk: Desk) -> None:
    """A full or read-only home is no reason to lose a lecture."""
    desk.folder.write_text("a file where the folder should be")

    assert desk.devices.wanted(spoken("camera:hd-stick")).address == STICK.identity
    with pytest.raises(DeviceError, match=r"devices cannot be remembered|cannot be read"):
        desk.devices.name(spoken("camera:hd-stick"), "front")


def test_what_an_address_keeps_to_itself_is_shown_nowhere():
    """Many cameras take a token after the question mark; take.json lies beside the lecture for anyone to read."""
    assert without_password("http://booth:secret@10.0.0.7/video?token=secret") == "http://10.0.0.7/video"
