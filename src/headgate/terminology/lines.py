"""Where a term that goes on in the next line does not: at the end of a paragraph, a heading, a row of a table."""

from __future__ import annotations

import re

__all__ = ["is_broken"]

_LINE_END = re.compile(r"[\r\n]")
_BLANK_LINE = re.compile(r"(?:\r\n|\n|\r(?!\n))[ \t]*[\r\n]")
_HEADING = re.compile(r"[ >]{0,3}(?:#{1,6}|={1,6})[ \t]")
_LINE_CHARS = 500


def is_broken(text: str, start: int, end: int) -> bool:
    """Return whether what stands in `text[start:end]` is no term, because its words are not in one sentence.

    Args:
        text: the text.
        start: where a term begins.
        end: where it ends.
    """
    if _LINE_END.search(text, start, end) is None:
        return False
    if _BLANK_LINE.search(text, start, end) is not None:
        return True
    before = _LINE_END.split(text[max(0, start - _LINE_CHARS) : start])[-1]
    if _HEADING.match(f"{before} ") is not None:
        return True
    return "|" in before and "|" in _LINE_END.split(text[end : end + _LINE_CHARS], maxsplit=1)[0]
