"""Which concept an alias stands for: by what the document itself defines, then by words nearby, or by none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from headgate.terminology.boundaries import occurs_as_word
from headgate.terminology.definitions import short_form
from headgate.terminology.folding import fold, fold_alias
from headgate.terminology.matching import Match, Reading

__all__ = ["Chooser"]

_NEARBY_CHARS = 200


class Chooser:
    """Chooses among the readings of aliases in one text.

    Args:
        text: the text.
        defined: for short forms that the text defines, the canonical terms that it defines them by; none of ours
            where it defines them by something else.
    """

    __slots__ = ("_defined", "_folded", "_text", "_votes")

    def __init__(self, text: str, defined: dict[str, frozenset[str]]) -> None:
        self._text = text
        self._defined = defined
        self._folded: str | None = None
        self._votes: dict[tuple[str, ...], int] = {}

    def choose(self, match: Match) -> tuple[Reading | None, bool]:
        """Return the reading that applies, if one does, and whether it is rivals that keep it from applying."""
        aliases = match.senses.aliases
        defined = self._defined.get(short_form(self._text[match.start : match.end])) if self._defined else None
        if defined is not None and not defined:
            return None, True  # the text says that it means something else by it
        if match.senses.is_unconditional:
            return match.senses.sole, False
        around = _Around(self._text, match)
        aliases = tuple(reading for reading in aliases if _is_allowed(reading, around))
        if not aliases:
            return None, False
        if len({reading.replacement for reading in aliases}) == 1:
            return self._sole(aliases, around), False
        if defined is not None:
            told = [reading for reading in aliases if reading.concept.canonical in defined]
            if len({reading.replacement for reading in told}) == 1:
                return told[0], False
        reading = _best(aliases, [around.count(_words_for(reading)) for reading in aliases])
        return reading or _best(aliases, [self._count(_words_for(reading)) for reading in aliases]), True

    def _sole(self, aliases: Sequence[Reading], around: _Around) -> Reading | None:
        """An alias that words nearby speak for is also an ordinary word, although no other concept claims it."""
        for reading in aliases:
            if not reading.concept.near or around.count(reading.concept.near):
                return reading
        return None

    def _count(self, words: tuple[str, ...]) -> int:
        """Count the words that are anywhere in the text."""
        if words not in self._votes:
            if self._folded is None:
                self._folded = fold(self._text).replace("\n", " ")
            self._votes[words] = _count(words, self._folded, 0, len(self._folded))
        return self._votes[words]


class _Around:
    """The text around a match, folded when it is first asked for."""

    __slots__ = ("_begin", "_folded", "_left", "_match", "_right", "_text")

    def __init__(self, text: str, match: Match) -> None:
        self._text = text
        self._match = match
        self._folded: str | None = None
        self._left, self._right = max(0, match.start - _NEARBY_CHARS), match.end + _NEARBY_CHARS
        self._begin = max(0, self._left - 1)

    def count(self, words: Sequence[str]) -> int:
        """Count the words that are nearby."""
        if not words:
            return 0
        if self._folded is None:  # one character more on either side shows whether a word at the border goes on there
            self._folded = fold(self._text[self._begin : self._right + 1]).replace("\n", " ")
        return _count(words, self._folded, self._left - self._begin, self._right - self._begin)


def _is_allowed(reading: Reading, around: _Around) -> bool:
    concept = reading.concept
    if concept.unless and around.count(concept.unless):
        return False
    return not concept.only_near or around.count(concept.only_near) > 0


@lru_cache(maxsize=10_000)
def _joined(near: tuple[str, ...], only_near: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*near, *only_near)))


def _words_for(reading: Reading) -> tuple[str, ...]:
    return _joined(reading.concept.near, reading.concept.only_near)


def _best(readings: Sequence[Reading], votes: Sequence[int]) -> Reading | None:
    """Return the reading with most votes; a tie decides nothing, for a wrong term does more harm than an old one."""
    best = max(votes)
    ahead = [reading for reading, count in zip(readings, votes, strict=True) if count == best]
    if best == 0 or len({reading.replacement for reading in ahead}) > 1:
        return None
    return ahead[0]


def _count(words: Iterable[str], folded: str, first: int, last: int) -> int:
    return sum(occurs_as_word(_folded(word), folded, first, last) for word in words)


@lru_cache(maxsize=10_000)
def _folded(word: str) -> str:
    return fold_alias(word)
