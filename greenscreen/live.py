"""The key, live, in a process of its own: the recorder's preview in, the speaker before something else out.

    with LiveKey(recorder.plan.preview, "camera", Beside(key=Key())) as live:
        live.ready()
        live.stand_before(Background(kind=Behind.BLUR))
        with Look(recorder.plan.preview, live.name) as look: ...

It works while somebody looks at what it gives, and else not at all. It is nicer than the recorder, shares nothing with
it but the memory of the preview, and may die without a picture of the take being late for it: it is begun again.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from capture import wire
from capture.apart import apart, environment
from capture.errors import FlipcastError
from greenscreen import beside, errors
from greenscreen.beside import Beside
from greenscreen.composite import WHOLE, Placing
from greenscreen.errors import GreenscreenError, PictureUnusable
from greenscreen.framing import Framing
from greenscreen.key import Key
from greenscreen.keyer import By
from greenscreen.tune import Advice

READY_SECONDS: Final = 90.0
"""How long kernels may take to be compiled on a slow machine, the first time."""

_ANSWER_SECONDS: Final = 10.0
_ENDING_SECONDS: Final = 5.0
_DEATHS: Final = 5
_DEATHS_SECONDS: Final = 60.0


class Behind(StrEnum):
    """What the speaker is put before."""

    COLOUR = "colour"
    PICTURE = "picture"
    BLUR = "blur"
    """The room, out of focus."""
    SCREEN = "screen"
    """Another track: the recorded screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What the speaker is put before, and where they stand in it."""

    kind: Behind = Behind.COLOUR
    """What it is."""

    colour: tuple[int, int, int] = (58, 46, 38)
    """Blue, green and red, 0 to 255; for `Behind.COLOUR`, and where a screen is not to be seen yet."""

    picture: Path | None = None
    """File of the picture; for `Behind.PICTURE`."""

    screen: str = "screen"
    """Name of the track; for `Behind.SCREEN`."""

    placing: Placing = WHOLE
    """Where the speaker stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the process of the key is begun with."""

    folder: Path
    """Folder of the previews."""

    track: str
    """The camera."""

    name: str
    """The preview that is given, and what lies beside it: how it is keyed."""

    background: Background
    """What the speaker is put before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How keying has gone in the last second."""

    watched: bool
    """Whether anybody looks; nothing is keyed while nobody does, and nothing below is new."""

    by: By
    """What told the speaker from the room."""

    moved: bool = False
    """Whether the plate does not fit any more, since the camera was bumped or the light changed, and was given up."""

    regrown: float = 0.0
    """How much of a new plate was seen, 0 to 1; from a half on `LiveKey.keep` can keep it."""

    advice: tuple[Advice, ...] = ()
    """What could be better about clothes and shadows."""

    framing: Framing = field(default_factory=Framing)
    """Where the speaker is."""

    rate: float = 0.0
    """Pictures a second."""

    spent_ms: float = 0.0
    """Median of what a picture took, milliseconds."""

    longest_ms: float = 0.0
    """Of the slowest one, milliseconds."""

    late: int = 0
    """Pictures of the camera that were passed over, since the one before them took too long; so far."""

    width: int = 0
    """Of the picture, pixels."""

    height: int = 0
    """Of the picture, pixels."""


Told = Callable[[Report | str], None]
"""Is told reports, and sentences for people, on a thread of the key."""


class LiveKey:
    """A key in a process of its own. A context manager, which leaves none behind."""

    def __init__(
        self,
        folder: Path,
        track: str,
        known: Beside,
        *,
        background: Background | None = None,
        name: str = "",
        told: Told | None = None,
    ) -> None:
        """Of the preview of *track* in *folder*, as is *known* of its camera."""
        self.folder, self.track = folder, track
        self.name = name or f"{track}-keyed"
        """Of the preview that is given, in the same folder."""
        self.known = known
        """How it is keyed."""
        self.background = background or Background()
        """What the speaker is put before."""
        self.report: Report | None = None
        """The latest; ``None`` until it works."""
        self._told = told
        self._replies: dict[int, dict[str, Any]] = {}
        self._asked = 0
        self._ready = False
        self._end: FlipcastError | None = None
        self._leaving = False
        self._lives = 1
        self._deaths: deque[float] = deque(maxlen=_DEATHS)
        self._changed = threading.Condition()
        self._writing = threading.RLock()
        self._child: subprocess.Popen[bytes]
        self._listener: threading.Thread

    def __enter__(self) -> LiveKey:
        beside.write(self.folder, self.name, self.known)
        self._begin()
        self._listener = threading.Thread(target=self._listen, name="key's news", daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._writing:
            self._leaving = True
            if self._child.stdin:
                with contextlib.suppress(OSError):
                    self._child.stdin.close()  # by which it ends
        try:
            self._child.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._listener.join(_ANSWER_SECONDS)
        for file in (*beside.files(self.folder, self.name), self.folder / f"{self.name}.preview"):
            with contextlib.suppress(OSError):
                file.unlink()

    @property
    def pid(self) -> int:
        """Process id of the key."""
        return self._child.pid

    def ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until all is compiled and the first picture can be keyed.

        Raises:
            GreenscreenError: it cannot: `KernelsMissing`, `ModelMissing`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._end is not None, seconds)
            if self._end is not None:
                raise self._end
            if not self._ready:
                raise GreenscreenError(f"the key was not ready after {seconds:.0f} s", hint="try again")

    def change(self, key: Key) -> None:
        """Key as *key* says from the next picture on."""
        self.known = replace(self.known, key=key)
        beside.write(self.folder, self.name, self.known)
        self._ask("change")

    def stand_before(self, background: Background) -> None:
        """Put the speaker before *background* from the next picture on.

        Raises:
            PictureUnusable: its picture cannot be read; what was there stays.
        """
        if background.kind is Behind.PICTURE and background.picture is None:
            raise PictureUnusable("no picture is named to stand before", hint="name a file")
        self._ask("background", background=background)
        self.background = background

    def keep(self) -> Beside:
        """The plate that grew from what was seen since the old one was given up: in use from now on, for you to keep.

        Raises:
            PlateUnusable: too little of the screen was seen so far.
        """
        self._ask("keep")
        kept = beside.read(self.folder, self.name)
        assert kept is not None
        self.known = kept
        return kept

    def _begin(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-X", "faulthandler", "-m", "greenscreen.stage"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            **apart(first=False),
        )
        self._send(open=Asked(folder=self.folder, track=self.track, name=self.name, background=self.background))

    def _ask(self, what: str, **more: Any) -> None:
        with self._changed:
            self._asked += 1
            number = self._asked
        until = time.monotonic() + _ANSWER_SECONDS
        reply = None
        while reply is None and self._end is None and (left := until - time.monotonic()) > 0:
            lives = self._lives
            self._send(n=number, do=what, **more)
            with self._changed:  # one that was begun again meanwhile has heard nothing: it is told once more
                self._changed.wait_for(lambda lives=lives: self._answered(number, lives), left)  # type: ignore[misc]
                reply = self._replies.pop(number, None)
        if reply is None:
            raise self._end or GreenscreenError("the key does not answer", hint="try again")
        if "failed" in reply:
            raise wire.failure(reply["failed"], errors)

    def _answered(self, number: int, lives: int) -> bool:
        return number in self._replies or self._end is not None or self._lives != lives

    def _send(self, **message: Any) -> None:
        with self._writing, contextlib.suppress(OSError, ValueError):  # of a child that is gone `_listen` knows
            if self._child.stdin:
                self._child.stdin.write(wire.line(**message))
                self._child.stdin.flush()

    def _listen(self) -> None:
        while True:
            child = self._child
            assert child.stdout
            assert child.stdin
            with contextlib.suppress(OSError, ValueError):
                for text in child.stdout:
                    with contextlib.suppress(ValueError):
                        self._hear(wire.message(text))
            status = child.wait()
            child.stdout.close()
            with self._writing:
                with contextlib.suppress(OSError):
                    child.stdin.close()
                if self._leaving or self._end is not None:
                    break
            if not self._begun_again(status):
                break
        with self._changed:
            self._end = self._end or GreenscreenError("the key has ended")
            self._changed.notify_all()

    def _begun_again(self, status: int) -> bool:
        """Begin the key anew after one that ended with *status*, unless that happens too often."""
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        self._deaths.append(time.monotonic())
        if len(self._deaths) == _DEATHS and self._deaths[-1] - self._deaths[0] < _DEATHS_SECONDS:
            what = f"the live key {how}, {_DEATHS} times in a minute"
            self._end = GreenscreenError(what, hint="the recording goes on without it")
            self._tell(str(self._end))
            return False
        self._tell(f"the live key {how} and is begun again; the recording is not touched")
        with self._writing:
            if self._leaving:
                return False
            self._begin()
        with self._changed:
            self._lives += 1
            self._changed.notify_all()
        return True

    def _hear(self, message: dict[str, Any]) -> None:
        news: Report | str | None = None
        with self._changed:
            if "report" in message:
                news = self.report = wire.noun(message["report"], Report)
            elif "said" in message:
                news = str(message["said"])
            elif "ready" in message:
                self._ready = True
            elif "reply" in message:
                self._replies[int(message["reply"])] = message
            elif "failed" in message:
                self._end = wire.failure(message["failed"], errors)
                news = str(self._end)
            self._changed.notify_all()
        if news is not None:
            self._tell(news)

    def _tell(self, news: Report | str) -> None:
        if self._told is not None:
            self._told(news)
