"""The latest picture of a track, for whoever wants to look."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from capture import preview
from capture.clock import now_ns
from capture.frames import Frame
from capture.preview import Look, Preview


def frame(value: int, *, width: int = 64, height: int = 48, channels: int = 3) -> Frame:
    return Frame(picture=np.full((height, width, channels), value, np.uint8), at_ns=now_ns())


@pytest.fixture
def shown(tmp_path: Path):
    made = Preview(tmp_path, "camera", rate=1e6)
    yield made
    made.close()


def test_the_newest_picture_is_seen_once(shown: Preview, tmp_path: Path):
    """A page draws what is new, and does nothing where nothing is."""
    with Look(tmp_path, "camera") as look:
        assert look.newest() is None
        shown.offer(frame(10))
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


def test_no_more_pictures_than_its_rate(tmp_path: Path):
    """A preview is not worth a core."""
    shown = Preview(tmp_path, "camera", rate=0.1)
    with Look(tmp_path, "camera") as look:
        look.newest()
        shown.offer(frame(10))
        shown.offer(frame(20))
        seen = look.newest()
    shown.close()

    assert seen is not None
    assert seen.picture[0, 0, 0] == 10


def _look(folder: str, wanted: int, found: multiprocessing.Queue) -> None:
    torn = seen = 0
    with Look(Path(folder), "camera") as look:
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
    code = "from capture import preview; print(preview.make_folder())"
    left = Path(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    assert left.is_dir()
    ours = preview.make_folder()
    try:
        assert left.exists() is (os.name == "nt")
        assert ours.is_dir()
        if os.name != "nt":
            assert ours.stat().st_mode & 0o077 == 0
    finally:
        preview.remove_folder(ours)
        preview.remove_folder(left)
    assert not ours.exists()
