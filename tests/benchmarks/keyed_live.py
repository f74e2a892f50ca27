"""What the live key costs, and whether the take notices it: a camera is recorded with and without, in turns.

    python -m tests.benchmarks.keyed_live [--seconds 30] [--rounds 2] [--size 1920x1080] [--still FILE]

A network camera of our own shows somebody before a green wall, 30 a second; the key is looked at as a page does, at the
camera's size. Late pictures of a take with the key stand beside those of one without it, since other programs on the
same machine make some late, too. The camera only sends, again and again, pictures that were packed before: a camera is
a machine of its own. It and whoever looks run on the same cores, and are not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

from capture.devices import Devices
from capture.plan import Plan, Record
from capture.preview import Look
from capture.remote import Remote
from capture.sources import spoken
from greenscreen import plate
from greenscreen.beside import Beside
from greenscreen.key import Key
from greenscreen.live import Background, LiveKey, Report
from tests.fixtures import rig_camera

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One take."""

    late: int
    count: int
    left_out: int
    recorder: float
    """Processor seconds a second."""

    key: float = 0.0
    reports: tuple[Report, ...] = ()


class Lens:
    """A network camera that sends pictures which were packed before. A context manager."""

    def __init__(self, size: tuple[int, int], *, pictures: int = 60) -> None:
        noise = np.random.default_rng(1).integers(60, 90, (size[1], size[0], 3), np.uint8)
        self.empty = True
        self._packed = {
            empty: [_packed(rig_camera._studio(noise, n / 15, empty=empty)) for n in range(1 if empty else pictures)]
            for empty in (True, False)
        }
        lens = self

        class Answer(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=next")
                self.end_headers()
                due = time.monotonic()
                with contextlib.suppress(OSError):
                    for number in itertools.count():
                        due += 1 / 30
                        time.sleep(max(0.0, due - time.monotonic()))
                        packed = lens._packed[lens.empty]
                        picture = packed[number % len(packed)]
                        head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                        self.wfile.write(head.encode() + picture + b"\r\n")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/video.mjpg"
        """Its address."""

    def __enter__(self) -> Lens:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description="What the live key costs.")
    asked.add_argument("--seconds", type=float, default=30)
    asked.add_argument("--rounds", type=int, default=2)
    asked.add_argument("--size", default="1920x1080")
    asked.add_argument("--still", type=Path, help="where a picture of the key is put")
    given = asked.parse_args()
    width, height = (int(n) for n in given.size.split("x"))
    turns: dict[bool, list[Turn]] = {False: [], True: []}
    with Lens((width, height)) as lens, tempfile.TemporaryDirectory(prefix="flipcast-bench-") as scratch:
        for number in range(2 * given.rounds):
            keyed, folder = number % 2 == 1, Path(scratch) / str(number)
            turns[keyed].append(_turn(lens, folder, (width, height), given.seconds, keyed, given.still))
    print(f"camera {given.size} at 30/s on {os.cpu_count()} cores, {given.rounds} takes of {given.seconds:.0f} s each:")
    for keyed, of in turns.items():
        late, count = sum(turn.late for turn in of), sum(turn.count for turn in of)
        share = statistics.median(turn.recorder for turn in of)
        name = "with the live key" if keyed else "without"
        print(f"  {name:<18} late {late} of {count} ({late / max(1, count):.3%}), left out "
              f"{sum(turn.left_out for turn in of)}, recorder {share:.2f} s of CPU a second")  # fmt: skip
    reports = [report for turn in turns[True] for report in turn.reports]
    print(
        f"  the key: {statistics.median(r.spent_ms for r in reports):.1f} ms a picture (median), slowest "
        f"{max(r.longest_ms for r in reports):.1f} ms, {statistics.median(r.rate for r in reports):.1f} a second, late "
        f"{sum(turn.reports[-1].late - turn.reports[0].late for turn in turns[True])}, "
        f"{statistics.median(turn.key for turn in turns[True]):.2f} s of CPU a second; by {reports[-1].by}"
    )


def _turn(camera: Lens, folder: Path, size: tuple[int, int], seconds: float, keyed: bool, still: Path | None) -> Turn:
    folder.mkdir(parents=True)
    camera.empty = True
    source = Devices(folder / "state").wanted(spoken(f"camera:{camera.url}"))
    plan = Plan(recording=folder, sources=(source,), settings=Record(countdown_seconds=0))
    reports: list[Report] = []
    with Remote(plan) as recorder:
        recorder.ready()
        previews = recorder.plan.preview
        assert previews
        known = Beside(key=Key(), plate=plate.take(_pictures(previews, size, 30))) if keyed else None
        camera.empty = False
        if known is None:
            recorder.roll()
            time.sleep(2)
            before, began = _cpu(recorder.pid), time.monotonic()
            time.sleep(seconds)
            share, key = (_cpu(recorder.pid) - before) / (time.monotonic() - began), 0.0
        else:
            heard: list[Report] = []
            behind = Background(colour=(120, 60, 20))
            with LiveKey(
                previews, "camera", known, background=behind,
                told=lambda one: heard.append(one) if isinstance(one, Report) else print(f"  {one}"),
            ) as live:  # fmt: skip
                live.ready()
                recorder.roll()
                ended = threading.Event()
                looking = threading.Thread(target=_look, args=(previews, live.name, size, ended, still))
                looking.start()
                time.sleep(2)
                heard.clear()
                before, key_before, began = _cpu(recorder.pid), _cpu(live.pid), time.monotonic()
                time.sleep(seconds)
                lasted = time.monotonic() - began
                share, key = (_cpu(recorder.pid) - before) / lasted, (_cpu(live.pid) - key_before) / lasted
                ended.set()
                looking.join()
                reports = heard
        recorder.stop()
        take = recorder.wait(30)
    assert take.outcome
    (track,) = take.outcome.tracks
    return Turn(
        late=track.late, count=track.count, left_out=track.left_out, recorder=share, key=key, reports=tuple(reports)
    )


def _packed(picture: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])


def _pictures(folder: Path, size: tuple[int, int], count: int) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    with Look(folder, "camera", size=size, rate=30) as look:
        while len(found) < count + 30:  # the first are small, or of before
            if (frame := look.newest()) is not None:
                found.append(frame.picture)
            time.sleep(0.005)
    return [one for one in found[30:] if one.shape == found[-1].shape]


def _look(folder: Path, name: str, size: tuple[int, int], ended: threading.Event, still: Path | None) -> None:
    last = None
    with Look(folder, name, size=size, rate=30) as look:
        while not ended.wait(0.02):
            frame = look.newest()
            last = last if frame is None else frame.picture
    if still is not None and last is not None:
        cv2.imwrite(str(still), last)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


if __name__ == "__main__":
    main()
