"""The tracks of a take put together: which is seen where and when, and the filters that make it so.

Composing is part of the encode's own graph: every track is decoded once, put on the lecture's beat, and laid over the
lowest one. What differs from span to span are only the moments at which a layer is let through, so that a hundred
switches cost no more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from capture.frames import Kind
from capture.take import Marker
from process import ffmpeg, ladder
from process.captions.transcript import Span
from process.errors import LayoutImpossible
from process.fit import cleaned, scaled
from process.layout import Choice, Compose, Layer, Layout, Size, named, places, understood
from process.probe import Media, Picture
from process.reels import Reel, Reels
from process.step import Done, Needs, Room, step

_NOTICED = 1.0
"""Seconds that a track must be gone for the picture to be laid out without it."""

_IDLE = 8
"""Of how many pictures one is let through to a layer that is not seen: enough to keep the filters in step."""

_DIMMED = 0.35
"""Brightness of the last picture of a track that has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A stretch in which a track holds nothing but a placeholder."""

    track: str
    """Its name."""

    start: float
    """Seconds on the take's clock."""

    end: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A stretch of the lecture in which the same is seen at the same places."""

    start: float
    """Seconds from the start of the lecture."""

    end: float
    """Seconds; the next scene's start."""

    layers: tuple[Layer, ...]
    """The lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """How the pictures of a lecture are put together of tracks."""

    media: Media
    """What comes of it, as if it were one file without sound."""

    reels: tuple[Reel, ...]
    """The tracks that are seen."""

    scenes: tuple[Scene, ...]
    """They tile the lecture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What came of planning."""

    composition: Composition | None
    """``None`` where there are no pictures."""


@step("compose", edition=1, gives=Composed, needs=Needs(cores=1))
def compose(
    room: Room,
    *,
    reels: Done[Reels],
    markers: tuple[Marker, ...],
    gone: tuple[Gone, ...],
    settings: Compose,
    heights: tuple[int, ...],
) -> Composed:
    """Plan who is seen where and when; *heights* are those of the ladder.

    Raises:
        LayoutImpossible: the take does not have what the layouts ask for.
    """
    return Composed(composition=plan(reels.value, markers=markers, gone=gone, settings=settings, heights=heights))


def plan(
    reels: Reels, *, markers: Sequence[Marker], gone: Sequence[Gone], settings: Compose, heights: Sequence[int]
) -> Composition | None:
    """Who is seen where and when; ``None`` where there are no pictures."""
    seen = reels.of(Kind.SCREEN, Kind.CAMERA)
    if not seen:
        return None
    wishes = _wishes(reels, markers, settings)
    used = {reel.name: reel for wish in wishes for reel in (wish.screen, wish.camera) if reel is not None}
    main = next((reel for reel in used.values() if reel.kind == Kind.SCREEN), next(iter(used.values())))
    beat = max(_picture(reel).rate for reel in used.values())
    canvas = ladder.top_size(_size(main), heights)
    count = max(1, round(reels.seconds * beat))
    there = {name: _there(reel, gone, reels) for name, reel in used.items()}
    scenes = _scenes(wishes, there, canvas, settings, count=count, beat=beat)
    shown = {layer.track for scene in scenes for layer in scene.layers}
    kept = tuple(reel for reel in reels.reels if reel.name in shown)
    return Composition(media=_as_one(kept, reels, canvas, beat, count), reels=kept, scenes=scenes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be seen from a moment on."""

    at: float
    """Seconds from the start of the lecture."""

    layout: Layout
    """Who is seen where."""

    screen: Reel | None
    """Which screen; ``None`` where the layout has none."""

    camera: Reel | None
    """Which camera; ``None`` where the layout has none."""


def _wishes(reels: Reels, markers: Sequence[Marker], settings: Compose) -> list[Wish]:
    """What is to be seen, in the order of time."""
    screens, cameras = reels.of(Kind.SCREEN), reels.of(Kind.CAMERA)
    usual = Layout.CORNER if screens and cameras else Layout.SCREEN if screens else Layout.CAMERA
    choices = {0: Choice(layout=usual)}
    for number, marker in enumerate(markers, start=1):
        layout = named(marker.label)
        if layout is not None and _has(layout, screens, cameras):
            choices[number] = Choice(layout=layout, marker=number)
    for text in settings.layouts:
        choice = understood(text)
        if choice.marker > len(markers):
            raise LayoutImpossible(
                f"there is no marker {choice.marker} for the layout {text!r}",
                hint=f"the take has {len(markers)}" if markers else "the take has no markers",
            )
        if not _has(choice.layout, screens, cameras):
            possible = [layout for layout in (Layout.SCREEN, Layout.CAMERA) if _has(layout, screens, cameras)]
            lacking = "camera" if screens else "screen"
            raise LayoutImpossible(
                f"the layout {choice.layout} needs a {lacking}, and none was recorded",
                hint=f"possible is {' or '.join(possible)}",
            )
        choices[choice.marker] = choice
    wishes = []
    for number, choice in choices.items():
        at = max(0.0, markers[number - 1].at - reels.zero) if number else 0.0
        screen, camera = _chosen(screens, choice), _chosen(cameras, choice)
        known = {reel.name for reel in (screen, camera) if reel}
        for name in choice.tracks:
            if name not in known:
                names = ", ".join(reel.name for reel in (*screens, *cameras))
                raise LayoutImpossible(f"no screen or camera is called {name!r}", hint=f"the take has {names}")
        if choice.layout == Layout.SCREEN:
            camera = None
        elif choice.layout == Layout.CAMERA:
            screen = None
        wishes.append(Wish(at=at, layout=choice.layout, screen=screen, camera=camera))
    return sorted(wishes, key=lambda wish: wish.at)


def _has(layout: Layout, screens: Sequence[Reel], cameras: Sequence[Reel]) -> bool:
    needs = {Layout.SCREEN: (screens,), Layout.CAMERA: (cameras,)}.get(layout, (screens, cameras))
    return layout != Layout.KEYED and all(needs)


def _chosen(reels: Sequence[Reel], choice: Choice) -> Reel | None:
    """The one that is named, or the first."""
    return next((reel for reel in reels if reel.name in choice.tracks), reels[0] if reels else None)


def _there(reel: Reel, gone: Sequence[Gone], reels: Reels) -> list[tuple[float, float]]:
    """When *reel* shows something, seconds of the lecture; hiccups do not count."""
    picture = _picture(reel)
    start, end = picture.start - reels.zero, picture.end - reels.zero
    edges = [0.0 if start < _NOTICED else start]
    for stretch in sorted((g for g in gone if g.track == reel.name), key=lambda g: g.start):
        if stretch.end - stretch.start >= _NOTICED:
            edges += [stretch.start - reels.zero, stretch.end - reels.zero]
    edges.append(end if reels.seconds - end >= _NOTICED else reels.seconds)
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def _scenes(
    wishes: Sequence[Wish],
    there: dict[str, list[tuple[float, float]]],
    canvas: Size,
    settings: Compose,
    *,
    count: int,
    beat: Fraction,
) -> tuple[Scene, ...]:
    """The scenes between all moments at which something changes, on whole pictures; equal neighbours are one."""
    moments = {wish.at for wish in wishes} | {edge for spans in there.values() for span in spans for edge in span}
    borders = sorted({0, count} | {min(count, max(0, round(moment * beat))) for moment in moments})
    scenes: list[Scene] = []
    for first, last in pairwise(borders):
        at = float((first + last) / 2 / beat)
        wish = [wish for wish in wishes if round(wish.at * beat) <= first][-1]

        def there_now(reel: Reel | None, at: float = at) -> tuple[str, Size] | None:
            if reel is None or not any(start <= at < end for start, end in there[reel.name]):
                return None
            return reel.name, _size(reel)

        screen, camera = there_now(wish.screen), there_now(wish.camera)
        if screen is None and camera is None:  # the last picture of what was asked for stays
            screen = (wish.screen.name, _size(wish.screen)) if wish.screen else None
            camera = (wish.camera.name, _size(wish.camera)) if wish.camera and not wish.screen else None
        layers = places(wish.layout, canvas, screen, camera, settings)
        if scenes and scenes[-1].layers == layers:
            scenes[-1] = replace(scenes[-1], end=round(float(last / beat), 6))
        else:
            start, end = round(float(first / beat), 6), round(float(last / beat), 6)
            scenes.append(Scene(start=start, end=end, layers=layers))
    return tuple(scenes)


def _size(reel: Reel) -> Size:
    return _picture(reel).shown_size


def _as_one(kept: Sequence[Reel], reels: Reels, canvas: Size, beat: Fraction, count: int) -> Media:
    picture = Picture(
        index=-1,
        codec="",
        profile="",
        pixel_format="yuv420p",
        width=canvas[0],
        height=canvas[1],
        sample_aspect=Fraction(1),
        rotation=0,
        rate=beat,
        variable=False,
        interlaced=False,
        transfer="sdr",
        full_range=False,
        matrix="bt709",
        frames=count,
        start=0.0,
        end=reels.seconds,
        bitrate_bps=0,
        keyframes=(),
    )
    return Media(
        container=kept[0].media.container,
        seconds=reels.seconds,
        picture=picture,
        sounds=(),
        notes=(),
        digest=" ".join(reel.media.digest for reel in kept),
        zero=reels.zero,
    )


def pictures(
    source: Path,
    media: Media,
    composition: Composition | None,
    beat: Fraction,
    *,
    exe: str,
    at: float = 0.0,
    seconds: float | None = None,
) -> Any:
    """The pictures of the file *source*, or of a composition of files in that folder, cleaned, on an even *beat*.

    They begin *at* seconds and last for *seconds*; ``None`` for all of it.
    """
    if composition is not None:
        return _Stage(source, composition, beat, exe, at, seconds).picture()
    picture = media.picture
    assert picture is not None
    length = {} if seconds is None else {"t": seconds}
    film = ffmpeg.media(source, media.container, begins=picture.start, at=at, **length)
    return cleaned(film[str(picture.index)], media, picture, beat)


class _Stage:
    """The graph of a composition, or of some seconds of it."""

    def __init__(
        self, source: Path, whole: Composition, beat: Fraction, exe: str, at: float, seconds: float | None
    ) -> None:
        self.source, self.whole, self.beat, self.exe, self.at = source, whole, beat, exe, at
        picture = whole.media.picture
        assert picture is not None
        self.canvas = picture.shown_size
        self.zero = whole.media.zero or 0.0
        rest = whole.media.seconds - at
        self.count = max(1, round((rest if seconds is None else min(rest, seconds)) * beat))
        self.reels = {reel.name: reel for reel in whole.reels}
        half, end = 0.5 / float(beat), self.count / float(beat)
        self.scenes = [
            replace(scene, start=max(0.0, scene.start - at), end=min(end, scene.end - at))
            for scene in whole.scenes
            if scene.end - at > half and scene.start - at < end - half
        ]

    def picture(self) -> Any:
        """The finished picture: the ground that is seen longest, and over it, while they are seen, all others."""
        grounds: dict[Layer, list[Span]] = {}
        uppers: dict[Layer, list[Span]] = {}
        for scene in self.scenes:
            span = Span(start=scene.start, end=scene.end)
            grounds.setdefault(scene.layers[0], []).append(span)
            for layer in scene.layers[1:]:
                uppers.setdefault(layer, []).append(span)
        lowest = max(grounds, key=lambda ground: sum(span.end - span.start for span in grounds[ground]))
        tracks = self._tracks([*grounds, *uppers])
        shown = self._padded(self._placed(tracks, lowest, None), lowest)
        for ground, spans in grounds.items():
            if ground != lowest:
                shown = self._over(shown, self._padded(self._placed(tracks, ground, spans), ground), 0, 0, spans)
        for layer, spans in uppers.items():
            shown = self._over(shown, self._placed(tracks, layer, spans), layer.x, layer.y, spans)
        return shown.filter("trim", end_frame=self.count)

    def _tracks(self, layers: Sequence[Layer]) -> dict[str, list[Any]]:
        """Each track on the beat, from the first moment to the last and beyond, once for each of its *layers*."""
        tracks: dict[str, list[Any]] = {}
        for name in dict.fromkeys(layer.track for layer in layers):
            reel = self.reels[name]
            picture = _picture(reel)
            film = ffmpeg.media(self.source / reel.file, reel.media.container, begins=0.0, at=self.at, zero=self.zero)[
                str(picture.index)
            ]
            shown = cleaned(film, reel.media, picture, self.beat)
            ended = picture.end - self.zero - self.at
            if any(
                layer.track == name and scene.end > ended + _NOTICED for scene in self.scenes for layer in scene.layers
            ):
                grey = f"128+(val-128)*{_DIMMED}"
                dark = {"y": f"16+(val-16)*{_DIMMED}", "u": grey, "v": grey}
                shown = shown.filter("tpad", stop=-1, stop_mode="clone")
                shown = shown.filter("lutyuv", **dark, enable=f"gte(t,{ended:.6f})")
            else:
                shown = shown.filter("tpad", stop=-1, stop_mode="clone")
            uses = sum(layer.track == name for layer in layers)
            parts = shown.split() if uses > 1 else [shown]
            tracks[name] = [parts[number] for number in range(uses)]
        return tracks

    def _placed(self, tracks: dict[str, list[Any]], layer: Layer, spans: Sequence[Span] | None) -> Any:
        """One track as *layer* wants it; all of its pictures while it is seen in *spans*, and a few in between."""
        shown, picture = tracks[layer.track].pop(), _picture(self.reels[layer.track])
        if spans is not None and not self._always(spans):
            shown = shown.filter("select", f"{self._during(spans)}+not(mod(n,{_IDLE}))")
        if layer.cut is not None:
            left, top, width, height = layer.cut
            shown = shown.filter("crop", width, height, left, top)
            picture = replace(picture, width=width, height=height, sample_aspect=Fraction(1), rotation=0)
        shown = scaled(shown, (layer.width, layer.height), picture, self.exe)
        if layer.round:
            shown = ffmpeg.join([shown.filter("format", "yuva420p"), _ellipse(layer.width, layer.height)], "alphamerge")
        return shown

    def _padded(self, shown: Any, ground: Layer) -> Any:
        """*shown* with black around it, in the size of the whole picture."""
        if (ground.width, ground.height) == self.canvas:
            return shown
        return shown.filter("pad", *self.canvas, ground.x, ground.y)

    def _over(self, below: Any, above: Any, x: int, y: int, spans: Sequence[Span]) -> Any:
        """*above* laid over *below* during *spans*."""
        options: dict[str, Any] = {} if self._always(spans) else {"enable": self._during(spans)}
        return ffmpeg.join([below, above], "overlay", x, y, format="yuv420", **options)

    def _always(self, spans: Sequence[Span]) -> bool:
        return len(spans) == len(self.scenes)

    def _during(self, spans: Sequence[Span]) -> str:
        """An expression that is true for the pictures of *spans*."""
        early = 0.5 / float(self.beat)  # no rounding of times moves a switch to the next picture
        return "+".join(f"gte(t,{span.start - early:.6f})*lt(t,{span.end - early:.6f})" for span in spans)


def _picture(reel: Reel) -> Picture:
    assert reel.media.picture is not None
    return reel.media.picture


def _ellipse(width: int, height: int) -> Any:
    """One grey picture, white within an ellipse that touches all sides, its edge a pixel soft."""
    a, b = width / 2, height / 2
    inside = f"{min(a, b):g}*(1-hypot((X+.5-{a:g})/{a:g},(Y+.5-{b:g})/{b:g}))+.5"
    blank = ffmpeg.source(f"color=black:size={width}x{height}:rate=1:duration=1", f="lavfi")
    return blank.filter("format", "gray").filter("geq", lum=f"255*clip({inside},0,1)")
