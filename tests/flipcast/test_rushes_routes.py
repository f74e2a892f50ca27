"""The ways to what was just recorded lead there and nowhere else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from flipcast.studio import Studio
from tests.fixtures.takes import beeping, camera, flashing, microphone, record


def got(address: str, **headers: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.fixture
def film(studio: Studio, address: str) -> str:
    """The address of a film of a lecture called *two*."""
    record(studio.library.folder / "two", camera(flashing(), ends=2), microphone(beeping(), ends=2))
    status, said = got(f"{address}rushes/two")
    assert status == 200
    return address + str(json.loads(said)["tracks"][0]["src"])


def test_a_film_comes_in_the_parts_that_a_browser_asks_for(film: str) -> None:
    """Without parts nobody can look at the end first."""
    status, whole = got(film)
    assert status == 200
    assert got(film, Range="bytes=100-199") == (206, whole[100:200])
    assert got(film, Range=f"bytes={len(whole)}-")[0] == 416


@pytest.mark.parametrize(
    "path",
    [
        "rushes/nobody",
        "rushes/nobody/take-01-camera.mp4",
        "rushes/two/take-02-camera.mp4",
        "rushes/two/..%2f..%2f..%2frecording.json",
        "rushes/two/%2e%2e/%2e%2e/recording.json",
        "rushes/..%2ftwo",
        "rushes/two/%2fetc%2fpasswd",
        "rushes/two/..%5c..%5crecording.json",
        "rushes/two/take-01-camera.mp4%00.json",
        "rushes/two/take-01-camera.mp4/",
    ],
)
def test_whatever_else_is_asked_for_is_not_there(address: str, film: str, path: str) -> None:
    """A name in an address is anybody's."""
    status, said = got(address + path)
    assert status in (403, 404)
    assert b"root:" not in said
    assert b"made_by" not in said
