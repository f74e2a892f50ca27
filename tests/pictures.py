"""The pictures of the README, taken from the running program: ``python -m tests.pictures``, or ``make pictures``.

Everything in them is real: the recorder with a screen, a camera before a green wall and a test tone, the library with
what it has just recorded and put onto a server, and the booth with somebody on its mark.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from flipcast.library import Library
from flipcast.settings import Settings
from flipcast.studio import Studio
from flipcast.web.news import News
from publish.stores.seaweed import serving
from tests.fixtures.booths import booth
from tests.fixtures.browser import FLAGS, chromium
from tests.fixtures.pages import opened, until
from tests.fixtures.rig import XScreen
from tests.fixtures.rig_camera import RigCamera

PLACE = Path(__file__).parent.parent / "docs"
"""Where they are put."""

_SIZE = {"width": 1280, "height": 800}
_LINES = ("Rotations", "turn every vector by the same angle,", "keep lengths and angles,", "and have determinant 1.")


def main() -> None:
    """Take them all."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright, serving(Path(scratch)) as server:
        folder = Path(scratch)
        screen, camera = XScreen(folder), RigCamera(width=960, height=540)
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        os.environ.update(screen.environment)
        try:
            screen.draw(_slide())
            camera.turn("studio")
            usual = Settings()
            settings = replace(
                usual,
                captions=replace(usual.captions, engine="off"),
                store=replace(usual.store, endpoint_url=server.endpoint_url, address=f"s3://{server.bucket}/spring"),
            )
            studio = Studio(Library(folder / "Lectures"), settings, News(), state=folder / "state")
            studio.choose(["screen:1", f"camera:{camera.url}", "tone"])
            with opened(studio) as address:
                page = browser.new_page(viewport=_SIZE, device_scale_factor=1)
                page.goto(address)
                _take(page)
                page.close()
            _booth(browser.new_page(viewport=_SIZE, device_scale_factor=1), folder / "booth", f"camera:{camera.url}")
        finally:
            browser.close()
            camera.close()
            screen.close()


def _take(page: Page) -> None:
    until(page, "ready", 60)
    page.get_by_label("Title", exact=True).fill("Linear algebra 7: rotations")
    page.get_by_label("Green screen").check()
    expect(page.get_by_role("img", name="In front of the screen")).to_be_visible(timeout=120_000)
    time.sleep(5)
    page.get_by_role("button", name="Record", exact=True).click()
    until(page, "rolling")
    time.sleep(12)
    _shoot(page, "recorder")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("link", name="Finish and publish").click(timeout=60_000)
    page.get_by_role("button", name="Finish").click()
    page.get_by_role("button", name="Publish").click(timeout=300_000)
    expect(page.get_by_role("button", name="Copy the address")).to_be_visible(timeout=60_000)
    _shoot(page, "library")


def _booth(page: Page, folder: Path, camera: str) -> None:
    with booth(folder, sources=(camera, "tone"), greenscreen=True) as here:
        page.goto(here.house.address)
        expect(page.locator("main.booth[data-step=attract][data-settled]")).to_have_count(1)
        page.keyboard.press("Enter")
        here.waited(lambda: (here.stage.studio.news.latest("studio")["key"] or {}).get("works"), within=120)
        here.stage.choose_background("sea")
        time.sleep(6)  # the advice has settled
        _shoot(page, "booth")
        page.close()


def _shoot(page: Page, name: str) -> None:
    PLACE.mkdir(exist_ok=True)
    page.evaluate("scrollTo(0, 0)")
    page.mouse.move(0, 0)
    page.screenshot(path=PLACE / f"{name}.png")


def _slide() -> np.ndarray:
    """What is on the screen."""
    picture = np.full((720, 1280, 3), (252, 250, 247), np.uint8)
    for number, line in enumerate(_LINES):
        scale, thick = (2.2, 4) if number == 0 else (1.1, 2)
        at = (70, 130 + number * 80)
        cv2.putText(picture, line, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (90, 50, 20), thick, cv2.LINE_AA)
    for turn in range(0, 90, 15):
        tip = (300 + round(220 * np.cos(np.radians(turn))), 660 - round(220 * np.sin(np.radians(turn))))
        cv2.arrowedLine(picture, (300, 660), tip, (200, 120 - turn, 40 + 2 * turn), 4, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    main()
