"""Every occurrence of every pattern in one pass, whatever the size of the glossary (Aho-Corasick)."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import cached_property

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from headgate.terminology.boundaries import has_spaceless

__all__ = ["Finder"]

_DFA_PATTERNS = 5_000  # beyond this a DFA costs more memory than it saves time
_OCCURRENCES_AT_ONCE = 100_000
_LEAST_WINDOW = 1_000
_PUNCTUATION = re.compile(r"[^\w ]")
_ASCII_PUNCTUATION = str.maketrans(
    {chr(code): " " for code in range(128) if chr(code) not in string.ascii_letters + string.digits + "_"}
)


class Finder:
    """Finds folded patterns in folded texts.

    In most texts nearly every occurrence is a part of a longer word. So both sides are searched with blanks in place
    of punctuation, and a blank at either end of every pattern: that leaves little more than whole words. In scripts
    without spaces there are no such borders, and every occurrence is reported.

    The automaton returns all occurrences in a text at once, and a text of aliases that overlap (`a`, `a a`, `a a a`)
    has as many at every place as there are lengths of aliases. So it is given one window of the text at a time, and
    whoever asks may stop.

    Args:
        patterns: folded, without duplicates.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._blanked = _compile([f" {_blank(pattern)} " for pattern in patterns])
        lengths = {len(pattern) for pattern in patterns}
        self._longest = max(lengths, default=0)
        # Of patterns of one length at most one ends at any place.
        self._window = max(_LEAST_WINDOW, _OCCURRENCES_AT_ONCE // max(1, len(lengths)))

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield pattern number, start and end: at least all occurrences that are whole words; in ASCII nothing else."""
        if len(text) <= self._window:  # nearly always
            yield from self._find_in(text)
            return
        for begin in range(0, len(text), self._window):
            # What begins in the window ends at most so far behind it; a word that is cut there is found, too.
            for number, start, end in self._find_in(text[begin : begin + self._window + self._longest]):
                if start < self._window:
                    yield number, begin + start, begin + end

    def _find_in(self, text: str) -> list[tuple[int, int, int]]:
        if not text.isascii() and has_spaceless(text):
            return self._plain.find_matches_as_indexes(text, overlapping=True)
        patterns = self._patterns
        return [
            # The blank before the text is one place, and so is the blank before the pattern.
            (number, start, end - 2)
            for number, start, end in self._blanked.find_matches_as_indexes(f" {_blank(text)} ", overlapping=True)
            if text.startswith(patterns[number], start)
        ]

    @cached_property
    def _plain(self) -> AhoCorasick:
        return _compile(self._patterns)


def _compile(patterns: Sequence[str]) -> AhoCorasick:
    return AhoCorasick(
        patterns,
        matchkind=MatchKind.Standard,
        store_patterns=False,
        implementation=Implementation.DFA if len(patterns) <= _DFA_PATTERNS else None,
    )


def _blank(text: str) -> str:
    return text.translate(_ASCII_PUNCTUATION) if text.isascii() else _PUNCTUATION.sub(" ", text)
