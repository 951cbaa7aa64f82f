"""From matches to edits, and from edits to a text that a second rewriting leaves as it is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.terminology.boundaries import occurs_as_word
from headgate.terminology.bounds import TooMuchWork
from headgate.terminology.concepts import Concept
from headgate.terminology.edits import Edit, Rewrite, apply_edits
from headgate.terminology.folding import fold, fold_alias
from headgate.terminology.fuzzy import NearMisses
from headgate.terminology.matching import Found, Match, Matcher, Reading
from headgate.terminology.mentions import Mentions
from headgate.terminology.wording import article_before, in_case_of

__all__ = ["Ambiguous", "rewrite_text"]

Ambiguous = tuple[int, int, str, tuple[str, ...]]

_NEARBY_CHARS = 200
# Each pass reads the whole text; what has not settled by then has terms that feed one another.
_PASSES = 8
# Not every occurrence becomes an edit: many are canonical already, or in code.
_FINDS_PER_EDIT = 4


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to be done with a text.

    Attributes:
        edits: in order, without overlaps.
        ambiguous: aliases for which nothing decides.
        has_mentions: whether an alias is left alone because of the words around it, which edits may change.
    """

    edits: list[Edit]
    ambiguous: tuple[Ambiguous, ...]
    has_mentions: bool


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
    if len(text) > limits.text_bytes:
        return Rewrite(text, unsettled=f"more than {limits.text_bytes:,} characters")
    try:
        planned = _plan(text, matcher, near_misses, source, limits)
        return _settle(text, planned, matcher, near_misses, source=source, limits=limits)
    except TooMuchWork as error:
        return Rewrite(text, unsettled=error.reason)


def _settle(
    text: str,
    planned: _Planned,
    matcher: Matcher,
    near_misses: NearMisses | None,
    *,
    source: str | None,
    limits: Limits,
) -> Rewrite:
    edits, ambiguous = planned.edits, planned.ambiguous
    is_certain = near_misses is None and not planned.has_mentions
    for _ in range(_PASSES):
        if len(edits) > limits.edits:
            return Rewrite(text, unsettled=f"more than {limits.edits:,} edits")
        rewritten, alignment = apply_edits(text, edits)
        # Only flags: nothing was written, so nothing can follow from it.
        if rewritten == text:
            return Rewrite(text, tuple(edits), ambiguous=ambiguous)
        if is_certain and all(
            matcher.settles(text, edit.start, edit.end, edit.replacement) for edit in edits if edit.changes_text
        ):
            return Rewrite(rewritten, tuple(edits), alignment, ambiguous)
        again = [edit for edit in _plan(rewritten, matcher, near_misses, source, limits).edits if edit.changes_text]
        if not again:
            return Rewrite(rewritten, tuple(edits), alignment, ambiguous)
        edits = _compose(text, rewritten, edits, again)
    return Rewrite(text, unsettled=f"still changing after {_PASSES} passes")


def _plan(text: str, matcher: Matcher, near_misses: NearMisses | None, source: str | None, limits: Limits) -> _Planned:
    most = limits.edits * _FINDS_PER_EDIT
    found = matcher.find(text, source, most)
    mentions = Mentions(text, found.names)
    edits: list[Edit] = []
    ambiguous: list[Ambiguous] = []
    has_mentions = False
    annotated: set[str] = set()
    for match in found.matches:
        written, senses = text[match.start : match.end], match.senses
        if senses.is_canonical(written):
            continue
        if mentions.is_mention(match.start, match.end, senses.names):
            has_mentions = True
            # Whoever defines a name has annotated it.
            annotated.update(senses.names)
            continue
        reading = senses.sole or _decide(text, match)
        if reading is None:
            ambiguous.append((match.start, match.end, written, senses.names))
        elif _applies_there(text, match, reading.concept, is_sole=senses.sole is not None):
            concept = reading.concept
            if concept.mode == "annotate" and concept.canonical in annotated:
                continue
            edit = _edit(text, match.start, match.end, reading, is_titled=matcher.is_titled)
            if concept.mode == "annotate":
                annotated.add(concept.canonical)
            if edit is not None:
                edits.append(edit)
    if near_misses is not None:
        edits += _near_miss_edits(text, near_misses, found, mentions, source=source, most=most)
        edits.sort(key=lambda edit: edit.start)
    return _Planned(edits, tuple(ambiguous), has_mentions)


def _decide(text: str, match: Match) -> Reading | None:
    """Return the reading for which most of the words nearby speak, or None where nothing decides."""
    readings = match.senses.aliases
    votes = _votes(text, match, readings)
    best = max(votes)
    # A tie decides nothing: a wrong term does more harm than an old one.
    if best == 0 or votes.count(best) > 1:
        return None
    return readings[votes.index(best)]


def _votes(text: str, match: Match, readings: Sequence[Reading]) -> list[int]:
    """Count, for each reading, how many of the words that speak for it are nearby."""
    nearby = _Nearby(text, match)
    return [nearby.count((*reading.concept.near, *reading.concept.only_near)) for reading in readings]


def _applies_there(text: str, match: Match, concept: Concept, *, is_sole: bool) -> bool:
    """Return whether the words nearby that a concept asks for are there, and those that it excludes are not."""
    required = concept.only_near or (concept.near if is_sole else ())
    if not (required or concept.unless):
        return True
    nearby = _Nearby(text, match)
    return not nearby.count(concept.unless) and (not required or nearby.count(required) > 0)


class _Nearby:
    """The words around a match."""

    def __init__(self, text: str, match: Match) -> None:
        left, right = max(0, match.start - _NEARBY_CHARS), match.end + _NEARBY_CHARS
        begin = max(0, left - 1)  # one character more on either side shows whether a word at the border goes on there
        # What is matched is no word nearby.
        before, after = fold(text[begin : match.start]), fold(text[match.end : right + 1])
        self._around = f"{before} {after}".replace("\n", " ")
        self._first, self._last = left - begin, len(before) + 1 + right - match.end

    def count(self, words: Sequence[str]) -> int:
        """Return how many of some words are there, as whole words."""
        return sum(occurs_as_word(_folded(word), self._around, self._first, self._last) for word in words)


@lru_cache(maxsize=10_000)
def _folded(word: str) -> str:
    return fold_alias(word)


def _edit(
    text: str, start: int, end: int, reading: Reading, *, is_fuzzy: bool = False, is_titled: bool = False
) -> Edit | None:
    written, concept = text[start:end], reading.concept
    replacement = reading.replacement or concept.canonical
    if concept.mode == "flag":
        return Edit(start, end, written, concept.canonical, "flag", written, is_fuzzy)
    if concept.mode == "annotate":
        note = f" ({replacement})"
        # Annotated already, by whoever wrote it or by the pass before.
        if text.startswith(note, end):
            return None
        return Edit(start, end, written, concept.canonical, "annotate", written + note, is_fuzzy)
    cased = in_case_of(written, reading.alias, replacement, is_common=is_titled)
    if cased == written:
        return None
    article = article_before(text, start, written, cased)
    if article is not None:
        begin, other = article
        return Edit(begin, end, text[begin:end], concept.canonical, "replace", other + cased, is_fuzzy)
    return Edit(start, end, written, concept.canonical, "replace", cased, is_fuzzy)


def _near_miss_edits(
    text: str, near_misses: NearMisses, found: Found, mentions: Mentions, *, source: str | None, most: int
) -> list[Edit]:
    starts = [match.start for match in found.matches]
    ends = [match.end for match in found.matches]
    edits = []
    for start, end, concept, alias in near_misses.find(text, source, most):
        index = bisect_right(starts, end - 1) - 1
        if index >= 0 and ends[index] > start:  # a part of an alias or of a canonical term
            continue
        if mentions.is_mention(start, end, (concept.canonical,)):
            continue
        if near_misses.mode == "flag":
            edits.append(Edit(start, end, text[start:end], concept.canonical, "flag", text[start:end], True))
            continue
        edit = _edit(text, start, end, Reading(concept, None, concept.canonical, alias), is_fuzzy=True)
        if edit is not None:
            edits.append(edit)
    return edits


@dataclass(slots=True)
class _Region:
    """A stretch of a text that was rewritten twice: where it is in the original and in the first result."""

    start: int
    end: int
    wide_start: int
    wide_end: int
    later: list[Edit]


def _compose(text: str, rewritten: str, edits: Sequence[Edit], again: Sequence[Edit]) -> list[Edit]:
    """Return edits of `text` that have the effect of `edits` and, on their result, of `again`."""
    composed = [_compose_region(text, rewritten, region) for region in _regions(text, edits, again)]
    starts = [edit.start for edit in composed]
    kept = [edit for edit in edits if not _overlaps(edit, composed, starts)]
    guessed = [edit for edit in edits if edit.fuzzy]
    guesses = [edit.start for edit in guessed]
    # What rests on a near miss is a near miss itself.
    composed = [replace(edit, fuzzy=True) if _overlaps(edit, guessed, guesses) else edit for edit in composed]
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
