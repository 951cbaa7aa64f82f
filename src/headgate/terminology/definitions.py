"""What a text itself says that its short forms stand for.

The rule is that of Schwartz and Hearst ("A simple algorithm for identifying abbreviation definitions in biomedical
text", PSB 2003): of the words before a short form in brackets, the shortest run whose letters give the short form, read
from the right; its first letter begins the run. The order may be the other one: a short form, then its long form in
brackets.
"""

from __future__ import annotations

import re

from headgate.terminology.folding import fold

__all__ = ["expands", "expansion_at", "is_one_name"]

_MOST_LETTERS = 10
_CHARS_PER_LETTER = 30
_OPENING, _CLOSING = "([", ")]"
_SENTENCE = re.compile(r"[.!?;:]\s|\n[ \t]*\n|[()\[\]]")
_WORDS = re.compile(r"[^\W_]+")


def expansion_at(text: str, start: int, end: int) -> str | None:
    """Return what `text` expands the short form at `start:end` to, right there; None where it says nothing."""
    short = text[start:end]
    if not (2 <= len(short) <= _MOST_LETTERS and short.isupper() and short.isalnum()):
        return None
    if text[start - 1 : start] in _OPENING and text[end : end + 1] in _CLOSING and start and end < len(text):
        lead = text[max(0, start - 1 - len(short) * _CHARS_PER_LETTER) : start - 1]
        return _long_form(short, _SENTENCE.split(lead)[-1])
    opening = text[end : end + 2]
    if opening == " (":
        closing = text.find(")", end, end + 2 + len(short) * _CHARS_PER_LETTER)
        inside = text[end + 2 : closing] if closing >= 0 else ""
        return inside if inside and expands(inside, short) else None
    return None


def expands(long: str, short: str) -> bool:
    """Return whether all of `long` is a long form of `short`."""
    found = _long_form(short, long)
    return found is not None and found == long.strip() and len(_WORDS.findall(long)) > 1


def is_one_name(canonical: str, expansion: str) -> bool:
    """Return whether an expansion is a canonical term: in any case, with or without hyphens, also in the plural."""
    return _bare(canonical) == _bare(expansion)


def _bare(name: str) -> list[str]:
    return [word.removesuffix("s") for word in _WORDS.findall(fold(name))]


def _long_form(short: str, lead: str) -> str | None:
    """Return the end of `lead` that `short` stands for."""
    lead = lead.strip()
    most = min(len(short) + 5, len(short) * 2)
    words = list(_WORDS.finditer(lead))[-most:]
    if not words:
        return None
    begin = words[0].start()
    long, letters = fold(lead), fold(short)
    position = len(long) - 1
    for index in range(len(letters) - 1, -1, -1):
        while position >= begin and (
            long[position] != letters[index] or (index == 0 and position > 0 and long[position - 1].isalnum())
        ):
            position -= 1
        if position < begin:
            return None
        position -= 1
    found = lead[position + 1 :]
    # A word that holds all the letters is no long form: "(LAN) plan".
    return found if len(_WORDS.findall(found)) > 1 else None
