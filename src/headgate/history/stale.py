"""Documents going stale, worst first: those that enter most prompts and are closest to expiry, or past it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from headgate.clock import read_instant, utc_now
from headgate.display import Printable
from headgate.history.counting import MostFrequent
from headgate.policy import Freshness, Policy
from headgate.record import DecisionRecord, LogEntry, name_of, records_in

__all__ = [
    "MOST_DOCUMENTS",
    "NAMELESS",
    "SOURCE_CHARS",
    "Dates",
    "StaleDocument",
    "StaleList",
    "dates_in",
    "list_stale",
]

MOST_DOCUMENTS = 200_000
SOURCE_CHARS = 100
_ZERO = timedelta(0)
NAMELESS = "without a name"


class Dates(NamedTuple):
    """What a record says about a document's dates."""

    source: str
    modified: str | None
    valid_until: object


@dataclass(frozen=True, slots=True)
class StaleDocument:
    """A document that entered prompts.

    Attributes:
        document: its URI, id or digest.
        source: its source.
        prompts: how many prompts it entered.
        age: how old it is, if known.
        left: how long until it is out of date; negative if it is past its date.
        used: the share of its time that is used up; at least 1 if it is past its date.
    """

    document: str
    source: str
    prompts: int
    age: timedelta | None
    left: timedelta
    used: float

    @property
    def damage(self) -> float:
        """Prompts, weighed with how much of its time is used up."""
        return self.prompts * self.used

    def to_dict(self) -> dict[str, object]:
        """Return the document as plain JSON values."""
        return {
            "document": self.document,
            "source": self.source,
            "prompts": self.prompts,
            "age_seconds": round(self.age.total_seconds()) if self.age is not None else None,
            "left_seconds": round(self.left.total_seconds()),
            "used": round(self.used, 3),
            "score": round(self.damage, 3),
        }


@dataclass(slots=True, repr=False)
class StaleList(Printable):
    """Documents going stale, worst first.

    Attributes:
        now: the instant for which it was made.
        documents: those that have a date, worst first.
        undated: how many documents entered prompts without a date by which they go out of date.
        unruled: how many of these have a date of change, and no `max_age` applies to them.
        has_policy: whether a policy was there to say so.
        past: how many of the dated ones are past their date.
        is_pruned: whether there were so many that the rarest were forgotten.
        skipped: lines of the log without a record that can be used.
    """

    now: datetime
    documents: list[StaleDocument] = field(default_factory=list)
    undated: int = 0
    unruled: int = 0
    has_policy: bool = False
    past: int = 0
    is_pruned: bool = False
    skipped: int = 0

    def to_dict(self, most: int | None = None) -> dict[str, object]:
        """Return the documents, or the first of them, as plain JSON values."""
        return {
            "now": self.now.isoformat(),
            "documents": [document.to_dict() for document in self.documents[:most]],
            "listed": len(self.documents),
            "past": self.past,
            "undated": self.undated,
            "without_max_age": self.unruled,
            "is_pruned": self.is_pruned,
            "skipped_lines": self.skipped,
        }


def dates_in(entries: Iterable[LogEntry | Mapping[str, Any]], seen: MostFrequent[Dates]) -> tuple[datetime | None, int]:
    """Count the documents that entered prompts, each with what was said of its dates last.

    Args:
        entries: what `read_log` yields, or records; read once, in bounded memory.
        seen: what counts them.

    Returns:
        When the last record was made, and how many lines hold no record with a time.
    """
    last: datetime | None = None
    skipped = 0
    for entry in records_in(entries):
        record = entry.record
        instant = _instant(record["now"]) if record is not None else None
        if record is None or instant is None:
            skipped += 1
            continue
        last = max(last or instant, instant)
        for decision in record["decisions"]:
            if decision["action"] == "admit":
                dates = Dates(decision["source"][:SOURCE_CHARS], decision["modified"], _valid_until(decision))
                seen.put(name_of(decision) or NAMELESS, dates)
    return last, skipped


def list_stale(
    seen: MostFrequent[Dates], policy: Policy | None, *, now: datetime | None, last: datetime | None, skipped: int
) -> StaleList:
    """Return the documents that were seen, worst first.

    Args:
        seen: the documents.
        policy: says how old documents of a source may be.
        now: the instant to judge for; by default that of the last record.
        last: when that was made.
        skipped: lines without a record that can be used.
    """
    # By default the log's own end, so that an old log gives the same list every day.
    at = now or last or utc_now()
    found = StaleList(at, has_policy=policy is not None, is_pruned=seen.is_pruned, skipped=skipped)
    rules = _rules(policy)
    for name, count, dates in seen.items():
        document = _judge(name, count, dates, rules.get(dates.source), at)
        if document is None:
            found.undated += 1
            found.unruled += _instant(dates.modified) is not None
        else:
            found.documents.append(document)
            found.past += document.left <= _ZERO
    found.documents.sort(key=lambda document: (-document.damage, document.document))
    return found


def _rules(policy: Policy | None) -> dict[str, Freshness]:
    if policy is None:
        return {}
    return {**{source.id: source.freshness for source in policy.sources}, "default": policy.default.freshness}


def _judge(name: str, count: int, dates: Dates, rule: Freshness | None, now: datetime) -> StaleDocument | None:
    modified, until = _instant(dates.modified), _instant(dates.valid_until)
    age = max(now - modified, _ZERO) if modified is not None else None
    ends = []
    if modified is not None and rule is not None and rule.max_age is not None:
        ends.append(rule.end_of(modified, rule.max_age) - now)
    if until is not None:
        ends.append(until - now)
    if not ends:
        return None
    left = min(ends)
    lived = age if age is not None else _ZERO
    whole = lived + left
    used = 1.0 if left <= _ZERO or whole <= _ZERO else lived / whole
    if left < _ZERO:
        # Bounded, so that one ancient document does not outweigh all that many prompts rest on.
        used += min(9.0, -left / max(whole, timedelta(days=1)))
    return StaleDocument(name, dates.source, count, age, left, used)


def _valid_until(decision: DecisionRecord) -> object:
    times = decision.get("evidence", {}).get("times", {})
    return times["valid_until"][0] if "valid_until" in times else None


def _instant(text: object) -> datetime | None:
    try:
        return read_instant(text)
    except ValueError:
        return None
