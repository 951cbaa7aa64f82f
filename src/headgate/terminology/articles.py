"""The article before a term: "an SLA" becomes "a service level agreement"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from headgate.terminology.casing import is_shouted
from headgate.terminology.edits import Edit

__all__ = ["carry_articles"]

# Between the two may be marks of emphasis, of a link or a quotation, a tag, and the end of a line.
_ARTICLE = re.compile(
    r"(?<![^\s(\[\"'\u201c\u2018\u00ab*_~])(an?)"
    r"([*_~]{0,3}(?:[ \t\u00a0]{1,8}|[ \t]{0,8}\r?\n[ \t>]{0,8})"
    r"(?:[*_~=\"'\u201c\u2018\u00ab(\[]|<[A-Za-z]{1,8}>){0,4})\Z",
    re.IGNORECASE,
)
_LEAD_CHARS = 40
_MAY_END_ARTICLE = frozenset("aAnN \t\u00a0*_~=\"'\u201c\u2018\u00ab([>")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:]\s+|\n\s*[-*+#>]*\s*)[\"'\u201c(*_\[]*\Z")
_WORD = re.compile(r"[A-Za-z0-9]+")
# Said with a different sound than they are written with.
_LIKE_CONSONANTS = re.compile(
    r"uni(?!n|m|dea|dent|dio|rr|ro|ss)|unanim|us[aeu]|ut[aeio]|u[aeuy]|uk|ubi|uga|ur(?:[aeo]|in|ug)|ufo|uvu|eu|ew"
    r"|one(?![ir])|once|oui",
    re.IGNORECASE,
)
_LIKE_VOWELS = re.compile(r"hour|honest|honou?r|heir|hors\b", re.IGNORECASE)
_EITHER = re.compile(r"herb|homage", re.IGNORECASE)
# Letters whose names begin with a vowel: an SLA, an FAQ, but a URL.
_SPELT = frozenset("AEFHILMNORSX")
# Two capitals with which a word can begin; where an acronym begins with others, the first letter at least is spelt.
_SPOKEN_START = re.compile(r"[A-Z][AEIOUY]|[FSC][LR]|S[CHKMNPQTW]|RH")
_SPOKEN = re.compile(r"[^AEIOUY][AEIOUY][^AEIOUY]")
_PRONOUNCED_FROM = 4
_VOWEL = re.compile("[AEIOU]")
# One letter by itself: X-ray, x86, mTLS, R&D, U.S.; but not L'Oréal.
_LETTER = re.compile(r"[A-Za-z](?=[^A-Za-z'\u2019]|\Z)|[a-z](?=[A-Z])")
_COMBINING = re.compile("[\u0300-\u036f]")
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
    before = text[edit.start - 1 : edit.start]
    # Nearly always a blank and a word are before it, and that is not an article.
    if before.isalnum() or (before == " " and _MAY_END_ARTICLE.isdisjoint(text[edit.start - 2 : edit.start - 1])):
        return edit
    found = _ARTICLE.search(text, max(position, edit.start - _LEAD_CHARS), edit.start)
    if found is None:
        return edit
    start, (article, gap) = found.start(), found.groups()
    is_in_capitals = article.isupper() and edit.replacement.isupper() and is_shouted(text, start, edit.end)
    # Not in capitals, which say nothing of what is an acronym.
    term = edit.canonical if edit.replacement == edit.canonical.upper() else edit.replacement
    takes_n = _takes_n(term)
    if takes_n is None or takes_n == (len(article) == 2) or _first_word(term) == _first_word(edit.alias):
        return edit
    # "vitamin A" and "plan A" are names; with a capital it is an article at the beginning of a sentence only.
    is_start = _SENTENCE_START.search(text, max(0, start - _LEAD_CHARS), start) is not None
    if article[0] == "A" and not (is_start or is_in_capitals):
        return edit
    fitting = article[0] + (("N" if is_in_capitals else "n") if takes_n else "") + gap
    return edit._replace(start=start, alias=text[start : edit.end], replacement=fitting + edit.replacement)


def _first_word(term: str) -> str:
    first = _WORD.match(term)
    return first[0].lower() if first is not None else ""


def _takes_n(term: str) -> bool | None:
    """Return whether a term is said with "an" before it; None where its writing does not tell."""
    plain = term if term.isascii() else _COMBINING.sub("", unicodedata.normalize("NFD", term[:_LEAD_CHARS]))
    first = _WORD.match(plain)
    if first is None:
        return None
    word = first.group()
    if word[0].isdigit():
        return _NUMBERS.match(word) is not None
    if _LETTER.match(plain) is not None:
        return word[0].upper() in _SPELT
    if len(word) > 1 and word[:2].isupper():
        return _acronym_takes_n(word)
    if _EITHER.match(word) is not None:
        return None
    if _LIKE_VOWELS.match(plain) is not None:
        return True
    return word[0].lower() in "aeiou" and _LIKE_CONSONANTS.match(word) is None


def _acronym_takes_n(word: str) -> bool | None:
    """Return the same of a word that begins with two capitals: spelt as FBI, spoken as RAID, or either, as RAG."""
    letters = word[:-1] if word[-1] == "s" else word  # LLMs
    if letters[0] in "EO" and len(letters) > len("EU") and _LIKE_CONSONANTS.match(letters):
        return None
    if letters.isupper() and (len(letters) < _PRONOUNCED_FROM or _VOWEL.search(letters) is None):
        may_be_spoken = _SPOKEN.fullmatch(letters) is not None
        return None if may_be_spoken and letters[0] in _SPELT else letters[0] in _SPELT
    if letters[0] not in _SPELT:  # whether its letters are spelt or not, it is the same sound
        return None if letters[0] == "U" and _LIKE_CONSONANTS.match(letters) is None else False
    if letters[0] in "AEIO" or _SPOKEN_START.match(letters) is None:
        return True
    return False if letters.isupper() and _VOWEL.match(letters[1]) is not None else None
