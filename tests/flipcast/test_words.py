"""Every word of the pages stands in one catalogue, and the second language has all of them."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from flipcast.web.app import LANGUAGES

WEB = Path(str(resources.files("flipcast.web")))
_MESSAGE = re.compile(r"^([a-z][a-z0-9-]*) = ?(.*(?:\n[ \t}].*)*)", re.MULTILINE)
_SAID = re.compile(r"""\bsay\(\s*["']([^"']+)["']""")
_BEGINNING = re.compile(r"\bsay\(\s*`([^`$]*)\$\{")


def catalogue(language: str) -> dict[str, str]:
    """Ids and patterns of a language."""
    parts = sorted((WEB / "words" / language).glob("*.ftl"))
    text = "\n".join(part.read_text(encoding="utf-8") for part in parts)
    found = _MESSAGE.findall(text)
    names = [name for name, _ in found]
    assert len(names) == len(set(names)), f"said twice in {language}: {sorted(n for n in names if names.count(n) > 1)}"
    return dict(found)


def scripts() -> str:
    """All modules of our own."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((WEB / "static").glob("*.js")))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_language_has_every_word_with_the_same_places_to_fill(language: str):
    """A page half in another language is worse than one in English; a place left out loses a number."""
    english, other = catalogue(LANGUAGES[0]), catalogue(language)

    assert english.keys() == other.keys()
    for name in english:
        places = [set(re.findall(r"\$([a-zA-Z]+)", text[name])) for text in (english, other)]
        assert places[0] == places[1], name


def test_what_pages_say_is_in_the_catalogue():
    """A word that is missing shows its id to a class."""
    said = set(_SAID.findall(scripts()))

    assert said
    assert said <= catalogue("en").keys()


def test_no_word_is_left_that_nobody_says():
    """Translators should not work on what is never seen."""
    said, begun = set(_SAID.findall(scripts())), tuple(_BEGINNING.findall(scripts()))
    literal = scripts()

    unused = {
        name
        for name in catalogue("en")
        if name not in said and not name.startswith(tuple(b for b in begun if b)) and f'"{name}"' not in literal
    }

    assert not unused
