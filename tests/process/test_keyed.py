"""A speaker who is cut free afterwards: before what, where, from when to when, and how near the truth."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture import recording, take
from capture.errors import FlipcastError
from capture.take import Loss, Marker
from flipcast.executors.local import Local
from greenscreen import beside, plate
from greenscreen.beside import Beside
from greenscreen.errors import KernelsMissing, PlateUnusable
from greenscreen.key import Hue, Key
from greenscreen.light import DECODE, encoded
from process import lecture, workflow
from process.captions.engine import Captions
from process.clips import Clips
from process.errors import LayoutImpossible, NoRoom, Stopped
from process.keyed import Keying, check_room
from process.ladder import Ladder
from process.layout import Compose
from process.lecture import Lecture
from process.workflow import Processing
from tests.benchmarks import footage
from tests.fixtures.takes import camera, plain, record, screen
from tests.process.test_compose import film_of, near, pictures, shown_at

SIZE = (320, 180)
GREEN, SHIRT, RED, GOLD = (60, 175, 70), (120, 60, 50), (40, 30, 200), (30, 180, 220)
SETTINGS = Processing(captions=Captions(engine="off"), ladder=Ladder(heights=(180,), preset="ultrafast", quality="off"))


def standing(
    size: tuple[int, int] = SIZE, wall: tuple[int, int, int] = GREEN, shirt: tuple[int, int, int] = SHIRT
) -> Callable[[float], np.ndarray]:
    """Draw somebody in a *shirt* before a *wall*, who turns white at each half second for a tenth."""

    def draw(at: float) -> np.ndarray:
        picture = np.full((size[1], size[0], 3), wall, np.uint8)
        wide, high = size
        lit = at % 1 >= 0.5 and at % 1 < 0.7
        colour = (235, 235, 235) if lit else shirt
        cv2.rectangle(picture, (wide // 3, high // 2), (wide * 2 // 3, high), colour, -1)
        cv2.ellipse(picture, (wide // 2, high // 3), (high // 8, high // 6), 0, 0, 360, (150, 180, 230), -1)
        return picture

    return draw


def process(home: Path, *layouts: str, settings: Processing = SETTINGS, **keying: object) -> Lecture:
    chosen = replace(settings, compose=Compose(layouts=layouts), keyed=Keying(**keying))  # type: ignore[arg-type]
    with Local(2) as executor:
        return workflow.make(recording.read(home), home, chosen, executor)


def rooms(home: Path) -> set[str]:
    """Which steps are remembered, each with its recipe."""
    return {path.name for path in (home / "work").iterdir()}


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A recording: a red screen, and somebody before a green wall, two seconds."""
    return record(tmp_path / "two", screen(plain(RED, SIZE), ends=2), camera(standing(), ends=2))


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A recording of somebody before a green wall, one second and no screen."""
    return record(tmp_path / "alone", camera(standing(), ends=1))


def test_the_picture_is_near_the_truth(tmp_path):
    """The speaker's true outline over the true slide is what a camera before that slide would have seen."""
    clip = footage.take("plain", seed=5, size=(640, 360), length=12, empty=4)
    slide = clip.background
    home = record(
        tmp_path / "golden",
        screen(lambda at: slide, ends=0.8, rate=15),
        camera(lambda at: clip.frames[min(11, round(at * 15))], ends=0.8, rate=15),
    )
    sharp = replace(SETTINGS, ladder=replace(SETTINGS.ladder, heights=(360,), crf=8))
    process(home, "keyed", settings=sharp, height=1.0, across=0.5)

    scores = []
    for (_, found), alpha, foreground in zip(pictures(film_of(home)), clip.alphas, clip.foregrounds, strict=True):
        cover = alpha.astype(np.float32)[..., None]
        own = foreground if foreground.dtype == np.uint8 else None
        light = (DECODE[own] * cover if own is not None else foreground) + (1 - cover) * DECODE[slide]
        truth = encoded(np.ascontiguousarray(light, np.float32))
        scores.append(cv2.PSNR(found.clip(0, 255).astype(np.uint8), truth))
    assert min(scores[2:]) > 28, scores


def test_the_speaker_is_seen_when_it_was_and_so_is_what_is_behind(tmp_path):
    """Lips and slides are no more than a picture off: each was recorded with times of its own."""
    home = record(
        tmp_path / "flashes",
        screen(lambda at: np.full((180, 320, 3), 240 if 0.5 <= at % 1 < 0.7 else 16, np.uint8), ends=3, jitter=0.01),
        camera(standing(), begins=0.2, ends=3, jitter=0.01),
        markers=[Marker(at=0.9, label="keyed")],
    )
    process(home, "screen", "1:keyed", height=1.0, across=0.5)

    shown = [
        (at, picture[150, 160].mean() > 150, picture[10, 10].mean() > 120) for at, picture in pictures(film_of(home))
    ]
    for which in (1, 2):
        begins = [b[0] for a, b in pairwise(shown) if b[which] and not a[which] and b[0] > 1]
        assert begins == pytest.approx([1.5, 2.5], abs=0.034), which


def test_another_background_needs_no_new_recording_and_other_clips_key_nothing_again(two):
    """The step that takes longest is done when it must be, and what was recorded is never touched."""
    camera_file = take.folder_of(two, 1) / "camera.mkv"
    before = camera_file.read_bytes()
    process(two, "keyed")
    first = rooms(two)
    (shown,) = shown_at(film_of(two), 1.2)
    assert near(shown[20, 20], RED, 12)

    process(two, "keyed", behind="orange")
    second = rooms(two)
    again = {name.split("-")[0] for name in second - first}
    assert again == {"compose", "keyed", "encode", "judge"}
    (shown,) = shown_at(film_of(two), 1.2)
    assert near(shown[20, 20], (13, 115, 217), 12)

    process(two, "keyed", behind="orange", settings=replace(SETTINGS, clips=Clips(target_seconds=100)))
    assert {name for name in rooms(two) if name.startswith("keyed")} == {n for n in second if n.startswith("keyed")}
    assert camera_file.read_bytes() == before


def test_a_picture_or_a_video_is_stood_before_and_told_by_its_content(alone, tmp_path):
    """The same name with another picture in it is another background; a video begins again when it ends."""
    file = tmp_path / "behind.png"
    cv2.imwrite(str(file), np.full((90, 160, 3), GOLD, np.uint8))
    made = process(alone, "keyed", behind=str(file))
    (shown,) = shown_at(film_of(alone), 0.3)
    assert near(shown[20, 20], GOLD, 10)
    assert near(shown[150, 160], SHIRT, 25)
    assert made.keyed[0].behind == "picture"

    cv2.imwrite(str(file), np.full((90, 160, 3), RED, np.uint8))
    process(alone, "keyed", behind=str(file))
    (shown,) = shown_at(film_of(alone), 0.3)
    assert near(shown[20, 20], RED, 10)

    half = record(
        tmp_path / "half", camera(lambda at: np.full((180, 320, 3), GOLD if at < 0.2 else RED, np.uint8), ends=0.4)
    )
    made = process(alone, "keyed", behind=str(take.folder_of(half, 1) / "camera.mkv"))
    assert made.keyed[0].behind == "video"
    shown = shown_at(film_of(alone), 0.1, 0.3, 0.5, 0.7)
    assert [near(picture[20, 20], GOLD, 12) for picture in shown] == [True, False, True, False]


def test_where_how_large_cropped_and_mirrored_is_as_asked(alone):
    """A speaker may stand anywhere, at any size."""
    process(alone, "keyed", behind="#102030", height=0.5, across=0.25, crop=(0.0, 0.0, 0.5, 0.0), mirrored=True)
    (shown,) = shown_at(film_of(alone), 0.3)
    # Half of 320 pixels wide at half size: 80 wide, about x = 80; the shirt is at its mirrored left.
    assert near(shown[170, 50], SHIRT, 30)
    assert near(shown[170, 100], (48, 32, 16), 12)
    assert near(shown[40, 80], (48, 32, 16), 12)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.png", None, "no such file"),
        ("empty.png", b"", "neither a picture nor a video"),
        ("torn.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged"),
        ("huge.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\1\0\0\x08\2\0\0\0" + bytes(40), "damaged"),
        ("words.txt", b"no picture at all", "neither a picture nor a video"),
    ],
)
def test_a_background_that_cannot_be_used_is_told_before_any_work(name, content, told, alone, tmp_path):
    """Not after an hour of keying."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FlipcastError, match=told) as caught:
        process(alone, "keyed", behind=str(tmp_path / name))
    assert caught.value.hint
    assert not (alone / "work").exists()


def test_before_the_screen_without_a_screen_is_refused(alone):
    """What was asked for by name is not silently something else."""
    with pytest.raises(LayoutImpossible, match="needs a screen"):
        process(alone, "keyed", behind="screen")


def test_while_the_camera_was_gone_the_background_is_seen_alone(tmp_path):
    """The recorder's placeholder is nobody, and is not put before the slides."""
    home = record(
        tmp_path / "lost",
        screen(plain(RED, SIZE), ends=4),
        camera(standing(), ends=4, losses=(Loss(at=1.0, seconds=1.5, why="unplugged"),)),
    )
    process(home, "keyed", height=1.0, across=0.5)
    there, gone, back = shown_at(film_of(home), 0.3, 1.3, 3.3)

    assert near(there[150, 160], SHIRT, 30)
    assert near(gone[150, 160], RED, 12)
    assert near(back[150, 160], SHIRT, 30)


def test_without_any_screen_the_person_model_is_used_and_the_lecture_says_so(tmp_path):
    """Second best, and never called anything else."""
    home = record(tmp_path / "room", camera(standing(wall=(150, 150, 150), shirt=(50, 50, 60)), ends=0.5))
    made = process(home, "keyed", behind="blur")

    assert made.keyed[0].by == {"person": 1.0}
    assert any("second best" in note for note in made.notes)
    assert lecture.read(home / "lecture").keyed == made.keyed


def test_a_camera_with_a_key_beside_it_is_keyed_unasked_and_again_when_the_key_changes(two):
    """What was seen live is what is published, and may be corrected afterwards."""
    empty = plate.take([np.full((180, 320, 3), GREEN, np.uint8)] * 3, hue=Hue.GREEN)
    folder = take.folder_of(two, 1)
    beside.write(folder, "camera", Beside(key=Key(), plate=empty, how="taken on the day"))
    made = process(two)
    first = rooms(two)
    assert made.keyed[0].by.get("plate", 0) > 0.9, made.keyed

    beside.write(folder, "camera", Beside(key=Key(choke=0.3)))
    made = process(two)
    assert made.keyed[0].by == {"screen": 1.0}
    assert {name.split("-")[0] for name in rooms(two) - first} >= {"keyed", "encode"}

    beside.write(folder, "camera", Beside(key=Key(), plate=empty))
    (folder / "camera.plate.png").write_bytes(b"torn")
    with pytest.raises(PlateUnusable, match=r"camera\.plate\.png"):
        process(two)


def test_what_was_chosen_while_recording_is_behind_unless_something_else_is_asked_for(alone):
    """A booth's guest chose the sea; whoever finishes the lecture may choose otherwise."""
    folder = take.folder_of(alone, 1)
    beside.write(folder, "camera", Beside(key=Key(), behind="camera.behind.png"))
    cv2.imwrite(str(folder / "camera.behind.png"), np.full((90, 160, 3), GOLD, np.uint8))
    assert process(alone).keyed[0].behind == "picture"
    (shown,) = shown_at(film_of(alone), 0.3)
    assert near(shown[20, 20], GOLD, 10)

    made = process(alone, behind="#0000ff")
    (shown,) = shown_at(film_of(alone), 0.3)
    assert (made.keyed[0].behind, near(shown[20, 20], (255, 0, 0), 20)) == ("colour", True)


def test_a_portrait_camera_stands_upright(tmp_path):
    """A telephone on a stick is a camera too."""
    home = record(tmp_path / "tall", screen(plain(RED, SIZE), ends=0.5), camera(standing((180, 320)), ends=0.5))
    process(home, "keyed", height=1.0, across=0.5)
    (shown,) = shown_at(film_of(home), 0.2)

    assert shown.shape[:2] == (180, 320)
    assert near(shown[150, 160], SHIRT, 30)
    assert near(shown[150, 40], RED, 12)


def test_without_its_kernels_nothing_is_begun(alone, monkeypatch):
    """What has to be installed is said at once, by the name it is installed by."""
    monkeypatch.delitem(sys.modules, "greenscreen.compiled", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(KernelsMissing, match=r"flipcast\[greenscreen\]"):
        process(alone, "keyed")
    assert not (alone / "work").exists()


def test_stopped_while_keying_it_leaves_nothing_half_done(two):
    """Ctrl-C is no way to a torn lecture."""
    stop = threading.Event()
    chosen = replace(SETTINGS, compose=Compose(layouts=("keyed",)))

    def hear(news: workflow.News) -> None:
        if news.step == "keyed" and news.done > 0:
            stop.set()

    with Local(2) as executor, pytest.raises(Stopped):
        workflow.make(recording.read(two), two, chosen, executor, news=hear, stop=stop)
    assert not any(name.startswith(("keyed", ".")) for name in rooms(two))
    assert not (two / "lecture").exists()


def test_a_disk_too_small_for_the_film_of_the_speaker_is_told_before_it_is_full(tmp_path: Path):
    """An hour of keying must not end in the last minute, with a full disk that others need, too."""
    check_room(tmp_path, 1920 * 1080)

    with pytest.raises(NoRoom, match=r"the keyed speaker may need \d+\.\d GB .* free some room"):
        check_room(tmp_path, 1920 * 1080 * 30 * 3600 * 10_000)
