"""Comparing texts without case, form and line breaks, while every offset stays where it was."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from headgate.encoding import replace_surrogates

__all__ = ["Folded", "fold", "fold_alias", "fold_text"]

_WHITESPACE = re.compile(r"\s+")
_BLANKS = re.compile(r"  +")
# Characters that people type for one another; all of the same length, one character each.
_LOOKALIKES = (("\u2019", "'"), ("\u2010", "-"), ("\u2011", "-"), ("\u00a0", " "), ("\u202f", " "))


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and the way back.

    Attributes:
        text: the folded text; runs of white space are a single space.
        starts: positions in `text` from which a shift applies.
        shifts: how far the original is ahead from there on.
    """

    text: str
    starts: Sequence[int] = ()
    shifts: Sequence[int] = ()

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text behind a span of the folded text."""
        if not self.starts:
            return start, end
        return self._one(start), self._one(end - 1) + 1

    def _one(self, position: int) -> int:
        index = bisect_right(self.starts, position) - 1
        return position if index < 0 else position + self.shifts[index]


def fold(text: str) -> str:
    """Return `text` in lower case, character for character.

    The only character whose lower case has another length is U+0130 (capital I with dot above); the only one whose
    lower case depends on its neighbours is the capital sigma.
    """
    if text.isascii():
        return text.lower()
    for character, plain in _LOOKALIKES:
        text = text.replace(character, plain)
    return replace_surrogates(text).replace("\u0130", "I").lower().replace("\u03c2", "\u03c3")


def fold_alias(alias: str) -> str:
    """Return the folded form of an alias: one space between words."""
    return _WHITESPACE.sub(" ", fold(alias).strip())


def fold_text(text: str) -> Folded:
    """Return the folded form of a text: a term may run over a line's end, but not over a paragraph's."""
    folded = fold(text)
    if "\r" in folded:
        # No term may hold a null, so nothing matches over the end of a paragraph.
        folded = folded.replace("\r\n\r\n", "\0\0\0\0").replace("\r", " ")
    if "\n" in folded:
        folded = folded.replace("\n\n", "\0\0").replace("\n", " ")
    if "\t" in folded:
        folded = folded.replace("\t", " ")
    return _collapse(folded) if "  " in folded else Folded(folded)


def _collapse(folded: str) -> Folded:
    # Arrays of numbers rather than lists: a text may have millions of double spaces, and eight bytes do for each.
    starts, shifts = array("Q"), array("Q")
    shift = 0
    for match in _BLANKS.finditer(folded):
        shift += match.end() - match.start() - 1
        starts.append(match.end() - shift)
        shifts.append(shift)
    # Halving the runs a few times needs no list of pieces, as `re.sub` would keep until it has them all.
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return Folded(folded, starts, shifts)
