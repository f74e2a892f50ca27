"""A look at a screen or a window that nobody has chosen yet, so that it can be told from the others.

Only these are looked at so: a camera whose light goes on before anybody chose it is one that nobody trusts.
"""

from __future__ import annotations

import cv2
import numpy as np

from capture.errors import DeviceMissing
from capture.frames import Frame, Kind
from capture.sources import Wanted, open_source

WIDEST = 320
"""Pixels of the look."""

_QUALITY = 75


def glance(screen: Wanted) -> bytes:
    """What *screen*, or a window, shows now, small, as a JPEG.

    Raises:
        DeviceError: it cannot be grabbed, or is neither.
    """
    if screen.kind is not Kind.SCREEN or screen.member != "screen":
        raise DeviceMissing(screen.label, hint="only screens and windows are looked at before they are chosen")
    source = open_source(screen)
    try:
        frame = next(iter(source.frames()))
        assert isinstance(frame, Frame)
        picture = np.ascontiguousarray(frame.picture[..., :3])
    finally:
        source.close()
    height, width = picture.shape[:2]
    size = (WIDEST, max(1, round(height * WIDEST / width)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
