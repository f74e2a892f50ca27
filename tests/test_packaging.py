"""What is installed, and what is promised about it: names, packages, commands, hosts."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = ("capture", "process", "publish", "greenscreen", "flipcast")


@pytest.fixture(scope="module")
def project() -> dict:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def ours() -> list[Path]:
    """Every file of the project, as git sees it; all but the obvious rest where there is no git."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        return [path for name in listing.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]
    places = [ROOT / name for name in (*ROOMS, "configs", "tests")]
    return [p for place in (ROOT.glob("*"), *(p.rglob("*") for p in places)) for p in place if p.is_file()]


@pytest.mark.parametrize("room", ROOMS)
def test_our_names_are_ours_alone(room: str):
    """Two distributions with a package of one name overwrite each other's files, and the last one wins."""
    assert set(packages_distributions()[room]) == {"flipcast"}


def test_every_package_is_listed_and_every_listed_one_is_there(project: dict):
    """The names are plain words: found automatically, they would take in whatever lies beside them."""
    there = {
        ".".join(path.parent.relative_to(ROOT).parts) for room in ROOMS for path in (ROOT / room).rglob("__init__.py")
    }
    assert sorted(there) == project["tool"]["setuptools"]["packages"]


def test_what_lies_beside_the_code_is_installed_with_it(project: dict):
    """Pages without their player work in a checkout, and nowhere else."""
    shipped = {
        path
        for room, patterns in project["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in (ROOT / room.replace(".", "/")).glob(pattern)
    }
    beside = {
        path
        for path in ours()
        if path.relative_to(ROOT).parts[0] in ROOMS and path.suffix not in (".py", ".pyc", ".pyi")
    }
    assert not {str(path.relative_to(ROOT)) for path in beside - shipped}


def test_the_commands_of_the_readme_are_there():
    """They are the first thing that anyone tries."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    promised = set(re.findall(r"(?:^|`|^TORCH_INDEX=\S+ )make ([a-z-]+)", readme, flags=re.MULTILINE))
    assert {"demo", "test"} <= promised
    assert promised <= set(targets)


def test_continuous_integration_runs_what_the_readme_says():
    """A promise that nobody keeps daily is broken by the next change."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("make ")] == ["lint", "test"]


def test_no_file_names_a_package_registry():
    """Where packages come from is for the person who installs to say, not for a file of ours."""
    hosts = [
        ".".join(parts)
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("jsdelivr", "net"),
            ("unpkg", "com"),
            ("deb", "debian", "org"),
            ("archive", "ubuntu", "com"),
        )
    ]
    named = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in ours()
        if path.stat().st_size < 3_000_000
        for host in hosts
        if host.encode() in path.read_bytes()
    ]
    assert not named


def test_the_locks_pin_everything_by_hash_and_agree():
    """What is tested has to be what is installed."""
    pins = []
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        entries = re.split(r"\n(?=\S)", text.strip())
        assert all(re.match(r"[\w.-]+==\S+", entry) and "--hash=sha256:" in entry for entry in entries)
        pins.append({re.split(r"\s*\\\n", entry)[0] for entry in entries})
    core, dev = pins
    assert core <= dev


def test_the_lock_has_what_the_project_asks_for(project: dict):
    """A dependency that is added, but not locked, is missing on the next machine."""
    lock = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    locked = {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([\w.-]+)==", lock, flags=re.MULTILINE)}
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *extras["weights"], *extras["store"], *extras["dev"]]
    names = {re.match(r"[\w.-]+", text)[0].lower() for text in wanted if not text.startswith("flipcast[")}
    assert names <= locked
