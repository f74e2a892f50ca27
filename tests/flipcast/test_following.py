"""The teleprompter listens: a real voice, a real engine, a real page."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from flipcast import overhearing
from flipcast.following import TOPIC, Following
from flipcast.prompter import words_of
from flipcast.studio import Studio
from flipcast.web.news import News
from process.captions.engine import Captions
from tests.fixtures.browser import Open, barriers
from tests.fixtures.pages import SIZES, unfit, waited
from tests.fixtures.voices import SAMPLE, reading

SPOKEN = [
    (sentence["end"], len(words_of(sentence["text"]))) for sentence in json.loads((SAMPLE / "speech.json").read_text())
]
TEXT = "\n".join(sentence["text"] for sentence in json.loads((SAMPLE / "speech.json").read_text()))


def said_by(seconds: float) -> int:
    """How many words were said in the sample by so many *seconds*."""
    done, before = 0, 0.0
    for end, count in SPOKEN:
        done += round(count * min(1.0, max(0.0, (seconds - before) / (end - before))))
        before = end
    return done


def test_a_voice_is_followed_to_a_few_words_and_the_child_ends_with_whoever_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that lags behind its reader is worse than paper."""
    monkeypatch.setattr("flipcast.following._ASKED_SECONDS", 3.0)
    news, place = News(), [None]
    with Following(Captions(language="en"), news, microphone=lambda: place[0]) as following:
        following.begin(words_of(TEXT))
        waited(lambda: (following.keep(), news.latest(TOPIC)["state"] == "deaf")[1], within=60)
        with reading(tmp_path) as reader:
            place[0] = reader.place
            waited(lambda: reader.began is not None)
            assert reader.began
            away: list[int] = []
            while (now := time.monotonic() - reader.began) < 24:
                time.sleep(0.5)
                assert following.keep()
                if now > 5:
                    away.append(said_by(now) - news.latest(TOPIC)["at"])
            assert news.latest(TOPIC)["state"] == "listening"
            assert sorted(away)[len(away) // 2] <= 12
            assert min(away) >= -8
            child = following._child
            place[0] = None
            assert child
            waited(lambda: news.latest(TOPIC)["state"] == "off")
            assert child.poll() is not None


def test_weights_that_cannot_be_had_are_said_and_nothing_goes_on(tmp_path: Path) -> None:
    """Who waits for a text that never moves has lost the take."""
    news = News()
    with Following(Captions(weights=tmp_path / "gone"), news, microphone=lambda: None) as following:
        following.begin(["one", "two"])
        waited(lambda: news.latest(TOPIC)["trouble"] is not None, within=60)
        waited(lambda: news.latest(TOPIC)["state"] == "off")
    assert "gone" in news.latest(TOPIC)["trouble"]["what"]


def test_a_child_that_is_killed_is_said(tmp_path: Path) -> None:
    """The system ends whatever it wants when memory is short."""
    news = News()
    with Following(Captions(), news, microphone=lambda: None) as following:
        following.begin(["one", "two"])
        assert following._child
        following._child.kill()
        waited(lambda: news.latest(TOPIC)["trouble"] is not None)
        assert "has ended" in news.latest(TOPIC)["trouble"]["what"]
        following.begin(["one", "two"])
        assert news.latest(TOPIC)["trouble"] is None


def test_large_weights_are_not_what_listens_to_every_second() -> None:
    """A model that takes longer than the speech would stop the recorder for breath."""
    assert [one.model for one in overhearing.candidates(Captions(model="large-v3"))] == ["base", "tiny"]
    assert [one.model for one in overhearing.candidates(Captions(model="tiny.en"))] == ["tiny.en"]
    assert overhearing.candidates(Captions(model="large-v3", weights=Path("mine")))[0].weights == Path("mine")


def test_silence_is_not_listened_to() -> None:
    """A speaker who thinks needs no engine, and a fan is no voice."""
    chance = np.random.default_rng(1)
    hiss = chance.normal(0, 0.002, 7 * 16_000).astype(np.float32)
    assert not overhearing.speaks(hiss)
    assert not overhearing.speaks(hiss[:0])
    spoken = hiss.copy()
    spoken[-16_000:] += 0.1 * np.sin(np.arange(16_000) / 10, dtype=np.float32)
    assert overhearing.speaks(spoken)


@pytest.fixture
def voice(studio: Studio, tmp_path: Path):
    """Somebody who reads, and whom the studio's page hears."""
    with reading(tmp_path / "voice") as reader:
        studio.microphone = lambda: reader.place  # type: ignore[method-assign]
        yield


def test_the_page_follows_and_goes_where_it_is_told(voice: None, address: str, watch: Open) -> None:
    """Hands stay still, and eyes stay on the camera."""
    page = watch(address + "prompter", ready=False).page
    page.get_by_label("Your text").fill(TEXT)
    page.get_by_role("button", name="Follow my voice").click()
    expect(page.get_by_text("It listens")).to_be_visible(timeout=60_000)
    spoken = page.locator(".spoken")
    expect(spoken.nth(20)).to_be_attached(timeout=60_000)
    assert page.evaluate("document.querySelector('.text').scrollTop") > 0
    assert barriers(page) == []
    if folder := os.environ.get("FLIPCAST_LOOK"):
        page.screenshot(path=f"{folder}/following.png")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert unfit(page) == []
    page.get_by_role("button", name="Do not follow").click()
    expect(page.get_by_role("button", name="Follow my voice")).to_be_visible()
    expect(page.locator(".spoken")).to_have_count(0)


def test_where_no_microphone_is_open_it_says_so_and_words_are_chosen_by_hand(address: str, watch: Open) -> None:
    """Nobody speaks to a microphone that is not there."""
    page = watch(address + "prompter", ready=False).page
    page.get_by_label("Your text").fill("One two – three.\n\nFour <b>five</b> six.\n\nSeven eight.")
    page.get_by_role("button", name="Follow my voice").click()
    expect(page.get_by_text("No microphone is open")).to_be_visible(timeout=60_000)
    page.get_by_text("<b>five</b>").click()
    expect(page.locator(".spoken")).to_have_count(4)
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".spoken")).to_have_count(6)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".spoken")).to_have_count(3)
