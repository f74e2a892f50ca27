"""Fragmented MP4, read and cut: every sample in order, every border where it was asked for."""

from __future__ import annotations

import random
import struct
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from process import fmp4
from process.errors import MediaUnreadable

FRAME = 1024 / 48000


@pytest.fixture(scope="module")
def sound(film) -> Path:
    """Four seconds of AAC as `level` makes it."""
    return film(
        "fragments of sound.mp4",
        *("-f", "lavfi", "-i", "aevalsrc='0.3*sin(440*6.28*t)*random(0)':s=48000:d=4"),
        *("-c:a", "aac", "-use_editlist", "0", "-movflags", "+empty_moov+default_base_moof"),
        *("-frag_duration", "1000000"),
    )


@pytest.fixture(scope="module")
def pictures(film) -> Path:
    """Pictures as `encode` makes them."""
    return film(
        "fragments of pictures.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25:duration=4", "-c:v", "libx264", "-g", "25", "-bf", "2"),
        *("-movflags", "+cmaf+frag_keyframe+empty_moov+default_base_moof+skip_trailer"),
    )


def samples(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(borders=st.lists(st.floats(0, 6), max_size=12), skip=st.integers(0, 3))
def test_cutting_keeps_every_sample_and_begins_where_it_should(sound, tmp_path, borders, skip):
    """A sample lost is a click, one doubled an echo; a border off by a frame is a clip that starts too late."""
    target = tmp_path / "cut.mp4"

    fmp4.refragment(sound, target, borders, skip=skip)

    assert samples(target) == samples(sound)[skip:]
    film = fmp4.read(target)
    whole = fmp4.read(sound)
    assert film.codecs == whole.codecs
    assert film.seconds == pytest.approx(whole.seconds - skip * FRAME, abs=FRAME)
    tiles(film)
    for border in borders:
        if border < film.seconds - FRAME:
            assert min(abs(f.start - border) for f in film.fragments) <= FRAME / 2 + 1e-6
    for fragment in film.fragments:
        assert fragment.start == 0 or min(abs(fragment.start - border) for border in borders) <= FRAME / 2 + 1e-6


def tiles(film: fmp4.Film) -> None:
    """Fragments follow each other to the byte and to the tick."""
    assert film.fragments[0].offset == film.init_size
    assert film.fragments[0].start == 0
    for before, after in pairwise(film.fragments):
        assert before.offset + before.size == after.offset
        assert before.start + before.seconds == pytest.approx(after.start, abs=1e-9)
    assert film.fragments[-1].offset + film.fragments[-1].size == film.size


def test_fragments_tile_the_file_and_begin_with_keyframes(pictures):
    """A playlist is a list of them: what lies between two would never be shown."""
    film = fmp4.read(pictures)

    tiles(film)
    assert [round(f.start, 3) for f in film.fragments] == [0, 1, 2, 3]
    assert film.codecs.startswith("avc1.")
    content = pictures.read_bytes()
    for fragment in film.fragments:
        assert content[fragment.offset + 4 : fragment.offset + 8] == b"moof"
        assert 0 < fragment.first_sample_end <= fragment.size


def test_the_first_picture_is_shown_at_nought(pictures):
    """Players take times from the boxes as they are: pictures that begin at 0.08 are 80 ms behind the sound."""
    content = pictures.read_bytes()
    at = content.index(b"trun") + 4
    version, flags, count = content[at], int.from_bytes(content[at + 1 : at + 4], "big"), content[at + 4 : at + 8]
    assert version == 1, "offsets may be below 0"
    place = at + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    given = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    assert 0x800 in given
    rows = [
        dict(zip(given, struct.unpack_from(f">{len(given)}i", content, place + n * 4 * len(given)), strict=True))
        for n in range(int.from_bytes(count, "big"))
    ]
    with av.open(str(pictures)) as container:
        durations = [packet.duration for packet in container.demux(video=0) if packet.size]
    shown = sorted(sum(durations[:n]) + row[0x800] for n, row in enumerate(rows))
    assert shown[0] == 0
    assert len(set(shown)) == len(shown)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), kind=st.sampled_from(["cut", "noise", "insert"]))
def test_a_damaged_file_is_refused_or_read_but_never_a_crash(pictures, tmp_path, seed, kind):
    """Disks lie; whoever reads boxes by their lengths must not believe them."""
    chance = random.Random(seed)
    content = bytearray(pictures.read_bytes())
    at = chance.randrange(len(content))
    if kind == "cut":
        del content[at:]
    elif kind == "noise":
        content[at : at + 8] = chance.randbytes(8)
    else:
        content[at:at] = chance.randbytes(5)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)

    try:
        film = fmp4.read(path)
    except MediaUnreadable:
        return
    assert film.fragments
