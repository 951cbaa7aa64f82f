"""Marks of emphasis within a term: of `**Project** Otter` they go with the words that they were for."""

from __future__ import annotations

import re

__all__ = ["with_its_marks"]

_STARS = re.compile(r"\*+")
_MOST_STARS = 3


def with_its_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a term with the marks of emphasis that belong to it; an empty one where they do not pair.

    Of `**Project Otter**` the marks stay. Those of `*Project* **Otter**` go: each was for a part of the term only.
    """
    trimmed = end - (len(text[start:end]) - len(text[start:end].rstrip("*")))
    before, behind = text[max(0, start - _MOST_STARS) : start], text[trimmed : trimmed + _MOST_STARS]
    outer_left = len(before) - len(before.rstrip("*"))
    outer_right = len(behind) - len(behind.lstrip("*"))
    closed, opened = _unpaired(text, start, trimmed, outer_left)
    if closed > outer_left or opened > outer_right:
        return start, start
    if closed == opened:  # `**Project** **Otter**`: what is around them pairs
        return start, trimmed
    return start - closed, trimmed + opened


def _unpaired(text: str, start: int, end: int, outer: int) -> tuple[int, int]:
    """Return how many stars within a span close what is opened before it, and how many are closed only behind it.

    Args:
        text: the text.
        start: where the span begins.
        end: where it ends.
        outer: how many stars are directly before it.
    """
    closed, opened = 0, 0
    for run in _STARS.finditer(text, start, end):
        count = run.end() - run.start()
        may_open = text[run.end() : run.end() + 1].isalnum()
        may_close = text[run.start() - 1 : run.start()].isalnum()
        if may_close and (opened or not may_open or closed + count <= outer):
            closed += max(0, count - opened)
            opened = max(0, opened - count)
        else:
            opened += count
    return closed, opened
