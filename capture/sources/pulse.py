"""What a PulseAudio or PipeWire server says of its sources: PortAudio sees only one device, "pulse", for all of them.

The server is asked by `pactl`, whose answer is always of now, so that replugging is seen while streams are open. It
moves a stream whose microphone was unplugged to another one, unasked: `Watch` notices, so that nobody records the wrong
one without knowing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from capture.errors import DeviceLost

INSTALL = "install pactl (Debian, Ubuntu: sudo apt-get install pulseaudio-utils) to choose among microphones"
"""What to do where the server cannot be asked."""

_ANSWERS_WITHIN = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseSource:
    """Something that the server can record from."""

    index: int
    """Its number, until it is unplugged."""

    name: str
    """Its name, the same after replugging: ``"alsa_input.usb-Blue_Yeti-00.analog-stereo"``."""

    description: str
    """For people: ``"Blue Yeti Analog Stereo"``."""

    is_monitor: bool
    """Whether it is what a loudspeaker plays."""

    default: bool
    """Whether it is the server's choice of its kind."""

    rate: int
    """Samples a second."""

    channels: int
    """As it has them; may be more than 2."""


def is_here() -> bool:
    """Whether there is a sound server, and `pactl` to ask it by."""
    return sys.platform.startswith("linux") and bool(shutil.which("pactl")) and _ask("info") is not None


def sources() -> tuple[PulseSource, ...]:
    """All sources that are here now; none if the server does not answer."""
    info, listed = _ask("info"), _ask("list", "sources")
    if info is None or listed is None:
        return ()
    default = str(info.get("default_source_name", ""))
    monitor = str(info.get("default_sink_name", "")) + ".monitor"
    found = []
    for one in listed:
        name = str(one["name"])
        # "s16le 2ch 48000Hz"
        _, channels, rate = str(one["sample_specification"]).split()
        is_monitor = name.endswith(".monitor") or one.get("monitor_source") not in (None, "", "n/a")
        found.append(
            PulseSource(
                index=int(one["index"]),
                name=name,
                description=str(one.get("description") or name),
                is_monitor=is_monitor,
                default=name == (monitor if is_monitor else default),
                rate=int(rate.removesuffix("Hz")),
                channels=int(channels.removesuffix("ch")),
            )
        )
    return tuple(found)


class Watch:
    """Notices when a source is gone, or when the server gives us another one in its place.

    It listens to what the server tells of itself and asks only when something changed: next to no cost.
    """

    def __init__(self, source: PulseSource) -> None:
        self.lost: DeviceLost | None = None
        """What happened; ``None`` while the source is there."""
        self._source = source
        self._child = subprocess.Popen(
            ["pactl", "subscribe"],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C at the terminal is for the recorder
        )
        self._thread = threading.Thread(target=self._listen, name=f"watch {source.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._child.terminate()
        self._child.wait()
        self._thread.join(_ANSWERS_WITHIN + 1)
        if self._child.stdout:
            self._child.stdout.close()

    def look(self) -> None:
        """Ask the server now."""
        name, described = self._source.name, self._source.description
        here = {source.name: source for source in sources()}
        if not here:
            return  # the server is gone: the stream itself says so
        if name not in here:
            self.lost = DeviceLost(f"{described} was unplugged", hint="plug it in again")
            return
        ours = [
            one.get("source")
            for one in _ask("list", "source-outputs") or ()
            if one.get("properties", {}).get("application.process.id") == str(os.getpid())
        ]
        if ours and here[name].index not in ours:
            self.lost = DeviceLost(f"the sound server gave another microphone in place of {described}")

    def _listen(self) -> None:
        assert self._child.stdout
        for event in self._child.stdout:
            # "Event 'remove' on source #3", "Event 'change' on source-output #7"
            _, what, _, on, *_ = event.replace("'", "").split()
            if (what, on) in (("remove", "source"), ("change", "source-output")) and not self.lost:
                self.look()


def reaching(source: PulseSource) -> dict[str, str]:
    """The environment in which a stream that is opened records from *source*, through either server's ALSA plugin."""
    return {"PULSE_SOURCE": source.name, "PIPEWIRE_NODE": source.name}


def _ask(*words: str) -> Any:
    """The server's answer, ``None`` if it gave none."""
    try:
        child = subprocess.run(
            ["pactl", "--format=json", *words],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ANSWERS_WITHIN,
        )
        return json.loads(child.stdout.decode("utf-8", "replace")) if child.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _environment() -> dict[str, str]:
    """Ours, with events in English and numbers with a point (pactl writes 0,00 into JSON where people do)."""
    kept = {key: value for key, value in os.environ.items() if key not in ("LC_ALL", "LC_MESSAGES", "LC_NUMERIC")}
    return kept | {"LC_MESSAGES": "C", "LC_NUMERIC": "C", "LANGUAGE": "C"}
