"""What is in the rows of a run, as counts: those of two parts are added up to those of both."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.corpus.kernel import JUDGED, LISTED, SEALED, TERMS

__all__ = ["Summary", "quantile"]

_EXAMPLES = 5
_ACCURACY = 0.02
_GAMMA = (1 + _ACCURACY) / (1 - _ACCURACY)
_DAY = 86_400


@dataclass(slots=True)
class Summary:
    """Counts of rows.

    Attributes:
        counts: by what they count: `rows`, `admit`, `drop`, `would_drop`, `unread`, `sealed`, `listed`.
        sources: of judged rows, by source and then by `rows`, `would_drop` or reason code.
        reasons: how often each reason was the reason that a row could not be read, sealed or listed.
        notes: how often something was said of a row that was sealed or listed.
        examples: by reason code, reason or note, some rows; an identifier or a document each.
        ages: how many rows are of each age, on a scale of equal ratios; see `quantile`.
    """

    counts: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Counter[str]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    ages: Counter[int] = field(default_factory=Counter)

    def add(self, batch: Any) -> None:
        """Count the rows that a kernel returned.

        Args:
            batch: the rows, of one of the schemas of `headgate.corpus.kernel`.
        """
        names = set(batch.schema.names)
        if names.issuperset(JUDGED.names):
            self._add_judged(batch)
        elif names.issuperset(LISTED.names):
            self._add_listed(batch)
        elif names.issuperset(SEALED.names):
            self._add_sealed(batch)
        elif names.issuperset(TERMS.names):
            self.counts["rows"] += sum(
                number
                for kind, number in zip(
                    batch.column("kind").to_pylist(), batch.column("count").to_pylist(), strict=True
                )
                if kind == "documents"
            )

    def merge(self, other: Summary) -> None:
        """Add what was counted of another part."""
        self.counts += other.counts
        self.reasons += other.reasons
        self.notes += other.notes
        self.ages += other.ages
        for source, counter in other.sources.items():
            self.sources.setdefault(source, Counter()).update(counter)
        for reason, examples in other.examples.items():
            for example in examples:
                self._keep(reason, example)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain values."""
        return {
            "counts": dict(self.counts),
            "sources": {source: dict(counter) for source, counter in self.sources.items()},
            "reasons": dict(self.reasons),
            "notes": dict(self.notes),
            "examples": self.examples,
            "ages": {str(step): number for step, number in self.ages.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Summary:
        """Return the counts that plain values describe."""
        return cls(
            Counter(values["counts"]),
            {source: Counter(counter) for source, counter in values["sources"].items()},
            Counter(values["reasons"]),
            Counter(values["notes"]),
            {reason: list(examples) for reason, examples in values["examples"].items()},
            Counter({int(step): number for step, number in values["ages"].items()}),
        )

    def supersede(self, source: str, shown: str, number: int, *, was_out: bool, is_dropped: bool) -> None:
        """Count rows as superseded by others, after all have been counted.

        Args:
            source: their source.
            shown: one of them, as an example.
            number: how many they are.
            was_out: whether they would be dropped anyway.
            is_dropped: whether their source enforces freshness, and they were admitted until now.
        """
        counter = self.sources.setdefault(source, Counter())
        counter["F205"] += number
        self._keep("F205", shown)
        if not was_out:
            self.counts["would_drop"] += number
            counter["would_drop"] += number
        if is_dropped:
            self.counts["admit"] -= number
            self.counts["drop"] += number

    def _add_judged(self, batch: Any) -> None:
        columns = ("action", "would_drop", "source", "reasons", "age_seconds", "problem", "id", "uri")
        for row in zip(*(batch.column(name).to_pylist() for name in columns), strict=True):
            action, is_out, source, reasons, age, problem, identifier, uri = row
            self.counts["rows"] += 1
            self.counts[action] += 1
            self.counts["would_drop"] += is_out
            shown = str(identifier or uri or "")[:200]
            if source is None:
                self.counts["unread"] += 1
                self._note(self.reasons, str(problem), shown)
                continue
            if problem is not None:
                self._note(self.notes, str(problem), shown)
            counter = self.sources.setdefault(source, Counter())
            counter["rows"] += 1
            counter["would_drop"] += is_out
            for code in set(reasons):
                counter[code] += 1
                self._keep(code, shown)
            if age is not None:
                self.ages[_step(age)] += 1

    def _add_listed(self, batch: Any) -> None:
        columns = ("uri", "problem", "notes")
        for uri, problem, notes in zip(*(batch.column(name).to_pylist() for name in columns), strict=True):
            self.counts["rows"] += 1
            if uri is None:
                self._note(self.reasons, str(problem), "")
                continue
            self.counts["listed"] += 1
            for note in notes:
                self._note(self.notes, note, uri)

    def _add_sealed(self, batch: Any) -> None:
        for seal, problem in zip(*(batch.column(name).to_pylist() for name in SEALED.names), strict=True):
            self.counts["rows"] += 1
            self.counts["sealed"] += seal is not None
            if problem is not None:
                self._note(self.notes if seal is not None else self.reasons, problem, "")

    def _note(self, counter: Counter[str], reason: str, shown: str) -> None:
        counter[reason[:300]] += 1
        if shown:
            self._keep(reason[:300], shown)

    def _keep(self, reason: str, shown: str) -> None:
        kept = self.examples.setdefault(reason, [])
        if shown and shown not in kept and len(kept) < _EXAMPLES:
            kept.append(shown)


def _step(age: int) -> int:
    """Return the place of an age on a scale on which each step is 4% more than the one before."""
    days = age / _DAY
    return math.ceil(math.log(days, _GAMMA)) if days > 1 else 0


def quantile(ages: Mapping[int, int], share: float) -> float | None:
    """Return an age in days, within 2%, that so many of the rows do not exceed; None where none has an age.

    The sketch is that of DDSketch (Masson, Rim and Lee, 2019): counts on a scale of equal ratios.

    Args:
        ages: how many rows are on each step.
        share: between 0 and 1.
    """
    total = sum(ages.values())
    if not total:
        return None
    rank, seen = share * (total - 1), 0
    for step, number in sorted(ages.items()):
        seen += number
        if seen > rank:
            return 2 * _GAMMA**step / (_GAMMA + 1) if step > 0 else 1.0
    raise AssertionError("the counts are those that were added up")
