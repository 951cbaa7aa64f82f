"""The terms of concepts as folded patterns, and what each of them can mean."""

from __future__ import annotations

import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from headgate.terminology.casing import is_titled
from headgate.terminology.concepts import Concept
from headgate.terminology.folding import fold_alias

__all__ = ["Patterns", "Reading"]

_FEWEST_TITLES = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a pattern: an alias of a concept, or a canonical term that must stay.

    Attributes:
        concept: the concept.
        exact: the spelling that the alias must have; None to compare without case.
        replacement: what takes its place; None where the pattern stays.
        alias: the alias as listed.
        is_phrase: whether the pattern is a phrase in which an alias stays, and no name of the concept.
        lowers: whether the canonical term follows an alias into lower case: every word of the glossary has a capital,
            which therefore says nothing.
    """

    concept: Concept
    exact: str | None
    replacement: str | None
    alias: str
    is_phrase: bool = False
    lowers: bool = False


def _readings_of_phrases(concept: Concept) -> Iterable[tuple[str, Reading]]:
    return ((phrase, Reading(concept, None, None, phrase, is_phrase=True)) for phrase in concept.keep)


class Patterns:
    """The folded terms of concepts, and what each can mean, worked out when it is met.

    Of a large glossary a process meets a few terms; to have all readings at hand costs most of the time and memory of
    loading it.

    Attributes:
        names: the folded terms, without duplicates.
    """

    __slots__ = ("_concepts", "_is_list_of_titles", "_more", "_numbers", "_readings", "names")

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self._is_list_of_titles = len(concepts) >= _FEWEST_TITLES and all(
            is_titled(term) for concept in concepts for term in (concept.canonical, *concept.aliases)
        )
        first: dict[str, int] = {}
        self._more: dict[str, list[int]] = {}
        for number, concept in enumerate(concepts):
            for term in _terms(concept):
                # One form of most terms, without a tuple for each.
                for folded in (fold_alias(term),) if term.isascii() else map(fold_alias, _forms(term)):
                    known = first.setdefault(folded, number)
                    # Terms of one concept come one after another.
                    if known != number and self._more.setdefault(folded, [known])[-1] != number:
                        self._more[folded].append(number)
        self._concepts = concepts
        self._readings: dict[int, dict[str, list[Reading]]] = {}
        # In order the automaton is built in two thirds of the time.
        self.names = sorted(first)
        self._numbers = array("L", (first[name] for name in self.names))

    def number_of(self, name: str) -> int | None:
        """Return the number of a folded term, if it is one."""
        place = bisect_left(self.names, name)
        return place if place < len(self.names) and self.names[place] == name else None

    def readings(self, pattern: int) -> tuple[Reading, ...]:
        """Return what `names[pattern]` can mean; an alias that several spellings fold to is listed once."""
        name = self.names[pattern]
        numbers = self._more.get(name) or [self._numbers[pattern]]
        return tuple(reading for number in numbers for reading in self._of(number)[name])

    def _of(self, number: int) -> dict[str, list[Reading]]:
        # Once per concept, so that one with very many aliases is not gone through for each of them.
        known = self._readings.get(number)
        if known is None:
            known = self._readings[number] = _readings_by_name(self._concepts[number], self._is_list_of_titles)
        return known


def _readings_by_name(concept: Concept, is_list_of_titles: bool) -> dict[str, list[Reading]]:
    found: dict[str, dict[tuple[object, ...], Reading]] = {}
    for term, reading in chain(_readings(concept, is_list_of_titles), _readings_of_phrases(concept)):
        key = (reading.exact, reading.replacement, reading.alias, reading.is_phrase)
        for form in _forms(term):
            found.setdefault(fold_alias(form), {}).setdefault(key, reading)
    return {name: list(readings.values()) for name, readings in found.items()}


def _terms(concept: Concept) -> Iterator[str]:
    """Yield the terms that a concept has readings for."""
    yield concept.canonical
    yield from _plurals(concept.canonical)
    yield from concept.keep
    yield from concept.aliases
    if concept.plurals is not False:
        for alias in concept.aliases:
            if concept.counts_plural_of(alias):
                yield from _plurals(alias)


def _forms(term: str) -> tuple[str, ...]:
    # Texts come in both forms; to normalise them would move every offset, so the patterns are doubled instead.
    if term.isascii():
        return (term,)
    return unicodedata.normalize("NFC", term), unicodedata.normalize("NFD", term)


def _readings(concept: Concept, is_list_of_titles: bool) -> Iterable[tuple[str, Reading]]:
    for kept in (concept.canonical, *_plurals(concept.canonical)):
        yield kept, Reading(concept, None, None, concept.canonical)
    canonical_folded = fold_alias(concept.canonical)
    plural_target = (_plurals(concept.canonical) or (concept.canonical,))[0]
    # Whoever lists both forms of an alias means the plural by its plural.
    listed = {plural for alias in concept.aliases for plural in _plurals(alias)}.intersection(concept.aliases)
    is_countable = not concept.canonical.endswith("s") or concept.canonical.endswith("ss")
    for alias in concept.aliases:
        is_plural = alias in listed and is_countable and fold_alias(plural_target) not in map(fold_alias, listed)
        target = plural_target if is_plural else concept.canonical
        yield alias, Reading(concept, concept.required_spelling(alias), target, alias, lowers=is_list_of_titles)
        # An alias that is the canonical term in another case only normalises spellings; its plural stays.
        if concept.counts_plural_of(alias) and fold_alias(alias) != canonical_folded:
            for plural in _plurals(alias):
                if plural not in listed:
                    exact = plural if concept.required_spelling(alias) is not None else None
                    yield plural, Reading(concept, exact, plural_target, alias, lowers=is_list_of_titles)


def _plurals(term: str) -> tuple[str, ...]:
    """Return the regular English plural of a term's last word; none for a term that does not end in a letter."""
    last = term[-1]
    if not (last.isascii() and last.isalpha()):
        return ()
    lowered = term.lower()
    if term[-2:].isupper():  # APIs, VMs
        return (f"{term}s",)
    if lowered.endswith(("s", "x", "z", "ch", "sh")):
        return (f"{term}es",)
    if lowered.endswith("y") and lowered[-2:-1] not in "aeiou":
        return (f"{term[:-1]}ies",)
    return (f"{term}s",)
