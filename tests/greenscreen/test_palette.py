"""The speaker's colours are remembered as they are, and nothing is learnt from next to nothing."""

import numpy as np
import pytest

from greenscreen.facts import FACTS, KAPPA, VERDICTS
from greenscreen.key import GREEN
from greenscreen.light import brightness, decoded
from greenscreen.palette import OWN, SHADES, Palette, own_step_of, shade_of

ROWS, COLUMNS = 24, 30
SKIN, SHIRT, HAIR = (110, 140, 200), (150, 60, 40), (20, 24, 30)
SCREEN = decoded(np.uint8([[60, 170, 50]]))[0]


def learn(palette: Palette, *colours: tuple[int, int, int], light: float = 1.0, solid: int = ROWS * COLUMNS) -> None:
    """Show a speaker in vertical stripes of these *colours*, of which so many blocks are solid."""
    stripes = np.array(colours)[np.arange(COLUMNS) * len(colours) // COLUMNS]
    blocks = np.broadcast_to((stripes * light).astype(np.uint8), (ROWS, COLUMNS, 3))
    facts, verdict = np.zeros((FACTS, ROWS, COLUMNS), np.float32), np.zeros((VERDICTS, ROWS, COLUMNS), np.float32)
    facts[:3] = decoded(blocks).transpose(2, 0, 1)
    now = np.broadcast_to(SCREEN, (ROWS, COLUMNS, 3)).astype(np.float32)
    stands = now[..., 1] - (now[..., 0] + now[..., 2]) / 2
    verdict[KAPPA] = (facts[1] - (facts[0] + facts[2]) / 2) / stands
    mask = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) < solid
    half = np.kron(blocks, np.ones((4, 4, 1), np.uint8))
    palette.learn(half, mask, facts=facts, verdict=verdict, now=now, channels=GREEN)


def nearest(palette: Palette, colour: tuple[int, int, int], light: float = 1.0) -> tuple[float, int]:
    """How far the nearest light is from that of a *colour*, and its place."""
    off = np.abs(palette.lights - decoded(np.uint8([np.multiply(colour, light)]))).sum(1)
    return float(off.min()), int(off.argmin())


def test_every_colour_of_the_speaker_is_there():
    """Skin at the end of a sleeve is not the sleeve's."""
    palette = Palette()
    learn(palette, SKIN, SHIRT, HAIR)

    assert all(nearest(palette, colour)[0] < 0.01 for colour in (SKIN, SHIRT, HAIR))
    assert palette.shades[shade_of(*np.uint8(SKIN))] > 0.9
    assert palette.shades[shade_of(*np.uint8((60, 170, 50)))] == 0


def test_the_light_of_the_screen_on_a_rim_changes_a_shade_but_not_its_own_light():
    """So a rim is known for what it is."""
    palette = Palette()
    learn(palette, SHIRT)
    stands = SCREEN[1] - (SCREEN[0] + SCREEN[2]) / 2
    usual = []
    for spill in (0, 0.3):
        light = decoded(np.uint8([SHIRT]))[0] + spill * SCREEN
        held = (light[1] - (light[0] + light[2]) / 2) / stands
        own = (light - held * SCREEN) / brightness(SCREEN)
        third, red = int(own_step_of(own[0])), int(own_step_of(own[2]))
        usual.append((palette.own[0, third * OWN + red], held - palette.own[1, third * OWN + red]))

    assert usual[0][0] == pytest.approx(usual[1][0], abs=0.2)
    assert usual[0][0] > 0.9
    assert usual[1][1] == pytest.approx(0.3, abs=0.03)  # what it holds more than it does deep inside


def test_colours_follow_the_light_and_keep_their_places():
    """Nothing that is compared with them jumps."""
    palette = Palette()
    learn(palette, SKIN, SHIRT, HAIR)
    places = [nearest(palette, colour)[1] for colour in (SKIN, SHIRT, HAIR)]
    for step in range(1, 9):
        learn(palette, SKIN, SHIRT, HAIR, light=1 - 0.02 * step)

    found = [nearest(palette, colour, light=0.84) for colour in (SKIN, SHIRT, HAIR)]
    assert max(off for off, _ in found) < 0.02
    assert [place for _, place in found] == places


def test_of_next_to_nothing_nothing_is_learnt():
    """A hand that comes into the picture is not all there is of a speaker."""
    palette = Palette()
    learn(palette, SKIN, solid=10)

    assert not palette.lights.any()
    assert not palette.shades.any()
    assert palette.shades.size == SHADES**3
