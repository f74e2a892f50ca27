"""From the glass of a camera to the glass of a monitor: how late `flipcast open` shows what is before the lens.

    python -m tests.benchmarks.glass [--pages 2] [--seconds 20]

The rig's network camera draws the moment into each picture, and a flash now and then. ``flipcast open`` runs as anybody
runs it and records; Chromium shows its page on a virtual monitor, whose memory is read all the time. The
age of a picture is from the moment it was drawn before the lens to the moment it stands on the monitor, and that of a
flash from the picture that it began in to a lit monitor. All *pages* but the first are in a browser without a monitor;
each of them shows the camera in 720p. What a real lens and a real monitor take comes on top. Camera, monitor and reader
go before everything else where the system allows that: they stand for machines of their own. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
from playwright.sync_api import Page, sync_playwright

from capture import marks
from capture.clock import SECOND, now_ns
from capture.known import FOLDER_VARIABLE
from capture.take import read, takes_in
from tests.benchmarks.preview import TICK
from tests.fixtures.browser import FLAGS, chromium
from tests.fixtures.pages import until
from tests.fixtures.rig import XScreen
from tests.fixtures.rig_camera import RigCamera

SIZE = (1920, 1080)
"""Pixels of the monitor."""

RATE = 30
"""Pictures a second that the camera gives."""

_LIT = 140
_LOOK_SECONDS = 0.003


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description="How late the recorder page shows what is before the lens.")
    asked.add_argument("--pages", type=int, default=2)
    asked.add_argument("--seconds", type=float, default=20)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="flipcast-bench-") as scratch, ExitStack() as stack:
        _measure(Path(scratch), stack, given.pages, given.seconds)


def _measure(folder: Path, stack: ExitStack, count: int, seconds: float) -> None:
    screen = XScreen(folder, width=SIZE[0], height=SIZE[1])
    stack.callback(screen.close)
    camera = RigCamera(width=1280, height=720, rate=RATE)
    stack.callback(camera.close)
    _first(camera._child.pid, screen._child.pid)
    desk, address = _opened(folder)
    stack.callback(_ended, desk)
    playwright = stack.enter_context(sync_playwright())
    ways: dict[str, Any] = {"executable_path": chromium()}
    shown = playwright.chromium.launch(
        **ways,
        headless=False,
        env=screen.environment,
        args=[*FLAGS, f"--window-size={SIZE[0]},{SIZE[1]}", "--window-position=0,0"],
    )
    stack.callback(shown.close)
    others = playwright.chromium.launch(**ways, args=list(FLAGS))
    stack.callback(others.close)

    page = shown.new_page(no_viewport=True)
    page.goto(address)
    _ask(address, "choose", sources=[f"camera:{camera.url}"])
    _roll(page)
    page.goto("about:blank")
    time.sleep(3)
    skipped = [camera.turn()]
    alone = _share(desk.pid, seconds)
    page.goto(address)
    _stop(page)

    skipped.append(camera.turn())
    _roll(page)
    pages = [page, *(others.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}) for _ in range(count - 1))]
    for one in pages[1:]:
        one.goto(address)
    for one in pages:
        until(one, "rolling", 30)
        one.evaluate(_COUNT)
    time.sleep(3)
    _first(camera._child.pid, screen._child.pid, os.getpid())
    monitor = _Monitor(screen, _box(page))
    before = [one.evaluate("seen") for one in pages]
    began, used = time.monotonic(), _used(desk.pid)
    monitor.watch(seconds)
    took = time.monotonic() - began
    looked_at = (_used(desk.pid) - used) / took
    rates = [(one.evaluate("seen") - was) / took for one, was in zip(pages, before, strict=True)]
    _stop(page)
    skipped.append(camera.turn())
    _tell(monitor, rates, looked_at - alone)
    shelves = sorted((folder / "library").glob("recording-*"), key=lambda path: path.stat().st_ctime)
    for number, shelf, unsent in zip((0, count), shelves, np.diff(skipped), strict=True):
        take = read(takes_in(shelf)[0])
        outcome, files = take.outcome, {track.name: track.file for track in take.tracks}
        assert outcome
        for track in outcome.tracks:
            said = f"late {track.late}, repeated {track.repeated}, left out {track.left_out}"
            print(f"{track.name} while {number} pages were open: {track.count} pictures, {said}")
            missing = _missing(takes_in(shelf)[0] / files[track.name])
            print(f"  read back from the file: {missing} not there (sure to 1), {unsent} never sent")


def _missing(file: Path) -> int:
    """How many pictures that the camera made are not in *file*, by the marks in those that are; it keeps its beat."""
    with av.open(str(file)) as opened:
        seen = {marks.read(frame.to_ndarray(format="gray")) for frame in opened.decode(video=0)} - {None}
    ticks = np.array(sorted(seen))
    return round(float(ticks[-1] - ticks[0]) * marks.TICK_NS * RATE / SECOND) + 1 - len(ticks)


def _roll(page: Page) -> None:
    until(page, "ready", 60)
    page.get_by_role("button", name="Record", exact=True).click()
    until(page, "rolling", 30)


def _stop(page: Page) -> None:
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("heading", name="is kept").wait_for(timeout=60_000)


_COUNT = """() => {
  window.seen = 0;
  document.querySelector(".stage canvas.first").addEventListener("picture", () => window.seen++);
}"""


@dataclass(kw_only=True)
class _Seen:
    ages: list[float] = field(default_factory=list)
    """Milliseconds of each picture that came to stand there."""

    flashes: list[float] = field(default_factory=list)
    """The same of those in which a flash began."""


class _Monitor:
    """A part of the monitor that shows the camera."""

    def __init__(self, screen: XScreen, box: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = box
        self._picture = screen.memory[top:bottom, left:right, 1]  # marks and flashes are grey: green tells all
        self.seen = _Seen()

    def watch(self, seconds: float) -> None:
        """Look at it that long."""
        high = self._picture.shape[0]
        left, top, right, bottom = marks.flash_box(self._picture.shape[1], high)
        mark = self._picture[: high // 5, : high // 4]
        flash = self._picture[top + 9 : bottom : 16, left + 9 : right : 16]
        before, last, lit = b"", -1, True
        until_ = time.monotonic() + seconds
        while time.monotonic() < until_:
            now, shows = now_ns(), mark[::4, ::4].tobytes()
            if shows != before:
                # A picture that is just being drawn fails its check, and is looked at again.
                tick = marks.read(np.vstack([mark, np.zeros((high - len(mark), mark.shape[1]), np.uint8)]))
                if tick is not None:
                    before = shows
                    if tick != last:
                        last = tick
                        self.seen.ages.append(marks.age_ns(tick, now) / 1e6)
            if (bright := float(flash.mean()) > _LIT) and not lit and last >= 0:
                self.seen.flashes.append(marks.age_ns(last, now) / 1e6)
            lit = bright
            time.sleep(_LOOK_SECONDS)


def _box(page: Page) -> tuple[int, int, int, int]:
    """Where on the monitor the page shows the camera: left, top, right, bottom."""
    box = page.locator(".stage canvas.first").bounding_box()
    assert box
    high = min(box["height"], box["width"] * 9 / 16)  # it stands in the middle of its place, whole
    beyond, above = page.evaluate("[screenX + (outerWidth - innerWidth) / 2, screenY + outerHeight - innerHeight]")
    top = above + box["y"] + (box["height"] - high) / 2
    left = beyond + box["x"] + (box["width"] - high * 16 / 9) / 2
    return round(left), round(top), round(left + high * 16 / 9), round(top + high)


def _opened(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """`flipcast open`, and its address."""
    command = [sys.executable, "-m", "flipcast", "open", "--no-browser", "--json", "--library", str(folder / "library")]
    wishes = ["captions.engine=off", "record.countdown_seconds=0"]
    command += [part for wish in wishes for part in ("--set", wish)]
    environment = {**os.environ, FOLDER_VARIABLE: str(folder / "state"), "PULSE_SERVER": "unix:/nowhere"}
    environment.pop("DISPLAY", None)
    desk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert desk.stdout
    for line in desk.stdout:
        if address := json.loads(line).get("address"):
            return desk, str(address)
    raise SystemExit("flipcast open gave no address")


def _ended(desk: subprocess.Popen[str]) -> None:
    desk.send_signal(signal.SIGINT)
    desk.wait(60)


def _first(*children: int) -> None:
    """Let all threads of *children* go before others."""
    for task in (task for child in children for task in Path(f"/proc/{child}/task").iterdir()):
        with suppress(PermissionError, ProcessLookupError):
            os.sched_setscheduler(int(task.name), os.SCHED_RR, os.sched_param(1))


def _ask(address: str, path: str, **wish: object) -> None:
    headers = {"Content-Type": "application/json", "Origin": "/".join(address.split("/")[:3])}
    urllib.request.urlopen(urllib.request.Request(address + path, json.dumps(wish).encode(), headers)).close()


def _share(child: int, seconds: float) -> float:
    """Processor seconds a second of *child* and all that it began."""
    used, began = _used(child), time.monotonic()
    time.sleep(seconds)
    return (_used(child) - used) / (time.monotonic() - began)


def _used(child: int) -> float:
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    began = Path(f"/proc/{child}/task").glob("*/children")
    return (int(fields[11]) + int(fields[12])) / TICK + sum(
        _used(int(one)) for file in began for one in file.read_text().split()
    )


def _tell(monitor: _Monitor, rates: list[float], beyond: float) -> None:
    load = os.getloadavg()[0]
    print(f"pictures a second to the pages: {', '.join(f'{rate:.1f}' for rate in rates)} (at least 25)")
    for what, ages in (("pictures", monitor.seen.ages), ("flashes", monitor.seen.flashes)):
        part = sorted(ages)
        if not part:
            print(f"{what}: none was seen")
            continue
        last = f"95 % {part[len(part) * 95 // 100]:.0f} ms" if len(part) >= 20 else f"at most {part[-1]:.0f} ms"
        print(f"glass to glass, {len(part)} {what}: median {statistics.median(part):.0f} ms, {last} (at most 150)")
    print(f"beyond the recorder itself {beyond:.3f} processor seconds a second; load of the machine {load:.1f}")


if __name__ == "__main__":
    main()
