"""How soon the watch page is ready to play, against a bare page with one MP4 in it.

``python -m tests.benchmarks.watch_page [FOLDER]`` prints medians and their ratio for the lecture in FOLDER, or for
one made for the purpose, the compressed size of the scripts, and every request to another host. Both pages come
from one server on loopback, in turns, each in a browser context that has never seen them.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import uvicorn
from playwright.sync_api import Browser, sync_playwright
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from process.lecture import read
from publish.page import player_files, watch_page
from tests.fixtures.browser import FLAGS, Size, chromium, make_lecture

ROUNDS = 15
SIZES = (Size(width=1920, height=1080), Size(width=1280, height=720), Size(width=640, height=360))
WATCH = "addEventListener('canplay', () => { window.ready ??= performance.now() }, true)"


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description="How soon the watch page is ready to play, against a bare MP4.")
    asked.add_argument("folder", nargs="?", type=Path, help="a finished lecture; one is made if none is named")
    given = asked.parse_args().folder
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "lecture"
        if given:
            shutil.copytree(given, folder)
        else:
            make_lecture(folder, sizes=SIZES, picture="testsrc")
        lecture = read(folder)
        (folder / "bare.html").write_text(
            f'<!doctype html><video muted preload="auto" src="{quote(lecture.download)}"></video>', encoding="utf-8"
        )
        page = watch_page(lecture, folder=folder, address=quote, home=None)
        (folder / "index.html").write_text(page, encoding="utf-8")
        (folder / "player").mkdir()
        for name, path in player_files().items():
            shutil.copy(path, folder / name)
        times: dict[str, list[float]] = {"bare.html": [], "index.html": []}
        with _serving(folder) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            outside: set[str] = set()
            for name in times:
                _ready(browser, address + name, outside)  # the server's and the browser's own first time
            for turn in range(ROUNDS):
                for name in sorted(times, reverse=bool(turn % 2)):
                    times[name].append(_ready(browser, address + name, outside))
            browser.close()
    bare, ours = (statistics.median(times[name]) for name in times)
    scripts = [path for name, path in player_files().items() if name.endswith(".js")]
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in scripts)
    print(f"ready to play, median of {ROUNDS}: bare MP4 {bare:.0f} ms, watch page {ours:.0f} ms")
    print(f"ratio {ours / bare:.2f} (at most 1.3), quickest {min(times['index.html']) / min(times['bare.html']):.2f}")
    print(f"scripts {size / 1000:.0f} kB compressed (at most 250)")
    print(f"requests to other hosts: {len(outside)} {' '.join(sorted(outside))}")


def _ready(browser: Browser, address: str, outside: set[str]) -> float:
    """Milliseconds from navigation until the video can play."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        page.on("request", lambda r: urlsplit(r.url).hostname in ("127.0.0.1", None) or outside.add(r.url))
        page.add_init_script(WATCH)
        page.goto(address, wait_until="commit")
        for _ in range(1000):
            if ready := page.evaluate("window.ready ?? 0"):
                return float(ready)
            page.wait_for_timeout(20)
        raise TimeoutError(f"{address} did not become ready")
    finally:
        context.close()


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """A static server, as a store is one."""
    app = Starlette(routes=[Mount("/", StaticFiles(directory=folder))])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
