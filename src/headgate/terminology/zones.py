"""What is left alone in a text as a whole: code, markup, URLs and e-mail addresses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from headgate.terminology.blocks import read_blocks
from headgate.terminology.boundaries import SPACELESS_RANGES
from headgate.terminology.bounds import at_most
from headgate.terminology.directives import directives, literal_blocks
from headgate.terminology.fields import fields
from headgate.terminology.inline import code_spans, marked_up, reaches_far
from headgate.terminology.keys import keys_of
from headgate.terminology.programs import sessions, sources
from headgate.terminology.tags import code_elements, comments

__all__ = ["Zones", "code_zones", "protected_zones", "zones_around"]

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
# For more places than these, or in a text as short as this, all of it is read at once.
_FEW, _SHORT = 12, 500


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

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield them, in order."""
        return zip(self._starts, self._ends, strict=True)

    def __bool__(self) -> bool:
        return bool(self._starts)


def code_zones(text: str, most: int) -> Zones:
    """Return the code of a text alone: blocks, spans, elements and sessions.

    Raises:
        TooMuchWork: there is more of one kind than `most`.
    """
    return Zones(_code(_with_line_feeds(text), most))


def protected_zones(text: str, most: int) -> Zones:
    """Return the code and markup of a text, its keys, URLs and e-mail addresses.

    Markdown, HTML, reStructuredText, LaTeX, AsciiDoc, Org, templates, JSON, YAML and front matter are told by their own
    marks, whatever the text is said to be.

    Args:
        text: the text.
        most: how many marks of one kind are looked at.

    Raises:
        TooMuchWork: there are more.
    """
    text = _with_line_feeds(text)
    spans = _code(text, most)
    if "<!" in text or "<?" in text or "{/*" in text:
        spans += at_most(most, comments(text, Zones(spans).touches), "comments")
    spans += marked_up(text, most)
    spans += fields(text, most)
    spans += keys_of(text, most)
    if "://" in text or "www." in text:
        spans += (match.span() for match in at_most(most, _URL.finditer(text), "URLs"))
    if "@" in text:
        spans += at_most(most, _addresses(text), "addresses")
    return Zones(spans)


def zones_around(text: str, places: Sequence[tuple[int, int]], most: int) -> Zones:
    """Return the zones of a text as far as they can touch some places.

    Where no markup goes on from one paragraph to another, those of the paragraphs that the places are in: what begins
    at the margin is no code by its indentation, and belongs to no list.

    Args:
        text: the text.
        places: spans, in order.
        most: how many marks of one kind are looked at.

    Raises:
        TooMuchWork: there are more.
    """
    if len(places) > _FEW or len(text) <= _SHORT or any(text[_line_of(text, start)] in " \t" for start, _ in places):
        return protected_zones(text, most)
    if reaches_far(text):
        return protected_zones(text, most)
    spans: list[tuple[int, int]] = []
    done = -1
    for start, end in places:
        if start < done:
            continue
        begin = text.rfind("\n\n", 0, start)
        begin = 0 if begin == -1 else begin + 2
        if text[begin] in " \t":  # it may go on with a list
            return protected_zones(text, most)
        done = text.find("\n\n", end)
        done = len(text) if done == -1 else done
        zones = protected_zones(text[begin:done], most)
        spans += ((begin + first, begin + last) for first, last in zones.spans())
    return Zones(spans)


def _line_of(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _with_line_feeds(text: str) -> str:
    """Return a text of as many characters, with one kind of line end."""
    return text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text


def _code(text: str, most: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    if "`" in text or "~~~" in text or "    " in text or "\t" in text:
        blocks = read_blocks(text, most)
        spans += blocks.code
        if "`" in text:
            spans += code_spans(text, blocks.inline, most)
    if "<" in text:
        spans += at_most(most, code_elements(text, Zones(spans).touches), "tags")
    spans += at_most(most, sources(text), "blocks of code")
    spans += sessions(text, most)
    if "::" in text:
        spans += at_most(most, literal_blocks(text), "literal blocks")
        if ".. " in text:
            spans += at_most(most, directives(text), "directives")
    return spans


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for match in _HOST.finditer(text):
        start = match.start()
        local = _LOCAL_PART.match(text[max(0, start - _LOCAL_CHARS) : start][::-1])
        if local is not None:
            yield start - local.end(), match.end()
