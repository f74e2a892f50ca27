"""From a green wall to a student who watches: the speaker stands in front of the slides, and of nothing green."""

from __future__ import annotations

from pathlib import Path

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
from tests.fixtures.speech import SAMPLE
from tests.process.test_compose import shown_at

SECONDS = 6


def test_a_speaker_before_a_green_wall_is_watched_before_the_slides(
    x_screen: Opened, rig_cameras: MadeCamera, flipcast: Flipcast, library: Path, s3_store: S3Store, watch: Open
):
    """What a studio is for, without one: the slide is read, the speaker is seen, and the wall is gone."""
    slide = cv2.resize(cv2.imread(str(SAMPLE / "slide-1.png")), (1280, 720), interpolation=cv2.INTER_AREA)
    x_screen(width=1280, height=720).draw(slide)
    camera = rig_cameras(width=640, height=360)
    camera.turn("studio")
    sources = ("--from", "screen:1", "--from", f"camera:{camera.url}")
    said = flipcast("record", "Keyed", *sources, "--countdown", "0", "--longest", str(SECONDS / 60))
    assert said.status == 0, said.err

    processed = flipcast("process", "keyed", "--captions", "off", "--layout", "keyed")

    assert processed.status == 0, processed.err
    folder = library / "keyed" / "lecture"
    lecture = lectures.read(folder)
    (keyed,) = lecture.keyed
    assert (keyed.camera, keyed.behind) == ("camera", "screen")
    assert keyed.by["screen"] > 0.95
    (picture,) = shown_at(folder / lecture.download, SECONDS / 2)
    picture = picture.clip(0, 255).astype(np.uint8)
    left = np.s_[:, :600]
    assert cv2.PSNR(picture[left].copy(), slide[left].copy()) > 28, "the slide is the picture"
    head = picture[460:500, 940:980].reshape(-1, 3).mean(axis=0)
    assert np.allclose(head, (150, 180, 230), atol=25), f"and the speaker stands before it, not {head}"
    blue, green, red = (picture[..., n].astype(int) for n in range(3))
    assert ((green > red + 40) & (green > blue + 40)).mean() < 0.002, "and nothing of the wall is left"

    s3_store.open_to_readers()
    published = release(folder, s3_store, name="keyed")
    audit(published, s3_store, read_back=True)
    watching = watch(published.page, ready=False)
    watching.until("v.readyState >= 3 && !!customElements.get('media-controller')")
    watching.page.click("#big-play")
    watching.until("!v.paused && v.currentTime > 0.8")

    again = flipcast("process", "keyed", "--captions", "off", "--layout", "keyed", "--behind", "#203040")

    assert again.status == 0, again.err
    assert lectures.read(folder).keyed[0].behind == "colour"
    (picture,) = shown_at(folder / lectures.read(folder).download, SECONDS / 2)
    corner = picture[40:80, 40:80].reshape(-1, 3).mean(axis=0)
    assert np.allclose(corner, (0x40, 0x30, 0x20), atol=6), "another background needs no other recording"
