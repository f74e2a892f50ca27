"""The live machine: its states, and what it does when something goes wrong."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from capture import hold, take
from capture.errors import DeviceBusy, DeviceLost, NoRoomToRecord, TakeError, WrongMoment
from capture.frames import Kind
from capture.health import Health, Said, State
from capture.plan import Plan, Record, names_of
from capture.recorder import Recorder
from capture.sources import Wanted
from capture.states import ENDS, TABLE, Command, Happening, after, commands
from capture.take import Loss, Take, TrackOutcome
from tests.fixtures.moody import mood, wanted

QUICK = Record(
    countdown_seconds=0.0,
    opening_seconds=3.0,
    silent_after_seconds=0.6,
    frozen_after_seconds=1.0,
    room_to_roll_seconds=0.0,
    room_to_warn_seconds=0.0,
    room_to_stop_seconds=0.0,
    room_to_stop_mb=0,
)

BOTH = (wanted(Kind.CAMERA, "front"), wanted(Kind.MICROPHONE, "desk"))


def until(true: Callable[[], object], seconds: float = 6.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def steps_to(recorder: Recorder, state: State) -> None:
    """Bring *recorder* to *state* by commands and waiting."""
    until(lambda: recorder.state is not State.OPENING)
    if state is State.READY:
        return
    recorder.roll()
    if state is State.COUNTING:
        return
    until(lambda: recorder.state is State.ROLLING)
    if state is State.PAUSED:
        recorder.pause()


@pytest.fixture
def record(tmp_path: Path, moody: None) -> Iterator[Callable[..., Recorder]]:
    """Begins a recorder of the sources that are named, with settings that are changed, and ends it after the test."""
    begun: list[Recorder] = []

    def begin(*sources: Wanted, news: Callable[[Health | Said], None] | None = None, **more: object) -> Recorder:
        folder = more.pop("folder", tmp_path / "lecture")
        plan = Plan(recording=folder, sources=sources or BOTH, settings=replace(QUICK, **more))
        recorder = Recorder(plan, news=news).__enter__()
        begun.append(recorder)
        return recorder

    before = threading.active_count()
    yield begin
    for recorder in begun:
        recorder.__exit__()
    until(lambda: threading.active_count() <= before)


def track_of(done: Take, name: str) -> TrackOutcome:
    assert done.outcome
    return {track.name: track for track in done.outcome.tracks}[name]


def moments(recorder: Recorder, name: str) -> list[float]:
    """When each packet of a track begins, seconds."""
    assert recorder.folder
    (path,) = recorder.folder.glob(f"{name}.mk*")
    with av.open(str(path)) as container:
        return [float(packet.pts * packet.time_base) for packet in container.demux() if packet.pts is not None]


def length(recorder: Recorder, name: str) -> float:
    assert recorder.folder
    (path,) = recorder.folder.glob(f"{name}.mk*")
    with av.open(str(path)) as container:
        return container.duration / 1e6


def samples(recorder: Recorder, name: str = "microphone") -> np.ndarray:
    assert recorder.folder
    with av.open(str(recorder.folder / f"{name}.mka")) as container:
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])


# The table


def test_every_state_can_be_reached_and_left():
    """A state that nothing leads out of is a window that has to be killed."""
    reached, edge = {State.OPENING}, [State.OPENING]
    while edge:
        for there in TABLE[edge.pop()].values():
            if there not in reached:
                reached.add(there)
                edge.append(there)

    assert reached == set(State)
    assert {State.DONE, State.FAILED} == ENDS
    for state in State:
        assert state in ENDS or any(isinstance(move, Happening) for move in TABLE[state])


def test_what_is_not_in_the_table_is_refused_with_what_can_be_done():
    """Whoever presses the wrong button is told the right one."""
    for state, move in itertools.product(State, [*Command, *Happening]):
        if move in TABLE[state]:
            assert after(state, move) in State
        else:
            with pytest.raises(WrongMoment, match="while it is"):
                after(state, move)

    with pytest.raises(WrongMoment, match="now it can: pause, mark, stop"):
        after(State.ROLLING, Command.ROLL)


@pytest.mark.parametrize("state", [State.READY, State.COUNTING, State.ROLLING, State.PAUSED])
@pytest.mark.parametrize("command", list(Command))
def test_every_command_in_every_state_does_what_the_table_says(
    record: Callable[..., Recorder], state: State, command: Command
):
    """The buttons are drawn from the table: a button that does something else is worse than none."""
    recorder = record(BOTH[1], countdown_seconds=30.0 if state is State.COUNTING else 0.0)
    steps_to(recorder, state)
    assert recorder.state is state
    do = getattr(recorder, command)
    if command not in commands(state):
        with pytest.raises(WrongMoment):
            do()
        assert recorder.state is state
        return
    do()
    leads = TABLE[state][command]
    goes_on = {State.COUNTING: State.ROLLING, State.STOPPING: State.DONE}
    until(lambda: recorder.state in (leads, goes_on.get(leads)))


@pytest.mark.parametrize("state", [State.OPENING, State.READY, State.COUNTING, State.ROLLING, State.PAUSED])
def test_the_end_may_come_in_every_state(record: Callable[..., Recorder], state: State):
    """A closed terminal asks nobody whether it is convenient."""
    recorder = record(BOTH[1], countdown_seconds=30.0 if state is State.COUNTING else 0.0)
    if state is not State.OPENING:
        steps_to(recorder, state)
    recorder.end("the terminal was closed")
    recorder.end("the terminal was closed")
    if state in (State.ROLLING, State.PAUSED):
        done = recorder.wait(5)
        assert done.outcome
        assert done.outcome.ended_because == "the terminal was closed"
        assert recorder.state is State.DONE
    else:
        with pytest.raises(TakeError, match="there is no take"):
            recorder.wait(5)
        assert recorder.state is State.FAILED
        assert not list((recorder.plan.recording / "takes").glob("*"))


# A take


def test_a_take_lies_whole_on_disk(record: Callable[..., Recorder]):
    """What this is all for."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    time.sleep(1.2)
    recorder.mark("proof")
    recorder.stop()
    done = recorder.wait(5)

    assert recorder.folder
    assert take.read(recorder.folder) == done
    assert done.outcome
    assert done.number == 1
    assert [track.file for track in done.tracks] == ["camera.mkv", "microphone.mka"]
    assert (done.track("camera").width, done.track("camera").height) == (320, 240)
    assert done.track("camera").source == "camera:front"
    assert done.track("microphone").device == "Moody desk"
    assert datetime.fromisoformat(done.rolled_at).tzinfo
    assert done.markers[0].label == "proof"
    assert 1.1 < done.markers[0].at < 2
    for name in ("camera", "microphone"):
        track = track_of(done, name)
        assert track.whole, track
        assert track.losses == ()
        assert track.seconds == done.outcome.seconds
        assert length(recorder, name) == pytest.approx(done.outcome.seconds, abs=0.05)
        assert moments(recorder, name)[0] == 0
    assert len(samples(recorder)) == track_of(done, "microphone").count
    assert track_of(done, "microphone").count == pytest.approx(done.outcome.seconds * 48000, abs=2)
    assert track_of(done, "camera").sync
    assert track_of(done, "microphone").sync
    assert not hold.is_held(recorder.folder)


def test_an_intent_is_written_before_the_first_picture(record: Callable[..., Recorder]):
    """A take of which nobody knows what it was cannot be recovered."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    assert recorder.folder
    intent = take.read(recorder.folder)

    assert intent.outcome is None
    assert [track.name for track in intent.tracks] == ["camera", "microphone"]
    assert hold.is_held(recorder.folder)
    recorder.mark("one")
    recorder.pause()
    assert take.read(recorder.folder).markers[0].label == "one"
    assert len(take.read(recorder.folder).pauses) == 1


def test_takes_are_numbered(record: Callable[..., Recorder]):
    """A second take never touches the first."""
    for number in (1, 2):
        recorder = record(BOTH[1])
        steps_to(recorder, State.ROLLING)
        recorder.stop()
        assert recorder.wait(5).number == number
    assert [folder.name for folder in take.takes_in(recorder.plan.recording)] == ["01", "02"]


def test_nothing_of_a_pause_is_in_a_track_and_all_go_on_together(record: Callable[..., Recorder]):
    """A pause that lasts longer in one track than in another is a lecture out of sync from there on."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    for _ in range(5):
        time.sleep(0.15)
        recorder.pause()
        time.sleep(0.12)
        recorder.resume()
    time.sleep(0.2)
    recorder.stop()
    done = recorder.wait(5)

    assert done.outcome
    assert len(done.pauses) == 5
    assert all(pause.seconds == pytest.approx(0.12, abs=0.06) for pause in done.pauses)
    assert done.outcome.seconds < 1.6
    camera, microphone = track_of(done, "camera"), track_of(done, "microphone")
    assert microphone.count == pytest.approx(done.outcome.seconds * 48000, abs=2)
    assert camera.whole, camera
    assert microphone.whole, microphone
    assert camera.sync
    assert abs(camera.sync.offset_ms) <= 0.5
    assert microphone.sync
    assert abs(microphone.sync.offset_ms) <= 0.5
    steps = np.diff(moments(recorder, "camera"))
    assert steps.max() < 0.12


def test_the_countdown_is_kept_and_can_be_called_off(record: Callable[..., Recorder]):
    """Three, two, one is a promise."""
    told: list[Health] = []
    recorder = record(
        BOTH[1], countdown_seconds=0.6, news=lambda news: told.append(news) if isinstance(news, Health) else None
    )
    until(lambda: recorder.state is State.READY)
    recorder.roll()
    recorder.stop()
    assert recorder.state is State.READY
    assert recorder.folder is None
    began = time.monotonic()
    recorder.roll()
    until(lambda: recorder.state is State.ROLLING)

    assert time.monotonic() - began == pytest.approx(0.65, abs=0.2)
    counting = [health.seconds for health in told if health.state is State.COUNTING]
    assert counting
    assert all(0 <= seconds <= 0.6 for seconds in counting)


def test_a_take_ends_when_it_is_as_long_as_it_may_be(record: Callable[..., Recorder]):
    """Whoever forgets to press stop does not find a full disk in the morning."""
    recorder = record(longest_seconds=0.8)
    steps_to(recorder, State.ROLLING)
    done = recorder.wait(5)

    assert done.outcome
    assert "as long as it may be" in done.outcome.ended_because
    assert done.outcome.seconds == pytest.approx(0.85, abs=0.2)


def test_health_is_told_several_times_a_second(record: Callable[..., Recorder]):
    """A level that moves once a second is no level."""
    told: list[Health] = []
    recorder = record(news=lambda news: told.append(news) if isinstance(news, Health) else None)
    steps_to(recorder, State.ROLLING)
    time.sleep(1.0)
    rolling = [health for health in told if health.state is State.ROLLING]

    assert len(rolling) >= 4
    camera, microphone = rolling[-1].tracks
    assert camera.count > 10
    assert microphone.level_dbfs == pytest.approx(-28, abs=6)
    assert camera.size_bytes > 0
    assert rolling[-1].free_bytes > 0
    assert rolling[-1].room_seconds


def test_a_listener_that_fails_to_listen_takes_no_take_with_it(record: Callable[..., Recorder]):
    """The recorder never waits for a viewer, and does not fall with one either."""

    def fail(news: Health | Said) -> None:
        raise RuntimeError("a page's fault")

    recorder = record(news=fail)
    steps_to(recorder, State.ROLLING)
    time.sleep(0.3)
    recorder.stop()

    assert recorder.wait(5).outcome


def test_tracks_are_named_after_their_kinds():
    """Two cameras are two files."""
    kinds = [Kind.SCREEN, Kind.CAMERA, Kind.SCREEN, Kind.CAMERA, Kind.MICROPHONE, Kind.SCREEN]

    assert names_of(tuple(wanted(kind) for kind in kinds)) == (
        "screen",
        "camera",
        "screen-2",
        "camera-2",
        "microphone",
        "screen-3",
    )


# Sources that fail


def test_a_source_that_cannot_be_opened_is_said_before_rolling(record: Callable[..., Recorder]):
    """An hour later is too late."""
    mood("front").refusal = DeviceBusy("the front camera is held by another program", hint="close it")
    recorder = record()
    with pytest.raises(DeviceBusy, match="held by another program"):
        recorder.wait(6)

    assert recorder.state is State.FAILED


def test_a_source_that_does_not_answer_is_not_waited_for(record: Callable[..., Recorder], monkeypatch):
    """A driver that hangs must not hang the lecture hall."""
    hang = threading.Event()

    def never(asked: Wanted) -> None:
        hang.wait(20)
        raise DeviceLost("it hung")

    monkeypatch.setattr("capture.recorder.open_source", never)
    recorder = record(opening_seconds=0.5)
    with pytest.raises(DeviceLost, match=r"camera:front did not open within 0\.5 s"):
        recorder.wait(5)
    hang.set()


def test_a_take_may_be_begun_without_a_source_if_that_is_said(record: Callable[..., Recorder]):
    """The lecture begins at ten, camera or not; and the camera is in as soon as somebody has found its cable."""
    mood("front").gone = True
    said: list[str] = []
    recorder = record(begin_without=True, news=lambda news: said.append(news.text) if isinstance(news, Said) else None)
    steps_to(recorder, State.ROLLING)
    time.sleep(0.5)
    mood("front").gone = False
    until(lambda: mood("front").opened == 1)
    time.sleep(0.5)
    recorder.stop()
    done = recorder.wait(5)

    assert any("camera is not here" in text for text in said)
    camera = track_of(done, "camera")
    assert camera.losses[0].at == 0
    assert camera.losses[0].seconds > 0.5
    assert not camera.whole
    assert track_of(done, "microphone").whole
    assert length(recorder, "camera") == pytest.approx(length(recorder, "microphone"), abs=0.1)


def test_losing_the_camera_does_not_lose_the_voice(record: Callable[..., Recorder]):
    """A lecture without a picture can be saved; one without words cannot."""
    said: list[Said] = []
    recorder = record(news=lambda news: said.append(news) if isinstance(news, Said) else None)
    steps_to(recorder, State.ROLLING)
    time.sleep(0.5)
    mood("front").gone = True
    until(lambda: any(news.alarm for news in said), 1.0)
    assert "camera is lost: front is unplugged" in recorder.health().tracks[0].alarm
    time.sleep(0.8)
    mood("front").gone = False
    until(lambda: not recorder.health().tracks[0].alarm)
    time.sleep(0.5)
    recorder.stop()
    done = recorder.wait(5)

    assert done.outcome
    camera, microphone = track_of(done, "camera"), track_of(done, "microphone")
    assert microphone.whole
    (loss,) = camera.losses
    assert loss.why == "front is unplugged"
    assert 0.4 < loss.at < 0.8
    assert 0.7 < loss.seconds < 2.5
    assert np.diff(moments(recorder, "camera")).max() < 0.45  # placeholders in between
    assert any("camera is back" in news.text for news in said)
    assert "camera is lost: front is unplugged" in done.outcome.alarms
    assert camera.sync
    assert abs(camera.sync.offset_ms) < 1


def test_losing_the_microphone_leaves_silence_of_the_same_length(record: Callable[..., Recorder]):
    """What comes after the loss must lie where it was heard."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    time.sleep(0.5)
    mood("desk").gone = True
    until(lambda: recorder.health().tracks[1].alarm)
    time.sleep(0.5)
    mood("desk").gone = False
    until(lambda: not recorder.health().tracks[1].alarm)
    time.sleep(0.4)
    recorder.stop()
    done = recorder.wait(5)

    assert done.outcome
    microphone = track_of(done, "microphone")
    assert microphone.count == pytest.approx(done.outcome.seconds * 48000, abs=2)
    (loss,) = (loss for loss in microphone.losses if loss.seconds > 0.1)
    heard = samples(recorder)
    began, ended = int(loss.at * 48000), int((loss.at + loss.seconds) * 48000)
    assert np.abs(heard[began + 50 : ended - 50]).max() == 0
    assert np.abs(heard[ended + 50 : ended + 5000]).max() > 0
    assert track_of(done, "camera").whole


def test_a_source_that_is_lost_at_the_end_leaves_a_track_as_long_as_the_others(record: Callable[..., Recorder]):
    """The placeholder lasts to the end."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    time.sleep(0.3)
    mood("front").gone = True
    time.sleep(0.8)
    recorder.stop()
    done = recorder.wait(5)

    assert done.outcome
    (loss,) = track_of(done, "camera").losses
    assert loss.at + loss.seconds == pytest.approx(done.outcome.seconds, abs=0.06)
    assert length(recorder, "camera") == pytest.approx(done.outcome.seconds, abs=0.06)


def test_a_source_that_hangs_is_given_up_and_opened_anew(record: Callable[..., Recorder]):
    """A frozen driver looks like nothing at all: no picture, no error."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    mood("front").hanging = True
    until(lambda: "gives nothing for 3 s" in recorder.health().tracks[0].alarm)
    mood("front").hanging = False
    until(lambda: mood("front").opened == 2)
    time.sleep(0.3)
    recorder.stop()
    done = recorder.wait(5)

    assert [round(loss.seconds) for loss in track_of(done, "camera").losses] in ([3], [4])
    assert track_of(done, "microphone").whole


@pytest.mark.parametrize(("what", "says"), [("frozen", "the same picture"), ("black", "is black")])
def test_a_camera_that_freezes_or_goes_black_is_said_at_once(record: Callable[..., Recorder], what: str, says: str):
    """The lecturer looks at the hall, not at the preview."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    setattr(mood("front"), what, True)
    until(lambda: says in recorder.health().tracks[0].alarm, 4)
    setattr(mood("front"), what, False)
    until(lambda: not recorder.health().tracks[0].alarm, 2)
    recorder.stop()
    done = recorder.wait(5)

    assert track_of(done, "camera").whole
    assert 0.5 <= track_of(done, "camera").silent_seconds <= track_of(done, "camera").seconds


def test_a_screen_may_stand_still(record: Callable[..., Recorder]):
    """A slide that is talked about for ten minutes is no fault."""
    mood("screen").frozen = True
    recorder = record(wanted(Kind.SCREEN, "screen"), frozen_after_seconds=0.5)
    steps_to(recorder, State.ROLLING)
    time.sleep(1.2)

    assert recorder.health().tracks[0].alarm == ""


def test_a_silent_microphone_is_said_until_it_is_heard(record: Callable[..., Recorder]):
    """Muted is the most frequent fault of all."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    mood("desk").silent = True
    until(lambda: "microphone is silent" in recorder.health().tracks[1].alarm, 2)
    until(lambda: recorder.health().tracks[1].level_dbfs is None)
    mood("desk").silent = False
    until(lambda: not recorder.health().tracks[1].alarm, 2)
    recorder.stop()
    done = recorder.wait(5)

    assert done.outcome
    assert track_of(done, "microphone").silent_seconds >= 0.6
    assert done.outcome.alarms == ("microphone is silent",)


def test_silence_of_the_system_is_no_fault(record: Callable[..., Recorder]):
    """Most of the time nothing plays."""
    mood("system").silent = True
    recorder = record(wanted(Kind.SYSTEM, "system"))
    steps_to(recorder, State.ROLLING)
    time.sleep(1.0)

    assert recorder.health().tracks[0].alarm == ""


def test_a_picture_that_changes_its_size_goes_on_in_the_same_track(record: Callable[..., Recorder]):
    """A projector that is plugged in changes the screen in the middle of a sentence."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    time.sleep(0.3)
    mood("front").size = (640, 360)
    time.sleep(0.4)
    recorder.stop()
    done = recorder.wait(5)

    assert track_of(done, "camera").whole
    assert recorder.folder
    with av.open(str(recorder.folder / "camera.mkv")) as container:
        sizes = {(frame.width, frame.height) for frame in container.decode(video=0)}
    assert sizes == {(320, 240)}


def test_a_fault_of_an_encoder_ends_its_own_track(record: Callable[..., Recorder], monkeypatch):
    """One track's bug is not the take's."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    time.sleep(0.3)

    def fail(picture: object, at_ns: int) -> int:
        raise MemoryError("an encoder's")

    monkeypatch.setattr(recorder._strips[0]._pictures, "write", fail)
    until(lambda: "not recorded any more" in recorder.health().tracks[0].alarm)
    time.sleep(0.3)
    recorder.stop()
    done = recorder.wait(5)

    assert "MemoryError" in track_of(done, "camera").ended_because
    assert not track_of(done, "camera").whole
    assert track_of(done, "microphone").whole


# The disk


def test_a_take_does_not_begin_without_room_for_it(record: Callable[..., Recorder], small_disk: Path):
    """Ten minutes must fit."""
    recorder = record(folder=small_disk / "lecture", room_to_roll_seconds=600.0)
    until(lambda: recorder.state is State.READY)
    with pytest.raises(NoRoomToRecord, match=r"room for \d min, and 10 min are wanted"):
        recorder.roll()

    assert recorder.state is State.READY


def test_little_room_is_said(record: Callable[..., Recorder]):
    """Five minutes are time enough to come to an end."""
    recorder = record(room_to_warn_seconds=1e9)
    steps_to(recorder, State.ROLLING)
    until(lambda: "the disk is full in less than" in recorder.health().alarm)


def test_a_take_ends_whole_before_the_disk_is_full(record: Callable[..., Recorder], small_disk: Path):
    """The last thing on a full disk should be a take that can be played."""
    recorder = record(folder=small_disk / "lecture", room_to_stop_mb=5)
    mood("front").size = (640, 480)
    steps_to(recorder, State.ROLLING)
    done = recorder.wait(20)

    assert done.outcome
    assert done.outcome.ended_because == "the disk was nearly full"
    assert all(track.whole for track in done.outcome.tracks)


def test_a_disk_that_is_full_at_once_ends_the_take_and_keeps_it(record: Callable[..., Recorder], small_disk: Path):
    """Another program may take the last megabyte in one go."""
    recorder = record(folder=small_disk / "lecture")
    steps_to(recorder, State.ROLLING)
    time.sleep(0.6)
    with (small_disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(65536)):
            pass
    until(lambda: recorder.state in ENDS, 10)
    said = [track.alarm for track in recorder.health().tracks]
    if recorder.error is None:
        said += [recorder.wait(5).outcome.ended_because]  # who looks at the disk may be quicker than who writes to it

    assert any("not recorded" in text or "full" in text for text in [*said, str(recorder.error)])
    assert recorder.folder
    with av.open(str(recorder.folder / "camera.mkv")) as container:
        assert sum(1 for packet in container.demux() if packet.size) > 5


# Time


def test_the_wall_clock_may_jump(record: Callable[..., Recorder], monkeypatch):
    """A laptop that finds its time server in the middle of a lecture sets its clock."""
    recorder = record()
    steps_to(recorder, State.ROLLING)
    time.sleep(0.4)
    monkeypatch.setattr(time, "time", lambda: 12.0)
    monkeypatch.setattr(time, "time_ns", lambda: 12)
    time.sleep(0.4)
    recorder.stop()
    done = recorder.wait(5)

    assert done.outcome
    assert all(track.whole for track in done.outcome.tracks)
    assert 0.7 < done.outcome.seconds < 1.5


def test_pictures_lie_where_they_were_seen(tmp_path: Path):
    """Sync is measured from the outside: the picture itself says when it was drawn, the tone when it beeps."""
    from capture import marks
    from capture.sources import pattern

    sources = tuple(
        Wanted(kind=kind, member="pattern", label=str(kind), width=640, height=360, rate=Fraction(30))
        for kind in (Kind.CAMERA, Kind.MICROPHONE)
    )
    with Recorder(Plan(recording=tmp_path / "l", sources=sources, settings=QUICK)) as recorder:
        steps_to(recorder, State.ROLLING)
        time.sleep(2.2)
        recorder.pause()
        time.sleep(0.5)
        recorder.resume()
        time.sleep(0.8)
        recorder.stop()
        done = recorder.wait(5)
    assert recorder.timeline
    assert recorder.folder
    errors = []
    with av.open(str(recorder.folder / "camera.mkv")) as container:
        for frame in itertools.islice(container.decode(video=0), 1, None):
            mark = marks.read(frame.to_ndarray(format="gray"))
            assert mark is not None
            at_ns = recorder.timeline.at(mark * marks.TICK_NS)
            assert at_ns is not None
            errors.append(frame.time * 1000 - at_ns / 1e6)
    loud = np.flatnonzero(np.abs(samples(recorder)[: 2 * 48000].astype(int)) > 3000)
    begins = loud[np.diff(loud, prepend=-99999) > 24000]  # of beeps, before the pause
    beeps = [recorder.timeline.rolled_ns + int(place / 48000 * 1e9) for place in begins if place > 10]
    off_ms = [
        ((moment + pattern.PERIOD_NS // 2) % pattern.PERIOD_NS - pattern.PERIOD_NS // 2) / 1e6 for moment in beeps
    ]

    assert np.abs(errors).max() < 1
    assert all(abs(off) < 1 for off in off_ms)
    assert done.outcome
    assert all(track.whole for track in done.outcome.tracks)


def test_losses_are_told_in_the_take(record: Callable[..., Recorder]):
    """What is missing is said by the take itself, for whoever processes it."""
    recorder = record(BOTH[0])
    steps_to(recorder, State.ROLLING)
    mood("front").gone = True
    time.sleep(0.4)
    recorder.stop()
    done = recorder.wait(5)
    assert recorder.folder

    assert isinstance(take.read(recorder.folder).outcome.tracks[0].losses[0], Loss)  # type: ignore[union-attr]
    assert not done.outcome.tracks[0].whole  # type: ignore[union-attr]
