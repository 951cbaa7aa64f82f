"""What is left alone within the lines of a text: code spans, targets of links, tags, templates, commands and keys."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from headgate.terminology.bounds import at_most
from headgate.terminology.folding import fold

__all__ = ["code_elements", "code_spans", "keys_of", "marked_up", "reaches_far", "sessions", "sources"]

Span = tuple[int, int]

_BACKTICKS = re.compile(r"`+")
_MOST_BACKSLASHES = 50
# A sign that opens what is looked for, and what is between; nothing of it can be read twice from two places.
_TAG = re.compile(
    r"<[/!?]?[A-Za-z](?:(?:[^<>\"'\n]|\n(?!\n)|\"(?:[^\"<\n]|\n(?!\n))*\"|'(?:[^'<\n]|\n(?!\n))*')*>"
    r"|(?:[^<>\n]|\n(?!\n))*>)"
)
_COMMENT = re.compile(r"<!--(?:(?!-->)[^<])*-->")
_CODE_OPEN = re.compile(
    r"<(pre|code|script|style|samp|kbd|tt|var|textarea|xmp)\b(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*>", re.IGNORECASE
)
_TARGET = re.compile(
    r"\]\([ \t]*(<[^<>\n]{0,2000}>|[^\s()<][^\s()]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,9}|[^\s()<])"
)
_DEFINITION = re.compile(r"^ {0,3}\[(?!\^)[^\[\]\n]{1,500}\]:[ \t]*(\S{1,2000})", re.MULTILINE)
# The kind of an admonition of MkDocs; its title and text are prose.
_ADMONITION = re.compile(r"^[ \t]*(?:!!!|\?\?\?\+?)[ \t]+([\w-]{1,50}(?:[ \t]+[\w-]{1,50}){0,5})", re.MULTILINE)
_WIKI_LINK = re.compile(r"\[\[([^\[\]|\n]{1,300})(?=\||\]\])")
_TEMPLATES = re.compile(r"\{\{[^{}]{0,500}\}\}|\{%[^{}]{0,500}%\}|[$#@]\{[^{}\n]{0,200}\}|<%[^<>]{0,500}%>")
_LATEX = re.compile(
    r"\\(?:label|ref|eqref|autoref|cref|Cref|pageref|nameref|cite[a-z]{0,10}|input|include|includegraphics|usepackage"
    r"|documentclass|bibliography|bibliographystyle|begin|end|url|href|texttt|lstinputlisting|newcommand|renewcommand)"
    r"\*?(?:\[[^\[\]\n]{0,200}\]){0,2}\{[^{}\n]{0,300}\}|\\(?:verb|lstinline)\*?([^\s\w*])[^\n]{0,300}?\1"
)
_LATEX_BLOCK = re.compile(r"\\begin\{(verbatim|lstlisting|minted|alltt|Verbatim)\*?\}")
# Of AsciiDoc, a block of dashes is code where a line before says so: elsewhere dashes are a rule or underline a title.
_ASCIIDOC = re.compile(
    r"^\[(?:source|listing|literal|%?[a-z]{1,10}linenums)[^\]\n]{0,200}\][ \t]*\n(-{4,}|\.{4,})[ \t]*$", re.MULTILINE
)
_ASCIIDOC_LITERAL = re.compile(r"^(\.{4,})[ \t]*$", re.MULTILINE)
_ORG = re.compile(r"^[ \t]*#\+begin_(src|example|export)\b", re.MULTILINE | re.IGNORECASE)
_SESSION = re.compile(
    r"^[ \t]*(?:>>>|\.\.\.|\$|PS [^\n>]{0,100}>|[A-Za-z]:\\[^\n>]{0,100}>|In \[\d{1,5}\]:"
    r"|[\w.-]{1,40}@[\w.-]{1,60}[^\n$#]{0,60}[$#]"
    r"|(?:mysql|sqlite|postgres|psql|mariadb|redis|mongo|irb|ghci|scala|julia|node|php)[\w():.=-]{0,30}[>#]"
    r")[ \t][^\n]*",
    re.MULTILINE,
)
# A line that is nothing else than a statement of a program.
_STATEMENT = re.compile(
    r"^[ \t]*(?:import [\w.]{1,100}(?: as \w{1,50})?|from [\w.]{1,100} import [\w*., ]{1,200}|#include [<\"][^\n]{1,99}"
    r"|--8<--[^\n]{1,200}|using [\w.]{1,100};|require\([^\n]{1,100}\);?)[ \t]*$",
    re.MULTILINE,
)
_MAIL_QUOTE = re.compile(r"^>{1,2}(?!>)", re.MULTILINE)
_JSON_KEY = re.compile(r"(?:[{,\[][ \t\n]*|^[ \t]*)\"([^\"\\\n]{1,200})\"[ \t]*:", re.MULTILINE)
_YAML_KEY = re.compile(r"^[ \t]*(?:- )?([\w][\w .\-/]{0,80}?)[ \t]*:(?=[ \t\n]|$)", re.MULTILINE)
_TOML_KEY = re.compile(r"^[ \t]*([\w][\w .\-\"']{0,80}?)[ \t]*=", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\n")
_YAML_SHARE, _FEWEST_KEYS = 0.6, 3
_MOST_HEAD = 20_000


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


def marked_up(text: str, most: int) -> Iterator[Span]:
    """Yield what markup says to programs: targets of links, tags, templates, commands of LaTeX.

    Raises:
        TooMuchWork: there is more of one kind than `most`.
    """
    if "](" in text:
        yield from (match.span(1) for match in at_most(most, _TARGET.finditer(text), "links"))
    if "]:" in text:
        yield from (match.span(1) for match in at_most(most, _DEFINITION.finditer(text), "links"))
    if "!!!" in text or "???" in text:
        yield from (match.span(1) for match in at_most(most, _ADMONITION.finditer(text), "admonitions"))
    if "[[" in text:
        yield from (match.span(1) for match in at_most(most, _WIKI_LINK.finditer(text), "links"))
    if "<" in text:
        yield from (match.span() for match in at_most(most, _TAG.finditer(text), "tags"))
        if "<!--" in text:
            yield from (match.span() for match in at_most(most, _COMMENT.finditer(text), "comments"))
    if "{" in text or "<%" in text:
        yield from (match.span() for match in at_most(most, _TEMPLATES.finditer(text), "templates"))
    if "\\" in text:
        yield from (match.span() for match in at_most(most, _LATEX.finditer(text), "commands"))


def code_elements(text: str) -> Iterator[Span]:
    """Yield elements of HTML that hold code; one that is not closed goes on to the end of the text."""
    if _CODE_OPEN.search(text) is None:
        return
    folded = fold(text)
    position = 0
    unclosed: set[str] = set()
    for match in _CODE_OPEN.finditer(text):
        name = match.group(1).lower()
        if match.start() < position or name in unclosed:
            continue
        end = folded.find(f"</{name}", match.end())
        if end == -1:  # not closed: a chunk may have been cut there, so the rest is code
            unclosed.add(name)  # and is looked for once, not once for every element
            end = len(text)
        position = end
        yield match.start(), end


def sources(text: str) -> Iterator[Span]:
    """Yield blocks of code as LaTeX, AsciiDoc and Org write them; one that is not closed goes on to the end."""
    if "\\begin{" in text:
        yield from _until(text, _LATEX_BLOCK, lambda match: f"\\end{{{match[1]}")
    if "\n----" in text or "\n...." in text:
        yield from _until(text, _ASCIIDOC, lambda match: f"\n{match[1]}")
    if text.count("\n....") > 1:
        yield from _until(text, _ASCIIDOC_LITERAL, lambda match: f"\n{match[1]}")
    if "#+" in text:
        folded = fold(text)
        yield from _until(folded, _ORG, lambda match: f"#+end_{match[1]}")


def _until(text: str, opening: re.Pattern[str], closing: Callable[[re.Match[str]], str]) -> Iterator[Span]:
    position = 0
    while (match := opening.search(text, position)) is not None:
        mark = closing(match)
        end = text.find(mark, match.end())
        position = len(text) if end == -1 else end + len(mark)
        yield match.start(), position


def sessions(text: str, most: int) -> Iterator[Span]:
    """Yield lines of sessions and statements of programs; where mail is quoted, `>>>` is a quotation.

    Raises:
        TooMuchWork: there are more than `most`.
    """
    yield from (match.span() for match in at_most(most, _STATEMENT.finditer(text), "statements"))
    is_mail = ">>>" in text and _MAIL_QUOTE.search(text) is not None
    was_session = False
    last = -2
    for match in at_most(most, _SESSION.finditer(text), "sessions"):
        begin = text[match.start() : match.end()].lstrip()
        # A line of dots goes on with what stands above it.
        if begin.startswith("..."):
            was_session = was_session and match.start() == last + 1
        else:
            was_session = not (is_mail and begin.startswith(">>>"))
        last = match.end()
        if was_session:
            yield match.span()


def keys_of(text: str, most: int) -> Iterator[Span]:
    """Yield keys of JSON, of front matter, and of YAML where the text is one document of it.

    Raises:
        TooMuchWork: there are more than `most`.
    """
    if '":' in text or '" :' in text:
        yield from (match.span(1) for match in at_most(most, _JSON_KEY.finditer(text), "keys"))
    head = _FRONT_MATTER.match(text)
    if head is not None:
        end = text.find(f"\n{head[1]}", head.end() - 1, _MOST_HEAD)
        key = _YAML_KEY if head[1] == "---" else _TOML_KEY
        if end != -1:
            yield from (match.span(1) for match in at_most(most, key.finditer(text, head.end(), end), "keys"))
    elif ":" in text and _is_yaml(text):
        yield from (match.span(1) for match in at_most(most, _YAML_KEY.finditer(text), "keys"))


# What is opened in one paragraph, and may be closed in another one, or tells something of all of them.
_FAR = re.compile(
    r"```|~~~|<!--|<(?:pre|code|script|style|samp|kbd|tt|var|textarea|xmp)\b|\\begin\{|#\+|^(?:----|\.\.\.\.)|\{\{|\{%|\$\{"
    r"|<%|>>>|\r|\A\ufeff?(?:---|\+\+\+)[ \t]*\n",
    re.MULTILINE | re.IGNORECASE,
)


def reaches_far(text: str) -> bool:
    """Return whether markup may go on from one paragraph of a text to another one."""
    return _FAR.search(text) is not None or _is_yaml(text)


def _is_yaml(text: str) -> bool:
    """Return whether most lines have a key, as no prose does."""
    if text.count(":", 0, _MOST_HEAD) * 2 < text.count("\n", 0, _MOST_HEAD):
        return False
    lines = [line for line in text[:_MOST_HEAD].splitlines() if line.strip()]
    keys = sum(_YAML_KEY.match(line) is not None or line.lstrip().startswith("- ") for line in lines)
    with_key = sum(_YAML_KEY.match(line) is not None for line in lines)
    return with_key >= _FEWEST_KEYS and keys >= _YAML_SHARE * len(lines)
