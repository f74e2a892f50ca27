"""The booth's page and the presenter's, in a real browser: each step as it could be told, at each size a booth has.

There is no recorder behind them: what they show they are told by hand, and what they ask for is written down.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import segno
from imageio_ffmpeg import get_ffmpeg_exe
from playwright.sync_api import Page, expect
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from flipcast.errors import DeskError
from flipcast.web.app import application, asks, page, tells
from flipcast.web.news import News
from flipcast.web.pictures import HEAD
from flipcast.web.serve import listening, serve
from tests.fixtures.browser import Open, Watching, barriers
from tests.fixtures.pages import SECRET, waited

SIZES = [(1280, 720), (1920, 1080), (1080, 1920)]
"""Width and height of what a booth may have: small, large, upright."""

TOUCH = 88
"""Pixels that a finger of somebody who stands wants."""

EVIL = '<b>Vectors</b> & "spaces" <script>alert(1)</script>'
ADDRESS = "http://10.0.7.20:8400/blue-fox-lamp-42/"

Facts = dict[str, Any]

PHONE = {"address": ADDRESS, "typed": "10.0.7.20:8400/blue-fox-lamp-42", "code": "booth/code.svg?1"}
BOOTH: Facts = {
    "step": "attract",
    "leaves": None,
    "green": True,
    "backgrounds": [
        {"id": "slides", "kind": "slides", "name": "", "colour": None, "picture": None},
        {"id": "hall", "kind": "picture", "name": "Lecture <i>hall</i>", "colour": None, "picture": "scenes/hall"},
        {"id": "night", "kind": "colour", "name": "", "colour": "#1d2530", "picture": None},
        {"id": "paper", "kind": "colour", "name": "", "colour": "#e9e6df", "picture": None},
        {"id": "sea", "kind": "colour", "name": "", "colour": "#1f4e9c", "picture": None},
        {"id": "forest", "kind": "colour", "name": "", "colour": "#1c4a35", "picture": None},
        {"id": "blur", "kind": "blur", "name": "", "colour": None, "picture": None},
        {"id": "none", "kind": "none", "name": "", "colour": None, "picture": None},
    ],
    "background": "night",
    "deck": None,
    "taking": None,
    "sticks": [],
    "phone": PHONE,
    "longest": 900.0,
    "left": None,
    "takes": 1,
    "name": None,
    "title": "",
    "hand": None,
    "copy": None,
    "trouble": None,
}
SLIDES = [
    {
        "title": title,
        "thumbnail": f"booth/deck/{at}s.png",
        "picture": f"booth/deck/{at}.png",
        "notes": notes,
    }
    for at, (title, notes) in enumerate(
        [
            (EVIL, "Greet them.\nSay what a <b>vector</b> is, and what it is good for."),
            ("Adding", "Head to tail. " * 60),
            ("", ""),
        ]
    )
]
DECK = {"title": EVIL, "at": 0, "slides": SLIDES}
STICK = {
    "id": "stick1",
    "name": "KINGSTON <b>",
    "writable": True,
    "free_mb": 3200,
    "decks": [
        {"id": "deck1", "title": EVIL, "mb": 3.4},
        {"id": "deck2", "title": "A very long title of a lecture about vectors and their spaces " * 3, "mb": 120.5},
        *({"id": f"more{at}", "title": f"More of it {at}", "mb": 1.0} for at in range(6)),
    ],
}
STUDIO: Facts = {
    "state": "ready",
    "commands": ["roll"],
    "chosen": ["camera:front", "microphone:desk"],
    "layout": "keyed",
    "green": True,
    "behind": "#1d2530",
    "key": {"name": "camera.key", "works": True, "advice": [], "by": "screen"},
    "title": "",
    "seconds": 0.0,
    "room": 90000.0,
    "markers": 0,
    "light": "green",
    "alarms": [],
    "late": 0,
    "tracks": [
        {"name": "camera", "kind": "camera", "device": "front", "level": None, "alarm": ""},
        {"name": "microphone", "kind": "microphone", "device": "desk", "level": -21.0, "alarm": ""},
    ],
    "said": "",
    "trouble": None,
    "last": None,
}
OFF: Facts = {**STUDIO, "state": "off", "key": None, "tracks": [], "light": "off"}
ADVICE = ["head", "clothes", "small"]
WORKING = {"state": "working", "step": "encode", "share": 0.4, "left": 95.0, "page": None, "trouble": ""}
SENT = {**WORKING, "state": "sent", "share": 1.0, "left": None, "page": "https://lectures.example.org/vectors/"}
MISSING = {"what": "no device is called 'front'", "hint": "here are: desk, screen:1"}

_AFTER: Facts = {"name": "vectors", "title": EVIL}
STEPS: dict[str, tuple[Facts, Facts]] = {
    "attract": ({}, OFF),
    "mark-opening": ({"step": "mark"}, {**OFF, "state": "opening"}),
    "mark": ({"step": "mark"}, STUDIO),
    "mark-all": (
        {"step": "mark", "deck": DECK, "takes": 2, "background": "slides"},
        {**STUDIO, "key": {**STUDIO["key"], "advice": ADVICE}},
    ),
    "mark-taking": ({"step": "mark", "green": False, "taking": {"title": EVIL, "share": 0.3}}, STUDIO),
    "mark-trouble": (
        {"step": "mark"},
        {**OFF, "state": "failed", "trouble": MISSING},
    ),
    "mark-leaves": ({"step": "mark", "leaves": 14}, STUDIO),
    "counting": ({"step": "counting"}, {**STUDIO, "state": "counting", "seconds": 3.6}),
    "recording": ({"step": "recording", "left": 838.0}, {**STUDIO, "state": "rolling", "seconds": 62.4}),
    "recording-slides": (
        {"step": "recording", "deck": DECK, "left": 838.0},
        {**STUDIO, "state": "rolling", "seconds": 62.4},
    ),
    "recording-end": (
        {"step": "recording", "deck": {**DECK, "at": 2}, "left": 42.0},
        {
            **STUDIO,
            "state": "rolling",
            "seconds": 858.0,
            "light": "red",
            "alarms": [{"cause": "hearing", "kind": "microphone"}, {"cause": "sight", "kind": "camera"}],
        },
    ),
    "closing": ({"step": "closing"}, {**STUDIO, "state": "stopping"}),
    "review": ({"step": "review", **_AFTER}, {**OFF, "state": "ready"}),
    "review-leaves": ({"step": "review", "leaves": 9, **_AFTER}, OFF),
    "handover": ({"step": "handover", "hand": WORKING, **_AFTER}, OFF),
    "handover-stick": (
        {"step": "handover", "hand": WORKING, "sticks": [STICK], **_AFTER},
        OFF,
    ),
    "handover-copying": (
        {
            "step": "handover",
            "hand": SENT,
            "sticks": [STICK],
            "copy": {"stick": "stick1", "share": 0.6, "state": "copying", "trouble": ""},
            **_AFTER,
        },
        OFF,
    ),
    "handover-failed": (
        {
            "step": "handover",
            "phone": None,
            "hand": {**WORKING, "state": "failed", "trouble": "the network is down"},
            "sticks": [STICK],
            "copy": {"stick": "stick1", "share": 0.6, "state": "failed", "trouble": "the stick is full"},
            **_AFTER,
        },
        OFF,
    ),
    "handover-without-phone": ({"step": "handover", "phone": None, "hand": SENT, **_AFTER}, OFF),
    "thanks": ({"step": "thanks"}, OFF),
    "operator": ({"step": "operator"}, STUDIO),
    "operator-leaves": ({"step": "operator", "leaves": 12}, STUDIO),
}
"""What could be told, by the name under which a failure says it: the booth's facts that differ, and the studio's."""

LOOK: Facts = {
    "health": [
        {"about": "sources", "well": True, "says": "2 chosen, ready"},
        {"about": "disk", "well": False, "says": "1.2 GB free, room for 9 minutes: remove what is published"},
        {"about": "phones", "well": None, "says": "no phones: booth.phones is not set"},
    ],
    "takes": [
        {"name": "vectors", "title": EVIL, "at": 1.79e9, "stage": "recorded", "trouble": "", "waits": "left"},
        {"name": "planes", "title": "Planes", "at": 1.78e9, "stage": "processed", "trouble": "no network", "waits": ""},
    ],
    "devices": [
        {"from": "camera:front", "kind": "camera", "name": "front", "here": True, "size": [1920, 1080]},
        {"from": "microphone:desk", "kind": "microphone", "name": "desk", "here": True, "size": None},
        {"from": "camera:back", "kind": "camera", "name": "back", "here": False, "size": None},
    ],
    "chosen": ["camera:front", "microphone:desk"],
    "settings": [{"key": f"booth.setting_{at}", "value": "900.0", "from": "defaults"} for at in range(30)],
    "log": [f"2026-11-24 10:{at:02}:00 the operator chose {at} sources" for at in range(60)],
}


class Told:
    """A booth whose news are told by hand."""

    def __init__(self, address: str, news: News) -> None:
        self.address, self._news = address, news
        self.asked: list[tuple[str, Facts]] = []
        """What pages asked for, but that somebody is there."""
        self.stays = 0
        """How often they said that."""
        self.refuses: dict[str, DeskError] = {}
        """What fails, and how."""

    def tell(self, state: str, **facts: Any) -> None:
        """Tell the state called *state*, with other *facts* of the booth."""
        booth, studio = STEPS[state]
        self._news.tell("studio", studio)
        self._news.tell("booth", {**deepcopy(BOOTH), **booth, **facts})

    def tell_studio(self, **facts: Any) -> None:
        """Tell other *facts* of a studio that stands by."""
        self._news.tell("studio", {**STUDIO, **facts})

    def wish(self, path: str) -> Callable[[Facts], Facts]:
        """Writes down what is asked for at *path*."""

        def asked(wish: Facts) -> Facts:
            if path == "stay":
                self.stays += 1
            else:
                self.asked.append((path, wish))
            if path in self.refuses:
                raise self.refuses[path]
            if path == "operator":
                if wish["pin"] != "4711":
                    raise DeskError("this is not the PIN", hint="try again")
                return {"key": "k"}
            return {"operator/look": LOOK, "operator/tune": {"says": ["the screen is too dark: light it more"]}}.get(
                path, {}
            )

        return asked


COMMANDS = (
    *("begin leave stay background slides no-slides roll turn stop keep again throw copy done operator".split()),
    *(f"operator/{what}" for what in "look choose tune retry settings close".split()),
)


@contextlib.contextmanager
def told_by_hand() -> Iterator[Told]:
    """The booth's pages, served."""
    news, stop, here = News(), threading.Event(), threading.Event()
    with listening(0) as at, tempfile.TemporaryDirectory() as folder:
        film = _film(Path(folder) / "film.mp4")
        port = at.getsockname()[1]
        booth = Told(f"http://127.0.0.1:{port}/{SECRET}/", news)
        routes = [
            page("/", "booth", styles=("rushes",)),
            page("/presenter", "presenter"),
            *(asks(f"/booth/{path}", booth.wish(path)) for path in COMMANDS),
            Route("/booth/code.svg", _code),
            Route("/booth/page.svg", _code),
            Route("/booth/deck/{file}", _slide),
            tells("/rushes/{name}", lambda _: {"tracks": [{"name": "camera", "kind": "camera", "src": "film.mp4"}]}),
            Route("/film.mp4", lambda _: FileResponse(film)),
            Route("/scenes/{id}", _slide),
            WebSocketRoute("/pictures", _pictures),
        ]
        app = application(routes, news=news, secret=SECRET, port=port)
        ways = {"ready": here.set, "stop": stop, "leaving": news.close}
        server = threading.Thread(target=serve, args=(app, at), kwargs=ways)
        server.start()
        assert here.wait(20)
        try:
            yield booth
        finally:
            stop.set()
            server.join(20)


def _code(_: Request) -> Response:
    drawn = io.BytesIO()
    segno.make(ADDRESS, error="m").save(drawn, kind="svg", scale=4, border=4, dark="#000", light="#fff")
    return Response(drawn.getvalue(), media_type="image/svg+xml")


def _film(path: Path) -> Path:
    """Four seconds of a test picture, put at *path*."""
    args = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10:duration=4", "-c:v", "libx264", "-preset", "ultrafast"]
    args += ["-pix_fmt", "yuv420p", "-movflags", "+faststart", str(path)]
    subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", *args], check=True)
    return path


def _slide(request: Request) -> Response:
    picture = np.full((450, 800, 3), 235, np.uint8)
    name = request.path_params.get("file", "scene").partition(".")[0]
    cv2.putText(picture, f"Slide {name}", (60, 240), cv2.FONT_HERSHEY_SIMPLEX, 3, (120, 60, 20), 6)
    return Response(cv2.imencode(".png", picture)[1].tobytes(), media_type="image/png")


async def _pictures(socket: WebSocket) -> None:
    """One picture of each track at each change of what is watched, as if it were live."""
    await socket.accept()
    sent = 0
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            for track in json.loads(await socket.receive_text()).get("watch", {}):
                sent += 1
                name = track.encode()
                await socket.send_bytes(HEAD.pack(1, sent, 1280, 720, len(name)) + name + _portrait())


def _portrait() -> bytes:
    picture = np.full((720, 1280, 3), (96, 78, 60), np.uint8)
    cv2.ellipse(picture, (640, 720), (300, 290), 0, 180, 360, (70, 90, 160), -1)
    cv2.ellipse(picture, (640, 270), (110, 145), 0, 0, 360, (150, 180, 225), -1)
    return cv2.imencode(".jpg", picture)[1].tobytes()


@pytest.fixture
def told() -> Iterator[Told]:
    """A booth whose news are told by hand; whoever watches asks for this first, so that no page is left behind."""
    with told_by_hand() as found:
        yield found


def at(page: Page, state: str, *, settled: bool = True) -> None:
    """Wait until *page* shows *state*, and, once *settled*, takes touches."""
    step = state.partition("-")[0]
    expect(page.locator("main.booth")).to_have_attribute("data-step", step)
    if settled:
        expect(page.locator("main.booth[data-settled]")).to_have_count(1)
    page.wait_for_timeout(100)  # the next state of a step does not tell the page's frame


def misfits(page: Page) -> list[str]:
    """What is too small for a finger, lies outside the screen, or has more in it than can be seen."""
    return [
        str(one)
        for one in page.evaluate(
            """touch => {
              const found = [];
              const [right, bottom] = [innerWidth + 1, innerHeight + 1];
              const rest = box => box.left < -1 || box.top < -1 || box.right > right || box.bottom > bottom;
              const scrolls = element => element.closest('.inside, .booth nav, .notes > *');
              for (const e of document.querySelectorAll('button, summary, a[href], input, select, [role=slider]')) {
                const box = e.getBoundingClientRect();
                if (!box.width) continue;
                const name = e.textContent.trim() || e.getAttribute('aria-label') || e.type;
                const small = Math.min(box.width, box.height) < touch - 0.5;
                if (small) found.push(`${name}: ${box.width} x ${box.height}`);
                if (!scrolls(e) && rest(box)) found.push(`${name} lies outside`);
                if (e.scrollWidth > e.clientWidth + 2) found.push(`${name} is cut off`);
              }
              for (const e of document.querySelectorAll('main, main *, dialog, dialog *')) {
                const box = e.getBoundingClientRect();
                if (!box.width || scrolls(e) || e.closest('.unseen, svg')) continue;
                if (rest(box)) found.push(`${e.tagName}.${e.className} lies outside`);
                const over = e.scrollHeight > e.clientHeight + 2 && getComputedStyle(e).overflowY === 'hidden';
                if (over) found.push(`${e.className} holds ${e.scrollHeight} px in ${e.clientHeight}`);
              }
              const pictures = 'main .mirror, main .seen img, main .rushes-place, main > .ways .phone img';
              for (const e of document.querySelectorAll(pictures)) {
                const box = e.getBoundingClientRect();
                if (box.height < 0.2 * innerHeight) found.push(`${e.className || e.tagName} has ${box.height} px only`);
              }
              if (document.documentElement.scrollHeight > innerHeight + 1) found.push('the page scrolls');
              if (document.documentElement.scrollWidth > innerWidth + 1) found.push('the page scrolls sideways');
              return found;
            }""",
            TOUCH,
        )
    ]


def opened(told: Told, watch: Open, state: str = "attract", *, path: str = "", **options: Any) -> Page:
    """A page of the booth that shows *state*."""
    told.tell(state)
    page = watch(told.address + path, ready=False, **options).page
    if not path:
        at(page, state)
    return page


def refused(watching: Watching) -> None:
    """Something was refused once: the browser has its own word for that."""
    (said,) = watching.troubles
    assert "409" in said
    watching.troubles.clear()


def button(page: Page, name: str) -> Any:
    """The button called *name*."""
    return page.get_by_role("button", name=name, exact=True)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_step_has_barriers(told: Told, watch: Open, scheme: str):
    """Whoever records may see badly, hear badly, or use keys alone."""
    page = opened(told, watch, bypass_csp=True, color_scheme=scheme, viewport={"width": 1280, "height": 720})
    found: dict[str, list[str]] = {}
    for state in STEPS:
        told.tell(state)
        at(page, state, settled=False)
        found[state] = barriers(page)
    told.tell("mark", sticks=[STICK])
    at(page, "mark")
    for name in ("Background", "Slides"):
        button(page, name).click()
        found[name] = barriers(page)
        button(page, "Close").click()
    told.tell("operator")
    at(page, "operator")
    page.keyboard.type("4711")
    page.keyboard.press("Enter")
    for name in ("Health", "Takes waiting", "Devices", "Green screen", "Settings", "Log"):
        button(page, name).click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        found[f"operator: {name}"] = barriers(page)
    assert {state: what for state, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("width", "height", "language"), [(1280, 720, "en"), (1280, 720, "de"), (1920, 1080, "en"), (1080, 1920, "de")]
)
def test_each_step_fits_its_screen(told: Told, watch: Open, width: int, height: int, language: str):
    """Nobody scrolls in a booth, and nobody's finger is a mouse; German words are long."""
    page = opened(told, watch, viewport={"width": width, "height": height}, locale=language)
    found: dict[str, list[str]] = {}
    for state in STEPS:
        told.tell(state)
        at(page, state, settled=False)
        found[state] = misfits(page)
        if state == "review":
            at(page, state)
            page.locator(".actions .danger").click()
            expect(page.locator(".sure")).to_be_visible()
            found["review, sure"] = misfits(page)
    told.tell("mark", sticks=[STICK])
    at(page, "mark")
    for number in range(2):
        page.locator("[aria-haspopup=dialog]").nth(number).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        found[f"panel {number}"] = misfits(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    told.tell("operator")
    at(page, "operator")
    page.keyboard.type("4711")
    page.keyboard.press("Enter")
    for number in range(6):
        page.locator("nav button").nth(number).click()
        expect(page.locator("nav button").nth(number)).to_have_attribute("aria-current", "page")
        found[f"operator {number}"] = misfits(page)
    assert {state: what for state, what in found.items() if what} == {}


def test_whoever_wants_no_motion_gets_none(told: Told, watch: Open):
    """What breathes and slides makes some people ill."""
    page = opened(told, watch, reduced_motion="reduce")
    moving = "document.getAnimations().filter(one => one.playState === 'running').length"
    for state in STEPS:
        told.tell(state)
        at(page, state, settled=False)
        assert page.evaluate(moving) == 0, state
    page.emulate_media(reduced_motion="no-preference")
    told.tell("attract")
    at(page, "attract")
    waited(lambda: page.evaluate(moving) == 1)


def test_at_twice_its_size_it_scrolls_one_way_alone(told: Told, watch: Open):
    """Whoever sees badly enlarges a page; nothing of it may be cut off then."""
    page = opened(told, watch, viewport={"width": 640, "height": 360}, bypass_csp=True)
    cut = """() => [...document.querySelectorAll('main, main *, dialog, dialog *')]
      .filter(e => !e.closest('.unseen, svg, .chosen, .called, .inside') && getComputedStyle(e).overflow !== 'visible')
      .filter(e => ['hidden', 'clip'].includes(getComputedStyle(e).overflowY))
      .filter(e => e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 2).map(e => e.className)"""
    found: dict[str, Any] = {}
    for state in STEPS:
        told.tell(state)
        at(page, state, settled=False)
        found[state] = page.evaluate(cut)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found[state].append("it scrolls sideways")
    assert {state: what for state, what in found.items() if what} == {}


@pytest.mark.parametrize("key", ["Enter", "Space", "PageDown", "x"])
def test_two_presses_of_one_key_lead_from_nobody_to_recording(told: Told, watch: Open, key: str):
    """A button on a cable, or a clicker, is all that some booths have."""
    page = opened(told, watch)
    page.keyboard.press(key)
    waited(lambda: told.asked == [("begin", {})])
    told.tell("mark")
    at(page, "mark")
    expect(button(page, "Record")).to_be_focused()
    if key != "x":
        page.keyboard.press(key)
        waited(lambda: told.asked[1:] == [("roll", {})])


def test_a_second_tap_of_the_same_finger_is_not_meant_for_the_next_step(told: Told, watch: Open):
    """Whoever taps twice to wake it must not have called off, stopped or thrown away what comes then."""
    page = opened(told, watch)
    page.evaluate(
        """() => {
          const tap = () => document.querySelector('.big.record')?.click();
          new MutationObserver(tap).observe(document.body, { childList: true, subtree: true });
        }"""
    )
    told.tell("mark")
    expect(button(page, "Record")).to_be_visible()
    page.wait_for_timeout(200)
    assert told.asked == []


def test_a_finger_that_stays_presses_once(told: Told, watch: Open):
    """A key that is held repeats; the countdown must not be called off by it."""
    page = opened(told, watch, "counting")
    page.evaluate(
        """() => document.activeElement.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'Enter', repeat: true, bubbles: true, cancelable: true }))"""
    )
    page.keyboard.down("Enter")
    for _ in range(5):
        page.keyboard.down("Enter")  # once more without a release is a repeat
    page.keyboard.up("Enter")
    waited(lambda: bool(told.asked))
    page.wait_for_timeout(200)
    assert told.asked == [("stop", {})]


def test_slides_are_turned_by_keys_and_by_touch(told: Told, watch: Open):
    """Clickers send keys of many kinds, and none of them may end a recording."""
    page = opened(told, watch, "recording-slides")
    for key, to in [("PageDown", 1), ("ArrowRight", 2), ("PageUp", 1), ("ArrowLeft", 0), ("Space", 1)]:
        page.keyboard.press(key)
        waited(lambda want=to: told.asked[-1:] == [("turn", {"to": want})])
    told.tell("recording-slides", deck={**DECK, "at": 1})
    expect(page.locator(".seen img")).to_have_attribute("alt", "Slide 2: Adding")
    expect(page.locator(".coming img")).to_have_attribute("alt", "Slide 3")
    page.wait_for_timeout(900)
    button(page, "Next slide").click()
    waited(lambda: told.asked[-1:] == [("turn", {"to": 2})])
    page.wait_for_timeout(900)
    button(page, "Back a slide").focus()
    page.keyboard.press("Space")
    waited(lambda: told.asked[-1:] == [("turn", {"to": 0})])
    count = len(told.asked)
    for key in ("Escape", "b", "."):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert len(told.asked) == count
    button(page, "Stop").focus()
    page.keyboard.press("Enter")
    waited(lambda: told.asked[-1] == ("stop", {}))


def test_what_is_brought_is_chosen_by_touch(told: Told, watch: Open):
    """A background is one touch, slides of a stick are one, and what is taken in shows itself."""
    page = opened(told, watch, "mark")
    button(page, "Background").click()
    button(page, "Sea").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert told.asked[-1] == ("background", {"id": "sea"})
    button(page, "Slides").click()
    expect(page.get_by_role("img", name="QR code: the page where your phone sends slides")).to_be_visible()
    expect(page.get_by_text(PHONE["typed"])).to_be_visible()
    told.tell("mark", sticks=[STICK])
    page.get_by_role("button", name=EVIL).click()
    waited(lambda: told.asked[-1] == ("slides", {"stick": "stick1", "deck": "deck1"}))
    told.tell("mark", taking={"title": EVIL, "share": 0.5})
    expect(page.get_by_role("dialog").get_by_role("progressbar")).to_have_attribute("value", "0.5")
    told.tell("mark", deck=DECK)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(f"“{EVIL}”, 3 slides")).to_be_visible()
    button(page, "Slides").click()
    button(page, "Without slides").click()
    waited(lambda: told.asked[-1] == ("no-slides", {}))


def test_the_level_is_said_in_words(told: Told, watch: Open):
    """A lecture that nobody hears is found out before it is held."""
    page = opened(told, watch, "mark")
    expect(page.get_by_text("We hear you well.")).to_be_visible()
    for level, words in [(-3.0, "A bit too loud."), (-55.0, "Say a few words: we can hardly hear you.")]:
        tracks = [STUDIO["tracks"][0], {**STUDIO["tracks"][1], "level": level}]
        told.tell_studio(tracks=tracks)
        page.wait_for_timeout(4200 if level < -40 else 0)
        told.tell_studio(tracks=tracks, seconds=0.1)
        expect(page.get_by_text(words)).to_be_visible()


def test_nobody_is_thrown_out_who_is_still_there(told: Told, watch: Open):
    """Somebody who thinks is not somebody who has left; and they are told what would become of their recording."""
    page = opened(told, watch, "review-leaves")
    question = page.get_by_role("alertdialog", name="Are you still there?")
    expect(question).to_contain_text("9 seconds")
    expect(question).to_contain_text("kept for the operator, and nobody else sees it")
    expect(button(page, "I am still here")).to_be_focused()
    for key in ("Shift", "b", "Tab"):
        page.keyboard.press(key)
    waited(lambda: told.stays > 0)
    page.wait_for_timeout(200)
    assert told.stays == 1
    told.tell("review")
    expect(question).to_have_count(0)
    expect(button(page, "Keep")).to_be_focused()


def test_throwing_away_is_asked_once_more(told: Told, watch: Open):
    """It cannot be taken back, and the finger is next to it."""
    page = opened(told, watch, "review")
    button(page, "Throw away").click()
    expect(button(page, "No, not yet")).to_be_focused()
    assert told.asked == []
    button(page, "No, not yet").click()
    button(page, "Throw away").click()
    button(page, "Yes, throw it away").click()
    waited(lambda: told.asked == [("throw", {})])


def test_a_recording_is_watched_with_a_finger(told: Told, watch: Open):
    """The controls of a video are made for a mouse."""
    page = opened(told, watch, "review")
    assert page.locator("video").evaluate("film => film.controls") is False
    button(page, "Play").click()
    button(page, "Pause").click()
    expect(button(page, "Play")).to_be_visible()
    page.get_by_role("slider", name="Position in the recording").fill("2")
    waited(lambda: page.locator("video").evaluate("film => Math.abs(film.currentTime - 2) < 0.1"))
    page.locator(".rushes-place").click()
    expect(button(page, "Pause")).to_be_visible()


def test_a_refusal_is_a_sentence_with_a_next_step(told: Told, watch: Open):
    """Nobody in a booth knows what to make of a button that does nothing."""
    told.refuses["roll"] = DeskError("the disk is full", hint="tell the operator")
    told.tell("mark")
    watching = watch(told.address, ready=False)
    page = watching.page
    at(page, "mark")
    button(page, "Record").click()
    expect(page.get_by_role("alert").get_by_text("The disk is full. Tell the operator.")).to_be_visible()
    told.tell("mark-trouble")
    expect(page.get_by_text("The booth cannot record now. Please tell the operator.")).to_be_visible()
    expect(button(page, "Record")).to_be_disabled()
    refused(watching)


def test_the_corner_opens_by_holding_the_mark_and_a_pin(told: Told, watch: Open):
    """Guests must not find it, and operators must not need a keyboard."""
    told.tell("attract")
    watching = watch(told.address, ready=False)
    page = watching.page
    at(page, "attract")
    mark = page.get_by_role("button", name="Operator").bounding_box()
    page.mouse.move(mark["x"] + 30, mark["y"] + 30)
    page.mouse.down()
    page.wait_for_timeout(3200)
    page.mouse.up()
    expect(page.get_by_role("heading", name="Operator")).to_be_visible()
    assert told.asked == []
    for digit in "4712":
        button(page, digit).click()
    expect(page.get_by_text("••••")).to_be_visible()
    button(page, "Open").click()
    expect(page.get_by_text("This is not the PIN.")).to_be_visible()
    page.keyboard.type("4711")
    page.keyboard.press("Enter")
    waited(lambda: ("operator", {"pin": "4711"}) in told.asked)
    told.tell("operator")  # the step changes because of it, never before

    button(page, "Takes waiting").click()
    expect(page.get_by_text(EVIL)).to_be_visible()
    button(page, "Keep and finish it").click()
    waited(lambda: ("operator/retry", {"key": "k", "name": "vectors"}) in told.asked)
    button(page, "Devices").click()
    button(page, "Microphone: desk").click()
    waited(lambda: ("operator/choose", {"key": "k", "sources": ["camera:front"]}) in told.asked)
    button(page, "Green screen").click()
    button(page, "Look at the empty screen").click()
    expect(page.get_by_text("The screen is too dark: light it more.")).to_be_visible()
    button(page, "Close").click()
    waited(lambda: ("operator/close", {"key": "k"}) in told.asked)
    told.tell("attract")
    expect(page.get_by_text("Record your lecture")).to_be_visible()
    refused(watching)


def test_nothing_of_somebody_is_left_when_they_have_gone(told: Told, watch: Open):
    """The next one must not read what the last one was about, nor see them."""
    page = opened(told, watch, "mark-all")
    told.tell("handover")
    at(page, "handover")
    told.tell("thanks")
    at(page, "thanks")
    told.tell("attract")
    at(page, "attract")
    whole = page.evaluate("document.documentElement.outerHTML")
    for trace in ("Vectors", "vectors", PHONE["typed"], "deck/", "<canvas"):
        assert trace not in whole
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_it_can_be_loaded_again_at_every_step(told: Told, watch: Open):
    """A browser crashes; the booth goes on where it was."""
    page = opened(told, watch)
    for state in ("mark-all", "recording-slides", "review", "handover-copying", "operator"):
        told.tell(state)
        page.reload()
        at(page, state)


def test_a_kiosk_is_no_document(told: Told, watch: Open):
    """No menu, no selection, no way out."""
    page = opened(told, watch, "handover")
    expect(page.get_by_text("Making the video … About 1:35 to go.")).to_be_visible()
    refused = """kind => !document.body.dispatchEvent(new Event(kind, { bubbles: true, cancelable: true }))"""
    assert [page.evaluate(refused, kind) for kind in ("contextmenu", "selectstart", "dragstart")] == [True] * 3
    assert page.locator("a[href]").count() == 0


def test_the_server_may_come_back(watch: Open):
    """It is started again by whoever watches it: the page says so, and waits."""
    with told_by_hand() as told:
        told.tell("mark")
        watching = watch(told.address, ready=False)
        at(watching.page, "mark")
    expect(watching.page.get_by_text("One moment, the booth starts again.")).to_be_visible()
    watching.page.close()
    watching.troubles.clear()  # that the stream broke off


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_presenter_reads_slides_notes_clock_and_light(told: Told, watch: Open, width: int, height: int):
    """Whoever speaks looks there, from some metres away."""
    options = {"path": "presenter", "bypass_csp": True, "viewport": {"width": width, "height": height}}
    page = opened(told, watch, "mark-all", **options)
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    told.tell("recording-slides")
    expect(page.get_by_role("timer")).to_have_text("1:02")
    expect(page.get_by_text("13:58 left")).to_be_visible()
    expect(page.get_by_text("Say what a <b>vector</b> is, and what it is good for.")).to_be_visible()
    expect(page.get_by_text("All is well.")).to_be_visible()
    assert barriers(page) == []
    assert misfits(page) == []
    told.tell("recording-slides", deck={**DECK, "at": 2})
    expect(page.get_by_text("This slide has no notes.")).to_be_visible()
    for state in ("review", "attract"):
        told.tell(state)
        expect(page.locator("main.nobody")).to_be_visible()
        assert "Vectors" not in page.evaluate("document.documentElement.outerHTML")
        assert barriers(page) == []
