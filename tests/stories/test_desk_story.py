"""A lecturer at the laptop, from choosing a screen to a student who reads along; nothing is typed into a terminal."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from flipcast.library import Library
from flipcast.settings import Settings
from flipcast.studio import Studio
from flipcast.web.news import News
from process import edits
from publish.stores.s3 import S3Store
from tests.fixtures.browser import Open
from tests.fixtures.pages import opened, press, until, waited
from tests.fixtures.rig import Opened
from tests.fixtures.rig_camera import MadeCamera, RigCamera
from tests.fixtures.rig_sound import RATE, SoundRig
from tests.fixtures.speech import SAMPLE, Samples

SECONDS = 14


@pytest.fixture
def desk(
    x_screen: Opened, sound_rig: SoundRig, offline: None, s3_store: S3Store, tmp_path: Path
) -> Iterator[tuple[Studio, str]]:
    """A studio with a slide on its screen and a microphone to speak into, and the address of its pages."""
    s3_store.open_to_readers()
    slide = cv2.imread(str(SAMPLE / "slide-1.png"))
    x_screen(width=1280, height=720).draw(cv2.resize(slide, (1280, 720), interpolation=cv2.INTER_AREA))
    usual = Settings()
    settings = replace(
        usual,
        record=replace(usual.record, countdown_seconds=1.0),
        captions=replace(usual.captions, download=False),
        ladder=replace(usual.ladder, heights=(360,), quality="off"),
        store=replace(usual.store, endpoint_url=s3_store.settings.endpoint_url, address=s3_store.address),
    )
    studio = Studio(Library(tmp_path / "library"), settings, News(), state=tmp_path / "state")
    studio.choose([])
    with opened(studio) as address:
        yield studio, address


@pytest.fixture
def speaking(sound_rig: SoundRig, sample_samples: Samples) -> Iterator[None]:
    """Somebody who speaks at the desk, on and on."""
    part = np.interp(np.arange(6 * RATE) / 3, np.arange(len(sample_samples)), sample_samples) / 32768
    over = threading.Event()

    def speak() -> None:
        while not over.is_set():
            sound_rig.play(part.tolist())

    voice = threading.Thread(target=speak)
    voice.start()
    yield
    over.set()
    voice.join()


def test_a_lecture_is_recorded_trimmed_corrected_published_and_watched(
    desk: tuple[Studio, str], speaking: None, rig_cameras: MadeCamera, watch: Open
):
    """All that most people will ever do with flipcast, in the order in which they do it."""
    studio, address = desk
    page = watch(address, ready=False).page
    _choose(page, rig_cameras(width=640, height=360))
    page.get_by_label("Title", exact=True).fill("The exhibition")
    press(page, "Record")
    until(page, "rolling")
    expect(page.get_by_text("All is well.").or_(page.get_by_text("came late"))).to_be_visible()
    page.wait_for_timeout(SECONDS * 1000)
    press(page, "Stop")
    press(page, "Watch it")
    waited(lambda: bool(page.evaluate("document.querySelector('video.large')?.readyState >= 2")))

    page.get_by_role("link", name="Finish and publish").click()
    press(page, "Finish")
    expect(page.get_by_role("link", name="Watch", exact=True)).to_be_visible(timeout=240_000)
    page.get_by_text("Trim, captions, clips").click()
    word = page.locator("button.word").nth(4)
    was = word.inner_text()
    word.click()
    page.get_by_label("Word at").fill("Flipcastish")
    page.keyboard.press("Enter")
    expect(word).to_have_text("Flipcastish")
    film = "document.querySelector('.said video')"
    page.evaluate(f"{film}.pause(), {film}.currentTime = {SECONDS - 2}")
    press(page, "End where the film is")
    expect(page.get_by_text("Finish again to have it")).to_be_visible()
    (shelf,) = studio.library.shelves()
    assert edits.read(shelf.folder).words[0].was == was
    press(page, "Finish again")
    waited(lambda: shelf.lecture().seconds < SECONDS - 1, within=240)

    press(page, "Publish")
    expect(page.get_by_role("button", name="Copy the address")).to_be_visible(timeout=60_000)
    there = page.locator(".published input").input_value()
    page.context.close()
    student = watch(there, ready=False)
    student.until("v.readyState >= 3 && !!customElements.get('media-controller')")
    expect(student.page.get_by_text("Flipcastish").first).to_be_attached()
    student.page.click("#big-play")
    student.until("!v.paused && v.currentTime > 0.8")


def _choose(page: Page, camera: RigCamera) -> None:
    """As a person does: by its picture, by its address, by its name."""
    page.get_by_role("button", name="Screen 1").click()
    page.get_by_text("More sources").click()
    page.get_by_label("Address of a camera in the network").fill(camera.url)
    press(page, "Add")
    page.get_by_role("button", name=re.compile("desk", re.IGNORECASE)).first.click()
    until(page, "ready", 60)
    meter = page.get_by_role("meter")
    waited(lambda: meter.evaluate("meter => meter.value") > -50)
