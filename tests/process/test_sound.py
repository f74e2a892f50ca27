"""Every kind of sound comes out at one loudness, in both ears, without a peak too high."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

SPEECH = "aevalsrc='{level}*(0.6*sin(1382*t)+0.3*sin(5026*t)+0.1*random(0))*(0.25+0.75*lt(mod(t,1),0.7))':s=48000:d=5"
"""Something as uneven as speech."""


def voice(level: float = 0.25) -> str:
    return SPEECH.format(level=level)


def measured(path: Path, exe: Path) -> tuple[float, float]:
    """Integrated loudness and true peak, by a run of its own."""
    command = [
        exe,
        "-hide_banner",
        "-nostats",
        "-i",
        path,
        "-af",
        "ebur128=peak=true:framelog=quiet",
        "-f",
        "null",
        "-",
    ]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = log[log.rfind("Summary:") :]
    loud, peak = re.search(r"I:\s+(\S+) LUFS", summary), re.search(r"Peak:\s+(\S+) dBFS", summary)
    assert loud
    assert peak
    return float(loud[1]), float(peak[1])


def ears(path: Path) -> np.ndarray:
    """Samples of both ears."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


ROUTES = "|".join(f"c{n}=c0" for n in range(8))
KINDS = {
    "mono": (voice(), ()),
    "stereo": (f"{voice()},aformat=channel_layouts=stereo", ()),
    "left ear dead": (f"{voice()},pan=stereo|c1=c0", ()),
    "right ear dead": (f"{voice()},pan=stereo|c0=c0", ()),
    "turned against each other": (f"{voice()},pan=stereo|c0=c0|c1=-1*c0", ()),
    "surround": (f"{voice()},pan=7.1|FC=c0|FL=0.3*c0|FR=0.3*c0", ()),
    "eight channels of nobody knows what": (f"{voice()},pan=8c|{ROUTES}", ()),
    "low rate": (f"{voice()},aresample=8000", ()),
    "high rate": (f"{voice()},aresample=96000", ()),
    "very quiet": (voice(0.01), ()),
    "clipped": (f"{voice()},volume=30dB,aformat=sample_fmts=s16", ()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_sound_is_made_as_loud_as_it_should_be(kind, film, make, exe, tmp_path):
    """Students change lectures, not the volume; and a dead channel leaves one ear with nothing."""
    graph, options = KINDS[kind]
    path = film(f"{kind}.wav", "-f", "lavfi", "-i", graph, *options, "-c:a", "pcm_s16le")

    made = make(path, tmp_path)

    audio = tmp_path / "lecture" / made.audio.file
    loud, peak = measured(audio, exe)
    assert loud == pytest.approx(-16, abs=0.5)
    assert peak <= -1
    assert made.report.loudness_after.integrated_lufs == pytest.approx(loud, abs=0.15)
    assert made.report.loudness_after.true_peak_dbtp == pytest.approx(peak, abs=0.3)
    left, right = ears(audio)
    assert left.std() == pytest.approx(right.std(), rel=0.05), "as loud on the left as on the right"
    together = ((left + right) / 2).std()
    assert together > 0.7 * left.std(), "it is still there on one loudspeaker"
    assert made.seconds == pytest.approx(5, abs=0.03)


def test_a_whisper_is_raised_no_further_than_settings_say(film, make, exe, tmp_path):
    """Beyond that it is the noise of the microphone."""
    path = film("whisper.wav", "-f", "lavfi", "-i", voice(0.003), "-c:a", "pcm_s24le")

    made = make(path, tmp_path)

    before = made.report.loudness_before.integrated_lufs
    assert before < -52
    assert made.report.gain_db == 36
    assert measured(tmp_path / "lecture" / made.audio.file, exe)[0] == pytest.approx(before + 36, abs=0.7)


def test_silence_is_a_lecture_and_stays_silent(film, make, tmp_path):
    """Slides without a word; raising the noise floor by 60 dB would frighten people."""
    path = film(
        "silence.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2", "-f", "lavfi", "-i", "anullsrc"),
        *("-shortest", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le"),
    )
    made = make(path, tmp_path)

    assert any("silent" in note for note in made.notes)
    assert made.report.gain_db == 0
    assert made.report.loudness_after.integrated_lufs is None
    assert np.abs(ears(tmp_path / "lecture" / made.audio.file)).max() < 0.001


def test_the_first_track_with_a_sound_in_it_is_used(film, make, exe, tmp_path):
    """Recorders write one track for each input, whether anything was plugged in or not."""
    path = film(
        "tracks.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=5"),
        *("-f", "lavfi", "-i", "anullsrc=duration=5", "-f", "lavfi", "-i", voice()),
        *("-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "pcm_s16le"),
    )
    made = make(path, tmp_path)

    assert measured(tmp_path / "lecture" / made.audio.file, exe)[0] == pytest.approx(-16, abs=0.5)
    assert any("silent" in note and "next" in note for note in made.notes)


def test_a_blink_of_sound_is_no_fault(film, make, tmp_path):
    """Too short to be measured: R128 counts blocks of 0.4 s."""
    path = film("blink.wav", "-f", "lavfi", "-i", "sine=duration=0.05", "-c:a", "pcm_s16le")

    assert make(path, tmp_path).seconds == pytest.approx(0.05, abs=0.03)


def test_a_voice_that_comes_and_goes_keeps_its_place(film, make, tmp_path):
    """A call that dropped leaves a hole in the track; what comes after it must not move up."""
    tone = film("tone.mka", "-f", "lavfi", "-i", "sine=duration=6:sample_rate=48000", "-c:a", "pcm_s16le")
    path = film(
        "hole.mka",
        *("-i", str(tone), "-af", "aselect='lt(t,2)+gt(t,4)'", "-c:a", "pcm_s16le"),
    )
    made = make(path, tmp_path)

    left = ears(tmp_path / "lecture" / made.audio.file)[0]
    assert made.seconds == pytest.approx(6, abs=0.05)
    assert np.abs(left[int(2.1 * 48000) : int(3.9 * 48000)]).max() < 0.01
    assert np.abs(left[int(4.1 * 48000) : int(5.9 * 48000)]).max() > 0.05
