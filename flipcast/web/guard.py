"""Who may talk to the pages: whoever was given the address, from this machine, from these very pages.

The pages can wake a camera, so they are not open to everyone who can reach the port. Four things are asked of each
request before any page sees it:

* the letters that stand first in the path: other users of the machine, and pages of other sites, do not know them;
* the name it was asked by: a foreign name that points here (DNS rebinding) is refused;
* where it comes from: what changes anything, and every WebSocket, must come from our own pages (CSRF);
* how long it is: a body that is longer than its way in allows is cut off, whatever its head says.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY = 1_000_000
"""Bytes of a request, where its way in allows no more."""

REFUSED = "This address is not, or no longer, valid. Run 'flipcast open' again.\n"
"""What somebody without the secret reads."""


Admit = Callable[[str, str], int]
"""Told the letters and who asks (a number of the network): 0 if they are let in, else the status they are answered."""


def new_secret() -> str:
    """A secret for an address, 32 letters; nobody guesses it."""
    return secrets.token_urlsafe(24)


def only(secret: str) -> Admit:
    """Let in whoever knows *secret*."""

    def admit(letters: str, _: str) -> int:
        return 0 if secrets.compare_digest(letters.encode(), secret.encode()) else 403

    return admit


class Guard:
    """Lets through what is admitted; the path that the pages see does not have its letters any more.

    They are found in the scope, as ``"letters"``.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        admit: Admit,
        hosts: Iterable[str],
        inline: Iterable[str] = (),
        long: tuple[str, ...] = (),
        refused: Callable[[int], Response] = lambda status: PlainTextResponse(REFUSED, status),
    ) -> None:
        """Of *app*; *hosts* are names with their ports, *inline* the scripts that stand in pages, *long* the beginnings
        of the paths that limit their bodies themselves, *refused* what whoever is not let in is answered, by status."""
        self._app, self._admit = app, admit
        self._refused = refused
        self._hosts = frozenset(host.lower() for host in hosts)
        self._long = long
        hashes = " ".join(f"'sha256-{_digest(script)}'" for script in inline)
        self._policy = (
            f"default-src 'self'; script-src 'self' {hashes}; img-src 'self' blob: data:; media-src 'self' blob:;"
            " style-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status = self._status(scope)
        if status:
            await self._refuse(scope, receive, send, status)
            return
        first, _, rest = scope["path"].lstrip("/").partition("/")
        way = {"path": f"/{rest}", "raw_path": f"/{rest}".encode(), "root_path": "", "letters": first}
        inner = {**scope, **way}
        if scope["type"] == "websocket":
            await self._app(inner, receive, send)
        elif not scope["path"].startswith(f"/{first}/"):  # without the slash, relative addresses lead elsewhere
            await self._refuse(scope, receive, send, 404)
        else:
            await self._answered(inner, receive, send)

    def _status(self, scope: Scope) -> int:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if host not in self._hosts:
            return 421
        first = scope["path"].lstrip("/").partition("/")[0]
        if status := self._admit(first, (scope.get("client") or ("",))[0]):
            return status
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        origin = headers.get("origin")
        own = origin is not None and origin.partition("://")[2].lower() == host
        if changes and not own:
            return 403
        return 0

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, status: int) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4403})
            return
        await self._refused(status)(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = None if scope["path"].startswith(self._long) else LONGEST_BODY

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            if left is not None and message["type"] == "http.request":
                left -= len(message.get("body", b""))
                if left < 0:
                    raise HTTPException(413, "More was sent than can be taken here. Send less of it.")
            return message

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                headers.setdefault("Content-Security-Policy", self._policy)  # a watch page brings its own
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
            await send(message)

        await self._app(scope, counted, headed)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
