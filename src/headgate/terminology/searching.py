"""Every occurrence of every pattern in one pass, whatever the size of the glossary (Aho-Corasick)."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import cached_property

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from headgate.terminology.boundaries import SPACELESS_RANGES
from headgate.terminology.folding import beyond_ascii
from headgate.terminology.scripts import SCRIPTED

__all__ = ["Finder"]

_DFA_PATTERNS = 5_000  # beyond this a DFA costs more memory than it saves time
_OCCURRENCES_AT_ONCE = 100_000
_LEAST_WINDOW = 1_000
# Raised digits are those of footnotes, and underscores may be marks of emphasis.
_OTHER_PUNCTUATION = re.compile("[^\\w\\x00-\\x7f]|[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]")
_BLANKED = bytes(
    code if code >= 128 or chr(code) in string.ascii_letters + string.digits else ord(" ") for code in range(256)
)


class Finder:
    """Finds folded patterns in folded texts.

    In most texts nearly every occurrence is a part of a longer word. So both sides are searched with blanks in place
    of punctuation, and a blank at either end of every pattern: that leaves little more than whole words. Patterns of
    ASCII are looked for with blanks in place of everything else, so that a border of scripts is one too. For the others
    every occurrence is reported where scripts have no borders that could be seen.

    The automaton returns all occurrences in a text at once, and a text of aliases that overlap (`a`, `a a`, `a a a`)
    has as many at every place as there are lengths of aliases. So it is given one window of the text at a time, and
    whoever asks may stop.

    Args:
        patterns: folded, without duplicates.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._ascii = [number for number, pattern in enumerate(patterns) if pattern.isascii()]
        self._others = [number for number, pattern in enumerate(patterns) if not pattern.isascii()]
        self._of_ascii = _compile([f" {_blank_ascii(patterns[number])} " for number in self._ascii])
        self._of_others = _compile([f" {_blank(patterns[number])} " for number in self._others])
        lengths = {len(pattern) for pattern in patterns}
        self._longest = max(lengths, default=0)
        # Of patterns of one length at most one ends at any place.
        self._window = max(_LEAST_WINDOW, _OCCURRENCES_AT_ONCE // max(1, len(lengths)))

    def find(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield pattern number, start and end: all occurrences that are whole words, and a few others."""
        if len(text) <= self._window:  # nearly always
            yield from self._find_in(text)
            return
        for begin in range(0, len(text), self._window):
            # What begins in the window ends at most so far behind it; a word that is cut there is found, too.
            for number, start, end in self._find_in(text[begin : begin + self._window + self._longest]):
                if start < self._window:
                    yield number, begin + start, begin + end

    def _find_in(self, text: str) -> list[tuple[int, int, int]]:
        found = list(self._blanked(self._of_ascii, self._ascii, text, _blank_ascii(text)))
        if not self._others or text.isascii():
            return found
        known = dict.fromkeys(self._blanked(self._of_others, self._others, text, _blank(text)))
        if _BORDERLESS.search(beyond_ascii(text)) is not None:
            for begin, end in self._windows(text):
                for index, start, stop in self._plain.find_matches_as_indexes(text[begin:end], overlapping=True):
                    known[self._others[index], begin + start, begin + stop] = None
        return [*found, *known]

    def _blanked(
        self, automaton: AhoCorasick, numbers: Sequence[int], text: str, blanked: str
    ) -> Iterator[tuple[int, int, int]]:
        patterns = self._patterns
        for index, start, end in automaton.find_matches_as_indexes(f" {blanked} ", overlapping=True):
            # The blank before the text is one place, and so is the blank before the pattern.
            if text.startswith(patterns[numbers[index]], start):
                yield numbers[index], start, end - 2

    def _windows(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where words may begin and end without a sign: around letters of scripts in which they do."""
        begin = end = -1
        for match in _BORDERLESS.finditer(text):
            first, last = max(0, match.start() - self._longest), match.end() + self._longest
            if first > end:
                if end >= 0:
                    yield begin, end
                begin = first
            end = last
        yield begin, min(end, len(text))

    @cached_property
    def _plain(self) -> AhoCorasick:
        return _compile([self._patterns[number] for number in self._others])


_BORDERLESS = re.compile(f"[{SPACELESS_RANGES}{SCRIPTED.pattern[1:]}+")


def _compile(patterns: Sequence[str]) -> AhoCorasick:
    return AhoCorasick(
        patterns,
        matchkind=MatchKind.Standard,
        store_patterns=False,
        implementation=Implementation.DFA if len(patterns) <= _DFA_PATTERNS else None,
    )


def _blank_ascii(text: str) -> str:
    """Return a text with a blank for each sign that is no letter or digit of ASCII."""
    return text.encode("ascii", "replace").translate(_BLANKED).decode("ascii")


def _blank(text: str) -> str:
    """Return a text with a blank for each sign that is no letter or digit."""
    blanked = text.encode("utf-8", "surrogatepass").translate(_BLANKED).decode("utf-8", "surrogatepass")
    if text.isascii() or _OTHER_PUNCTUATION.search(beyond_ascii(text)) is None:
        return blanked
    return _OTHER_PUNCTUATION.sub(" ", blanked)
