"""The booth as people meet it: its page in a real browser, the real recorder, the phones' page, and the operator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from capture.apart import environment
from capture.take import read, takes_in
from flipcast.booth import visit
from flipcast.booth.pin import Pin
from flipcast.booth.visit import Wish
from flipcast.web.serve import listening
from publish import publication
from tests.fixtures.booths import Booth, booth
from tests.fixtures.browser import Open
from tests.fixtures.pages import waited
from tests.fixtures.pdfs import slides

PIN = "2580"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Booth]:
    """A booth that phones reach; whoever watches asks for this first, so that no page is left behind."""
    with listening(0) as free:
        port = free.getsockname()[1]
    with booth(tmp_path, phones=f"127.0.0.1:{port}", countdown_seconds=2.0) as found:
        yield found


def stands_at(page: Page, step: str) -> None:
    """Wait until the booth's *page* is at *step*, and takes touches."""
    expect(page.locator(f"main.booth[data-step={step}][data-settled]")).to_have_count(1, timeout=30_000)


def touch(page: Page, name: str) -> None:
    """Touch the button called *name*."""
    page.get_by_role("button", name=name, exact=True).click()


def lit(page: Page) -> bool:
    """Whether a live picture is there."""
    size = page.evaluate("document.querySelector('.mirror canvas')?.width ?? 0")
    return int(size) >= 640


def test_from_nobody_to_a_lecture_on_a_phone_and_to_nobody_again(here: Booth, watch: Open, tmp_path: Path):
    """Somebody walks up with slides on their phone, records, watches, keeps, and takes the lecture along."""
    kiosk = watch(here.house.address, ready=False).page
    stands_at(kiosk, "attract")
    kiosk.get_by_text("Record your lecture").click()
    stands_at(kiosk, "mark")
    waited(lambda: lit(kiosk))

    touch(kiosk, "Slides")
    typed = kiosk.locator(".typed").inner_text()
    phone = watch(f"http://{typed}", ready=False, viewport={"width": 390, "height": 844}).page
    phone.locator("#file").set_input_files(slides(tmp_path / "numbers.pdf", "Primes", "Proof", title="Numbers"))
    expect(kiosk.get_by_text("“Numbers”, 2 slides")).to_be_visible()
    expect(kiosk.get_by_role("dialog")).to_have_count(0)

    expect(kiosk.get_by_role("button", name="Record")).to_be_enabled()
    kiosk.keyboard.press("PageDown")  # the button of a clicker
    stands_at(kiosk, "counting")
    stands_at(kiosk, "recording")
    expect(kiosk.locator(".seen img")).to_have_attribute("alt", "Slide 1: Primes")
    kiosk.wait_for_timeout(1000)
    kiosk.keyboard.press("PageDown")
    expect(kiosk.locator(".seen img")).to_have_attribute("alt", "Slide 2: Proof")
    expect(kiosk.get_by_text("All is well.")).to_be_visible()
    kiosk.wait_for_timeout(1500)

    stopped = time.monotonic()
    touch(kiosk, "Stop")
    stands_at(kiosk, "review")
    touch(kiosk, "Play")
    waited(lambda: bool(kiosk.evaluate("document.querySelector('video.large').currentTime > 0.2")))
    touch(kiosk, "Keep")
    stands_at(kiosk, "handover")
    assert time.monotonic() - stopped < 60
    expect(kiosk.get_by_role("img", name="QR code: the page of your lecture")).to_be_visible()
    assert kiosk.locator(".typed").inner_text() == typed
    name = here.facts()["name"]

    touch(kiosk, "Done")
    expect(kiosk.get_by_role("heading", name="Thank you!")).to_be_visible()
    stands_at(kiosk, "attract")
    whole = kiosk.evaluate("document.documentElement.outerHTML")
    assert not [trace for trace in ("Numbers", typed, name, "canvas", "video") if trace in whole]

    with phone.expect_download(timeout=90_000) as film:
        phone.get_by_role("link", name="Download").click(timeout=90_000)
    assert Path(film.value.path()).stat().st_size > 1000
    folder = here.library.find(name).folder
    here.waited(lambda: publication.read(folder), within=60)
    assert [marker.label for marker in read(takes_in(folder)[-1]).markers] == ["2. Proof"]


def test_a_power_cut_in_the_middle_forgets_nobody(watch: Open, tmp_path: Path):
    """The page says so, the next start shows an empty booth, and the operator finishes what was begun."""
    config = tmp_path / "booth.toml"
    config.write_text(
        '[booth]\nsources = ["pattern", "tone"]\ngreenscreen = false\ncountdown_seconds = 0.5\n'
        '[captions]\nengine = "off"\n[record]\nroom_to_roll_seconds = 1.0\n'
        f"[library]\nfolder = {json.dumps(str(tmp_path / 'library'))}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "flipcast", "open", "--booth", "--no-browser", "--json", "--config", str(config)]
    told = {**environment(), "FLIPCAST_STATE": str(tmp_path / "state"), "HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=told, text=True) as child:
        try:
            assert child.stdout
            address = next(found["address"] for found in map(json.loads, child.stdout) if "address" in found)
            watching = watch(address, ready=False)
            kiosk = watching.page
            stands_at(kiosk, "attract")
            kiosk.keyboard.press("Enter")
            stands_at(kiosk, "mark")
            expect(kiosk.get_by_role("button", name="Record")).to_be_enabled()
            kiosk.keyboard.press("Enter")
            stands_at(kiosk, "recording")
            expect(kiosk.get_by_role("timer")).to_have_text("0:03")
        finally:
            for pid in (child.pid, *_children(child.pid)):
                os.kill(pid, signal.SIGKILL)
    expect(kiosk.get_by_text("One moment, the booth starts again.")).to_be_visible()
    kiosk.context.close()
    watching.troubles.clear()  # the browser's own words for a server that has gone

    Pin(tmp_path / "state").choose(PIN)
    with booth(tmp_path) as here:
        (shelf,) = here.library.shelves()
        assert visit.read(shelf.folder).wish is Wish.LEFT
        watching = watch(here.house.address, ready=False)
        kiosk = watching.page
        stands_at(kiosk, "attract")
        assert shelf.name not in kiosk.evaluate("document.documentElement.outerHTML")
        here.waited(lambda: read(takes_in(shelf.folder)[0]).outcome is not None)
        kiosk.keyboard.press("F10")
        expect(kiosk.get_by_role("group", name="Type the PIN")).to_be_focused()
        kiosk.keyboard.type(PIN)
        kiosk.keyboard.press("Enter")
        stands_at(kiosk, "operator")
        touch(kiosk, "Takes waiting")
        expect(kiosk.get_by_text("left without a word")).to_be_visible()
        touch(kiosk, "Keep and finish it")
        touch(kiosk, "Close")
        stands_at(kiosk, "attract")
        here.waited(lambda: publication.read(shelf.folder), within=90)
        assert read(takes_in(shelf.folder)[0]).outcome.seconds > 2
        kiosk.context.close()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(text) for task in tasks for text in (task / "children").read_text().split()]
