"""What people's phones reach of the booth: their own slides going in, and their own lecture coming out.

It is served in a network, so it knows nothing else: no camera, no library, nobody's ticket but the one that stands
first in the address. Wrong tickets are answered like ones that are over, and whoever tries many gets none for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import re
import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from flipcast.booth.tickets import LETTERS, Ticket, written_ticket
from flipcast.deck import SlidesRefused, plain_title
from flipcast.deck.limits import Limits
from flipcast.web.app import IMPORTS, page, site
from flipcast.web.guard import Guard

LONGEST_NAME = 300
"""Letters of a file's name."""

_TICKET = re.compile(f"[{LETTERS}]{{1,40}}")
_MINUTE = 60.0
_GUESSES = 20
_SPARE_BYTES = 500_000_000  # the disk is wanted for a recording, too
_QUIET = 10.0  # a phone that left the network does not say so
_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>flipcast</title><body><p>{}</p><p lang="de">{}</p>
"""
_NOT_VALID = (
    "This address is not, or no longer, valid. Scan the code in the booth again.",
    "Diese Adresse gilt nicht oder nicht mehr. Lesen Sie den Code in der Kabine noch einmal ein.",
)
_TOO_OFTEN = (
    "Too many wrong addresses were tried. Wait a minute, then scan the code in the booth again.",
    "Zu viele falsche Adressen wurden versucht. Warten Sie eine Minute, dann lesen Sie den Code in der Kabine ein.",
)


class Visitors(Protocol):
    """Who has a ticket, and what it opens."""

    def ticket(self, letters: str) -> Ticket | None:
        """What *letters* open; ``None`` for nothing."""

    def scratch(self, letters: str) -> Path:
        """A folder for what is sent by that ticket, which goes with its person; fails where nothing can be sent."""

    def take_slides(self, letters: str, files: Sequence[Path], names: Sequence[str]) -> str:
        """Take in *files*, called *names*, as slides; gives their title."""


def phone_app(
    visitors: Visitors, *, hosts: Iterable[str], limits: Limits | None = None, quiet: float = _QUIET
) -> ASGIApp:
    """The page for phones, for whoever has one of the *visitors*' tickets; reached under *hosts* (with port) alone.

    A phone that sends nothing for *quiet* seconds, in the middle of a file, is not waited for any longer.
    """
    limits = limits or Limits()
    sent = _Sent(visitors, limits, quiet)

    async def state(request: Request) -> Response:
        told = await run_in_threadpool(_told, visitors, request.scope["letters"])
        return JSONResponse({**told, "most": limits.bytes_in})

    async def upload(request: Request) -> Response:
        name, place = request.query_params.get("name", ""), request.query_params.get("at", "0")
        if not name or len(name) > LONGEST_NAME or not re.fullmatch("[0-9]{1,4}", place):
            raise HTTPException(400)
        await sent.take(request, name, int(place))
        return JSONResponse({})

    async def show(request: Request) -> Response:
        title = await run_in_threadpool(sent.show, request.scope["letters"])
        return JSONResponse({"title": title})

    def film(request: Request) -> Response:
        ticket = visitors.ticket(request.scope["letters"])
        if ticket is None or ticket.film is None or not ticket.film.is_file():
            raise HTTPException(404)
        called = f"{plain_title(ticket.title + '.x')[:80]}{ticket.film.suffix}"
        return FileResponse(ticket.film, media_type="video/mp4", filename=called)

    routes = [
        page("/", "phone"),
        Route("/state", state),
        Route("/slides", upload, methods=["POST"]),
        Route("/show", show, methods=["POST"]),
        Route("/film", film),
    ]
    guesses = _Guesses()

    def admit(letters: str, client: str) -> int:
        if guesses.are_many(client):
            return 429
        if _TICKET.fullmatch(letters) and visitors.ticket(letters) is not None:
            return 0
        guesses.count(client, letters)
        return 403

    guard = Guard(site(routes), admit=admit, hosts=hosts, inline=[IMPORTS], long=("/slides",), refused=_refused)
    return _Straight(guard)


def _refused(status: int) -> Response:
    return HTMLResponse(_REFUSED.format(*(_TOO_OFTEN if status == 429 else _NOT_VALID)), status)


def _told(visitors: Visitors, letters: str) -> dict[str, Any]:
    ticket = visitors.ticket(letters)
    if ticket is None:
        raise HTTPException(404)
    page_at = ticket.page if ticket.page and ticket.page.startswith(("https://", "http://")) else None
    return {
        "step": ticket.step,
        "title": ticket.title,
        "share": round(ticket.share, 3),
        "left": ticket.left,
        "page": page_at,
        "film": ticket.film is not None,
        "deck": ticket.deck,
        "trouble": ticket.trouble,
    }


class _Sent:
    """What phones have sent, and nobody has shown yet."""

    def __init__(self, visitors: Visitors, limits: Limits, quiet: float) -> None:
        self._visitors, self._limits, self._quiet = visitors, limits, quiet
        self._files: dict[str, list[tuple[Path, str]]] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    async def take(self, request: Request, name: str, place: int) -> None:
        """Write one file down as it comes, the one at *place* of several; what comes half is removed.

        What was sent for that place and those after it is forgotten, so that whoever begins again begins anew.
        """
        letters = request.scope["letters"]
        folder = await run_in_threadpool(self._visitors.scratch, letters)
        with self._alone(letters):
            files = self._files.setdefault(letters, [])
            files[:] = [one for one in files if one[0].parent == folder and one[0].is_file()]
            if place > len(files):
                raise SlidesRefused("what was sent before is not there any more", hint="send all of it again")
            _remove(files[place:])
            del files[place:]
            room = self._limits.bytes_in - sum(path.stat().st_size for path, _ in files)
            self._refuse_more(int(request.headers.get("content-length") or 0), room, len(files))
            if shutil.disk_usage(folder).free < _SPARE_BYTES:
                raise SlidesRefused("the booth's disk is nearly full", hint="tell the operator")
            path = folder / f"{place:04d}-{secrets.token_hex(4)}"
            try:
                await self._write(request, path, room)
            except BaseException as error:
                path.unlink(missing_ok=True)
                if isinstance(error, OSError):
                    raise _unwritten(error) from None
                raise
            files.append((path, name))

    def show(self, letters: str) -> str:
        """Make slides of all that was sent; gives their title. Whatever comes of it, what was sent is gone after."""
        with self._alone(letters):
            files = self._files.pop(letters, [])
            try:
                return self._visitors.take_slides(letters, [path for path, _ in files], [name for _, name in files])
            finally:
                _remove(files)

    async def _write(self, request: Request, path: Path, room: int) -> None:
        got, pieces = 0, request.stream()
        with path.open("xb") as file:
            while True:
                async with asyncio.timeout(self._quiet):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                got += len(piece)
                self._refuse_more(got, room, 0)
                await run_in_threadpool(file.write, piece)

    def _refuse_more(self, size: int, room: int, files: int) -> None:
        if size > room:
            most = self._limits.bytes_in / 1e6
            raise SlidesRefused(f"more than {most:.0f} MB were sent", hint="save them as a smaller PDF")
        if files >= self._limits.files:
            raise SlidesRefused(f"more than {self._limits.files} files were sent", hint="choose fewer")

    @contextlib.contextmanager
    def _alone(self, letters: str) -> Any:
        with self._lock:
            if letters in self._busy:
                raise HTTPException(423, "Something else is being sent; wait until it is there.")
            self._busy.add(letters)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(letters)


def _remove(files: Iterable[tuple[Path, str]]) -> None:
    for path, _ in files:
        with contextlib.suppress(OSError):
            path.unlink()


def _unwritten(error: OSError) -> SlidesRefused:
    if isinstance(error, TimeoutError):
        return SlidesRefused("nothing more came from the phone", hint="send it again")
    if error.errno == errno.ENOSPC:
        return SlidesRefused("the booth's disk is full", hint="tell the operator")
    return SlidesRefused(f"it could not be written down: {error.strerror}", hint="send it again")


class _Guesses:
    """Wrong tickets of the last minute, by who tried them.

    One that is tried again and again is no guess: a phone that is left with a ticket that is over asks for ever, and
    a whole network may stand behind its address.
    """

    def __init__(self) -> None:
        self._wrong: dict[str, deque[tuple[float, str]]] = {}
        self._lock = threading.Lock()

    def count(self, client: str, letters: str) -> None:
        with self._lock:
            now = time.monotonic()
            if len(self._wrong) > 1000:  # of whoever has not tried lately nothing needs to be known
                self._wrong = {who: tried for who, tried in self._wrong.items() if now - tried[-1][0] < _MINUTE}
            tried = self._wrong.setdefault(client, deque(maxlen=_GUESSES))
            if all(letters[:40] != one or now - when >= _MINUTE for when, one in tried):
                tried.append((now, letters[:40]))

    def are_many(self, client: str) -> bool:
        with self._lock:
            tried = self._wrong.get(client)
            return tried is not None and len(tried) == _GUESSES and time.monotonic() - tried[0][0] < _MINUTE


class _Straight:
    """Leads what people type, with capitals and hyphens and no slash at the end, to the address that is meant."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        first, slash, rest = path.lstrip("/").partition("/")
        meant = written_ticket(first)
        straight = scope["type"] != "http" or scope["method"] != "GET" or not meant.isalnum() or not meant.isascii()
        if straight or rest or (first == meant and slash):
            await self._app(scope, receive, send)
            return
        await RedirectResponse(f"/{meant}/", status_code=303)(scope, receive, send)
