"""Which occurrences of a term count: leftmost-longest, whole words, outside code and identifiers, in their case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.caching import Memo
from headgate.terminology.boundaries import JOINERS, Tokens, has_spaceless, is_whole_word
from headgate.terminology.bounds import at_most
from headgate.terminology.concepts import Concept
from headgate.terminology.emphasis import with_its_marks
from headgate.terminology.folding import fold_alias, fold_same, fold_text, plain_form
from headgate.terminology.lines import is_broken
from headgate.terminology.mentions import Names
from headgate.terminology.parts import Parts
from headgate.terminology.patterns import Patterns, Reading
from headgate.terminology.searching import Finder
from headgate.terminology.zones import Protected, code_zones

__all__ = ["Found", "Match", "Matcher", "Reading", "Senses"]

# No sign that could begin or end code, markup or a list, and no single letter, which could number an item of a list.
_PLAIN_TERM = re.compile(r"[^\W\d_][\w' -]+")
_ARTICLE = re.compile(r"an?[\s*_~=\"'(\[>]+(?=\w)", re.IGNORECASE)
# Where there are more places than one for so many characters, the whole text is read around them at once.
_CHARS_PER_PLACE = 40
_BLANKS = frozenset(("", " ", "\n"))
_END_OF_TOKEN = re.compile(r"[.:?]?(?![\w\-./\\@:#=&%~$?+])")
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb", "\u201e": "\u201c"}


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
        may_be_canonical: whether it is a canonical term in some spelling.
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
        "may_be_canonical",
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
        self.may_be_canonical = bool(kept)

    def is_canonical(self, written: str) -> bool:
        """Return whether what is written so is a canonical term already.

        In another case it is one too, unless the concept lists that as an alias, so that spellings are normalised.
        """
        return self.may_be_canonical and (self.is_canonical_in_any_case or written in self._spellings)


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
        self._patterns = Patterns(concepts)
        patterns = self._patterns.names
        self._parts = Parts(patterns)
        # Words nearby, quotation marks and annotations make a term depend on more than its own place.
        self._is_simple = not any(
            c.has_conditions or c.keep or c.keep_quoted or c.mode in ("annotate", "introduce") for c in concepts
        )
        self._is_zoned = any(c.zones != "prose" for c in concepts)
        self._settled: Memo[bool] = Memo(20_000)
        self._senses: dict[int, Senses] = {}
        self._finder = Finder(patterns)

    def _senses_of(self, pattern: int) -> Senses:
        known = self._senses.get(pattern)
        if known is None:
            known = self._senses[pattern] = Senses(self._patterns.readings(pattern))
        return known

    def meanings(self, short: str, source: str | None) -> tuple[str, ...]:
        """Return the canonical terms that a folded alias can stand for in a source."""
        pattern = self._patterns.number_of(short)
        aliases = self._senses_of(pattern).aliases if pattern is not None else ()
        return tuple(sorted({one.concept.canonical for one in aliases if one.concept.applies_to(source)}))

    def settles(self, text: str, start: int, end: int, replacement: str) -> bool:
        """Return whether a replacement can certainly not form another alias together with its neighbours."""
        if not self._is_simple:
            return False
        if _PLAIN_TERM.fullmatch(text, start, end) is None:
            # An article before the term was fitted with it, and what is between them is as it was.
            old, new = _ARTICLE.match(text, start, end), _ARTICLE.match(replacement)
            if old is None or new is None or not self._parts.are_articles_free:
                return False
            return self.settles(text, old.end(), end, replacement[new.end() :])
        before = text[start - 1 : start]
        # Within a token it may be what decides whether its neighbours there are parts of an identifier.
        is_joined = before in JOINERS or (before.isalnum() and not has_spaceless(before))
        if is_joined or _END_OF_TOKEN.match(text, end) is None:
            return False
        # In place of letters that need no spaces it may run on from the word before it, and then is not found again.
        if before not in _BLANKS and not is_whole_word(before + replacement, 1, 1 + len(replacement)):
            return False
        known = self._settled.get(replacement)
        if known is None:
            known = self._settled.put(replacement, self._is_self_contained(replacement))
        return known

    def _is_self_contained(self, replacement: str) -> bool:
        return _PLAIN_TERM.fullmatch(replacement) is not None and self._parts.is_self_contained(fold_alias(replacement))

    def find(self, text: str, source: str | None, most: int) -> Found:
        """Return the occurrences in a text, leftmost-longest, without overlaps.

        Raises:
            TooMuchWork: there are more than `most` occurrences, of whatever kind, or so many marks of markup.
        """
        tokens = Tokens(text)
        candidates = []
        for pattern, start, end in at_most(most, self._occurrences(text), "occurrences"):
            name = self._patterns.names[pattern]
            if end - start != len(name) or not name.isalnum():  # else it is a single word as it is listed
                if "*" in text[start:end]:
                    start, end = with_its_marks(text, start, end)  # noqa: PLW2901 - the same term, as wide as it is
                if start == end or is_broken(text, start, end):
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
        candidates = self._in_their_zones(text, candidates, most)
        return Found(_leftmost_longest(candidates), names)

    def _occurrences(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield pattern, start and end of everything that stands alone as a word does."""
        plain = fold_same(text) if self._finder.is_ascii or text.isascii() else None
        if plain is None:
            yield from self._occurrences_in_other_forms(text)
        elif plain.isascii() and "_" not in plain:
            yield from self._finder.find_ascii(plain)
        else:
            for one in self._finder.find_ascii(plain):
                around = plain[max(0, one[1] - 1) : one[2] + 1]
                if (around.isascii() and "_" not in around) or is_whole_word(plain, one[1], one[2]):
                    yield one

    def _occurrences_in_other_forms(self, text: str) -> Iterator[tuple[int, int, int]]:
        folded = fold_text(text)
        for pattern, start, end in self._finder.find(folded.text):
            if is_whole_word(folded.text, start, end):
                yield (pattern, *folded.to_source(start, end))

    def _in_their_zones(self, text: str, candidates: Sequence[Match], most: int) -> list[Match]:
        """Return the matches that are where their concepts count."""
        zones = Protected(text, most, is_whole=len(candidates) * _CHARS_PER_PLACE > len(text))
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


def _names(text: str, candidates: Sequence[Match]) -> Names:
    names: dict[str, tuple[list[int], list[int]]] = {}
    if not any(match.senses.aliases for match in candidates):
        return names  # no alias asks for them
    for match in candidates:
        if match.senses.may_be_canonical and match.senses.is_canonical(text[match.start : match.end]):
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


def _is_hyphenated(text: str, start: int, end: int) -> bool:
    is_joined = text[max(0, start - 1) : start] == "-" and text[max(0, start - 2) : start] != "--"  # a dash
    return is_joined or (text[end : end + 1] == "-" and text[end + 1 : end + 2].isalnum())


def _is_quoted(text: str, start: int, end: int) -> bool:
    if start == 0 or end >= len(text):
        return False
    return _QUOTES.get(text[start - 1]) == text[end]
