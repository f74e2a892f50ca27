"""What can be recorded here, by the names people use.

What is here now is joined with what is remembered (`capture.known`). A device that has a name and is not here is
missing: another one never takes its place unsaid.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from capture.address import without_password
from capture.errors import DeviceError, DeviceMissing
from capture.frames import Kind
from capture.known import Known, Memory, identified
from capture.sources import Device, Wanted, present

KIND_WORDS = {
    Kind.SCREEN: "screen",
    Kind.CAMERA: "camera",
    Kind.MICROPHONE: "microphone",
    Kind.SYSTEM: "way to hear the system's own sound",
}
"""What people call each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A device, as a list of devices shows it."""

    device: Device
    """What it is; of one that is not here, what is remembered of it."""

    known: Known | None
    """What is remembered of it; ``None`` if nothing is."""

    here: bool | None
    """Whether it is here now; ``None`` of an address, which only opening it would tell."""

    @property
    def spoken(self) -> str:
        """As it is named after ``--from``."""
        return self.known.spoken if self.known else f"{self.device.kind}:{self.device.name}"


class Devices:
    """All that can be recorded on this machine, and all that is remembered of it."""

    def __init__(self, folder: Path | None = None, *, look: Callable[[], tuple[Device, ...]] = present) -> None:
        self._memory = Memory(folder)
        self._look = look

    def listed(self) -> tuple[Listed, ...]:
        """All that is here, in the order of the sources, and then what is remembered and not here."""
        known = {(one.kind, one.identity): one for one in self._memory.all()}
        rows = [
            Listed(device=device, known=known.pop((device.kind, device.identity), None), here=True)
            for device in self._look()
        ]
        for one in known.values():
            device = Device(
                kind=one.kind,
                name=one.own_name or one.name,
                identity=one.identity,
                description=one.description,
                member=one.member,
            )
            rows.append(Listed(device=device, known=one, here=None if is_address(one.identity) else False))
        return tuple(rows)

    def wanted(self, spoken: Wanted) -> Wanted:
        """What is *spoken* of, with the address, label and latency of the device that has this name.

        Raises:
            DeviceMissing: none is called so, or the one that is is not here now.
        """
        kind, which = spoken.kind, spoken.address
        if spoken.member == "pattern" or which.startswith("window:"):
            return spoken
        known = self._memory.all()
        named = _named(known, kind, which)
        address = named.identity if named else which
        if is_address(address):
            return _resolved(spoken, named or identified(known, kind, address), address=address)
        here = [device for device in self._look() if device.kind == kind]
        if kind == Kind.SCREEN and not here:
            return spoken  # opening it says why nothing can be seen
        device = _found(here, named, which)
        if device is None:
            raise _missing(spoken, named or _own_named(known, kind, which), here, known)
        return _resolved(spoken, self._seen(device), address=device.identity)

    def usual(self) -> tuple[Wanted, ...]:
        """What is recorded where nothing is said: the first screen, a camera and a microphone, as far as they are here.

        Raises:
            DeviceMissing: there is nothing at all.
        """
        found = self._look()
        chosen: list[Wanted] = []
        for kind in (Kind.SCREEN, Kind.CAMERA, Kind.MICROPHONE):
            device = _found([device for device in found if device.kind == kind], None, "")
            if device is not None:
                plain = Wanted(kind=kind, member=device.member)
                chosen.append(_resolved(plain, self._seen(device), address=device.identity))
        if not chosen:
            nothing = DeviceMissing("any", hint="run flipcast check, which says why")
            nothing.what = "no screen, camera or microphone is here"
            raise nothing
        return tuple(chosen)

    def name(self, spoken: Wanted, name: str = "", *, latency_ms: float | None = None) -> Known:
        """Call the device *spoken* of by *name* from now on, or set its latency; returns what is remembered.

        Raises:
            DeviceMissing: it is not here now, and so cannot be told from others.
            DeviceError: the name is none, or is another device's.
        """
        if spoken.member == "pattern" or spoken.address.startswith("window:"):
            raise DeviceError(f"{spoken.label} needs no name", hint="name screens, cameras and microphones")
        if name and not re.fullmatch(r"(?=.*[a-z])[a-z0-9][a-z0-9-]{0,39}", name):
            raise DeviceError(
                f"{name!r} cannot be the name of a device", hint="use small letters, digits and hyphens, with a letter"
            )
        target = self.wanted(spoken)
        if taken := self._taken(name, target) if name else "":
            raise DeviceError(
                f"another device is called so already: {taken}",
                hint="choose another name, or give that one another; flipcast list devices shows them",
            )

        def better(one: Known) -> Known:
            one = replace(one, name=name or one.name)
            return one if latency_ms is None else replace(one, latency_ms=latency_ms, spread_ms=None)

        return self._memory.change(target.kind, target.address, target.member, better)

    def measured(self, target: Wanted, *, latency_ms: float, spread_ms: float) -> Known:
        """Keep what was measured of the device that *target* came out as."""

        def better(one: Known) -> Known:
            return replace(one, latency_ms=latency_ms, spread_ms=spread_ms)

        return self._memory.change(target.kind, target.address, target.member, better)

    def forget(self, name: str) -> Known:
        """Forget the device called *name*, with its latency; returns what was remembered of it.

        Raises:
            DeviceError: none is remembered by this name, or several are.
        """
        return self._memory.forget(name)

    def _taken(self, name: str, target: Wanted) -> str:
        """The other device of the same kind that has this *name*; empty if there is none."""
        for row in self.listed():
            same = row.device.kind == target.kind and row.device.identity == target.address
            if row.device.kind == target.kind and not same and name in (row.device.name, row.known and row.known.name):
                return f"{row.device.kind}:{row.device.name}{_in_brackets(row.device.description)}"
        return ""

    def _seen(self, device: Device) -> Known:
        now = datetime.now(UTC).isoformat(timespec="seconds")

        def better(one: Known) -> Known:
            return replace(one, own_name=device.name, description=device.description, seen_at=now)

        try:
            return self._memory.change(device.kind, device.identity, device.member, better)
        except DeviceError:  # a state folder that cannot be written keeps nobody from recording
            known = identified(self._memory.all(), device.kind, device.identity)
            return better(known or Known(kind=device.kind, identity=device.identity, member=device.member))


def is_address(text: str) -> bool:
    """Whether *text* says where a device is rather than which: an address in the network, or the path of a device."""
    return "://" in text or text.startswith(("/dev/", "\\\\"))


def when(moment: str) -> str:
    """A written *moment* for people, by their own clock; ``"some time ago"`` if it is none."""
    try:
        return f"on {datetime.fromisoformat(moment).astimezone():%Y-%m-%d at %H:%M}"
    except ValueError:
        return "some time ago"


def _named(known: Sequence[Known], kind: Kind, name: str) -> Known | None:
    return next((one for one in known if name and one.kind == kind and one.name == name.lower()), None)


def _own_named(known: Sequence[Known], kind: Kind, name: str) -> Known | None:
    return next((one for one in known if name and one.kind == kind and one.own_name == name.lower()), None)


def _found(here: Sequence[Device], named: Known | None, which: str) -> Device | None:
    """The one that is meant, of those *here* of its kind."""
    if named is not None:
        return next((device for device in here if device.identity == named.identity), None)
    if not which:
        return next((device for device in here if device.default), here[0] if here else None)
    exact = [device for device in here if which.lower() == device.name or which == device.identity]
    described = [device for device in here if which.casefold() == device.description.casefold()]
    return exact[0] if exact else described[0] if len(described) == 1 else None


def _resolved(spoken: Wanted, known: Known | None, *, address: str) -> Wanted:
    if known is None:
        return replace(spoken, address=address, label=f"{spoken.kind}:{without_password(address)}")
    label = known.spoken
    if (part := spoken.region) is not None:
        label += f"@{part.width}x{part.height}+{part.left}+{part.top}"
    found = replace(spoken, address=address, member=known.member, label=label)
    if spoken.latency_ms is None and known.latency_ms is not None:
        found = replace(found, latency_ms=known.latency_ms, measured=known.spread_ms is not None)
    return found


def _missing(spoken: Wanted, known: Known | None, here: list[Device], remembered: Sequence[Known]) -> DeviceMissing:
    kind, asked = spoken.kind, spoken.label or f"{spoken.kind}:{spoken.address}"
    given = {one.identity: one.spoken for one in remembered if one.kind == kind}
    names = tuple(given.get(device.identity, f"{kind}:{device.name}") for device in here)
    here_are = f"here are: {', '.join(names)}" if names else f"no {KIND_WORDS[kind]} is here; run flipcast check"
    if known is not None:
        gone = DeviceMissing(asked, present=names, hint=f"plug it in, or choose another; {here_are}")
        seen = f", last seen {when(known.seen_at)}" if known.seen_at else ""
        gone.what = f"{known.spoken}{_in_brackets(known.description)} is not here now{seen}"
        return gone
    spellings = {device.name: name for device, name in zip(here, names, strict=True)}
    spellings |= {name.partition(":")[2]: name for name in [*names, *given.values()]}
    near = difflib.get_close_matches(spoken.address.lower(), spellings, n=1)
    guess = f"did you mean {spellings[near[0]]}? " if near else ""
    return DeviceMissing(asked, present=names, hint=guess + here_are)


def _in_brackets(description: str) -> str:
    return f" ({description})" if description else ""
