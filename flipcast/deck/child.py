"""The child that opens slides: it limits itself, draws, says a line for each page, and ends.

Started by `flipcast.deck.ward` alone, with the job on its standard input. It may come to harm: it holds nothing, and
nobody waits for it for long. It must be quick to begin, so it imports what the job needs and no more.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flipcast.deck.limits import HIGHEST, WIDEST, Limits
from flipcast.deck.unpacked import NotTaken, spoken

if TYPE_CHECKING:
    from PIL.Image import Image

_SMALL = (320, 320)
_PNG_BYTES = 2_500_000  # a page that is larger so is a photograph, and as a JPEG a tenth of it
_AGAIN = "open it on your computer, save it as PDF again, and choose that"


def main() -> None:
    """Do what standard input says."""
    asked = json.load(sys.stdin)
    limits = Limits(**asked["limits"])
    _confine(limits)
    job = asked["job"]
    try:
        if job["kind"] == "pdf":
            _Drawing(job, limits).pdf()
        elif job["kind"] == "picture":
            _Drawing(job, limits).picture()
        else:
            for title, notes in spoken(Path(job["path"]), job["kind"], limits):
                _say(title=title, notes=notes)
    except NotTaken as refusal:
        _say(refused=refusal.what, hint=refusal.hint)
    except MemoryError:
        _say(refused="the slides need more memory than they may have", hint="save them as a smaller PDF")
    except Exception:
        _say(refused="the slides cannot be read: they are damaged, or are not what they are called", hint=_AGAIN)
    else:
        _say(done=True)


class _Drawing:
    """Pages on their way to disk."""

    def __init__(self, job: dict[str, Any], limits: Limits) -> None:
        self.path, self.into, self.number = Path(job["path"]), Path(job["into"]), int(job["first"])
        self.limits, self.written = limits, 0

    def pdf(self) -> None:
        """Draw each page of a PDF, as large as fits."""
        import pypdfium2  # type: ignore[import-untyped]

        try:
            document = pypdfium2.PdfDocument(self.path)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise NotTaken("the PDF asks for a password", "save it without one and choose that") from None
            raise NotTaken("this is no PDF, or a damaged one", _AGAIN) from None
        count = len(document)
        if self.number - 1 + count > self.limits.pages:
            raise NotTaken(f"the PDF has {count} pages, and {self.limits.pages} at most are taken", "choose fewer")
        _say(of=count, title=document.get_metadata_value("Title"))
        named = _outline(document)
        for at in range(count):
            page = document[at]
            width, height = page.get_size()
            if not (0.1 < width < 1e6 and 0.1 < height < 1e6):
                raise NotTaken(f"page {at + 1} has no size that can be drawn", _AGAIN)
            scale = min(WIDEST / width, HIGHEST / height)
            if min(width, height) * scale < 8:
                raise NotTaken(f"page {at + 1} is a line, {width:.0f} × {height:.0f} points", _AGAIN)
            # A little less than fits, since the size is rounded up; the page is white where it says nothing.
            bitmap = page.render(scale=scale * (1 - 1e-6), may_draw_forms=False, fill_color=(255, 255, 255, 255))
            drawn = bitmap.to_pil().convert("RGB")
            self.keep(drawn, named.get(at) or _first_line(page))
            bitmap.close()
            page.close()

    def picture(self) -> None:
        """Fit one picture, the right way up."""
        from PIL import Image, ImageOps, UnidentifiedImageError

        warnings.simplefilter("ignore")
        Image.MAX_IMAGE_PIXELS = None  # our own limit is asked below, before anything is decoded
        try:
            opened = Image.open(self.path, formats=("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"))
        except UnidentifiedImageError:
            if self.path.open("rb").read(12)[4:8] == b"ftyp":
                hint = "on an iPhone: Settings, Camera, Formats, Most Compatible; or send a screenshot of it"
                raise NotTaken("this is a picture in a phone's own format (HEIC)", hint) from None
            raise NotTaken("this is no picture that is understood", "save it as PNG or JPEG") from None
        width, height = opened.size
        if width * height > self.limits.pixels_in:
            most = self.limits.pixels_in / 1e6
            raise NotTaken(
                f"the picture has {width * height / 1e6:.0f} million pixels, and {most:.0f} at most are taken",
                "make it smaller",
            )
        _say(of=1)
        opened.draft("RGB", (WIDEST * 2, HIGHEST * 2))  # a JPEG is read at an eighth to a whole, as needed
        grey = opened.mode in ("I;16", "I", "F")
        upright = ImageOps.exif_transpose(opened.convert("L") if grey else opened)
        if upright.mode in ("RGBA", "LA", "PA", "P"):
            upright = upright.convert("RGBA")
            upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
        upright = upright.convert("RGB")
        upright.thumbnail((WIDEST, HIGHEST), Image.Resampling.LANCZOS)
        self.keep(upright, "")

    def keep(self, drawn: Image, title: str) -> None:
        """Write *drawn* and its thumbnail, and say so."""
        if drawn.width > WIDEST or drawn.height > HIGHEST:
            drawn = drawn.crop((0, 0, min(WIDEST, drawn.width), min(HIGHEST, drawn.height)))
        content, ending = io.BytesIO(), "png"
        drawn.save(content, "PNG", compress_level=3)
        if content.tell() > _PNG_BYTES:
            content, ending = io.BytesIO(), "jpg"
            drawn.save(content, "JPEG", quality=93, subsampling=0)
        self.written += content.tell()
        if self.written > self.limits.bytes_out:
            raise NotTaken("the pages are larger than they may be", "leave out what is heavy, or choose fewer")
        picture, small = f"page-{self.number:03}.{ending}", f"small-{self.number:03}.jpg"
        (self.into / picture).write_bytes(content.getvalue())
        thumbnail = drawn.copy()
        thumbnail.thumbnail(_SMALL)
        thumbnail.save(self.into / small, "JPEG", quality=85)
        _say(picture=picture, thumbnail=small, width=drawn.width, height=drawn.height, title=title)
        self.number += 1


def _outline(document: Any) -> dict[int, str]:
    """Page to the first bookmark that leads to it."""
    named: dict[int, str] = {}
    with contextlib.suppress(Exception):
        for count, mark in enumerate(document.get_toc(max_depth=3)):
            if count > 2000:
                break
            target = mark.get_dest()
            if target is not None and (at := target.get_index()) is not None:
                named.setdefault(at, mark.get_title()[:120])
    return named


def _first_line(page: Any) -> str:
    """The first line of a page that has letters in it: a title, on most slides."""
    with contextlib.suppress(Exception):
        for line in page.get_textpage().get_text_range(0, 400).splitlines():
            if sum(letter.isalpha() for letter in line) > 2:
                return str(line.strip()[:120])
    return ""


def _confine(limits: Limits) -> None:
    """Take from ourselves what is not needed; where a system has no such limits, the clock of the parent remains."""
    try:
        import resource
    except ImportError:
        return
    wishes = [
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, int(limits.seconds) + 5),
        (resource.RLIMIT_FSIZE, limits.bytes_out),
        (resource.RLIMIT_CORE, 0),
    ]
    for which, most in wishes:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(which, (most, most))


def _say(**said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
