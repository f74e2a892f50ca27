"""The measures of the keying benchmark give the values that their authors print, or that paper and pencil give."""

import cv2
import numpy as np
import pytest

from tests.benchmarks import light, matting

SHARMA = """
50.0000 2.6772 -79.7751  50.0000 0.0000 -82.7485  2.0425
50.0000 3.1571 -77.2803  50.0000 0.0000 -82.7485  2.8615
50.0000 2.8361 -74.0200  50.0000 0.0000 -82.7485  3.4412
50.0000 -1.3802 -84.2814  50.0000 0.0000 -82.7485  1.0000
50.0000 0.0000 0.0000  50.0000 -1.0000 2.0000  2.3669
50.0000 2.4900 -0.0010  50.0000 -2.4900 0.0009  7.1792
50.0000 2.5000 0.0000  73.0000 25.0000 -18.0000  27.1492
50.0000 2.5000 0.0000  61.0000 -5.0000 29.0000  22.8977
50.0000 2.5000 0.0000  56.0000 -27.0000 -3.0000  31.9030
50.0000 2.5000 0.0000  58.0000 24.0000 15.0000  19.4535
60.2574 -34.0099 36.2677  60.4626 -34.1751 39.4387  1.2644
63.0109 -31.0961 -5.8663  62.8187 -29.7946 -4.0864  1.2630
2.0776 0.0795 -1.1350  0.9033 -0.0636 -0.5514  0.9082
"""
"""Pairs of colours and their difference, from the table that Sharma, Wu and Dalal publish for testing."""


@pytest.fixture
def disc() -> np.ndarray:
    """A soft disc, as an alpha."""
    y, x = np.mgrid[:90, :120]
    return np.clip(30.5 - np.hypot(y - 45, x - 60), 0, 1).astype(np.float32)


@pytest.mark.parametrize("row", SHARMA.split("\n")[1:-1])
def test_ciede2000_gives_the_published_values(row):
    """A colour difference that nobody else computes the same way compares with nothing."""
    values = np.array(row.split(), float)

    found = matting.ciede2000(values[None, :3], values[None, 3:6])[0]

    assert found == pytest.approx(values[6], abs=5e-5)
    assert matting.ciede2000(values[None, 3:6], values[None, :3])[0] == pytest.approx(values[6], abs=5e-5)


def test_lab_of_white_grey_and_pure_green():
    """Known places of sRGB in CIELAB."""
    pixels = np.array([[255, 255, 255], [119, 119, 119], [0, 255, 0]], np.uint8)

    found = matting.lab(pixels)

    assert found[0] == pytest.approx([100, 0, 0], abs=0.02)
    assert found[1] == pytest.approx([50.03, 0, 0], abs=0.02)
    assert found[2] == pytest.approx([87.73, -86.18, 83.18], abs=0.05)


def test_a_perfect_matte_has_no_error(disc):
    """Zero must be zero, or every ratio is skewed."""
    foreground = np.repeat(disc[..., None] * 0.5, 3, axis=2)
    background = np.full((90, 120, 3), 40, np.uint8)
    picture = light.over(foreground, disc, background)

    found = matting.score(
        [disc, disc], [picture] * 2, true_alphas=[disc] * 2, foregrounds=[foreground] * 2, background=background
    )

    errors = (found.sad, found.mse, found.grad, found.dtssd, found.edge)
    assert errors == pytest.approx((0, 0, 0, 0, 0), abs=1e-9)
    assert found.psnr == float("inf")


def test_sad_and_mse_of_an_even_error():
    """A tenth off everywhere: the sum counts pixels, the mean does not."""
    truth = np.full((20, 30), 0.5, np.float32)

    assert matting.sad(truth + 0.1, truth) == pytest.approx(60, rel=1e-4)
    assert matting.mse(truth + 0.1, truth) == pytest.approx(0.01, rel=1e-4)


def test_grad_does_not_see_an_even_error_but_sees_a_lost_edge(disc):
    """What Grad adds to SAD is just this."""
    assert matting.grad(disc * 0 + 0.3, disc * 0) == pytest.approx(0, abs=1e-6)
    assert matting.grad(cv2.blur(disc, (9, 9)), disc) > 1


def test_the_gradient_of_a_ramp_is_that_of_the_reference_filter():
    """A ramp of one hundredth a pixel: the 2-D filter is scaled to unit energy, so its response is computable."""
    ramp = np.tile(np.arange(60, dtype=np.float32) / 100, (40, 1))
    at = np.arange(-4, 5)
    gauss = np.exp(-(at**2) / (2 * 1.4**2)) / (1.4 * np.sqrt(2 * np.pi))
    kernel = np.outer(gauss, at * gauss / 1.4**2)
    kernel /= np.sqrt((kernel**2).sum())
    expected = abs((kernel * (at / 100)[None, :]).sum())

    assert matting.steepness(ramp)[20, 30] == pytest.approx(expected, rel=1e-4)


def test_dtssd_sees_flicker_and_forgives_a_standing_error(disc):
    """A constant hole is ugly, a trembling one is worse; this measure is for the second."""
    assert matting.dtssd(disc * 0.8, disc * 0.8, disc, disc) == pytest.approx(0, abs=1e-4)
    assert matting.dtssd(disc * 0, disc * 0 + 0.1, disc, disc) == pytest.approx(0.1 * disc.size**0.5, rel=1e-4)


def test_psnr_of_one_code_value_is_48_decibels():
    """20 log10 255."""
    picture = np.full((8, 8, 3), 100, np.uint8)

    assert matting.psnr(picture, picture + 1) == pytest.approx(48.13, abs=0.01)


def test_light_survives_the_way_to_code_values_and_back():
    """The table behind the curve must not add errors of its own."""
    ramp = np.linspace(0, 1, 5001)

    assert np.abs(light.encode(ramp) - light.encode_exactly(ramp)).max() < 2e-5
    assert np.array_equal(light.to_bytes(light.LINEAR), np.arange(256))
