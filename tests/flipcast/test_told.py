"""What pages are told of a recorder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flipcast import told
from tests.flipcast.test_meters import ROLLING, SCREEN


@pytest.mark.parametrize(("lately", "light"), [(0, "green"), (3, "green"), (4, "amber")])
def test_the_light_is_about_now(lately: int, light: str):
    """Pictures that were late an hour ago are in the report; a light that stays amber is not looked at any more."""
    rolling = replace(ROLLING, tracks=(replace(SCREEN, late=10),), late_lately=lately)
    assert told.going(rolling)["light"] == light
    assert told.going(rolling)["late"] == lately
