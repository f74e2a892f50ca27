"""What the booth's pages and phones are shown: of whoever stands there, and of nobody else."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from capture.errors import FlipcastError
from flipcast import told
from flipcast.booth.tickets import Ticket, spoken_ticket
from flipcast.booth.waiting import film_of
from flipcast.deck import Deck
from flipcast.library import Shelf
from flipcast.studio import TOPIC as STUDIO
from publish import publication

if TYPE_CHECKING:
    from flipcast.booth.stage import Stage


def facts(stage: Stage) -> dict[str, Any]:
    """All that the booth's pages show."""
    guest, step = stage.guest, str(stage.step)
    deck = guest.deck if guest else None
    recorded = guest.shelf if guest and step in ("review", "handover") else None
    scenes = stage.scenes.all if stage.green else ()
    return {
        "step": step,
        "leaves": _leaves(stage),
        "green": stage.green,
        "backgrounds": [one.facts() for one in scenes if deck is not None or one.kind != "slides"],
        "background": guest.background if guest else "",
        "deck": _deck(deck, guest.shown) if guest and deck else None,
        "taking": {"title": guest.taking[0], "share": round(guest.taking[1], 2)} if guest and guest.taking else None,
        "sticks": stage.plugged.facts() if guest else [],
        "phone": _phone(stage.phones, guest.ticket) if guest and stage.phones else None,
        "longest": stage.wishes.longest_seconds,
        "left": _left(stage) if step == "recording" else None,
        "takes": len(guest.aside) + 1 if guest else 0,
        "name": recorded.name if recorded else None,
        "title": told.title_of(recorded) if recorded else "",
        "hand": _hand(stage, recorded) if recorded and step == "handover" else None,
        "copy": guest.copy if guest else None,
        "trouble": told.trouble(stage.trouble),
    }


def handed(stage: Stage, shelf: Shelf) -> Ticket:
    """What the phone of whoever recorded the lecture on *shelf* is told."""
    task = stage.waiting.task(shelf.name) or {}
    film = film_of(shelf)
    return Ticket(
        step="ready" if film else "working",
        title=told.title_of(shelf),
        share=1.0 if film else float(task.get("overall", 0.0)),
        left=None if film else task.get("left"),
        page=_page_of(shelf),
        film=film,
        trouble="" if film else str(task.get("trouble", "")),
    )


def _hand(stage: Stage, shelf: Shelf) -> dict[str, Any]:
    """How far the lecture on *shelf* is on its way to whoever recorded it."""
    ticket = handed(stage, shelf)
    task = stage.waiting.task(shelf.name) or {}
    working = "working" if task.get("state") == "working" else "waiting"
    state = "sent" if ticket.page else "kept" if ticket.film else "failed" if ticket.trouble else working
    return {
        "state": state,
        "step": task.get("step", ""),
        "share": ticket.share,
        "left": ticket.left,
        "page": ticket.page,
        "trouble": ticket.trouble,
    }


def _leaves(stage: Stage) -> int | None:
    """Seconds until whoever is there counts as gone, once they are to be warned."""
    left = stage.patience() if stage.guest or str(stage.step) == "operator" else None
    return None if left is None or left > stage.wishes.warning_seconds else max(0, round(left))


def _left(stage: Stage) -> float:
    """Seconds that may still be recorded."""
    so_far = float((stage.studio.news.latest(STUDIO) or {}).get("seconds", 0.0))
    return max(0.0, round(stage.wishes.longest_seconds - so_far, 1))


def _phone(phones: str, letters: str) -> dict[str, str]:
    return {
        "address": f"{phones}/{letters}/",
        "typed": f"{phones.partition('://')[2]}/{spoken_ticket(letters)}",
        "code": f"booth/code.svg?{letters}",
    }


def _deck(deck: Deck, at: int) -> dict[str, Any]:
    return {
        "title": deck.title,
        "at": at,
        "slides": [
            {
                "title": slide.title,
                "thumbnail": f"booth/deck/{slide.thumbnail}",
                "picture": f"booth/deck/{slide.picture}",
                "notes": slide.notes,
            }
            for slide in deck.slides
        ],
    }


def _page_of(shelf: Shelf) -> str | None:
    """Where the lecture on *shelf* can be watched by everybody who has the address; ``None`` where it cannot."""
    with contextlib.suppress(FlipcastError):
        pages = [up.page for up in publication.read(shelf.folder)]
        return next((page for page in pages if page.startswith(("http://", "https://"))), None)
    return None
