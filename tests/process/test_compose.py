"""From the tracks of a take to a lecture: what is seen, what is heard, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from capture import recording
from capture.frames import Kind
from capture.take import Loss, Marker
from flipcast.executors.local import Local
from process import lecture, workflow
from process.captions.engine import Captions
from process.clips import Clips
from process.errors import MediaUnreadable, TakeUnfinished
from process.ladder import Ladder
from process.layout import Compose
from process.lecture import Lecture
from process.workflow import Processing
from tests.fixtures.takes import (
    RATE,
    Shot,
    beeping,
    camera,
    flashing,
    microphone,
    plain,
    record,
    screen,
    slide,
    speaker,
)

BLUE, GREEN, RED, WHITE = (200, 30, 20), (40, 160, 30), (30, 40, 210), (235, 235, 235)
SETTINGS = Processing(captions=Captions(engine="off"), ladder=Ladder(heights=(360,), preset="ultrafast", quality="off"))


def process(home: Path, *layouts: str, settings: Processing = SETTINGS, **composing: object) -> Lecture:
    chosen = replace(settings, compose=Compose(layouts=layouts, **composing))
    with Local(2) as executor:
        return workflow.make(recording.read(home), home, chosen, executor)


def film_of(home: Path) -> Path:
    return home / "lecture" / lecture.read(home / "lecture").download


def pictures(path: Path) -> Iterator[tuple[float, np.ndarray]]:
    """Yield when each picture is shown, and what it shows, blue-green-red."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield float(frame.time), frame.to_ndarray(format="bgr24", src_colorspace="ITU709").astype(int)


def shown_at(path: Path, *moments: float) -> list[np.ndarray]:
    found = list(pictures(path))
    return [min(found, key=lambda f: abs(f[0] - moment))[1] for moment in moments]


def near(pixel: np.ndarray, colour: tuple[int, int, int], by: int = 8) -> bool:
    return bool(np.all(np.abs(pixel - np.array(colour)) <= by))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording: a white screen, a blue camera of another shape, two seconds."""
    return record(
        tmp_path_factory.mktemp("takes") / "two",
        screen(plain(WHITE), ends=2),
        camera(plain(BLUE, (480, 360)), ends=2),
        markers=[Marker(at=0.5)],
    )


PLACES = {
    # layout: settings, then what is seen at (x, y) of 640 × 360
    "screen": ({}, {(320, 180): WHITE, (580, 310): WHITE}),
    "camera": ({}, {(2, 2): BLUE, (240, 180): BLUE, (477, 357): BLUE}),
    "screen 1:camera": ({}, {(320, 180): BLUE, (20, 180): (0, 0, 0), (620, 20): (0, 0, 0)}),
    "corner": (
        {"corner_share": 0.25},
        {(320, 180): WHITE, (586, 306): BLUE, (546, 266): WHITE, (626, 346): WHITE},
    ),
    "corner, square": (
        {"corner": "top-left", "corner_shape": "square", "corner_share": 0.25},
        {(320, 180): WHITE, (14, 14): BLUE, (94, 94): BLUE, (106, 50): WHITE},
    ),
    "corner, wide": (
        {"corner": "bottom-left", "corner_shape": "wide", "corner_share": 0.25},
        {(14, 346): BLUE, (122, 266): BLUE, (136, 300): WHITE},
    ),
    "side-by-side": (
        {"side_share": 0.25},
        {(240, 180): WHITE, (560, 180): BLUE, (240, 20): (0, 0, 0), (560, 20): (0, 0, 0)},
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_every_layout_puts_everyone_in_their_place(name, two):
    """The camera of 4 to 3 is neither stretched nor left out, and the circle is one."""
    settings, expected = PLACES[name]
    made = process(two, *name.split(",")[0].split(), **settings)
    (picture,) = shown_at(film_of(two), 1.0)

    assert (made.renditions[0].width, made.renditions[0].height) == ((480, 360) if name == "camera" else (640, 360))
    assert {
        at: tuple(picture[at[1], at[0]]) for at, colour in expected.items() if not near(picture[at[1], at[0]], colour)
    } == {}


@pytest.mark.parametrize("layout", ["screen", "camera", "corner", "side-by-side"])
def test_colours_stay_what_they_were(layout, tmp_path):
    """Recorded in BT.601, published in BT.709: taken for one another, red turns orange and skin turns sick."""
    home = tmp_path / "colours"
    record(home, screen(plain(RED), ends=1), camera(plain(GREEN), ends=1))
    process(home, layout)
    with av.open(str(film_of(home))) as container:
        frame = next(container.decode(video=0))
    (picture,) = shown_at(film_of(home), 0.5)
    middles = {"screen": [(320, 180, RED)], "camera": [(320, 180, GREEN)]}
    expected = middles.get(layout, [(200, 180, RED), (587, 300 if layout == "corner" else 180, GREEN)])

    assert (int(frame.colorspace), int(frame.color_range), int(frame.color_primaries)) == (1, 1, 1)
    for x, y, colour in expected:
        assert near(picture[y, x], colour, by=4), (layout, tuple(picture[y, x]), colour)


def moments(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Seconds at which flashes and beeps begin."""
    flashes, beeps, dark = [], [], True
    for at, picture in pictures(path):
        bright = picture.mean() > 110
        flashes += [at] if bright and dark else []
        dark = not bright
    samples, start = [], None
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            start = float(frame.time) if start is None else start
            samples.append(np.abs(frame.to_ndarray()[0].astype(float)))
    loud = np.concatenate(samples)
    at = start + np.flatnonzero(loud > loud.max() * 0.2) / RATE
    beeps = at[np.concatenate([[True], np.diff(at) > 0.5])]
    return np.array(flashes), beeps


@pytest.mark.parametrize(
    ("screen_begins", "camera_begins"), [(0.0, 0.0), (0.0165, 0.0), (0.016, 0.016), (0.01, 0.026), (0.2, 0.317)]
)
def test_picture_and_sound_lie_where_the_take_has_them(screen_begins, camera_begins, tmp_path):
    """Each track begins when it will and is off the beat of the others; nothing of that may be seen on lips."""
    home = tmp_path / "sync"
    record(
        home,
        screen(flashing(), begins=screen_begins, ends=6, jitter=0.003),
        camera(flashing((320, 180)), begins=camera_begins, ends=6, jitter=0.003),
        microphone(beeping(), begins=0.3, ends=6),
    )
    for name in ("screen", "camera"):
        process(home, name)
        flashes, beeps = moments(film_of(home))
        truly, _ = moments_of_track(home / "takes" / "01" / f"{name}.mkv")
        true_beeps = np.arange(len(beeps)) + 0.5
        away = (flashes - truly) - np.median(beeps - true_beeps)

        assert len(flashes) == len(beeps) == 6
        assert abs(np.median(away)) <= 0.010
        assert np.max(np.abs(away)) <= 1 / 60 + 0.004


def moments_of_track(path: Path) -> tuple[np.ndarray, None]:
    """Seconds at which flashes begin in a track."""
    found, dark = [], True
    for at, picture in pictures(path):
        bright = picture.mean() > 110
        found += [at] if bright and dark else []
        dark = not bright
    return np.array(found), None


def test_a_track_that_ends_early_leaves_its_last_picture_dimmed(tmp_path):
    """The voice goes on; a bright picture that stands still would look as if the player hung."""
    home = tmp_path / "early"
    record(home, screen(plain(WHITE), ends=2), microphone(beeping(), ends=5))
    made = process(home)
    bright, dim, last = shown_at(film_of(home), 1.0, 3.0, 4.9)

    assert made.seconds == pytest.approx(5, abs=0.05)
    assert near(bright[180, 320], WHITE)
    assert 60 < dim[180, 320].mean() < 110
    assert np.array_equal(dim, last)


def test_a_lost_camera_leaves_the_corner_and_comes_back(tmp_path):
    """And the lecture's notes say so, for whoever wonders where the speaker went."""
    home = tmp_path / "lost"
    lost = (Loss(at=1.0, seconds=1.5, why="unplugged"),)
    record(home, screen(plain(WHITE), ends=4), camera(plain(BLUE), ends=4, losses=lost))
    made = process(home)
    film = film_of(home)
    x, y = 587, 305

    assert [near(p[y, x], BLUE) for p in shown_at(film, 0.9, 1.1, 2.4, 2.6)] == [True, False, False, True]
    assert any("camera" in note and "unplugged" in note for note in made.notes)


def test_a_layout_switches_on_the_very_picture_of_its_marker(tmp_path):
    """A marker is pressed at a word; half a second later is another sentence."""
    home = tmp_path / "switch"
    record(
        home,
        screen(plain(WHITE), ends=4),
        camera(plain(BLUE), ends=4),
        markers=[Marker(at=1.0), Marker(at=2.0, label="Camera"), Marker(at=3.0)],
    )
    process(home, "corner", "1:screen", "3:side-by-side")
    found = [(at, near(p[180, 320], BLUE), near(p[305, 587], BLUE)) for at, p in pictures(film_of(home))]
    corner = [at for at, middle, side in found if side and not middle]
    full = [at for at, middle, side in found if middle]

    assert [at for at in corner if at < 1] == [at for at, *_ in found if at < 1]
    assert not [at for at in corner if 1 <= at < 2]
    assert (full[0], full[-1]) == pytest.approx((2.0, 3.0 - 1 / 30), abs=0.002)


def test_hundreds_of_switches_are_made_as_one_is(tmp_path):
    """Someone who switches at every slide of an hour must not meet a limit of ffmpeg's at the end of it."""
    home = tmp_path / "many"
    labels = ("camera", "corner", "side-by-side")
    markers = [Marker(at=number / 10, label=labels[number % 3]) for number in range(600)]
    record(home, screen(plain(WHITE), ends=60, rate=10), camera(plain(BLUE), ends=60, rate=10), markers=markers)
    process(home)
    found = [near(picture[180, 320], BLUE) for _, picture in pictures(film_of(home))]

    assert found == [number % 3 == 0 for number in range(600)]


def test_another_layout_hears_nothing_again(tmp_path, take_folder):
    """Captions are the dearest step but one, and nobody's words change with the picture."""
    home = take_folder("again", screen(slide(), ends=3), camera(speaker(), ends=3), microphone(beeping(), ends=3))

    def rooms() -> dict[str, float]:
        return {p.name: p.stat().st_ctime for p in (home / "work").glob("*-*")}

    process(home)
    before = rooms()
    process(home, "camera")
    after = rooms()
    again = process(home, "camera")
    kept = {name.split("-")[0] for name in before.keys() & after.keys()}

    assert kept == {"examine", "hear", "level"}
    assert rooms() == after
    assert [step.step for step in again.report.steps] == ["examine", "compose", "hear", "level", "encode", "judge"]


def test_the_system_is_heard_beneath_the_voice(tmp_path):
    """What the computer plays belongs to the lecture; louder than the speaker it would hide every word."""
    home = tmp_path / "mix"
    tone = Shot(name="system", kind=Kind.SYSTEM, play=lambda at: 0.8 * np.sin(2 * np.pi * 300 * at), ends=6)
    record(home, microphone(lambda at: 0.1 * np.sin(2 * np.pi * 1000 * at), ends=6), tone)
    made = process(home)
    with av.open(str(film_of(home))) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])[RATE : 5 * RATE]
    strength = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    at = lambda pitch: 20 * np.log10(strength[round(pitch * len(samples) / RATE)])  # noqa: E731

    assert at(1000) - at(300) == pytest.approx(6, abs=1.2)
    assert made.notes == ("What is heard is microphone, with system 6 LU beneath it.",)
    assert made.report.loudness_after.integrated_lufs == pytest.approx(-16, abs=0.5)


def test_of_two_microphones_the_first_that_hears_is_used(tmp_path):
    """Two of one room, mixed, sound like a tin; and a muted one is no lecture."""
    home = tmp_path / "two-microphones"
    muted = microphone(lambda at: 0 * at, ends=3)
    second = microphone(beeping(pitch=700), ends=3, name="microphone-2")
    third = microphone(beeping(pitch=500), ends=3, name="microphone-3")
    record(home, muted, second, third)

    assert "What is heard is microphone-2; microphone and microphone-3 are not used." in process(home).notes
    both = process(home, sounds=("microphone-2", "microphone-3"))
    assert any("microphone-2, together with microphone-3" in note for note in both.notes)


def test_markers_become_chapters_and_clips_begin_at_them(tmp_path):
    """Who set a marker knows better than any pause where a part begins, and what it is called."""
    home = tmp_path / "chapters"
    labels = [(9.0, "Why <b>this</b>"), (12.0, "camera"), (19.0, ""), (19.3, "Proof"), (23.0, "An aside")]
    markers = [Marker(at=at, label=label) for at, label in labels]
    tone = microphone(lambda at: np.where(at % 4 < 3, 0.2 * np.sin(2 * np.pi * 400 * at), 0), ends=30)
    record(home, screen(slide((320, 180)), ends=30, rate=10), tone, markers=markers)
    short = Clips(longest_seconds=15, target_seconds=10, shortest_seconds=3)
    made = process(home, settings=replace(SETTINGS, clips=short))
    chapters = (home / "lecture" / made.chapters).read_text()

    starts = {clip.clip.title: clip.clip.start for clip in made.clips}
    assert starts["Why <b>this</b>"] == pytest.approx(9, abs=3)
    assert starts["Proof"] == pytest.approx(19, abs=3)
    assert all(c.clip.end - c.clip.start <= 15 for c in made.clips)
    assert "camera" not in chapters
    assert "Why &lt;b&gt;this&lt;/b&gt;" in chapters
    assert re.search(r"00:00:23\.\d+ --> 00:00:30.000\nAn aside", chapters)
    assert chapters.count("-->") == 4


def test_a_take_without_an_outcome_is_left_to_recover(tmp_path):
    """It may be rolling this very second; what a crash left has to be made whole first."""
    home = tmp_path / "open"
    record(home, screen(plain(WHITE), ends=1), over=False)
    with pytest.raises(TakeUnfinished, match="flipcast recover"):
        process(home)

    record(home, screen(plain(BLUE), ends=1), number=2)
    record(home, screen(plain(RED), ends=1), number=3, over=False)
    made = process(home)
    assert near(shown_at(film_of(home), 0.5)[0][180, 320], BLUE)
    assert "Take 3 is unfinished; take 2 was used." in made.notes
    with pytest.raises(TakeUnfinished):
        process(home, take=3)


def test_what_is_left_of_a_take_is_still_a_lecture(tmp_path):
    """A track that is missing or is no media costs the lecture that track, and a sentence."""
    home = tmp_path / "rest"
    record(
        home, screen(plain(WHITE), ends=2), camera(plain(BLUE), ends=2), microphone(beeping(), ends=2), recovered=True
    )
    (home / "takes" / "01" / "camera.mkv").write_bytes(b"nothing of the kind" * 100)
    (home / "takes" / "01" / "microphone.mka").unlink()
    made = process(home)

    assert near(shown_at(film_of(home), 1.0)[0][305, 587], WHITE)
    assert made.audio is None
    assert [note for note in made.notes if "camera" in note]
    assert "Nothing was recorded of microphone." in made.notes
    assert "The recording was cut short, and made whole again." in made.notes
    (home / "takes" / "01" / "screen.mkv").unlink()
    (home / "takes" / "01" / "camera.mkv").unlink()
    with pytest.raises(MediaUnreadable, match="holds no track"):
        process(home)


def test_sound_alone_is_a_lecture(tmp_path):
    """A lost camera must not lose the voice."""
    home = tmp_path / "voice"
    record(home, microphone(beeping(), begins=0.5, ends=3))
    made = process(home)

    assert made.renditions == ()
    assert made.seconds == pytest.approx(3, abs=0.01)


def test_the_command_takes_a_layout_and_a_take(take_folder, flipcast):
    """What is chosen at the desk is what is made; a slip is misuse, and said before anything is done."""
    shots = screen(plain(WHITE), ends=1), camera(plain(BLUE), ends=1)
    home = take_folder("algebra", *shots)
    take_folder("algebra", screen(plain(RED), ends=1), number=2)
    usual = ("--captions", "off", "--set", "ladder.heights=360", "--set", "ladder.quality=off")

    assert flipcast("process", "algebra", "--take", "1", "--layout", "camera", *usual).status == 0
    assert near(shown_at(film_of(home), 0.5)[0][180, 320], BLUE)
    assert flipcast("process", "algebra", *usual).status == 0
    assert near(shown_at(film_of(home), 0.5)[0][180, 320], RED)
    refused = flipcast("process", "algebra", "--layout", "conrer")
    assert refused.status == 2
    assert "side-by-side" in refused.err
    assert flipcast("process", "algebra", "--layout", "camera", *usual).troubles == [
        "the layout camera needs a camera, and none was recorded — possible is screen"
    ]
    assert "no take 7" in flipcast("process", "algebra", "--take", "7", *usual).err
