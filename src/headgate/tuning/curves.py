"""How many documents and prompts survive: against `max_age`, and by the assurance that is required."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from headgate.display import Printable
from headgate.replay import Redecided

__all__ = ["Curve", "CurvePoint", "Level", "Levels", "draw_curve", "measure_level"]

_NEVER = timedelta.max
_ALWAYS = timedelta(0)
_MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What survives under one `max_age`.

    Attributes:
        max_age: the age.
        documents: how many documents are admitted.
        prompts: how many prompts have at least one document.
        whole: how many prompts lose no document to age.
    """

    max_age: timedelta
    documents: int
    prompts: int
    whole: int


@dataclass(frozen=True, slots=True, repr=False)
class Curve(Printable):
    """What survives under every `max_age`.

    Attributes:
        points: by rising age; what is said of one holds until the next.
        documents: how many documents would be admitted if age did not matter.
        prompts: how many prompts there are.
        current: the policy's own `max_age`, if it has one.
        source: the source that was varied; None for all.
        undated: documents without a usable time, of the varied sources.
        undecided: documents whose records do not say enough.
    """

    points: tuple[CurvePoint, ...]
    documents: int
    prompts: int
    current: timedelta | None
    source: str | None
    undated: int
    undecided: int

    def at(self, max_age: timedelta) -> CurvePoint:
        """Return what survives under an age."""
        place = bisect_right([point.max_age for point in self.points], max_age)
        found = self.points[max(0, place - 1)]
        return CurvePoint(max_age, found.documents, found.prompts, found.whole)

    def shortest(self, share: float) -> timedelta | None:
        """Return the shortest `max_age` under which at least a share of the prompts loses no document to age.

        Args:
            share: between 0 and 1.
        """
        return next((point.max_age for point in self.points if point.whole >= share * self.prompts), None)

    def to_dicts(self) -> list[dict[str, object]]:
        """Return the points as plain values, ages in days."""
        return [
            {
                "max_age_days": point.max_age / timedelta(days=1),
                "documents": point.documents,
                "prompts": point.prompts,
                "whole": point.whole,
            }
            for point in self.points
        ]

    def plot(self, axes: Any = None) -> Any:
        """Draw the curve with matplotlib (`pip install 'headgate[plots]'`); return the axes."""
        from headgate.tuning.plots import plot_curve

        return plot_curve(self, axes)


@dataclass(frozen=True, slots=True)
class Level:
    """What survives if one level of assurance is required.

    Attributes:
        require: `none`, `declared` or `sealed`.
        documents: how many documents are admitted.
        prompts: how many prompts have at least one document.
        total: how many documents there are.
        total_prompts: how many prompts there are.
        undecided: documents whose records do not say enough.
        reasons: what keeps documents out, by code.
    """

    require: str
    documents: int
    prompts: int
    total: int
    total_prompts: int
    undecided: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class Levels(Printable):
    """What survives under each level of assurance.

    Attributes:
        levels: from the least to the most.
        source: the source that was varied; None for all.
    """

    levels: tuple[Level, ...]
    source: str | None

    def __getitem__(self, require: str) -> Level:
        """Return what survives under a level."""
        return next(level for level in self.levels if level.require == require)

    def plot(self, axes: Any = None) -> Any:
        """Draw the levels with matplotlib (`pip install 'headgate[plots]'`); return the axes."""
        from headgate.tuning.plots import plot_levels

        return plot_levels(self, axes)


def draw_curve(
    decided: Sequence[Sequence[Redecided]],
    varied: Collection[str],
    keeps_undated: Mapping[str, bool],
    current: timedelta | None,
    source: str | None,
) -> Curve:
    """Return the curve of prompts that were decided without any limit of age.

    Args:
        decided: per prompt, its documents.
        varied: the sources whose limit is varied.
        keeps_undated: per source, whether a document without a time is admitted.
        current: the policy's own limit.
        source: the source that was varied; None for all.
    """
    documents: list[timedelta] = []
    first: list[timedelta] = []
    last: list[timedelta] = []
    undated = undecided = 0
    for prompt in decided:
        undecided += sum(one.action is None for one in prompt)
        admitted = [one for one in prompt if one.action == "admit"]
        undated += sum(one.source in varied and one.age is None for one in admitted)
        needed = [_needed(one, varied, keeps_undated) for one in admitted]
        documents += needed
        first.append(min(needed, default=_NEVER))
        last.append(max(needed, default=_ALWAYS))
    # Each list holds the least age under which something is in, so a point of the curve is a look-up in each.
    ages = _thin(sorted({age for age in documents if age not in (_ALWAYS, _NEVER)}))
    documents.sort()
    first.sort()
    last.sort()
    points = tuple(
        CurvePoint(age, bisect_right(documents, age), bisect_right(first, age), bisect_right(last, age))
        for age in (_ALWAYS, *ages)
    )
    return Curve(points, len(documents), len(decided), current, source, undated, undecided)


def measure_level(require: str, decided: Sequence[Sequence[Redecided]]) -> Level:
    """Return what survives if a level is required."""
    reasons: dict[str, int] = {}
    documents = prompts = undecided = 0
    for prompt in decided:
        admitted = sum(one.action == "admit" for one in prompt)
        documents += admitted
        prompts += bool(admitted)
        for one in prompt:
            undecided += one.action is None
            if one.action == "drop" and one.reasons:
                code = one.reasons[0].code
                reasons[code] = reasons.get(code, 0) + 1
    return Level(require, documents, prompts, sum(map(len, decided)), len(decided), undecided, reasons)


def _needed(one: Redecided, varied: Collection[str], keeps_undated: Mapping[str, bool]) -> timedelta:
    """Return the least `max_age` under which a document is admitted."""
    if one.source not in varied:
        return _ALWAYS
    if one.age is None:
        return _ALWAYS if keeps_undated.get(one.source, False) else _NEVER
    # Above zero, which stands for what no limit of age keeps out.
    return max(one.age, timedelta(microseconds=1))


def _thin(ages: list[timedelta]) -> Iterable[timedelta]:
    """Return at most so many ages as a curve shows, the last one among them."""
    if len(ages) <= _MOST_POINTS:
        return ages
    step = len(ages) / _MOST_POINTS
    return [*(ages[int(number * step)] for number in range(_MOST_POINTS)), ages[-1]]
