"""What a presentation says for each slide, read from its XML: titles and notes, of the slides that are shown.

A presentation is a zip of XML. Both can be bombs: a part's length is asked before it is unpacked and minded while it
is, and a document type, with which XML explodes, is refused wherever it stands.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from flipcast.deck.limits import Limits

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SLIDES = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_SHOW = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_PARTS = 20_000
_AGAIN = "save it as PDF and choose that"


class NotTaken(Exception):
    """Why slides are refused."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def spoken(path: Path, ending: str, limits: Limits) -> Iterator[tuple[str, str]]:
    """Yield title and notes of each shown slide, in order.

    Raises:
        NotTaken: it is no presentation, or larger inside than it may be.
    """
    try:
        with zipfile.ZipFile(path) as pack:
            listed = pack.infolist()
            whole = sum(part.file_size for part in listed)
            if len(listed) > _PARTS or whole > limits.unpacked:
                raise NotTaken(f"the presentation would unpack to {whole / 1e9:.1f} GB in {len(listed)} parts", _AGAIN)
            if any(part.flag_bits & 1 for part in listed):
                raise NotTaken("the presentation asks for a password", "save it without one and choose that")
            yield from (_of_odp if ending == ".odp" else _of_pptx)(_Pack(pack, limits))
    except zipfile.BadZipFile:
        raise NotTaken("this is no presentation, or a damaged one", _AGAIN) from None
    except (KeyError, ElementTree.ParseError, expat.ExpatError, NotImplementedError):
        raise NotTaken("the presentation cannot be read", _AGAIN) from None


class _Pack:
    """The parts of a presentation."""

    def __init__(self, pack: zipfile.ZipFile, limits: Limits) -> None:
        self.pack, self.most = pack, limits.part

    def part(self, name: str) -> ElementTree.Element:
        with self.pack.open(name) as file:
            content = file.read(self.most + 1)
        if len(content) > self.most:
            raise NotTaken(f"a text of the presentation is longer than {self.most / 1e6:.0f} MB", _AGAIN)
        first = expat.ParserCreate()
        first.StartDoctypeDeclHandler = _refuse
        first.Parse(content, True)
        return ElementTree.fromstring(content)

    def links(self, name: str) -> dict[str, tuple[str, str]]:
        """What the part *name* points to: identity to kind and name of a part."""
        folder, file = posixpath.split(name)
        described = f"{folder}/_rels/{file}.rels"
        if described not in self.pack.NameToInfo:
            return {}
        return {
            link.get("Id", ""): (
                link.get("Type", "").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, link.get("Target", ""))).lstrip("/"),
            )
            for link in self.part(described)
            if link.get("TargetMode") != "External"
        }


def _of_pptx(pack: _Pack) -> Iterator[tuple[str, str]]:
    whole = "ppt/presentation.xml"
    links = pack.links(whole)
    for listed in pack.part(whole).iter(f"{_SLIDES}sldId"):
        name = links[listed.get(f"{_LINK}id", "")][1]
        slide = pack.part(name)
        if slide.get("show") in ("0", "false"):
            continue  # hidden slides are not drawn either
        notes = [target for kind, target in pack.links(name).values() if kind == "notesSlide"]
        title = _placed(slide, ("title", "ctrTitle")).replace("\n", " ")
        yield title, _placed(pack.part(notes[0]), ("body",)) if notes else ""


def _placed(page: ElementTree.Element, kinds: tuple[str, ...]) -> str:
    """The text of the first shape of one of *kinds*."""
    for shape in page.iter(f"{_SLIDES}sp"):
        place = shape.find(f"{_SLIDES}nvSpPr/{_SLIDES}nvPr/{_SLIDES}ph")
        if place is not None and place.get("type") in kinds:
            lines = []
            for paragraph in shape.iter(f"{_DRAWING}p"):
                runs = (
                    "\n" if run.tag == f"{_DRAWING}br" else run.text or ""
                    for run in paragraph.iter()
                    if run.tag in (f"{_DRAWING}t", f"{_DRAWING}br")
                )
                lines.append("".join(runs).strip())
            return "\n".join(lines).strip()
    return ""


def _of_odp(pack: _Pack) -> Iterator[tuple[str, str]]:
    content = pack.part("content.xml")
    hidden = {
        style.get(f"{_STYLE}name")
        for style in content.iter(f"{_STYLE}style")
        for drawn in style.iter(f"{_STYLE}drawing-page-properties")
        if drawn.get(f"{_SHOW}visibility") == "hidden"
    }
    for page in content.iter(f"{_DRAW}page"):
        if page.get(f"{_DRAW}style-name") in hidden:
            continue
        titles = (frame for frame in page.iter(f"{_DRAW}frame") if frame.get(f"{_SHOW}class") == "title")
        title = next((_lines(frame) for frame in titles), "").replace("\n", " ")
        notes = page.find(f"{_SHOW}notes")
        yield title, _lines(notes) if notes is not None else ""


def _lines(part: ElementTree.Element) -> str:
    return "\n".join("".join(line.itertext()).strip() for line in part.iter(f"{_TEXT}p")).strip()


def _refuse(*_: object) -> None:
    raise NotTaken("the presentation holds what no presentation needs, and may be made to do harm", _AGAIN)
