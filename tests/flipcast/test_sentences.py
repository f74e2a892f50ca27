"""What failures and verdicts say in English is known in the second language, with all names and numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from flipcast.studio import Studio
from flipcast.web.app import LANGUAGES
from tests.fixtures.browser import Open
from tests.flipcast.sentences import ROOT, family_of, notes_in, said_in, told_of_takes_in

ONLY_COMMANDS = {
    "capture/latency.py": "flipcast check --sync",
    "capture/sources/signals.py": "flipcast check --sync",
    "flipcast/booth/house.py": "met before there are pages",
    "flipcast/booth/kiosk.py": "met before there are pages",
    "flipcast/commands.py": "arguments of commands",
    "flipcast/demonstration.py": "flipcast demo",
    "flipcast/equipment.py": "flipcast check and name",
    "flipcast/web/serve.py": "met before there are pages",
}
"""Modules whose failures nobody meets on a page, and why."""

COMMANDS_OF_TUNING = {
    "flipcast tune greenscreen --from camera:NAME",
    "it was stopped",
    "name one: --from camera:NAME --with greenscreen",
    "no camera is here",
    "nothing was changed; run it again",
    "one camera is tuned at a time",
    "plug one in, or name one of the network: --from camera:http://…",
    "there is no camera to be keyed",
}
"""Said by ``flipcast tune`` alone, from a module that pages use, too."""

TOO_PLAIN = {"{} is {}"}
"""Half of all English sentences would be taken for it, and be put into German as far as its one word."""


def modules() -> list[Path]:
    """All modules of the product."""
    rooms = ("capture", "process", "publish", "greenscreen", "flipcast")
    return [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]


def catalogue(language: str) -> dict[str, str]:
    """Sentences by their English; said once each."""
    path = ROOT / "flipcast" / "web" / "words" / language / "sentences.json"
    pairs: list[tuple[str, str]] = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=list)
    names = [english for english, _ in pairs]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    return dict(pairs)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_sentence_keeps_all_its_places(language: str):
    """A place that is left out loses the name or the number that the sentence is about."""
    for english, other in catalogue(language).items():
        wanted = [str(number + 1) for number in range(english.count("{}"))]
        assert sorted(re.findall(r"\{(\d+)\}", other)) == wanted, english
        assert other.strip()


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_what_goes_wrong_is_known(language: str):
    """A page half in another language is worse than one in English, above all when something went wrong."""
    paths, known = modules(), catalogue(language)
    family = family_of(paths)
    missing = {}
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        if name in ONLY_COMMANDS:
            continue
        said = said_in(path, family) - TOO_PLAIN - (COMMANDS_OF_TUNING if name == "flipcast/tuning.py" else set())
        if lacking := said - known.keys():
            missing[name] = sorted(lacking)
    assert not missing


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_what_a_lecture_says_of_itself_is_known(language: str):
    """That a channel was dead, or the last seconds are lost, concerns whoever reads German as much."""
    notes = {note for path in modules() if path.is_relative_to(ROOT / "process") for note in notes_in(path)}
    assert len(notes) > 20
    assert not notes - catalogue(language).keys()


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_what_a_take_says_of_itself_is_known(language: str):
    """Why a track is not whole, and how its sync was measured, stand on the page right after *stop*."""
    told = {one for path in modules() if path.is_relative_to(ROOT / "capture") for one in told_of_takes_in(path)}
    assert len(told) > 20
    assert not told - catalogue(language).keys()


def test_modules_that_are_left_out_are_there():
    """An exception for what was renamed excepts nothing, and hides what is new."""
    assert all((ROOT / name).is_file() for name in ONLY_COMMANDS)


SAYS = """async texts => Promise.all(
  texts.map(async text => (await import(document.baseURI + 'static/sentences.js')).told(text)))"""


def test_a_failure_is_explained_in_the_language_of_the_page(studio: Studio, address: str, watch: Open):
    """Whoever mistypes a camera's address reads in German what to do."""
    page = watch(address, ready=False, locale="de-DE").page
    page.get_by_text("Weitere Quellen").click()
    page.get_by_label("Adresse einer Kamera im Netz").fill("gopher://nowhere")
    page.get_by_role("button", name="Hinzufügen").click()
    trouble = page.get_by_role("alert").filter(has_text="Kein Gerät heißt")
    expect(trouble.first).to_be_visible()


def test_places_may_hold_sentences_and_what_is_not_known_stays_english(studio: Studio, address: str, watch: Open):
    """A verdict is made of parts; a sentence that nobody translated must still be read, and as what it is."""
    page = watch(address, ready=False, locale="de-DE").page
    said = [
        "whole, but camera is lost, 2.0 s of screen are missing (it was unplugged)",
        "no device is called 'front' — none is here",
        "qwert zuiop",
        "x is empty" * 300,
    ]
    told = page.evaluate(SAYS, said)
    assert told[0] == {
        "words": "vollständig, aber Kamera ist verloren, 2.0 s der Spur „Bildschirm“ fehlen (es wurde abgezogen)",
        "lang": None,
    }
    assert told[1]["words"] == "Kein Gerät heißt 'front' — Keines ist da"
    assert told[2] == {"words": "qwert zuiop", "lang": "en"}
    assert told[3]["words"]


def test_an_english_page_asks_for_no_sentences(studio: Studio, address: str, watch: Open):
    """They are English already."""
    watching = watch(address, ready=False, locale="en-GB")
    expect(watching.page.get_by_role("heading", name="Sources").or_(watching.page.locator("h2").first)).to_be_visible()
    assert not [url for url in watching.asked if url.endswith(".json")]


def test_what_the_server_has_no_words_for_is_said_by_the_page(studio: Studio, address: str, watch: Open):
    """“Not Found” is no sentence, and says nothing of what to do."""
    watching = watch(address, ready=False, locale="de")
    said = watching.page.evaluate(
        """async () => {
          const { ask } = await import(document.baseURI + 'static/desk.js');
          return ask('recorder/dance').catch(failure => [failure.what, failure.hint]);
        }"""
    )
    assert said == ["Das ging nicht.", "Laden Sie diese Seite neu, und versuchen Sie es noch einmal."]
    (noted,) = watching.troubles
    assert "404" in noted
    watching.troubles.clear()
