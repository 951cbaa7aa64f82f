"""Terms within longer terms: which replacement could form another alias together with its neighbours."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["Parts"]

_WORD = re.compile(r"\w+")
_LAST_WORD = re.compile(r"(?<=\W)(\w+)\W*$", re.MULTILINE)
_SIGNED = re.compile(r"^.*[^\w \n].*$", re.MULTILINE)
_NO_BLANKS = {ord(" "): None, ord("\n"): None}
# What is a part of so many longer words is taken for a word of its own: a text is read once more, and no harm done.
_MOST_PARTS = 100


class Parts:
    """The words of terms that have several, or signs.

    They are kept as one text, in which a word is looked for when a replacement is met the first time: lists of words
    would be a third of what a large glossary takes.

    Args:
        terms: folded, without duplicates.

    Attributes:
        are_articles_free: whether no such term has an indefinite article in it.
    """

    __slots__ = ("_composed", "_last", "_others", "_with_signs", "are_articles_free")

    def __init__(self, terms: Sequence[str]) -> None:
        composed = self._composed = "\n".join(["", *(term for term in terms if not term.isalnum()), ""])
        self._others = "\n".join([term for term in terms if not term.isascii()])
        has_signs = not (composed.isascii() and composed.translate(_NO_BLANKS).isalnum()) and len(composed) > 1
        signed = "\n".join(_SIGNED.findall(composed)) if has_signs else ""
        # `C` becomes another alias together with a sign that follows, if `C+` is one.
        self._with_signs = frozenset(_WORD.findall(signed))
        self._last = frozenset(_LAST_WORD.findall(signed))
        self.are_articles_free = not any(self._has_word(article, 1) for article in ("a", "an"))

    def is_self_contained(self, folded: str) -> bool:
        """Return whether no longer term begins with a term, ends within it, or holds it."""
        words = _WORD.findall(folded)
        if not self._with_signs.isdisjoint(words) or self._is_inner(folded, words):
            return False
        # An alias that begins within it does not count, for a canonical term keeps its place; one that ends there does.
        return not any(word in self._last or f" {word}\n" in self._composed for word in words[:-1])

    def _is_inner(self, folded: str, words: Sequence[str]) -> bool:
        """Return whether a term is a part of another one."""
        if not folded.isascii() and self._others.count(folded) > 1:
            return True  # also within words, for some scripts have no borders between them
        # A term of several words is in the list itself.
        own = 0 if folded.isalnum() else 1
        if not all(self._has_word(word, own + 1) for word in words):
            return False
        return self._has_word(folded, own + 1)

    def _has_word(self, word: str, times: int) -> bool:
        """Return whether a word, or several, are so many times in the terms."""
        text, start = self._composed, self._composed.find(word)
        for _ in range(_MOST_PARTS):
            if start < 0:
                return False
            end = start + len(word)
            if not (_is_word(text[start - 1]) or _is_word(text[end])):
                times -= 1
                if times == 0:
                    return True
            start = text.find(word, start + 1)
        return True


def _is_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"
