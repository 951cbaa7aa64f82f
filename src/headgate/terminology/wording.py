"""Terms by their words: where each is in a text, of which only letters and digits of ASCII in lower case are left.

A text comes as `spread`: a blank for each sign that is not a letter or digit, one at either end. There are two ways to
find terms in it. An automaton (Aho-Corasick) is fastest where there are some thousands; an index of words is built in a
fifth of the time, and takes no longer for a text whatever the number of terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

__all__ = ["Automaton", "WordIndex", "compile_patterns", "finder_of"]

Occurrence = tuple[int, int, int]
"""Number of a term, where its first letter is in the spread text, and where its last letter ends."""

_DFA_PATTERNS = 5_000  # beyond this a DFA costs more memory than it saves time
_BLANKS = re.compile(rb" +")
# For more words than these the text is gone through word by word, rather than searched for each of them.
_FEW = 6


def compile_patterns(patterns: Sequence[str]) -> AhoCorasick:
    """Return the automaton that finds patterns, also where they overlap."""
    return AhoCorasick(
        patterns,
        matchkind=MatchKind.Standard,
        store_patterns=False,
        implementation=Implementation.DFA if len(patterns) <= _DFA_PATTERNS else None,
    )


# For more words than these that others of a term follow an automaton takes too long to build.
_MOST_LEADING = 20_000


def finder_of(terms: Sequence[bytes]) -> Automaton | WordIndex:
    """Return what finds terms.

    Args:
        terms: the words of each term with one blank between them; several may have the same words.
    """
    leading = {word: None for term in terms if b" " in term for word in term.split(b" ")[:-1]}
    if len(leading) > _MOST_LEADING:
        return WordIndex(terms)
    return Automaton([term.decode("ascii") for term in terms], [word.decode("ascii") for word in leading])


class Automaton:
    """Finds terms in one pass.

    Words of a term may have several blanks between them. To make each run of blanks one costs more than the search, so
    it is done only where one follows a word that other words of a term follow: such words are searched for, too.

    Args:
        terms: as for `finder_of`.
        leading: their words that others follow.
    """

    def __init__(self, terms: Sequence[str], leading: Sequence[str]) -> None:
        self._count = len(terms)
        self._compiled = compile_patterns([*(f" {term} " for term in terms), *(f" {word}  " for word in leading)])

    def find(self, spread: bytes) -> Iterator[Occurrence]:
        """Yield all occurrences in a spread text."""
        found = self._compiled.find_matches_as_indexes(spread.decode("ascii"), overlapping=True)
        if any(one[0] >= self._count for one in found):
            yield from self._find_in_collapsed(spread)
            return
        for number, start, end in found:
            yield number, start + 1, end - 1

    def _find_in_collapsed(self, spread: bytes) -> Iterator[Occurrence]:
        # A word that is cut at the border of a window stays cut.
        ends = b" " * spread.startswith(b" "), b" " * spread.endswith(b" ")
        collapsed = b"%s%s%s" % (ends[0], b" ".join(spread.split()), ends[1])
        found = self._compiled.find_matches_as_indexes(collapsed.decode("ascii"), overlapping=True)
        position, behind = 0, dict[int, int]()
        for number, start, end in sorted(found, key=lambda one: one[1]):
            if number >= self._count:
                continue
            # What is found comes in the same order in the text itself.
            words = collapsed[start + 1 : end - 1].split()
            first, last = _place(spread, words, max(position, behind.get(number, 0)))
            position, behind[number] = first, first + 1
            yield number, first + 1, last


class WordIndex:
    """Finds terms by looking each word of a text up.

    Args:
        terms: as for `finder_of`.
    """

    def __init__(self, terms: Sequence[bytes]) -> None:
        self._numbers: dict[bytes, int] = dict(zip(terms, range(len(terms)), strict=True))
        self._same: dict[bytes, list[int]] = {}
        if len(self._numbers) < len(terms):
            for number, term in enumerate(terms):
                if self._numbers[term] != number:
                    self._same.setdefault(term, []).append(number)
        # By the first word of terms of several words, how many they have: 1 << n for n words.
        self._lengths: dict[bytes, int] = {}
        for term in terms:
            if b" " in term:
                word = term[: term.index(b" ")]
                self._lengths[word] = self._lengths.get(word, 0) | 1 << (term.count(b" ") + 1)
        self._first = frozenset(self._lengths).union(term for term in terms if b" " not in term)

    def find(self, spread: bytes) -> Iterator[Occurrence]:
        """Yield all occurrences in a spread text."""
        words = spread.split()
        first = self._first.intersection(words)
        if len(first) <= _FEW:
            for word in first:
                yield from self._find_word(spread, word)
            return
        position = 0
        for word in words:
            if word in first:
                start = spread.find(b" %s " % word, position)
                if start < 0:  # cut at the border of a window
                    continue
                yield from self._at(spread, word, start)
                position = start + len(word)

    def _find_word(self, spread: bytes, word: bytes) -> Iterator[Occurrence]:
        start = spread.find(b" %s " % word)
        while start >= 0:
            yield from self._at(spread, word, start)
            start = spread.find(b" %s " % word, start + len(word))

    def _at(self, spread: bytes, word: bytes, start: int) -> Iterator[Occurrence]:
        """Yield the terms that begin with a word after a blank."""
        end = start + 1 + len(word)
        yield from self._named(word, start + 1, end)
        lengths = self._lengths.get(word, 0) >> 2
        words = word
        while lengths:
            blanks = _BLANKS.match(spread, end)
            begin = blanks.end() if blanks is not None else end
            end = spread.find(b" ", begin)
            if end <= begin:
                return
            words = b"%s %s" % (words, spread[begin:end])
            if lengths & 1:
                yield from self._named(words, start + 1, end)
            lengths >>= 1

    def _named(self, words: bytes, start: int, end: int) -> Iterator[Occurrence]:
        number = self._numbers.get(words)
        if number is not None:
            yield number, start, end
            for other in self._same.get(words, ()):
                yield other, start, end


def _place(spread: bytes, words: Sequence[bytes], position: int) -> tuple[int, int]:
    """Return where words stand one after another: the blank before them, and the end of the last one."""
    while True:
        start = spread.find(b" %s " % words[0], position)
        end = start + len(words[0]) + 1
        for word in words[1:]:
            blanks = _BLANKS.match(spread, end)
            end = blanks.end() if blanks is not None else end
            if not spread.startswith(b"%s " % word, end):
                break
            end += len(word)
        else:
            return start, end
        position = start + 1
