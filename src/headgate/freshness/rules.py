"""Timestamps and rules and now, in; findings, out.

A time that is an interval passes only if all of it passes: `2026-03-04` without a zone is fresh only if it is fresh
wherever on earth that day was meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from headgate.decision import Finding, Severity
from headgate.freshness.parsing import Interval
from headgate.freshness.timestamps import Timestamps
from headgate.policy.durations import format_duration
from headgate.policy.model import Freshness

__all__ = ["Judged", "judge_freshness"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the freshness rules say about a document.

    Attributes:
        findings: what speaks against it, and what is worth a warning.
        modified: the instant from which its age counts, if known.
        age: how long ago that was, at most.
    """

    findings: tuple[Finding, ...]
    modified: datetime | None = None
    age: timedelta | None = None


def judge_freshness(times: Timestamps, rule: Freshness, now: datetime) -> Judged:
    """Return what a source's freshness rule says about a document at an instant.

    Args:
        times: what is known about the document's times.
        rule: what its source requires.
        now: the instant, in UTC.
    """
    findings = [*_judge_validity(times, now), *_judge_successor(times)]
    basis = times.age_basis()
    if basis is None:
        return Judged((*findings, *_judge_missing(times, rule)))
    role, interval = basis
    # The only comparison with the future: it must hold for the earliest meaning, or "today" would be ahead of now.
    if interval.earliest > now + rule.future_skew:
        ahead = format_duration(interval.earliest - now)
        findings.append(
            Finding("F204", f"It claims to be {role} {ahead} in the future.", detail=_detail(times, role, interval))
        )
    else:
        findings += _judge_age(times, role, interval, rule, now)
    return Judged(tuple(findings), interval.earliest, max(now - interval.earliest, timedelta(0)))


def _judge_validity(times: Timestamps, now: datetime) -> Iterator[Finding]:
    until, since = times.intervals.get("valid_until"), times.intervals.get("valid_from")
    if until is not None and now >= until.earliest:  # the instant itself is already outside: RFC 7519, 4.1.4
        hint = "" if now >= until.latest else " in some time zones; add a zone to say where"
        yield Finding(
            "F201", f"It was valid until {_shown(until.earliest)}{hint}.", detail=_detail(times, "valid_until", until)
        )
    if since is not None and now < since.latest:
        hint = "" if now < since.earliest else " in some time zones; add a zone to say where"
        yield Finding(
            "F206", f"It is valid from {_shown(since.latest)}{hint}.", detail=_detail(times, "valid_from", since)
        )


def _judge_successor(times: Timestamps) -> Iterator[Finding]:
    if times.superseded_by is not None:
        successor = times.superseded_by
        yield Finding(
            "F205", f"It names its successor: {successor}.", detail={"superseded_by": successor, "by": "itself"}
        )


def _judge_missing(times: Timestamps, rule: Freshness) -> Iterator[Finding]:
    if rule.max_age is None or rule.missing == "admit":
        return
    severity: Severity = "error" if rule.missing == "drop" else "warning"
    problem = next((f"{e.key!r}: {e.problem}" for e in times.evidence.values() if e.problem), None)
    message = f"No usable time ({problem})." if problem else "It has no time of modification, publication or creation."
    yield Finding("F203", message, severity, {"unreadable": problem} if problem else {})


def _judge_age(
    times: Timestamps, role: str, interval: Interval, rule: Freshness, now: datetime
) -> Iterator[Finding]:
    oldest, youngest = now - interval.earliest, now - interval.latest
    if rule.max_age is not None and oldest > rule.max_age:
        allowed = format_duration(rule.max_age)
        detail = {**_detail(times, role, interval), "age_seconds": round(oldest.total_seconds()), "max_age": allowed}
        if youngest > rule.max_age:
            message = f"It was {role} {format_duration(youngest)} ago; {allowed} are allowed."
        else:
            message = (
                f"It was {role} up to {format_duration(oldest)} ago; {allowed} are allowed. "
                f"The {interval.unit} alone leaves that open: {_what_to_add(interval)}."
            )
        yield Finding("F202", message, detail=detail)
    elif rule.warn_after is not None and oldest > rule.warn_after:
        yield Finding(
            "F209",
            f"It was {role} {format_duration(oldest)} ago; review is due after {format_duration(rule.warn_after)}.",
            "warning",
            {**_detail(times, role, interval), "age_seconds": round(oldest.total_seconds())},
        )


def _what_to_add(interval: Interval) -> str:
    return "add a time" if interval.has_zone else "add a time and a zone, or set metadata.timezone"


def _detail(times: Timestamps, role: str, interval: Interval) -> dict[str, object]:
    evidence = times.evidence[role]
    detail: dict[str, object] = {role: _shown(interval.earliest), "evidence": f"{evidence.kind}:{evidence.key}"}
    if not interval.is_instant:
        detail["latest"] = _shown(interval.latest)
    return detail


def _shown(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
