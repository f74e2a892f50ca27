"""Where a speaker is in a script, by words that are misheard, skipped, repeated and added."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flipcast.prompter import Follower, words_of

SCRIPT = words_of((Path(__file__).parents[2] / "flipcast" / "sample" / "speech.txt").read_text("utf-8"))


def test_a_speaker_who_reads_is_followed_to_the_word():
    """The line that is read must be the one that is lit."""
    follower = Follower(SCRIPT)

    for number, word in enumerate(SCRIPT, start=1):
        assert abs(follower.hear([word]).at - number) <= 1


@pytest.mark.parametrize("seed", range(4))
def test_a_speaker_who_is_misheard_is_followed(seed: int):
    """One word in five is heard wrong, left out or added, in a room and by a small engine."""
    chance, follower = random.Random(seed), Follower(SCRIPT)
    away = []
    for number, word in enumerate(SCRIPT, start=1):
        fate = chance.random()
        heard = (
            [] if fate < 0.07 else [chance.choice(SCRIPT)] if fate < 0.14 else [word, "um"] if fate < 0.2 else [word]
        )
        away.append(abs(follower.hear(heard).at - number))

    assert sorted(away)[len(away) * 9 // 10] <= 4
    assert max(away) <= 15


def test_words_of_ones_own_move_nothing_and_are_said_to_be_lost():
    """Who tells a story in between finds the script where it was left."""
    follower = Follower(SCRIPT)
    follower.hear(SCRIPT[:30])
    place = follower.hear(
        "yesterday my neighbour bought seventeen purple umbrellas because rain ruined every single hat".split()
    )

    assert abs(place.at - 30) <= 1
    assert place.lost
    place = follower.hear(SCRIPT[30:36])
    assert abs(place.at - 36) <= 1
    assert not place.lost


def test_a_skipped_sentence_is_caught_up_with():
    """Nobody reads every word."""
    follower = Follower(SCRIPT)
    follower.hear(SCRIPT[:20])

    assert abs(follower.hear(SCRIPT[38:48]).at - 48) <= 1


def test_a_sentence_said_again_leads_back():
    """A slip of the tongue, and the sentence once more."""
    follower = Follower(SCRIPT)
    follower.hear(SCRIPT[:30])

    assert abs(follower.hear(SCRIPT[18:28]).at - 28) <= 1


def test_one_word_never_leads_far():
    """“The” is everywhere."""
    follower = Follower(SCRIPT)
    follower.hear(SCRIPT[:10])

    for word in SCRIPT[14:55]:
        place = Follower(SCRIPT)
        place.hear(SCRIPT[:10])
        assert abs(place.hear([word]).at - 10) <= 4


def test_who_scrolls_by_hand_is_right():
    """The hand wins over the ear."""
    follower = Follower(SCRIPT)
    follower.hear(SCRIPT[:30])

    assert follower.go(3).at == 3
    assert follower.go(10**6).at == len(SCRIPT)


@pytest.mark.parametrize("seed", range(3))
def test_who_is_overheard_again_and_again_is_followed(seed: int):
    """An engine hears the last seconds, a second later once more: with words cut at both ends and others misheard."""
    chance, follower = random.Random(seed), Follower(SCRIPT)
    away = []
    for said in range(3, len(SCRIPT), 3):
        heard = [word if chance.random() > 0.1 else chance.choice(SCRIPT) for word in SCRIPT[max(0, said - 16) : said]]
        heard[-1] = heard[-1][: len(heard[-1]) // 2 + 1]
        away.append(abs(follower.overhear(heard).at - said))

    assert sorted(away)[len(away) * 9 // 10] <= 2
    assert max(away) <= 12


def test_what_is_overheard_twice_moves_nothing_and_words_of_ones_own_are_said_to_be_lost():
    """Who stops and thinks is where they stopped; who tells a story has left the text."""
    follower = Follower(SCRIPT)
    there = follower.overhear(SCRIPT[:16])
    for _ in range(20):
        assert follower.overhear(SCRIPT[:16]) == there
    story = "yesterday my neighbour bought seventeen purple umbrellas because rain ruined every single hat".split()
    for end in range(4, len(story) + 1, 3):
        place = follower.overhear([*SCRIPT[10:16], *story[:end]])
    assert abs(place.at - 16) <= 1
    assert place.lost
    assert not follower.overhear([*story[-4:], *SCRIPT[16:24]]).lost
