"""The engine openai-whisper: the reference, by PyTorch; slower, for whoever has it or wants to compare.

It hears the same pieces as faster-whisper and, unless given a ``.pt`` of its own, uses the same weights,
read straight from the file that faster-whisper reads: no second copy of them lies on the disk. No ffmpeg is
called: the sound comes as samples.
"""

from __future__ import annotations

import threading
import urllib.error
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from process.captions.convert import read_checkpoint
from process.captions.engine import Captions, Report, check
from process.captions.hearing import Phrase, hear, hint_of, known_language
from process.captions.speech import RATE, Samples, Sound
from process.captions.transcript import Transcript, Word
from process.captions.weights import (
    MODEL,
    digest,
    find,
    first_line,
    missing,
    models_folder,
    switched_off,
    unanswered,
)
from process.errors import EngineMissing, WeightsDamaged, WeightsMissing

try:
    import torch
    import whisper
except ImportError as error:
    raise EngineMissing(
        f"the engine openai-whisper is not installed ({error.name or error} is missing)",
        hint="run: pip install 'flipcast[openai-whisper]', or set captions.engine to faster-whisper",
    ) from error

NAME = "openai-whisper"

PIECE_SECONDS = 120.0
"""Shorter pieces than usual: whole pieces come back, and somebody watches the progress."""

OPTIONS: Mapping[str, Any] = {
    "beam_size": 5,
    "best_of": 5,
    "word_timestamps": True,
    "condition_on_previous_text": True,
    "fp16": False,
}
"""How each piece is decoded; the same as with faster-whisper."""

SOURCE = "https://openaipublic.azureedge.net"
"""Where openai-whisper fetches weights from."""


def open_engine(settings: Captions) -> OpenaiWhisper:
    """Open openai-whisper with the weights that *settings* lead to.

    Raises:
        WeightsMissing: they cannot be had.
        WeightsDamaged: they are not the bytes they should be.
    """
    brought = settings.weights.expanduser() if settings.weights else None
    if brought is not None and brought.suffix == ".pt":
        if not brought.is_file():
            raise WeightsMissing(f"captions.weights names {brought}, which is not there")
        return OpenaiWhisper(_loaded(brought), model=brought.stem, sha256=digest(brought, models=models_folder()))
    try:
        weights = find(replace(settings, download=False))
    except WeightsMissing:
        if brought is not None or settings.model not in whisper.available_models():
            raise
        return _fetched(settings)
    return OpenaiWhisper(built(weights.folder / MODEL), model=weights.model, sha256=weights.sha256)


def _loaded(path: Path) -> Any:
    try:
        return whisper.load_model(str(path), device="cpu")
    except Exception as error:  # whatever a torn archive makes of PyTorch
        raise WeightsDamaged(
            f"{path} cannot be loaded by openai-whisper: {first_line(error)}",
            hint="name another .pt file in captions.weights",
        ) from error


def built(path: Path) -> Any:
    """The model in CTranslate2's ``model.bin`` at *path*."""
    try:
        checkpoint = read_checkpoint(path)
        model = whisper.model.Whisper(whisper.model.ModelDimensions(**checkpoint.dims))
        state = {name: torch.from_numpy(np.array(value, np.float32)) for name, value in checkpoint.state.items()}
        model.load_state_dict(state)
    except (ValueError, RuntimeError, OSError) as error:
        raise WeightsDamaged(
            f"{path} cannot be read as Whisper's weights: {first_line(error)}",
            hint="remove its folder and let flipcast fetch it again",
        ) from error
    return model


def _fetched(settings: Captions) -> OpenaiWhisper:
    """With the weights that openai-whisper keeps or fetches itself, where *settings* allow it."""
    kept = Path.home() / ".cache" / "whisper" / f"{settings.model}.pt"
    if not kept.is_file() and (why := switched_off(settings) or unanswered(SOURCE)):
        raise missing(settings.model, why)
    try:
        model = whisper.load_model(settings.model, device="cpu", download_root=str(kept.parent))
    except (RuntimeError, urllib.error.URLError, OSError) as error:
        raise missing(settings.model, f"openai-whisper could not fetch them: {first_line(error)}") from error
    return OpenaiWhisper(model, model=settings.model, sha256=digest(kept, models=models_folder()))


class OpenaiWhisper:
    """Hears speech by openai-whisper."""

    def __init__(self, loaded: Any, *, model: str, sha256: str) -> None:
        self._model, self._name, self._sha256 = loaded, model, sha256
        with warnings.catch_warnings():
            # It reads its vocabulary here and never closes the file; read once, it is remembered.
            warnings.simplefilter("ignore", ResourceWarning)
            whisper.tokenizer.get_tokenizer(loaded.is_multilingual, num_languages=loaded.num_languages)

    def listen(
        self, sound: Path, *, report: Report, stop: threading.Event, language: str, terms: tuple[str, ...]
    ) -> Transcript:
        """Hear what is said in *sound*, a 16 kHz mono 16-bit WAV file.

        Raises:
            MediaUnreadable: it is not such a file.
            ProcessError: the weights do not know the *language*.
            Stopped: *stop* was set; it is looked at after every token.
        """
        known = list(whisper.tokenizer.LANGUAGES) if self._model.is_multilingual else ["en"]
        language = known_language(language, known, model=self._name)
        with Sound(sound) as opened:
            heard = hear(
                opened,
                self,
                report=report,
                stop=stop,
                language=language,
                terms=terms,
                piece_seconds=PIECE_SECONDS,
            )
        return Transcript(
            language=heard.language,
            words=heard.words,
            speech=heard.speech,
            engine=NAME,
            model=self._name,
            weights=self._sha256,
        )

    def languages(self, samples: Samples) -> Mapping[str, float]:
        """How likely each language is, by the first 30 s of *samples*."""
        if not self._model.is_multilingual:
            return {"en": 1.0}
        window = whisper.pad_or_trim(samples[: 30 * RATE])
        mel = whisper.log_mel_spectrogram(window, self._model.dims.n_mels)
        _, chances = self._model.detect_language(mel)
        return {code: float(chance) for code, chance in chances.items()}

    def phrases(
        self, samples: Samples, *, language: str, terms: Sequence[str], stop: threading.Event
    ) -> Iterator[Phrase]:
        """Yield what is said in *samples*, once all of it is decoded."""
        spoken = language if self._model.is_multilingual else "en"
        # The decoder is called for every token: a place to stop at, in work that otherwise ends when it ends.
        looking = self._model.decoder.register_forward_pre_hook(lambda *_: check(stop))
        try:
            found = whisper.transcribe(
                self._model,
                samples,
                language=spoken,
                initial_prompt=hint_of(terms) or None,
                carry_initial_prompt=bool(hint_of(terms)),
                **OPTIONS,
            )
        finally:
            looking.remove()
        for segment in found["segments"]:
            yield Phrase(
                words=tuple(
                    Word(
                        start=float(w["start"]),
                        end=float(w["end"]),
                        text=w["word"],
                        confidence=float(w["probability"]),
                    )
                    for w in segment.get("words", ())
                ),
                end=float(segment["end"]),
                likelihood=float(segment["avg_logprob"]),
                no_speech=float(segment["no_speech_prob"]),
            )

    def close(self) -> None:
        """Let go of the weights."""
        self._model = None
