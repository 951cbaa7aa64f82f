"""What was rewritten as a unified diff, made from the edits: it costs one pass, whatever the lines are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["unified_diff"]

_NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that differ: from `start` to before `end` in the original, and the same of the rewritten text."""

    start: int
    end: int
    rewritten_start: int
    rewritten_end: int

    def joined(self, other: _Block) -> _Block:
        return _Block(self.start, other.end, self.rewritten_start, other.rewritten_end)


class _Lines:
    """A text's lines as diff tools count them: only a line feed ends one."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.is_ended = self.lines[-1] == ""
        self._ends = [index for index, character in enumerate(text) if character == "\n"]
        if self.is_ended:
            self.lines.pop()

    def number_at(self, offset: int) -> int:
        return min(bisect_left(self._ends, offset), len(self.lines) - 1)

    def marked(self, mark: str, start: int, end: int) -> Iterator[str]:
        for number in range(start, end):
            yield mark + self.lines[number]
            if number == len(self.lines) - 1 and not self.is_ended:
                yield _NO_NEWLINE


def unified_diff(original: str, rewritten: str, spans: Iterable[tuple[int, int, int, int]], context: int) -> str:
    """Return the unified diff between two texts whose differences are known.

    Args:
        original: the original text.
        rewritten: the rewritten text.
        spans: `(start, end, rewritten_start, rewritten_end)` of every difference, in order.
        context: how many unchanged lines stand around a change.
    """
    before, after = _Lines(original), _Lines(rewritten)
    hunks = _grouped(_blocks(before, after, spans), context)
    lines = [line for hunk in hunks for line in _hunk(before, after, hunk, context)]
    return "\n".join(("--- original", "+++ rewritten", *lines, "")) if lines else ""


def _blocks(before: _Lines, after: _Lines, spans: Iterable[tuple[int, int, int, int]]) -> list[_Block]:
    """Return the lines that differ; edits that share a line are one block."""
    blocks: list[_Block] = []
    for start, end, rewritten_start, rewritten_end in spans:
        block = _Block(
            before.number_at(start),
            before.number_at(end) + 1,
            after.number_at(rewritten_start),
            after.number_at(rewritten_end) + 1,
        )
        if blocks and block.start < blocks[-1].end:
            blocks[-1] = blocks[-1].joined(block)
        else:
            blocks.append(block)
    return blocks


def _grouped(blocks: list[_Block], context: int) -> list[list[_Block]]:
    """Return the blocks by hunk: those whose context meets stand in one."""
    hunks: list[list[_Block]] = []
    for block in blocks:
        if hunks and block.start - hunks[-1][-1].end <= 2 * context:
            hunks[-1].append(block)
        else:
            hunks.append([block])
    return hunks


def _hunk(before: _Lines, after: _Lines, blocks: list[_Block], context: int) -> Iterator[str]:
    lead = min(context, blocks[0].start)
    tail = min(context, len(before.lines) - blocks[-1].end)
    start, end = blocks[0].start - lead, blocks[-1].end + tail
    rewritten_start, rewritten_end = blocks[0].rewritten_start - lead, blocks[-1].rewritten_end + tail
    yield f"@@ -{start + 1},{end - start} +{rewritten_start + 1},{rewritten_end - rewritten_start} @@"
    position = start
    for block in blocks:
        yield from before.marked(" ", position, block.start)
        yield from before.marked("-", block.start, block.end)
        yield from after.marked("+", block.rewritten_start, block.rewritten_end)
        position = block.end
    yield from before.marked(" ", position, end)
