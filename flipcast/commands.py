"""What each command does: ask `flipcast.actions`, show how it goes, and print what came of it."""

from __future__ import annotations

import argparse
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from capture.description import to_json
from capture.errors import FlipcastError
from flipcast import actions, report
from flipcast.console import Show, printable
from flipcast.errors import LectureUnknown
from flipcast.figures import clock, size
from flipcast.jobs import Job, State
from flipcast.library import Library
from flipcast.settings import Loaded, Settings, describe
from process.lecture import Lecture, Loudness
from process.workflow import News
from publish.publication import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every command is given."""

    loaded: Loaded
    """The settings, and where each came from."""

    library_folder: Path | None
    """``--library``; ``None`` for what the settings say."""

    show: Show
    """Where talk and results go."""

    stop: threading.Event
    """Set when the work is to end."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded.settings

    @property
    def library(self) -> Library:
        """The library in use."""
        return Library((self.library_folder or self.settings.library_folder()).expanduser().absolute())


def process(desk: Desk, asked: argparse.Namespace) -> bool:
    """Make lectures."""
    library, show = desk.library, desk.show
    settings = desk.settings.with_captions(engine=asked.captions, language=asked.language)
    settings = settings.with_layouts(asked.layout, take=asked.take).with_behind(asked.behind)
    work, passed_over = actions.orders(asked.what, library, title=asked.title)
    if passed_over:
        names = ", ".join(path.name for path in passed_over[:5]) + (" …" if len(passed_over) > 5 else "")
        show.note(f"passed over, neither video nor audio by name: {names}")
    if not work:
        raise LectureUnknown("there is nothing to process", hint="name video or audio files, or a folder with some")
    if asked.title and len(work) > 1:
        show.note("--title is for one file; the lectures are called after their files")
    if asked.layout or asked.take:
        files = [order.label for order in work if order.path is not None or not library.find(order.name).takes()]
        if files:
            show.note(f"--layout and --take are for what was recorded here; they change nothing of {', '.join(files)}")

    def listener(job: Job, news: News | None) -> None:
        if news is not None:
            show.progress(job.number, job.order.label, news.step, news.overall)
        elif job.state == State.WORKING:
            show.progress(job.number, job.order.label, "examine", 0.0)
        elif job.state == State.DONE:
            show.ended(job.number, job.order.label, f"done in {job.seconds:.1f} s")
        elif job.state == State.FAILED:
            show.ended(job.number, job.order.label, "failed")
            show.trouble(job.trouble)

    jobs = actions.process(
        work,
        library,
        settings,
        listener=listener,
        stop=desk.stop,
        side_by_side=asked.jobs or settings.batch.jobs,
    )
    facts = {"library": str(library.folder), "lectures": [_job_facts(job) for job in jobs]}
    show.result(facts, _single(jobs[0]) if len(jobs) == 1 else _table_of(jobs))
    return all(job.state == State.DONE for job in jobs)


def publish(desk: Desk, asked: argparse.Namespace) -> bool:
    """Put lectures up."""
    address = asked.to or desk.settings.published_at()
    shelves = [desk.library.find(name) for name in asked.name]
    done: list[Publication] = []
    failed: list[tuple[str, FlipcastError]] = []
    for number, shelf in enumerate(shelves, start=1):

        def report(sent: int, total: int, number: int = number, name: str = shelf.name) -> None:
            desk.show.progress(number, name, "upload", sent / total if total else 1.0)

        try:
            up = actions.publish(shelf, address, desk.settings, report=report, stop=desk.stop)
        except FlipcastError as error:
            if len(shelves) == 1:
                raise
            failed.append((shelf.name, error))
            desk.show.trouble(f"{shelf.name}: {error}")
            continue
        done.append(up)
        desk.show.ended(number, shelf.name, f"up in {up.seconds:.1f} s")
    facts = {
        "published": [_publication_facts(up) for up in done],
        "failed": [{"name": name, "error": str(error)} for name, error in failed],
    }
    desk.show.result(facts, "\n".join(_publication_text(up) for up in done))
    return not failed


def withdraw(desk: Desk, asked: argparse.Namespace) -> bool:
    """Take a lecture down."""
    address = asked.store
    if address is None:
        where = actions.standing(desk.library.find(asked.name)).publications
        if len(where) != 1:
            stores = ", ".join(up.store for up in where)
            raise LectureUnknown(
                f"{asked.name!r} is published in {len(where)} stores",
                hint=f"say which with --from: {stores}" if stores else "say with --from where it is",
            )
        address = where[0].store
    gone = actions.take_down(asked.name, address, desk.library, desk.settings, stop=desk.stop)
    kept = f"; {gone.shared} are left, which other lectures use" if gone.shared else ""
    desk.show.result(
        {"name": gone.name, "removed": gone.removed, "shared": gone.shared},
        f"{gone.name} is withdrawn from {address}: {gone.removed} objects removed{kept}",
    )
    return True


def preview(desk: Desk, asked: argparse.Namespace) -> bool:
    """Serve a lecture from disk."""
    from flipcast.web.preview import preview as serve_preview  # a web server, for this command alone

    shelf = desk.library.find(asked.name)

    def ready(address: str) -> None:
        desk.show.result({"address": address}, f"Watch {shelf.name} at {address} (Ctrl-C ends it)")

    serve_preview(shelf.folder / "lecture", port=asked.port, ready=ready, stop=desk.stop)
    return True


def show(desk: Desk, asked: argparse.Namespace) -> bool:
    """Tell where a lecture is on its way."""
    where = actions.standing(desk.library.find(asked.name))
    facts: dict[str, Any] = {
        "name": where.name,
        "title": where.title,
        "source": str(where.source) if where.source else None,
        "stage": where.stage,
        "waits_for": where.waits_for,
        "takes": [report.facts_of(folder) for folder in where.takes],
        "lecture": json.loads(to_json(where.lecture)) if where.lecture else None,
        "publications": [_publication_facts(up) for up in where.publications],
    }
    source = str(where.source) if where.source else f"recorded, {len(where.takes)} take{'s' * (len(where.takes) != 1)}"
    lines = [f"{where.title}  ({where.name})", f"  source     {source}", f"  stage      {where.stage}"]
    lines += [f"  waits for  {where.waits_for}"] if where.waits_for else []
    for folder in where.takes:
        lines += ["", *(f"  {line}" for line in report.lines_of(folder))]
    if where.lecture:
        lines += ["", *_report_lines(where.lecture)]
    for up in where.publications:
        lines += ["", _publication_text(up)]
    desk.show.result(facts, "\n".join(lines))
    return True


def listing(desk: Desk, asked: argparse.Namespace) -> bool:
    """List the lectures of the library, or of them those that were recorded."""
    if asked.things == "recordings":
        from flipcast.takes import recordings

        return recordings(desk)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "title", "length", "clips", "stage"):
        table.add_column(column, overflow="fold")
    rows = []
    for shelf in desk.library.shelves():
        try:
            where = actions.standing(shelf)
        except FlipcastError as error:
            desk.show.trouble(str(error))
            continue
        made = where.lecture
        length, clips = (clock(made.seconds), str(len(made.clips))) if made else ("", "")
        table.add_row(where.name, _cell(where.title), length, clips, where.stage)
        rows.append({"name": where.name, "title": where.title, "stage": where.stage})
    empty = f"no lectures in {desk.library.folder} yet: run 'flipcast process FILE'"
    desk.show.result({"library": str(desk.library.folder), "lectures": rows}, table if rows else empty)
    return True


def settings(desk: Desk, asked: argparse.Namespace) -> bool:
    """Print every setting in force."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("setting", "value", "from"):
        table.add_column(column, overflow="fold")
    rows = describe(desk.loaded)
    for key, value, origin in rows:
        table.add_row(key, _cell(str(value)), _cell(origin))
    desk.show.result({"settings": [{"key": k, "value": v, "from": o} for k, v, o in rows]}, table)
    return True


def check(desk: Desk, asked: argparse.Namespace) -> bool:
    """Look at what this machine can do."""
    from flipcast import checks

    found = checks.look(desk.settings, desk.library.folder)
    marks = {True: "ok", False: "missing", None: "note"}
    lines = [f"{marks[item.well]:<8} {item.about}: {item.says}" for item in found]
    desk.show.result(
        {"checks": [{"about": item.about, "well": item.well, "says": item.says} for item in found]}, "\n".join(lines)
    )
    return all(item.well is not False for item in found)


def demo(desk: Desk, asked: argparse.Namespace) -> bool:
    """Run the main job on a sample."""
    from flipcast import demonstration  # with boto3 and a store of its own

    folder = asked.folder.absolute()
    if asked.stop:
        ended = demonstration.end(folder)
        said = "the demo's store is stopped" if ended else "no store of a demo runs there"
        desk.show.result({"stopped": ended}, said)
        return True
    up = demonstration.begin(folder, desk.settings, show=desk.show, stop=desk.stop)
    text = f"""{_publication_text(up)}

The store goes on by itself. Stop it with:  flipcast demo --folder {folder} --stop"""
    desk.show.result(_publication_facts(up), text)
    return True


def _cell(text: str) -> Text:
    return Text(printable(text))


def _loud(figure: Loudness | None) -> str:
    if figure is None:
        return "no sound"
    return "silent" if figure.integrated_lufs is None else f"{figure.integrated_lufs:.1f} LUFS"


def _share(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.0%}"


def _report_lines(made: Lecture) -> list[str]:
    figures = made.report
    lines = [f"  length     {clock(made.seconds)} in {len(made.clips)} clip{'s' if len(made.clips) != 1 else ''}"]
    for rendition in made.renditions:
        quality = "copied from the source" if rendition.copied else ""
        quality = f"SSIM {rendition.ssim:.4f}" if rendition.ssim is not None else quality
        quality = f"VMAF {rendition.vmaf:.1f}" if rendition.vmaf is not None else quality
        lines.append(
            f"  {rendition.name:<10} {rendition.width}×{rendition.height}, {rendition.average_bps / 1000:.0f} kb/s, "
            f"{size(rendition.size_bytes)}{', ' + quality if quality else ''}"
        )
    peak = figures.loudness_after.true_peak_dbtp if figures.loudness_after else None
    lines.append(
        f"  loudness   {_loud(figures.loudness_before)} → {_loud(figures.loudness_after)}"
        + (f", true peak {peak:.1f} dBTP" if peak is not None else "")
    )
    if made.captions:
        labels = ", ".join(track.label for track in made.captions)
        lines.append(
            f"  captions   {labels}: {figures.words} words, sure by {_share(figures.confidence)}, "
            f"{_share(figures.speech_covered)} of the speech covered"
        )
    for item in made.clips if len(made.clips) > 1 else ():
        lines.append(f"  clip {item.clip.number:<5} {clock(item.clip.start):>7}  {item.clip.title}")
    spent = "  ".join(f"{step.step} {step.seconds:.1f} s" for step in figures.steps)
    lines.append(f"  time       {spent}")
    lines += [f"  note       {note}" for note in made.notes]
    return lines


def _single(job: Job) -> str:
    if job.lecture is None:
        return f"{job.order.label}: {'stopped' if job.state == State.STOPPED else 'failed'}"
    lines = [f"{job.lecture.title}  ({job.name})", *_report_lines(job.lecture), f"  lies in    {job.folder}"]
    return "\n".join(lines)


def _table_of(jobs: list[Job]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("file", "lecture", "length", "clips", "loudness", "words", "took", "what came of it"):
        table.add_column(column, overflow="fold")
    for job in jobs:
        made = job.lecture
        if made is None:
            said = job.trouble or str(job.state)
            table.add_row(_cell(job.order.label), job.name, "", "", "", "", "", _cell(said))
            continue
        said = " ".join(made.notes) or "done"
        table.add_row(
            _cell(job.order.label),
            job.name,
            clock(made.seconds),
            str(len(made.clips)),
            _loud(made.report.loudness_after),
            str(made.report.words) if made.captions else "–",
            f"{job.seconds:.1f} s",
            _cell(said),
        )
    return table


def _job_facts(job: Job) -> dict[str, Any]:
    return {
        "label": job.order.label,
        "state": str(job.state),
        "name": job.name,
        "folder": str(job.folder) if job.folder else None,
        "error": job.trouble or None,
        "seconds": round(job.seconds, 3),
        "notes": list(job.lecture.notes) if job.lecture else [],
    }


def _publication_facts(up: Publication) -> dict[str, Any]:
    return {
        "store": up.store,
        "page": up.page,
        "home": up.home,
        "title": up.title,
        "uploaded": up.uploaded,
        "uploaded_bytes": up.uploaded_bytes,
        "skipped": up.skipped,
        "seconds": round(up.seconds, 3),
        "proved_objects": up.proof.objects,
    }


def _publication_text(up: Publication) -> str:
    return (
        f"{up.title} is published in {up.store}\n"
        f"  watch      {up.page}\n"
        f"  all        {up.home}\n"
        f"  sent       {up.uploaded} objects, {size(up.uploaded_bytes)}; {up.skipped} were there already\n"
        f"  proved     {up.proof.objects} objects are up with the size and SHA-256 that was made"
    )
