"""Addresses of network cameras, as they may be shown, logged and written down."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def without_password(address: str) -> str:
    """*address* without the user's name and password, and without what is asked after ``?``, where tokens stand.

    >>> without_password("rtsp://ada:secret@10.0.0.7:554/live?token=abc")
    'rtsp://10.0.0.7:554/live'
    >>> without_password("pulse:desk?")
    'pulse:desk?'
    """
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.partition("://")[0] + "://…"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
