"""Until when an admission holds: the earliest instant at which one of its decisions would change by itself. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from headgate.admission.judging import Judgement
from headgate.admission.planning import Answers, Plan
from headgate.freshness import shift, verification_bounds

__all__ = ["next_change"]


def next_change(plan: Plan, answers: Answers) -> datetime | None:
    """Return the earliest instant after the present at which a decision would change, as far as is known; else None.

    A question about another date is answered by what held then, so only what is judged for the present can change.
    """
    bounds = (bound for judgement in plan.judgements for bound in _bounds(judgement, plan, answers))
    return min((bound for bound in bounds if bound > plan.now), default=None)


def _bounds(judgement: Judgement, plan: Plan, answers: Answers) -> Iterator[datetime]:
    facts = judgement.facts
    if plan.as_of is None:
        yield from _starts(judgement, answers)
    # What has no proof has none tomorrow.
    if facts.is_kept_out or not facts.digest:
        return
    if plan.as_of is None:
        yield from facts.bounds
    source, manifest = facts.source, facts.source.requirement.manifest
    yield from verification_bounds(judgement.verified, source.freshness)
    yield from (shift(one.at, -source.freshness.future_skew) for one in facts.verified)
    if manifest is not None:
        issued, expires = manifest.window
        yield from (shift(issued, -source.freshness.future_skew), shift(expires, source.requirement.grace))
    override = answers.overrides.get(source.id)
    if override is not None:
        yield override.until
    yield from answers.revocations.bounds(source.freshness.future_skew)


def _starts(judgement: Judgement, answers: Answers) -> Iterator[datetime]:
    """Yield from when on other versions of a document are in force, and may push it out."""
    facts = judgement.facts
    if facts.witness is not None and facts.witness.valid_from is not None:
        yield facts.witness.valid_from
    if facts.proved is not None:
        for known in answers.known.get(facts.proved.document, ()):
            if known.valid_from is not None:
                yield known.valid_from
            if known.modified is not None:
                yield shift(known.modified, -facts.source.freshness.future_skew)
