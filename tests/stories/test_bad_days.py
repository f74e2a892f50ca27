"""Days on which the machine will not: no room, no right, no ffmpeg, a file that vanishes, somebody else at work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import filelock
import pytest

from tests.fixtures.command import ended, explained, whole
from tests.fixtures.disk import mounted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand in for ffmpeg here")


@pytest.fixture(scope="module")
def lesson_of_a_moment(film) -> Path:
    """Three seconds of noise: as many bytes as a small picture can need."""
    return film(
        "moment.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3,noise=alls=60:allf=t"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=3"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-c:a", "aac"),
    )


@pytest.fixture
def own_copy(lesson_of_a_moment, tmp_path) -> Path:
    """A copy that a test may lose."""
    return Path(shutil.copyfile(lesson_of_a_moment, tmp_path / "moment.mp4"))


@pytest.fixture
def instead(exe, tmp_path):
    """``instead(script)``: a program that does something first, and then is ffmpeg."""

    def made(script: str) -> tuple[str, str]:
        path = tmp_path / "ffmpeg"
        path.write_text(f'#!/bin/sh\n{script}\nexec "{exe}" "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        return "--set", f"ffmpeg.program={path}"

    return made


def test_too_little_room_is_seen_before_anything_is_done(lesson_of_a_moment, flipcast, library):
    """An hour of work that ends on a full disk is an hour lost."""
    with mounted(library, "8m"):
        explained(flipcast("process", lesson_of_a_moment), "MB left", str(library))
        assert list(library.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_is_told_and_the_work_goes_on_later(
    lesson_of_a_moment, flipcast, library, instead
):
    """Others write to the same disk. What was done until then is kept."""
    filled = library / "filler"
    full = instead(f'case "$*" in *libx264*) head -c 200000000 /dev/zero > "{filled}";; esac 2>/dev/null')
    settings = ("--set", "ladder.copy_source=false")
    with mounted(library, "90m"):
        said = flipcast("process", lesson_of_a_moment, *settings, *full)

        explained(said, "full")
        assert not list(library.rglob("*.partial"))
        assert not (library / "moment" / "lecture").exists()
        assert list((library / "moment" / "work").glob("level-*"))
        filled.unlink()

        assert flipcast("process", lesson_of_a_moment, *settings).status == 0
        whole(library / "moment")


def test_a_disk_that_fills_up_at_the_very_end_leaves_no_half_a_lecture(lesson_of_a_moment, flipcast, library, instead):
    """The last files are written by us, not by ffmpeg."""
    filled = library / "filler"
    full = instead(f'case "$*" in *ssim*) head -c 200000000 /dev/zero > "{filled}";; esac 2>/dev/null')
    settings = ("--set", "ladder.copy_source=false")
    with mounted(library, "90m"):
        explained(flipcast("process", lesson_of_a_moment, *settings, *full), "full")
        assert not (library / "moment" / "lecture").exists()
        assert not list(library.rglob("*.partial"))
        filled.unlink()

        assert flipcast("process", lesson_of_a_moment, *settings).status == 0
        whole(library / "moment")


def test_a_limit_on_the_size_of_files_is_told(lesson_of_a_moment, begin, library):
    """Shared machines have such limits, and the system's way to say so is to end the program."""

    def limited() -> None:
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))

    said = ended(begin("process", lesson_of_a_moment, preexec_fn=limited))

    explained(said, "grow")
    assert not list(library.rglob("*.partial"))
    assert ended(begin("process", lesson_of_a_moment)).status == 0
    whole(library / "moment")


def test_a_library_that_may_not_be_written_is_named(lesson_of_a_moment, flipcast, library):
    """A network drive that was mounted for reading."""
    if os.geteuid() == 0:
        with mounted(library, "8m,ro"):
            explained(flipcast("process", lesson_of_a_moment), str(library), "may not be written")
        return
    library.mkdir()
    library.chmod(0o555)
    explained(flipcast("process", lesson_of_a_moment), str(library), "may not be written")


def test_a_file_that_may_not_be_read_is_named(own_copy, flipcast, begin, library):
    """Somebody else's upload."""
    if os.geteuid() != 0:
        own_copy.chmod(0)
        explained(flipcast("process", own_copy), "may not be read")
        return
    if not shutil.which("setpriv"):
        pytest.skip("root may read everything")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        film = Path(shutil.copyfile(own_copy, Path(folder) / "moment.mp4"))
        film.chmod(0)
        probe = [*("setpriv", "--reuid", "65534", "--clear-groups"), sys.executable, "-c", "import flipcast"]
        if subprocess.run(probe, capture_output=True).returncode:
            # Nobody else may run this Python: take the right away from ourselves.
            before = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all")
        else:
            before = ("setpriv", "--reuid", "65534", "--clear-groups")
        said = ended(begin("process", film, before=before))
        explained(said, "may not be read")
    assert not library.exists()


def test_a_library_that_is_a_file_is_named(lesson_of_a_moment, flipcast, library):
    """A slip in the settings."""
    library.write_text("not a folder")

    explained(flipcast("process", lesson_of_a_moment), str(library))
    assert library.read_text() == "not a folder"


def test_a_wrong_ffmpeg_in_the_settings_is_named(lesson_of_a_moment, flipcast, library, tmp_path, monkeypatch):
    """It says which setting, and leaves nothing."""
    missing = tmp_path / "no such ffmpeg"
    explained(flipcast("process", lesson_of_a_moment, "--set", f"ffmpeg.program={missing}"), "no such ffmpeg")
    assert not list(library.iterdir())
    monkeypatch.setenv("PATH", str(tmp_path))
    explained(flipcast("process", lesson_of_a_moment, "--set", "ffmpeg.program=system"), "PATH")
    assert not list(library.iterdir())


@pytest.mark.parametrize("script", ["exit 3", "echo no such option >&2; exit 1", "kill -9 $$"])
def test_an_ffmpeg_that_does_not_work_is_quoted(script, lesson_of_a_moment, flipcast, library, instead, tmp_path):
    """Half-installed programs, or something else of that name."""
    broken = instead(script)

    explained(flipcast("process", lesson_of_a_moment, *broken), "ffmpeg")

    assert not (library / "moment" / "lecture").exists()
    assert flipcast("process", lesson_of_a_moment).status == 0
    whole(library / "moment")


def test_a_program_that_cannot_be_run_is_no_ffmpeg(lesson_of_a_moment, flipcast, library, tmp_path):
    """A download for another kind of machine."""
    program = tmp_path / "ffmpeg"
    program.write_bytes(b"\x7fELF not for this machine")
    program.chmod(0o755)

    explained(flipcast("process", lesson_of_a_moment, "--set", f"ffmpeg.program={program}"), "ffmpeg")


@pytest.mark.parametrize("moment", ["ebur128", "libx264", "ssim"])
def test_a_file_that_is_removed_meanwhile_is_missed_by_name(moment, own_copy, flipcast, library, instead):
    """USB sticks are pulled out. Once it is back, the work goes on where it was."""
    settings = ("--set", "ladder.copy_source=false")
    lost = own_copy.with_name("elsewhere.mp4")
    move = instead(f'case "$*" in *{moment}*) test -e "{own_copy}" && mv "{own_copy}" "{lost}";; esac')

    explained(flipcast("process", own_copy, *settings, *move), "moment.mp4", "is gone")
    assert not (library / "moment" / "lecture").exists()

    lost.rename(own_copy)
    assert flipcast("process", own_copy, *settings).status == 0
    whole(library / "moment")


def test_a_file_that_is_still_being_written_is_not_taken_for_whole(own_copy, flipcast, library, instead):
    """Uploads and copies take their time; half a lecture would look like a whole one."""
    settings = ("--set", "ladder.copy_source=false")
    grow = instead(f'case "$*" in *libx264*) echo more >> "{own_copy}";; esac')

    explained(flipcast("process", own_copy, *settings, *grow), "moment.mp4", "changed")
    assert not (library / "moment" / "lecture").exists()

    assert flipcast("process", own_copy, *settings).status == 0
    whole(library / "moment")


def test_a_lecture_that_somebody_works_on_is_left_to_them(lesson_of_a_moment, flipcast, library, tmp_path):
    """Two windows, one lecture: the second must neither wait for ever nor take away the first one's folder."""
    assert flipcast("process", lesson_of_a_moment).status == 0
    shutil.rmtree(library / "moment" / "lecture")
    shutil.rmtree(library / "moment" / "work")
    with filelock.FileLock(library / "moment" / ".lock"):
        explained(flipcast("process", lesson_of_a_moment), "another flipcast", "moment")
        assert (library / "moment" / "recording.json").exists()

    assert flipcast("process", lesson_of_a_moment).status == 0
    whole(library / "moment")


def test_two_at_once_on_a_new_lecture_make_it_once(lesson_of_a_moment, begin, library):
    """A double click."""
    first, second = begin("process", lesson_of_a_moment), begin("process", lesson_of_a_moment)

    said = [ended(first), ended(second)]

    assert {one.status for one in said} <= {0, 1}
    assert any(one.status == 0 for one in said)
    for one in said:
        assert "Traceback" not in one.err
        if one.status:
            explained(one, "another flipcast")
    finished = [place for place in library.iterdir() if (place / "lecture").exists()]
    assert finished
    for place in finished:
        whole(place)


def test_an_unchanged_lecture_starts_no_ffmpeg(lesson_of_a_moment, begin, library, instead, tmp_path):
    """And is done before one has reached for the coffee."""
    counted = instead(f'echo run >> "{tmp_path / "runs"}"')
    assert ended(begin("process", lesson_of_a_moment, *counted)).status == 0
    before = (tmp_path / "runs").read_text()
    assert before.count("run") >= 3

    again = ended(begin("process", lesson_of_a_moment, *counted))

    assert again.status == 0
    assert (tmp_path / "runs").read_text() == before
