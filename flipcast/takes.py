"""What the commands about takes do: list what was recorded, and make whole what a crash cut short."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from capture.errors import FlipcastError
from flipcast import actions, report
from flipcast.commands import Desk
from flipcast.console import printable


def recordings(desk: Desk) -> bool:
    """List what was recorded, with how the last take of each stands."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "title", "takes", "the last", "stage"):
        table.add_column(column, overflow="fold")
    rows: list[dict[str, Any]] = []
    for shelf in desk.library.shelves():
        try:
            where = actions.standing(shelf)
        except FlipcastError as error:
            desk.show.trouble(str(error))
            continue
        if where.source is not None:
            continue
        last = " ".join(report.lines_of(where.takes[-1])[0].split()) if where.takes else ""
        table.add_row(where.name, Text(printable(where.title)), str(len(where.takes)), Text(last), where.stage)
        takes = [report.facts_of(folder) for folder in where.takes]
        rows.append({"name": where.name, "title": where.title, "stage": where.stage, "takes": takes})
    empty = f"no recordings in {desk.library.folder} yet: run 'flipcast record TITLE'"
    desk.show.result({"library": str(desk.library.folder), "recordings": rows}, table if rows else empty)
    return True


def recover(desk: Desk, asked: argparse.Namespace) -> bool:
    """Make whole what a crash cut short, in one lecture or in all."""
    shelves = [desk.library.find(name) for name in asked.name] or desk.library.shelves()
    done: list[actions.Recovery] = []
    well = True
    for number, shelf in enumerate(shelves, start=1):

        def tell(folder: Path, far: float, number: int = number, name: str = shelf.name) -> None:
            desk.show.progress(number, f"{name}, take {folder.name.lstrip('0')}", "recover", far)

        try:
            done += actions.recover(shelf, report=tell, stop=desk.stop)
        except FlipcastError as error:
            if desk.stop.is_set():
                raise
            well = False
            desk.show.trouble(f"{shelf.name}: {error}")
    text = []
    for found in done:
        if found.take is None:
            desk.show.trouble(f"{found.name}: {found.trouble}")
        else:
            text += [found.name, *(f"  {line}" for line in report.lines(found.take))]
    facts = [
        {
            "name": found.name,
            "folder": str(found.folder),
            "error": found.trouble or None,
            "take": report.facts(found.take) if found.take else None,
        }
        for found in done
    ]
    nothing = "there is nothing to recover: no take was cut short"
    desk.show.result({"recovered": facts}, "\n".join(text) if done else nothing)
    return well and all(found.take is not None for found in done)
