"""Presentations as PDF, by LibreOffice where it is: in a child, with a profile of its own, cut off from the net."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from flipcast.deck.limits import Limits
from flipcast.deck.ward import Refusal, apart, watch_over

OFFICE = frozenset({".pptx", ".ppsx", ".odp"})
"""Endings of presentations that are understood."""

_NOBODY = "http://127.0.0.1:9"

_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableActiveContent" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""
"""A slide may point to pictures elsewhere, and hold macros: neither is followed."""


def find_office() -> Path | None:
    """LibreOffice on this machine, or ``None``."""
    for name in ("soffice", "libreoffice"):
        if found := shutil.which(name):
            return Path(found)
    usual = [Path("/Applications/LibreOffice.app/Contents/MacOS/soffice"), Path("/usr/lib/libreoffice/program/soffice")]
    usual += [Path("/opt/libreoffice/program/soffice"), Path("/snap/bin/libreoffice")]
    for variable in ("PROGRAMFILES", "PROGRAMW6432", "PROGRAMFILES(X86)"):
        if folder := os.environ.get(variable):
            usual.append(Path(folder) / "LibreOffice" / "program" / "soffice.exe")
    return next((path for path in usual if path.is_file()), None)


def as_pdf(
    path: Path, ending: str, scratch: Path, *, stop: threading.Event, limits: Limits, office: Path | None = None
) -> Path:
    """Make a PDF of the presentation *path* in *scratch*.

    Raises:
        Refusal: LibreOffice is not here, cannot read it, or takes too long.
    """
    found = office or find_office()
    if found is None or not found.is_file():
        raise Refusal(
            "presentations cannot be opened on this machine: LibreOffice is not installed",
            "save the slides as PDF (in PowerPoint: File, Save as, PDF) and choose that",
        )
    scratch.mkdir(parents=True)
    brought = scratch / f"deck{ending}"  # its own name may be an option, or a place
    shutil.copyfile(path, brought)
    profile = scratch / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, "utf-8")
    command = [
        str(found), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck",
        "--nodefault", "--nologo", "--convert-to", "pdf", "--outdir", str(scratch / "out"), str(brought),
    ]  # fmt: skip
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=scratch, env=_environment(scratch), **apart(),
    )  # fmt: skip
    _confine(child, limits)
    watch_over(child, stop=stop, seconds=limits.seconds, what="turning the presentation into a PDF")
    made = scratch / "out" / "deck.pdf"
    if not made.is_file() or not made.stat().st_size:
        raise Refusal("LibreOffice cannot read this presentation", "save the slides as PDF and choose that")
    return made


def _environment(scratch: Path) -> dict[str, str]:
    kept = {
        key: value
        for key, value in os.environ.items()
        if key.upper() in ("PATH", "SYSTEMROOT", "LANG", "PROGRAMFILES", "WINDIR", "LD_LIBRARY_PATH")
    }
    kept |= dict.fromkeys(("TMP", "TEMP", "TMPDIR", "HOME", "USERPROFILE", "APPDATA", "XDG_RUNTIME_DIR"), str(scratch))
    return kept | dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), _NOBODY)


def _confine(child: subprocess.Popen[Any], limits: Limits) -> None:
    """Limit what *child* may take, on Linux, where that can be said from outside; elsewhere its clock remains."""
    if sys.platform == "linux":
        import resource

        for which, most in (
            (resource.RLIMIT_AS, 4 * limits.memory),
            (resource.RLIMIT_FSIZE, limits.bytes_out),
            (resource.RLIMIT_CPU, int(limits.seconds) + 5),
        ):
            with contextlib.suppress(OSError):
                resource.prlimit(child.pid, which, (most, most))
