"""The operator's PIN: kept as a salted hash in the state folder, and guessed slowly.

It is no setting, since settings are printed, copied and mailed.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import threading
import time
from pathlib import Path

from capture.description import write_whole
from flipcast.errors import DeskError

FILE = "booth.pin"
"""Name of the file, in the state folder."""

_FREE_GUESSES = 4
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 15.0, 900.0


class Pin:
    """The PIN of one booth."""

    def __init__(self, state: Path) -> None:
        """Kept in the folder *state*."""
        self._path = state / FILE
        self._wrong, self._again_at = 0, 0.0
        self._lock = threading.Lock()

    @property
    def is_set(self) -> bool:
        """Whether there is one."""
        return self._path.is_file()

    def choose(self, pin: str) -> None:
        """Let *pin*, 4 to 12 digits, be it from now on.

        Raises:
            DeskError: it is none, or cannot be kept.
        """
        if not re.fullmatch("[0-9]{4,12}", pin):
            raise DeskError("a PIN is 4 to 12 digits", hint="run it again and choose another")
        salt = secrets.token_bytes(16)
        try:
            write_whole(self._path, f"{salt.hex()} {_hashed(pin, salt).hex()}\n")
            self._path.chmod(0o600)
        except OSError as error:
            raise DeskError(
                f"the PIN cannot be kept in {self._path.parent}: {error}", hint="see to its rights"
            ) from None

    def check(self, pin: str) -> None:
        """Raise `DeskError` if it is not *pin*; after some wrong ones in a row no guess counts for a while."""
        with self._lock:
            if (wait := self._again_at - time.monotonic()) > 0:
                raise DeskError("too many wrong PINs", hint=f"try again in {wait:.0f} s")
            if not self.is_set:
                raise DeskError(
                    "no PIN is chosen", hint="run once, at this machine: flipcast open --booth --choose-pin"
                )
            salt, kept = b"", b""
            with contextlib.suppress(OSError, ValueError):
                salt, kept = (bytes.fromhex(part) for part in self._path.read_text().split())
            if kept and secrets.compare_digest(_hashed(pin, salt), kept):
                self._wrong = 0
                return
            self._wrong += 1
            if (over := self._wrong - _FREE_GUESSES) > 0:
                self._again_at = time.monotonic() + min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** (over - 1))
            raise DeskError("this is not the PIN", hint="try again")


def _hashed(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)
