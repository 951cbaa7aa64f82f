"""Comparing texts without case, form and line breaks, while every offset stays where it was."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Sequence

from headgate.encoding import replace_surrogates

__all__ = ["Folded", "beyond_ascii", "fold", "fold_alias", "fold_same", "fold_term", "fold_text", "plain_form"]

_ASCII = bytes(range(128))
_BLANKS = re.compile(r"  +")
# Characters that people type for one another; all of the same length, one character each.
_LOOKALIKES = (("\u2019", "'"), ("\u2010", "-"), ("\u2011", "-"), ("\u00a0", " "), ("\u202f", " "))
# What a word is written with or without: soft hyphens, word joiners and other signs of no width, the lengthening stroke
# and the vowel marks of Arabic, the points of Hebrew, the stress mark of Cyrillic.
_OPTIONAL = (
    "\u00ad\u200b\u2060\ufeff\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
)
_DROPPED = re.compile(f"[{_OPTIONAL}]|(?<=[\u0400-\u04ff])\u0301")
# Other forms of letters: ligatures, full and half width; and blanks of other widths.
_COMPATIBLE = re.compile("[\ufb00-\ufb06\uff01-\uff9f\u2000-\u200a\u205f\u3000]")
# Kana, Kanji and Korean, and the punctuation of the West that is not a lookalike: nothing of it has a case.
_CASELESS = re.compile("[\u2012-\u2018\u201a-\u2026\u3001-\u318f\u31a0-\u9fff\uac00-\ud7af]*")
_OTHER_SIGN = re.compile(f"[{_OPTIONAL}\u0301{_COMPATIBLE.pattern[1:]}")
# All that may be folded: every branch begins with a sign, so that a text is searched for these signs alone.
_FOLDED_PIECE = re.compile(f"[ \u2000-\u200a\u205f\u3000]{{2,}}|\\*+|[{_OPTIONAL}\u0301{_COMPATIBLE.pattern[1:]}")
_MOST_STARS = 3
_STAR_WITHIN = re.compile(r"\*(?<=[^\W_]\*)\*{0,2}(?=[^\W_])")


class Folded:
    """A folded text and the way back.

    Args:
        text: the folded text; runs of white space are a single space.
        starts: positions in `text` from which a shift applies.
        shifts: how far the original is ahead from there on; it is behind where one character became two.
        length: of the original, where it is another one.
        spread: the text before its runs of blanks became one, from which the shifts are told when they are asked for.
    """

    __slots__ = ("_length", "_shifts", "_spread", "_starts", "text")

    def __init__(
        self,
        text: str,
        starts: Sequence[int] = (),
        shifts: Sequence[int] = (),
        length: int = -1,
        spread: str | None = None,
    ) -> None:
        self.text = text
        self._starts, self._shifts, self._length, self._spread = starts, shifts, length, spread

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text behind a span of the folded text, with marks that belong to its end."""
        if self._spread is not None:
            self._starts, self._shifts, self._length = _shifts_of(self._spread)
            self._spread = None
        if not self._starts:
            return start, end
        last = self._one(end - 1) + 1
        following = self._one(end) if end < len(self.text) else self._length
        return self._one(start), max(last, following)

    def _one(self, position: int) -> int:
        index = bisect_right(self._starts, position) - 1
        return position if index < 0 else position + self._shifts[index]


def fold(text: str) -> str:
    """Return `text` in lower case, character for character.

    The only character whose lower case has another length is U+0130 (capital I with dot above); the only one whose
    lower case depends on its neighbours is the capital sigma.
    """
    return text.lower() if text.isascii() else _folded(text, beyond_ascii(text))


def _folded(text: str, others: str) -> str:
    """Return a text in lower case, given its characters beyond ASCII."""
    if _CASELESS.fullmatch(others):
        # In bytes, where only ASCII has a case, this is several times faster.
        return text.encode("utf-8").lower().decode("utf-8")
    for character, plain in _LOOKALIKES:
        text = text.replace(character, plain)
    return replace_surrogates(text).replace("\u0130", "I").lower().replace("\u03c2", "\u03c3")


def beyond_ascii(text: str) -> str:
    """Return the characters of a text that are not ASCII: what they are is told faster from them alone."""
    return text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")


def fold_alias(alias: str) -> str:
    """Return the folded form of an alias: one space between words, and no marks that may be left out."""
    if alias.isascii():  # nearly always, and a glossary may have a hundred thousand
        return " ".join(alias.lower().split())
    return " ".join(fold(plain_form(alias)).split())


def plain_form(text: str) -> str:
    """Return a text without marks that may be left out, and with letters in their usual form; in its own case."""
    if text.isascii() or _OTHER_SIGN.search(text) is None:
        return text
    return _COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), _DROPPED.sub("", text))


def fold_same(text: str) -> str | None:
    """Return a text with the letters of ASCII of its folded form, in any case; None where that has other offsets.

    Marks that may be left out and other forms of letters change them, and so do marks of emphasis within a word.
    """
    if "*" in text and "**" in text and _STAR_WITHIN.search(text) is not None:
        return None
    if text.isascii():
        return text
    others = beyond_ascii(text)
    if _OTHER_SIGN.search(others) is not None:
        return None
    return _folded(text, others) if "\u212a" in others or "\u0130" in others else text


def fold_term(written: str) -> str:
    """Return the folded form of what is where a term may be."""
    return _other_forms(fold_text(written).text).text if "*" in written else fold_text(written).text


def fold_text(text: str) -> Folded:
    """Return the folded form of a text: a term may run over a line's end, but not over a paragraph's."""
    others = "" if text.isascii() else beyond_ascii(text)
    folded = _folded(text, others) if others else text.lower()
    if "\r" in folded:
        # No term may hold a null, so nothing matches over the end of a paragraph.
        folded = folded.replace("\r\n\r\n", "\0\0\0\0").replace("\r", " ")
    if "\n" in folded:
        folded = folded.replace("\n\n", "\0\0").replace("\n", " ")
    if "\t" in folded:
        folded = folded.replace("\t", " ")
    if "**" in folded or (others and _OTHER_SIGN.search(others) is not None):
        return _other_forms(folded)
    return _collapse(folded) if "  " in folded else Folded(folded)


def _other_forms(folded: str) -> Folded:
    """Leave out marks, write letters in their usual form, and make runs of blanks one, in one pass."""
    parts: list[str] = []
    starts, shifts = array("q"), array("q")
    position = length = 0
    for match in _FOLDED_PIECE.finditer(folded):
        start, end = match.span()
        written = _plain_piece(folded, start, end)
        if written is None:
            continue
        parts.append(folded[position:start])
        length += start - position
        parts.append(written)
        for number in range(len(written)):
            # All of what one sign became is where that sign is.
            starts.append(length + number)
            shifts.append(start - length - number)
        length += len(written)
        starts.append(length)
        shifts.append(end - length)
        position = end
    parts.append(folded[position:])
    return Folded("".join(parts), starts, shifts, len(folded))


def _plain_piece(text: str, start: int, end: int) -> str | None:
    """Return what a piece of a text is folded to; None where it stays as it is."""
    sign = text[start]
    if sign == "*":  # marks of emphasis at the end of a word, or before one
        is_beside = text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()
        return "" if is_beside and end - start <= _MOST_STARS else None
    if end - start > 1:
        return " "
    if _DROPPED.match(text, start) is not None:
        return ""
    return unicodedata.normalize("NFKC", sign).lower() if _COMPATIBLE.match(sign) is not None else None


def _collapse(folded: str) -> Folded:
    spread = folded
    # Halving the runs a few times needs no list of pieces, as `re.sub` would keep until it has them all.
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return Folded(folded, spread=spread)


def _shifts_of(spread: str) -> tuple[Sequence[int], Sequence[int], int]:
    # Arrays of numbers rather than lists: a text may have millions of double spaces, and eight bytes do for each.
    starts, shifts = array("Q"), array("Q")
    shift = 0
    for match in _BLANKS.finditer(spread):
        shift += match.end() - match.start() - 1
        starts.append(match.end() - shift)
        shifts.append(shift)
    return starts, shifts, len(spread)
