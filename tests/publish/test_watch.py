"""The watch page in a real Chromium, as a student meets it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from process.lecture import read
from publish.page import player_files, watch_page
from tests.fixtures.browser import Open, barriers, retitled


@pytest.fixture
def address(watchable: Path, serve: Callable[[Path], str]) -> str:
    return serve(watchable)


def test_it_waits_for_a_person_and_then_plays(watch: Open, address: str) -> None:
    """No lecture starts by itself; one press starts it."""
    watching = watch(address)
    assert watching.page.evaluate("document.querySelector('#video').paused")
    watching.page.click("#big-play")
    watching.until("v.currentTime > 0.8 && !v.paused")
    assert watching.page.evaluate("document.querySelector('#video').src").startswith("blob:"), "HLS is played"


def test_captions_show_the_right_words_at_the_right_second(watch: Open, address: str) -> None:
    """Captions that are late or of another passage are worse than none."""
    watching = watch(address)
    shown = "[...v.textTracks].filter(t => t.mode === 'showing').flatMap(t => [...t.activeCues]).map(c => c.text)"
    assert watching.page.evaluate(f"(() => {{ const v = document.querySelector('#video'); return {shown} }})()") == []
    watching.page.click("#captions-button")
    for second, words in ((5, "A vector is an arrow"), (21, "Scaling stretches"), (33, "bring a ruler")):
        watching.page.evaluate(f"document.querySelector('#video').currentTime = {second}")
        watching.until(f"{shown}.length === 1 && {shown}[0].includes('{words}')")
    assert watching.page.get_attribute("#captions-button", "aria-pressed") == "true"
    watching.page.click("#captions-button")
    watching.until(f"{shown}.length === 0")


def test_a_click_on_a_clip_goes_there(watch: Open, address: str) -> None:
    """Clips are how a lecture is watched in small pieces."""
    watching = watch(address)
    watching.page.click("#clips li:nth-child(2) .clip")
    watching.until("v.currentTime >= 12 && v.currentTime < 15 && !v.paused")
    watching.page.wait_for_selector("#clips li:nth-child(2) .clip[aria-current=true]")
    assert watching.page.url.endswith("#clip=2")


@pytest.mark.parametrize(("link", "second"), [("#t=17.5", 17.5), ("#t=0:26", 26), ("#clip=3", 24)])
def test_a_link_leads_into_the_lecture(watch: Open, address: str, link: str, second: float) -> None:
    """Teachers send the passage they mean."""
    watching = watch(address + link)
    watching.until(f"Math.abs(v.currentTime - {second}) < 0.3")
    assert watching.page.evaluate("document.querySelector('#video').paused")


def test_one_clip_by_itself_plays_from_nought(watch: Open, address: str) -> None:
    """A clip is a playlist over the lecture's own bytes, with a timeline of its own."""
    watching = watch(f"{address}?clip=2")
    assert watching.second == pytest.approx(0, abs=0.2)
    watching.until("Math.abs(v.duration - 12) < 0.2")
    watching.page.click("#captions-button")
    watching.page.evaluate("document.querySelector('#video').currentTime = 1.5")
    watching.until(
        "[...v.textTracks].some(t => t.mode === 'showing' && t.activeCues[0]?.text.startsWith('To add two vectors'))"
    )
    watching.page.wait_for_selector(".s.now:has-text('To add two vectors')")
    assert not any(url.endswith("/master.m3u8") for url in watching.asked)
    assert watching.page.is_visible("text=Watch the whole lecture")
    watching.page.click("#big-play")
    watching.until("v.currentTime > 2 && !v.paused")


def test_the_quality_can_be_chosen(watch: Open, address: str) -> None:
    """On a bad network the words matter more than the picture; on a projector it is the other way."""
    watching = watch(address)
    watching.page.click("#big-play")
    watching.page.click("#settings-button")
    labels = watching.page.locator("#quality option").all_inner_texts()
    assert [label for label in labels if label.endswith("p")] == ["360p", "240p", "144p"]
    watching.page.evaluate("document.querySelector('#video').playbackRate = 4")  # it is seen from the next keyframe on
    for label, height in (("144p", 144), ("360p", 360)):
        watching.page.select_option("#quality", label=label)
        watching.until(f"v.videoHeight === {height}")
    watching.until("!v.paused")


def test_the_speed_can_be_chosen_and_is_remembered(watch: Open, address: str) -> None:
    """Half of all students watch faster, and want to choose once."""
    watching = watch(address)
    watching.page.click("#settings-button")
    watching.page.select_option("#speed", "1.5")
    watching.until("v.playbackRate === 1.5")
    watching.page.keyboard.press("Escape")
    watching.page.reload()
    watching.until("v.readyState >= 3 && v.playbackRate === 1.5")


def test_the_transcript_follows_the_speech_and_yields_to_the_reader(watch: Open, address: str) -> None:
    """Who reads ahead must not be pulled back."""
    watching = watch(address, viewport={"width": 1280, "height": 420})
    scrolled = "document.querySelector('.spoken').scrollTop"
    watching.page.evaluate("document.querySelector('#video').currentTime = 33")
    watching.page.wait_for_selector(".s.now:has-text('Thank you')")
    watching.until(f"{scrolled} > 100")

    watching.page.hover(".spoken")
    watching.page.mouse.wheel(0, -2000)
    watching.until(f"{scrolled} === 0")
    watching.page.evaluate("document.querySelector('#video').currentTime = 29")
    watching.page.wait_for_selector(".s.now:has-text('Next week')")
    watching.page.wait_for_timeout(300)
    assert watching.page.evaluate(scrolled) == 0

    watching.page.click("#follow")
    watching.until(f"{scrolled} > 100")


def test_a_click_on_a_word_goes_to_that_word(watch: Open, address: str) -> None:
    """The transcript is the finest way to find a place."""
    watching = watch(address)
    box = watching.page.evaluate(
        """() => {
          const text = [...document.querySelectorAll('.s')].find(s => s.textContent.startsWith('Scaling')).firstChild;
          const range = document.createRange();
          range.setStart(text, 8); range.setEnd(text, 17);
          const { x, y, width, height } = range.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        }"""
    )
    watching.page.mouse.click(*box)
    watching.until("Math.abs(v.currentTime - 20.6) < 0.1")


def test_the_transcript_can_be_searched(watch: Open, address: str) -> None:
    """ "Where did she say that?" is the commonest question to a recording."""
    watching = watch(address)
    watching.page.fill("#find", "ARRÓW")
    assert watching.page.inner_text("#found") == "4 found"
    watching.page.keyboard.press("Enter")
    assert watching.page.inner_text("#found") == "1 of 4"
    watching.page.keyboard.press("Enter")
    assert watching.page.inner_text("#found") == "2 of 4"
    watching.page.keyboard.press("Shift+Enter")
    assert watching.page.inner_text("#found") == "1 of 4"
    assert watching.page.evaluate("CSS.highlights.get('found').size") == 4
    watching.page.fill("#find", "a direction. It does")
    assert watching.page.inner_text("#found") == "1 found", "across sentences"
    watching.page.fill("#find", "eigenvalue")
    assert watching.page.inner_text("#found") == "not found"


def test_scrubbing_shows_small_pictures(watch: Open, address: str) -> None:
    """A slide is found by its looks."""
    watching = watch(address)
    track = watching.page.locator("media-time-range").bounding_box()
    assert track is not None
    x, y = track["x"] + track["width"] * 0.6, track["y"] + track["height"] / 2
    watching.page.mouse.move(x - 20, y)
    watching.page.mouse.move(x, y)
    watching.until("document.querySelector('media-time-range').hasAttribute('mediapreviewimage')")
    assert watching.page.get_attribute("#player", "mediapreviewcoords") in ("0 90 160 90", "160 90 160 90")
    assert watching.page.get_attribute("#player", "mediapreviewchapter") == "Adding & scaling <b>vectors</b>"
    watching.page.mouse.click(x, y)
    watching.until("v.currentTime > 20 && v.currentTime < 23")


def test_everything_can_be_done_by_keyboard(watch: Open, address: str) -> None:
    """Some people have no pointer, and many prefer none."""
    watching = watch(address)
    press = watching.page.keyboard.press
    press("k")
    watching.until("!v.paused && v.currentTime > 0.2")
    press("k")
    watching.until("v.paused")
    press("2")
    watching.until("Math.abs(v.currentTime - 12) < 0.5")
    press("l")
    watching.until("Math.abs(v.currentTime - 22) < 0.5")
    press("ArrowLeft")
    watching.until("Math.abs(v.currentTime - 17) < 0.5")
    press("j")
    watching.until("Math.abs(v.currentTime - 7) < 0.5")
    press("n")
    watching.until("Math.abs(v.currentTime - 12) < 0.5")
    press(">")
    watching.until("v.playbackRate === 1.25")
    press("<")
    watching.until("v.playbackRate === 1")
    press("m")
    watching.until("v.muted")
    press("c")
    watching.until("[...v.textTracks].some(t => t.kind === 'captions' && t.mode === 'showing')")
    press("f")
    watching.until("document.fullscreenElement?.id === 'player'")
    press("f")
    watching.until("!document.fullscreenElement")
    press("?")
    watching.page.wait_for_selector("#help[open]")
    press("Escape")
    press("/")
    assert watching.page.evaluate("document.activeElement.id") == "find"
    watching.page.keyboard.type("km")
    assert watching.page.input_value("#find") == "km", "letters in the field are letters"


def test_every_control_is_reached_by_tab_and_shows_it(watch: Open, address: str) -> None:
    """A focus that cannot be seen is a pointer that is lost."""
    watching = watch(address)
    reached: list[str] = []
    for _ in range(40):
        watching.page.keyboard.press("Tab")
        name, outlined = watching.page.evaluate(
            """() => {
              const e = document.activeElement;
              const deep = e.shadowRoot?.activeElement ?? e;
              const seen = [e, deep, e.closest('form') ?? e].some(one => {
                const style = getComputedStyle(one);
                return style.outlineStyle !== 'none' || style.boxShadow !== 'none';
              });
              return [e.id || e.className || e.localName, seen || e.localName.startsWith('media-')];
            }"""
        )
        if name in ("body", "skip") and len(reached) > 3:
            break
        reached.append(name)
        assert outlined, name
    for control in ("help-open", "theme", "big-play", "media-time-range", "media-play-button", "captions-button"):
        assert control in reached
    for control in ("settings-button", "media-fullscreen-button", "clip", "more", "find", "at"):
        assert control in reached


def test_single_keys_can_be_switched_off(watch: Open, address: str) -> None:
    """Speech input types letters: WCAG 2.1.4."""
    watching = watch(address)
    watching.page.keyboard.press("?")
    watching.page.click("#keys")
    watching.page.keyboard.press("Escape")
    watching.page.keyboard.press("m")
    watching.page.keyboard.press("2")
    assert watching.page.evaluate("(v => [v.muted, v.currentTime])(document.querySelector('#video'))") == [False, 0]


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_barrier(watch: Open, address: str, width: int) -> None:
    """WCAG 2.2 AA, with captions, settings and a search on the page."""
    watching = watch(address, viewport={"width": width, "height": 800}, color_scheme="light", bypass_csp=True)
    watching.page.evaluate("document.querySelector('#video').currentTime = 5")
    watching.page.click("#captions-button")
    watching.page.click(".downloads summary")
    watching.page.fill("#find", "arrow")
    watching.page.keyboard.press("Enter")
    watching.page.click("#settings-button")
    watching.page.wait_for_selector(".s.now")
    for scheme in ("light", "dark"):
        watching.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        watching.page.wait_for_timeout(300)  # colours that fade in are read half-way otherwise
        assert barriers(watching.page) == [], scheme


def test_axe_finds_no_barrier_in_the_help_and_without_captions(
    watch: Open, address: str, audible: Path, serve: Callable[[Path], str]
) -> None:
    """The rarer views are looked at least often."""
    watching = watch(address, bypass_csp=True)
    watching.page.keyboard.press("?")
    assert barriers(watching.page) == []
    assert barriers(watch(serve(audible), bypass_csp=True).page) == []


def test_controls_are_large_enough_for_a_thumb(watch: Open, address: str) -> None:
    """24 by 24 pixels at least: WCAG 2.5.8."""
    watching = watch(address, viewport={"width": 360, "height": 740}, has_touch=True)
    small = watching.page.evaluate(
        """() => [...document.querySelectorAll(
            'a, button, select, input, summary, media-control-bar > *, media-time-range')]
          .filter(e => e.checkVisibility() && !e.matches('.spring, .skip, media-time-display'))
          .map(e => [e.id || e.className || e.localName, e.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)
          .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
    )
    assert small == []


def test_nothing_is_wider_than_the_screen(watch: Open, address: str) -> None:
    """From a phone to a projector."""
    watching = watch(address)
    for width in (320, 360, 768, 1280, 1920):
        watching.page.set_viewport_size({"width": width, "height": 800})
        assert watching.page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_can_be_chosen_and_is_remembered(watch: Open, address: str) -> None:
    """A lecture hall is darker than the machine knows."""
    watching = watch(address, color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = watching.page.evaluate(colour)
    watching.page.click("#theme")
    dark = watching.page.evaluate(colour)
    assert dark != light
    watching.page.reload()
    assert watching.page.evaluate(colour) == dark


def test_a_lecture_of_sound_alone_plays(watch: Open, audible: Path, serve: Callable[[Path], str]) -> None:
    """A recording of a talk is a lecture too."""
    watching = watch(serve(audible))
    assert watching.page.is_visible("text=No speech was found")
    watching.page.click("#big-play")
    watching.until("v.currentTime > 0.5")
    watching.page.keyboard.press("3")
    watching.until("v.currentTime >= 24")
    watching.page.keyboard.press("c")
    assert watching.page.inner_text("#said") == "This lecture has no captions"


def test_without_scripts_the_lecture_can_be_watched_and_read(watch: Open, address: str) -> None:
    """Scripts are blocked, broken or still on their way more often than one thinks."""
    watching = watch(address, ready=False, java_script_enabled=False)
    assert watching.page.is_visible("video.plain")
    assert watching.page.get_attribute("video.plain source", "src") == "download.mp4"
    assert watching.page.get_attribute("video.plain track[kind=captions]", "src") == "captions.en.vtt"
    assert watching.page.is_visible("text=Thank you, and bring a ruler.")
    assert not watching.page.is_visible("#search")


def test_without_hls_js_the_plain_file_or_the_browser_plays(watch: Open, watchable: Path, tmp_path: Path) -> None:
    """From a disk a page may not fetch its neighbours, so it plays the file."""
    folder = tmp_path / "on disk"
    shutil.copytree(watchable, folder)
    (folder / "player").mkdir()
    for name, path in player_files().items():
        shutil.copy(path, folder / name)
    (folder / "index.html").write_text(
        watch_page(read(folder), folder=folder, address=quote, home=None), encoding="utf-8"
    )
    watching = watch((folder / "index.html").as_uri() + "#clip=2")
    watching.until("Math.abs(v.currentTime - 12) < 0.3 && v.src.endsWith('download.mp4')")
    watching.page.click("#captions-button")
    watching.until(
        "[...v.textTracks].some(t => t.mode === 'showing' && [...t.cues].some(c => c.text.includes('head to tail')))"
    )
    watching.troubles[:] = [t for t in watching.troubles if "ERR_FAILED" not in t and "CORS" not in t]


def test_a_broken_stream_gives_way_to_the_plain_file(
    watch: Open, watchable: Path, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    """A lecture that can be shown is shown."""
    folder = tmp_path / "lecture"
    shutil.copytree(watchable, folder)
    (folder / "master.m3u8").unlink()
    watching = watch(serve(folder))
    watching.until("v.src.endsWith('download.mp4') && v.duration > 35")
    assert watching.page.is_visible("text=the plain file is shown instead")
    watching.troubles[:] = [t for t in watching.troubles if "404" not in t]


def test_hostile_words_do_nothing(watch: Open, watchable: Path, serve: Callable[[Path], str], tmp_path: Path) -> None:
    """The escaping, seen from where it matters."""
    bad = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    folder = retitled(watchable, tmp_path / "bad", title=bad, words=bad, notes=(bad,))
    watching = watch(serve(folder))
    watching.page.click("#captions-button")
    watching.page.keyboard.press("2")
    watching.page.hover("media-time-range")
    watching.page.wait_for_timeout(200)
    assert watching.page.title() == bad
    assert watching.page.inner_text("h1") == bad
    assert watching.page.evaluate("document.querySelectorAll('img').length") == 0


def test_downloads_are_offered(watch: Open, address: str) -> None:
    """Trains have no network."""
    watching = watch(address)
    watching.page.click(".downloads summary")
    with watching.page.expect_download() as started:
        watching.page.click(".downloads a >> nth=0")
    assert re.fullmatch(r"Linear algebra 1 vectors\.mp4", started.value.suggested_filename)
    links = watching.page.locator("a[download]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert {"download.mp4", "captions.en.vtt", "captions.en.srt", "captions.en.txt", "clip-2.mp4"} <= set(links)
