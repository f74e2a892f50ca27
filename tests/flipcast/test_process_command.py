"""``flipcast process``: batches, names, what it prints, and what it does not do twice."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from process import lecture
from tests.fixtures.command import ended, explained, whole


@pytest.fixture(scope="module")
def tiny(film) -> Path:
    """A second of picture and sound."""
    return film(
        "tiny.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25:duration=1"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=1"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"),
    )


@pytest.fixture(scope="module")
def half_minute(film) -> Path:
    """Thirty small seconds with pauses."""
    return film(
        "half minute.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=30"),
        *("-f", "lavfi", "-i", "aevalsrc='0.3*sin(2000*t)*lt(mod(t,5),4)':s=48000:d=30"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "20", "-c:a", "aac"),
    )


NAMES = (
    "with spaces",
    'it\'s "quoted"',
    "two\nlines",
    "émoji 🎓 größe",
    "-o leading dash",
    "%d frames %03d",
    "semi;colon & $HOME `x`",
    "[red]marked up",
    "bell\x07 and \x1b[31mcolour",
    "http:slash:colon=1,2",
    "n" * 246,
)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not know such names")
def test_files_may_be_called_anything(tiny, flipcast, library, tmp_path):
    """People name files as they like; none of it may be taken for an option, a pattern, a protocol or a colour."""
    folder = tmp_path / "handed in"
    folder.mkdir()
    for name in NAMES:
        shutil.copyfile(tiny, folder / f"{name}.mp4")

    said = flipcast("process", folder)

    assert said.status == 0, said.err
    lectures = sorted(library.iterdir())
    assert len(lectures) == len(NAMES)
    for place in lectures:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", place.name)
        made = whole(place)
        assert made.title.isprintable()
        assert made.renditions
        assert made.audio
    assert "[red]marked up" in said.out
    for text in (said.out, said.err):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text), "nothing that a terminal would obey"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_text_is_refused_with_a_sentence(tiny, flipcast, library, tmp_path):
    """From an old archive or a strange disk; libraries that expect text would fall over it."""
    path = tmp_path / os.fsdecode(b"latin-1 \xe9.mp4")
    shutil.copyfile(tiny, path)

    for options in ((), ("--json",)):
        said = flipcast("process", path, *options)
        assert said.status == 1
        assert "rename" in said.out + said.err
        assert "Traceback" not in said.out + said.err
    assert not list(library.iterdir())


def test_a_name_that_begins_with_a_dash_needs_no_trick(tiny, flipcast, library, tmp_path, monkeypatch):
    """Nobody knows that ``--`` must be typed first."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(tiny, tmp_path / "--jobs.mp4")

    assert flipcast("process", "--jobs.mp4").status == 0
    whole(library / "jobs")


def test_a_hostile_title_is_only_text(tiny, flipcast, library):
    """It goes into a terminal, a playlist and a page."""
    title = '\x1b]0;owned\x07[bold]<script>alert(1)</script>"\n#EXT-X-ENDLIST'

    said = flipcast("process", tiny, "--title", title)

    assert said.status == 0, said.err
    (place,) = library.iterdir()
    made = whole(place)
    assert "\x1b" not in said.out + said.err
    assert made.title.isprintable()
    assert "<script>" in made.title
    assert "#EXT-X-ENDLIST" not in (place / "lecture" / "master.m3u8").read_text()


def test_the_same_stem_twice_makes_two_lectures_and_the_same_file_twice_makes_one(tiny, flipcast, library, tmp_path):
    """Every phone calls its films IMG_0001; and a folder and a file in it may be named together."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copyfile(tiny, tmp_path / folder / "IMG_0001.mp4")
    first, second = tmp_path / "a" / "IMG_0001.mp4", tmp_path / "b" / "IMG_0001.mp4"

    said = flipcast("process", first, second, first, tmp_path / "a", "--json")

    assert said.status == 0, said.err
    names = [job["name"] for job in said.events[-1]["lectures"]]
    assert sorted(names) == ["img-0001", "img-0001-2"]
    again = flipcast("process", second, "--json")
    assert [job["name"] for job in again.events[-1]["lectures"]] == names[1:]
    assert sorted(path.name for path in library.iterdir()) == ["img-0001", "img-0001-2"]


def test_one_bad_file_does_not_stop_the_others(tiny, flipcast, library, tmp_path):
    """A folder is handed in before the weekend; on Monday all but one have to be there."""
    folder = tmp_path / "week"
    (folder / "deeper").mkdir(parents=True)
    shutil.copyfile(tiny, folder / "one.mp4")
    shutil.copyfile(tiny, folder / "deeper" / "two.mp4")
    (folder / "bad.mp4").write_bytes(b"nothing of the kind")
    (folder / "notes.txt").write_text("not a film")
    (folder / ".hidden.mp4").write_bytes(b"")

    said = flipcast("process", folder)

    assert said.status == 1
    assert len(said.troubles) == 1
    assert "bad.mp4" in said.troubles[0]
    assert "notes.txt" in said.err
    rows = said.out.splitlines()
    assert any("one.mp4" in row and "done" in row for row in rows)
    assert any("two.mp4" in row and "done" in row for row in rows)
    assert any("bad.mp4" in row and "cannot be read" in row for row in rows)
    assert sorted(path.name for path in library.iterdir()) == ["one", "two"]

    facts = flipcast("process", folder, "--json")

    assert facts.status == 1
    states = {job["label"]: job["state"] for job in facts.events[-1]["lectures"]}
    assert states == {"one.mp4": "done", "two.mp4": "done", "bad.mp4": "failed"}
    bad = next(job for job in facts.events[-1]["lectures"] if job["state"] == "failed")
    assert "bad.mp4" in bad["error"]


def test_a_folder_with_nothing_to_play_says_so(flipcast, tmp_path):
    """And is no success."""
    (tmp_path / "notes").mkdir()
    explained(flipcast("process", tmp_path / "notes"), "notes")
    (tmp_path / "notes" / "a.txt").write_text("words")
    explained(flipcast("process", tmp_path / "notes"), "nothing to process")


def test_json_is_one_object_a_line_and_never_goes_back(tiny, flipcast):
    """Programs draw their own bars from it."""
    said = flipcast("process", tiny, "--json")

    assert said.status == 0
    assert said.err == ""
    events = said.events
    assert {"progress", "ended", "result"} <= {event["event"] for event in events}
    assert [event["event"] for event in events].index("result") == len(events) - 1
    overall = [event["overall"] for event in events if event["event"] == "progress"]
    assert overall == sorted(overall)
    assert 0 <= overall[0] <= overall[-1] <= 1
    assert events[-1]["lectures"][0]["name"] == "tiny"


def test_failures_are_json_too(flipcast, tmp_path):
    """A program reads one stream, not two."""
    said = flipcast("process", tmp_path / "missing.mp4", "--json")

    assert said.status == 1
    assert said.err == ""
    assert any(event["event"] == "error" and "missing.mp4" in event["text"] for event in said.events)


def test_an_unchanged_lecture_is_left_as_it_is(tiny, flipcast, library, tmp_path):
    """A folder is processed every night; only what is new may cost anything."""
    flipcast("process", tiny)
    before = stamps(library)

    again = flipcast("process", tiny, "--json")

    assert again.status == 0
    assert again.events[-1]["lectures"][0]["seconds"] < 1
    assert stamps(library) == before


def stamps(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Of every file, what would change if it were written again."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != ".lock":
            status = path.stat()
            found[path.relative_to(folder).as_posix()] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def test_a_new_title_makes_nothing_again(tiny, flipcast, library):
    """A slip in a title is found when everything is done."""
    flipcast("process", tiny)
    before = stamps(library)

    assert flipcast("process", tiny, "--title", "Another title").status == 0

    after = stamps(library)
    assert lecture.read(library / "tiny" / "lecture").title == "Another title"
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"tiny/recording.json", "tiny/lecture/lecture.json"}


@pytest.mark.parametrize("copied", ["true", "false"])
def test_captions_and_other_clips_come_without_encoding_again(copied, half_minute, flipcast, library, tmp_path):
    """The words arrive a day later; the pictures are the dear part, and students may be watching them."""
    script = tmp_path / "script.vtt"
    script.write_text(
        "WEBVTT\n\n00:00.500 --> 00:03.500\nThe first thing is said here.\n\n"
        "00:15.500 --> 00:18.500\nThe second thing comes later.\n",
        encoding="utf-8",
    )
    common = (
        "--set",
        f"ladder.copy_source={copied}",
        "--set",
        "clips.target_seconds=15",
        "--set",
        "clips.shortest_seconds=4",
    )
    assert flipcast("process", half_minute, *common).status == 0
    home = library / "half-minute"
    plain = lecture.read(home / "lecture")
    assert plain.captions == ()
    assert plain.renditions[0].copied == (copied == "true")
    rungs = [(home / "lecture" / r.file).read_bytes() for r in plain.renditions]
    rooms = {name: stamp for name, stamp in stamps(home).items() if name.startswith("work/encode")}

    words = ("--captions", "scripted", "--language", "en", "--set", f"captions.script={script}")
    said = flipcast("process", half_minute, *common, *words)

    assert said.status == 0, said.err
    worded = whole(home)
    assert len(worded.captions) == 1
    assert "The second thing" in (home / "lecture" / worded.captions[0].vtt).read_text()
    assert [(home / "lecture" / r.file).read_bytes() for r in worded.renditions] == rungs
    assert {name: stamp for name, stamp in stamps(home).items() if name.startswith("work/encode")} == rooms

    shorter = (
        "--set",
        "clips.longest_seconds=12",
        "--set",
        "clips.target_seconds=10",
        "--set",
        "clips.shortest_seconds=4",
    )
    said = flipcast("process", half_minute, *common[:2], *shorter, *words)

    assert said.status == 0, said.err
    cut = whole(home)
    assert len(cut.clips) >= 3
    assert max(item.clip.end - item.clip.start for item in cut.clips) <= 12.5
    if copied == "false":
        assert [(home / "lecture" / r.file).read_bytes() for r in cut.renditions] == rungs


def test_whoever_reads_may_go_away(tiny, begin):
    """``flipcast … | head -1`` is how people look at long lists; it is no accident."""
    child = begin("process", tiny, "--json")
    assert child.stdout
    child.stdout.readline()
    child.stdout.close()
    child.stdout = None

    said = ended(child)

    assert "Traceback" not in said.err
    assert "Exception ignored" not in said.err
    assert "BrokenPipe" not in said.err


def test_misuse_is_told_from_failure(flipcast, tiny):
    """Scripts have to know whether they are wrong or the day is."""
    for words in (("process",), ("process", str(tiny), "--jobs", "none"), ("proces", str(tiny))):
        with pytest.raises(SystemExit) as left:
            flipcast(*words)
        assert left.value.code == 2
    said = flipcast("process", tiny, "--set", "level.target_luf=-16")
    assert said.status == 2
    assert "target_lufs" in said.err


@pytest.mark.parametrize("words", [("--help",), ("process", "--help"), ("--version",)])
def test_a_question_wakes_nothing_heavy(words, surroundings):
    """Help has to come at once, on old laptops too."""
    code = (
        "import sys\nfrom flipcast import cli\ntry:\n    cli.main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {'boto3', 'cv2', 'av', 'numpy', 'starlette', 'uvicorn', 'faster_whisper', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code, *words], check=True, env=surroundings, stdout=subprocess.DEVNULL)


def test_making_a_lecture_wakes_no_store_and_no_server(tiny, library, surroundings):
    """What publishing needs is loaded when something is published."""
    code = (
        "import sys\nfrom flipcast import cli\nassert cli.run(sys.argv[1:]) == 0\n"
        "heavy = {'boto3', 'starlette', 'uvicorn', 'faster_whisper', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    line = ["process", str(tiny), "--captions", "off", "--library", str(library)]
    subprocess.run(
        [sys.executable, "-c", code, *line],
        check=True,
        env=surroundings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
