"""What is left alone within the lines of a text: code spans, targets of links, tags, templates, commands of LaTeX."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from headgate.terminology.bounds import at_most
from headgate.terminology.formulas import short_formulas

__all__ = ["code_spans", "marks_in_line", "templates"]

Span = tuple[int, int]

_BACKTICKS = re.compile(r"`+")
_MOST_BACKSLASHES = 50
_TARGET = re.compile(
    r"\]\([ \t]*(<[^<>\n]{0,2000}>"
    # A backslash takes away what a bracket says.
    r"|(?:\\.|[^\s()<\\])(?:\\.|[^\s()\\]){0,2000}(?:\((?:\\.|[^\s()\\]){0,500}\)(?:\\.|[^\s()\\]){0,500}){0,9}"
    r"|[^\s()<])"
)
# The kind of an admonition of MkDocs; its title and text are prose.
_ADMONITION = re.compile(r"^[ \t]*(?:!!!|\?\?\?\+?)[ \t]+([\w-]{1,50}(?:[ \t]+[\w-]{1,50}){0,5})", re.MULTILINE)
_WIKI_LINK = re.compile(r"\[\[([^\[\]|\n]{1,300})(?=\||\]\]|\]\[)")
_ROLE = re.compile(r"\[([\w.%, -]{1,60})\]#{1,2}(?=[^\s#][^\n#]{0,300}#)")  # of AsciiDoc
# Each begins with one sign, so that it is looked for quickly; what comes before the bracket has no letters.
_TEMPLATES = re.compile(
    r"\{(?:\{[^{}]{0,500}\}\}|%[^{}]{0,500}%\}|#[^{}]{0,500}#\}|(?<=[$#@%]\{)[^{}\n]{0,200}\}"
    r"|[\w.\[\]'\"]{1,100}(?:![rsa](?::[^{}\s]{0,50})?|:[^{}\s]{1,50})\}"  # Python: {name!r}, {name:>10}, %(name)s
    r"|\w{1,50},[ \t]?(?:plural|select(?:ordinal)?|number|date|time)\b"  # ICU
    r"|(?<![\w\]}]\{)\w{1,50}\}"  # the place of a value, unless it is what a command of LaTeX shows
    r"|@\w{1,30}[^{}\n]{0,300}\}|:?[ \t]{0,3}[#.][^{}\n]{0,200}\})"  # Javadoc; attributes of Markdown
)
_PERCENT = re.compile(r"%\([^()\n]{1,100}\)[#0+ -]{0,3}\d{0,5}(?:\.\d{1,5})?[A-Za-z]")
_ERB = re.compile(r"%(?<=<%)[^<>]{0,500}%>")
_LATEX = re.compile(
    r"\\(?:label|[cCv]?ref|(?:eq|auto|v?page|name|label[cC])ref|[a-zA-Z]{0,6}[cC]ite[a-zA-Z]{0,10}|bibitem"
    r"|hypertarget|hyperlink"
    r"|[Gg]ls[a-z]{0,10}|[aA]cr?(?:s|l|f|p|lp|sp|fp|short|long|full)?(?:pl)?|input|include|includegraphics|includesvg|usepackage"
    r"|documentclass|bibliography|bibliographystyle|begin|end|url|href|path|texttt|lstinputlisting|addbibresource"
    r"|(?:re)?newcommand|(?:re)?newenvironment|newtheorem|newcounter|(?:set|addto|step|refstep)counter"
    r"|DeclareAcronym|newacronym|newglossaryentry)"
    r"\*?(?:\[[^\[\]\n]{0,200}\]){0,2}\{[^{}\n]{0,300}\}"
    r"|\\(?:DeclareAcronym|newacronym)\{[^{}\n]{0,100}\}\{[^{}\n]{0,300}\}|\\mintinline\{[^{}\n]{0,50}\}\{[^{}\n]{0,300}\}"
    r"|\\hyperref\[[^\[\]\n]{0,200}\]|\\(?:verb|lstinline)\*?([^\s\w*])[^\n]{0,300}?\1"
)


def code_spans(text: str, inline: Sequence[Span], most: int) -> Iterator[Span]:
    """Yield code spans (CommonMark 0.31, section 6.1): a run of backticks closes with the next run of the same length.

    Args:
        text: the text.
        inline: what holds inline markup; a span that begins in one of them ends there.
        most: how many runs are looked at.

    Raises:
        TooMuchWork: there are more.
    """
    starts = [start for start, _ in inline]
    by_segment: dict[int, list[Span]] = {}
    for match in at_most(most, _BACKTICKS.finditer(text), "backticks"):
        index = bisect_right(starts, match.start()) - 1
        if index >= 0 and match.start() < inline[index][1]:
            by_segment.setdefault(index, []).append(match.span())
    for runs in by_segment.values():
        yield from _paired(text, runs)


def _paired(text: str, runs: list[Span]) -> Iterator[Span]:
    by_length: dict[int, list[int]] = {}
    for start, end in runs:
        by_length.setdefault(end - start, []).append(start)
    position = 0
    for start, end in runs:
        if start < position:
            continue
        # A backslash takes away what the first sign says; within code it is a sign like others.
        opening = start + _is_escaped(text, start)
        same = by_length.get(end - opening, [])
        index = bisect_right(same, start)
        if opening < end and index < len(same) and not _is_quotation(text, opening, same[index]):
            position = same[index] + (end - opening)
            yield opening, position


def _is_quotation(text: str, start: int, end: int) -> bool:
    """Return whether two backticks open a quotation as LaTeX writes it, which two apostrophes close."""
    return text.startswith("``", start) and text[start + 2 : start + 3] != "`" and "''" in text[start:end]


def _is_escaped(text: str, start: int) -> bool:
    before = text[max(0, start - _MOST_BACKSLASHES) : start]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def marks_in_line(text: str, start: int, end: int, line: str) -> Iterator[Span]:
    """Yield what markup says to programs within one line: targets of links, places of values, commands of LaTeX."""
    if "](" in line:
        yield from (match.span(1) for match in _TARGET.finditer(text, start, end))
    if "!!!" in line or "???" in line:
        yield from (match.span(1) for match in _ADMONITION.finditer(text, start, end))
    if "[[" in line:
        yield from (match.span(1) for match in _WIKI_LINK.finditer(text, start, end))
    if "]#" in line:
        yield from (match.span(1) for match in _ROLE.finditer(text, start, end))
    if "%(" in line:
        yield from (match.span() for match in _PERCENT.finditer(text, start, end))
    if "\\" in line:
        yield from (match.span() for match in _LATEX.finditer(text, start, end))
    if "$" in line:
        yield from short_formulas(text, start, end)


def templates(text: str) -> Iterator[Span]:
    """Yield templates and the places of values."""
    yield from (match.span() for match in _TEMPLATES.finditer(text))
    if "<%" in text:
        yield from (match.span() for match in _ERB.finditer(text))
