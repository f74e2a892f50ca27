"""What a crash cut short is made whole, wherever it was cut, and nothing is lost on the way there."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import av
import pytest

from capture import hold, matroska, mending, recovery, take
from capture.clock import SECOND, now_ns
from capture.errors import FlipcastError, NoRoomToRecord, RecordingDamaged, RecordingMissing, TakeError, WrongMoment
from capture.frames import Kind
from capture.matroska import Ending
from capture.take import Pause, Take
from tests.fixtures import roller
from tests.fixtures.disk import mounted

SECONDS = 4.0
FILES = ("screen.mkv", "camera.mkv", "microphone.mka")


@pytest.fixture(scope="session")
def unfinished_take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take of four seconds as a crash leaves it: nothing closed, no outcome."""
    folder = tmp_path_factory.mktemp("recording") / "takes" / "01"
    folder.mkdir(parents=True)
    roller.roll(folder, seconds=SECONDS, real=False)
    return folder


@pytest.fixture
def torn(unfinished_take: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return Path(shutil.copytree(unfinished_take, tmp_path / "a-lecture" / "takes" / "01"))


@pytest.fixture
def mend() -> Callable[[Path], mending.Mended]:
    return lambda path: mending.mend(path, report=lambda done: None, stop=threading.Event())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of *folder*, but for the lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != hold.LOCK}


def packets(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as source:
        return [(packet.pts, bytes(packet)) for packet in source.demux() if packet.size]


def outcomes(whole: Take) -> dict[str, take.TrackOutcome]:
    assert whole.outcome
    return {track.name: track for track in whole.outcome.tracks}


# What is made whole


def test_a_take_that_was_cut_short_is_made_whole(torn):
    """The point of it all: each track has a length and an index afterwards, and all that was on disk."""
    before = {name: packets(torn / name) for name in FILES}
    recording = torn.parent.parent
    assert recovery.unfinished(recording) == (torn,)

    far: list[float] = []
    whole = recovery.recover(torn, report=far.append)

    assert take.read(torn) == whole
    assert whole.outcome
    assert whole.outcome.recovered
    assert whole.outcome.ended_because == recovery.KILLED
    assert whole.outcome.alarms == ()
    assert recovery.unfinished(recording) == ()
    assert far == sorted(far)
    assert far[-1] == 1.0
    for name in FILES:
        assert packets(torn / name) == before[name]
        with av.open(str(torn / name)) as source:
            result = outcomes(whole)[Path(name).stem]
            assert source.duration == pytest.approx(result.seconds * av.time_base, abs=2000)
            assert result.size_bytes == (torn / name).stat().st_size
    assert whole.outcome.seconds == pytest.approx(SECONDS, abs=0.5)
    assert sorted(contents(torn)) == sorted((*FILES, take.DESCRIPTION))


def test_recovering_again_changes_nothing(torn):
    """It is run after every crash, over all recordings."""
    whole = recovery.recover(torn)
    before = contents(torn)

    assert recovery.recover(torn) == whole
    assert contents(torn) == before


def test_a_recovered_file_can_be_sought(torn):
    """Without an index every seek of a player reads the whole lecture."""
    recovery.recover(torn)

    with av.open(str(torn / "screen.mkv")) as source:
        stream = source.streams.video[0]
        source.seek(2500, stream=stream)
        assert next(source.demux(stream)).pts == 2000


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_keeps_every_packet_that_is_whole(unfinished_take, tmp_path, mend, name):
    """A process dies at no particular byte."""
    content = (unfinished_take / name).read_bytes()
    every = packets(unfinished_take / name)
    cuts = random.Random(11).sample(range(1, len(content)), 25)
    for cut in (*cuts, len(content) - 1, len(content)):
        path = tmp_path / f"{cut}-{name}"
        path.write_bytes(content[:cut])
        try:
            before = packets(path)
        except av.error.FFmpegError:
            before = []
        if not before:
            with pytest.raises(RecordingDamaged):
                mend(path)
            assert path.read_bytes() == content[:cut], "what cannot be read is left as it is"
            continue

        mended = mend(path)

        assert packets(path) == before == every[: len(before)]
        assert not mended.odd, f"cut at {cut}"
        assert not list(tmp_path.glob(f"*{mending.ASIDE}"))
        again, now = mend(path), path.read_bytes()
        assert again == mended
        assert path.read_bytes() == now


def test_a_file_that_is_whole_is_left_alone(torn, mend):
    """The recorder may have died between closing its files and writing that down."""
    mend(torn / "screen.mkv")
    before, moment = (torn / "screen.mkv").read_bytes(), (torn / "screen.mkv").stat().st_mtime_ns

    mended = mend(torn / "screen.mkv")

    assert mended.count == len(packets(torn / "screen.mkv"))
    assert (torn / "screen.mkv").read_bytes() == before
    assert (torn / "screen.mkv").stat().st_mtime_ns == moment


# What a kill takes


def killed(folders: list[Path], moments: list[float]) -> Iterator[tuple[Path, float]]:
    """Yield each folder with the seconds after which its recorder was killed."""
    children = []
    try:
        for folder in folders:
            folder.mkdir(parents=True)
            command = [sys.executable, roller.__file__, str(folder)]
            children.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        rolled = [int(child.stdout.readline()) for child in children]  # type: ignore[union-attr]
        for number in sorted(range(len(children)), key=lambda one: rolled[one] + moments[one] * SECOND):
            wait = (rolled[number] - now_ns()) / SECOND + moments[number]
            threading.Event().wait(max(0.0, wait))
            died = now_ns()
            children[number].kill()
            children[number].wait()
            yield folders[number], (died - rolled[number]) / SECOND
    finally:
        for child in children:
            child.kill()
            child.communicate()


def test_a_kill_takes_less_than_half_a_second_of_any_track(tmp_path):
    """The promise to whoever speaks for an hour."""
    count = 6
    moments = [random.Random(number).uniform(0.8, 3.0) for number in range(count)]
    folders = [take.folder_of(tmp_path / f"lecture-{number}", 1) for number in range(count)]
    for folder, lived in killed(folders, moments):
        whole = recovery.recover(folder)

        for track in whole.tracks:
            lost = lived - outcomes(whole)[track.name].seconds
            assert lost < 0.5, f"{track.name} killed after {lived:.2f} s"
            assert outcomes(whole)[track.name].lost_seconds == pytest.approx(max(0, lost), abs=0.3)


def test_a_rolling_take_is_never_touched(tmp_path):
    """Somebody runs it in another window during a lecture."""
    recording = tmp_path / "lecture"
    folder = take.folder_of(recording, 1)
    for _, lived in killed([folder], [0.0]):
        assert lived >= 0
    child = subprocess.Popen(
        [sys.executable, roller.__file__, str(take.folder_of(recording, 2))], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout
        child.stdout.readline()
        rolling = take.folder_of(recording, 2)

        assert recovery.unfinished(recording) == (folder,)
        assert recovery.rolling(recording) == (rolling,)
        with pytest.raises(WrongMoment, match="being recorded"):
            recovery.recover(rolling)
        assert child.poll() is None
    finally:
        child.kill()
        child.communicate()
    assert recovery.unfinished(recording) == (folder, rolling), "the system let go of it"


def test_the_last_write_tells_how_much_was_lost(torn):
    """The longest track has lost something too, and only the clock of the files knows."""
    (torn / "camera.mkv").write_bytes((torn / "camera.mkv").read_bytes()[:-200_000])
    rolled = datetime.now().astimezone() - timedelta(minutes=10)
    take.write(replace(roller.intent(), rolled_at=rolled.isoformat(), pauses=(Pause(at=1, seconds=60),)), torn)
    died = rolled.timestamp() + 60 + SECONDS + 0.2
    for name in FILES:
        os.utime(torn / name, (died, died))

    first = outcomes(recovery.recover(torn))
    take.write(replace(take.read(torn), outcome=None), torn)
    second = outcomes(recovery.recover(torn))

    assert first["screen"].lost_seconds == pytest.approx(SECONDS + 0.2 - first["screen"].seconds, abs=0.01)
    assert first["camera"].lost_seconds > first["screen"].lost_seconds + 0.1
    assert not first["camera"].whole
    assert first["camera"].ended_because == recovery.KILLED
    assert second == first, "the files' times outlive the recovery"


def test_times_of_copied_files_are_not_believed(torn):
    """Whoever copies a recording to another disk has not lost the days between."""
    for name in FILES:
        os.utime(torn / name)
    rolled = datetime.now().astimezone() - timedelta(days=3)
    take.write(replace(roller.intent(), rolled_at=rolled.isoformat()), torn)

    assert all(track.lost_seconds < 0.5 for track in outcomes(recovery.recover(torn)).values())


# What is odd


@pytest.mark.parametrize("rest", [bytes(100_000), random.Random(3).randbytes(100_000)], ids=["zeros", "noise"])
@pytest.mark.parametrize("name", ["screen.mkv", "microphone.mka"])
def test_a_loss_of_power_leaves_what_decodes(torn, name, rest):
    """The file is as long as it was to be, and its end was never written."""
    original = (torn / name).read_bytes()[: -len(rest)] + rest
    (torn / name).write_bytes(original)
    every = packets(torn / name)

    whole = recovery.recover(torn)

    assert whole.outcome
    assert any(Path(name).stem in alarm and "kept as" in alarm for alarm in whole.outcome.alarms)
    assert (torn / f"{name}{mending.ASIDE}").read_bytes() == original
    kept = packets(torn / name)
    assert kept == every[: len(kept)]
    assert len(kept) > 0.4 * len(every)
    with av.open(str(torn / name)) as source:
        assert sum(1 for packet in source.demux() for _ in packet.decode()) == len(kept)


def test_a_hole_in_the_middle_does_not_take_what_comes_after(torn):
    """A bad block of a disk is not the end of a lecture."""
    path = torn / "screen.mkv"
    content = path.read_bytes()
    path.write_bytes(content[:300_000] + bytes(60_000) + content[360_000:])

    result = outcomes(recovery.recover(torn))["screen"]

    assert result.seconds == pytest.approx(outcomes(take.read(torn))["camera"].seconds, abs=0.1)
    (hole,) = result.losses
    assert hole.why == "damaged on the disk"
    assert hole.seconds < 2.1, "up to the next picture that stands by itself"
    assert not result.whole
    with av.open(str(path)) as source:
        assert not any(frame.is_corrupt for packet in source.demux() for frame in packet.decode())


def test_a_lost_track_does_not_take_the_others(torn):
    """A lecture without a picture can be saved."""
    (torn / "screen.mkv").unlink()
    (torn / "camera.mkv").write_bytes(b"")

    whole = recovery.recover(torn)

    results = outcomes(whole)
    assert results["microphone"].whole
    assert "missing" in results["screen"].ended_because
    assert "empty" in results["camera"].ended_because
    assert results["camera"].lost_seconds >= results["microphone"].seconds
    assert whole.outcome
    assert len(whole.outcome.alarms) == 2
    assert (torn / "camera.mkv").read_bytes() == b"", "left as it is"


def test_a_take_that_has_only_heads_is_told_to_be_empty(torn):
    """Killed in the first quarter of a second: there is nothing, and that is said once."""
    for name in FILES:
        (torn / name).write_bytes((torn / name).read_bytes()[:450])

    whole = recovery.recover(torn)

    assert whole.outcome
    assert whole.outcome.seconds == 0
    assert not any(track.whole for track in whole.outcome.tracks)
    assert recovery.recover(torn) == whole


def test_no_file_outside_the_take_is_touched(torn, tmp_path):
    """A take may come from somebody else."""
    mine = tmp_path / "mine.mkv"
    shutil.copy(torn / "screen.mkv", mine)
    before = mine.read_bytes()
    made = roller.intent()
    take.write(replace(made, tracks=(replace(made.tracks[0], file="../../../mine.mkv"), *made.tracks[1:])), torn)

    assert "not in the take's folder" in outcomes(recovery.recover(torn))["screen"].ended_because
    assert mine.read_bytes() == before


@pytest.mark.parametrize("written", [b"", b"{", b'{"number": "x"}', b"\xff\xfe", None])
def test_a_damaged_description_is_written_anew(torn, written):
    """The files tell most of it, and what was there is kept."""
    (torn / "camera.mkv").rename(torn / "camera-2.mkv")
    if written is None:
        (torn / take.DESCRIPTION).unlink()
    else:
        (torn / take.DESCRIPTION).write_bytes(written)
    assert recovery.unfinished(torn.parent.parent) == (torn,)

    whole = recovery.recover(torn)

    kinds = {track.name: track.kind for track in whole.tracks}
    assert kinds == {"camera-2": Kind.CAMERA, "microphone": Kind.MICROPHONE, "screen": Kind.SCREEN}
    assert (whole.number, whole.track("screen").width, whole.track("microphone").sample_rate) == (1, 160, 48_000)
    began = datetime.fromisoformat(whole.rolled_at)
    assert began.timestamp() == pytest.approx((torn / "screen.mkv").stat().st_mtime - SECONDS, abs=1.5)
    assert whole.outcome
    assert "description" in whole.outcome.alarms[0]
    if written is not None:
        assert (torn / f"{take.DESCRIPTION}{mending.ASIDE}").read_bytes() == written
    assert recovery.recover(torn) == whole


# What goes wrong on the way


DIES = """
import os, sys
from pathlib import Path
from capture import mending, recovery
def report(far):
    if far >= float(sys.argv[2]):
        os._exit(9)
if sys.argv[2] == "aside":
    mending._set_aside = lambda path, aside, *, real=mending._set_aside: (real(path, aside), os._exit(9))
    report = lambda far: None
recovery.recover(Path(sys.argv[1]), report=report)
"""
"""Recovers, and dies on the way."""


@pytest.mark.parametrize("at", ["0.1", "0.7", "0.95", "aside"])
def test_a_recovery_that_is_killed_is_completed_by_the_next(torn, tmp_path, at):
    """The power goes twice, on bad days."""
    other = shutil.copytree(torn, tmp_path / "other")
    for folder in (torn, other):
        path = folder / "microphone.mka"
        path.write_bytes(path.read_bytes()[:-50_000] + bytes(50_000))
    child = subprocess.run([sys.executable, "-c", DIES, str(torn), at], capture_output=True, text=True)
    assert child.returncode == 9, child.stderr
    assert take.read(torn).outcome is None

    whole = recovery.recover(torn)

    assert whole == recovery.recover(other), "as if it had never been killed"
    assert {n: c for n, c in contents(torn).items() if n != take.DESCRIPTION}.keys() == {
        *FILES,
        f"microphone.mka{mending.ASIDE}",
    }
    assert packets(torn / "screen.mkv") == packets(other / "screen.mkv")


def test_a_full_disk_is_told_in_a_sentence_and_harms_nothing(torn):
    """Where the disk is full the recorder may have died of it."""
    before = contents(torn)
    with full_disk(torn) as small:
        with pytest.raises(NoRoomToRecord, match=r"screen\.mkv whole takes .* MB") as caught:
            recovery.recover(small)
        assert caught.value.hint
        assert contents(small) == before
        (small.parent / "filler").unlink()
        assert outcomes(recovery.recover(small))["screen"].seconds > SECONDS - 0.5


def test_a_disk_that_fills_up_meanwhile_harms_nothing(torn, monkeypatch):
    """Other programs write too: what was free is not what will be."""
    before = contents(torn)
    with full_disk(torn) as small:
        real = shutil.disk_usage
        free = real(small)._replace(free=10**12)
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "disk_usage", lambda path: free)
            with pytest.raises(NoRoomToRecord):
                recovery.recover(small)
        assert contents(small) == before


@contextlib.contextmanager
def full_disk(torn: Path) -> Iterator[Path]:
    """A copy of *torn* on a file system with next to no room, which "filler" takes."""
    mount = torn.parent / "mount"
    needed = sum(path.stat().st_size for path in torn.iterdir())
    with mounted(mount, str(needed * 2)):
        small = Path(shutil.copytree(torn, mount / "01"))
        (mount / "filler").write_bytes(bytes(shutil.disk_usage(small).free - 65536))
        yield small


def test_stopping_a_recovery_leaves_everything_as_it_was(torn):
    """It is a button, and Ctrl-C."""
    before = contents(torn)
    stop = threading.Event()
    stop.set()

    with pytest.raises(TakeError, match="stopped") as caught:
        recovery.recover(torn, stop=stop)

    assert "nothing is lost" in caught.value.hint
    assert contents(torn) == before


def test_two_at_once_do_not_disturb_each_other(torn):
    """A page and a command may both be asked."""
    results: list[Take | FlipcastError] = []
    start = threading.Barrier(3)

    def go() -> None:
        start.wait()
        try:
            results.append(recovery.recover(torn))
        except FlipcastError as error:
            results.append(error)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    made = [result for result in results if isinstance(result, Take)]
    assert made
    assert all(result == take.read(torn) for result in made)
    assert all(isinstance(result, Take | WrongMoment) for result in results)


def test_where_no_take_lies_that_is_said(tmp_path):
    """A slip of the finger makes no folder."""
    with pytest.raises(RecordingMissing):
        recovery.recover(tmp_path / "takes" / "01")
    (tmp_path / "takes" / "01").mkdir(parents=True)
    with pytest.raises(RecordingMissing):
        recovery.recover(tmp_path / "takes" / "01")
    assert recovery.takes_in(tmp_path) == ()


# How a file ends


@pytest.mark.parametrize(
    ("rest", "what"),
    [
        (b"", Ending.CLEAN),
        (b"\x1f\x43\xb6", Ending.TORN),
        (b"\x1f\x43\xb6\x75", Ending.TORN),
        (b"\x1f\x43\xb6\x75\x84\xe7\x82\x00\x01", Ending.CLEAN),
        (b"\x1f\x43\xb6\x75\x84\xe7\x82\x00", Ending.TORN),
        (b"\xa3\x45\x00\x81", Ending.TORN),
        (b"\xa3\x84\x81\x00\x00\x80", Ending.ODD),
        (b"\x1c\x53\xbb\x6b\x82\x00\x00", Ending.CLEAN),
        (bytes(16), Ending.ODD),
        (b"plain text, no Matroska", Ending.ODD),
    ],
)
def test_the_end_of_a_file_is_told_from_its_heads(tmp_path, rest, what):
    """A torn end is every killed writer's; anything else is worth keeping the original for."""
    path = tmp_path / "a.mkv"
    path.write_bytes(b"before" + rest)

    assert matroska.ending(path, 6) is what
