"""What light markup says to nobody who reads the page: comments, names of parameters and blocks, keys of BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["comments_of_rest", "fields"]

Span = tuple[int, int]

_FIELD = re.compile(
    r"^[ \t]*:(?:param|parameter|arg|argument|key|keyword|kwarg|type|raises?|except|exception|var|[ic]var|vartype|meta)"
    r"[ \t]+[^:\n]{1,200}:",
    re.MULTILINE,
)
_TYPE = re.compile(r"^[ \t]*:(?:v?ar)?type[ \t]+[^:\n]{1,200}:[^\n]*", re.MULTILINE)
# A comment goes on as far as it is indented; what has a name, a target or a label is none.
_COMMENT = re.compile(
    r"^([ \t]*)\.\.(?:[ \t]+(?![\[_|]|[\w.+:-]{1,80}::)[^\n]*|[ \t]*(?=\n\1[ \t]+\S))(?:\n\1[ \t]+\S[^\n]*)*",
    re.MULTILINE,
)
_LINE_COMMENT = re.compile(r"^//(?!/)[^\n]*", re.MULTILINE)
_MACRO = re.compile(
    r"\b(?:pass|kbd|btn|menu|stem|latexmath|asciimath):[a-z,]{0,20}\[[^\]\n]{0,300}\]"
    r"|\bsrc_\w{1,20}(?:\[[^\]\n]{0,100}\])?\{[^{}\n]{0,300}\}"
)
_BIBTEX = re.compile(r"^[ \t]*@[A-Za-z]{3,20}\{[^\s,{}]{1,200},", re.MULTILINE)
# What a block of Pandoc, MyST or mkdocstrings is, or of which object it tells.
_FENCED_DIV = re.compile(r"^[ \t]*:::+[ \t]*(?:\{[\w:.-]{1,80}\}|[\w.-]{1,200})(?=[ \t{]|$)", re.MULTILINE)

_IN_LINES = (_FIELD, _TYPE, _LINE_COMMENT, _BIBTEX, _FENCED_DIV)


def fields(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield names of parameters and blocks, keys, comments and literal macros in one line of a text.

    Args:
        text: the text.
        start: where the line begins.
        end: where it ends.
    """
    for pattern in _IN_LINES:
        match = pattern.match(text, start, end)
        if match is not None:
            yield match.span()
    for match in _MACRO.finditer(text, start, end):
        yield match.span()


def comments_of_rest(text: str) -> Iterator[Span]:
    """Yield comments of reStructuredText."""
    return (match.span() for match in _COMMENT.finditer(text)) if ".." in text else iter(())
