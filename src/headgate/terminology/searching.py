"""Every occurrence of every pattern in one pass, whatever the size of the glossary (Aho-Corasick)."""

from __future__ import annotations

import re
import string
from array import array
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick

from headgate.terminology.boundaries import SPACELESS_RANGES
from headgate.terminology.folding import beyond_ascii, fold_term
from headgate.terminology.scripts import SCRIPTED
from headgate.terminology.wording import compile_patterns, finder_of

__all__ = ["Finder"]

Occurrence = tuple[int, int, int]
"""Number of a pattern, start and end."""

_OCCURRENCES_AT_ONCE = 100_000
_LEAST_WINDOW = 1_000
# Raised digits are those of footnotes, and underscores may be marks of emphasis.
_OTHER_PUNCTUATION = re.compile("[^\\w\\x00-\\x7f]|[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]")
_ALNUM = string.ascii_letters + string.digits
_BLANKED = bytes(code if code >= 128 or chr(code) in _ALNUM else ord(" ") for code in range(256))
# The same, and in lower case; whatever is not ASCII was replaced by a question mark before.
_LOWERED = bytes(ord(chr(code).lower()) if code < 128 and chr(code) in _ALNUM else ord(" ") for code in range(256))
# And with the ends of lines.
_LOWERED_LINES = _LOWERED[:10] + b"\n" + _LOWERED[11:]
_INNER = re.compile(r"[a-z0-9](?:.*[a-z0-9])?", re.DOTALL)
_MORE = 4


class Finder:
    """Finds folded patterns in texts.

    In most texts nearly every occurrence is a part of a longer word. So both sides are searched with blanks in place
    of punctuation, and a blank at either end of every pattern: that leaves little more than whole words. Patterns of
    ASCII are looked for with blanks in place of everything else, so that a border of scripts is one too. For the others
    every occurrence is reported where scripts have no borders that could be seen.

    All occurrences in a text come at once, and a text of aliases that overlap (`a`, `a a`, `a a a`) has as many at
    every place as there are lengths of aliases. So one window of the text is searched at a time, and whoever asks may
    stop.

    Args:
        patterns: folded, without duplicates.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = patterns
        self._others = [number for number, pattern in enumerate(patterns) if not pattern.isascii()]
        self._ascii: Sequence[int] = range(len(patterns))
        if self._others:
            self._ascii = array("L", (number for number, pattern in enumerate(patterns) if pattern.isascii()))
        # No pattern holds a line feed. Together they are spread in a hundredth of the time.
        joined = "\n".join([patterns[number] for number in self._ascii]).encode("ascii")
        lines = joined.translate(_LOWERED_LINES).split(b"\n") if self._ascii else []
        terms = [line if b"  " not in line and line.isalnum() else b" ".join(line.split()) for line in lines]
        # Those without a letter or digit are looked for as they are.
        self._signs = [number for number, term in zip(self._ascii, terms, strict=True) if not term]
        if self._signs:
            self._ascii = array("L", (number for number, term in zip(self._ascii, terms, strict=True) if term))
            terms = [term for term in terms if term]
        self._words = finder_of(terms)
        self._of_others = compile_patterns([f" {_blank(patterns[number])} " for number in self._others])
        self._plain: AhoCorasick | None = None
        lengths = set(map(len, patterns))
        self._longest = max(lengths, default=0)
        # Of patterns of one length at most one ends at any place.
        self._window = max(_LEAST_WINDOW, _OCCURRENCES_AT_ONCE // max(1, len(lengths)))

    @property
    def is_ascii(self) -> bool:
        """Whether all patterns are."""
        return not self._others

    def find(self, text: str) -> Iterator[Occurrence]:
        """Yield all occurrences in a folded text that are whole words, and a few others."""
        yield from self.find_ascii(text)
        if not self._others or text.isascii():
            return
        for begin in range(0, len(text), self._window):
            # What begins in the window ends at most so far behind it; a word that is cut there is found, too.
            for number, start, end in self._find_others(text[begin : begin + self._window + self._longest]):
                if start < self._window:
                    yield number, begin + start, begin + end

    def find_ascii(self, text: str) -> Iterator[Occurrence]:
        """Yield all occurrences of patterns of ASCII that are whole words in a text, in any case.

        A term may go over the end of a line, and have several blanks between its words. Beside underscores and letters
        beyond ASCII there are occurrences that are not whole words.
        """
        numbers, patterns = self._ascii, self._patterns
        for begin in range(0, len(text), self._window):
            last = begin + self._window
            for index, first, behind in self._words.find(self._spread_of(text, begin, last)):
                start, end = begin + first - 1, begin + behind - 1
                if not begin <= start < last:
                    continue
                number = numbers[index]
                if patterns[number].isalnum():
                    yield number, start, end
                else:
                    exact = self._exact(text, number, start, end)
                    if exact is not None:
                        yield exact
        if self._signs:
            yield from self._find_signs(text)

    def _spread_of(self, text: str, begin: int, last: int) -> bytes:
        """Return a window of a text and the sign before it, with what terms may have behind it, spread."""
        if begin == 0 and last >= len(text):  # nearly always
            return b" %s " % _spread(text)
        before = text[begin - 1] if begin else " "
        more = self._longest + _MORE
        while True:
            ending = " " if last + more >= len(text) else ""
            spread = _spread(f"{before}{text[begin : last + more]}{ending}")
            # As many more characters that are not blanks as the longest term has.
            if ending or sum(map(len, spread[last - begin :].split())) > self._longest:
                return spread
            more *= 2

    def _exact(self, text: str, number: int, start: int, end: int) -> Occurrence | None:
        """Return where a pattern is whose first and last letter are known; None if it has other signs there."""
        pattern = self._patterns[number]
        inner = _INNER.search(pattern)
        if inner is None:
            return None
        start, end = start - inner.start(), end + len(pattern) - inner.end()
        if start < 0 or end > len(text):
            return None
        if _is_ascii_word(text[start - 1 : start]) or _is_ascii_word(text[end : end + 1]):
            return None
        written = text[start:end].lower()
        is_same = written == pattern or ((" " in pattern or not written.isascii()) and fold_term(written) == pattern)
        return (number, start, end) if is_same else None

    def _find_signs(self, text: str) -> Iterator[Occurrence]:
        for number in self._signs:
            pattern = self._patterns[number]
            start = text.find(pattern)
            while start >= 0:
                end = start + len(pattern)
                if not (_is_ascii_word(text[start - 1 : start]) or _is_ascii_word(text[end : end + 1])):
                    yield number, start, end
                start = text.find(pattern, start + 1)

    def _find_others(self, text: str) -> Iterator[Occurrence]:
        known = dict.fromkeys(self._blanked(self._of_others, self._others, text, _blank(text)))
        if _BORDERLESS.search(beyond_ascii(text)) is not None:
            if self._plain is None:
                self._plain = compile_patterns([self._patterns[number] for number in self._others])
            for begin, end in self._windows(text):
                for index, start, stop in self._plain.find_matches_as_indexes(text[begin:end], overlapping=True):
                    known[self._others[index], begin + start, begin + stop] = None
        return iter(known)

    def _blanked(self, automaton: AhoCorasick, numbers: Sequence[int], text: str, blanked: str) -> Iterator[Occurrence]:
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


_BORDERLESS = re.compile(f"[{SPACELESS_RANGES}{SCRIPTED.pattern[1:]}+")


def _spread(text: str) -> bytes:
    return text.encode("ascii", "replace").translate(_LOWERED)


def _is_ascii_word(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _blank(text: str) -> str:
    """Return a text with a blank for each character other than a letter or a digit."""
    blanked = text.encode("utf-8", "surrogatepass").translate(_BLANKED).decode("utf-8", "surrogatepass")
    if text.isascii() or _OTHER_PUNCTUATION.search(beyond_ascii(text)) is None:
        return blanked
    return _OTHER_PUNCTUATION.sub(" ", blanked)
