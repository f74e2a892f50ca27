"""A made-up picture and a made-up tone that flash and beep in step: for tests, and for trying a booth.

Both follow the steady clock alone: at each whole two seconds of it the picture is white in its box for two frames and
the tone beeps. Nothing has to pass between them, so they stay in step across processes. The picture moves, and carries
a mark of its moment (`capture.marks`); the tone hisses softly between its beeps, as every real microphone does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from capture import marks
from capture.clock import SECOND, now_ns
from capture.frames import Frame, Kind, PictureShape, Sound, SoundShape
from capture.sources import Device, Wanted

PERIOD_NS = 2 * SECOND
"""Nanoseconds of the steady clock from a flash and a beep to the next."""

BEEP_SECONDS = 0.066
"""Length of a beep; about that of a flash at 30 frames a second."""

BEEP_HZ = 1000
"""Pitch of a beep."""

FLASH_FRAMES = 2
"""Frames that a flash is long."""

SAMPLE_RATE = 48_000
"""Samples a second."""

_BLOCK = 960
"""Samples that come at once: 20 ms."""

_BEEP_LEVEL, _HISS_LEVEL = 0.5, 0.001

_NAP_SECONDS = 0.2
"""The longest sleep, so that a closed source ends soon."""


def present() -> tuple[Device, ...]:
    """The picture and the tone; both are always here."""
    return (
        Device(
            kind=Kind.CAMERA, name="pattern", identity="", description="Flashing test picture", member="pattern",
            width=1280, height=720,
        ),
        Device(kind=Kind.MICROPHONE, name="tone", identity="", description="Beeping test tone", member="pattern"),
    )  # fmt: skip


def open(wanted: Wanted) -> Picture | Tone:
    """The tone where sound is *wanted*, the picture elsewhere, in the size and at the rate that are wished for."""
    return Tone() if wanted.kind.is_sound else Picture(wanted)


class Picture:
    """The made-up picture."""

    latency_ms = 0.0
    """It is seen when it is made."""

    def __init__(self, wanted: Wanted) -> None:
        self.device = "Flashing test picture"
        self.shape = PictureShape(
            width=(wanted.width or 1280) // 2 * 2, height=(wanted.height or 720) // 2 * 2, rate=Fraction(wanted.rate)
        )
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """Yield a picture at each beat until closed; a beat that could not be kept is left out."""
        canvas = _canvas(self.shape.width, self.shape.height)
        rate = self.shape.rate
        # Beats are counted from the zero of the clock: every flash falls on one where the rate is a whole number.
        beat = _beats(now_ns(), rate) + 1
        while not self._closed:
            at_ns = -(-beat * SECOND * rate.denominator // rate.numerator)
            if (ahead_ns := at_ns - now_ns()) > 0:
                time.sleep(min(ahead_ns / SECOND, _NAP_SECONDS))
                continue
            yield Frame(picture=self._painted(canvas, at_ns), at_ns=at_ns)
            beat = max(beat + 1, _beats(now_ns(), rate))

    def _painted(self, canvas: NDArray[np.uint8], at_ns: int) -> NDArray[np.uint8]:
        picture = canvas.copy()
        height, width = picture.shape[:2]
        side = height // 8
        left = int((at_ns % PERIOD_NS) / PERIOD_NS * (width - side))
        picture[height - side :, left : left + side] = (64, 200, 240)
        lit = at_ns % PERIOD_NS < FLASH_FRAMES * SECOND / self.shape.rate
        marks.draw(picture, marks.tick_at(at_ns), lit=lit)
        picture.flags.writeable = False
        return picture

    def close(self) -> None:
        """Make no more pictures."""
        self._closed = True


class Tone:
    """The made-up tone."""

    latency_ms = 0.0
    """It is heard when it is made."""

    def __init__(self) -> None:
        self.device = "Beeping test tone"
        self.shape = SoundShape(rate=SAMPLE_RATE, channels=1)
        self._closed = False

    def frames(self) -> Iterator[Sound]:
        """Yield a block of samples whenever its last one has been heard, until closed; none is ever left out."""
        period = SAMPLE_RATE * PERIOD_NS // SECOND
        loop = np.random.default_rng(1).normal(0, _HISS_LEVEL, period).astype(np.float32)
        count = round(BEEP_SECONDS * SAMPLE_RATE)
        loop[:count] += _BEEP_LEVEL * np.sin(2 * np.pi * BEEP_HZ / SAMPLE_RATE * np.arange(count), dtype=np.float32)
        loop = loop.clip(-1, 1)[:, None]
        loop.flags.writeable = False
        block = now_ns() * SAMPLE_RATE // SECOND // _BLOCK
        while not self._closed:
            first = block * _BLOCK
            at_ns = first * SECOND // SAMPLE_RATE
            if (ahead_ns := at_ns + _BLOCK * SECOND // SAMPLE_RATE - now_ns()) > 0:
                time.sleep(min(ahead_ns / SECOND, _NAP_SECONDS))
                continue
            start = first % period  # a period is a whole number of blocks
            yield Sound(samples=loop[start : start + _BLOCK], at_ns=at_ns, step_ns=SECOND / SAMPLE_RATE)
            block += 1

    def close(self) -> None:
        """Make no more sound."""
        self._closed = True


def _beats(at_ns: int, rate: Fraction) -> int:
    """Whole beats from the zero of the clock to the moment *at_ns*."""
    return at_ns * rate.numerator // (rate.denominator * SECOND)


def _canvas(width: int, height: int) -> NDArray[np.uint8]:
    """What the moving things move over: a soft slope of colours."""
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[..., 0] = np.linspace(60, 150, width)[None, :]
    canvas[..., 1] = np.linspace(50, 120, height)[:, None]
    canvas[..., 2] = 70
    return canvas
