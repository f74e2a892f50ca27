"""Trimmed start and end: what lies outside is passed over, and what lies inside keeps its time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from capture import recording
from capture.take import Marker
from flipcast.executors.local import Local
from process import edits, trim, workflow
from process.captions.cues import from_webvtt
from process.captions.engine import Captions
from process.captions.transcript import Span
from process.edits import ClipTitle, Correction, Edits
from process.ladder import Ladder
from process.lecture import Lecture
from process.workflow import Processing
from tests.fixtures.takes import beeping, flashing, microphone, record, screen

SCRIPT = """WEBVTT

00:00:00.500 --> 00:00:01.500
Testing

00:00:02.000 --> 00:00:03.000
Hello everybody.

00:00:05.000 --> 00:00:05.800
Over
"""

TRIMMED = Edits(start=1.7, end=4.8)


def process(home: Path, *, edited: Edits | None = None, ladder: Ladder | None = None) -> Lecture:
    script = home.with_suffix(".vtt")
    script.write_text(SCRIPT)
    settings = Processing(
        captions=Captions(engine="scripted", script=script),
        ladder=ladder or Ladder(heights=(360,), preset="ultrafast"),
    )
    if edited is not None:
        edits.write(edited, home)
    with Local(2) as executor:
        return workflow.make(recording.read(home), home, settings, executor)


def moments(path: Path) -> tuple[list[float], list[float], float, float]:
    """When flashes and beeps begin in a film, and how long its pictures and its sound are."""
    with av.open(str(path)) as container:
        bright = [
            (float(frame.time), frame.to_ndarray(format="gray").mean() > 110) for frame in container.decode(video=0)
        ]
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    flashes = [at for (at, now), (_, before) in zip(bright[1:], bright, strict=False) if now and not before]
    loud = np.flatnonzero(np.abs(sound) > 0.5 * np.abs(sound).max()) / 48_000
    beeps = loud[np.concatenate([[True], np.diff(loud) > 0.5])]
    return flashes, list(beeps), bright[-1][0] + bright[1][0], len(sound) / 48_000


def steps_of(home: Path) -> set[str]:
    """The results in a lecture's memory."""
    return {path.name for path in (home / "work").glob("*-*")}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take of six seconds that flashes and beeps at the half of every second, processed."""
    home = tmp_path_factory.mktemp("trim") / "taken"
    record(
        home,
        screen(flashing(), begins=0.016, ends=6),
        microphone(beeping(), begins=0.3, ends=6),
        markers=[Marker(at=1.0, label="Greeting")],
    )
    process(home)
    return home


def handed_in(taken: Path, exe: Path, kind: str) -> Path:
    """The same, as a file that somebody hands in."""
    home, file = taken.with_name(f"handed-in-{kind}"), taken.with_name(f"film.{kind}")
    film = taken / "lecture" / process(taken, edited=Edits()).download
    subprocess.run([str(exe), "-loglevel", "error", "-i", str(film), "-c", "copy", str(file)], check=True)
    recording.write(recording.hand_in(file), home)
    return home


@pytest.mark.parametrize("kind", ["", "mp4", "mkv", "ts"])
def test_picture_and_sound_and_words_begin_and_end_where_it_is_trimmed(kind, taken, exe):
    """A voice that is a tenth of a second early is seen on the lips, and heard by everybody."""
    home = handed_in(taken, exe, kind) if kind else taken
    whole = process(home, edited=Edits())
    heard = {name for name in steps_of(home) if name.startswith(("listen", "hear", "examine"))}
    true_flashes, true_beeps, *_ = moments(home / "lecture" / whole.download)
    made = process(home, edited=TRIMMED)
    flashes, beeps, shown, sounding = moments(home / "lecture" / made.download)

    begins = made.begins
    assert begins == pytest.approx(1.7, abs=0.02)
    assert made.whole_seconds == pytest.approx(6, abs=0.05)
    assert made.seconds == pytest.approx(4.8 - begins, abs=0.04)
    assert shown == pytest.approx(made.seconds, abs=0.04)
    assert sounding == pytest.approx(made.seconds, abs=0.05)
    assert flashes == pytest.approx([at - begins for at in true_flashes if begins < at < 4.8], abs=0.035)
    assert beeps == pytest.approx([at - begins for at in true_beeps if begins < at < 4.8], abs=0.005)
    assert len(flashes) == len(beeps) == 3
    assert made.renditions[0].ssim > 0.9, "it is judged beside the same pictures"
    cues = from_webvtt((home / "lecture" / made.captions[0].vtt).read_text())
    assert [cue.text for cue in cues] == ["Hello everybody."]
    assert cues[0].start == pytest.approx(2 - begins, abs=0.002)
    assert heard <= steps_of(home), "nothing is heard again"


def test_a_picture_that_stood_still_is_the_one_that_is_shown(film, tmp_path):
    """Screen recorders leave out what does not change: the slide of the first words came long before them."""
    source = film(
        "still.mkv",
        *("-f", "lavfi", "-i", "color=black:size=640x360:rate=25:duration=7"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=7"),
        "-vf",
        "drawbox=color=white:t=fill:enable='between(t,1.5,5.5)',select='lt(t,1)+between(t,1.5,1.8)+gt(t,5.5)'",
        *("-fps_mode", "vfr", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
    )
    home = tmp_path / "still"
    recording.write(recording.hand_in(source), home)
    made = process(home, edited=Edits(start=2.5, end=5.0))
    with av.open(str(home / "lecture" / made.download)) as container:
        shown = [frame.to_ndarray(format="gray").mean() for frame in container.decode(video=0)]
    assert len(shown) == pytest.approx(2.5 * float(made.renditions[0].rate), abs=1)
    assert min(shown) > 200


def test_pictures_that_were_copied_are_made_anew_where_they_are_trimmed(film, tmp_path):
    """Copied pictures can begin at a keyframe only, which is seldom where a person begins to speak."""
    source = film(
        "copied.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=6"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=6"),
        *("-c:v", "libx264", "-profile:v", "high", "-pix_fmt", "yuv420p", "-g", "50", "-bf", "0", "-c:a", "aac"),
    )
    home = tmp_path / "copied"
    recording.write(recording.hand_in(source), home)
    assert process(home).renditions[0].copied
    made = process(home, edited=Edits(start=1.0))
    assert not any(rendition.copied for rendition in made.renditions)
    assert made.seconds == pytest.approx(5, abs=0.03)


def test_nothing_of_a_recording_is_lost_by_trimming(taken):
    """People trim too much, and notice a week later."""
    files = {path: path.read_bytes() for path in (taken / "takes").rglob("*") if path.is_file()}
    was = process(taken, edited=Edits())
    process(taken, edited=TRIMMED)
    assert process(taken, edited=Edits()).seconds == was.seconds
    assert {path: path.read_bytes() for path in (taken / "takes").rglob("*") if path.is_file()} == files


def test_corrections_and_names_keep_their_moments_when_a_lecture_is_trimmed(taken):
    """Whoever corrects first and trims then would find every correction on another word."""
    words = (Correction(start=2.0, end=2.5, was="Hello", text="Good morning"),)
    made = process(
        taken, edited=Edits(start=1.7, end=4.8, words=words, clips=(ClipTitle(start=3.0, title="The middle"),))
    )
    assert "Good morning everybody." in (taken / "lecture" / made.captions[0].vtt).read_text()
    assert made.clips[0].clip.title == "The middle"
    assert not [note for note in made.notes if "left out" in note]


def test_a_trim_that_leaves_nothing_is_not_made_and_told(taken):
    """Another take may be shorter than the one that was trimmed."""
    made = process(taken, edited=Edits(start=5.5))
    assert made.begins == 0
    assert made.whole_seconds is None
    assert "The lecture was not trimmed, since less than a second would be left of it." in made.notes


def test_sound_alone_is_trimmed_too(tmp_path):
    """A podcast has a start and an end as well."""
    home = record(tmp_path / "sound", microphone(beeping(), ends=6))
    made = process(home, edited=TRIMMED)
    with av.open(str(home / "lecture" / made.download)) as container:
        seconds = sum(frame.samples for frame in container.decode(audio=0)) / 48_000
    assert made.seconds == pytest.approx(3.1)
    assert seconds == pytest.approx(3.1, abs=0.05)
    assert "Hello everybody." in (home / "lecture" / made.captions[0].vtt).read_text()


def test_the_marker_before_the_start_names_what_it_begins_with():
    """Who trims the first words of a chapter does not mean its name."""
    markers = [Marker(at=1.0, label="A"), Marker(at=3.0, label="B"), Marker(at=6.0, label="C"), Marker(at=9.0)]
    found = trim.marked_in(Span(start=4.0, end=8.0), markers)
    assert found == (Marker(at=0.0, label="B"), Marker(at=2.0, label="C"))
    assert trim.marked_in(Span(start=0.5, end=2.0), markers) == (Marker(at=0.5, label="A"),)


@pytest.mark.parametrize(("start", "end"), [(-1.0, None), (2.0, 2.0), (3.0, 1.0), (float("nan"), None), (None, 0.0)])
def test_a_trim_that_makes_no_sense_is_refused(start, end):
    """A page that sends it has a fault, and should hear of it at once."""
    with pytest.raises(ValueError, match="cannot last"):
        Edits(start=start, end=end)
