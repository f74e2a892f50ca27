"""How late a device is, is measured on the whole chain: from a light and a sound to the moment in the take."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.devices import Devices
from capture.errors import DeviceError
from capture.latency import AGREEING_MS, _judged, _seen, common, due, measure
from capture.sources import spoken
from tests.fixtures.command import Flipcast, explained
from tests.fixtures.rig import XScreen
from tests.fixtures.rig_sound import SoundRig

CAMERA_LATE = 0.15


class Eye:
    """A network camera that films a screen, and shows what it saw `CAMERA_LATE` seconds later, 25 times a second."""

    def __init__(self, screen: XScreen) -> None:
        self._seen: deque[tuple[float, np.ndarray]] = deque(maxlen=50)
        self._over = threading.Event()
        self._looking = threading.Thread(target=self._look, args=(screen,))
        eye = self

        class Answer(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace;boundary=next")
                self.end_headers()
                try:
                    while not eye._over.wait(0.001):
                        if eye._seen and eye._seen[0][0] + CAMERA_LATE <= time.monotonic():
                            _, picture = eye._seen.popleft()
                            packed = cv2.imencode(".jpg", picture)[1].tobytes()
                            head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(packed)}\r\n\r\n"
                            self.wfile.write(head.encode() + packed + b"\r\n")
                except OSError:
                    pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/video.mjpg"
        self._looking.start()
        self._serving.start()

    def close(self) -> None:
        """Shut it."""
        self._over.set()
        self._looking.join()
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()

    def _look(self, screen: XScreen) -> None:
        noise = np.random.default_rng(1)
        while not self._over.wait(0.04):
            # The screen fills the middle of what it sees; the rest is a wall, and all of it is grainy.
            picture = noise.integers(70, 90, (360, 640, 3), np.uint8)
            picture[90:270, 160:480] = screen.memory[::4, ::4, :3][:180, :320] // 2 + 40
            self._seen.append((time.monotonic(), picture))


@pytest.fixture
def eye(screen: XScreen) -> Iterator[Eye]:
    made = Eye(screen)
    yield made
    made.close()


@pytest.fixture
def room(sound_rig: SoundRig, monkeypatch: pytest.MonkeyPatch) -> SoundRig:
    """A room in which the microphone hears the speaker."""
    monkeypatch.setenv("PULSE_SINK", "desk_feed")
    return sound_rig


def test_screen_camera_and_microphone_are_measured_kept_and_used(
    flipcast: Flipcast, eye: Eye, room: SoundRig, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a camera is late differs from camera to camera by a tenth of a second: more than anybody overlooks."""
    monkeypatch.setenv("FLIPCAST_STATE", str(tmp_path / "state"))
    monkeypatch.setattr("capture.latency.PERIOD_SECONDS", 0.6)
    camera = f"camera:{eye.url}"

    said = flipcast("check", "--sync", "--json", "--from", "screen:1", "--from", camera, "--from", "microphone")

    assert said.status == 0, said
    screen, seen, heard = said.events[-1]["sync"]
    # A busy machine makes a flash or a beep late; then the figure says itself how far it can be trusted.
    assert screen["latency_ms"] < 6 + screen["spread_ms"]
    assert seen["latency_ms"] == pytest.approx(CAMERA_LATE * 1000, abs=15 + seen["spread_ms"])
    assert heard["latency_ms"] < 5 + heard["spread_ms"]
    assert max(row["spread_ms"] for row in (screen, seen, heard)) <= AGREEING_MS
    assert [row["given"] for row in (screen, seen, heard)] == [17, 17, 17]
    assert min(row["found"] for row in (screen, seen, heard)) >= 14, "what is given is seen and heard"
    kept = Devices(tmp_path / "state").wanted(spoken(camera))
    assert kept.measured
    assert kept.latency_ms == seen["latency_ms"]


def test_a_camera_that_does_not_see_the_screen_is_said_and_nothing_is_kept(
    flipcast: Flipcast, screen: XScreen, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure made of noise would be worse than none."""
    monkeypatch.setenv("FLIPCAST_STATE", str(tmp_path / "state"))
    monkeypatch.setattr("capture.latency.PERIOD_SECONDS", 0.5)
    monkeypatch.setattr("capture.latency.TIMES", 11)

    said = flipcast("check", "--sync", "--from", "pattern")

    explained(said, "flashes were seen by pattern", "point it at the screen")
    assert not (tmp_path / "state" / "devices.json").exists()


def test_where_nothing_can_be_shown_or_played_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check over a remote shell cannot flash the screen in front of the camera."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceError, match="no window can be shown that flashes"):
        measure([spoken("pattern")])


@given(st.floats(0, 400), st.lists(st.floats(0, 33), min_size=15, max_size=30))
def test_what_all_spans_have_in_common_holds_the_truth(truth: float, phases: list[float]) -> None:
    """Each picture says only "before this one"; many together say more than any of them."""
    middle, sure = common([(truth - phase, truth - phase + 33) for phase in phases])
    assert abs(middle - truth) <= sure + 1e-6
    assert sure <= 16.5 + 1e-6


def test_one_wild_reading_moves_nothing() -> None:
    """Somebody walks past, a door slams."""
    spans = [(84.0 - phase, 84.0 - phase + 33) for phase in range(0, 33, 2)]
    middle, _ = common([*spans, (500.0, 533.0)])
    assert middle == pytest.approx(84, abs=1)
    middle, _ = common([(12.0, 12.0), (12.2, 12.2), (11.8, 11.8), (300.0, 300.0)])
    assert middle == pytest.approx(12.1, abs=0.2)


@given(period=st.floats(0.1, 4.0), phase=st.floats(0, 1))
def test_nothing_that_blinks_by_itself_is_taken_for_our_flashes(period: float, phase: float) -> None:
    """A lamp at the door blinks once a second all day, and would move every take by the same wrong figure."""
    rate, lit = 30, 0.2
    moments = np.arange(0, 30 * 10**9, 10**9 // rate)
    light = np.where((moments / 1e9 / period + phase) % 1 < lit / max(period, 2 * lit), 200, 20).astype(np.float32)
    given = [int((1.0 + due(number, period=1.0)) * 1e9) for number in range(17)]

    late = _seen(moments, light[:, None], given, patience=0.8)

    with pytest.raises(DeviceError, match="flashes were seen by pattern"):
        _judged(spoken("pattern"), late, given=17)


def test_flashes_that_do_not_agree_are_somebody_elses_and_nothing_is_measured() -> None:
    """A lamp that flickers as often as we flash must not become a figure that every take is moved by."""
    wild = [(start, start + 33.0) for start in (20.0, 130.0, 240.0, 310.0, 20.0)]
    with pytest.raises(DeviceError, match=r"5 of 5 flashes were seen by pattern, .* not ours.*point it"):
        _judged(spoken("pattern"), wild, given=5)

    slow = [(60.0 - phase, 160.0 - phase) for phase in (0.0, 20.0, 40.0, 60.0)]
    assert _judged(spoken("pattern"), slow, given=5).found == 4, "ten pictures a second are no fault"
    once = [(20.0, 53.0)] * 16 + [(700.0, 733.0)]
    assert _judged(spoken("pattern"), once, given=17).latency_ms == 36.5, "nor is somebody who walks past"
