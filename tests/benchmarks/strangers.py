"""Footage of things nobody has seen: shapes of any colour, with hair, veils, blur and spill, and their truth.

A presenter drawn by one hand has one look, and whatever is set or taught by it may suit that look alone. Here nothing
is a person, so that the person model is silent; outlines, colours, folds of light and speed are drawn by lot from the
seed. Screen, camera and codec are those of `footage`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from tests.benchmarks import studio
from tests.benchmarks.footage import RATE, Clip, backdrop
from tests.benchmarks.light import decode
from tests.benchmarks.presenter import noise
from tests.benchmarks.studio import Camera, Screen

_SHUTTER = 0.6
"""Share of the time between frames that light falls on the sensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One shape."""

    outline: np.ndarray
    """``(n, 2)``: points around its middle, in pixels."""
    place: np.ndarray
    """Its middle at the first frame."""
    speed: np.ndarray
    """Pixels a frame."""
    colour: np.ndarray
    """Blue, green, red: linear light."""
    cover: float
    """1 is solid, less a veil."""
    rough: float
    """How much its brightness varies over it."""
    spill: float
    """Share of the screen's light that its rim throws back."""
    rim: float
    """How far in, in pixels, until that has fallen to a third."""
    strands: int
    """Hairs that stand off it."""
    seed: int
    second: np.ndarray | None = None
    """Another colour, which it is printed with."""
    print: float = 0.0
    """How large the print is, in pixels."""
    soft: float = 0.0
    """How far its outline is spread, in pixels, as that of fur is."""
    pile: float = 0.0
    """How much brighter and darker it is from hair to hair."""
    through: float = 0.0
    """How much of the screen's light comes through it, here and there."""


def take(
    seed: int, *, size: tuple[int, int] = (1280, 720), length: int = 8, empty: int = 12, finery: bool = False
) -> Clip:
    """Draw, light, film and code one clip of five things, which *finery* makes prints, fur and cloth to see through."""
    rng = np.random.default_rng([seed, 77])
    hue = "blue" if seed % 5 == 4 else "green"
    screen = Screen(
        hue=hue,
        light=rng.uniform(0.7, 1.3),
        uneven=rng.uniform(0.1, 0.6),
        wrinkles=rng.uniform(0.01, 0.15),
        sheen=rng.uniform(0, 0.05),
        shadow=rng.uniform(0.1, 0.5),
        softness=rng.uniform(0.02, 0.1),
    )
    camera = _camera(rng, jpeg=seed % 4 == 3)
    cloth = studio.hang(screen, rng, size)
    glow, before, gains = cloth.mean(axis=(0, 1)), studio.spread(cloth, camera), studio.gain(camera, 0, 0.3)
    empties = [studio.expose(before, camera, gains, rng) for _ in range(empty)]
    things = [_thing(rng, size, hue, solid=number < 3) for number in range(5)]
    if finery:
        things = [_dressed(thing, rng, size, hue) for thing in things]
    shots, alphas, foregrounds = [], [], []
    for number in range(length):
        paint, cover, spill = (studio.spread(p, camera) for p in _painted(things, size, number))
        behind = studio.spread(studio.shade(cloth, cover, screen, 0.08), camera)
        light = paint + spill[..., None] * glow + (1 - cover[..., None]) * behind
        shots.append(studio.expose(light, camera, gains, rng))
        alphas.append(cover)
        foregrounds.append(studio.seen(paint, cover, camera, gains))
    coded, ending, frames = studio.film(shots, camera, RATE)
    return Clip(
        name=f"things {seed}",
        frames=frames,
        alphas=alphas,
        foregrounds=foregrounds,
        plate_frames=studio.film(empties, camera, RATE)[2],
        background=backdrop(rng, size),
        hue=hue,
        coded=coded,
        ending=ending,
    )


def _camera(rng: np.random.Generator, *, jpeg: bool) -> Camera:
    return Camera(
        blur=rng.uniform(0.5, 1.6),
        shot=10 ** rng.uniform(-4.3, -3.3),
        sharpen=rng.uniform(0, 0.5),
        contrast=rng.uniform(0, 0.4),
        flare=rng.uniform(0, 0.01),
        exposure=rng.uniform(0.5, 1.1),
        codec="mjpeg" if jpeg else "x264",
        rate=rng.uniform(65, 88) if jpeg else rng.uniform(4, 14),
    )


def _thing(rng: np.random.Generator, size: tuple[int, int], hue: str, *, solid: bool) -> Thing:
    w, h = size
    around, far = np.sort(rng.uniform(0, 2 * np.pi, 9)), rng.uniform(0.08, 0.28, 9) * h
    colour = _colour(rng, hue)
    return Thing(
        outline=np.stack([np.cos(around) * far, np.sin(around) * far], axis=1),
        place=np.array([rng.uniform(0.15, 0.85) * w, rng.uniform(0.3, 0.9) * h]),
        speed=rng.uniform(-1, 1, 2) * rng.choice([0, 2, 8, 25]) * h / 720,
        colour=colour,
        cover=1.0 if solid else float(rng.choice([1.0, rng.uniform(0.3, 0.7)])),
        rough=rng.uniform(0, 0.5),
        spill=float(np.exp(rng.uniform(np.log(0.03), np.log(0.8)))),
        rim=rng.uniform(0.01, 0.05) * h,
        strands=int(rng.choice([0, 60, 160])),
        seed=int(rng.integers(1 << 30)),
    )


def _colour(rng: np.random.Generator, hue: str) -> np.ndarray:
    pixel = np.array([[[rng.integers(180), 255 * rng.uniform(0, 0.8), rng.integers(30, 250)]]], np.uint8)
    colour = decode(cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0] / 255).astype(np.float32)
    key = 1 if hue == "green" else 0
    if colour[key] > 1.15 * max(np.delete(colour, key)):  # nobody could tell it from the screen
        colour = np.roll(colour, 1)
    return colour


def _dressed(thing: Thing, rng: np.random.Generator, size: tuple[int, int], hue: str) -> Thing:
    """The same thing, printed, furry, or lit through."""
    h = size[1]
    return replace(
        thing,
        second=_colour(rng, hue),
        print=float(np.exp(rng.uniform(np.log(0.004), np.log(0.2)))) * h if rng.random() < 0.6 else 0.0,
        soft=rng.uniform(0, 0.02) * h if rng.random() < 0.4 else 0.0,
        pile=rng.uniform(0, 0.6) if rng.random() < 0.5 else 0.0,
        through=rng.uniform(0, 0.5) if rng.random() < 0.5 else 0.0,
        strands=int(rng.choice([0, 60, 160, 400])),
    )


def _painted(things: list[Thing], size: tuple[int, int], number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Premultiplied colour, cover, and share of the screen's light thrown back, of frame *number*."""
    w, h = size
    paint, cover, spill = np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    for thing in things:
        rng = np.random.default_rng(thing.seed)
        steps = max(1, int(np.abs(thing.speed).max() / 2))
        moments = [number + _SHUTTER * (step + 0.5) / steps for step in range(steps)]
        mask = np.mean([_shape(thing, size, at) for at in moments], axis=0)
        if thing.soft:
            mask = cv2.GaussianBlur(mask, (0, 0), thing.soft)
        mask = np.maximum(mask, _strands(thing, rng, size, number)) * np.float32(thing.cover)
        folds = np.clip(1 + thing.rough * noise(rng, (h, w), (h / 20, h / 25)), 0.2, 2)[..., None]
        inside = cv2.distanceTransform((mask > 0.5 * thing.cover).astype(np.uint8), cv2.DIST_L2, 5)
        shine = np.exp(-inside / thing.rim) * thing.spill * (float(thing.colour.mean()) * 0.7 + 0.05) * mask
        if thing.through:
            here = np.clip(0.5 + 0.5 * noise(rng, (h, w), (h / 40, h / 40)), 0, 1.5)
            shine += mask * here * np.minimum(0.6, thing.through * (float(thing.colour.mean()) + 0.05))
        rest = 1 - mask
        paint = paint * rest[..., None] + mask[..., None] * _print(thing, rng, size) * folds
        cover, spill = cover * rest + mask, spill * rest + shine
    return paint.astype(np.float32), cover.astype(np.float32), spill.astype(np.float32)


def _print(thing: Thing, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Its colours, where it is one or the other, and hair by hair."""
    w, h = size
    colour = np.broadcast_to(thing.colour, (h, w, 3))
    if thing.print and thing.second is not None:
        other = np.clip(0.5 + 2 * noise(rng, (h, w), (thing.print, thing.print)), 0, 1)[..., None]
        colour = colour * (1 - other) + thing.second * other
    if thing.pile:
        colour = colour * np.exp(thing.pile * noise(rng, (h, w), (h / 60, 1.5)))[..., None]
    return colour


def _shape(thing: Thing, size: tuple[int, int], at: float) -> np.ndarray:
    mask = np.zeros(size[::-1], np.uint8)
    points = np.round((thing.outline + thing.place + thing.speed * at) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _strands(thing: Thing, rng: np.random.Generator, size: tuple[int, int], at: float) -> np.ndarray:
    mask = np.zeros(size[::-1], np.uint8)
    corners = thing.outline + thing.place + thing.speed * at
    along = np.linspace(0, 1, 12)[:, None]
    for _ in range(thing.strands):
        first = rng.integers(len(corners))
        root = corners[first] + (corners[(first + 1) % len(corners)] - corners[first]) * rng.random()
        turn, length, bend = rng.uniform(0, 2 * np.pi), rng.uniform(0.03, 0.12) * size[1], rng.normal(0, 0.4)
        way = np.array([np.cos(turn), np.sin(turn)])
        path = root + length * (way * along + np.array([-way[1], way[0]]) * bend * along**2)
        cv2.polylines(mask, [np.round(path * 16).astype(np.int32)], False, rng.uniform(80, 255), 1, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255 * np.float32(0.9)
