"""The booth without its pages: what somebody may do there, and what becomes of what they record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from capture.apart import environment
from capture.errors import FlipcastError, NoRoomToRecord, WrongMoment
from capture.take import read, takes_in
from flipcast.booth import visit
from flipcast.booth.pin import Pin
from flipcast.booth.stage import Step
from flipcast.booth.visit import Wish
from flipcast.errors import DeskError
from flipcast.scenes import Scenes, id_of
from flipcast.settings import Settings
from flipcast.web.serve import listening
from publish import publication
from publish.stores.s3 import S3Store
from tests.fixtures.booths import Booth, asked, booth, looking
from tests.fixtures.pdfs import slides
from tests.fixtures.rig_camera import MadeCamera


def test_somebody_comes_records_keeps_and_goes(here: Booth):
    """The whole visit: two touches to the recording; it is finished and published after they have gone."""
    stage = here.stage
    stage.begin()
    here.waited(lambda: stage.studio.state == "ready")
    stage.roll()
    here.until(Step.RECORDING)
    assert here.facts()["left"] > 800
    time.sleep(1)
    stage.stop()
    here.until(Step.REVIEW)
    name = here.facts()["name"]
    stage.keep()
    ticket = stage.guest.ticket
    stage.done()
    facts = here.facts()
    assert (facts["step"], facts["name"], facts["hand"], facts["deck"]) == ("thanks", None, None, None)
    assert ticket not in json.dumps(facts)
    here.until(Step.ATTRACT)
    here.waited(lambda: stage.studio.news.latest("studio")["last"] is None)
    assert stage.studio.state is None or here.waited(lambda: stage.studio.state is None) is None

    shelf = here.library.find(name)
    here.waited(lambda: publication.read(shelf.folder), within=60)
    assert visit.read(shelf.folder).wish is Wish.KEPT
    found = here.callers.ticket(ticket)
    assert (found.step, found.film.is_file()) == ("ready", True)


def test_whoever_just_leaves_is_asked_and_then_forgotten(tmp_path: Path):
    """The next person must not meet the one before; and nobody is thrown out while they are there."""
    with booth(tmp_path, mark_seconds=3.0, warning_seconds=2.0) as here:
        here.come()
        folder, ticket = here.stage.guest.folder, here.stage.guest.ticket
        here.waited(lambda: here.facts()["leaves"] is not None)
        here.stage.touch()
        assert here.facts()["leaves"] is None
        here.until(Step.ATTRACT)
        assert here.stage.guest is None
        assert not folder.exists()
        assert here.callers.ticket(ticket) is None


def test_a_recording_that_nobody_decided_on_is_left_to_the_operator(tmp_path: Path):
    """Nothing is published that nobody agreed to, and nothing is thrown away that nobody gave up."""
    with booth(tmp_path, review_seconds=0.5, warning_seconds=0.2) as here:
        here.come()
        here.record()
        ticket, name = here.stage.guest.ticket, here.facts()["name"]
        here.until(Step.ATTRACT)
        shelf = here.library.find(name)
        assert visit.read(shelf.folder).wish is Wish.LEFT
        assert here.callers.ticket(ticket).step == "left"
        time.sleep(3)
        assert shelf.lecture() is None

        here.house.pin.choose("2580")
        key = here.house.corner.open("2580")
        (row,) = here.house.corner.look(key)["takes"]
        assert (row["name"], row["waits"]) == (name, "left")
        here.house.corner.retry(key, name)
        here.house.corner.close(key)
        here.waited(lambda: publication.read(shelf.folder), within=60)


def test_what_was_recorded_again_replaces_what_was_there_once_it_is_kept(here: Booth):
    """The second try is often the better one; until it is kept, the first is not lost."""
    here.come()
    here.record()
    first = here.library.find(here.facts()["name"]).folder
    here.stage.again()
    assert here.facts()["takes"] == 2
    here.record()
    second = here.library.find(here.facts()["name"]).folder
    assert first.is_dir()
    here.stage.keep()
    assert not first.exists()
    assert visit.read(second).wish is Wish.KEPT


def test_what_was_put_aside_is_left_to_the_operator_when_they_go(here: Booth):
    """They wanted to do it again, and were called away."""
    here.come()
    here.record()
    first = here.library.find(here.facts()["name"]).folder
    here.stage.again()
    here.stage.leave()
    assert visit.read(first).wish is Wish.LEFT


def test_what_is_thrown_away_is_gone(here: Booth):
    """Somebody said it should not be there any more: no copy in a trash, no trace on the page."""
    here.come()
    here.record()
    here.stage.again()
    here.record()
    here.stage.throw()
    assert here.stage.step is Step.THANKS
    assert here.library.shelves() == []
    assert not [path for path in here.library.folder.rglob("*") if path.is_file()]


def test_a_countdown_that_is_called_off_leaves_nothing(tmp_path: Path):
    """A sneeze is no recording."""
    with booth(tmp_path, countdown_seconds=20.0) as here:
        here.come()
        here.stage.roll()
        here.until(Step.COUNTING)
        here.stage.stop()
        here.until(Step.MARK)
        here.waited(lambda: not here.library.shelves())
        assert here.stage.trouble is None


def test_a_recording_has_an_end_of_its_own(tmp_path: Path):
    """Whoever falls asleep in the booth must not fill its disk."""
    with booth(tmp_path, longest_seconds=2.0) as here:
        here.come()
        here.stage.roll()
        here.until(Step.REVIEW)
        assert 1.5 < here.stage.guest.seconds < 3


def test_a_camera_that_is_unplugged_takes_nothing_with_it(tmp_path: Path, rig_cameras: MadeCamera):
    """Somebody stumbles over the cable: what is said is kept, and the next one finds the camera again."""
    camera = rig_cameras()
    with booth(tmp_path, sources=(f"camera:{camera.url}", "tone")) as here:
        here.come()
        here.stage.roll()
        here.until(Step.RECORDING)
        time.sleep(1)
        camera.turn("unplug")
        news = here.stage.studio.news
        here.waited(lambda: {"cause": "lost", "kind": "camera"} in news.latest("studio")["alarms"])
        here.stage.stop()
        here.until(Step.REVIEW)
        take = read(takes_in(here.library.find(here.facts()["name"]).folder)[0])
        assert {track.name: track.whole for track in take.outcome.tracks}["microphone"]
        here.stage.throw()
        here.until(Step.ATTRACT)
        here.stage.begin()
        here.waited(lambda: here.stage.studio.trouble is not None)
        camera.turn("ok")
        here.waited(lambda: here.stage.studio.state == "ready")


def test_a_disk_that_is_full_is_said_before_anybody_speaks(here: Booth):
    """Ten minutes that were recorded onto nothing are worse than none."""
    studio = here.stage.studio
    studio.settings = replace(studio.settings, record=replace(studio.settings.record, room_to_roll_seconds=1e9))
    here.come()
    with pytest.raises(NoRoomToRecord):
        here.stage.roll()
    assert here.stage.step is Step.MARK
    assert not here.library.shelves()


def test_a_recording_of_which_nobody_would_know_whose_it_is_does_not_begin(
    here: Booth, monkeypatch: pytest.MonkeyPatch
):
    """The disk fills up in the wrong moment: a sentence, and the booth stands where it stood."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    here.come()
    monkeypatch.setattr(visit, "write", full)
    with pytest.raises(DeskError, match="No space left"):
        here.stage.roll()
    monkeypatch.undo()
    here.waited(lambda: here.stage.studio.state == "ready")
    here.record()


def test_slides_of_a_phone_are_shown_recorded_and_forgotten(here: Booth, tmp_path: Path):
    """Each slide that is turned to becomes a chapter; one that is called like a layout changes none."""
    here.come()
    guest = here.stage.guest
    path = slides(tmp_path / "7", "Primes", "Camera", "Proof", title="Numbers")
    assert here.callers.take_slides(guest.ticket, [path], ["numbers.pdf"]) == "Numbers"
    facts = here.facts()
    assert [slide["title"] for slide in facts["deck"]["slides"]] == ["Primes", "Camera", "Proof"]
    here.waited(lambda: here.stage.studio.state == "ready")
    here.stage.roll()
    here.until(Step.RECORDING)
    time.sleep(1)
    here.stage.turn(1)
    here.stage.turn(99)
    time.sleep(0.5)
    here.stage.stop()
    here.until(Step.REVIEW)
    shelf = here.library.find(here.facts()["name"])
    take = read(takes_in(shelf.folder)[-1])
    assert shelf.recording().title == "Numbers"
    assert {track.name for track in take.tracks} == {"screen", "camera", "microphone"}
    assert [marker.label for marker in take.markers] == ["2. Camera"]
    here.stage.keep()
    here.stage.done()
    assert not guest.folder.exists()
    assert not any(source.startswith("slides:") for source in here.stage.studio.chosen)


def test_a_phone_whose_person_has_gone_can_send_nothing(here: Booth, tmp_path: Path):
    """What comes late would be shown to the next one."""
    here.come()
    ticket = here.stage.guest.ticket
    here.stage.leave()
    here.come()
    assert here.callers.ticket(ticket) is None
    with pytest.raises(WrongMoment):
        here.callers.scratch(ticket)
    with pytest.raises(WrongMoment):
        here.callers.take_slides(ticket, [slides(tmp_path / "1", "Mine")], ["mine.pdf"])
    assert here.facts()["deck"] is None


def test_phones_reach_the_booth_at_the_address_that_is_set(tmp_path: Path):
    """And nothing of it but what their ticket opens."""
    with listening(0) as free:
        port = free.getsockname()[1]
    with booth(tmp_path, phones=f"127.0.0.1:{port}") as here:
        here.come()
        phone = here.facts()["phone"]
        assert phone["typed"].startswith(f"127.0.0.1:{port}/")
        with urllib.request.urlopen(f"{phone['address']}state", timeout=20) as answer:
            assert json.load(answer)["step"] == "prepare"
        with urllib.request.urlopen(f"{here.house.address}{phone['code']}", timeout=20) as answer:
            assert b"<svg" in answer.read()
        here.stage.leave()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{phone['address']}state", timeout=20)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/booth/begin", timeout=20)


def test_without_phones_the_code_leads_to_the_page_once_it_is_up(tmp_path: Path, s3_store: S3Store):
    """A booth that no phone can reach still hands over what anybody can reach."""
    s3_store.open_to_readers()
    store = replace(Settings().store, endpoint_url=s3_store.settings.endpoint_url, address=s3_store.address)
    with booth(tmp_path, store=store) as here:
        here.come()
        here.record()
        here.stage.keep()
        code = f"{here.house.address}booth/page.svg"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(code, timeout=20)
        here.waited(lambda: here.facts()["hand"]["state"] == "sent", within=60)
        assert here.facts()["hand"]["page"].startswith("http://127.0.0.1:")
        with urllib.request.urlopen(code, timeout=20) as answer:
            assert b"<svg" in answer.read()
        here.stage.done()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(code, timeout=20)


def test_slides_on_a_stick_are_offered_and_the_lecture_is_copied_onto_it(here: Booth, tmp_path: Path):
    """Half of the people have no phone in their hand, and a stick in their pocket."""
    machine = tmp_path / "machine"
    stick = machine / "media" / "STICK"
    stick.mkdir(parents=True)
    slides(stick / "lecture.pdf", "Primes", title="Numbers")
    (machine / "proc").mkdir()
    (machine / "proc" / "mounts").write_text("/dev/sdz1 /media/STICK vfat rw 0 0\n")
    (machine / "sys" / "block" / "sdz").mkdir(parents=True)
    (machine / "sys" / "block" / "sdz" / "removable").write_text("1\n")
    here.stage.plugged.root = machine
    here.come()
    here.waited(lambda: here.facts()["sticks"])
    (seen,) = here.facts()["sticks"]
    here.stage.take_slides_from(seen["id"], seen["decks"][0]["id"])
    here.waited(lambda: here.facts()["deck"])
    here.record()
    here.stage.keep()
    here.waited(lambda: here.facts()["sticks"])
    here.stage.copy(seen["id"])
    here.waited(lambda: (here.facts()["copy"] or {}).get("state") in ("done", "failed"), within=60)
    assert here.facts()["copy"]["state"] == "done"
    assert (stick / "Numbers.mp4").stat().st_size > 1000


def test_slides_that_cannot_be_shown_are_explained(here: Booth, tmp_path: Path):
    """A stick full of something else: a sentence, and the booth goes on."""
    here.come()
    broken = tmp_path / "x"
    broken.write_bytes(b"%PDF-1.7 no more")
    with pytest.raises(FlipcastError):
        here.callers.take_slides(here.stage.guest.ticket, [broken], ["x.pdf"])
    assert here.facts()["taking"] is None
    here.record()


def test_what_cannot_be_sent_waits_and_is_sent_later(tmp_path: Path):
    """The network is gone on Friday evening; on Monday everything is up."""
    (tmp_path / "published").write_text("a file where the store should be")
    with booth(tmp_path) as here:
        here.come()
        here.record()
        here.stage.keep()
        name = here.facts()["name"]
        here.waited(lambda: (here.stage.waiting.task(name) or {}).get("state") == "failed", within=60)
        here.waited(lambda: any("tried again" in line for line in here.house.diary.lines))
        assert here.facts()["hand"]["state"] == "kept"
        (tmp_path / "published").unlink()
        here.stage.waiting.soon(name)
        here.waited(lambda: publication.read(here.library.find(name).folder), within=60)


def test_a_booth_whose_power_is_cut_stands_there_again(tmp_path: Path):
    """Killed in the middle of a recording, recorder and all: the next start has what was said, for the operator."""
    config = tmp_path / "booth.toml"
    config.write_text(
        '[booth]\nsources = ["pattern", "tone"]\ngreenscreen = false\ncountdown_seconds = 0\n'
        '[captions]\nengine = "off"\n[record]\nroom_to_roll_seconds = 1.0\n'
        f'[library]\nfolder = "{tmp_path}/library"\npublished = "{tmp_path}/published"\n',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "flipcast", "open", "--booth", "--no-browser", "--json", "--config", str(config)]
    told = {**environment(), "FLIPCAST_STATE": str(tmp_path / "state"), "HOME": str(tmp_path)}
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=told, text=True, start_new_session=True
    )
    try:
        assert child.stdout
        lines = (json.loads(line) for line in child.stdout)
        address = next(line["address"] for line in lines if "address" in line)
        with looking(address):
            assert asked(address, "booth/begin")[0] == 200
            deadline = time.monotonic() + 30
            while asked(address, "booth/roll")[0] != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            time.sleep(4)
            recorder = [int(text) for text in _children(child.pid)]
            for pid in (child.pid, *recorder):
                os.kill(pid, signal.SIGKILL)
            child.wait()
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()

    with booth(tmp_path) as here:
        assert here.stage.step is Step.ATTRACT
        (shelf,) = here.library.shelves()
        assert visit.read(shelf.folder).wish is Wish.LEFT
        here.waited(lambda: read(takes_in(shelf.folder)[0]).outcome is not None)
        assert read(takes_in(shelf.folder)[0]).outcome.seconds > 2
        here.come()
        here.record()


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split() + [
        text
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for text in (thread / "children").read_text().split()
        if thread.name != str(pid)
    ]


def test_the_corner_opens_to_the_pin_alone(here: Booth):
    """Students find every corner of a kiosk."""
    corner, pin = here.house.corner, here.house.pin
    with pytest.raises(DeskError, match="no PIN"):
        corner.open("0000")
    pin.choose("2580")
    for _ in range(5):
        with pytest.raises(DeskError, match="not the PIN"):
            corner.open("1111")
    with pytest.raises(DeskError, match="too many"):
        corner.open("2580")
    again = Pin(Path(pin._path).parent)
    again.check("2580")
    with pytest.raises(DeskError, match="closed"):
        corner.look("")
    with pytest.raises(DeskError, match="4 to 12 digits"):
        pin.choose("12a4")


def test_the_corner_shows_and_sets_how_the_booth_is(here: Booth):
    """Health, devices, settings, log: without a keyboard, and never while somebody records."""
    here.house.pin.choose("2580")
    here.come()
    with pytest.raises(WrongMoment):
        here.house.corner.open("2580")
    here.stage.leave()
    key = here.house.corner.open("2580")
    assert here.stage.step is Step.OPERATOR
    here.waited(lambda: here.stage.studio.state == "ready")
    seen = here.house.corner.look(key)
    assert seen["chosen"] == ["pattern", "tone"]
    assert {row["about"] for row in seen["health"]} >= {"sources", "phones", "ffmpeg"}
    assert any(row["key"] == "booth.longest_seconds" for row in seen["settings"])
    assert any("corner was opened" in line for line in seen["log"])
    here.stage._touched -= 290.0
    here.waited(lambda: here.facts()["leaves"] is not None)
    here.stage.touch()
    here.house.corner.choose(key, ["pattern"])
    here.house.corner.read_settings(key)
    here.house.corner.close(key)
    assert here.stage.step is Step.ATTRACT


def test_pictures_to_stand_before_are_known_by_letters(tmp_path: Path):
    """A page never names a path."""
    (tmp_path / "old_library.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "notes.txt").write_text("no picture")
    scenes = Scenes(tmp_path)
    (picture,) = [one for one in scenes.all if one.kind == "picture"]
    assert picture.name == "old library"
    assert scenes.picture(picture.id) == tmp_path / "old_library.jpg"
    assert scenes.picture("../../etc/passwd") is None
    with pytest.raises(DeskError):
        scenes.find("../old_library.jpg")
    assert Scenes(tmp_path / "gone").all
    assert [id_of(text) for text in (picture.behind, "blur", "")] == [picture.id, "blur", ""]
