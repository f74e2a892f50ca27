"""Films that are odd and good: upright, in the right colours, on an even beat, sound and picture together."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from process.ladder import Ladder
from process.probe import probe

ENCODED = Ladder(copy_source=False)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "6")
RED, BLUE = (200, 40, 40), (30, 60, 190)


def pictures(path: Path) -> list[np.ndarray]:
    """All pictures of a film, red, green, blue, by the matrix that browsers assume for it: BT.709, 16 to 235."""
    shown = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.format.name == "yuv420p"
            planes = frame.to_ndarray()
            height, width = frame.height, frame.width
            y = planes[:height].astype(np.float32)
            chroma = planes[height:].reshape(2, height // 2, width // 2).astype(np.float32)
            u, v = (plane.repeat(2, axis=0).repeat(2, axis=1) - 128 for plane in chroma)
            y = (y - 16) * 255 / 219
            u, v = u * 255 / 224, v * 255 / 224
            shown.append(np.clip(np.dstack([y + 1.5748 * v, y - 0.1873 * u - 0.4681 * v, y + 1.8556 * u]), 0, 255))
    return shown


def rungs(made, folder: Path) -> list[list[np.ndarray]]:
    return [pictures(folder / "lecture" / r.file) for r in made.renditions]


def like(picture: np.ndarray, colour: tuple[int, int, int], *, within: float = 12) -> bool:
    return bool(np.abs(picture.reshape(-1, 3).mean(axis=0) - colour).max() <= within)


def hexadecimal(colour: tuple[int, int, int]) -> str:
    return "0x" + bytes(colour).hex()


def marked(size: str, *, seconds: float = 1) -> tuple[str, ...]:
    """A blue picture whose left upper quarter is red."""
    red, blue = map(hexadecimal, (RED, BLUE))
    graph = f"color={blue}:size={size}:rate=25:duration={seconds},drawbox=0:0:iw/2:ih/2:{red}:fill,format=rgb24"
    matrix = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    return ("-f", "lavfi", "-i", f"{graph},{matrix}", "-colorspace", "bt709", "-color_range", "tv")


@pytest.mark.parametrize(("turned", "corner"), [(90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_a_film_held_on_end_is_made_upright(turned, corner, film, make, tmp_path):
    """Phones write how they were held beside the pictures; browsers and thumbnails would show them lying down."""
    lying = film("lying.mp4", *marked("160x96"), *X264)
    path = film(f"held {turned}.mp4", "-display_rotation", str(turned), "-i", str(lying), "-c", "copy")

    made = make(path, tmp_path)

    size = (160, 96) if turned == 180 else (96, 160)
    assert [(r.width, r.height) for r in made.renditions] == [size]
    shown = rungs(made, tmp_path)[0][3]
    poster = cv2.imread(str(tmp_path / "lecture" / made.poster))[:, :, ::-1]
    sheet = cv2.imread(str(tmp_path / "lecture" / made.thumbnails.sprites[0]))[:, :, ::-1]
    columns = min(10, sheet.shape[1])
    first = sheet[:, : sheet.shape[1] // columns] if sheet.shape[1] > 2000 else None
    for picture in filter(lambda p: p is not None, (shown, poster, first)):
        height, width = picture.shape[:2]
        assert width < height or turned == 180
        for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
            part = picture[row * height // 2 :, column * width // 2 :][8 : height // 2 - 8, 8 : width // 2 - 8]
            assert like(part, RED if (row, column) == corner else BLUE, within=16), (turned, row, column)


@pytest.mark.parametrize("size", ["639x361", "16x16", "3x2", "90x160"])
def test_odd_and_tiny_sizes_are_made_even(size, film, make, tmp_path):
    """H.264 in 4:2:0 knows even sizes only; a window that was recorded has any."""
    path = film(f"{size}.mkv", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=1", "-c:v", "ffv1")

    made = make(path, tmp_path)

    wanted = tuple(map(int, size.split("x")))
    got = (made.renditions[0].width, made.renditions[0].height)
    assert all(side % 2 == 0 and abs(side - wish) <= 1 for side, wish in zip(got, wanted, strict=True))
    assert rungs(made, tmp_path)[0][0].shape[:2] == got[::-1]


def test_pixels_that_are_not_square_are_made_so(film, make, tmp_path):
    """DVDs and camcorders squeeze their pictures; hls players take the size by its word."""
    path = film("wide pixels.mp4", *marked("80x90"), "-vf", "setsar=2", *X264)

    made = make(path, tmp_path)

    assert (made.renditions[0].width, made.renditions[0].height) == (160, 90)
    assert like(rungs(made, tmp_path)[0][0][6:36, 6:72], RED)


def test_interlaced_pictures_are_made_whole(film, make, tmp_path):
    """Two half pictures in one frame show combs wherever something moves, and browsers do nothing about it."""
    bar = "geq=lum='if(lt(mod(X-N*8\\,160)\\,40)\\,235\\,16)':cb=128:cr=128"
    moving = f"color=black:size=160x96:rate=50:duration=1,format=yuv420p,{bar}"
    path = film(
        "fields.mpg",
        *("-f", "lavfi", "-i", f"{moving},tinterlace=interleave_top,fieldorder=tff"),
        *("-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-b:v", "4M"),
    )
    assert probe(path).picture.interlaced

    made = make(path, tmp_path)

    assert made.renditions[0].rate == 25
    grey = [picture.mean(axis=2) for picture in rungs(made, tmp_path)[0][3:-3]]
    combed = [float((np.abs(p[2:-2:2] - (p[1:-3:2] + p[3:-1:2]) / 2) > 80).mean()) for p in grey]
    assert max(combed) < 0.01


@pytest.mark.parametrize("form", ["yuv444p10le", "yuv422p", "gbrp", "gray"])
def test_any_kind_of_pixel_becomes_one_that_browsers_play(form, film, make, tmp_path):
    """Screen recorders like 4:4:4 and ten bits; phones and browsers do not."""
    path = film(f"{form}.mkv", *marked("160x90")[:4], "-c:v", "ffv1", "-pix_fmt", form)

    made = make(path, tmp_path)

    with av.open(str(tmp_path / "lecture" / made.renditions[0].file)) as container:
        assert next(container.decode(video=0)).format.name == "yuv420p"
    assert made.renditions[0].codecs.startswith("avc1.64")


COLOURS = {
    "SD, tagged": ("160x90", "bt601", "tv", "smpte170m"),
    "SD, untagged": ("160x90", "bt601", "tv", "unknown"),
    "HD, tagged": ("1280x720", "bt709", "tv", "bt709"),
    "HD, untagged": ("1280x720", "bt709", "tv", "unknown"),
    "HD, full range": ("1280x720", "bt709", "pc", "bt709"),
    "SD, full range": ("160x90", "bt601", "pc", "smpte170m"),
}


@pytest.mark.parametrize("kind", COLOURS)
def test_colours_stay_what_they_were(kind, film, make, tmp_path):
    """A wrong matrix turns skin green and diagrams' reds orange; a wrong range washes everything out."""
    size, matrix, reach, tag = COLOURS[kind]
    graph = (
        f"color={hexadecimal(RED)}:size={size}:rate=10:duration=0.5,format=gbrp,"
        f"scale=out_color_matrix={matrix}:out_range={reach},format=yuv420p,"
        f"setparams=range={reach if tag != 'unknown' else tag}:colorspace={tag}"
    )
    name = "".join(c for c in kind if c.isalnum())
    path = film(f"{name}.mp4", "-f", "lavfi", "-i", graph, *X264)

    made = make(path, tmp_path, ladder=ENCODED)

    for shown in rungs(made, tmp_path):
        assert like(shown[2], RED, within=5), shown[2].reshape(-1, 3).mean(axis=0)
    with av.open(str(tmp_path / "lecture" / made.renditions[0].file)) as container:
        frame = next(container.decode(video=0))
    assert (int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc)) == (1, 1, 1)
    assert int(frame.color_range) == 1
    poster = cv2.imread(str(tmp_path / "lecture" / made.poster))[:, :, ::-1]
    assert like(poster, RED, within=8)


@pytest.mark.parametrize(("transfer", "white"), [("smpte2084", 0.58), ("arib-std-b67", 0.75)])
def test_high_dynamic_range_is_brought_into_the_range_of_projectors(transfer, white, film, make, tmp_path):
    """Untouched it looks grey and pale on every screen of a lecture hall."""
    level = round(64 + white * 876)
    tags = f"colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}:range=tv"
    path = film(
        f"{transfer}.mkv",
        *("-f", "lavfi", "-i", "color=gray:size=160x90:rate=10:duration=0.5"),
        *("-vf", f"format=yuv420p10le,geq=lum={level}:cb=512:cr=512,setparams={tags}", "-c:v", "ffv1"),
    )
    assert probe(path).picture.transfer in ("pq", "hlg")

    made = make(path, tmp_path)

    red, green, blue = rungs(made, tmp_path)[0][2].reshape(-1, 3).mean(axis=0)
    assert max(red, green, blue) - min(red, green, blue) < 6, "white stays white"
    assert 130 < green <= 255
    with av.open(str(tmp_path / "lecture" / made.renditions[0].file)) as container:
        assert int(next(container.decode(video=0)).color_trc) == 1


@pytest.mark.parametrize(("given", "got"), [("5", 5), ("120", 60), ("30000/1001", "30000/1001"), ("50", 50)])
def test_rates_are_kept_up_to_sixty(given, got, film, make, tmp_path):
    """Twice sixty costs twice the bytes and nobody sees it; five is what a slide recorder makes."""
    graph = f"testsrc2=size=160x90:rate={given}:duration=2"
    path = film(f"rate {given.replace('/', '-')}.mp4", "-f", "lavfi", "-i", graph, *X264)

    made = make(path, tmp_path)

    assert str(made.renditions[0].rate) == str(got)
    assert len(rungs(made, tmp_path)[0]) == pytest.approx(2 * float(made.renditions[0].rate), abs=1)
    assert made.seconds == pytest.approx(2, abs=0.05)


def test_the_last_picture_stays_while_the_voice_goes_on(film, make, tmp_path):
    """A screen recorder whose picture froze at the end; the last words must be heard, with something to see."""
    path = film(
        "long voice.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2", "-f", "lavfi", "-i", "sine=duration=5"),
        *(*X264, "-c:a", "pcm_s16le"),
    )
    made = make(path, tmp_path)

    assert made.seconds == pytest.approx(5, abs=0.05)
    shown = rungs(made, tmp_path)[0]
    assert len(shown) == pytest.approx(125, abs=1)
    assert np.abs(shown[-1] - shown[60]).mean() < 4


def test_the_picture_goes_on_when_the_voice_has_ended(film, make, tmp_path):
    """The rest is silent, and players need sound to the end of the picture."""
    path = film(
        "short voice.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=5", "-f", "lavfi", "-i", "sine=duration=2"),
        *(*X264, "-c:a", "pcm_s16le"),
    )
    made = make(path, tmp_path)

    assert made.seconds == pytest.approx(5, abs=0.05)
    with av.open(str(tmp_path / "lecture" / made.audio.file)) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert len(samples) / 48000 == pytest.approx(5, abs=0.05)
    assert np.abs(samples[int(2.2 * 48000) :]).max() < 0.01


FLASHES = (
    *("-f", "lavfi", "-i", "color=black:size=160x90:rate=30:duration=8,drawbox=color=white:t=fill:enable='{when}'"),
    *("-f", "lavfi", "-i", "aevalsrc='0.5*sin(6283.19*t)*({when})':sample_rate=48000:duration=8"),
)
WHEN = "gte(t,1)*lt(mod(t-1,2),0.2)"


@pytest.fixture(scope="module")
def flashing(film) -> Path:
    """Flashes and beeps together at 1, 3, 5 and 7 seconds."""
    graphs = [word.format(when=WHEN) for word in FLASHES]
    return film("flashing.mkv", *graphs, *X264, "-g", "30", "-c:a", "pcm_s16le")


def moments(path: Path, sound: Path | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Seconds at which flashes and beeps begin; the picture of a rendition begins at 0."""
    flashes, dark, zero = [], True, None
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if zero is None:  # libav counts pictures of fragmented files that are reordered from a little after 0
                zero = float(frame.time) if sound else 0.0
            bright = frame.to_ndarray(format="gray").mean() > 128
            if bright and dark:
                flashes.append(float(frame.time) - zero)
            dark = not bright
    times, levels = [], []
    with av.open(str(sound or path)) as container:
        for frame in container.decode(audio=0):
            block = frame.to_ndarray()
            samples = block[0].astype(np.float64) if frame.format.is_planar else block[0, :: frame.layout.nb_channels]
            times.append(float(frame.time) + np.arange(frame.samples) / frame.sample_rate)
            levels.append(np.abs(samples[: frame.samples]))
    at, loud = np.concatenate(times), np.concatenate(levels).astype(np.float64)
    heard = at[loud > loud.max() * 0.4]
    beeps = heard[np.concatenate([[True], np.diff(heard) > 0.5])]
    return np.array(flashes), beeps


UNEVEN = "select='not(mod(n,5))+eq(mod(n,7),3)+between(mod(n,60),28,36)'"
SYNC = {
    "together": ("mkv", (), ()),
    "as the web likes it": ("mp4", ("-c:v", "libx264", "-bf", "2", "-g", "60", "-c:a", "aac"), ()),
    "sound begins late": ("mkv", (), ("-itsoffset", "1")),
    "picture begins late": ("mkv", (), ("-itsoffset", "-0.7")),
    "sound begins late in a transport stream": (
        *("ts", ("-c:v", "libx264", "-g", "60", "-c:a", "aac"), ("-itsoffset", "1")),
    ),
    "transport stream": ("ts", ("-c:v", "libx264", "-g", "60", "-c:a", "aac"), ()),
    "uneven beat": ("mkv", ("-c:v", "libx264", "-vf", UNEVEN, "-fps_mode", "vfr"), ()),
}


@pytest.mark.parametrize("kind", SYNC)
def test_sound_and_picture_stay_together(kind, film, flashing, make, tmp_path):
    """Lips that are 45 ms off are seen by everyone; every source has its own way of starting late or drifting."""
    ending, options, offset = SYNC[kind]
    name = f"sync {kind}.{ending}"
    copy = ("-c", "copy") if not options else (("-c:a", "pcm_s16le") if ending == "mkv" else ())
    path = film(name, "-i", str(flashing), *offset, "-i", str(flashing), "-map", "0:v", "-map", "1:a", *copy, *options)
    seen, heard = moments(path)
    count = min(len(seen), len(heard))
    wanted = seen[:count] - heard[:count]

    made = make(path, tmp_path)

    for rendition in made.renditions:
        found = moments(tmp_path / "lecture" / rendition.file, tmp_path / "lecture" / made.audio.file)
        assert len(found[0]) == len(seen)
        assert len(found[1]) == len(heard)
        assert found[0][:count] - found[1][:count] == pytest.approx(wanted, abs=0.02), (rendition.name, found)
    found = moments(tmp_path / "lecture" / made.download)
    assert found[0][:count] - found[1][:count] == pytest.approx(wanted, abs=0.02), "the download"
