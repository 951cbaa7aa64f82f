"""Fenced code blocks, also of a chunk that was cut out of the middle of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headgate.terminology.bounds import at_most

__all__ = ["fenced_blocks"]

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_SHORTEST = 3
# How much more an info string (```python) says about a fence than the lines around it: only an opening one has it.
_INFO_WEIGHT = 4


@dataclass(frozen=True, slots=True)
class _Fence:
    """A line that opens or closes a block.

    Attributes:
        start: where the line begins.
        end: where it ends.
        sign: a backtick or a tilde.
        length: how many of them.
        has_info: whether more follows on the line.
        leaning: above zero if the lines around it suggest that it opens a block, below zero if that it closes one.
    """

    start: int
    end: int
    sign: str
    length: int
    has_info: bool
    leaning: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to pair the fences of a text.

    Attributes:
        spans: the blocks.
        score: how well the roles that the fences play suit their surroundings.
        is_open: whether the last block is not closed.
    """

    spans: list[tuple[int, int]]
    score: int
    is_open: bool


def fenced_blocks(text: str, most: int) -> list[tuple[int, int]]:
    """Return the spans of fenced code (CommonMark 0.31, section 4.5); what is not closed runs to the end.

    A chunk may begin within a block. Its first fence then closes, and read the usual way all prose would be code and
    all code prose. So both ways are tried, and the one that suits the lines around the fences better is taken: what
    opens a block usually follows a blank line, a sentence or a colon, and what closes one comes before a blank line
    or a sentence. Where nothing speaks for either way and one fence is left over, the whole text counts as code,
    because an old word in prose does less harm than a new one in code.

    Raises:
        TooMuchWork: there are more than `most` fences.
    """
    fences = _find_fences(text, most)
    if not fences:
        return []
    usual = _read(fences, None, len(text))
    if fences[0].has_info:  # such a fence never closes a block
        return usual.spans
    # How many signs opened it was cut off too, so any number closes it.
    cut = _read(fences, (0, fences[0].sign, _SHORTEST), len(text))
    if cut.score > usual.score:
        return cut.spans
    if usual.is_open and cut.score == usual.score:
        return [(0, len(text))]
    return usual.spans


def _find_fences(text: str, most: int) -> list[_Fence]:
    fences = []
    for match in at_most(most, _FENCE.finditer(text), "fences"):
        start, end = match.span()
        sign, has_info = match[1][0], bool(match[2].strip())
        # With a backtick behind it, it is a code span and no fence (CommonMark 0.31, section 4.5).
        if sign == "~" or "`" not in match[2]:
            fences.append(_Fence(start, end, sign, len(match[1]), has_info, _leaning(text, start, end, has_info)))
    return fences


def _leaning(text: str, start: int, end: int, has_info: bool) -> int:
    before_end = max(0, start - 1)
    before = text[text.rfind("\n", 0, before_end) + 1 : before_end].rstrip()
    after_end = text.find("\n", end + 1)
    after = text[end + 1 : after_end if after_end != -1 else len(text)].rstrip()
    leaning = _INFO_WEIGHT if has_info else 0
    if not before or before.endswith(":"):
        leaning += 1
    if not after:
        leaning -= 1
    return leaning + _is_sentence(before) - _is_sentence(after)


def _is_sentence(line: str) -> bool:
    return line.endswith((".", "!", "?"))


def _read(fences: Sequence[_Fence], opened: tuple[int, str, int] | None, length: int) -> _Reading:
    """Pair the fences, beginning outside of a block or in the block `opened`: where, with which sign, how many."""
    spans: list[tuple[int, int]] = []
    score = 0
    for fence in fences:
        if opened is None:
            opened = (fence.start, fence.sign, fence.length)
            score += fence.leaning
        elif fence.sign == opened[1] and fence.length >= opened[2]:
            if fence.has_info:  # nobody opens a block within a block with the same sign
                score -= _INFO_WEIGHT
                continue
            spans.append((opened[0], fence.end))
            opened = None
            score -= fence.leaning
    if opened is not None:
        spans.append((opened[0], length))
    return _Reading(spans, score, opened is not None)
