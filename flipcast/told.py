"""What pages are told of a recorder: its state, its tracks, what is wrong with them, and what came of a take."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from capture import hold
from capture.address import without_password
from capture.errors import FlipcastError
from capture.health import Health, State
from capture.take import Take, read
from flipcast import report
from flipcast.console import printable
from flipcast.library import Shelf, in_one_line

QUIETEST_DBFS = -60.0
"""Levels below are shown like it."""

NOTHING: dict[str, Any] = {
    "seconds": 0.0,
    "room": None,
    "markers": 0,
    "light": "off",
    "alarms": [],
    "late": 0,
    "tracks": [],
}
"""What is told where there is no recorder."""

_AMBER_ROOM_SECONDS = 900.0
_AMBER_LATE = 3


def going(health: Health) -> dict[str, Any]:
    """How it is going, by *health*: with a light that is red for what harms the take, and amber for what may."""
    alarms = [{"cause": track.cause, "kind": str(track.kind)} for track in health.tracks if track.cause]
    alarms = [*([{"cause": health.cause, "kind": ""}] if health.cause else []), *alarms]
    scarce = health.room_seconds is not None and health.room_seconds < _AMBER_ROOM_SECONDS
    amber = bool(alarms) or scarce or health.late_lately > _AMBER_LATE
    red = bool(alarms) and health.state in (State.ROLLING, State.PAUSED)
    return {
        "seconds": round(health.seconds, 1),
        "room": None if health.room_seconds is None else round(max(0.0, health.room_seconds), -1),
        "markers": health.markers,
        "light": "red" if red else "amber" if amber else "green",
        "alarms": alarms,
        "late": health.late_lately,
        "tracks": [
            {
                "name": track.name,
                "kind": str(track.kind),
                "device": track.device,
                "level": None if not track.kind.is_sound else _shown(track.level_dbfs),
                "alarm": track.cause,
            }
            for track in health.tracks
        ],
    }


def trouble(error: FlipcastError | None) -> dict[str, str] | None:
    """What went wrong, and what to do."""
    return None if error is None else {"what": error.what, "hint": error.hint}


def plain(text: str) -> str:
    """What a source that no list knows is called: its address, or its kind."""
    kind, _, which = text.partition(":")
    return in_one_line(without_password(which)).removeprefix("http://") or kind


def title_of(shelf: Shelf) -> str:
    """The title of what lies on *shelf*; its short name where that cannot be read."""
    with contextlib.suppress(FlipcastError):
        return shelf.recording().title
    return shelf.name


def taken(shelf: Shelf, take: Take) -> dict[str, Any]:
    """What came of a *take*."""
    return {
        "name": shelf.name,
        "title": title_of(shelf),
        "seconds": round(take.outcome.seconds, 1) if take.outcome else 0.0,
        "take": _printable(report.facts(take)),
    }


def heading(folder: Path) -> dict[str, Any]:
    """Of the take in *folder* what one line holds: its number, when it began, how long it is, and its verdict."""
    try:
        made = read(folder)
    except FlipcastError as error:
        number = folder.name.lstrip("0")
        return {"number": number, "rolled_at": "", "seconds": None, "verdict": printable(str(error))}
    return {
        "number": made.number,
        "rolled_at": printable(made.rolled_at),
        "seconds": round(made.outcome.seconds, 1) if made.outcome else None,
        "verdict": printable(report.verdict(made, rolling=hold.is_held(folder))),
    }


def _printable(value: Any) -> Any:
    """*value* with all its texts printable: what is written down may have been written by anybody."""
    match value:
        case str():
            return printable(value)
        case list():
            return [_printable(one) for one in value]
        case dict():
            return {key: _printable(one) for key, one in value.items()}
    return value


def _shown(level_dbfs: float | None) -> float:
    return QUIETEST_DBFS if level_dbfs is None else round(min(0.0, max(QUIETEST_DBFS, level_dbfs)), 1)
