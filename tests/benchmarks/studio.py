"""The screen behind a presenter, and the camera before: unlike any drawing program, neither is ever even or clean."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np

from tests.benchmarks.light import decode, encode
from tests.benchmarks.presenter import noise, srgb

SCREENS = {
    "green": "2f9a48 3aa655 48b04a 2b8a4e 55b84f 3f9e3a 279b5c 5c9c62 4d8a5a 6aa870".split(),
    "blue": "2450b4 2f62c8 1f47a0 3a6fd0 4a6cb0".split(),
}
"""Cloth, paint and paper as cameras show them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """How the screen hangs and is lit."""

    hue: str = "green"
    light: float = 1.0
    """How bright, against what its colour promises."""
    uneven: float = 0.25
    """Fall of the light from its brightest to its darkest place."""
    wrinkles: float = 0.05
    """Deviation of the light over the folds."""
    sheen: float = 0.03
    """Light of the lamps themselves that the cloth mirrors."""
    markers: str = ""
    """Tracking crosses: ``white``, ``dark``, ``pale`` (the screen's own colour, lighter) or none."""
    shadow: float = 0.25
    """Depth of the presenter's shadow."""
    softness: float = 0.06
    """Its softness, in heights of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What happens between the lens and the file."""

    blur: float = 0.6
    """Pixels at 1080 lines: deviation of what the lens spreads."""
    shot: float = 2e-4
    """Variance of the noise per unit of light."""
    read: float = 0.0015
    """Deviation of the noise in the dark."""
    smooth: float = 0.0
    """Strength of its own noise filter, in code values."""
    sharpen: float = 0.2
    """How much the difference from a blurred luma is added again."""
    contrast: float = 0.1
    """From the plain curve (0) to a strong S (1)."""
    saturation: float = 1.0
    flare: float = 0.01
    """Share of the picture's mean light that lies over everything."""
    exposure: float = 1.0
    warmth: float = 0.0
    """White balance: red times 1 + this, blue times 1 - this."""
    shutter: float = 0.5
    """Share of the time between frames that light falls on the sensor."""
    drift: float = 0.0
    """How far exposure and white balance wander while it runs."""
    codec: str = "x264"
    """``x264`` or ``mjpeg``."""
    rate: float = 8.0
    """Megabits a second at 1080p30 for x264, quality for MJPEG."""
    preset: str = "veryfast"


_SEEN = np.array([0.114, 0.587, 0.299], np.float32)
_LUMA = np.array([0.0722, 0.7152, 0.2126])  # BT.709, blue first
_TO_YUV = np.stack([_LUMA * 219, ([1, 0, 0] - _LUMA) / 1.8556 * 224, ([0, 0, 1] - _LUMA) / 1.5748 * 224]).astype(
    np.float32
) / np.float32(255)


def hang(screen: Screen, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """The empty screen in linear light."""
    w, h = size
    y, x = np.mgrid[:h, :w].astype(np.float32) / h
    x -= w / h / 2
    colour = srgb(str(rng.choice(SCREENS[screen.hue]))) * screen.light
    spot_x, spot_y = rng.uniform(-0.6, 0.6), rng.uniform(0.1, 0.6)
    fall = np.exp(-((x - spot_x) ** 2 + (y - spot_y) ** 2) / rng.uniform(0.5, 0.9))
    slope = 0.5 + rng.uniform(-0.3, 0.3) * x + rng.uniform(-0.2, 0.4) * (0.5 - y)
    lit = 1 - screen.uneven * (1 - (0.6 * fall + 0.4 * slope) / (0.6 * fall + 0.4 * slope).max())
    lit *= 1 + 0.08 * screen.uneven * noise(rng, (h, w), (h / 3, h / 3))

    folds = np.zeros((h, w), np.float32)
    for _ in range(9):  # each a bundle of parallel ridges that lean, bend and end
        turn = rng.normal(0, 0.35) if rng.random() < 0.7 else rng.normal(1.4, 0.3)
        across = x * np.cos(turn) + y * np.sin(turn) + 0.03 * noise(rng, (h, w), (h / 2, h / 2))
        profile = np.convolve(rng.standard_normal(400), np.hanning(rng.integers(5, 24)), "same").astype(np.float32)
        ridge = np.interp(across, np.linspace(-2, 3, 400), profile).astype(np.float32)
        where = np.clip(noise(rng, (h, w), (h / 2.5, h / 2.5)) + 0.3, 0, 1.5)
        folds += ridge / profile.std() * where
    folds = cv2.GaussianBlur(folds / folds.std(), (0, 0), h / 700)
    lit *= np.clip(1 + screen.wrinkles * folds, 0.25, 2.0)
    gloss = screen.sheen * (0.4 * lit + 0.6 * np.clip(folds * screen.wrinkles * 4, 0, 1.5)) * lit
    weave = 1 + 0.01 * noise(rng, (h, w), (2, 2))
    cloth = colour * (lit * weave)[..., None] + gloss[..., None] * np.array([0.9, 1.0, 1.05], np.float32) * 0.3
    if screen.markers:
        cloth = _mark(cloth, rng, screen.markers)
    return cloth.astype(np.float32)


def _mark(cloth: np.ndarray, rng: np.random.Generator, kind: str) -> np.ndarray:
    h, w = cloth.shape[:2]
    mask = np.zeros((h, w), np.uint8)
    arm, thick = h // 45, max(1, h // 220)
    for cx in np.linspace(0.08, 0.92, 6):
        for cy in np.linspace(0.1, 0.85, 4):
            x, y = int(w * cx + rng.normal(0, h / 60)), int(h * cy + rng.normal(0, h / 60))
            cv2.line(mask, (x - arm, y), (x + arm, y), 255, thick, cv2.LINE_AA)
            cv2.line(mask, (x, y - arm), (x, y + arm), 255, thick, cv2.LINE_AA)
    cover = (mask.astype(np.float32) / 255)[..., None]
    light = cloth.mean(axis=2, keepdims=True)
    tape = {"white": light * 1.8 + 0.15, "dark": light * 0.1 + 0.01, "pale": cloth * 1.5 + 0.04}[kind]
    return cloth * (1 - cover) + tape * cover


def shade(cloth: np.ndarray, alpha: np.ndarray, screen: Screen, side: float) -> np.ndarray:
    """The screen with the presenter's shadow on it, thrown to one *side* (heights of the picture)."""
    h, w = alpha.shape
    small = cv2.resize(alpha, (w // 8, h // 8), interpolation=cv2.INTER_AREA)
    move = np.float32([[1, 0, side * h / 8], [0, 1, 0.05 * h / 8]])
    small = cv2.warpAffine(small, move, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    near = cv2.GaussianBlur(small, (0, 0), max(0.6, screen.softness * h / 8))
    wide = cv2.GaussianBlur(small, (0, 0), 0.15 * h / 8)  # what the lamps all around lose
    dark = cv2.resize(screen.shadow * (0.75 * near + 0.25 * wide), (w, h), interpolation=cv2.INTER_CUBIC)
    return cloth * (1 - dark[..., None] * np.array([0.93, 1.0, 1.0], np.float32))


def gain(camera: Camera, at: float, beat: float) -> np.ndarray:
    """Factors on blue, green and red *at* a moment (seconds); *beat* says where in its wandering the camera is."""
    swing = np.sin(2 * np.pi * (0.9 * at + beat))
    warm = camera.warmth + 0.35 * camera.drift * np.sin(2 * np.pi * (0.6 * at + 0.3 + beat))
    mains = 1 + 0.004 * np.sin(2 * np.pi * (100 - 3 * 30) * at)
    factor = camera.exposure * (1 + camera.drift * swing) * mains
    return (factor * np.array([1 - warm, 1, 1 + warm])).astype(np.float32)


def spread(light: np.ndarray, camera: Camera) -> np.ndarray:
    """What the lens makes of a picture."""
    deviation = camera.blur * light.shape[0] / 1080
    return cv2.GaussianBlur(light, (0, 0), deviation) if deviation > 0.2 else light


def develop(light: np.ndarray, camera: Camera, gains: np.ndarray) -> np.ndarray:
    """Code values from 0 to 1 as the camera means them: exposure, vignette, curve and colour; no noise."""
    return _curve(light * gains * _vignette(light.shape[:2])[..., None], camera)


def expose(light: np.ndarray, camera: Camera, gains: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The uint8 picture a camera hands to its encoder."""
    h, w = light.shape[:2]
    light = light * gains * _vignette((h, w))[..., None]
    light = light + camera.flare * light.mean(axis=(0, 1))
    grain = rng.standard_normal((h, w, 3), dtype=np.float32)
    grain = 0.55 * grain + 1.2 * cv2.GaussianBlur(grain, (0, 0), 0.8)  # the colour filter's pattern, filled in
    light = light + grain * np.sqrt(np.maximum(light, 0) * camera.shot + camera.read**2)
    code = _curve(light, camera)
    if camera.smooth:
        code = cv2.bilateralFilter(code, 5, camera.smooth / 255, 1.5)
    if camera.sharpen:
        luma = code @ _SEEN
        code += (camera.sharpen * (luma - cv2.GaussianBlur(luma, (0, 0), 1.2)))[..., None]
    return (np.clip(code, 0, 1) * 255 + 0.5).astype(np.uint8)


def _curve(light: np.ndarray, camera: Camera) -> np.ndarray:
    code = encode(light)
    if camera.contrast:
        code += camera.contrast * 0.5 * (code * code * (3 - 2 * code) - code)
    if camera.saturation != 1:
        luma = code @ np.array([0.0722, 0.7152, 0.2126], np.float32)
        code = luma[..., None] + camera.saturation * (code - luma[..., None])
    return np.clip(code, 0, 1)


def _vignette(shape: tuple[int, int]) -> np.ndarray:
    h, w = shape
    x = (np.arange(w, dtype=np.float32) / w - 0.5)[None, :]
    y = (np.arange(h, dtype=np.float32) / h - 0.5)[:, None]
    return 1 - 0.25 * (x * x + y * y)


def film(pictures: list[np.ndarray], camera: Camera, rate: Fraction) -> tuple[bytes, str, list[np.ndarray]]:
    """Through the camera's codec: the file, its ending, and the pictures as they come out of it."""
    if camera.codec == "mjpeg":
        options = [cv2.IMWRITE_JPEG_QUALITY, int(camera.rate)]
        coded = [cv2.imencode(".jpg", picture, options)[1].tobytes() for picture in pictures]
        return b"".join(coded), ".mjpeg", [cv2.imdecode(np.frombuffer(c, np.uint8), cv2.IMREAD_COLOR) for c in coded]
    h, w = pictures[0].shape[:2]
    bits = round(camera.rate * 1e6 * (h * w / (1920 * 1080)) ** 0.75)
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as out:
        limits = {"maxrate": str(bits), "bufsize": str(bits // 2), "preset": camera.preset, "colorprim": "bt709"}
        stream = out.add_stream("libx264", rate=rate, options={**limits, "threads": "1"})
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = w, h, "yuv420p", bits
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 1
        for number, picture in enumerate(pictures):
            frame = _coloured(picture)
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    file.seek(0)
    with av.open(file) as back:
        decoded = [_shown(frame) for frame in back.decode(video=0)]
    return file.getvalue(), ".mkv", decoded


def _coloured(picture: np.ndarray) -> av.VideoFrame:
    """A picture as BT.709 in limited range, 4:2:0 with its colour beside the left of each four pixels.

    Done here since swscale, unless asked, cuts off what should be rounded: half a code value darker, and greener.
    """
    code = picture.astype(np.float32) @ _TO_YUV.T + np.array([16, 128, 128], np.float32)
    colour = cv2.sepFilter2D(code[..., 1:], -1, np.array([0.25, 0.5, 0.25]), np.array([0, 0.5, 0.5]))[::2, ::2]
    frame = av.VideoFrame(picture.shape[1], picture.shape[0], "yuv420p")
    for plane, values in zip(frame.planes, (code[..., 0], colour[..., 0], colour[..., 1]), strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : plane.width] = np.clip(values + 0.5, 16, 240)
        plane.update(rows)
    return frame


def _shown(frame: av.VideoFrame) -> np.ndarray:
    return frame.reformat(
        format="bgr24", src_colorspace="ITU709", src_color_range="MPEG", dst_color_range="JPEG"
    ).to_ndarray()


def straight(premultiplied: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The colour without its alpha."""
    return premultiplied / np.maximum(alpha, 1e-3)[..., None]


def seen(premultiplied: np.ndarray, alpha: np.ndarray, camera: Camera, gains: np.ndarray) -> np.ndarray:
    """A foreground as the camera shows it, sharpened within itself: premultiplied linear light again."""
    code = develop(straight(premultiplied, alpha), camera, gains)
    if camera.sharpen:
        # Against its own surroundings only: no halo from the screen, which nobody wants to keep.
        luma = code @ _SEEN
        around = cv2.GaussianBlur(luma * alpha, (0, 0), 1.2) / np.maximum(cv2.GaussianBlur(alpha, (0, 0), 1.2), 1e-3)
        code = np.clip(code + (camera.sharpen * alpha * (luma - around))[..., None], 0, 1)
    return (decode(code) * alpha[..., None]).astype(np.float16)
