"""What this machine can do, asked once and handed on as a value."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The part of a machine that work is planned by."""

    cores: int
    """Processors that this process may use."""


def ask() -> Hardware:
    """Look at the machine we run on."""
    if hasattr(os, "sched_getaffinity"):
        return Hardware(cores=len(os.sched_getaffinity(0)))
    return Hardware(cores=os.cpu_count() or 1)
