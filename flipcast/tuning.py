"""What ``flipcast tune greenscreen`` does: look at the empty screen, say what could be better, and remember it.

What is remembered of a camera is what lies beside a keyed track (`greenscreen.beside`): the key and the clean plate. It
is kept in the user's state folder under a checksum of the camera's identity, which may hold a password, and is laid
beside every take that is recorded ``--with greenscreen``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from capture.description import to_json, write_whole
from capture.devices import Devices
from capture.errors import DeviceError, DeviceMissing
from capture.flow import Ahead, Lost
from capture.frames import Frame, Kind
from capture.known import FOLDER_VARIABLE, state_folder
from capture.plan import names_of
from capture.preview import FASTEST, HIGHEST, WIDEST, Look
from capture.sources import Wanted, open_source, spoken
from flipcast.console import Show
from flipcast.errors import DeskError
from flipcast.keys import Keys, pressed
from greenscreen import beside, plate, tune
from greenscreen.beside import Beside
from greenscreen.errors import PlateUnusable
from greenscreen.key import Hue, Key
from greenscreen.light import Bytes
from greenscreen.person import PersonFinder
from greenscreen.plate import Plate
from greenscreen.tune import Advice, Trouble
from process import keyed
from process.errors import Stopped

if TYPE_CHECKING:
    from flipcast.commands import Desk

FRAMES = 45
"""Of which a plate is the mean: a second and a half."""

_LOOKS = 5
"""How often the speaker is looked at; what is seen in most of them is said."""

_QUIET_SECONDS = 10.0
_SETTLED = 10


def greenscreen(desk: Desk, asked: argparse.Namespace) -> bool:
    """Find the screen's colour and its clean plate, say what could be better, and remember them for this camera."""
    wanted = _camera(asked.sources or [], desk.show)
    finder = PersonFinder()
    with _Camera(wanted, desk.stop) as camera, pressed() as keys:
        taken, advice = _empty_screen(camera, keys, desk, asked.wait, finder)
        picture = _name(wanted, ".light.png")
        _draw(picture, tune.evenness(taken))
        how = f"plate of {taken.facts.frames} frames, taken by flipcast tune greenscreen of {wanted.label}"
        remember(wanted, Beside(key=Key(hue=taken.facts.hue), plate=taken, how=how))
        if not asked.empty:
            _wait(camera, keys, desk.show, asked.wait, "step back in, where you will stand")
            advice = (*advice, *_watched(camera, taken, finder, desk.show))
    _told(desk.show, wanted, taken, advice, picture)
    return True


def _empty_screen(
    camera: _Camera, keys: Keys, desk: Desk, seconds: float, finder: PersonFinder
) -> tuple[Plate, tuple[Advice, ...]]:
    """The plate, and what could be better about it; people who stand in it are asked out again, twice.

    Raises:
        PlateUnusable: no screen is seen, or somebody does not step out.
    """
    for wish in ("step out of the picture: the empty screen is looked at", *["somebody is still seen: step out"] * 2):
        _wait(camera, keys, desk.show, seconds, wish)
        try:
            taken = plate.take(camera.pictures(FRAMES), hue=desk.settings.greenscreen.hue)
        except PlateUnusable as error:
            if "screen is seen" in error.what:
                error.hint += " (the person model alone then finds the speaker; it is the second best)"
            raise
        advice = tune.advise(taken, finder=finder)
        if not any(one.trouble is Trouble.OCCUPIED for one in advice):
            return taken, advice
    raise PlateUnusable(
        "somebody stands in the picture of the empty screen, so it was not kept",
        hint="step out of the picture, and run it again",
    )


def from_preview(folder: Path, track: str, camera: Wanted, *, hue: Hue) -> tuple[Advice, ...]:
    """Take the plate of *camera* from the preview of its *track* in *folder*, keep it, and say what could be better.

    Raises:
        PlateUnusable: no screen is seen, or somebody stands before it.
        DeviceError: no picture comes, or the plate cannot be kept.
    """
    taken = plate.take(_looked_at(folder, track), hue=hue)
    advice = tune.advise(taken, finder=PersonFinder())
    if any(one.trouble is Trouble.OCCUPIED for one in advice):
        raise PlateUnusable("somebody stands in the picture of the empty screen", hint="step out of it, and try again")
    how = f"plate of {taken.facts.frames} frames, taken from the live picture of {camera.label}"
    remember(camera, Beside(key=Key(hue=taken.facts.hue), plate=taken, how=how))
    return advice


def _looked_at(folder: Path, track: str) -> Iterator[Bytes]:
    """Yield `FRAMES` pictures of a preview, as large as the camera gives them."""
    size = (0, 0)
    with Look(folder, track, size=(WIDEST, HIGHEST), rate=FASTEST) as look:
        settled, count, until = 0, 0, time.monotonic() + _QUIET_SECONDS
        while count < FRAMES:
            frame = look.newest()
            if frame is None:
                if time.monotonic() > until:
                    raise DeviceError("no picture came from the camera", hint="see that it is on")
                time.sleep(0.005)
                continue
            until = time.monotonic() + _QUIET_SECONDS
            height, width = frame.picture.shape[:2]
            settled = settled + 1 if (width, height) == size else 0
            size = (width, height)
            if settled >= _SETTLED:  # the first are as large as somebody else wished
                count += 1
                yield np.ascontiguousarray(frame.picture[..., :3])
            elif count:
                raise PlateUnusable("the camera changed its picture's size meanwhile", hint="try again")


def remember(camera: Wanted, known: Beside) -> None:
    """Keep the key and the plate of *camera*, in place of what was kept before.

    Raises:
        DeviceError: it cannot be written.
    """
    key = _name(camera, "")
    try:
        key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.write(key.parent, key.name, known)
    except OSError as error:
        raise DeviceError(
            f"the plate cannot be kept in {key.parent} ({error})",
            hint=f"give yourself the right to write there, or set {FOLDER_VARIABLE} to another folder",
        ) from None


def remembered(camera: Wanted) -> Beside | None:
    """What is kept of *camera*; ``None`` if nothing is.

    Raises:
        GreenscreenError: it cannot be read.
    """
    key = _name(camera, "")
    return beside.read(key.parent, key.name)


def untuned(key: Key) -> Beside:
    """What lies beside a camera of which no plate is kept: by *key* its screen is learnt as it goes."""
    return Beside(key=key, how="no plate was taken")


def besides(sources: tuple[Wanted, ...], settings: Key, show: Show) -> dict[str, Beside]:
    """What is to lie beside the cameras among *sources*, by the names of their tracks; said where it could be better.

    Raises:
        DeskError: there is no camera.
        GreenscreenError: what is remembered cannot be read, or nobody can be keyed here.
    """
    cameras = [(name, one) for name, one in zip(names_of(sources), sources, strict=True) if one.kind is Kind.CAMERA]
    if not cameras:
        raise DeskError("there is no camera to be keyed", hint="name one: --from camera:NAME --with greenscreen")
    keyed.check_able()
    found = {}
    for name, camera in cameras:
        known = remembered(camera)
        if known is None:
            show.note(
                f"no plate of {camera.label} is kept, so its screen is learnt as it goes; better is first:"
                f" flipcast tune greenscreen --from {camera.label}"
            )
            known = untuned(settings)
        found[name] = known
    return found


def _name(camera: Wanted, ending: str) -> Path:
    identity = hashlib.sha256(f"{camera.member}:{camera.address}".encode()).hexdigest()[:24]
    return state_folder() / "greenscreen" / f"{identity}{ending}"


def _camera(said: Sequence[str], show: Show) -> Wanted:
    """The one camera that is looked at."""
    devices = Devices()
    if said:
        found = devices.wanted(spoken(said[0]))
        if len(said) > 1 or found.kind is not Kind.CAMERA:
            raise DeskError("one camera is tuned at a time", hint="flipcast tune greenscreen --from camera:NAME")
        return found
    try:
        cameras = [wanted for wanted in devices.usual() if wanted.kind is Kind.CAMERA]
    except DeviceMissing:
        cameras = []
    if not cameras:
        raise DeskError("no camera is here", hint="plug one in, or name one of the network: --from camera:http://…")
    show.note(f"taking {cameras[0].label}; choose with --from")
    return cameras[0]


class _Camera:
    """A camera that is read all the time, so that what is looked at is new and its exposure has settled."""

    def __init__(self, wanted: Wanted, stop: threading.Event) -> None:
        self._wanted, self._stop = wanted, stop
        self._ahead = Ahead(lambda: open_source(wanted), name=wanted.label, room=3)

    def __enter__(self) -> _Camera:
        self._ahead.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.close()

    def pictures(self, count: int) -> Iterator[Bytes]:
        """Yield the next *count* pictures.

        Raises:
            DeviceError: the camera cannot be opened, or gives no more.
        """
        until = time.monotonic() + _QUIET_SECONDS
        while count:
            if self._stop.is_set():
                raise Stopped("it was stopped", hint="nothing was changed; run it again")
            came = self._ahead.next(0.1)
            if isinstance(came, Lost):
                raise came.error
            if isinstance(came, Frame):
                yield np.ascontiguousarray(came.picture[..., :3])
                count, until = count - 1, time.monotonic() + _QUIET_SECONDS
            elif time.monotonic() > until:
                raise DeviceError(
                    f"no picture came from {self._wanted.label} for {_QUIET_SECONDS:.0f} s",
                    hint="see that it is on and that no other program holds it",
                )


def _wait(camera: _Camera, keys: Keys, show: Show, seconds: float, wish: str) -> None:
    """Give people *seconds* to do as they are asked, or until a key is pressed; the camera runs meanwhile."""
    hint = f"{seconds:.0f} s from now, or at once by any key" if keys.here else f"{seconds:.0f} s from now"
    show.note(f"{wish} ({hint})")
    until = time.monotonic() + seconds
    for _ in camera.pictures(3):  # the first pictures of a camera that has just been opened are of no use
        pass
    while time.monotonic() < until and not keys.next(0.0):
        for _ in camera.pictures(1):
            pass


def _watched(camera: _Camera, taken: Plate, finder: PersonFinder, show: Show) -> list[Advice]:
    """What is wrong about the speaker in most of a few looks, a third of a second apart."""
    seen: dict[Trouble, list[Advice]] = {}
    person = 0
    for number, picture in enumerate(camera.pictures(10 * _LOOKS)):
        if number % 10:
            continue
        person += bool((finder.look(picture) > 0.7).mean() > 0.01)
        for one in tune.watch(picture, taken, finder=finder):
            seen.setdefault(one.trouble, []).append(one)
    if person <= _LOOKS // 2:
        show.note("nobody was seen before the screen, so nothing is said of clothes and shadows")
    return [found[-1] for found in seen.values() if len(found) > _LOOKS // 2]


def _told(show: Show, wanted: Wanted, taken: Plate, advice: Sequence[Advice], picture: Path) -> None:
    facts = taken.facts
    lines = [
        f"{wanted.label}: a {facts.hue.value} screen on {facts.covers:.0%} of the picture, its light even to"
        f" {facts.evenness:.0%}",
        *(f"- {one.says}" for one in advice),
    ]
    if advice:
        lines.append(f"where its light is: {picture} (yellow is usual, blue darker, red brighter)")
    else:
        lines.append("nothing could be better")
    lines.append(f"kept for this camera: flipcast record … --from {wanted.label} --with greenscreen")
    said = [{"trouble": one.trouble.value, "says": one.says, "where": one.where} for one in advice]
    show.result(
        {
            "camera": wanted.label,
            "plate": json.loads(to_json(facts)),
            "advice": said,
            "light": str(picture),
        },
        "\n".join(lines),
    )


def _draw(path: Path, picture: Bytes) -> None:
    """Put *picture* at *path*."""
    done, png = cv2.imencode(".png", picture)
    if done:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, png.tobytes())
