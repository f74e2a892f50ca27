"""The sample lecture: what is shipped, and the film that is made of it."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from flipcast import samples
from flipcast.samples import SLIDES, make_sample, said
from tests.fixtures.speech import RATE, read_samples

SAMPLE = Path(str(files("flipcast") / "sample"))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 14 seconds of the sample: three slides."""
    return make_sample(tmp_path_factory.mktemp("sample") / "new folder" / "sample.mp4", seconds=14)


def test_the_words_are_those_of_the_clips():
    """Captions are judged by these words."""
    clips = json.loads((SAMPLE / "speech.json").read_text(encoding="utf-8"))
    assert " ".join(clip["text"] for clip in clips) == said()
    assert all(a["start"] < a["end"] <= b["start"] for a, b in pairwise(clips))
    length = len(read_samples(SAMPLE / "speech.flac")) / RATE
    assert clips[-1]["end"] < length < 125


def test_every_slide_is_shown_once_and_in_order():
    """A slide that nobody sees, or that comes before its words, would be found by the viewers."""
    starts = {c["clip"]: c["start"] for c in json.loads((SAMPLE / "speech.json").read_text(encoding="utf-8"))}
    times = [starts[clip] + after for clip, after, _ in SLIDES]
    assert times[0] == 0.0
    assert all(b - a >= 3 for a, b in pairwise(times))
    assert sorted(f"{name}.png" for _, _, name in SLIDES) == sorted(p.name for p in SAMPLE.glob("*.png"))


def test_slides_are_small_and_of_full_size():
    """They travel with every installation."""
    for path in SAMPLE.glob("slide-*.png"):
        assert path.stat().st_size < 100_000
        with av.open(str(path)) as picture:
            assert (picture.streams.video[0].width, picture.streams.video[0].height) == (1920, 1080)


def test_the_film_is_like_what_people_hand_in(film: Path):
    """1080p25 with sound, of the length that was asked for, every frame there."""
    with av.open(str(film)) as file:
        picture, sound = file.streams.video[0], file.streams.audio[0]
        assert (picture.codec_context.name, picture.width, picture.height) == ("h264", 1920, 1080)
        assert picture.average_rate == samples.RATE
        assert (sound.codec_context.name, sound.rate) == ("aac", 48_000)
        assert file.duration is not None
        assert abs(file.duration / 1e6 - 14) < 0.1
        assert sum(1 for packet in file.demux(picture) if packet.size) == 14 * samples.RATE
    assert [p.name for p in film.parent.iterdir()] == [film.name]


def test_the_right_slide_is_seen_and_something_moves(film: Path):
    """Scene changes are what thumbnails and clips go by."""
    with av.open(str(film)) as file:
        numbered = enumerate(file.decode(video=0))
        frames = {n: frame.to_ndarray(format="gray") for n, frame in numbered if n in (25, 75, 100, 200, 325)}
    for second, name in ((1, "slide-1"), (8, "slide-2"), (13, "slide-3a")):
        with av.open(str(SAMPLE / f"{name}.png")) as picture:
            slide = next(picture.decode(video=0)).to_ndarray(format="gray")
        off = np.abs(frames[second * 25].astype(int) - slide)
        assert np.mean(off) < 3
        assert np.mean(off > 40) < 0.005
    assert np.abs(frames[75].astype(int) - frames[100]).max() > 100


def test_the_voice_is_too_quiet_on_purpose(film: Path, exe: Path):
    """Levelling has to have something to do, and to be seen doing it."""
    command = [str(exe), "-hide_banner", "-nostdin", "-i", str(film), "-af", "ebur128", "-f", "null", "-"]
    log = subprocess.run(command, capture_output=True, check=True).stderr.decode(errors="replace")
    loudness = float(re.findall(r"I:\s+(-?[\d.]+) LUFS", log)[-1])
    assert loudness == pytest.approx(-30, abs=1.5)


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A half-made film would be taken for the sample at the next run."""

    def broken(path: Path) -> np.ndarray:
        raise OSError("gone")

    monkeypatch.setattr(samples, "_planes", broken)
    with pytest.raises(OSError, match="gone"):
        make_sample(tmp_path / "sample.mp4", seconds=1)
    assert list(tmp_path.iterdir()) == []
