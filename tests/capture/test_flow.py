"""What stands between a lens and a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from capture.clock import SECOND
from capture.errors import DeviceBusy, DeviceLost
from capture.flow import Ahead, Beat, Lost, Opened
from capture.frames import Frame, PictureShape

BLANK = np.zeros((2, 2, 3), np.uint8)


class Burst:
    """A source that gives *count* pictures at once, and then nothing until it is closed."""

    device, latency_ms = "Burst", 3.0
    shape = PictureShape(width=2, height=2, rate=Fraction(30))

    def __init__(self, count: int, *, then: Exception | None = None) -> None:
        self.count, self.then, self.closed = count, then, threading.Event()

    def frames(self) -> Iterator[Frame]:
        for number in range(self.count):
            yield Frame(picture=BLANK, at_ns=number)
        if self.then:
            raise self.then
        self.closed.wait()

    def close(self) -> None:
        self.closed.set()


def all_of(ahead: Ahead, count: int, seconds: float = 3.0) -> list[object]:
    until, found = time.monotonic() + seconds, []
    while len(found) < count and time.monotonic() < until:
        if (item := ahead.next(0.05)) is not None:
            found.append(item)
    return found


def test_what_comes_in_is_given_in_its_order():
    """A film whose pictures change places is no film."""
    with Ahead(lambda: Burst(5), name="camera", room=9) as ahead:
        opened, *frames = all_of(ahead, 6)

    assert opened == Opened(device="Burst", shape=Burst.shape, latency_ms=3.0)
    assert [frame.at_ns for frame in frames] == [0, 1, 2, 3, 4]


def test_a_source_is_drained_though_nobody_takes_what_it_gives():
    """A camera that is read too slowly is seconds behind before anyone notices; the newest pictures are what counts."""
    source = Burst(50)
    with Ahead(lambda: source, name="camera", room=4) as ahead:
        ahead.next(1.0)
        until = time.monotonic() + 3
        while ahead.left_out < 46 and time.monotonic() < until:
            time.sleep(0.01)
        frames = [item for item in all_of(ahead, 4, 0.5) if isinstance(item, Frame)]

    assert ahead.left_out == 46
    assert [frame.at_ns for frame in frames] == [46, 47, 48, 49]


def test_a_lost_source_is_asked_for_again():
    """A cable that was kicked out is put back in; nobody has to press anything."""
    sources = iter([Burst(1, then=DeviceLost("unplugged")), Burst(2)])
    with Ahead(lambda: next(sources), name="camera", room=4) as ahead:
        found = all_of(ahead, 6)

    assert [type(item) for item in found] == [Opened, Frame, Lost, Opened, Frame, Frame]


def test_a_source_that_cannot_be_opened_says_why_and_is_asked_for_again():
    """A camera that another program holds is free as soon as that program is closed."""
    answers: list[Exception | None] = [DeviceBusy("held by another program"), None]

    def opening() -> Burst:
        if error := answers.pop(0):
            raise error
        return Burst(1)

    with Ahead(opening, name="camera", room=4) as ahead:
        lost, opened, _ = all_of(ahead, 3)

    assert isinstance(lost, Lost)
    assert isinstance(lost.error, DeviceBusy)
    assert isinstance(opened, Opened)


def test_whatever_a_driver_throws_is_explained():
    """Drivers know no manners: an AssertionError with nothing in it is what a dead X server gives."""
    with Ahead(lambda: Burst(0, then=AssertionError()), name="screen", room=4) as ahead:
        _, lost = all_of(ahead, 2)

    assert isinstance(lost, Lost)
    assert "screen failed: AssertionError" in str(lost.error)


def test_a_source_that_hangs_is_given_up_and_opened_anew():
    """Some drivers neither give pictures nor say that they are gone."""
    sources = iter([Burst(0), Burst(1)])
    with Ahead(lambda: next(sources), name="camera", room=4) as ahead:
        first = ahead.next(1.0)
        ahead.renew(DeviceLost("nothing came"))
        lost, opened, frame = all_of(ahead, 3)

    assert isinstance(first, Opened)
    assert (type(lost), type(opened), type(frame)) == (Lost, Opened, Frame)


def test_its_thread_ends_with_it():
    """A thread that is left behind keeps a camera's light on."""
    before = threading.active_count()
    with Ahead(lambda: Burst(3), name="camera", room=4):
        pass

    assert threading.active_count() == before


@given(st.lists(st.integers(-9_000_000, 9_000_000), min_size=40, max_size=200))
def test_a_camera_that_hesitates_and_hurries_loses_no_picture(jitter: list[int]):
    """Its moments are kept as they are; a third of a beat to and fro is what cameras do."""
    beat = Beat(Fraction(30))
    taken = [beat.takes(SECOND + int(n * SECOND / 30) + off) for n, off in enumerate(jitter)]

    assert all(taken)
    assert beat.left_out == 0


@given(st.lists(st.integers(1, 200_000_000), min_size=2, max_size=300), st.integers(1, 120))
def test_never_more_pictures_than_the_rate_holds(steps: list[int], rate: int):
    """An encoder that was chosen for thirty a second must not get a hundred."""
    beat, at, taken = Beat(Fraction(rate)), 0, []
    for step in steps:
        at += step
        if beat.takes(at):
            taken.append(at)
    length = (taken[-1] - taken[0]) / SECOND

    assert len(taken) <= length * rate / 0.9 + 13  # ten may have been held up
    assert len(taken) + beat.left_out == len(steps)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=50))
def test_every_beat_without_a_picture_is_counted(holes: list[int]):
    """Late and repeated are what the report, and the person, go by."""
    beat, at = Beat(Fraction(25)), 0
    beat.takes(0)
    for hole in holes:
        at += hole * SECOND // 25
        beat.takes(at)

    assert beat.repeated + beat.late == sum(hole - 1 for hole in holes)


def test_pictures_that_were_held_up_are_all_kept():
    """A network stands still for a quarter of a second, and then gives all at once: nothing of it is lost."""
    beat, came = Beat(Fraction(30)), 0
    for number in range(300):
        held_up = number % 30 >= 22
        due = SECOND * (number // 30 + 1) if held_up else number * SECOND // 30
        came = max(came + SECOND // 200, due)
        assert beat.takes(came)

    assert beat.left_out == 0
    assert beat.repeated > 0


def test_of_a_camera_twice_as_fast_every_second_picture_is_kept():
    """Some cameras give sixty and nothing else."""
    beat = Beat(Fraction(30))
    for number in range(40):
        beat.listen(int(number * SECOND / 60))
    taken = [number for number in range(40, 100) if beat.takes(int(number * SECOND / 60))]

    assert taken == list(range(40, 100, 2))


def test_a_camera_that_says_25_and_gives_30_loses_none():
    """What drivers say of their rate is often not so; what came before the take is."""
    beat = Beat(Fraction(30), granted=Fraction(25))
    for number in range(40):
        beat.listen(int(number * SECOND / 30))
    taken = [beat.takes(int(number * SECOND / 30)) for number in range(40, 340)]

    assert all(taken)
    assert beat.late == beat.repeated == 0


def test_a_slow_camera_is_not_late():
    """A camera of fifteen a second is what it is: nothing is missing."""
    beat = Beat(Fraction(30), granted=Fraction(15))
    for number in range(60):
        assert beat.takes(int(number * SECOND / 15))

    assert beat.late == beat.repeated == 0
