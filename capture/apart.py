"""How a process of our own is begun apart from us: with the same packages, out of a terminal's reach, and ranked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import capture


def environment() -> dict[str, str]:
    """Our environment, and our packages in it wherever they came from; ``-P`` keeps a current folder's ones out."""
    home = str(Path(capture.__file__).parent.parent)
    there = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{home}{os.pathsep}{there}" if there else home}


def apart(*, first: bool) -> dict[str, Any]:
    """What keeps a terminal's Ctrl-C and its closing from a child, which hears of both by its standard input.

    On Windows, where a child cannot say it of itself, it goes *first* on every core, or else last.
    """
    if sys.platform == "win32":
        rank = subprocess.ABOVE_NORMAL_PRIORITY_CLASS if first else subprocess.BELOW_NORMAL_PRIORITY_CLASS
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP | rank}
    return {"start_new_session": True}
