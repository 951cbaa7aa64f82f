"""Timestamps and rules and now, in; findings, out.

A time that is an interval passes only if all of it passes: `2026-03-04` without a zone is fresh only if it is fresh
wherever on earth that day was meant. A restriction that is there and could not be read keeps the document out: absent
and unreadable are two things.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from headgate.decision import Finding, Severity
from headgate.freshness.catalogue import AGE_ROLES
from headgate.freshness.interval import Interval, shift
from headgate.freshness.statuses import STATUS_WORDS
from headgate.freshness.timestamps import Timestamps
from headgate.policy.durations import format_duration, format_span
from headgate.policy.freshness import Freshness

__all__ = ["Judged", "freshness_bounds", "judge_freshness", "quiet_window"]


_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)
_TICK = timedelta(microseconds=1)
_UNTOLD = "; whether it did at the time that is asked about, it does not say"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the freshness rules say about a document.

    Attributes:
        findings: what is wrong with it, and what is worth a warning.
        modified: the instant from which its age counts, if known.
        age: how long ago that was, at most; not known of what claims to come from the future.
    """

    findings: tuple[Finding, ...]
    modified: datetime | None = None
    age: timedelta | None = None


def judge_freshness(times: Timestamps, rule: Freshness, now: datetime, *, is_past: bool = False) -> Judged:
    """Return what a source's freshness rule says about a document at an instant.

    Args:
        times: what is known about the document's times.
        rule: what its source requires.
        now: the instant, in UTC.
        is_past: whether the question is about the past. What a document says today about its state and its successor
            says nothing of then, and is a warning.
    """
    findings = [*_judge_validity(times, now), *_judge_unread(times, rule)]
    findings += [*_judge_successor(times, is_past=is_past), *_judge_statuses(times, rule, is_past=is_past)]
    findings += _judge_review(times, rule, now)
    basis = times.age_basis()
    if basis is None:
        return Judged((*findings, *_judge_missing(times, rule)))
    role, interval = basis
    # The only comparison with the future: it must hold for the earliest meaning, or "today" would be ahead of now.
    if interval.earliest > shift(now, rule.future_skew):
        ahead = format_duration(interval.earliest - now)
        findings.append(
            Finding(
                "F204",
                f"It claims to be {role} {ahead} in the future.",
                detail=_detail(times, role, interval),
            )
        )
        return Judged(tuple(findings), interval.earliest)
    findings += _judge_age(times, role, interval, rule, now)
    return Judged(tuple(findings), interval.earliest, max(now - interval.earliest, timedelta(0)))


def quiet_window(times: Timestamps, rule: Freshness) -> tuple[datetime, datetime] | None:
    """Return from when until when `judge_freshness` finds nothing, both included; None if there is no such time.

    A gate that knows it need not judge the same document again for every question.
    """
    if times.superseded_by is not None or times.unread or any(_status_severities(times, rule).values()):
        return None
    starts, ends = [_FIRST], [_LAST]
    since, until = times.intervals.get("valid_from"), times.intervals.get("valid_until")
    if since is not None:
        starts.append(since.latest)
    if until is not None:
        # At the end itself it is already over (RFC 7519, section 4.1.4), and both ends of the window are included.
        ends.append(shift(until.earliest, -_TICK))
    review = times.intervals.get("review_by")
    if review is not None and rule.review != "admit":
        ends.append(shift(review.earliest, -_TICK))
    basis = times.age_basis()
    if basis is None:
        # A warning is something to say as well, so `missing: warn` is not quiet.
        if rule.max_age is not None and rule.missing != "admit":
            return None
        return max(starts), min(ends)
    earliest = basis[1].earliest
    starts.append(shift(earliest, -rule.future_skew))
    limits = [limit for limit in (rule.max_age, rule.warn_after) if limit is not None]
    if limits:
        ends.append(min(rule.end_of(earliest, limit) for limit in limits))
    start, end = max(starts), min(ends)
    return (start, end) if start <= end else None


def freshness_bounds(times: Timestamps, rule: Freshness) -> tuple[datetime, ...]:
    """Return the instants at which what `judge_freshness` keeps out may change, in order.

    Between two of them, an answer that rests on the document holds without asking again.
    """
    bounds: list[datetime] = []
    since, until = times.intervals.get("valid_from"), times.intervals.get("valid_until")
    if since is not None:
        bounds.append(since.latest)
    if until is not None:
        bounds.append(until.earliest)
    review = times.intervals.get("review_by")
    if review is not None and rule.review == "drop":
        bounds.append(review.earliest)
    basis = times.age_basis()
    if basis is not None:
        earliest = basis[1].earliest
        bounds.append(shift(earliest, -rule.future_skew))
        if rule.max_age is not None:
            bounds.append(shift(rule.end_of(earliest, rule.max_age), _TICK))
    return tuple(sorted(bounds))


def _judge_validity(times: Timestamps, now: datetime) -> Iterator[Finding]:
    until, since = times.intervals.get("valid_until"), times.intervals.get("valid_from")
    if until is not None and now >= until.earliest:  # the instant itself is already outside: RFC 7519, 4.1.4
        hint = "" if now >= until.latest else " in some time zones; add a zone to say where"
        yield Finding(
            "F201",
            f"It was valid until {_shown(until.earliest)}{hint}.",
            detail=_detail(times, "valid_until", until),
        )
    if since is not None and now < since.latest:
        hint = "" if now < since.earliest else " in some time zones; add a zone to say where"
        yield Finding(
            "F206",
            f"It is valid from {_shown(since.latest)}{hint}.",
            detail=_detail(times, "valid_from", since),
        )


def _judge_unread(times: Timestamps, rule: Freshness) -> Iterator[Finding]:
    for role, evidence in times.unread.items():
        # What was not even looked at is not an odd spelling that a policy could excuse.
        is_excused = rule.unreadable == "warn" and role != "metadata"
        if role == "review_by":
            if rule.review == "admit":
                continue
            is_excused = is_excused or rule.review == "warn"
        yield Finding(
            "F203",
            f"{evidence.key[:80]!r} cannot be read: {evidence.problem}.",
            "warning" if is_excused else "error",
            {"unreadable": evidence.key[:80], "role": role},
        )


def _judge_successor(times: Timestamps, *, is_past: bool) -> Iterator[Finding]:
    if times.superseded_by is not None:
        successor = times.superseded_by
        yield Finding(
            "F205",
            f"It names its successor: {successor}{_UNTOLD if is_past else ''}.",
            "warning" if is_past else "error",
            {"superseded_by": successor, "by": "itself"},
        )


def _status_severities(times: Timestamps, rule: Freshness) -> dict[str, Severity | None]:
    severities: dict[str, Severity | None] = {"drop": "error", "warn": "warning", "admit": None}
    return {
        word: severities[rule.status[word] if word in rule.status else STATUS_WORDS.get(word, "admit")]
        for word in times.statuses
    }


def _judge_statuses(times: Timestamps, rule: Freshness, *, is_past: bool) -> Iterator[Finding]:
    for word, severity in _status_severities(times, rule).items():
        if severity is None:
            continue
        evidence = times.statuses[word]
        detail = {"status": word, "evidence": f"{evidence.kind}:{evidence.key[:80]}"}
        message = f"Its status is {word!r}, says {evidence.key[:80]!r}{_UNTOLD if is_past else ''}."
        yield Finding("F214", message, "warning" if is_past else severity, detail)


def _judge_review(times: Timestamps, rule: Freshness, now: datetime) -> Iterator[Finding]:
    review = times.intervals.get("review_by")
    if review is None or rule.review == "admit" or now < review.earliest:
        return
    message = f"Its review was due {_shown(review.earliest)}."
    detail = _detail(times, "review_by", review)
    yield Finding("F209", message, "error" if rule.review == "drop" else "warning", detail)


def _judge_missing(times: Timestamps, rule: Freshness) -> Iterator[Finding]:
    if rule.max_age is None or rule.missing == "admit":
        return
    severity: Severity = "error" if rule.missing == "drop" else "warning"
    unread = next((one for role in AGE_ROLES if (one := times.problem_with(role)) is not None), None)
    unsigned = next((found for role in AGE_ROLES if (found := _unsigned_age(times, role)) is not None), None)
    message = "It has no time of modification, publication or creation."
    detail: dict[str, object] = {}
    if unread is not None:
        problem = f"{unread.key[:80]!r}: {unread.problem}"
        message, detail = f"No usable time ({problem}).", {"unreadable": problem}
    elif unsigned is not None:
        message, detail = unsigned
    yield Finding("F203", message, severity, detail)


def _unsigned_age(times: Timestamps, role: str) -> tuple[str, dict[str, object]] | None:
    """Return what an age that nobody signed would say, as a message and its detail."""
    interval, evidence = times.uncounted.get(role, (None, None))
    if interval is None or evidence is None:
        return None
    when, key = _shown(interval.earliest), evidence.key[:80]
    message = f"It has no signed time. Nobody signed {key!r}, which says that it was {role} {when}."
    return message, {"unsigned": {role: when, "key": key}}


def _judge_age(times: Timestamps, role: str, interval: Interval, rule: Freshness, now: datetime) -> Iterator[Finding]:
    oldest = now - interval.earliest
    if rule.max_age is not None and now > rule.end_of(interval.earliest, rule.max_age):
        allowed = format_span(rule.max_age)
        detail = {
            **_detail(times, role, interval),
            "age_seconds": round(oldest.total_seconds()),
            "max_age": allowed,
        }
        # The age as everywhere else: since the earliest instant that the time can mean.
        age = format_duration(oldest)
        if now > rule.end_of(interval.latest, rule.max_age):
            message = f"It was {role} {age} ago; the limit is {allowed}."
        else:
            message = f"It was {role} up to {age} ago; the limit is {allowed}. {_what_is_open(interval)}."
        yield Finding("F202", message, detail=detail)
    elif rule.warn_after is not None and now > rule.end_of(interval.earliest, rule.warn_after):
        yield Finding(
            "F209",
            f"It was {role} {format_duration(oldest)} ago; review is due after {format_span(rule.warn_after)}.",
            "warning",
            {**_detail(times, role, interval), "age_seconds": round(oldest.total_seconds())},
        )


def _what_is_open(interval: Interval) -> str:
    if interval.unit == "instant":
        return "The time alone leaves that open: add a zone, or set metadata.timezone"
    remedy = "add a time" if interval.has_zone else "add a time and a zone, or set metadata.timezone"
    return f"The {interval.unit} alone leaves that open: {remedy}"


def _detail(times: Timestamps, role: str, interval: Interval) -> dict[str, object]:
    evidence = times.evidence[role]
    detail: dict[str, object] = {
        role: _shown(interval.earliest),
        "evidence": f"{evidence.kind}:{evidence.key}",
    }
    if not interval.is_instant:
        detail["latest"] = _shown(interval.latest)
    return detail


def _shown(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")
