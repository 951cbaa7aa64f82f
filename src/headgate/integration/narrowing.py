"""What a store can be told beforehand: how old a document may be and still have a chance. The gate decides anyway.

A filter only keeps away what would not be admitted; what it keeps away is not in the record either.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from headgate.admission.gate import Gate
from headgate.policy import Freshness, most_of

__all__ = ["earliest_admissible"]

_NEAR = timedelta(minutes=1)
_FIRST = datetime.min.replace(tzinfo=timezone.utc)


def earliest_admissible(gate: Gate, source: str | None = None, *, now: datetime | None = None) -> datetime | None:
    """Return the earliest last modification with which a document can be admitted.

    Args:
        gate: the gate, with the policy that is in force.
        source: the id of the source that all documents of the store belong to; by default any, and none.
        now: the instant of the question; by default the gate's present.

    Returns:
        None where documents of any age may be admitted.

    Raises:
        ValueError: the policy has no such source.
    """
    revision = gate.in_force
    if source is not None and source not in revision.sources:
        raise ValueError(f"the policy has no source {source!r}; it has {', '.join(revision.sources)}.")
    sources = [revision.sources[source]] if source is not None else [*revision.sources.values(), revision.default]
    present = now if now is not None else gate.now()
    starts: list[datetime] = []
    for one in sources:
        if one.modes["freshness"] != "enforce":
            return None
        for rule in (one.freshness, *(ruled.freshness for ruled in one.rules)):
            start = _earliest(rule, present)
            if start is None:
                return None
            starts.append(start)
    return min(starts)


def _earliest(rule: Freshness, now: datetime) -> datetime | None:
    """Return an instant before which `max_age` is over: the last one, less a minute where it counts by a calendar."""
    if rule.max_age is None:
        return None
    try:
        early = now - most_of(rule.max_age)
    except OverflowError:
        return _FIRST
    if isinstance(rule.max_age, timedelta):
        return early
    late = now
    while late - early > _NEAR:
        middle = early + (late - early) / 2
        early, late = (early, middle) if rule.end_of(middle, rule.max_age) >= now else (middle, late)
    return early
