"""Stores that are busy, broken, strict or far away: each is either sat out or explained in a sentence."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from process.errors import Stopped
from publish.errors import (
    ContentDiffers,
    PublishError,
    StoreDenied,
    StoreMissing,
    StoreUnreachable,
)
from publish.publication import audit
from publish.release import release
from publish.stores import open_store
from tests.fixtures.store import make_lecture, small
from tests.publish.proxy import Asked, Proxy


@pytest.fixture
def proxy(s3_server) -> Iterator[Proxy]:
    with Proxy(s3_server.endpoint_url) as passing:
        yield passing


def publish(proxy: Proxy, address: str, folder: Path, *, attempts: int = 4, read_timeout: float = 10):
    with open_store(address, small(proxy.url, attempts=attempts, read_timeout=read_timeout)) as store:
        return release(folder, store, name="algebra")


@pytest.mark.parametrize("troubles", [("503 SlowDown", "500 InternalError", "reset"), ("spoil",), ("cut",)])
def test_what_passes_is_sat_out(troubles: tuple[str, ...], proxy: Proxy, s3_address: str, s3_store, tmp_path: Path):
    """Every request fails once. A store has a bad second every day; nobody wants to hear of it."""
    make_lecture(tmp_path / "lecture", film_bytes=8_000_000, clips=1)
    seen: set[tuple[str, str]] = set()

    def mood(asked: Asked) -> str:
        if (asked.method, asked.path) in seen:
            return ""
        seen.add((asked.method, asked.path))
        return troubles[len(seen) % len(troubles)]

    proxy.mood = mood
    published = publish(proxy, s3_address, tmp_path / "lecture", attempts=3)

    audit(published, s3_store, read_back=True)


@pytest.mark.parametrize(
    ("trouble", "kind", "says"),
    [
        ("503 SlowDown", StoreUnreachable, r"503 SlowDown each of 2 times — try again"),
        ("reset", StoreUnreachable, r"connection to http://127\.0\.0\.1:\d+ broke"),
        ("stall", StoreUnreachable, r"stalled"),
        ("spoil", ContentDiffers, r"came to harm on the way .* checksum"),
        ("403 AccessDenied", StoreDenied, r"will not take \S+: Not today — ask its owner"),
        ("507 InsufficientStorage", PublishError, r"no room for"),
    ],
)
def test_what_does_not_pass_is_explained(
    trouble: str, kind: type[PublishError], says: str, proxy: Proxy, s3_address: str, s3_store, tmp_path: Path
):
    """What happened, and what to do; soon; and the next attempt works."""
    make_lecture(tmp_path / "lecture", clips=1)
    proxy.mood = lambda asked: trouble if asked.method == "PUT" and "/media/" in asked.path else ""
    began = time.monotonic()

    with pytest.raises(kind, match=says) as raised:
        publish(proxy, s3_address, tmp_path / "lecture", attempts=2, read_timeout=0.7)

    assert time.monotonic() - began < 20
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert s3_store.head("lectures/algebra/index.html") is None
    proxy.mood = lambda asked: ""
    audit(publish(proxy, s3_address, tmp_path / "lecture"), s3_store)


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("403 RequestTimeTooSkewed", r"clock is wrong — set the clock"),
        ("403 ExpiredToken", r"token has expired — sign in again"),
        ("403 InvalidToken", r"does not accept the session token — sign in again"),
    ],
)
def test_a_refusal_says_what_to_mend(trouble: str, says: str, proxy: Proxy, s3_address: str):
    """Each has its own remedy, and all come with the same number."""
    proxy.mood = lambda asked: trouble

    with pytest.raises(StoreDenied, match=says):
        open_store(s3_address, small(proxy.url)).__enter__()


def test_a_store_that_gives_other_bytes_than_it_took_is_found_out(
    proxy: Proxy, s3_address: str, s3_store, tmp_path: Path
):
    """Its own word, a digest in a header, is still the right one."""
    make_lecture(tmp_path / "lecture")
    published = release(tmp_path / "lecture", s3_store, name="algebra")
    proxy.mood = lambda asked: "lie" if asked.method == "GET" and asked.path.endswith(".jpg") else ""

    with open_store(s3_address, small(proxy.url)) as store:
        audit(published, store)
        with pytest.raises(ContentDiffers, match=r"other bytes for media/\w+\.jpg"):
            audit(published, store, read_back=True)


def test_a_wrong_secret_is_called_that(s3_server, s3_address: str, monkeypatch, caplog):
    """The commonest first failure; and secrets are never shown, not even wrong ones."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-but-private")

    with pytest.raises(StoreDenied, match=r"secret is wrong — check AWS_SECRET_ACCESS_KEY") as raised:
        open_store(s3_address, small(s3_server.endpoint_url)).__enter__()

    assert "private" not in str(raised.value) + caplog.text


def test_an_unknown_key_is_called_that(s3_server, s3_address: str, monkeypatch):
    """So that nobody looks at the secret."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")

    with pytest.raises(StoreDenied, match=r"does not know the access key — check AWS_ACCESS_KEY_ID"):
        open_store(s3_address, small(s3_server.endpoint_url)).__enter__()


def test_no_key_at_all_is_called_that(s3_server, s3_address: str, monkeypatch, tmp_path: Path):
    """The commonest failure before the first."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(StoreDenied, match=r"no access key is at hand .* set AWS_ACCESS_KEY_ID"):
        open_store(s3_address, small(s3_server.endpoint_url)).__enter__()


def test_a_bucket_that_is_not_there_is_named(s3_server):
    """A store must not be made by a typing mistake."""
    with pytest.raises(StoreMissing, match=r"no bucket lectuers at http"):
        open_store("s3://lectuers/spring", small(s3_server.endpoint_url)).__enter__()


def test_a_server_that_is_not_there_is_named(s3_server):
    """Off, or behind a wall, or the address is wrong."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(StoreUnreachable, match=rf"nothing answers at http://127\.0\.0\.1:{port}"):
        open_store("s3://lectures", small(f"http://127.0.0.1:{port}", attempts=2)).__enter__()


def test_a_host_that_has_no_address_is_named(s3_server):
    """A name ending in .invalid never has one."""
    with pytest.raises(StoreUnreachable, match=r"no host 's3\.example\.invalid'"):
        open_store("s3://lectures", small("https://s3.example.invalid", attempts=2)).__enter__()


@pytest.mark.parametrize("url", ["s3.example.edu", "ftp://x", "http://"])
def test_an_endpoint_that_is_no_address_is_told_so(url: str):
    """boto3 would say that it is an invalid endpoint and leave the rest to us."""
    with pytest.raises(StoreMissing, match="no address of an S3 server"):
        open_store("s3://lectures", small(url))


def test_ctrl_c_ends_a_publish_within_two_seconds(proxy: Proxy, s3_address: str, tmp_path: Path):
    """Even while the store keeps us waiting."""
    make_lecture(tmp_path / "lecture", film_bytes=30_000_000)
    stop = threading.Event()
    proxy.mood = lambda asked: "503 SlowDown" if "/media/" in asked.path and asked.method == "PUT" else ""
    timer = threading.Timer(0.5, stop.set)
    with open_store(s3_address, small(proxy.url, attempts=50), stop=stop) as store:
        timer.start()
        with pytest.raises(Stopped):
            release(tmp_path / "lecture", store, name="algebra", stop=stop)
    timer.join()
    asked = len(proxy.asked)

    time.sleep(0.3)

    assert len(proxy.asked) == asked, "nothing goes on behind our back"


@pytest.mark.skipif(os.name == "nt", reason="limits are set otherwise there")
def test_a_full_disk_is_called_that(tmp_path: Path):
    """And nothing half-written is left behind."""
    make_lecture(tmp_path / "lecture", film_bytes=3_000_000)
    child = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "lecture"), str(tmp_path / "store")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )

    assert "StoreFull" in child.stdout, child.stderr
    assert "free some room there" in child.stdout
    left = [p for p in (tmp_path / "store").rglob("*") if p.is_file() and p.stat().st_size > 1_000_000]
    assert left == []


_FULL = """
import resource, signal, sys
from pathlib import Path
from publish.errors import PublishError
from publish.release import release
from publish.stores import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    with open_store(sys.argv[2]) as store:
        release(Path(sys.argv[1]), store, name="algebra")
except PublishError as error:
    print(type(error).__name__, error)
"""


BARRED = """
import os, sys
from publish.errors import PublishError
from publish.stores import folder, open_store
if os.geteuid() == 0:  # root may do everything, so nobody does it
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    with open_store(sys.argv[1]) as store:
        store.put("a.txt", b"a", sha256=sys.argv[2], kind="text/plain")
except PublishError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(os.name == "nt", reason="folders are not barred by modes there")
def test_a_folder_that_may_not_be_written_to_is_called_that():
    """Shares are often read-only for half of those who see them."""
    with tempfile.TemporaryDirectory() as scratch:  # pytest's own is for its user alone
        Path(scratch).chmod(0o755)
        store = Path(scratch) / "store"
        store.mkdir(mode=0o555)
        digest = hashlib.sha256(b"a").hexdigest()
        said = subprocess.run([sys.executable, "-c", BARRED, store, digest], capture_output=True, text=True)

    assert said.stdout.startswith("StoreDenied"), said.stderr
    assert "right to write" in said.stdout


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path):
    """A store is a folder."""
    (tmp_path / "store").write_text("")

    with pytest.raises(StoreMissing, match="is not a folder"):
        open_store(str(tmp_path / "store")).__enter__()
