"""The tracks of a take put together: who is seen where, and from when to when; planned, before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from capture.frames import Kind
from capture.take import Marker, Take
from process import ladder
from process.captions.transcript import Span
from process.errors import LayoutImpossible
from process.layout import Choice, Compose, Layer, Layout, Size, named, places, understood
from process.probe import Media, Picture
from process.reels import Reel, Reels
from process.step import Done, Needs, Room, step

NOTICED = 1.0
"""Seconds that a track must be gone for the picture to be laid out without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A stretch in which a track holds nothing but a placeholder."""

    track: str
    """Its name."""

    start: float
    """Seconds on the take's clock."""

    end: float
    """Seconds."""


def gone_in(take: Take) -> tuple[Gone, ...]:
    """Which tracks of *take* hold nothing but a placeholder, and when."""
    tracks = take.outcome.tracks if take.outcome else ()
    return tuple(
        Gone(track=track.name, start=loss.at, end=loss.at + loss.seconds) for track in tracks for loss in track.losses
    )


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
class Cutout:
    """A speaker who is keyed, and when."""

    track: str
    """Name of the track that comes of it."""

    camera: str
    """Name of the camera's track."""

    screen: str
    """Name of the screen's track, for whoever stands before it; empty where none was recorded."""

    spans: tuple[Span, ...]
    """When it is seen, seconds of the lecture."""

    there: tuple[Span, ...]
    """When the camera saw anything: in between, the background is seen alone."""

    def beats(self, beat: Fraction) -> tuple[tuple[int, int], ...]:
        """The first picture of each span, and the first after it."""
        return tuple((round(span.start * beat), round(span.end * beat)) for span in self.spans)

    def count(self, beat: Fraction) -> int:
        """How many pictures it has."""
        return sum(last - first for first, last in self.beats(beat))

    def shows(self, at: float) -> bool:
        """Whether the camera saw anything then."""
        return any(span.start <= at < span.end for span in self.there)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """How the pictures of a lecture are put together of tracks."""

    media: Media
    """What comes of it, as if it were one file without sound."""

    reels: tuple[Reel, ...]
    """The tracks that are seen."""

    scenes: tuple[Scene, ...]
    """They tile the lecture."""

    cutouts: tuple[Cutout, ...] = ()
    """Speakers that are keyed; their films, which `process.keyed` makes, are tracks like any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """What came of planning."""

    composition: Composition | None
    """``None`` where there are no pictures."""


@step("compose", edition=2, gives=Composed, needs=Needs(cores=1))
def compose(
    room: Room,
    *,
    reels: Done[Reels],
    markers: tuple[Marker, ...],
    gone: tuple[Gone, ...],
    settings: Compose,
    heights: tuple[int, ...],
    keyed: tuple[str, ...] = (),
    behind: str = "",
) -> Composed:
    """Plan who is seen where and when; *heights* are those of the ladder, *keyed* the cameras to key unasked.

    *behind* says what a keyed speaker stands before: ``screen``, empty for that if there is one, or anything else.

    Raises:
        LayoutImpossible: the take does not have what the layouts ask for.
    """
    made = plan(reels.value, markers=markers, gone=gone, settings=settings, heights=heights, keyed=keyed, behind=behind)
    return Composed(composition=made)


def plan(
    reels: Reels,
    *,
    markers: Sequence[Marker],
    gone: Sequence[Gone],
    settings: Compose,
    heights: Sequence[int],
    keyed: Sequence[str] = (),
    behind: str = "",
) -> Composition | None:
    """Who is seen where and when; ``None`` where there are no pictures."""
    seen = reels.of(Kind.SCREEN, Kind.CAMERA)
    if not seen:
        return None
    wishes = _wishes(reels, markers, settings, keyed, behind)
    used = {reel.name: reel for wish in wishes for reel in (wish.screen, wish.camera) if reel is not None}
    main = next((reel for reel in used.values() if reel.kind == Kind.SCREEN), next(iter(used.values())))
    beat = max(picture_of(reel).rate for reel in used.values())
    canvas = ladder.top_size(_size(main), heights)
    count = max(1, round(reels.seconds * beat))
    there = {name: _there(reel, gone, reels) for name, reel in used.items()}
    scenes = _scenes(wishes, there, canvas, settings, count=count, beat=beat)
    shown = {layer.track for scene in scenes for layer in scene.layers}
    cutouts = _cutouts(wishes, there, scenes)
    kept = tuple(reel for reel in reels.reels if reel.name in shown)
    seen_through = kept or tuple(used.values())
    whole = _as_one(seen_through, reels, canvas, beat, count)
    kept += tuple(_film_of(cutout, whole, reels) for cutout in cutouts)
    return Composition(media=whole, reels=kept, scenes=scenes, cutouts=cutouts)


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


def _wishes(
    reels: Reels, markers: Sequence[Marker], settings: Compose, keyed: Sequence[str], behind: str
) -> list[Wish]:
    """What is to be seen, in the order of time."""
    screens, cameras = reels.of(Kind.SCREEN), reels.of(Kind.CAMERA)
    usual = Layout.CORNER if screens and cameras else Layout.SCREEN if screens else Layout.CAMERA
    if cameras and cameras[0].name in keyed and (screens or behind != "screen"):
        usual = Layout.KEYED
    choices = {0: Choice(layout=usual)}
    for number, marker in enumerate(markers, start=1):
        layout = named(marker.label)
        if layout is not None and _has(layout, screens, cameras, behind):
            choices[number] = Choice(layout=layout, marker=number)
    for text in settings.layouts:
        choice = understood(text)
        if choice.marker > len(markers):
            raise LayoutImpossible(
                f"there is no marker {choice.marker} for the layout {text!r}",
                hint=f"the take has {len(markers)}" if markers else "the take has no markers",
            )
        if not _has(choice.layout, screens, cameras, behind):
            possible = [layout for layout in (Layout.SCREEN, Layout.CAMERA) if _has(layout, screens, cameras)]
            lacking = "camera" if not cameras and choice.layout != Layout.SCREEN else "screen"
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
        elif choice.layout == Layout.CAMERA or (choice.layout == Layout.KEYED and behind not in ("", "screen")):
            screen = None
        wishes.append(Wish(at=at, layout=choice.layout, screen=screen, camera=camera))
    return sorted(wishes, key=lambda wish: wish.at)


def _has(layout: Layout, screens: Sequence[Reel], cameras: Sequence[Reel], behind: str = "") -> bool:
    if layout == Layout.KEYED and behind != "screen":
        return bool(cameras)
    return all({Layout.SCREEN: (screens,), Layout.CAMERA: (cameras,)}.get(layout, (screens, cameras)))


def _chosen(reels: Sequence[Reel], choice: Choice) -> Reel | None:
    """The one that is named, or the first."""
    return next((reel for reel in reels if reel.name in choice.tracks), reels[0] if reels else None)


def _there(reel: Reel, gone: Sequence[Gone], reels: Reels) -> list[tuple[float, float]]:
    """When *reel* shows something, seconds of the lecture; hiccups do not count."""
    picture = picture_of(reel)
    start, end = picture.start - reels.zero, picture.end - reels.zero
    edges = [0.0 if start < NOTICED else start]
    for stretch in sorted((g for g in gone if g.track == reel.name), key=lambda g: g.start):
        if stretch.end - stretch.start >= NOTICED:
            edges += [stretch.start - reels.zero, stretch.end - reels.zero]
    edges.append(end if reels.seconds - end >= NOTICED else reels.seconds)
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

        if wish.layout == Layout.KEYED:
            whole = Layer(track=_name_of(wish), x=0, y=0, width=canvas[0], height=canvas[1])
            _add(scenes, (whole,), first, last, beat)
            continue
        screen, camera = there_now(wish.screen), there_now(wish.camera)
        if screen is None and camera is None:  # the last picture of what was asked for stays
            screen = (wish.screen.name, _size(wish.screen)) if wish.screen else None
            camera = (wish.camera.name, _size(wish.camera)) if wish.camera and not wish.screen else None
        _add(scenes, places(wish.layout, canvas, screen, camera, settings), first, last, beat)
    return tuple(scenes)


def _add(scenes: list[Scene], layers: tuple[Layer, ...], first: int, last: int, beat: Fraction) -> None:
    start, end = round(float(first / beat), 6), round(float(last / beat), 6)
    if scenes and scenes[-1].layers == layers:
        scenes[-1] = replace(scenes[-1], end=end)
    else:
        scenes.append(Scene(start=start, end=end, layers=layers))


def _name_of(wish: Wish) -> str:
    """The track of a keyed speaker; no track of a take has a blank in its name."""
    assert wish.camera is not None
    return f"{wish.camera.name} before {wish.screen.name if wish.screen else 'nothing'}"


def _cutouts(
    wishes: Sequence[Wish], there: dict[str, list[tuple[float, float]]], scenes: Sequence[Scene]
) -> tuple[Cutout, ...]:
    found: dict[str, Cutout] = {}
    for wish in wishes:
        if wish.layout != Layout.KEYED or wish.camera is None:
            continue
        track = _name_of(wish)
        spans = [Span(start=s.start, end=s.end) for s in scenes if s.layers[0].track == track]
        seen = [Span(start=start, end=end) for start, end in there[wish.camera.name]]
        screen = wish.screen.name if wish.screen else ""
        if spans:
            found[track] = Cutout(
                track=track, camera=wish.camera.name, screen=screen, spans=tuple(spans), there=tuple(seen)
            )
    return tuple(found.values())


def _film_of(cutout: Cutout, whole: Media, reels: Reels) -> Reel:
    """The reel that a cut-out will be, on a clock of its own that begins with the lecture."""
    assert whole.picture is not None
    picture = replace(whole.picture, index=0, end=reels.zero + reels.seconds)
    media = replace(whole, container="matroska,webm", seconds=reels.seconds, picture=picture, digest="")
    return Reel(name=cutout.track, kind=Kind.CAMERA, file="", media=media)


def picture_of(reel: Reel) -> Picture:
    """The pictures of a track that is seen."""
    assert reel.media.picture is not None
    return reel.media.picture


def _size(reel: Reel) -> Size:
    return picture_of(reel).shown_size


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
