"""What recording costs, how true its tracks are, and what a crash takes: on a virtual screen and sound card.

    python -m tests.benchmarks.recording screen [--rounds 5] [--seconds 20]   screen track against ffmpeg's own grab
    python -m tests.benchmarks.recording whole [--minutes 10]                 screen, camera, microphone at once
    python -m tests.benchmarks.recording sync [--minutes 3] [--ppm 300] [--pauses 20]   sound against pictures
    python -m tests.benchmarks.recording kills [--times 30]                   seconds lost to kill -9
    python -m tests.benchmarks.recording memory [--minutes 60]                resident memory, minute by minute

Without a word all are run, in their short forms. Processor time is that of the recorder's process, or of
ffmpeg's; what draws on the screen and speaks into the microphone is not counted. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from capture import marks, recovery
from capture.clock import SECOND, now_ns
from capture.devices import Devices
from capture.plan import Plan, Record
from capture.remote import Remote
from capture.sources import spoken
from capture.take import takes_in
from tests.fixtures import rig_sound
from tests.fixtures.rig import XScreen
from tests.fixtures.rig_camera import RigCamera
from tests.fixtures.rig_sound_clock import EVERY_NS, chirp

TICK = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description="What recording costs, and how true it is.")
    asked.add_argument("what", nargs="?", choices=("screen", "whole", "sync", "kills", "memory"))
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=15)
    asked.add_argument("--minutes", type=float, default=0)
    asked.add_argument("--ppm", type=float, default=300)
    asked.add_argument("--pauses", type=int, default=0)
    asked.add_argument("--times", type=int, default=9)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="flipcast-bench-") as scratch:
        folder = Path(scratch)
        for name, run in {
            "screen": lambda: screen(folder, given.rounds, given.seconds),
            "whole": lambda: whole(folder, given.minutes or 1),
            "sync": lambda: sync(folder, given.minutes or 1, given.ppm, given.pauses),
            "kills": lambda: kills(folder, given.times),
            "memory": lambda: memory(folder, given.minutes or 2),
        }.items():
            if given.what in (None, name):
                run()


# --- what it costs ------------------------------------------------------------------------------------------------


def screen(folder: Path, rounds: int, seconds: float) -> None:
    """Processor time of the screen's track against ffmpeg's x11grab, in turns."""
    with desktop(folder) as display:
        ours, theirs = [], []
        for turn in range(rounds):
            both: list[Callable[[], None]] = [
                lambda turn=turn: ours.append(_ours(folder / f"ours-{turn}", seconds)),  # type: ignore[misc]
                lambda turn=turn: theirs.append(_theirs(folder / f"theirs-{turn}.mkv", seconds, display)),  # type: ignore[misc]
            ]
            for one in both if turn % 2 else reversed(both):
                one()
    us, them = statistics.median(ours), statistics.median(theirs)
    print(f"screen 1080p30, CPU seconds a second, median of {rounds}: flipcast {us:.3f}, ffmpeg x11grab {them:.3f}")
    print(f"ratio {us / them:.2f} (at most 0.8)")


def _ours(folder: Path, seconds: float) -> float:
    with Remote(_plan(folder, "screen:1")) as recorder:
        recorder.ready()
        recorder.roll()
        time.sleep(2)
        share = _share(recorder.pid, seconds)
        recorder.stop()
        recorder.wait(15)
    return share


def _theirs(file: Path, seconds: float, display: str) -> float:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-f", "x11grab", "-framerate", "30"]
    command += ["-video_size", "1920x1080", "-i", display, "-c:v", "libx264", "-preset", "ultrafast"]
    command += ["-tune", "zerolatency", "-crf", str(Record().crf), "-pix_fmt", "yuv420p", "-threads", "2", "-g", "60"]
    child = subprocess.Popen([*command, str(file)])
    time.sleep(2)
    share = _share(child.pid, seconds)
    child.send_signal(signal.SIGINT)
    child.wait()
    return share


def whole(folder: Path, minutes: float) -> None:
    """Screen, camera and microphone together: processor time, late pictures, and how soon the take is whole."""
    with desktop(folder), rig_sound.started() as sound:
        sound.click("clicks")
        camera = RigCamera(width=1280, height=720, rate=30)
        try:
            with Remote(
                _plan(folder / "whole", "screen:1", f"camera:{camera.url}", "microphone:rig-clicks")
            ) as recorder:
                recorder.ready()
                recorder.roll()
                time.sleep(3)
                share = _share(recorder.pid, minutes * 60)
                began = time.monotonic()
                recorder.stop()
                take = recorder.wait(30)
                ended = time.monotonic() - began
        finally:
            camera.close()
    assert take.outcome
    print(f"screen 1080p30, camera 720p30, microphone for {take.outcome.seconds:.0f} s on {os.cpu_count()} cores:")
    print(f"CPU {share:.3f} s a second (at most 0.65); stop to whole {ended:.2f} s (at most 1)")
    print(f"late and repeated {take.outcome.late_share:.4%} (below 0.1 %)")
    for track in take.outcome.tracks:
        counts = f"{track.count}, late {track.late}, repeated {track.repeated}, left out {track.left_out}"
        print(f"  {track.name}: {counts}, {track.size_bytes / 1e6:.1f} MB, losses {len(track.losses)}, {track.sync}")


# --- how true it is -----------------------------------------------------------------------------------------------


def sync(folder: Path, minutes: float, ppm: float, pauses: int) -> None:
    """Chirps in the sound against the marks in the pictures: both tell the moment of the clock they belong to."""
    with contextlib.ExitStack() as rig:
        rig.enter_context(desktop(folder, marked=True))
        sound = rig.enter_context(rig_sound.started())
        sound.click("clicks", ppm=ppm)
        camera = RigCamera(width=640, height=360, rate=30)
        rig.callback(camera.close)
        recording = folder / f"sync-{ppm}-{pauses}"
        recorder = rig.enter_context(
            Remote(_plan(recording, "screen:1@640x360+0+0", f"camera:{camera.url}", "microphone:rig-clicks"))
        )
        recorder.ready()
        recorder.roll()
        stretch = minutes * 60 / (pauses + 1)
        for _ in range(pauses):
            time.sleep(stretch)
            recorder.pause()
            time.sleep(random.uniform(0.3, 1.3))
            recorder.resume()
        time.sleep(stretch)
        recorder.stop()
        take = recorder.wait(30)
    folder_of_take = takes_in(recording)[-1]
    print(f"sound against pictures, microphone's clock {ppm:+.0f} ppm, {pauses} pauses, {minutes:g} min:")
    chirps = _chirps(folder_of_take / take.track("microphone").file)
    for name in ("screen", "camera"):
        seen = _moments(folder_of_take / take.track(name).file)
        found = [error for at in chirps if (error := _against(at, seen)) is not None]
        times, errors = (np.array(column) for column in zip(*found, strict=True))
        slope = float(np.polyfit(times, errors, 1)[0]) * 60
        middle = float(np.median(errors))
        inside = float(np.mean(np.abs(errors) <= 1000 / 30))
        print(
            f"  {name}: {len(errors)} of {len(chirps)} chirps, median {middle:+.2f} ms (at most 10), sd "
            f"{errors.std():.2f}, within a frame {inside:.1%} (95 %), drift {slope:+.3f} ms a minute (at most 1)"
        )
    assert take.outcome
    for track in take.outcome.tracks:
        print(f"  said of {track.name}: {track.sync}")


def _moments(file: Path) -> tuple[list[float], list[float]]:
    """Of each picture with a readable mark: its time in the file, and the clock's moment that it shows, seconds."""
    times, shown = [], []
    with av.open(str(file)) as container:
        for frame in container.decode(video=0):
            tick = marks.read(frame.to_ndarray()[: frame.height])
            if tick is not None:
                times.append(float(frame.time))
                shown.append(tick * marks.TICK_NS / SECOND)
    return times, shown


def _chirps(file: Path) -> list[float]:
    """Seconds at which chirps begin in the sound of *file*, found by correlation."""
    with av.open(str(file)) as container:
        rate = container.streams.audio[0].rate
        pieces = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    heard = np.concatenate(pieces).astype(np.float32) / 32768
    pattern = np.array(chirp(), np.float32)
    pattern /= np.sqrt((pattern**2).sum())
    size = 1 << (len(heard) + len(pattern)).bit_length()
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(pattern, size)), size)[: len(heard)]
    strong = np.abs(match) > 0.6 * np.abs(match).max()
    found, at = [], 0
    while True:
        rest = np.flatnonzero(strong[at:])
        if not len(rest):
            return found
        first = at + int(rest[0])
        peak = first + int(np.argmax(np.abs(match[first : first + rate // 20])))
        found.append(_top(np.abs(match), peak) / rate)
        at = peak + rate // 5


def _top(match: NDArray[np.float32], peak: int) -> float:
    if not 0 < peak < len(match) - 1:
        return float(peak)
    left, middle, right = (float(match[peak + k]) for k in (-1, 0, 1))
    return peak + 0.5 * (left - right) / (left - 2 * middle + right)


def _against(at: float, seen: tuple[list[float], list[float]]) -> tuple[float, float] | None:
    """Seconds of the take, and milliseconds that the sound is later than the picture, by the chirp at *at*."""
    times, shown = seen
    near = bisect(times, at)
    if not 0 < near < len(times) or times[near] - times[near - 1] > 0.2:
        return None
    before, after = times[near - 1] - shown[near - 1], times[near] - shown[near]
    if abs(before - after) > 0.05:  # a pause lies between
        return None
    moment = at - (before if at - times[near - 1] < times[near] - at else after)
    every = EVERY_NS / SECOND
    return at, (moment - round(moment / every) * every) * 1000


# --- what a crash takes -------------------------------------------------------------------------------------------

_FRONT = """
import sys, time
from pathlib import Path
from tests.benchmarks.recording import front
front(Path(sys.argv[1]))
"""


def front(recording: Path) -> None:
    """Hold a recorder, as the command does, until killed."""
    with Remote(_plan(recording, "pattern", "tone")) as recorder:
        recorder.ready()
        recorder.roll()
        print(recorder.pid, flush=True)
        time.sleep(600)


def kills(folder: Path, times: int) -> None:
    """Kill what steers, what records, or both, at random moments; recover, and see what is missing."""
    dice = random.Random(7)
    lost: dict[str, list[float]] = {}
    for turn in range(times):
        who = ("flipcast", "recorder", "both")[turn % 3]
        recording = folder / f"kill-{turn}"
        child = subprocess.Popen([sys.executable, "-c", _FRONT, str(recording)], stdout=subprocess.PIPE)
        assert child.stdout
        recorder = int(child.stdout.readline())
        time.sleep(dice.uniform(1.5, 6))
        if who != "flipcast":
            os.kill(recorder, signal.SIGKILL)
        killed = now_ns()
        child.kill()
        child.wait()
        child.stdout.close()
        if who == "flipcast":
            _gone(recorder)
        take_folder = takes_in(recording)[-1]
        take = recovery.recover(take_folder)
        assert take.outcome
        pictures = _moments(take_folder / take.track("camera").file)
        behind = [killed / SECOND - pictures[1][-1]]
        line = statistics.median(s - t for t, s in zip(*pictures, strict=True))
        with av.open(str(take_folder / take.track("microphone").file)) as container:
            behind.append(killed / SECOND - line - float(container.duration or 0) / 1e6)
        lost.setdefault(who, []).append(max(behind))
        told = ", ".join(f"{track.name} {track.lost_seconds:.2f}" for track in take.outcome.tracks)
        print(f"  {who}: picture ends {behind[0]:.2f} s, sound {behind[1]:.2f} s before the kill; told: {told}")
    for who, seconds in lost.items():
        middle, worst = statistics.median(seconds), max(seconds)
        print(f"killed {who}: {len(seconds)} times, lost median {middle:.2f}, worst {worst:.2f} s")
    print(f"worst of all {max(max(seconds) for seconds in lost.values()):.2f} s (at most 0.5)")


# --- how much it keeps --------------------------------------------------------------------------------------------


def memory(folder: Path, minutes: float) -> None:
    """Resident memory of the recorder of a screen, a camera and a microphone."""
    with desktop(folder), rig_sound.started() as sound:
        sound.click("clicks", ppm=100)
        camera = RigCamera(width=1280, height=720, rate=30)
        try:
            with Remote(
                _plan(folder / "memory", "screen:1", f"camera:{camera.url}", "microphone:rig-clicks")
            ) as recorder:
                recorder.ready()
                recorder.roll()
                sizes: list[float] = []
                while len(sizes) < minutes:
                    time.sleep(60)
                    sizes.append(_resident(recorder.pid))
                    print(f"  minute {len(sizes)}: {sizes[-1]:.1f} MB", flush=True)
                recorder.stop()
                take = recorder.wait(30)
        finally:
            camera.close()
    assert take.outcome
    print(f"memory after a minute {sizes[0]:.1f} MB, after {minutes:.0f}: {sizes[-1]:.1f}")
    print(f"late and repeated {take.outcome.late_share:.4%}")


# --- the room it happens in ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def desktop(folder: Path, *, marked: bool = False) -> Iterator[str]:
    """A screen of 1920 × 1080 with text that scrolls, as somebody's lecture does; or with the mark of the moment."""
    place = Path(tempfile.mkdtemp(dir=folder))
    x = XScreen(place, width=1920, height=1080)
    before = {key: os.environ.get(key) for key in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE")}
    os.environ.pop("WAYLAND_DISPLAY", None)
    os.environ.update(DISPLAY=x.display, XDG_SESSION_TYPE="x11")
    ended = threading.Event()
    drawing = threading.Thread(target=_scroll, args=(x, ended))
    try:
        if marked:
            with x.marked(width=640, height=360):
                yield x.display
        else:
            drawing.start()
            yield x.display
    finally:
        ended.set()
        if drawing.ident:
            drawing.join()
        x.close()
        for key, value in before.items():
            os.environ.pop(key, None) if value is None else os.environ.__setitem__(key, value)


def _scroll(x: XScreen, ended: threading.Event) -> None:
    """White, with lines of black marks as small as letters, which move up a line every second."""
    noise = np.random.default_rng(3)
    page = np.full((3000, 1920, 3), 250, np.uint8)
    for top in range(40, 2960, 28):
        for left in range(100, 1700, 14):
            if noise.random() < 0.8:
                letter = noise.choice([20, 250], size=(8, 5, 1))
                page[top : top + 16, left : left + 10] = letter.repeat(2, 0).repeat(2, 1)
    turn = 0
    while not ended.is_set():
        at = turn * 28 % (page.shape[0] - 1080)
        x.draw(page[at : at + 1080])
        turn += 1
        ended.wait(1)


def _plan(recording: Path, *sources: str) -> Plan:
    recording.mkdir(parents=True, exist_ok=True)
    known = Devices()
    wanted = tuple(known.wanted(spoken(text)) for text in sources)
    return Plan(recording=recording, sources=wanted, settings=Record(countdown_seconds=0))


def _share(pid: int, seconds: float) -> float:
    """Processor seconds a second of the process *pid*, over *seconds*."""
    began, before = time.monotonic(), _cpu(pid)
    time.sleep(seconds)
    return (_cpu(pid) - before) / (time.monotonic() - began)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _gone(pid: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.1)
                continue
        return
    raise TimeoutError(f"{pid} is still there")


if __name__ == "__main__":
    main()
