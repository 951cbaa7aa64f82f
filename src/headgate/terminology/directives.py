"""Directives of reStructuredText: which of them hold prose, which code, and which name objects and files."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["directives", "literal_blocks"]

Span = tuple[int, int]

_TAB = 8
# Whose content is code, or a list of names.
_CODE = frozenset(
    (
        *("code", "code-block", "sourcecode", "parsed-literal", "code-tab", "code-cell", "highlight", "math", "raw"),
        *("doctest", "testcode", "testoutput", "testsetup", "testcleanup", "prompt", "ipython", "jupyter-execute"),
        *("jupyter-input", "plot", "program-output", "command-output", "exec", "runblock", "productionlist"),
        *("graphviz", "digraph", "graph", "uml", "plantuml", "mermaid", "blockdiag", "seqdiag", "actdiag", "nwdiag"),
        *("inheritance-diagram", "tikz", "toctree", "autosummary", "bibliography", "meta", "role", "default-role"),
    )
)
# Whose arguments are prose.
_PROSE = frozenset(
    (
        *("attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning", "admonition"),
        *("seealso", "todo", "versionadded", "versionchanged", "versionremoved", "deprecated", "deprecated-removed"),
        *("topic", "sidebar", "rubric", "centered", "replace", "table", "list-table", "csv-table", "title"),
        *("card", "grid-item-card", "dropdown", "tab", "tab-item", "tab-set", "grid", "epigraph", "pull-quote"),
    )
)
_DIRECTIVE = re.compile(r"^[ \t]*\.\. (?:\|[^|\n]{1,80}\|[ \t]+)?([\w.+-]+(?::[\w.+-]+)?)::(?:[ \t]|$)", re.MULTILINE)
_PROSE_OPTION = re.compile(r"[ \t]*:(?:alt|caption|title|header|name-display):")
_OPTION = re.compile(r"[ \t]*:[\w -]{1,50}:")
_LITERAL_INTRO = re.compile(r"::[ \t]*$", re.MULTILINE)


def directives(text: str) -> Iterator[Span]:
    """Yield what directives say to programs: names, arguments, options, and all of those that hold code."""
    position = 0
    for match in _DIRECTIVE.finditer(text):
        start = match.start()
        if start < position:
            continue
        name = match[1].lower()
        line_end = _end_of_line(text, match.end(1))
        if name in _CODE:
            position = _end_of_block(text, line_end, _indentation(text, start, line_end))
            yield start, position
            continue
        yield start, match.end() if name in _PROSE else line_end
        yield from _options(text, line_end, _indentation(text, start, line_end), is_prose=name in _PROSE)


def literal_blocks(text: str) -> Iterator[Span]:
    """Yield literal blocks: what is indented more deeply after a line that ends with `::` and is not a directive."""
    position = 0
    for match in _LITERAL_INTRO.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        if start >= position and _DIRECTIVE.match(text, start) is None:
            position = _end_of_block(text, match.end(), _indentation(text, start, match.end()))
            yield match.end(), position


def _options(text: str, line_end: int, indent: int, *, is_prose: bool) -> Iterator[Span]:
    """Yield the lines directly below a directive that are options, or go on with its arguments or with an option."""
    is_shown = is_prose
    while line_end < len(text):
        start, line_end = line_end + 1, _end_of_line(text, line_end + 1)
        if not text[start:line_end].strip() or _indentation(text, start, line_end) <= indent:
            return
        if _DIRECTIVE.match(text, start) is not None:
            return
        if _OPTION.match(text, start, line_end) is not None:
            shown = _PROSE_OPTION.match(text, start, line_end)
            is_shown = shown is not None
            yield start, line_end if shown is None else shown.end()
        elif not is_shown:
            yield start, line_end


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end == -1 else end


def _end_of_block(text: str, start: int, indent: int) -> int:
    """Return where the lines end that follow the one that ends at `start` and are indented by more than `indent`."""
    end = line_end = start
    while line_end < len(text):
        line_start = line_end + 1
        line_end = _end_of_line(text, line_start)
        if text[line_start:line_end].strip():
            if _indentation(text, line_start, line_end) <= indent:
                break
            end = line_end
    return end


def _indentation(text: str, start: int, end: int) -> int:
    """Return how many columns of blanks a line begins with; a tab goes on to the next multiple of eight."""
    line = text[start:end]
    blanks = line[: len(line) - len(line.lstrip(" \t"))]
    return len(blanks.expandtabs(_TAB))
