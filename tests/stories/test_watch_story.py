"""From a finished lecture to a student who watches it, and to an empty store: every part real."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from playwright.sync_api import Page

from process import lecture as lectures
from publish.opening import opening
from publish.page import player_files
from publish.publication import audit
from publish.release import release, withdraw
from publish.stores.s3 import S3Store
from tests.fixtures.browser import Open, Watching, barriers

SHOWN = "[...v.textTracks].filter(t => t.mode === 'showing').flatMap(t => [...t.activeCues]).map(c => c.text).join()"


def test_a_lecture_is_published_watched_and_taken_down(watch: Open, lecture_folder: Path, s3_store: S3Store):
    """The whole way as people go it: S3 server, start page, click, film, words, clips; and then nothing is left."""
    folder = lecture_folder / "lecture"
    lecture = lectures.read(folder)
    first = opening(lecture, folder, quote)
    assert first is not None
    assert len(first["rungs"]) == len(lecture.renditions), "the page can fetch the first bytes by itself"
    s3_store.open_to_readers()

    published = release(folder, s3_store, name="a-lesson")
    audit(published, s3_store, read_back=True)

    start = watch(published.home, ready=False, bypass_csp=True)
    assert barriers(start.page) == []
    watching = watch(published.home, ready=False)
    watching.page.click("text=A lesson <b>made</b> for tests")
    assert watching.page.url == published.page
    watching.until("v.readyState >= 3 && !!customElements.get('media-controller')")
    _plays(watching)
    _shows_words(watching, 2, "The first words of the lesson are these.")
    second = lecture.clips[1].clip
    watching.page.click("#clips li:nth-child(2) .clip")
    watching.until(f"v.currentTime >= {second.start} && v.currentTime < {second.start + 3}")
    _changes_quality(watching, [rendition.height for rendition in lecture.renditions])
    packed = _bytes_over_the_line(watching.page, player_files()["player/hls.min.js"])
    assert 0 < packed < 200_000, "hls.js arrives compressed"

    alone = watch(f"{published.page}?clip=2")
    alone.until(f"v.currentTime < 0.2 && Math.abs(v.duration - {second.end - second.start}) < 0.3")
    _plays(alone)

    ours = urlsplit(s3_store.url("")).netloc
    asked = [url for page in (start, watching, alone) for url in page.asked]
    assert {urlsplit(url).netloc for url in asked if url.startswith("http")} == {ours}

    for page in (start, watching, alone):
        page.page.close()  # else it goes on fetching
    withdraw(s3_store, name="a-lesson")
    assert list(s3_store.list("")) == []
    assert s3_store.unfinished("") == ()


def _plays(watching: Watching) -> None:
    began = watching.second
    watching.page.click("#big-play")
    watching.until(f"!v.paused && v.currentTime > {began} + 0.8")


def _shows_words(watching: Watching, second: float, words: str) -> None:
    watching.page.click("#captions-button")
    watching.page.evaluate(f"document.querySelector('#video').currentTime = {second}")
    watching.until(f"{SHOWN}.replace(/\\s+/g, ' ') === '{words}'")


def _changes_quality(watching: Watching, heights: list[int]) -> None:
    watching.page.click("#settings-button")
    labels = watching.page.locator("#quality option").all_inner_texts()
    assert [label for label in labels if label.endswith("p")] == [f"{height}p" for height in heights]
    watching.page.evaluate("document.querySelector('#video').playbackRate = 4")  # it is seen from the next keyframe on
    for height in reversed(heights):
        watching.page.select_option("#quality", label=f"{height}p")
        watching.until(f"v.videoHeight === {height}")


def _bytes_over_the_line(page: Page, script: Path) -> int:
    """How many bytes came of what was *script* when it was unpacked."""
    fetched = page.evaluate("performance.getEntriesByType('resource').map(e => [e.decodedBodySize, e.encodedBodySize])")
    return max((int(came) for unpacked, came in fetched if unpacked == script.stat().st_size), default=0)
