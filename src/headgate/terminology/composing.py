"""Two rewritings, one after the other, as one: its edits, and the way back to the original."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from headgate.terminology.edits import Edit, Rewrite, apply_edits

__all__ = ["compose_edits", "compose_rewrites"]


def compose_rewrites(text: str, first: Rewrite, second: Rewrite) -> Rewrite:
    """Return what two rewritings make of a text.

    Args:
        text: the text.
        first: what the first one made of it.
        second: what the second one made of the result.
    """
    edits = tuple(compose_edits(text, first.text, first.edits, second.edits))
    rewritten, alignment = apply_edits(text, edits)
    ambiguous = tuple((*first.to_original(start, end), alias, names) for start, end, alias, names in second.ambiguous)
    return Rewrite(rewritten, edits, alignment, ambiguous, second.unsettled, second.definitions)


@dataclass(slots=True)
class _Region:
    """A stretch of a text that was rewritten twice: where it is in the original and in the first result."""

    start: int
    end: int
    wide_start: int
    wide_end: int
    later: list[Edit]


def compose_edits(text: str, rewritten: str, edits: Sequence[Edit], again: Sequence[Edit]) -> list[Edit]:
    """Return edits of a text that have the effect of some and, on their result, of others.

    Args:
        text: the text.
        rewritten: what the first edits make of it.
        edits: the first.
        again: the others.
    """
    composed = [_compose_region(text, rewritten, region) for region in _regions(text, edits, again)]
    starts = [edit.start for edit in composed]
    kept = [edit for edit in edits if not _overlaps(edit, composed, starts)]
    guessed = [edit for edit in edits if edit.fuzzy]
    guesses = [edit.start for edit in guessed]
    # What rests on a near miss is a near miss itself.
    composed = [edit._replace(fuzzy=True) if _overlaps(edit, guessed, guesses) else edit for edit in composed]
    return sorted((*kept, *composed), key=lambda edit: edit.start)


def _regions(text: str, edits: Sequence[Edit], again: Sequence[Edit]) -> list[_Region]:
    """Group later edits by the earlier ones that they touch; what shares an earlier edit is one region."""
    _, alignment = apply_edits(text, edits)
    regions: list[_Region] = []
    for later in again:
        start, end = alignment.to_original(later.start, later.end)
        wide_start, wide_end = alignment.to_rewritten(start, end)
        if regions and start < regions[-1].end:
            last = regions[-1]
            last.end, last.wide_end = max(end, last.end), max(wide_end, last.wide_end)
            last.later.append(later)
        else:
            regions.append(_Region(start, end, wide_start, wide_end, [later]))
    return regions


def _compose_region(text: str, rewritten: str, region: _Region) -> Edit:
    parts: list[str] = []
    position = region.wide_start
    for later in region.later:
        parts += (rewritten[position : later.start], later.replacement)
        position = later.end
    parts.append(rewritten[position : region.wide_end])
    last = region.later[-1]
    return Edit(
        region.start,
        region.end,
        text[region.start : region.end],
        last.canonical,
        last.mode,
        "".join(parts),
        any(later.fuzzy for later in region.later),
    )


def _overlaps(edit: Edit, others: Sequence[Edit], starts: Sequence[int]) -> bool:
    index = bisect_left(starts, edit.end) - 1
    return index >= 0 and others[index].end > edit.start
