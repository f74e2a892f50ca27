"""The filters that put the tracks of a take together, as it was planned.

Composing is part of the encode's own graph: every track is decoded once, put on the lecture's beat, and laid over the
lowest one. What differs from scene to scene are only the moments at which a layer is let through, so that a hundred
switches cost no more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from process import ffmpeg
from process.captions.transcript import Span
from process.compose import NOTICED, Composition, picture_of
from process.fit import cleaned, scaled
from process.layout import Layer
from process.probe import Media, Picture

_IDLE = 8
"""Of how many pictures one is let through to a layer that is not seen: enough to keep the filters in step."""

_DIMMED = 0.35
"""Brightness of the last picture of a track that has ended."""


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
    straight = ffmpeg.has_index(media.container) and not picture.variable
    from_ = at if straight else _well_before(picture, at, beat)
    length = {} if seconds is None else {"t": seconds + at - from_}
    film = ffmpeg.media(source, media.container, begins=picture.start, at=from_, **length)
    shown = cleaned(film[str(picture.index)], media, picture, beat)
    if from_ < at:
        shown = shown.filter("trim", start_frame=round((at - from_) * beat)).filter("setpts", "PTS-STARTPTS")
    return shown


def _well_before(picture: Picture, at: float, beat: Fraction) -> float:
    """A moment on the *beat*, a keyframe and more before *at*.

    Where a file has no list of its keyframes, ffmpeg goes to the bytes of a moment, and shows nothing until the next.
    And where pictures come seldom, the one that stands there came long before.
    """
    before = [key for key in picture.keyframes if key <= at]
    early = before[-2] if len(before) > 1 else 0.0 if picture.keyframes or picture.variable else at - 1
    return floor(max(0.0, early) * beat) / float(beat)


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
            picture = picture_of(reel)
            zero = self.zero - (reel.media.zero or 0.0)
            file = self.source / reel.file
            film = ffmpeg.media(file, reel.media.container, begins=0.0, at=self.at, zero=zero)[str(picture.index)]
            shown = cleaned(film, reel.media, picture, self.beat)
            ended = picture.end - self.zero - self.at
            if any(
                layer.track == name and scene.end > ended + NOTICED for scene in self.scenes for layer in scene.layers
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
        shown, picture = tracks[layer.track].pop(), picture_of(self.reels[layer.track])
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
        return _any([f"gte(t,{span.start - early:.4f})*lt(t,{span.end - early:.4f})" for span in spans])


def _any(conditions: Sequence[str]) -> str:
    """The sum of *conditions* in pairs of pairs: ffmpeg refuses sums of a few hundred terms that nest to one side."""
    if len(conditions) < 3:
        return "+".join(conditions)
    half = len(conditions) // 2
    return f"({_any(conditions[:half])})+({_any(conditions[half:])})"


def _ellipse(width: int, height: int) -> Any:
    """One grey picture, white within an ellipse that touches all sides, its edge a pixel soft."""
    a, b = width / 2, height / 2
    inside = f"{min(a, b):g}*(1-hypot((X+.5-{a:g})/{a:g},(Y+.5-{b:g})/{b:g}))+.5"
    blank = ffmpeg.source(f"color=black:size={width}x{height}:rate=1:duration=1", f="lavfi")
    return blank.filter("format", "gray").filter("geq", lum=f"255*clip({inside},0,1)")
