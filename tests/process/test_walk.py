"""From a film to a lecture on disk, by the real walk."""

from __future__ import annotations

import av
import m3u8
import pytest

from process import fmp4, lecture


@pytest.fixture(scope="module")
def made(lecture_folder):
    return lecture.read(lecture_folder / "lecture")


@pytest.fixture(scope="module")
def home(lecture_folder):
    return lecture_folder / "lecture"


def test_every_file_that_a_lecture_names_is_there_and_no_other(made, home):
    """Publishing sends what is named: a file too few breaks the page, one too many leaks."""
    there = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}

    assert there == {*made.files(), "lecture.json"}


def test_no_rung_is_larger_than_the_source(made):
    """Blown-up pictures cost bytes and show nothing more."""
    assert [(r.width, r.height) for r in made.renditions] == [(1280, 720), (640, 360)]


def test_keyframes_lie_at_the_same_times_on_all_rungs(made, home):
    """A player changes rungs at segment borders; where they differ it stutters."""
    borders = [[round(f.start, 4) for f in fmp4.read(home / r.file).fragments] for r in made.renditions]

    assert borders[0] == borders[1]
    for rendition in made.renditions:
        with av.open(str(home / rendition.file)) as container:
            stream = container.streams.video[0]
            keys = [p.pts for p in container.demux(stream) if p.is_keyframe and p.size]
        times = [round(float((k - keys[0]) * stream.time_base), 4) for k in keys]
        assert times == pytest.approx(borders[0], abs=0.001)


def test_clips_begin_where_segments_begin(made, home):
    """Else a clip could not be a playlist over the same bytes."""
    starts = [round(f.start, 3) for f in fmp4.read(home / made.renditions[0].file).fragments]

    assert len(made.clips) > 1
    assert all(any(abs(c.clip.start - s) < 0.002 for s in starts) for c in made.clips)


def test_clips_tile_the_lecture(made):
    """What lies between two clips would never be seen."""
    ends = [c.clip.end for c in made.clips]

    assert made.clips[0].clip.start == 0
    assert [c.clip.start for c in made.clips[1:]] == ends[:-1]
    assert ends[-1] == made.seconds


@pytest.mark.parametrize("which", ["whole", "clip"])
def test_byte_ranges_lead_to_whole_segments_that_decode(made, home, which, tmp_path):
    """A range that is one byte off is a broken lecture on every player."""
    playlist = home / (made.renditions[1].playlist if which == "whole" else "clips/02/v360p.m3u8")
    parsed = m3u8.load(str(playlist))
    film = (playlist.parent / parsed.segment_map[0].uri).resolve()
    content = film.read_bytes()
    length, start = map(int, parsed.segment_map[0].byterange.split("@"))
    init = content[start : start + length]
    at = None
    for segment in parsed.segments:
        length, start = map(int, segment.byterange.split("@"))
        assert at is None or start == at, "segments follow each other"
        at = start + length
        piece = tmp_path / "piece.mp4"
        piece.write_bytes(init + content[start:at])
        with av.open(str(piece)) as container:
            frames = [frame.pict_type for frame in container.decode(video=0)]
        assert int(frames[0]) == 1, "begins with a keyframe"
        assert len(frames) == round(segment.duration * 25)
    if which == "whole":
        assert at == len(content)
        assert sum(s.duration for s in parsed.segments) == pytest.approx(made.seconds, abs=0.001)


def test_iframe_playlists_hold_one_picture_each(made, home, tmp_path):
    """Winding shows them alone."""
    rendition = made.renditions[1]
    lines = (home / rendition.iframes).read_text().splitlines()
    film = fmp4.read(home / rendition.file)
    content = (home / rendition.file).read_bytes()
    assert "#EXT-X-I-FRAMES-ONLY" in lines
    ranges = [tuple(map(int, line.split(":")[1].split("@"))) for line in lines if line.startswith("#EXT-X-BYTERANGE")]
    assert len(ranges) == len(film.fragments)
    length, start = ranges[1]
    piece = tmp_path / "piece.mp4"
    piece.write_bytes(content[: film.init_size] + content[start : start + length])
    with av.open(str(piece)) as container:
        assert len([p for p in container.demux(video=0) if p.size == 0 or p.is_keyframe]) >= 1


def test_the_master_playlist_says_what_the_streams_are(made, home):
    """Players choose by it before they have seen a byte of the stream."""
    master = m3u8.load(str(home / made.master))

    assert "#EXT-X-VERSION:7" in (home / made.master).read_text()
    assert master.is_independent_segments
    for entry, rendition in zip(master.playlists, made.renditions, strict=True):
        info = entry.stream_info
        assert info.resolution == (rendition.width, rendition.height)
        assert info.codecs == f"{rendition.codecs},{made.audio.codecs}"
        assert info.frame_rate == pytest.approx(25)
        assert info.bandwidth >= info.average_bandwidth > rendition.average_bps
        assert (info.audio, info.subtitles) == ("audio", "captions")
    kinds = {(m.type, m.group_id) for m in master.media}
    assert kinds == {("AUDIO", "audio"), ("SUBTITLES", "captions")}
    assert len(master.iframe_playlists) == len(made.renditions)


def test_codecs_are_those_of_the_stream(made, home):
    """A wrong level makes a player refuse what it could play."""
    with av.open(str(home / made.renditions[0].file)) as container:
        extra = container.streams.video[0].codec_context.extradata
    assert made.renditions[0].codecs == f"avc1.{extra[1]:02x}{extra[2]:02x}{extra[3]:02x}"
    assert made.audio.codecs == "mp4a.40.2"


def test_downloads_begin_and_end_with_their_clips(made, home):
    """A clip that carries a second of its neighbour, or lacks its last word, is cut wrong."""
    frames = []
    for item in made.clips:
        with av.open(str(home / item.download)) as container:
            pictures = [f.pts * f.time_base for f in container.decode(video=0)]
            assert float(pictures[0]) == pytest.approx(0, abs=0.001)
        with av.open(str(home / item.download)) as container:
            sound = sum(f.samples for f in container.decode(audio=0)) / 48000
        assert sound == pytest.approx(item.clip.end - item.clip.start, abs=0.05)
        frames.append(len(pictures))
        assert len(pictures) == round((item.clip.end - item.clip.start) * 25)
    with av.open(str(home / made.download)) as container:
        assert sum(frames) == len(list(container.decode(video=0)))


def test_captions_of_a_clip_count_from_its_start(made, home):
    """A clip watched alone begins at 0, and so do its captions."""
    second = made.clips[1].clip
    text = (home / "clips/02/captions.en.vtt").read_text()

    assert "After a pause" in text
    first = text.split(" --> ")[0].split("\n")[-1]
    minutes, seconds = first.split(":")[-2:]
    assert int(minutes) * 60 + float(seconds) == pytest.approx(14 - second.start, abs=0.05)


def test_the_report_holds_what_was_measured(made):
    """Proof is what flipcast gives that others do not."""
    report = made.report

    assert report.loudness_after.integrated_lufs == pytest.approx(-16, abs=0.5)
    assert report.loudness_after.true_peak_dbtp <= -1
    assert [s.step for s in report.steps] == ["examine", "hear", "listen", "level", "encode", "judge"]
    assert all(s.times_real_time > 0 for s in report.steps)
    assert all(0.9 < r.ssim <= 1 for r in made.renditions)
    assert report.words > 20
    assert report.confidence == 1
