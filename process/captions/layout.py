"""From words to cues: where a cue ends, where its line breaks, how long it stays.

All ways to divide the words are weighed against each other by dynamic programming; greedy packing, which is
the common way, fills a cue to the brim and then breaks wherever that happens to be. The rules are those
of the broadcasters: two lines of 42 characters, at most 17 characters a second, 1 to 7 s, ends where a
thought ends, and never on an article or a preposition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from process.captions.cues import Cue, one_line
from process.captions.engine import Captions
from process.captions.transcript import Transcript, Word, ends_clause, ends_sentence, joined

CLOSE = 0.5
"""A shorter pause between two cues is closed: it would only flicker."""

CLEAR = 0.084
"""Shortest pause that may be left between two cues: two pictures at 24 a second."""

LATE = 1.5
"""Longest that a cue stays after its last word, to be read to the end; seconds."""

APART = 0.1
"""Starts of two cues lie at least so far apart, seconds, whatever times the engine gave."""

WEAK = {
    "en": """a an the this these those my your his her its our their of to in on at by for from with into onto
    over under about as than and or but nor so if that which who whose whom is are was were be been
    being am do does did has have had will would can could shall should may might must not no very more
    most between through without because when while where there what how why i we he she they it mr mrs
    ms dr prof""",
    "de": """der die das den dem des ein eine einen einem einer eines und oder aber denn in im an am auf aus bei
    mit nach von vom zu zum zur über unter vor für durch gegen ohne um als wie wenn dass ob ist sind war
    waren wird werden hat haben nicht kein keine sehr mein dein sein ihr unser euer ich du er sie es wir""",
    "fr": """le la les un une des du de d' l' au aux à en dans sur sous par pour avec sans chez et ou mais ni car
    que qui dont où ce cet cette ces mon ton son ma ta sa mes tes ses notre votre leur est sont était a
    ont ne pas très plus je tu il elle nous vous ils elles on si comme""",
    "es": """el la los las un una unos unas de del a al en con por para sin sobre entre y e o u pero ni que quien
    cuyo donde este esta estos estas mi tu su nuestro es son era fue ha han no muy más yo él ella si
    como se lo le""",
}
"""Words that lean on the next one: a cue or a line that ends on one is hard to read. Other languages go without."""

_WEAK = {language: frozenset(words.split()) for language, words in WEAK.items()}


def lay_out(transcript: Transcript, settings: Captions) -> tuple[Cue, ...]:
    """The words of *transcript* as cues: in order, never overlapping, within the lines that *settings* allow."""
    words = _fitting(transcript.words, settings.line_characters)
    if not words:
        return ()
    language = transcript.language
    weak = _WEAK.get(language, frozenset())
    groups = [words[i:j] for i, j in _divide(words, settings, language=language, weak=weak)]
    lines = [_lines([word.text for word in group], settings, language=language, weak=weak) for group in groups]
    return _timed(groups, lines, settings)


def _fitting(words: Sequence[Word], width: int) -> list[Word]:
    """*words* with those longer than a line cut into lines, in time as in letters."""
    short: list[Word] = []
    for word in words:
        text = one_line(word.text)
        length = max(1, len(text))
        for at in range(0, len(text), width):
            part = text[at : at + width]
            begin = word.start + (word.end - word.start) * at / length
            end = word.start + (word.end - word.start) * (at + len(part)) / length
            short.append(replace(word, start=begin, end=end, text=part))
    return short


def _divide(words: Sequence[Word], settings: Captions, *, language: str, weak: frozenset[str]) -> list[tuple[int, int]]:
    """The cheapest division of *words*, as pairs of first word and word after the last."""
    count, space = len(words), len(joined(["", ""], language))
    ending = [_ending_cost(words, at, weak) for at in range(count)]
    inside = [0.45 if ends_sentence(word.text) else 0.0 for word in words]
    best, came = [0.0] + [float("inf")] * count, [0] * (count + 1)
    for i in range(count):
        rows, row, letters, within = 1, 0, 0, 0.0
        for j in range(i + 1, count + 1):
            word = words[j - 1]
            length = len(word.text)
            if row and row + space + length > settings.line_characters:
                rows, row = rows + 1, length
            else:
                row += length + (space if row else 0)
            spoken = word.end - words[i].start
            if j > i + 1:
                if rows > settings.lines or spoken > settings.longest_seconds:
                    break
                within += inside[j - 2] + (3.0 if word.start - words[j - 2].end > 1.5 else 0.0)
            letters += length + (space if j > i + 1 else 0)
            room = (words[j].start if j < count else word.end + LATE) - words[i].start
            shown = max(0.05, min(room, spoken + LATE, settings.longest_seconds))
            hurry = max(0.0, letters / shown / settings.characters_per_second - 1.0)
            flash = max(0.0, settings.shortest_seconds - shown) / settings.shortest_seconds
            cost = best[i] + 1.0 + 3.0 * hurry + 2.0 * flash + within + ending[j - 1]
            if cost < best[j]:
                best[j], came[j] = cost, i
    borders = [count]
    while borders[-1]:
        borders.append(came[borders[-1]])
    return list(pairwise(reversed(borders)))


def _ending_cost(words: Sequence[Word], at: int, weak: frozenset[str]) -> float:
    """What it costs, or earns, to end a cue on word *at*."""
    text = words[at].text
    pause = words[at + 1].start - words[at].end if at + 1 < len(words) else 1.0
    cost = -0.8 * min(1.0, max(0.0, pause))
    if ends_sentence(text):
        return cost - 0.9
    if ends_clause(text):
        return cost - 0.35
    return cost + (1.0 if text.casefold() in weak else 0.0)


def _lines(texts: Sequence[str], settings: Captions, *, language: str, weak: frozenset[str]) -> tuple[str, ...]:
    """*texts* on as few lines as hold them, broken where it reads best."""
    whole = joined(texts, language)
    width = settings.line_characters
    if len(whole) <= width:
        return (whole,)
    # The cheapest way to put the first n texts on a number of lines; few texts, so all are tried.
    count, rows = len(texts), 0
    reached: dict[int, tuple[float, tuple[str, ...]]] = {0: (0.0, ())}
    while rows < count and count not in reached:
        rows += 1
        following: dict[int, tuple[float, tuple[str, ...]]] = {}
        for begin, (cost, lines) in reached.items():
            for end in range(begin + 1, count + 1):
                line = joined(texts[begin:end], language)
                if len(line) > width:
                    break
                price = cost + (len(line) / width) ** 2 + (_break_cost(texts[end - 1], weak) if end < count else 0)
                if end not in following or price < following[end][0]:
                    following[end] = (price, (*lines, line))
        reached = following
    return reached[count][1]


def _break_cost(text: str, weak: frozenset[str]) -> float:
    if ends_sentence(text):
        return -0.3
    if ends_clause(text):
        return -0.2
    return 0.8 if text.casefold() in weak else 0.0


def _timed(groups: Sequence[Sequence[Word]], lines: Sequence[tuple[str, ...]], settings: Captions) -> tuple[Cue, ...]:
    """Cues that stay long enough to be read where the next leaves room, and do not flicker."""
    starts: list[float] = []
    for group in groups:
        starts.append(max(round(group[0].start, 3), starts[-1] + APART if starts else 0.0))
    cues = []
    for number, (group, shown) in enumerate(zip(groups, lines, strict=True)):
        start = starts[number]
        said = max(group[-1].end, start + APART)
        read = start + sum(map(len, shown)) / settings.characters_per_second
        end = max(said, start + settings.shortest_seconds, min(read, said + LATE))
        end = min(end, max(said, start + settings.longest_seconds))
        if number + 1 < len(starts):
            following = starts[number + 1]
            if following - end < CLOSE and following - start <= settings.longest_seconds:
                end = following
            elif following - end < CLEAR:
                end = max(start + APART, following - CLEAR) if following - end > 0 else following
        cues.append(Cue(start=round(start, 3), end=round(end, 3), lines=shown))
    return tuple(cues)
