"""The library page in a real browser: from a recording to an address to copy."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from capture import recording, take
from flipcast.errors import DeskError, InUse
from flipcast.finishing import Finishing
from flipcast.studio import Studio
from process import edits
from process import lecture as lectures
from publish.stores.s3 import S3Store
from tests.fixtures import roller
from tests.fixtures.browser import Open, barriers
from tests.fixtures.pages import SIZES, choose_test_sources, opened, press, unfit, until, waited
from tests.fixtures.takes import beeping, camera, flashing, microphone, plain, record, screen


def lecture(page: Page, title: str) -> None:
    page.get_by_role("link", name=title).click()


def test_from_a_recording_to_its_page_on_the_web(studio: Studio, s3_store: S3Store, watch: Open) -> None:
    """What the recorder page leads to: finish, look, publish, copy the address; nothing typed but the title."""
    s3_store.open_to_readers()
    store = replace(studio.settings.store, endpoint_url=s3_store.settings.endpoint_url, address=s3_store.address)
    studio.settings = replace(studio.settings, store=store)
    with opened(studio) as address:
        page = watch(address, ready=False).page
        choose_test_sources(page)
        press(page, "Record")
        until(page, "rolling")
        page.wait_for_timeout(3000)
        press(page, "Stop")
        page.get_by_role("link", name="Finish and publish").click()
        expect(page.get_by_role("link", name=re.compile("Recording .*Recorded"))).to_be_visible()

        page.get_by_label("Title of the lecture").fill("Vectors & <i>spaces</i>")
        press(page, "Finish")
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_role("link", name="Watch")).to_be_visible(timeout=90_000)
        expect(page.get_by_text("Vectors & <i>spaces</i>", exact=True)).to_be_visible()

        href = page.get_by_role("link", name="Watch").get_attribute("href")
        watching = watch(address + str(href), ready=False)
        watching.until("v.readyState >= 3 && !!customElements.get('media-controller')")
        watching.page.context.close()

        page.get_by_text("Trim, captions, clips").click()
        waited(lambda: bool(page.evaluate("document.querySelector('.said video')?.readyState >= 1")))
        page.evaluate("document.querySelector('.said video').currentTime = 1")
        press(page, "Begin where the film is")
        expect(page.get_by_text("Finish again to have it")).to_be_visible()
        whole = studio.library.shelves()[0].lecture().seconds
        press(page, "Finish again")
        waited(lambda: studio.library.shelves()[0].lecture().seconds < whole - 0.5, within=90)

        press(page, "Publish")
        copied = page.get_by_label(re.compile("Published in"))
        expect(page.get_by_role("button", name="Copy the address")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
        waited(lambda: bool(page.evaluate("document.querySelector('.published img').naturalWidth > 0")))
        there = page.locator(".published input").input_value()
        assert copied.count()
        page.context.close()
    up = watch(there, ready=False)
    up.until("v.readyState >= 3")


def test_what_was_deleted_comes_back(studio: Studio, address: str, shelved: Path, watch: Open) -> None:
    """A slip of the finger must not cost a semester."""
    (studio.library.folder / ".trash" / "a-lesson").mkdir(parents=True)  # an older one of that name
    page = watch(address + "library#a-lesson", ready=False, bypass_csp=True).page
    press(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("is in the trash")).to_be_visible()
    assert barriers(page) == []
    expect(page.get_by_role("link", name=re.compile("A lesson"))).to_have_count(0)
    assert not shelved.exists()
    assert (studio.library.folder / ".trash" / "a-lesson-2" / "recording.json").is_file()
    press(page, "Take it back")
    expect(page.get_by_role("link", name=re.compile("A lesson"))).to_be_visible()
    assert studio.library.find("a-lesson-2").lecture()

    page.get_by_role("link", name=re.compile("A lesson")).click()
    press(page, "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("is in the trash")).to_be_visible()
    page.reload()  # tomorrow
    page.get_by_text("In the trash (1)").click()
    assert barriers(page) == []
    page.get_by_role("button", name=re.compile("Take it back: “A lesson.*”")).click()
    expect(page.get_by_role("link", name=re.compile("A lesson"))).to_be_visible()
    expect(page.get_by_text("In the trash")).to_have_count(0)


def test_a_word_of_the_captions_is_corrected_and_a_clip_renamed(
    studio: Studio, address: str, shelved: Path, watch: Open
) -> None:
    """Names and terms are what engines hear wrong, and what students search for."""
    watching = watch(address + "library#a-lesson", ready=False, bypass_csp=True)
    page = watching.page
    page.get_by_text("Trim, captions, clips").click()
    first = page.locator("button.word").first
    was = first.inner_text()
    first.click()
    waited(lambda: bool(page.evaluate("document.querySelector('.said video').currentTime < 3")))
    assert barriers(page) == []
    page.get_by_label("Word at").fill("Eigenvalues <i>")
    page.keyboard.press("Enter")
    expect(page.locator("button.word").first).to_have_text("Eigenvalues")
    page.get_by_label("Name of the clip").first.fill("What eigenvalues are")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Finish again to have it")).to_be_visible()
    waited(lambda: len(edits.read(shelved).clips) == 1)
    kept = edits.read(shelved)
    assert (kept.words[0].was, kept.words[0].text) == (was, "Eigenvalues <i>")
    assert kept.clips[0].title == "What eigenvalues are"

    film = "document.querySelector('.said video')"
    page.evaluate(f"{film}.pause(), {film}.currentTime = 25")
    press(page, "End where the film is")
    expect(page.get_by_text("From 0:00 to 0:25: 0:25")).to_be_visible()
    page.evaluate(f"{film}.currentTime = 26")
    press(page, "Begin where the film is")
    expect(page.get_by_role("alert").get_by_text("cannot end before it begins")).to_be_visible()
    assert (edits.read(shelved).start, edits.read(shelved).end) == (None, 25)
    (refused,) = watching.troubles  # the browser's own word for what was refused
    assert "409" in refused
    watching.troubles.clear()


def test_a_lecture_is_found_by_its_title(studio: Studio, address: str, shelved: Path, watch: Open) -> None:
    """After a year there are two hundred."""
    studio.library.begin("Another one")
    page = watch(address + "library", ready=False).page
    expect(page.locator(".lecture")).to_have_count(2)
    page.get_by_label("Search").fill("LESSON made")
    expect(page.locator(".lecture")).to_have_count(1)
    page.get_by_label("Search").fill("nothing like it")
    expect(page.get_by_text("No recording has these words")).to_be_visible()


def test_a_damaged_recording_is_one_row_with_a_sentence(
    studio: Studio, address: str, shelved: Path, watch: Open
) -> None:
    """One bad file must not hide all the others."""
    (shelved / "recording.json").write_text("{", encoding="utf-8")
    studio.library.begin("Another one")
    page = watch(address + "library#a-lesson", ready=False).page
    expect(page.locator(".lecture")).to_have_count(2)
    expect(page.locator(".open .alarm")).to_be_visible()


def test_what_was_cut_short_is_made_whole(studio: Studio, address: str, watch: Open) -> None:
    """The battery was empty: one button, and what was said until then is there."""
    shelf = studio.library.begin("Graphs")
    folder = take.folder_of(shelf.folder, 1)
    folder.mkdir(parents=True)
    roller.roll(folder, seconds=1.0, real=False)
    page = watch(address + f"library#{shelf.name}", ready=False).page
    expect(page.get_by_role("link", name=re.compile("Graphs.*Cut short"))).to_be_visible()
    press(page, "Make it whole")
    expect(page.get_by_role("link", name=re.compile("Graphs.*Recorded"))).to_be_visible()
    expect(page.get_by_text("recovered:")).to_be_visible()
    assert take.read(folder).outcome.recovered


def test_work_can_be_stopped_and_goes_on(studio: Studio, address: str, film, watch: Open) -> None:
    """A train leaves, a lid is closed."""
    source = film(
        "long.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=120", "-c:v", "libx264"),
        *("-preset", "ultrafast"),
    )
    studio.library.take_in(source, title="Long")
    page = watch(address + "library#long", ready=False, bypass_csp=True).page
    press(page, "Finish")
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert barriers(page) == []
    press(page, "Stop; it goes on")
    expect(page.get_by_role("button", name="Finish")).to_be_visible(timeout=15_000)
    assert studio.library.find("long").lecture() is None


def test_a_source_that_is_gone_is_explained(studio: Studio, address: str, film, tmp_path: Path, watch: Open) -> None:
    """The stick with the file is in another pocket."""
    source = tmp_path / "gone.mp4"
    source.write_bytes(film("short.mp4", "-f", "lavfi", "-i", "testsrc2=duration=1:size=320x240").read_bytes())
    studio.library.take_in(source, title="Gone")
    source.unlink()
    page = watch(address + "library#gone", ready=False).page
    press(page, "Finish")
    expect(page.locator("main .trouble")).to_contain_text("gone.mp4")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barriers(address: str, shelved: Path, watch: Open, scheme: str) -> None:
    """A library that cannot be read aloud is closed to some of the staff."""
    page = watch(address + "library#a-lesson", ready=False, color_scheme=scheme, bypass_csp=True).page
    expect(page.get_by_role("button", name="Publish")).to_be_visible()
    assert barriers(page) == []
    press(page, "Publish")
    expect(page.get_by_role("button", name="Copy the address")).to_be_visible(timeout=30_000)
    assert barriers(page) == []
    press(page, "Delete")
    page.wait_for_timeout(200)
    assert barriers(page) == []


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_is_cut_off_at_any_size(address: str, shelved: Path, watch: Open, width: int, height: int) -> None:
    """Somebody looks up an address on the phone."""
    wishes = {"viewport": {"width": width, "height": height}, "has_touch": True}
    page = watch(address + "library#a-lesson", ready=False, **wishes).page
    expect(page.get_by_role("button", name="Publish")).to_be_visible()
    assert unfit(page) == []
    page.get_by_text("Trim, captions, clips").click()
    page.locator("button.word").first.click()
    expect(page.get_by_label("Word at")).to_be_visible()
    assert unfit(page) == []


def test_what_was_recorded_is_watched_before_it_is_finished(studio: Studio, address: str, watch: Open):
    """Screen and camera on one clock: who jumps in one of them has jumped in both."""
    record(
        studio.library.folder / "two",
        screen(plain((200, 0, 0)), ends=6),
        camera(flashing(), begins=0.3, ends=6),
        microphone(beeping(), ends=6),
    )
    page = watch(f"{address}library#two", ready=False).page
    page.get_by_text("Watch what was recorded").click()
    large, small = page.locator("video.large"), page.locator("video.small")
    expect(small).to_be_visible()
    for film in (large, small):
        waited(lambda film=film: film.evaluate("video => video.readyState") >= 3)
    large.evaluate("video => { video.muted = true; video.currentTime = 2; video.play(); }")
    waited(lambda: large.evaluate("video => video.currentTime") > 3)
    times = "() => [...document.querySelectorAll('.rushes video')].map(video => video.currentTime)"
    waited(lambda: abs(float(np.diff(page.evaluate(times))[0])) < 0.15)
    large.evaluate("video => video.pause()")
    waited(lambda: small.evaluate("video => video.paused"))


def test_course_and_language_are_said_before_it_is_finished(studio: Studio, address: str, watch: Open):
    """A course page lists what belongs to it, and whoever speaks German should not be heard in English."""
    made = record(studio.library.folder / "two", camera(flashing(), ends=2), microphone(beeping(), ends=2))
    page = watch(f"{address}library#two", ready=False).page
    title = recording.read(made).title
    page.get_by_label("Title of the lecture").fill("")
    page.get_by_label("Course").fill("Mathematics <I>")
    page.get_by_label("Spoken language").select_option("de")
    press(page, "Finish")
    expect(page.get_by_role("button", name="Publish")).to_be_visible(timeout=90_000)
    assert (recording.read(made).course, recording.read(made).language) == ("Mathematics <I>", "de")
    assert recording.read(made).title == title, "an empty title is no wish for one"
    assert lectures.read(made / "lecture").course == "Mathematics <I>"
    page.get_by_label("Search").fill("mathematics")
    expect(page.locator(".lecture")).to_have_count(1)
    assert "Mathematics &lt;I&gt;" in page.evaluate("fetch('watch/two/').then(answer => answer.text())")


def test_a_lecture_is_described_in_a_language_there_is_and_by_one_at_a_time(studio: Studio) -> None:
    """Captions in a language that no engine knows would be nonsense, and two writers one title too few."""
    folder = record(studio.library.folder / "two", microphone(beeping(), ends=1))
    before = recording.read(folder)
    with Finishing(studio.library, studio.settings, studio.news) as finishing:
        with pytest.raises(DeskError, match="no language is called 'klingon'"):
            finishing.describe("two", title="Vectors", language="klingon")
        with studio.library.find("two").held(), pytest.raises(InUse, match="is at work on 'two'"):
            finishing.describe("two", title="Vectors")
        assert recording.read(folder) == before
        finishing.describe("two", title="Vectors", language="de")
    assert (recording.read(folder).title, recording.read(folder).language) == ("Vectors", "de")
