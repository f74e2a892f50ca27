"""Where somebody speaks: Silero's voice detector over a sound of any length, and what to hand to an engine.

The detector ships with faster-whisper and is heard once a lecture. Everything that needs to know where
speech is lives on that one hearing: what is decoded, the search for lost passages, the clipping of
stretched words. The sound is read from its file as it is needed; two hours of it as numbers would be
half a gigabyte.
"""

from __future__ import annotations

import threading
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from process.captions.engine import check
from process.captions.transcript import Span
from process.errors import MediaUnreadable

Samples = NDArray[np.float32]
"""Mono sound at `RATE`, -1 to 1."""

RATE = 16_000
"""Samples a second."""

WINDOW = 512
"""Samples that the detector judges at a time: 32 ms."""

BREAK = 0.25
"""Seconds of silence that part two spans of speech."""

GAP = 2.0
"""Seconds of silence that are cut out before decoding; shorter ones are heard, for the rhythm they give."""

PAD = 0.4
"""Seconds kept on either side of what is cut out, so that no first consonant is lost."""

PIECE_SECONDS = 300.0
"""Most sound given to an engine at once. It bounds the memory, and an engine that has begun to repeat itself or
has lost its punctuation starts afresh with the next piece."""


class Sound:
    """A 16 kHz mono 16-bit WAV file, read piece by piece."""

    def __init__(self, path: Path) -> None:
        """Open *path*.

        Raises:
            MediaUnreadable: it is not there or not such a file.
        """
        try:
            self._file = wave.open(str(path), "rb")  # noqa: SIM115 -- closed by close()
        except (OSError, EOFError, wave.Error) as error:
            raise MediaUnreadable(f"the sound {path} cannot be read: {error or 'it ends too early'}") from None
        form = (self._file.getframerate(), self._file.getnchannels(), self._file.getsampwidth())
        if form != (RATE, 1, 2):
            self._file.close()
            raise MediaUnreadable(
                f"the sound {path} has {form[0]} Hz, {form[1]} channels, {8 * form[2]} bits; "
                "captions need 16000 Hz, 1 channel, 16 bits"
            )
        # The header may promise more than a cut-off file holds.
        held = max(0, path.stat().st_size - 44) // 2
        self.length = min(self._file.getnframes(), held)
        """Samples."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.length / RATE

    def between(self, start: int, end: int) -> Samples:
        """The samples from *start* to *end*, silence where they lie outside the file."""
        low, high = max(0, min(start, self.length)), max(0, min(end, self.length))
        samples = np.zeros(end - start, np.float32)
        if high > low:
            self._file.setpos(low)
            frames = self._file.readframes(high - low)
            read = np.frombuffer(frames[: len(frames) // 2 * 2], "<i2")
            samples[low - start : low - start + len(read)] = read
            samples /= 32768.0
        return samples

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def detect(sound: Sound, *, stop: threading.Event, report: Callable[[float], None]) -> tuple[Span, ...]:
    """Where *sound* holds speech; spans lie at least `BREAK` apart.

    Raises:
        Stopped: *stop* was set.
    """
    voice: list[float] = []
    for at, chances in _chances(sound, stop=stop):
        voice.extend(chances)
        report(min(1.0, (at + len(chances) * WINDOW) / max(1, sound.length)))
    return _spans(voice, seconds=sound.seconds)


def _chances(sound: Sound, *, stop: threading.Event) -> Iterator[tuple[int, list[float]]]:
    """Yield the first sample of each block and, window by window, how likely it holds a voice."""
    from faster_whisper.vad import get_vad_model

    model: Any = get_vad_model()
    block, before = 4096 * WINDOW, 128 * WINDOW  # 131 s at a time, with 4 s in which the detector finds its feet
    for at in range(0, sound.length, block):
        check(stop)
        lead = min(at, before)
        end = min(at + block, -(-sound.length // WINDOW) * WINDOW)
        chances = np.asarray(model(sound.between(at - lead, end))).reshape(-1)
        yield at, [float(chance) for chance in chances[lead // WINDOW :]]


def _spans(voice: Sequence[float], *, seconds: float) -> tuple[Span, ...]:
    """Speech begins where the voice is likely (0.5) and ends where it is unlikely (0.35) for `BREAK` seconds."""
    width = WINDOW / RATE
    found: list[Span] = []
    start: int | None = None
    quiet: int | None = None
    for at, chance in enumerate([*voice, *[0.0] * (int(BREAK / width) + 2)]):
        if chance >= 0.5:
            quiet = None
            if start is None:
                start = at
        elif start is not None and chance < 0.35:
            if quiet is None:
                quiet = at
            if (at - quiet) * width >= BREAK:
                if (quiet - start) * width >= 0.09:  # two windows are a click, not a word
                    found.append(Span(start=round(start * width, 3), end=round(min(quiet * width, seconds), 3)))
                start = quiet = None
    return tuple(found)


def islands(speech: Sequence[Span]) -> tuple[Span, ...]:
    """*speech* joined over every silence shorter than `GAP`."""
    joined: list[Span] = []
    for span in speech:
        if joined and span.start - joined[-1].end < GAP:
            joined[-1] = Span(start=joined[-1].start, end=span.end)
        else:
            joined.append(span)
    return tuple(joined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Stretches of a sound that an engine hears as one, the silence between them left out."""

    parts: tuple[Span, ...]
    """In order, apart from each other."""

    @property
    def seconds(self) -> float:
        """How long an engine hears it."""
        return sum(part.end - part.start for part in self.parts)

    def samples(self, sound: Sound) -> Samples:
        """What an engine hears."""
        return np.concatenate([sound.between(round(part.start * RATE), round(part.end * RATE)) for part in self.parts])

    def place(self, start: float, end: float) -> Span:
        """Where in the sound that lies which an engine heard from *start* to *end*.

        Both ends are put into the part that holds the middle: a word never spans a silence that was left out.
        """
        middle, passed = (start + end) / 2, 0.0
        for at, part in enumerate(self.parts):
            length = part.end - part.start
            if middle < passed + length or at == len(self.parts) - 1:
                shift = part.start - passed
                low = min(max(start + shift, part.start), part.end)
                return Span(start=low, end=max(low, min(end + shift, part.end)))
            passed += length
        raise ValueError("a piece without parts holds nothing")


def pieces(speech: Sequence[Span], *, seconds: float, longest: float = PIECE_SECONDS) -> tuple[Piece, ...]:
    """What to decode of a sound *seconds* long: its speech, in pieces of at most *longest* seconds or little more.

    A piece ends at the longest silence in its last third.
    """
    whole = _divided(speech, longest=longest)
    batches: list[list[Span]] = []
    at = 0
    while at < len(whole):
        end = at + 1
        heard = whole[at].end - whole[at].start
        choices: list[tuple[float, int]] = []  # silence before a span, and the span
        while end < len(whole):
            silence = whole[end].start - whole[end - 1].end
            if heard >= longest * 2 / 3:
                choices.append((silence, -end))
            heard += (silence if silence < GAP else 2 * PAD) + whole[end].end - whole[end].start
            if heard > longest:
                end = -max(choices)[1] if choices else end
                break
            end += 1
        batches.append(whole[at:end])
        at = end
    bounds = [0.0, *[(a[-1].end + b[0].start) / 2 for a, b in pairwise(batches)], seconds]
    return tuple(
        Piece(parts=_padded(islands(batch), low=low, high=high))
        for batch, (low, high) in zip(batches, pairwise(bounds), strict=True)
    )


def _divided(speech: Sequence[Span], *, longest: float) -> list[Span]:
    """*speech* with every span longer than *longest* divided: nobody speaks so long without a breath, but noise may."""
    short: list[Span] = []
    for span in speech:
        start = span.start
        while span.end - start > longest:
            short.append(Span(start=start, end=start + longest))
            start += longest
        short.append(Span(start=start, end=span.end))
    return short


def _padded(parts: Sequence[Span], *, low: float, high: float) -> tuple[Span, ...]:
    """*parts* widened by `PAD`, within *low* and *high*; they stay apart, since `GAP` is more than twice `PAD`."""
    return tuple(Span(start=max(low, part.start - PAD), end=min(high, part.end + PAD)) for part in parts)
