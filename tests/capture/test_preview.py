"""The latest picture of a track, for whoever wants to look."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from capture import mapped
from capture.clock import now_ns
from capture.frames import Frame
from capture.preview import Look, Preview


def frame(value: int, *, width: int = 64, height: int = 48, channels: int = 3) -> Frame:
    return Frame(picture=np.full((height, width, channels), value, np.uint8), at_ns=now_ns())


@pytest.fixture
def shown(tmp_path: Path):
    made = Preview(tmp_path, "camera")
    yield made
    made.close()


def test_the_newest_picture_is_seen_once(shown: Preview, tmp_path: Path):
    """A page draws what is new, and does nothing where nothing is."""
    with Look(tmp_path, "camera") as look:
        assert look.newest() is None
        shown.offer(frame(10))
        time.sleep(0.1)
        shown.offer(sent := frame(20))
        seen = look.newest()
        assert look.newest() is None

    assert seen is not None
    assert seen.at_ns == sent.at_ns
    assert np.array_equal(seen.picture, sent.picture)


def test_a_large_picture_is_made_small(shown: Preview, tmp_path: Path):
    """A page is not sent two megapixels to show in a corner."""
    with Look(tmp_path, "camera") as look:
        look.newest()
        shown.offer(frame(99, width=1920, height=1080, channels=4))
        seen = look.newest()

    assert seen is not None
    assert seen.picture.shape == (540, 960, 3)


def test_nothing_is_drawn_while_nobody_looks(shown: Preview, tmp_path: Path):
    """A preview that nobody sees costs nothing."""
    shown.offer(frame(10))
    with Look(tmp_path, "camera") as look:
        assert look.newest() is None


def test_no_more_pictures_than_are_wished_for(shown: Preview, tmp_path: Path):
    """A preview is not worth a core."""
    with Look(tmp_path, "camera", rate=0.1) as look:
        look.newest()
        shown.offer(frame(10))
        shown.offer(frame(20))
        seen = look.newest()

    assert seen is not None
    assert seen.picture[0, 0, 0] == 10


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (960, 540), (800, 450), (640, 360)])
def test_a_picture_comes_in_the_size_that_is_wished_for(
    shown: Preview, tmp_path: Path, size: tuple[int, int], channels: int
):
    """The booth shows the camera full screen; a list of sources shows it in a corner."""
    with Look(tmp_path, "camera", size=size) as look:
        look.newest()
        shown.offer(frame(99, width=1920, height=1080, channels=channels))
        seen = look.newest()

    assert seen is not None
    assert seen.picture.shape == (size[1], size[0], 3)
    assert seen.picture.min() == seen.picture.max() == 99


def test_the_largest_wish_is_served_until_its_reader_goes(shown: Preview, tmp_path: Path):
    """Two pages may show one camera, the larger not blurred by the smaller."""
    with Look(tmp_path, "camera", size=(320, 180), rate=30) as small:
        small.newest()
        with Look(tmp_path, "camera", size=(1280, 720), rate=2) as large:
            large.newest()
            shown.offer(frame(1, width=1920, height=1080))
            both = small.newest(), large.newest()
        time.sleep(0.04)
        shown.offer(frame(2, width=1920, height=1080))
        after = small.newest()

    assert [seen and seen.picture.shape for seen in both] == [(720, 1280, 3)] * 2
    assert after is not None
    assert after.picture.shape == (180, 320, 3)


def test_more_readers_than_there_is_room_for_are_served_in_turn(shown: Preview, tmp_path: Path):
    """A page too many must not leave another one in the dark."""
    looks = [Look(tmp_path, "camera") for _ in range(20)]
    for look in looks:
        look.newest()
    shown.offer(frame(10))
    seen = [look.newest() for look in looks]
    for look in looks:
        look.close()

    assert all(seen)


def test_a_reader_knows_that_the_recorder_is_another(tmp_path: Path):
    """The next take has a preview of the same name: a page that held on to the old one would stand still."""
    first = Preview(tmp_path, "camera")
    with Look(tmp_path, "camera") as look:
        there = look.over
        first.close()
        second = Preview(tmp_path, "camera")
        after = look.over
    second.close()

    assert (there, after) == (False, True)


def _look(folder: str, wanted: int, found: multiprocessing.Queue) -> None:
    torn = seen = 0
    with Look(Path(folder), "camera", size=(640, 360), rate=30) as look:
        while seen < wanted:
            picture = look.newest()
            if picture is not None:
                seen += 1
                torn += picture.picture.min() != picture.picture.max()
    found.put(torn)


def test_no_picture_is_ever_torn(shown: Preview, tmp_path: Path):
    """Half of one picture and half of the next looks like a fault of the camera."""
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    child = context.Process(target=_look, args=(str(tmp_path), 60, found))
    child.start()
    number, done = 0, threading.Event()
    while child.is_alive() and not done.is_set():
        number += 1
        shown.offer(frame(number % 250, width=640, height=360))
        if not found.empty():
            done.set()
    torn = found.get(timeout=10)
    child.join()
    found.close()
    found.join_thread()

    assert torn == 0


def test_no_preview_no_look(tmp_path: Path):
    """Whoever opens the page before the camera is told so."""
    with pytest.raises(FileNotFoundError):
        Look(tmp_path, "camera")


def test_what_the_dead_left_is_removed():
    """Memory that a killed recorder held would be missing until the next restart."""
    code = "from capture import mapped; print(mapped.make_folder())"
    left = Path(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    assert left.is_dir()
    ours = mapped.make_folder()
    try:
        assert left.exists() is (os.name == "nt")
        assert ours.is_dir()
        if os.name != "nt":
            assert ours.stat().st_mode & 0o077 == 0
    finally:
        mapped.remove_folder(ours)
        mapped.remove_folder(left)
    assert not ours.exists()
