"""The recorder as a process of its own: steered, watched, deserted, and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from capture import errors, hold, take, wire
from capture.errors import DeviceMissing, FlipcastError, NoRoomToRecord, RecorderGone, TakeError, WrongMoment
from capture.frames import Kind
from capture.health import Health, Said, State
from capture.plan import Plan, Record
from capture.preview import Look
from capture.remote import Remote
from capture.sources import Wanted
from capture.take import Take

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")


def plan(folder: Path, **more: object) -> Plan:
    sources = (
        Wanted(kind=Kind.CAMERA, member="pattern", label="camera:front", width=320, height=180, rate=Fraction(30)),
        Wanted(kind=Kind.MICROPHONE, member="pattern", label="microphone:desk"),
    )
    settings = Record(countdown_seconds=0.0, room_to_roll_seconds=0.0, room_to_warn_seconds=0.0)
    return Plan(recording=folder, sources=sources, settings=replace(settings, **more))


def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def rolling(remote: Remote) -> None:
    remote.ready()
    remote.roll()
    until(lambda: remote.state is State.ROLLING)


def whole(done: Take) -> bool:
    assert done.outcome
    for track in done.outcome.tracks:
        assert track.whole, track
    return True


def test_a_take_is_steered_from_outside(tmp_path: Path):
    """A page, a terminal and a script press the same buttons."""
    with Remote(plan(tmp_path)) as remote:
        assert remote.ready().state is State.READY
        assert remote.roll() in (State.COUNTING, State.ROLLING)
        until(lambda: remote.state is State.ROLLING)
        time.sleep(0.4)
        assert remote.mark("proof") is State.ROLLING
        assert remote.pause() is State.PAUSED
        assert remote.resume() is State.ROLLING
        time.sleep(0.3)
        assert remote.stop() is State.STOPPING
        done = remote.wait(5)
        folder = remote.folder

    assert folder == tmp_path / "takes" / "01"
    assert take.read(folder) == done
    assert whole(done)
    assert done.recorder == remote.pid != os.getpid()
    assert [marker.label for marker in done.markers] == ["proof"]
    assert len(done.pauses) == 1


def test_news_come_as_they_are_and_end_with_the_recorder(tmp_path: Path):
    """A terminal that shows a level has nothing to ask for."""
    with Remote(plan(tmp_path, longest_seconds=1.0)) as remote:
        rolling(remote)
        news = list(remote.news())
        remote.wait(1)

    assert sum(isinstance(item, Health) for item in news) >= 4
    assert any(isinstance(item, Said) and "as long as it may be" in item.text for item in news)
    assert next(item for item in reversed(news) if isinstance(item, Health)).state in (State.STOPPING, State.DONE)


def test_what_cannot_be_done_is_said_as_it_was_there(tmp_path: Path):
    """An error that crossed a process is the same error."""
    with Remote(plan(tmp_path, room_to_roll_seconds=1e12)) as remote:
        remote.ready()
        with pytest.raises(WrongMoment, match="cannot pause while it is ready"):
            remote.pause()
        with pytest.raises(NoRoomToRecord) as caught:
            remote.roll()
        assert caught.value.hint
        remote.abandon()
        with pytest.raises(TakeError, match="there is no take"):
            remote.wait(5)


def test_a_source_that_is_not_there_is_told_where_it_is_waited_for(tmp_path: Path):
    """Nobody looks into the log of another process."""
    asked = plan(tmp_path)
    gone = Wanted(kind=Kind.CAMERA, member="nothing", label="camera:gone")
    with Remote(replace(asked, sources=(gone,))) as remote, pytest.raises(FlipcastError, match="camera failed"):
        remote.ready()


def test_leaving_the_context_ends_the_take_whole(tmp_path: Path):
    """An exception in the command must not cost the lecture."""

    def fail() -> None:
        with Remote(plan(tmp_path)) as remote:
            rolling(remote)
            time.sleep(0.4)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    done = take.read(tmp_path / "takes" / "01")
    assert done.outcome
    assert "gone" in done.outcome.ended_because
    assert whole(done)


_STEERING = """
import signal, sys, time
from pathlib import Path
from capture import wire
from capture.plan import Plan
from capture.remote import Remote
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever began the tests may have had it ignored
with Remote(wire.noun(wire.message(sys.stdin.read())["plan"], Plan)) as remote:
    remote.ready()
    remote.roll()
    while remote.folder is None:
        time.sleep(0.02)
    print(remote.pid, flush=True)
    time.sleep(60)
"""


@POSIX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_the_take_outlives_whoever_steered_it(tmp_path: Path, number: signal.Signals):
    """A terminal is closed, a page's server is killed: the take ends whole all the same."""
    steering = subprocess.Popen([sys.executable, "-c", _STEERING], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert steering.stdin
    assert steering.stdout
    steering.stdin.write(wire.line(plan=plan(tmp_path)))
    steering.stdin.close()
    recorder = int(steering.stdout.readline())
    time.sleep(0.5)
    steering.send_signal(number)
    steering.wait()
    steering.stdout.close()
    folder = tmp_path / "takes" / "01"
    until(lambda: not hold.is_held(folder))
    done = take.read(folder)

    assert done.recorder == recorder
    assert whole(done)
    until(lambda: not list(Path("/dev/shm").glob(f"flipcast-preview-{steering.pid}-*")))
    assert done.outcome
    assert done.outcome.seconds > 0.4


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_take_whole(tmp_path: Path, number: signal.Signals):
    """The system shuts down, and asks each process to leave."""
    with Remote(plan(tmp_path)) as remote:
        rolling(remote)
        time.sleep(0.4)
        os.kill(remote.pid, number)
        done = remote.wait(5)

    assert whole(done)
    assert done.outcome
    assert number.name in done.outcome.ended_because


@POSIX
def test_a_recorder_that_was_killed_is_told_with_what_to_do(tmp_path: Path):
    """What is on disk is not lost, and the person is told so."""
    with Remote(plan(tmp_path)) as remote:
        rolling(remote)
        os.kill(remote.pid, signal.SIGKILL)
        with pytest.raises(RecorderGone, match=r"ended by signal 9.*run flipcast recover"):
            remote.wait(5)
        with pytest.raises(RecorderGone):
            remote.stop()
        assert list(remote.news(1))[-1].state is State.FAILED
        assert remote.folder

    assert not hold.is_held(remote.folder)
    assert take.read(remote.folder).outcome is None


def _raw(tmp_path: Path, **pipes: object) -> subprocess.Popen[bytes]:
    child = subprocess.Popen([sys.executable, "-m", "capture"], stdin=subprocess.PIPE, **pipes)
    assert child.stdin
    child.stdin.write(wire.line(open=plan(tmp_path)))
    child.stdin.flush()
    return child


@pytest.mark.parametrize("closed", [False, True])
def test_nobody_needs_to_listen(tmp_path: Path, closed: bool):
    """A page that hangs, or is gone, must neither make a picture late nor take a take with it."""
    child = _raw(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdin
    assert child.stdout
    if closed:
        child.stdout.close()
    number = 0
    while not (tmp_path / "takes").exists():
        time.sleep(0.1)
        number += 1
        child.stdin.write(wire.line(n=number, do="roll"))
        child.stdin.flush()
        assert number < 80
    for _ in range(800):  # far more answers than a pipe holds
        child.stdin.write(wire.line(n=1, do="mark", label="x" * 90) if number % 100 else b"{}\n")
        number += 1
        child.stdin.write(wire.line(n=1, do="nonsense" * 20))
    child.stdin.flush()
    time.sleep(0.5)
    child.stdin.close()
    status = child.wait(20)
    if not closed:
        child.stdout.close()
    done = take.read(tmp_path / "takes" / "01")

    assert status == 0
    assert whole(done)
    assert done.outcome
    assert done.outcome.late_share < 0.2


def test_without_a_plan_it_leaves(tmp_path: Path):
    """Whoever starts it by hand and presses Ctrl-D is not left with a process."""
    done = subprocess.run([sys.executable, "-m", "capture"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)

    assert done.returncode == 0


@POSIX
def test_a_recorder_that_stood_still_notes_the_loss_and_stays_in_sync(tmp_path: Path):
    """A machine that was put to sleep in the middle wakes up with the lecture in step."""
    with Remote(plan(tmp_path)) as remote:
        rolling(remote)
        time.sleep(0.5)
        os.kill(remote.pid, signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(remote.pid, signal.SIGCONT)
        time.sleep(0.7)
        remote.stop()
        done = remote.wait(5)

    assert done.outcome
    camera, microphone = done.outcome.tracks
    (loss,) = camera.losses
    assert loss.seconds == pytest.approx(2.5, abs=0.4)
    assert camera.sync
    assert abs(camera.sync.offset_ms) <= 0.5
    assert camera.sync.spread_ms <= 1
    assert microphone.count == pytest.approx(done.outcome.seconds * 48000, abs=48)
    assert any("stood still" in said for said in done.outcome.alarms)


def test_pages_see_the_latest_picture(tmp_path: Path):
    """The person in front of the camera wants to see that they are in it."""
    with Remote(plan(tmp_path)) as remote:
        remote.ready()
        assert remote.plan.preview
        with Look(remote.plan.preview, "camera") as look:
            found: list[object] = []
            until(lambda: found.append(look.newest()) or sum(item is not None for item in found) > 3)
        remote.abandon()

    assert not remote.plan.preview.exists()


def test_every_failure_of_capture_crosses_the_wire():
    """Whoever catches `DeviceMissing` catches it from there too."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FlipcastError)]
    for kind in kinds:
        error = kind("it happened", hint="do this")
        back = wire.failure(wire.message(wire.line(failed=error))["failed"])
        assert type(back) is kind
        assert str(back) == str(error)
    assert isinstance(wire.failure({"kind": "Nonsense", "what": "x"}), TakeError)
    assert isinstance(wire.failure({"kind": "annotations", "what": "x"}), TakeError)
    assert DeviceMissing in kinds
