"""Rims of what was cut free: in the speaker's own colours, whatever the camera did to the screen's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from greenscreen import plate
from greenscreen.clothes import Clothes
from greenscreen.keyer import Keyer
from greenscreen.light import DECODE
from tests.greenscreen.test_keyer import BLUE, GREEN, SIZE, studio

NAVY, BROWN, PURPLE = (62, 40, 34), (34, 40, 46), (150, 50, 130)


def filmed(picture: np.ndarray, seed: int) -> np.ndarray:
    """As a thrifty camera gives it: brightness is sharp, colour a fourth of the size."""
    tones = cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb)
    small = cv2.resize(tones[..., 1:], None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    tones[..., 1:] = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    noise = np.random.default_rng(seed).normal(0, 1.5, picture.shape)
    return (cv2.cvtColor(tones, cv2.COLOR_YCrCb2BGR) + noise).clip(0, 255).astype(np.uint8)


def purple(screen: tuple[int, int, int], clothes: tuple[int, int, int]) -> float:
    """By how much more than the speaker a rim falls short of the screen's colour, in the mean: linear light."""
    empty = plate.take([filmed(studio(screen, speaker=False, seed=n), n) for n in range(12)])
    whole = studio(screen, speaker=False, seed=50)
    cv2.ellipse(whole, (320, 330), (90, 170), 0, 0, 360, clothes, -1, cv2.LINE_AA)
    cv2.line(whole, (150, 120), (280, 260), clothes, 9, cv2.LINE_AA)
    with Keyer(plate=empty) as keyer:
        for seed in range(6):
            keyed = keyer.key(filmed(whole, 100 + seed))
    key = 1 if screen == GREEN else 0
    light, own = DECODE[keyed.foreground], DECODE[np.array(clothes, np.uint8)]
    lack = np.mean(np.delete(light, key, axis=2), axis=2) - light[..., key]
    rim = (keyed.alpha > 64) & (cv2.erode(keyed.alpha, np.ones((9, 9), np.uint8)) < 250)
    return float(np.maximum(0, lack - max(0, np.mean(np.delete(own, key)) - own[key]))[rim].mean())


def anything(clothes: Clothes, blocks: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Instead of how far the speaker's light falls short: it may do so as far as it likes, and nothing is mended."""
    return np.ones(solid.shape, np.float32)


@pytest.mark.parametrize(("screen", "clothes"), [(GREEN, NAVY), (BLUE, BROWN)], ids=["green", "blue"])
def test_rims_of_dark_clothes_do_not_turn_purple(
    screen: tuple[int, int, int], clothes: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
):
    """Nor yellow, before a blue screen: where the camera's colour is blurred, too much of the screen's is taken off."""
    mended = purple(screen, clothes)
    monkeypatch.setattr(Clothes, "_lacking", anything)
    left = purple(screen, clothes)

    assert left > 0.003
    assert mended < 0.5 * left


def test_purple_clothes_stay_purple_up_to_their_rims(monkeypatch: pytest.MonkeyPatch):
    """What the speaker wears is known from deep inside."""
    empty = plate.take([studio(speaker=False, seed=n) for n in range(12)])
    whole = studio(speaker=False, seed=50)
    cv2.ellipse(whole, (320, 330), (90, 170), 0, 0, 360, PURPLE, -1, cv2.LINE_AA)
    off = []
    for _ in range(2):
        with Keyer(plate=empty) as keyer:
            for _ in range(6):
                keyed = keyer.key(whole)
        rim = (keyed.alpha > 128) & (cv2.erode(keyed.alpha, np.ones((9, 9), np.uint8)) < 250)
        assert rim.sum() > 2000
        off.append(np.abs(keyed.foreground[rim].astype(int) - PURPLE).mean())
        monkeypatch.setattr(Clothes, "_lacking", anything)
    mended, left = off

    assert mended < min(left, 4)


def test_a_veil_in_strong_light_is_seen_through():
    """Pale cloth, lit as brightly as the camera can show, hides a part of the screen and not all of it."""
    empty = plate.take([studio(speaker=False, seed=n) for n in range(12)])
    screen = DECODE[studio(speaker=False, seed=60)]
    cover = np.zeros(SIZE, np.float32)
    cover[80:300, 180:460] = 0.5
    cover = cv2.GaussianBlur(cover, (0, 0), 1)[..., None]
    light = cover * np.float32([0.95, 1.0, 0.95]) + (1 - cover) * screen
    veiled = np.searchsorted(DECODE, np.minimum(light, 1)).clip(0, 255).astype(np.uint8)
    with Keyer(plate=empty) as keyer:
        for _ in range(6):
            alpha = keyer.key(veiled).alpha
    inside = alpha[100:280, 200:440]

    assert alpha.shape == SIZE
    assert 0.25 * 255 < inside.mean() < 0.75 * 255
    assert (inside > 250).mean() < 0.02
