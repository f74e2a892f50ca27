"""How far a matte, and the picture made with it, lie from the truth.

Each measure is written to its source and takes alphas as floats from 0 to 1. SAD, MSE and Grad: Rhemann, Rother, Wang,
Gelautz, Kohli, Rott, "A Perceptually Motivated Online Benchmark for Image Matting" (CVPR 2009). dtSSD: Erofeev,
Gitman, Vatolin, Fedorov, Wang, "Perceptually Motivated Benchmark for Video Matting" (BMVC 2015). CIEDE2000: Sharma, Wu,
Dalal, "The CIEDE2000 Color-Difference Formula" (2005). Rhemann counts within a trimap; here the whole picture is
unknown, since a hole in a shirt counts as much as a torn edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tests.benchmarks.light import LINEAR, over

SIGMA = 1.4
"""Pixels: the width of the Gaussian derivative that Rhemann et al. use for Grad."""

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)  # D65, as sRGB has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one way of keying reached on one clip. Means over its frames."""

    sad: float
    """Thousands: sum of absolute differences of alpha."""

    mse: float
    """Thousandths: mean squared difference of alpha."""

    grad: float
    """Thousands: sum of squared differences between the gradients' lengths."""

    dtssd: float
    """Hundredths: dtSSD over the root of the number of pixels, so that sizes can be compared."""

    edge: float
    """CIEDE2000 of the composite, mean over the edge band."""

    psnr: float
    """Decibels, of the composite; from the squared error of all frames together."""


def score(
    alphas: Sequence[np.ndarray],
    composites: Sequence[np.ndarray],
    *,
    true_alphas: Sequence[np.ndarray],
    foregrounds: Sequence[np.ndarray],
    background: np.ndarray,
) -> Score:
    """Measure *alphas* and *composites* against what was drawn.

    Args:
        alphas: uint8, or floats from 0 to 1.
        composites: blue-green-red uint8, the keyed speaker over *background*.
        foregrounds: true, linear light, premultiplied.
    """
    sads, mses, grads, flickers, edges, errors = [], [], [], [], [], []
    before: tuple[np.ndarray, np.ndarray] | None = None
    for given, composite, truth, foreground in zip(alphas, composites, true_alphas, foregrounds, strict=True):
        alpha = as_float(given)
        wanted = over(foreground, truth, background)
        sads.append(sad(alpha, truth))
        mses.append(mse(alpha, truth))
        grads.append(grad(alpha, truth))
        if before is not None:
            flickers.append(dtssd(before[0], alpha, before[1], truth) / truth.size**0.5)
        edges.append(edge_difference(composite, wanted, truth))
        errors.append(float(np.mean((composite.astype(np.float32) - wanted) ** 2)))
        before = alpha, truth
    return Score(
        sad=float(np.mean(sads)) / 1e3,
        mse=float(np.mean(mses)) * 1e3,
        grad=float(np.mean(grads)) / 1e3,
        dtssd=float(np.mean(flickers)) * 1e2 if flickers else 0.0,
        edge=float(np.mean(edges)),
        psnr=_decibels(float(np.mean(errors))),
    )


def as_float(alpha: np.ndarray) -> np.ndarray:
    """An alpha as floats from 0 to 1, whatever it came as."""
    return alpha.astype(np.float32) / 255 if alpha.dtype == np.uint8 else alpha.astype(np.float32, copy=False)


def sad(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Sum of absolute differences."""
    return float(np.abs(alpha - truth).sum(dtype=np.float64))


def mse(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared difference."""
    return float(np.square(alpha - truth).mean(dtype=np.float64))


def grad(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Sum of squared differences between the lengths of both gradients, each by first-order Gaussian derivatives."""
    return float(np.square(steepness(alpha) - steepness(truth)).sum(dtype=np.float64))


def steepness(alpha: np.ndarray) -> np.ndarray:
    """Length of the gradient at each pixel."""
    smooth, slope = _derivative(SIGMA)
    alpha = np.ascontiguousarray(alpha, np.float32)
    across = cv2.sepFilter2D(alpha, cv2.CV_32F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(alpha, cv2.CV_32F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    return cv2.magnitude(across, down)


def dtssd(before: np.ndarray, now: np.ndarray, true_before: np.ndarray, true_now: np.ndarray) -> float:
    """Root of the summed squared difference between both changes from one frame to the next: what flickers."""
    return float(np.square((now - before) - (true_now - true_before)).sum(dtype=np.float64) ** 0.5)


def edge_band(truth: np.ndarray) -> np.ndarray:
    """Where alpha is neither empty nor full, and two thousandths of the picture's height around it."""
    soft = ((truth > 0.02) & (truth < 0.98)).astype(np.uint8)
    reach = max(1, round(truth.shape[0] / 500))
    return cv2.dilate(soft, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)).astype(bool)


def edge_difference(composite: np.ndarray, wanted: np.ndarray, truth: np.ndarray) -> float:
    """Mean CIEDE2000 between two pictures in the edge band of *truth*; 0.0 where there is no edge."""
    band = edge_band(truth)
    if not band.any():
        return 0.0
    return float(ciede2000(lab(composite[band]), lab(wanted[band])).mean())


def psnr(picture: np.ndarray, wanted: np.ndarray) -> float:
    """Decibels between two uint8 pictures."""
    return _decibels(float(np.mean((picture.astype(np.float32) - wanted.astype(np.float32)) ** 2)))


def lab(pixels: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of blue-green-red uint8 pixels, ``(n, 3)``."""
    ratio = LINEAR[pixels][:, ::-1].astype(np.float64) @ _TO_XYZ.T / _WHITE
    curve = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = curve.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def ciede2000(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Colour differences between rows of L*, a*, b*, with all three weights at 1."""
    (l1, a1, b1), (l2, a2, b2) = one.T, other.T
    mean_c7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean_c7 / (mean_c7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    turn = np.where((turn == -180) & ~grey, 180, turn)
    d_l, d_c, d_h = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)

    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    mean_h = (h1 + h2) / 2
    apart = np.abs(h1 - h2) > 180
    mean_h = np.where(apart, np.where(h1 + h2 < 360, mean_h + 180, mean_h - 180), mean_h)
    mean_h = np.where(grey, h1 + h2, mean_h)
    t = (
        1
        - 0.17 * np.cos(np.radians(mean_h - 30))
        + 0.24 * np.cos(np.radians(2 * mean_h))
        + 0.32 * np.cos(np.radians(3 * mean_h + 6))
        - 0.20 * np.cos(np.radians(4 * mean_h - 63))
    )
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    twist = 2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    twist = -twist * np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2))))
    l_, c_, h_ = d_l / s_l, d_c / s_c, d_h / s_h
    return np.sqrt(np.maximum(0, l_**2 + c_**2 + h_**2 + twist * c_ * h_))


def _derivative(sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """A Gaussian and its slope, cut where the Gaussian falls under a hundredth, together of unit energy."""
    half = int(np.ceil(sigma * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * sigma * 0.01))))
    at = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(at**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    slope = at * smooth / sigma**2
    return smooth / np.sqrt((smooth**2).sum()), slope / np.sqrt((slope**2).sum())


def _decibels(error: float) -> float:
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
