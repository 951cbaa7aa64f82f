"""The article before a term: "an SLA" becomes "a service level agreement"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from headgate.terminology.edits import Edit

__all__ = ["carry_articles"]

_ARTICLE = re.compile(r"(?<![^\s(\[\"'\u201c\u2018\u00ab*_])(an?)( +[*_\"'\u201c\u2018\u00ab(]{0,3})\Z", re.IGNORECASE)
_LEAD_CHARS = 12
_SENTENCE_START = re.compile(r"(?:\A|[.!?:]\s+|\n\s*[-*+#>]*\s*)[\"'\u201c(*_]*\Z")
_WORD = re.compile(r"[A-Za-z0-9]+")
# Said with another sound than they are written with.
_LIKE_CONSONANTS = re.compile(r"(?:uni(?!n|m)|us(?:e|u|a)|uti|eu|ew|one|once|ubi|ur(?:an|in|o)|ufo)", re.IGNORECASE)
_LIKE_VOWELS = re.compile(r"(?:hour|honest|honou?r|heir)", re.IGNORECASE)
# Letters whose names begin with a vowel: an SLA, an FAQ, but a URL.
_SPELT = frozenset("AEFHILMNORSX")
_PRONOUNCED_FROM = 4
_NUMBERS = re.compile(r"8|1[18](?:\D|\Z|\d{3}(?!\d))")


def carry_articles(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """Return `edits` such that an indefinite article before a replaced word fits what is there now.

    Args:
        text: the original text.
        edits: in order, without overlaps.
    """
    carried: list[Edit] = []
    position = 0
    for edit in edits:
        fitting = _with_article(text, edit, position) if edit.mode == "replace" and edit.changes_text else edit
        carried.append(fitting)
        position = edit.end
    return carried


def _with_article(text: str, edit: Edit, position: int) -> Edit:
    if text[edit.start - 1 : edit.start].isalnum():
        return edit
    begin = max(position, edit.start - _LEAD_CHARS)
    found = _ARTICLE.search(text[max(0, begin - 1) : edit.start])
    if found is None:
        return edit
    start = max(0, begin - 1) + found.start()
    takes_n = _takes_n(edit.replacement)
    article, gap = found.groups()
    if start < position or takes_n is None or takes_n == (len(article) == 2):
        return edit
    # "vitamin A" and "plan A" are names; with a capital it is an article at the beginning of a sentence only.
    if article[0] == "A" and _SENTENCE_START.search(text, max(0, start - _LEAD_CHARS), start) is None:
        return edit
    fitting = article[0] + ("n" if takes_n else "") + gap
    return replace(edit, start=start, alias=text[start : edit.end], replacement=fitting + edit.replacement)


def _takes_n(term: str) -> bool | None:
    """Return whether a term is said with "an" before it; None where its writing does not tell."""
    first = _WORD.match(term)
    if first is None:
        return None
    word = first.group()
    if word[0].isdigit():
        return _NUMBERS.match(word) is not None
    is_spelt = word.isupper() and (len(word) < _PRONOUNCED_FROM or not re.search("[AEIOU]", word))
    if is_spelt or (len(word) > 1 and word[:2].isupper() and any(sign.isdigit() for sign in word)):
        return word[0] in _SPELT
    if _LIKE_VOWELS.match(word) is not None:
        return True
    return word[0].lower() in "aeiou" and _LIKE_CONSONANTS.match(word) is None
