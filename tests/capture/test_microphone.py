"""Microphones on a sound card of our own: where what they hear lies in a track, and every way to lose one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from capture.clock import SECOND, Timeline, now_ns
from capture.errors import DeviceLost, DeviceMissing
from capture.frames import Kind, SoundShape
from capture.retime import Retimer
from capture.sources import Wanted, microphone
from capture.sources.heard import ChildStream, Microphone
from tests.fixtures.rig_sound import SoundRig
from tests.fixtures.rig_sound_clock import EVERY_NS, RATE, chirp

pytestmark = pytest.mark.usefixtures("sound_rig")


@pytest.fixture
def listening() -> Iterator[Callable[..., Microphone]]:
    """Opens microphones, and closes them after the test."""
    opened: list[Microphone] = []

    def listen(name: str, *, kind: Kind = Kind.MICROPHONE) -> Microphone:
        address = f"pulse:{name}" if name else ""
        opened.append(microphone.open(Wanted(kind=kind, member="microphone", address=address, latency_ms=0.0)))
        return opened[-1]

    yield listen
    for one in opened:
        one.close()


class Taped:
    """A microphone recorded into a track, second by second."""

    def __init__(self, source: Microphone, *, warm: float = 1.0) -> None:
        self.source = source
        self.line = Timeline(rolled_ns=now_ns() + round(warm * SECOND))
        self.retimer = Retimer(rate=RATE, channels=1)
        self.track = np.zeros((0, 1), np.float32)
        self._frames = source.frames()

    def run(self, seconds: float) -> Taped:
        """Record until the track is *seconds* longer, or, in a pause, for so long."""
        to = self.retimer.written_ns + seconds * SECOND
        until = now_ns() + seconds * SECOND
        for sound in self._frames:
            self.track = np.concatenate([self.track, self.retimer.feed(sound, self.line)])
            if now_ns() > until if self.line.standing else self.retimer.written_ns >= to:
                break
        return self

    def until_lost(self, within: float) -> str:
        """Record until the microphone is lost, and say how."""
        began = time.monotonic()
        with pytest.raises(DeviceLost) as lost:
            self.run(60)
        assert time.monotonic() - began < within
        self.source.close()
        return str(lost.value)

    def late_ms(self) -> NDArray[np.float64]:
        """How late the chirps are that were heard as a whole; not a number where there is none in its place."""
        return late_ms(self.track, self.line)


def late_ms(track: NDArray[np.float32], line: Timeline) -> NDArray[np.float64]:
    """How late the chirps of *track* are against the moments at which they were made."""
    pattern = np.array(chirp(), np.float32)
    borders = [line.at(gap.ended_ns) for gap in line.gaps if gap.ended_ns is not None]
    found, room = [], RATE // 50
    moment = line.rolled_ns // EVERY_NS * EVERY_NS
    while (moment := moment + EVERY_NS) < line.rolled_ns + 120 * SECOND:
        at = line.at(moment)
        if at is None:
            continue
        place = at * RATE / SECOND
        first = int(place) - room
        if first + len(pattern) + 2 * room > len(track):
            break
        cut = any(at - SECOND // 20 < border < at + SECOND // 20 for border in borders if border is not None)
        if first < 0 or cut:
            continue
        match = np.correlate(track[first : first + len(pattern) + 2 * room, 0], pattern, "valid")
        best = int(match.argmax())
        if match[best] < 0.5 * (pattern @ pattern) or not 0 < best < len(match) - 1:
            found.append(np.nan)
            continue
        before, top, after = match[best - 1 : best + 2]
        found.append((first + best + (before - after) / (2 * (before - 2 * top + after)) - place) * 1000 / RATE)
    return np.array(found)


@pytest.mark.parametrize("ppm", [300, -300, 1000])
def test_what_is_heard_lies_where_it_was_heard_by_a_wrong_clock_too(
    ppm: float, sound_rig: SoundRig, listening: Callable[..., Microphone]
) -> None:
    """A microphone 300 ppm fast is 16 ms off after a minute of lecture if nobody looks."""
    sound_rig.click(ppm=ppm)
    taped = Taped(listening("clicks"), warm=3).run(4)
    late = taped.late_ms()
    assert len(late) >= 6
    assert np.median(late) == pytest.approx(0, abs=1.5)
    assert np.abs(late - np.median(late)).max() < 1
    assert taped.retimer.drift_ppm == pytest.approx(ppm, abs=80)
    assert taped.retimer.losses == ()
    sync = taped.retimer.sync()
    assert sync is not None
    assert sync.offset_ms == pytest.approx(0, abs=1)


def test_twenty_pauses_add_nothing_up(sound_rig: SoundRig, listening: Callable[..., Microphone]) -> None:
    """Whoever pauses often must not talk further and further behind the picture."""
    sound_rig.click(ppm=300)
    taped = Taped(listening("clicks"), warm=1.5)
    for _ in range(20):
        taped.run(0.25)
        taped.line = taped.line.paused(now_ns())
        taped.run(0.08)
        taped.line = taped.line.resumed(now_ns())
    late = taped.run(1.5).late_ms()
    assert len(taped.line.gaps) == 20
    assert len(late) >= 6
    assert np.median(late) == pytest.approx(0, abs=1.5)
    assert late[-2:] == pytest.approx(late[:2], abs=1)


def test_an_unplugged_microphone_is_lost_at_once_and_found_again_while_another_records(
    sound_rig: SoundRig, listening: Callable[..., Microphone]
) -> None:
    """Two speakers, one cable trodden on: the other's words stay whole, and nobody is recorded in another's place."""
    sound_rig.click("clicks", ppm=-100)
    sound_rig.click("clicks2", ppm=300)
    other = Taped(listening("clicks2"))
    trodden = Taped(listening("clicks"))
    reading = threading.Thread(target=other.run, args=(7,))
    reading.start()
    try:
        trodden.run(1)
        sound_rig.unplug("clicks")
        assert "unplugged" in trodden.until_lost(1.0)
        with pytest.raises(DeviceMissing):
            listening("clicks")
        sound_rig.plug("clicks")
        again = listening("clicks")
        sound = next(iter(again.frames()))
        assert again.device == "Rig-clicks"
        assert abs(now_ns() - sound.at_ns) < 2 * SECOND
        trodden.source, trodden._frames = again, again.frames()
        trodden.run(3)
    finally:
        reading.join()
    assert trodden.retimer.losses
    heard = trodden.late_ms()
    assert np.isnan(heard).any() or trodden.retimer.losses[0].seconds < 1
    assert np.abs(heard[-3:]).max() < 2
    assert other.retimer.losses == ()
    assert np.abs(other.late_ms()).max() < 2


def test_a_stalled_microphone_is_lost_within_a_second(
    sound_rig: SoundRig, listening: Callable[..., Microphone]
) -> None:
    """PortAudio itself never says that nothing comes any more, and burns a core until it is closed."""
    sound_rig.click()
    taped = Taped(listening("clicks"), warm=0.3).run(0.3)
    sound_rig.tell("clicks", "stall")
    assert "given nothing" in taped.until_lost(1.5)


def test_a_short_stall_moves_nothing_that_comes_after_it(
    sound_rig: SoundRig, listening: Callable[..., Microphone]
) -> None:
    """A hiccup of a USB hub: silence of its length, and the next word where it belongs."""
    sound_rig.click()
    taped = Taped(listening("clicks"), warm=1).run(1)
    sound_rig.tell("clicks", "stall")
    time.sleep(0.3)
    sound_rig.tell("clicks", "go")
    taped.run(2.5)
    (loss,) = taped.retimer.losses
    assert loss.seconds == pytest.approx(0.3, abs=0.1)
    assert np.abs(taped.late_ms()[-3:]).max() < 2


def test_a_muted_microphone_goes_on_with_zeros(sound_rig: SoundRig, listening: Callable[..., Microphone]) -> None:
    """That nothing is to be heard is for the alarm to say; the track must go on, or it would end at a cough button."""
    sound_rig.click()
    taped = Taped(listening("clicks"), warm=0.3)
    sound_rig.mute("clicks")
    try:
        taped.run(1.2)
    finally:
        sound_rig.mute("clicks", muted=False)
    assert not taped.track[RATE // 2 :].any()
    assert taped.retimer.losses == ()


def test_a_stopped_recorder_goes_on_where_it_should(sound_rig: SoundRig, tmp_path: Path) -> None:
    """A laptop that stood still for two seconds must not shift the rest of the lecture."""
    sound_rig.click()
    code = (
        "import sys, numpy; from capture.sources import Wanted, microphone; from capture.frames import Kind\n"
        "from tests.capture.test_microphone import Taped\n"
        "wanted = Wanted(kind=Kind.MICROPHONE, member='microphone', address='pulse:clicks', latency_ms=0.0)\n"
        "taped = Taped(microphone.open(wanted)); print('rolling', flush=True); taped.run(6.5); taped.source.close()\n"
        "numpy.savez(sys.argv[1], track=taped.track, rolled=taped.line.rolled_ns)\n"
    )
    file = tmp_path / "heard.npz"
    child = subprocess.Popen([sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE)
    try:
        assert child.stdout
        assert child.stdout.readline() == b"rolling\n"
        time.sleep(2)
        os.kill(child.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(child.pid, signal.SIGCONT)
        assert child.wait(30) == 0
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    with np.load(file) as kept:
        late = late_ms(kept["track"], Timeline(rolled_ns=int(kept["rolled"])))
    assert np.abs(late[:2]).max() < 2
    assert np.abs(late[-3:]).max() < 2


def test_system_sound_is_what_programs_play(sound_rig: SoundRig, listening: Callable[..., Microphone]) -> None:
    """A film shown in a lecture is part of it, and comes without anybody naming a device."""
    source = listening("", kind=Kind.SYSTEM)
    assert source.device == "Monitor of Rig-speaker"
    assert source.shape == SoundShape(rate=RATE, channels=2)
    playing = threading.Thread(target=sound_rig.play, args=(chirp() * 50,), kwargs={"into": "speaker"})
    playing.start()
    taped = Taped(source, warm=0).run(1)
    playing.join()
    assert np.abs(taped.track).max() > 0.3


def test_all_that_can_be_heard_is_listed_with_the_default_first(sound_rig: SoundRig) -> None:
    """People choose from this list; the system's own choice is what they get without choosing."""
    devices = microphone.present()
    microphones = [device for device in devices if device.kind == Kind.MICROPHONE]
    assert [device.name for device in microphones] == ["rig-desk", "rig-clicks", "rig-clicks2"]
    assert {device.identity for device in devices[:2] if device.default} == {"pulse:desk", "pulse:speaker.monitor"}


def test_an_absent_microphone_is_never_another_one(listening: Callable[..., Microphone]) -> None:
    """Ten minutes recorded by the webcam because the good microphone was not plugged in are ten minutes lost."""
    with pytest.raises(DeviceMissing, match="rig-desk"):
        listening("absent")


def test_a_microphone_that_came_late_is_opened_by_a_child(
    sound_rig: SoundRig, listening: Callable[..., Microphone]
) -> None:
    """Without a sound server to ask, PortAudio must look again, which it cannot do in a process that records."""
    sound_rig.click("clicks")
    sound_rig.click("clicks2")
    going_on = Taped(listening("clicks"), warm=0.2)
    config = sound_rig.folder / "asound.conf"
    before = config.read_text()
    config.write_text(before + 'pcm.late { type pulse device clicks2 hint { show on description "Late" } }\n')
    try:
        wanted = Wanted(kind=Kind.MICROPHONE, member="microphone", address="ALSA:late", latency_ms=0.0)
        late = microphone.open(wanted)
        try:
            assert isinstance(late._stream, ChildStream)
            heard = Taped(late, warm=0.5).run(1.5).late_ms()
        finally:
            late.close()
    finally:
        config.write_text(before)
    assert len(heard) >= 2
    assert np.abs(heard).max() < 3
    going_on.run(1)


def test_a_killed_sound_server_is_said_and_survived(sound_rig: SoundRig, listening: Callable[..., Microphone]) -> None:
    """The server takes all microphones with it; when it is back, so are they. (Last: all that plays here ends too.)"""
    sound_rig.click()
    taped = Taped(listening("clicks"), warm=0.2).run(0.2)
    sound_rig.kill_server()
    lost = taped.until_lost(10)
    assert "sound server is gone" in lost or "has given nothing" in lost, "whichever is noticed first"
    with pytest.raises(DeviceMissing):
        listening("clicks")
    sound_rig.start_server()
    assert len(Taped(listening("clicks"), warm=0.2).run(0.5).track) >= RATE // 2
