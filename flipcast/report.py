"""What is told of a take: how long it is, what was kept and what was lost of each track, and how well they lie in step.

The verdict is one line, for lists and for the moment after *stop*; the lines below it are its proof.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from capture import hold
from capture.description import to_json
from capture.errors import FlipcastError
from capture.take import Loss, Sync, Take, Track, TrackOutcome, read
from flipcast.console import printable
from flipcast.figures import clock, size

_LOST_SECONDS = 0.1
"""Less than this missing at a track's end is no loss: nobody knows to a few pictures when a recorder died."""

_LATE_SHARE = 0.001
"""More pictures late or repeated than this are worth a word."""

_OFF_MS = 45.0
"""Sound so early is noticed by most people (ITU-R BT.1359)."""


def verdict(take: Take, *, rolling: bool = False) -> str:
    """How it stands with *take*, in one line: ``"whole"``, ``"recovered: 0.4 s lost of camera"``."""
    outcome = take.outcome
    if outcome is None:
        return "being recorded" if rolling else "cut short: run 'flipcast recover' to make it whole"
    heard = {track.name for track in take.tracks if track.kind.is_sound}
    spots = [spot for track in outcome.tracks for spot in _spots(track, heard=track.name in heard)]
    if outcome.late_share > _LATE_SHARE:
        spots.append(f"{outcome.late_share:.2%} of the pictures were late or repeated")
    if outcome.recovered:
        return f"recovered: {', '.join(spots) or 'nothing was lost'}"
    return f"whole, but {', '.join(spots)}" if spots else "whole"


def lines(take: Take, *, rolling: bool = False) -> list[str]:
    """The report on *take*: a heading with the verdict, and its proof. Names are made printable."""
    return [printable(line) for line in _lines(take, rolling)]


def facts(take: Take, *, rolling: bool = False) -> dict[str, Any]:
    """The same for programs: the verdict, and all that is written down."""
    written: dict[str, Any] = json.loads(to_json(take))
    return {"verdict": verdict(take, rolling=rolling), "rolling": rolling, **written}


def lines_of(folder: Path) -> list[str]:
    """The report on the take in *folder*, or why there is none."""
    try:
        return lines(read(folder), rolling=hold.is_held(folder))
    except FlipcastError as error:
        return [printable(f"take {folder.name.lstrip('0')}: {error}")]


def facts_of(folder: Path) -> dict[str, Any]:
    """The same for programs."""
    try:
        return {"folder": str(folder), **facts(read(folder), rolling=hold.is_held(folder))}
    except FlipcastError as error:
        return {"folder": str(folder), "verdict": str(error)}


def _lines(take: Take, rolling: bool) -> list[str]:
    outcome = take.outcome
    heading = f"take {take.number:<6}{_day(take.rolled_at)}"
    if outcome is None:
        return [
            f"{heading}: {verdict(take, rolling=rolling)}",
            *(f"  {track.name:<12}{_what(track)}" for track in take.tracks),
        ]
    told = [f"{heading}, {clock(outcome.seconds)} long: {verdict(take)}"]
    results = {result.name: result for result in outcome.tracks}
    for track in take.tracks:
        told.append(f"  {track.name:<12}{_what(track)}")
        if (result := results.get(track.name)) is not None:
            told += [f"  {'':<12}{line}" for line in _proof(track, result, outcome.recovered)]
    for pause in take.pauses:
        told.append(f"  {'pause':<12}at {clock(pause.at)}, {pause.seconds:.0f} s that are in no track")
    for marker in take.markers:
        told.append(f"  {'marker':<12}at {clock(marker.at)} {marker.label}".rstrip())
    told.append(f"  {'ended':<12}{outcome.ended_because}")
    told += [f"  {'alarm':<12}{alarm}" for alarm in outcome.alarms]
    if outcome.cpu_seconds and outcome.seconds:
        told.append(f"  {'cost':<12}{outcome.cpu_seconds / outcome.seconds:.2f} processor seconds a second")
    return told


def _spots(track: TrackOutcome, *, heard: bool) -> list[str]:
    """What is not as it should be with a track, a few words each."""
    if not track.count and not track.seconds:
        return [f"{track.name} is lost"]
    spots = []
    if track.lost_seconds > _LOST_SECONDS:
        spots.append(f"{track.lost_seconds:.1f} s lost of {track.name}")
    if track.losses:
        gone = sum(loss.seconds for loss in track.losses)
        reasons = ", ".join(dict.fromkeys(loss.why for loss in track.losses))
        spots.append(f"{gone:.1f} s of {track.name} are missing ({reasons})")
    if track.silent_seconds:
        spots.append(f"{track.name} was {'silent' if heard else 'black or frozen'} for {track.silent_seconds:.0f} s")
    if track.sync is not None and abs(track.sync.offset_ms) > _OFF_MS:
        spots.append(f"{track.name} is {track.sync.offset_ms:+.0f} ms out of step")
    if not spots and not track.whole:
        spots.append(f"{track.name} is not whole" + (f" ({track.ended_because})" if track.ended_because else ""))
    return spots


def _what(track: Track) -> str:
    """What a track was meant to be."""
    shape = f"{track.channels} channel{'s' if track.channels != 1 else ''} at {track.sample_rate} Hz"
    if not track.kind.is_sound:
        rate = f", at most {float(track.rate):g} a second" if track.rate else ""
        shape = f"{track.width}×{track.height}{rate}"
    return f"{track.device} ({track.source}), {shape}"


def _proof(track: Track, result: TrackOutcome, recovered: bool) -> list[str]:
    told = []
    if track.kind.is_sound:
        loudest = f"loudest {result.peak_dbfs:.1f} dBFS" if result.peak_dbfs is not None else ""
        kept = [f"{result.count} samples", loudest or ("" if recovered else "digital silence")]
    else:
        counted = f"{result.late} late, {result.repeated} repeated, {result.left_out} left out"
        still = f"{result.unchanged} more where nothing changed" if result.unchanged else ""
        kept = [f"{result.count} pictures", still, "" if recovered else counted]
    told.append(", ".join([*filter(None, kept), size(result.size_bytes), track.file]))
    if result.began > _LOST_SECONDS:
        told.append(f"begins {result.began:.1f} s after the take")
    told += [_loss(loss) for loss in result.losses]
    if result.lost_seconds > 0:
        told.append(f"{result.lost_seconds:.2f} s lost at its end")
    if result.silent_seconds:
        what = "silent" if track.kind.is_sound else "black or frozen"
        told.append(f"{what} for {result.silent_seconds:.1f} s in all")
    if result.ended_because:
        told.append(f"ended at {clock(result.seconds)}: {result.ended_because}")
    told += _step(track, result.sync)
    return told


def _loss(loss: Loss) -> str:
    return f"nothing from {clock(loss.at)} on for {loss.seconds:.1f} s: {loss.why}"


def _step(track: Track, sync: Sync | None) -> list[str]:
    """How well the track is in step, and how that is known."""
    if sync is None:
        return ["its step with the clock was not measured"]
    how = "measured on this machine" if track.latency_measured else "taken as usual for such a source"
    drift = f"its clock runs {sync.drift_ppm:+.0f} ppm, corrected; " if track.kind.is_sound else ""
    return [
        f"in step to {sync.offset_ms:+.1f} ms, 95 % within {sync.spread_ms:.1f} ms, sure to ±{sync.sure_ms:.1f} ms",
        f"{drift}{sync.slip_ms_per_minute:+.2f} ms a minute are left",
        f"by {sync.how}; latency {track.latency_ms:.1f} ms, {how}",
    ]


def _day(rolled_at: str) -> str:
    """The moment *rolled_at* as the wall clock showed it there."""
    try:
        return datetime.fromisoformat(rolled_at).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return "at an unknown time"
