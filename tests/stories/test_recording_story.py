"""From lens and microphone to a student who watches: recorded on a real screen, processed, published, played."""

from __future__ import annotations

import threading
from pathlib import Path

import av
import cv2
import numpy as np

from process import lecture as lectures
from publish.publication import audit
from publish.release import release
from publish.stores.s3 import S3Store
from tests.fixtures.browser import Open
from tests.fixtures.command import Flipcast
from tests.fixtures.rig import Opened
from tests.fixtures.rig_camera import MadeCamera
from tests.fixtures.rig_sound import RATE, SoundRig
from tests.fixtures.speech import SAMPLE, Samples

SECONDS = 12


def test_a_take_of_screen_camera_and_voice_is_watched_with_captions(
    x_screen: Opened,
    rig_cameras: MadeCamera,
    sound_rig: SoundRig,
    flipcast: Flipcast,
    library: Path,
    sample_samples: Samples,
    offline: None,
    s3_store: S3Store,
    watch: Open,
):
    """What people want of it, start to end: to say something in front of slides, and have it seen and read."""
    slide = cv2.imread(str(SAMPLE / "slide-1.png"))
    x_screen(width=1280, height=720).draw(cv2.resize(slide, (1280, 720), interpolation=cv2.INTER_AREA))
    camera = rig_cameras(width=640, height=360)
    voice = np.interp(np.arange(SECONDS * RATE) / 3, np.arange(len(sample_samples)), sample_samples) / 32768
    speaking = threading.Thread(target=sound_rig.play, args=(voice.tolist(),))
    speaking.start()
    sources = ("--from", "screen:1", "--from", f"camera:{camera.url}", "--from", "microphone:rig-desk")
    said = flipcast("record", "A lesson", *sources, "--countdown", "0", "--longest", str((SECONDS - 1) / 60))
    speaking.join()
    assert said.status == 0, said.err
    shown = flipcast("show", "a-lesson")
    assert "whole" in shown.out

    processed = flipcast("process", "a-lesson", "--captions", "faster-whisper", "--set", "captions.download=false")

    assert processed.status == 0, processed.err
    folder = library / "a-lesson" / "lecture"
    lecture = lectures.read(folder)
    assert abs(lecture.seconds - (SECONDS - 1)) < 0.5
    text = (folder / lecture.captions[0].text).read_text(encoding="utf-8")
    end = "from all the arts and crafts represented in the exhibition"  # its beginning was said before all was open
    assert end in text.casefold()
    picture = _picture(folder / lecture.download, 6)
    slide = cv2.resize(slide, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    corner = np.s_[picture.shape[0] * 2 // 3 :, picture.shape[1] * 2 // 3 :]
    left = np.s_[:, : picture.shape[1] // 2]
    assert cv2.PSNR(picture[left].copy(), slide[left].copy()) > 28, "the slide is the picture"
    assert cv2.PSNR(picture[corner].copy(), slide[corner].copy()) < 20, "and the speaker is in its corner"

    s3_store.open_to_readers()
    published = release(folder, s3_store, name="a-lesson")
    audit(published, s3_store, read_back=True)
    watching = watch(published.page, ready=False)
    watching.until("v.readyState >= 3 && !!customElements.get('media-controller')")
    watching.page.click("#big-play")
    watching.until("!v.paused && v.currentTime > 0.8")


def _picture(file: Path, second: float) -> np.ndarray:
    with av.open(str(file)) as container:
        for frame in container.decode(video=0):
            if frame.time >= second:
                return cv2.cvtColor(frame.reformat(dst_colorspace=1).to_ndarray(format="rgb24"), cv2.COLOR_RGB2BGR)
    raise AssertionError(f"{file} is shorter than {second} s")
