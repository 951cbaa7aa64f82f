"""What a store can be told beforehand: how old a document may be and of which edition. The gate decides anyway.

A filter only keeps away what would not be admitted; what it keeps away is not in the record either.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from headgate.admission.gate import Gate
from headgate.admission.revision import ResolvedSource
from headgate.policy import Freshness, most_of, normalise_uri
from headgate.policy.identity import UNVERSIONED

__all__ = ["NO_EDITION", "admissible_editions", "earliest_admissible", "edition_entry"]

NO_EDITION = ""
"""The entry of a document whose address names no edition."""

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
    sources = _sources(gate, source)
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


def admissible_editions(gate: Gate, source: str | None = None) -> frozenset[str] | None:
    """Return the editions with which a document can be admitted, as `edition_entry` writes them.

    Args:
        gate: the gate, with the policy that is in force.
        source: the id of the source that all documents of the store belong to; by default any, and none.

    Returns:
        None where documents of any edition may be admitted: no source has one that is current and named, or of some
        source that is nowhere enforced, or which one is current follows from what is retrieved (`current: highest`), or
        a question may name another one (`asked: warn`).

    Raises:
        ValueError: the policy has no such source.
    """
    editions = {NO_EDITION}
    has_any = False
    for one in _sources(gate, source):
        if one.identity is None or one.identity.pattern is None:
            continue
        current = one.identity.current
        if one.modes["freshness"] != "enforce" or one.identity.asked == "warn" or current == "highest":
            return None
        has_any = True
        # Where pages of the current edition name none, it has no entry of its own.
        editions |= {current} - {UNVERSIONED}
    return frozenset(editions) if has_any else None


def edition_entry(gate: Gate, uri: str) -> str:
    """Return which edition an address names, as the gate will read it: for a metadata entry that stores can filter by.

    Args:
        gate: the gate, with the policy that says where addresses name an edition.
        uri: the address of a document, as its metadata or its seal names it.

    Returns:
        The edition as the address writes it; empty where it names none.
    """
    normal = normalise_uri(uri)
    identity = gate.in_force.source_of(normal).identity
    return (identity.edition_of(normal) if identity is not None else None) or NO_EDITION


def _sources(gate: Gate, source: str | None) -> Sequence[ResolvedSource]:
    revision = gate.in_force
    if source is None:
        return [*revision.sources.values(), revision.default]
    if source not in revision.sources:
        raise ValueError(f"the policy has no source {source!r}; it has {', '.join(revision.sources)}.")
    return [revision.sources[source]]


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
