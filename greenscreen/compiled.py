"""The one door to numba: pixel loops, compiled before the first live frame and kept on disk.

numba is large, and who only records needs none of it: it is imported when a keyer is opened, by the extra
``flipcast[greenscreen]``. Each kernel names the types it takes, so that it is compiled (or read back from its
cache) when its module is imported. A call with other types is then refused; it never compiles during a frame.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

from greenscreen.errors import KernelsMissing

try:
    import numba
except (ImportError, OSError) as missing:  # OSError: its compiler is there, but cannot be loaded
    raise KernelsMissing(str(missing)) from missing

F = TypeVar("F", bound=Callable[..., Any])

_f4, _u1 = numba.float32, numba.uint8


def _frozen(kind: Any, dimensions: int) -> Any:
    return numba.types.Array(kind, dimensions, "C", readonly=True)


SEEN1, SEEN2, SEEN3 = (_frozen(_u1, n) for n in (1, 2, 3))
"""Bytes that are only read: rows, planes, pictures."""
READ1, READ2, READ3 = (_frozen(_f4, n) for n in (1, 2, 3))
"""Numbers that are only read."""
BYTES1, BYTES2, BYTES3 = _u1[::1], _u1[:, ::1], _u1[:, :, ::1]
"""Bytes that are written."""
FLOATS1, FLOATS2, FLOATS3 = _f4[::1], _f4[:, ::1], _f4[:, :, ::1]
"""Numbers that are written."""
WHOLE, NUMBER, TRUTH = numba.int64, _f4, numba.boolean


def kernel(*takes: Any) -> Callable[[F], F]:
    """Compile a function of these types, without the interpreter's lock, and keep the result on disk."""
    make = numba.njit(
        [numba.void(*takes)],
        nogil=True,
        cache=not os.environ.get("FLIPCAST_KERNELS_UNKEPT"),
        fastmath={"contract", "reassoc", "nsz", "arcp"},  # all but the promise that there is no NaN
        error_model="numpy",
    )
    return cast(Callable[[F], F], make)


def inlined(function: F) -> F:
    """A small part of kernels, compiled into each of them."""
    return cast(F, numba.njit(inline="always", fastmath={"contract", "reassoc", "nsz", "arcp"})(function))
