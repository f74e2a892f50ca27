"""A child that overhears what is said into an open microphone, and tells its words: for the teleprompter.

It is a process of its own, nicer than all others, since a speech engine must not take a moment from a recorder. It
reads where to listen from its standard input, a line of JSON each time that changes, and ends with it; it writes a line
of JSON for all that it hears. The last seconds are heard again and again, and whoever reads lays them along a script.
`flipcast.following` holds the other end.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from numpy.typing import NDArray

from capture.description import from_json
from capture.earshot import Listener
from capture.errors import FlipcastError
from process.captions.engine import Captions
from process.captions.speech import RATE
from process.errors import WeightsMissing

if TYPE_CHECKING:
    from process.captions.faster_whisper import FasterWhisper

SECONDS = 7.0
"""What is heard each time."""

SMALL = ("base", "tiny")
"""Weights that hear fast enough; of larger ones the first of these on this machine is taken instead."""

_EVERY_SECONDS = 1.0
_REST = 2.5  # of the time that hearing took: so it never takes more than 30 % of a core
_NICER = 10
_LATELY_SECONDS = 1.5
_QUIET = 10 ** (-60 / 20)
_ABOVE = 10 ** (8 / 20)


def main() -> None:
    """Tell what is heard, until standard input ends."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICER)
    captions = from_json(sys.stdin.readline(), Captions)
    place: list[tuple[Path, str] | None] = [None]
    changed, over = threading.Event(), threading.Event()

    def read() -> None:
        for line in sys.stdin:
            said = json.loads(line)
            place[0] = (Path(said["folder"]), said["name"]) if said["folder"] else None
            changed.set()
        over.set()
        changed.set()

    threading.Thread(target=read, daemon=True).start()
    try:
        engine = _opened(captions)
    except FlipcastError as error:
        _tell({"what": error.what, "hint": error.hint})
        return
    _tell({"ready": True})
    language = captions.language
    while not over.is_set():
        changed.clear()
        here = place[0]
        if here is None:
            changed.wait()
            continue
        try:
            with Listener(*here) as listener:
                while not (listener.over or changed.wait(_EVERY_SECONDS)):
                    began = time.monotonic()
                    heard = resampled(*listener.last(SECONDS))
                    if not speaks(heard):
                        continue
                    words, found = engine.overhear(heard, language=language)
                    if len(heard) >= (SECONDS - 0.5) * RATE:
                        language = language or found  # by less it is a guess
                    _tell({"words": list(words)})
                    changed.wait(_REST * (time.monotonic() - began))
        except FileNotFoundError:
            changed.wait(_EVERY_SECONDS)


def _opened(captions: Captions) -> FasterWhisper:
    from process.captions import faster_whisper  # slow to import, and first of all somebody wants to be nice

    for chosen in candidates(captions):
        with contextlib.suppress(WeightsMissing):
            return faster_whisper.open_engine(chosen, cores=1)
    return faster_whisper.open_engine(captions, cores=1)


def candidates(captions: Captions) -> Sequence[Captions]:
    """What to listen with, best first: what is on this machine and fast; not those who were brought along."""
    if captions.weights is not None or captions.model.partition(".")[0] in SMALL:
        return [captions]
    return [replace(captions, model=model, download=False) for model in SMALL]


def resampled(heard: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """*heard* at the rate that speech engines want."""
    if not len(heard) or round(rate) == RATE:
        return heard
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(heard[None]), format="fltp", layout="mono")
    frame.sample_rate = round(rate)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    made = [part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(made).astype(np.float32)


def speaks(heard: NDArray[np.float32]) -> bool:
    """Whether lately something was louder than the quietest: by it silence costs nothing."""
    frame = RATE // 50
    frames = heard[: len(heard) // frame * frame].reshape(-1, frame)
    if len(frames) < _LATELY_SECONDS * 50:
        return False
    loudness = np.sqrt(np.mean(np.square(frames), axis=1))
    lately = float(loudness[-round(_LATELY_SECONDS * 50) :].max())
    return lately > max(_QUIET, _ABOVE * float(np.quantile(loudness, 0.05)))


def _tell(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
