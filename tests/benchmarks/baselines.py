"""What others key with, each written as well as we can, to be measured beside our own.

Every way takes a clip and gives an alpha and a composite for each frame. *Tuned* means: its settings are searched for
each clip against the truth, which nobody at a desk could do. The key colour is always the mean of the empty screen,
as if picked with care, except where a program's default is asked for.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import av
import cv2
import numpy as np

from process.ffmpeg import Ffmpeg, program
from tests.benchmarks.footage import Clip
from tests.benchmarks.light import LINEAR, over, to_bytes

Keyed = tuple[list[np.ndarray], list[np.ndarray]]
"""Alphas, uint8 or float, and composites over the clip's background."""

SPARSE = (slice(None, None, 3), slice(None, None, 3))
"""The pixels that settings are searched on."""


def hsv(clip: Clip) -> Keyed:
    """The tutorials' recipe: a range of hue, morphology, a blur."""
    done = [hsv_frame(frame, clip.background, clip.hue) for frame in clip.frames]
    return [a for a, _ in done], [c for _, c in done]


def hsv_frame(frame: np.ndarray, background: np.ndarray, hue: str) -> tuple[np.ndarray, np.ndarray]:
    """One frame of it; the mixing is OpenCV's own, far quicker than the arithmetic that tutorials write out."""
    low, high = ((35, 60, 40), (85, 255, 255)) if hue == "green" else ((95, 60, 40), (130, 255, 255))
    mask = cv2.inRange(cv2.cvtColor(frame, cv2.COLOR_BGR2HSV), low, high)
    kernel = np.ones((5, 5), np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
    mask = cv2.GaussianBlur(mask, (5, 5), 0)
    behind = mask.astype(np.float32) * np.float32(1 / 255)
    return 255 - mask, cv2.blendLinear(frame, background, 1 - behind, behind)


def keylight(clip: Clip) -> Keyed:
    """Colour difference against one colour, clip points, screen subtraction, spill limited to the other primaries."""
    key = LINEAR[plate(clip)].mean(axis=(0, 1))
    p, q, r = _order(clip.hue)
    balance = 0.5 if clip.hue == "green" else 0.95
    screen = key[p] - _weighted(key[q], key[r], balance)
    alphas, composites = [], []
    for frame in clip.frames:
        light = LINEAR[frame]
        excess = (light[..., p] - _weighted(light[..., q], light[..., r], balance)) / screen
        raw = np.clip(1 - excess, 0, 1)
        alpha = np.clip((raw - 0.1) / 0.85, 0, 1)
        colour = np.maximum(0, light - np.clip(excess, 0, 1)[..., None] * key)
        limit = np.maximum(colour[..., q], colour[..., r])
        colour[..., p] = np.minimum(colour[..., p], limit)
        ratio = np.where(raw > 1e-3, alpha / np.maximum(raw, 1e-3), 0)
        alphas.append(alpha)
        composites.append(over(colour * ratio[..., None], alpha, clip.background))
    return alphas, composites


def ibk(clip: Clip) -> Keyed:
    """The image-based keyer with a shot plate: colour difference divided pixel by pixel, plate subtracted."""
    return _ibk(clip, 0.5, 0.0, 1.0)


def ibk_tuned(clip: Clip) -> Keyed:
    """The same with the channel weight and the clip points that are best for this clip."""
    some, weights = _some(clip), (0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
    trials = {red: [_ibk_alpha(clip, clip.frames[i], red)[SPARSE] for i in some] for red in weights}
    truths = [clip.alphas[i][SPARSE] for i in some]

    def error(red: float, black: float, white: float) -> float:
        pairs = zip(trials[red], truths, strict=True)
        return sum(_mse(np.clip((a - black) / (white - black), 0, 1), t) for a, t in pairs)

    blacks, whites = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3), (1, 0.97, 0.92, 0.85, 0.75, 0.65, 0.5)
    return _ibk(clip, *_best(itertools.product(weights, blacks, whites), error))


def _ibk(clip: Clip, red: float, black: float, white: float) -> Keyed:
    screen = cv2.GaussianBlur(LINEAR[plate(clip)], (0, 0), 1)
    alphas, composites = [], []
    for frame in clip.frames:
        raw = _ibk_alpha(clip, frame, red)
        alpha = np.clip((raw - black) / (white - black), 0, 1)
        # What the clip points moved, moves the subtraction too: noise must not stay, nor solid things be thinned.
        colour = np.maximum(0, LINEAR[frame] - screen * (1 - alpha)[..., None])
        alphas.append(alpha)
        composites.append(over(colour, alpha, clip.background))
    return alphas, composites


def _ibk_alpha(clip: Clip, frame: np.ndarray, red: float) -> np.ndarray:
    p, q, r = _order(clip.hue)

    def difference(light: np.ndarray) -> np.ndarray:
        return light[..., p] - (1 - red) * light[..., q] - red * light[..., r]

    footage = difference(cv2.GaussianBlur(LINEAR[frame], (3, 3), 0))
    screen = difference(cv2.GaussianBlur(LINEAR[plate(clip)], (0, 0), 1))
    return np.where(footage <= 0, 1, np.clip(1 - footage / np.maximum(screen, 1e-4), 0, 1)).astype(np.float32)


def obs(clip: Clip) -> Keyed:
    """OBS Studio's chroma key, version 2, as it comes."""
    key = np.array([0, 255, 0] if clip.hue == "green" else [255, 153, 0], np.uint8)
    return _obs(clip, key, 0.4, 0.08, 0.1)


def obs_tuned(clip: Clip) -> Keyed:
    """The same with the screen's own colour, and the best sliders for this clip."""
    key = plate(clip).reshape(-1, 3).mean(axis=0)
    some = _some(clip)
    maps = [_obs_distance(clip.frames[i], key) for i in some]
    truths = [clip.alphas[i] for i in some]
    pairs = [(m[SPARSE], t[SPARSE]) for m, t in zip(maps, truths, strict=True)]
    grid = itertools.product(np.geomspace(0.01, 0.4, 22), np.geomspace(0.005, 0.4, 14))
    near, soft = _best(grid, lambda n, s: sum(_mse(np.clip((m - n) / s, 0, 1) ** 1.5, t) for m, t in pairs))

    def error(spill: float) -> float:
        return sum(
            _apart(_obs_picture(clip.frames[i], m, clip.background, near, soft, spill)[1], clip, i)
            for i, m in zip(some, maps, strict=True)
        )

    (spill,) = _best(itertools.product((0.001, 0.03, 0.08, 0.15, 0.25)), error)
    return _obs(clip, key, near, soft, spill)


def _obs(clip: Clip, key: np.ndarray, near: float, soft: float, spill: float) -> Keyed:
    done = [_obs_picture(f, _obs_distance(f, key), clip.background, near, soft, spill) for f in clip.frames]
    return [a for a, _ in done], [c for _, c in done]


_OBS = np.array([[0.439216, -0.338572, -0.100644], [-0.040274, -0.398942, 0.439216]], np.float32) / np.float32(255)


def _obs_distance(frame: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Distance in Cb and Cr: the centre, and four bilinear taps half a pixel away that count twice."""
    away = cv2.transform(frame.astype(np.float32) - np.asarray(key, np.float32), _OBS)
    total = np.hypot(away[..., 0], away[..., 1])
    wide = cv2.copyMakeBorder(away, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    means = cv2.boxFilter(wide, -1, (2, 2), anchor=(0, 0))
    lengths = np.hypot(means[..., 0], means[..., 1])
    h, w = total.shape
    for dy, dx in itertools.product((0, 1), repeat=2):
        total = total + 2 * lengths[dy : dy + h, dx : dx + w]
    return total / 9


def _obs_picture(
    frame: np.ndarray, away: np.ndarray, background: np.ndarray, near: float, soft: float, spill: float
) -> tuple[np.ndarray, np.ndarray]:
    alpha = np.clip((away - near) / soft, 0, 1) ** 1.5
    keep = np.clip((away - near) / spill, 0, 1)[..., None] ** 1.5
    light = LINEAR[frame]
    grey = cv2.transform(light, np.array([[0.0722, 0.7152, 0.2126]], np.float32))[..., None]
    colour = grey * (1 - keep) + light * keep
    return alpha, over(colour * alpha[..., None], alpha, background)


def ffmpeg(clip: Clip) -> Keyed:
    """ffmpeg's chromakey and despill with the values that people copy: similarity 0.1, blend 0.08."""
    return run_ffmpeg(clip, 0.1, 0.08, mix=0.5, expand=0.0)


def ffmpeg_tuned(clip: Clip) -> Keyed:
    """The same with the best similarity, blend, mix and expand for this clip."""
    some = _some(clip)
    planes, key = coded_planes(clip), key_of(clip)
    pairs = [(ffmpeg_distance(planes[i], key)[SPARSE], clip.alphas[i][SPARSE]) for i in some]
    grid = itertools.product(np.geomspace(0.005, 0.3, 24), np.geomspace(0.004, 0.4, 16))
    near, soft = _best(grid, lambda n, s: sum(_mse(np.clip((d - n) / s, 0, 1), t) for d, t in pairs))

    def error(mix: float, expand: float) -> float:
        total = 0.0
        for i in some:
            alpha = np.clip((ffmpeg_distance(planes[i], key) - near) / soft, 0, 1)
            colour = despilled(clip.frames[i], clip.hue, mix, expand)
            total += _apart(_mixed(colour, alpha, clip.background), clip, i)
        return total

    mix, expand = _best(itertools.product((0.2, 0.5, 0.8, 1.0), (0.0, 0.3)), error)
    return run_ffmpeg(clip, near, soft, mix=mix, expand=expand)


def run_ffmpeg(clip: Clip, similarity: float, blend: float, *, mix: float, expand: float) -> Keyed:
    """Really run it over the clip's own file; its overlay is the mixing of code values."""
    h, w = clip.frames[0].shape[:2]
    graph = chain(clip, similarity, blend, mix=mix, expand=expand) + ",format=bgra"
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / f"clip{clip.ending}", Path(folder) / "keyed.raw"
        source.write_bytes(clip.coded)
        command = [program(Ffmpeg()), "-v", "error", "-threads", "1", "-filter_threads", "1", "-r", str(clip.rate)]
        command += ["-i", str(source), "-vf", graph, "-fps_mode", "passthrough", "-f", "rawvideo", str(target)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        keyed = np.fromfile(target, np.uint8).reshape(-1, h, w, 4)
    if len(keyed) != len(clip.frames):
        raise ValueError(f"ffmpeg gave {len(keyed)} frames of {len(clip.frames)}")
    alphas = [k[..., 3].copy() for k in keyed]
    colours = (k[..., :3] for k in keyed)
    return alphas, [_mixed(c, a / np.float32(255), clip.background) for c, a in zip(colours, alphas, strict=True)]


def chain(clip: Clip, similarity: float, blend: float, *, mix: float, expand: float) -> str:
    """The filters, with the key in the footage's own YUV: given in RGB it would be converted wrongly."""
    key = "".join(f"{round(v):02x}" for v in key_of(clip))
    keying = f"chromakey=color=0x{key}:similarity={similarity:.5f}:blend={blend:.5f}:yuv=1"
    scales = "" if clip.hue == "green" else ":green=0:blue=-1"  # what it takes away is green unless told
    return f"{keying},despill=type={clip.hue}:mix={mix}:expand={expand}{scales}"


def coded_planes(clip: Clip) -> list[tuple[np.ndarray, np.ndarray]]:
    """U and V of each frame, as they lie in the file."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / f"clip{clip.ending}"
        source.write_bytes(clip.coded)
        with av.open(str(source)) as video:
            return [(_plane(f.planes[1]), _plane(f.planes[2])) for f in video.decode(video=0)]


def _plane(plane: av.video.plane.VideoPlane) -> np.ndarray:
    rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width].copy()


def key_of(clip: Clip) -> tuple[float, float, float]:
    """Y, U, V of the screen as the footage codes them: BT.709 in limited range, or JPEG's."""
    b, g, r = plate(clip).reshape(-1, 3).mean(axis=0)
    if clip.ending == ".mjpeg":
        y = 0.299 * r + 0.587 * g + 0.114 * b
        return y, 128 + (b - y) / 1.772, 128 + (r - y) / 1.402
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return 16 + y * 219 / 255, 128 + (b - y) / 1.8556 * 224 / 255, 128 + (r - y) / 1.5748 * 224 / 255


def ffmpeg_distance(planes: tuple[np.ndarray, np.ndarray], key: tuple[float, float, float]) -> np.ndarray:
    """chromakey's distance at each pixel, as its source has it: nearest colour sample, mean of nine."""
    u, v = (p.astype(np.float32) - round(k) for p, k in zip(planes, key[1:], strict=True))
    away = np.sqrt((u * u + v * v) / np.float32(2 * 255 * 255)).repeat(2, axis=0).repeat(2, axis=1)
    return cv2.blur(away, (3, 3), borderType=cv2.BORDER_REPLICATE)


def despilled(frame: np.ndarray, hue: str, mix: float, expand: float) -> np.ndarray:
    """despill as its source has it."""
    p, q, r = _order(hue)
    factor = (1 - mix) * (1 - expand)
    code = frame.astype(np.float32)
    code[..., p] -= np.maximum(0, code[..., p] - (code[..., r] * mix + code[..., q] * factor))
    return np.clip(code, 0, 255).astype(np.uint8)


WAYS: dict[str, Callable[[Clip], Keyed]] = {
    "HSV tutorial": hsv,
    "ffmpeg": ffmpeg,
    "ffmpeg tuned": ffmpeg_tuned,
    "OBS": obs,
    "OBS tuned": obs_tuned,
    "Keylight-like": keylight,
    "IBK": ibk,
    "IBK tuned": ibk_tuned,
}
"""All of them, by the names the table shows."""


def plate(clip: Clip) -> np.ndarray:
    """The mean of the empty frames, uint8; kept, since several ways ask for it again and again."""
    if _plates.get("of") is not clip.plate_frames:
        mean = np.mean(clip.plate_frames, axis=0, dtype=np.float32)
        _plates.update(of=clip.plate_frames, mean=(mean + 0.5).astype(np.uint8))
    return _plates["mean"]


_plates: dict = {}


def _order(hue: str) -> tuple[int, int, int]:
    """Places in blue, green, red: the screen's primary and both others, red last."""
    return (1, 0, 2) if hue == "green" else (0, 1, 2)


def _weighted(one: np.ndarray, other: np.ndarray, balance: float) -> np.ndarray:
    """Between the larger (0) and the smaller (1) of two."""
    return (1 - balance) * np.maximum(one, other) + balance * np.minimum(one, other)


def _mixed(colour: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    return cv2.blendLinear(colour, background, alpha.astype(np.float32), (1 - alpha).astype(np.float32))


def _some(clip: Clip) -> list[int]:
    return sorted({0, len(clip.frames) // 2, len(clip.frames) - 1})


def _mse(alpha: np.ndarray, truth: np.ndarray) -> float:
    return float(np.square(alpha - truth).mean())


def _apart(composite: np.ndarray, clip: Clip, number: int) -> float:
    """Squared error of a composite on the sparse pixels."""
    truth = to_bytes(
        clip.foregrounds[number][SPARSE].astype(np.float32)
        + (1 - clip.alphas[number][SPARSE])[..., None] * LINEAR[clip.background[SPARSE]]
    )
    return float(np.square(composite[SPARSE].astype(np.float32) - truth).mean())


def _best(grid: Iterable[tuple], error: Callable[..., float]) -> tuple:
    return min(grid, key=lambda settings: error(*settings))
