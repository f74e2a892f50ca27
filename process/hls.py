"""HLS playlists over byte ranges of finished files (RFC 8216bis, protocol version 7).

Every rendition is one file, so a playlist is only a list of places in it; a clip is the same list, shorter. All
rates are measured on the files. Captions are one WebVTT file a playlist: a lecture's are a few dozen kilobytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import PurePosixPath

from process.fmp4 import Film, Fragment
from process.lecture import AudioRendition, CaptionTrack, Rendition

NEAR = 0.02
"""Seconds within which a fragment begins at a border: an AAC frame, or less than any picture's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The stretch of a film that a playlist is about: the whole, or a clip."""

    start: float
    """Seconds."""

    end: float
    """Seconds; ``inf`` for the film's own end."""


WHOLE = Part(start=0.0, end=float("inf"))
"""All of a film."""


def fragments_of(film: Film, part: Part) -> list[Fragment]:
    """The fragments that *part* is made of; its borders are known to lie where fragments begin."""
    return [f for f in film.fragments if part.start - NEAR <= f.start < part.end - NEAR]


def media_playlist(film: Film, uri: str, part: Part = WHOLE) -> str:
    """The segments of *film*, which lies at *uri*."""
    chosen = fragments_of(film, part)
    lines = _head(max(f.seconds for f in chosen), film, uri)
    for fragment in chosen:
        lines += [f"#EXTINF:{fragment.seconds:.6f},", f"#EXT-X-BYTERANGE:{fragment.size}@{fragment.offset}", uri]
    return _text([*lines, "#EXT-X-ENDLIST"])


def iframe_playlist(film: Film, uri: str) -> str:
    """The keyframe of each segment alone, for fast winding."""
    lines = _head(max(f.seconds for f in film.fragments), film, uri, "#EXT-X-I-FRAMES-ONLY")
    for fragment in film.fragments:
        reach = f"#EXT-X-BYTERANGE:{fragment.first_sample_end}@{fragment.offset}"
        lines += [f"#EXTINF:{fragment.seconds:.6f},", reach, uri]
    return _text([*lines, "#EXT-X-ENDLIST"])


def captions_playlist(uri: str, seconds: float) -> str:
    """One WebVTT file as a single segment."""
    return _text(
        [
            *("#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{max(1, ceil(seconds))}"),
            *("#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD"),
            *(f"#EXTINF:{seconds:.6f},", uri, "#EXT-X-ENDLIST"),
        ]
    )


def master_playlist(
    renditions: Sequence[Rendition],
    audio: AudioRendition | None,
    captions: Sequence[CaptionTrack],
    *,
    iframes: bool = True,
    address: dict[str, str] | None = None,
) -> str:
    """All that a player can choose from; *address* renames playlists, for a clip's master."""
    named = address or {}
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", ""]
    groups = ""
    if audio and renditions:
        uri = named.get(audio.playlist, audio.playlist)
        lines.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="{audio.channels}",URI="{uri}"'
        )
        groups += ',AUDIO="audio"'
    for number, track in enumerate(captions):
        default = "YES" if number == 0 else "NO"
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="{_quotable(track.label)}",'
            f'LANGUAGE="{_quotable(track.language)}",DEFAULT={default},AUTOSELECT=YES,FORCED=NO,'
            'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,'
            'public.accessibility.describes-music-and-sound",'
            f'URI="{named.get(track.playlist, track.playlist)}"'
        )
    if captions:
        groups += ',SUBTITLES="captions"'
    sound_peak, sound_mean = (audio.peak_bps, audio.average_bps) if audio else (0, 0)
    for rendition in renditions:
        codecs = f"{rendition.codecs},{audio.codecs}" if audio else rendition.codecs
        lines += [
            "",
            f"#EXT-X-STREAM-INF:BANDWIDTH={rendition.peak_bps + sound_peak},"
            f"AVERAGE-BANDWIDTH={rendition.average_bps + sound_mean},"
            f'CODECS="{codecs}",RESOLUTION={rendition.width}x{rendition.height},'
            f"FRAME-RATE={float(rendition.rate):.3f}{groups}",
            named.get(rendition.playlist, rendition.playlist),
        ]
    if audio and not renditions:
        lines += [
            "",
            f'#EXT-X-STREAM-INF:BANDWIDTH={sound_peak},AVERAGE-BANDWIDTH={sound_mean},CODECS="{audio.codecs}"{groups}',
            named.get(audio.playlist, audio.playlist),
        ]
    for rendition in renditions if iframes else ():
        lines += [
            "",
            f"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={rendition.peak_bps},"
            f'CODECS="{rendition.codecs}",RESOLUTION={rendition.width}x{rendition.height},'
            f'URI="{rendition.iframes}"',
        ]
    return _text(lines)


def bandwidths(film: Film) -> tuple[int, int]:
    """Bits a second of *film*: mean, and of its densest segment."""
    seconds = sum(f.seconds for f in film.fragments)
    mean = sum(f.size for f in film.fragments) * 8 / seconds
    # A last segment of a few frames says nothing about the rate a player needs.
    peak = max(f.size * 8 / max(f.seconds, 0.5) for f in film.fragments)
    return round(mean), round(max(peak, mean))


def up(name: str, levels: int) -> str:
    """The address of a lecture's file from a folder *levels* deeper."""
    return str(PurePosixPath(*[".."] * levels, name))


def _head(longest: float, film: Film, uri: str, *more: str) -> list[str]:
    return [
        *("#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{max(1, round(longest))}"),
        *("#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS", *more),
        f'#EXT-X-MAP:URI="{uri}",BYTERANGE="{film.init_size}@0"',
    ]


def _quotable(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and c != '"')


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
