"""The recorder page in a real browser, with a real recorder behind it."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from capture.errors import DeviceMissing
from capture.health import State
from capture.known import FOLDER_VARIABLE
from capture.sources import spoken
from capture.take import read, takes_in
from flipcast import tuning
from flipcast.studio import Studio
from flipcast.web.news import News
from greenscreen import beside
from tests.fixtures.browser import Open, barriers
from tests.fixtures.pages import SIZES, choose_test_sources, opened, press, unfit, until, waited
from tests.fixtures.rig import Painted, XScreen
from tests.fixtures.rig_camera import MadeCamera


def test_from_choosing_to_a_kept_take(studio: Studio, address: str, watch: Open):
    """What everybody does who records: choose, look, record, pause, mark, stop, and see what was kept."""
    page = watch(address, ready=False).page
    choose_test_sources(page)
    moving = "() => document.querySelector('.stage canvas.first')?.width ?? 0"
    page.wait_for_selector(".stage canvas.first")
    waited(lambda: page.evaluate(moving) >= 640)
    expect(page.get_by_role("meter")).to_be_visible()

    page.get_by_label("Title", exact=True).fill("Vectors <b>& spaces</b>")
    press(page, "Record")
    until(page, "rolling")
    expect(page.get_by_text("Vectors <b>& spaces</b>")).to_be_visible()
    press(page, "Set a marker")
    page.wait_for_timeout(1500)
    press(page, "Pause")
    until(page, "paused")
    press(page, "Go on")
    until(page, "rolling")
    press(page, "Stop")
    expect(page.get_by_role("heading", name="“Vectors <b>& spaces</b>” is kept")).to_be_visible(timeout=20_000)

    until(page, "ready")
    (shelf,) = studio.library.shelves()
    take = read(takes_in(shelf.folder)[0])
    assert shelf.name == "vectors-b-spaces-b"
    assert take.outcome
    assert take.outcome.seconds > 1
    assert len(take.markers) == len(take.pauses) == 1
    assert {track.name for track in take.tracks} == {"camera", "microphone"}

    press(page, "Watch it")
    film = page.locator("video.large")
    expect(film).to_be_visible()
    expect(film).to_be_in_viewport(ratio=0.95)
    film.evaluate("video => { video.muted = true; video.play(); }")
    waited(lambda: film.evaluate("video => video.currentTime") > 0.5)


def test_what_was_measured_is_told_in_the_language_of_the_page(studio: Studio, address: str, watch: Open):
    """The proof is for whoever records, and not only for those who read English."""
    studio.choose(["pattern", "tone"])
    page = watch(address, ready=False, locale="de-DE").page
    until(page, "ready")
    press(page, "Aufnehmen")
    until(page, "rolling")
    page.wait_for_timeout(2500)
    press(page, "Beenden")
    page.get_by_text("Was gemessen wurde").click()
    proof = page.locator("dl.proof")
    expect(proof.get_by_text("Kamera", exact=True)).to_be_visible()
    said = proof.inner_text()
    assert re.search(r"\d+ Bilder: \d+ zu spät, \d+ wiederholt, \d+ ausgelassen\.", said)
    assert re.search(r"Passt auf [+-]?\d+,\d ms, 95 % innerhalb von \d+,\d ms", said)
    assert "Angehalten." in said
    assert proof.locator("[lang=en]").count() == 0
    assert barriers(page) == []
    assert unfit(page) == []
    (shelf,) = studio.library.shelves()
    page.goto(f"{address}library#{shelf.name}")
    heading = page.get_by_text("Aufnahme 1 · ")
    expect(heading).to_contain_text(" · Vollständig")
    assert heading.locator("[lang=en]").count() == 0


def test_a_page_that_is_closed_disturbs_no_recording(studio: Studio, address: str, watch: Open):
    """A browser crashes, a lid is closed: the take goes on, and the next page finds it running."""
    page = watch(address, ready=False).page
    choose_test_sources(page)
    press(page, "Record")
    until(page, "rolling")
    page.context.close()
    time.sleep(6)
    assert studio.news.latest("studio")["state"] == State.ROLLING

    again = watch(address, ready=False).page
    until(again, "rolling")
    expect(again.get_by_role("button", name="Stop")).to_be_focused()
    expect(again.get_by_role("button", name="pattern")).to_have_attribute("aria-pressed", "true")
    press(again, "Stop")
    expect(again.get_by_role("heading", name="is kept")).to_be_visible(timeout=20_000)
    (shelf,) = studio.library.shelves()
    assert read(takes_in(shelf.folder)[0]).outcome.seconds > 5


def test_sources_are_let_go_when_nobody_looks(studio: Studio, address: str, watch: Open):
    """A camera whose light stays on after the page is closed is a camera nobody trusts."""
    page = watch(address, ready=False).page
    choose_test_sources(page)
    page.context.close()
    waited(lambda: studio.news.latest("studio")["state"] == "off")
    assert studio.previews() is None


def test_a_countdown_that_is_called_off_leaves_nothing(studio: Studio, address: str, watch: Open):
    """The telephone rings: no empty recording stays behind."""
    slow = replace(studio.settings, record=replace(studio.settings.record, countdown_seconds=30.0))
    studio.settings = slow
    page = watch(address, ready=False).page
    choose_test_sources(page)
    press(page, "Record")
    until(page, "counting")
    press(page, "Call off")
    until(page, "ready")
    waited(lambda: not studio.library.shelves())


def test_a_recorder_that_is_killed_leaves_a_take_made_whole(studio: Studio, address: str, watch: Open):
    """What was said until then is there, and the page can record again at once."""
    page = watch(address, ready=False).page
    choose_test_sources(page)
    press(page, "Record")
    until(page, "rolling")
    page.wait_for_timeout(2500)
    assert studio._remote
    os.kill(studio._remote.pid, 9)
    expect(page.get_by_role("heading", name="is kept")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile("recovered")).first).to_be_visible()
    until(page, "ready")
    (shelf,) = studio.library.shelves()
    assert read(takes_in(shelf.folder)[0]).outcome.recovered


def test_a_source_that_cannot_be_opened_is_explained_and_tried_again(studio: Studio, address: str, watch: Open):
    """The address of a camera is mistyped: a sentence and a next step, and the rest of the page works."""
    page = watch(address, ready=False, bypass_csp=True).page
    page.get_by_text("More sources").click()
    page.get_by_label("Address of a camera in the network").fill("http://127.0.0.1:9/none")
    press(page, "Add")
    expect(page.get_by_role("alert").get_by_text("127.0.0.1:9").first).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Record", exact=True)).to_be_disabled()
    expect(page.get_by_role("alert").get_by_text(re.compile(r"gives no picture\.\s+See that it is on"))).to_be_visible()
    expect(page.get_by_text("All is well.")).to_have_count(0)
    assert barriers(page) == []
    page.get_by_role("button", name="127.0.0.1:9/none").click()
    press(page, "Test picture")
    until(page, "ready")


def test_what_is_wrong_is_said_in_the_language_of_the_page(
    studio: Studio, address: str, watch: Open, rig_cameras: MadeCamera
):
    """A frozen camera is found before the lecture, by whoever reads German, too."""
    studio.settings = replace(studio.settings, record=replace(studio.settings.record, frozen_after_seconds=1.0))
    camera = rig_cameras()
    camera.turn("same")
    studio.choose([f"camera:{camera.url}"])
    page = watch(address, ready=False, locale="de-DE").page
    expect(page.get_by_text("Die Kamera zeigt immer dasselbe Bild").first).to_be_visible()
    assert page.locator(".light").evaluate("light => light.classList.contains('amber')")


def test_what_was_chosen_is_chosen_the_next_time(studio: Studio, address: str, tmp_path: Path, watch: Open):
    """Nobody wants to choose the same camera every morning."""
    choose_test_sources(watch(address, ready=False).page)
    with opened(Studio(studio.library, studio.settings, News(), state=tmp_path / "state")) as second:
        page = watch(second, ready=False).page
        until(page, "ready")
        expect(page.get_by_role("button", name="pattern")).to_have_attribute("aria-pressed", "true")
        page.context.close()


def test_the_green_screen_is_seen_live_and_lies_beside_the_take(studio: Studio, address: str, watch: Open):
    """Who stands before a green wall sees at once how it will look, and may choose another background later."""
    page = watch(address, ready=False).page
    choose_test_sources(page)
    page.get_by_label("Green screen").check()
    waited(lambda: (studio.news.latest("studio")["key"] or {}).get("works", False), within=90)
    expect(page.get_by_role("img", name="In front of the screen")).to_be_visible(timeout=30_000)
    waited(lambda: page.evaluate("document.querySelector('.stage canvas.first').width") >= 640)
    page.get_by_text("Sea", exact=True).click()
    waited(lambda: studio.news.latest("studio")["scene"] == "sea")
    press(page, "Record")
    until(page, "rolling")
    expect(page.get_by_label("Green screen")).to_be_disabled()
    page.wait_for_timeout(500)
    press(page, "Stop")
    expect(page.get_by_role("heading", name="is kept")).to_be_visible(timeout=20_000)
    (shelf,) = studio.library.shelves()
    assert beside.read(takes_in(shelf.folder)[0], "camera").behind == "#1f4e9c"


def test_the_green_screen_is_tuned_on_the_page(
    studio: Studio, address: str, watch: Open, rig_cameras: MadeCamera, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Nobody should need a terminal for it; what cannot be keyed is said, and what was kept before stays."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "state"))
    camera = rig_cameras()
    camera.turn("wall")
    studio.choose([f"camera:{camera.url}"])
    page = watch(address, ready=False, bypass_csp=True).page
    until(page, "ready", 60)
    page.get_by_label("Green screen").check()
    expect(page.get_by_text("Sea", exact=True)).to_be_visible()
    assert barriers(page) == []
    press(page, "Look at the green screen")
    assert barriers(page) == []
    press(page, "I am stepping out")
    expect(page.get_by_text("It is kept")).to_be_visible(timeout=60_000)
    (wanted,) = [studio._devices.wanted(spoken(text)) for text in studio.chosen]
    assert tuning.remembered(wanted).plate is not None
    assert unfit(page) == []
    assert barriers(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Close").click()


def test_a_layout_that_is_chosen_while_it_rolls_holds_from_then_on(
    studio: Studio, screen: XScreen, address: str, watch: Open, rig_cameras: MadeCamera
):
    """The slides for the proof, the face for the question: nobody stops a lecture for that."""
    studio.choose(["screen:1", f"camera:{rig_cameras().url}"])
    page = watch(address, ready=False).page
    until(page, "ready", 60)
    press(page, "Record")
    until(page, "rolling")
    expect(page.locator(".stage")).to_have_attribute("data-layout", "corner")
    page.get_by_label("Side by side").check()
    expect(page.locator(".stage")).to_have_attribute("data-layout", "side-by-side")
    page.wait_for_timeout(1000)
    press(page, "Stop")
    expect(page.get_by_role("heading", name="is kept")).to_be_visible(timeout=20_000)
    (shelf,) = studio.library.shelves()
    (marker,) = read(takes_in(shelf.folder)[0]).markers
    assert marker.label == "side-by-side"


def test_what_is_chosen_in_haste_is_all_chosen(studio: Studio, address: str, watch: Open):
    """Two clicks before the first is answered are two wishes, and a tick never jumps back; one that is refused does."""
    watching = watch(address, ready=False)
    page = watching.page
    page.get_by_text("More sources").click()
    held: list[Route] = []
    page.route("**/choose", lambda route: held.append(route))
    press(page, "Test picture")
    press(page, "Test tone")
    for name in ("pattern", "tone"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(500)
    assert page.get_by_role("button", pressed=True).count() == 2
    expect(page.get_by_role("button", name="Record", exact=True)).to_be_disabled()
    for number in range(2):
        waited(lambda: page.wait_for_timeout(10) or len(held) > number)  # noqa: B023
        held[number].continue_()
    until(page, "ready")
    assert list(studio.chosen) == ["pattern", "tone"]

    page.unroute("**/choose")
    page.route("**/choose", lambda route: route.fulfill(status=409, json={"what": "the tone is taken", "hint": ""}))
    press(page, "Test tone")
    expect(page.get_by_text("The tone is taken.")).to_be_visible()
    assert page.get_by_role("button", pressed=True).count() == 2
    until(page, "ready")
    assert len(watching.troubles) == 1  # Chromium's own word of the refusal
    watching.troubles.clear()


def test_a_screen_is_seen_before_it_is_chosen(studio: Studio, screen: XScreen, address: str, watch: Open):
    """Of two screens nobody knows which is the first; a camera's light stays out until it is chosen."""
    screen.draw(np.full((720, 1280, 3), (0, 0, 200), np.uint8))
    page = watch(address, ready=False).page
    shown = page.locator(".source img")
    expect(shown).to_be_visible()
    waited(lambda: shown.evaluate("image => image.naturalWidth") == 320)
    with pytest.raises(DeviceMissing):
        studio.glance("pattern")
    assert studio.previews() is None


def test_a_window_is_seen_and_chosen_like_a_screen(
    studio: Studio, screen: XScreen, painted: type[Painted], address: str, watch: Open
):
    """Slides in a window are shown without the mail beside them."""
    painted("Slides <b>7</b>", left=100, top=60, width=640, height=360, colour=0x2040C0)
    page = watch(address, ready=False).page
    row = page.get_by_role("button", name="Slides <b>7</b>")
    waited(lambda: row.locator("img").evaluate("image => image.naturalWidth") == 320)
    row.click()
    until(page, "ready")
    assert studio.chosen == ("window:Slides <b>7</b>",)
    expect(row).to_have_count(1)
    waited(lambda: page.evaluate("document.querySelector('.stage canvas.first')?.width") == 640)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barriers(studio: Studio, address: str, watch: Open, scheme: str):
    """Staff who see, hear or move otherwise record lectures too; the whole of it by keyboard alone."""
    page = watch(address, ready=False, color_scheme=scheme, bypass_csp=True, reduced_motion="reduce").page
    page.wait_for_selector("main.recorder")
    assert barriers(page) == []
    choose_test_sources(page)
    assert barriers(page) == []
    page.locator("body").press("Escape")
    page.get_by_role("button", name="Record", exact=True).focus()
    page.keyboard.press("Enter")
    until(page, "rolling")
    page.wait_for_timeout(300)
    assert barriers(page) == []
    press(page, "Pause")
    until(page, "paused")
    assert barriers(page) == []
    page.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")  # what stops is where what records was
    expect(page.get_by_role("heading", name="is kept")).to_be_visible(timeout=20_000)
    assert barriers(page) == []


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_is_cut_off_at_any_size(studio: Studio, address: str, watch: Open, width: int, height: int):
    """A page that must be scrolled sideways hides its stop button; a finger needs 44 pixels."""
    page = watch(address, ready=False, viewport={"width": width, "height": height}).page
    choose_test_sources(page)
    assert unfit(page) == []
    page.get_by_label("Green screen").check()
    expect(page.get_by_text("Sea", exact=True)).to_be_visible()
    assert unfit(page) == []
