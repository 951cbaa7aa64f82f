"""The plain part of regular expressions: those that stand for a few spellings, written out."""

from __future__ import annotations

from itertools import product

__all__ = ["NotPlain", "spellings"]

_MOST_SPELLINGS = 200
_MOST_CHARS = 1_000
_MOST_DEPTH = 20
_SIGNS = frozenset("\\.+*?()|[]{}^$")
_BLANKS = {"s": " ", "t": " ", "n": " "}


class NotPlain(ValueError):
    """An expression that stands for more than a few spellings; says why."""


def spellings(expression: str) -> tuple[str, ...]:
    r"""Return every text that an expression stands for, in order.

    Read are letters, escapes, groups, alternatives (`a|b`), options (`?`), small sets (`[ab]`), `\s` as a blank,
    and borders of words (`\b`), which all terms have anyway.

    Args:
        expression: a regular expression.

    Raises:
        NotPlain: it repeats, looks around, refers back, or stands for too many.
    """
    if len(expression) > _MOST_CHARS:
        raise NotPlain("too long")
    reader = _Reader(expression.removeprefix("(?i)"))
    found = reader.alternatives()
    if not reader.is_at_end:
        raise NotPlain("a bracket is not opened")
    return tuple(dict.fromkeys(text for text in (" ".join(one.split()) for one in found) if text))


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._text)

    def _next(self) -> str:
        sign = self._text[self._at : self._at + 1]
        self._at += 1
        return sign

    def _take(self, sign: str) -> bool:
        is_there = self._text.startswith(sign, self._at)
        self._at += len(sign) * is_there
        return is_there

    def alternatives(self) -> list[str]:
        found = self._sequence()
        while self._take("|"):
            found = _bounded(found + self._sequence())
        return found

    def _sequence(self) -> list[str]:
        found = [""]
        while not self.is_at_end and self._text[self._at] not in "|)":
            atom = self._atom()
            if self._take("?"):
                if self._take("?") or self._take("+"):
                    raise NotPlain("a lazy or possessive option")
                atom = [*atom, ""]
            if self._text[self._at : self._at + 1] in ("*", "+", "{"):
                raise NotPlain("it repeats")
            if len(found) * len(atom) > _MOST_SPELLINGS:
                raise NotPlain("too many spellings")
            found = ["".join(pair) for pair in product(found, atom)]
        return found

    def _atom(self) -> list[str]:
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._set()
        if sign == "\\":
            return [self._escaped()]
        if sign in ("^", "$"):
            raise NotPlain("it is tied to the beginning or end of a line")
        if sign in _SIGNS:
            raise NotPlain(f"{sign!r} stands for any text")
        return [sign]

    def _group(self) -> list[str]:
        if self._take("?") and not self._take(":"):
            raise NotPlain("it looks around, or its group has a name or a mode")
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise NotPlain("nested too deeply")
        found = self.alternatives()
        self._depth -= 1
        if not self._take(")"):
            raise NotPlain("a bracket is not closed")
        return found

    def _set(self) -> list[str]:
        found: list[str] = []
        if self._take("^"):
            raise NotPlain("a set of all other characters")
        while not self._take("]"):
            sign = self._next()
            if not sign:
                raise NotPlain("a bracket is not closed")
            found.append(self._escaped() if sign == "\\" else sign)
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                raise NotPlain("a range of characters")
        return found

    def _escaped(self) -> str:
        sign = self._next()
        if sign == "b":
            return ""
        if sign in _BLANKS:
            return _BLANKS[sign]
        if not sign or sign.isalnum():
            raise NotPlain(f"\\{sign} stands for many characters")
        return sign


def _bounded(found: list[str]) -> list[str]:
    if len(found) > _MOST_SPELLINGS:
        raise NotPlain("too many spellings")
    return found
