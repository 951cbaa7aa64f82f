"""Rewrite: a text in canonical terms, with the way back to the original."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from headgate.display import Displayed
from headgate.terminology.differences import unified_diff

__all__ = ["Alignment", "Definitions", "Edit", "EditMode", "Rewrite", "apply_edits", "undo_edits"]

Definitions = Mapping[str, frozenset[str]]
EditMode = Literal["replace", "annotate", "flag"]


class Edit(NamedTuple):
    """One occurrence of an alias.

    Attributes:
        start: where it begins in the original text, in code points (`Offsets` has other units).
        end: where it ends in the original text.
        alias: the original text between the two.
        canonical: the canonical term.
        mode: `replace`, `annotate` or `flag`; a flagged alias stays as it is.
        replacement: what is there now.
        fuzzy: True when it is a near miss of an alias rather than an alias.
    """

    start: int
    end: int
    alias: str
    canonical: str
    mode: EditMode
    replacement: str
    fuzzy: bool = False

    @property
    def changes_text(self) -> bool:
        """Whether the rewritten text differs here."""
        return self.replacement != self.alias


class Alignment:
    """Offsets in a rewritten text and in its original, mapped both ways.

    A position inside an edit has no counterpart of its own: spans are widened to the whole edit, so that what is
    cited is never less than what was meant.

    Args:
        spans: `(start, end, rewritten_start, rewritten_end)` of every edit that changed the text, in order.
    """

    __slots__ = ("_ends", "_rewritten_ends", "_rewritten_starts", "_starts")

    def __init__(self, spans: Sequence[tuple[int, int, int, int]]) -> None:
        self._starts = [span[0] for span in spans]
        self._ends = [span[1] for span in spans]
        self._rewritten_starts = [span[2] for span in spans]
        self._rewritten_ends = [span[3] for span in spans]

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text behind a span of the rewritten text."""
        return _map_span(start, end, (self._rewritten_starts, self._rewritten_ends), (self._starts, self._ends))

    def to_rewritten(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the rewritten text that takes the place of a span of the original text."""
        return _map_span(start, end, (self._starts, self._ends), (self._rewritten_starts, self._rewritten_ends))

    @property
    def spans(self) -> tuple[tuple[int, int, int, int], ...]:
        """`(start, end, rewritten_start, rewritten_end)` of every edit that changed the text, in order."""
        return tuple(zip(self._starts, self._ends, self._rewritten_starts, self._rewritten_ends, strict=True))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Alignment):
            return NotImplemented
        return (self._starts, self._ends, self._rewritten_starts, self._rewritten_ends) == (
            *(other._starts, other._ends, other._rewritten_starts, other._rewritten_ends),
        )

    __hash__ = None  # type: ignore[assignment]  # a value with lists inside


@dataclass(frozen=True, slots=True)
class Rewrite(Displayed):
    """What became of a text.

    Attributes:
        text: the rewritten text.
        edits: every alias found, in order, with offsets in the original text.
        alignment: the mapping of offsets between the two texts.
        ambiguous: aliases that were left alone because nothing decided what they stand for:
            `(start, end, alias, candidates)`.
        unsettled: why the text was left as it is, if rewriting had to be given up.
        definitions: what the text itself says that short forms stand for: the canonical terms, by the folded short
            form; none where it is something that no canonical term names.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    alignment: Alignment = field(default_factory=lambda: Alignment(()))
    ambiguous: tuple[tuple[int, int, str, tuple[str, ...]], ...] = ()
    unsettled: str | None = None
    definitions: Definitions = field(default_factory=dict)

    @property
    def original(self) -> str:
        """The text as it was."""
        changed = (edit for edit in self.edits if edit.changes_text)
        return undo_edits(self.text, ((*self.to_rewritten(edit.start, edit.end), edit.alias) for edit in changed))

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text behind `start:end` of the rewritten text."""
        return self.alignment.to_original(start, end)

    def to_rewritten(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the rewritten text that takes the place of `start:end` of the original text."""
        return self.alignment.to_rewritten(start, end)

    def diff(self, context: int = 3) -> str:
        """Return what was rewritten as a unified diff from the original; empty if the text is as it was.

        Args:
            context: how many unchanged lines stand around a change.

        Raises:
            ValueError: if `context` is negative.
        """
        if context < 0:
            raise ValueError(f"context is {context}; it is a number of lines, 0 or more")
        return unified_diff(self.original, self.text, self.alignment.spans, context)


def undo_edits(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """Return a rewritten text as it was.

    Args:
        text: the rewritten text.
        edits: start and end in it, and what the original has there; in order, without overlaps.
    """
    parts: list[str] = []
    position = 0
    for start, end, original in edits:
        parts += [text[position:start], original]
        position = end
    return "".join((*parts, text[position:]))


def apply_edits(text: str, edits: Sequence[Edit]) -> tuple[str, Alignment]:
    """Return `text` with `edits` applied, and the alignment between the two.

    Args:
        text: the original text.
        edits: in order, without overlaps.
    """
    parts: list[str] = []
    spans: list[tuple[int, int, int, int]] = []
    position = length = 0
    for edit in edits:
        if not edit.changes_text:
            continue
        parts.append(text[position : edit.start])
        parts.append(edit.replacement)
        rewritten_start = length + edit.start - position
        length = rewritten_start + len(edit.replacement)
        spans.append((edit.start, edit.end, rewritten_start, length))
        position = edit.end
    parts.append(text[position:])
    return "".join(parts), Alignment(spans)


_Spans = tuple[list[int], list[int]]
"""Where the edits begin and where they end, in one of the two texts."""


def _map_span(start: int, end: int, spans: _Spans, to_spans: _Spans) -> tuple[int, int]:
    if end < start or start < 0:
        raise ValueError(f"not a span: {start}:{end}")
    return _map_start(start, spans, to_spans), _map_end(end, start, spans, to_spans)


def _map_start(position: int, spans: _Spans, to_spans: _Spans) -> int:
    (starts, ends), (to_starts, to_ends) = spans, to_spans
    index = bisect_right(starts, position) - 1  # the last edit that begins at or before the position
    if index < 0:
        return position
    if position < ends[index]:
        return to_starts[index]
    return to_ends[index] + position - ends[index]


def _map_end(position: int, start: int, spans: _Spans, to_spans: _Spans) -> int:
    (starts, ends), (_, to_ends) = spans, to_spans
    if position == start:  # an empty span stays empty
        return _map_start(position, spans, to_spans)
    index = bisect_left(starts, position) - 1  # the last edit that begins before the end
    if index < 0:
        return position
    return to_ends[index] + max(0, position - ends[index])
