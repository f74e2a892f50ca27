"""The recorder as a process of its own: ``python -m capture``, steered by lines on standard input (`capture.wire`).

When standard input ends, whoever steered it is gone: the take is ended, whole. So it is on every signal that asks a
process to leave. Standard output that is not read, or closed, changes nothing.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

import cv2

from capture import wire
from capture.errors import FlipcastError, WrongMoment
from capture.health import Health, Said, State
from capture.plan import Plan
from capture.recorder import Recorder
from capture.states import ENDS, Command

_SWITCH_SECONDS = 0.0005  # a thread that hogs the interpreter makes fewer pictures late: measured with two of them
_LEAVING_SECONDS = 1.0

_GONE: dict[str, Any] = {"do": "end", "why": "whoever steered the recorder is gone"}


def main() -> int:
    """Record what the first line asks for, until the take is whole; 0 if there is one."""
    telling = _Telling(_own_output())
    moves: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    _hear_signals(moves)
    threading.Thread(target=_listen, args=(moves,), name="steering", daemon=True).start()
    cv2.setNumThreads(1)  # its pool of threads costs more than it saves, and takes cores from the encoders
    sys.setswitchinterval(_SWITCH_SECONDS)
    opening = moves.get()
    if "open" not in opening:
        return 0
    try:
        plan = wire.noun(opening["open"], Plan)
        with Recorder(plan, news=telling.tell) as recorder:
            telling.of = recorder
            _steer(recorder, moves, telling)
        recorder.wait(0)
        telling.last(done=str(recorder.folder))
        return 0
    except (FlipcastError, ValueError, OSError) as error:
        told = error if isinstance(error, FlipcastError) else FlipcastError(f"the recorder failed: {error}")
        telling.last(failed=told)
        return 1


def _steer(recorder: Recorder, moves: queue.SimpleQueue[dict[str, Any]], telling: _Telling) -> None:
    while recorder.state not in ENDS:
        try:
            move = moves.get(timeout=0.05)
        except queue.Empty:
            continue
        if move.get("do") == "end":
            recorder.end(str(move["why"]))
            continue
        try:
            telling.put(reply=move.get("n", 0), state=_obey(recorder, move))
        except FlipcastError as error:
            telling.put(reply=move.get("n", 0), failed=error)


def _obey(recorder: Recorder, move: dict[str, Any]) -> State:
    match move.get("do"):
        case Command.ROLL:
            return recorder.roll(Path(move["recording"]) if "recording" in move else None)
        case Command.PAUSE:
            return recorder.pause()
        case Command.RESUME:
            return recorder.resume()
        case Command.MARK:
            return recorder.mark(str(move.get("label", "")))
        case Command.STOP:
            return recorder.stop()
        case Command.ABANDON:
            return recorder.abandon()
        case other:
            raise WrongMoment(f"the recorder knows no command {other!r}")


def _listen(moves: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Put what standard input says into *moves*, and that it ended."""
    for move in wire.heard(0):
        moves.put(move)
    moves.put(_GONE)


def _hear_signals(moves: queue.SimpleQueue[dict[str, Any]]) -> None:
    def leave(number: int, _: object) -> None:
        moves.put({"do": "end", "why": f"the system asked for it ({signal.Signals(number).name})"})

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)


def _own_output() -> int:
    """Standard output for ourselves: what libraries print there goes to standard error from now on."""
    own = os.dup(1)
    os.dup2(2, 1)
    return own


class _Telling:
    """What is told to those who listen, from a thread that alone may have to wait for them."""

    def __init__(self, descriptor: int) -> None:
        self.of: Recorder | None = None
        """The recorder that is told of."""
        self._rolled = False
        self._descriptor = descriptor
        self._waiting: deque[bytes] = deque(maxlen=500)
        self._health: Health | None = None
        self._came = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._write, name="telling", daemon=True)
        self._thread.start()

    def tell(self, news: Health | Said) -> None:
        """Tell *news*; of health only the latest is kept."""
        if isinstance(news, Said):
            self.put(said=news)
            return
        if self.of is not None and self.of.folder is not None and not self._rolled:
            self._rolled = True  # before anyone hears that it rolls: if we are killed, they know what to recover
            self.put(rolled=str(self.of.folder))
        with self._came:
            self._health = news
            self._came.notify()

    def put(self, **message: Any) -> None:
        """Tell *message*, unless so much waits that nobody can be listening."""
        with self._came:
            self._waiting.append(wire.line(**message))
            self._came.notify()

    def last(self, **message: Any) -> None:
        """Tell the last there is to tell, and wait a moment for it to be heard."""
        self.put(**message)
        with self._came:
            self._ended = True
            self._came.notify()
        self._thread.join(_LEAVING_SECONDS)

    def _write(self) -> None:
        while True:
            with self._came:
                self._came.wait_for(lambda: self._waiting or self._health or self._ended)
                lines, health = list(self._waiting), self._health
                self._waiting.clear()
                self._health = None
                ended = self._ended
            if health is not None:
                lines.insert(max(0, len(lines) - 1) if ended else len(lines), wire.line(health=health))
            for line in lines:
                while line:
                    try:
                        line = line[os.write(self._descriptor, line) :]
                    except OSError:
                        return  # nobody listens any more; what is told from now on is dropped with the oldest
            if ended:
                return


if __name__ == "__main__":
    status = main()
    # At once: a driver that hangs in a thread of its own must not keep a finished recorder alive.
    os._exit(status)
