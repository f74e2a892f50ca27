"""Pages are told how everything stands, at once and as it changes."""

from __future__ import annotations

import asyncio
import json
import threading

from flipcast.web.news import News


async def heard(news: News, count: int, *, meanwhile: threading.Thread | None = None) -> list[tuple[str, object]]:
    """The first *count* events that a page reads; *meanwhile* is begun after the first."""
    events: list[tuple[str, object]] = []
    stream = news.read()
    async with asyncio.timeout(5):
        async for text in stream:
            if text.startswith("event: "):
                topic, data = text.strip().split("\n")
                events.append((topic.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
                if meanwhile is not None and not meanwhile.is_alive():
                    meanwhile.start()
                    meanwhile = None
            if len(events) == count:
                break
    await stream.aclose()
    return events


def test_a_page_that_opens_late_hears_how_everything_stands():
    """A page may be closed and opened at any moment."""
    news = News()
    news.tell("studio", {"state": "ready"})
    news.tell("work", [1])
    news.tell("studio", {"state": "rolling"})

    assert asyncio.run(heard(news, 2)) == [("work", [1]), ("studio", {"state": "rolling"})]


def test_what_changes_is_told_from_any_thread_and_what_does_not_is_not():
    """Ten equal readings a second are no news."""
    news = News()
    news.tell("level", 1)

    def change() -> None:
        for level in (1, 1, 2):
            news.tell("level", level)

    thread = threading.Thread(target=change)
    assert asyncio.run(heard(news, 2, meanwhile=thread)) == [("level", 1), ("level", 2)]
    thread.join()


def test_a_title_cannot_end_an_event_early():
    """Titles are hostile: a line break in one must not become an event of its own."""
    news = News()
    news.tell("lecture", "a\n\nevent: studio\ndata: {}")

    assert asyncio.run(heard(news, 1)) == [("lecture", "a\n\nevent: studio\ndata: {}")]


def test_a_page_that_leaves_is_forgotten():
    """Pages come and go all day."""
    news = News()
    news.tell("x", 1)
    asyncio.run(heard(news, 1))

    news.tell("x", 2)

    assert news.latest("x") == 2
    assert not news._readers
