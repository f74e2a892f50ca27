"""``flipcast record`` as people run it: at a terminal, from a script, and on the day when everything goes wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from capture import take
from capture.take import Take
from tests.fixtures.command import Begin, Flipcast, Said, at_work, ended, explained

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is needed, which Windows has not", allow_module_level=True)

import fcntl
import pty
import select
import struct
import termios

PATTERNS = ("--from", "pattern", "--from", "tone", "--countdown", "0")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, surroundings: dict[str, str]) -> Path:
    """A state folder of our own, for commands in this process and in others."""
    folder = tmp_path / "state"
    monkeypatch.setenv("FLIPCAST_STATE", str(folder))
    surroundings["FLIPCAST_STATE"] = str(folder)
    return folder


class Sitting:
    """Somebody at a terminal, in front of ``flipcast record``."""

    def __init__(self, words: tuple[str | Path, ...], surroundings: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.child = subprocess.Popen(
            [sys.executable, "-m", "flipcast", "record", *map(str, words)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**surroundings, "TERM": "xterm"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.seen = ""

    def sees(self, pattern: str, *, within: float = 30) -> str:
        """Wait until *pattern* has come since the last look; gives what came up to its end."""
        until = time.monotonic() + within
        while (found := re.search(pattern, self.seen)) is None:
            assert time.monotonic() < until, f"{pattern!r} never came: {self.seen!r}"
            if not self._read(0.1) and self.child.poll() is not None and not self._read(0.1):
                pytest.fail(f"it ended without {pattern!r}: {self.seen!r}")
        before, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return before

    def presses(self, keys: str) -> None:
        """Press *keys*."""
        os.write(self._ours, keys.encode())

    def hangs_up(self) -> None:
        """Close the terminal's window."""
        os.close(self._ours)
        self._ours = -1

    def leaves(self, *, within: float = 20) -> int:
        """Wait for the end; gives the exit status."""
        until = time.monotonic() + within
        while self.child.poll() is None and time.monotonic() < until:
            self._read(0.05)
        while self._ours >= 0 and self._read(0.1):
            pass
        return self.child.wait(timeout=0.1)

    def away(self) -> None:
        """Leave nothing behind."""
        self.child.kill()
        self.child.wait()
        if self._ours >= 0:
            os.close(self._ours)

    def _read(self, seconds: float) -> bool:
        if self._ours < 0:
            time.sleep(seconds)
            return False
        if not select.select([self._ours], [], [], seconds)[0]:
            return False
        try:
            came = os.read(self._ours, 65536)
        except OSError:
            return False
        self.seen += came.decode(errors="replace")
        return bool(came)


Sit = Callable[..., Sitting]


@pytest.fixture
def sit(library: Path, surroundings: dict[str, str]) -> Iterator[Sit]:
    """Sit down at a terminal and record."""
    sittings: list[Sitting] = []

    def begin(*words: str | Path) -> Sitting:
        sittings.append(Sitting((*words, "--library", library), surroundings))
        return sittings[-1]

    yield begin
    for sitting in sittings:
        sitting.away()
    until = time.monotonic() + 10
    while (left := [pid for pid in at_work(library) if pid]) and time.monotonic() < until:
        time.sleep(0.1)
    assert not left


def only_take(library: Path, name: str) -> Take:
    """The one take of the recording called *name*; all its tracks are whole and equally long."""
    (folder,) = take.takes_in(library / name)
    found = take.read(folder)
    assert found.outcome is not None
    assert all(track.whole for track in found.outcome.tracks)
    lengths = [track.seconds for track in found.outcome.tracks]
    assert max(lengths) - min(lengths) < 0.1
    return found


def test_a_lecture_is_recorded_with_a_pause_and_a_marker_by_single_keys(sit: Sit, library: Path) -> None:
    """The whole job at the desk: one hand, three keys, no Enter."""
    desk = sit("Linear algebra 7", "--from", "pattern", "--from", "tone", "--countdown", "1")
    desk.sees(r"ROLLS IN")
    desk.sees(r"space pause · m marker · q stop")
    desk.sees(r"REC.*0:01")
    desk.presses("m")
    desk.sees(r"1 marker")
    desk.presses(" ")
    desk.sees(r"PAUSED")
    desk.sees(r"space go on")
    time.sleep(0.7)
    desk.presses(" ")
    desk.sees(r"REC")
    desk.presses("q")
    said = desk.sees(r"next: flipcast process linear-algebra-7")

    assert desk.leaves() == 0
    assert "take 1" in said
    found = only_take(library, "linear-algebra-7")
    assert found.outcome is not None
    assert found.outcome.ended_because == "stopped"
    assert [round(pause.seconds) for pause in found.pauses] == [1]
    assert len(found.markers) == 1
    assert found.markers[0].at > 1.0


@pytest.mark.parametrize("how", ["ctrl-c", "ctrl-c twice", "SIGTERM", "closed"])
def test_however_it_is_ended_the_take_is_whole(sit: Sit, library: Path, how: str) -> None:
    """Ctrl-C, an impatient second one, a shutdown and a closed window are all the end of a lecture, not its loss."""
    desk = sit("Ending", *PATTERNS)
    desk.sees(r"REC.*0:01")
    if how == "closed":
        desk.hangs_up()
    elif how == "SIGTERM":
        desk.child.send_signal(signal.SIGTERM)
    else:
        desk.presses("\x03")
    if how == "ctrl-c twice":
        time.sleep(0.05)
        desk.presses("\x03")
        desk.presses("\x03")

    status = desk.leaves()

    assert status == 0
    found = only_take(library, "ending")
    assert found.outcome is not None
    assert found.outcome.seconds > 1.0
    assert found.outcome.ended_because == "stopped"


def test_a_second_take_is_asked_for_by_the_short_name(flipcast: Flipcast, library: Path) -> None:
    """A slip of the tongue in the first minute is answered by another take, of the same lecture."""
    for words in (("Größe & Drehung", "--longest", "0.01"), ("grosse-drehung", "--longest", "0.01")):
        said = flipcast("record", *words, *PATTERNS)
        assert said.status == 0, said.err
    assert [folder.name for folder in take.takes_in(library / "grosse-drehung")] == ["01", "02"]
    assert "take 2" in said.out
    assert said.out.rstrip().endswith("next: flipcast process grosse-drehung")


def test_a_script_gets_lines_on_changes_and_a_result(begin: Begin, library: Path) -> None:
    """A booth is started by a script, and its log is read afterwards."""
    child = begin("record", "From a script", *PATTERNS, stdin=subprocess.DEVNULL)
    assert child.stderr is not None
    assert child.stderr.readline() == "From a script: rolling at 0:00\n"
    time.sleep(1.0)
    child.send_signal(signal.SIGINT)

    said = ended(child)

    assert said.status == 0
    assert "\x1b" not in said.out + said.err
    assert said.err.splitlines() in ([], ["From a script: stopping at 0:01"])
    assert only_take(library, "from-a-script").number == 1


def test_a_program_gets_health_each_second_and_the_take(begin: Begin, library: Path) -> None:
    """A page or a control desk draws its own meters from these lines."""
    child = begin("record", "For a program", "--json", *PATTERNS, "--longest", "0.04", stdin=subprocess.DEVNULL)

    said = ended(child)

    assert said.status == 0
    health = [event for event in said.events if event["event"] == "health"]
    assert [event["state"] for event in health if event["state"] != "opening"][:2] == ["ready", "counting"] or any(
        event["state"] == "rolling" for event in health
    )
    assert {track["name"] for track in health[-1]["tracks"]} == {"camera", "microphone"}
    result = said.events[-1]
    assert result["event"] == "result"
    assert result["name"] == "for-a-program"
    assert result["take"]["outcome"]["seconds"] == pytest.approx(2.4, abs=0.3)
    assert json.loads((Path(result["folder"]) / "take.json").read_text(encoding="utf-8"))["number"] == 1


def test_an_unknown_source_is_a_sentence_and_leaves_nothing(flipcast: Flipcast, library: Path) -> None:
    """A typing mistake must not leave an empty lecture in the library."""
    said = flipcast("record", "Nothing", "--from", "camera:frnt")
    explained(said, "camera:frnt")
    said = flipcast("record", "Nothing", "--from", "projector")
    explained(said, "'projector'", "name a source as one of")
    assert not library.exists() or not list(library.iterdir())


def test_a_source_that_cannot_be_opened_is_said_before_rolling(flipcast: Flipcast, library: Path) -> None:
    """Nobody talks for an hour to a camera that is not there."""
    said = flipcast("record", "Nothing", "--from", "camera:http://127.0.0.1:9/none.mjpg", *PATTERNS)
    explained(said, "127.0.0.1:9")
    assert not list(library.iterdir())


def test_too_small_a_disk_is_said_before_rolling(flipcast: Flipcast, library: Path) -> None:
    """Better no beginning than an end in the middle."""
    said = flipcast("record", "Nothing", *PATTERNS, "--set", "record.room_to_roll_seconds=1e12")
    explained(said, "GB are free", "min are wanted")
    assert not list(library.iterdir())


def test_called_off_in_the_countdown_nothing_is_left(sit: Sit, library: Path) -> None:
    """Second thoughts cost nothing."""
    desk = sit("Second thoughts", "--from", "pattern", "--countdown", "60")
    desk.sees(r"ROLLS IN.*\d")
    desk.presses("q")
    desk.sees(r"nothing was recorded")
    assert desk.leaves() == 1
    assert not list(library.iterdir())


def test_impossible_wishes_are_misuse(flipcast: Flipcast) -> None:
    """Settings of the command line have the limits of those in files."""
    said = flipcast("record", "Nothing", *PATTERNS, "--countdown", "-1", "--rate", "1000")
    assert said.status == 2
    assert "record.countdown_seconds" in said.err
    assert "record.rate" in said.err


def test_a_killed_recorder_is_rescued_at_once_and_the_loss_is_told(sit: Sit, library: Path) -> None:
    """The take is made whole before anybody has to know of a command for that; but it is no success."""
    desk = sit("Killed", *PATTERNS)
    desk.sees(r"REC.*0:02")
    os.kill(take.read(take.takes_in(library / "killed")[0]).recorder, signal.SIGKILL)

    said = desk.sees(r"next: flipcast process killed")

    assert desk.leaves() == 1
    assert "the recorder was ended by signal 9" in said
    assert "lost" in said
    found = only_take_recovered(library, "killed")
    assert found.outcome is not None
    assert found.outcome.seconds > 1.5


def only_take_recovered(library: Path, name: str) -> Take:
    """The one take of *name*, which was made whole after a crash."""
    (folder,) = take.takes_in(library / name)
    found = take.read(folder)
    assert found.outcome is not None
    assert found.outcome.recovered
    assert all(track.lost_seconds <= 0.6 for track in found.outcome.tracks)
    return found


def test_killing_the_command_leaves_a_whole_take(sit: Sit, library: Path) -> None:
    """The recorder notices that nobody steers it any more, and ends the take by itself."""
    desk = sit("Orphan", *PATTERNS)
    desk.sees(r"REC.*0:01")
    desk.child.kill()
    desk.child.wait()

    until = time.monotonic() + 10
    (folder,) = take.takes_in(library / "orphan")
    while take.read(folder).outcome is None and time.monotonic() < until:
        time.sleep(0.1)
    assert only_take(library, "orphan").outcome is not None


def test_names_are_given_listed_and_forgotten(flipcast: Flipcast, library: Path) -> None:
    """A network camera has no name of its own that anybody could remember."""
    door = "http://booth:secret@10.0.0.7/video.mjpg"
    said = flipcast("name", f"camera:{door}", "door", "--latency", "80")
    assert said.status == 0
    assert said.out == "camera:door is http://10.0.0.7/video.mjpg, its latency 80 ms (set)\n"

    said = flipcast("list", "devices", "--json")
    (row,) = [device for device in said.events[-1]["devices"] if device["from"] == "camera:door"]
    assert (row["identity"], row["latency_ms"], row["here"]) == ("http://10.0.0.7/video.mjpg", 80.0, None)
    said = flipcast("list", "devices")
    assert "camera:door" in said.out
    assert "secret" not in said.out + said.err

    explained(flipcast("name", "camera:door", "Front Door"), "'Front Door'", "small letters")
    explained(flipcast("name", "camera:door"), "no name is given")
    said = flipcast("name", "--forget", "camera:door")
    assert said.out == "camera:door is forgotten, with its latency of 80 ms\n"
    explained(flipcast("name", "--forget", "door"), "'door'")


def test_where_a_kind_is_missing_the_list_says_why(flipcast: Flipcast, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list leaves people guessing: no camera, or no right to use it?"""
    monkeypatch.delenv("DISPLAY", raising=False)
    said = flipcast("list", "devices", "--json")
    why: Said = said
    missing = {row["kind"]: row["why"] for row in why.events[-1]["missing"]}
    if sys.platform == "linux":
        assert "screen" in missing["screen"]
