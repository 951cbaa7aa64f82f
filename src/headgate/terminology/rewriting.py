"""From matches to edits, and from edits to a text that a second rewriting leaves as it is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.terminology.concepts import Concept
from headgate.terminology.edits import Edit, Rewrite, apply_edits
from headgate.terminology.folding import fold
from headgate.terminology.fuzzy import NearMisses
from headgate.terminology.matching import Match, Matcher, Reading, TooManyMatches

__all__ = ["Ambiguous", "rewrite_text"]

Ambiguous = tuple[int, int, str, tuple[str, ...]]

_NEARBY_CHARS = 200
_PASSES = 8
_FINDS_PER_EDIT = 4


@dataclass(frozen=True, slots=True)
class _Found:
    edits: list[Edit]
    ambiguous: tuple[Ambiguous, ...]


def rewrite_text(
    text: str,
    matcher: Matcher,
    near_misses: NearMisses | None,
    source: str | None,
    limits: Limits = DEFAULT_LIMITS,
) -> Rewrite:
    """Return `text` in canonical terms, such that rewriting the result changes nothing more.

    A canonical term may form an alias together with its neighbours. Then the result is rewritten again, until it
    stays; a text that does not settle is left as it was, and says so.
    """
    most = limits.edits * _FINDS_PER_EDIT
    try:
        found = _find(text, matcher, near_misses, source, most)
        return _settle(text, found, matcher, near_misses, source, limits)
    except TooManyMatches:
        return Rewrite(text, unsettled=f"more than {most:,} occurrences")


def _settle(
    text: str,
    found: _Found,
    matcher: Matcher,
    near_misses: NearMisses | None,
    source: str | None,
    limits: Limits,
) -> Rewrite:
    edits, most = found.edits, limits.edits * _FINDS_PER_EDIT
    for _ in range(_PASSES):
        if len(edits) > limits.edits:
            return Rewrite(text, unsettled=f"more than {limits.edits:,} edits")
        rewritten, alignment = apply_edits(text, edits)
        if rewritten == text:
            return Rewrite(text, tuple(edits), ambiguous=found.ambiguous)
        if near_misses is None and all(
            matcher.settles(text, edit.start, edit.end, edit.replacement) for edit in edits if edit.changes_text
        ):
            return Rewrite(rewritten, tuple(edits), alignment, found.ambiguous)
        again = [edit for edit in _find(rewritten, matcher, near_misses, source, most).edits if edit.changes_text]
        if not again:
            return Rewrite(rewritten, tuple(edits), alignment, found.ambiguous)
        edits = _compose(text, rewritten, edits, again)
    return Rewrite(text, unsettled=f"still changing after {_PASSES} passes")


def _find(text: str, matcher: Matcher, near_misses: NearMisses | None, source: str | None, most: int) -> _Found:
    edits: list[Edit] = []
    ambiguous: list[Ambiguous] = []
    matches = matcher.find(text, source, most)
    for match in matches:
        reading = _decide(text, match)
        if reading is None:
            names = tuple(sorted({reading.concept.canonical for reading in match.readings}))
            ambiguous.append((match.start, match.end, text[match.start : match.end], names))
        elif reading.replacement is not None:
            edit = _edit(text, match.start, match.end, reading.concept, reading.replacement, reading.alias)
            if edit is not None:
                edits.append(edit)
    if near_misses is not None:
        edits += _find_near_misses(text, near_misses, matches, source)
        edits.sort(key=lambda edit: edit.start)
    return _Found(edits, tuple(ambiguous))


def _decide(text: str, match: Match) -> Reading | None:
    """Return the reading that applies, or None where nothing decides."""
    written = text[match.start : match.end]
    for reading in match.readings:
        if reading.replacement is None and (
            len(match.readings) == 1 or written == reading.concept.canonical or not _is_case_alias(match, reading)
        ):
            return reading
    readings = [reading for reading in match.readings if reading.replacement is not None]
    if len({reading.replacement for reading in readings}) == 1:
        return readings[0]
    around = fold(text[max(0, match.start - _NEARBY_CHARS) : match.end + _NEARBY_CHARS])
    votes = [sum(fold(word) in around for word in reading.concept.near) for reading in readings]
    best = max(votes)
    if best == 0 or votes.count(best) > 1:
        return None
    return readings[votes.index(best)]


def _is_case_alias(match: Match, kept: Reading) -> bool:
    """Whether the concept also lists its canonical term in another case, so that spellings are normalised."""
    return any(
        reading.replacement is not None and reading.concept.canonical == kept.concept.canonical
        for reading in match.readings
    )


def _edit(
    text: str, start: int, end: int, concept: Concept, replacement: str, alias: str, *, fuzzy: bool = False
) -> Edit | None:
    written = text[start:end]
    if concept.mode == "flag":
        return Edit(start, end, written, concept.canonical, "flag", written, fuzzy)
    if concept.mode == "annotate":
        note = f" ({replacement})"
        if text.startswith(note, end):
            return None
        return Edit(start, end, written, concept.canonical, "annotate", written + note, fuzzy)
    cased = _in_case_of(written, alias, replacement)
    if cased == written:
        return None
    return Edit(start, end, written, concept.canonical, "replace", cased, fuzzy)


def _in_case_of(written: str, alias: str, replacement: str) -> str:
    """Begin a lower-case term with a capital where the alias was capitalised, as at the start of a sentence."""
    if replacement.islower() and alias[:1].islower() and written[:1].isupper():
        return replacement[:1].upper() + replacement[1:]
    return replacement


def _find_near_misses(text: str, near_misses: NearMisses, matches: Sequence[Match], source: str | None) -> list[Edit]:
    starts = [match.start for match in matches]
    ends = [match.end for match in matches]
    edits = []
    for start, end, concept, alias in near_misses.find(text, source):
        index = bisect_right(starts, end - 1) - 1
        if index >= 0 and ends[index] > start:
            continue
        if near_misses.mode == "flag":
            edits.append(Edit(start, end, text[start:end], concept.canonical, "flag", text[start:end], True))
            continue
        edit = _edit(text, start, end, concept, concept.canonical, alias, fuzzy=True)
        if edit is not None:
            edits.append(edit)
    return edits


def _compose(text: str, rewritten: str, edits: Sequence[Edit], again: Sequence[Edit]) -> list[Edit]:
    """Return edits of `text` that have the effect of `edits` and, on their result, of `again`."""
    _, alignment = apply_edits(text, edits)
    composed: list[Edit] = []
    for later in again:
        start, end = alignment.to_original(later.start, later.end)
        wide_start, wide_end = alignment.to_rewritten(start, end)
        replacement = rewritten[wide_start : later.start] + later.replacement + rewritten[later.end : wide_end]
        if composed and start < composed[-1].end:
            # Two later edits within one earlier one: both belong to its place.
            last = composed.pop()
            replaced_until = alignment.to_rewritten(last.start, last.end)[1]
            tail = replaced_until - later.start
            replacement = (last.replacement[:-tail] if tail else last.replacement) + later.replacement
            replacement += rewritten[later.end : max(wide_end, replaced_until)]
            start, end = last.start, max(end, last.end)
        composed.append(Edit(start, end, text[start:end], later.canonical, later.mode, replacement, later.fuzzy))
    starts = [edit.start for edit in composed]
    kept = [edit for edit in edits if not _overlaps(edit, composed, starts)]
    guessed = [edit for edit in edits if edit.fuzzy]
    guesses = [edit.start for edit in guessed]
    # What rests on a near miss is a near miss itself.
    composed = [replace(edit, fuzzy=True) if _overlaps(edit, guessed, guesses) else edit for edit in composed]
    return sorted((*kept, *composed), key=lambda edit: edit.start)


def _overlaps(edit: Edit, others: Sequence[Edit], starts: Sequence[int]) -> bool:
    index = bisect_left(starts, edit.end) - 1
    return index >= 0 and others[index].end > edit.start
