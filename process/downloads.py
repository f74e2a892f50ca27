"""Films to download: pictures and sound put together by copying, exact at the forced keyframes.

One walk through the files cuts all clips, since a fragmented MP4 has no index to seek by.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av

from process.errors import Stopped
from process.hls import NEAR, Part


def cut(
    pictures: Path | None, sound: Path | None, parts: Sequence[Part], targets: Sequence[Path], *, stop: threading.Event
) -> None:
    """Write each of *parts*, which follow each other, from *pictures* and *sound* to its target, an MP4.

    Every part begins where a fragment does, so that nothing is encoded. The index lies in front, so that a browser
    can begin while the rest still comes.
    """
    inputs = [av.open(f"file:{path}") for path in (pictures, sound) if path]
    try:
        tracks = [_Track(container) for container in inputs]
        for part, target in zip(parts, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            with av.open(f"file:{target}", "w", format="mp4", options={"movflags": "+faststart"}) as out:
                _write(out, tracks, part, stop)
    finally:
        for container in inputs:
            container.close()


def _write(out: Any, tracks: list[_Track], part: Part, stop: threading.Event) -> None:
    streams = [out.add_stream_from_template(track.stream) for track in tracks]
    walks = [track.until(part.end) for track in tracks]
    heads: list[Any] = [next(walk, None) for walk in walks]
    while live := [n for n, head in enumerate(heads) if head is not None]:
        if stop.is_set():
            raise Stopped("stopped")
        # The earliest first, so that the file plays while it comes.
        first = min(live, key=lambda n: tracks[n].at(heads[n].dts))
        packet, track = heads[first], tracks[first]
        heads[first] = next(walks[first], None)
        shift = track.zero + round(part.start / packet.time_base)
        packet.pts -= shift
        packet.dts = min(packet.dts - shift, packet.pts)
        packet.stream = streams[first]
        out.mux(packet)


class _Track:
    """The packets of one input, handed out part by part."""

    def __init__(self, container: Any) -> None:
        self.stream = (container.streams.video or container.streams.audio)[0]
        self._packets = (packet for packet in container.demux(self.stream) if packet.size)
        self._next = next(self._packets, None)
        self.zero = self._next.pts if self._next else 0
        """Time of the first packet: libav counts pictures that are reordered from a little after 0."""

    def at(self, ticks: int) -> float:
        """Seconds that *ticks* stand for."""
        return float((ticks - self.zero) * self.stream.time_base)

    def until(self, end: float) -> Iterator[Any]:
        """Yield packets up to the keyframe that is shown at *end*; the next call goes on from there."""
        while self._next is not None:
            packet = self._next
            if packet.is_keyframe and self.at(packet.pts) >= end - NEAR:
                return
            self._next = next(self._packets, None)
            yield packet
