"""The pages as text: nothing that a lecture says can become part of the page's own code."""

from __future__ import annotations

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from process.lecture import read
from publish.catalogue import CatalogueEntry
from publish.page import player_files, start_page, watch_page
from tests.fixtures.browser import SENTENCES, retitled

HOSTILE = """</script><script>alert(1)</script><img src=x onerror=alert(1)>"' & {{ 7*7 }} <!-- \u2028"""


class Elements(HTMLParser):
    """Collects elements as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, text: str) -> None:
        self.text.append(text)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page_of(folder: Path, home: str | None = None) -> str:
    return watch_page(read(folder), folder=folder, address=quote, home=home)


def entry(title: str, published_at: str) -> CatalogueEntry:
    return CatalogueEntry(
        name="a",
        title=title,
        seconds=75.0,
        language="en",
        clips=3,
        poster="media/poster.jpg",
        page="lec/a/index.html",
        published_at=published_at,
    )


def test_hostile_titles_and_words_add_no_element(watchable: Path, tmp_path: Path) -> None:
    """Titles and speech come from outside; a page that runs them would run in every student's browser."""
    plain = Elements(page_of(watchable))
    bad = Elements(page_of(retitled(watchable, tmp_path / "bad", title=HOSTILE, words=HOSTILE, notes=(HOSTILE,))))

    assert len(bad.all("script")) == len(plain.all("script"))
    assert bad.all("img") == []
    assert not [name for _, attributes in bad.found for name in attributes if name.startswith("on")]
    assert "{{ 7*7 }}" in "".join(bad.text), "a title is no template"


def test_hostile_text_survives_inside_the_embedded_json(watchable: Path, tmp_path: Path) -> None:
    """The script must read the very title that was given, and the parser must not see it."""
    text = page_of(retitled(watchable, tmp_path / "bad", title=HOSTILE))
    facts = re.search(r'<script type="application/json" id="facts">(.*?)</script>', text, re.DOTALL)
    assert facts is not None
    assert json.loads(facts[1])["clips"][0]["title"] == HOSTILE


def test_no_address_leads_to_another_host(watchable: Path) -> None:
    """Whoever watches a lecture tells nobody else."""
    elements = Elements(page_of(watchable, home="../../index.html"))
    for _, attributes in elements.found:
        for name in ("src", "href", "poster", "data-chrome"):
            value = attributes.get(name) or ""
            assert not re.match(r"[a-z]+:(?!,)|//", value), value


def test_the_policy_allows_only_the_page_itself(watchable: Path) -> None:
    """What escapes the escaping still does not run."""
    metas = Elements(page_of(watchable)).all("meta")
    policy = next(m["content"] or "" for m in metas if (m.get("http-equiv") or "") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy


def test_without_a_script_there_are_video_captions_clips_and_words(watchable: Path) -> None:
    """Some browsers, some proxies and every search engine see only this."""
    text = page_of(watchable)
    elements = Elements(text)
    plain = next(v for v in elements.all("video") if "controls" in v)
    assert plain is not None
    assert {"src": "download.mp4", "type": "video/mp4"} in elements.all("source")
    assert [t["src"] for t in elements.all("track") if t["kind"] == "captions"] == ["captions.en.vtt"]
    for _, sentence in SENTENCES:
        assert sentence in text
    assert sum(a.get("class") == "clip" for a in elements.all("a")) == 3


def test_every_address_is_asked_of_the_caller(watchable: Path) -> None:
    """On a store the files have other names: one that is written by hand is one that is missing."""
    lecture = read(watchable)
    text = watch_page(lecture, folder=watchable, address=lambda name: f"elsewhere/{name}", home=None)
    for name in [*lecture.files(), *player_files()]:
        assert not re.search(rf'["\s]{re.escape(name)}["#\s]', text), name
    assert "elsewhere/sprite.jpg#xywh=" in text


def test_the_words_carry_their_times(watchable: Path) -> None:
    """A click on a word goes to that word."""
    spans = [s for s in Elements(page_of(watchable)).all("span") if s.get("class") == "s"]
    assert [float(s["data-t"] or 0) for s in spans] == [start for start, _ in SENTENCES]
    assert (spans[0]["data-w"] or "").split()[:3] == ["0,7", "30,2", "60,3"]


def test_a_lecture_without_captions_says_so(audible: Path) -> None:
    """Silence about missing captions looks like a broken page."""
    text = page_of(audible)
    assert "No speech was found, so there are no captions." in text
    assert 'id="captions-button"' not in text
    assert 'id="transcript"' not in text


def test_the_same_lecture_gives_the_same_page(watchable: Path) -> None:
    """A second publish uploads nothing."""
    assert page_of(watchable) == page_of(watchable)


def test_all_scripts_together_stay_small() -> None:
    """250 kB is what a phone on a train fetches in a few seconds."""
    scripts = [path for name, path in player_files().items() if name.endswith(".js")]
    assert len(scripts) >= 3
    assert sum(len(gzip.compress(path.read_bytes(), 9, mtime=0)) for path in scripts) <= 250_000


def test_licences_lie_beside_what_is_shipped_of_others() -> None:
    """They ask for no more than that."""
    folder = player_files()["player/watch.js"].parent
    assert "Apache License" in (folder / "LICENSE.hls.js.txt").read_text(encoding="utf-8")
    assert "Permission is hereby granted" in (folder / "LICENSE.media-chrome.txt").read_text(encoding="utf-8")


def test_the_start_page_lists_the_newest_first() -> None:
    """Students come for this week's lecture."""
    text = start_page([entry("First", "2026-03-02T09:00:00Z"), entry("Second", "2026-03-09T09:00:00Z")], address=quote)
    assert text.index("Second") < text.index("First")
    assert 'href="lec/a/index.html"' in text
    assert "1:15" in text
    assert "9 March 2026" in text


def test_a_hostile_title_is_inert_on_the_start_page() -> None:
    """One bad lecture must not take the others with it."""
    plain = Elements(start_page([entry("Good", "2026-03-02T09:00:00Z")], address=quote))
    bad = Elements(start_page([entry(HOSTILE, "2026-03-02T09:00:00Z")], address=quote))
    assert [name for name, _ in bad.found] == [name for name, _ in plain.found]


def test_an_empty_store_says_so() -> None:
    """An empty page looks broken."""
    assert "Nothing is published here yet." in start_page([], address=quote)


@pytest.mark.parametrize("name", sorted(player_files()))
def test_player_files_do_not_name_each_other(name: str) -> None:
    """On a store they are renamed by their content."""
    text = player_files()[name].read_text(encoding="utf-8")
    for other in player_files():
        assert other.removeprefix("player/") not in text.replace("watch.js,", ""), other
