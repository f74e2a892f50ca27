"""The speaker cut out while the sources stand by: the live key of the first camera, and how it is keyed, beside a take.

The keyer is large, and who only records needs none of it: it is imported when somebody wishes for it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from capture.errors import FlipcastError, WrongMoment
from capture.frames import Kind
from capture.plan import names_of
from capture.remote import Remote
from capture.sources import Wanted
from flipcast.settings import Settings

if TYPE_CHECKING:
    from greenscreen.beside import Beside
    from greenscreen.live import Background, LiveKey

_AGAIN_SECONDS = 5.0
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


class Cutout:
    """The live key of whatever recorder stands by. Used by one thread."""

    def __init__(self, settings: Callable[[], Settings], *, told: Callable[[str], None]) -> None:
        """By the *settings* of the moment where nothing is remembered of a camera; sentences go to *told*."""
        self._settings = settings
        self.behind = ""
        """What the speaker stands before, as ``keyed.behind`` says it."""
        self._told = told
        self._live: LiveKey | None = None
        self._shown = ""
        self._again_at = 0.0
        self._anew = False

    def facts(self) -> dict[str, Any] | None:
        """What pages show of it; ``None`` while there is none."""
        if self._live is None:
            return None
        seen = self._live.report
        advice = [str(one) for one in (*(one.trouble for one in seen.advice), *seen.framing.troubles)] if seen else []
        return {
            "name": self._live.name,
            "works": seen is not None,
            "advice": advice,
            "by": str(seen.by) if seen else "",
        }

    def soon(self) -> None:
        """Try again at once what failed before."""
        self._again_at = 0.0

    def tune(self, remote: Remote) -> list[str]:
        """Take the plate of the empty screen from the preview of *remote*; gives what could be better. On any thread.

        Raises:
            WrongMoment: there is no camera.
            PlateUnusable: somebody stands there, or nothing in the picture could be keyed.
        """
        camera = camera_of(remote)
        if camera is None or remote.plan.preview is None:
            raise WrongMoment("no camera is open", hint="choose one first")
        from flipcast import tuning

        advice = tuning.from_preview(remote.plan.preview, *camera, hue=self._settings().greenscreen.hue)
        self._anew = True
        return [one.says for one in advice]

    def follow(self, remote: Remote, *, seen: bool) -> None:
        """Begin, change or end it so that it fits to *remote*, and to whether anybody looks.

        Raises:
            GreenscreenError: what is remembered of the camera cannot be read.
        """
        camera = camera_of(remote) if seen else None
        if camera is None or self._anew:
            self._anew, self._again_at = False, 0.0
            self.end()
        elif self._live is None and time.monotonic() >= self._again_at:
            self._again_at = time.monotonic() + _AGAIN_SECONDS
            self._begin(remote, *camera)
        elif self._live is not None and self._shown != self.behind:
            self._shown = self.behind  # once: what cannot be shown is said, and what was there stays
            try:
                self._live.stand_before(self._background(_screen_of(remote)))
            except FlipcastError as error:
                self._told(str(error))

    def end(self) -> None:
        """End it."""
        live, self._live = self._live, None
        if live is not None:
            live.__exit__(None, None, None)

    def lay_beside(self, remote: Remote) -> None:
        """Put how the camera is keyed, and before what, beside its track; a take is never lost over it."""
        camera = camera_of(remote)
        if camera is None or remote.folder is None:
            return
        from greenscreen import beside

        try:
            known = self._live.known if self._live else self._remembered(camera[1])
            behind = _kept(self.behind, remote.folder, camera[0])
            beside.write(remote.folder, camera[0], replace(known, behind=behind))
        except (OSError, FlipcastError) as error:
            self._told(f"how the camera is keyed could not be written beside it: {error}")

    def _begin(self, remote: Remote, name: str, wanted: Wanted) -> None:
        from greenscreen.live import LiveKey

        assert remote.plan.preview
        background = self._background(_screen_of(remote))
        live = LiveKey(remote.plan.preview, name, self._remembered(wanted), background=background, told=self._hear)
        live.__enter__()
        self._live, self._shown = live, self.behind

    def _background(self, screen: str) -> Background:
        """What is put behind, before the recorder's *screen*, as the lecture will have it; a film as a calm colour."""
        from greenscreen import live
        from process import backdrop
        from process.backdrop import Behind

        behind, keying = self.behind, self._settings().keyed
        if behind in ("", "screen") and screen:
            return live.Background(kind=live.Behind.SCREEN, screen=screen, placing=keying.placing(Behind.SCREEN))
        placing = keying.placing(Behind.COLOUR)
        if behind == "blur":
            return live.Background(kind=live.Behind.BLUR, placing=placing)
        if (colour := backdrop.colour_of(behind)) is not None:
            return live.Background(colour=colour, placing=placing)
        path = backdrop.file_of(behind)
        if path is not None and path.suffix.lower() in _PICTURES:
            return live.Background(kind=live.Behind.PICTURE, picture=path, placing=placing)
        return live.Background(colour=backdrop.understood("", screen=False).colour, placing=placing)

    def _remembered(self, camera: Wanted) -> Beside:
        from flipcast import tuning

        return tuning.remembered(camera) or tuning.untuned(self._settings().greenscreen)

    def _hear(self, news: object) -> None:
        if isinstance(news, str):
            self._told(news)


def camera_of(remote: Remote) -> tuple[str, Wanted] | None:
    """The camera of *remote* that is keyed, the first one, and the name of its track."""
    return next(((name, wanted) for name, wanted in _named(remote) if wanted.kind is Kind.CAMERA), None)


def _screen_of(remote: Remote) -> str:
    return next((name for name, wanted in _named(remote) if wanted.kind is Kind.SCREEN), "")


def _named(remote: Remote) -> list[tuple[str, Wanted]]:
    return list(zip(names_of(remote.plan.sources), remote.plan.sources, strict=True))


def _kept(behind: str, folder: Path, name: str) -> str:
    """*behind*, as it is said beside the track *name* in *folder*, where a picture is put, too."""
    from process import backdrop

    path = backdrop.file_of(behind)
    if path is None:
        return behind
    kept = f"{name}.behind{path.suffix.lower()}"
    shutil.copyfile(path, folder / kept)
    return kept
