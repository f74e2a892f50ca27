"""The main job on a sample: a lecture is made, processed, and published in an S3 server that comes with pip."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

from capture.errors import FlipcastError
from flipcast import actions
from flipcast.console import Show
from flipcast.jobs import Job, Order
from flipcast.library import Library
from flipcast.samples import make_sample
from flipcast.settings import Settings
from process.clips import Clips
from process.errors import ProcessError
from process.workflow import News
from publish.publication import Publication
from publish.stores import s3, seaweed

TITLE = "How printing began"
"""Title of the sample lecture."""


def begin(folder: Path, settings: Settings, *, show: Show, stop: threading.Event) -> Publication:
    """Make the sample in *folder*, process it, publish it; the store is left running.

    Raises:
        FlipcastError: what went wrong.
    """
    film = folder / "how-printing-began.mp4"
    if not film.exists():
        show.note("making the sample: a short lecture on how printing began")
        make_sample(film)
    library = Library(folder / "library")

    def listener(job: Job, news: News | None) -> None:
        if news is not None:
            show.progress(1, TITLE, news.step, news.overall)

    order = Order(label=film.name, path=film, title=TITLE)
    # Two minutes would be one clip; shorter ones show what clips are.
    short = replace(settings, clips=Clips(longest_seconds=60, target_seconds=40, shortest_seconds=20))
    job = actions.process([order], library, short, listener=listener, stop=stop)[0]
    if job.lecture is None:
        raise ProcessError(job.trouble or "stopped", hint="run the command again")
    show.ended(1, TITLE, f"processed in {job.seconds:.0f} s; it lies in {job.folder}")
    for note in job.lecture.notes:
        show.note(note)
    show.note("starting an S3 server on this machine")
    server = seaweed.start(folder / "store", bucket="lectures")
    try:
        os.environ.update(server.environment())  # where boto3 looks for keys
        here = replace(settings, store=replace(settings.store, endpoint_url=server.endpoint_url))
        address = f"s3://{server.bucket}/demo"
        with s3.open_here(address, here.store, stop=stop) as store:
            store.open_to_readers()
        up = actions.publish(
            library.find(job.name),
            address,
            here,
            report=lambda sent, total: show.progress(2, "publish", "upload", sent / total if total else 1.0),
            stop=stop,
        )
    except FlipcastError:
        seaweed.stop(folder / "store")
        raise
    show.ended(2, "publish", f"up in {up.seconds:.1f} s")
    return up


def end(folder: Path) -> bool:
    """Stop the store of the demo in *folder*; False if none runs."""
    return seaweed.stop(folder / "store")
