"""What is left alone in a text as a whole: code, markup, URLs and e-mail addresses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from headgate.terminology.boundaries import SPACELESS_RANGES
from headgate.terminology.bounds import at_most
from headgate.terminology.fences import fenced_blocks
from headgate.terminology.folding import fold

__all__ = ["Zones", "protected_zones"]

_BACKTICKS = re.compile(r"`+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
# No `<` within: `<a<a<a...` is then read once, and not once from each sign.
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_CODE_OPEN = re.compile(r"<(pre|code|script|style|samp|kbd)\b[^<>]*>", re.IGNORECASE)
# Brackets belong to a URL in pairs, as in https://en.wikipedia.org/wiki/Mercury_(planet).
_URL_SIGN = rf"[^\s<>\"`{{}}|\\^()\[\]{SPACELESS_RANGES}]"
_URL = re.compile(
    rf"(?:\b[A-Za-z][A-Za-z0-9+.\-]{{0,30}}://|\bwww\.)(?:{_URL_SIGN}+|\({_URL_SIGN}*\)|\[{_URL_SIGN}*\]){{0,200}}"
)
_HOST = re.compile(rf"@(?=[^\W_])(?:[^\W{SPACELESS_RANGES}]|[.\-]){{1,255}}")
# Read backwards from the sign. Between letters of two scripts, of which one has no spaces, a sentence goes on.
_PIECE = rf"(?:[{SPACELESS_RANGES}]+|[^\W{SPACELESS_RANGES}]+)"
_LOCAL_PART = re.compile(rf"{_PIECE}(?:[.+%\-]+{_PIECE})*")
_LOCAL_CHARS = 64  # RFC 5321, section 4.5.3.1.1
_LITERAL_INTRO = re.compile(r"::[ \t]*$", re.MULTILINE)
_CODE_DIRECTIVE = re.compile(r"^[ \t]*\.\. (?:code|code-block|sourcecode|parsed-literal)::[^\n]*$", re.MULTILINE)
_OTHER_DIRECTIVE = re.compile(r"[ \t]*\.\. (?!(?:code|code-block|sourcecode|parsed-literal|math|raw)::)[\w:-]+::[ \t]*")
_INDENTED_LINE = re.compile(r"^(?: {4}|\t)[ \t]*[^\s][^\n]*", re.MULTILINE)
_LIST_ITEM = re.compile(r"\s*(?:[-*+\u2022]|\d+[.)]|[A-Za-z][.)]) ")
_LIST_ITEM_CHARS = 200
# How far the end of a paragraph is looked for, so that backticks far apart cost no more than near ones.
_CODE_SPAN_CHARS = 2_000
_TAB = 8


class Zones:
    """Spans of a text that are left alone."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def touches(self, start: int, end: int) -> bool:
        """Return whether a span shares a character with a zone."""
        index = bisect_right(self._starts, end - 1) - 1
        return index >= 0 and self._ends[index] > start

    def __bool__(self) -> bool:
        return bool(self._starts)


def protected_zones(text: str, most: int) -> Zones:
    """Return the code and markup of a text (Markdown, reStructuredText and HTML), its URLs and e-mail addresses.

    Args:
        text: the text.
        most: how many marks of one kind are looked at.

    Raises:
        TooMuchWork: there are more.
    """
    if "\r" in text:  # as many characters as before, but one kind of line end
        text = text.replace("\r\n", " \n").replace("\r", "\n")
    spans: list[tuple[int, int]] = []
    if "```" in text or "~~~" in text:
        spans += fenced_blocks(text, most)
    if "`" in text:
        spans += _inline_code(text, Zones(spans), most)
    if "<" in text:
        spans += (match.span() for match in at_most(most, _TAG.finditer(text), "tags"))
        spans += at_most(most, _code_elements(text), "tags")
    if "://" in text or "www." in text:
        spans += (match.span() for match in at_most(most, _URL.finditer(text), "URLs"))
    if "@" in text:
        spans += at_most(most, _addresses(text), "addresses")
    if "::" in text:
        spans += at_most(most, _literal_blocks(text), "literal blocks")
    if "    " in text or "\t" in text:
        spans += at_most(most, _indented_blocks(text), "indented blocks")
    return Zones(spans)


def _inline_code(text: str, fenced: Zones, most: int) -> Iterator[tuple[int, int]]:
    """Code spans (CommonMark 0.31, section 6.1): a run of backticks closes with the next run of the same length."""
    found = at_most(most, _BACKTICKS.finditer(text), "backticks")
    runs = [match.span() for match in found if not fenced.touches(*match.span())]
    by_length: dict[int, list[int]] = {}
    for start, end in runs:
        by_length.setdefault(end - start, []).append(start)
    position = 0
    for start, end in runs:
        if start < position:
            continue
        same = by_length[end - start]
        index = bisect_right(same, start)
        if index < len(same) and not _BLANK_LINE.search(text, end, min(same[index], end + _CODE_SPAN_CHARS)):
            position = same[index] + (end - start)
            yield start, position


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in _HOST.finditer(text):
        start = match.start()
        local = _LOCAL_PART.match(text[max(0, start - _LOCAL_CHARS) : start][::-1])
        if local is not None:
            yield start - local.end(), match.end()


def _code_elements(text: str) -> Iterator[tuple[int, int]]:
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


def _literal_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Literal blocks of reStructuredText: what is indented more deeply after a line that ends with `::`.

    Of the directives, which end in `::` too, only those for code count; `.. note::` is followed by prose.
    """
    position = 0
    for line_start, line_end in _literal_intros(text):
        if line_start >= position:
            position = _end_of_block(text, line_end, _indentation(text, line_start, line_end))
            yield line_end, position


def _literal_intros(text: str) -> list[tuple[int, int]]:
    """Return the lines that introduce literal blocks, as spans."""
    lines = [match.span() for match in _CODE_DIRECTIVE.finditer(text)] if ".. " in text else []
    for match in _LITERAL_INTRO.finditer(text):
        start = text.rfind("\n", 0, match.start()) + 1
        if _OTHER_DIRECTIVE.fullmatch(text, start, match.end()) is None:
            lines.append((start, match.end()))
    return sorted(lines)


def _end_of_block(text: str, start: int, indent: int) -> int:
    """Return where the lines end that follow the one that ends at `start` and are indented by more than `indent`."""
    end = line_end = start
    while line_end < len(text):
        line_start = line_end + 1
        line_end = text.find("\n", line_start)
        if line_end == -1:
            line_end = len(text)
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


def _indented_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Indented code (CommonMark 0.31, section 4.4), unless it continues a list or another indented paragraph."""
    block: tuple[int, int] | None = None
    for match in _INDENTED_LINE.finditer(text):
        start, end = match.span()
        if block is not None and not text[block[1] : start].strip():
            block = (block[0], end)
            continue
        if block is not None:
            yield block
        block = (start, end) if _begins_code(text, start) else None
    if block is not None:
        yield block


def _begins_code(text: str, start: int) -> bool:
    """Whether an indented line may begin a block: after a blank line, and not within a list."""
    last_start = last_end = start
    blank_lines = -1
    while last_start > 0:
        last_end = last_start - 1
        last_start = text.rfind("\n", 0, last_end) + 1
        blank_lines += 1
        if text[last_start:last_end].strip():
            break
    else:
        return True
    last = text[last_start : min(last_end, last_start + _LIST_ITEM_CHARS)]
    return blank_lines > 0 and not (_LIST_ITEM.match(last) or last.startswith((" ", "\t")))
