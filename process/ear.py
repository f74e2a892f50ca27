"""An ear: hears the samples of a lecture once, and tells what its channels do, where it pauses and how it looks."""

from __future__ import annotations

import math
import wave
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import numpy as np

from process import ffmpeg
from process.captions.transcript import Span

SPEECH_RATE = 16_000
"""Samples a second of the sound that speech engines hear."""

POINT = 0.05
"""Seconds of a point of the envelope."""

SILENCE_DBFS = -70.0
"""Below this, R128 counts nothing and nor do we."""


class Channels(StrEnum):
    """Which channels of the sound are used."""

    BOTH = "both"
    LEFT = "left"
    RIGHT = "right"


class Ear:
    """Reads 16 kHz stereo samples once: writes the mono for recognition, keeps an envelope and what channels do."""

    def __init__(self, wav: Path) -> None:
        self.wav = wav
        self.dead = False
        self._levels: list[np.ndarray[Any, Any]] = []
        self._peaks: list[np.ndarray[Any, Any]] = []
        self._energy = np.zeros(3)  # left², right², left × right
        self._highest = 0

    def listen(self, pipe: IO[bytes]) -> None:
        """Take samples from *pipe* until it ends."""
        point = int(SPEECH_RATE * POINT)
        with wave.open(str(self.wav), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(SPEECH_RATE)
            while block := ffmpeg.read_exactly(pipe, point * 4 * 200):
                pair = np.frombuffer(block[: len(block) // 4 * 4], dtype="<i2").reshape(-1, 2).astype(np.float32)
                left, right = pair[:, 0], pair[:, 1]
                energies = np.array([left @ left, right @ right, left @ right], dtype=np.float64)
                self._energy += energies
                # Turned against each other, the mean of both would be silence.
                upside_down = energies[2] < -0.9 * math.sqrt(energies[0] * energies[1]) < 0
                mono = left if upside_down else (left + right) / 2
                out.writeframes(mono.astype("<i2").tobytes())
                whole = mono[: len(mono) // point * point].reshape(-1, point)
                self._levels.append(np.sqrt(np.mean(whole * whole, axis=1)) / 32768)
                self._peaks.append(np.max(np.abs(whole), axis=1, initial=0.0) / 32768)

    def verdict(self) -> tuple[Channels, tuple[str, ...]]:
        """Which channels to use, and why if not both."""
        left, right, both = self._energy
        if max(left, right) <= 0:
            return Channels.BOTH, ()
        if right < left * 1e-4:  # 40 dB below: crosstalk, not sound
            self.dead = True
            return Channels.LEFT, ("The right channel is dead; the left one is heard on both sides.",)
        if left < right * 1e-4:
            self.dead = True
            return Channels.RIGHT, ("The left channel is dead; the right one is heard on both sides.",)
        if both < -0.9 * math.sqrt(left * right):
            return Channels.LEFT, (
                "The channels are turned against each other and would cancel out on one loudspeaker;"
                " the left one is heard on both sides.",
            )
        return Channels.BOTH, ()

    def pauses(self, *, shortest: float = 0.3) -> tuple[Span, ...]:
        """Where the level stays near the quietest that the sound gets."""
        levels = np.concatenate(self._levels) if self._levels else np.zeros(0)
        if not len(levels):
            return ()
        decibels = 20 * np.log10(np.maximum(levels, 1e-6))
        floor, speech = np.percentile(decibels, 10), np.percentile(decibels, 90)
        if speech - floor < 6:  # steady sound, or none: no pauses to speak of
            return (Span(start=0.0, end=len(levels) * POINT),) if speech < SILENCE_DBFS + 10 else ()
        quiet = decibels < min(floor + 0.3 * (speech - floor), speech - 12)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet.astype(np.int8), [0]])))
        return tuple(
            Span(start=round(float(a * POINT), 3), end=round(float(b * POINT), 3))
            for a, b in zip(edges[::2], edges[1::2], strict=True)
            if (b - a) * POINT >= shortest
        )

    def waveform(self, *, most: int = 1000) -> tuple[float, ...]:
        """At most *most* peaks, 0 to 1, evenly over the whole sound."""
        peaks = np.concatenate(self._peaks) if self._peaks else np.zeros(0)
        if not len(peaks):
            return ()
        parts = np.array_split(peaks, min(most, len(peaks)))
        return tuple(round(float(part.max()), 3) for part in parts)
