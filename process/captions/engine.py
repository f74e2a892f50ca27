"""The promise of a speech engine, and how one is opened by its name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from process.captions.transcript import Transcript
from process.errors import EngineMissing, Stopped

Report = Callable[[float], None]
"""Told how far the work is, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """Settings of the captions."""

    engine: str = "faster-whisper"
    """Who listens: ``faster-whisper``, ``openai-whisper``, ``scripted``, or ``off`` for no captions."""

    model: str = "base"
    """Size of the weights by Whisper's names: ``tiny.en``, ``base``, ``small``, …"""

    weights: Path | None = None
    """A folder with ``model.bin`` or, for openai-whisper, a ``.pt`` file; ``None`` looks for *model* (README)."""

    download: bool = True
    """Whether weights that are nowhere on this machine may be fetched from the model hub."""

    language: str = ""
    """ISO 639-1 code of the speech, ``"en"``; empty to detect it."""

    terms: tuple[str, ...] = ()
    """Names and terms to expect, at most 25 or so; they are spelled this way where heard."""

    script: Path | None = None
    """For ``scripted``: a WebVTT file with what is said."""

    line_characters: int = 42
    """Longest line of a cue, characters."""

    lines: int = 2
    """Most lines of a cue."""

    characters_per_second: float = 17.0
    """Fastest reading speed, where the speech allows it."""

    shortest_seconds: float = 1.0
    """Shortest cue, where the next leaves room."""

    longest_seconds: float = 7.0
    """Longest cue."""


class Engine(Protocol):
    """Hears speech. Opened once, used for as many recordings as there are."""

    def listen(
        self, sound: Path, *, report: Report, stop: threading.Event, language: str, terms: tuple[str, ...]
    ) -> Transcript:
        """Hear what is said in *sound*, a 16 kHz mono 16-bit WAV file.

        Silence, music and applause yield no words. *language* is an ISO 639-1 code, or empty to detect.

        Raises:
            MediaUnreadable: *sound* is not such a file.
            ProcessError: the weights do not know the *language*.
            Stopped: *stop* was set.
        """
        ...

    def close(self) -> None:
        """Let go of the weights."""
        ...


ENGINES = {
    "faster-whisper": "process.captions.faster_whisper",
    "openai-whisper": "process.captions.openai_whisper",
    "scripted": "process.captions.scripted",
}
"""The modules of the engines; each has ``open_engine(settings: Captions) -> Engine``."""


def open_engine(settings: Captions) -> Engine:
    """Open the engine that *settings* name.

    Raises:
        EngineMissing: no engine has that name, or the package it needs is not installed.
        WeightsMissing: its weights cannot be had.
        WeightsDamaged: its weights are not the bytes they should be.
        NoRoom: there is no room to put them together or fetch them.
        MediaUnreadable: its script cannot be read.
    """
    try:
        module = ENGINES[settings.engine]
    except KeyError:
        raise EngineMissing(
            f"no speech engine is called {settings.engine!r}", hint=f"there are: {', '.join(ENGINES)}, off"
        ) from None
    engine: Engine = import_module(module).open_engine(settings)
    return engine


def check(stop: threading.Event) -> None:
    """Raise `Stopped` when *stop* is set."""
    if stop.is_set():
        raise Stopped("stopped")
