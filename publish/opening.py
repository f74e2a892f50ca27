"""The first bytes of a lecture: what a page fetches at once, before the player proper has even arrived.

hls.js has to be fetched, compiled and led through three playlists until it knows which bytes to ask for first. We
know them already: a rendition is one file that begins with its header and its first segment. So the page names
them, a few lines of script put them into the video, and hls.js takes over the buffers when it is there. This is
what brings "ready to play" near to that of a bare MP4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from process.lecture import Lecture

_HEADER = re.compile(r'^#EXT-X-MAP:URI="(?P<file>[^"]+)",BYTERANGE="(?P<length>\d+)@0"', re.MULTILINE)
_FIRST = re.compile(
    r"^#EXTINF:(?P<seconds>[\d.]+).*\n#EXT-X-BYTERANGE:(?P<length>\d+)@(?P<start>\d+)\s+(?P<file>[^#\n]+)$",
    re.MULTILINE,
)


def opening(lecture: Lecture, folder: Path, address: Callable[[str], str]) -> dict[str, Any] | None:
    """Files, codecs and lengths of the first bytes of each rung and of the sound, for the page's script.

    ``None`` where they cannot be told from the playlists, or where there is no picture: the player then begins by
    itself.
    """
    rungs = [
        {
            "url": address(r.file),
            "type": f'video/mp4; codecs="{r.codecs}"',
            "codecs": r.codecs,
            "bytes": length,
            "bps": r.peak_bps,
            "width": max(r.width, r.height),
            "height": min(r.width, r.height),
        }
        for r in lecture.renditions
        for length in _length(folder / r.playlist, r.file)
    ]
    if not rungs:
        return None
    sound = None
    if lecture.audio is not None:
        for length in _length(folder / lecture.audio.playlist, lecture.audio.file):
            kind, codecs = f'audio/mp4; codecs="{lecture.audio.codecs}"', lecture.audio.codecs
            sound = {"url": address(lecture.audio.file), "type": kind, "codecs": codecs, "bytes": length}
        if sound is None:
            return None
    return {"seconds": lecture.seconds, "rungs": rungs, "sound": sound}


def _length(playlist: Path, file: str) -> Iterator[int]:
    """Yield the length of header and first segment together, if *file* begins with them, one after the other."""
    text = playlist.read_text(encoding="utf-8")
    header, first = _HEADER.search(text), _FIRST.search(text)
    if (
        header is not None
        and first is not None
        and header["length"] == first["start"]
        and {header["file"], first["file"].strip()} == {file.rpartition("/")[2]}
    ):
        yield int(first["start"]) + int(first["length"])
