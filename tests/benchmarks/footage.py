"""Green-screen footage whose truth is known: what covers how much of the screen, and in which colour.

    for clip in clips(seed=1, size=(1920, 1080)):
        ...                             # clip.plate_frames, clip.frames; clip.alphas, clip.foregrounds, clip.background

A presenter is drawn and moved in linear light in front of an uneven, wrinkled, shadowed screen, blurred by the lens and
by moving, lit by the screen's own colour, then taken by a camera with noise, curve, sharpening, 4:2:0 and a real codec.
The true foreground is the presenter without the screen's light. Each name stands for one trouble; everything else about
a clip is drawn by lot from its seed, so another seed is another day, another person, and another camera.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from tests.benchmarks import presenter, studio
from tests.benchmarks.light import over
from tests.benchmarks.presenter import HAIRS, SKINS, Figure, Look
from tests.benchmarks.studio import Camera, Screen

RATE = Fraction(30)

NAMES = (
    "plain long_hair motion spectacles sheet greenish wrinkles shadow dark drift blue webcam low_rate close "
    "teal curls markers slides glass soft blue_webcam dim_webcam"
).split()
"""All clips there are; the first ones are the commonest troubles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A take in front of a screen, and the truth about it."""

    name: str
    frames: list[np.ndarray]
    """Blue-green-red uint8, decoded: what a keyer gets."""

    alphas: list[np.ndarray]
    """True cover, float32 from 0 to 1."""

    foregrounds: list[np.ndarray]
    """True colour without the screen's light, as the camera shows it: linear light, premultiplied, float16."""

    plate_frames: list[np.ndarray]
    """The empty screen just before, through the same camera and codec."""

    background: np.ndarray
    """uint8: the picture to put the presenter in front of."""

    hue: str
    """``green`` or ``blue``."""

    coded: bytes
    """*frames* as the file they were decoded from."""

    ending: str
    """That file's ending."""

    rate: Fraction = RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that is drawn by lot for one clip."""

    look: Look
    screen: Screen
    camera: Camera
    tall: float
    """Heads in a picture's height."""
    stand: tuple[float, float]
    """Where the face is: from the middle, in heights; from the top, in heads."""
    speed: float
    """Of the arms, 1 is lively."""
    reach: float
    """How far the arms wander, 1 is lively."""
    arms: tuple[float, float]
    """How far the forearms are turned up, left and right; negative: across the body."""
    side: float
    """Where the shadow falls, in heights."""


def clips(
    seed: int = 1,
    size: tuple[int, int] = (1280, 720),
    *,
    names: Sequence[str] | None = None,
    length: int = 16,
    empty: int = 24,
) -> Iterator[Clip]:
    """Yield clips of *length* frames, one at a time: they are large.

    Args:
        names: which; all of ``NAMES`` by default.
        empty: frames of the plate.
    """
    for name in names or NAMES:
        yield take(name, seed=seed, size=size, length=length, empty=empty)


def take(name: str, *, seed: int, size: tuple[int, int], length: int = 16, empty: int = 24) -> Clip:
    """Draw, light, film and code one clip."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return shoot(name, plan(name, rng), rng, size=size, length=length, empty=empty)


def shoot(
    name: str, scene: Scene, rng: np.random.Generator, *, size: tuple[int, int], length: int = 16, empty: int = 24
) -> Clip:
    """The clip of a *scene* whose lots are drawn."""
    camera, h = scene.camera, size[1]
    scale = h / scene.tall
    figure = presenter.draw(scene.look, rng, unit=2 * scale, below=scene.tall - scene.stand[1])
    cloth = studio.hang(scene.screen, rng, size)
    glow = cloth.mean(axis=(0, 1))
    beat, phase = rng.uniform(0, 1), rng.uniform(0, 2 * np.pi, 8)

    before = studio.spread(cloth, camera)
    still = replace(camera, drift=camera.drift * 0.1)
    empties = [
        studio.expose(before, camera, studio.gain(still, -2 + n / float(RATE), beat) * _settled(rng), rng)
        for n in range(empty)
    ]
    shots, alphas, foregrounds = [], [], []
    aperture = 1 + rng.normal(0, 0.02)  # somebody stepped in, and automatic exposure answered
    for number in range(length):
        at = number / float(RATE)
        paint, spill = _pose(figure, scene, size, at, phase)
        paint, spill = studio.spread(paint, camera), studio.spread(spill, camera)
        alpha = np.clip(paint[..., 3], 0, 1)
        behind = studio.spread(studio.shade(cloth, alpha, scene.screen, scene.side), camera)
        gains = studio.gain(camera, at, beat) * aperture
        light = paint[..., :3] + spill[..., None] * glow + (1 - alpha[..., None]) * behind
        shots.append(studio.expose(light, camera, gains, rng))
        alphas.append(alpha)
        foregrounds.append(studio.seen(paint[..., :3], alpha, camera, gains))
    coded, ending, frames = studio.film(shots, camera, RATE)
    return Clip(
        name=name,
        frames=frames,
        alphas=alphas,
        foregrounds=foregrounds,
        plate_frames=studio.film(empties, camera, RATE)[2],
        background=backdrop(rng, size),
        hue=scene.screen.hue,
        coded=coded,
        ending=ending,
    )


def plan(name: str, rng: np.random.Generator) -> Scene:
    """Draw the lots for one clip: an ordinary day, and the trouble that *name* stands for."""

    def one(choices: str | Sequence[str]) -> str:
        return str(rng.choice(choices.split() if isinstance(choices, str) else choices))

    def hold() -> float:
        return float(rng.choice([1.75, 1.4, 2.2, -1.5, -2.0, 0.3]))

    look = Look(
        skin=one(SKINS),
        hair=one(HAIRS),
        style=one("short short short long long curls bun bald"),
        flying=rng.uniform(0.2, 0.8),
        beard=rng.random() < 0.2,
        spectacles=one(["", "", "thin", "thick"]),
        cloth=one("40587a 2b2d33 e9e7e2 7a2430 8a8d92 1d2b4f c9b458 5a4a6a b8c4cc d8a0a8 3b4a3f"),
        second=one("e8e8e8 f4f0e4 1c1c22 9fb6c9 c8a24a"),
        pattern=one("plain plain stripes checks shirt jacket"),
        sleeves=one("1.0 1.0 0.4"),
        held=one(["", "", "", "pen", "book"]),
        spill=rng.uniform(0.15, 0.45),
    )
    look = replace(look, sleeves=float(look.sleeves))
    screen = Screen(
        light=rng.uniform(0.75, 1.25),
        uneven=rng.uniform(0.25, 0.65),
        wrinkles=rng.uniform(0.03, 0.12),
        sheen=rng.uniform(0.0, 0.08),
        shadow=rng.uniform(0.15, 0.45),
        softness=rng.uniform(0.03, 0.1),
    )
    camera = Camera(
        blur=rng.uniform(0.6, 1.3),
        shutter=rng.uniform(0.45, 0.95),
        shot=10 ** rng.uniform(-4.0, -3.4),
        read=rng.uniform(0.0008, 0.002),
        sharpen=rng.uniform(0.0, 0.5),
        contrast=rng.uniform(0.0, 0.4),
        saturation=rng.uniform(0.95, 1.1),
        flare=rng.uniform(0.003, 0.02),
        exposure=rng.uniform(0.85, 1.15),
        warmth=rng.uniform(-0.06, 0.06),
        rate=rng.uniform(5, 14),
        preset=one("ultrafast veryfast"),
    )
    tall, speed, reach = rng.uniform(3.3, 4.6), rng.uniform(0.35, 0.9), rng.uniform(0.5, 1.0)
    clear = one("45506a 2b2d33 7a2430 5a4a6a")
    webcam = {"codec": "mjpeg", "rate": rng.uniform(62, 85), "sharpen": rng.uniform(0.5, 1.0), "smooth": 6.0}
    webcam |= {"shot": 6e-4, "saturation": rng.uniform(1.05, 1.2), "contrast": rng.uniform(0.2, 0.6)}
    if name in ("plain", "low_rate"):
        look = replace(look, cloth=clear)
    if name == "plain":
        screen = replace(screen, uneven=0.15, wrinkles=0.015, sheen=0.01, shadow=0.1)
        camera = replace(camera, shot=8e-5, rate=18.0)
    elif name == "long_hair":
        look = replace(look, style="long", flying=rng.uniform(0.7, 1.0))
    elif name == "curls":
        look = replace(look, style="curls", flying=1.0, hair=one("d6b370 a0713f 8d3b1c 14100e"))
    elif name == "motion":
        speed, reach, look = 1.6, 1.3, replace(look, held=one(["", "", "pen"]))
    elif name == "spectacles":
        look, tall = replace(look, spectacles=one("thin thick"), held=""), rng.uniform(2.6, 3.2)
    elif name in ("sheet", "glass"):
        look, reach = replace(look, held=name), 0.4
    elif name == "greenish":
        look = replace(look, cloth=one("c8d8b4 b5cfa8 8a9a5b a9b665 d8e0c0 5f6b3a"), second=one("e8e8e8 a8c090 6f7f4a"))
    elif name == "teal":
        look = replace(
            look, cloth=one("2f7f86 5fa8a8 3d6f73 9aa3a0 7f8784 a8c8c8"), pattern=one("plain jacket stripes")
        )
    elif name == "wrinkles":
        screen = replace(screen, wrinkles=rng.uniform(0.15, 0.25), uneven=0.6, sheen=rng.uniform(0.05, 0.15))
    elif name == "shadow":
        screen = replace(screen, shadow=rng.uniform(0.5, 0.7), softness=rng.uniform(0.012, 0.035), uneven=0.7)
    elif name == "dark":
        camera = replace(camera, exposure=rng.uniform(0.25, 0.4), shot=7e-4, read=0.003, smooth=3.0)
    elif name == "drift":
        camera = replace(camera, drift=rng.uniform(0.12, 0.22))
    elif name == "low_rate":
        camera = replace(camera, rate=rng.uniform(2.0, 3.5), preset="veryfast")
    elif name == "close":
        look = replace(look, spill=rng.uniform(0.8, 1.2), cloth=one("e9e7e2 b8c4cc 8a8d92"))
        screen = replace(screen, shadow=0.4, softness=0.02)
    elif name == "markers":
        screen = replace(screen, markers=one("white dark pale"))
    elif name == "slides":
        look = replace(look, monitor=True, held=one(["tablet", "plant"]))
    elif name == "soft":
        camera, tall = replace(camera, blur=rng.uniform(1.8, 2.8), sharpen=0.0), rng.uniform(4.6, 5.6)
    elif name in ("webcam", "blue_webcam"):
        camera = replace(camera, **webcam)
    elif name == "dim_webcam":
        camera = replace(camera, **{**webcam, "shot": 1.5e-3}, exposure=0.45, read=0.004)
        screen = replace(screen, light=0.6, uneven=0.6)
    if name.startswith("blue"):
        screen, look = (
            replace(screen, hue="blue"),
            replace(look, cloth=one("c9b458 7a2430 e9e7e2 2b2d33 5a7a4a 6d7f9c")),
        )
    return Scene(
        look=look,
        screen=screen,
        camera=camera,
        tall=tall,
        stand=(rng.uniform(-0.3, 0.3), rng.uniform(0.85, 1.15)),
        speed=speed,
        reach=reach,
        arms=(hold(), 1.75 if look.held not in ("", "pen") else hold()),
        side=rng.choice([-1, 1]) * rng.uniform(0.04, 0.14),
    )


def backdrop(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Something to stand in front of: a dark slide, a white one, one with green in it, or a blurred room."""
    w, h = size
    kind = rng.integers(4)
    if kind == 3:
        room = np.stack([presenter.noise(rng, (h, w), (h / 4, h / 6)) for _ in range(3)], axis=2) * 5
        room += presenter.noise(rng, (h, w), (h / 3, h / 3))[..., None] * 30 + np.array([95, 110, 125])
        return np.clip(cv2.GaussianBlur(room, (0, 0), h / 60), 0, 255).astype(np.uint8)
    paper, ink = [((40, 30, 24), (230, 225, 215)), ((250, 250, 250), (40, 40, 40)), ((225, 240, 228), (40, 90, 30))][
        kind
    ]
    slide = np.full((h, w, 3), paper, np.uint8)
    cv2.rectangle(slide, (0, 0), (w, h // 9), [round(0.7 * p + 0.3 * i) for p, i in zip(paper, ink, strict=True)], -1)
    cv2.putText(slide, "Eigenvalues, once more", (w // 20, h // 13), 0, h / 600, ink, max(1, h // 300), cv2.LINE_AA)
    for row in range(7):
        y, end = h * (22 + 9 * row) // 100, w * rng.uniform(0.4, 0.92)
        cv2.line(slide, (w // 16, y), (int(end), y), ink, max(1, h // 130), cv2.LINE_AA)
    return slide


def _settled(rng: np.random.Generator) -> float:
    return float(1 + rng.normal(0, 0.001))


def _pose(
    figure: Figure, scene: Scene, size: tuple[int, int], at: float, phase: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Premultiplied paint with alpha, and spill, over the time that the shutter is open."""
    w, h = size
    scale = h / scene.tall
    paint, spill = np.zeros((h, w, 4), np.float32), np.zeros((h, w), np.float32)
    body, arms = _places(scene, size, at, phase)
    for part, place in zip((figure.behind, figure.torso, figure.head), body, strict=True):
        presenter.stamp(part, paint, spill, scale=scale, place=place)

    open_for = scene.camera.shutter / float(RATE)
    moved = max(
        float(np.hypot(*(np.subtract(b[:2], a[:2]))) + abs(b[2] - a[2]) * 1.8 * scale)
        for a, b in zip(arms, _places(scene, size, at + open_for, phase)[1], strict=True)
    )
    steps = int(np.clip(np.ceil(moved / 1.5), 2, 20))
    limbs, shine = np.zeros_like(paint), np.zeros_like(spill)
    for step in range(steps):
        one, glow = np.zeros_like(paint), np.zeros_like(spill)
        places = _places(scene, size, at + open_for * (step + 0.5) / steps, phase)[1]
        for part, place in zip((*figure.upper, *figure.fore), places, strict=True):
            presenter.stamp(part, one, glow, scale=scale, place=place)
        limbs += one / steps
        shine += glow / steps
    # Beneath moving arms the body is taken as still, so the mean of the arms may be laid over it at once.
    rest = 1 - limbs[..., 3]
    paint, spill = paint * rest[..., None] + limbs, spill * rest + shine
    if figure.desk is not None:
        x, y = body[1][:2]
        presenter.stamp(figure.desk, paint, spill, scale=scale, place=(min(x, w * 0.62), y, 0.0))
    return paint, spill


def _places(
    scene: Scene, size: tuple[int, int], at: float, phase: np.ndarray
) -> tuple[list[presenter.Place], list[presenter.Place]]:
    """Where hair, torso and head are, and upper arms and forearms (left, right), at a moment."""
    w, h = size
    scale, quick, far = h / scene.tall, scene.speed, scene.reach

    def wave(number: int, cycles: float) -> float:
        return float(np.sin(2 * np.pi * cycles * at + phase[number]))

    x = w / 2 + scene.stand[0] * h * 0.6 + 0.05 * scale * wave(0, 0.4 * (0.5 + quick))
    y = scene.stand[1] * scale + 0.015 * scale * wave(1, 0.3)
    nod = 0.07 * wave(2, 0.8 * (0.5 + quick))
    head = (x + 0.06 * scale * wave(3, 0.5 * (0.5 + quick)), y + 0.02 * scale * wave(4, 0.9), nod)
    upper, fore = [], []
    for side, number in ((-1, 5), (1, 6)):
        lift = 0.42 + 0.22 * far * wave(number, 0.9 * quick)
        bend = lift + scene.arms[number - 5] + 0.6 * far * wave(number, 1.1 * quick + 0.2) * side
        shoulder = (x + 0.76 * side * scale, y + 1.1 * scale)
        # A positive turn is clockwise: it takes what hangs down to the left.
        elbow = (shoulder[0] + 1.2 * scale * np.sin(lift) * side, shoulder[1] + 1.2 * scale * np.cos(lift))
        upper.append((*shoulder, -lift * side))
        fore.append((float(elbow[0]), float(elbow[1]), -bend * side))
    return [head, (x, y, 0.0), head], [*upper, *fore]


def main() -> None:
    """Write stills of every clip: ``python -m tests.benchmarks.footage FOLDER [--seed S] [--size WxH]``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--names", default="", help="comma-separated")
    wishes = parser.parse_args()
    wishes.folder.mkdir(parents=True, exist_ok=True)
    w, h = (int(n) for n in wishes.size.split("x"))
    for clip in clips(wishes.seed, (w, h), names=wishes.names.split(",") if wishes.names else None, length=4, empty=4):
        truth = over(clip.foregrounds[-1], clip.alphas[-1], clip.background)
        alpha = cv2.cvtColor((clip.alphas[-1] * 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
        rows = [np.hstack([clip.frames[-1], truth]), np.hstack([alpha, clip.plate_frames[-1]])]
        cv2.imwrite(str(wishes.folder / f"{clip.name}.png"), np.vstack(rows))
        print(f"{clip.name}: {len(clip.coded) / len(clip.frames) / 1e3:.0f} kB a frame, {clip.hue}")


if __name__ == "__main__":
    main()
