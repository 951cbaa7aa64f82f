"""Near misses: words that are one or two letters away from a long alias (rapidfuzz)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from headgate.caching import Memo
from headgate.terminology.concepts import Concept, Fuzzy
from headgate.terminology.folding import fold
from headgate.terminology.zones import is_in_identifier, is_whole_word, protected_zones

__all__ = ["NearMisses"]

_WORD = re.compile(r"[^\W\d_]{8,40}")
_MIN_CHARS = 8
_TWO_LETTERS_FROM = 12
_WORDS_PER_TEXT = 20_000


class NearMisses:
    """Finds misspelt aliases.

    Args:
        concepts: the concepts; their aliases and canonical terms of eight letters or more are compared.
        mode: what is done with a near miss: `flag` or `replace`.
        ordinary: words that are no misspellings, such as words that the corpus uses.
    """

    def __init__(self, concepts: Sequence[Concept], mode: Fuzzy, ordinary: Sequence[str] = ()) -> None:
        self.mode = mode
        self._targets: dict[str, tuple[Concept, str]] = {}
        self._known = {fold(word) for word in ordinary}
        for concept in concepts:
            for term in (concept.canonical, *concept.aliases):
                folded = fold(term)
                self._known.update(folded.split())
                if len(folded) >= _MIN_CHARS and folded.isalpha():
                    self._targets.setdefault(folded, (concept, term))
        self._names = list(self._targets)
        self._seen: Memo[tuple[str | None]] = Memo(50_000)

    def find(self, text: str, source: str | None) -> Iterator[tuple[int, int, Concept, str]]:
        """Yield `(start, end, concept, alias)` for each near miss in a text."""
        zones = None
        for number, match in enumerate(_WORD.finditer(text)):
            if number >= _WORDS_PER_TEXT:
                return
            name = self._nearest(fold(match.group()))
            if name is None:
                continue
            concept, alias = self._targets[name]
            if not concept.applies_to(source):
                continue
            start, end = match.span()
            zones = protected_zones(text) if zones is None else zones
            if (
                is_whole_word(text, start, end)
                and not zones.touches(start, end)
                and not is_in_identifier(text, start, end)
            ):
                yield start, end, concept, alias

    def _nearest(self, word: str) -> str | None:
        seen = self._seen.get(word)
        if seen is not None:
            return seen[0]
        nearest = None
        if word not in self._known and self._names:
            cutoff = 2 if len(word) >= _TWO_LETTERS_FROM else 1
            best = process.extract(word, self._names, scorer=OSA.distance, score_cutoff=cutoff, limit=2)
            # A plural or a possessive is an inflection, not a misspelling; a tie is a guess.
            close = [name for name, distance, _ in best if distance == best[0][1]]
            if len(close) == 1 and close[0][0] == word[0] and word not in (close[0] + "s", close[0][:-1]):
                nearest = close[0]
        self._seen.put(word, (nearest,))
        return nearest
