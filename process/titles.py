"""Titles for the clips of a lecture: the words that one clip says more than the others do.

No language model is asked. A phrase of up to three words is worth what it is heard in its clip, times how few other
clips hold it; this contrast within the one lecture needs no outside word counts and works in any language
that puts spaces between its words. Where nothing stands out the title is "Part 2".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log

from process.captions.cues import one_line
from process.captions.transcript import SPACELESS

LONGEST = 60
"""Characters of a title."""

COMMON = {
    "en": """a about after again all also always am an and another any are as at back be because been before
    being between both but by call called came can come could did do does doing done down each even
    every first for from get give go goes going good got had has have having he her here hers him his
    how however i if in into is it its just kind know last let like little look lot made make many may
    me mean might more most much must my need never next no not now of off often on one only or other
    others our out over own part people perhaps please put quite rather really right said same say
    second see seen shall she should show since so some something still such take tell than thank that
    the their them then there therefore these they thing things think this those though three through
    time to today too two under until up upon us use used very want was way we well went were what when
    where whether which while who whole why will with within without would yes yet you your""",
    "de": """aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den denn der
    des die dies diese dieser doch dort du durch ein eine einem einen einer eines er es etwas für gibt
    ganz gegen hat haben hatte hier ich ihr im in ist ja jetzt kann kein keine können man mal mehr mein
    mit muss nach nicht noch nun nur ob oder ohne schon sehr sein sich sie sind so soll über um und uns
    unser unter vom von vor war was weil wenn wer werden wie wieder wir wird wo zu zum zur""",
    "fr": """à au aussi autre aux avec avoir bien ce cela ces cet cette comme dans de des deux donc du elle elles
    en encore est et être eu fait faire il ils je la le les leur lui mais me même mes moi mon ne nos
    notre nous on ont ou où par pas peut plus pour qu que qui sa sans se ses si son sont sur ta te tes
    toi ton tout tous très tu un une vos votre vous y""",
    "es": """a al algo ante antes aquí así aunque bien cada como con cual cuando de del desde donde dos el ella
    ellos en entre era es esa ese eso esta este esto estos fue ha hay la las le les lo los más me mi
    mientras muy nada ni no nos o otra otro para pero poco por porque que qué se ser si sí sin sobre son
    su sus también tan tanto te tiene todo tu un una uno y ya yo""",
}
"""Words that make no title. In other languages the lecture's own most frequent words are left out."""

_COMMON = {language: frozenset(words.split()) for language, words in COMMON.items()}


def titles_of(clips: Sequence[Sequence[str]], *, language: str) -> list[str]:
    """A title for each of *clips*, which are the words said in them; no two alike, none empty."""
    fallback = [f"Part {number}" for number in range(1, len(clips) + 1)]
    if language in SPACELESS:
        return fallback
    common = _COMMON.get(language) or _frequent(clips)
    phrases = [_phrases(words, common) for words in clips]
    held_by = Counter(phrase for counts, _ in phrases for phrase in counts)
    titles: list[str] = []
    for (counts, spelled), instead in zip(phrases, fallback, strict=True):
        worth = {
            phrase: count * (1 + 0.6 * (len(phrase) - 1)) * (0.1 + log((len(clips) + 1) / held_by[phrase]))
            for phrase, count in counts.items()
            if count > 1
        }
        ranked = sorted(worth, key=lambda phrase: (-worth[phrase], phrase))
        title = _compose([(phrase, spelled[phrase]) for phrase in ranked], taken=titles)
        titles.append(title or instead)
    return titles


def _compose(ranked: Sequence[tuple[tuple[str, ...], str]], *, taken: Sequence[str]) -> str:
    """The best phrase, and a second one that says something else where both have room."""
    for number, (phrase, text) in enumerate(ranked):
        if len(text) > LONGEST or sum(map(len, phrase)) < 4:
            continue
        for other, more in ranked[number + 1 : number + 6]:
            both = f"{text}, {more}"
            if len(both) <= LONGEST and not _akin(phrase, other) and sum(map(len, other)) >= 4:
                text = both
                break
        title = text[:1].upper() + text[1:]
        if title not in taken:
            return title
    return ""


def _akin(one: Sequence[str], other: Sequence[str]) -> bool:
    return any(a[:5] == b[:5] for a in one for b in other)


def _phrases(
    words: Sequence[str], common: frozenset[str]
) -> tuple[Counter[tuple[str, ...]], dict[tuple[str, ...], str]]:
    """How often each phrase of one to three words is said, and how it is written."""
    counts: Counter[tuple[str, ...]] = Counter()
    spellings: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    run: list[str] = []
    for text in [*words, "."]:
        bare = one_line(text).strip("\"'“”‘’«»()[]{}.,;:!?…-–—¿¡")
        if bare:
            run.append(bare)
        if not bare or not text[-1:].isalnum():  # no phrase reaches over a full stop or a comma
            for length in (1, 2, 3):
                for at in range(len(run) - length + 1):
                    written = run[at : at + length]
                    phrase = tuple(word.casefold() for word in written)
                    if _stands(phrase, common):
                        counts[phrase] += 1
                        # The first word of a sentence is written large for that alone.
                        spellings[phrase][" ".join(written)] += 1 if at else 0
            run = []
    return counts, {p: min(s, key=lambda t: (-s[t], t.swapcase())) for p, s in spellings.items()}


def _stands(phrase: Sequence[str], common: frozenset[str]) -> bool:
    """Whether *phrase* can stand alone: no weak word at either end, no bare number."""
    ends = (phrase[0], phrase[-1])
    return not any(word in common or len(word) < 3 or word.isnumeric() for word in ends)


def _frequent(clips: Sequence[Sequence[str]]) -> frozenset[str]:
    counts = Counter(word.casefold().strip(".,;:!?") for words in clips for word in words)
    return frozenset(word for word, _ in counts.most_common(40))
