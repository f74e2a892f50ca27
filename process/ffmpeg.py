"""The only door to ffmpeg: find it, ask it what it can, write a graph, run it.

Graphs are written with ffmpeg-python and run by us: a run can be stopped within a blink, tells how far it is,
hands pictures or samples to Python while it works, and explains itself when it fails.

ffmpeg dies with us. It is a session of its own, so that a Ctrl-C at the terminal reaches it only through us, and on
Linux the kernel ends it when our thread is gone (``setpriv --pdeathsig``): an encoder that outlives a killed
flipcast would write beside the next one.
"""

from __future__ import annotations

import contextlib
import functools
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import av
import av.format
import ffmpeg as graphs
import imageio_ffmpeg

from process.errors import FfmpegFailed, FfmpegMissing, MediaUnreadable, NoRight, NoRoom, Stopped

Report = Callable[[float], None]
"""Told how far the work is, 0 to 1."""

source = graphs.input
"""Begin a graph: an input file, see `media` for files that are not ours."""

join = graphs.filter
"""A filter over several streams."""

output = graphs.output
"""End streams of a graph in a file."""

together = graphs.merge_outputs
"""Several outputs of one run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ffmpeg:
    """Settings of ffmpeg."""

    program: str = ""
    """Path of the ffmpeg to use, or ``system`` for the one on the PATH; empty for the one that came with flipcast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a run of ffmpeg took, and what it said."""

    cpu_seconds: float
    """Processor seconds, user and system."""

    log: str
    """Its last lines."""

    @property
    def damaged(self) -> bool:
        """Whether some of what was read could not be decoded; the rest was."""
        return _DAMAGE.search(self.log) is not None


def program(settings: Ffmpeg) -> str:
    """The ffmpeg that *settings* mean.

    Raises:
        FfmpegMissing: there is none.
    """
    if settings.program == "system":
        found = shutil.which("ffmpeg")
        if found is None:
            raise FfmpegMissing(
                "settings ask for the system's ffmpeg, but none is on the PATH",
                hint="install ffmpeg, or leave ffmpeg.program empty for the one that comes with flipcast",
            )
        return found
    if settings.program:
        found = shutil.which(settings.program)
        if found is None:
            raise FfmpegMissing(
                f"{settings.program} is no program that can be run",
                hint="correct ffmpeg.program in the settings",
            )
        return found
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise FfmpegMissing(
            "the ffmpeg that comes with flipcast is not there",
            hint="install imageio-ffmpeg again, or set ffmpeg.program to 'system'",
        ) from error


@functools.cache
def able(exe: str, kind: str) -> frozenset[str]:
    """Names of the ``encoders``, ``filters`` or ``decoders`` that *exe* has.

    Asked, not concluded from a version: distributions build ffmpeg with and without almost anything.

    Raises:
        FfmpegMissing: it cannot be run.
        FfmpegFailed: it was ended by somebody else; that may pass.
    """
    try:
        listing = subprocess.run(
            [exe, "-hide_banner", f"-{kind}"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        if isinstance(error, subprocess.CalledProcessError) and error.returncode < 0:
            raise _explained(error.returncode, error.stderr.splitlines()) from error
        raise FfmpegMissing(f"{exe} cannot be run: {error}", hint="correct ffmpeg.program in the settings") from error
    rows = re.finditer(r"^ [A-Z.|]{2,6} +([A-Za-z0-9_]+) ", listing, re.MULTILINE)
    return frozenset(row[1] for row in rows)


_TS_DISCONT: Any = av.format.Flags.ts_discont.value


def media(
    path: Path, container: str, *, begins: float, at: float = 0.0, zero: float | None = None, **options: Any
) -> Any:
    """Begin a graph with a media file of somebody else's making, *at* seconds in; one stream of it is to be used.

    The demuxer is named, by *container* as it was probed, so that a playlist that calls itself a film cannot
    make ffmpeg open what it lists; the ``file:`` before the path lets names hold anything.

    The timeline is the file's own, on which the stream *begins* at that many seconds: for some formats ffmpeg moves it
    so that the streams in use begin at 0, and pictures read in one run and sound in another would come apart.
    With *zero*, the timeline begins at that many seconds on the file's own clock, whatever it begins with: so several
    files of one clock keep their places; *at* seconds in then means from the keyframe before, at a time below 0.
    """
    name = container.split(",")[0]
    if zero is not None:
        options["seek_timestamp"] = 1  # as they stand in the file, not from its first moment
        options |= {"ss": f"{zero + at:.6f}", "noaccurate_seek": None} if at > 0 else {"itsoffset": f"{-zero:.6f}"}
    elif at > 0:
        options["ss"] = f"{at:.6f}"
    if zero is None and begins > at and av.ContainerFormat(name, "r").flags & _TS_DISCONT:
        options["itsoffset"] = f"{begins - at:.6f}"
    return source(f"file:{path}", f=name, protocol_whitelist="file,pipe", **options)


def has_index(container: str) -> bool:
    """Whether a file of this format, as it was probed, lists its keyframes, so that ffmpeg can go to any moment."""
    return not av.ContainerFormat(container.split(",")[0], "r").flags & _TS_DISCONT


def target(path: Path) -> str:
    """The name of an output file, whatever characters it has."""
    return f"file:{path}"


def run(
    exe: str,
    graph: Any,
    *,
    seconds: float = 0.0,
    report: Report | None = None,
    stop: threading.Event | None = None,
    taking: Callable[[IO[bytes]], None] | None = None,
) -> Ran:
    """Run *graph* to its end.

    *seconds* is the length of what is made, for *report*. What the graph writes to ``pipe:1`` is read by *taking*.

    Raises:
        Stopped: *stop* was set; ffmpeg is gone when this is raised.
        NoRoom: the disk is full.
        NoRight: the output may not be written.
        FfmpegFailed: anything else, with ffmpeg's last words.
    """
    command = [
        *_bound_to_us(),
        exe,
        *("-hide_banner", "-nostdin", "-y", "-loglevel", "level+info", "-nostats", "-benchmark"),
        *("-progress", "pipe:2", "-stats_period", "0.25"),
        *graphs.get_args(graph),
    ]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if taking else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=sys.platform != "win32",
    )
    log: deque[str] = deque(maxlen=400)
    failures: list[BaseException] = []

    def read_pipe() -> None:
        assert taking is not None
        assert process.stdout is not None
        try:
            taking(process.stdout)
        except BaseException as error:
            failures.append(error)
            process.kill()

    readers = [threading.Thread(target=_read_log, args=(process.stderr, log, seconds, report), daemon=True)]
    if taking:
        readers.append(threading.Thread(target=read_pipe, daemon=True))
    for reader in readers:
        reader.start()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.1)
                break
            if stop is not None and stop.is_set():
                raise Stopped("stopped")
    finally:
        process.kill()
        process.wait()
        for reader in readers:
            reader.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if failures:
        raise failures[0]
    if process.returncode != 0:
        raise _explained(process.returncode, list(log))
    if report is not None:
        report(1.0)
    text = "\n".join(log)
    times = re.findall(r"bench: utime=([\d.]+)s stime=([\d.]+)s", text)
    return Ran(cpu_seconds=sum(map(float, times[-1])) if times else 0.0, log=text)


def _bound_to_us() -> list[str]:
    tool = shutil.which("setpriv") if sys.platform == "linux" else None
    return [tool, "--pdeathsig", "KILL", "--"] if tool else []


def _read_log(pipe: IO[bytes], log: deque[str], seconds: float, report: Report | None) -> None:
    """Keep what ffmpeg says and pass on how far it is, until it falls silent."""
    torn = ""
    for raw in pipe:
        line = raw.decode(errors="replace").rstrip()
        if within := _TORN.fullmatch(line):
            torn, line = within[1], within[2]
        key, equals, value = line.partition("=")
        if not equals or not re.fullmatch(r"[a-z_0-9]+", key):
            log.append(torn + line)
            torn = ""
        elif key == "out_time_us" and report is not None and seconds > 0:
            with contextlib.suppress(ValueError):  # N/A before the first packet
                report(min(1.0, max(0.0, int(value) / 1e6 / seconds)))


_TORN = re.compile(r"(\[.*\] )((?:frame|bitrate)=\s*\S+)")
"""ffmpeg writes its lines piece by piece, and how far it is in between: the rest of the line comes after that."""

_DAMAGE = re.compile(r"\[dec:[^\]]*\] \[(error|warning)\]|Error while decoding stream|corrupt decoded frame")

_NOISE = re.compile(r"bench:|Conversion failed|Error (while|sending)|Task finished|Terminating|Nothing was written")


def _explained(code: int, log: list[str]) -> Exception:
    text = "\n".join(log)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return NoRoom("the disk is full", hint="free some room and run the command again: it goes on where it was")
    if (code < 0 and -code == getattr(signal, "SIGXFSZ", None)) or "File too large" in text:
        return NoRoom(
            "a file may not grow as large as it has to",
            hint="raise the limit for file sizes (ulimit -f), or choose another folder with --library",
        )
    if re.search(r"(Error opening output|Could not open|Unable to open).*Permission denied", text):
        return NoRight("the folder may not be written to", hint="give yourself the right to write there")
    if "Error opening input" in text or "Invalid data found when processing input" in text:
        return MediaUnreadable(
            "the file cannot be read to its end as media", hint="check that it plays, or export it again"
        )
    said = [re.sub(r"^(\[.*?\] )+", "", line) for line in log]
    errors = [s for line, s in zip(log, said, strict=True) if re.match(r"(\[.*\] )?\[(error|fatal)\]", line)]
    words = [s for s in errors or said[-1:] if s and not _NOISE.search(s)]
    why = f"exit {code}" if code >= 0 else f"ended by signal {-code}"
    failure = FfmpegFailed(
        f"ffmpeg gave up ({why}): {words[0] if words else 'it did not say why'}",
        hint="run the command again; if it fails again, check that the file plays",
    )
    failure.passing = code < 0
    return failure


def read_exactly(pipe: IO[bytes], count: int) -> bytes:
    """*count* bytes of *pipe*, or fewer at its end."""
    parts: list[bytes] = []
    while count > 0:
        part = pipe.read(count)
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
