"""Until when an admission holds: the earliest instant at which one of its decisions would change by itself. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from headgate.admission.judging import Judgement
from headgate.admission.planning import Answers, Plan
from headgate.freshness import shift, verification_bounds

__all__ = ["next_change"]


def next_change(plan: Plan, answers: Answers) -> datetime | None:
    """Return the earliest instant after the present at which a decision would change, as far as known; otherwise None.

    A question about another date is answered by what held then, so only what is judged for the present can change.
    """
    now = plan.now
    bounds: list[datetime] = []
    for judgement in plan.judgements:
        facts = judgement.facts
        # What has no proof has none tomorrow.
        if plan.as_of is None and not facts.is_kept_out:
            bounds += facts.bounds
        if facts.witness is not None and facts.witness.valid_from is not None and plan.as_of is None:
            bounds.append(facts.witness.valid_from)
        source = facts.source
        if source.freshness.verified_within is not None or source.requirement.manifest is not None:
            bounds += _verified_bounds(judgement)
    if plan.as_of is None:
        bounds += _known_bounds(plan, answers)
    if answers.live:
        bounds += _asked_bounds(plan, answers)
    if answers.overrides or answers.revocations:
        bounds += _answered_bounds(plan, answers)
    return min((bound for bound in bounds if bound > now), default=None)


def _verified_bounds(judgement: Judgement) -> Iterator[datetime]:
    facts = judgement.facts
    if facts.is_kept_out or not facts.digest:
        return
    source, manifest = facts.source, facts.source.requirement.manifest
    skew = source.freshness.future_skew
    yield from verification_bounds(judgement.verified, source.freshness)
    yield from (shift(one.at, -skew) for one in facts.verified)
    if manifest is not None:
        issued, expires = manifest.window
        yield from (shift(issued, -skew), shift(expires, source.requirement.grace))


def _known_bounds(plan: Plan, answers: Answers) -> Iterator[datetime]:
    """Yield from when on versions that were proved before are in force, and may push out others."""
    skews = {one.facts.source.freshness.future_skew for one in plan.judgements}
    for facts in answers.known.values():
        for known in facts:
            if known.valid_from is not None:
                yield known.valid_from
            if known.modified is not None and known.modified > plan.now:
                # It counts a little before its time, by what its source grants other people's clocks.
                yield from (shift(known.modified, -skew) for skew in skews)


def _asked_bounds(plan: Plan, answers: Answers) -> Iterator[datetime]:
    """Yield until when the last answer of a document's server holds, and then its grace."""
    for judgement in plan.judgements:
        rule, asked = judgement.facts.source.revalidate, answers.live.get(judgement.index)
        if rule is None or asked is None or asked.answer is None or rule.on_error == "warn":
            continue
        yield shift(shift(asked.answer.at, asked.question.lasts(asked.answer)), rule.grace)


def _answered_bounds(plan: Plan, answers: Answers) -> Iterator[datetime]:
    for judgement in plan.judgements:
        source = judgement.facts.source
        override = answers.overrides.get(source.id)
        if override is not None:
            yield override.until
        yield from answers.revocations.bounds(source.freshness.future_skew)
