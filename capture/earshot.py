"""What a microphone has heard in the last seconds, for whoever wants to listen: in a file that both sides map.

It is to sound what `capture.preview` is to pictures. The recorder writes into a ring and never waits; a listener takes
the last seconds out of it, and says by that that it listens: a microphone that nobody listens to writes nothing.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND, now_ns
from capture.frames import Sound
from capture.mapped import Opened, Written

ROOM = 1 << 20
"""Samples that are kept: 21 s at 48 kHz."""

_HEAD = struct.Struct("<8sQQd")  # magic, when somebody listened last, samples in all, samples a second
_MAGIC = b"flipcsh1"
_LISTENED_AT, _COUNT_AT = 8, 16
_PAGE = 4096
_SIZE = _PAGE + ROOM * 2
_LISTENING_NS = 10 * SECOND
_MARGIN_SECONDS = 1.0  # what is written while somebody reads


class Earshot:
    """The writing side."""

    def __init__(self, folder: Path, name: str) -> None:
        """Of the track *name*."""
        self._file = Written(folder / f"{name}.sound", _SIZE)
        self._map = self._file.map
        _HEAD.pack_into(self._map, 0, _MAGIC, 0, 0, 0.0)
        self._count = 0
        self._reserved = False

    def offer(self, sound: Sound) -> None:
        """Let *sound* be heard, if somebody listens."""
        if not self.wanted:
            return
        self._reserved = self._reserved or self._file.reserve(0, _SIZE)
        if not self._reserved:
            return
        heard = np.rint(sound.samples.mean(axis=1).clip(-1, 1) * 32767).astype("<i2")[-ROOM:]
        ring = np.frombuffer(self._map, "<i2", ROOM, _PAGE)
        at = self._count % ROOM
        first = min(len(heard), ROOM - at)
        ring[at : at + first] = heard[:first]
        ring[: len(heard) - first] = heard[first:]
        del ring  # a map cannot be closed while anything looks into it
        self._count += len(heard)
        struct.pack_into("<Qd", self._map, _COUNT_AT, self._count, SECOND / sound.step_ns)

    @property
    def wanted(self) -> bool:
        """Whether somebody listens now."""
        (listened_ns,) = struct.unpack_from("<Q", self._map, _LISTENED_AT)
        return bool(now_ns() - listened_ns <= _LISTENING_NS)

    def close(self) -> None:
        """Remove it."""
        self._file.close()


class Listener:
    """The reading side. A context manager."""

    def __init__(self, folder: Path, name: str) -> None:
        """To the track *name*.

        Raises:
            FileNotFoundError: no such microphone is open, or not yet.
        """
        self._file = Opened(folder / f"{name}.sound", _SIZE)
        self._map = self._file.map
        self.last(0.0)

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._map.close()

    @property
    def over(self) -> bool:
        """Whether the microphone that is listened to was closed."""
        return self._file.over

    def last(self, seconds: float) -> tuple[NDArray[np.float32], float]:
        """The last *seconds*, mono, -1 to 1, and their samples a second; fewer at first, none before the first."""
        struct.pack_into("<Q", self._map, _LISTENED_AT, now_ns())
        count, rate = struct.unpack_from("<Qd", self._map, _COUNT_AT)
        wanted = min(count, round(seconds * rate), ROOM - round(_MARGIN_SECONDS * rate))
        if wanted <= 0:
            return np.zeros(0, np.float32), rate
        ring = np.frombuffer(self._map, "<i2", ROOM, _PAGE)
        heard = ring[np.arange(count - wanted, count) % ROOM].astype(np.float32) / 32767
        del ring
        return heard, rate
