"""The live key, a process of its own: what pages look at while a take rolls, and what becomes of it on bad days."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture import mapped
from capture.clock import now_ns
from capture.frames import Frame
from capture.preview import Look, Preview
from greenscreen import plate as plates
from greenscreen.beside import Beside
from greenscreen.composite import Placing
from greenscreen.errors import KernelsMissing, PictureUnusable, PlateUnusable
from greenscreen.key import Key
from greenscreen.keyer import By
from greenscreen.live import Background, Behind, LiveKey, Report

RED = Background(colour=(0, 0, 255))
CORNER = np.s_[5:30, 5:30]


def wall(size: tuple[int, int] = (640, 360), *, light: float = 1.0, seed: int = 0) -> np.ndarray:
    """A green wall with folds, as a camera sees it."""
    width, height = size
    folds = 1 + 0.12 * np.sin(np.arange(width) / width * 40)
    noise = np.random.default_rng(seed).normal(0, 1.5, (height, width, 3))
    return (np.array((60, 165, 55)) * light * folds[None, :, None] + noise).clip(0, 255).astype(np.uint8)


def speaker(picture: np.ndarray, at: float) -> np.ndarray:
    """Somebody in dark red, who sways before it."""
    high, wide = picture.shape[:2]
    middle = round(wide * (0.5 + 0.1 * np.sin(at * 2)))
    cv2.ellipse(picture, (middle, high), (round(high * 0.36), round(high * 0.45)), 0, 0, 360, (50, 40, 110), -1)
    cv2.ellipse(picture, (middle, round(high * 0.36)), (high // 8, high // 6), 0, 0, 360, (150, 180, 230), -1)
    return picture


class Camera:
    """A recorder's preview of a camera, 15 a second, as a test wants it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.size, self.shift, self.offered = folder, (640, 360), 0, 0
        self._stop, self._there = threading.Event(), threading.Event()
        self.plug()

    def plug(self) -> None:
        """Let it show pictures."""
        self._preview = Preview(self.folder, "camera")
        self._stop.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def unplug(self) -> None:
        """Let it be gone, preview and all."""
        self._stop.set()
        self._thread.join()
        self._preview.close()

    def _run(self) -> None:
        while not self._stop.wait(1 / 15):
            at = now_ns() / 1e9
            if self._preview.wish is not None:
                self.offered += 1
            picture = np.roll(wall(self.size, seed=self.offered % 5), self.shift, axis=1)
            self._preview.offer(Frame(picture=speaker(picture, at), at_ns=now_ns()))


@pytest.fixture
def folder() -> Iterator[Path]:
    made = mapped.make_folder()
    yield made
    mapped.remove_folder(made)


@pytest.fixture
def camera(folder: Path) -> Iterator[Camera]:
    made = Camera(folder)
    yield made
    made.unplug()


def seen(folder: Path, fits: Callable[[np.ndarray], bool], *, within: float = 60) -> np.ndarray:
    """The first picture of the keyed camera that *fits*, looked at as a page does."""
    until = time.monotonic() + within
    look, last = None, None
    try:
        while time.monotonic() < until:
            if look is None or look.over:
                if look is not None:
                    look.close()
                look = None
                try:
                    look = Look(folder, "camera-keyed", size=(640, 360), rate=15)
                except FileNotFoundError:
                    time.sleep(0.05)
                    continue
            if (frame := look.newest()) is not None:
                last = frame.picture
                if fits(last):
                    return last
            time.sleep(0.01)
    finally:
        if look is not None:
            look.close()
    pytest.fail(f"no such picture came; the last was {None if last is None else (last.shape, last[20, 20])}")


def told(live: LiveKey, folder: Path, fits: Callable[[Report], bool], *, within: float = 20) -> Report:
    """The first report that *fits*, while a page looks."""
    until = time.monotonic() + within
    with Look(folder, live.name, size=(640, 360), rate=15) as look:
        while time.monotonic() < until:
            look.newest()
            if live.report is not None and fits(live.report):
                return live.report
            time.sleep(0.02)
    pytest.fail(f"no such report came; the last was {live.report}")


def red_behind(picture: np.ndarray) -> bool:
    """Whether the corner is red and the shirt is the shirt."""
    high, wide = picture.shape[:2]
    shirt = picture[round(high * 0.9), wide // 2].astype(int)
    return (
        bool(np.abs(np.median(picture[CORNER], (0, 1)) - (0, 0, 255)).max() < 12)
        and np.abs(shirt - (50, 40, 110)).max() < 20
    )


def plate(size: tuple[int, int] = (640, 360)) -> plates.Plate:
    return plates.take([wall(size, seed=n) for n in range(8)])


def test_a_speaker_is_seen_before_what_is_wished_for_and_it_changes_at_once(camera: Camera, folder: Path, tmp_path):
    """The booth's whole promise: step in, look up, and stand before something else."""
    cv2.imwrite(str(tmp_path / "sea.png"), np.full((90, 160, 3), (200, 100, 0), np.uint8))
    screen = Preview(folder, "screen")
    try:
        with LiveKey(folder, "camera", Beside(key=Key(), plate=plate()), background=RED) as live:
            live.ready()
            seen(folder, red_behind)
            report = told(live, folder, lambda one: one.rate > 5)
            live.stand_before(Background(kind=Behind.PICTURE, picture=tmp_path / "sea.png"))
            seen(folder, lambda one: bool(np.abs(one[20, 20].astype(int) - (200, 100, 0)).max() < 5))
            live.stand_before(Background(kind=Behind.BLUR))
            seen(folder, lambda one: bool(one[20, 20, 1] > one[20, 20, 2] + 60))
            live.stand_before(Background(kind=Behind.SCREEN, placing=Placing(across=0.8, height=0.5)))
            shown = np.full((720, 1280, 3), (10, 200, 220), np.uint8)
            ended = time.monotonic() + 10
            keyed = None
            with Look(folder, live.name, size=(640, 360), rate=15) as look:
                while time.monotonic() < ended and (keyed is None or keyed[20, 20, 2] != 220):
                    screen.offer(Frame(picture=shown, at_ns=now_ns()))
                    frame = look.newest()
                    keyed = keyed if frame is None else frame.picture
                    time.sleep(0.02)
            assert keyed is not None
            assert keyed[20, 20].tolist() == [10, 200, 220]
            assert np.abs(keyed[340, 512].astype(int) - (50, 40, 110)).max() < 25, "small, at the lower right"
            live.change(Key(soften=4.0))
            seen(folder, lambda one: one[20, 20, 2] == 220)
    finally:
        screen.close()

    assert report.by is By.PLATE
    assert not report.moved
    assert (report.width, report.height) == (640, 360)
    assert 0 < report.spent_ms <= report.longest_ms
    assert not list(folder.glob("camera-keyed*")), "nothing is left"


def test_while_nobody_looks_nothing_is_done(camera: Camera, folder: Path):
    """Most of a lecture nobody looks; the cores belong to the recorder then."""
    with LiveKey(folder, "camera", Beside(key=Key()), background=RED) as live:
        live.ready()
        time.sleep(1.5)
        assert camera.offered == 0, "not even the camera's own preview is asked for"
        seen(folder, red_behind)
        until = time.monotonic() + 10
        while time.monotonic() < until and (live.report is None or live.report.watched):
            time.sleep(0.1)
        assert live.report is not None
        assert not live.report.watched


def test_a_camera_that_was_lost_and_comes_back_larger_is_keyed_again(camera: Camera, folder: Path):
    """A cable that was kicked, and a camera that wakes up in another mode."""
    with LiveKey(folder, "camera", Beside(key=Key(), plate=plate()), background=RED) as live:
        live.ready()
        seen(folder, red_behind)
        camera.unplug()
        time.sleep(0.3)
        camera.size = (480, 360)
        camera.plug()
        shown = seen(folder, lambda one: one.shape == (360, 480, 3) and red_behind(one))
    assert shown.shape == (360, 480, 3)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_key_that_is_killed_is_begun_again_and_said(camera: Camera, folder: Path):
    """It may fall over as it likes: the picture is back in a moment, and the take never knew of it."""
    news: list[str] = []
    with LiveKey(
        folder,
        "camera",
        Beside(key=Key()),
        told=lambda one: news.append(one) if isinstance(one, str) else None,
    ) as live:
        live.ready()
        live.stand_before(RED)
        seen(folder, red_behind)
        before = live.pid
        os.kill(before, signal.SIGKILL)
        until = time.monotonic() + 10
        while live.pid == before and time.monotonic() < until:
            time.sleep(0.05)
        seen(folder, red_behind)
        assert live.pid != before
    assert any("signal 9" in text and "begun again" in text for text in news)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_it_does_not_outlive_whoever_steers_it(folder: Path):
    """A page's server that is killed must not leave a keyer that warms the laptop all night."""
    code = (
        "import sys, time; from pathlib import Path; from greenscreen.live import LiveKey; "
        "from greenscreen.beside import Beside; from greenscreen.key import Key\n"
        f"live = LiveKey(Path({str(folder)!r}), 'camera', Beside(key=Key())).__enter__(); live.ready()\n"
        "print(live.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as steering:
        assert steering.stdout is not None
        child = int(steering.stdout.readline())
        steering.kill()
    until = time.monotonic() + 10
    while _lives(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _lives(child)


def test_a_bumped_camera_is_noticed_and_what_is_seen_becomes_the_plate(camera: Camera, folder: Path):
    """The camera is bumped in the middle of the day; nobody wants to step out again for it."""
    with LiveKey(folder, "camera", Beside(key=Key(), plate=plate()), background=RED) as live:
        live.ready()
        assert told(live, folder, lambda one: one.rate > 5).by is By.PLATE
        with pytest.raises(PlateUnusable, match="0%"):
            live.keep()
        camera.shift = 23
        report = told(live, folder, lambda one: one.moved and one.regrown > 0.6, within=40)
        assert report.by is By.SCREEN
        kept = live.keep()
        assert kept.plate is not None
        assert np.abs(kept.plate.picture[5:60, 5:100].astype(float) - np.roll(wall(), 23, 1)[5:60, 5:100]).mean() < 3
        again = told(live, folder, lambda one: one.by is By.PLATE)
        assert not again.moved


def test_a_torn_plate_is_said_and_the_screen_is_learnt(camera: Camera, folder: Path):
    """A picture now, and a sentence, are worth more than a refusal in front of a class."""
    news: list[object] = []
    with LiveKey(folder, "camera", Beside(key=Key(), plate=plate()), background=RED, told=news.append) as live:
        live.ready()
        (folder / "camera-keyed.plate.png").write_bytes(b"torn")
        os.kill(live.pid, signal.SIGTERM)
        until = time.monotonic() + 60
        while time.monotonic() < until and not any("plate" in str(one) for one in news if isinstance(one, str)):
            time.sleep(0.05)
        seen(folder, red_behind)
    assert any("flipcast tune greenscreen" in one for one in news if isinstance(one, str))


def test_a_background_that_is_no_picture_changes_nothing(camera: Camera, folder: Path, tmp_path: Path):
    """A wrong file is a sentence, not the end of the picture."""
    (tmp_path / "notes.png").write_text("no picture")
    with LiveKey(folder, "camera", Beside(key=Key()), background=RED) as live:
        live.ready()
        for path in (tmp_path / "notes.png", tmp_path / "gone.png", None):
            with pytest.raises(PictureUnusable):
                live.stand_before(Background(kind=Behind.PICTURE, picture=path))
        seen(folder, red_behind)


def test_without_numba_it_says_what_to_install(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The extra is left out by many; they learn its name, and no process is begun again and again."""
    (tmp_path / "numba.py").write_text("raise ImportError('No module named numba')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        LiveKey(folder, "camera", Beside(key=Key())) as live,
        pytest.raises(KernelsMissing, match=r"flipcast\[greenscreen\]"),
    ):
        live.ready()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
