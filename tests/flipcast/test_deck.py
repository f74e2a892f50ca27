"""Slides as people bring them: drawn, named, noted, and kept from doing harm."""

from __future__ import annotations

import threading
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from flipcast.deck import Deck, SlidesRefused, open_deck, plain_title, take_in
from flipcast.deck.limits import Limits
from flipcast.deck.office import find_office
from tests.fixtures.needed import missing
from tests.fixtures.pdfs import many_pages, one_page, slides, stream
from tests.fixtures.presentations import presentation

SAMPLE = Path(__file__).parents[2] / "flipcast" / "sample"


def test_a_pdf_becomes_pictures_with_titles(tmp_path: Path):
    """Chapters come from slides, so a slide must know what it is called."""
    told: list[float] = []
    path = slides(tmp_path / "week 1.pdf", "Prime numbers", "Their proof", title="Numbers")
    deck = take_in(path, tmp_path / "deck", report=told.append)

    assert deck.title == "Numbers"
    assert [slide.title for slide in deck.slides] == ["Prime numbers", "Their proof"]
    assert told[-1] == 1.0
    for slide in deck.slides:
        with Image.open(tmp_path / "deck" / slide.picture) as drawn:
            assert drawn.size == (slide.width, slide.height) == (1920, 1080)
            assert drawn.convert("L").getextrema() == (0, 255)
        with Image.open(tmp_path / "deck" / slide.thumbnail) as small:
            assert max(small.size) == 320
    assert open_deck(tmp_path / "deck") == deck


@pytest.mark.parametrize(
    ("size", "drawn"), [((720, 540), (1440, 1080)), ((540, 960), (608, 1080)), ((3000, 300), (1920, 192))]
)
def test_a_page_keeps_its_shape_and_gets_no_margin(tmp_path: Path, size: tuple[int, int], drawn: tuple[int, int]):
    """Who shows it knows best what lies beside it."""
    deck = take_in(slides(tmp_path / "a.pdf", "Page", size=size), tmp_path / "deck")

    assert (deck.slides[0].width, deck.slides[0].height) == drawn


def test_pictures_are_turned_the_right_way_up(tmp_path: Path):
    """A phone held upright writes a lying picture and a note; who ignores the note shows it on its side."""
    lying = Image.new("RGB", (4000, 3000), "red")
    lying.paste("blue", (0, 0, 4000, 1500))
    noted = Image.Exif()
    noted[0x0112] = 6  # turn by 90° clockwise
    lying.save(tmp_path / "IMG_1.jpg", exif=noted)

    deck = take_in([tmp_path / "IMG_1.jpg", SAMPLE / "slide-1.png"], tmp_path / "deck")

    assert (deck.slides[0].width, deck.slides[0].height) == (810, 1080)
    with Image.open(tmp_path / "deck" / deck.slides[0].picture) as drawn:
        left, right = drawn.convert("RGB").getpixel((100, 500)), drawn.convert("RGB").getpixel((700, 500))
    assert left[0] > 200 > right[0]
    assert right[2] > 200
    assert [slide.picture[:8] for slide in deck.slides] == ["page-001", "page-002"]


def test_glass_in_a_picture_becomes_white(tmp_path: Path):
    """A transparent logo on black text would be black on black."""
    Image.new("RGBA", (100, 50), (0, 0, 0, 0)).save(tmp_path / "a.png")
    deck = take_in(tmp_path / "a.png", tmp_path / "deck")

    with Image.open(tmp_path / "deck" / deck.slides[0].picture) as drawn:
        assert drawn.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def forms(path: Path) -> Path:
    """A PDF whose page draws ten forms, each of which draws ten, and so on: 10^12 rectangles in 3 kB."""
    parts = [stream(b"/X0 Do " * 10)]
    for level in range(12):
        parts.append(
            stream(
                b"/X Do " * 10 if level < 11 else b"0 0 9 9 re f",
                b"/Type /XObject /Subtype /Form /BBox [0 0 999 999] /Resources << /XObject << /X %d 0 R >> >>"
                % (level + 6),
            )
        )
    return one_page(path, b"/XObject << /X0 5 0 R >>", *parts)


def wide_image(path: Path) -> Path:
    """A PDF with a picture of 60 000 × 60 000 pixels in 40 kB."""
    more = b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB /BitsPerComponent 8"
    return one_page(
        path, b"/XObject << /X 5 0 R >>", stream(b"900 0 0 500 0 0 cm /X Do"), stream(bytes(10**7), more, packed=True)
    )


def long_content(path: Path) -> Path:
    """A PDF whose page is a path of 100 MB, in 100 kB."""
    return one_page(path, b"", stream(b"1 1 m 900 500 l 3 400 l h f\n" * 4_000_000, packed=True))


@pytest.mark.parametrize("bomb", [forms, wide_image, long_content, many_pages])
def test_a_pdf_bomb_is_ended_or_comes_to_nothing(tmp_path: Path, bomb):
    """A booth stands where anybody may put in a stick; it must be there for the next one."""
    limits = Limits(seconds_a_page=4, seconds=6, memory=700_000_000)
    path, began = bomb(tmp_path / "bomb.pdf"), time.monotonic()

    try:
        deck: Deck | None = take_in(path, tmp_path / "deck", limits=limits)
    except SlidesRefused:
        deck = None
        assert not (tmp_path / "deck").exists()

    assert time.monotonic() - began < 12
    assert deck is None or (bomb in (wide_image, long_content) and len(deck.slides) == 1)
    assert bomb not in (forms, many_pages) or deck is None


def test_a_picture_bomb_is_refused_by_what_its_header_says(tmp_path: Path):
    """Sixty kilobytes that would be ten gigabytes of pixels."""
    content = bytearray((SAMPLE / "slide-1.png").read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(content)

    with pytest.raises(SlidesRefused, match="3600 million pixels"):
        take_in(tmp_path / "a.png", tmp_path / "deck")


def test_notes_come_with_the_slides_that_are_shown(tmp_path: Path):
    """The prompter takes them; notes of the wrong slide would be read aloud."""
    from flipcast.deck import ward

    said = ward.notes(
        presentation(tmp_path / "a.pptx"), ".pptx", tmp_path / "x", stop=threading.Event(), limits=Limits()
    )

    assert [(one.title, one.notes) for one in said] == [("First", "Say this."), ("Third", "")]


def test_a_presentation_becomes_pictures_by_libreoffice(tmp_path: Path):
    """Most lectures are PowerPoint files."""
    if find_office() is None:
        missing("LibreOffice is not installed here")
    deck = take_in(presentation(tmp_path / "-o evil $(x) 'a.pptx"), tmp_path / "deck")

    assert [slide.title for slide in deck.slides] == ["First", "Third"]
    assert deck.notes == "Say this."
    assert {(slide.width, slide.height) for slide in deck.slides} == {(1920, 1080)}


def test_without_libreoffice_a_presentation_is_refused_with_a_way_out(tmp_path: Path):
    """Who stands in the booth can save a PDF, and cannot install anything."""
    with pytest.raises(SlidesRefused, match=r"LibreOffice is not installed.*save the slides as PDF"):
        take_in(presentation(tmp_path / "a.pptx"), tmp_path / "deck", office=tmp_path / "soffice")


LAUGHS = b'<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><p>&b;</p>'


@pytest.mark.parametrize(
    ("part", "why"),
    [(LAUGHS, "harm"), (b"<p>" + b" " * 9_000_000 + b"</p>", "longer than 8 MB"), (b"<p", "cannot be read")],
    ids=["entities", "long", "broken"],
)
def test_xml_made_to_do_harm_is_refused(tmp_path: Path, part: bytes, why: str):
    """A few kilobytes of XML can be gigabytes of text."""
    path = presentation(tmp_path / "a.pptx", more={"ppt/slides/s1.xml": part})

    with pytest.raises(SlidesRefused, match=why):
        take_in(path, tmp_path / "deck")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    """LibreOffice would unpack it."""
    path = presentation(tmp_path / "a.pptx")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as pack:
        for number in range(4):
            pack.writestr(f"ppt/media/{number}.png", bytes(1_000_000))

    with pytest.raises(SlidesRefused, match="would unpack to"):
        take_in(path, tmp_path / "deck", limits=Limits(unpacked=3_000_000))


@pytest.mark.parametrize("name", ["a.pdf", "a.png", "a.pptx"])
def test_rubbish_is_refused_whatever_it_calls_itself(tmp_path: Path, name: str):
    """Files break on sticks, and are renamed by people."""
    (tmp_path / name).write_bytes(b"\x00rubbish" * 999)

    with pytest.raises(SlidesRefused) as refused:
        take_in(tmp_path / name, tmp_path / "deck")
    assert refused.value.hint


def test_what_is_too_large_is_refused_unopened(tmp_path: Path):
    """A gigabyte is refused in the time that it takes to ask for its size."""
    with (tmp_path / "a.pdf").open("wb") as file:
        file.truncate(1_000_000_000)

    with pytest.raises(SlidesRefused, match="1000 MB, and 250 MB"):
        take_in(tmp_path / "a.pdf", tmp_path / "deck")


def test_pictures_of_iphones_are_refused_with_what_to_do(tmp_path: Path):
    """The most usual way to fail: the phone's own format."""
    (tmp_path / "IMG_1.HEIC").write_bytes(b"x")
    (tmp_path / "IMG_2.jpg").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(64))

    for name in ("IMG_1.HEIC", "IMG_2.jpg"):
        with pytest.raises(SlidesRefused, match="Most Compatible"):
            take_in(tmp_path / name, tmp_path / "deck")


def test_taking_in_can_be_called_off(tmp_path: Path):
    """Who goes back in the booth must not wait."""
    stop = threading.Event()
    stop.set()

    with pytest.raises(SlidesRefused, match="called off"):
        take_in(slides(tmp_path / "a.pdf", "A"), tmp_path / "deck", stop=stop)
    assert not (tmp_path / "deck").exists()


def test_hostile_names_become_plain_titles():
    """Names are shown on the booth's screen, and made by anybody."""
    assert plain_title("../../etc/passwd.pdf") == "passwd"
    assert plain_title("a\x00b\nc\u202e.pdf") == "a b c"
    assert plain_title("." + "x" * 999 + ".pdf") == "." + "x" * 119
    assert plain_title("\u200b.pdf") == "Slides"
