"""How nouns are written down: frozen dataclasses to JSON and back, whole or not at all.

Every room describes its own noun in a small JSON file. They are written and read in this one way, so
that a path, a rate or a time looks the same in all of them and a torn file never replaces a good one.
"""

from __future__ import annotations

import json
import os
from enum import StrEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import cattrs
from cattrs.strategies import use_class_methods

T = TypeVar("T")


def to_json(value: Any) -> str:
    """The JSON text of a dataclass, a tuple of them, or plain values; the same text for the same value."""
    return json.dumps(_converter.unstructure(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str, kind: type[T]) -> T:
    """The *kind* that *text* describes.

    Unknown keys are passed over: a newer flipcast may have written the file.

    Raises:
        ValueError: the text is no JSON, or describes something else.
    """
    try:
        return _converter.structure(json.loads(text), kind)
    except (cattrs.BaseValidationError, KeyError, TypeError, AttributeError) as error:
        raise ValueError("; ".join(cattrs.transform_error(error))) from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Put *content* at *path* so that a reader, or a crash, meets the old file or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            # A file's name may be no text; what cannot be encoded is escaped as JSON does it.
            file.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    use_class_methods(converter)
    for kind in (Path, PurePosixPath, Fraction):
        converter.register_unstructure_hook(kind, str)
        converter.register_structure_hook(kind, lambda value, to: to(value))
    converter.register_unstructure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, StrEnum), lambda value: value.value
    )
    return converter


_converter = _make_converter()
