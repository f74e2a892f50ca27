"""The pages people meet: one for each lecture, and a start page that lists them.

Both are single static files without a server behind them: they play from any store, from a subfolder and from
`preview` alike, and every address in them is relative and given by the caller. What is said is written into the
page, so that it can be read, searched by a browser and indexed where no script runs. Titles and words come from
outside: templates escape everything, and the page's own policy (CSP) lets no foreign or inline script run and no
other host be asked.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from jinja2 import Environment, FileSystemLoader

from capture.description import from_json
from process.captions.transcript import Transcript, Word
from process.clips import Clip
from process.lecture import CaptionTrack, Lecture
from publish.catalogue import CatalogueEntry
from publish.opening import opening

PLAYER = ("hls.min.js", "media-chrome.min.js", "watch.js", "pages.css")
"""Files of the player, all of which lie beside the pages as they are."""

SCRIPTS = {"watch": "watch.js", "hls": "hls.min.js", "chrome": "media-chrome.min.js"}
"""Those of them that run, by what the page's own script calls them."""

BEGIN = 'flipcastOpening.begin(document.getElementById("video"));'
"""Stands right behind the video element."""

SPEEDS = (0.5, 0.75, 1, 1.25, 1.5, 1.75, 2)
"""How fast a lecture can be watched."""

SHORTCUTS = (
    (("Space", "K"), "Play or pause"),
    (("J", "L"), "10 seconds back, on"),
    (("←", "→"), "5 seconds back, on"),
    (("↑", "↓"), "Louder, softer"),
    (("1", "…", "9"), "Go to a clip"),
    (("0",), "Go to the start"),
    (("N", "P"), "Next clip, previous clip"),
    (("<", ">"), "Slower, faster"),
    (("C",), "Captions on or off"),
    (("M",), "Sound on or off"),
    (("F",), "Full screen"),
    (("/",), "Search the transcript"),
    (("?",), "Show this"),
)
"""What the help says; watch.js does it."""

PAUSE_SECONDS = 1.6
"""A silence this long begins a new paragraph."""

PARAGRAPH_SENTENCES = 6
"""A paragraph is ended after this many sentences, pause or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sentence:
    start: float
    end: float
    text: str
    offsets: str
    """Start of each word in hundredths of a second from the sentence's, separated by spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    clip: Clip
    paragraphs: tuple[tuple[_Sentence, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    language: str
    label: str
    parts: tuple[_Part, ...]


def player_files() -> dict[str, Path]:
    """The files that pages need beside them, by the names they are asked for."""
    folder = Path(str(files("publish"))) / "player"
    return {f"player/{name}": folder / name for name in PLAYER}


def watch_page(
    lecture: Lecture, *, folder: Path, address: Callable[[str], str], home: str | None, here: str | None = None
) -> str:
    """The page on which *lecture* is watched, as HTML.

    *folder* is where the lecture's files lie. *address* turns the name of one of them, or of a player file, into its
    address relative to the page. *home* is the start page's address, or ``None`` where there is none. *here* is the
    page's own on the web, if it is known: those who show a preview of a link want whole addresses.
    """
    here = here if here and here.startswith(("http://", "https://")) else None  # nobody else has our disk
    spoken = tuple(_spoken(track, folder, lecture) for track in lecture.captions)
    theme, first = _script("theme.js"), _script("opening.js")
    download = folder / lecture.download
    size = download.stat().st_size if download.is_file() else 0
    top = lecture.renditions[0] if lecture.renditions else None
    return (
        _pages()
        .get_template("watch.html")
        .render(
            lecture=lecture,
            address=address,
            home=home,
            policy=_policy(theme, first, BEGIN),
            theme_script=theme,
            opening_script=first,
            begin_script=BEGIN,
            style=player_files()["player/pages.css"].read_text(
                encoding="utf-8"
            ),  # a sheet apart would hold the video up
            opening={
                "first": opening(lecture, folder, address),
                "scripts": {name: address(f"player/{file}") for name, file in SCRIPTS.items()},
            },
            summary=f"{_spoken_length(lecture.seconds)}, {len(lecture.clips)} clips"
            + (", with captions and transcript" if lecture.captions else ""),
            here=here,
            poster=urljoin(here or "", address(lecture.poster)),
            metadata=_metadata(lecture, address, here or ""),
            facts=_facts(lecture, folder, address),
            tracks=spoken,
            language=lecture.captions[0].language if lecture.captions else "",
            size=_megabytes(size),
            shape=f"{top.width}/{top.height}" if top else "16/9",
            speeds=SPEEDS,
            shortcuts=SHORTCUTS,
        )
    )


def start_page(entries: Sequence[CatalogueEntry], *, address: Callable[[str], str]) -> str:
    """The page that lists the lectures of a store, newest first, as HTML."""
    theme, narrow = _script("theme.js"), _script("start.js")
    return (
        _pages()
        .get_template("start.html")
        .render(
            entries=sorted(entries, key=lambda entry: entry.published_at, reverse=True),
            address=address,
            policy=_policy(theme, narrow),
            theme_script=theme,
            start_script=narrow,
        )
    )


def _pages() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(Path(str(files("publish"))) / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {
        "clock": _clock,
        "day": _day,
        "filename": _filename,
        "seconds": lambda at: f"{at:.2f}".rstrip("0").rstrip("."),
        "spoken": _spoken_length,
    }
    return pages


def _script(name: str) -> str:
    """A script that stands in the page itself; its checksum in the policy allows it and no other."""
    return (Path(str(files("publish"))) / "templates" / name).read_text(encoding="utf-8").strip()


def _policy(*scripts: str) -> str:
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}",
            "style-src 'self' 'unsafe-inline'",  # media-chrome writes its styles into its shadow trees
            "img-src 'self' data:",
            "media-src 'self' blob:",  # blob: is how MSE hands pictures to the video element
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _facts(lecture: Lecture, folder: Path, address: Callable[[str], str]) -> dict[str, Any]:
    """What watch.js needs to know, with all addresses given by *address*."""
    return {
        "seconds": lecture.seconds,
        "master": address(lecture.master),
        "download": address(lecture.download),
        "clips": [
            {
                "number": c.clip.number,
                "start": c.clip.start,
                "end": c.clip.end,
                "title": c.clip.title,
                "playlist": address(c.playlist),
                "download": address(c.download),
            }
            for c in lecture.clips
        ],
        "captions": [{"language": t.language, "label": t.label, "vtt": address(t.vtt)} for t in lecture.captions],
        "thumbnails": list(_thumbnails(lecture, folder, address)),
    }


def _thumbnails(lecture: Lecture, folder: Path, address: Callable[[str], str]) -> Iterator[tuple[float, float, str]]:
    """Yield start, end and address of each small picture.

    They are written into the page because a store gives the sheets names that the VTT file does not know.
    """
    if lecture.thumbnails is None:
        return
    vtt = lecture.thumbnails.vtt
    base = vtt.rpartition("/")[0]
    text = (folder / vtt).read_text(encoding="utf-8")
    for start, end, sheet, place in re.findall(
        r"^(\S+) +--> +(\S+)[^\n]*\n([^#\n]+)#(xywh=[\d,]+)", text, re.MULTILINE
    ):
        name = f"{base}/{sheet}" if base else sheet
        if name in lecture.thumbnails.sprites:
            yield _moment(start), _moment(end), f"{address(name)}#{place}"


def _moment(text: str) -> float:
    """Seconds of a WebVTT time.

    >>> _moment("01:02:03.500")
    3723.5
    """
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _metadata(lecture: Lecture, address: Callable[[str], str], here: str) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": lecture.title,
        "description": lecture.title,
        "duration": f"PT{lecture.seconds:.0f}S",
        "uploadDate": lecture.made_at,
        "thumbnailUrl": urljoin(here, address(lecture.poster)),
        "contentUrl": urljoin(here, address(lecture.download)),
        "hasPart": [
            {
                "@type": "Clip",
                "name": c.clip.title,
                "startOffset": c.clip.start,
                "endOffset": c.clip.end,
                "url": urljoin(here, f"#t={c.clip.start:g}"),
            }
            for c in lecture.clips
        ],
    }


def _spoken(track: CaptionTrack, folder: Path, lecture: Lecture) -> _Spoken:
    """What is said, as paragraphs under the titles of the clips."""
    transcript = from_json((folder / track.words).read_text(encoding="utf-8"), Transcript)
    space = "" if track.language in ("zh", "ja", "th", "yue", "lo", "km", "my") else " "
    parts = []
    for files_of_clip in lecture.clips:
        clip = files_of_clip.clip
        last = files_of_clip is lecture.clips[-1]
        words = [w for w in transcript.words if clip.start <= w.start and (last or w.start < clip.end)]
        paragraphs = tuple(_paragraphs(_sentences(words, space)))
        if paragraphs:
            parts.append(_Part(clip=clip, paragraphs=paragraphs))
    return _Spoken(language=track.language, label=track.label, parts=tuple(parts))


def _sentences(words: Iterable[Word], space: str) -> Iterator[_Sentence]:
    """Yield runs of words that end with a full stop, with a pause, or because they are long."""
    run: list[Word] = []
    for word in words:
        if run and (word.start - run[-1].end >= PAUSE_SECONDS or len(run) >= 60 or _closes(run[-1].text)):
            yield _sentence(run, space)
            run = []
        run.append(word)
    if run:
        yield _sentence(run, space)


def _closes(word: str) -> bool:
    return word.rstrip("\"'”’»)]").endswith((".", "!", "?", "…", "。", "！", "？"))


def _sentence(run: Sequence[Word], space: str) -> _Sentence:
    start = run[0].start
    offsets = " ".join(f"{round((word.start - start) * 100)},{_units(word.text)}" for word in run)
    text = space.join(word.text for word in run)
    return _Sentence(start=start, end=max(word.end for word in run), text=text, offsets=offsets)


def _units(text: str) -> int:
    """Length as scripts count it: a character beyond the first plane is two."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _paragraphs(sentences: Iterable[_Sentence]) -> Iterator[tuple[_Sentence, ...]]:
    """Yield sentences in groups that belong together: up to a pause, or a good handful."""
    group: list[_Sentence] = []
    for sentence in sentences:
        if group and (sentence.start - group[-1].end >= PAUSE_SECONDS or len(group) >= PARAGRAPH_SENTENCES):
            yield tuple(group)
            group = []
        group.append(sentence)
    if group:
        yield tuple(group)


def _clock(seconds: float) -> str:
    """As a clock shows it.

    >>> _clock(75), _clock(3723.6)
    ('1:15', '1:02:04')
    """
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _spoken_length(seconds: float) -> str:
    """As people say it.

    >>> _spoken_length(36), _spoken_length(3780)
    ('36 seconds', '1 hour 3 minutes')
    """
    if seconds < 90:
        return f"{round(seconds)} seconds"
    hours, minutes = divmod(round(seconds / 60), 60)
    said = [f"{hours} hour{'s' * (hours > 1)}"] * (hours > 0) + [f"{minutes} minute{'s' * (minutes > 1)}"] * (
        minutes > 0
    )
    return " ".join(said)


def _day(moment: str) -> str:
    """The day of an ISO 8601 moment, as people write it: ``"2 March 2026"``."""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return f"{when.day} {when:%B} {when.year}"


def _filename(title: str) -> str:
    """A title without what file systems refuse."""
    return re.sub(r'[\s\\/:*?"<>|\x00-\x1f]+', " ", title).strip(" .") or "lecture"


def _megabytes(size: int) -> str:
    return "" if not size else f"{size / 1e6:.0f} MB" if size >= 9.5e6 else f"{max(size / 1e6, 0.1):.1f} MB"
