"""Where a speaker stands, and what stands behind."""

import cv2
import numpy as np
import pytest

from greenscreen.composite import Placing, blurred, fitted, place, plain
from greenscreen.errors import GreenscreenError, PictureUnusable
from greenscreen.keyer import By, Keyed, Keyer
from tests.benchmarks import footage

WHITE = (255, 255, 255)


def cut_out(size: tuple[int, int] = (160, 90), colour: tuple[int, int, int] = (40, 60, 200)) -> Keyed:
    """A block of one colour in the left half, lower half, with a soft edge."""
    alpha = np.zeros(size[::-1], np.uint8)
    alpha[size[1] // 2 :, : size[0] // 2] = 255
    alpha = cv2.blur(alpha, (5, 5))
    foreground = np.zeros((*alpha.shape, 3), np.uint8)
    foreground[alpha > 0] = colour
    return Keyed(alpha=alpha, foreground=foreground, by=By.SCREEN)


def test_laying_over_at_once_and_cutting_free_first_agree():
    """Live and afterwards must look the same."""
    clip = footage.take("spectacles", seed=4, size=(640, 360), length=2, empty=2)
    with Keyer() as one, Keyer() as other:
        for frame in clip.frames:
            at_once, in_two = one.over(frame, clip.background), place(other.key(frame), clip.background)

    difference = np.abs(at_once.astype(int) - in_two)
    assert difference.mean() < 0.2
    assert np.percentile(difference, 99.5) <= 8


def test_neither_the_picture_nor_the_background_is_written_to():
    """Frames are shared with the recorder, which is writing them to disk."""
    clip = footage.take("plain", seed=4, size=(320, 180), length=1, empty=2)
    frame, behind = clip.frames[0].copy(), clip.background.copy()
    frame.flags.writeable = behind.flags.writeable = False
    with Keyer() as keyer:
        place(keyer.key(frame), behind, Placing(height=0.5, shadow=0.5))
        keyer.over(frame, behind)
        keyer.over(np.dstack([frame, frame[..., :1]]), behind)  # with alpha, as a screen gives it

    assert np.array_equal(frame, clip.frames[0])
    assert np.array_equal(behind, clip.background)


def test_a_small_speaker_stands_in_the_corner_that_was_asked_for():
    """The usual layout: slides with somebody at the lower right."""
    shown = place(cut_out(), plain(WHITE, (320, 180)), Placing(across=0.75, height=0.5))
    touched = np.argwhere((shown != 255).any(axis=2))

    assert touched.min(axis=0).tolist() == pytest.approx([133, 160], abs=3)
    assert touched.max(axis=0).tolist() == pytest.approx([179, 241], abs=3)


def test_mirrored_means_left_is_right():
    """Presenters point at what they see."""
    shown = place(cut_out(), plain(WHITE, (160, 90)), Placing(mirrored=True))

    assert (shown[80, 20] == 255).all()
    assert not (shown[80, 140] == 255).all()


def test_what_is_cropped_is_gone_and_the_rest_keeps_its_shape():
    """A lamp stand at the edge of the picture."""
    whole = place(cut_out(), plain(WHITE, (160, 90)), Placing(crop=(0.5, 0, 0, 0)))
    assert (whole == 255).mean() > 0.97


def test_a_speaker_may_stand_partly_or_wholly_outside():
    """Sliders go further than pictures."""
    for across in (-2.0, -0.2, 0.0, 1.0, 1.2, 3.0):
        for bottom in (-1.0, 0.2, 1.6, 4.0):
            shown = place(cut_out(), plain(WHITE, (160, 90)), Placing(across=across, bottom=bottom, shadow=0.7))
            assert shown.shape == (90, 160, 3)


def test_a_shadow_darkens_what_is_behind_and_not_the_speaker():
    """It takes the speaker off the slide."""
    bare = place(cut_out(), plain(WHITE, (320, 180)), Placing(height=0.9))
    shaded = place(cut_out(), plain(WHITE, (320, 180)), Placing(height=0.9, shadow=0.8))
    body = (bare == (40, 60, 200)).all(axis=2)

    assert shaded.astype(int).sum() < bare.astype(int).sum()
    assert np.array_equal(bare[body], shaded[body])


def test_soft_edges_mix_as_light():
    """Half black on white is half the light, which is code value 188, not 128."""
    half = Keyed(alpha=np.full((20, 20), 128, np.uint8), foreground=np.zeros((20, 20, 3), np.uint8), by=By.SCREEN)
    assert place(half, plain(WHITE, (20, 20)))[10, 10, 0] == pytest.approx(187, abs=1)


def test_a_picture_is_fitted_without_being_stretched():
    """A portrait photograph behind a landscape lecture."""
    picture = np.zeros((400, 200, 3), np.uint8)
    cv2.circle(picture, (100, 200), 50, WHITE, -1)
    shown = fitted(picture, (320, 180))
    rows, columns = np.where(shown[..., 0] > 128)

    assert shown.shape == (180, 320, 3)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    with pytest.raises(PictureUnusable):
        fitted(np.zeros((0, 4, 3), np.uint8), (10, 10))


def test_a_blurred_room_has_no_ghost_of_the_speaker():
    """A plain blur leaves a halo of shirt around the shirt."""
    room = np.full((180, 320, 3), 90, np.uint8)
    keyed = cut_out((320, 180), (0, 0, 255))
    room[keyed.alpha > 0] = (0, 0, 255)
    shown = blurred(room, keyed)

    assert np.abs(shown[keyed.alpha == 0].astype(int) - 90).max() < 12


def test_a_background_of_another_size_is_refused_with_a_way_out():
    """Stretching silently is not what anybody meant."""
    with Keyer() as keyer, pytest.raises(PictureUnusable, match="fitted"):
        keyer.over(np.zeros((90, 160, 3), np.uint8), np.zeros((45, 80, 3), np.uint8))


@pytest.mark.parametrize(
    "wrong", [{"height": 0.0}, {"shadow": 2.0}, {"crop": (0.6, 0, 0.5, 0)}, {"crop": (-1, 0, 0, 0)}]
)
def test_placings_that_cannot_be_are_refused(wrong):
    """A typing error must not make an empty video."""
    with pytest.raises(GreenscreenError):
        Placing(**wrong)
