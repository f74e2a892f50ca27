"""Files that are no lectures, or not quite: refused with a sentence, or made the most of with a note."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import av
import pytest

from tests.fixtures.command import explained, whole


@pytest.fixture(scope="session")
def good(film) -> Path:
    """Three seconds with picture and sound, the index at the end."""
    return film("good to its end.mp4", *GOOD, "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac")


GOOD = (
    *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=3"),
    *("-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4:duration=3"),
)


def noise(count: int) -> bytes:
    return random.Random(7).randbytes(count)


def cut_short(path: Path) -> bytes:
    """*path* without its index, which lies at its end."""
    content = path.read_bytes()
    assert content.rfind(b"moov") > len(content) // 2
    return content[: content.rfind(b"moov") - 4]


BAD = {
    "empty": lambda good: b"",
    "text": lambda good: b"This is a list of things to buy.\n" * 40,
    "page": lambda good: b"<!DOCTYPE html><html><body>Please log in to download this file</body></html>",
    "noise": lambda good: noise(50_000),
    "zeros": lambda good: bytes(50_000),
    "without index": cut_short,
    "a playlist of other files": lambda good: (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{good}\n#EXT-X-ENDLIST\n".encode()
    ),
    "a list to join": lambda good: f"ffconcat version 1.0\nfile '{good}'\n".encode(),
    "a description of streams": lambda good: (
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 33\n"
    ),
    "subtitles": lambda good: b"1\n00:00:00,000 --> 00:00:02,000\nNothing to see\n\n" * 5,
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_media_is_refused_with_a_sentence(kind, good, flipcast, library, tmp_path):
    """Somebody hands in what they have got; they must learn what is wrong, and nothing must lie about afterwards.

    A playlist that calls itself a film could otherwise carry any file of this machine into a public lecture.
    """
    path = tmp_path / "Week 3.mp4"
    path.write_bytes(BAD[kind](good))
    explained(flipcast("process", path), "Week 3.mp4")
    assert not library.exists() or not list(library.iterdir())

    shutil.copyfile(good, path)
    again = flipcast("process", path)

    assert again.status == 0, again.err
    whole(library / "week-3")


def test_a_file_that_is_not_there_is_named(flipcast, library, tmp_path):
    """A slip of the finger is the most common fault of all."""
    explained(flipcast("process", tmp_path / "lecture 1.mp4"), "lecture 1.mp4")
    assert not library.exists()


def test_a_file_with_neither_picture_nor_sound_is_refused(film, flipcast, tmp_path):
    """A container may be perfect and hold subtitles alone."""
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:02,000\nNothing to see\n", encoding="utf-8")
    explained(flipcast("process", film("subtitles.mkv", "-i", str(words))), "neither pictures nor sound")


@pytest.mark.parametrize("ending", ["mkv", "ts", "mp4"])
def test_a_film_that_breaks_off_becomes_a_lecture_with_a_note(ending, film, flipcast, library, tmp_path):
    """A recorder ran out of battery: what there is, is a lecture, and it says what is missing."""
    fast = ("-movflags", "+faststart") if ending == "mp4" else ()
    content = film(f"whole.{ending}", *GOOD, "-c:v", "mpeg4", "-b:v", "600k", "-c:a", "aac", *fast).read_bytes()
    path = tmp_path / f"broken off.{ending}"
    path.write_bytes(content[: len(content) * 6 // 10])

    said = flipcast("process", path)

    assert said.status == 0, said.err
    made = whole(library / "broken-off")
    assert 1.0 < made.seconds < 2.6
    if ending != "ts":  # a transport stream does not say how long it would have been
        assert made.notes
        assert made.notes[0] in said.out


@pytest.mark.parametrize("ending", ["mkv", "ts", "mp4"])
def test_garbage_at_the_end_of_a_file_is_passed_over(ending, film, flipcast, library, tmp_path):
    """Cheap recorders and broken copies leave some; the lecture before it is whole."""
    content = film(f"whole.{ending}", *GOOD, "-c:v", "mpeg4", "-b:v", "600k", "-c:a", "aac").read_bytes()
    path = tmp_path / f"tail.{ending}"
    path.write_bytes(content + noise(100_000))

    said = flipcast("process", path)

    assert said.status == 0, said.err
    assert whole(library / "tail").seconds == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_damage_in_the_middle_costs_moments_only(codec, film, flipcast, library, tmp_path):
    """A bad sector or a lost packet: the rest is as good as ever, and what is published plays without a fault."""
    source = film(f"damage-{codec}.mp4", *GOOD, "-c:v", codec, "-g", "12", "-b:v", "400k", "-c:a", "aac")
    content = bytearray(source.read_bytes())
    middle = content.find(b"mdat") + 4 + len(content) // 2
    content[middle : middle + 3000] = noise(3000)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)

    said = flipcast("process", path)

    assert said.status == 0, said.err
    made = whole(library / "damaged")
    assert made.seconds == pytest.approx(3, abs=0.15)
    assert not made.renditions[0].copied, "browsers stop where ffmpeg reads on"
    with av.open(str(library / "damaged" / "lecture" / made.renditions[0].file)) as container:
        assert len(list(container.decode(video=0))) == pytest.approx(75, abs=3)
    assert any("damaged" in note for note in made.notes)


def test_a_length_that_the_header_invents_is_not_believed(film, flipcast, library, tmp_path):
    """Interrupted and edited recordings say anything; clips and captions need the truth."""
    content = bytearray(
        film("honest.mp4", *GOOD, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac").read_bytes()
    )
    at = content.find(b"mvhd") + 4
    content[at + 16 : at + 20] = (7_200_000).to_bytes(4, "big")
    for box in (b"tkhd", b"mdhd"):
        at = content.find(box)
        while at >= 0:
            place = at + 4 + (20 if box == b"tkhd" else 16)
            content[place : place + 4] = (7_200_000).to_bytes(4, "big")
            at = content.find(box, at + 1)
    path = tmp_path / "liar.mp4"
    path.write_bytes(content)

    said = flipcast("process", path)

    assert said.status == 0, said.err
    assert whole(library / "liar").seconds == pytest.approx(3, abs=0.1)


def test_a_cover_is_no_film(exe, film, flipcast, library):
    """Podcasts carry a square picture; shown as if it were the lecture, it would cost an encode for nothing."""
    cover = film("cover.jpg", "-f", "lavfi", "-i", "color=red:size=300x300", "-frames:v", "1")
    for ending in ("mp3", "m4a"):
        path = film(
            f"podcast {ending}.{ending}",
            *("-f", "lavfi", "-i", "sine=duration=2", "-i", str(cover)),
            *("-map", "0", "-map", "1", "-c:v", "mjpeg", "-disposition:v", "attached_pic"),
        )
        said = flipcast("process", path)

        assert said.status == 0, said.err
        made = whole(library / f"podcast-{ending}")
        assert made.renditions == ()
        assert made.audio is not None
        assert made.seconds == pytest.approx(2, abs=0.1)


def test_a_single_picture_is_a_short_lecture(film, flipcast, library):
    """One frame in a video file: odd, but nothing in it is wrong."""
    path = film("one.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-frames:v", "1", "-c:v", "libx264")

    said = flipcast("process", path)

    assert said.status == 0, said.err
    made = whole(library / "one")
    assert made.renditions
    assert made.seconds == pytest.approx(0.04, abs=0.001)


def test_a_sound_track_without_a_sound_in_it_is_no_sound(film, flipcast, library, tmp_path):
    """Screen recorders make one when no microphone was there."""
    path = tmp_path / "empty track.mp4"
    with av.open(str(film("pictures alone.mp4", *GOOD[:4], "-c:v", "mpeg4"))) as source, av.open(str(path), "w") as out:
        shown = out.add_stream_from_template(source.streams.video[0])
        out.add_stream("aac", rate=48000)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = shown
                out.mux(packet)

    said = flipcast("process", path)

    assert said.status == 0, said.err
    made = whole(library / "empty-track")
    assert made.audio is None
    assert "There is no sound." in made.notes


def test_a_film_whose_pictures_cannot_be_decoded_keeps_its_sound(film, flipcast, library, tmp_path):
    """The words are the lecture."""
    content = bytearray(film("known.mp4", *GOOD, "-c:v", "libx264", "-c:a", "aac").read_bytes())
    at = content.find(b"avc1")
    while at >= 0:
        content[at : at + 4] = b"zzzz"
        at = content.find(b"avc1", at + 1)
    path = tmp_path / "unknown.mp4"
    path.write_bytes(content)

    said = flipcast("process", path)

    assert said.status == 0, said.err
    made = whole(library / "unknown")
    assert made.audio is not None
    assert made.renditions == ()
    assert any("only its sound" in note for note in made.notes)


def test_a_file_of_pictures_only_is_a_silent_lecture(film, flipcast, library):
    """Screen recordings without a microphone."""
    path = film("silent film.mp4", *GOOD[:4], "-c:v", "libx264", "-preset", "ultrafast")

    assert flipcast("process", path).status == 0
    made = whole(library / "silent-film")
    assert made.audio is None
    assert made.renditions


def test_ffmpeg_alone_knows_no_index_either(exe, good, tmp_path):
    """What is refused here for want of an index is really lost: nothing is given up that ffmpeg would have read."""
    path = tmp_path / "cut.mp4"
    path.write_bytes(cut_short(good))

    assert subprocess.run([exe, "-v", "error", "-i", path, "-f", "null", "-"], capture_output=True).returncode
