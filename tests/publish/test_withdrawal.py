"""A lecture is taken down: all of it, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from publish.errors import NotPublished
from publish.listing import catalogue
from publish.publication import audit
from publish.release import release, withdraw
from publish.stores import Store, open_store
from tests.fixtures.store import make_lecture
from tests.publish.viewer import shown


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "s3":
        yield request.getfixturevalue("s3_store")
        return
    with open_store(str(tmp_path / "store")) as opened:
        yield opened


def keys(store: Store) -> set[str]:
    return {found.key for found in store.list("")}


def test_withdrawing_the_last_lecture_leaves_nothing_of_ours(store: Store, tmp_path: Path):
    """What was put is what goes: the player and the start page too."""
    store.put("notes/readme.txt", b"x", sha256=_X, kind="text/plain")
    make_lecture(tmp_path / "lecture")
    published = release(tmp_path / "lecture", store, name="algebra")

    gone = withdraw(store, name="algebra")

    assert keys(store) == {"notes/readme.txt"}
    assert gone.removed == len(published.manifest.objects)
    assert gone.shared == 0


def test_a_folder_is_left_as_it_was_found(tmp_path: Path):
    """Empty folders are litter too."""
    make_lecture(tmp_path / "lecture")
    with open_store(str(tmp_path / "store")) as store:
        release(tmp_path / "lecture", store, name="algebra")
        withdraw(store, name="algebra")

    assert list((tmp_path / "store").iterdir()) == []


def test_what_another_lecture_uses_stays(store: Store, tmp_path: Path):
    """Two courses may show the same film; one of them may stop."""
    make_lecture(tmp_path / "lecture", title="Algebra", seed=1)
    make_lecture(tmp_path / "same", title="Algebra, evening course", seed=1)
    make_lecture(tmp_path / "other", title="Calculus", seed=2)
    release(tmp_path / "lecture", store, name="algebra")
    same = release(tmp_path / "same", store, name="evening")
    other = release(tmp_path / "other", store, name="calculus")

    withdraw(store, name="algebra")

    assert not any(key.startswith("lectures/algebra/") for key in keys(store))
    for published in (same, other):
        audit(published, store, read_back=True)
    assert [e.name for e in catalogue(store).entries] == ["calculus", "evening"]
    assert b"lectures/algebra/" not in shown(store.get("index.html"))
    withdraw(store, name="evening")
    audit(other, store)
    withdraw(store, name="calculus")
    assert keys(store) == set()


def test_earlier_revisions_go_too(store: Store, tmp_path: Path):
    """Withdrawn means that nobody can watch it any more, not even the version with the mistake."""
    for seed in (1, 2, 3):
        shutil.rmtree(tmp_path / "lecture", ignore_errors=True)
        make_lecture(tmp_path / "lecture", seed=seed)
        release(tmp_path / "lecture", store, name="algebra")

    withdraw(store, name="algebra")

    assert keys(store) == set()


def test_withdrawing_what_is_not_there_says_what_is(store: Store, tmp_path: Path):
    """Most often the name is mistyped."""
    make_lecture(tmp_path / "lecture")
    release(tmp_path / "lecture", store, name="algebra")

    with pytest.raises(NotPublished, match=r"'algebre'.*here are: algebra"):
        withdraw(store, name="algebre")


def test_a_lecture_can_be_put_up_again(store: Store, tmp_path: Path):
    """Withdrawing is not a curse on the name."""
    make_lecture(tmp_path / "lecture")
    release(tmp_path / "lecture", store, name="algebra")
    withdraw(store, name="algebra")

    audit(release(tmp_path / "lecture", store, name="algebra"), store)


_X = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
