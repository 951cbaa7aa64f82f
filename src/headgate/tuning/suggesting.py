"""How often a source has to be verified: what its history of change says, with the share that would be out of date.

What is suggested is `verified_within` and not `max_age`: whether a document was changed lately says little about
whether it is about to be, and old documents are the ones that change least.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from headgate.display import Printable
from headgate.encoding import in_number
from headgate.policy.durations import format_duration
from headgate.tuning.lives import History, Life

__all__ = ["INTERVALS", "Interval", "Suggestion", "suggest_verification"]

_DAY = timedelta(days=1)
INTERVALS = tuple(_DAY * days for days in (0.25, 1, 2, 3, 7, 14, 30, 60, 90, 180, 365))
"""The intervals that are tried."""

_FEWEST_CHANGES, _FEWEST_DOCUMENTS = 30, 10
# An interval that the history does not hold a few times over is not known.
_TIMES_OVER = 3
_RESAMPLES = 200
_QUANTILE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """What verifying every so often would mean.

    Attributes:
        within: how long ago a document was verified at most.
        share: the share of documents that was changed or removed since, at the end of that time.
        at_most: the same with a certainty of 95%, resampled over documents.
    """

    within: timedelta
    share: float
    at_most: float

    def to_dict(self) -> dict[str, object]:
        """Return the interval as plain JSON values."""
        days = self.within / _DAY
        return {"within": format_duration(self.within), "days": days, "share": self.share, "at_most": self.at_most}


@dataclass(frozen=True, slots=True, repr=False)
class Suggestion(Printable):
    """How often a source has to be verified.

    Attributes:
        budget: the share of documents that may be out of date.
        within: the longest interval that keeps to the budget; None where nothing is suggested.
        why: the reasoning, in a sentence or two.
        intervals: what each interval would mean.
        documents: how many documents the history has.
        changes: how many changes are evidence.
        bulk_changes: how many changes are none, because very many documents had them at once.
        span: how long the history is.
    """

    budget: float
    within: timedelta | None
    why: str
    intervals: tuple[Interval, ...]
    documents: int
    changes: int
    bulk_changes: int
    span: timedelta

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {
            "verified_within": format_duration(self.within) if self.within is not None else None,
            "why": self.why,
            "budget": self.budget,
            "documents": self.documents,
            "changes": self.changes,
            "bulk_changes": self.bulk_changes,
            "span_days": round(self.span / _DAY, 1),
            "intervals": [one.to_dict() for one in self.intervals],
        }

    def plot(self, axes: Any = None) -> Any:
        """Draw the share that is out of date against the interval, through matplotlib.

        Raises:
            HeadgateError: matplotlib is not installed.
        """
        from headgate.tuning.plots import plot_suggestion

        return plot_suggestion(self, axes)


def suggest_verification(history: History, budget: float = 0.05) -> Suggestion:
    """Return the longest interval at which few enough documents are out of date; nothing where too little is known.

    Args:
        history: what happened to the documents.
        budget: the share of documents that may be out of date when they are verified again.
    """
    lives = [life for life in history.lives if (life.until or history.end) > life.since]
    known = [within for within in INTERVALS if within * _TIMES_OVER <= history.span]
    # The dice are the same each time: the same history gives the same advice.
    samples = _samples(len(lives))
    intervals = tuple(_interval(lives, history, within, samples) for within in known)
    within = _choose(intervals, budget)
    reason = _too_little(history, len(lives))
    why = reason or _reasoning(intervals, within, budget)
    if history.is_of_last_changes and reason is None:
        why += " Of each document the last change alone is known: each time is looked at once, up to the last change."
    if history.bulk_changes:
        at_once = in_number(history.bulk_events, "commit")
        why += f" {history.bulk_changes:,} changes in {at_once} touched so many documents that they say nothing."
    return Suggestion(
        budget=budget,
        within=within if reason is None else None,
        why=why,
        intervals=intervals,
        documents=len(lives),
        changes=history.changes,
        bulk_changes=history.bulk_changes,
        span=history.span,
    )


def _too_little(history: History, documents: int) -> str | None:
    if documents < _FEWEST_DOCUMENTS or history.changes < _FEWEST_CHANGES:
        return (
            f"{in_number(history.changes, 'change')} of {in_number(documents, 'document')} are too few to tell; "
            f"at least {_FEWEST_CHANGES} of {_FEWEST_DOCUMENTS} are wanted."
        )
    return None


def _choose(intervals: Sequence[Interval], budget: float) -> timedelta | None:
    return max((one.within for one in intervals if one.at_most <= budget), default=None)


def _reasoning(intervals: Sequence[Interval], within: timedelta | None, budget: float) -> str:
    if not intervals:
        return "The history is too short for any interval."
    if within is None:
        first = intervals[0]
        return (
            f"Verified every {format_duration(first.within)}, {first.share:.1%} would be out of date already, more "
            f"than {budget:.0%}: ask the origin, or follow a feed of it."
        )
    chosen = next(one for one in intervals if one.within == within)
    said = (
        f"Verified every {format_duration(within)}, {chosen.share:.1%} of the documents would be out of date at the "
        f"end of that time, and with a certainty of 95% no more than {chosen.at_most:.1%}."
    )
    longer = next((one for one in intervals if one.within > within), None)
    if longer is None:
        return said + " The history is too short to say anything about longer times."
    return said + f" After {format_duration(longer.within)} it would be {longer.share:.1%}."


def _interval(lives: Sequence[Life], history: History, within: timedelta, samples: Sequence[list[int]]) -> Interval:
    weighed = [_exposure(life, history, within) for life in lives]
    changed, total = sum(pair[0] for pair in weighed), sum(pair[1] for pair in weighed)
    shares = sorted(
        _ratio(sum(weighed[number][0] for number in sample), sum(weighed[number][1] for number in sample))
        for sample in samples
    )
    most = shares[math.ceil(_QUANTILE * len(shares)) - 1] if shares else 0.0
    share = _ratio(changed, total)
    return Interval(within, share, max(share, most))


def _exposure(life: Life, history: History, within: timedelta) -> tuple[float, float]:
    """Return for how long, in days, a verification could have been made, and how much of that a change followed.

    A verification at an instant is out of date at the end of the interval if a change, or the removal, lies within it.
    """
    begin, end = life.since, history.end - within
    if history.is_of_last_changes:
        return _once(life, end)
    changes = life.changes[bisect_right(life.changes, begin) :]
    if life.until is not None:
        end = min(end, life.until if life.is_gone else life.until - within)
        changes = [*changes, life.until] if life.is_gone else changes
    if end <= begin:
        return 0.0, 0.0
    covered, reached = timedelta(0), begin
    for change in changes:
        start = max(change - within, reached)
        stop = min(change, end)
        if stop > start:
            covered += stop - start
            reached = stop
    return covered / _DAY, (end - begin) / _DAY


def _once(life: Life, start: datetime) -> tuple[float, float]:
    """Return whether a verification at one time would be out of date by now, and that it could have been made then."""
    if life.until is not None and life.until <= start:
        return 0.0, 0.0
    return float(life.until is not None or any(change > start for change in life.changes)), 1.0


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _samples(count: int) -> list[list[int]]:
    dice = random.Random(0)  # noqa: S311 - no secret
    # Many documents are not drawn two hundred times over: their share hardly differs from draw to draw.
    size = min(count, 2_000)
    return [[dice.randrange(count) for _ in range(size)] for _ in range(_RESAMPLES)] if count else []
