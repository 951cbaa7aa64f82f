"""HTML, and what is written like it: tags, elements that hold code, comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from headgate.terminology.folding import fold

__all__ = ["code_elements", "comments", "holds_code", "tags"]

Span = tuple[int, int]

_CODE_ELEMENTS = "pre|code|script|style|samp|kbd|tt|var|textarea|xmp|syntaxhighlight|nowiki|math"

# A value of an attribute may hold any sign; outside of values no sign can be read twice from two places.
_MOST_IN_VALUE = 1_000
_DOUBLE = rf'"(?:[^"\n]|\n(?!\n)){{0,{_MOST_IN_VALUE}}}"'
_SINGLE = rf"'(?:[^'\n]|\n(?!\n)){{0,{_MOST_IN_VALUE}}}'"
# Of JSX: `render={item => <Row key={item.id} />}`.
_BRACED = (
    r"\{(?:[^{}\n]|\n(?!\n)|\{(?:[^{}\n]|\n(?!\n)|\{[^{}\n]{0,200}\}){0,300}\})"
    rf"{{0,{_MOST_IN_VALUE}}}\}}"
)
_TAG = re.compile(
    rf"<[/!?]?[A-Za-z](?:(?:[^<>\"'{{}}\n]|\n(?!\n)|{_DOUBLE}|{_SINGLE}|{_BRACED})*>|(?:[^<>\n]|\n(?!\n))*>)"
)
# Only the names without case, so that the sign is looked for quickly.
_CODE_OPEN = re.compile(rf"<((?i:{_CODE_ELEMENTS}))(?=[\s/>])(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*(?<!/)>")
_COMMENT_OPEN = re.compile(r"(?:<(?<!\\<)(?:!--|!\[CDATA\[|\?(?:php\b|=))|\{(?<!\\\{)/\*)")
_CLOSING = {"<!--": "-->", "<![CDATA[": "]]>", "<?php": "?>", "<?=": "?>", "{/*": "*/}"}
# What is not closed goes on to the end (CommonMark 0.31, section 4.6); a chunk may have been cut there.
_OPEN_ENDED = frozenset(("<!--", "<?php"))


def tags(text: str) -> Iterator[Span]:
    """Yield tags with their attributes."""
    return (match.span() for match in _TAG.finditer(text))


def holds_code(text: str) -> bool:
    """Return whether an element of a text may hold code or formulas."""
    return _CODE_OPEN.search(text) is not None


def code_elements(text: str, is_code: Callable[[int, int], bool]) -> Iterator[Span]:
    """Yield elements of HTML that hold code; one that is not closed goes on to the end of the text.

    Args:
        text: the text.
        is_code: whether a span is within code, where no element begins.
    """
    if _CODE_OPEN.search(text) is None:
        return
    folded = fold(text)
    position = 0
    unclosed: set[str] = set()
    for match in _CODE_OPEN.finditer(text):
        name = match.group(1).lower()
        if match.start() < position or name in unclosed or is_code(*match.span()):
            continue
        end = folded.find(f"</{name}", match.end())
        if end == -1:  # not closed: a chunk may have been cut there, so the rest is code
            unclosed.add(name)  # and is looked for once, not once for every element
            end = len(text)
        position = end
        yield match.start(), end


def comments(text: str, is_code: Callable[[int, int], bool]) -> Iterator[Span]:
    """Yield comments, CDATA and programs of PHP; what begins within code is none.

    Args:
        text: the text.
        is_code: whether a span is within code.
    """
    position = 0
    unclosed: set[str] = set()
    for match in _COMMENT_OPEN.finditer(text):
        start, opening = match.start(), match[0]
        if start < position or opening in unclosed or is_code(*match.span()):
            continue
        closing = _CLOSING[opening]
        end = text.find(closing, start + 2)  # `<!-->` is a whole comment
        if end == -1:
            unclosed.add(opening)
            if opening not in _OPEN_ENDED:
                continue
        position = len(text) if end == -1 else end + len(closing)
        yield start, position
