"""What the commands about devices do: list them, name them, and say whether they can be recorded."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from capture.address import without_password
from capture.description import to_json
from capture.devices import KIND_WORDS, Devices, Listed, when
from capture.errors import DeviceError, DeviceMissing
from capture.frames import Kind
from capture.known import Known
from capture.sources import Wanted, open_source, spoken
from flipcast.console import Show, printable
from flipcast.errors import DeskError

if TYPE_CHECKING:
    from flipcast.commands import Desk

_LOOKED_FOR = (Kind.SCREEN, Kind.CAMERA, Kind.MICROPHONE)


def listing(desk: Desk, asked: argparse.Namespace) -> bool:
    """List what is asked for: devices, or what is in the library."""
    from flipcast import commands

    return list_devices(desk, asked) if asked.things == "devices" else commands.listing(desk, asked)


def list_devices(desk: Desk, asked: argparse.Namespace) -> bool:
    """List what can be recorded here, and what is remembered."""
    rows = Devices().listed()
    missing = {kind: why_none(kind) for kind in _LOOKED_FOR if not any(_is_here(row, kind) for row in rows)}
    facts = {
        "devices": [_facts(row) for row in rows],
        "missing": [{"kind": str(kind), "why": why} for kind, why in missing.items()],
    }
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("--from", "kind", "description", "size", "default", "latency", ""):
        table.add_column(column, overflow="fold")
    for row in rows:
        device = row.device
        table.add_row(
            Text(printable(row.spoken)),
            str(device.kind),
            Text(printable(_described(row))),
            f"{device.width} × {device.height}" if device.width else "",
            "default" if device.default else "",
            _latency(row.known),
            _standing(row),
        )
    for why in missing.values():
        desk.show.note(why)
    none = "there is nothing to record from here; 'pattern' and 'tone' always work, for trying"
    desk.show.result(facts, table if rows else none)
    return True


def name(desk: Desk, asked: argparse.Namespace) -> bool:
    """Give a device a name or a latency, or forget it."""
    devices = Devices()
    if asked.forget:
        if asked.name or asked.latency is not None:
            raise DeskError("--forget stands alone", hint="flipcast name --forget camera:front")
        gone = devices.forget(asked.device)
        kept = f", with its latency of {gone.latency_ms:.0f} ms" if gone.latency_ms is not None else ""
        desk.show.result({"forgotten": gone.spoken}, f"{gone.spoken} is forgotten{kept}")
        return True
    if not asked.name and asked.latency is None:
        raise DeskError("no name is given", hint=f"flipcast name {asked.device} front")
    known = devices.name(spoken(asked.device), asked.name or "", latency_ms=asked.latency)
    what = known.description or without_password(known.identity)
    late = f", its latency {_latency(known)}" if known.latency_ms is not None else ""
    desk.show.result(
        {"name": known.spoken, "identity": without_password(known.identity), "latency_ms": known.latency_ms},
        f"{known.spoken} is {what}{late}",
    )
    return True


def check(desk: Desk, asked: argparse.Namespace) -> bool:
    """Say whether this machine is fit, or measure how late its devices are."""
    if asked.sync:
        return measure_sync(desk, asked)
    if asked.sources:
        raise DeskError("--from names what --sync measures", hint="flipcast check --sync --from camera:front")
    from flipcast import commands

    return commands.check(desk, asked)


def measure_sync(desk: Desk, asked: argparse.Namespace) -> bool:
    """Measure how late devices are by flashes and beeps, and keep it."""
    from capture import latency

    devices = Devices()
    sources = chosen(devices, asked.sources or [], desk.show)
    desk.show.note(
        f"the screen flashes and the speaker beeps {latency.TIMES} times, once a second: "
        "point cameras at the screen, and let microphones hear the speaker"
    )

    def report(far: float) -> None:
        desk.show.progress(1, "sync", "measure", far)

    results = latency.measure(sources, report=report, stop=desk.stop)
    desk.show.ended(1, "sync", "measured")
    lines = []
    for result in results:
        name, signals = result.wanted.label, "beeps" if result.wanted.kind.is_sound else "flashes"
        devices.measured(result.wanted, latency_ms=result.latency_ms, spread_ms=result.spread_ms)
        lines.append(
            f"{name}: {result.latency_ms:.1f} ms late, sure to {result.spread_ms:.1f} ms, "
            f"by {result.found} of {result.given} {signals}"
        )
    lines.append("this is kept, and taken off from now on; it holds what the monitor and the speaker took, too")
    facts = [
        {"from": result.wanted.label, "latency_ms": result.latency_ms, "spread_ms": result.spread_ms}
        | {"found": result.found, "given": result.given}
        for result in results
    ]
    desk.show.result({"sync": facts}, "\n".join(lines))
    return True


def chosen(devices: Devices, said: Sequence[str], show: Show) -> tuple[Wanted, ...]:
    """The sources that were *said*, or where nothing was, what is usual here, which is then told.

    Raises:
        DeviceMissing: one of them is not here, or nothing is.
    """
    if said:
        return tuple(devices.wanted(spoken(text)) for text in said)
    usual = devices.usual()
    names = [wanted.label for wanted in usual]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    show.note(f"taking {listed}; choose with --from")
    return usual


def can_record() -> dict[Kind, tuple[bool, str]]:
    """Whether each kind can be recorded here, and what of it, or why not: the default of each is opened."""
    found = {}
    here = Devices().listed()
    for kind in _LOOKED_FOR:
        of_kind = [row for row in here if _is_here(row, kind)]
        if not of_kind:
            found[kind] = (False, why_none(kind))
            continue
        names = ", ".join(f"{row.spoken} ({_described(row)})" for row in of_kind)
        first = next((row.device for row in of_kind if row.device.default), of_kind[0].device)
        try:
            open_source(Wanted(kind=kind, member=first.member, address=first.identity)).close()
        except DeviceError as error:
            found[kind] = (False, str(error))
        else:
            found[kind] = (True, names)
    return found


def why_none(kind: Kind) -> str:
    """Why there is no device of *kind*, in a sentence: opening one tells."""
    member = {Kind.SCREEN: "screen", Kind.CAMERA: "camera"}.get(kind, "microphone")
    try:
        open_source(Wanted(kind=kind, member=member)).close()
    except DeviceError as error:
        if not isinstance(error, DeviceMissing) or not error.what.startswith("no device"):
            return str(error)
    hints = {
        Kind.CAMERA: ": plug one in, or name one of the network as camera:http://…",
        Kind.MICROPHONE: ": plug one in, and see that the system's sound settings show it",
    }
    return f"no {KIND_WORDS[kind]} is here{hints.get(kind, '')}"


def _described(row: Listed) -> str:
    return row.device.description or without_password(row.device.identity)


def _is_here(row: Listed, kind: Kind) -> bool:
    return row.device.kind == kind and row.here is not False


def _latency(known: Known | None) -> str:
    if known is None or known.latency_ms is None:
        return ""
    how = "set" if known.spread_ms is None else "measured"
    return f"{known.latency_ms:.0f} ms ({how})"


def _standing(row: Listed) -> str:
    if row.here is False:
        seen = row.known.seen_at if row.known else ""
        return f"not here, last seen {when(seen)}" if seen else "not here"
    return "remembered" if row.known and row.known.name else ""


def _facts(row: Listed) -> dict[str, Any]:
    device: dict[str, Any] = json.loads(to_json(row.device))
    device["identity"] = without_password(device["identity"])
    known = row.known
    return {
        **device,
        "from": row.spoken,
        "here": row.here,
        "remembered": bool(known and known.name),
        "latency_ms": known.latency_ms if known else None,
        "latency_measured": bool(known and known.spread_ms is not None),
        "seen_at": known.seen_at if known else "",
    }
