"""A picture of one's own to stand before: brought to the page, kept, chosen, taken out."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from flipcast.deck import SlidesRefused
from flipcast.errors import DeskError
from flipcast.scenes import Scenes
from flipcast.studio import Studio
from tests.fixtures.browser import Open, barriers
from tests.fixtures.pages import choose_test_sources, unfit, waited
from tests.fixtures.pdfs import slides


def picture(path: Path, *, width: int = 640, height: int = 360) -> Path:
    cv2.imwrite(str(path), np.full((height, width, 3), (40, 90, 160), np.uint8))
    return path


@pytest.fixture
def scenes(tmp_path: Path) -> Scenes:
    return Scenes(None, own=tmp_path / "library" / ".backgrounds")


def test_what_is_brought_is_drawn_anew_and_keeps_nothing_of_its_file(scenes: Scenes, tmp_path: Path) -> None:
    """A photograph says where it was taken, and a file may be more than a picture."""
    file = picture(tmp_path / "brought.png", width=4000, height=2000)
    with file.open("ab") as more:
        more.write(b"<script>GPS 48.1 11.5</script>")
    scene = scenes.bring(file, "../../My <b>Office</b>.PNG")

    kept = Path(scene.behind)
    assert scene.own
    assert kept.parent == tmp_path / "library" / ".backgrounds"
    assert b"GPS" not in kept.read_bytes()
    drawn = cv2.imread(str(kept))
    assert drawn is not None
    assert drawn.shape[:2] == (960, 1920)
    assert scenes.find(scene.id) == scene
    assert scenes.bring(file, "../../My <b>Office</b>.PNG") == scene, "brought twice, it is there once"
    assert scenes.take_out(scene.id).behind == str(kept)
    assert not kept.exists()
    with pytest.raises(DeskError, match="not there any more"):
        scenes.take_out(scene.id)
    with pytest.raises(DeskError, match="not brought by you"):
        scenes.take_out("night")


def test_what_is_no_picture_is_refused_and_nothing_stays(scenes: Scenes, tmp_path: Path) -> None:
    """A file is not what its name says."""
    brought = tmp_path / "brought"
    document = slides(tmp_path / "one.pdf", "One").read_bytes()
    brought.write_bytes(document)
    with pytest.raises(SlidesRefused, match="is no picture"):
        scenes.bring(brought, "slides.pdf")
    for content in (b"", b"MZ" * 500, document, picture(tmp_path / "cut.png").read_bytes()[:90]):
        brought.write_bytes(content)
        with pytest.raises(SlidesRefused):
            scenes.bring(brought, "holiday.png")
    assert not [path for path in tmp_path.rglob("*") if ".backgrounds" in path.parts and path.is_file()]


def test_a_picture_is_brought_chosen_and_taken_out_on_the_page(
    studio: Studio, address: str, watch: Open, tmp_path: Path
) -> None:
    """Nobody asks an administrator for a wallpaper."""
    watching = watch(address, ready=False, bypass_csp=True)
    page = watching.page
    choose_test_sources(page)
    page.get_by_label("Green screen").check()
    expect(page.get_by_role("button", name="A picture of your own")).to_be_visible()
    page.set_input_files("#background", picture(tmp_path / "The library.jpg"))
    mine = page.get_by_role("radio", name="the library")
    expect(mine).to_be_checked()
    waited(lambda: studio.behind.endswith((".png", ".jpg", ".webp")))
    assert page.evaluate("[...document.querySelectorAll('.swatch img')].every(one => one.complete && one.naturalWidth)")
    assert barriers(page) == []
    assert unfit(page) == []
    if folder := os.environ.get("FLIPCAST_LOOK"):
        page.screenshot(path=f"{folder}/backgrounds.png", full_page=True)

    brought = tmp_path / "report.docx"
    brought.write_bytes(b"PK")
    page.set_input_files("#background", brought)
    expect(page.get_by_role("alert").get_by_text("is no picture")).to_be_visible()
    watching.troubles.clear()  # the console tells of the refusal

    page.get_by_role("button", name="Take “the library” out").click()
    expect(mine).to_have_count(0)
    waited(lambda: studio.behind == "")
    assert not list((studio.library.folder / ".backgrounds").iterdir())


def test_a_picture_that_is_too_large_is_refused_before_it_fills_the_disk(address: str, watch: Open) -> None:
    """Whatever is sent, it is counted while it comes."""
    watching = watch(address, ready=False)
    send = """size => fetch("background?name=a.png", {method: "POST", body: new Uint8Array(size)})
      .then(answer => answer.json().then(said => [answer.status, said.what]))"""
    status, said = watching.page.evaluate(send, 61_000_000)
    assert (status, said) == (409, "it is larger than 60 MB")
    assert (
        watching.page.evaluate("fetch('background', {method: 'POST', body: 'x'}).then(answer => answer.status)") == 400
    )
    giant = """size => fetch("scenes/out", {method: "POST", headers: {"content-type": "application/json"},
      body: JSON.stringify({scene: "x".repeat(size)})}).then(answer => answer.status)"""
    assert watching.page.evaluate(giant, 2_000_000) == 413
    watching.troubles.clear()
