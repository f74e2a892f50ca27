"""Clips are joined and begun elsewhere on the library page, in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import expect

from process import edits
from tests.fixtures.browser import Open, barriers
from tests.fixtures.pages import press, unfit, waited


def test_a_border_is_taken_away_and_set_elsewhere_by_keyboard(address: str, shelved: Path, watch: Open) -> None:
    """A machine cuts where there is a pause, and a teacher where a thought begins."""
    page = watch(address + "library#a-lesson", ready=False, bypass_csp=True).page
    page.get_by_text("Trim, captions, clips").click()
    parts = page.locator(".said details")
    expect(parts.first).to_be_visible()
    count = parts.count()
    assert count > 1
    assert page.get_by_role("button", name="Join with the clip before").count() == 0, "the first has none before it"

    words = parts.first.locator("button.word")
    said = words.all_inner_texts()
    parts.nth(1).locator("summary").click()
    joined = parts.nth(1).locator("button.word").all_inner_texts()
    assert barriers(page) == []
    page.get_by_role("button", name="Join with the clip before").first.focus()
    page.keyboard.press("Enter")
    expect(parts).to_have_count(count - 1)
    assert words.all_inner_texts() == [*said, *joined]
    expect(page.get_by_text("Finish again to have it")).to_be_visible()

    words.first.click()
    expect(page.get_by_role("button", name="A clip begins here")).to_have_count(0)
    words.nth(len(said) + 1).focus()
    page.keyboard.press("Enter")
    assert unfit(page) == [word for word in unfit(page) if word in (*said, *joined)], "words are as low as they are"
    if folder := os.environ.get("FLIPCAST_LOOK"):
        page.screenshot(path=f"{folder}/borders.png")
    press(page, "A clip begins here")
    expect(parts).to_have_count(count)
    assert words.all_inner_texts() == [*said, joined[0]]
    waited(lambda: [one.begins for one in edits.read(shelved).borders] == [False, True])


def test_a_border_that_makes_no_sense_is_refused(address: str, shelved: Path, watch: Open) -> None:
    """Whatever a page sends, the file of edits stays one that can be read."""
    watching = watch(address + "library", ready=False)
    page = watching.page
    ask = """([at, begins]) => fetch("border", {method: "POST", headers: {"content-type": "application/json"},
      body: JSON.stringify({name: "a-lesson", at, begins})}).then(answer => answer.status)"""
    assert [page.evaluate(ask, [at, True]) for at in (-1, "x", None, 0, "1e999", [])] == [400] * 6
    assert all("400" in trouble for trouble in watching.troubles)
    watching.troubles.clear()  # the console tells each of them
    assert edits.read(shelved) == edits.Edits()
