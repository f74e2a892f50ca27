"""Sticks: found, looked through, and written so that what they hold is whole."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from flipcast.sticks import Stick, StickFailed, copy_onto, decks_on, sticks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a machine of folders is one of Unix")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with a disk that stays, a stick, and a large stick that does not say that it is one."""
    mounts = ["/dev/sda1 / ext4 rw 0 0", "proc /proc proc rw 0 0"]
    for disk, removable, bus, where in (
        ("sda", "0", "pci0/ata1", None),
        ("sdb", "1", "pci0/usb1", "media/ann/MY\\040STICK"),
        ("sdc", "0", "pci0/usb2", "media/ann/BIG"),
        ("nvme0n1", "0", "pci0/nvme", "data"),
    ):
        place = tmp_path / "sys" / "devices" / bus / disk
        place.mkdir(parents=True)
        (place / "removable").write_text(removable)
        (tmp_path / "sys" / "block").mkdir(exist_ok=True)
        (tmp_path / "sys" / "block" / disk).symlink_to(place)
        if where:
            (tmp_path / where.replace("\\040", " ")).mkdir(parents=True)
            mounts.append(f"/dev/{disk}{'p1' if disk[0] == 'n' else '1'} /{where} vfat rw 0 0")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "mounts").write_text("\n".join(mounts) + "\n")
    return tmp_path


@pytest.fixture
def stick(machine: Path) -> Stick:
    return sticks(machine)[0]


def test_sticks_are_told_from_disks_that_stay(machine: Path):
    """A lecture copied onto the machine's own disk would be left for the next person."""
    assert [stick.name for stick in sticks(machine)] == ["MY STICK", "BIG"]
    assert all(stick.free_bytes and stick.writable for stick in sticks(machine))


def test_volumes_of_a_mac_are_sticks_but_for_its_own(tmp_path: Path):
    """There every volume but the system's link is something that was put in."""
    (tmp_path / "Volumes" / "STICK").mkdir(parents=True)
    (tmp_path / "Volumes" / "Macintosh HD").symlink_to("/")

    assert [stick.name for stick in sticks(tmp_path)] == ["STICK"]


def test_slides_on_a_stick_are_found_newest_first(stick: Stick):
    """What was saved last is what is wanted, most of the time."""
    for age, name in enumerate(
        ("new.pdf", "talks/old.PPTX", "a/b/c/deep.odp", "a/b/c/d/deeper.pdf", ".hid.pdf", "x.exe")
    ):
        path = stick.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (1e9 - age, 1e9 - age))
    (stick.folder / "link.pdf").symlink_to("/etc/passwd")

    assert [found.title for found in decks_on(stick)] == ["new", "old", "deep"]


def test_a_lecture_is_copied_whole_and_replaces_nothing(stick: Stick, tmp_path: Path):
    """It may be the only copy that its speaker takes home."""
    lecture = tmp_path / "lecture.mp4"
    lecture.write_bytes(os.urandom(5_000_000))
    told: list[float] = []

    first = copy_onto(stick, lecture, name="../Week 1: <Proof>?", report=told.append)
    second = copy_onto(stick, lecture, name="../Week 1: <Proof>?")

    assert first.name == "Week 1 Proof.mp4"
    assert second.name == "Week 1 Proof (2).mp4"
    assert first.read_bytes() == second.read_bytes() == lecture.read_bytes()
    assert sorted(told) == told
    assert told[-1] == 1.0
    assert sorted(path.name for path in stick.folder.iterdir()) == [second.name, first.name]


def test_a_copy_called_off_or_failed_leaves_nothing(stick: Stick, tmp_path: Path):
    """Half a lecture looks like a whole one until it is played."""
    lecture = tmp_path / "lecture.mp4"
    lecture.write_bytes(bytes(5_000_000))
    stop = threading.Event()

    with pytest.raises(StickFailed, match="called off"):
        copy_onto(stick, lecture, name="a", stop=stop, report=lambda _: stop.set())
    assert not list(stick.folder.iterdir())

    stick.folder.rmdir()
    with pytest.raises(StickFailed, match="is gone"):
        copy_onto(stick, lecture, name="a")


def test_a_file_too_large_for_the_stick_is_refused_first(stick: Stick, tmp_path: Path):
    """Sooner than after ten minutes of copying."""
    lecture = tmp_path / "lecture.mp4"
    with lecture.open("wb") as file:
        file.truncate(5 * 2**30)

    with pytest.raises(StickFailed, match=r"4 GB|are free"):
        copy_onto(stick, lecture, name="a")
