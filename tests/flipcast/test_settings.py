"""Settings: where they come from, who wins, and how all that is wrong is told at once."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flipcast import settings
from flipcast.errors import SettingsWrong
from flipcast.settings import KEYS, Settings, describe, load
from process.workflow import Processing

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's own file would be: never that of whoever runs the tests."""
    path = tmp_path / "user" / "flipcast.toml"
    path.parent.mkdir()
    monkeypatch.setattr(settings, "user_file", lambda: path)
    return path


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_file_the_defaults_are_in_force():
    """Nobody should have to configure anything before the first lecture."""
    loaded = load()
    assert loaded.settings == Settings()
    assert {row.origin for row in describe(loaded)} == {"default"}


def test_the_later_word_wins_and_is_remembered(tmp_path: Path, own: Path):
    """People ask why a value is what it is; the answer has to be a file they can open."""
    write(own, '[captions]\nmodel = "tiny.en"\nlanguage = "de"\n\n[clips]\nlongest_seconds = 300\n')
    named = write(tmp_path / "booth.toml", '[captions]\nmodel = "small"\nlanguage = "fr"\n')
    loaded = load([named], ["captions.language=en"])
    assert loaded.settings.clips.longest_seconds == 300.0
    assert loaded.settings.captions.model == "small"
    assert loaded.settings.captions.language == "en"
    assert loaded.origin("clips.longest_seconds") == str(own)
    assert loaded.origin("captions.model") == str(named)
    assert loaded.origin("captions.language") == "--set"
    assert loaded.origin("captions.engine") == "default"


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path):
    """Mending one fault only to meet the next is how people give up."""
    file = write(
        tmp_path / "wrong.toml",
        'captoins = 3\n[captions]\nmodle = "base"\nlines = "two"\ndownload = 1\n[level]\ntarget_lufs = 16\n'
        "[ladder]\nheights = 720\ncrf = true\n[nothing]\nof = { that = 1 }\n[clips]\nlongest_seconds = nan\n",
    )
    with pytest.raises(SettingsWrong) as caught:
        load([file], ["ladder.preset=quick", "captions.engine"])
    said = str(caught.value)
    assert "11 settings are wrong" in said
    assert "captions.modle: no such setting; did you mean captions.model?" in said
    assert "captions.lines: a whole number is wanted, not 'two'" in said
    assert "captions.download: true or false is wanted, not 1" in said
    assert "level.target_lufs: must be between -40 and -5, not 16" in said
    assert "ladder.heights: a list of numbers is wanted, not 720" in said
    assert "ladder.crf: a number is wanted, not true" in said
    assert "clips.longest_seconds: a number is wanted, not nan" in said
    assert "nothing.of.that: no such setting; the tables are captions" in said
    assert "ladder.preset: 'quick' is none of lecture, ultrafast" in said
    assert "'captions.engine' sets nothing: write KEY=VALUE" in said
    assert said.count(str(file)) == 9
    assert said.count("in --set") == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("captions = 3", "captions: this is a table of settings, such as captions.engine"),
        ("[captions.model]\nsize = 1", "captions.model: text is wanted"),
        ("engine = 'off'", "engine: no such setting; did you mean captions.engine?"),
        ("[captions", "no TOML"),
        ("[clips]\nlongest_seconds = 30", "must not fall from one to the next"),
        ("[store]\nendpoint_url = 's3.example.edu'", "must begin with https://"),
        ("[store]\nendpoint_url = 'http://[::1'", "no address of a server"),
        ("[ladder]\nheights = []", "must not be empty"),
        ("[ladder]\nheights = [720, '360']", "a list of numbers is wanted"),
        ("[captions]\nweights = 7", "a path is wanted, not 7"),
    ],
)
def test_what_cannot_be_followed_is_explained(tmp_path: Path, text: str, says: str):
    """A setting that is silently passed over is worse than none."""
    with pytest.raises(SettingsWrong, match="wrong") as caught:
        load([write(tmp_path / "wrong.toml", text)])
    assert says in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_said_so(tmp_path: Path):
    """``--config`` with a slip of the pen must not mean the defaults."""
    with pytest.raises(SettingsWrong, match="no such settings file"):
        load([tmp_path / "gone.toml"])
    (tmp_path / "latin.toml").write_bytes(b"[captions]\nterms = ['M\xfcller']\n")
    with pytest.raises(SettingsWrong, match="cannot be read"):
        load([tmp_path / "latin.toml"])
    with pytest.raises(SettingsWrong, match="cannot be read"):
        load([tmp_path])


def test_secrets_are_refused_and_not_repeated(tmp_path: Path):
    """Settings are printed, mailed and committed; a secret among them is out."""
    file = write(
        tmp_path / "leaky.toml",
        '[store]\nsecret_access_key = "hunter2"\nendpoint_url = "https://me:hunter2@s3.example.edu"\n',
    )
    with pytest.raises(SettingsWrong) as caught:
        load([file])
    assert str(caught.value).count("secrets are never settings") == 2
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "key", "value"),
    [
        ("captions.model=base", "captions.model", "base"),
        ("captions.model = 'base'", "captions.model", "base"),
        ("captions.language=", "captions.language", ""),
        ("captions.download=false", "captions.download", False),
        ("captions.terms=Morris, Emery Walker", "captions.terms", ("Morris", "Emery Walker")),
        ('captions.terms=["a, b"]', "captions.terms", ("a, b",)),
        ("ladder.heights=720,360", "ladder.heights", (720, 360)),
        ("ladder.heights=720", "ladder.heights", (720,)),
        ("ladder.crf=21", "ladder.crf", 21.0),
        ("captions.weights=", "captions.weights", None),
        ("store.endpoint_url=http://127.0.0.1:8333", "store.endpoint_url", "http://127.0.0.1:8333"),
        ("ffmpeg.program=1", "ffmpeg.program", "1"),
    ],
)
def test_on_the_command_line_nobody_needs_to_know_toml(said: str, key: str, value: object):
    """Quotes inside quotes inside a shell are a trap."""
    section, name = key.split(".")
    assert getattr(getattr(load(sets=[said]).settings, section), name) == value


def test_paths_are_relative_to_the_file_they_stand_in(tmp_path: Path):
    """A settings file is used from wherever somebody happens to be."""
    file = write(tmp_path / "here.toml", '[library]\nfolder = "lectures"\npublished = "~/public"\n')
    loaded = load([file])
    assert loaded.settings.library_folder() == tmp_path / "lectures"
    assert loaded.settings.published_folder() == Path.home() / "public"


def test_the_desk_may_ask_for_another_engine_or_language():
    """``--captions`` and ``--language`` are held to the same rules as the settings they stand for."""
    here = Settings().with_captions(engine="off", language=None)
    assert here.captions.engine == "off"
    assert Settings().with_captions(engine=None, language=None) == Settings()
    with pytest.raises(SettingsWrong, match="did you mean faster-whisper"):
        Settings().with_captions(engine="fast-whisper", language=None)
    with pytest.raises(SettingsWrong, match="no language code"):
        Settings().with_captions(engine=None, language="Deutsch")


def test_only_what_decides_a_lecture_goes_into_its_making():
    """A new store address must not make every lecture anew."""
    here = load(sets=["store.attempts=2", "level.target_lufs=-18"]).settings.processing()
    assert type(here) is Processing
    assert here.level.target_lufs == -18.0


def test_the_commented_file_lists_every_setting_at_its_default():
    """It is what people copy from; it may not lie or leave anything out."""
    path = CONFIGS / "settings.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    listed = [f"{section}.{name}" for section, names in tables.items() for name in names]
    assert listed == list(KEYS)
    loaded = load([path])
    assert loaded.settings == Settings()
    lines = path.read_text(encoding="utf-8").splitlines()
    for before, line in pairwise(lines):
        assert before.startswith("# ") or "=" not in line.partition("#")[0], f"{line!r} has no word of explanation"


@pytest.mark.parametrize("name", ["laptop", "booth", "batch"])
def test_each_ready_made_file_says_only_what_differs(name: str):
    """A repeated default would go stale when the default changes."""
    loaded = load([CONFIGS / f"{name}.toml"])
    standing = {row.key: row.value for row in describe(load())}
    said = {row.key: row.value for row in describe(loaded) if row.origin != "default"}
    assert said
    assert not [key for key, value in said.items() if standing[key] == value]


@given(st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_typed_is_followed_or_explained(key: str, value: str):
    """A traceback for a typing mistake is a defect."""
    for text in (f"{key}={value}", f"captions.model={value}", f"ladder.crf={value}", f"ladder.heights={value}"):
        try:
            loaded = load(sets=[text])
        except SettingsWrong:
            continue
        assert len(describe(loaded)) == len(KEYS)
