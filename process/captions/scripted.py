"""The engine that reads its words from a file, for tests and for whoever has the script of a talk.

Nothing is heard: the times are those of a WebVTT file, each cue's words spread over it by their lengths.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from process.captions.cues import Cue, from_webvtt
from process.captions.engine import Captions, Report, check
from process.captions.hearing import in_order
from process.captions.speech import Sound
from process.captions.transcript import Span, Transcript, spread
from process.errors import MediaUnreadable


def open_engine(settings: Captions) -> Scripted:
    """Open the script that *settings* name.

    Raises:
        MediaUnreadable: there is none, or it is no WebVTT.
    """
    path = settings.script
    if path is None:
        raise MediaUnreadable("the engine 'scripted' has no script", hint="name a WebVTT file in captions.script")
    try:
        content = path.read_bytes()
        cues = from_webvtt(content.decode("utf-8"))
    except OSError as error:
        raise MediaUnreadable(f"the script {path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise MediaUnreadable(
            f"the script {path} is no UTF-8 text (byte {error.start})", hint="save it as UTF-8"
        ) from None
    except ValueError as error:
        raise MediaUnreadable(
            f"the script {path} is no WebVTT: {error}", hint="mend that line, or name another in captions.script"
        ) from None
    return Scripted(cues, name=path.stem, sha256=hashlib.sha256(content).hexdigest())


class Scripted:
    """Gives the words of a script."""

    def __init__(self, cues: tuple[Cue, ...], *, name: str, sha256: str) -> None:
        self._cues, self._name, self._sha256 = cues, name, sha256

    def listen(
        self, sound: Path, *, report: Report, stop: threading.Event, language: str, terms: tuple[str, ...]
    ) -> Transcript:
        """The script's words, as far as *sound* is long; in English unless *language* says otherwise.

        Raises:
            MediaUnreadable: *sound* is not a 16 kHz mono 16-bit WAV file.
            Stopped: *stop* was set.
        """
        check(stop)
        with Sound(sound) as opened:
            seconds = opened.seconds
        language = language or "en"
        cues = [cue for cue in self._cues if cue.start < seconds]
        words = in_order(
            word
            for cue in cues
            for word in spread(cue.text, start=cue.start, end=min(cue.end, seconds), language=language)
        )
        report(1.0)
        return Transcript(
            language=language if words else "",
            words=words,
            speech=_together(cues, seconds=seconds),
            engine="scripted",
            model=self._name,
            weights=self._sha256,
        )

    def close(self) -> None:
        """Nothing is held."""


def _together(cues: list[Cue], *, seconds: float) -> tuple[Span, ...]:
    """The stretches of time that *cues* with words fill."""
    spans: list[Span] = []
    for cue in cues:
        if not cue.text:
            continue
        end = min(cue.end, seconds)
        if spans and cue.start <= spans[-1].end:
            spans[-1] = Span(start=spans[-1].start, end=max(spans[-1].end, end))
        else:
            spans.append(Span(start=cue.start, end=end))
    return tuple(spans)
