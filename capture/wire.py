"""What goes between the recorder's process and those who steer it: one JSON object a line, each way.

To the recorder: ``{"open": plan}``, then ``{"n": 1, "do": "mark", "label": "proof"}`` and the like. From it:
``{"reply": 1, "state": "rolling"}`` or ``{"reply": 1, "failed": error}``; unasked ``{"health": …}``, ``{"said": …}``
and ``{"rolled": folder}``; and at the end ``{"done": folder}`` or ``{"failed": error}``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any, TypeVar

import capture.errors
from capture.description import from_json, to_json
from capture.errors import FlipcastError, TakeError

T = TypeVar("T")


def line(**message: Any) -> bytes:
    """*message* as it goes over the wire; a failure and any noun of ours may be in it."""
    plain = {key: _plain(value) for key, value in message.items() if value is not None}
    return (json.dumps(plain, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def message(text: bytes | str) -> dict[str, Any]:
    """What a line says.

    Raises:
        ValueError: it is no message.
    """
    said = json.loads(text)
    if not isinstance(said, dict):
        raise ValueError(f"{text!r} is no message")
    return said


def heard(descriptor: int) -> Iterator[dict[str, Any]]:
    """Yield what comes in by *descriptor* until it ends; what is no message is passed over."""
    rest = b""
    while True:
        try:
            # Not by `sys.stdin`: a thread that waits in it holds a lock which Python wants at its end.
            came = os.read(descriptor, 65536)
        except OSError:
            came = b""
        if not came:
            return
        *lines, rest = (rest + came).split(b"\n")
        for text in lines:
            with contextlib.suppress(ValueError):
                yield message(text)


def noun(part: Any, kind: type[T]) -> T:
    """The *kind* that a *part* of a message describes.

    Raises:
        ValueError: it describes something else.
    """
    return from_json(json.dumps(part), kind)


def failure(part: dict[str, Any], *families: ModuleType) -> FlipcastError:
    """The failure that a *part* of a message describes, of its own type where that is one of *families*, or ours."""
    name = str(part.get("kind"))
    kind = next((getattr(one, name) for one in (*families, capture.errors) if hasattr(one, name)), TakeError)
    if not (isinstance(kind, type) and issubclass(kind, FlipcastError)):
        kind = TakeError
    what, hint = str(part.get("what", "the recorder failed")), str(part.get("hint", ""))
    error: FlipcastError = kind.__new__(kind, what)
    error.what, error.hint = what, hint
    return error


def _plain(value: Any) -> Any:
    if isinstance(value, FlipcastError):
        return {"kind": type(value).__name__, "what": value.what, "hint": value.hint}
    return json.loads(to_json(value))
