"""Microphones and what the machine plays, through sounddevice (PortAudio); nothing else of flipcast imports it.

PortAudio's callback only notes what came and when. `capture.drift` tells from that when it was heard: the moments that
PortAudio gives are of another clock on some systems and two milliseconds off on others.

PortAudio looks for devices once, when it starts, and may only start anew while none of our streams is open. So a
microphone that is plugged in again while another one records would never be found. Where a sound server has them
(`capture.sources.pulse`), it is asked instead, and one device of PortAudio's reaches all of them. Elsewhere a child
process, whose PortAudio is new, opens the microphone and hands its samples on; the steady clock is the same there.

A microphone that stops must be closed soon: over ALSA, PortAudio's thread for it uses a whole core while it waits.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.clock import now_ns
from capture.errors import DeviceBusy, DeviceDenied, DeviceError, DeviceLost, DeviceMissing
from capture.frames import Kind, SoundShape
from capture.sources import Device, Wanted, pulse
from capture.sources.heard import PIECE, Block, ChildStream, Microphone, listed_by_a_child

USUAL_LATENCY_MS = 2.0
"""From the membrane to the earliest arrival of what it heard, where nobody measured it: a USB microphone's."""

_HOST_APIS = ("Windows WASAPI", "Core Audio", "ALSA", "PulseAudio", "JACK Audio Connection Kit")
_PLAYED = re.compile(r"\[Loopback\]|BlackHole|Soundflower|Stereo Mix|CABLE Output", re.IGNORECASE)
_INSTALL_FOR_SYSTEM = {
    "darwin": "macOS lets no program record what it plays: install BlackHole and let the sound go there as well",
    "win32": "switch on Stereo Mix among the recording devices of Windows' sound settings",
    "linux": pulse.INSTALL,
}

_alone = threading.RLock()  # PortAudio is not made for threads: opening, closing and looking around go one by one.
_open: set[Microphone] = set()


def open(wanted: Wanted) -> Microphone:
    """Open the microphone, or the system's sound, that is *wanted*; with no address the system's default.

    Raises:
        DeviceMissing: it is not here now.
        DeviceBusy: another program holds it.
        DeviceDenied: the system does not let us.
    """
    with _portaudio():
        microphone = Microphone(
            _opened(wanted),
            latency_ms=USUAL_LATENCY_MS if wanted.latency_ms is None else wanted.latency_ms,
            closed=_open.discard,
        )
        _open.add(microphone)
    return microphone


def present() -> tuple[Device, ...]:
    """The microphones, and what the machine plays where that can be recorded, that are here now; defaults first."""
    found = [one for one in _sources() if not one.noise] if pulse.is_here() else []
    if not found:
        with contextlib.suppress(DeviceError), _portaudio():
            found = [one for one in _inputs() if not one.noise]
    devices: dict[tuple[Kind, str], Device] = {}
    for one in sorted(found, key=lambda one: one.identity):  # so that of two alike each keeps its name
        slug = _slug(one.description) or str(one.kind)
        name = next(name for name in (slug, *(f"{slug}-{n}" for n in range(2, 999))) if (one.kind, name) not in devices)
        devices[one.kind, name] = Device(
            kind=one.kind,
            name=name,
            identity=one.identity,
            description=one.description,
            member="microphone",
            default=one.default,
        )
    return tuple(sorted(devices.values(), key=lambda device: not device.default))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """Something that sound can be recorded from."""

    kind: Kind
    identity: str
    description: str
    default: bool
    rate: int
    channels: int
    number: int = -1  # PortAudio's
    noise: bool = False  # not worth showing to people: ALSA's many names for the same
    source: pulse.PulseSource | None = None


class _Stream:
    """One of PortAudio's devices, open in this process."""

    def __init__(self, found: _Input) -> None:
        self.device = found.description
        self.shape = SoundShape(rate=found.rate, channels=found.channels)
        self.blocks: queue.SimpleQueue[Block] = queue.SimpleQueue()
        sounddevice = _sounddevice()

        def note(samples: NDArray[np.float32], count: int, times: Any, status: Any) -> None:
            self.blocks.put((samples.copy(), now_ns()))

        try:
            self._stream = sounddevice.InputStream(
                device=found.number,
                samplerate=found.rate,
                channels=found.channels,
                dtype="float32",
                latency="high",  # "low" costs twice the callbacks, and places them less surely
                blocksize=0,
                callback=note,
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise _explained(error, self.device) from None

    @property
    def lost(self) -> DeviceLost | None:
        if self._stream.active:
            return None
        return DeviceLost(f"{self.device} stopped: it was unplugged, or the sound server is gone")

    def close(self) -> None:
        with _portaudio():
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)


class _PulseStream(_Stream):
    """A source of a sound server, opened through ALSA's plugin for it."""

    def __init__(self, found: _Input, source: pulse.PulseSource) -> None:
        reaching = pulse.reaching(source)  # read by the plugin while it opens, and not later
        before = {key: os.environ.get(key) for key in reaching}
        os.environ.update(reaching)
        try:
            super().__init__(found)
        finally:
            for key, value in before.items():
                if value is None:
                    del os.environ[key]
                else:
                    os.environ[key] = value
        self._watch = pulse.Watch(source)
        self._watch.look()

    @property
    def lost(self) -> DeviceLost | None:
        return self._watch.lost or super().lost

    def close(self) -> None:
        self._watch.close()
        super().close()


def _opened(wanted: Wanted) -> _Stream | ChildStream:
    if wanted.address.startswith("pulse:") or (not wanted.address.startswith(_HOST_APIS) and pulse.is_here()):
        sources = _sources()
        found = _chosen(wanted, sources)
        if found is None or found.source is None:
            raise _missing(wanted, sources)
        return _PulseStream(replace(found, number=_door_to_the_server()), found.source)
    inputs = _inputs()
    found = _chosen(wanted, inputs)
    if found is None:
        raise _missing(wanted, inputs)
    return _Stream(found) if found.number >= 0 else ChildStream(found.identity)


def _chosen(wanted: Wanted, found: Sequence[_Input]) -> _Input | None:
    """The one that is *wanted*: by identity, or by what people read; never another one."""
    of_kind = [one for one in found if one.kind == wanted.kind]
    if not wanted.address:
        shown = [one for one in of_kind if not one.noise]
        return next((one for one in shown if one.default), shown[0] if shown else None)
    exact = [one for one in of_kind if one.identity == wanted.address]
    named = [one for one in of_kind if wanted.address in (_slug(one.description), one.description)]
    return exact[0] if exact else named[0] if len(named) == 1 else None


def _sources() -> list[_Input]:
    """What the sound server has."""
    return [
        _Input(
            kind=Kind.SYSTEM if one.is_monitor else Kind.MICROPHONE,
            identity=f"pulse:{one.name}",
            description=one.description,
            default=one.default,
            rate=one.rate,
            channels=min(2, one.channels),
            source=one,
        )
        for one in pulse.sources()
    ]


def _inputs() -> list[_Input]:
    """What PortAudio has now; what only a child's PortAudio sees, since we cannot start ours anew, has no number."""
    if not _open:
        sounddevice = _sounddevice()
        sounddevice._terminate()
        sounddevice._initialize()
        return _listed()
    ours = {one.identity: one for one in _listed()}
    now = [_Input(**(one | {"kind": Kind(one["kind"])})) for one in listed_by_a_child()]
    return [ours.get(one.identity, replace(one, number=-1)) for one in now]


def _listed() -> list[_Input]:
    """What PortAudio saw when it started. On Windows every device is there four times: one host API is enough."""
    sounddevice = _sounddevice()
    apis = sounddevice.query_hostapis()
    devices = [one for one in sounddevice.query_devices() if one["max_input_channels"] > 0]
    ranked = [name for name in _HOST_APIS if any(apis[one["hostapi"]]["name"] == name for one in devices)]
    found: dict[str, _Input] = {}
    for one in devices:
        api = apis[one["hostapi"]]
        if api["name"] not in ranked[:1]:
            continue
        # "USB Audio (hw:1,0)": the card's number is another one after replugging.
        description = re.sub(r"\s*\(hw:\d+,\d+\)$", "", one["name"])
        identity = f"{api['name']}:{description}"
        if identity in found:
            identity += f" #{sum(known.startswith(identity) for known in found) + 1}"
        found[identity] = _Input(
            kind=Kind.SYSTEM if _PLAYED.search(description) else Kind.MICROPHONE,
            identity=identity,
            description=description,
            default=one["index"] == api["default_input_device"],
            rate=round(one["default_samplerate"]),
            channels=1 if one["max_input_channels"] > 8 else min(2, one["max_input_channels"]),
            number=one["index"],
            noise=api["name"] == "ALSA" and description == one["name"] != "default",
        )
    return list(found.values())


def _door_to_the_server() -> int:
    """The number of PortAudio's device that leads to the sound server."""
    for attempt in range(2):
        if attempt and not _open:
            _inputs()
        for name in ("pulse", "pipewire"):
            for one in _sounddevice().query_devices():
                if one["name"] == name and one["max_input_channels"] > 0:
                    return int(one["index"])
    raise DeviceMissing(
        "pulse", hint="install ALSA's way to the sound server (Debian, Ubuntu: sudo apt-get install libasound2-plugins)"
    )


def _missing(wanted: Wanted, found: Sequence[_Input]) -> DeviceMissing:
    names = tuple(_slug(one.description) for one in found if one.kind == wanted.kind and not one.noise)
    if wanted.kind == Kind.SYSTEM and not names:
        return DeviceMissing(wanted.label or "system", hint=_INSTALL_FOR_SYSTEM.get(sys.platform, ""))
    return DeviceMissing(wanted.label or wanted.address or wanted.kind, present=names)


def _explained(error: Exception, device: str) -> DeviceError:
    """PortAudio's complaint, as one of ours."""
    code, said = (*error.args, 0, 0)[1], str(error)
    if code == -9985 or re.search(r"busy|in use|0x8889000A", said, re.IGNORECASE):
        return DeviceBusy(f"another program holds {device}", hint="end it, or choose another microphone")
    if re.search(r"denied|permission|not permitted|0x80070005", said, re.IGNORECASE):
        return DeviceDenied(
            f"the system does not let us listen to {device}", hint="allow it in the system's settings for privacy"
        )
    gone = DeviceMissing(device, hint=f"plug it in again ({said})")
    gone.what = f"{device} cannot be opened"
    return gone


def _slug(description: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", description.removeprefix("Monitor of ").lower()).strip("-")


@contextlib.contextmanager
def _portaudio() -> Iterator[None]:
    if not _alone.acquire(timeout=10):
        raise DeviceBusy("the sound system has not answered for 10 s", hint="end other programs that use it")
    try:
        yield
    finally:
        _alone.release()


def _sounddevice() -> Any:
    """PortAudio is started by the import: only when it is needed."""
    try:
        import sounddevice
    except OSError as error:
        hint = "install PortAudio (Debian, Ubuntu: sudo apt-get install libportaudio2)"
        missing = DeviceMissing("microphone", hint=hint)
        missing.what = f"no sound can be recorded here ({error})"
        raise missing from None
    return sounddevice


def _listen(words: Sequence[str]) -> None:
    """What the child does that `capture.sources.heard` starts."""
    out = sys.stdout.buffer
    if words[0] == "list":
        out.write(json.dumps([asdict(one) for one in _inputs()]).encode())
        out.flush()
        return
    found = next(one for one in _inputs() if one.identity == words[1])
    stream = _Stream(found)
    out.write(json.dumps({"device": stream.device, "rate": found.rate, "channels": found.channels}).encode() + b"\n")
    while stream.lost is None:
        with contextlib.suppress(queue.Empty):
            samples, arrived_ns = stream.blocks.get(timeout=0.1)
            out.write(PIECE.pack(arrived_ns, len(samples)) + samples.tobytes())
        out.flush()


if __name__ == "__main__":
    try:
        _listen(sys.argv[1:])
    except (DeviceError, StopIteration, BrokenPipeError):
        os._exit(1)  # whoever started it reads that nothing came, and says so
    os._exit(0)  # PortAudio's threads need no goodbye
