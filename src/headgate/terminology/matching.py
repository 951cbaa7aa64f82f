"""Which occurrences of a term count: leftmost-longest, whole words, outside code and identifiers, in their case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from headgate.caching import Memo
from headgate.terminology.boundaries import JOINERS, Tokens, is_whole_word
from headgate.terminology.bounds import at_most
from headgate.terminology.casing import is_titled
from headgate.terminology.concepts import Concept
from headgate.terminology.folding import fold_alias, fold_text, plain_form
from headgate.terminology.mentions import Names
from headgate.terminology.searching import Finder
from headgate.terminology.zones import Zones, code_zones, protected_zones

__all__ = ["Found", "Match", "Matcher", "Reading", "Senses"]

# No sign that could begin or end code, markup or a list, and no single letter, which could number an item of a list.
_PLAIN_TERM = re.compile(r"[^\W\d_][\w' -]+")
_WORD = re.compile(r"\w+")
_NAME_BORDERS = frozenset(("", "\0"))  # no term may hold a null
_BLANKS = frozenset(("", " ", "\n"))
_FEWEST_TITLES = 3
_STARS = re.compile(r"\*+")
_SIGN = re.compile(r"[^\w ]")
_END_OF_TOKEN = re.compile(r"[.:?]?(?![\w\-./\\@:#=&%~$?+])")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb", "\u201e": "\u201c"}


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


class Senses:
    """Everything that a pattern can mean, looked at once for all of its occurrences.

    Args:
        readings: its readings, at least one.

    Attributes:
        readings: as given.
        aliases: those under which it is an alias.
        names: the canonical terms that it can stand for as an alias, sorted.
        canonicals: the canonical terms that it belongs to, as alias or as such.
        sole: the reading that applies where all aliases have one replacement, and nothing is left to decide.
        is_plain: whether all readings apply everywhere and in every case.
        is_unconditional: whether `sole` applies wherever it stands.
        is_of_identifiers: whether it may be a name within code.
        keeps_quoted: whether it stays in quotation marks, whatever it means.
    """

    __slots__ = (
        "_spellings",
        "aliases",
        "canonicals",
        "is_canonical_in_any_case",
        "is_of_identifiers",
        "is_plain",
        "is_unconditional",
        "keeps_quoted",
        "names",
        "readings",
        "sole",
    )

    def __init__(self, readings: tuple[Reading, ...]) -> None:
        self.readings = readings
        self.aliases = tuple(reading for reading in readings if reading.replacement is not None)
        self.names = tuple(sorted({reading.concept.canonical for reading in self.aliases}))
        self.canonicals = frozenset(reading.concept.canonical for reading in readings if not reading.is_phrase)
        self.sole = self.aliases[0] if len({reading.replacement for reading in self.aliases}) == 1 else None
        self.is_unconditional = self.sole is not None and not any(r.concept.has_conditions for r in self.aliases)
        self.is_plain = all(reading.exact is None and not reading.concept.sources for reading in readings)
        self.is_of_identifiers = any(reading.concept.zones == "identifiers" for reading in readings)
        self.keeps_quoted = all(reading.concept.keep_quoted for reading in self.aliases)
        kept = {reading.concept.canonical for reading in readings if reading.replacement is None}
        self._spellings = kept.intersection(self.names)
        self.is_canonical_in_any_case = len(kept) > len(self._spellings)

    def is_canonical(self, written: str) -> bool:
        """Return whether what is written so is a canonical term already.

        In another case it is one too, unless the concept lists that as an alias, so that spellings are normalised.
        """
        return self.is_canonical_in_any_case or written in self._spellings


class Match(NamedTuple):
    """An occurrence in the text, with what it can mean there."""

    start: int
    end: int
    senses: Senses


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a text.

    Attributes:
        matches: the occurrences that count, in order, without overlaps.
        names: where canonical terms are, also within code, markup and longer terms.
    """

    matches: Sequence[Match] = ()
    names: Names = field(default_factory=dict)


class Matcher:
    """The compiled form of a list of concepts."""

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self._patterns = _Patterns(concepts)
        patterns = self._patterns.names
        composed = [pattern for pattern in patterns if not pattern.isalnum()]
        self._last_words = {words[-1] for pattern in composed if len(words := _WORD.findall(pattern)) > 1}
        # `C` becomes another alias together with a sign that follows, if `C+` is one.
        self._signed_words = {word for pattern in composed if _SIGN.search(pattern) for word in _WORD.findall(pattern)}
        # Words nearby, quotation marks and annotations make a term depend on more than its own place.
        self._is_simple = not any(
            c.has_conditions or c.keep or c.keep_quoted or c.mode in ("annotate", "introduce") for c in concepts
        )
        self._is_zoned = any(c.zones != "prose" for c in concepts)
        self._settled: Memo[bool] = Memo(20_000)
        self._senses: dict[int, Senses] = {}
        self._finder = Finder(patterns)
        self._inner = set(self._find_inner(patterns))

    def _find_inner(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the patterns that are a part of another one."""
        plain = [name for name in names if name.isascii() and not name.isalnum()]  # one word holds no other
        for text in ("\0".join(plain), *(name for name in names if not name.isascii())):
            for _, start, end in self._finder.find(text):
                is_whole = text[start - 1 : start] in _NAME_BORDERS and text[end : end + 1] in _NAME_BORDERS
                if not is_whole and is_whole_word(text, start, end):
                    yield text[start:end]

    def _senses_of(self, pattern: int) -> Senses:
        known = self._senses.get(pattern)
        if known is None:
            known = self._senses[pattern] = Senses(self._patterns.readings(self._patterns.names[pattern]))
        return known

    def settles(self, text: str, start: int, end: int, replacement: str) -> bool:
        """Return whether a replacement can certainly not form another alias together with its neighbours."""
        if not self._is_simple or _PLAIN_TERM.fullmatch(text, start, end) is None:
            return False
        before = text[start - 1 : start]
        # Within a token it may be what decides whether its neighbours there are parts of an identifier.
        if before in JOINERS or _END_OF_TOKEN.match(text, end) is None:
            return False
        # In place of letters that need no spaces it may run on from the word before it, and then is not found again.
        if before not in _BLANKS and not is_whole_word(before + replacement, 1, 1 + len(replacement)):
            return False
        known = self._settled.get(replacement)
        if known is None:
            known = self._settled.put(replacement, self._is_self_contained(replacement))
        return known

    def _is_self_contained(self, replacement: str) -> bool:
        folded = fold_alias(replacement)
        if not _PLAIN_TERM.fullmatch(replacement) or folded in self._inner:
            return False
        words = _WORD.findall(folded)
        if not self._signed_words.isdisjoint(words):
            return False
        # An alias that begins within it does not count, for a canonical term keeps its place; one that ends there does.
        return self._last_words.isdisjoint(words[:-1])

    def find(self, text: str, source: str | None, most: int) -> Found:
        """Return the occurrences in a text, leftmost-longest, without overlaps.

        Raises:
            TooMuchWork: there are more than `most` occurrences, of whatever kind, or so many marks of markup.
        """
        folded = fold_text(text)
        tokens = Tokens(text)
        found: Iterable[tuple[int, int, int]] = at_most(most, self._finder.find(folded.text), "occurrences")
        if "_" in folded.text or not folded.text.isascii():  # else the finder leaves nothing else
            found = (one for one in found if is_whole_word(folded.text, one[1], one[2]))
        candidates = []
        for pattern, folded_start, folded_end in found:
            start, end = folded.to_source(folded_start, folded_end)
            if "*" in text[start:end]:
                start, end = _with_its_marks(text, start, end)
                if start == end:
                    continue
            senses = self._accept(text, tokens, self._senses_of(pattern), start=start, end=end, source=source)
            if senses is not None:
                candidates.append(Match(start, end, senses))
        # A text without terms ends here, before it is read a second time for its markup.
        if not candidates:
            return Found()
        candidates.sort(key=lambda match: (match.start, -match.end))
        # Before zones are taken out: a name in a link or in code explains an alias beside it as well.
        names = _names(text, candidates)
        zones = protected_zones(text, most)
        if zones or self._is_zoned:
            candidates = self._in_their_zones(text, candidates, zones, most)
        return Found(_leftmost_longest(candidates), names)

    def _in_their_zones(self, text: str, candidates: Sequence[Match], zones: Zones, most: int) -> list[Match]:
        """Return the matches that are where their concepts count."""
        if not self._is_zoned:
            return [match for match in candidates if not zones.touches(match.start, match.end)]
        code, tokens, kept = code_zones(text, most), Tokens(text), []
        for match in candidates:
            start, end, senses = match
            allowed = {reading.concept.zones for reading in senses.readings}
            if zones.touches(start, end):
                is_in_code = code.touches(start, end)
                is_kept = "none" in allowed or ("identifiers" in allowed and is_in_code)
            else:
                is_kept = allowed != {"identifiers"} or not senses.aliases or not tokens.is_identifier(start, end)
            if is_kept:
                kept.append(match)
        return kept

    def _accept(
        self, text: str, tokens: Tokens, senses: Senses, *, start: int, end: int, source: str | None
    ) -> Senses | None:
        """Return what `text[start:end]` can mean in its place, or None if it means nothing."""
        written = text[start:end]
        if not senses.is_plain:
            written = plain_form(written)
            readings = tuple(
                reading
                for reading in senses.readings
                if reading.concept.applies_to(source) and (reading.exact is None or reading.exact == written)
            )
            senses = senses if len(readings) == len(senses.readings) else Senses(readings)
        aliases = senses.aliases
        if aliases and (
            (not senses.is_of_identifiers and tokens.is_identifier(start, end))
            # `postgresql-client` is a package and not our spelling of PostgreSQL, unlike the compound `K8s-based`.
            or (len(aliases) < len(senses.readings) and _is_hyphenated(text, start, end))
            or (senses.keeps_quoted and _is_quoted(text, start, end))
        ):
            # What is left, if anything, is the canonical term itself, which may be spelt in any case there.
            senses = Senses(tuple(reading for reading in senses.readings if reading.replacement is None))
        return senses if senses.readings else None


def _with_its_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a term with the marks of emphasis that belong to it; an empty one where they go beyond it.

    Of `**Project Otter**` the marks stay; those of `**Project** Otter` go with the words that they were for.
    """
    trimmed = end - (len(text[start:end]) - len(text[start:end].rstrip("*")))
    runs = len(_STARS.findall(text, start, trimmed))
    if runs % 2 == 0:
        return start, trimmed
    marks = text[max(0, start - 3) : start]
    before = start - (len(marks) - len(marks.rstrip("*")))
    if before < start:
        return before, trimmed
    return (start, end) if end > trimmed else (start, start)


def _names(text: str, candidates: Sequence[Match]) -> Names:
    names: dict[str, tuple[list[int], list[int]]] = {}
    if not any(match.senses.aliases for match in candidates):
        return names  # no alias asks for them
    for match in candidates:
        if match.senses.is_canonical(text[match.start : match.end]):
            for canonical in match.senses.canonicals:
                starts, ends = names.setdefault(canonical, ([], []))
                starts.append(match.start)
                ends.append(match.end)
    return names


def _leftmost_longest(candidates: Iterable[Match]) -> list[Match]:
    kept: list[Match] = []
    position = 0
    for match in candidates:
        if match.start >= position:
            kept.append(match)
            position = match.end
    return kept


def _readings_of_phrases(concept: Concept) -> Iterable[tuple[str, Reading]]:
    return ((phrase, Reading(concept, None, None, phrase, is_phrase=True)) for phrase in concept.keep)


class _Patterns:
    """The folded terms of concepts, and what each can mean, worked out when it is met.

    Of a large glossary a process meets a few terms; to have all readings at hand costs most of the time and memory of
    loading it.

    Attributes:
        names: the folded terms, without duplicates.
    """

    __slots__ = ("_concepts", "_first", "_is_list_of_titles", "_more", "_readings", "names")

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
        self._concepts, self._first = concepts, first
        self._readings: dict[int, dict[str, list[Reading]]] = {}
        # In order the automaton is built in two thirds of the time.
        self.names = sorted(first)

    def readings(self, name: str) -> tuple[Reading, ...]:
        """Return what a folded term can mean; an alias that several spellings fold to is listed once."""
        numbers = self._more.get(name) or [self._first[name]]
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


def _is_hyphenated(text: str, start: int, end: int) -> bool:
    return text[max(0, start - 1) : start] == "-" or (text[end : end + 1] == "-" and text[end + 1 : end + 2].isalnum())


def _is_quoted(text: str, start: int, end: int) -> bool:
    if start == 0 or end >= len(text):
        return False
    return _QUOTES.get(text[start - 1]) == text[end]
