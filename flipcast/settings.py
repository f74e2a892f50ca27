"""Settings: every one has its default beside the code it rules; files and the command line say what differs.

Later ones win: the defaults, the user's own file, ``--config FILE``, ``--set KEY=VALUE``. Tables of the files are
the dotted names. All that is wrong is told at once, each with its place. Secrets are never settings: the
environment and boto3's own chain hold them.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import cattrs
import platformdirs

from capture.address import without_password
from capture.errors import FlipcastError
from capture.plan import Record
from capture.sources import spoken
from flipcast.booth.settings import BoothSettings
from flipcast.errors import SettingsWrong
from greenscreen.key import Hue
from process import backdrop
from process.captions.engine import ENGINES
from process.errors import LayoutImpossible
from process.layout import CORNERS, SHAPES, understood
from process.workflow import Processing
from publish.stores import StoreSettings

DEFAULT = "default"
"""Origin of a setting that nobody has touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Settings of where lectures lie on this machine."""

    folder: Path | None = None
    """Folder of the lectures; ``None`` for one in the user's data folder."""

    published: Path | None = None
    """Where ``flipcast publish`` puts lectures if no ``--to`` is said; ``None`` for one in the user's data folder."""

    backgrounds: Path | None = None
    """Folder with pictures to stand before; calm colours and the blurred room are always there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Settings of several lectures at once."""

    jobs: int = 0
    """Lectures worked on side by side; 0 for as many as the cores allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Processing):
    """All settings in force: those of `Processing`, and the desk's own."""

    store: StoreSettings = field(default_factory=StoreSettings)
    library: Folders = field(default_factory=Folders)
    batch: Batch = field(default_factory=Batch)
    record: Record = field(default_factory=Record)
    booth: BoothSettings = field(default_factory=BoothSettings)

    def processing(self) -> Processing:
        """The part that decides what a lecture becomes."""
        return Processing(**{f.name: getattr(self, f.name) for f in fields(Processing)})

    def with_captions(self, *, engine: str | None, language: str | None) -> Settings:
        """These settings with another engine or language, where one is named.

        Raises:
            SettingsWrong: there is no such engine or language code.
        """
        return self._with({"captions.engine": engine, "captions.language": language})

    def with_layouts(self, layouts: Sequence[str] | None, *, take: int | None) -> Settings:
        """These settings with other layouts, or another take, where they are named.

        Raises:
            SettingsWrong: there is no such layout.
        """
        return self._with({"compose.layouts": tuple(layouts) if layouts else None, "compose.take": take})

    def with_behind(self, behind: str | None) -> Settings:
        """These settings with something else behind a keyed speaker, where it is named."""
        if behind and (path := backdrop.file_of(behind)) is not None:
            behind = str(path.absolute())
        return self._with({"keyed.behind": behind})

    def with_record(
        self, *, countdown_seconds: float | None, longest_seconds: float | None, rate: int | None
    ) -> Settings:
        """These settings with another countdown, length or rate of a take, where one is named.

        Raises:
            SettingsWrong: it is not possible.
        """
        return self._with(
            {
                "record.countdown_seconds": countdown_seconds,
                "record.longest_seconds": longest_seconds,
                "record.rate": rate,
            }
        )

    def _with(self, asked: Mapping[str, Any]) -> Settings:
        named = {key: value for key, value in asked.items() if value is not None}
        wrong = [f"{key}: {fault}" for key, value in named.items() for fault in _beyond(key, value)]
        if wrong:
            raise _all_wrong(wrong)
        settings = self
        for key, value in named.items():
            section, _, name = key.partition(".")
            settings = replace(settings, **{section: replace(getattr(settings, section), **{name: value})})
        return settings

    def library_folder(self) -> Path:
        """Where the lectures lie."""
        return self.library.folder or platformdirs.user_data_path("flipcast", appauthor=False) / "library"

    def published_at(self) -> str:
        """Address of the store that is used where none is named."""
        return self.store.address or str(self.published_folder())

    def published_folder(self) -> Path:
        """The folder that is the store where no address of one is set."""
        return self.library.published or platformdirs.user_data_path("flipcast", appauthor=False) / "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings, and where each came from."""

    settings: Settings
    """Those in force."""

    origins: Mapping[str, str]
    """Where each setting that is not at its default was said, by its dotted name."""

    def origin(self, key: str) -> str:
        """Where the setting of that dotted name came from: ``"default"``, a file, or ``"--set"``."""
        return self.origins.get(key, DEFAULT)


class Row(NamedTuple):
    """One setting in force."""

    key: str
    """``"captions.model"``."""

    value: str | int | float | bool | list[Any]
    """As a TOML file would say it; empty text for ``None``."""

    origin: str
    """As `Loaded.origin` says."""


def user_file() -> Path:
    """The user's own settings, if they have any."""
    return platformdirs.user_config_path("flipcast", appauthor=False) / "flipcast.toml"


def load(files: Sequence[Path] = (), sets: Sequence[str] = ()) -> Loaded:
    """The settings in force after the user's file, *files* and *sets* (``"captions.model=small"``) had their say.

    Raises:
        SettingsWrong: with all that is wrong in any of them.
    """
    faults: list[str] = []
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    own = user_file()  # os.path: a home that may not be entered is one without settings
    for path in [*([own] if os.path.isfile(own) else []), *files]:  # noqa: PTH113
        said, wrong = _read(path)
        faults += [f"{fault} (in {path})" for fault in wrong]
        values |= said
        origins |= dict.fromkeys(said, str(path))
    for text in sets:
        said, wrong = _spoken(text)
        faults += [f"{fault} (in --set)" for fault in wrong]
        values |= said
        origins |= dict.fromkeys(said, "--set")
    settings = _composed(values)
    faults = faults or list(_at_odds(settings))
    if faults:
        raise _all_wrong(faults)
    return Loaded(settings=settings, origins=origins)


def describe(loaded: Loaded) -> list[Row]:
    """Every setting in force, in the order of their sections, and where it came from."""
    rows = []
    for key in KEYS:
        section, _, name = key.partition(".")
        value = getattr(getattr(loaded.settings, section), name)
        rows.append(Row(key, _plain(value), loaded.origin(key)))
    return rows


_SECTIONS = get_type_hints(Settings)

KEYS: dict[str, Any] = {
    f"{section}.{name}": kind for section, of in _SECTIONS.items() for name, kind in get_type_hints(of).items()
}
"""The type of every setting, by its dotted name."""

_LIMITS: dict[str, tuple[float, float]] = {
    "batch.jobs": (0, 1000),
    "booth.countdown_seconds": (0, 60),
    "booth.days": (0, 3650),
    "booth.handover_seconds": (10, 3600),
    "booth.longest_seconds": (5, 86_400),
    "booth.mark_seconds": (10, 3600),
    "booth.review_seconds": (10, 3600),
    "booth.thanks_seconds": (1, 60),
    "booth.warning_seconds": (5, 120),
    "captions.characters_per_second": (5, 60),
    "captions.line_characters": (16, 120),
    "captions.lines": (1, 4),
    "captions.longest_seconds": (1, 60),
    "captions.shortest_seconds": (0.1, 10),
    "clips.longest_seconds": (10, math.inf),
    "clips.shortest_seconds": (0, math.inf),
    "clips.target_seconds": (1, math.inf),
    "compose.beneath_lu": (0, 40),
    "compose.corner_margin": (0, 0.4),
    "compose.corner_share": (0.05, 0.9),
    "compose.side_share": (0.1, 0.6),
    "compose.take": (0, 9999),
    "greenscreen.choke": (-1, 1),
    "greenscreen.clothes": (0, 1),
    "greenscreen.soften": (0, 20),
    "greenscreen.spill": (0, 1),
    "keyed.across": (-1, 2),
    "keyed.bottom": (0, 3),
    "keyed.crop": (0, 0.99),
    "keyed.height": (0, 8),
    "keyed.shadow": (0, 1),
    "ladder.av1_crf": (1, 63),
    "ladder.av1_preset": (0, 13),
    "ladder.copy_gap_seconds": (1, 60),
    "ladder.crf": (1, 51),
    "ladder.grid_seconds": (1, 30),
    "ladder.heights": (64, 4320),
    "ladder.max_fps": (1, 240),
    "level.bitrate_kbps": (32, 512),
    "level.max_gain_db": (0, 60),
    "level.target_lufs": (-40, -5),
    "level.true_peak_dbtp": (-9, 0),
    "pictures.poster_pixels": (64, 3840),
    "pictures.thumbnail_pixels": (32, 640),
    "pictures.thumbnail_seconds": (0.5, 600),
    "record.countdown_seconds": (0, 600),
    "record.crf": (0, 51),
    "record.frozen_after_seconds": (1, 3600),
    "record.longest_seconds": (0, 86_400),
    "record.opening_seconds": (1, 120),
    "record.rate": (1, 240),
    "record.room_to_roll_seconds": (0, math.inf),
    "record.room_to_stop_mb": (1, math.inf),
    "record.room_to_stop_seconds": (1, math.inf),
    "record.room_to_warn_seconds": (0, math.inf),
    "record.silence_floor_dbfs": (-120, 0),
    "record.silent_after_seconds": (1, 3600),
    "store.at_once": (1, 128),
    "store.attempts": (1, 20),
    "store.connect_timeout": (0.1, 600),
    "store.multipart_above_mb": (5, 5000),
    "store.part_mb": (5, 5000),
    "store.read_timeout": (0.1, 3600),
}
"""Lowest and highest sensible value, of numbers and of each number in a list."""

_PRESETS = "lecture ultrafast superfast veryfast faster fast medium slow slower veryslow".split()

_CHOICES: dict[str, Sequence[str]] = {
    "captions.engine": [*ENGINES, "off"],
    "compose.corner": CORNERS,
    "compose.corner_shape": SHAPES,
    "ladder.preset": _PRESETS,
    "ladder.quality": ["ssim", "vmaf", "off"],
}
"""All that may be said, where it is one of a few."""

_FILLED = {"captions.model", "ladder.heights"}
"""What may not be empty."""

_SECRET = ("secret", "password", "passwd", "token", "access_key", "api_key", "credential")


def _read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """What the file at *path* says, by dotted names, and what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, ["there is no such settings file"]
    except (OSError, UnicodeDecodeError) as error:
        return {}, [f"the settings cannot be read: {error}"]
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return {}, [f"the settings are no TOML: {error}"]
    values: dict[str, Any] = {}
    faults: list[str] = []
    for key, raw in _flat(tables):
        _take(key, raw, values, faults, base=path.absolute().parent)
    return values, faults


def _flat(tables: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and what is said of them; a table is entered only where settings lie below it."""
    for name, raw in tables.items():
        key = f"{above}{name}"
        if isinstance(raw, Mapping) and key not in KEYS and (raw or key not in _SECTIONS):
            yield from _flat(raw, f"{key}.") if raw else [(key, raw)]
        elif not (isinstance(raw, Mapping) and key in _SECTIONS):
            yield key, raw


def _spoken(text: str) -> tuple[dict[str, Any], list[str]]:
    """What ``KEY=VALUE`` says, and what is wrong with it."""
    key, equals, said = text.partition("=")
    key, said = key.strip(), said.strip()
    if not equals:
        return {}, [f"{key!r} sets nothing: write KEY=VALUE, such as captions.model=small"]
    values: dict[str, Any] = {}
    faults: list[str] = []
    _take(key, _guess(said, KEYS.get(key)), values, faults, base=Path.cwd())
    return values, faults


def _guess(said: str, kind: Any) -> Any:
    """What somebody who does not think in TOML means by *said*."""
    try:
        raw = tomllib.loads(f"value = {said}")["value"]
    except tomllib.TOMLDecodeError:
        raw = said
    if _is_list(kind) and not isinstance(raw, list):
        of = get_args(kind)[0]
        return [_guess(part.strip(), of) for part in said.split(",") if part.strip()]
    if kind is str or kind == Path | None:
        return raw if isinstance(raw, str) else said
    return raw


def _take(key: str, raw: Any, values: dict[str, Any], faults: list[str], *, base: Path) -> None:
    """Put what is said of *key* into *values*, or what is wrong with it into *faults*."""
    if key not in KEYS:
        faults.append(f"{key}: {_unknown(key)}")
        return
    try:
        value = _converter.structure(raw, KEYS[key])
    except (ValueError, cattrs.BaseValidationError):
        faults.append(f"{key}: {_meant(KEYS[key])} is wanted, not {_shown(raw)}")
        return
    wrong = list(_beyond(key, value))
    faults += [f"{key}: {fault}" for fault in wrong]
    if not wrong:
        if key == "keyed.behind" and (path := backdrop.file_of(value)) is not None:
            value = str(base / path)
        values[key] = base / value.expanduser() if isinstance(value, Path) else value


def _unknown(key: str) -> str:
    if any(word in key.lower() for word in _SECRET):
        return (
            "secrets are never settings; boto3 finds them in the environment (AWS_SECRET_ACCESS_KEY) or its own files"
        )
    if key in _SECTIONS:
        return f"this is a table of settings, such as {key}.{next(iter(get_type_hints(_SECTIONS[key])))}"
    near = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.75)
    near = near or [known for known in KEYS if known.partition(".")[2] == key.rpartition(".")[2]]
    section = key.partition(".")[0]
    if near:
        return f"no such setting; did you mean {near[0]}?"
    if section in _SECTIONS:
        return f"no such setting; {section} has {', '.join(get_type_hints(_SECTIONS[section]))}"
    return f"no such setting; the tables are {', '.join(_SECTIONS)}"


def _beyond(key: str, value: Any) -> Iterator[str]:
    """Yield why *value* is not possible for *key*, though of the right type."""
    numbers = value if isinstance(value, tuple) else (value,)
    low, high = _LIMITS.get(key, (-math.inf, math.inf))
    for number in numbers:
        if isinstance(number, int | float) and not low <= number <= high:
            span = f"between {low:g} and {high:g}" if high < math.inf else f"at least {low:g}"
            yield f"must be {span}, not {number:g}"
    if key in _CHOICES and value not in _CHOICES[key]:
        near = difflib.get_close_matches(str(value), _CHOICES[key], n=1)
        yield f"{value!r} is none of {', '.join(_CHOICES[key])}" + (f"; did you mean {near[0]}?" if near else "")
    if key == "keyed.crop" and value and (len(value) != 4 or value[0] + value[2] >= 1 or value[1] + value[3] >= 1):
        yield "must be four shares that leave something: left, top, right, bottom"
    for layout in value if key == "compose.layouts" else ():
        try:
            understood(layout)
        except LayoutImpossible as error:
            yield str(error)
    for source in value if key == "booth.sources" else ():
        yield from _unfit_source(source)
    if key == "booth.phones" and value:
        try:
            phones_of(BoothSettings(phones=value))
        except ValueError as error:
            yield str(error)
    if key in _FILLED and not value:
        yield "must not be empty"
    if key == "captions.language" and value and not (value.isascii() and value.isalpha() and value.islower()):
        yield f"{value!r} is no language code, such as en or de"
    if key.endswith("_url") and value:
        try:
            parts = urlsplit(value)
            well = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            yield "this is no address of a server"
            return
        if parts.username is not None or parts.password is not None:
            yield "an address with a password in it is a secret, and secrets are never settings"
        elif not well:
            yield f"must begin with https:// or http:// and name a server, not {_shown(value)}"


def _unfit_source(source: str) -> Iterator[str]:
    """Yield why *source* cannot be recorded by the booth."""
    try:
        spoken(source)
    except FlipcastError as error:
        yield str(error)
    if without_password(source) != source:
        yield "an address with a password in it is a secret: choose that camera in the operator's corner instead"


def phones_of(booth: BoothSettings) -> tuple[str, int] | None:
    """Host and port at which phones are served; ``None`` for nowhere.

    Raises:
        ValueError: the setting names none.
    """
    if not booth.phones:
        return None
    host, _, port = booth.phones.rpartition(":")
    if (
        not re.fullmatch(r"[A-Za-z0-9.-]+", host)
        or not port.isascii()
        or not port.isdigit()
        or not 0 < int(port) < 65536
    ):
        raise ValueError(f"a name or number and a port are wanted, such as 10.0.7.20:8400, not {booth.phones!r}")
    return host, int(port)


def _at_odds(settings: Settings) -> Iterator[str]:
    """Yield which settings are each possible, but not together."""
    for section, names in (("clips", ("shortest", "target", "longest")), ("captions", ("shortest", "longest"))):
        lengths = [getattr(getattr(settings, section), f"{name}_seconds") for name in names]
        if lengths != sorted(lengths):
            said = ", ".join(f"{section}.{n}_seconds = {v:g}" for n, v in zip(names, lengths, strict=True))
            yield f"{said}: they must not fall from one to the next"


def _composed(values: Mapping[str, Any]) -> Settings:
    settings = Settings()
    for section in _SECTIONS:
        said = {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{section}.")}
        if said:
            settings = replace(settings, **{section: replace(getattr(settings, section), **said)})
    return settings


def _all_wrong(faults: Sequence[str]) -> SettingsWrong:
    if len(faults) == 1:
        return SettingsWrong(f"a setting is wrong: {faults[0]}", hint="correct it, or leave it out for the default")
    return SettingsWrong("\n  ".join([f"{len(faults)} settings are wrong; correct them or leave them out:", *faults]))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _meant(kind: Any) -> str:
    """What a value of *kind* is called."""
    if _is_list(kind):
        return "a list of texts" if get_args(kind)[0] is str else "a list of numbers"
    if kind is Hue:
        return " or ".join(Hue)
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return names.get(kind, "a path")


def _shown(raw: Any) -> str:
    text = repr(raw) if not isinstance(raw, bool) else str(raw).lower()
    return text if len(text) <= 60 else f"{text[:57]}…"


def _plain(value: Any) -> str | int | float | bool | list[Any]:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return "" if value is None else str(value) if isinstance(value, Path | Hue) else value


def _make_converter() -> cattrs.Converter:
    """A converter that takes what is meant and nothing else: ``"5"`` is no number, ``1`` is not true."""
    converter = cattrs.Converter()

    def exactly(raw: Any, kind: Any) -> Any:
        if type(raw) is not kind:
            raise ValueError(raw)
        return raw

    def number(raw: Any, kind: Any) -> float:
        if type(raw) not in (int, float) or not math.isfinite(raw):
            raise ValueError(raw)
        return float(raw)

    def path(raw: Any, kind: Any) -> Path | None:
        if not isinstance(raw, str) or "\0" in raw:
            raise ValueError(raw)
        return Path(raw) if raw else None

    def several(raw: Any, kind: Any) -> tuple[Any, ...]:
        if not isinstance(raw, list):
            raise ValueError(raw)
        return tuple(converter.structure(part, get_args(kind)[0]) for part in raw)

    for plain in (bool, int, str):
        converter.register_structure_hook(plain, exactly)
    converter.register_structure_hook(float, number)
    converter.register_structure_hook(Hue, lambda raw, kind: kind(exactly(raw, str)))
    converter.register_structure_hook_func(lambda kind: kind == Path | None, path)
    converter.register_structure_hook_func(_is_list, several)
    return converter


_converter = _make_converter()

assert all(is_dataclass(section) for section in _SECTIONS.values())
