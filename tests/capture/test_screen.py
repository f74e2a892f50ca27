"""Screens and windows, grabbed from a real X server."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from capture import marks
from capture.clock import SECOND, now_ns
from capture.errors import DeviceLost, DeviceMissing, ScreenClosed
from capture.frames import Frame, Kind
from capture.sources import Region, Wanted, desktop, open_source
from capture.sources import screen as screens
from tests.fixtures.rig import Opened, Painted, XScreen

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Xvfb is a program of Linux")

WHOLE = Wanted(kind=Kind.SCREEN, member="screen")


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def opened() -> Iterator[list[screens.Screen]]:
    """What is put in here is closed at the end."""
    sources: list[screens.Screen] = []
    yield sources
    for source in sources:
        source.close()


def look(wanted: Wanted, opened: list[screens.Screen]) -> Iterator[Frame]:
    opened.append(screens.open(wanted))
    return opened[-1].frames()


def ages_ms(frames: list[Frame]) -> list[float]:
    ticks = [(marks.read(frame.picture[..., 1]), frame.at_ns) for frame in frames]
    return [marks.age_ns(tick, at_ns) / 1e6 for tick, at_ns in ticks if tick is not None]


def test_what_is_on_the_screen_is_what_is_recorded(screen: XScreen, opened: list[screens.Screen]):
    """And its moment is when it was there: the mark that is read back is a few milliseconds old."""
    with screen.marked():
        frames = list(islice(look(WHOLE, opened), 40))

    ages = ages_ms(frames)
    assert len(ages) >= 36  # one that was grabbed while it was being drawn is torn
    assert 0 <= np.median(ages) < 20


def test_the_beat_is_even_and_does_not_drift(screen: XScreen, opened: list[screens.Screen]):
    """A beat that adds up its delays would be a second short after an hour."""
    frames = list(islice(look(replace(WHOLE, rate=Fraction(25)), opened), 60))

    beats = np.array([(frame.at_ns - frames[0].at_ns) * 25 / SECOND for frame in frames])
    off = beats - beats.round()
    assert np.median(np.abs(off)) < 0.15
    # A machine that becomes busy meanwhile grabs later by a part of a beat; what adds up goes through all of it.
    assert abs(np.median(off[-20:]) - np.median(off[:20])) < 0.3
    assert np.ptp(off) < 0.8
    assert np.all(np.diff(beats.round()) >= 1)


def test_a_late_reader_sees_the_present(screen: XScreen, opened: list[screens.Screen]):
    """Beats that were missed are left out; nothing queues up."""
    with screen.marked():
        feed = look(WHOLE, opened)
        next(feed)
        time.sleep(0.5)
        late = next(feed)

    assert now_ns() - late.at_ns < SECOND // 5
    assert all(age < 50 for age in ages_ms([late]))


def test_a_part_of_a_screen_is_that_part(screen: XScreen, opened: list[screens.Screen]):
    """Notes beside the slides are nobody's business."""
    picture = np.random.default_rng(1).integers(0, 255, (90, 160, 3), np.uint8)
    screen.draw(picture, left=200, top=100)

    frame = next(look(replace(WHOLE, region=Region(left=200, top=100, width=160, height=90)), opened))

    assert np.array_equal(frame.picture[..., :3], picture)


def test_odd_sides_lose_a_pixel(screen: XScreen, opened: list[screens.Screen]):
    """4:2:0 has one colour for two pixels each way; an encoder refuses odd sizes."""
    frame = next(look(replace(WHOLE, region=Region(left=0, top=0, width=161, height=91)), opened))

    assert frame.picture.shape == (90, 160, 4)
    assert (opened[0].shape.width, opened[0].shape.height) == (160, 90)


def test_a_part_outside_of_the_screen_is_refused(screen: XScreen):
    """Said before rolling, with the size that there is."""
    with pytest.raises(DeviceMissing, match="1280 × 720"):
        screens.open(replace(WHOLE, region=Region(left=700, top=0, width=640, height=360)))


def test_the_mouse_pointer_is_there(screen: XScreen, opened: list[screens.Screen]):
    """Half of what a lecturer says is "here"."""
    picture = next(look(WHOLE, opened)).picture
    middle = picture[340:380, 620:660, :3]  # where an X server puts it at first, on black

    lonely = picture[..., :3].copy()
    lonely[340:380, 620:660] = 0
    assert middle.any()
    assert not lonely.any()


def test_a_black_desktop_is_recorded_black(screen: XScreen, opened: list[screens.Screen]):
    """Black is no proof of a screen that cannot be grabbed: some slides are."""
    frames = list(islice(look(replace(WHOLE, region=Region(left=0, top=0, width=64, height=64)), opened), 3))

    assert len(frames) == 3
    assert not frames[-1].picture[..., :3].any()


def test_a_screen_that_changes_its_size_goes_on(screen: XScreen, opened: list[screens.Screen]):
    """A projector is plugged in during the lecture."""
    feed = look(WHOLE, opened)
    assert next(feed).picture.shape == (720, 1280, 4)

    for width, height in ((800, 600), (1280, 720)):
        screen.resize(width, height)
        until = time.monotonic() + 4
        while next(feed).picture.shape != (height, width, 4):
            assert time.monotonic() < until


def test_a_part_that_no_longer_fits_is_lost(screen: XScreen, opened: list[screens.Screen]):
    """It is asked for again, and is back when the screen is."""
    part = replace(WHOLE, region=Region(left=900, top=0, width=320, height=180))
    feed = look(part, opened)
    next(feed)
    screen.resize(800, 600)

    with pytest.raises(DeviceLost, match="800 × 600"):
        for _ in feed:
            pass


def test_a_screen_whose_server_dies_is_lost_and_found(screen: XScreen, opened: list[screens.Screen]):
    """The old connection stays dead for ever; a new one is what helps."""
    feed = look(WHOLE, opened)
    next(feed)
    screen.kill()

    with pytest.raises(DeviceLost, match="Screen 1 is gone"):
        next(feed)
    with pytest.raises(ScreenClosed):
        screens.open(WHOLE)
    screen.start()
    assert next(look(WHOLE, opened)).picture.shape == (720, 1280, 4)


def test_a_screen_is_listed_by_what_opens_it(screen: XScreen, opened: list[screens.Screen]):
    """The list of devices is what people choose from."""
    (device,) = screens.present()

    assert (device.name, device.default, device.width, device.height) == ("1", True, 1280, 720)
    assert next(look(replace(WHOLE, address=device.identity), opened))
    assert next(look(replace(WHOLE, address=device.name), opened))


def test_a_screen_that_is_not_here_is_missing(screen: XScreen):
    """The other screen may show what nobody should see."""
    with pytest.raises(DeviceMissing, match=r"screen:2.*screen:1"):
        screens.open(replace(WHOLE, address="2", label="screen:2"))


@pytest.mark.parametrize(
    ("name", "value"), [("WAYLAND_DISPLAY", "wayland-0"), ("XDG_SESSION_TYPE", "wayland")], ids=["display", "session"]
)
def test_wayland_is_said_and_not_recorded_in_black(
    screen: XScreen, monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    """An hour of black is found out when the lecture is over."""
    monkeypatch.setenv(name, value)

    with pytest.raises(ScreenClosed, match=r"Wayland.*X11"):
        screens.open(WHOLE)
    assert screens.present() == ()


def test_an_x_server_inside_wayland_is_known_by_its_outputs():
    """Where the session's variables did not come with us, as under sudo or ssh."""
    with pytest.raises(ScreenClosed, match="Wayland"):
        desktop.must_be_real(("XWAYLAND0",))


@pytest.mark.parametrize("display", ["", ":9876"])
def test_no_screen_at_all_is_said(display: str, monkeypatch: pytest.MonkeyPatch):
    """Over ssh there is none."""
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("XDG_SESSION_TYPE", raising=False)

    with pytest.raises(ScreenClosed, match="DISPLAY"):
        screens.open(WHOLE)
    assert screens.present() == ()


def test_an_arrow_is_drawn_where_the_system_gives_none():
    """Also where half of it is outside."""
    for x, y in ((10, 10), (-5, -5), (62, 30), (500, 500)):
        picture = np.zeros((48, 64, 4), np.uint8)
        desktop.draw_arrow(picture, x, y)
        assert picture.any() == (x < 64 and y < 48)


SLIDES = replace(WHOLE, address="window:slides", label="window:slides")


def test_windows_are_listed_by_titles_that_name_one(painted: type[Painted], monkeypatch: pytest.MonkeyPatch):
    """Whoever chooses from a list must get what they chose."""
    for title in ("Slides – Übung 7 <b>", "Terminal", "Terminal"):
        painted(title, left=100, top=50, width=300, height=200, colour=0xFF0000)
    painted("Minimized", left=100, top=50, width=300, height=200, colour=0xFF0000).do("unmap")
    assert desktop.windows() == ("Slides – Übung 7 <b>",)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")  # all of them would be black
    assert desktop.windows() == ()


def test_a_window_is_found_and_followed(painted: type[Painted], opened: list[screens.Screen]):
    """A lecturer moves it out of the way and goes on."""
    window = painted("Slides – Übung 7 <b>", left=100, top=50, width=301, height=200, colour=0xFF0000)
    feed = look(SLIDES, opened)
    first = next(feed).picture
    assert opened[0].device == "Window “Slides – Übung 7 <b>”"
    assert first.shape == (200, 300, 4)
    assert (first[..., :3] == (0, 0, 255)).all()

    window.do("configure", x=400, y=300, width=320, height=180)

    until = time.monotonic() + 3
    while (picture := next(feed).picture).shape != (180, 320, 4):
        assert time.monotonic() < until
    assert (next(feed).picture[:20, :20, :3] == (0, 0, 255)).all()
    assert picture.shape[0] % 2 == 0


@pytest.mark.parametrize("how", ["unmap", "destroy"])
def test_a_window_that_is_hidden_is_lost(how: str, painted: type[Painted], opened: list[screens.Screen]):
    """What lies beneath it, a mail perhaps, must not be recorded in its stead."""
    window = painted("Slides", left=100, top=50, width=300, height=200, colour=0xFF0000)
    feed = look(SLIDES, opened)
    next(feed)
    window.do(how)

    with pytest.raises(DeviceLost, match=r"hidden|closed"):
        for _ in feed:
            pass
    with pytest.raises(DeviceMissing, match="window:slides"):
        screens.open(SLIDES)


def test_a_title_that_fits_two_windows_is_no_choice(painted: type[Painted], opened: list[screens.Screen]):
    """Guessing would show the wrong one."""
    for left in (0, 400):
        painted(f"Slides {left}", left=left, top=0, width=300, height=200, colour=0xFF0000)

    with pytest.raises(DeviceMissing, match=r"2 windows are called so.*Slides 400"):
        screens.open(SLIDES)
    assert next(look(replace(WHOLE, address="window:Slides 400"), opened)).picture.shape == (200, 300, 4)


def test_two_screens_are_grabbed_side_by_side(x_screen: Opened, opened: list[screens.Screen]):
    """Grabbing is tied to its thread; each has its own connection."""
    x_screen(width=640, height=360)
    got: dict[int, int] = {}

    def read(number: int) -> None:
        source = open_source(WHOLE)
        got[number] = sum(1 for _ in islice(source.frames(), 20))
        source.close()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == {0: 20, 1: 20}
