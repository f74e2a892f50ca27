"""Scripts and text in fewer bytes, where a store can tell browsers so.

S3 hands out what it was given, as it was given: it compresses nothing by itself. So text goes up gzipped, with a
``Content-Encoding`` that browsers and players undo. What is stored is what is counted, named and proved: size,
SHA-256 and the key of a packed object are those of the packed bytes, so that an audit needs to know nothing of this,
and two machines whose zlib packs differently never take turns at overwriting each other's object.

What programs read (manifests, intents, the catalogue, a lecture's description) stays as it is.
"""

from __future__ import annotations

import gzip

PACKED = "gzip"
"""As ``Content-Encoding`` says it."""

SUFFIXES = frozenset({".css", ".html", ".js", ".json", ".m3u8", ".srt", ".svg", ".txt", ".vtt"})
"""Endings of what is fetched whole, and is text; video, sound and pictures are packed by nature."""

_LEVEL = 9


def packed(content: bytes) -> tuple[bytes, str]:
    """*content* packed, the same every time, and its encoding; as it is, and ``""``, where that saves nothing.

    >>> packed(b"a" * 1000)[1], packed(b"a")
    ('gzip', (b'a', ''))
    """
    fewer = gzip.compress(content, _LEVEL, mtime=0)
    return (fewer, PACKED) if len(fewer) < len(content) else (content, "")
