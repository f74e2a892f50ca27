"""A drawn presenter, in parts that move: what covers how much, in which colour, and where the screen lights it.

Lengths are in heads (chin to crown), with the middle of the face at (0, 0), right and down positive. Parts are drawn
once at twice the size they are shown at, then turned and moved; colours are linear light, premultiplied.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tests.benchmarks.light import decode

Points = list[tuple[float, float]]
Place = tuple[float, float, float]
"""Right, down (heads), and turn (radians, clockwise)."""

SKINS = "5a3825 8d5524 b07a4e c68642 e0ac69 f1c27d ffdbac".split()
HAIRS = "14100e 2a1c14 4a2f1d 6b4423 a0713f d6b370 e6d3a8 8d3b1c 9c9894".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who stands there, wearing what, holding what."""

    skin: str = "e0ac69"
    hair: str = "2a1c14"
    style: str = "short"
    """``short``, ``long``, ``curls``, ``bun`` or ``bald``."""
    flying: float = 0.5
    """How many strands leave the mass: 0 to 1."""
    combed: float = 0.0
    """How much of the mass itself is drawn hair by hair, with light that comes through it: 0 to 1."""
    beard: bool = False
    spectacles: str = ""
    """``thin``, ``thick`` or none."""
    cloth: str = "40587a"
    second: str = "e8e8e8"
    """The other colour of stripes, lapels and collars."""
    pattern: str = "plain"
    """``plain``, ``stripes``, ``checks``, ``shirt``, ``jacket``."""
    sleeves: float = 1.0
    """1 to the wrist, 0.4 for a T-shirt."""
    held: str = ""
    """``sheet``, ``book``, ``glass``, ``plant``, ``tablet``, ``pen`` or nothing."""
    spill: float = 0.25
    """How much of the screen's light the edges throw back."""
    monitor: bool = False
    """Whether a screen with green slides stands in front."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something rigid."""

    paint: np.ndarray
    """Blue, green, red, alpha: premultiplied linear light, float32."""

    spill: np.ndarray
    """Share of the screen's light that it throws back, premultiplied."""

    pivot: tuple[float, float]
    """Pixels of the picture above: the point it turns about."""

    unit: float
    """Pixels a head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The parts of a presenter, from back to front."""

    behind: Part
    """Hair that falls behind the shoulders."""
    torso: Part
    head: Part
    upper: tuple[Part, Part]
    """Upper arms, left and right in the picture."""
    fore: tuple[Part, Part]
    """Forearms with their hands, the right one with what it holds."""
    desk: Part | None
    """What stands in front and does not move."""


def srgb(name: str) -> np.ndarray:
    """Linear blue, green, red of a hexadecimal red-green-blue colour."""
    return decode(np.array([int(name[i : i + 2], 16) for i in (4, 2, 0)]) / 255).astype(np.float32)


def noise(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float]) -> np.ndarray:
    """Smooth noise of unit deviation with features of *cell* pixels (down, across)."""
    grid = tuple(max(2, round(n / c) + 2) for n, c in zip(shape, cell, strict=True))
    found = cv2.resize(rng.standard_normal(grid).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return found / max(1e-6, float(found.std()))


class Canvas:
    """Somewhere to draw a part: layers are laid one over the other."""

    def __init__(self, rng: np.random.Generator, unit: float, left: float, top: float, right: float, low: float):
        """An empty one that reaches from (*left*, *top*) to (*right*, *low*), in heads."""
        self.rng, self.unit, self.origin = rng, unit, (-left * unit, -top * unit)
        shape = round((low - top) * unit), round((right - left) * unit)
        self.paint = np.zeros((*shape, 4), np.float32)
        self.spill = np.zeros(shape, np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.spill.shape

    def part(self) -> Part:
        """What has been drawn."""
        return Part(self.paint, self.spill, self.origin, self.unit)

    def pixels(self, points: Points | np.ndarray) -> np.ndarray:
        """Points as OpenCV wants them, with four fractional bits."""
        at = np.asarray(points, np.float64) * self.unit + self.origin
        return np.round(at * 16).astype(np.int32)

    def blob(self, points: Points, *, smooth: bool = True) -> np.ndarray:
        """Cover of a closed outline through *points*."""
        mask = np.zeros(self.shape, np.uint8)
        outline = _closed(points) if smooth else np.asarray(points)
        cv2.fillPoly(mask, [self.pixels(outline)], 255, cv2.LINE_AA, 4)
        return mask.astype(np.float32) / 255

    def disc(self, x: float, y: float, rx: float, ry: float | None = None, turn: float = 0.0) -> np.ndarray:
        """Cover of an ellipse."""
        around = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        dx, dy = rx * np.cos(around), (ry or rx) * np.sin(around)
        c, s = np.cos(turn), np.sin(turn)
        return self.blob(list(zip(x + c * dx - s * dy, y + s * dx + c * dy, strict=True)), smooth=False)

    def limb(self, x0: float, y0: float, r0: float, x1: float, y1: float, r1: float) -> np.ndarray:
        """Cover of a bone with flesh that tapers."""
        across = np.arctan2(y1 - y0, x1 - x0)
        near = across + np.linspace(np.pi / 2, 3 * np.pi / 2, 16)
        far = across + np.linspace(-np.pi / 2, np.pi / 2, 16)
        outline = [(x0 + r0 * np.cos(a), y0 + r0 * np.sin(a)) for a in near]
        outline += [(x1 + r1 * np.cos(a), y1 + r1 * np.sin(a)) for a in far]
        return self.blob(outline, smooth=False)

    def lines(self, curves: list[np.ndarray], thickness: float) -> np.ndarray:
        """Cover of open curves; *thickness* in pixels of this canvas, under 1 is fainter."""
        mask = np.zeros(self.shape, np.uint8)
        cv2.polylines(mask, [self.pixels(c) for c in curves], False, 255, max(1, round(thickness)), cv2.LINE_AA, 4)
        return mask.astype(np.float32) * (min(1.0, thickness) / 255)

    def lay(self, mask: np.ndarray, colour: np.ndarray, *, spill: np.ndarray | float = 0.0, mat: bool = True) -> None:
        """Put *colour* over what is there. Without *mat* the colour is light that is added, as a reflection is."""
        rest = 1 - (mask if mat else 0)
        self.paint[..., :3] *= np.expand_dims(rest, -1) if mat else 1
        self.paint[..., :3] += mask[..., None] * colour
        self.spill *= rest
        self.spill += mask * spill
        if mat:
            self.paint[..., 3] = mask + self.paint[..., 3] * rest

    def solid(
        self,
        mask: np.ndarray,
        colour: np.ndarray,
        *,
        depth: float,
        glow: float,
        folds: float = 0.0,
        grain: float = 0.02,
    ) -> None:
        """Lay something round: lit from the upper left, throwing the screen's light back where it turns away."""
        rows, columns = np.flatnonzero(mask.max(axis=1) > 0), np.flatnonzero(mask.max(axis=0) > 0)
        if not len(rows):
            return
        box = slice(max(0, rows[0] - 2), rows[-1] + 3), slice(max(0, columns[0] - 2), columns[-1] + 3)
        small = mask[box]
        reach = depth * self.unit
        inside = cv2.copyMakeBorder((small > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
        near = np.minimum(cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1] / reach, 1)
        height = cv2.GaussianBlur(np.sqrt(1 - (1 - near) ** 2), (0, 0), max(1.0, reach / 12)) * reach
        if folds:
            height += folds * self.unit * noise(self.rng, small.shape, (0.5 * self.unit, 0.16 * self.unit)) * 0.02
            height += folds * self.unit * noise(self.rng, small.shape, (0.15 * self.unit, 0.3 * self.unit)) * 0.008
        nx, ny = cv2.Sobel(height, -1, 1, 0, scale=1 / 8), cv2.Sobel(height, -1, 0, 1, scale=1 / 8)
        nz = 1 / np.sqrt(1 + nx**2 + ny**2)
        lit = np.clip((nx * 0.42 + ny * 0.38 + 0.82) * nz, 0, 1.1)  # the key light; heights rise towards the eye
        shade = 0.25 + 0.75 * lit + grain * noise(self.rng, small.shape, (3, 3))
        paint = np.asarray(colour, np.float32)
        paint = paint[box] if paint.ndim == 3 else paint
        albedo = float(np.mean(paint))
        rim = (1 - nz) ** 1.5
        inner = Canvas.__new__(Canvas)
        inner.paint, inner.spill = self.paint[box], self.spill[box]
        inner.lay(small, paint * shade[..., None], spill=glow * (albedo * 0.7 + 0.05) * (rim + 0.06))


def draw(look: Look, rng: np.random.Generator, *, unit: float, below: float) -> Figure:
    """Draw everything at *unit* pixels a head (twice the size shown); the picture ends *below* heads under the face."""
    skin, hair = srgb(look.skin), srgb(look.hair)
    return Figure(
        behind=_behind(look, rng, unit, hair),
        torso=_torso(look, rng, unit, below + 0.3, skin),
        head=_head(look, rng, unit, skin, hair),
        upper=(_upper(look, rng, unit, skin), _upper(look, rng, unit, skin)),
        fore=(_fore(look, rng, unit, skin, held=""), _fore(look, rng, unit, skin, held=look.held)),
        desk=_desk(rng, unit, below) if look.monitor else None,
    )


def stamp(part: Part, onto: np.ndarray, spill: np.ndarray, *, scale: float, place: Place) -> None:
    """Lay a part over a picture at *scale* pixels a head, its pivot at *place* (pixels, pixels, radians)."""
    x, y, turn = place
    c, s = np.cos(turn) * scale / part.unit, np.sin(turn) * scale / part.unit
    px, py = part.pivot
    matrix = np.array([[c, -s, x - c * px + s * py], [s, c, y - s * px - c * py]])
    h, w = part.spill.shape
    corners = matrix @ np.array([[0, w, 0, w], [0, 0, h, h], [1, 1, 1, 1]], float)
    left, top = np.maximum(np.floor(corners.min(axis=1)).astype(int) - 1, 0)
    right, low = np.minimum(np.ceil(corners.max(axis=1)).astype(int) + 1, onto.shape[1::-1])
    if right <= left or low <= top:
        return
    matrix[:, 2] -= left, top
    size = (int(right - left), int(low - top))
    # Twice the size shown, so a bilinear tap is near enough to an area mean.
    paint = cv2.warpAffine(part.paint, matrix, size, flags=cv2.INTER_LINEAR)
    glow = cv2.warpAffine(part.spill, matrix, size, flags=cv2.INTER_LINEAR)
    rest = 1 - paint[..., 3]
    under, below = onto[top:low, left:right], spill[top:low, left:right]
    under *= rest[..., None]
    under += paint
    below *= rest
    below += glow


def _head(look: Look, rng: np.random.Generator, unit: float, skin: np.ndarray, hair: np.ndarray) -> Part:
    c = Canvas(rng, unit, -1.3, -1.3, 1.3, 1.2)
    for side in (-1, 1):
        c.solid(c.disc(0.375 * side, 0.04, 0.05, 0.11, 0.1 * side), skin * 0.85, depth=0.05, glow=look.spill)
    half = [(0.0, -0.5), (0.2, -0.47), (0.33, -0.32), (0.375, -0.1), (0.36, 0.12), (0.3, 0.31), (0.19, 0.44)]
    half += [(0.08, 0.5)]
    face = c.blob(half + [(-x, y) for x, y in half[:0:-1]])
    blush = np.exp(-(((np.abs(_x(c)) - 0.2) / 0.1) ** 2) - ((_y(c) - 0.18) / 0.1) ** 2)[..., None]
    tone = skin * (1 + blush * np.array([-0.12, -0.1, 0.06], np.float32))
    tone = tone * (1 + 0.04 * noise(rng, c.shape, (0.02 * unit, 0.02 * unit))[..., None])
    c.solid(face, tone, depth=0.42, glow=look.spill)
    c.lay(_soft(c, c.disc(0.02, 0.1, 0.05, 0.13), 0.02) * 0.25, skin * 1.35)
    c.lay(_soft(c, c.disc(0.0, 0.2, 0.07, 0.02), 0.012) * 0.5, skin * 0.35)
    for side in (-1, 1):
        c.lay(_soft(c, c.disc(0.155 * side, -0.02, 0.1, 0.06), 0.02) * 0.35, skin * 0.45)
        c.lay(c.disc(0.155 * side, -0.01, 0.062, 0.026), np.array([0.55, 0.58, 0.6], np.float32))
        c.lay(c.disc(0.155 * side + 0.005, -0.01, 0.026), srgb("3a2a1c"))
        c.lay(c.disc(0.155 * side + 0.005, -0.01, 0.012), srgb("050505"))
        c.lay(c.disc(0.148 * side + 0.01, -0.018, 0.006), np.ones(3, np.float32))
        brow = [np.array([(side * (0.08 + 0.14 * t), -0.09 - 0.03 * np.sin(3 * t)) for t in np.linspace(0, 1, 9)])]
        c.lay(_soft(c, c.lines(brow, 0.03 * unit), 0.006) * 0.85, hair * 0.7)
    c.lay(_soft(c, c.disc(0.0, 0.305, 0.105, 0.03), 0.008) * 0.8, skin * np.array([0.5, 0.45, 0.85], np.float32))
    c.lay(_soft(c, c.disc(0.0, 0.303, 0.1, 0.005), 0.004) * 0.8, skin * 0.15)
    if look.beard:
        jaw = [(-0.36, 0.1), (-0.3, 0.33), (-0.18, 0.47), (0, 0.53), (0.18, 0.47), (0.3, 0.33), (0.36, 0.1)]
        jaw += [(0.22, 0.24), (0.0, 0.23), (-0.22, 0.24)]
        c.lay(_soft(c, c.blob(jaw), 0.02) * 0.75, hair * 0.6)
        roots = [(x, y) for x, y in zip(rng.normal(0, 0.2, 260), rng.uniform(0.3, 0.52, 260), strict=True)]
        _strands(c, roots, [np.pi / 2 + 1.2 * -x for x, _ in roots], hair, look.spill, length=0.1, curl=0.5, fall=0.2)
    _hair_on(c, look, hair)
    if look.spectacles:
        _spectacles(c, look.spectacles)
    return c.part()


def _hair_on(c: Canvas, look: Look, hair: np.ndarray) -> None:
    rng, glow = c.rng, look.spill
    if look.style == "bald":
        return
    swell = {"curls": 1.28, "bun": 1.02}.get(look.style, 1.08)
    fringe = rng.uniform(-0.3, -0.2)
    cap = [(0.385, -0.02), (0.4, -0.2), (0.34, -0.4), (0.2, -0.52), (0.0, -0.555), (-0.2, -0.52), (-0.34, -0.4)]
    cap = [(x * swell, y * swell) for x, y in [*cap, (-0.4, -0.2), (-0.385, -0.02)]]
    cap += [(-0.33, -0.12), (-0.25, fringe), (-0.05, fringe - 0.09), (0.12, fringe - 0.02), (0.31, -0.14)]
    mask = c.blob(cap)
    sheen = 1 + 0.35 * noise(rng, c.shape, (0.4 * c.unit, 0.02 * c.unit))[..., None]
    c.solid(mask, hair * np.clip(sheen, 0.3, 2.2), depth=0.2, glow=glow)
    _comb(c, mask, look, hair)
    around = np.concatenate([rng.uniform(-np.pi - 0.1, 0.1, 700)])
    reach = rng.uniform(0.9, 1.0, around.size) * swell
    roots = [(0.4 * r * np.cos(a), 0.55 * r * np.sin(a)) for a, r in zip(around, reach, strict=True)]
    grow = {"short": 0.16, "curls": 0.55, "bun": 0.09, "long": 0.2}[look.style] * rng.uniform(0.8, 1.2)
    curl = {"curls": 2.6, "short": 0.5}.get(look.style, 0.35)
    count = int(200 + 500 * look.flying)
    # Along the head rather than away from it, and most of all downwards: only a few stand on end.
    lean = [a + (1.1 if np.cos(a) > 0 else -1.1) * rng.uniform(0.5, 1.2) + rng.normal(0, 0.3) for a in around]
    _strands(c, roots[:count], lean[:count], hair, glow, length=grow, curl=curl, fall=0.4)
    wild = int(50 * look.flying)
    _strands(
        c, roots[-wild or len(roots) :], lean[-wild or len(lean) :], hair, glow, length=1.5 * grow, curl=curl, fall=1.0
    )
    if look.style == "bun":
        c.solid(c.disc(0.05, -0.68, 0.2, 0.17), hair * 1.1, depth=0.15, glow=glow)
        turn = rng.uniform(0, 2 * np.pi, 160)
        roots = [(0.05 + 0.19 * np.cos(a), -0.68 + 0.16 * np.sin(a)) for a in turn]
        _strands(c, roots, [a + 1.0 for a in turn], hair, glow, length=0.14, curl=1.2, fall=0.1)
    if look.style == "curls":
        for _ in range(3):
            a = rng.uniform(-np.pi - 0.5, 0.5, 500)
            r = rng.uniform(0.9, 1.35, a.size)
            roots = [(0.43 * k * np.cos(t), 0.5 * k * np.sin(t) - 0.04) for t, k in zip(a, r, strict=True)]
            roots = [(x, y) for x, y in roots if abs(x) > 0.36 or y < -0.3]
            lean = [rng.uniform(0, 2 * np.pi) for _ in roots]
            _strands(c, roots, lean, hair, glow, length=0.28, curl=4.5, fall=0.0)


def _behind(look: Look, rng: np.random.Generator, unit: float, hair: np.ndarray) -> Part:
    c = Canvas(rng, unit, -1.3, -1.0, 1.3, 2.0)
    if look.style == "long":
        low = rng.uniform(0.9, 1.35)
        half = [(0.0, -0.56), (0.25, -0.5), (0.42, -0.3), (0.47, 0.1), (0.5, 0.5), (0.46, low), (0.25, low + 0.1)]
        mass = c.blob([*half, (0.0, low), *[(-x, y) for x, y in half[:0:-1]]])
        sheen = 1 + 0.4 * noise(rng, c.shape, (0.8 * unit, 0.02 * unit))[..., None]
        c.solid(mass, hair * np.clip(sheen, 0.3, 2.2), depth=0.3, glow=look.spill)
        _comb(c, mass, look, hair)
        for side in (-1, 1):
            y = rng.uniform(-0.4, low, 420)
            x = side * (0.44 + 0.04 * rng.standard_normal(y.size))
            lean = np.pi / 2 - side * np.abs(rng.normal(0.12, 0.22, y.size))
            _strands(c, list(zip(x, y, strict=True)), list(lean), hair, look.spill, length=0.7, curl=0.35, fall=0.5)
            tips = [(xx, low) for xx in rng.uniform(0.05, 0.5, 160) * side]
            _strands(c, tips, [np.pi / 2 + rng.normal(0, 0.2) for _ in tips], hair, look.spill, length=0.35, curl=0.5)
            wild = int(60 * look.flying)
            lean = np.pi / 2 - side * np.abs(rng.normal(0.3, 0.3, wild))
            roots = list(zip(x[:wild], y[:wild], strict=True))
            _strands(c, roots, list(lean), hair, look.spill, length=0.8, curl=0.9, fall=0.6)
    return c.part()


def _strands(
    c: Canvas,
    roots: Points,
    lean: list[float],
    hair: np.ndarray,
    glow: float,
    *,
    length: float,
    curl: float,
    fall: float = 0.3,
) -> None:
    """Draw single hairs."""
    rng, groups = c.rng, 6
    if not roots:
        return
    curves = _grown(rng, roots, lean, length=length, curl=curl, fall=fall)
    for group in range(groups):
        mine = list(curves[group::groups])
        if not mine:
            continue
        # Half a pixel to one pixel as shown, some of them too thin to cover what is behind.
        mask = c.lines(mine, c.unit / 560 * rng.choice([0.6, 1.0, 1.6, 2.0])) * rng.uniform(0.55, 1.0)
        shade = hair * rng.uniform(0.6, 1.8) + 0.012 * rng.uniform(0, 1)
        c.lay(mask, shade.astype(np.float32), spill=glow * 0.25 * (float(shade.mean()) + 0.05))


def _comb(c: Canvas, mask: np.ndarray, look: Look, hair: np.ndarray) -> None:
    """Draw a mass of hair again, lock by lock, with light of the screen behind that comes through where it is thin."""
    if not look.combed:
        return
    rng, locks = c.rng, 40
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / c.unit
    patchy = np.clip(0.6 + 0.5 * noise(rng, c.shape, (0.3 * c.unit, 0.06 * c.unit)), 0, 2)
    through = np.exp(-depth / rng.uniform(0.05, 0.4)) * patchy * rng.uniform(0.2, 2)
    through = np.minimum(0.6, 0.6 * look.spill * (float(hair.mean()) + 0.05) * through)
    rows, columns = np.nonzero(mask > 0.5)
    curl = {"curls": rng.uniform(1, 5), "short": 0.5}.get(look.style, rng.uniform(0.2, 0.8))
    length = {"curls": 0.3, "short": 0.2}.get(look.style, 0.5)
    wide, contrast = rng.uniform(0.8, 3), rng.uniform(0.1, 0.6)
    within = np.minimum(1, 1.3 * _soft(c, mask, 0.015))
    c.spill += mask * through
    for _ in range(locks):
        some = rng.integers(0, len(rows), int(100 * look.combed))
        roots = (np.stack([columns[some], rows[some]], axis=1) - c.origin) / c.unit
        away = np.arctan2(roots[:, 1] + 0.1, roots[:, 0]) + rng.normal(0, 0.5, len(roots))
        lean = away if look.style == "curls" else np.pi / 2 + 0.4 * np.cos(away)
        curves = _grown(rng, roots, lean, length=length, curl=curl)
        lock = c.lines(list(curves), c.unit / 560 * wide * rng.uniform(0.6, 1.4)) * rng.uniform(0.3, 0.9)
        shade = (hair * np.exp(rng.normal(0, contrast))).astype(np.float32)
        c.lay(lock * within, shade, spill=through * rng.uniform(0, 2))


def _grown(
    rng: np.random.Generator,
    roots: Points | np.ndarray,
    lean: list[float] | np.ndarray,
    *,
    length: float,
    curl: float,
    fall: float = 0.3,
) -> np.ndarray:
    """Points of single hairs: each starts at its root, leans, curls at random, and falls."""
    steps = 14
    at, angle = np.array(roots, float), np.array(lean, float)
    bend, own = rng.normal(0, curl, at.shape[0]), length * rng.uniform(0.5, 1.3, at.shape[0])
    path = [at]
    for _ in range(steps):
        angle = angle + bend * 2 / steps + rng.normal(0, 0.25 * curl, angle.size) / steps**0.5
        way = np.stack([np.cos(angle), np.sin(angle) + fall / steps * len(path)], axis=1)
        at = at + way / np.linalg.norm(way, axis=1, keepdims=True) * (own / steps)[:, None]
        path.append(at)
    return np.stack(path, axis=1)


def _spectacles(c: Canvas, kind: str) -> None:
    rim = srgb("181818") if kind == "thick" else srgb("8a7a60")
    width = (0.028 if kind == "thick" else 0.012) * c.unit
    around = np.linspace(0, 2 * np.pi, 40)
    for side in (-1, 1):
        x, y, rx, ry = 0.17 * side, 0.0, 0.145, 0.11
        oval = [(x + rx * np.cos(a), y + ry * np.sin(a) * (1 + 0.12 * np.cos(2 * a))) for a in around]
        lens = c.blob(oval, smooth=False)
        c.lay(lens * 0.06, np.full(3, 0.05, np.float32), spill=0.2)
        glint = c.blob([(x - 0.1, y - 0.08), (x + 0.02, y - 0.1), (x - 0.02, y + 0.02), (x - 0.12, y + 0.04)])
        c.lay(_soft(c, glint, 0.01) * lens * 0.22, np.array([0.9, 0.85, 0.75], np.float32), spill=0.3)
        c.lay(c.lines([np.array(oval)], width), rim, spill=0.03)
        temple = np.array([(x + rx * side, y - 0.02), (0.42 * side, -0.02), (0.44 * side, 0.03)])
        c.lay(c.lines([temple], width), rim, spill=0.03)
    c.lay(c.lines([np.array([(-0.03, -0.03), (0.0, -0.045), (0.03, -0.03)])], width), rim)


def _torso(look: Look, rng: np.random.Generator, unit: float, low: float, skin: np.ndarray) -> Part:
    c = Canvas(rng, unit, -1.5, 0.1, 1.5, low)
    neck = c.blob(
        [(-0.19, 0.25), (-0.19, 0.6), (-0.4, 0.8), (-0.3, 1.1), (0.3, 1.1), (0.4, 0.8), (0.19, 0.6), (0.19, 0.25)]
    )
    c.solid(neck, skin * 0.8, depth=0.2, glow=look.spill)
    c.lay(_soft(c, c.disc(0, 0.45, 0.25, 0.14), 0.05) * 0.55 * neck, skin * 0.3)
    half = [
        (0.2, 0.68),
        (0.5, 0.78),
        (0.8, 0.87),
        (0.95, 1.05),
        (0.93, 1.5),
        (0.84, 2.1),
        (0.86, 2.8),
        (0.92, low + 0.5),
    ]
    collar = rng.uniform(0.85, 1.0)
    body = c.blob([*half, *[(-x, y) for x, y in half[::-1]], (-0.1, collar), (0.1, collar)])
    c.solid(body, _weave(c, look), depth=0.45, glow=look.spill * 1.1, folds=1.0)
    second = srgb(look.second)
    if look.pattern == "jacket":
        shirt = c.blob([(-0.2, 0.7), (0.2, 0.7), (0.02, 2.2), (-0.02, 2.2)], smooth=False)
        c.solid(shirt, second, depth=0.2, glow=look.spill, folds=0.5)
    if look.pattern in ("jacket", "shirt"):
        for side in (-1, 1):
            flap = c.blob(
                [(0.16 * side, 0.62), (0.24 * side, 0.7), (0.2 * side, 1.02), (0.02 * side, 0.95)], smooth=False
            )
            c.solid(flap, second, depth=0.05, glow=look.spill)
    if look.pattern == "shirt":
        for y in np.arange(1.15, low, 0.35):
            c.solid(c.disc(0.0, y, 0.018), second * 0.8, depth=0.02, glow=0)
    return c.part()


def _weave(c: Canvas, look: Look) -> np.ndarray:
    base = srgb(look.cloth) * (1 + 0.05 * noise(c.rng, c.shape, (2.5, 2.5))[..., None])
    if look.pattern not in ("stripes", "checks"):
        return base
    bent = 0.03 * noise(c.rng, c.shape, (0.5 * c.unit, 0.5 * c.unit))
    on = np.sin((_y(c) + bent) * 2 * np.pi / 0.16)
    if look.pattern == "checks":
        on = np.maximum(on, np.sin((_x(c) + bent) * 2 * np.pi / 0.16))
    on = np.clip(on * 6 - 2, 0, 1)[..., None].astype(np.float32)
    return base * (1 - on) + srgb(look.second) * on


def _upper(look: Look, rng: np.random.Generator, unit: float, skin: np.ndarray) -> Part:
    c = Canvas(rng, unit, -0.4, -0.4, 0.4, 1.6)
    c.solid(c.limb(0, 0, 0.2, 0, 1.2, 0.16), skin, depth=0.17, glow=look.spill)
    reach = min(1.2, 0.35 + look.sleeves)
    sleeve = c.limb(0, 0, 0.25, 0, reach, 0.2)
    c.solid(sleeve, _weave(c, look), depth=0.2, glow=look.spill * 1.1, folds=0.8)
    return c.part()


def _fore(look: Look, rng: np.random.Generator, unit: float, skin: np.ndarray, *, held: str) -> Part:
    c = Canvas(rng, unit, -1.5, -0.35, 1.5, 2.9)
    if held in ("sheet", "book", "tablet", "glass", "plant"):
        _held(c, held, look)
    c.solid(c.limb(0, 0, 0.155, 0, 1.1, 0.1), skin, depth=0.14, glow=look.spill)
    c.solid(c.disc(0.0, 1.3, 0.15, 0.2), skin * 1.05, depth=0.1, glow=look.spill)
    spread = rng.uniform(0.6, 1.3)
    for i, length in enumerate((0.3, 0.36, 0.34, 0.26)):
        lean = (i - 1.5) * 0.2 * spread
        x, y = (i - 1.5) * 0.075, 1.45 - 0.02 * abs(i - 1.5)
        tip = (x + length * np.sin(lean), y + length * np.cos(lean))
        c.solid(c.limb(x, y, 0.045, *tip, 0.035), skin * 1.05, depth=0.04, glow=look.spill)
    c.solid(c.limb(-0.12, 1.25, 0.05, -0.28, 1.45, 0.04), skin, depth=0.04, glow=look.spill)
    if look.sleeves >= 0.9:
        sleeve = c.limb(0, 0, 0.2, 0, 1.02, 0.15)
        c.solid(sleeve, _weave(c, look), depth=0.17, glow=look.spill * 1.1, folds=0.8)
    if held == "pen":
        c.solid(c.limb(-0.35, 1.65, 0.018, 0.2, 1.25, 0.02), srgb("1b2a6b"), depth=0.02, glow=look.spill)
    return c.part()


def _held(c: Canvas, held: str, look: Look) -> None:
    rng = c.rng
    box = [(-0.75, 1.5), (0.6, 1.42), (0.66, 2.45), (-0.68, 2.55)]
    if held == "sheet":
        sheet = c.blob(box, smooth=False)
        waves = noise(rng, c.shape, (0.5 * c.unit, 0.3 * c.unit))
        cover = sheet * np.clip(0.5 + 0.06 * waves, 0.3, 0.75)  # a plastic sheet or tracing paper
        c.lay(
            cover, np.array([0.75, 0.77, 0.78], np.float32) * (0.85 + 0.08 * waves[..., None]), spill=look.spill * 0.15
        )
        text = [np.array([(-0.5, y), (rng.uniform(0.1, 0.45), y - 0.03)]) for y in np.arange(1.65, 2.4, 0.09)]
        c.lay(c.lines(text, 0.022 * c.unit) * 0.85, srgb("202024"))
    elif held == "book":
        c.solid(c.blob(box, smooth=False), srgb("7a1f2b"), depth=0.05, glow=look.spill)
        c.solid(
            c.blob([(-0.5, 1.65), (0.4, 1.6), (0.42, 1.85), (-0.48, 1.9)], smooth=False),
            srgb("d8c890"),
            depth=0.05,
            glow=0,
        )
    elif held == "tablet":
        c.solid(c.blob(box, smooth=False), srgb("1a1a1c"), depth=0.03, glow=look.spill)
        _slide(c, -0.66, 1.58, 1.22, 0.78)
    elif held == "glass":
        glass = c.blob([(-0.22, 1.35), (0.22, 1.35), (0.17, 2.2), (-0.17, 2.2)], smooth=False)
        water = c.blob([(-0.2, 1.7), (0.2, 1.7), (0.165, 2.16), (-0.165, 2.16)], smooth=False)
        c.lay(glass * 0.14, np.full(3, 0.25, np.float32), spill=0.3)
        c.lay(water * 0.12, np.array([0.3, 0.26, 0.22], np.float32), spill=0.3)
        for x, wide in ((-0.195, 0.03), (0.195, 0.03), (-0.1, 0.02)):
            c.lay(_soft(c, c.limb(x, 1.38, wide, x * 0.86, 2.15, wide), 0.008) * 0.55, np.full(3, 0.7, np.float32))
        c.lay(c.lines([np.array([(-0.22, 1.35), (0.22, 1.35)])], 0.015 * c.unit) * 0.8, np.full(3, 0.8, np.float32))
    elif held == "plant":
        for _ in range(26):
            a, r = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.6)
            x, y, lean = r * np.cos(a), 2.1 + r * np.sin(a), a + rng.normal(0, 0.3)
            leaf = srgb(str(rng.choice("3c6e2f 55803a 2f5a33 7a9a48 4a7a5a".split())))
            c.solid(
                c.disc(x, y, rng.uniform(0.1, 0.2), rng.uniform(0.04, 0.07), lean), leaf, depth=0.04, glow=look.spill
            )


def _slide(c: Canvas, x: float, y: float, wide: float, high: float) -> None:
    """A lit slide with a title, lines, and a chart with green in it."""
    rng = c.rng
    c.lay(c.blob([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)], smooth=False), srgb("eceff2"))
    bar = [(x, y), (x + wide, y), (x + wide, y + 0.13 * high), (x, y + 0.13 * high)]
    c.lay(c.blob(bar, smooth=False), srgb("2e7d4f"))
    for i, name in enumerate("8bc34a 4caf50 1b5e20 ffb300".split()):
        left, top = x + wide * (0.55 + 0.1 * i), y + high * rng.uniform(0.3, 0.7)
        right, low = left + wide * 0.08, y + high * 0.9
        c.lay(c.blob([(left, top), (right, top), (right, low), (left, low)], smooth=False), srgb(name))
    rows = [
        np.array([(x + 0.06 * wide, yy), (x + wide * rng.uniform(0.3, 0.5), yy)])
        for yy in y + high * np.arange(0.25, 0.9, 0.1)
    ]
    c.lay(c.lines(rows, 0.02 * c.unit), srgb("33383d"))


def _desk(rng: np.random.Generator, unit: float, below: float) -> Part:
    c = Canvas(rng, unit, -4.0, below - 1.5, -0.9, below + 0.3)
    frame = [(-3.2, below - 1.35), (-1.1, below - 1.25), (-1.12, below + 0.2), (-3.2, below + 0.2)]
    c.solid(c.blob(frame, smooth=False), srgb("202225"), depth=0.04, glow=0.1)
    _slide(c, -3.1, below - 1.22, 1.9, 1.2)
    return c.part()


def _closed(points: Points, steps: int = 10) -> np.ndarray:
    """A Catmull-Rom curve through closed *points*."""
    p = np.asarray(points, float)
    before, after, later = np.roll(p, 1, 0), np.roll(p, -1, 0), np.roll(p, -2, 0)
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b = p[:, None], after[:, None]
    bend_a, bend_b = (after - before)[:, None] / 2, (later - p)[:, None] / 2
    curve = (2 * t**3 - 3 * t**2 + 1) * a + (t**3 - 2 * t**2 + t) * bend_a
    curve = curve + (3 * t**2 - 2 * t**3) * b + (t**3 - t**2) * bend_b
    return curve.reshape(-1, 2)


def _soft(c: Canvas, mask: np.ndarray, reach: float) -> np.ndarray:
    return cv2.GaussianBlur(mask, (0, 0), max(0.5, reach * c.unit))


def _x(c: Canvas) -> np.ndarray:
    return ((np.arange(c.shape[1], dtype=np.float32) - c.origin[0]) / c.unit)[None, :] * np.ones(
        (c.shape[0], 1), np.float32
    )


def _y(c: Canvas) -> np.ndarray:
    return ((np.arange(c.shape[0], dtype=np.float32) - c.origin[1]) / c.unit)[:, None] * np.ones(
        (1, c.shape[1]), np.float32
    )
