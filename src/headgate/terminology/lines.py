"""Where two words are not a term: on both sides of a paragraph's end, a heading's, a row's, or of a column's border."""

from __future__ import annotations

import re

__all__ = ["is_broken"]

_GAP = re.compile(r"[\r\n\t]| {4}")
_COLUMNS = re.compile(r"\S(?:\t+| {4,})\S")
_LINE_END = re.compile(r"[\r\n]")
_BLANK_LINE = re.compile(r"(?:\r\n|\n|\r(?!\n))[ \t]*[\r\n]")
_HEADING = re.compile(r"[ >]{0,3}(?:#{1,6}|={1,6})[ \t]")
_INDENTED = re.compile(r"[\r\n]{1,2}([ \t]*)")
_LINE_CHARS, _DEEPER = 500, 2


def is_broken(text: str, start: int, end: int) -> bool:
    """Return whether what is in `text[start:end]` is not a term, because its words are not in one sentence.

    Args:
        text: the text.
        start: where a term begins.
        end: where it ends.
    """
    if _GAP.search(text, start, end) is None:  # as nearly always
        return False
    if _BLANK_LINE.search(text, start, end) is not None or _COLUMNS.search(text, start, end) is not None:
        return True
    line_end = _LINE_END.search(text, start, end)
    if line_end is None:
        return False
    before = _LINE_END.split(text[max(0, start - _LINE_CHARS) : start])[-1]
    if _HEADING.match(f"{before} ") is not None or _is_defined(text, before, line_end.start()):
        return True
    return "|" in before and "|" in _LINE_END.split(text[end : end + _LINE_CHARS], maxsplit=1)[0]


def _is_defined(text: str, before: str, line_end: int) -> bool:
    """Return whether a line of nothing else is a title, under which what explains it is indented."""
    following = _INDENTED.match(text, line_end)
    return not before.strip() and following is not None and len(following[1].expandtabs()) >= len(before) + _DEEPER
