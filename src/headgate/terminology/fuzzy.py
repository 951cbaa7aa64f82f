"""Near misses: words that are one or two letters away from a long alias (rapidfuzz)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from headgate.caching import Memo
from headgate.terminology.boundaries import Tokens, is_whole_word
from headgate.terminology.bounds import TooMuchWork
from headgate.terminology.concepts import Concept, Fuzzy
from headgate.terminology.folding import fold
from headgate.terminology.lines import is_broken
from headgate.terminology.ordinary import is_ordinary
from headgate.terminology.spelling import may_be_english
from headgate.terminology.zones import Protected

__all__ = ["NearMisses"]

# Shorter words have too many ordinary neighbours: form and from, table and cable.
_MIN_CHARS = 6
# Up to here both ends have to be right: nobody mistypes them as often as what is between.
_SHORT_CHARS = 8
_MAX_CHARS = 40
_STEM_CHARS = 4
_TWO_LETTERS_FROM = 7
# Up to here, two wrong letters are too many for a word to be replaced; it is only flagged.
_SURE_FROM = 12
_WORD = re.compile(rf"(?<![^\W\d_])[^\W\d_]{{{_MIN_CHARS},{_MAX_CHARS}}}(?![^\W\d_])")
# What a word of English ends in where it is another form of one: published, publisher, publishing.
_INFLECTIONS = frozenset(
    (
        *("", "s", "e", "es", "ed", "er", "ers", "ing", "ings", "ly", "y", "ies", "ied", "ion", "ions", "or", "ors"),
        *("al", "ment", "ments", "able", "ive", "ness", "en", "est", "ity"),
    )
)
_NOUNS = frozenset(("t", "ts", "ce", "ces", "cy", "ary", "ial", "ially"))  # compliant, compliance; incident, incidence
_MARKED = re.compile("[a-z][A-Z]")  # what a name has within and a word has not: LarkDesk
_COMPARISONS_PER_TEXT = 20_000_000  # about a second


class NearMiss(NamedTuple):
    """A word that is nearly a name.

    Attributes:
        start: where it begins.
        end: where it ends.
        concept: whose name it nearly is.
        alias: the name as listed.
        is_sure: whether it is near enough to be replaced.
    """

    start: int
    end: int
    concept: Concept
    alias: str
    is_sure: bool


class NearMisses:
    """Finds misspelt aliases.

    Args:
        concepts: the concepts; their aliases and canonical terms of six letters or more are compared, and of terms of
            several words each such word, where the others stand beside it.
        mode: what is done with a near miss: `flag` or `replace`.
        ordinary: words that are not misspellings, such as words that the corpus uses.
    """

    def __init__(self, concepts: Sequence[Concept], mode: Fuzzy, ordinary: Sequence[str] = ()) -> None:
        self.mode = mode
        self._targets: dict[str, tuple[Concept, str]] = {}
        self._phrases: dict[str, list[_Phrase]] = {}
        self._known = {fold(word) for word in ordinary}
        for concept in concepts:
            for term in (concept.canonical, *concept.aliases):
                folded = fold(term)
                # What the glossary itself writes is not a misspelling of something else in it.
                self._known.update(folded.split())
                if len(folded) >= _MIN_CHARS and folded.isalpha():
                    self._targets.setdefault(folded, (concept, term))
                words = tuple(folded.split())
                for place, word in enumerate(words if len(words) > 1 else ()):
                    if len(word) >= _MIN_CHARS and word.isalpha():
                        self._phrases.setdefault(word, []).append(
                            _Phrase(concept, term, words[:place], words[place + 1 :])
                        )
        self._index, self._phrase_index = _Index(self._targets), _Index(self._phrases)
        self._seen: Memo[tuple[str | None, str | None, int]] = Memo(50_000)

    def find(self, text: str, source: str | None, marks: int) -> Iterator[NearMiss]:
        """Yield the near misses in a text.

        Args:
            text: the text.
            source: the id of its source.
            marks: how many marks of markup are looked at.

        Raises:
            TooMuchWork: the text has too many words to compare all of them with the aliases, or too much markup.
        """
        zones: Protected | None = None
        tokens = Tokens(text)
        left = _COMPARISONS_PER_TEXT
        for match in _WORD.finditer(text):
            word = fold(match.group())
            seen = self._seen.get(word) or self._look_up(word)
            # Also for what is remembered, so that it does not depend on other texts whether there is too much.
            left -= seen[2]
            if left < 0:
                raise TooMuchWork("too many words to look for near misses")
            for near in self._meant(text, match, seen[0], seen[1]):
                start, end, concept, alias, _ = near
                if not concept.applies_to(source) or not _has_case_of(alias, concept, text[start:end]):
                    continue
                zones = Protected(text, marks) if zones is None else zones
                if (
                    is_whole_word(text, start, end)
                    and not is_broken(text, start, end)
                    and not zones.touches(start, end)
                    and not tokens.is_identifier(start, end)
                ):
                    yield near
                    break

    def _meant(self, text: str, match: re.Match[str], name: str | None, part: str | None) -> Iterator[NearMiss]:
        """Yield what a misspelt word may be, the longest first: a part of a term of several words, or a term."""
        for phrase in self._phrases.get(part, ()) if part is not None else ():
            start = _reach_back(text, match.start(), phrase.before)
            end = _reach_ahead(text, match.end(), phrase.after) if start is not None else None
            if start is not None and end is not None:
                is_sure = _is_sure(match[0], phrase.term.split()[len(phrase.before)], is_within=True)
                yield NearMiss(start, end, phrase.concept, phrase.term, is_sure)
        if name is not None:
            concept, term = self._targets[name]
            yield NearMiss(*match.span(), concept, term, _is_sure(match[0], term))

    def _look_up(self, word: str) -> tuple[str | None, str | None, int]:
        """Return the name that is near a word, the word of a longer name that is, and what it cost to say so."""
        if word in self._known or is_ordinary(word):
            return self._seen.put(word, (None, None, 1))
        names, parts = self._index.find(word), self._phrase_index.find(word)
        cost = len(names) + len(parts) + 1
        return self._seen.put(word, (self._nearest(word, names), self._nearest(word, parts), cost))

    def _nearest(self, word: str, names: Sequence[str]) -> str | None:
        # Two, because one alone would not show a tie.
        best = process.extract(word, names, scorer=OSA.distance, score_cutoff=_reach(word), limit=2)
        # Another form of a word is not a misspelling of it; a tie is a guess.
        close = [name for name, distance, _ in best if distance == best[0][1]]
        if len(close) != 1 or _is_inflected(word, close[0]):
            return None
        is_short = len(close[0]) < _SHORT_CHARS
        return None if is_short and word[-1] != close[0][-1] else close[0]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A term of several words, seen from one of them.

    Attributes:
        concept: the concept.
        term: as listed.
        before: its words before this one, folded.
        after: those behind it.
    """

    concept: Concept
    term: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def _reach_back(text: str, start: int, words: Sequence[str]) -> int | None:
    """Return where words begin that stand directly before a place; None where others do."""
    for word in reversed(words):
        begin = start - 1 - len(word)
        if begin < 0 or text[start - 1] not in " \n" or fold(text[begin : start - 1]) != word:
            return None
        start = begin
    return start


def _reach_ahead(text: str, end: int, words: Sequence[str]) -> int | None:
    """Return where words end that stand directly behind a place; None where others do."""
    for word in words:
        if text[end : end + 1] not in (" ", "\n") or fold(text[end + 1 : end + 1 + len(word)]) != word:
            return None
        end += 1 + len(word)
    return end


def _is_inflected(word: str, name: str) -> bool:
    """Return whether two words are forms of one, or differ in nothing but an end that forms have."""
    if word in (f"{name}s", name[:-1]):
        return True
    same = next((place for place, (one, other) in enumerate(zip(word, name, strict=False)) if one != other), len(name))
    same -= word[:same].endswith("e")  # it belongs to the ends: publish-ed, publish-er
    ends = word[same:], name[same:]
    return same >= _STEM_CHARS and (_INFLECTIONS.issuperset(ends) or _NOUNS.issuperset(ends))


def _is_sure(written: str, name: str, *, is_within: bool = False) -> bool:
    """Return whether a word is a misspelt name and no other word: contact is not a misspelt contract.

    Args:
        written: the word.
        name: the name as listed, or the word of it.
        is_within: whether the other words of the name are beside it: then "jupiter notebook" can be no other one.
    """
    word, meant = fold(written), fold(name)
    distance = OSA.distance(word, meant)
    if distance > 1 and len(word) < _SURE_FROM:
        return False
    is_exchange = distance == 1 and len(word) == len(meant) and sorted(word) == sorted(meant)
    is_strange = not may_be_english(word) or (is_within and not may_be_english(meant))
    return is_exchange or is_strange or _MARKED.search(name) is not None


class _Index:
    """Finds the names that may be near a word, without comparing it with all of them.

    Cut a name into parts, two more than letters can be touched: each edit touches one part, or two where neighbours
    change places across a border, so `reach` edits leave one of 2 * reach + 1 parts as it was, shifted by at most
    `reach` places. (The idea of Pass-Join: Li, Deng, Wang and Feng, PVLDB 5(3), 2011.) And the first letter of what
    counts as a near miss is right.

    Args:
        names: folded, without duplicates.
    """

    __slots__ = ("_names", "_parts")

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[tuple[str, int, int], dict[tuple[int, str], list[str]]] = {}
        self._parts: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
        for name in names:
            # In both, because the reach is that of the word: one of 12 letters may mean a name of 11.
            for reach in (1, 2):
                parts = self._names.setdefault((name[0], len(name), reach), {})
                for start, end in self._cut(len(name), reach):
                    parts.setdefault((start, name[start:end]), []).append(name)

    def find(self, word: str) -> Sequence[str]:
        """Return the names that may be near `word`, in the order in which they were given."""
        reach = _reach(word)
        found: dict[str, None] = {}
        for length in range(len(word) - reach, len(word) + reach + 1):
            parts = self._names.get((word[0], length, reach))
            if parts is None:
                continue
            for start, end in self._cut(length, reach):
                for shift in range(-min(reach, start), reach + 1):
                    found.update(dict.fromkeys(parts.get((start, word[start + shift : end + shift]), ())))
        return tuple(found)

    def _cut(self, length: int, reach: int) -> tuple[tuple[int, int], ...]:
        known = self._parts.get((length, reach))
        if known is None:
            count = 2 * reach + 1
            borders = [length * number // count for number in range(count + 1)]
            known = self._parts[length, reach] = tuple(pairwise(borders))
        return known


def _reach(word: str) -> int:
    return 2 if len(word) >= _TWO_LETTERS_FROM else 1


def _has_case_of(alias: str, concept: Concept, written: str) -> bool:
    """Whether a word may be a misspelling of an alias that counts in one spelling only."""
    return concept.required_spelling(alias) is None or alias.isupper() == written.isupper()
