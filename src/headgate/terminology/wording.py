"""How a canonical term is written in the place of an alias: in its case and number, behind its article."""

from __future__ import annotations

import re

__all__ = ["article_before", "in_capitals", "in_case_of", "is_acronym_of_another"]

_LINE_CHARS = 200
_WORD = re.compile(r"[^\W\d_]{2,}")
# From this length on, capitals emphasise a word; a shorter one is an acronym.
_WORD_LETTERS = 6
_ACRONYM_LETTERS = 4
_ARTICLE = re.compile(r"(?<![^\W_])([Aa]n?|AN?)([ \u00a0\n])\Z")
# Of acronyms the first letter is said by its name: an SLA, a USB.
_VOWEL_NAMES = frozenset("AEFHILMNORSX")
_VOWELS = frozenset("aeiou")
_SILENT_H = ("heir", "honest", "honor", "honour", "hour")
# Written with a vowel, and said with a consonant: a user, a European, a one-off.
_SAID_CONSONANT = re.compile(r"(?:eu|ew|once|one(?![a-z])|one-|u(?:ni(?!n)|b[ie]|k|r[aie]|s[aeiu]|t[aeiou]|til|topi))")


def in_capitals(text: str, start: int, end: int, *, fewest: int = 1) -> bool:
    """Return whether the line around `text[start:end]` is written in capitals.

    Args:
        text: the text.
        start: where the word begins.
        end: where it ends.
        fewest: how many other words of the line that takes.
    """
    begin = max(text.rfind("\n", 0, start) + 1, start - _LINE_CHARS)
    stop = text.find("\n", end, end + _LINE_CHARS)
    stop = min(len(text), end + _LINE_CHARS) if stop == -1 else stop
    words = [*_WORD.findall(text, begin, start), *_WORD.findall(text, end, stop)]
    return len(words) >= fewest and all(word.isupper() for word in words)


def is_acronym_of_another(text: str, start: int, end: int, alias: str) -> bool:
    """Return whether what is written in capitals is not the alias: another acronym, or a word among capitals.

    An alias in small letters (`aks`, a misspelling of `ask`) is not the acronym AKS. And in a line in capitals nobody
    can tell the acronym US from the word.
    """
    letters = end - start
    if alias.isupper():
        return letters <= _ACRONYM_LETTERS and alias.isalpha() and in_capitals(text, start, end, fewest=2)
    return letters < _WORD_LETTERS and not in_capitals(text, start, end)


def in_case_of(written: str, alias: str, replacement: str, *, is_common: bool = False) -> str:
    """Return a term in the case of what it takes the place of.

    Args:
        written: the alias as it is in the text.
        alias: the alias as it is in the glossary.
        replacement: the term as it is there.
        is_common: whether all terms of the glossary begin with a capital, which says nothing about any of them.
    """
    if len(written) > 1 and written.isupper() and not alias.isupper() and alias.casefold() != replacement.casefold():
        return replacement.upper()
    if is_common and written.islower():
        return replacement.lower()
    if replacement.islower() and alias[:1].islower() and written[:1].isupper():
        return replacement[:1].upper() + replacement[1:]
    return replacement


def article_before(text: str, start: int, written: str, replacement: str) -> tuple[int, str] | None:
    """Return where the article before an alias begins, and what it is before its term; None where it stays.

    It is changed only where it is right before the alias, and wrong before the term.
    """
    found = _ARTICLE.search(text, max(0, start - 4), start)
    if found is None:
        return None
    was_vowel, is_vowel = _begins_with_vowel(written), _begins_with_vowel(replacement)
    article = found[1]
    if was_vowel == is_vowel or (len(article) == 2) != was_vowel:
        return None
    other = article[0] if len(article) == 2 else article + ("N" if article.isupper() and written.isupper() else "n")
    return found.start(), other + found[2]


def _begins_with_vowel(term: str) -> bool:
    word = re.match(r"[^\W_]+", term)
    if word is None:
        return False
    first = word[0]
    if len(first) > 1 and first[:2].isupper():
        return first[0] in _VOWEL_NAMES
    lowered = first.lower()
    if lowered.startswith(_SILENT_H):
        return True
    return lowered[0] in _VOWELS and _SAID_CONSONANT.match(term.lower()) is None
