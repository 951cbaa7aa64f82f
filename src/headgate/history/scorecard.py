"""How sources do: what was asked of them, what they delivered, and what share of the prompts was sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from headgate.display import Printable
from headgate.history.counting import Histogram
from headgate.record import AdmissionRecord, DecisionRecord, LogEntry, error_codes, records_in

__all__ = ["By", "Period", "Scorecard", "SourceScore", "score_sources"]

By = Literal["hour", "day", "week"]
_SOURCES = 1_000
_PERIODS = 20_000
# Ten thousand years in seconds; what says to be older says nothing.
_LONGEST = 3.2e11
# What a text or a seal that was altered looks like, as distinct from one that is missing or unknown.
_TAMPER = frozenset(("P102", "P104", "P105", "P106"))


@dataclass(slots=True)
class Period:
    """An hour, a day or a week.

    Attributes:
        prompts: how many prompts there were.
        sound: how many held only admissible documents.
        sound_before: how many would have, had the gate dropped nothing.
        documents: documents by source.
        admitted: those of them that entered prompts.
        failures: those whose provenance was refuted, or that could not be judged.
        codes: what spoke against them, by source and code.
    """

    prompts: int = 0
    sound: int = 0
    sound_before: int = 0
    documents: Counter[str] = field(default_factory=Counter)
    admitted: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values."""
        return {
            "prompts": self.prompts,
            "sound": self.sound,
            "sound_without_the_gate": self.sound_before,
            "sources": {
                source: {
                    "documents": count,
                    "admitted": self.admitted[source],
                    "failures": self.failures[source],
                    "codes": {code: n for (of, code), n in self.codes.items() if of == source},
                }
                for source, count in self.documents.items()
            },
        }


@dataclass(slots=True)
class SourceScore:
    """How one source does.

    Attributes:
        documents: how many documents were asked for.
        admitted: how many entered prompts.
        inadmissible: how many were dropped, or would be if every check were enforced.
        failures: how many had their provenance refuted, or could not be judged.
        tampered: how many of these were altered, or sealed by somebody else.
        prompts: how many prompts asked for a document of it.
        spoiled: how many of these it would have spoiled without the gate.
        codes: what spoke against its documents.
        ages: how old its documents were when they were asked for.
    """

    documents: int = 0
    admitted: int = 0
    inadmissible: int = 0
    failures: int = 0
    tampered: int = 0
    prompts: int = 0
    spoiled: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    ages: Histogram = field(default_factory=Histogram)

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values; ages in seconds."""
        return {
            "documents": self.documents,
            "admitted": self.admitted,
            "inadmissible": self.inadmissible,
            "failures": self.failures,
            "failure_rate": self.failures / self.documents if self.documents else 0.0,
            "tampered": self.tampered,
            "prompts": self.prompts,
            "spoiled_without_the_gate": self.spoiled,
            "codes": dict(self.codes),
            "age_seconds": {f"p{round(share * 100)}": self.ages.percentile(share) for share in (0.5, 0.9, 0.99)},
        }


@dataclass(slots=True, repr=False)
class Scorecard(Printable):
    """How all sources do, and how much of the error budget is spent.

    Attributes:
        by: the length of a period.
        objective: the share of the prompts that must hold only admissible documents.
        sources: by id, the most asked for first.
        periods: by their beginning, as text.
        prompts: how many prompts there were.
        sound: how many of them held only admissible documents.
        sound_before: how many would have, had the gate dropped nothing.
        skipped: lines of the log without a record that can be used.
    """

    by: By
    objective: float
    sources: dict[str, SourceScore] = field(default_factory=dict)
    periods: dict[str, Period] = field(default_factory=dict)
    prompts: int = 0
    sound: int = 0
    sound_before: int = 0
    skipped: int = 0

    @property
    def budget(self) -> float:
        """How many prompts may be unsound under the objective."""
        return (1 - self.objective) * self.prompts

    @property
    def budget_spent(self) -> float:
        """The share of the error budget that is spent; more than 1 if the objective is missed."""
        unsound = self.prompts - self.sound
        # An objective of 1 leaves no budget, and one unsound prompt has spent all of it.
        return unsound / self.budget if self.budget else float(unsound > 0)

    @property
    def is_met(self) -> bool:
        """Whether the objective is met."""
        # The budget is a product of floats: 1 % of 100 prompts is a little more than 1, or less.
        return self.prompts - self.sound <= self.budget + 1e-9

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values."""
        return {
            "by": self.by,
            "objective": self.objective,
            "prompts": self.prompts,
            "sound": self.sound,
            "sound_without_the_gate": self.sound_before,
            "is_met": self.is_met,
            "budget": self.budget,
            "budget_spent": self.budget_spent,
            "sources": {name: score.to_dict() for name, score in self.sources.items()},
            "periods": {start: period.to_dict() for start, period in self.periods.items()},
            "skipped_lines": self.skipped,
        }


def score_sources(
    entries: Iterable[LogEntry | Mapping[str, Any]], *, by: By = "day", objective: float = 0.99
) -> Scorecard:
    """Return how sources do, from recorded admissions; read once, in bounded memory.

    Args:
        entries: what `read_log` yields, or records.
        by: the length of a period.
        objective: the share of the prompts that must hold only admissible documents, between 0 and 1.

    Raises:
        ValueError: the objective is not a share.
    """
    if not 0 < objective <= 1:
        raise ValueError(f"the objective is {objective}, not a share between 0 and 1")
    card = Scorecard(by, objective)
    for entry in records_in(entries):
        record = entry.record
        start = _start(record, by) if record is not None else None
        if record is None or start is None:
            card.skipped += 1
            continue
        _add(card, record, start)
    card.sources = dict(sorted(card.sources.items(), key=lambda pair: -pair[1].documents))
    card.periods = dict(sorted(card.periods.items()))
    return card


def _add(card: Scorecard, record: AdmissionRecord, start: str) -> None:
    period = card.periods.get(start)
    if period is None:
        # A log from elsewhere may hold any number of dates; one entry takes the rest.
        period = card.periods.setdefault(start if len(card.periods) < _PERIODS else "later", Period())
    touched: set[str] = set()
    spoiled: set[str] = set()
    is_sound = True
    for decision in record["decisions"]:
        source = decision["source"][:100]
        if source not in card.sources and len(card.sources) >= _SOURCES:
            source = "others"
        score = card.sources.setdefault(source, SourceScore())
        codes = frozenset(error_codes(decision))
        is_admitted = decision["action"] == "admit"
        _count(score, decision, codes, is_admitted)
        touched.add(source)
        period.documents[source] += 1
        period.admitted[source] += is_admitted
        period.codes.update((source, code) for code in codes)
        if codes:
            spoiled.add(source)
            is_sound = is_sound and not is_admitted
        if _is_failure(codes):
            period.failures[source] += 1
    for source in touched:
        card.sources[source].prompts += 1
        card.sources[source].spoiled += source in spoiled
    for counted in (card, period):
        counted.prompts += 1
        counted.sound += is_sound
        counted.sound_before += not spoiled


def _count(score: SourceScore, decision: DecisionRecord, codes: frozenset[str], is_admitted: bool) -> None:
    score.documents += 1
    score.admitted += is_admitted
    score.inadmissible += bool(codes)
    score.failures += _is_failure(codes)
    score.tampered += bool(codes & _TAMPER)
    score.codes.update(codes)
    age = decision["age_seconds"]
    if age is not None and 0 <= age <= _LONGEST:
        score.ages.add(age)


def _is_failure(codes: frozenset[str]) -> bool:
    # As the quarantine counts, which does not count its own finding.
    return any(code.startswith(("P", "G")) and code != "P113" for code in codes)


def _start(record: AdmissionRecord, by: By) -> str | None:
    try:
        now = datetime.fromisoformat(record["now"])
    except ValueError:
        return None
    if by == "week":
        # The ISO year goes with the ISO week: 1 January may be in week 53 of the year before.
        year, week, _ = now.isocalendar()
        return f"{year}-W{week:02}"
    return f"{now:%Y-%m-%d %H}:00" if by == "hour" else f"{now:%Y-%m-%d}"
