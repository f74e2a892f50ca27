"""The live key's own process: ``python -m greenscreen.stage``, steered by lines on standard input (`capture.wire`).

To it: ``{"open": asked}``, then ``{"n": 1, "do": "keep"}`` and the like. From it: ``{"ready": true}``,
``{"report": …}`` once a second, ``{"said": …}``, ``{"reply": 1}`` or ``{"reply": 1, "failed": error}``; and
``{"failed": error}`` at the end, where it cannot go on. When standard input ends, so does it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from capture import wire
from capture.clock import SECOND
from capture.errors import FlipcastError
from capture.frames import Frame
from capture.preview import Look, Preview
from greenscreen import beside, composite, tune
from greenscreen.beside import Beside
from greenscreen.composite import WHOLE, Placing
from greenscreen.errors import GreenscreenError, PictureUnusable, PlateUnusable
from greenscreen.framing import Framing, framed
from greenscreen.key import Hue, Key
from greenscreen.keyer import By, Keyer
from greenscreen.light import Bytes
from greenscreen.live import Asked, Background, Behind, Report
from greenscreen.person import PersonFinder
from greenscreen.regrown import Regrown

_NICER: Final = 10
_IDLE_SECONDS: Final = 0.05
_BEAT_SECONDS: Final = 0.003
_SELDOM: Final = 10  # every so many pictures the screen is looked at for a plate of its own
_NOISE: Final = 0.02
_GRACE_SECONDS: Final = 3.0

Moves = queue.SimpleQueue[dict[str, Any]]


def main() -> int:
    """Key what the first line asks for, until standard input ends."""
    own = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no message
    moves: Moves = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(moves,), name="steering", daemon=True).start()
    _step_back()
    cv2.setNumThreads(1)  # the recorder has use for the other cores

    def tell(**message: Any) -> None:
        rest = wire.line(**message)
        with contextlib.suppress(OSError):
            while rest:
                rest = rest[os.write(own, rest) :]

    try:
        opening = moves.get()
        if "open" not in opening:
            return 0
        stage = Stage(wire.noun(opening["open"], Asked), tell)
        try:
            tell(ready=True)
            stage.run(moves)
        finally:
            stage.close()
        return 0
    except (FlipcastError, ValueError, OSError) as error:
        tell(failed=error if isinstance(error, FlipcastError) else GreenscreenError(f"the key failed: {error}"))
        return 1


def _step_back() -> None:
    """Let the recorder go first, on every core. On Windows whoever began us has seen to it."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICER)
    with contextlib.suppress(OSError):  # Linux weighs sessions against each other, where it groups them, by this alone
        Path("/proc/self/autogroup").write_text(str(_NICER), encoding="ascii")


class Stage:
    """Where the speaker is keyed, picture by picture."""

    def __init__(self, asked: Asked, tell: Any) -> None:
        self._asked, self._tell = asked, tell
        self._known = self._read()
        self._keyer = Keyer(self._known.key, plate=self._known.plate)
        self._finder = PersonFinder()
        self._background = Background()
        self._file: Bytes | None = None
        self._ground: Bytes | None = None
        try:
            self._stand_before(asked.background)
        except PictureUnusable as error:
            tell(said=str(error))
        self._warm()
        left = asked.folder / f"{asked.name}.preview"
        with contextlib.suppress(OSError):
            left.unlink()  # of one that was killed: whoever still looks into it must not find it cut off
        self._preview = Preview(asked.folder, asked.name)
        self._look: Look | None = None
        self._screen: Look | None = None
        self._shown_screen: Bytes | None = None
        self._regrown = Regrown()
        self._moved = False
        self._tally = _Tally()
        self._advice: tuple[tune.Advice, ...] = ()
        self._framing = Framing()

    def close(self) -> None:
        """Let go of all previews."""
        self._leave()
        self._preview.close()
        self._keyer.close()

    def run(self, moves: Moves) -> None:
        """Key until nobody steers any more."""
        wait = 0.0
        while True:
            with contextlib.suppress(queue.Empty):
                move = moves.get(timeout=wait) if wait else moves.get_nowait()
                if move.get("do") == "end":
                    return
                self._obey(move)
                continue
            wait = self._step()
            if self._tally.due():
                self._report()

    def _step(self) -> float:
        """Key one picture, if there is a new one and somebody looks; gives how long to wait for the next, seconds."""
        wish = self._preview.wish
        if wish is None:
            self._leave()
            self._tally.watched = False
            return _IDLE_SECONDS
        self._tally.watched = True
        size, rate = wish
        needed = self._needed(size)
        if self._look is None or self._look.over:
            self._leave()
            try:
                self._look = Look(self._asked.folder, self._asked.track, size=needed, rate=rate)
            except FileNotFoundError:  # the recorder is not there yet, or not any more
                return _IDLE_SECONDS
        self._look.wish(size=needed, rate=rate)
        frame = self._look.newest()
        if frame is None or self._tally.early(frame.at_ns, rate):
            return _BEAT_SECONDS
        began = time.perf_counter()
        picture = _fitting(frame.picture, needed)
        self._preview.offer(Frame(picture=self._shown(picture, size, rate), at_ns=frame.at_ns))
        self._tally.one(frame.at_ns, time.perf_counter() - began, rate, picture.shape)
        if self._tally.due():
            self._judge(picture)
        return 0.0

    def _shown(self, picture: Bytes, size: tuple[int, int], rate: float) -> Bytes:
        keyer, background = self._keyer, self._background
        here = (picture.shape[1], picture.shape[0])
        placing, seldom = background.placing, self._tally.count % _SELDOM == 0
        if background.kind is Behind.SCREEN:
            keyed = keyer.key(picture)
            out = composite.place(keyed, self._behind_screen(size, rate), placing)
        elif background.kind is Behind.BLUR:
            keyed = keyer.key(picture)
            room = composite.blurred(picture, keyed)
            ground = np.ascontiguousarray(room[:, ::-1]) if placing.mirrored else room
            out = composite.place(keyed, ground, placing)
        elif placing == WHOLE:
            ground = self._prepared(here)
            out = keyer.over(picture, ground)
            if seldom:
                self._learn(picture, (out == ground).all(-1))
            return out
        else:
            keyed = keyer.key(picture)
            out = composite.place(keyed, self._prepared(here), placing)
        if seldom:
            self._learn(picture, keyed.alpha == 0)
        return out

    def _needed(self, size: tuple[int, int]) -> tuple[int, int]:
        """What the camera's picture must fit into: who stands small before the screen is keyed no larger than that."""
        background = self._background
        if background.kind is not Behind.SCREEN:
            return size
        _, top, _, bottom = background.placing.crop
        share = min(1.0, background.placing.height / (1 - top - bottom))
        return max(64, round(size[0] * share)), max(36, round(size[1] * share))

    def _prepared(self, size: tuple[int, int]) -> Bytes:
        """The background that does not change, in the size of the picture; made once."""
        if self._ground is None or self._ground.shape[1::-1] != size:
            colour = self._background.colour
            self._ground = composite.plain(colour, size) if self._file is None else composite.fitted(self._file, size)
        return self._ground

    def _behind_screen(self, size: tuple[int, int], rate: float) -> Bytes:
        """The newest picture of the screen; before there is one, a plain picture in its place."""
        if self._screen is None or self._screen.over:
            if self._screen is not None:
                self._screen.close()
            self._screen = None
            with contextlib.suppress(FileNotFoundError):
                self._screen = Look(self._asked.folder, self._background.screen, size=size, rate=rate)
        if self._screen is not None:
            self._screen.wish(size=size, rate=rate)
            if (frame := self._screen.newest()) is not None:
                self._shown_screen = _fitting(frame.picture, size)
        return self._prepared(size) if self._shown_screen is None else self._shown_screen

    def _learn(self, picture: Bytes, clear: np.ndarray) -> None:
        """See the screen for a plate of its own, where none is in use."""
        moved = self._keyer.moved
        if moved and not self._moved:
            self._regrown.forget()
            self._tell(said="the plate does not fit any more: the camera was moved, or the light has changed")
        self._moved = moved
        if self._keyer.by is By.SCREEN:
            self._regrown.see(picture, clear)

    def _judge(self, picture: Bytes) -> None:
        """What could be better; after the picture was given, so that nobody waits for it."""
        self._framing = framed(picture, self._finder)
        plate = self._known.plate
        self._advice = ()
        if plate is not None and self._keyer.by is By.PLATE:
            self._advice = tune.watch(picture, plate, finder=self._finder)

    def _report(self) -> None:
        tally = self._tally
        self._tell(
            report=Report(
                watched=tally.watched,
                by=self._keyer.by,
                moved=self._keyer.moved,
                regrown=round(self._regrown.known, 3),
                advice=self._advice,
                framing=self._framing,
                **tally.told(),
            )
        )

    def _obey(self, move: dict[str, Any]) -> None:
        number = move.get("n", 0)
        try:
            match move.get("do"):
                case "background":
                    self._stand_before(wire.noun(move["background"], Background))
                case "change":
                    self._change(self._read())
                case "keep":
                    self._keep()
                case other:
                    raise GreenscreenError(f"the key knows no command {other!r}")
        except (FlipcastError, ValueError, OSError) as error:
            told = error if isinstance(error, FlipcastError) else GreenscreenError(str(error))
            self._tell(reply=number, failed=told)
        else:
            self._tell(reply=number)

    def _read(self) -> Beside:
        try:
            return beside.read(self._asked.folder, self._asked.name) or Beside(key=Key())
        except PlateUnusable as error:
            self._tell(said=f"{error}; the screen is learnt as it is seen")
            return Beside(key=Key())

    def _change(self, known: Beside) -> None:
        again = known.key.hue is not self._known.key.hue or (known.plate is not None and self._known.plate is None)
        self._known = known
        if again:
            self._keyer.close()
            self._keyer = Keyer(known.key, plate=known.plate)
        else:
            self._keyer.settings = known.key

    def _keep(self) -> None:
        noise = self._known.plate.facts.noise if self._known.plate else _NOISE
        hue = self._known.plate.facts.hue if self._known.plate else self._known.key.hue
        plate = self._regrown.plate(Hue.AUTO if hue is Hue.NONE else hue, noise=noise)
        known = Beside(key=self._known.key, plate=plate, how=f"plate grown from {self._regrown.looks} live pictures")
        beside.write(self._asked.folder, self._asked.name, known)
        self._known = known
        self._keyer.close()
        self._keyer = Keyer(known.key, plate=plate)
        self._regrown.forget()
        self._moved = False

    def _stand_before(self, background: Background) -> None:
        file = None
        if background.kind is Behind.PICTURE and background.picture is not None:
            file = _picture(background.picture)
        self._background, self._file, self._ground, self._shown_screen = background, file, None, None

    def _warm(self) -> None:
        """Let everything run once: a kernel that is compiled during a picture would hold it up for seconds."""
        empty = np.zeros((64, 96, 3), np.uint8)
        with Keyer(Key(), plate=None) as keyer:
            keyer.over(empty, empty)
            keyed = keyer.key(empty)
        ground = composite.blurred(empty, keyed)
        for placing in (WHOLE, Placing(height=0.6, across=0.7, shadow=0.3)):
            composite.place(keyed, ground, placing)
        self._finder.look(empty)

    def _leave(self) -> None:
        for look in (self._look, self._screen):
            if look is not None:
                look.close()
        self._look = self._screen = None


class _Tally:
    """What pictures took."""

    def __init__(self) -> None:
        self.watched = False
        self.count = 0
        self._late = 0
        self._size = (0, 0)
        self._took: list[float] = []
        self._last_ns = self._since_ns = 0
        self._reported = time.monotonic()

    def early(self, at_ns: int, rate: float) -> bool:
        """Whether a picture comes so soon that it need not be shown: somebody else wishes more of the camera."""
        return 0 < at_ns - self._last_ns < 0.6 * SECOND / rate

    def one(self, at_ns: int, seconds: float, rate: float, shape: tuple[int, ...]) -> None:
        """Count a picture."""
        # Late is what we were too slow for: a camera that hesitates makes a gap, too, but not while we are at work.
        if self._took and self._took[-1] > 1 / rate and at_ns - self._last_ns < SECOND:
            self._late += max(0, round((at_ns - self._last_ns) * rate / SECOND) - 1)
        self._last_ns = at_ns
        self._took.append(seconds)
        self._size = (shape[1], shape[0])
        self.count += 1

    def due(self) -> bool:
        """Whether it is time for a report."""
        return time.monotonic() - self._reported >= 1.0

    def told(self) -> dict[str, Any]:
        """The numbers of a report; the next ones are counted from here."""
        now = time.monotonic()
        took = self._took or [0.0]
        facts = {
            "rate": round(len(self._took) / max(now - self._reported, 1e-3), 2),
            "spent_ms": round(1000 * statistics.median(took), 2),
            "longest_ms": round(1000 * max(took), 2),
            "late": self._late,
            "width": self._size[0],
            "height": self._size[1],
        }
        self._took, self._reported = [], now
        return facts


def _fitting(picture: Bytes, size: tuple[int, int]) -> Bytes:
    """The *picture*, no larger than *size*: another reader may wish for a larger one than ours do."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    if scale >= 0.99:
        return picture
    fit = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(picture, fit, interpolation=cv2.INTER_AREA), np.uint8)


def _picture(path: Path) -> Bytes:
    try:
        coded = np.frombuffer(path.read_bytes(), np.uint8)
        picture = cv2.imdecode(coded, cv2.IMREAD_COLOR) if coded.size else None
    except (OSError, cv2.error) as error:
        raise PictureUnusable(f"{path.name} cannot be read: {error}", hint="choose another picture") from None
    if picture is None:
        raise PictureUnusable(f"{path.name} is no picture", hint="choose a PNG or JPEG file")
    return np.asarray(picture, np.uint8)


def _listen(moves: Moves) -> None:
    """Put what standard input says into *moves*, and that it ended."""
    for move in wire.heard(0):
        moves.put(move)
    moves.put({"do": "end"})
    time.sleep(_GRACE_SECONDS)
    os._exit(1)  # it hangs, and nobody is left to say so


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
