"""Blocks of samples, as a driver hands them over, made into sound that knows when it was heard."""

from __future__ import annotations

import contextlib
import json
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from capture.drift import Follower
from capture.errors import DeviceLost, DeviceMissing
from capture.frames import Sound, SoundShape

PIECE = struct.Struct("<qI")
"""Before each block from a child: when it came, and how many samples it has."""

Block = tuple[NDArray[np.float32], int]
"""Samples, and when they came."""

_PIECE_SECONDS = 0.04  # Drivers hand over a few milliseconds at a time: to place each alone costs four times as much.
_SILENT = round(0.7 / _PIECE_SECONDS)  # Looks without a block after which a microphone is lost...
_FIRST = round(3.0 / _PIECE_SECONDS)  # ...and before its first one: some take two seconds to wake up.


class Blocks(Protocol):
    """Something that blocks of samples come from."""

    device: str
    """What the system calls it."""

    shape: SoundShape
    """What it gives."""

    blocks: queue.SimpleQueue[Block]
    """What came and was not taken yet."""

    @property
    def lost(self) -> DeviceLost | None:
        """What happened to it, if it is known to be gone."""

    def close(self) -> None:
        """Let go of it."""


class Microphone:
    """An open microphone, or the system's sound."""

    def __init__(self, stream: Blocks, *, latency_ms: float, closed: Callable[[Microphone], None]) -> None:
        self.device = stream.device
        """What it is, as the system calls it."""
        self.shape = stream.shape
        """What it gives."""
        self.follower = Follower(rate=stream.shape.rate)
        """Its clock."""
        self._latency_ns = round(latency_ms * 1e6)
        self._stream = stream
        self._when_closed = closed
        self._closing = threading.Lock()
        self._closed = threading.Event()

    def frames(self) -> Iterator[Sound]:
        """Yield what is heard, until closed.

        Raises:
            DeviceLost: nothing came for 0.7 s, it is unplugged, or the sound server is gone or gave another one.
        """
        count, empty, allowed = 0, 0, _FIRST
        held: list[NDArray[np.float32]] = []
        while not self._closed.wait(_PIECE_SECONDS):
            came = list(self._waiting_blocks())
            # Patience is counted in looks, not in time: a recorder that was stopped for a while blames nobody.
            empty = 0 if came else empty + 1
            lost = self._stream.lost
            if lost is None and empty > allowed:
                nothing = f"{self.device} has given nothing for {empty * _PIECE_SECONDS:.1f} s"
                lost = DeviceLost(nothing, hint="plug it in again")
            if lost is not None:
                if self._closed.is_set():
                    return
                raise lost
            for samples, arrived_ns in came:
                held.append(samples)
                count += len(samples)
                self.follower.feed(count, arrived_ns)
                allowed = _SILENT
            if held and not self.follower.waiting:
                piece = np.concatenate(held)
                at_ns = self.follower.at(count - len(piece)) - self._latency_ns
                held.clear()
                yield Sound(samples=piece, at_ns=at_ns, step_ns=self.follower.step_ns)

    def _waiting_blocks(self) -> Iterator[Block]:
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._stream.blocks.get_nowait()

    def close(self) -> None:
        """Let go of it; may be called twice and from any thread."""
        with self._closing:
            if self._closed.is_set():
                return
            self._closed.set()
        # A driver may hang in its goodbye: that must not hold up the other tracks.
        goodbye = threading.Thread(target=self._say_goodbye, name=f"closing {self.device}", daemon=True)
        goodbye.start()
        goodbye.join(3.0)

    def _say_goodbye(self) -> None:
        self._stream.close()
        self._when_closed(self)


class ChildStream:
    """A microphone that a child process opened, since it came after our PortAudio had looked around."""

    def __init__(self, identity: str) -> None:
        self.blocks: queue.SimpleQueue[Block] = queue.SimpleQueue()
        self._child = listener("open", identity)
        pipe = self._child.stdout
        assert pipe
        said = pipe.readline()
        if not said:
            self._end()
            raise DeviceMissing(identity)
        opened = json.loads(said)
        self.device: str = opened["device"]
        self.shape = SoundShape(rate=opened["rate"], channels=opened["channels"])
        self._thread = threading.Thread(target=self._read, name=f"listening to {self.device}", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> DeviceLost | None:
        """What happened to it, if it is known to be gone."""
        return None if self._thread.is_alive() else DeviceLost(f"{self.device} stopped")

    def close(self) -> None:
        """Let go of it."""
        self._child.terminate()
        self._thread.join(3.0)
        self._end()

    def _read(self) -> None:
        pipe = self._child.stdout
        assert pipe
        channels = self.shape.channels
        while len(begin := pipe.read(PIECE.size)) == PIECE.size:
            arrived_ns, count = PIECE.unpack(begin)
            samples = np.frombuffer(pipe.read(4 * count * channels), np.float32)
            if len(samples) < count * channels:
                return
            self.blocks.put((samples.reshape(count, channels), arrived_ns))

    def _end(self) -> None:
        self._child.terminate()
        self._child.wait()
        if self._child.stdout:
            self._child.stdout.close()


def listener(*words: str) -> subprocess.Popen[bytes]:
    """A child with a PortAudio of its own, told to ``list`` what is here or to ``open`` a device."""
    return subprocess.Popen(
        [sys.executable, "-m", "capture.sources.microphone", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl-C at the terminal is for the recorder, which ends its microphones itself.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def listed_by_a_child() -> list[dict[str, Any]]:
    """What a child's PortAudio sees now."""
    child = listener("list")
    try:
        said, _ = child.communicate(timeout=15)
        found: list[dict[str, Any]] = json.loads(said) if child.returncode == 0 else []
    except (subprocess.TimeoutExpired, ValueError):
        child.kill()
        child.communicate()
        return []
    return found
