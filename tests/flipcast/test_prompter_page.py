"""The teleprompter, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from flipcast.studio import Studio
from process import edits
from tests.fixtures.browser import Open, barriers
from tests.fixtures.pages import SIZES, unfit, waited
from tests.fixtures.pdfs import slides
from tests.fixtures.presentations import presentation
from tests.fixtures.takes import beeping, microphone, record

TEXT = "\n".join(f"{number}. Today we meet vectors <b>and</b> what they are good for." for number in range(40))


def test_a_text_runs_at_the_speed_that_is_wished_and_is_kept(address: str, watch: Open) -> None:
    """Who reads looks into the camera instead of onto paper."""
    page = watch(address + "prompter", ready=False).page
    page.get_by_label("Your text").fill(TEXT)
    at = "document.querySelector('.text').scrollTop"
    page.get_by_role("button", name="Run").click()
    page.wait_for_timeout(1500)
    slow = page.evaluate(at)
    assert slow > 5
    page.get_by_label("Speed").fill("240")
    page.wait_for_timeout(1500)
    assert page.evaluate(at) - slow > slow
    page.get_by_role("button", name="Halt").click()
    expect(page.get_by_role("button", name="Run")).to_be_visible()
    page.wait_for_timeout(200)
    there = page.evaluate(at)
    page.wait_for_timeout(300)
    assert page.evaluate(at) == there

    page.reload()
    expect(page.get_by_label("Your text")).to_have_value(TEXT)


def test_keys_run_it_and_a_pane_of_glass_reads_it_right(address: str, watch: Open) -> None:
    """Hands are at the lectern, and glass shows everything the other way round."""
    page = watch(address + "prompter", ready=False).page
    page.get_by_label("Your text").fill(TEXT)
    page.get_by_label("Mirrored").check()
    page.get_by_role("region", name="The text as it runs").focus()
    page.keyboard.press("Space")
    waited(lambda: page.evaluate("document.querySelector('.text').scrollTop") > 5)
    matrix = page.evaluate("getComputedStyle(document.querySelector('.text')).transform")
    assert matrix == "matrix(-1, 0, 0, 1, 0, 0)"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_has_no_barriers_at_any_size(address: str, watch: Open, width: int, height: int) -> None:
    """Every page of ours."""
    page = watch(address + "prompter", ready=False, bypass_csp=True, viewport={"width": width, "height": height}).page
    page.get_by_label("Your text").fill(TEXT)
    assert barriers(page) == []
    assert unfit(page) == []


def test_the_notes_of_a_presentation_become_the_text(address: str, watch: Open, tmp_path: Path) -> None:
    """What somebody wrote below their slides is what they want to say."""
    watching = watch(address + "prompter", ready=False)
    page = watching.page
    page.locator("#presentation").set_input_files(presentation(tmp_path / "talk.pptx", notes="Say this slowly."))
    expect(page.get_by_label("Your text")).to_have_value("Say this slowly.")

    page.locator("#presentation").set_input_files(slides(tmp_path / "talk.pdf", "One"))
    expect(page.get_by_role("alert").get_by_text("has no notes")).to_be_visible()
    (tmp_path / "torn.pptx").write_bytes(b"PK no more")
    page.locator("#presentation").set_input_files(tmp_path / "torn.pptx")
    expect(page.get_by_role("alert").locator("strong")).not_to_contain_text("has no notes")
    expect(page.get_by_label("Your text")).to_have_value("Say this slowly.")
    assert all("409 (Conflict)" in trouble for trouble in watching.troubles)  # which browsers note by themselves
    watching.troubles.clear()


def test_the_text_is_offered_as_what_is_truly_said(studio: Studio, address: str, watch: Open) -> None:
    """Whoever has read a script need not correct what a machine misheard."""
    made = record(studio.library.folder / "two", microphone(beeping(), ends=1), title="Rotations")
    page = watch(address + "prompter", ready=False).page
    page.get_by_label("Your text").fill(TEXT)
    page.get_by_label("Read in").select_option("Rotations")
    page.get_by_role("button", name="Let its captions follow").click()
    expect(page.get_by_text("They will, where it was followed")).to_be_visible()
    assert edits.read(made).script == TEXT
