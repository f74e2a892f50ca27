"""Whatever comes before the camera, the keyer gives a picture, says how it made it, and is right again soon after."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from greenscreen import plate as plates
from greenscreen.key import Hue, Key
from greenscreen.keyer import By, Keyer
from greenscreen.plate import Plate
from tests.benchmarks import footage
from tests.benchmarks.light import LINEAR, over, to_bytes

SIZE = (640, 360)


@pytest.fixture(scope="module")
def clip() -> footage.Clip:
    """Somebody before an ordinary screen: neither perfect nor terrible."""
    return footage.take("spectacles", seed=4, size=SIZE, length=6, empty=30)


@pytest.fixture(scope="module")
def plate(clip) -> Plate:
    """The screen of that clip, measured."""
    return plates.take(clip.plate_frames)


@pytest.fixture
def keyer(plate) -> Iterator[Keyer]:
    """A keyer with its plate."""
    with Keyer(plate=plate) as opened:
        yield opened


@pytest.fixture(scope="module")
def room() -> np.ndarray:
    """A room without any screen: walls, a shelf, a window."""
    rng = np.random.default_rng(3)
    picture = np.full((SIZE[1], SIZE[0], 3), (150, 165, 175), np.uint8)
    for _ in range(24):
        x, y, w, h = rng.integers(0, 560), rng.integers(0, 300), rng.integers(10, 90), rng.integers(10, 80)
        shade = tuple(int(n) for n in rng.integers(60, 200) + rng.integers(-15, 15, 3))
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), shade, -1)
    noisy = cv2.GaussianBlur(picture, (0, 0), 1.2) + rng.normal(0, 1.5, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def error(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared error of an alpha, in thousandths."""
    return 1e3 * float(np.mean((alpha.astype(np.float32) / 255 - truth) ** 2))


def lit(picture: np.ndarray, gain: float | tuple[float, float, float]) -> np.ndarray:
    """The picture in another light."""
    return to_bytes(LINEAR[picture] * np.float32(gain))


def test_an_ordinary_frame_is_keyed_at_once(keyer, clip):
    """The first frame counts as much as the thousandth: a clip may begin with it."""
    keyed = keyer.key(clip.frames[0])

    assert keyed.by is By.PLATE
    assert error(keyed.alpha, clip.alphas[0]) < 1.5


def test_without_a_plate_it_works_nearly_as_well(clip, plate):
    """Most people never take one."""
    with Keyer(plate=plate) as with_plate, Keyer() as without:
        pairs = [(with_plate.key(f).alpha, without.key(f).alpha) for f in clip.frames]

    best, grown = (np.mean([error(p[n], t) for p, t in zip(pairs, clip.alphas, strict=True)]) for n in (0, 1))
    assert without.by is By.SCREEN
    assert grown < 1.5 * best + 0.5


def test_a_blue_screen_is_found_without_being_told():
    """Blue is for people in green; nobody should have to say which it is."""
    blue = footage.take("blue", seed=4, size=SIZE, length=2, empty=2)
    with Keyer() as keyer:
        alphas = [keyer.key(frame).alpha for frame in blue.frames]

    assert keyer.by is By.SCREEN
    assert error(alphas[-1], blue.alphas[-1]) < 4


def test_with_no_green_in_the_picture_the_person_model_decides_and_says_so(clip, room):
    """A lecture at home has no screen; the result must be labelled as the second best it is."""
    frames = [to_bytes_over(clip, n, room) for n in range(3)]
    with Keyer() as keyer:
        keyed = [keyer.key(frame) for frame in frames][-1]

    assert keyed.by is By.PERSON
    assert error(keyed.alpha, clip.alphas[2]) < 60
    assert np.corrcoef(keyed.alpha.ravel(), clip.alphas[2].ravel())[0, 1] > 0.85


def test_a_screen_that_is_not_wanted_is_not_used(clip):
    """``none`` is somebody's word for it."""
    with Keyer(Key(hue=Hue.NONE)) as keyer:
        assert keyer.key(clip.frames[0]).by is By.PERSON


@pytest.mark.parametrize("measured", [True, False], ids=["with a plate", "without"])
def test_half_the_screen_outside_the_picture_does_not_show_the_room(clip, room, measured):
    """Screens are narrow and cameras are wide: what lies beside the screen is not the speaker."""
    edge = int(0.78 * SIZE[0])

    def beside(picture: np.ndarray, alpha: np.ndarray, foreground: np.ndarray) -> np.ndarray:
        joined = picture.copy()
        joined[:, edge:] = np.clip(over(foreground, alpha, room), 0, 255).astype(np.uint8)[:, edge:]
        return joined

    nobody = np.zeros((SIZE[1], SIZE[0]), np.float32)
    empty = [beside(f, nobody, np.zeros((SIZE[1], SIZE[0], 3), np.float32)) for f in clip.plate_frames[:6]]
    frames = [beside(*three) for three in zip(clip.frames, clip.alphas, clip.foregrounds, strict=True)]
    with Keyer(plate=plates.take(empty) if measured else None) as keyer:
        alpha = [keyer.key(frame).alpha for frame in frames][-1]

    seen = alpha[:, edge + 24 :] * (clip.alphas[-1][:, edge + 24 :] < 0.01)
    assert np.mean(seen > 64) < 0.05
    assert error(alpha[:, :edge], clip.alphas[-1][:, :edge]) < 3


def test_lights_off_and_on_leave_no_trace(keyer, clip):
    """Somebody leans on the switch. Three frames later nobody should be able to tell."""
    for frame in clip.frames[:3]:
        keyer.key(frame)
    for _ in range(20):
        dark = keyer.key(lit(clip.frames[3], 0.004))
    assert dark.by is By.PERSON
    after = [keyer.key(clip.frames[3]) for _ in range(10)][-1]

    assert after.by is By.PLATE
    assert error(after.alpha, clip.alphas[3]) < 2


def test_half_the_light_at_once_is_followed_within_a_few_frames(keyer, clip):
    """One of two lamps goes out."""
    for frame in clip.frames[:3]:
        keyer.key(frame)
    after = [keyer.key(lit(clip.frames[3], 0.45)) for _ in range(4)][-1]

    assert after.by is By.PLATE
    assert error(after.alpha, clip.alphas[3]) < 2.5


def test_drifting_exposure_and_white_balance_are_followed(keyer, clip):
    """Cameras never leave well alone: two seconds of turning everything up and to the red."""
    worst = 0.0
    for step in range(60):
        gain = (1 - 0.004 * step, 1 - 0.002 * step, 1 + 0.003 * step)
        alpha = keyer.key(lit(clip.frames[step % 3], gain)).alpha
        worst = max(worst, error(alpha, clip.alphas[step % 3]))

    assert worst < 3


def test_a_person_in_the_plate_is_not_taken_for_screen(clip):
    """People step out late. Where they stood, the screen is learnt from later frames."""
    occupied = plates.take([f[:, ::-1] for f in clip.frames])
    with Keyer(plate=occupied) as keyer:
        alpha = [keyer.key(clip.frames[n % 6]).alpha for n in range(12)][-1]

    assert error(alpha, clip.alphas[5]) < 2.5


def test_tape_on_the_screen_is_no_speaker():
    """Crosses for tracking, or what was forgotten there: the plate shows them, so nobody has to see them."""
    marked = footage.take("markers", seed=3, size=(1280, 720), length=3, empty=8)
    measured = plates.take(marked.plate_frames)
    with Keyer(plate=measured) as keyer:
        alpha = [keyer.key(frame).alpha for frame in marked.frames][-1]

    away = cv2.dilate((marked.alphas[-1] > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    assert (alpha[away] > 30).mean() < 1e-3


def test_a_bumped_camera_is_noticed_and_the_plate_given_up():
    """Folds of the plate that are not where they were would be painted onto the picture."""
    folded = footage.take("wrinkles", seed=4, size=SIZE, length=3, empty=20)
    measured = plates.take(folded.plate_frames)

    def bumped(picture: np.ndarray) -> np.ndarray:
        return cv2.copyMakeBorder(picture, 0, 14, 0, 26, cv2.BORDER_REFLECT)[14:, 26:]

    with Keyer(plate=measured) as keyer:
        for n in range(36):
            keyer.key(folded.frames[n % 3])
        assert not keyer.moved
        for n in range(60):
            keyed = keyer.key(bumped(folded.frames[n % 3]))
        assert keyer.moved
    with Keyer() as grown:
        for n in range(60):
            fresh = grown.key(bumped(folded.frames[n % 3]))

    truth = bumped(folded.alphas[2])
    assert keyed.by is By.SCREEN
    assert error(keyed.alpha, truth) < 1.3 * error(fresh.alpha, truth) + 0.5


def test_two_people_are_both_kept(keyer, clip):
    """A guest comes in."""
    truth = shifted(clip.alphas[1], 190)
    frame = beside_themselves(clip, 1)
    alpha = [keyer.key(frame).alpha for _ in range(4)][-1]

    both = np.maximum(truth, shifted(clip.alphas[1], -190))
    assert error(alpha, both) < 3


def test_a_person_who_leaves_is_gone_from_the_picture(keyer, clip):
    """An empty chair shows no ghost."""
    for frame in clip.frames:
        keyer.key(frame)
    alpha = [keyer.key(frame).alpha for frame in clip.plate_frames[:6]][-1]

    assert alpha.mean() < 0.5


def test_green_slides_behind_the_speaker_do_not_confuse_the_key(keyer, clip):
    """The background is never keyed: green lines stay green, and the speaker stays whole."""
    slide = np.full((SIZE[1], SIZE[0], 3), (60, 200, 40), np.uint8)
    shown = keyer.over(clip.frames[0], slide)

    nobody = clip.alphas[0] == 0
    far = cv2.erode(nobody.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    whole = cv2.erode((clip.alphas[0] > 0.999).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert np.mean(shown[far] == (60, 200, 40)) > 0.99
    assert np.abs(shown[whole].astype(int) - over(clip.foregrounds[0], clip.alphas[0], slide)[whole]).mean() < 8


def test_green_charts_on_a_monitor_before_the_screen_stay_whole():
    """What is purer than the screen is none of it, and what lies between its parts neither."""
    clip = footage.take("slides", seed=3, size=(1280, 720), length=3)
    with Keyer(plate=plates.take(clip.plate_frames)) as keyer:
        alpha = [keyer.key(frame).alpha for frame in clip.frames][-1]

    assert error(alpha, clip.alphas[-1]) < 4


def test_a_bar_is_kept_with_its_colour_and_an_open_frame_lets_see_the_screen(keyer, clip):
    """Both are of the screen's colour, with something solid all around."""
    frames = []
    for frame in clip.plate_frames[:6]:
        shown = frame.copy()
        shown[180:340, 30:230], shown[180:340, 400:600] = (235, 232, 228), (235, 232, 228)
        shown[220:310, 60:84] = (50, 200, 60)
        shown[230:290, 450:550] = frame[230:290, 450:550]
        frames.append(shown)
    keyed = [keyer.key(frame) for frame in frames][-1]

    bar = np.s_[224:306, 64:80]
    assert keyed.alpha[bar].min() > 250
    assert np.abs(keyed.foreground[bar].astype(int) - frames[-1][bar]).mean() < 6
    assert keyed.alpha[238:282, 458:542].max() < 5


@pytest.mark.parametrize("value", [0, 255])
def test_an_all_black_or_white_frame_shows_nobody_and_is_forgotten(keyer, clip, value):
    """A camera that blinks must cost one frame, not the rest of the lecture."""
    for frame in clip.frames[:3]:
        keyer.key(frame)
    blank = keyer.key(np.full_like(clip.frames[0], value))
    after = [keyer.key(clip.frames[3]) for _ in range(10)][-1]

    assert blank.alpha.shape == clip.alphas[0].shape
    assert error(after.alpha, clip.alphas[3]) < 2


@pytest.mark.parametrize("size", [(480, 360), (360, 640), (426, 240), (641, 361), (1, 1), (17, 9)], ids=str)
def test_a_frame_of_another_size_begins_anew(keyer, clip, size):
    """Cameras change their minds; 4:3, portrait and odd sizes are all somebody's webcam."""
    keyer.key(clip.frames[0])
    width, height = SIZE
    wide = min(width, round(height * size[0] / size[1]))
    high = min(height, round(width * size[1] / size[0]))
    x, y = (width - wide) // 2, (height - high) // 2
    cut = np.s_[y : y + high, x : x + wide]
    frame = cv2.resize(clip.frames[1][cut], size, interpolation=cv2.INTER_AREA)
    truth = cv2.resize(clip.alphas[1][cut], size, interpolation=cv2.INTER_AREA)
    keyed = keyer.key(frame)

    assert keyed.alpha.shape == (size[1], size[0])
    assert keyed.foreground.shape == (size[1], size[0], 3)
    if min(size) > 100:
        assert error(keyed.alpha, truth) < 4


def test_grey_scale_is_no_green_and_no_failure(clip):
    """Night mode, or a document camera."""
    with Keyer() as keyer:
        plain = keyer.key(cv2.cvtColor(clip.frames[0], cv2.COLOR_BGR2GRAY))
        tripled = keyer.key(cv2.cvtColor(cv2.cvtColor(clip.frames[0], cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))

    assert plain.by is tripled.by is By.PERSON


def test_ten_frames_a_second_are_keyed_as_well_as_thirty(clip, plate):
    """Slow cameras move further between frames: nothing may trail behind."""
    with Keyer(plate=plate) as keyer:
        errors = [error(keyer.key(f).alpha, t) for f, t in zip(clip.frames[::3], clip.alphas[::3], strict=True)]

    assert max(errors) < 1.5


def to_bytes_over(clip: footage.Clip, number: int, behind: np.ndarray) -> np.ndarray:
    """The true speaker before something else."""
    return np.clip(over(clip.foregrounds[number], clip.alphas[number], behind) + 0.5, 0, 255).astype(np.uint8)


def shifted(picture: np.ndarray, across: int) -> np.ndarray:
    """A picture moved sideways, nothing moved in."""
    out = np.zeros_like(picture)
    if across > 0:
        out[:, across:] = picture[:, :-across]
    else:
        out[:, :across] = picture[:, -across:]
    return out


def beside_themselves(clip: footage.Clip, number: int) -> np.ndarray:
    """The same speaker twice before the empty screen."""
    shown = clip.plate_frames[0]
    for across in (190, -190):
        light = shifted(clip.foregrounds[number].astype(np.float32), across)
        shown = np.clip(over(light, shifted(clip.alphas[number], across), shown) + 0.5, 0, 255).astype(np.uint8)
    return shown


def test_tape_behind_the_speaker_makes_no_hole():
    """Before a dark cross no share of the screen's colour can be told; what is around it can."""
    clip = footage.take("markers", seed=3, size=(1280, 720), length=3, empty=6)
    with Keyer(plate=plates.take(clip.plate_frames)) as keyer:
        alpha = [keyer.key(frame).alpha for frame in clip.frames][-1]
    inside = cv2.erode((clip.alphas[-1] > 0.996).astype(np.uint8), np.ones((13, 13), np.uint8)) > 0

    assert np.mean(alpha[inside] < 200) < 1e-4  # without care, a whole cross


def test_a_speck_of_noise_is_no_speaker(keyer, clip):
    """A hot pixel, a fly, a crumb that the codec left: none of them may shine on the new background."""
    frame = clip.frames[0].copy()
    frame[42:46, 42:46] = 250
    for _ in range(3):
        alpha = keyer.key(frame).alpha

    assert alpha[:90, :90].max() == 0
    assert alpha.max() == 255


def test_a_gap_that_an_arm_opens_in_the_shadow_is_seen_through_at_once():
    """The person model looks only now and then, and a deep shadow is no screen that was foreseen."""
    clip = footage.take("shadow", seed=3, size=(1280, 720), length=5, empty=6)
    with Keyer(plate=plates.take(clip.plate_frames)) as keyer:
        alpha = [keyer.key(frame).alpha for frame in clip.frames][-1]
    nobody = cv2.erode((clip.alphas[-1] < 0.004).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0

    assert np.count_nonzero(alpha[nobody] > 64) < 50  # half a thousand, if only the model is asked


def test_clothes_of_the_screens_own_hue_are_kept_as_soon_as_the_person_model_has_looked(keyer, clip):
    """The next guest wears a shirt that no one wore before; for a few frames it may pass for a gap, not for good."""
    shirt = cv2.erode((clip.alphas[0] > 0.996).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    shirt[:200] = False
    cloth = to_bytes(LINEAR[np.mean(clip.plate_frames, axis=0).astype(np.uint8)] * np.float32(0.6))
    for _ in range(9):
        keyer.key(clip.frames[0])
    for number in range(8):
        noise = np.random.default_rng(number).normal(0, 1, cloth.shape)
        dressed = np.where(shirt[..., None], np.clip(cloth + noise, 0, 255), clip.frames[0]).astype(np.uint8)
        alpha = keyer.key(dressed).alpha

    assert alpha[shirt].mean() > 180
