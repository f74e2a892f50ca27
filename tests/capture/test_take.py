"""A take as it is written down comes back as it was, and a torn description is never taken for a whole one."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture import take
from capture.description import from_json, to_json
from capture.errors import RecordingDamaged, RecordingMissing
from capture.frames import Kind
from capture.take import Loss, Marker, Outcome, Pause, Sync, Take, Track, TrackOutcome

numbers = st.floats(0, 1e6)
names = st.text(max_size=20)
losses = st.lists(st.builds(Loss, at=numbers, seconds=numbers, why=names), max_size=2).map(tuple)
syncs = st.builds(
    Sync,
    offset_ms=numbers,
    spread_ms=numbers,
    drift_ppm=numbers,
    slip_ms_per_minute=numbers,
    how=names,
    sure_ms=numbers,
)
outcomes = st.builds(
    Outcome,
    seconds=numbers,
    ended_because=names,
    tracks=st.lists(
        st.builds(
            TrackOutcome,
            name=names,
            seconds=numbers,
            losses=losses,
            peak_dbfs=st.none() | numbers,
            sync=st.none() | syncs,
        ),
        max_size=2,
    ).map(tuple),
)
takes = st.builds(
    Take,
    number=st.integers(1, 99),
    rolled_at=names,
    recorder=st.integers(0),
    made_by=names,
    tracks=st.lists(
        st.builds(
            Track,
            name=names,
            kind=st.sampled_from(Kind),
            source=names,
            device=names,
            file=names,
            rate=st.none() | st.fractions(Fraction(1), Fraction(120)),
        ),
        max_size=3,
    ).map(tuple),
    pauses=st.lists(st.builds(Pause, at=numbers, seconds=numbers), max_size=2).map(tuple),
    markers=st.lists(st.builds(Marker, at=numbers, label=names), max_size=2).map(tuple),
    outcome=st.none() | outcomes,
)


@given(takes)
def test_what_is_written_down_is_what_is_read(made):
    """Sync and losses are the proof of a take: they must survive to the page that shows them."""
    assert from_json(to_json(made), Take) == made


@given(takes, st.data())
def test_no_part_of_a_description_passes_for_a_whole_one(made, data):
    """A disk may lose the end of a file."""
    text = to_json(made).rstrip()
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError, match=r"."):
        from_json(text[:cut], Take)


@pytest.fixture
def made() -> Take:
    """A take of one screen, unfinished."""
    screen = Track(name="screen", kind=Kind.SCREEN, source="screen:1", device="Screen 1", file="screen.mkv")
    return Take(number=1, rolled_at="2026-03-02T10:00:00+01:00", recorder=1, made_by="a test", tracks=(screen,))


def test_a_newer_flipcast_may_say_more(made, tmp_path):
    """A recording made at the lectern is looked at on an older machine at home."""
    take.write(made, tmp_path)
    path = tmp_path / take.DESCRIPTION
    written = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**written, "weather": "fine"}), encoding="utf-8")

    assert take.read(tmp_path) == made


def test_takes_are_found_in_order(made, tmp_path):
    """The tenth comes after the second, and a folder that is none is passed over."""
    for number in (10, 2, 1):
        take.write(made, take.folder_of(tmp_path, number))
    (tmp_path / take.TAKES / "03").mkdir()

    assert [folder.name for folder in take.takes_in(tmp_path)] == ["01", "02", "10"]


def test_a_track_is_found_by_its_name(made):
    """Layouts name tracks."""
    assert made.track("screen").device == "Screen 1"
    with pytest.raises(KeyError):
        made.track("camera")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"number": 1}'])
def test_a_damaged_take_says_what_to_do(text, tmp_path):
    """Its tracks are most likely whole."""
    (tmp_path / take.DESCRIPTION).write_text(text, encoding="utf-8")

    with pytest.raises(RecordingDamaged) as caught:
        take.read(tmp_path)
    assert "flipcast recover" in caught.value.hint


def test_a_take_that_is_not_there_is_said_to_be_missing(tmp_path):
    """It may have been moved."""
    with pytest.raises(RecordingMissing):
        take.read(tmp_path)
