"""How long the captions take, against what they are made with, and how much they miss.

    python -m tests.benchmarks.captions [--sound FILE --text FILE] [--minutes 4] [--rounds 3] [--no-openai]

Three ways to the same words, with the same weights and the same options, turn by turn in one run: flipcast's own
engine with everything it does around the decoding, faster-whisper called directly, and openai-whisper called directly.
The ratios are medians over the rounds; wall-clock figures hold only on a quiet machine, processor figures hold on
any. What is missed is counted against the text, if one is given or the sample is heard.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
import threading
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np

from process.captions import faster_whisper as ours
from process.captions.engine import Captions, open_engine
from process.captions.weights import MODEL, find
from tests.fixtures.speech import RATE, SAMPLE, read_samples, write_wav


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One way, once."""

    wall: float
    """Seconds by the clock."""

    cpu: float
    """Seconds of processor, all threads."""

    text: str
    """What was heard."""


def main() -> None:
    """Measure and print a table."""
    wishes = _wishes()
    sample = wishes.sound is None
    samples = read_samples(SAMPLE / "speech.flac" if sample else wishes.sound)
    text = (SAMPLE / "speech.txt").read_text(encoding="utf-8") if sample else ""
    if wishes.text:
        text = wishes.text.read_text(encoding="utf-8")
    if sample:
        times = max(1, round(wishes.minutes * 60 * RATE / len(samples)))
        samples, text = np.tile(samples, times), " ".join([text] * times)
    minutes = len(samples) / RATE / 60

    with tempfile.TemporaryDirectory() as folder:
        path = write_wav(Path(folder) / "sound.wav", samples)
        ways = _ways(path, openai=wishes.openai)
        turns: dict[str, list[Turn]] = {name: [] for name in ways}
        for number in range(wishes.rounds):
            # Each round begins with another way, so that none always meets the machine warm.
            names = list(ways)
            for name in names[number % len(names) :] + names[: number % len(names)]:
                turns[name].append(_timed(ways[name]))
                print(f"round {number + 1}  {name:<24} {turns[name][-1].wall:6.1f} s wall", flush=True)

    _print(turns, minutes=minutes, text=text)


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the captions against the engines they are made with.")
    parser.add_argument("--sound", type=Path, help="media file to hear; the project's sample otherwise")
    parser.add_argument("--text", type=Path, help="what is said in it, as plain text")
    parser.add_argument("--minutes", type=float, default=4.0, help="how long to repeat the sample")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-openai", dest="openai", action="store_false", help="leave openai-whisper out")
    wishes = parser.parse_args()
    if wishes.rounds < 1 or wishes.minutes <= 0:
        parser.error("there must be at least one round, and some sound")
    return wishes


def _ways(path: Path, *, openai: bool) -> dict[str, Callable[[], str]]:
    """The ways, opened; what is timed is the hearing alone."""
    from faster_whisper import WhisperModel

    weights = find(Captions())
    engine = open_engine(Captions())
    direct = WhisperModel(str(weights.folder), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)

    def flipcast() -> str:
        heard = engine.listen(path, report=lambda done: None, stop=threading.Event(), language="en", terms=())
        return " ".join(word.text for word in heard.words)

    def faster() -> str:
        found, _ = direct.transcribe(str(path), language="en", vad_filter=True, **ours.OPTIONS)
        return " ".join(segment.text.strip() for segment in found)

    ways: dict[str, Callable[[], str]] = {"flipcast": flipcast, "faster-whisper direct": faster}
    if openai:
        import whisper

        from process.captions.openai_whisper import OPTIONS, built

        model = built(weights.folder / MODEL)

        def reference() -> str:
            with wave.open(str(path)) as file:
                samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
            return str(whisper.transcribe(model, samples, language="en", **OPTIONS)["text"])

        ways["openai-whisper direct"] = reference
    return ways


def _timed(way: Callable[[], str]) -> Turn:
    wall, cpu = time.perf_counter(), time.process_time()
    text = way()
    return Turn(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu, text=text)


def _print(turns: dict[str, list[Turn]], *, minutes: float, text: str) -> None:
    said = _bare(text)
    print(
        f"\n{minutes:.1f} minutes, {len(next(iter(turns.values())))} rounds; seconds are per minute of sound, medians"
    )
    print(f"{'':<24} {'CPU s':>7} {'wall s':>7} {'CPU ×':>7} {'wall ×':>7} {'WER %':>7} {'lost':>5} {'added':>6}")
    base = turns["faster-whisper direct"]
    for name, rounds in turns.items():
        cpu = statistics.median(turn.cpu for turn in rounds) / minutes
        wall = statistics.median(turn.wall for turn in rounds) / minutes
        by_cpu = statistics.median(t.cpu / b.cpu for t, b in zip(rounds, base, strict=True))
        by_wall = statistics.median(t.wall / b.wall for t, b in zip(rounds, base, strict=True))
        errors = jiwer.process_words(said, _bare(rounds[-1].text)) if said else None
        missed = f"{100 * errors.wer:7.2f} {errors.deletions:5d} {errors.insertions:6d}" if errors else f"{'–':>7}"
        print(f"{name:<24} {cpu:7.2f} {wall:7.2f} {by_cpu:7.3f} {by_wall:7.3f} {missed}")


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s']", " ", text.casefold()).split())


if __name__ == "__main__":
    main()
