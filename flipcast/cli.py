"""The commands: verb, thing, prepositions.

Results go to standard output, talk to standard error. Exit 0: it is done; 1: it failed, and why was said;
2: misuse; 130: interrupted.

What a command needs is loaded when it is obeyed: help comes at once, and a Ctrl-C meanwhile is one like any other.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from capture.errors import FlipcastError
from flipcast.errors import SettingsWrong
from process.errors import Stopped

if TYPE_CHECKING:
    from flipcast.console import Show

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line *argv* and leave with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # no name of a file may be too odd for this terminal
            stream.reconfigure(errors="backslashreplace")
    status = run(sys.argv[1:] if argv is None else argv)
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    if status == INTERRUPTED:
        # Threads may still be in the middle of something that cannot be told to end; all they hold is scratch.
        os._exit(status)
    sys.exit(status)


def run(argv: Sequence[str]) -> int:
    """Run the command line *argv*; returns the exit status."""
    asked = _parser().parse_args(_kept_apart(argv))
    stop, show = threading.Event(), None
    try:
        with _stoppable():
            from flipcast.console import open_show

            show = open_show(as_json=asked.json)
            return _obey(asked, show, stop)
    except (KeyboardInterrupt, Stopped):
        stop.set()
        if show is not None:
            show.close()
            show.trouble("stopped; run the same command again and it goes on where it was")
        return INTERRUPTED
    finally:
        if show is not None:
            show.close()


def _obey(asked: argparse.Namespace, show: Show, stop: threading.Event) -> int:
    from flipcast.commands import Desk
    from flipcast.settings import load

    try:
        loaded = load([asked.config] if asked.config else [], asked.set or [])
        desk = Desk(loaded=loaded, library_folder=asked.library, show=show, stop=stop)
        room, _, name = asked.obey.rpartition(".")
        order: Callable[[Desk, argparse.Namespace], bool] = getattr(importlib.import_module(room), name)
        return DONE if order(desk, asked) else FAILED
    except SettingsWrong as error:
        show.trouble(str(error))
        return MISUSED
    except Stopped:
        raise
    except FlipcastError as error:
        show.close()
        show.trouble(str(error))
        return FAILED
    except BrokenPipeError:  # whoever read our output has gone
        with contextlib.suppress(OSError, ValueError):  # else the flush at exit would complain
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def _kept_apart(argv: Sequence[str]) -> list[str]:
    """*argv*, with files whose names begin with a dash given as paths: nobody types ``--`` first."""
    known = {option for action in _options() for option in action}
    return [
        f".{os.sep}{word}" if word.startswith("-") and word.split("=")[0] not in known and Path(word).exists() else word
        for word in argv
    ]


def _options() -> Iterator[list[str]]:
    """Yield the spellings of each option of each command."""
    top = _parser()
    parsers = [top]
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            parsers += action.choices.values()
    for parser in parsers:
        for action in parser._actions:
            yield list(action.option_strings)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Make a closing terminal and a polite kill the same as Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                before[name] = signal.signal(getattr(signal, name), interrupt)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flipcast", description="Record, finish and publish teaching videos.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"flipcast {version('flipcast')}")
    common = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    common.add_argument("--library", type=Path, metavar="DIR", help="folder of the lectures")
    common.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    common.add_argument("--set", action="append", metavar="KEY=VALUE", help="one setting, e.g. captions.language=de")
    common.add_argument("--json", action="store_true", help="events and result as JSON, one object a line")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def verb(name: str, text: str, *, obey: str = "") -> argparse.ArgumentParser:
        found = verbs.add_parser(name, parents=[common], help=text, description=text, allow_abbrev=False)
        found.set_defaults(obey=obey or f"flipcast.commands.{name}")
        return found

    _add_recording(verb)

    opened = verb("open", "Open the recorder and the library in the browser.", obey="flipcast.opening.open_pages")
    opened.add_argument(
        "--port", type=int, default=0, metavar="N", help="port on this machine; any free one if not said"
    )
    opened.add_argument("--no-browser", action="store_true", help="print the address only")
    opened.add_argument("--booth", action="store_true", help="the booth, full screen, for people who walk up to it")
    opened.add_argument(
        "--choose-pin", action="store_true", help="choose the PIN of the booth's operator, and nothing else"
    )

    process = verb("process", "Make lectures of video or audio files, or folders of them.")
    process.add_argument("what", nargs="+", metavar="FILE|FOLDER|NAME", help="what to make lectures of")
    process.add_argument("--title", help="title of the lecture; of a single file")
    process.add_argument("--captions", metavar="ENGINE", help="faster-whisper, openai-whisper, scripted or off")
    process.add_argument("--language", metavar="CODE", help="language that is spoken, e.g. en; else it is detected")
    process.add_argument(
        "--layout",
        action="append",
        metavar="LAYOUT",
        help="of a recorded lecture: screen, camera, corner, side-by-side or keyed; corner:camera-2 names a track,"
        " 3:camera begins at the third marker; may be said several times",
    )
    process.add_argument(
        "--take", type=_count, metavar="N", help="of a recorded lecture; the last whole one if not said"
    )
    process.add_argument(
        "--behind",
        metavar="WHAT",
        help="behind a keyed speaker: screen, blur, '#rrggbb' or a colour's name, a picture or a video",
    )
    process.add_argument("--jobs", type=_count, metavar="N", help="lectures worked on side by side")

    publish = verb("publish", "Put a finished lecture where people find it.")
    publish.add_argument("name", nargs="+", metavar="NAME", help="name of the lecture, see 'flipcast list lectures'")
    publish.add_argument(
        "--to", metavar="ADDRESS", help="s3://bucket/prefix or a folder; a folder of your own if not said"
    )

    withdraw = verb("withdraw", "Take a lecture down.")
    withdraw.add_argument("name", metavar="NAME")
    withdraw.add_argument(
        "--from", dest="store", metavar="ADDRESS", help="the store; where it was published if not said"
    )

    preview = verb("preview", "Watch a lecture from disk before anyone else does.")
    preview.add_argument("name", metavar="NAME")
    preview.add_argument(
        "--port", type=int, default=0, metavar="N", help="port on this machine; any free one if not said"
    )

    show = verb("show", "Tell where a lecture is on its way, and what was measured.")
    show.add_argument("name", metavar="NAME")

    listing = verb(
        "list", "List what is in the library, or what can be recorded here.", obey="flipcast.equipment.listing"
    )
    listing.add_argument("things", choices=["lectures", "recordings", "devices"], metavar="lectures|recordings|devices")

    recover = verb(
        "recover",
        "Make whole what a crash cut short; what is whole, or is being recorded, stays as it is.",
        obey="flipcast.takes.recover",
    )
    recover.add_argument("name", nargs="*", metavar="NAME", help="name of the lecture; all if not said")

    verb("settings", "Print every setting in force, and where it came from.")
    check = verb("check", "Is this machine fit to record, process and publish?", obey="flipcast.equipment.check")
    check.add_argument("--sync", action="store_true", help="measure how late its devices are, by flashes and beeps")
    check.add_argument("--from", dest="sources", action="append", metavar="SOURCE", help="what --sync measures")

    demo = verb("demo", "Make, process and publish a sample lecture, in a store of its own.")
    demo.add_argument("--folder", type=Path, default=Path("demo"), metavar="DIR", help="where to put it (./demo)")
    demo.add_argument("--stop", action="store_true", help="end the demo's store")
    return parser


def _add_recording(verb: Callable[..., argparse.ArgumentParser]) -> None:
    record = verb("record", "Record a take: screen, camera, sound.", obey="flipcast.rolling.record")
    record.add_argument("title", metavar="TITLE", help="title of the recording; the name of one adds a further take")
    record.add_argument(
        "--from",
        dest="sources",
        action="append",
        metavar="SOURCE",
        help="screen:1, screen:1@1280x720+0+0, window:TITLE, camera:NAME, camera:http://…, microphone:NAME, system,"
        " pattern or tone; may be said several times, see 'flipcast list devices'",
    )
    record.add_argument("--countdown", type=float, metavar="S", help="seconds before it rolls; 0 for none")
    record.add_argument("--longest", type=float, metavar="MIN", help="minutes after which it ends by itself")
    record.add_argument("--rate", type=int, metavar="N", help="pictures a second")

    record.add_argument(
        "--with",
        dest="filters",
        action="append",
        choices=["greenscreen"],
        metavar="greenscreen",
        help="key the speaker of the camera: the camera itself is kept, and what is behind can be chosen later",
    )

    tune = verb("tune", "Look at the green screen, say what could be better, and remember it for its camera.",
                obey="flipcast.tuning.greenscreen")  # fmt: skip
    tune.add_argument("what", choices=["greenscreen"], metavar="greenscreen")
    tune.add_argument("--from", dest="sources", action="append", metavar="SOURCE", help="the camera: camera:NAME")
    tune.add_argument("--wait", type=float, default=5.0, metavar="S", help="seconds to step out, and in again (5)")
    tune.add_argument("--empty", action="store_true", help="look at the empty screen only")

    name = verb("name", "Give a device a name, or the latency it has.", obey="flipcast.equipment.name")
    name.add_argument("device", metavar="DEVICE", help="as 'flipcast list devices' shows it, such as camera:hd-webcam")
    name.add_argument("name", nargs="?", metavar="NAME", help="what it is called from now on, such as front")
    name.add_argument("--latency", type=float, metavar="MS", help="how late its pictures or sound come, milliseconds")
    name.add_argument("--forget", action="store_true", help="forget the device, its name and its latency")


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return number


if __name__ == "__main__":
    main()
