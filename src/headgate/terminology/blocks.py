"""The blocks of a text, line by line: what is code, and which stretches hold inline markup (CommonMark 0.31).

One pass over the lines. Quotations and list items are followed as far as it takes to tell what a line is relative to
them; admonitions, footnotes and directives hold prose as list items do. A chunk may begin within a fenced block, so a
text can be read in two ways: the one that suits the lines around its fences better is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from headgate.terminology.bounds import TooMuchWork
from headgate.terminology.fences import FENCE, FRONT_MATTER, INFO_WEIGHT, SHORTEST, leaning

__all__ = ["Blocks", "read_blocks"]

# Numbered and lettered ones, as far as other markup than CommonMark has them.
_MARKER = re.compile(r"(?:[-*+\u2022]|\d{1,9}[.)]|[A-Za-z][.)])(?=[ \t]|$)")
_UNDERLINE = re.compile(r"(?:-+|=+)[ \t]*$", re.MULTILINE)
# A rule, or what underlines a title.
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|=+[ \t]*)$", re.MULTILINE)
# Whose indented lines are prose: MkDocs' admonitions, footnotes, directives of reStructuredText that hold text.
_HOLDER = re.compile(
    r"(?:!!!|\?\?\?\+?)[ \t]|\[\^[^\]\n]{1,100}\]:|"
    r"\.\.[ \t]+(?!(?:code|code-block|sourcecode|parsed-literal|math|raw|highlight)::)[\w:-]{1,50}::"
)
# The row of a table below its head (GitHub Flavored Markdown 0.29, section 4.10).
_DELIMITERS = re.compile(r"^[ \t>]*(?:\|[ \t]*)?:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*(?:\|[ \t]*)?$", re.MULTILINE)
_CELL_BORDER = re.compile(r"(?<!\\)\||\n")
_HOLDER_COLUMNS = 4
_CODE_COLUMNS = 4
_BLANKS = re.compile(r"[ \t]+")
_TAB = 4
_PARAGRAPHS = 10  # as many of them as of marks of one kind are looked at
_QUOTE = -1
_MOST_CONTAINERS = 50
# A line that is more than the next one of a paragraph, by what it begins with.
_TELLING = re.compile(r"^(?:[\n \t>\-*+\u2022`~#|!?.\[=_0-9]|.[.)]|<!--)", re.MULTILINE)


@dataclass(slots=True)
class Blocks:
    """What the lines of a text are.

    Attributes:
        code: spans of code blocks, in order.
        inline: spans of what holds inline markup: paragraphs, headings, rows of tables.
        score: how well the fences suit their surroundings.
        is_open: whether the last fenced block is not closed.
        first_has_info: whether the first fence can only open a block; None where there is no fence.
        first_sign: what it is made of.
    """

    code: list[tuple[int, int]] = field(default_factory=list)
    inline: list[tuple[int, int]] = field(default_factory=list)
    score: int = 0
    is_open: bool = False
    first_has_info: bool | None = None
    first_sign: str = "`"


def read_blocks(text: str, most: int) -> Blocks:
    """Return the blocks of a text.

    What opens a fenced block usually follows a blank line, a sentence or a colon, and what closes one comes before a
    blank line or a sentence. Where nothing speaks for either way to read a chunk and one fence is left over, the whole
    text counts as code, because an old word in prose does less harm than a new one in code.

    Args:
        text: the text; its lines end with line feeds.
        most: how many fences are looked at.

    Raises:
        TooMuchWork: there are more.
    """
    usual = _Scanner(text, most, None).read()
    # What begins with front matter is the beginning of a page, and of no block.
    if usual.first_has_info is None or usual.first_has_info or FRONT_MATTER.match(text):
        return usual
    # How many signs opened it was cut off too, so any number closes it.
    cut = _Scanner(text, most, (usual.first_sign, SHORTEST)).read()
    if cut.score > usual.score:
        return cut
    if usual.is_open and cut.score == usual.score:
        return Blocks([(0, len(text))])
    return usual


class _Scanner:
    """Reads the lines of a text from the first to the last."""

    def __init__(self, text: str, most: int, opened: tuple[str, int] | None) -> None:
        self._text, self._most, self._fences, self._indented = text, most, 0, 0
        # Where there is no code span, nobody asks what could hold one.
        self._has_spans = "`" in text
        self._found = Blocks()
        # The columns at which the contents of open list items begin; quotations have none.
        self._containers: list[int] = []
        self._fence: tuple[int, str, int] | None = (0, *opened) if opened is not None else None
        self._paragraph = self._code = self._code_end = -1
        self._comment_end = 0
        self._has_comments = "-->" in text

    def read(self) -> Blocks:
        text, start = self._text, 0
        while start < len(text):
            if self._fence is None and not self._containers and self._code < 0:
                # Nearly always a paragraph goes on here, or begins, and has no line that says more.
                telling = _TELLING.search(text, start)
                begin = len(text) if telling is None else telling.start()
                if begin > start:
                    self._paragraph = start if self._paragraph < 0 else self._paragraph
                    start = begin
                    continue
            end = text.find("\n", start)
            end = len(text) if end == -1 else end
            self._read_line(start, end)
            start = max(end, self._comment_end) + 1
        self._end_code()
        self._end_paragraph(len(text))
        if self._fence is not None:
            self._found.is_open = True
            self._found.code.append((self._fence[0], len(text)))
        self._found.code.sort()
        return self._found

    def _read_line(self, start: int, end: int) -> None:
        position, column, base, matched = self._match(start, end)
        if position == end:
            self._read_blank(start, matched)
            return
        if self._fence is not None:
            if matched == len(self._containers):
                self._read_in_fence(start, position, end, column - base)
                return
            # What it is in has ended, and so has it.
            self._found.code.append((self._fence[0], start))
            self._fence = None
        is_unmatched = matched < len(self._containers)
        if is_unmatched and self._paragraph >= 0 and not self._begins_block(position, end, column - base):
            return  # a paragraph goes on without the marks of what holds it
        if is_unmatched:
            self._end_all(start)
            del self._containers[matched:]
        position, column, base = self._open_containers(start, position, end, column, base)
        if position < end:
            self._read_leaf(start, position, end, column, is_deep=column - base >= _CODE_COLUMNS)

    def _match(self, start: int, end: int) -> tuple[int, int, int, int]:
        """Return what is left of a line behind the marks of what it is in.

        Returns:
            Where it begins, in which column, the column from which that counts, and in how many containers it is.
        """
        position, column = _skip_blanks(self._text, start, end, 0)
        base = matched = 0
        for content in self._containers if position < end else ():
            if content == _QUOTE:
                if position == end or self._text[position] != ">" or column - base >= _CODE_COLUMNS:
                    break
                position, column, base = self._behind_quote(position, end, column)
            elif column < content and position < end:
                break
            else:
                base = content
            matched += 1
        return position, column, base, matched

    def _behind_quote(self, position: int, end: int, column: int) -> tuple[int, int, int]:
        base = column + 1
        position, column = _skip_blanks(self._text, position + 1, end, base)
        return position, column, base + (column > base)  # the blank behind the sign belongs to it

    def _read_blank(self, start: int, matched: int) -> None:
        """Read a line without a sign: it ends quotations whose marks it does not have, and paragraphs."""
        self._end_paragraph(start)
        if _QUOTE not in self._containers[matched:]:
            return
        if self._fence is not None:
            self._found.code.append((self._fence[0], start))
            self._fence = None
        self._end_code()
        del self._containers[self._containers.index(_QUOTE, matched) :]

    def _open_containers(self, start: int, position: int, end: int, column: int, base: int) -> tuple[int, int, int]:
        """Open the quotations and list items that begin here, and return what is left of the line."""
        text = self._text
        while position < end and len(self._containers) < _MOST_CONTAINERS and column - base < _CODE_COLUMNS:
            if text[position] == ">":
                self._end_all(start)
                position, column, base = self._behind_quote(position, end, column)
                self._containers.append(_QUOTE)
                continue
            marker = self._marker(position, end, is_interrupting=self._paragraph >= 0)
            if marker is None:
                break
            self._end_all(start)
            width = marker.end() - position
            position, after = _skip_blanks(text, marker.end(), end, column + width)
            blanks = after - column - width
            base = column + width + (blanks if 0 < blanks <= _CODE_COLUMNS else 1)
            self._containers.append(base)
            column = after
        return position, column, base

    def _read_leaf(self, start: int, position: int, end: int, column: int, *, is_deep: bool) -> None:
        """Read what a line holds in the end.

        Args:
            start: where the line begins.
            position: where its content does.
            end: where it ends.
            column: the column of its content.
            is_deep: whether that is indented by four columns or more: code, or more of a paragraph.
        """
        if is_deep:
            if self._paragraph < 0:
                self._code = self._code if self._code >= 0 else (position if self._containers else start)
                self._code_end = end
            return
        self._end_code()
        text, sign = self._text, self._text[position]
        fence = _fence(text, position, end)
        is_title = self._paragraph >= 0 and _UNDERLINE.match(text, position, end) is not None
        if fence is not None:
            self._end_paragraph(start)
            self._open(start, end, fence)
        elif sign in "-*_=" and (is_title or _RULE.match(text, position, end)):
            self._end_paragraph(start)
        elif sign == "#":
            self._end_paragraph(start)
            self._found.inline.append((position, end))
        elif self._has_comments and text.startswith("<!--", position):
            self._end_paragraph(start)
            self._skip_comment(position)
        else:
            if sign in "!?[." and _HOLDER.match(text, position, end) is not None:
                self._end_paragraph(start)
                self._containers.append(column + _HOLDER_COLUMNS - (sign == "."))
            self._paragraph = position if self._paragraph < 0 else self._paragraph

    def _skip_comment(self, position: int) -> None:
        """Go on behind the line in which a comment ends (section 4.6): no mark in it opens a block."""
        text = self._text
        closing = text.find("-->", position + 2)
        if closing == -1:
            self._has_comments = False  # nor does any that follows end
            return
        end = text.find("\n", closing)
        self._comment_end = len(text) if end == -1 else end
        self._found.inline.append((closing, self._comment_end))

    def _begins_block(self, position: int, end: int, indent: int) -> bool:
        if indent >= _CODE_COLUMNS:
            return False
        text = self._text
        sign = text[position]
        if sign in ">#":
            return True
        is_rule = sign in "-*_" and _RULE.match(text, position, end) is not None
        marker = self._marker(position, end, is_interrupting=False)
        return is_rule or marker is not None or _fence(text, position, end) is not None

    def _marker(self, position: int, end: int, *, is_interrupting: bool) -> re.Match[str] | None:
        """Return the mark of a list item; in a paragraph only one that may interrupt it (CommonMark, section 5.2)."""
        text = self._text
        sign = text[position]
        if sign not in "-*+\u2022" and not sign.isalnum():
            return None
        marker = _MARKER.match(text, position, end)
        if marker is None or _RULE.match(text, position, end):
            return None
        if is_interrupting and (marker[0][:-1] not in ("", "1") or not text[marker.end() : end].strip()):
            return None
        return marker

    def _open(self, start: int, end: int, fence: re.Match[str]) -> None:
        self._count_fence()
        has_info = bool(fence[2].strip())
        self._note_first(fence[1][0], has_info=has_info)
        self._fence = start, fence[1][0], len(fence[1])
        self._found.score += leaning(self._text, start, end, has_info=has_info)

    def _read_in_fence(self, start: int, position: int, end: int, indent: int) -> None:
        assert self._fence is not None  # noqa: S101 - whoever calls has looked
        opened, sign, length = self._fence
        fence = FENCE.match(self._text, position, end) if self._text[position] == sign else None
        if fence is None or len(fence[1]) < length or indent >= _CODE_COLUMNS:
            return
        self._count_fence()
        has_info = bool(fence[2].strip())
        self._note_first(fence[1][0], has_info=has_info)
        if has_info:  # nobody opens a block within a block with the same sign
            self._found.score -= INFO_WEIGHT
            return
        self._found.code.append((opened, end))
        self._fence = None
        self._found.score -= leaning(self._text, start, end, has_info=False)

    def _note_first(self, sign: str, *, has_info: bool) -> None:
        if self._found.first_has_info is None:
            self._found.first_has_info, self._found.first_sign = has_info, sign

    def _count_fence(self) -> None:
        self._fences += 1
        if self._fences > self._most:
            raise TooMuchWork(f"more than {self._most:,} fences")

    def _end_all(self, start: int) -> None:
        self._end_code()
        self._end_paragraph(start)

    def _end_code(self) -> None:
        if self._code >= 0:
            self._found.code.append((self._code, self._code_end))
            self._code = -1
            self._indented += 1
            if self._indented > self._most:
                raise TooMuchWork(f"more than {self._most:,} indented blocks")

    def _end_paragraph(self, end: int) -> None:
        if self._paragraph < 0:
            return
        start, self._paragraph = self._paragraph, -1
        if not self._has_spans:
            return
        if len(self._found.inline) > _PARAGRAPHS * self._most:
            raise TooMuchWork(f"more than {_PARAGRAPHS * self._most:,} paragraphs")
        head = self._text.find("\n", start, end)
        if head < 0 or "|" not in self._text[start:head] or _DELIMITERS.match(self._text, head + 1, end) is None:
            self._found.inline.append((start, end))
            return
        for border in _CELL_BORDER.finditer(self._text, start, end):  # no markup goes on in the next cell of a table
            self._found.inline.append((start, border.end()))
            start = border.end()
        self._found.inline.append((start, end))


def _fence(text: str, position: int, end: int) -> re.Match[str] | None:
    """Return what opens a fenced block; with a backtick behind it, it is a code span (CommonMark, section 4.5)."""
    if text[position] not in "`~":
        return None
    fence = FENCE.match(text, position, end)
    return None if fence is None or (text[position] == "`" and "`" in fence[2]) else fence


def _skip_blanks(text: str, position: int, end: int, column: int) -> tuple[int, int]:
    """Return where the next character is that is not a blank, and its column; tabs go to the next multiple of four."""
    blanks = _BLANKS.match(text, position, end)
    if blanks is None:
        return position, column
    if "\t" not in blanks[0]:
        return blanks.end(), column + blanks.end() - position
    for sign in blanks[0]:
        column += 1 if sign == " " else _TAB - column % _TAB
    return blanks.end(), column
