"""Takes at the front desk: where recordings lie, what is told of them, and how a crash is put right."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from capture import hold, recording, take
from capture.frames import Kind
from capture.take import Loss, Marker, Outcome, Pause, Sync, Take, Track, TrackOutcome
from flipcast import actions, report
from flipcast.errors import InUse
from flipcast.library import Library
from tests.fixtures import roller
from tests.fixtures.command import explained

SCREEN = Track(
    name="screen", kind=Kind.SCREEN, source="screen:1", device="Screen 1", file="screen.mkv", width=1920, height=1080
)
VOICE = Track(
    name="microphone",
    kind=Kind.MICROPHONE,
    source="microphone:desk",
    device="Desk \x1b[31mmicrophone",
    file="microphone.mka",
    sample_rate=48_000,
    channels=1,
    latency_ms=12.5,
    latency_measured=True,
)
SYNC = Sync(
    offset_ms=0.4, spread_ms=2.1, drift_ppm=297, slip_ms_per_minute=0.02, how="arrivals of the last blocks", sure_ms=3
)
INTENT = Take(number=2, rolled_at="2026-03-02T10:15:00.123+01:00", recorder=7, made_by="a test", tracks=(SCREEN, VOICE))


def done(*tracks: TrackOutcome, **more: object) -> Take:
    """A take with that outcome."""
    outcome = Outcome(**{"seconds": 600.0, "tracks": tracks, "ended_because": "stopped", **more})  # type: ignore[arg-type]
    return replace(INTENT, outcome=outcome)


PICTURES = TrackOutcome(name="screen", seconds=600.0, count=18_000, late=3, repeated=2, size_bytes=30_000_000)
SOUND = TrackOutcome(
    name="microphone", seconds=600.0, count=28_800_000, peak_dbfs=-3.2, sync=SYNC, size_bytes=20_000_000
)

# What is told


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (INTENT, "cut short: run 'flipcast recover' to make it whole"),
        (done(PICTURES, SOUND), "whole"),
        (done(PICTURES, SOUND, late_share=0.012), "whole, but 1.20% of the pictures were late or repeated"),
        (
            done(replace(PICTURES, whole=False, losses=(Loss(at=60, seconds=4.2, why="unplugged"),)), SOUND),
            "whole, but 4.2 s of screen are missing (unplugged)",
        ),
        (
            done(PICTURES, replace(SOUND, silent_seconds=31.0)),
            "whole, but microphone was silent for 31 s",
        ),
        (
            done(PICTURES, replace(SOUND, sync=replace(SYNC, offset_ms=-80.0))),
            "whole, but microphone is -80 ms out of step",
        ),
        (done(replace(PICTURES, lost_seconds=0.4), SOUND, recovered=True), "recovered: 0.4 s lost of screen"),
        (done(replace(PICTURES, lost_seconds=0.03), SOUND, recovered=True), "recovered: nothing was lost"),
        (
            done(TrackOutcome(name="screen", seconds=0.0, whole=False), SOUND, recovered=True),
            "recovered: screen is lost",
        ),
    ],
)
def test_one_line_says_how_a_take_is(made, said):
    """After an hour's lecture nobody reads more than one."""
    assert report.verdict(made) == said


def test_the_proof_of_a_take_is_told_in_plain_words():
    """Each number that the verdict rests on can be read without this program's source."""
    made = replace(
        done(
            replace(PICTURES, losses=(Loss(at=123, seconds=4.2, why="unplugged"),), whole=False),
            SOUND,
            alarms=("screen: unplugged",),
            cpu_seconds=330.0,
        ),
        pauses=(Pause(at=180, seconds=12),),
        markers=(Marker(at=60, label="proof"), Marker(at=90)),
    )

    assert report.lines(made) == [
        "take 2     2026-03-02 10:15, 10:00 long: whole, but 4.2 s of screen are missing (unplugged)",
        "  screen      Screen 1 (screen:1), 1920×1080",
        "              18000 pictures, 3 late, 2 repeated, 0 left out, 30.0 MB, screen.mkv",
        "              nothing from 2:03 on for 4.2 s: unplugged",
        "              its step with the clock was not measured",
        "  microphone  Desk �[31mmicrophone (microphone:desk), 1 channel at 48000 Hz",
        "              28800000 samples, loudest -3.2 dBFS, 20.0 MB, microphone.mka",
        "              in step to +0.4 ms, 95 % within 2.1 ms, sure to ±3.0 ms",
        "              its clock runs +297 ppm, corrected; +0.02 ms a minute are left",
        "              by arrivals of the last blocks; latency 12.5 ms, measured on this machine",
        "  pause       at 3:00, 12 s that are in no track",
        "  marker      at 1:00 proof",
        "  marker      at 1:30",
        "  ended       stopped",
        "  alarm       screen: unplugged",
        "  cost        0.55 processor seconds a second",
    ]


def test_an_odd_date_is_no_reason_to_fail():
    """A description may have been written anew, from files alone."""
    assert "at an unknown time" in report.lines(replace(done(PICTURES), rolled_at="yesterday"))[0]


# Where recordings lie


def test_a_new_recording_has_a_place_of_its_own(library):
    """A title that comes again is another lecture: nothing that is there is taken."""
    shelves = [Library(library).begin("Linear algebra 7") for _ in range(2)]

    assert [shelf.name for shelf in shelves] == ["linear-algebra-7", "linear-algebra-7-2"]
    assert shelves[0].recording() == recording.Recording(title="Linear algebra 7")
    assert shelves[0].takes() == ()


def test_the_short_name_of_a_recording_asks_for_a_further_take(library):
    """Whoever stumbled at the first sentence says it again."""
    first = Library(library).begin("Graphs")

    assert Library(library).begin("graphs") == first


def test_a_file_that_was_handed_in_gets_no_takes(library, tmp_path):
    """A lecture is recorded or handed in, not both."""
    (tmp_path / "graphs.mp4").write_bytes(b"x")
    handed_in = Library(library).take_in(tmp_path / "graphs.mp4")

    assert Library(library).begin("graphs").name == "graphs-2"
    assert Library(library).take_in(tmp_path / "graphs.mp4") == handed_in


def test_what_was_recorded_is_never_cleared_away(library):
    """A file that is no lecture can be handed in again; a take is there once."""
    begun = Library(library).begin("Graphs")
    begun.clear_if_bare()
    assert begun.recording()

    take.write(INTENT, take.folder_of(begun.folder, 1))
    begun.clear_if_bare()
    begun.give_up()
    assert begun.takes() == (INTENT,)


def test_a_recording_of_which_nothing_rolled_can_be_given_up(library):
    """A camera that does not open leaves no empty lecture behind."""
    begun = Library(library).begin("Graphs")
    begun.give_up()

    assert not begun.folder.exists()


def test_a_title_can_be_changed_when_it_is_processed(library):
    """It is often thought of afterwards."""
    shelf = Library(library).begin("Graphs")
    work, _ = actions.orders(["graphs"], Library(library), title="Graphs\tand trees")

    assert shelf.recording().title == "Graphs and trees"
    assert (work[0].name, work[0].path) == ("graphs", None)


# The commands


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take as a crash leaves it."""
    folder = tmp_path_factory.mktemp("torn")
    roller.roll(folder, seconds=1.0, real=False)
    return folder


@pytest.fixture
def crashed(library: Path, torn: Path) -> Path:
    """The folder of a take that was cut short, of the lecture "graphs"."""
    folder = take.folder_of(Library(library).begin("Graphs").folder, 1)
    shutil.copytree(torn, folder)
    return folder


def test_a_crash_is_shown_and_put_right(flipcast, crashed):
    """Whoever comes back after a crash is told the one command that helps, and it helps."""
    before = flipcast("show", "graphs", "--json").events[-1]
    assert before["stage"] == "recorded"
    assert before["waits_for"] == "flipcast recover graphs"
    assert "cut short" in flipcast("show", "graphs").out

    said = flipcast("recover", "--json")

    assert said.status == 0
    (one,) = said.events[-1]["recovered"]
    assert (one["name"], one["error"], one["take"]["outcome"]["recovered"]) == ("graphs", None, True)
    after = flipcast("show", "graphs", "--json").events[-1]
    assert after["waits_for"] == "flipcast process graphs"
    assert after["takes"][0]["verdict"].startswith("recovered: ")
    assert "recovered: " in flipcast("list", "recordings").out
    assert "nothing to recover" in flipcast("recover", "graphs").out


def test_a_take_that_rolls_is_said_to(flipcast, crashed):
    """Neither command may suggest anything that would harm it."""
    with hold.held(crashed):
        facts = flipcast("show", "graphs", "--json").events[-1]
        assert (facts["stage"], facts["waits_for"]) == ("recording", "")
        assert facts["takes"][0]["verdict"] == "being recorded"
        assert "nothing to recover" in flipcast("recover").out
    assert take.read(crashed).outcome is None


def test_a_take_that_cannot_be_recovered_does_not_keep_others_from_it(flipcast, library, crashed, torn):
    """One bad disk, one good lecture."""
    other = take.folder_of(Library(library).begin("Trees").folder, 1)
    shutil.copytree(torn, other)
    with Library(library).find("graphs").held():
        said = flipcast("recover")

    assert said.status == 1
    assert len(said.troubles) == 1
    assert "graphs" in said.troubles[0]
    assert take.read(crashed).outcome is None
    assert take.read(other).outcome


def test_a_lecture_that_is_being_processed_is_not_recovered_meanwhile(library, crashed):
    """Its files are being read."""
    shelf = Library(library).find("graphs")
    with shelf.held(), pytest.raises(InUse):
        actions.recover(shelf, report=lambda folder, far: None, stop=threading.Event())


def test_a_lecture_that_is_unknown_is_said_to_be(flipcast, crashed):
    """And the names that are there are told."""
    explained(flipcast("recover", "grahps"), "grahps", "graphs")


def test_recordings_are_listed_apart_from_what_was_handed_in(flipcast, library, crashed, tmp_path):
    """They are looked for after class, by whoever recorded them."""
    (tmp_path / "other.mp4").write_bytes(b"x")
    Library(library).take_in(tmp_path / "other.mp4")

    rows = flipcast("list", "recordings", "--json").events[-1]["recordings"]

    assert [row["name"] for row in rows] == ["graphs"]
    assert len(rows[0]["takes"]) == 1
    assert {row["name"] for row in flipcast("list", "lectures", "--json").events[-1]["lectures"]} == {"graphs", "other"}


def test_a_damaged_description_is_shown_as_such(flipcast, crashed):
    """It is recovered like any other; the rest of the lecture can be shown meanwhile."""
    (crashed / take.DESCRIPTION).write_text("{")

    said = flipcast("show", "graphs")

    assert said.status == 0
    assert "cannot be understood" in said.out
    assert flipcast("recover", "graphs").status == 0
    assert take.read(crashed).outcome
