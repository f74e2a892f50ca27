"""Where the speaker is in the picture, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest

from greenscreen.framing import judged


def somebody(left: int, top: int, right: int, bottom: int = 144) -> np.ndarray:
    """A mask of a person, as large as the model's."""
    mask = np.zeros((144, 256), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_who_stands_well_hears_nothing():
    """Advice that is always there is read by nobody."""
    framing = judged(somebody(90, 20, 166))

    assert framing.says == ()
    assert framing.box == pytest.approx((90 / 256, 20 / 144, 166 / 256, 1.0))


@pytest.mark.parametrize(
    ("mask", "word"),
    [
        (somebody(90, 0, 166), "head is cut off"),
        (somebody(0, 20, 80), "left"),
        (somebody(176, 20, 256), "right"),
        (somebody(0, 20, 256), "step back"),
        (somebody(110, 104, 146), "small"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(mask: np.ndarray, word: str):
    """A head that is cut off is seen only afterwards, by the students."""
    (said,) = judged(mask).says

    assert word in said
    assert ": " in said


def test_an_arm_may_leave_the_picture():
    """Whoever points at something beside them stands well."""
    mask = somebody(90, 20, 166)
    mask[100:110, 166:256] = True

    assert judged(mask).says == ()


def test_nobody_is_nobody():
    """A hand at the border is no speaker."""
    assert judged(somebody(0, 140, 20)).box is None
    assert judged(np.zeros((144, 256), bool)).says == ()


def test_a_sliver_at_the_edge_is_judged_without_a_fault():
    """Masks of a model are odd now and then."""
    mask = np.zeros((144, 256), bool)
    mask[:, 255] = True
    mask[:, 254] = True

    judged(mask)
