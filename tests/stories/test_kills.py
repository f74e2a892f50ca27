"""Interrupted and killed at any moment: nothing half-made, nobody left at work, and the next run goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from tests.fixtures.command import at_work, ended, gone, whole

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

SETTINGS = ("--set", "ladder.copy_source=false", "--set", "ladder.heights=[180,90]", "--json")


@pytest.fixture(scope="module")
def lesson(film) -> Path:
    """Four seconds with picture and sound."""
    return film(
        "interrupted.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4"),
        *("-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4:duration=4"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
    )


@pytest.fixture
def slow(exe, tmp_path) -> tuple[str, str]:
    """An ffmpeg that reads its input no faster than it plays, so that every step can be met at work."""
    path = tmp_path / "ffmpeg"
    path.write_text(f'#!/bin/sh\ncase "$*" in *-encoders*) ;; *) set -- -readrate 2 "$@";; esac\nexec "{exe}" "$@"\n')
    path.chmod(0o755)
    return "--set", f"ffmpeg.program={path}"


def until(child: subprocess.Popen[str], step: str, overall: float = 0.0) -> bool:
    """Read what *child* says until it is in *step*, or as far as *overall*; whether it came to that."""
    assert child.stdout
    for line in child.stdout:
        event = json.loads(line)
        if event["event"] == "result":
            return False
        if event["event"] == "progress" and (event["step"] == step or (not step and event["overall"] >= overall)):
            return True
    return False


def met_at_work(child: subprocess.Popen[str], library: Path, source: Path, *, within: float = 5) -> list[int]:
    """The ffmpegs of *child*, once there is one."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if found := [pid for pid in at_work(library) + at_work(source) if pid != child.pid]:
            return found
        time.sleep(0.01)
    raise AssertionError("no ffmpeg was started")


@pytest.fixture
def own_lesson(lesson, tmp_path) -> Path:
    """A copy whose path names nobody else's work."""
    return Path(shutil.copyfile(lesson, tmp_path / "interrupted.mp4"))


def rooms(library: Path) -> dict[str, int]:
    """The steps that are done, and when they were."""
    return {p.parent.name: p.stat().st_mtime_ns for p in library.glob("*/work/*/done.json")}


def test_a_word_at_any_step_ends_it_within_two_seconds(own_lesson, begin, library, slow):
    """Whoever presses Ctrl-C wants the machine back; whoever runs it again wants no minute of work lost."""
    known: dict[str, int] = {}
    words = {"hear": signal.SIGINT, "level": signal.SIGTERM, "encode": signal.SIGINT, "judge": signal.SIGHUP}
    for step, word in words.items():
        child = begin("process", own_lesson, *SETTINGS, *slow)
        assert until(child, step), step
        met_at_work(child, library, own_lesson)
        began = time.monotonic()
        child.send_signal(word)
        said = ended(child, within=10)
        took = time.monotonic() - began

        assert said.status == 130, (step, said)
        assert took < 2, step
        assert "Traceback" not in said.err
        assert gone(library, within=0.5), "an ffmpeg goes on"
        assert gone(own_lesson, within=0.5), "an ffmpeg goes on"
        assert not (library / "interrupted" / "lecture").exists()
        assert not list(library.rglob("*.partial"))
        now = rooms(library)
        assert now | known == now, "what was done is kept, and not done again"
        known = now
        assert not any(name.startswith(step) for name in now)

    assert ended(begin("process", own_lesson, *SETTINGS)).status == 0

    whole(library / "interrupted")
    now = rooms(library)
    assert now | known == now
    assert {name.split("-")[0] for name in now} == {"examine", "hear", "level", "encode", "judge"}


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.0, 0.12, 0.3])
def test_a_word_while_it_starts_is_no_accident_either(word, after, own_lesson, begin, library, surroundings):
    """People notice at once that they named the wrong file."""
    del surroundings["PYTHONWARNINGS"]  # Python complains of files that it was about to import itself
    child = begin("process", own_lesson)
    time.sleep(after)
    child.send_signal(word)
    said = ended(child, within=10)

    assert said.status in (130, -word)
    if said.status == 130:  # else Python itself was still starting
        assert "Traceback" not in said.err
    assert ended(begin("process", own_lesson)).status == 0
    whole(library / "interrupted")


def test_a_word_ends_a_whole_batch(lesson, begin, library, slow, tmp_path):
    """Those that wait are not begun, those at work are stopped."""
    folder = tmp_path / "handed in"
    folder.mkdir()
    for number in range(4):
        shutil.copyfile(lesson, folder / f"part {number}.mp4")
    child = begin("process", folder, *SETTINGS, *slow)
    assert until(child, "hear")
    met_at_work(child, library, folder)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)

    assert ended(child, within=10).status == 130
    assert time.monotonic() - began < 2
    assert gone(library, within=0.5)
    assert gone(folder, within=0.5)


KILLED_AT = (0.0, 0.011, 0.02, 0.1, 0.27, 0.3, 0.35, 0.6, 0.92, 0.96)


def test_killed_at_ten_moments_it_is_whole_in_the_end(own_lesson, begin, library, exe):
    """Batteries, out-of-memory killers and updates ask nobody."""
    killed = 0
    for moment in KILLED_AT:
        child = begin("process", own_lesson, *SETTINGS)
        if until(child, "", moment):
            child.kill()
            killed += 1
        child.wait()
        assert gone(library, within=1), "an ffmpeg outlived us"
        assert gone(own_lesson, within=1), "an ffmpeg outlived us"
        if (library / "interrupted" / "lecture").exists():
            whole_but_for_scratch(library / "interrupted")
            shutil.rmtree(library / "interrupted" / "lecture")

    assert killed >= 8
    assert ended(begin("process", own_lesson, *SETTINGS)).status == 0

    made = whole(library / "interrupted")
    for name in (made.download, *(r.file for r in made.renditions)):
        with av.open(str(library / "interrupted" / "lecture" / name)) as container:
            assert len(list(container.decode(video=0))) == 100
    assert sorted(p.name for p in library.iterdir()) == ["interrupted"]


def whole_but_for_scratch(folder: Path) -> None:
    """What a killed run leaves may hold scratch; what it calls a lecture is one."""
    for left in folder.glob(".*.partial"):
        shutil.rmtree(left)
    for left in (folder / "work").glob(".*.partial"):
        shutil.rmtree(left)
    whole(folder)


def test_an_ffmpeg_that_is_killed_is_begun_again(own_lesson, begin, library, slow):
    """The out-of-memory killer takes the largest; once is bad luck."""
    for step in ("hear", "level", "encode", "judge"):
        child = begin("process", own_lesson, *SETTINGS, *slow)
        assert until(child, step), step
        for pid in met_at_work(child, library, own_lesson):
            os.kill(pid, signal.SIGKILL)
        if step == "judge":
            said = ended(child, within=60)
            assert said.status == 0, said
            break
        assert until(child, step), f"it is begun again: {ended(child, within=60)}"
        met_at_work(child, library, own_lesson)
        child.send_signal(signal.SIGINT)
        assert ended(child, within=10).status == 130
    whole(library / "interrupted")


@pytest.mark.parametrize("asked", ["-encoders", "-filters"])
def test_an_ffmpeg_that_is_killed_while_it_says_what_it_can_is_asked_again(
    own_lesson, begin, library, exe, tmp_path, asked
):
    """It is no wrong setting either."""
    program, before = tmp_path / "ffmpeg", tmp_path / "before"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *{asked}*) [ -e "{before}" ] || {{ touch "{before}"; kill -9 $$; }};; esac\n'
        f'exec "{exe}" "$@"\n'
    )
    program.chmod(0o755)

    said = ended(begin("process", own_lesson, *SETTINGS, "--set", f"ffmpeg.program={program}"))

    assert before.exists()
    assert said.status == 0, said
    whole(library / "interrupted")


def test_an_ffmpeg_that_is_killed_again_and_again_is_a_failure_with_a_sentence(
    own_lesson, begin, library, exe, tmp_path
):
    """Then it is no bad luck: there is too little memory."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *-encoders*) exec "{exe}" "$@";; *libx264*) kill -9 $$;; esac\nexec "{exe}" "$@"\n'
    )
    program.chmod(0o755)

    said = ended(begin("process", own_lesson, *SETTINGS, "--set", f"ffmpeg.program={program}"))

    assert said.status == 1
    errors = [event["text"] for event in said.events if event["event"] == "error"]
    assert len(errors) == 1
    assert "ended by signal 9" in errors[0]
    assert not (library / "interrupted" / "lecture").exists()
    assert ended(begin("process", own_lesson, *SETTINGS)).status == 0
    whole(library / "interrupted")


def test_a_killed_run_leaves_the_old_lecture_to_be_watched(own_lesson, begin, library, slow):
    """A lecture that is made anew with other settings is in use meanwhile."""
    assert ended(begin("process", own_lesson, *SETTINGS)).status == 0
    before = whole(library / "interrupted")
    child = begin("process", own_lesson, *SETTINGS, "--set", "ladder.crf=30", *slow)
    assert until(child, "encode")
    met_at_work(child, library, own_lesson)
    child.kill()
    child.wait()
    assert gone(library, within=1)

    for left in (library / "interrupted" / "work").glob(".*.partial"):
        shutil.rmtree(left)
    assert whole(library / "interrupted") == before
