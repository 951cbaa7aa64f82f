"""How sources do: what was asked of them, what they delivered, and what share of the prompts was sound.

Whatever the mode in which an admission ran, it is judged as if enforced: what would be dropped counts as kept out. Only
under `enforce` can a prompt hold what it should not: what a rule let in that is itself in audit or warn mode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from headgate.display import Printable
from headgate.history.causes import reason_of
from headgate.history.counting import Histogram
from headgate.record import AdmissionRecord, LogEntry, error_codes, records_in

__all__ = [
    "LONGEST",
    "SOURCE_CHARS",
    "By",
    "Judged",
    "Period",
    "Scorecard",
    "SourceScore",
    "count_documents",
    "judge",
    "label_mode",
    "label_source",
    "period_at",
    "score_lines",
    "week_of",
]

By = Literal["hour", "day", "week"]
_SOURCES = 1_000
_PERIODS = 20_000
_MODES = 10
# Ten thousand years in seconds; what says to be older says nothing.
LONGEST = 3.2e11
SOURCE_CHARS = 100
# What a text or a seal that was altered looks like, as distinct from one that is missing or unknown.
_TAMPER = frozenset(("P102", "P104", "P105", "P106"))
# What says nothing about the document itself: it did not fit, its source is held back or has no manifest in force,
# nothing could be recorded.
_OF_THE_SET = frozenset(("P108", "P113", "P114", "B401", "B402", "G904", "G905"))


@dataclass(slots=True)
class Period:
    """An hour, a day or a week.

    Attributes:
        prompts: how many prompts there were.
        sound: how many held only admissible documents.
        sound_before: how many would have, had the gate dropped nothing.
        documents: documents by source.
        admitted: those of them that entered prompts, or would have.
        failures: those kept out for lack of proof, or because they could not be judged.
        reasons: why those that were kept out were, by source and first reason.
    """

    prompts: int = 0
    sound: int = 0
    sound_before: int = 0
    documents: Counter[str] = field(default_factory=Counter)
    admitted: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

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
                    "reasons": {code: n for (of, code), n in self.reasons.most_common() if of == source},
                }
                for source, count in self.documents.items()
            },
        }


@dataclass(slots=True)
class SourceScore:
    """How one source does.

    Attributes:
        documents: how many documents were asked for.
        admitted: how many entered prompts, or would have if their admission had been enforced.
        let_in: how many of these a rule in audit or warn mode let in although something spoke against them.
        failures: how many were kept out for lack of proof, or because they could not be judged.
        tampered: how many of these were altered, or sealed by somebody else.
        prompts: how many prompts asked for a document of it.
        spoiled: how many of these would have held one of its documents that should not be there, without the gate.
        reasons: why those that were kept out were, each by its first reason; they add up to `kept_out`.
        ages: how old its documents were when they were asked for.
    """

    documents: int = 0
    admitted: int = 0
    let_in: int = 0
    failures: int = 0
    tampered: int = 0
    prompts: int = 0
    spoiled: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    ages: Histogram = field(default_factory=Histogram)

    @property
    def kept_out(self) -> int:
        """How many documents were dropped, or would have been."""
        return self.documents - self.admitted

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values; ages in seconds."""
        return {
            "documents": self.documents,
            "admitted": self.admitted,
            "let_in": self.let_in,
            "kept_out": self.kept_out,
            "failures": self.failures,
            "failure_rate": self.failures / self.documents if self.documents else 0.0,
            "tampered": self.tampered,
            "prompts": self.prompts,
            "spoiled_without_the_gate": self.spoiled,
            "reasons": dict(self.reasons.most_common()),
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
        modes: how many admissions ran in which mode.
        prompts: how many prompts there were.
        sound: how many of them held only admissible documents, or would have if enforced.
        sound_before: how many would have, had the gate dropped nothing.
        empty: how many asked for documents and were left with none, or would have been if enforced.
        skipped: lines of the log without a record that can be used.
    """

    by: By
    objective: float
    sources: dict[str, SourceScore] = field(default_factory=dict)
    periods: dict[str, Period] = field(default_factory=dict)
    modes: Counter[str] = field(default_factory=Counter)
    prompts: int = 0
    sound: int = 0
    sound_before: int = 0
    empty: int = 0
    skipped: int = 0

    @property
    def enforced(self) -> int:
        """How many admissions were enforced."""
        return self.modes["enforce"]

    @property
    def is_enforced(self) -> bool:
        """Whether every admission was enforced, so that what is kept out here was not in a prompt."""
        return self.enforced == self.prompts

    @property
    def budget(self) -> float:
        """How many prompts may be unsound under the objective: of those enforced, where any was."""
        # Prompts that nothing could have spoiled, because they are judged as if enforced, leave no room for the others.
        return (1 - self.objective) * (self.enforced or self.prompts)

    @property
    def budget_spent(self) -> float:
        """The share of the error budget that is spent; more than 1 if the objective is missed."""
        unsound = self.prompts - self.sound
        # An objective of 1 leaves no budget, and one unsound prompt has spent all of it.
        return unsound / self.budget if self.budget else float(unsound > 0)

    @property
    def is_met(self) -> bool:
        """Whether the objective is met."""
        # The budget is a product of floats: 1% of 100 prompts is a little more than 1, or less.
        return self.prompts - self.sound <= self.budget + 1e-9

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values."""
        return {
            "by": self.by,
            "objective": self.objective,
            "modes": dict(self.modes),
            "is_as_if_enforced": not self.is_enforced,
            "prompts": self.prompts,
            "sound": self.sound,
            "sound_without_the_gate": self.sound_before,
            "empty": self.empty,
            "is_met": self.is_met,
            "budget": self.budget,
            "budget_spent": self.budget_spent,
            "sources": {name: score.to_dict() for name, score in self.sources.items()},
            "periods": {start: period.to_dict() for start, period in self.periods.items()},
            "skipped_lines": self.skipped,
        }


def score_lines(card: Scorecard, entries: Iterable[LogEntry | Mapping[str, Any]]) -> None:
    """Count recorded admissions; read once, in bounded memory."""
    for entry in records_in(entries):
        record = entry.record
        start = _start(record, card.by) if record is not None else None
        if record is None or start is None:
            card.skipped += 1
            continue
        _add(card, record, start)


class Judged(NamedTuple):
    """What a scorecard makes of a document.

    Attributes:
        is_admitted: whether it entered the prompt, or would have if its admission had been enforced.
        reason: why it did not; None if it did.
        is_against: whether something is wrong with the document itself, whatever else was retrieved with it.
        is_tampered: whether it was altered, or sealed by somebody else.
    """

    is_admitted: bool
    reason: str | None
    is_against: bool
    is_tampered: bool


def judge(action: str, codes: Sequence[str], mode: str) -> Judged:
    """Return what a scorecard makes of a document.

    Args:
        action: what was decided.
        codes: what spoke against it, in the order found.
        mode: of the admission, as the card has it.
    """
    is_admitted = action == "admit" and (mode == "enforce" or not codes)
    reason = None if is_admitted else reason_of(codes)
    return Judged(is_admitted, reason, not _OF_THE_SET.issuperset(codes), not _TAMPER.isdisjoint(codes))


def label_mode(card: Scorecard, mode: str) -> str:
    """Return what a mode is counted under."""
    # A record that was mended may have no mode; what it says was dropped, was dropped.
    mode = mode[:20] or "enforce"
    return mode if mode in card.modes or len(card.modes) < _MODES else "others"


def period_at(card: Scorecard, start: str) -> Period:
    """Return the period that begins then."""
    period = card.periods.get(start)
    if period is None:
        # A log from elsewhere may hold any number of dates; one entry takes the rest.
        period = card.periods.setdefault(start if len(card.periods) < _PERIODS else "later", Period())
    return period


def label_source(card: Scorecard, source: str) -> str:
    """Return what a source is counted under."""
    source = source[:SOURCE_CHARS]
    if source not in card.sources and len(card.sources) >= _SOURCES:
        source = "others"
    card.sources.setdefault(source, SourceScore())
    return source


def count_documents(card: Scorecard, period: Period, source: str, judged: Judged, count: int = 1) -> None:
    """Count documents that are judged alike.

    Args:
        card: what counts them.
        period: in which they were asked for.
        source: what their source is counted under.
        judged: what the card makes of each.
        count: how many they are.
    """
    score, reason = card.sources[source], judged.reason
    score.documents += count
    score.admitted += count * (reason is None)
    score.let_in += count * (reason is None and judged.is_against)
    period.documents[source] += count
    period.admitted[source] += count * (reason is None)
    if reason is None:
        return
    score.reasons[reason] += count
    period.reasons[source, reason] += count
    if _is_failure(reason):
        score.failures += count
        score.tampered += count * judged.is_tampered
        period.failures[source] += count


def _add(card: Scorecard, record: AdmissionRecord, start: str) -> None:
    period = period_at(card, start)
    mode = label_mode(card, record["mode"])
    card.modes[mode] += 1
    touched: set[str] = set()
    spoiled: set[str] = set()
    is_sound, left = True, 0
    for decision in record["decisions"]:
        source = label_source(card, decision["source"])
        judged = judge(decision["action"], error_codes(decision), mode)
        count_documents(card, period, source, judged)
        age = decision["age_seconds"]
        if age is not None and 0 <= age <= LONGEST:
            card.sources[source].ages.add(age)
        touched.add(source)
        left += judged.is_admitted
        if judged.is_against:
            spoiled.add(source)
            is_sound = is_sound and not judged.is_admitted
    for source in touched:
        card.sources[source].prompts += 1
        card.sources[source].spoiled += source in spoiled
    card.empty += bool(record["decisions"]) and not left
    for counted in (card, period):
        counted.prompts += 1
        counted.sound += is_sound
        counted.sound_before += not spoiled


def _is_failure(reason: str) -> bool:
    return reason.startswith(("P", "G")) and reason not in _OF_THE_SET


def _start(record: AdmissionRecord, by: By) -> str | None:
    try:
        now = datetime.fromisoformat(record["now"])
    except ValueError:
        return None
    if by == "week":
        return week_of(now)
    return f"{now:%Y-%m-%d %H}:00" if by == "hour" else f"{now:%Y-%m-%d}"


def week_of(day: date) -> str:
    """Return the ISO week of a day."""
    # The ISO year goes with the ISO week: 1 January may be in week 53 of the year before.
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"
