"""HLS playlists, as text: players read them to the letter."""

from __future__ import annotations

from fractions import Fraction

import m3u8

from process import hls
from process.fmp4 import Film, Fragment
from process.hls import Part
from process.lecture import AudioRendition, CaptionTrack, Rendition

FILM = Film(
    size=1100,
    init_size=100,
    codecs="avc1.64001f",
    fragments=tuple(
        Fragment(offset=100 + 250 * n, size=250, start=4.0 * n, seconds=4.0 if n < 3 else 1.5, first_sample_end=80)
        for n in range(4)
    ),
)

RENDITION = Rendition(
    name="360p",
    file="v360p.mp4",
    playlist="v360p.m3u8",
    iframes="v360p-iframes.m3u8",
    width=640,
    height=360,
    rate=Fraction(30000, 1001),
    codecs="avc1.64001f",
    average_bps=400_000,
    peak_bps=500_000,
    size_bytes=1100,
    copied=False,
    ssim=0.99,
    vmaf=None,
)

AUDIO = AudioRendition(
    file="audio.mp4",
    playlist="audio.m3u8",
    codecs="mp4a.40.2",
    channels=2,
    average_bps=96_000,
    peak_bps=100_000,
    size_bytes=900,
)


def test_a_media_playlist_to_the_letter():
    """RFC 8216: a version, a target no segment is longer than, the map, the ranges, the end."""
    assert hls.media_playlist(FILM, "v360p.mp4", Part(start=4.0, end=12.0)) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        '#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI="v360p.mp4",BYTERANGE="100@0"\n'
        "#EXTINF:4.000000,\n#EXT-X-BYTERANGE:250@350\nv360p.mp4\n"
        "#EXTINF:4.000000,\n#EXT-X-BYTERANGE:250@600\nv360p.mp4\n#EXT-X-ENDLIST\n"
    )


def test_clips_share_out_the_segments():
    """Every segment is in one clip and no other."""
    parts = [Part(start=0.0, end=4.0), Part(start=4.0, end=8.0), Part(start=8.0, end=float("inf"))]

    assert [f for part in parts for f in hls.fragments_of(FILM, part)] == list(FILM.fragments)


def test_the_target_is_no_shorter_than_any_segment_when_rounded():
    """Players measure their patience by it."""
    for uri in (
        hls.media_playlist(FILM, "v.mp4"),
        hls.iframe_playlist(FILM, "v.mp4"),
        hls.captions_playlist("c.vtt", 9.7),
    ):
        parsed = m3u8.loads(uri)
        assert all(round(segment.duration) <= parsed.target_duration for segment in parsed.segments)


def test_hostile_labels_stay_within_their_quotes():
    """A language or a label comes from files and settings of others."""
    track = CaptionTrack(
        language='en"\n#EXT-X-ENDLIST',
        label='English",URI="https://elsewhere.example/\n',
        vtt="c.vtt",
        srt="c.srt",
        text="c.txt",
        words="c.json",
        playlist="c.m3u8",
    )
    text = hls.master_playlist([RENDITION], AUDIO, [track])
    parsed = m3u8.loads(text)

    assert "#EXT-X-ENDLIST" not in text.splitlines()
    assert [m.uri for m in parsed.media] == ["audio.m3u8", "c.m3u8"]


def test_a_lecture_without_pictures_still_has_a_stream():
    """Else a player finds nothing to play."""
    parsed = m3u8.loads(hls.master_playlist([], AUDIO, []))

    assert [(p.uri, p.stream_info.codecs) for p in parsed.playlists] == [("audio.m3u8", "mp4a.40.2")]


def test_rates_are_written_as_decimals():
    """FRAME-RATE=30000/1001 is no number to a player."""
    assert "FRAME-RATE=29.970," in hls.master_playlist([RENDITION], AUDIO, [], iframes=False) + ","
    assert "FRAME-RATE=29.970" in hls.master_playlist([RENDITION], None, [])


def test_bandwidths_are_measured_and_the_peak_is_a_segment():
    """A peak below the mean, or a mean from the header, makes players choose wrong."""
    mean, peak = hls.bandwidths(FILM)

    assert mean == round(1000 * 8 / 13.5)
    assert peak == round(250 * 8 / 1.5)
