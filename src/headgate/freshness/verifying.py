"""The clock that says when somebody last vouched for a document, and the rule that reads it. No I/O.

Dates in metadata are claims about the past. Whether a document is still what its publisher stands behind is known only
from somebody who looked since: a list that is signed again, a feed, the origin itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from headgate.decision import Finding
from headgate.freshness.interval import shift
from headgate.policy.durations import format_duration, format_span
from headgate.policy.freshness import Freshness
from headgate.verification import Verification, Verifier

__all__ = ["judge_verification", "latest_verification", "verification_bounds"]

_TICK = timedelta(microseconds=1)


def latest_verification(
    verifications: Iterable[Verification], counted: Collection[Verifier], now: datetime, skew: timedelta
) -> Verification | None:
    """Return the latest verification that counts, or None.

    Args:
        verifications: all that is known.
        counted: what the policy counts as one.
        now: the present.
        skew: how far a publisher's clock may be ahead; what claims to be later than that says nothing.
    """
    latest = shift(now, skew)
    found = [one for one in verifications if one.by in counted and one.at <= latest]
    return max(found, key=lambda one: one.at, default=None)


def judge_verification(
    found: Verification | None, rule: Freshness, counted: Collection[Verifier], now: datetime, why: str = ""
) -> Finding | None:
    """Return what `verified_within` says: F210 where nobody ever vouched, F211 where nobody did lately, otherwise None.

    Args:
        found: the latest verification that counts.
        rule: the source's freshness rule.
        counted: what the policy counts as a verification.
        now: the present.
        why: why nobody has vouched, where that is known, as a part of a sentence.
    """
    limit = rule.verified_within
    if limit is None:
        return None
    if found is None:
        message = f"Nobody has verified it: what counts is {' or '.join(counted)}{f', and {why}' if why else ''}."
        return Finding("F210", message, detail={"counted": list(counted)})
    if now <= rule.end_of(found.at, limit):
        return None
    allowed = format_span(limit)
    message = f"It was last verified {format_duration(now - found.at)} ago ({found.name}); the limit is {allowed}."
    detail = {"verified": found.at.isoformat(), "by": found.by, "name": found.name, "limit": allowed}
    is_excused = now <= rule.end_of(found.at, limit, rule.verified_grace)
    return Finding("F211", message, "warning" if is_excused else "error", detail)


def verification_bounds(found: Verification | None, rule: Freshness) -> tuple[datetime, ...]:
    """Return the instants from which on `verified_within` keeps a document out that it lets in before."""
    if found is None or rule.verified_within is None:
        return ()
    return (shift(rule.end_of(found.at, rule.verified_within, rule.verified_grace), _TICK),)
