"""The AV1 rung: made beside H.264, and taken by a browser that decodes it without effort."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from process import lecture
from process.ladder import Ladder


@pytest.fixture(scope="module")
def modern(film, make, tmp_path_factory) -> Path:
    """A lecture of 8 s with an AV1 rung."""
    source = film(
        "slides.mp4",
        *("-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=8"),
        *("-f", "lavfi", "-i", "sine=duration=8", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
    )
    folder = tmp_path_factory.mktemp("av1")
    make(source, folder, ladder=Ladder(av1=True, copy_source=False))
    return folder / "lecture"


def test_an_av1_rung_is_smaller_at_the_same_quality(modern):
    """That is what it is for."""
    best, plain = lecture.read(modern).renditions[:2]

    assert (best.name, plain.name) == ("360p-av1", "360p")
    assert best.codecs.startswith("av01.")
    assert best.size_bytes < 0.75 * plain.size_bytes
    assert best.ssim > plain.ssim - 0.005
    with av.open(str(modern / best.file)) as container:
        assert len(list(container.decode(video=0))) == 200


def test_a_browser_that_can_takes_av1(modern, watch, serve):
    """Half the bytes help nobody while nobody fetches them."""
    watching = watch(serve(modern))
    watching.page.click("#big-play")
    watching.until("v.currentTime > 2")
    watching.until("v.currentTime > 4.5")

    assert any("v360p-av1.mp4" in address for address in watching.asked)
