"""The display of a recording: what a lecturer sees at a glance, and what it costs."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

from rich.cells import cell_len

from capture.frames import Kind
from capture.health import Health, State, TrackHealth
from flipcast import meters
from flipcast.meters import Log, Meters

SCREEN = TrackHealth(
    name="screen",
    kind=Kind.SCREEN,
    device="Screen 1",
    count=22341,
    late=2,
    repeated=0,
    left_out=0,
    level_dbfs=None,
    sync_ms=0.24,
    drift_ppm=None,
    size_bytes=812_000_000,
    alarm="",
)
MICROPHONE = replace(
    SCREEN,
    name="microphone",
    kind=Kind.MICROPHONE,
    device="USB",
    count=35_000_000,
    late=0,
    level_dbfs=-18.2,
    drift_ppm=12.4,
    size_bytes=22_000_000,
)
ROLLING = Health(
    state=State.ROLLING,
    seconds=754.9,
    tracks=(SCREEN, MICROPHONE),
    free_bytes=80_000_000_000,
    room_seconds=11_400,
    markers=3,
    cpu_share=0.5,
    alarm="",
)
KEYS = "space pause · m marker · q stop"
SIZE = (100, 24)


def shown(health: Health, *, width: int = 100, height: int = 24, title: str = "Linear algebra 7") -> list[str]:
    """What a terminal shows, line by line."""
    out = io.StringIO()
    Meters(out, colours=False, size=lambda: (width, height)).draw(title, health, KEYS)
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r|\a", "", out.getvalue()).split("\n")


def test_one_glance_tells_state_time_frames_level_sync_size_and_room() -> None:
    """The lecturer looks for half a second, between two sentences."""
    lines = shown(ROLLING)

    assert lines[0] == "● REC  12:34  Linear algebra 7  3 markers"
    assert "22341 frames, 2 late" in lines[1]
    assert "sync +0.2 ms" in lines[1]
    assert "812.0 MB" in lines[1]
    assert "-18 dB" in lines[2]
    assert "clock +12 ppm" in lines[2]
    assert lines[2].count("█") == 11
    assert KEYS in lines[3]
    assert "834.0 MB, 3 h 10 min left on the disk" in lines[3]


def test_an_alarm_is_a_line_of_its_own_and_rings_once() -> None:
    """Nobody looks at the terminal while teaching: it calls, but does not nag."""
    out = io.StringIO()
    display = Meters(out, size=lambda: SIZE)
    lost = replace(ROLLING, tracks=(replace(SCREEN, alarm="the screen gives no pictures: unplugged?"), MICROPHONE))
    for number in range(4):
        display._at = -1.0
        display.draw("t", replace(lost, seconds=number), KEYS)

    assert out.getvalue().count("\a") == 1
    assert "  ! screen: the screen gives no pictures: unplugged?" in shown(lost)


def test_what_is_drawn_never_wraps_and_never_scrolls() -> None:
    """A line too wide is drawn over wrongly ever after; titles may be long, or twice as wide as they seem."""
    for title in ("a" * 300, "線形代数" * 40):
        for width, height in ((100, 24), (40, 3), (12, 24)):
            lines = shown(ROLLING, width=width, height=height, title=title)
            assert len(lines) <= height - 1
            assert all(cell_len(line) < width for line in lines)


def test_a_title_or_an_alarm_cannot_command_the_terminal() -> None:
    """Names of devices and titles come from elsewhere."""
    evil = "\x1b]0;owned\x07\x1b[2J\n"
    health = replace(ROLLING, tracks=(replace(SCREEN, alarm=evil),), alarm=evil)
    text = "".join(part for row in meters.picture(evil, health, KEYS) for _, part in row)
    assert text.isprintable()


def test_what_is_drawn_anew_covers_what_was_there() -> None:
    """When an alarm is over its line must go."""
    out = io.StringIO()
    display = Meters(out, colours=False, size=lambda: SIZE)
    display.draw("t", replace(ROLLING, alarm="5 minutes are left on the disk"), KEYS)
    display._at = -1.0
    display.draw("t", ROLLING, KEYS)
    second = out.getvalue().split("\r")[-1]
    assert second.startswith("\x1b[4A")
    assert second.endswith("\x1b[J")

    display.clear()
    assert out.getvalue().endswith("\r\x1b[3A\x1b[2K\n\x1b[2K\n\x1b[2K\n\x1b[2K\r\x1b[3A")


def test_a_picture_of_the_meters_costs_next_to_nothing() -> None:
    """Four a second must stay far below one percent of a core, or the meters make frames late."""
    out = io.StringIO()
    display = Meters(out, size=lambda: SIZE)
    began = time.process_time()
    for number in range(200):
        display._at = -1.0
        display.draw("Linear algebra 7", replace(ROLLING, seconds=number), KEYS)
    assert (time.process_time() - began) / 200 * 4 < 0.01


def test_without_a_terminal_only_changes_are_said_and_a_line_a_minute(monkeypatch) -> None:
    """Hours of a log are read afterwards, by somebody looking for what happened."""
    log = Log()
    now = [100.0]
    monkeypatch.setattr(meters.time, "monotonic", lambda: now[0])
    lines = []
    log._at = now[0]
    for second in range(130):
        now[0] += 1
        state = State.COUNTING if second < 3 else State.PAUSED if second in (10, 11) else State.ROLLING
        seconds = 3 - second if state is State.COUNTING else second
        lines += log.lines("Algebra", replace(ROLLING, state=state, seconds=float(seconds)))

    assert lines[:4] == [
        "Algebra: begins in 3 s",
        "Algebra: rolling at 0:03",
        "Algebra: paused at 0:10",
        "Algebra: rolling at 0:12",
    ]
    assert lines[4].startswith("Algebra: rolling 1:12; screen 22341 frames, 2 late, sync +0.2 ms; microphone -18 dB")
    assert len(lines) == 5


def test_a_closed_terminal_does_not_end_the_drawing_with_a_failure() -> None:
    """Closing the window ends the take in peace; a failure in drawing would end it otherwise."""
    out = io.StringIO()
    display = Meters(out, size=lambda: SIZE)
    out.close()
    display.draw("t", ROLLING, KEYS)
    display.clear()
