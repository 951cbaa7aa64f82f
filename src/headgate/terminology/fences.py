"""Fenced blocks of code that begin at the margin, read by their fences alone (CommonMark 0.31, section 4.5).

What the lines around a fence suggest decides how a chunk is read that may begin within a block: see `read_blocks`.
"""

from __future__ import annotations

import re

from headgate.terminology.bounds import TooMuchWork

__all__ = ["FENCE", "FRONT_MATTER", "INFO_WEIGHT", "SHORTEST", "leaning", "read_fences"]

Span = tuple[int, int]

FENCE = re.compile(r"(`{3,}|~{3,})([^\n]*)")
FRONT_MATTER = re.compile(r"(?:---|\+\+\+)[ \t]*\n[A-Za-z_][\w.-]*[ \t]*[:=]")
INFO_WEIGHT = 4
"""How much more an info string (```python) says about a fence than the lines around it: only an opening one has it."""
SHORTEST = 3

_SIGNS = re.compile(r"`{3,}|~{3,}")
_BEFORE = re.compile(r"(?:[ \t>*+\u2022-]|[^\W_]{1,9}[.)])*")


def _places(text: str) -> list[tuple[int, int]]:
    """Return where signs of a fence are, with the beginnings of their lines."""
    starts = (match.start() for match in _SIGNS.finditer(text))
    return [(text.rfind("\n", 0, start) + 1, start) for start in starts]


def leaning(text: str, start: int, end: int, *, has_info: bool) -> int:
    """Return a number above zero if the lines around a fence suggest that it opens a block, otherwise below it.

    Args:
        text: the text.
        start: where the line of the fence begins.
        end: where it ends.
        has_info: whether something follows its signs.
    """
    before_end = max(0, start - 1)
    before = text[text.rfind("\n", 0, before_end) + 1 : before_end].rstrip()
    after_end = text.find("\n", end + 1)
    after = text[end + 1 : after_end if after_end != -1 else len(text)].rstrip()
    lean = INFO_WEIGHT if has_info else 0
    if not before or before.endswith(":"):
        lean += 1
    if not after:
        lean -= 1
    return lean + _is_sentence(before) - _is_sentence(after)


def _is_sentence(line: str) -> bool:
    return line.endswith((".", "!", "?"))


def read_fences(text: str, most: int) -> list[Span] | None:
    """Return the fenced blocks of a text; None where it takes its other lines to tell them.

    Where all fences begin at the margin no list, quotation or indented block holds one.

    Raises:
        TooMuchWork: there are more than `most`.
    """
    fences: list[re.Match[str]] = []
    for line, start in _places(text):
        if start != line:
            if _BEFORE.fullmatch(text, line, start) is not None:
                return None
            continue
        fence = FENCE.match(text, start)
        if fence is not None:
            fences.append(fence)
            if len(fences) > most:
                raise TooMuchWork(f"more than {most:,} fences")
    if not fences:
        return []
    if "<!--" in text:  # what is in a comment is not a fence
        return None
    usual = _Reading(text, None)
    usual.read(fences)
    if usual.first is None or usual.first[2].strip() or FRONT_MATTER.match(text):
        return usual.spans
    cut = _Reading(text, usual.first[1][0])
    cut.read(fences)
    if cut.score > usual.score:
        return cut.spans
    return [(0, len(text))] if usual.is_open and cut.score == usual.score else usual.spans


class _Reading:
    """One way to read the fences of a text: from its beginning, or as if it began within a block."""

    def __init__(self, text: str, opened: str | None) -> None:
        self._text = text
        self._fence = (0, opened, SHORTEST) if opened is not None else None
        self.spans: list[Span] = []
        self.score = 0
        self.first: re.Match[str] | None = None
        self.is_open = False

    def read(self, fences: list[re.Match[str]]) -> None:
        """Go through the fences."""
        for fence in fences:
            if self._fence is None:
                self._open(fence)
            else:
                self._close(fence, *self._fence)
        if self._fence is not None:
            self.is_open = True
            self.spans.append((self._fence[0], len(self._text)))

    def _open(self, fence: re.Match[str]) -> None:
        signs, info = fence[1], fence[2]
        if signs[0] == "`" and "`" in info:  # a code span
            return
        self.first = self.first or fence
        self._fence = fence.start(), signs[0], len(signs)
        self.score += leaning(self._text, fence.start(), fence.end(), has_info=bool(info.strip()))

    def _close(self, fence: re.Match[str], opened: int, sign: str, length: int) -> None:
        if fence[1][0] != sign or len(fence[1]) < length:
            return
        self.first = self.first or fence
        if fence[2].strip():  # nobody opens a block within a block with the same sign
            self.score -= INFO_WEIGHT
            return
        self.spans.append((opened, fence.end()))
        self._fence = None
        self.score -= leaning(self._text, fence.start(), fence.end(), has_info=False)
