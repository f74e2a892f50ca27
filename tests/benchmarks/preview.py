"""What live pictures in the pages cost, how many arrive and how old they are: real recorder, server and Chromium.

    python -m tests.benchmarks.preview [--width 1280 --height 720] [--pages 1] [--seconds 10]

The recorder records the made-up picture at 30 a second. Its cost is measured without a page and with *pages* of them;
the server is a process of its own. A picture's age is from the moment it was made to the moment it is on the page's
canvas; what a camera and a monitor take themselves comes on top. Linux only: it reads ``/proc``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from capture.clock import now_ns
from capture.plan import Plan, Record
from capture.remote import Remote
from capture.sources import spoken
from flipcast.web import pictures
from tests.fixtures.browser import FLAGS, chromium

TICK = os.sysconf("SC_CLK_TCK")

PAGE = """<!doctype html><canvas style="width:640px;height:360px"></canvas><script type="module">
import {{ watch }} from "/static/pictures.js";
window.ages = [];
const canvas = document.querySelector("canvas");
const zero = BigInt({zero});  // nanoseconds of the steady clock at the zero of the wall clock
canvas.addEventListener("picture", ({{ detail }}) => ages.push(
  performance.timeOrigin + performance.now() - Number((detail.at - zero) / 1000n) / 1000));
watch("camera", canvas, {{ width: {width}, height: {height}, rate: 30 }});
</script>"""


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description="What live pictures in the pages cost.")
    asked.add_argument("--width", type=int, default=1280)
    asked.add_argument("--height", type=int, default=720)
    asked.add_argument("--pages", type=int, default=1)
    asked.add_argument("--seconds", type=float, default=10)
    asked.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.serve:
        _serve(Path(given.serve[0]), int(given.serve[1]), given.width, given.height)
        return
    with tempfile.TemporaryDirectory(prefix="flipcast-bench-") as scratch:
        _measure(Path(scratch), given)


def _measure(folder: Path, given: argparse.Namespace) -> None:
    source = replace(spoken("pattern"), width=given.width, height=given.height)
    plan = Plan(recording=folder / "r", sources=(source,), settings=Record(countdown_seconds=0))
    with Remote(plan) as recorder, sync_playwright() as playwright:
        recorder.ready()
        port = 20000 + os.getpid() % 20000
        command = [sys.executable, "-m", "tests.benchmarks.preview", "--serve", str(recorder.plan.preview), str(port)]
        server = subprocess.Popen([*command, "--width", str(given.width), "--height", str(given.height)])
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            recorder.roll()
            time.sleep(2)
            alone = _shares(given.seconds, recorder.pid)[0]
            pages: list[Page] = []
            for _ in range(given.pages):
                pages.append(browser.new_page())
                pages[-1].goto(f"http://127.0.0.1:{port}/")
            pages[0].wait_for_timeout(1500)
            for page in pages:
                page.evaluate("ages.length = 0")
            looked_at, served = _shares(given.seconds, recorder.pid, server.pid)
            seen = [page.evaluate("ages") for page in pages]
        finally:
            browser.close()
            server.terminate()
            server.wait()
        recorder.stop()
        take = recorder.wait(30)
    assert take.outcome
    for number, ages in enumerate(seen, 1):
        part = sorted(ages)
        print(f"page {number}: {len(ages) / given.seconds:.1f} pictures a second (at least 25), ", end="")
        print(f"age median {statistics.median(part):.0f} ms, 95 % {part[len(part) * 95 // 100]:.0f} ms (at most 150)")
    print(f"server {served:.3f} s a second, recorder {alone:.3f} alone and {looked_at:.3f} looked at")
    print(f"beyond the recorder itself {served + looked_at - alone:.3f} (at most 0.15)")
    for track in take.outcome.tracks:
        print(f"{track.name}: {track.count}, late {track.late}, repeated {track.repeated}, left out {track.left_out}")


def _shares(seconds: float, *children: int) -> list[float]:
    """Processor seconds a second of each of *children*."""
    before, began = [_used(child) for child in children], time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    return [(_used(child) - used) / took for child, used in zip(children, before, strict=True)]


def _used(child: int) -> float:
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _serve(previews: Path, port: int, width: int, height: int) -> None:
    zero = now_ns() - time.time_ns()
    page = PAGE.format(zero=f'"{zero}"', width=width, height=height)
    static = Path(pictures.__file__).with_name("static")
    ways: list[BaseRoute] = [Route("/", lambda _: HTMLResponse(page)), Mount("/static", StaticFiles(directory=static))]
    uvicorn.run(
        Starlette(routes=[*ways, *pictures.routes(lambda: previews)]),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )


if __name__ == "__main__":
    main()
