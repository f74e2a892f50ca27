"""A proxy on loopback that misbehaves as it is told, in front of a real server."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that came by."""

    number: int
    """From 1."""

    method: str
    """``"PUT"``."""

    path: str
    """With the query."""


Mood = Callable[[Asked], str]
"""What to do with a request: ``""`` to pass it on, ``"reset"``, ``"stall"``, ``"spoil"`` (a byte of what is sent),
``"lie"`` (a byte of what comes back), ``"cut"`` (half of what comes back), or an answer: ``"503 SlowDown"``."""


class Proxy:
    """Passes requests to *upstream*, in the *mood* it is in; one request a connection."""

    def __init__(self, upstream: str, mood: Mood = lambda asked: "") -> None:
        self._upstream = urlsplit(upstream)
        self.mood = mood
        self.asked: list[Asked] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock, self._ended = threading.Lock(), threading.Event()
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Proxy:
        self._threads.append(threading.Thread(target=self._accept))
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with socket.create_connection(self._listening.getsockname()):
            pass  # wakes the one who waits for connections
        self._threads[0].join()
        self._listening.close()
        with self._lock:
            for left in self._open:
                left.close()
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            if self._ended.is_set():
                client.close()
                return
            with self._lock:
                self._open.add(client)
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            self._one(client)
        except (OSError, http.client.HTTPException):
            pass  # the other side went away: that is its right
        finally:
            with self._lock:
                self._open.discard(client)
            client.close()

    def _one(self, client: socket.socket) -> None:
        with client.makefile("rb") as reader:
            first = reader.readline().decode("latin-1")
            if not first.strip():
                return
            method, path, _ = first.split(" ", 2)
            headers = http.client.parse_headers(reader)
            if headers.get("Expect"):
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = reader.read(int(headers.get("Content-Length") or 0))
        with self._lock:
            asked = Asked(number=len(self.asked) + 1, method=method, path=path)
            self.asked.append(asked)
        mood = self.mood(asked)
        if mood == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if mood == "stall":
            self._ended.wait(30)
            return
        if mood[:1].isdigit():
            status, code = mood.split()
            xml = f"<Error><Code>{code}</Code><Message>Not today</Message></Error>".encode()
            self._answer(client, method, int(status), [("Content-Type", "application/xml")], xml)
            return
        if mood == "spoil" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        assert self._upstream.hostname
        server = http.client.HTTPConnection(self._upstream.hostname, self._upstream.port, timeout=30)
        try:
            server.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in ("expect", "connection"):
                    server.putheader(name, value)
            server.endheaders(body or None)
            answer = server.getresponse()
            content = answer.read()
            if mood == "lie" and content:
                content = bytes([content[0] ^ 1]) + content[1:]
            kept = [(n, v) for n, v in answer.getheaders() if n.lower() not in ("transfer-encoding", "connection")]
            self._answer(client, method, answer.status, kept, content, cut=mood == "cut")
        finally:
            server.close()

    def _answer(
        self,
        client: socket.socket,
        method: str,
        status: int,
        headers: list[tuple[str, str]],
        content: bytes,
        *,
        cut: bool = False,
    ) -> None:
        lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() != "content-length"]
        length = next((v for n, v in headers if n.lower() == "content-length"), str(len(content)))
        lines.append(f"Content-Length: {length if method == 'HEAD' else len(content)}")
        client.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if method != "HEAD":
            client.sendall(content[: len(content) // 2] if cut else content)
