"""A lecture goes up, is changed and goes up again, while somebody watches all the time."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from process import lecture as lectures
from publish import publication
from publish.errors import ContentDiffers, LectureIncomplete, NameUnfit, ObjectMissing
from publish.listing import catalogue
from publish.page import player_files
from publish.publication import audit
from publish.release import release
from publish.stores import Store, StoreSettings, open_store
from tests.fixtures.store import make_lecture
from tests.publish.viewer import Watching, fetching, follow, follow_playlist, shown

PAGE = "lectures/algebra/index.html"


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "s3":
        yield request.getfixturevalue("s3_store")
        return
    with open_store(str(tmp_path / "store")) as opened:
        yield opened


class Counting:
    """A store that counts what is asked of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: Counter[str] = Counter()
        self.put_keys: list[str] = []

    def __getattr__(self, name: str):
        found = getattr(self._store, name)
        if name not in ("put", "get", "head", "list", "delete"):
            return found

        def counted(*args: object, **how: object):
            self.asked[name] += 1
            if name == "put":
                self.put_keys.append(str(args[0]))
            return found(*args, **how)

        return counted


def test_a_published_lecture_can_be_followed_from_its_page_to_every_byte(store: Store, tmp_path: Path):
    """Addresses are relative: they hold in any store, under any prefix."""
    lecture = make_lecture(tmp_path / "lecture")

    published = release(tmp_path / "lecture", store, name="algebra")

    seen = follow(PAGE, fetching(store))
    up = {o.key for o in published.manifest.objects}
    assert seen <= up
    for clip in (f"lectures/algebra/{published.manifest.edition}/clips/{n:02}/master.m3u8" for n in (1, 2)):
        seen |= follow_playlist(clip, fetching(store))
    played = {"v1080.mp4", "audio.mp4", "captions.en.vtt", "clips/02/captions.en.vtt", "player/watch.js"}
    assert {o.key for o in published.manifest.objects if played & {*o.files}} <= seen
    assert {o.key for o in published.manifest.objects if o.key.endswith(".m3u8")} <= seen <= up
    assert {f for o in published.manifest.objects for f in o.files} >= {*lecture.files(), "lecture.json"}
    assert published.page.endswith(PAGE)
    assert audit(published, store, read_back=True).read_back_bytes == published.size_bytes


def test_media_is_cached_for_ever_and_pages_are_asked_for_again(s3_server, s3_store, tmp_path: Path):
    """Viewers pay for a gigabyte once, and see a mended title at once."""
    make_lecture(tmp_path / "lecture")
    s3_store.open_to_readers()
    published = release(tmp_path / "lecture", s3_store, name="algebra")

    for o in published.manifest.objects:
        with urllib.request.urlopen(urllib.request.Request(s3_store.url(o.key), method="HEAD")) as answer:
            assert answer.headers["Content-Type"] == o.kind
            assert answer.headers["Cache-Control"] == o.caching
            assert ("immutable" in o.caching) == o.key.startswith("media/")


def test_text_goes_over_the_line_packed_and_film_as_it_is(s3_server, s3_store, tmp_path: Path):
    """S3 packs nothing by itself, and the player's scripts are most of what a page waits for."""
    make_lecture(tmp_path / "lecture")
    s3_store.open_to_readers()
    published = release(tmp_path / "lecture", s3_store, name="algebra")

    packed = {o.key for o in published.manifest.objects if o.encoding}
    assert {Path(key).suffix for key in packed} >= {".js", ".css", ".m3u8", ".html"}
    assert not any(key.endswith((".mp4", ".jpg", "lecture.json")) for key in packed)
    scripts = [o.size_bytes for o in published.manifest.objects if o.key.endswith(".js")]
    assert sum(scripts) < 250_000
    for o in published.manifest.objects:
        with urllib.request.urlopen(s3_store.url(o.key)) as answer:
            assert (answer.headers["Content-Encoding"] or "") == o.encoding
            content = answer.read()
        assert hashlib.sha256(content).hexdigest() == o.sha256
        for file in o.files:
            made = player_files().get(file) or tmp_path / "lecture" / file
            if o.key.startswith("media/") and made.suffix != ".vtt":
                assert shown(content) == made.read_bytes()


def test_a_folder_has_everything_as_it_was_made(tmp_path: Path):
    """Whatever web server stands before it knows of no packing."""
    make_lecture(tmp_path / "lecture")
    with open_store(str(tmp_path / "store")) as store:
        published = release(tmp_path / "lecture", store, name="algebra")

        assert {o.encoding for o in published.manifest.objects} == {""}
        assert store.get(PAGE).startswith(b"<!doctype html>")


def test_a_page_knows_where_it_is_on_the_web_and_says_nothing_of_our_disk(tmp_path: Path):
    """Whoever passes a link on sees its picture; nobody learns the lecturer's folders."""
    make_lecture(tmp_path / "lecture")
    web = StoreSettings(public_url="https://lectures.example.edu/spring/")
    with open_store(str(tmp_path / "web"), web) as store:
        release(tmp_path / "lecture", store, name="algebra")
        html = store.get(PAGE).decode()
    assert f'content="https://lectures.example.edu/spring/{PAGE}"' in html
    assert re.search(r'og:image" content="https://lectures\.example\.edu/spring/media/\w+\.jpg"', html)
    assert re.search(r'"contentUrl": "https://lectures\.example\.edu/spring/media/\w+\.mp4"', html)

    with open_store(str(tmp_path / "disk")) as store:
        release(tmp_path / "lecture", store, name="algebra")
        html = store.get(PAGE).decode()
    assert re.search(r'og:image" content="\.\./\.\./media/\w+\.jpg"', html)
    assert tmp_path.name not in html


def test_a_second_publish_uploads_nothing(store: Store, tmp_path: Path):
    """Whoever is not sure runs it again; it must cost nothing."""
    make_lecture(tmp_path / "lecture")
    first = release(tmp_path / "lecture", store, name="algebra")

    counting = Counting(store)
    again = release(tmp_path / "lecture", counting, name="algebra")  # type: ignore[arg-type]

    assert (counting.asked["put"], counting.asked["delete"]) == (0, 0)
    assert counting.asked.total() <= len(first.manifest.objects) + 10
    assert (again.uploaded, again.skipped) == (0, len(first.manifest.objects))
    assert again.manifest == first.manifest


def test_a_changed_title_uploads_only_what_says_the_title(store: Store, tmp_path: Path):
    """A spelling mistake is mended in a second, not in an upload of a gigabyte."""
    lecture = make_lecture(tmp_path / "lecture", title="Linaer algebra")
    release(tmp_path / "lecture", store, name="algebra")
    lectures.write(replace(lecture, title="Linear algebra"), tmp_path / "lecture")

    counting = Counting(store)
    again = release(tmp_path / "lecture", counting, name="algebra")  # type: ignore[arg-type]

    assert counting.put_keys == [
        "lectures/algebra/lecture.json",
        PAGE,
        "manifests/algebra.json",
        "catalogue.json",
        "index.html",
    ]
    assert again.uploaded == 2
    assert b"Linear algebra" in shown(store.get("index.html"))


def test_viewers_never_miss_anything_while_a_lecture_is_changed(store: Store, tmp_path: Path):
    """Old or new, never half: students watch while the lecturer corrects."""
    with Watching(PAGE, fetching(store), missing=ObjectMissing) as viewer:
        for edition in range(1, 4):
            shutil.rmtree(tmp_path / "lecture", ignore_errors=True)
            make_lecture(tmp_path / "lecture", title=f"Edition {edition}", seed=edition, clips=edition)
            release(tmp_path / "lecture", store, name="algebra")
        visits, until = viewer.visits, time.monotonic() + 60
        while viewer.visits < visits + 2 and time.monotonic() < until:
            time.sleep(0.01)

    assert viewer.faults == []
    assert viewer.visits > 3
    assert viewer.titles[-1].startswith("Edition 3")


def test_what_only_an_earlier_revision_used_is_kept_for_a_while_then_swept(store: Store, tmp_path: Path):
    """A viewer in the middle of a lecture goes on in it; a store must not grow for ever."""
    make_lecture(tmp_path / "lecture", seed=1)
    first = release(tmp_path / "lecture", store, name="algebra")
    shutil.rmtree(tmp_path / "lecture")
    make_lecture(tmp_path / "lecture", seed=2)
    second = release(tmp_path / "lecture", store, name="algebra")

    old = {o.key for o in first.manifest.objects} - {o.key for o in second.manifest.objects}
    assert old == {r.key for r in second.manifest.retired}
    assert all(store.head(key) for key in old)

    third = release(tmp_path / "lecture", store, name="algebra", keep_seconds=0)

    assert third.swept == len(old)
    assert not any(store.head(key) for key in old)
    assert third.manifest.retired == ()
    audit(third, store)


def test_going_back_to_an_earlier_revision_takes_it_out_of_retirement(store: Store, tmp_path: Path):
    """Else the next sweep would remove what is shown."""
    for seed in (1, 2, 1):
        shutil.rmtree(tmp_path / "lecture", ignore_errors=True)
        make_lecture(tmp_path / "lecture", seed=seed)
        published = release(tmp_path / "lecture", store, name="algebra")

    published = release(tmp_path / "lecture", store, name="algebra", keep_seconds=0)

    audit(published, store, read_back=True)
    follow(PAGE, fetching(store))


def test_the_start_page_lists_every_lecture_the_newest_first(store: Store, tmp_path: Path):
    """A course is one address."""
    for n, name in enumerate(("algebra", "calculus")):
        make_lecture(tmp_path / name, title=f"All of {name} & <more>", seed=n)
        release(tmp_path / name, store, name=name)

    assert [e.name for e in catalogue(store).entries] == ["calculus", "algebra"]
    html = shown(store.get("index.html")).decode()
    assert "All of algebra &amp; &lt;more&gt;" in html
    assert f'href="{PAGE}"' in html
    assert len(follow("index.html", fetching(store))) > 2  # posters and the player's files are there


def test_publishers_at_the_same_time_do_not_lose_each_others_lecture(store: Store, tmp_path: Path):
    """A department publishes on Monday morning, all at once."""
    names = [f"lecture-{n}" for n in range(5)]
    for n, name in enumerate(names):
        make_lecture(tmp_path / name, seed=n % 2)

    with ThreadPoolExecutor(5) as pool:
        published = list(pool.map(lambda name: release(tmp_path / name, store, name=name), names))

    assert sorted(e.name for e in catalogue(store).entries) == names
    for one in published:
        audit(one, store)


def test_an_audit_names_what_is_wrong_and_publishing_again_mends_it(store: Store, tmp_path: Path):
    """Disks rot, and people tidy up."""
    make_lecture(tmp_path / "lecture")
    published = release(tmp_path / "lecture", store, name="algebra")
    gone, harmed = (o.key for o in published.manifest.objects[:2])
    store.delete([gone])
    with pytest.raises(ObjectMissing, match=gone):
        audit(published, store)
    store.put(harmed, b"rot", sha256=hashlib.sha256(b"rot").hexdigest(), kind="video/mp4")
    with pytest.raises((ObjectMissing, ContentDiffers), match="1 more object"):
        audit(published, store)

    again = release(tmp_path / "lecture", store, name="algebra")

    assert again.uploaded == 2
    audit(again, store, read_back=True)


def test_where_a_lecture_is_published_is_written_beside_it(store: Store, tmp_path: Path):
    """`show` and `withdraw` know without asking any store."""
    make_lecture(tmp_path / "lecture")
    published = release(tmp_path / "lecture", store, name="algebra")
    elsewhere = replace(published, store="s3://elsewhere")

    publication.remember(published, tmp_path)
    publication.remember(elsewhere, tmp_path)
    publication.remember(published, tmp_path)

    assert publication.read(tmp_path) == (elsewhere, published)
    publication.forget(elsewhere.store, tmp_path)
    assert publication.read(tmp_path) == (published,)
    publication.forget(published.store, tmp_path)
    assert publication.read(tmp_path) == ()


@pytest.mark.parametrize(
    "name",
    ["", "-x", "../x", "a/b", "A", "a b", "a\n", "ä", "．．", "a" * 101, "x.", "<script>", "a\0", "%2e%2e", "ﬁ"],
)
def test_no_name_leads_out_of_the_store(name: str, tmp_path: Path):
    """Names are made of titles, and titles of anything. It is refused before any store is asked."""
    make_lecture(tmp_path / "lecture")

    with open_store(str(tmp_path / "store")) as store, pytest.raises(NameUnfit, match="address"):
        release(tmp_path / "lecture", store, name=name)

    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("file", ["/etc/passwd", "../secret.mp4", "clips/../../secret.mp4"])
def test_a_lecture_that_names_a_file_outside_of_itself_is_not_published(file: str, tmp_path: Path):
    """A description handed in by somebody else must not publish what lies beside it."""
    (tmp_path / "secret.mp4").write_bytes(b"private")
    lecture = make_lecture(tmp_path / "lecture")
    lectures.write(replace(lecture, download=file), tmp_path / "lecture")

    with open_store(str(tmp_path / "store")) as store, pytest.raises(LectureIncomplete, match="outside"):
        release(tmp_path / "lecture", store, name="algebra")


def test_a_playlist_that_leads_elsewhere_is_not_published(tmp_path: Path):
    """A player would ask another host, or for a file that nobody put up."""
    make_lecture(tmp_path / "lecture")
    (tmp_path / "lecture" / "v1080.m3u8").write_text("#EXTM3U\n#EXTINF:4,\nhttps://elsewhere.example/v.mp4\n")

    with open_store(str(tmp_path / "store")) as store, pytest.raises(LectureIncomplete, match="elsewhere"):
        release(tmp_path / "lecture", store, name="algebra")


def test_a_lecture_that_lacks_a_file_is_not_begun(tmp_path: Path):
    """Better nothing than a player that stops in the middle."""
    make_lecture(tmp_path / "lecture")
    (tmp_path / "lecture" / "v1080.mp4").unlink()

    with open_store(str(tmp_path / "store")) as store, pytest.raises(LectureIncomplete, match=r"v1080\.mp4"):
        release(tmp_path / "lecture", store, name="algebra")
    assert not (tmp_path / "store").exists()
