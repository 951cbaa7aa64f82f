"""Terms within longer terms: which replacement could form another alias together with its neighbours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["Parts"]

_WORD = re.compile(r"\w+")
_LAST_WORD = re.compile(r"(?<=\W)(\w+)\W*$", re.MULTILINE)
_SIGNED = re.compile(r"^.*[^\w \n].*$", re.MULTILINE)
_NO_BLANKS = {ord(" "): None, ord("\n"): None}
_ARTICLES = ("a", "an")


class Parts:
    """The words of terms that have several, or signs.

    Args:
        terms: folded, without duplicates.

    Attributes:
        are_articles_free: whether no such term has an indefinite article in it.
    """

    __slots__ = ("_composed", "_last", "_others", "_repeated", "_with_signs", "are_articles_free")

    def __init__(self, terms: Sequence[str]) -> None:
        # Searched as one text, which is ten times as fast as one by one.
        self._composed = composed = "\n".join([term for term in terms if not term.isalnum()])
        self._others = "\n".join([term for term in terms if not term.isascii()])
        counts = Counter(_WORD.findall(composed))
        self._repeated = {word for word, count in counts.items() if count > 1}
        if composed.isascii() and composed.translate(_NO_BLANKS).isalnum():
            # No sign in any of them, as nearly always.
            self._last = {term[term.rindex(" ") + 1 :] for term in composed.split("\n")}
            self._with_signs = set[str]()
        else:
            self._last = set(_LAST_WORD.findall(composed))
            # `C` becomes another alias together with a sign that follows, if `C+` is one.
            self._with_signs = set(_WORD.findall("\n".join(_SIGNED.findall(composed))))
        self.are_articles_free = not any(article in counts for article in _ARTICLES)

    def is_self_contained(self, folded: str) -> bool:
        """Return whether no longer term begins with a term, ends within it, or holds it."""
        words = _WORD.findall(folded)
        if not self._with_signs.isdisjoint(words) or self._is_inner(folded, words):
            return False
        # An alias that begins within it does not count, for a canonical term keeps its place; one that ends there does.
        return self._last.isdisjoint(words[:-1])

    def _is_inner(self, folded: str, words: Sequence[str]) -> bool:
        """Return whether a term is a part of another one."""
        if not folded.isascii() and self._others.count(folded) > 1:
            return True  # also within words, for some scripts have no borders between them
        # A term of several words is in the list itself.
        if not folded.isalnum() and not self._repeated.issuperset(words):
            return False
        if folded not in self._composed:
            return False
        found = re.findall(rf"^.*(?<!\w){re.escape(folded)}(?!\w).*$", self._composed, re.MULTILINE)
        return any(term != folded for term in found)
