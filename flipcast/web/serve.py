"""A web server on loopback that says where it is, and ends when it is told to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from flipcast.errors import DeskError

HOST = "127.0.0.1"
"""Only this machine is served, unless somebody says otherwise."""


class PortTaken(DeskError):
    """The port that was asked for cannot be listened on."""


def listening(port: int, *, host: str = HOST) -> socket.socket:
    """A socket that listens on *host*, loopback if not said, at *port*; at any free one for 0.

    Raises:
        PortTaken: *port* is in use, or not to be had, or *host* is not this machine.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        what = f"port {port} cannot be listened on at {host} ({error})"
        raise PortTaken(what, hint="choose another, or none") from None
    return found


def serve(
    app: ASGIApp,
    at: socket.socket,
    *,
    ready: Callable[[], None],
    stop: threading.Event,
    leaving: Callable[[], None] = lambda: None,
) -> None:
    """Serve *app* on the socket *at* until Ctrl-C, or until *stop* is set.

    Calls *ready* once it can be reached, and *leaving* before it ends, for what would keep pages waiting for ever.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # pictures are small already
        ws_max_size=65536,
    )
    try:
        _Server(config, ready, stop, leaving).run([at])
    except KeyboardInterrupt:
        return  # Ctrl-C is how it is meant to end


class _Server(uvicorn.Server):
    """A server that says when it is ready and looks, a few times a second, whether it should stop."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], stop: threading.Event, leaving: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready, self._stop, self._leaving = ready, stop, leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leaving()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if getattr(connection, "transport", None) is not None:
                connection.transport.abort()  # a browser that pauses a film never reads the rest
        await asyncio.sleep(0.01)  # the loop closes them on its next rounds

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)
