"""Which occurrences of a term count: leftmost-longest, whole words, outside code and identifiers, in their case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from headgate.caching import Memo
from headgate.terminology.concepts import Concept
from headgate.terminology.folding import Folded, fold_alias, fold_text
from headgate.terminology.searching import Finder
from headgate.terminology.zones import JOINERS, is_in_identifier, is_whole_word, protected_zones

__all__ = ["Match", "Matcher", "Reading", "TooManyMatches"]

_PLAIN_TERM = re.compile(r"[\w' -]+")
_WORD = re.compile(r"\w+")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb", "\u201e": "\u201c"}
_CASE_REACH = 6
# English words that are acronyms too; in lower case they are the word.
_ORDINARY = frozenset(
    [
        "ad",
        "add",
        "ah",
        "aid",
        "all",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "ask",
        "at",
        "be",
        "but",
        "by",
        "can",
        "cap",
        "car",
        "cat",
        "cut",
        "day",
        "did",
        "do",
        "eat",
        "end",
        "far",
        "few",
        "fit",
        "for",
        "fun",
        "get",
        "go",
        "got",
        "had",
        "has",
        "he",
        "her",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "let",
        "lot",
        "low",
        "man",
        "map",
        "may",
        "me",
        "men",
        "met",
        "mix",
        "my",
        "net",
        "new",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "oh",
        "ok",
        "old",
        "on",
        "one",
        "or",
        "our",
        "out",
        "own",
        "pay",
        "per",
        "pet",
        "pit",
        "put",
        "ran",
        "raw",
        "red",
        "run",
        "sad",
        "sat",
        "saw",
        "say",
        "see",
        "set",
        "she",
        "sit",
        "six",
        "so",
        "son",
        "sun",
        "tap",
        "tax",
        "ten",
        "the",
        "tie",
        "tin",
        "tip",
        "to",
        "too",
        "top",
        "try",
        "two",
        "up",
        "us",
        "use",
        "was",
        "way",
        "we",
        "who",
        "why",
        "win",
        "yes",
        "yet",
        "you",
    ]
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a pattern: an alias of a concept, or a canonical term that must stay.

    Attributes:
        concept: the concept.
        exact: the spelling that a case-sensitive alias must have; None to compare without case.
        replacement: what takes its place; None where the pattern is a canonical term.
        alias: the alias as listed.
    """

    concept: Concept
    exact: str | None
    replacement: str | None
    alias: str


@dataclass(frozen=True, slots=True)
class Match:
    """An occurrence in the text, with the readings that apply."""

    start: int
    end: int
    readings: tuple[Reading, ...]


class TooManyMatches(Exception):
    """A text has more occurrences than are worth looking at."""


@dataclass(slots=True)
class _Patterns:
    readings: dict[str, list[Reading]] = field(default_factory=dict)

    def add(self, term: str, reading: Reading) -> None:
        for form in ("NFC", "NFD"):
            readings = self.readings.setdefault(fold_alias(unicodedata.normalize(form, term)), [])
            if reading not in readings:
                readings.append(reading)


class Matcher:
    """The compiled form of a list of concepts."""

    def __init__(self, concepts: Sequence[Concept]) -> None:
        patterns = _Patterns()
        for concept in concepts:
            _add_concept(patterns, concept)
        several = [words for pattern in patterns.readings if len(words := _WORD.findall(pattern)) > 1]
        self._first_words = {words[0] for words in several}
        self._last_words = {words[-1] for words in several}
        # Words nearby, quotation marks and annotations make a term depend on more than its own place.
        self._is_simple = not any(c.near or c.keep_quoted or c.mode == "annotate" for c in concepts)
        self._settled: Memo[bool] = Memo(20_000)
        self._readings = [tuple(readings) for readings in patterns.readings.values()]
        self._finder = Finder(list(patterns.readings))
        self._inner = {
            name[start:end]
            for name in patterns.readings
            for _, start, end in self._finder.find(name)
            if end - start < len(name) and is_whole_word(name, start, end)
        }

    def settles(self, text: str, start: int, end: int, replacement: str) -> bool:
        """Return whether a replacement can certainly not form another alias together with its neighbours."""
        if not self._is_simple or "\n" in text[start:end]:
            return False
        if (start > 0 and text[start - 1] in JOINERS) or (end < len(text) and text[end] in JOINERS):
            return False
        known = self._settled.get(replacement)
        if known is None:
            known = self._settled.put(replacement, self._stands_alone(replacement))
        return known

    def _stands_alone(self, replacement: str) -> bool:
        folded = fold_alias(replacement)
        if not _PLAIN_TERM.fullmatch(replacement) or folded in self._inner:
            return False
        words = _WORD.findall(folded)
        return self._first_words.isdisjoint(words[1:]) and self._last_words.isdisjoint(words[:-1])

    def find(self, text: str, source: str | None, most: int) -> list[Match]:
        """Return the occurrences in a text, leftmost-longest, without overlaps.

        Raises:
            TooManyMatches: there are more than `most` occurrences, of whatever kind.
        """
        folded = fold_text(text)
        found = list(islice(self._finder.find(folded.text), most + 1))
        if len(found) > most:
            raise TooManyMatches
        candidates = [
            match for pattern, start, end in found if (match := self._accept(text, folded, pattern, start, end, source))
        ]
        if not candidates:
            return []
        zones = protected_zones(text)
        if zones:
            candidates = [match for match in candidates if not zones.touches(match.start, match.end)]
        return _leftmost_longest(candidates)

    def _accept(
        self, text: str, folded: Folded, pattern: int, start: int, end: int, source: str | None
    ) -> Match | None:
        if not is_whole_word(folded.text, start, end):
            return None
        start, end = folded.to_source(start, end)
        written = text[start:end]
        readings = tuple(
            reading
            for reading in self._readings[pattern]
            if reading.concept.applies_to(source) and (reading.exact is None or reading.exact == written)
        )
        if not readings:
            return None
        if any(reading.replacement is None for reading in readings):
            return Match(start, end, readings)
        if is_in_identifier(text, start, end) or (
            all(reading.concept.keep_quoted for reading in readings) and _is_quoted(text, start, end)
        ):
            return None
        return Match(start, end, readings)


def _leftmost_longest(candidates: list[Match]) -> list[Match]:
    candidates.sort(key=lambda match: (match.start, -match.end))
    kept: list[Match] = []
    position = 0
    for match in candidates:
        if match.start >= position:
            kept.append(match)
            position = match.end
    return kept


def _add_concept(patterns: _Patterns, concept: Concept) -> None:
    for kept in (concept.canonical, *_plurals(concept.canonical)):
        patterns.add(kept, Reading(concept, None, None, concept.canonical))
    canonical_folded = fold_alias(concept.canonical)
    for alias in concept.aliases:
        if fold_alias(alias) == canonical_folded:
            # The alias is the canonical term in another case: every other spelling of it is normalised.
            patterns.add(alias, Reading(concept, _exact(concept, alias), concept.canonical, alias))
            continue
        patterns.add(alias, Reading(concept, _exact(concept, alias), concept.canonical, alias))
        if concept.plurals:
            target = (_plurals(concept.canonical) or (concept.canonical,))[0]
            for plural in _plurals(alias):
                patterns.add(plural, Reading(concept, _exact(concept, plural), target, alias))


def _exact(concept: Concept, alias: str) -> str | None:
    if concept.case == "sensitive":
        return alias
    if concept.case == "smart" and len(alias) <= _CASE_REACH and alias.isupper() and alias.lower() in _ORDINARY:
        return alias
    return None


def _plurals(term: str) -> tuple[str, ...]:
    """Return the regular English plural of a term's last word; none for a term that does not end in a letter."""
    last = term[-1]
    if not (last.isascii() and last.isalpha()):
        return ()
    lowered = term.lower()
    upper = term[-2:].isupper()
    if upper and len(term) > 1:  # APIs, VMs
        return (f"{term}s",)
    if lowered.endswith(("s", "x", "z", "ch", "sh")):
        return (f"{term}es",)
    if lowered.endswith("y") and len(term) > 1 and lowered[-2] not in "aeiou":
        return (f"{term[:-1]}ies",)
    return (f"{term}s",)


def _is_quoted(text: str, start: int, end: int) -> bool:
    if start == 0 or end >= len(text):
        return False
    return _QUOTES.get(text[start - 1]) == text[end]
