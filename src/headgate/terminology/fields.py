"""What light markup says to nobody who reads the page: comments, names of parameters and blocks, keys of BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headgate.terminology.bounds import at_most

__all__ = ["fields"]

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

# By what each of them cannot be without, which is looked for quickly.
_KINDS = (
    ((":",), _FIELD),
    (("type",), _TYPE),
    (("..",), _COMMENT),
    (("//",), _LINE_COMMENT),
    ((":[", "quotes[", "src_"), _MACRO),
    (("@",), _BIBTEX),
    ((":::",), _FENCED_DIV),
)


def fields(text: str, most: int) -> Iterator[Span]:
    """Yield names of parameters and blocks, keys, comments of reStructuredText and AsciiDoc, and literal macros.

    Args:
        text: the text.
        most: how many of one kind are looked at.

    Raises:
        TooMuchWork: there are more.
    """
    for marks, pattern in _KINDS:
        if any(mark in text for mark in marks):
            yield from (match.span() for match in at_most(most, pattern.finditer(text), "fields and comments"))
