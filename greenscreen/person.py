"""Where people are in a picture, coarsely, by a small model that OpenCV runs itself.

It is far too coarse to be the outline of a speaker, but it knows what no colour can tell: that a hole in a green shirt
is no hole. So it is only asked what surely lies *inside* a person, and, where there is no screen, who stands there.

The model is MediaPipe's selfie segmentation, landscape (see ``models/NOTICE.txt``).
"""

from __future__ import annotations

import struct
from importlib import resources
from typing import Final

import cv2
import numpy as np

from greenscreen.errors import ModelMissing
from greenscreen.light import Bytes, Floats

WIDTH: Final = 256
"""How wide the model sees, in pixels."""

HEIGHT: Final = 144

MODEL: Final = "selfie_segmentation_landscape.tflite"


class PersonFinder:
    """The model, ready to look.

    Raises:
        ModelMissing: it is not in the package, or OpenCV cannot read it.
    """

    def __init__(self) -> None:
        path = resources.files("greenscreen") / "models" / MODEL
        self._last: tuple[Floats, np.float32] | None = None
        try:
            content = path.read_bytes()
            self._net = cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8))
            self.look(np.zeros((HEIGHT, WIDTH, 3), np.uint8))  # the first look is the slow one
        except (OSError, AttributeError, cv2.error) as error:
            raise ModelMissing(
                f"the model that sees people cannot be read ({path}): {error}",
                hint="install flipcast again; it comes with the package",
            ) from error
        self._shorten(content)

    def look(self, picture: Bytes) -> Floats:
        """How surely each of 144 x 256 places is part of a person, 0 to 1."""
        self._net.setInput(cv2.dnn.blobFromImage(_shrunk(picture), 1 / 255, swapRB=True))
        seen = self._net.forward()[0]
        if self._last is None:
            return np.ascontiguousarray(seen[0], np.float32)
        # Each place becomes two by two: a sum of what is seen there, for each of the four, and its logistic curve.
        weights, more = self._last
        four = np.tanh((weights @ seen.reshape(len(seen), -1) + more) / 2) / 2 + np.float32(0.5)
        drawn = four.reshape(2, 2, HEIGHT // 2, WIDTH // 2).transpose(2, 0, 3, 1)
        return np.ascontiguousarray(drawn.reshape(HEIGHT, WIDTH), np.float32)

    def _shorten(self, content: bytes) -> None:
        """Take the last two steps away from the model, for which OpenCV needs as long as for all others.

        In its file they are four: two of them read numbers. Only where that changes nothing: where the steps are
        others, or OpenCV tells less of them, all stays as it is.
        """
        whole = self._net
        tried = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        expected = self.look(tried)
        try:
            layer = whole.getLayer(whole.getLayerId(whole.getLayerNames()[-2]))
            weights, more = layer.blobs
            self._net = cv2.dnn.readNetFromTFLite(np.frombuffer(_cut(content, steps=4), np.uint8))
            self._last = np.ascontiguousarray(weights.reshape(-1, 4).T), np.float32(more.item())
            same = np.allclose(self.look(tried), expected, atol=1e-4)
        except (AttributeError, TypeError, ValueError, IndexError, struct.error, cv2.error):
            same = False
        if not same:
            self._net, self._last = whole, None


def _shrunk(picture: Bytes) -> Bytes:
    """The picture as small as the model wants it: by exact halves, of which OpenCV is five times as quick."""
    while picture.shape[1] >= 4 * WIDTH and picture.shape[0] >= 4 * HEIGHT:
        picture = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    twice = cv2.resize(picture, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(twice, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _cut(model: bytes, *, steps: int) -> bytes:
    """The *model*, as a TFLite file, without its last few steps: it gives what it gave to the first of them.

    The file is a tree of tables, in which places are told as distances
    (https://flatbuffers.dev/internals, https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs).
    """
    cut = bytearray(model)

    def follow(at: int) -> int:
        return at + int(struct.unpack_from("<I", cut, at)[0])

    def field(table: int, number: int) -> int:
        names = table - int(struct.unpack_from("<i", cut, table)[0])
        return follow(table + int(struct.unpack_from("<H", cut, names + 4 + 2 * number)[0]))

    graphs = field(follow(0), 2)
    graph = follow(graphs + 4)
    outputs, operators = field(graph, 2), field(graph, 3)
    count = int(struct.unpack_from("<I", cut, operators)[0]) - steps
    last = follow(operators + 4 * count)
    struct.pack_into("<i", cut, outputs + 4, *struct.unpack_from("<i", cut, field(last, 2) + 4))
    struct.pack_into("<I", cut, operators, count)
    return bytes(cut)
