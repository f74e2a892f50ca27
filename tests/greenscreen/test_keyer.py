"""A speaker cut free: what must hold whatever the picture."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from greenscreen import plate
from greenscreen.keyer import By, Keyer

SIZE = (360, 640)
GREEN, BLUE = (60, 170, 50), (170, 70, 40)
CLOTHES = (60, 50, 150)


def studio(colour: tuple[int, int, int] = GREEN, *, speaker: bool = True, seed: int = 1) -> np.ndarray:
    """A screen that is brighter on the left, somebody before it, and the noise of a camera."""
    light = np.linspace(1.15, 0.75, SIZE[1])[None, :, None]
    picture = np.ones((*SIZE, 3)) * colour * light
    if speaker:
        cv2.ellipse(picture, (320, 330), (90, 170), 0, 0, 360, CLOTHES, -1, cv2.LINE_AA)
    noisy = picture + np.random.default_rng(seed).normal(0, 2, picture.shape)
    return noisy.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def keyer() -> Iterator[Keyer]:
    """Without a plate."""
    with Keyer() as opened:
        yield opened


@pytest.mark.parametrize("colour", [GREEN, BLUE], ids=["green", "blue"])
def test_the_speaker_stays_and_the_screen_goes(colour: tuple[int, int, int]):
    """That is all of it; the screen may be of either colour, and unevenly lit."""
    empty = plate.take([studio(colour, speaker=False, seed=seed) for seed in range(30)])
    with Keyer(plate=empty) as keyer:
        for seed in range(5):
            keyed = keyer.key(studio(colour, seed=100 + seed))

    assert keyed.by == By.PLATE
    assert keyed.alpha[300, 320] == 255
    assert keyed.alpha[:100].max() <= 8
    assert keyed.alpha[200:, :150].max() <= 8


def test_without_a_plate_the_screen_is_learnt_from_the_frames(keyer: Keyer):
    """Nobody has to step out of the picture for a quick lecture."""
    for seed in range(12):
        keyed = keyer.key(studio(seed=seed))

    assert keyed.by == By.SCREEN
    assert keyed.alpha[300, 320] == 255
    assert np.mean(keyed.alpha[:100]) < 4


@pytest.mark.parametrize(("gap", "start"), [(8, 0), (16, 4)])
def test_between_fingers_the_screen_is_seen(gap: int, start: int):
    """Narrow things between narrow gaps are not taken for screen, though all around is: they may be as bright."""
    along = np.arange(SIZE[1])
    fingers = ((along + start) // gap % 3 < 2) & (np.abs(along - 320) < 60)
    hand = studio(speaker=False).astype(np.float32)
    hand[120:300, fingers] = 148
    empty = plate.take([studio(speaker=False, seed=seed) for seed in range(9)])
    with Keyer(plate=empty) as keyer:
        for seed in range(4):
            noise = np.random.default_rng(100 + seed).normal(0, 2, hand.shape)
            alpha = keyer.key((hand + noise).clip(0, 255).astype(np.uint8)).alpha[140:280, 270:370]

    assert alpha[:, fingers[270:370]].mean() > 0.9 * 255
    assert alpha[:, ~fingers[270:370]].mean() < 0.06 * 255


def test_the_speaker_stands_in_front_of_what_was_chosen(keyer: Keyer):
    """The background shows where the screen was, and the clothes keep their colour."""
    behind = np.full((*SIZE, 3), (200, 150, 30), np.uint8)
    for seed in range(12):
        shown = keyer.over(studio(seed=seed), behind)

    assert np.abs(shown[40:80, 40:600].astype(int) - behind[40:80, 40:600]).mean() < 4
    assert np.abs(shown[290:310, 310:330].astype(int).mean((0, 1)) - CLOTHES).max() < 8


@pytest.mark.parametrize("picture", ["white", "black", "grey", "small", "portrait", "four to three"])
def test_whatever_comes_gives_a_picture_of_its_own_size(keyer: Keyer, picture: str):
    """A live picture that stops with an error would take the class with it."""
    sizes = {"small": (90, 160), "portrait": (640, 360), "four to three": (480, 640)}
    height, width = sizes.get(picture, SIZE)
    frame = {
        "white": np.full((*SIZE, 3), 255, np.uint8),
        "black": np.zeros((*SIZE, 3), np.uint8),
        "grey": np.repeat(cv2.cvtColor(studio(), cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2),
    }.get(picture, cv2.resize(studio(), (width, height)))

    keyed = keyer.key(frame)
    shown = keyer.over(frame, np.zeros_like(frame))

    assert keyed.alpha.shape == frame.shape[:2]
    assert shown.shape == frame.shape
