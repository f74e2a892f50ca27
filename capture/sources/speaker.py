"""A speaker that beeps when it is told to, and says when that was heard; a process of its own.

PortAudio starts anew for whoever looks for microphones, which would end a sound that plays; here it is nobody else's.
`capture.sources.signals` holds the other end.
"""

from __future__ import annotations

import os
import queue
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.clock import SECOND, now_ns

RATE = 48_000
"""Samples a second."""

BEEP_SECONDS = 0.06
"""Length of a beep."""

_LOW_HZ, _HIGH_HZ = 800.0, 5000.0
_LEVEL = 0.6


def beep(rate: int = RATE) -> NDArray[np.float32]:
    """The beep: a rising tone, which is found in a recording to a fraction of a millisecond, whatever the room adds."""
    moments = np.arange(int(BEEP_SECONDS * rate)) / rate
    phase = 2 * np.pi * (_LOW_HZ * moments + (_HIGH_HZ - _LOW_HZ) / (2 * BEEP_SECONDS) * moments**2)
    return (_LEVEL * np.sin(phase) * np.hanning(len(moments))).astype(np.float32)


def main() -> None:
    """Play silence until standard input ends; each line there is answered by a beep, and by when it is heard."""
    import sounddevice

    sound = beep()
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()
    began: queue.SimpleQueue[int] = queue.SimpleQueue()
    left = np.empty(0, np.float32)

    def fill(out: NDArray[np.float32], count: int, times: Any, status: Any) -> None:
        nonlocal left
        now = now_ns()
        if not len(left) and not asked.empty():
            asked.get()
            left = sound
            # Both of PortAudio's moments are of a clock of its own: only what lies between them can be used.
            began.put(now + int((times.outputBufferDacTime - times.currentTime) * SECOND))
        out[:, 0] = 0.0
        out[: min(count, len(left)), 0] = left[:count]
        left = left[count:]

    with sounddevice.OutputStream(samplerate=RATE, channels=1, dtype="float32", latency="low", callback=fill):
        _say("ready")
        for _ in sys.stdin:
            asked.put(None)
            _say(str(began.get()))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
    os._exit(0)  # a sound system that hangs must not keep it
