"""Labels by which one place of a text refers to another: they stay on both sides, or the reference breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["labels", "labels_in_line"]

Span = tuple[int, int]

# A label holds no brackets, so that nothing is read twice from two places.
_LABEL = r"((?:[^\[\]\n]|\n(?![ \t]*\n)){1,500})"
_DEFINITION = re.compile(r"^[ \t>]{0,12}\[((?!\^)[^\[\]\n]{1,500})\]:(?:[ \t]*(\S{1,2000}))?", re.MULTILINE)
_FULL = re.compile(rf"\]\[{_LABEL}\](?!\])")  # `[[target][text]]` is a link of Org
_SHORTCUT = re.compile(rf"\[{_LABEL}\](?:(\[\])|(?![\[(:]))")
_FOOTNOTE = re.compile(r"\[\^([^\[\]\n]{1,100})\]")
# Of reStructuredText.
_CITATION = re.compile(r"\[(?<!_\[)([#*\w.:+-]{1,100})\]_(?!\w)|^[ \t]*\.\. \[([#*\w.:+-]{1,100})\]", re.MULTILINE)
_ANCHOR = re.compile(r"^[ \t]*\.\. _([^\n:]{1,200}):", re.MULTILINE)
_SUBSTITUTION = re.compile(r"\|(?<![\w|\\]\|)(?=[^\s|])([^|\n]{1,80})(?<=[^\s|])\|(?![^\W_]|\|)")
_TARGET = re.compile(r"^\(([^()\n]{1,100})\)=[ \t]*$", re.MULTILINE)  # of MyST
_ANCHORS = ((".. _", _ANCHOR), (")=", _TARGET))
_ROW_CHARS = 300


def labels_in_line(text: str, start: int, end: int, line: str) -> Iterator[Span]:
    """Yield labels of footnotes, citations, anchors and substitutions in one line, and the target of a definition."""
    if "]:" in line and (found := _DEFINITION.match(text, start, end)) is not None:
        yield found.span(1)
        if found[2] is not None:
            yield found.span(2)
    for mark, pattern in _ANCHORS:
        if mark in line and (found := pattern.match(text, start, end)) is not None:
            yield found.span(1)
    if "[^" in line:
        yield from (match.span(1) for match in _FOOTNOTE.finditer(text, start, end))
    if "]_" in line or ".. [" in line:
        yield from (match.span(match.lastindex or 0) for match in _CITATION.finditer(text, start, end))
    if "|" in line:
        spans = (match.span() for match in _SUBSTITUTION.finditer(text, start, end))
        yield from ((first + 1, last - 1) for first, last in spans if not _is_row(text, first, last))


def labels(text: str) -> Iterator[Span]:
    """Yield labels of links: a shortcut (`[label]`) is one only where the text defines it, or a word in brackets."""
    if "]" not in text or "[" not in text:
        return
    defined = {_normal(match[1]) for match in _DEFINITION.finditer(text)} if "]:" in text else set[str]()
    if "][" not in text and not defined:
        return
    yield from (match.span(1) for match in _FULL.finditer(text))
    for match in _SHORTCUT.finditer(text):
        if match[2] is not None or _normal(match[1]) in defined:
            yield match.span(1)


def _normal(label: str) -> str:
    """Return a label as CommonMark compares it (0.31, section 4.7)."""
    return " ".join(label.split()).casefold()


def _is_row(text: str, start: int, end: int) -> bool:
    """Return whether what is between two bars is in a line that begins and ends with bars, as rows of tables do."""
    before = text[max(0, start - _ROW_CHARS) : start + 1].rpartition("\n")[2]
    behind = text[end - 1 : end + _ROW_CHARS].partition("\n")[0]
    return before.lstrip(" \t>").startswith("|") and behind.rstrip().endswith("|")
