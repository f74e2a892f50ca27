"""The engine faster-whisper: Whisper's weights by CTranslate2, in 8 bits on the processor.

The voice detector is not left to faster-whisper (``vad_filter``): what is given to it is speech already, cut
out by the same rules, so that the sound is searched for voices once and not twice, and may be of any length.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from process.captions.engine import Captions, Report
from process.captions.hearing import Phrase, hear, hint_of, known_language
from process.captions.speech import Samples, Sound
from process.captions.transcript import Transcript, Word
from process.captions.weights import Weights, find, first_line
from process.errors import WeightsDamaged

NAME = "faster-whisper"

OPTIONS: Mapping[str, Any] = {
    "beam_size": 5,
    "word_timestamps": True,  # without them the next window begins at a guess, and whole passages are lost
    "condition_on_previous_text": True,
}
"""How each piece is decoded."""


_QUIET_COLUMNS = 100  # a second of silence after what is overheard: without it the end is made up
_MOST_TOKENS = 80


def open_engine(settings: Captions, *, cores: int = 0) -> FasterWhisper:
    """Open faster-whisper with the weights that *settings* lead to, on as many *cores*, 0 for all.

    Raises:
        WeightsMissing: they cannot be had.
        WeightsDamaged: they are not the bytes they should be.
    """
    return FasterWhisper(find(settings), cores=cores)


class FasterWhisper:
    """Hears speech by faster-whisper."""

    def __init__(self, weights: Weights, *, cores: int = 0) -> None:
        self._weights = weights
        try:
            self._model = WhisperModel(
                str(weights.folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=cores or _cores(),
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise WeightsDamaged(
                f"the speech weights in {weights.folder} cannot be loaded: {first_line(error)}",
                hint="remove that folder and let flipcast fetch them again, or name others in captions.weights",
            ) from error

    def listen(
        self, sound: Path, *, report: Report, stop: threading.Event, language: str, terms: tuple[str, ...]
    ) -> Transcript:
        """Hear what is said in *sound*, a 16 kHz mono 16-bit WAV file.

        Raises:
            MediaUnreadable: it is not such a file.
            ProcessError: the weights do not know the *language*.
            Stopped: *stop* was set; it is looked at after every phrase.
        """
        language = known_language(language, self._model.supported_languages, model=self._weights.model)
        with Sound(sound) as opened:
            heard = hear(opened, self, report=report, stop=stop, language=language, terms=terms)
        return Transcript(
            language=heard.language,
            words=heard.words,
            speech=heard.speech,
            engine=NAME,
            model=self._weights.model,
            weights=self._weights.sha256,
        )

    def languages(self, samples: Samples) -> Mapping[str, float]:
        """How likely each language is, by the first 30 s of *samples*."""
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        _, _, chances = self._model.detect_language(samples)
        return dict(chances)

    def phrases(
        self, samples: Samples, *, language: str, terms: Sequence[str], stop: threading.Event
    ) -> Iterator[Phrase]:
        """Yield what is said in *samples*."""
        spoken = language if self._model.model.is_multilingual else "en"
        found, _ = self._model.transcribe(samples, language=spoken, hotwords=hint_of(terms) or None, **OPTIONS)
        for segment in found:
            yield Phrase(
                words=tuple(
                    Word(start=float(w.start), end=float(w.end), text=w.word, confidence=float(w.probability))
                    for w in segment.words or ()
                ),
                end=float(segment.end),
                likelihood=float(segment.avg_logprob),
                no_speech=float(segment.no_speech_prob),
            )

    def overhear(self, samples: Samples, *, language: str = "") -> tuple[tuple[str, ...], str]:
        """The words in a few seconds of *samples*, roughly and at once, and the *language*, detected where it is empty.

        The encoder is given only as much as there is, and not Whisper's usual 30 s of mostly nothing: that takes a
        third of the time for 7 s, and the first and the last word suffer. There is no second try and no check.
        """
        model = self._model
        columns = len(samples) // model.feature_extractor.hop_length + _QUIET_COLUMNS
        features = model.feature_extractor(samples)[:, :columns]
        encoded = model.encode(np.ascontiguousarray(features))
        if not model.model.is_multilingual:
            language = "en"
        elif not language:
            language = model.model.detect_language(encoded)[0][0][0].strip("<|>")
        tokens = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
        start = [*tokens.sot_sequence, tokens.no_timestamps]
        (found,) = model.model.generate(encoded, [start], beam_size=1, max_length=_MOST_TOKENS, suppress_blank=True)
        return tuple(tokens.decode(found.sequences_ids[0]).split()), language

    def close(self) -> None:
        """Let go of the weights."""
        self._model.model.unload_model()


def _cores() -> int:
    """Cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
