"""Addresses as pictures that a phone reads."""

from __future__ import annotations

import io

import segno


def qr_svg(address: str) -> bytes:
    """A QR code of *address*, black on white with the margin that phones want, as SVG."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", scale=4, border=4, dark="#000", light="#fff")
    return drawn.getvalue()
