"""What is left alone in a text as a whole: code, markup, URLs and e-mail addresses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from headgate.terminology.blocks import read_blocks
from headgate.terminology.bounds import at_most
from headgate.terminology.directives import directives, literal_blocks
from headgate.terminology.fences import read_fences
from headgate.terminology.fields import comments_of_rest
from headgate.terminology.formulas import formulas
from headgate.terminology.inline import code_spans, templates
from headgate.terminology.keys import front_matter
from headgate.terminology.marks import Lines
from headgate.terminology.programs import may_have_scripts, scripts, sessions, sources
from headgate.terminology.references import labels
from headgate.terminology.spans import Zones, signs_of
from headgate.terminology.tags import code_elements, comments, holds_code, tags

__all__ = ["Protected", "code_zones"]

Span = tuple[int, int]

_SHORT = 500
_BLANKS, _FRONT = frozenset(" \t\n"), frozenset("-+\ufeff")
_LONG_TEMPLATES = ("{{", "{%", "{#", "<%")


class Protected:
    """Tells of places in a text whether they are left alone; asked from left to right, it reads nothing twice.

    Code and markup, keys, URLs and e-mail addresses are left alone. Markdown, HTML, reStructuredText, LaTeX, AsciiDoc,
    Org, templates, JSON, YAML and front matter are told by their own marks, whatever the text is said to be.

    Only what could reach a place is read: its line, the paragraphs that it goes on from, and what may be opened far
    before it. What begins at the margin behind a blank line is not code by its indentation, and belongs to no list; so
    a window that begins there tells as much as the whole text.

    Args:
        text: the text.
        most: how many marks of one kind are looked at.
        is_whole: whether the window is the text, as where most of it will be asked about.

    Attributes:
        most: as given.
        has_hidden_fences: whether its blocks are told only by reading it from its first line on.
        has_long_templates: whether it may hold templates of several paragraphs.
        has_definitions: whether it may define labels of links.
    """

    def __init__(self, text: str, most: int, *, is_whole: bool = False) -> None:
        self._text = text = _with_line_feeds(text)
        self.most = most
        self._lines = Lines(text, most)
        self._is_whole = is_whole or len(text) <= _SHORT
        signs = self._signs = signs_of(text)
        # None where lists or quotations may hold some of them.
        has_fences = ("```" in signs and "```" in text) or ("~~~" in signs and "~~~" in text)
        self._fences = read_fences(text, most) if has_fences else []
        self.has_hidden_fences = self._fences is None
        self.has_long_templates = any(mark in signs for mark in _LONG_TEMPLATES)
        self.has_definitions = "]:" in signs
        self._window = _Window("", 0, self)
        self._far: Zones | None = None
        self._has_far = False

    def touches(self, start: int, end: int) -> bool:
        """Return whether a span shares a character with what is left alone.

        Raises:
            TooMuchWork: there are more marks of one kind than `most` around it.
        """
        if self._lines.touches(start, end):
            return True
        if not self._has_far:
            self._has_far = True
            spans = self._far_spans()
            self._far = Zones(spans) if spans else None
        if self._far is not None and self._far.touches(start, end):
            return True
        window = self._window
        if not window.begin <= start < end <= window.end:
            window = self._window = self._window_around(start, end)
        return window.touches(start - window.begin, end - window.begin)

    def _window_around(self, start: int, end: int) -> _Window:
        text = self._text
        if self._is_whole:
            return _Window(text, 0, self)
        first, last = self._between_fences(start)
        begin = start
        while begin > first:
            begin = text.rfind("\n\n", first, begin)
            # What is indented may go on with a list or a block, or be code; a blank line more tells nothing.
            if begin == -1 or text[begin + 2 : begin + 3] not in _BLANKS:
                break
        begin = begin + 2 if begin > first else first
        finish = text.find("\n\n", end, last)
        return _Window(text[begin : finish if finish >= 0 else last], begin, self)

    def _between_fences(self, position: int) -> Span:
        """Return the stretch around a place that holds no fenced block."""
        before = bisect_right(self._fences or (), (position, len(self._text)))
        first = self._fences[before - 1][1] if self._fences and before else 0
        last = self._fences[before][0] if self._fences and before < len(self._fences) else len(self._text)
        return min(first, position), max(last, position)

    def _far_spans(self) -> list[Span]:
        """Return what may be opened in one paragraph and closed in another one, or tells something of all of them."""
        text, most = self._text, self.most
        spans: list[Span] = []
        signs = self._signs
        has_elements = "<" in signs and holds_code(text)
        has_comments = "<!" in signs or "<?" in signs or "{/*" in signs
        if has_comments:
            spans += _code(text, most)
            spans += at_most(most, comments(text, Zones(spans).touches), "comments")
        else:
            if self.has_hidden_fences or has_elements:
                spans += _blocks(text, most)
            else:
                spans += self._fences or ()
            if has_elements:
                spans += at_most(most, code_elements(text, Zones(spans).touches), "tags")
            spans += at_most(most, sources(text, signs), "blocks of code")
        if self.has_long_templates:
            spans += at_most(most, templates(text), "templates")
        if self.has_definitions:
            spans += at_most(most, labels(text), "labels")
        if text[:1] in _FRONT:
            spans += at_most(most, front_matter(text), "keys")
        return spans


class _Window:
    """A stretch of a text, and what is left alone in it; places are given from its beginning."""

    def __init__(self, text: str, begin: int, of: Protected) -> None:
        self.begin, self.end = begin, begin + len(text)
        self._text, self._of = text, of
        last = self._last_tick = text.rfind("`")
        self._first_tick = text.find("`") if last >= 0 else len(text)
        # The line that was asked about last, and where it has blanks that may make code of what follows.
        self._line = (-1, -1, -1)
        self._code: Zones | None = None
        self._marks: Zones | None = None
        self._is_read = False

    def touches(self, start: int, end: int) -> bool:
        """Return whether a span shares a character with code or markup."""
        if not self._is_read:
            self._is_read = True
            spans = list(at_most(self._of.most, self._mark_spans(), "marks of markup"))
            self._marks = Zones(spans) if spans else None
        if self._marks is not None and self._marks.touches(start, end):
            return True
        if self._of.has_hidden_fences or not self._may_be_code(start, end):
            return False
        if self._code is None:
            self._code = Zones(_blocks(self._text, self._of.most))
        return self._code.touches(start, end)

    def _may_be_code(self, start: int, end: int) -> bool:
        text, line = self._text, self._line
        if self._first_tick < start and end <= self._last_tick:
            return True
        if not line[0] <= start <= line[1]:
            begin, finish = text.rfind("\n", 0, start) + 1, text.find("\n", start)
            finish = len(text) if finish < 0 else finish
            wide, tab = text.find("    ", begin, finish), text.find("\t", begin, finish)
            indented = min(finish if wide < 0 else wide, finish if tab < 0 else tab)
            line = self._line = begin, finish, indented
        return line[2] < start

    def _mark_spans(self) -> Iterator[Span]:
        text, of = self._text, self._of
        if "<" in text:
            yield from tags(text)
        if "{" in text and not of.has_long_templates:
            yield from templates(text)
        if "::" in text:
            yield from literal_blocks(text)
            if ".. " in text:
                yield from directives(text)
        if ".." in text:
            yield from comments_of_rest(text)
        if "\\" in text or "$$" in text:
            yield from formulas(text)
        if "][" in text and not of.has_definitions:
            yield from labels(text)
        if may_have_scripts(text):
            yield from scripts(text)


def code_zones(text: str, most: int) -> Zones:
    """Return the code of a text alone: blocks, spans, elements and sessions.

    Raises:
        TooMuchWork: there is more of one kind than `most`.
    """
    return Zones(_code(_with_line_feeds(text), most))


def _with_line_feeds(text: str) -> str:
    """Return a text of as many characters, with one kind of line end."""
    return text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text


def _blocks(text: str, most: int) -> Iterator[Span]:
    """Yield code by its fences, its indentation or its backticks."""
    blocks = read_blocks(text, most)
    yield from blocks.code
    if "`" in text:
        yield from code_spans(text, blocks.inline, most)


def _code(text: str, most: int) -> list[Span]:
    spans = list(_blocks(text, most))
    if "<" in text:
        spans += at_most(most, code_elements(text, Zones(spans).touches), "tags")
    spans += at_most(most, sources(text, signs_of(text)), "blocks of code")
    spans += at_most(most, sessions(text), "sessions")
    if "::" in text:
        spans += at_most(most, literal_blocks(text), "literal blocks")
        if ".. " in text:
            spans += at_most(most, directives(text), "directives")
    return spans
