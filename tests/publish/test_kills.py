"""A publisher dies at any moment: viewers notice nothing, and the next attempt makes it whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from publish.errors import ObjectMissing
from publish.publication import audit
from publish.release import release, withdraw
from publish.stores import Store, open_store
from publish.stores.s3 import S3Store
from tests.fixtures.store import make_lecture, small
from tests.publish.viewer import fetching, follow

PAGE = "lectures/algebra/index.html"
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)

_CHILD = """
import sys
from pathlib import Path
from publish.release import release, withdraw
from publish.stores import StoreSettings, open_store
what, address, folder, endpoint = sys.argv[1:]
with open_store(address, StoreSettings(endpoint_url=endpoint, part_mb=5, multipart_above_mb=6)) as store:
    print("ready", flush=True)
    if what == "publish":
        release(Path(folder), store, name="algebra", keep_seconds=0)
    else:
        withdraw(store, name="algebra")
    print("done", flush=True)
"""


def begin(what: str, address: str, folder: Path, endpoint: str) -> subprocess.Popen[str]:
    """A child that does it, and says when it starts to and when it has."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, what, address, str(folder), endpoint],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout
    assert child.stdout.readline() == "ready\n"
    return child


def kill(child: subprocess.Popen[str]) -> bool:
    """Kill it; whether it was done already."""
    os.kill(child.pid, KILL)
    child.wait()
    assert child.stdout
    with child.stdout as said:
        return "done" in said.read()


def take_down(store: Store) -> None:
    """Withdraw whatever is left; a child that was killed may have done nothing yet, or all but to say so."""
    if list(store.list("")):
        withdraw(store, name="algebra")
    assert list(store.list("")) == []


@pytest.fixture(params=["folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("s3_address")


def test_a_publisher_killed_at_any_moment_leaves_a_whole_revision(address: str, s3_server, tmp_path: Path):
    """Laptops are closed, batteries run out; the class must not see it."""
    moments, finished, seen = (0.1, 0.3, 0.5, 0.7, 0.9), 0, 0
    with open_store(address, small(s3_server.endpoint_url)) as store:
        took, fetch = 0.0, fetching(store)
        for n, moment in enumerate((1.0, *moments)):
            shutil.rmtree(tmp_path / "lecture", ignore_errors=True)
            make_lecture(tmp_path / "lecture", title=f"Edition {n}", seed=n, film_bytes=300_000)
            child = begin("publish", address, tmp_path / "lecture", s3_server.endpoint_url)
            if n:
                time.sleep(moment * took)
            else:  # the first is let through, to see how long it takes here and now
                began = time.monotonic()
                assert child.stdout
                assert child.stdout.readline() == "done\n"
                took = time.monotonic() - began
            finished += kill(child)
            if store.head(PAGE):
                follow(PAGE, fetch)
                seen += 1

        published = release(tmp_path / "lecture", store, name="algebra", keep_seconds=0)

        assert finished < len(moments), "none was killed at work"
        assert seen
        audit(published, store, read_back=True)
        follow(PAGE, fetch)
        held = {o.key for o in published.manifest.objects}
        extra = {f.key for f in store.list("")} - held - {"index.html", "catalogue.json", "manifests/algebra.json"}
        assert extra == set(), "what the dead had put is swept"
        withdraw(store, name="algebra")
        assert list(store.list("")) == []
    if address.startswith("s3:"):
        return
    assert list(Path(address).iterdir()) == []


def test_what_a_killed_first_attempt_put_can_be_withdrawn(address: str, s3_server, tmp_path: Path):
    """Nobody has seen it, but it costs money every month."""
    make_lecture(tmp_path / "lecture", film_bytes=30_000_000)
    for moment in (0.15, 0.1, 0.05, 0.0):  # a machine may be faster than we think
        child = begin("publish", address, tmp_path / "lecture", s3_server.endpoint_url)
        time.sleep(moment)
        if not kill(child):
            break
        with open_store(address, small(s3_server.endpoint_url)) as store:
            take_down(store)
    else:
        pytest.fail("none was killed at work")

    with open_store(address, small(s3_server.endpoint_url)) as store:
        take_down(store)
        if isinstance(store, S3Store):
            assert store.unfinished("") == ()


def test_a_withdrawal_that_was_killed_is_finished_by_the_next(address: str, s3_server, tmp_path: Path):
    """Half taken down is neither up nor down."""
    make_lecture(tmp_path / "lecture")
    with open_store(address, small(s3_server.endpoint_url)) as store:
        for wait in (0.01, 0.04, 0.1):
            release(tmp_path / "lecture", store, name="algebra")
            child = begin("withdraw", address, tmp_path, s3_server.endpoint_url)
            time.sleep(wait)
            kill(child)
            take_down(store)


def test_a_large_file_goes_on_where_a_killed_attempt_stopped(s3_server, s3_address: str, tmp_path: Path):
    """On a slow line the second attempt must not begin at nothing, or it will never end."""
    make_lecture(tmp_path / "lecture", film_bytes=30_000_000)
    slow = tmp_path / "slow.py"
    slow.write_text(_SLOW + _CHILD)
    child = subprocess.Popen(
        [sys.executable, str(slow), "publish", s3_address, str(tmp_path / "lecture"), s3_server.endpoint_url],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    prefix = s3_address.split("/", 3)[3] + "/"
    with S3Store("lectures", prefix=prefix, settings=small(s3_server.endpoint_url)) as store:
        until = time.monotonic() + 60
        while time.monotonic() < until and _parts(store) < 6:
            time.sleep(0.02)
        assert not kill(child)
        there = _parts(store)
        sent: list[str] = []
        send = store.send
        store.send = lambda name, *rest, **how: sent.append(name) or send(name, *rest, **how)  # type: ignore[method-assign,func-returns-value]

        published = release(tmp_path / "lecture", store, name="algebra")

        parts = sum(-(-o.size_bytes // (5 << 20)) for o in published.manifest.objects if o.size_bytes > 6 << 20)
        assert there >= 6
        assert sent.count("upload_part") <= parts - there + 1
        audit(published, store, read_back=True)
        assert store.unfinished("") == ()


def _parts(store: S3Store) -> int:
    """How many parts of unfinished uploads the server holds."""
    found = 0
    for upload in store.unfinished("media/"):
        key = upload["Key"].removeprefix(store.prefix)
        try:
            found += len(store.ask("list_parts", key, UploadId=upload["UploadId"]).get("Parts", ()))
        except ObjectMissing:
            continue
    return found


_SLOW = """
import time
from publish.stores.s3 import S3Store
quick = S3Store.send
def send(self, name, *rest, **how):
    answer = quick(self, name, *rest, **how)
    time.sleep(0.4)
    return answer
S3Store.send = send
"""
