"""Capitals: acronyms that are not the ordinary word of the same letters, and lines in which everything is a capital."""

from __future__ import annotations

import re

from headgate.terminology.folding import fold

__all__ = ["carry_case", "is_lower_name", "is_other_word", "is_shouted", "is_titled"]

_LINE_CHARS = 120
_LONGEST_ACRONYM = 5
_VOWEL = re.compile(r"[AEIOUY]")
# Of scripts that have capitals.
_WORDS = re.compile("[A-Za-z\u00c0-\u024f\u0370-\u052f]{2,}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_LONG_WORD, _FEW_WORDS = 4, 3
# Words of up to three letters that a sentence is made of.
_LISTED_WORDS = """
    A AM AN AND ANY ARE AS ASK AT BE BUY BUT BY CAN DID DO FOR GET GO GOT HAD HAS HE HER HIM HIS HOW I IF IN IS
    IT ITS LET MAY ME MY NEW NO NOR NOT NOW OF OFF ON OR OUR OUT OWN PAY PUT RUN SAW SAY SEE SHE SO THE TO TOO
    TRY UP USE WAS WE WHO WHY WIN YES YET YOU
"""
_SMALL_WORDS = frozenset(_LISTED_WORDS.split())
_WORD_BEFORE, _WORD_BEHIND = re.compile(r"(?<!\w)([A-Z]{1,3}) {1,4}\Z"), re.compile(r" {1,4}([A-Z]{1,3})(?!\w)")
_BESIDE_CHARS = 8


def is_shouted(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]` is in a sentence in capitals, as headings and warnings are.

    Some acronyms are none: somewhere beside the word there is a longer word, or there are several. By sentences,
    because what is written in one of them must not decide about the others.
    """
    left = max(text.rfind("\n", max(0, start - _LINE_CHARS), start) + 1, start - _LINE_CHARS, 0)
    right = text.find("\n", end, end + _LINE_CHARS)
    before, behind = text[left:start], text[end : right if right >= 0 else end + _LINE_CHARS]
    rest = f"{_SENTENCE_END.split(before)[-1]} {_SENTENCE_END.split(behind, maxsplit=1)[0]}"
    if _WORDS.search(rest) is None:  # a sentence of one word
        rest = f"{before} {behind}"
    if not rest.isupper():
        return False
    if any(word is not None and word[1] in _SMALL_WORDS for word in _beside(text, start, end)):
        return True
    # Scripts without capitals say nothing.
    words = [word for word in _WORDS.findall(rest) if word.isupper()]
    return len(words) >= _FEW_WORDS or any(len(word) >= _LONG_WORD for word in words)


def _beside(text: str, start: int, end: int) -> tuple[re.Match[str] | None, ...]:
    """Return the words directly before and behind a place."""
    return _WORD_BEFORE.search(text, max(0, start - _BESIDE_CHARS), start), _WORD_BEHIND.match(text, end)


def is_other_word(text: str, start: int, end: int, alias: str, canonical: str) -> bool:
    """Return whether what is written as `text[start:end]` is only spelt like `alias`, as its capitals tell.

    `AKS` is not a typing error of "ask"; and in "PLEASE CALL US" the letters of an acronym are an ordinary word, if
    they can be one at all.
    """
    written = text[start:end]
    if not (written.isupper() and written.isalpha()):
        return False
    if alias.isupper():
        return _VOWEL.search(alias) is not None and is_shouted(text, start, end)
    if len(written) > _LONGEST_ACRONYM or not alias.islower() or fold(alias) == fold(canonical):
        return False
    return not is_shouted(text, start, end)


def is_titled(term: str) -> bool:
    """Return whether each word of a term has one capital, its first letter."""
    return term.istitle() and term.replace(" ", "").isalpha()


def is_lower_name(written: str, alias: str) -> bool:
    """Return whether an alias that is listed with a capital is written without, as a common noun is."""
    return written[:1].islower() and alias[:1].isupper()


def carry_case(text: str, start: int, end: int, alias: str, replacement: str) -> str:
    """Return `replacement` in the case in which an alias is written: as at the start of a sentence, or in capitals.

    Args:
        text: the text.
        start: where the alias begins.
        end: where it ends.
        alias: the alias as listed.
        replacement: the canonical term as listed.
    """
    written = text[start:end]
    if len(written) > 1 and written.isupper():
        is_word = not alias.isupper() and replacement.islower()
        if (is_word and written.isalpha()) or is_shouted(text, start, end):
            return replacement.upper() if len(replacement.upper()) == len(replacement) else replacement
    if replacement.islower() and alias[:1].islower() and written[:1].isupper():
        return replacement[:1].upper() + replacement[1:]
    return replacement
