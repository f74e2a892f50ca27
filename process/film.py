"""Pictures on their way into a file that only the encode will read: all but lossless, and quick."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from greenscreen.light import Bytes
from process.layout import Size

_CODEC: Final = {"preset": "superfast", "crf": "12", "g": "60", "bf": "0"}
_QUEUE: Final = 3
"""Pictures that wait to be encoded at most."""


class Film:
    """Pictures being written, on a beat, in a thread beside whoever draws them."""

    def __init__(self, path: Path, size: Size, beat: Fraction) -> None:
        self._container = av.open(str(path), "w", format="matroska")
        self._stream: Any = self._container.add_stream("libx264", rate=beat, options=dict(_CODEC))
        self._stream.width, self._stream.height, self._stream.pix_fmt = *size, "yuv420p"
        context = self._stream.codec_context
        context.time_base = 1 / beat
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="film")
        self._waiting: list[Future[None]] = []

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: Any) -> None:
        try:
            if error is None:
                self._settle(0)
                self._container.mux(self._stream.encode(None))
        finally:
            self._hand.shutdown(wait=True, cancel_futures=True)
            self._container.close()

    def write(self, draw: Callable[[], Bytes], count: int) -> None:
        """Write the picture that is shown from beat *count* on, once it is drawn."""
        self._settle(_QUEUE)
        self._waiting.append(self._hand.submit(self._encode, draw, count))

    def _settle(self, most: int) -> None:
        while len(self._waiting) > most:
            self._waiting.pop(0).result()

    def _encode(self, draw: Callable[[], Bytes], count: int) -> None:
        frame = av.VideoFrame.from_ndarray(draw(), format="bgr24")
        frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        frame.pts, frame.time_base = count, self._stream.codec_context.time_base
        self._container.mux(self._stream.encode(frame))
