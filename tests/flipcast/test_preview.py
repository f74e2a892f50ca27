"""The preview shows a lecture to this machine, and nothing else to anyone."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from flipcast.web.preview import preview
from flipcast.web.serve import PortTaken
from process.errors import MediaUnreadable
from process.lecture import read, write


def ask(address: str, path: str, *, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask the server for *path* exactly as it is written."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture
def address(watchable: Path, serve: Callable[[Path], str]) -> str:
    return serve(watchable)


def test_a_range_of_a_file_is_that_range(address: str, watchable: Path) -> None:
    """Players read single-file renditions by byte ranges and nothing else."""
    whole = (watchable / "360p.mp4").read_bytes()

    status, headers, body = ask(address, "/360p.mp4", Range="bytes=1000-1999")
    assert (status, body) == (206, whole[1000:2000])
    assert headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"

    status, _, body = ask(address, "/360p.mp4", Range="bytes=-10")
    assert (status, body) == (206, whole[-10:])

    status, _, _ = ask(address, "/360p.mp4", Range=f"bytes={len(whole)}-")
    assert status == 416


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/master.m3u8", "application/vnd.apple.mpegurl"),
        ("/download.mp4", "video/mp4"),
        ("/captions.en.vtt", "text/vtt; charset=utf-8"),
        ("/poster.jpg", "image/jpeg"),
        ("/player/watch.js", "text/javascript; charset=utf-8"),
        ("/player/pages.css", "text/css; charset=utf-8"),
    ],
)
def test_files_say_what_they_are(address: str, path: str, kind: str) -> None:
    """A playlist under a wrong type is a download, and a script under a wrong type does not run."""
    status, headers, _ = ask(address, path, method="HEAD")
    assert status == 200
    assert headers["Content-Type"] == kind


@pytest.mark.parametrize(
    "path",
    [
        "/lecture.json",
        "/nothing.mp4",
        "/.hidden",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/player/../../outside.txt",
        "//etc/passwd",
        "/player/",
        "/link.mp4",
        "/%00",
    ],
)
def test_only_what_the_lecture_names_is_served(
    watchable: Path, serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    """The folder may hold drafts, keys or links to the rest of the disk."""
    folder = tmp_path_factory.getbasetemp() / "with-neighbours" / "lecture"
    if not folder.exists():
        shutil.copytree(watchable, folder)
        (folder.parent / "outside.txt").write_text("secret")
        (folder / ".hidden").write_text("secret")
    status, _, body = ask(serve(folder), path)
    assert status == 404
    assert b"secret" not in body


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need a right of their own there")
def test_a_lecture_cannot_name_what_lies_outside_its_folder(
    watchable: Path, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    """A lecture handed in by someone else must not be able to show this machine's files."""
    folder = tmp_path / "lecture"
    shutil.copytree(watchable, folder)
    (tmp_path / "outside.txt").write_text("secret")
    (folder / "poster.jpg").unlink()
    (folder / "poster.jpg").symlink_to(tmp_path / "outside.txt")
    address = serve(folder)

    assert ask(address, "/poster.jpg")[0] == 404
    assert ask(address, "/")[0] == 200


def test_a_foreign_name_for_this_machine_is_not_answered(address: str) -> None:
    """A web page whose name is pointed at 127.0.0.1 could otherwise read unpublished lectures."""
    port = urlsplit(address).port
    assert ask(address, "/", Host=f"evil.example:{port}")[0] == 400
    assert ask(address, "/master.m3u8", Host="evil.example")[0] == 400
    assert ask(address, "/", Host=f"localhost:{port}")[0] == 200


def test_a_lecture_processed_again_is_shown_as_it_is_now(
    watchable: Path, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    """People leave the preview open while they mend a title."""
    folder = tmp_path / "lecture"
    shutil.copytree(watchable, folder)
    address = serve(folder)
    assert b"Linear algebra 1" in ask(address, "/")[2]
    write(replace(read(folder), title="Another title"), folder)
    assert b"Another title" in ask(address, "/")[2]


def test_a_folder_without_a_lecture_is_refused(tmp_path: Path) -> None:
    """Nothing should listen where there is nothing to show."""
    with pytest.raises(MediaUnreadable, match="no finished lecture"):
        preview(tmp_path)


def test_a_taken_port_is_said_in_a_sentence(watchable: Path) -> None:
    """The usual cause is another preview that is still open."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} cannot be listened on"):
            preview(watchable, port=port)


def test_it_stops_when_asked(watchable: Path) -> None:
    """Even while a browser keeps its connection open."""
    stop, heard, addresses = threading.Event(), threading.Event(), []

    def ready(address: str) -> None:
        addresses.append(address)
        heard.set()

    thread = threading.Thread(target=preview, args=(watchable,), kwargs={"ready": ready, "stop": stop})
    thread.start()
    assert heard.wait(20)
    connection = http.client.HTTPConnection(urlsplit(addresses[0]).netloc, timeout=10)
    connection.request("GET", "/download.mp4")
    answer = connection.getresponse()
    answer.read(1000)
    stop.set()
    thread.join(10)
    connection.close()
    assert not thread.is_alive()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent in another way there")
def test_ctrl_c_ends_it_without_a_traceback(watchable: Path) -> None:
    """That is how people will end it, every time."""
    code = (
        "from pathlib import Path; from flipcast.web.preview import preview; "
        f"preview(Path({str(watchable)!r}), ready=lambda a: print(a, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline().startswith("http://127.0.0.1:")
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 0
        assert child.stderr.read() == ""
