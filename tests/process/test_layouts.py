"""Who is seen where: what people may write, and the places that come of it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.frames import Kind
from capture.take import Marker
from process.compose import Gone, plan
from process.errors import LayoutImpossible
from process.layout import CORNERS, POSSIBLE, SHAPES, Choice, Compose, Layout, places, understood
from process.probe import Media, Picture
from process.reels import Reel, Reels

PICTURE = Picture(
    index=0,
    codec="h264",
    profile="High",
    pixel_format="yuv420p",
    width=1920,
    height=1080,
    sample_aspect=Fraction(1),
    rotation=0,
    rate=Fraction(30),
    variable=True,
    interlaced=False,
    transfer="sdr",
    full_range=False,
    matrix="bt601",
    frames=3000,
    start=0.0,
    end=100.0,
    bitrate_bps=1_000_000,
    keyframes=(),
)
HEIGHTS = (1080, 720, 360)


def reel(name: str, kind: Kind, **changes: object) -> Reel:
    picture = replace(PICTURE, **changes)
    media = Media(container="matroska", seconds=picture.end, picture=picture, sounds=(), notes=(), zero=0.0)
    return Reel(name=name, kind=kind, file=f"{name}.mkv", media=media)


def reels(*found: Reel, seconds: float = 100.0) -> Reels:
    return Reels(reels=found, seconds=seconds, zero=0.0, notes=())


SCREEN = reel("screen", Kind.SCREEN)
CAMERA = reel("camera", Kind.CAMERA, width=1280, height=720)
SECOND = reel("camera-2", Kind.CAMERA, width=640, height=480)


def planned(found: Reels, *layouts: str, markers: tuple[Marker, ...] = (), gone: tuple[Gone, ...] = ()):
    settings = Compose(layouts=layouts)
    return plan(found, markers=markers, gone=gone, settings=settings, heights=HEIGHTS)


def seen(composition) -> list[tuple[float, tuple[str, ...]]]:
    """From when which tracks are seen."""
    return [(round(scene.start, 2), tuple(layer.track for layer in scene.layers)) for scene in composition.scenes]


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("corner", Choice(layout=Layout.CORNER)),
        ("side-by-side", Choice(layout=Layout.SIDE_BY_SIDE)),
        ("corner:camera-2", Choice(layout=Layout.CORNER, tracks=("camera-2",))),
        ("2:camera", Choice(layout=Layout.CAMERA, marker=2)),
        ("12:corner:screen-2:camera-2", Choice(layout=Layout.CORNER, tracks=("screen-2", "camera-2"), marker=12)),
    ],
)
def test_layouts_are_understood_as_they_are_written(text, choice):
    """One short word should do for the usual, and a longer one for the rest."""
    assert understood(text) == choice


@pytest.mark.parametrize("text", ["", "conrer", "2:", "2", "corner:", ":camera", "-1:camera", "camera:"])
def test_what_is_no_layout_is_told_with_those_that_are(text):
    """A slip of the finger must not cost a second encode."""
    with pytest.raises(LayoutImpossible, match="side-by-side"):
        understood(text)


def test_a_keyed_speaker_stands_before_the_screen_as_one_track_and_leaves_no_hole_where_the_camera_was_gone():
    """What is behind goes on being seen when the camera is unplugged; only the speaker is not."""
    lost = (Gone(track="camera", start=20, end=30),)
    whole = planned(reels(SCREEN, CAMERA), "keyed", gone=lost)
    (cutout,) = whole.cutouts

    assert seen(whole) == [(0, (cutout.track,))]
    assert (cutout.camera, cutout.screen) == ("camera", "screen")
    assert [cutout.shows(at) for at in (10, 25, 35)] == [True, False, True]


def test_a_marker_called_keyed_keys_from_there_on():
    """It is a layout like the others, for a part of the lecture too."""
    markers = (Marker(at=40.0, label="Keyed"), Marker(at=60.0, label="screen"))
    whole = planned(reels(SCREEN, CAMERA), markers=markers)

    assert seen(whole) == [(0, ("screen", "camera")), (40, (whole.cutouts[0].track,)), (60, ("screen",))]
    assert whole.cutouts[0].beats(Fraction(30)) == ((1200, 1800),)


def test_a_camera_with_its_key_beside_it_is_keyed_unasked_and_not_where_a_layout_is_named():
    """Whoever recorded with a green screen wants to see none of it."""
    found = reels(SCREEN, CAMERA)
    asked = {"markers": (), "gone": (), "heights": HEIGHTS, "keyed": ("camera",)}

    assert plan(found, settings=Compose(), **asked).cutouts
    assert not plan(found, settings=Compose(layouts=("corner",)), **asked).cutouts


def test_a_speaker_cannot_stand_before_a_screen_that_was_not_recorded():
    """Said before any work, with what there is."""
    with pytest.raises(LayoutImpossible, match="keyed needs a screen"):
        plan(reels(CAMERA), markers=(), gone=(), settings=Compose(layouts=("keyed",)), heights=HEIGHTS, behind="screen")
    with pytest.raises(LayoutImpossible, match="keyed needs a camera"):
        planned(reels(SCREEN), "keyed")


sizes = st.tuples(st.integers(32, 2000), st.integers(32, 2000)).map(lambda s: (s[0] * 2, s[1] * 2))


@given(
    layout=st.sampled_from(POSSIBLE),
    canvas=sizes,
    screen=sizes,
    camera=sizes,
    corner=st.sampled_from(CORNERS),
    shape=st.sampled_from(SHAPES),
    share=st.floats(0.05, 0.9),
    side=st.floats(0.1, 0.6),
)
def test_nothing_is_stretched_and_nothing_lies_outside(layout, canvas, screen, camera, corner, shape, share, side):
    """Thin faces and cut slides are what people notice first."""
    settings = Compose(corner=corner, corner_shape=shape, corner_share=share, side_share=side)
    whole = {"screen": screen, "camera": camera}
    for layer in places(layout, canvas, ("screen", screen), ("camera", camera), settings):
        assert all(number % 2 == 0 for number in (layer.x, layer.y, layer.width, layer.height))
        assert 0 <= layer.x < layer.x + layer.width <= canvas[0]
        assert 0 <= layer.y < layer.y + layer.height <= canvas[1]
        left, top, width, height = layer.cut or (0, 0, *whole[layer.track])
        assert left + width <= whole[layer.track][0]
        assert top + height <= whole[layer.track][1]
        # A border of up to three pixels is filled rather than shown, and sizes are even: no more than that.
        assert abs(layer.width * height / width - layer.height) <= 5 * max(1, height / width)


def test_without_a_word_the_speaker_is_in_the_corner_of_the_screen():
    """That is what most lectures look like, and nobody should have to ask for it."""
    (scene,) = planned(reels(SCREEN, CAMERA)).scenes
    ground, speaker = scene.layers

    assert (ground.width, ground.height) == (1920, 1080)
    assert speaker.round
    assert speaker.width == speaker.height == round(1080 * 0.26 / 2) * 2
    assert (speaker.x + speaker.width, speaker.y + speaker.height) == pytest.approx((1920 - 27, 1080 - 27), abs=2)


@pytest.mark.parametrize(
    ("found", "expected"),
    [((SCREEN,), ("screen",)), ((CAMERA,), ("camera",)), ((SECOND, CAMERA), ("camera-2",))],
)
def test_what_was_not_recorded_is_not_missed(found, expected):
    """A talk without slides, and slides without a face, are lectures too."""
    assert seen(planned(reels(*found))) == [(0, expected)]


def test_tracks_are_chosen_by_name():
    """Two cameras are recorded so that one can choose afterwards."""
    assert seen(planned(reels(SCREEN, CAMERA, SECOND), "corner:camera-2")) == [(0, ("screen", "camera-2"))]


MARKERS = (Marker(at=10), Marker(at=20, label="Side by side"), Marker(at=30.001, label="Intervals"))


def test_layouts_switch_at_markers():
    """By number when it is processed, by name when it was recorded; the number has the last word."""
    both = reels(SCREEN, CAMERA)

    assert seen(planned(both, markers=MARKERS)) == [(0, ("screen", "camera")), (20, ("screen", "camera"))]
    switched = planned(both, "screen", "1:camera", "2:corner", "3:screen", markers=MARKERS)
    assert seen(switched) == [(0, ("screen",)), (10, ("camera",)), (20, ("screen", "camera")), (30, ("screen",))]


@pytest.mark.parametrize(
    ("found", "layout", "said"),
    [
        ((SCREEN,), "camera", "needs a camera.*possible is screen"),
        ((CAMERA,), "side-by-side", "needs a screen.*possible is camera"),
        ((SCREEN, CAMERA), "4:camera", "no marker 4.*has 3"),
        ((SCREEN, CAMERA), "corner:front", "called 'front'.*screen, camera"),
    ],
)
def test_what_the_take_does_not_have_is_told_with_what_it_has(found, layout, said):
    """Silently another layout would be found out after the upload."""
    with pytest.raises(LayoutImpossible, match=said):
        planned(reels(*found), layout, markers=MARKERS)


def test_a_lost_camera_leaves_the_screen_and_a_lost_screen_the_camera():
    """A placeholder in the corner helps nobody; a blink is not worth a change."""
    gone = (
        Gone(track="camera", start=20, end=24),
        Gone(track="camera", start=50, end=50.5),
        Gone(track="screen", start=70, end=80),
    )
    both = ("screen", "camera")

    assert seen(planned(reels(SCREEN, CAMERA), gone=gone)) == [
        (0, both),
        (20, ("screen",)),
        (24, both),
        (70, ("camera",)),
        (80, both),
    ]


def test_who_asked_for_the_screen_alone_is_never_shown_on_camera():
    """The screen may be lost; that somebody did not want to be seen still holds."""
    early = reel("screen", Kind.SCREEN, end=40.0)

    assert seen(planned(reels(early, CAMERA), "screen")) == [(0, ("screen",))]
    assert seen(planned(reels(early, CAMERA))) == [(0, ("screen", "camera")), (40, ("camera",))]


@given(
    st.lists(st.tuples(st.floats(0, 120), st.sampled_from(["", "camera", "screen", "corner", "x"])), max_size=8),
    st.lists(st.tuples(st.sampled_from(["screen", "camera"]), st.floats(0, 99), st.floats(0, 30)), max_size=5),
)
def test_scenes_tile_the_lecture(marked, lost):
    """A hole between two scenes would be a picture of nothing."""
    markers = tuple(Marker(at=at, label=label) for at, label in sorted(marked))
    gone, reached = [], {"screen": 0.0, "camera": 0.0}
    for track, start, long in sorted(lost, key=lambda g: g[1]):
        if start > reached[track]:
            gone.append(Gone(track=track, start=start, end=min(100.0, start + long)))
            reached[track] = start + long
    scenes = planned(reels(SCREEN, CAMERA), markers=markers, gone=tuple(gone)).scenes

    assert scenes[0].start == 0
    assert scenes[-1].end == 100
    assert all(scene.layers and scene.end > scene.start for scene in scenes)
    assert all(a.end == b.start and a.layers != b.layers for a, b in pairwise(scenes))


@pytest.mark.parametrize(
    ("size", "canvas"), [((3840, 2160), (1920, 1080)), ((1366, 768), (1366, 768)), ((1080, 1920), (1080, 1920))]
)
def test_the_picture_has_the_shape_of_the_screen_and_no_more_lines_than_the_ladder(size, canvas):
    """What no viewer will ever see need not be composed."""
    composition = planned(reels(reel("screen", Kind.SCREEN, width=size[0], height=size[1]), CAMERA))

    assert composition.media.picture.shown_size == canvas
