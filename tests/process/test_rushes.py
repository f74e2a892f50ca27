"""A take is watched as it was recorded, the moment it is stopped."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest

from capture import take
from process.errors import MediaUnreadable, ProcessError, Stopped, TakeUnfinished
from process.rushes import rushes
from tests.fixtures.takes import beeping, camera, flashing, microphone, plain, record, screen

SECONDS = 4


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a take: a screen, a camera that comes late and flashes, and a microphone that beeps with it."""
    made = record(
        tmp_path / "lecture",
        screen(plain((200, 0, 0)), ends=SECONDS),
        camera(flashing(), begins=0.4, ends=SECONDS),
        microphone(beeping(), begins=0.1, ends=SECONDS),
    )
    return take.folder_of(made, 1)


def test_pictures_are_copied_and_stay_where_they_were_on_the_clock(home: Path, tmp_path: Path):
    """Two films at the same second show the same moment, and nobody waits for an encoder."""
    found = rushes(home, tmp_path / "out")

    assert [(one.name, str(one.kind)) for one in found.files] == [("screen", "screen"), ("camera", "camera")]
    assert found.seconds == SECONDS
    first, second = (av.open(str(one.file)) for one in found.files)
    with first, second:
        assert len(first.streams.audio) == 1
        assert len(second.streams.audio) == 0
        begins = [next(film.decode(video=0)).time for film in (first, second)]
        assert begins == pytest.approx([0.0, 0.4], abs=0.002)
        assert float(first.duration / av.time_base) == pytest.approx(SECONDS, abs=0.1)


def test_flash_and_beep_stay_together(home: Path, tmp_path: Path):
    """Lips that do not fit to words are the first thing that people see."""
    screen_film, camera_film = rushes(home, tmp_path / "out").files
    with av.open(str(camera_film.file)) as film:
        bright = [frame.time for frame in film.decode(video=0) if frame.to_ndarray(format="gray").mean() > 128]
    with av.open(str(screen_film.file)) as film:
        pieces = [(frame.time, frame.to_ndarray()[0]) for frame in film.decode(audio=0)]
    loud = [at + np.argmax(np.abs(piece) > 0.1) / 48_000 for at, piece in pieces if np.abs(piece).max() > 0.1]
    flashes = [at for at, before in zip(bright[1:], bright, strict=False) if at - before > 0.1]
    beeps = [at for at, before in zip(loud[1:], loud, strict=False) if at - before > 0.1]
    assert len(flashes) >= 2
    for at in flashes:
        assert min(abs(at - beep) for beep in beeps) < 0.04


def test_what_is_there_is_not_made_again(home: Path, tmp_path: Path):
    """Whoever opens the page a second time watches at once."""
    before = [one.file.stat().st_mtime_ns for one in rushes(home, tmp_path / "out").files]
    assert [one.file.stat().st_mtime_ns for one in rushes(home, tmp_path / "out").files] == before


def test_a_take_that_changed_is_made_anew_and_what_is_old_goes(home: Path, tmp_path: Path):
    """After a recovery the take is longer than what was watched, and nobody wants films of takes that were replaced."""
    out = tmp_path / "out"
    first = rushes(home, out).files[0].file
    (out / "take-99-screen.mp4").write_bytes(b"of another take")
    left, busy = out / ".making-left", out / ".making-busy"
    left.mkdir()
    busy.mkdir()
    os.utime(left, (1, 1))
    later = time.time() + 1
    os.utime(home / take.DESCRIPTION, (later, later))
    os.utime(first, (later - 1, later - 1))
    rushes(home, out)

    assert first.stat().st_mtime_ns != int((later - 1) * 1e9)
    assert {one.name for one in out.iterdir()} == {first.name, "take-01-camera.mp4", ".making-busy"}


@pytest.mark.skipif(os.name == "nt", reason="a limit on files is how a full disk is tried")
def test_a_disk_that_is_full_is_a_sentence_and_leaves_nothing(home: Path, tmp_path: Path):
    """What is half a film plays half, and nobody knows why."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        with pytest.raises(ProcessError) as failed:
            rushes(home, tmp_path / "full")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert failed.value.what
    assert not list((tmp_path / "full").iterdir())


def test_sound_alone_is_a_film_without_pictures(tmp_path: Path):
    """A podcast is watched with closed eyes."""
    made = record(tmp_path / "lecture", microphone(beeping(), ends=2))
    (only,) = rushes(take.folder_of(made, 1), tmp_path / "out").files
    with av.open(str(only.file)) as film:
        assert (len(film.streams.video), len(film.streams.audio)) == (0, 1)


def test_a_microphone_that_heard_nothing_is_not_the_one_that_is_heard(tmp_path: Path):
    """Two are plugged in, and one is the laptop's own under the table."""
    made = record(
        tmp_path / "lecture",
        microphone(lambda at: at * 0, ends=2, more={"peak_dbfs": None}),
        microphone(beeping(), name="microphone-2", ends=2, more={"peak_dbfs": -6.0}),
    )
    (only,) = rushes(take.folder_of(made, 1), tmp_path / "out").files
    assert only.name == "microphone-2"


def test_what_cannot_be_watched_is_explained_and_leaves_nothing(home: Path, tmp_path: Path):
    """A take that still rolls, one that is damaged, and somebody who does not want to wait."""
    rolling = record(tmp_path / "rolling", camera(plain((0, 0, 0)), ends=1), over=False)
    with pytest.raises(TakeUnfinished):
        rushes(take.folder_of(rolling, 1), tmp_path / "out")

    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        rushes(home, tmp_path / "stopped", stop=stop)
    assert not list((tmp_path / "stopped").iterdir())

    (home / "screen.mkv").write_bytes(b"no film" * 1000)
    with pytest.raises(ProcessError):
        rushes(home, tmp_path / "damaged")
    assert not list((tmp_path / "damaged").iterdir())

    for file in home.glob("*.mk*"):
        file.unlink()
    with pytest.raises(MediaUnreadable):
        rushes(home, tmp_path / "gone")
