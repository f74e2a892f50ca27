"""The booth on people's phones: slides in, lecture out, and nothing of anybody else."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from capture.errors import WrongMoment
from flipcast import deck
from flipcast.booth.tickets import LETTERS, Ticket, new_ticket, spoken_ticket, written_ticket
from flipcast.deck.limits import Limits
from flipcast.web.phones import phone_app
from flipcast.web.qr import qr_svg
from flipcast.web.serve import listening, serve
from tests.fixtures.browser import Open, barriers
from tests.fixtures.disk import mounted
from tests.fixtures.pages import unfit
from tests.fixtures.pdfs import many_pages, slides

MINE = "k7fq3mzt9d"


class Hosts:
    """A booth with one visitor, as far as phones know it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mine = Ticket(step="prepare")
        self.decks: list[deck.Deck] = []
        self.address = ""

    def ticket(self, letters: str) -> Ticket | None:
        return self.mine if letters == MINE and self.mine.step else None

    def scratch(self, letters: str) -> Path:
        if self.mine.step != "prepare":
            raise WrongMoment("nothing can be sent now", hint="look at the booth")
        (self.folder / "sent").mkdir(exist_ok=True)
        return self.folder / "sent"

    def take_slides(self, letters: str, files: Sequence[Path], names: Sequence[str]) -> str:
        made = deck.take_in(files, self.folder / f"deck-{len(self.decks)}", names=names)
        self.decks.append(made)
        self.mine = replace(self.mine, deck=made.title)
        return made.title


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """Served at an address of their own."""
    found = Hosts(tmp_path)
    stop, ready = threading.Event(), threading.Event()
    with listening(0) as at:
        host = f"127.0.0.1:{at.getsockname()[1]}"
        found.address = f"http://{host}/"
        app = phone_app(found, hosts=[host], limits=Limits(bytes_in=2_000_000, files=4), quiet=1.0)
        server = threading.Thread(target=serve, args=(app, at), kwargs={"ready": ready.set, "stop": stop})
        server.start()
        assert ready.wait(20)
        try:
            yield found
        finally:
            stop.set()
            server.join(20)


def asked(address: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    """Status and text of the answer."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    request = urllib.request.Request(address, data=data, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")


def begun(hosts: Hosts, head: str = "Content-Length: 5000") -> socket.socket:
    """A connection on which an upload has begun."""
    host = hosts.address.removeprefix("http://").rstrip("/")
    found = socket.create_connection((host.partition(":")[0], int(host.partition(":")[2])), timeout=20)
    lines = (f"POST /{MINE}/slides?name=a.pdf HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", head, "", "")
    found.sendall("\r\n".join(lines).encode())
    return found


def settled(folder: Path, count: int) -> bool:
    """Whether *count* files lie in *folder*, soon."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if folder.is_dir() and len(list(folder.iterdir())) == count:
            return True
        time.sleep(0.02)
    return False


def send(page, *files: Path) -> None:
    page.locator("#file").set_input_files([str(path) for path in files])


def test_a_phone_sends_slides_and_gets_the_lecture(hosts: Hosts, watch: Open, tmp_path: Path):
    """The whole of it, as people do it with one hand."""
    page = watch(f"{hosts.address}{MINE}/", ready=False, viewport={"width": 390, "height": 844}).page
    send(page, slides(tmp_path / "week <b>1.pdf", "Primes", "Proof"))
    expect(page.get_by_role("status").get_by_text("is in the booth")).to_be_visible()
    assert [slide.title for slide in hosts.decks[0].slides] == ["Primes", "Proof"]

    for number in (1, 2):
        Image.new("RGB", (640, 360), (number * 100, 0, 0)).save(tmp_path / f"{number}.png")
    send(page, tmp_path / "2.png", tmp_path / "1.png")
    expect(page.get_by_text("“2” is in the booth")).to_be_visible()
    assert len(hosts.decks[1].slides) == 2
    assert not list((tmp_path / "sent").iterdir())

    hosts.mine = Ticket(step="recording")
    expect(page.get_by_role("heading", name="You are recording")).to_be_visible()
    hosts.mine = Ticket(step="working", title="Primes <i>", share=0.4, left=75)
    expect(page.get_by_text("about 1:15 left")).to_be_visible()
    film = tmp_path / "film.mp4"
    film.write_bytes(b"a film")
    hosts.mine = Ticket(step="ready", title="Primes: <i>", film=film, page="https://example.org/primes/")
    expect(page.get_by_role("link", name="Watch it")).to_have_attribute("href", "https://example.org/primes/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".mp4")
    assert Path(download.value.path()).read_bytes() == b"a film"


def test_what_cannot_be_shown_is_refused_in_a_sentence(hosts: Hosts, watch: Open, tmp_path: Path):
    """The wrong file, a broken one, one that would harm, one too large, and one too late."""
    watching = watch(f"{hosts.address}{MINE}/", ready=False, viewport={"width": 390, "height": 844})
    page = watching.page
    wrong = tmp_path / "notes.docx"
    wrong.write_bytes(b"no slides")
    send(page, wrong)
    expect(page.get_by_role("alert").get_by_text("is no kind of slides")).to_be_visible()

    page.get_by_role("button", name="Close").click()
    send(page, many_pages(tmp_path / "bomb.pdf"))
    expect(page.get_by_role("alert").locator("strong")).to_be_visible(timeout=60_000)

    large = tmp_path / "large.pdf"
    large.write_bytes(bytes(40_000_000))
    send(page, large)
    expect(page.get_by_role("alert").get_by_text("That is more than 2 MB")).to_be_visible()
    assert not hosts.decks
    assert not list((tmp_path / "sent").iterdir())

    page.get_by_role("button", name="Close").click()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    send(page, broken, slides(tmp_path / "fine.pdf", "One"))
    expect(page.get_by_role("alert").locator("strong")).to_be_visible()
    send(page, tmp_path / "fine.pdf")
    expect(page.get_by_text("“fine” is in the booth")).to_be_visible()
    assert all("409 (Conflict)" in trouble for trouble in watching.troubles)  # which browsers note by themselves
    watching.troubles.clear()


def test_what_the_network_cuts_is_sent_again(hosts: Hosts, watch: Open, tmp_path: Path):
    """A phone leaves the network, and its person has begun to look elsewhere already."""
    watching = watch(f"{hosts.address}{MINE}/", ready=False, viewport={"width": 390, "height": 844})
    page = watching.page
    page.route("**/slides?*", lambda route: route.abort("connectionreset"), times=1)
    send(page, slides(tmp_path / "primes.pdf", "Primes"))
    expect(page.get_by_text("“primes” is in the booth")).to_be_visible(timeout=20_000)

    page.route("**/state", lambda route: route.abort("internetdisconnected"), times=1)
    expect(page.get_by_role("alert").get_by_text("does not answer")).to_be_visible()
    expect(page.get_by_role("alert").get_by_text("does not answer")).to_be_hidden()
    hosts.mine = Ticket(step="")
    expect(page.get_by_role("heading", name="This address is over")).to_be_visible()
    watching.troubles.clear()  # browsers note each of them by themselves


def test_a_cut_connection_leaves_nothing_and_keeps_nobody_waiting(hosts: Hosts, tmp_path: Path):
    """One that is closed, and one that merely falls silent, as phones do that leave the network."""
    own = {"Origin": hosts.address.rstrip("/")}
    with begun(hosts) as cut:
        cut.sendall(bytes(1000))
        assert settled(tmp_path / "sent", 1)
        assert asked(f"{hosts.address}{MINE}/slides?name=b.pdf", b"%PDF", **own)[0] == 423
    assert settled(tmp_path / "sent", 0)
    with begun(hosts) as silent:
        silent.sendall(bytes(1000))
        assert b" 409 " in silent.recv(65536)
    assert settled(tmp_path / "sent", 0)
    assert asked(f"{hosts.address}{MINE}/slides?name=b.pdf", b"%PDF", **own)[0] == 200


def test_more_than_is_allowed_is_refused_at_once(hosts: Hosts, tmp_path: Path):
    """By what is said of it, and by what comes, whatever was said."""
    with begun(hosts, "Content-Length: 900000000") as said:
        assert b" 409 " in said.recv(65536)
    with begun(hosts, "Transfer-Encoding: chunked") as silent:
        for _ in range(5):
            silent.sendall(b"7a120\r\n" + bytes(500_000) + b"\r\n")
        assert b" 409 " in silent.recv(65536)
    assert settled(tmp_path / "sent", 0)


def test_whoever_begins_again_begins_anew(hosts: Hosts):
    """What was sent before a failure is not shown twice."""
    own = {"Origin": hosts.address.rstrip("/")}
    slot = f"{hosts.address}{MINE}/slides?name=a.png&at="
    for place in (0, 1, 0, 1, 1):
        assert asked(f"{slot}{place}", b"a picture", **own)[0] == 200
    assert len(list((hosts.folder / "sent").iterdir())) == 2
    assert asked(f"{slot}3", b"a picture", **own)[0] == 409
    assert asked(f"{slot}-1", b"a picture", **own)[0] == 400


def test_a_disk_that_is_nearly_full_is_kept_for_recordings(hosts: Hosts):
    """A phone must not take the room that a lecture needs."""
    with mounted(hosts.folder / "sent", "6m"):
        own = {"Origin": hosts.address.rstrip("/")}
        status, said = asked(f"{hosts.address}{MINE}/slides?name=a.pdf", b"%PDF", **own)
        assert (status, "nearly full" in said) == (409, True)


def test_a_film_is_sent_in_parts_and_called_plainly(hosts: Hosts):
    """Phones go on with a download where the network dropped it."""
    film = hosts.folder / "film.mp4"
    film.write_bytes(b"0123456789")
    hosts.mine = Ticket(step="ready", title='../a"b\r\nSet-Cookie: x\u202e', film=film)
    request = urllib.request.Request(f"{hosts.address}{MINE}/film", headers={"Range": "bytes=4-6"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert (answer.status, answer.read()) == (206, b"456")
        assert answer.headers["Set-Cookie"] is None
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert ".." not in answer.headers["Content-Disposition"]


def test_only_a_ticket_opens_anything(hosts: Hosts):
    """Other people in the network can reach the port, and see nothing of anybody."""
    status, said = asked(f"{hosts.address}{new_ticket()}/")
    assert (status, "not, or no longer, valid" in said) == (403, True)
    for path in ("", "static/phone.js", f"{MINE}x/state", f"{MINE}/../{MINE}x/state"):
        assert asked(f"{hosts.address}{path}")[0] in (403, 404)
    assert asked(f"{hosts.address}{MINE}/state")[0] == 200
    assert asked(f"{hosts.address}{MINE}/film")[0] == 404
    assert asked(f"{hosts.address}{MINE}/library")[0] == 404
    assert asked(f"{hosts.address}{MINE}/state", Host="evil.example:80")[0] == 421
    assert asked(f"{hosts.address}{MINE}/slides?name=a.pdf", b"%PDF", Origin="http://evil.example")[0] == 403


def test_whoever_guesses_is_not_answered_for_a_while(hosts: Hosts):
    """Twenty wrong ones are no mistake of typing."""
    for _ in range(20):
        assert asked(f"{hosts.address}{new_ticket()}/")[0] == 403
    status, said = asked(f"{hosts.address}{MINE}/state")
    assert (status, "Wait a minute" in said) == (429, True)


def test_a_phone_with_a_ticket_that_is_over_shuts_nobody_out(hosts: Hosts):
    """Its page asks on and on, and all phones of a network may come from one address."""
    for _ in range(30):
        assert asked(f"{hosts.address}{'a' * 10}/state")[0] == 403
    assert asked(f"{hosts.address}{MINE}/state")[0] == 200


def test_a_ticket_may_be_typed_as_people_type(hosts: Hosts):
    """From a screen at arm's length, by thumb."""
    for typed in ("K7FQ-3MZT-9D", "k7fq-3mzt-9d/", MINE):
        status, said = asked(f"{hosts.address}{typed}")
        assert status == 200, typed
        assert f'<base href="/{MINE}/">' in said
    assert spoken_ticket(MINE) == "k7fq-3mzt-9d"
    assert written_ticket("k7fq 3MZT 9d") == MINE
    assert len({new_ticket() for _ in range(200)}) == 200
    assert set(new_ticket()) <= set(LETTERS)


def test_hostile_names_are_no_paths(hosts: Hosts, tmp_path: Path):
    """What a phone calls a file is shown, at most."""
    own = {"Origin": hosts.address.rstrip("/")}
    data = slides(tmp_path / "x.pdf", "One").read_bytes()
    name = urllib.request.quote("../../../evil\u202efdp.pdf", safe="")
    assert asked(f"{hosts.address}{MINE}/slides?name={name}", data, **own)[0] == 200
    assert [path.name[:5] for path in (tmp_path / "sent").iterdir()] == ["0000-"]
    status, said = asked(f"{hosts.address}{MINE}/show", b"", **own)
    assert (status, re.search(r"[/\u202e]", hosts.decks[0].title)) == (200, None), said
    assert asked(f"{hosts.address}{MINE}/slides?name={'a' * 400}.pdf", data, **own)[0] == 400
    hosts.mine = Ticket(step="recording")
    assert asked(f"{hosts.address}{MINE}/slides?name=a.pdf", data, **own)[0] == 409


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 360), ("light", 195)])
def test_the_page_has_no_barriers(hosts: Hosts, watch: Open, scheme: str, width: int):
    """On the smallest phones, too, and at twice its size on others."""
    page = watch(
        f"{hosts.address}{MINE}/",
        ready=False,
        viewport={"width": width, "height": 640},
        color_scheme=scheme,
        bypass_csp=True,
    ).page
    for state, name in (
        (Ticket(step="prepare", deck="Primes"), "Your slides"),
        (Ticket(step="review"), "Watch it in the booth"),
        (Ticket(step="working", title="Primes", share=0.5, left=10, trouble="the store is away"), "is being made"),
        (Ticket(step="ready", title="W" * 200, page="https://example.org/"), "is ready"),
        (Ticket(step="left"), "nothing here"),
    ):
        hosts.mine = state
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        assert barriers(page) == []
        assert unfit(page) == []


def test_a_code_is_a_picture_of_its_address():
    """Drawn here: no other host is told where people's lectures are."""
    drawn = qr_svg("http://10.0.7.20:8400/k7fq3mzt9d/")
    assert drawn.startswith(b"<?xml")
    assert drawn != qr_svg("http://10.0.7.20:8400/k7fq3mzt9e/")
