"""The green screen is looked at once, remembered for its camera, and laid beside every take that wants it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from flipcast import tuning
from greenscreen import beside
from greenscreen.key import Hue
from tests.fixtures.command import Flipcast, explained
from tests.fixtures.rig_camera import MadeCamera, RigCamera

QUICK = ("--wait", "0.2")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of our own."""
    folder = tmp_path / "state"
    monkeypatch.setenv("FLIPCAST_STATE", str(folder))
    return folder


@pytest.fixture
def wall(rig_camera: RigCamera) -> RigCamera:
    """A camera before a green wall, nobody there."""
    rig_camera.turn("wall")
    return rig_camera


def test_a_wall_is_looked_at_and_kept_for_its_camera_alone(wall: RigCamera, flipcast: Flipcast, state: Path):
    """Settings survive the day, and another camera does not get them; an address may hold a password."""
    camera = f"camera:{wall.url}".replace("//", "//lecturer:sesame@")
    said = flipcast("tune", "greenscreen", "--from", camera, "--empty", "--json", *QUICK)

    assert said.status == 0, said.err
    facts = said.events[-1]
    assert facts["plate"]["hue"] == "green"
    assert facts["plate"]["frames"] == tuning.FRAMES
    assert cv2.imread(facts["light"]).shape == (360, 640, 3)
    kept = list((state / "greenscreen").iterdir())
    assert {path.name.partition(".")[2] for path in kept} == {"key.json", "plate.png", "plate.json", "light.png"}
    assert not any("sesame" in path.read_text() for path in kept if path.suffix == ".json")
    assert "sesame" not in said.out + said.err


def test_what_is_kept_is_laid_beside_the_raw_camera(wall: RigCamera, flipcast: Flipcast, library: Path):
    """The camera is what is recorded; another background needs no other recording."""
    camera = f"camera:{wall.url}"
    assert flipcast("tune", "greenscreen", "--from", camera, "--empty", *QUICK).status == 0

    said = flipcast(
        "record", "Kept", "--from", camera, "--with", "greenscreen", "--countdown", "0", "--longest", "0.03"
    )

    assert said.status == 0, said.err
    assert "no plate" not in said.err
    folder = library / "kept" / "takes" / "01"
    known = beside.read(folder, "camera")
    assert known is not None
    assert known.plate is not None
    assert known.key.hue is Hue.GREEN
    raw = cv2.VideoCapture(str(folder / "camera.mkv"))
    there, picture = raw.read()
    raw.release()
    assert there
    assert np.median(picture[..., 1]) > np.median(picture[..., 2]) + 40, "green as it was seen"


def test_without_a_plate_it_is_recorded_all_the_same_and_said(wall: RigCamera, flipcast: Flipcast, library: Path):
    """No plate is nearly as good, and nobody is kept from recording."""
    camera = f"camera:{wall.url}"

    said = flipcast(
        "record", "Learnt", "--from", camera, "--with", "greenscreen", "--countdown", "0", "--longest", "0.02"
    )

    assert said.status == 0, said.err
    assert "flipcast tune greenscreen --from" in said.err
    known = beside.read(library / "learnt" / "takes" / "01", "camera")
    assert known is not None
    assert known.plate is None


def test_a_room_without_a_screen_is_said_and_nothing_is_kept(rig_camera: RigCamera, flipcast: Flipcast, state: Path):
    """Whoever forgot to roll the screen down hears of it now, and of what is possible without."""
    said = flipcast("tune", "greenscreen", "--from", f"camera:{rig_camera.url}", "--empty", *QUICK)

    assert said.status == 1
    explained(said, "no green or blue screen", "second best")
    assert not (state / "greenscreen").exists()


def test_a_camera_that_is_gone_is_explained(rig_cameras: MadeCamera, flipcast: Flipcast):
    """A wrong address is the most usual of faults."""
    camera = rig_cameras()
    camera.close()

    said = flipcast("tune", "greenscreen", "--from", f"camera:{camera.url}", *QUICK)

    assert said.status == 1
    explained(said)


@pytest.mark.parametrize("sources", [("tone",), ("screen:1",)])
def test_something_else_than_a_camera_cannot_be_keyed(sources: tuple[str, ...], flipcast: Flipcast):
    """A microphone before a green wall is a slip of the keyboard."""
    said = flipcast("tune", "greenscreen", "--from", *sources)

    assert said.status == 1
    assert "camera" in said.err


def test_nothing_rolls_for_a_key_without_a_camera(flipcast: Flipcast, library: Path):
    """A take without what it was made for is found out before the lecture, not after."""
    said = flipcast("record", "Blind", "--from", "tone", "--with", "greenscreen", "--countdown", "0")

    assert said.status == 1
    explained(said, "no camera")
    assert not (library / "blind").exists()


def test_a_torn_plate_is_said_before_anything_rolls(wall: RigCamera, flipcast: Flipcast, library: Path, state: Path):
    """A plate that cannot be read is taken again; a take is not begun on a guess."""
    camera = f"camera:{wall.url}"
    assert flipcast("tune", "greenscreen", "--from", camera, "--empty", *QUICK).status == 0
    (plate,) = (state / "greenscreen").glob("*.plate.png")
    plate.write_bytes(plate.read_bytes()[:100])

    said = flipcast("record", "Torn", "--from", camera, "--with", "greenscreen", "--countdown", "0")

    assert said.status == 1
    explained(said, "flipcast tune greenscreen")
    assert not (library / "torn").exists()


def test_the_speaker_is_looked_at_before_the_screen(wall: RigCamera, flipcast: Flipcast):
    """Where nobody steps back in, nothing is said of their clothes, and that is said."""
    said = flipcast("tune", "greenscreen", "--from", f"camera:{wall.url}", *QUICK)

    assert said.status == 0, said.err
    assert "nobody was seen" in said.err


def test_who_stays_in_the_picture_is_asked_out_and_never_becomes_the_screen(
    rig_camera: RigCamera, flipcast: Flipcast, state: Path
):
    """A plate with somebody in it would leave a hole where they stood, all day."""
    rig_camera.turn("studio")

    said = flipcast("tune", "greenscreen", "--from", f"camera:{rig_camera.url}", *QUICK)

    assert said.status == 1
    assert said.err.count("somebody is still seen: step out") == 2
    explained(said, "somebody stands in the picture")
    assert not (state / "greenscreen").exists()
