"""Whisper's weights in the form of openai-whisper, read from the form of CTranslate2.

Both hold the same numbers in two layouts. Read this way, one copy of the weights on the disk serves both
engines. Nothing is unpickled: the file is a plain list of named arrays.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_KINDS = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}
_BFLOAT16 = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What openai-whisper wants to know of a model."""

    dims: dict[str, int]
    """The fields of its ``ModelDimensions``."""

    state: dict[str, Array]
    """Every parameter by its name."""


def read_checkpoint(path: Path) -> Checkpoint:
    """The model in the ``model.bin`` at *path*.

    Raises:
        ValueError: it is no Whisper model, is cut off, or is stored in a way unknown here.
    """
    with path.open("rb") as file:
        variables = _variables(file)
    return _named(_Model(variables))


def _variables(file: BinaryIO) -> dict[str, Array]:
    """Every array in *file* by its name, aliases included."""
    version = _number(file)
    if not 4 <= version <= 6:
        raise ValueError(f"its format has the version {version}; 4 to 6 are known")
    name = _text(file)
    if name != "WhisperSpec":
        raise ValueError(f"it holds a {name!r} and no Whisper")
    _number(file)  # revision of the specification
    found: dict[str, Array] = {}
    for _ in range(_number(file)):
        key = _text(file)
        shape = tuple(_number(file) for _ in range(_exactly(file, 1)[0]))
        kind = _exactly(file, 1)[0]
        content = _exactly(file, _number(file))
        if kind == _BFLOAT16:
            flat: Array = (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
        elif kind in _KINDS:
            flat = np.frombuffer(content, _KINDS[kind])
        else:
            raise ValueError(f"{key} is of the unknown kind {kind}")
        found[key] = flat.reshape(shape)
    for _ in range(_number(file)):
        alias = _text(file)
        found[alias] = found[_text(file)]
    return found


def _exactly(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) != count:
        raise ValueError(f"it ends {count - len(content)} bytes too early")
    return content


def _number(file: BinaryIO) -> int:
    return int(struct.unpack("<I", _exactly(file, 4))[0])


def _text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<H", _exactly(file, 2))
    return _exactly(file, length).rstrip(b"\0").decode("utf-8")


class _Model:
    """Arrays by name, those stored in few bits scaled back."""

    def __init__(self, variables: Mapping[str, Array]) -> None:
        self._variables = variables

    def __getitem__(self, key: str) -> Array:
        try:
            value = self._variables[key]
            if value.dtype not in (np.int8, np.int16):
                return value
            scale = np.asarray(self._variables[f"{key}_scale"], np.float32)
        except KeyError as error:
            raise ValueError(f"it lacks {error.args[0]}") from None
        if scale.ndim == 1 and value.ndim > 1:  # one scale for each row
            scale = scale.reshape((-1,) + (1,) * (value.ndim - 1))
        scaled: Array = value.astype(np.float32) / scale
        return scaled

    def number(self, key: str, otherwise: int) -> int:
        """The single number called *key*."""
        return int(self._variables[key]) if key in self._variables else otherwise

    def layers(self, side: str) -> int:
        """How many layers the encoder or the decoder has."""
        count = 0
        while f"{side}/layer_{count}/ffn/linear_0/weight" in self._variables:
            count += 1
        return count


def _named(model: _Model) -> Checkpoint:
    out: dict[str, Array] = {}
    for part in ("conv1", "conv2"):
        _linear(model, f"encoder/{part}", f"encoder.{part}", out)
    out["encoder.positional_embedding"] = model["encoder/position_encodings/encodings"]
    out["decoder.positional_embedding"] = model["decoder/position_encodings/encodings"]
    out["decoder.token_embedding.weight"] = model["decoder/embeddings/weight"]
    for side in ("encoder", "decoder"):
        for number in range(model.layers(side)):
            here, there = f"{side}/layer_{number}", f"{side}.blocks.{number}"
            own = f"{here}/self_attention"
            _norm(model, f"{own}/layer_norm", f"{there}.attn_ln", out)
            _fused(model, f"{own}/linear_0", f"{there}.attn", ("query", "key", "value"), out)
            _linear(model, f"{own}/linear_1", f"{there}.attn.out", out)
            if side == "decoder":
                cross = f"{here}/attention"
                _norm(model, f"{cross}/layer_norm", f"{there}.cross_attn_ln", out)
                _linear(model, f"{cross}/linear_0", f"{there}.cross_attn.query", out)
                _fused(model, f"{cross}/linear_1", f"{there}.cross_attn", ("key", "value"), out)
                _linear(model, f"{cross}/linear_2", f"{there}.cross_attn.out", out)
            _norm(model, f"{here}/ffn/layer_norm", f"{there}.mlp_ln", out)
            _linear(model, f"{here}/ffn/linear_0", f"{there}.mlp.0", out)
            _linear(model, f"{here}/ffn/linear_1", f"{there}.mlp.2", out)
    _norm(model, "encoder/layer_norm", "encoder.ln_post", out)
    _norm(model, "decoder/layer_norm", "decoder.ln", out)
    audio, text = out["encoder.conv1.weight"], out["decoder.token_embedding.weight"]
    dims = {
        "n_mels": audio.shape[1],
        "n_audio_ctx": out["encoder.positional_embedding"].shape[0],
        "n_audio_state": audio.shape[0],
        "n_audio_head": model.number("encoder/num_heads", audio.shape[0] // 64),
        "n_audio_layer": model.layers("encoder"),
        "n_vocab": text.shape[0],
        "n_text_ctx": out["decoder.positional_embedding"].shape[0],
        "n_text_state": text.shape[1],
        "n_text_head": model.number("decoder/num_heads", text.shape[1] // 64),
        "n_text_layer": model.layers("decoder"),
    }
    return Checkpoint(dims=dims, state=out)


def _norm(model: _Model, here: str, there: str, out: dict[str, Array]) -> None:
    out[f"{there}.weight"], out[f"{there}.bias"] = model[f"{here}/gamma"], model[f"{here}/beta"]


def _linear(model: _Model, here: str, there: str, out: dict[str, Array]) -> None:
    out[f"{there}.weight"], out[f"{there}.bias"] = model[f"{here}/weight"], model[f"{here}/bias"]


def _fused(model: _Model, here: str, there: str, names: tuple[str, ...], out: dict[str, Array]) -> None:
    """Part a projection that is stored as one matrix. Keys have no bias in Whisper; zeros are stored for it."""
    weights = np.split(model[f"{here}/weight"], len(names))
    biases = np.split(model[f"{here}/bias"], len(names))
    for name, weight, bias in zip(names, weights, biases, strict=True):
        out[f"{there}.{name}.weight"] = weight
        if name != "key":
            out[f"{there}.{name}.bias"] = bias
        elif np.any(bias):
            raise ValueError(f"{here} has a bias on its keys, which Whisper has not")
