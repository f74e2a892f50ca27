"""What every store promises, asked of each of them: a folder, and a real S3 server."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from process.errors import Stopped
from publish.errors import ContentDiffers, ObjectMissing, StoreDenied, StoreMissing
from publish.stores import Store, StoreSettings, open_store


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "s3":
        yield request.getfixturevalue("s3_store")
        return
    with open_store(str(tmp_path / "store")) as opened:
        yield opened


def put(store: Store, key: str, content: bytes, **how: object) -> bool:
    digest = hashlib.sha256(content).hexdigest()
    return store.put(key, content, sha256=digest, kind="text/plain", **how)  # type: ignore[arg-type]


def test_what_is_put_comes_back(store: Store):
    """All else rests on it."""
    assert put(store, "a/b.txt", b"hello")

    assert store.get("a/b.txt") == b"hello"


def test_a_head_knows_size_and_digest(store: Store):
    """By them a second publish sees that nothing needs sending."""
    put(store, "a/b.txt", b"hello", caching="no-cache")

    stored = store.head("a/b.txt")

    assert stored is not None
    assert (stored.key, stored.size_bytes) == ("a/b.txt", 5)
    assert stored.sha256 == hashlib.sha256(b"hello").hexdigest()


def test_nothing_is_said_of_what_is_not_there(store: Store):
    """Absence is an answer; only reading it is a fault."""
    assert store.head("a/b.txt") is None
    with pytest.raises(ObjectMissing, match=r"a/b\.txt"):
        store.get("a/b.txt")


def test_a_range_is_those_bytes(store: Store):
    """Players ask for nothing else."""
    put(store, "m", bytes(range(256)))

    assert store.get("m", start=10, length=5) == bytes(range(10, 15))
    assert store.get("m", start=250) == bytes(range(250, 256))
    assert store.get("m", start=250, length=100) == bytes(range(250, 256))
    assert store.get("m", start=3, length=0) == b""


def test_a_list_is_all_under_a_prefix_in_order(store: Store):
    """Withdrawing and the catalogue find their objects by it; a prefix need not end with a slash."""
    for key in ("b/2", "b/1", "ba", "a/1", "b/c/d"):
        put(store, key, key.encode())

    assert [s.key for s in store.list("b")] == ["b/1", "b/2", "b/c/d", "ba"]
    assert [s.key for s in store.list("b/")] == ["b/1", "b/2", "b/c/d"]
    assert [s.key for s in store.list("")] == ["a/1", "b/1", "b/2", "b/c/d", "ba"]
    assert list(store.list("none/")) == []


def test_an_etag_changes_with_the_content(store: Store):
    """The catalogue is made anew only from what changed."""
    put(store, "a", b"one")
    before, again = [next(iter(store.list("a"))).etag for _ in range(2)]
    put(store, "a", b"two")

    assert before == again != next(iter(store.list("a"))).etag


def test_a_second_put_replaces_the_first(store: Store):
    """Watch pages keep their address."""
    put(store, "a", b"one")
    put(store, "a", b"other")

    assert store.get("a") == b"other"


def test_of_many_who_put_only_if_absent_one_wins(store: Store):
    """Two that think they were first would each trust what the other overwrote."""
    barrier = threading.Barrier(8)

    def race(n: int) -> bool:
        barrier.wait()
        return put(store, "race", f"{n}".encode(), only_if_absent=True)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))

    assert won.count(True) == 1
    assert store.get("race") == f"{won.index(True)}".encode()


def test_what_is_deleted_is_gone_and_deleting_again_is_no_fault(store: Store):
    """A withdrawal that was cut short is simply run again."""
    put(store, "a/b", b"x")
    put(store, "a/c", b"y")

    store.delete(["a/b", "a/none"])
    store.delete(["a/b"])

    assert [s.key for s in store.list("")] == ["a/c"]


def test_folders_of_a_put_that_died_go_with_the_rest(tmp_path: Path):
    """A withdrawn lecture leaves nothing behind, not even where something was about to be put."""
    with open_store(str(tmp_path / "store")) as store:
        put(store, "lectures/algebra/1/film.mp4", b"x")
        (tmp_path / "store/lectures/algebra/2/clips").mkdir(parents=True)
        store.delete(["lectures/algebra/1/film.mp4"])

    assert list((tmp_path / "store").iterdir()) == []


def test_puts_and_deletes_at_the_same_time_never_hinder_each_other(tmp_path: Path):
    """What one publisher tidies up in a folder, another may be looking at this very moment."""
    over = threading.Event()
    with open_store(str(tmp_path / "store")) as store, ThreadPoolExecutor(8) as pool:

        def tidy() -> None:
            while not over.is_set():
                store.delete(["a/none"])

        tidying = [pool.submit(tidy) for _ in range(4)]
        try:
            assert all(pool.map(lambda n: put(store, f"a/{n % 7}/{n}", b"x"), range(400)))
        finally:
            over.set()
        for each in tidying:
            each.result()
        assert len(list(store.list("a/"))) == 400


def test_content_that_is_not_what_it_is_said_to_be_is_refused(store: Store, tmp_path: Path):
    """A file that somebody writes to while it goes up would be published half old, half new."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"changed")
    large.write_bytes(os.urandom(13 << 20))
    wrong = hashlib.sha256(b"as it was").hexdigest()

    for path in (small, large):
        with pytest.raises(ContentDiffers, match=path.name):
            store.put(f"media/{path.name}", path, sha256=wrong, kind="video/mp4")

    assert list(store.list("")) == []


def test_a_large_file_arrives_whole_and_is_told_of_on_the_way(store: Store, tmp_path: Path):
    """An hour of lecture is a gigabyte; whoever waits wants to see it move."""
    path, content, told = tmp_path / "large.mp4", os.urandom(13 << 20), []
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()

    store.put(f"media/{digest}.mp4", path, sha256=digest, kind="video/mp4", report=told.append)

    stored = store.head(f"media/{digest}.mp4")
    assert stored is not None
    assert (stored.size_bytes, stored.sha256) == (len(content), digest)
    assert hashlib.sha256(store.get(f"media/{digest}.mp4")).hexdigest() == digest
    assert sum(told) == len(content)
    assert len(told) > 1


@pytest.mark.parametrize("address", ["folder", "s3"])
def test_a_stop_is_heard(address: str, request: pytest.FixtureRequest, tmp_path: Path):
    """Ctrl-C is answered within two seconds, whatever is under way."""
    where = request.getfixturevalue("s3_address") if address == "s3" else str(tmp_path / "store")
    settings = StoreSettings(endpoint_url=request.getfixturevalue("s3_server").endpoint_url)
    stop = threading.Event()
    with open_store(where, settings, stop=stop) as store:
        stop.set()
        with pytest.raises(Stopped):
            put(store, "a", b"x")


@pytest.mark.parametrize("key", ["../out", "a/../../out", "/etc/passwd", "a//b", "a/./b", "c:\\x", "a\0b", "con/x"])
def test_no_key_leads_out_of_a_folder(key: str, tmp_path: Path):
    """Names come from titles, and titles from anybody."""
    with open_store(str(tmp_path / "store")) as store, pytest.raises(StoreDenied):
        put(store, key, b"x")


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_no_link_leads_out_of_a_folder(tmp_path: Path):
    """A link in a shared folder is somebody else's idea of where to write."""
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "media").symlink_to(tmp_path)

    with open_store(str(tmp_path / "store")) as store, pytest.raises(StoreDenied, match="lead out"):
        put(store, "media/x", b"x")


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ftp://host/x", "no kind of store"),
        ("s3://", "no bucket"),
        ("s3://bucket/../x", "prefix"),
        ("file://other/x", "another machine"),
        ("folder:", "no folder"),
    ],
)
def test_an_address_that_names_no_store_is_told_so(address: str, says: str):
    """A typing mistake must not make a folder called ``ftp:``."""
    with pytest.raises(StoreMissing, match=says), open_store(address):
        pass


def test_a_folder_is_named_in_three_ways(tmp_path: Path):
    """People paste what they have."""
    for name in (str, lambda p: f"folder:{p}", Path.as_uri):
        say: Callable[[Path], str] = name
        with open_store(say(tmp_path / "näh er")) as store:
            assert store.address == str(tmp_path / "näh er")
