"""Formulas as TeX writes them; amounts of money are none."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["formulas", "short_formulas"]

Span = tuple[int, int]

_MOST_CHARS = 5_000
_INDENT_CHARS = 40
_LINE_START = re.compile(r"(?:\A|\n)[ \t>]*\Z")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# Signs come first and what is before them second: so they are looked for quickly. Neither form holds another one.
_BRACKETED = re.compile(
    r"\\(?<!\\\\)(?:\[(?:[^\\\n]|\\[^\[\]\n]|\n(?![ \t]*\n))*\\\]"
    r"|\((?:[^\\\n]|\\[^()\n]|\n(?![ \t]*\n))*\\\))"
)
_DISPLAYED = re.compile(r"\$\$(?<![\\$]\$\$)(?!\$)")
_INLINE = re.compile(r"\$(?<![\\$\w]\$)(?=[^\s$])([^$\n]{1,200})(?<=[^\s\\$])\$(?![\d$\w])")
_TELLING = re.compile(r"\\[A-Za-z]|[\^_={}]")
_TELLING_INLINE = re.compile(r"\\[A-Za-z]|[\^_]")


def formulas(text: str) -> Iterator[Span]:
    r"""Yield formulas between `$$`, `\[` and `\(`."""
    if "\\[" in text or "\\(" in text:
        yield from (match.span() for match in _BRACKETED.finditer(text))
    if "$$" in text:
        yield from _displayed(text)


def short_formulas(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield formulas between single dollar signs within one line."""
    for match in _INLINE.finditer(text, start, end):
        if _TELLING_INLINE.search(match[1]) is not None:
            yield match.span()


def _displayed(text: str) -> Iterator[Span]:
    """Yield what is between two `$$` of one paragraph, if it begins a line or holds a sign of formulas."""
    opened = -1
    for match in _DISPLAYED.finditer(text):
        start, end = match.span()
        if opened >= 0 and end - opened <= _MOST_CHARS and _BLANK_LINE.search(text, opened, start) is None:
            is_line = _LINE_START.search(text, max(0, opened - _INDENT_CHARS), opened) is not None
            if is_line or _TELLING.search(text, opened, start) is not None:
                yield opened, end
                opened = -1
                continue
        opened = start
