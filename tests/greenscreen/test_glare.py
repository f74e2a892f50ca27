"""The screen's light that lies over all of the speaker is taken away, and never more than there can be."""

import numpy as np
import pytest

from greenscreen import glare, plate
from greenscreen.key import Key
from greenscreen.keyer import Keyer
from tests.benchmarks import footage
from tests.benchmarks.light import over

SCREEN = np.float32([0.05, 0.4, 0.04])
HALF = np.float32(np.arange(800).reshape(20, 40) % 40 < 20)


def seen(black: float) -> np.ndarray:
    """The glare where the left half of a picture is speaker, of whom the darkest is *black* times the screen."""
    lights = np.full((3, 20, 40), 0.2, np.float32)
    lights[:, :, :3] = black * SCREEN[:, None, None]
    now = np.broadcast_to(SCREEN, (20, 40, 3))
    light = glare.glare(lights, now, HALF, HALF > 0)
    assert light is not None
    return light


def test_it_has_the_colour_of_the_screen_and_its_share_of_the_picture():
    """Half the picture is screen, so it is half of what a whole screen would throw."""
    assert seen(0.5) == pytest.approx(glare.SHARE * SCREEN / 2, rel=1e-4)


def test_what_is_black_leaves_no_room_for_it():
    """What was black comes out black, not less."""
    assert seen(0.002) == pytest.approx(glare.ROOM * 0.002 * SCREEN, rel=1e-4)
    assert not seen(0).any()


def test_of_too_little_of_a_speaker_it_is_not_told():
    """An empty picture does not change what was known."""
    nobody, now = np.zeros((20, 40), np.float32), np.broadcast_to(SCREEN, (20, 40, 3))
    assert glare.glare(np.zeros((3, 20, 40), np.float32), now, nobody, nobody > 0) is None


def test_bytes_stay_where_nothing_is_taken_and_never_fall_below_black():
    """Of what is bright hardly anything is taken."""
    assert (glare.without(np.zeros(3, np.float32)) == np.arange(256)).all()
    taken = glare.without(np.float32([0.001, 0.004, 0.001]))
    assert taken[1, 0] == 0
    assert taken[1, 30] < 28
    assert taken[1, 12] >= 6  # were there no glare after all, no dark thing may turn black in one colour alone
    assert taken[1, 255] >= 254


@pytest.mark.parametrize("wanted", [1.0, 0.0])
def test_dark_clothes_come_nearer_to_their_own_colour(monkeypatch: pytest.MonkeyPatch, wanted: float):
    """Unless the screen's light is to stay on the speaker."""
    clip = footage.take("motion", seed=1, size=(640, 360), length=3, empty=6)
    truth = over(clip.foregrounds[-1], clip.alphas[-1], clip.background)
    errors = []
    for share in (0.0, glare.SHARE):
        monkeypatch.setattr(glare, "SHARE", share)
        with Keyer(Key(spill=wanted), plate=plate.take(clip.plate_frames)) as keyer:
            shown = [keyer.over(frame, clip.background) for frame in clip.frames][-1]
        inside = clip.alphas[-1] > 0.996
        errors.append(np.square(shown[inside].astype(float) - truth[inside]).mean())

    assert errors[1] < 0.9 * errors[0] if wanted else errors[1] == errors[0]
