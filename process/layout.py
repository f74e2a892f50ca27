"""Layouts: who is seen where, from which moment on, as people ask for it, and the places that come of it.

``corner`` is a layout, ``corner:camera-2`` one with a track of its own, ``3:camera`` one that begins at the third
marker. A marker that is called like a layout switches to it by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from process.errors import LayoutImpossible


class Layout(StrEnum):
    """Who is seen where."""

    SCREEN = "screen"
    """The screen alone."""

    CAMERA = "camera"
    """The camera alone."""

    CORNER = "corner"
    """The camera in a corner of the screen."""

    SIDE_BY_SIDE = "side-by-side"
    """The camera beside the screen."""

    KEYED = "keyed"
    """The speaker without a background, in front of the screen or of something else."""


POSSIBLE = tuple(Layout)
"""Those that can be made."""

CORNERS = ("bottom-right", "bottom-left", "top-right", "top-left")
"""Where the camera may be on the screen."""

SHAPES = ("round", "square", "wide")
"""What the camera is cut to in a corner: a circle, a square, or as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compose:
    """Settings of how the tracks of a take are put together."""

    take: int = 0
    """Number of the take; 0 for the last that is whole."""

    layouts: tuple[str, ...] = ()
    """``corner``, ``corner:camera-2``, ``3:camera`` from the third marker on; empty for ``corner`` or what there is."""

    corner: str = "bottom-right"
    """Where the camera is on the screen."""

    corner_shape: str = "round"
    """``round``, ``square``, or ``wide`` for all that the camera saw."""

    corner_share: float = 0.26
    """Height of the camera in the corner, as a share of the picture's."""

    corner_margin: float = 0.025
    """Distance from the borders, as a share of the picture's height."""

    side_share: float = 0.27
    """Width of the camera beside the screen, as a share of the picture's."""

    sounds: tuple[str, ...] = ()
    """Names of the tracks to be heard; empty for the first microphone that hears something, and the system's sound."""

    beneath_lu: float = 6.0
    """How much less loud than the voice the system's sound is set, LU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A wish: a layout, from a marker on."""

    layout: Layout
    """Who is seen where."""

    tracks: tuple[str, ...] = ()
    """Names of the tracks to take; of each kind that is not named, the first."""

    marker: int = 0
    """Number of the marker at which it begins, from 1; 0 for the beginning."""


def understood(text: str) -> Choice:
    """The choice that somebody spelled as *text*.

    >>> understood("3:corner:camera-2")
    Choice(layout=<Layout.CORNER: 'corner'>, tracks=('camera-2',), marker=3)

    Raises:
        LayoutImpossible: it is none, or none that can be made.
    """
    parts = [part.strip() for part in text.split(":")]
    marker = int(parts.pop(0)) if re.fullmatch(r"[0-9]{1,6}", parts[0]) else 0
    name = parts.pop(0) if parts else ""
    layout = named(name)
    if layout is None or not all(parts):
        raise LayoutImpossible(
            f"{text!r} is no layout",
            hint=f"write {', '.join(POSSIBLE)}, corner:camera-2 or 3:camera (from marker 3 on)",
        )
    return Choice(layout=layout, tracks=tuple(parts), marker=marker)


def named(label: str) -> Layout | None:
    """The layout that a marker's *label* names; ``None`` if it is just a label."""
    name = "-".join(label.lower().replace("_", " ").replace("-", " ").split())
    return Layout(name) if name in tuple(Layout) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A track's place in the picture."""

    track: str
    """Name of the track."""

    x: int
    """Pixels from the left, even."""

    y: int
    """Pixels from the top, even."""

    width: int
    """Pixels, even."""

    height: int
    """Pixels, even."""

    cut: tuple[int, int, int, int] | None = None
    """Left, top, width and height of what is shown of the track, pixels; ``None`` for all of it."""

    round: bool = False
    """Whether it is cut to an ellipse."""


Size = tuple[int, int]
"""Width and height, pixels."""


def places(
    layout: Layout, canvas: Size, screen: tuple[str, Size] | None, camera: tuple[str, Size] | None, settings: Compose
) -> tuple[Layer, ...]:
    """The layers of *layout* on a picture of size *canvas*, the lowest first, for the tracks and sizes given.

    Nothing is ever stretched: what has another shape than its place is seen whole, with black beside it, or is cut.
    """
    if layout == Layout.SIDE_BY_SIDE and screen and camera:
        return _beside(canvas, screen, camera, settings)
    if layout == Layout.CORNER and screen and camera:
        return _whole(canvas, screen), _cornered(canvas, camera, settings)
    shown = camera if (layout == Layout.CAMERA and camera) or screen is None else screen
    assert shown is not None
    return (_whole(canvas, shown),)


def _whole(canvas: Size, shown: tuple[str, Size], left: int = 0) -> Layer:
    """All of a track, in the middle of the canvas."""
    name, size = shown
    width, height = _within(size, canvas)
    x, y = _even((canvas[0] - width) / 2), _even((canvas[1] - height) / 2)
    return Layer(track=name, x=left + x, y=y, width=width, height=height)


def _cornered(canvas: Size, camera: tuple[str, Size], settings: Compose) -> Layer:
    name, size = camera
    wide = settings.corner_shape == "wide"
    cut = None if wide else _middle(size, 1.0)
    shape = cut[2:] if cut else size
    width, height = _within(shape, (canvas[0] * 0.9, canvas[1] * settings.corner_share))
    margin = canvas[1] * settings.corner_margin
    across, down = _even(min(margin, canvas[0] - width)), _even(min(margin, canvas[1] - height))
    x = across if settings.corner.endswith("left") else canvas[0] - width - across
    y = down if settings.corner.startswith("top") else canvas[1] - height - down
    return Layer(track=name, x=x, y=y, width=width, height=height, cut=cut, round=settings.corner_shape == "round")


def _beside(canvas: Size, screen: tuple[str, Size], camera: tuple[str, Size], settings: Compose) -> tuple[Layer, ...]:
    """The screen on the left, the camera on the right, cut to the upright shape of a person."""
    wide = _even(canvas[0] * settings.side_share)
    left = _whole((canvas[0] - wide, canvas[1]), screen)
    name, size = camera
    cut = _middle(size, 3 / 4) if size[0] * 4 > size[1] * 3 else None
    right = _whole((wide, canvas[1]), (name, cut[2:] if cut else size), left=canvas[0] - wide)
    return left, Layer(track=name, x=right.x, y=right.y, width=right.width, height=right.height, cut=cut)


def _middle(size: Size, aspect: float) -> tuple[int, int, int, int] | None:
    """The largest part of that *aspect* (width by height) in the middle of a picture; ``None`` if it is all of it."""
    width, height = min(size[0], _even(size[1] * aspect)), min(size[1], _even(size[0] / aspect))
    if (width, height) == size:
        return None
    return _even((size[0] - width) / 2), _even((size[1] - height) / 2), width, height


def _within(size: Size, room: tuple[float, float]) -> Size:
    """The largest size of the shape of *size* that fits into *room*; a border of a pixel or two is left out."""
    scale = min(room[0] / size[0], room[1] / size[1])
    width, height = size[0] * scale, size[1] * scale
    if abs(room[0] - width) < 4:
        width = room[0]
    if abs(room[1] - height) < 4:
        height = room[1]
    return max(2, _even(width)), max(2, _even(height))


def _even(pixels: float) -> int:
    return round(pixels / 2) * 2
