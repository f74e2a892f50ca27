"""Clean plates: taken, measured, kept, and what is said about their light."""

import json

import cv2
import numpy as np
import pytest

from greenscreen import plate as plates
from greenscreen import tune
from greenscreen.errors import PlateUnusable
from greenscreen.key import Hue
from greenscreen.person import PersonFinder
from greenscreen.plate import Plate
from greenscreen.tune import Trouble
from tests.benchmarks import footage

SIZE = (640, 360)
GREEN = (70, 170, 60)


def screen(light: np.ndarray | float = 1.0, *, noise: float = 1.5, frames: int = 30) -> list[np.ndarray]:
    """An empty green screen, lit by *light*, with a camera's noise."""
    rng = np.random.default_rng(8)
    plain = np.ones((SIZE[1], SIZE[0], 3)) * GREEN * (light if isinstance(light, float) else light[..., None])
    return [(plain + rng.normal(0, noise, plain.shape)).clip(0, 255).astype(np.uint8) for _ in range(frames)]


def troubles(frames: list[np.ndarray]) -> dict[Trouble, tune.Advice]:
    """What is said about a screen, by kind."""
    return {advice.trouble: advice for advice in tune.advise(plates.take(frames))}


def test_a_plate_comes_back_from_disk_as_it_was(tmp_path):
    """The camera is kept raw; the plate beside it is what makes it a picture again."""
    plate = plates.take(screen())
    again = Plate.load(plate.save(tmp_path / "camera.plate.png"))

    assert np.array_equal(plate.picture, again.picture)
    assert plate.facts == again.facts
    assert not again.picture.flags.writeable


@pytest.mark.parametrize("harm", ["torn picture", "torn facts", "other picture", "gone"])
def test_a_plate_that_cannot_be_trusted_is_refused_with_a_way_out(tmp_path, harm):
    """A wrong plate would spoil every frame, silently."""
    path = plates.take(screen(frames=2)).save(tmp_path / "plate.png")
    if harm == "torn picture":
        path.write_bytes(path.read_bytes()[:40])
    elif harm == "torn facts":
        path.with_suffix(".json").write_text("{")
    elif harm == "other picture":
        cv2.imwrite(str(path), np.zeros((9, 9, 3), np.uint8))
    else:
        path.unlink()

    with pytest.raises(PlateUnusable, match="flipcast tune greenscreen"):
        Plate.load(path)


def test_a_plate_without_a_screen_is_refused():
    """Keying by a grey wall would cut up the speaker."""
    with pytest.raises(PlateUnusable, match="no green or blue screen"):
        plates.take([np.full((90, 160, 3), 120, np.uint8)])


def test_frames_of_two_sizes_make_no_plate():
    """The camera changed its mind between two frames."""
    with pytest.raises(PlateUnusable, match="160x90, then 80x45"):
        plates.take([np.full((90, 160, 3), GREEN, np.uint8), np.full((45, 80, 3), GREEN, np.uint8)])


def test_no_frame_makes_no_plate():
    """The camera is off."""
    with pytest.raises(PlateUnusable, match="no frame"):
        plates.take([])


def test_a_fine_screen_is_not_complained_about():
    """Advice that always comes is not read."""
    assert tune.advise(plates.take(screen())) == ()


def test_a_dark_screen_is_called_dark():
    """Noise is what ruins keys, and darkness makes it."""
    assert Trouble.DARK in troubles(screen(0.4))


def test_an_uneven_screen_is_told_where():
    """ "Move a lamp" helps only with a place."""
    light = np.broadcast_to(np.linspace(1.15, 0.55, SIZE[0]), SIZE[::-1])
    advice = troubles(screen(light))[Trouble.UNEVEN]

    assert "right" in advice.says
    assert advice.where is not None
    assert advice.where[0] > 0.6


def test_a_wrinkled_screen_is_called_wrinkled():
    """Cloth from a bag."""
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    folds = 1 + 0.16 * np.sin((x + 0.4 * y) / 7)
    advice = troubles(screen(folds))

    assert Trouble.WRINKLED in advice
    assert "pull it tight" in advice[Trouble.WRINKLED].says


def test_a_clipped_screen_is_called_clipped():
    """Where green is 255, nothing can be told apart."""
    x, y = np.meshgrid(np.linspace(-1, 1, SIZE[0]), np.linspace(-1, 1, SIZE[1]))
    assert Trouble.CLIPPED in troubles(screen(1 + 0.8 * np.exp(-4 * ((x + 0.5) ** 2 + y**2))))


def test_a_noisy_and_a_small_screen_and_too_few_frames_are_told():
    """Each has its own remedy."""
    small = screen(0.7, noise=12, frames=8)
    for frame in small:
        frame[:, 200:] = 128

    assert {Trouble.NOISY, Trouble.SMALL, Trouble.FEW} <= set(troubles(small))


def test_a_person_in_the_plate_is_told():
    """People forget to step out."""
    clip = footage.take("plain", seed=4, size=SIZE, length=2, empty=2)
    advice = tune.advise(plates.take(clip.frames), finder=PersonFinder())

    assert Trouble.OCCUPIED in {a.trouble for a in advice}


def test_green_clothes_are_told_and_plain_ones_are_not():
    """It is said before the lecture, when there is still another shirt."""
    finder = PersonFinder()
    green, plain = (footage.take(name, seed=101, size=SIZE, length=1, empty=8) for name in ("greenish", "plain"))

    def told(clip: footage.Clip) -> set[Trouble]:
        return {a.trouble for a in tune.watch(clip.frames[0], plates.take(clip.plate_frames), finder=finder)}

    assert Trouble.CLOTHES in told(green)
    assert Trouble.CLOTHES not in told(plain)


def test_a_hard_shadow_means_too_close():
    """Two steps forward cure shadow and spill at once."""
    clip = footage.take("plain", seed=101, size=SIZE, length=1, empty=8)
    plate, finder = plates.take(clip.plate_frames), PersonFinder()
    cover = np.roll(cv2.GaussianBlur((clip.alphas[0] > 0.5).astype(np.float32), (0, 0), 2), 26, axis=1)
    shade = 1 - 0.45 * cover * (1 - clip.alphas[0])
    shadowed = (clip.frames[0] * shade[..., None]).astype(np.uint8)

    assert Trouble.CLOSE in {a.trouble for a in tune.watch(shadowed, plate, finder=finder)}
    assert Trouble.CLOSE not in {a.trouble for a in tune.watch(clip.frames[0], plate, finder=finder)}


def test_nobody_before_the_screen_is_not_advised():
    """An empty chair wears nothing."""
    frames = screen()
    assert tune.watch(frames[0], plates.take(frames), finder=PersonFinder()) == ()


def test_the_hue_of_a_screen_is_found():
    """Nobody should have to choose from a list what a camera can see."""
    frame = screen(frames=1)[0]

    assert tune.hue_of(frame) is Hue.GREEN
    assert tune.hue_of(np.ascontiguousarray(frame[..., [1, 0, 2]])) is Hue.BLUE
    assert tune.hue_of(np.full_like(frame, 128)) is Hue.NONE


def test_a_large_blue_shirt_is_no_screen():
    """Who records before a grey wall in a blue shirt must not turn into a head and two hands."""
    picture = np.full((180, 320, 3), 120, np.uint8)
    cv2.ellipse(picture, (160, 180), (90, 80), 0, 0, 360, (170, 60, 40), -1)
    cv2.ellipse(picture, (160, 60), (22, 30), 0, 0, 360, (150, 180, 230), -1)

    assert tune.hue_of(picture) is Hue.NONE


def test_a_picture_shows_where_the_light_is():
    """A map says more than a percentage."""
    light = np.broadcast_to(np.linspace(1.15, 0.6, SIZE[0]), SIZE[::-1])
    painted = tune.evenness(plates.take(screen(light)))

    assert painted.shape == (SIZE[1], SIZE[0], 3)
    assert painted[:, :40, 2].mean() > painted[:, -40:, 2].mean()  # red on the bright side


def test_facts_are_plain_json(tmp_path):
    """Other programs may read them."""
    path = plates.take(screen(frames=3)).save(tmp_path / "plate.png")
    facts = json.loads(path.with_suffix(".json").read_text())

    assert facts["hue"] == "green"
    assert facts["frames"] == 3
