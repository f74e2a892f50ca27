"""One stream of a take being written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from capture.clock import SECOND
from capture.errors import NoRoomToRecord
from capture.frames import Kind
from capture.track import Pictures, Sounds, file_of, placeholder

BEAT = SECOND // 30


def pictures(path: Path, **more: object) -> Pictures:
    return Pictures(path, **{"width": 320, "height": 240, "rate": Fraction(30), **more})


def noise(width: int = 320, height: int = 240, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, channels), np.uint8)


def read(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_each_picture_keeps_its_own_moment(tmp_path: Path):
    """On an even grid a picture would lie up to a beat beside the voice."""
    at = [0, 31_400_000, 70_000_000, 99_600_000, 400_000_000]
    with pictures(tmp_path / "t.mkv") as track:
        said = [track.write(noise(), moment) for moment in at]
    frames = read(tmp_path / "t.mkv")

    assert [frame.pts for frame in frames] == [0, 31, 70, 100, 400]
    assert said == [0, 31_000_000, 70_000_000, 100_000_000, 400_000_000]


def test_time_never_goes_backwards(tmp_path: Path):
    """A file whose times go back is refused by half of all programs."""
    with pictures(tmp_path / "t.mkv") as track:
        for moment in (0, 50_000_000, 50_000_000, 20_000_000, 90_000_000):
            track.write(noise(), moment)

    assert [frame.pts for frame in read(tmp_path / "t.mkv")] == [0, 50, 51, 52, 90]


@pytest.mark.parametrize("channels", [3, 4])
def test_colours_are_what_they_were(tmp_path: Path, channels: int):
    """A red that comes out orange is found by the lecturer's students, not by a checksum."""
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128), (255, 255, 255), (0, 0, 0), (40, 90, 200)]
    picture = np.full((240, 320, channels), 255, np.uint8)
    for number, colour in enumerate(colours):
        picture[:, number * 40 : number * 40 + 40, :3] = colour
    picture.flags.writeable = False
    with pictures(tmp_path / "t.mkv") as track:
        track.write(picture, 0)
    frame = read(tmp_path / "t.mkv")[0]
    seen = frame.to_ndarray(format="bgr24")
    with av.open(str(tmp_path / "t.mkv")) as container:
        context = container.streams.video[0].codec_context
        tags = context.colorspace, context.color_range, context.color_primaries, context.color_trc

    for number, colour in enumerate(colours):
        assert np.abs(seen[120, number * 40 + 20].astype(int) - colour).max() <= 4
    assert tags == (6, 1, 1, 13)


def test_a_picture_of_another_size_is_fitted_in_with_borders(tmp_path: Path):
    """A screen whose resolution was changed in the middle goes on being recorded, and nobody gets wider."""
    wide = np.full((100, 400, 3), 255, np.uint8)
    with pictures(tmp_path / "t.mkv") as track:
        track.write(noise(), 0)
        track.write(wide, BEAT)
    seen = read(tmp_path / "t.mkv")[1].to_ndarray(format="bgr24")

    assert seen.shape == (240, 320, 3)
    assert seen[120, 160].min() > 240
    assert seen[20].max() < 16
    assert seen[220].max() < 16


def test_an_odd_line_is_left_out_rather_than_all_be_scaled(tmp_path: Path):
    """Scaled text is blurred text."""
    picture = noise(321, 241)
    with pictures(tmp_path / "a.mkv", crf=1) as track:
        track.write(picture, 0)
    with pictures(tmp_path / "b.mkv", crf=1) as track:
        track.write(picture[:240, :320], 0)

    assert np.array_equal(
        read(tmp_path / "a.mkv")[0].to_ndarray(format="gray"), read(tmp_path / "b.mkv")[0].to_ndarray(format="gray")
    )


def test_there_is_a_keyframe_every_two_seconds_whatever_the_rate(tmp_path: Path):
    """A long way between keyframes is a long wait when somebody seeks."""
    with pictures(tmp_path / "t.mkv") as track:
        for number in range(30):
            track.write(noise(), number * SECOND // 4)
    keys = [frame.pts for frame in read(tmp_path / "t.mkv") if frame.key_frame]

    assert keys == [0, 2000, 4000, 6000]


def test_the_first_picture_is_on_disk_within_a_third_of_a_second(tmp_path: Path):
    """What a crash in the first second leaves is still a film."""
    track = pictures(tmp_path / "t.mkv")
    number = 0
    while number * BEAT < 0.3 * SECOND:
        track.write(noise(), number * BEAT)
        number += 1
    found = len(read(tmp_path / "t.mkv"))
    track.close()

    assert found >= 7


def test_a_closed_track_knows_its_length_and_can_be_sought(tmp_path: Path):
    """Players show a length, and jump, by what stands in the file."""
    with pictures(tmp_path / "t.mkv") as track:
        for number in range(150):
            track.write(noise(), number * BEAT)
    with av.open(str(tmp_path / "t.mkv")) as container:
        length = container.duration / 1e6
        container.seek(int(4.2e6))
        first = next(container.decode(video=0))

    assert length == pytest.approx(5.0, abs=0.05)
    assert first.time == pytest.approx(4.0, abs=0.05)
    assert b"\x1c\x53\xbb\x6b" in (tmp_path / "t.mkv").read_bytes()  # Cues


@pytest.mark.parametrize("channels", [1, 2])
def test_every_sample_is_kept(tmp_path: Path, channels: int):
    """The voice is what a lecture is made of."""
    generator = np.random.default_rng(1)
    blocks = [generator.uniform(-1, 1, (count, channels)).astype(np.float32) for count in (960, 1, 7000, 48000, 333)]
    with Sounds(tmp_path / "t.mka", rate=48000, channels=channels) as track:
        for block in blocks:
            track.write(block)
    with av.open(str(tmp_path / "t.mka")) as container:
        frames = list(container.decode(audio=0))
    heard = np.concatenate([frame.to_ndarray().reshape(-1, channels) for frame in frames]) / 32767
    wrote = np.concatenate(blocks)

    assert heard.shape == wrote.shape
    assert np.abs(heard - wrote).max() < 1 / 32767
    assert frames[0].pts == 0


def test_what_is_too_loud_is_cut_and_does_not_turn_over(tmp_path: Path):
    """A cough that wraps around is a bang."""
    with Sounds(tmp_path / "t.mka", rate=48000, channels=1) as track:
        track.write(np.full((9600, 1), 1.7, np.float32))
        track.write(np.full((9600, 1), -1.7, np.float32))
    with av.open(str(tmp_path / "t.mka")) as container:
        heard = np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)])

    assert set(heard[:9600]) == {32767}
    assert set(heard[9600:]) == {-32767}


_WRITER = """
import sys, time
from fractions import Fraction
from pathlib import Path
import numpy as np
from capture.track import Pictures, Sounds
folder = Path(sys.argv[1])
picture = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
pictures = Pictures(folder / "p.mkv", width=160, height=120, rate=Fraction(30))
sounds = Sounds(folder / "s.mka", rate=48000, channels=1)
hiss = np.random.default_rng(1).normal(0, 0.01, (1600, 1)).astype(np.float32)
began = time.perf_counter()
number = 0
while True:
    wait = began + number / 30 - time.perf_counter()
    if wait > 0:
        time.sleep(wait)
    pictures.write(picture, number * 1_000_000_000 // 30)
    sounds.write(hiss)
    number += 1
    print(number, flush=True)
"""


def test_after_kill_9_at_most_half_a_second_is_missing(tmp_path: Path):
    """A laptop whose battery died keeps the lecture up to then."""
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ}, text=True
    )
    assert child.stdout
    lines = iter(child.stdout)
    while int(next(lines)) < 50:
        pass
    child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    count = max([50, *(int(line) for line in lines)])
    child.wait()
    child.stdout.close()
    with av.open(str(tmp_path / "p.mkv")) as container:
        seen = [frame.time for frame in _readable(container.decode(video=0))]
    with av.open(str(tmp_path / "s.mka")) as container:
        heard = sum(frame.samples for frame in _readable(container.decode(audio=0)))

    assert seen[-1] > count / 30 - 0.5
    assert heard / 48000 > count / 30 - 0.5


def _readable(frames: Iterator[object]) -> Iterator[object]:
    try:
        yield from frames
    except av.error.InvalidDataError:
        return


def test_a_full_disk_is_told_and_leaves_what_was_written(small_disk: Path):
    """The last thing a full disk should take is the first half of the lecture."""
    track = pictures(small_disk / "t.mkv", crf=1)
    picture = noise()

    def fill() -> None:
        for number in range(2000):
            track.write(picture if number % 2 else 255 - picture, number * BEAT)

    with pytest.raises(NoRoomToRecord, match=r"became full: t\.mkv"):
        fill()
    with pytest.raises(NoRoomToRecord):
        track.close()
    track.close()
    with av.open(str(small_disk / "t.mkv")) as container:
        seen = [frame.time for frame in _readable(container.decode(video=0))]

    assert len(seen) > 5
    assert seen[-1] > track.end_ns / SECOND - 1.0


def test_closing_after_ten_minutes_takes_no_time(tmp_path: Path):
    """Whoever presses stop wants to see that all is well."""
    still = np.full((60, 80, 3), 90, np.uint8)
    track = Pictures(tmp_path / "t.mkv", width=80, height=60, rate=Fraction(30))
    for number in range(600 * 30):
        track.write(still, number * BEAT)
    began = time.monotonic()
    track.close()

    assert time.monotonic() - began < 0.5
    with av.open(str(tmp_path / "t.mkv")) as container:
        assert container.duration / 1e6 == pytest.approx(600, abs=0.1)


def test_keeping_and_closing_may_come_in_any_order(tmp_path: Path):
    """They come from two threads."""
    track = pictures(tmp_path / "t.mkv")
    track.keep()
    track.write(noise(), 0)
    track.close()
    track.keep()
    track.close()

    assert track.size_bytes == (tmp_path / "t.mkv").stat().st_size


def test_a_track_in_which_nothing_came_is_still_a_file(tmp_path: Path):
    """Stopped in the same moment: nothing to see, nothing to explain."""
    pictures(tmp_path / "t.mkv").close()
    Sounds(tmp_path / "t.mka", rate=48000, channels=1).close()

    assert (tmp_path / "t.mkv").exists()
    assert (tmp_path / "t.mka").exists()


def test_a_placeholder_is_dark_and_says_something():
    """Nobody should take it for the picture, nor be blinded by it in a dark hall."""
    picture = placeholder(640, 360, "camera lost")

    assert picture.shape == (360, 640, 3)
    assert picture.mean() < 60
    assert picture.max() > 150


def test_files_are_named_after_their_tracks():
    """Somebody will look into that folder."""
    assert file_of("camera-2", Kind.CAMERA) == "camera-2.mkv"
    assert file_of("microphone", Kind.MICROPHONE) == "microphone.mka"


def test_a_screen_that_stands_still_is_written_seldom_and_a_change_at_once(tmp_path: Path):
    """Slides stand still for minutes; encoding them thirty times a second is half the cost of a recording."""
    still, changed = noise(), noise()
    changed[0, 0] ^= 255
    with pictures(tmp_path / "t.mkv", still_ns=95_000_000) as track:
        said = [track.write(still, number * BEAT) for number in range(9)]
        said.append(track.write(changed, 9 * BEAT))

    assert [moment is not None for moment in said] == [True, False, False, True, False, False, True, False, False, True]
    assert track.unchanged == 6
    assert [frame.pts for frame in read(tmp_path / "t.mkv")] == [0, 100, 200, 300]
