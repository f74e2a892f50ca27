"""Where slides are opened: in a child with limits, which is ended when it takes too long, and believed in nothing.

The child may be taken over by what it reads. It says little, in lines of JSON; what it says is checked here.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import flipcast
from flipcast.deck.limits import HIGHEST, WIDEST, Limits

_LONGEST_LINE = 200_000


class Refusal(Exception):
    """Why slides are not taken, on its way out."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the child is to draw."""

    path: str
    """The file."""

    kind: str
    """``"pdf"`` or ``"picture"``, or an ending of a presentation whose notes are wanted."""

    into: str = ""
    """Folder for the pages."""

    first: int = 1
    """Number of the first page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as the child drew it."""

    picture: str
    thumbnail: str
    width: int
    height: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a presentation says about one slide."""

    title: str = ""
    notes: str = ""


def pages(
    job: Job, scratch: Path, *, stop: threading.Event, report: Callable[[float], None], limits: Limits
) -> tuple[str, list[Page]]:
    """Draw the pages of *job*: the document's own title, and the pages.

    Raises:
        Refusal: it cannot be drawn within *limits*.
    """
    title, of, drawn = "", 1, []
    for said in _listen(job, scratch, stop=stop, limits=limits):
        if "of" in said:
            of, title = max(1, int(said["of"])), _text(said.get("title"), 120)
        elif "picture" in said:
            drawn.append(_page(said, job))
            report(min(1.0, len(drawn) / of))
    if not drawn:
        raise Refusal("there is no page in it", "open it on your computer, save it as PDF again, and choose that")
    return title, drawn


def notes(path: Path, ending: str, scratch: Path, *, stop: threading.Event, limits: Limits) -> list[Spoken]:
    """Titles and notes of the shown slides of a presentation, in order.

    Raises:
        Refusal: it is none, or is larger inside than *limits* allow.
    """
    job = Job(path=str(path), kind=ending)
    return [
        Spoken(title=_text(said.get("title"), 120), notes=_text(said.get("notes"), 20_000, lines=True))
        for said in _listen(job, scratch, stop=stop, limits=limits)
        if "notes" in said
    ]


def watch_over(child: subprocess.Popen[Any], *, stop: threading.Event, seconds: float, what: str) -> None:
    """Wait for *child*, and end it, with all it began, when *stop* is set or after *seconds*.

    Raises:
        Refusal: it was ended.
    """
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(0.1)
            return
        if stop.is_set() or time.monotonic() > until:
            end(child)
            raise (
                _stopped()
                if stop.is_set()
                else Refusal(f"{what} took longer than {seconds:.0f} s", "save the slides as PDF and choose that")
            )


def end(child: subprocess.Popen[Any]) -> None:
    """End *child* and what it began, at once."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(child.pid)], capture_output=True, check=False)
    else:
        with contextlib.suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.wait()


def apart() -> dict[str, Any]:
    """How a child is begun so that it can be ended with all that it begins."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"start_new_session": True}


def _listen(job: Job, scratch: Path, *, stop: threading.Event, limits: Limits) -> Iterator[dict[str, Any]]:
    """Yield what the child says of *job*, until it has ended."""
    asked = json.dumps({"job": asdict(job), "limits": asdict(limits)})
    scratch.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-s", "-m", "flipcast.deck.child"]
    environment = {
        key: value
        for key, value in os.environ.items()
        if key.upper() in ("PATH", "SYSTEMROOT", "LANG", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    }  # no secret of ours is within its reach
    environment |= dict.fromkeys(("TMP", "TEMP", "TMPDIR"), str(scratch))
    environment["PYTHONPATH"] = str(Path(flipcast.__file__).parent.parent)  # the same flipcast as here
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=scratch, env=environment, **apart(),
    ) as child:  # fmt: skip
        assert child.stdin
        assert child.stdout
        heard: queue.Queue[bytes] = queue.Queue(maxsize=64)
        leaving = threading.Event()
        reader = threading.Thread(target=_read, args=(child.stdout, heard, leaving), name="slides", daemon=True)
        reader.start()
        try:
            with contextlib.suppress(OSError):
                child.stdin.write(asked.encode())
                child.stdin.close()
            yield from _said(child, heard, stop=stop, limits=limits)
        finally:
            leaving.set()
            end(child)
            reader.join(5)


def _said(
    child: subprocess.Popen[bytes], heard: queue.Queue[bytes], *, stop: threading.Event, limits: Limits
) -> Iterator[dict[str, Any]]:
    began = spoke = time.monotonic()
    done, count = False, 0
    while True:
        now = time.monotonic()
        if stop.is_set():
            raise _stopped()
        if now - spoke > limits.seconds_a_page or now - began > limits.seconds:
            raise Refusal(
                f"page {count} of the slides took too long to draw" if count else "the slides took too long to open",
                "leave out what is heavy on it, or save the slides as pictures",
            )
        try:
            line = heard.get(timeout=0.1)
        except queue.Empty:
            continue
        if not line:
            break
        spoke = now
        try:
            said = json.loads(line)
            if not isinstance(said, dict):
                raise ValueError
        except ValueError:
            raise Refusal("the slides cannot be read", "save them as PDF and choose that") from None
        if "refused" in said:
            raise Refusal(_text(said["refused"], 300), _text(said.get("hint"), 300))
        done = done or bool(said.get("done"))
        count += "picture" in said
        if count > limits.pages:
            raise Refusal(f"the slides have more than {limits.pages} pages", "choose fewer")
        yield said
    child.wait(10)
    if not done:
        raise Refusal(
            "the slides broke off while they were opened: damaged, or made to do harm",
            "open them on your computer, save them as PDF again, and choose that",
        )


def _read(pipe: IO[bytes], heard: queue.Queue[bytes], leaving: threading.Event) -> None:
    while not leaving.is_set():
        line = pipe.readline(_LONGEST_LINE)
        while not leaving.is_set():
            with contextlib.suppress(queue.Full):
                heard.put(line, timeout=0.1)
                break
        if not line:
            return


def _page(said: dict[str, Any], job: Job) -> Page:
    picture, thumbnail = str(said["picture"]), str(said.get("thumbnail"))
    width, height = int(said.get("width", 0)), int(said.get("height", 0))
    plain = re.fullmatch(r"page-\d{3,5}\.(png|jpg)", picture) and re.fullmatch(r"small-\d{3,5}\.jpg", thumbnail)
    if not plain or not (0 < width <= WIDEST and 0 < height <= HIGHEST):
        raise Refusal("the slides cannot be read", "save them as PDF and choose that")
    for name in (picture, thumbnail):
        lies = Path(job.into) / name
        if lies.is_symlink() or not lies.is_file():
            raise Refusal("the slides cannot be read", "save them as PDF and choose that")
    return Page(picture=picture, thumbnail=thumbnail, width=width, height=height, title=_text(said.get("title"), 120))


def _text(value: object, longest: int, *, lines: bool = False) -> str:
    text = value if isinstance(value, str) else ""
    kept = "".join(c if c.isprintable() or (lines and c == "\n") else " " for c in text)
    return kept.strip()[:longest]


def _stopped() -> Refusal:
    return Refusal("it was called off")
