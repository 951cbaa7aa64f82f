"""The last of an admission's three steps: from facts, answers and the time to one decision per chunk. No I/O."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from headgate.admission.editions import apply_editions
from headgate.admission.entering import judge_chunk, share_definitions
from headgate.admission.examining import check_failed
from headgate.admission.hearing import hear
from headgate.admission.judging import Judgement
from headgate.admission.overriding import apply_overrides
from headgate.admission.planning import Answers, Plan
from headgate.admission.revalidating import answered, judge_unanswered
from headgate.admission.revision import Revision
from headgate.admission.revoking import apply_revocations, still_known
from headgate.admission.settling import settle
from headgate.admission.setwide import apply_budget, apply_quarantine, apply_supersession, drop_notes
from headgate.admission.standing import judge_standing
from headgate.admission.validity import next_change
from headgate.chunk import Chunk
from headgate.decision import Admission, Decision, Dropped, Mode
from headgate.encoding import digest_label, replace_surrogates
from headgate.limits import Limits
from headgate.registry import Known

__all__ = ["admission_of", "judge_admission"]


def judge_admission(plan: Plan, answers: Answers, limits: Limits) -> Admission:
    """Return the decisions about a planned admission.

    Per chunk, freshness and terminology add their findings to those of provenance; then the rules that look at the
    retrieval as a whole add theirs. A plan is judged once: its judgements collect the findings.
    """
    known = _judge_each(plan, answers, limits)
    if plan.settles and answers.are_plain:
        for judgement in plan.judgements:
            settle(judgement, plan, answers)
    _judge_together(plan, answers, known, limits)
    return _conclude(plan, answers)


def _judge_each(plan: Plan, answers: Answers, limits: Limits) -> Mapping[str, tuple[Known, ...]]:
    """Add what there is to say about each chunk on its own; return what counts of what the registry knows."""
    judged = plan.judgements
    for judgement in judged:
        live = answered(judgement, answers.live, plan.now) if answers.live else ()
        verified = hear(judgement, answers.said, live, past=plan.at if plan.is_past else None)
        judge_standing(judgement, plan.now, verified, is_asking=answers.is_asking, unpulled=answers.unpulled)
        if answers.live:
            judge_unanswered(judgement, answers.live, plan.now)
    known = answers.known
    if answers.revocations:
        apply_revocations(judged, answers.revocations, plan.now)
        known = still_known(known, answers.revocations)
    # Before it is settled how a text enters, which is not done for what stays out.
    if answers.overrides:
        apply_overrides(judged, answers.overrides)
    for judgement in judged:
        judge_chunk(judgement, plan.revision, plan.at, limits, is_past=plan.is_past)
    return known


def _judge_together(plan: Plan, answers: Answers, known: Mapping[str, tuple[Known, ...]], limits: Limits) -> None:
    """Add what the rules say that look at the retrieval as a whole, or at what others know of it."""
    judged = plan.judgements
    _hold_back(judged, answers)
    if answers.unheard is not None:
        _hold_back_unheard(judged, answers.unheard)
    if len(judged) > 1 or known:
        apply_supersession(judged, plan.at, known, plan.query)
    if any(judgement.facts.source.identity is not None for judgement in judged):
        apply_editions(judged, plan.query, is_past=plan.is_past, listed=answers.editions)
    # What stays out defines no words of what enters.
    share_definitions(judged, plan.revision, limits)
    drop_notes(judged, plan.revision.strictest)
    # Last, so that nothing that stays out takes tokens from what enters.
    if plan.revision.budget is not None:
        apply_budget(judged, plan.revision)


def _hold_back_unheard(judged: Sequence[Judgement], problem: Exception) -> None:
    # What cannot be learned to be there still, and unchanged, is not.
    failed = check_failed("feeds", problem)
    for judgement in judged:
        if judgement.facts.source.feeds:
            judgement.add([failed], judgement.facts.source.modes["freshness"])


def _hold_back(judged: Sequence[Judgement], answers: Answers) -> None:
    if answers.unknown is not None:
        # What cannot be learned to be current is not.
        failed = check_failed("registry", answers.unknown)
        for judgement in judged:
            if judgement.facts.proved is not None:
                judgement.add([failed], judgement.facts.source.modes["freshness"])
    if answers.problem is None:
        if answers.held:
            apply_quarantine(judged, answers.held)
        return
    # What cannot be learned to be free is held.
    failed = check_failed("quarantine", answers.problem)
    for judgement in judged:
        source = judgement.facts.source
        if source.id in answers.watched:
            judgement.add([failed], source.modes["provenance"])


def _conclude(plan: Plan, answers: Answers) -> Admission:
    decided: list[tuple[Chunk, Decision, Chunk | None]] = []
    for judgement in plan.judgements:
        released = _released(judgement, plan.revision.strictest)  # which may find one more reason against it
        decided.append((judgement.chunk, judgement.decide(), released))
    return admission_of(
        plan.revision,
        decided,
        now=plan.now,
        as_of=plan.as_of,
        query=plan.query,
        started=plan.started,
        valid_until=next_change(plan, answers),
    )


def admission_of(
    revision: Revision,
    decided: Sequence[tuple[Chunk, Decision, Chunk | None]],
    *,
    now: datetime,
    as_of: datetime | None,
    query: object,
    started: float,
    valid_until: datetime | None,
) -> Admission:
    """Return an admission.

    Args:
        revision: the policy under which it was decided.
        decided: each chunk as it came, what was decided, and as what it may enter the prompt, if it may.
        now: the present.
        as_of: the date that the question was about, if it was another.
        query: what was asked.
        started: the reading of the performance counter at the start, in seconds.
        valid_until: the earliest instant at which one of the decisions would change.
    """
    return Admission(
        id=new_id(),
        policy_revision=revision.digest,
        mode=revision.mode,
        now=now,
        as_of=as_of,
        chunks=tuple([left for _, _, left in decided if left is not None]),
        decisions=tuple([decision for _, decision, _ in decided]),
        dropped=tuple([Dropped(chunk, decision) for chunk, decision, left in decided if left is None]),
        query_digest=digest_of_query(query),
        inputs=tuple([chunk for chunk, _, _ in decided]),
        query=query if isinstance(query, str) else None,
        reading=revision.reading,
        seconds=time.perf_counter() - started,
        on_empty=revision.on_empty,
        valid_until=valid_until,
    )


def new_id() -> str:
    """Return an identifier that no other admission has."""
    return secrets.token_hex(16)


def digest_of_query(query: object) -> str | None:
    """Return the digest of a question; a chain may hand over anything as one, and only text has a digest."""
    return digest_label(replace_surrogates(query).encode()) if isinstance(query, str) else None


def _released(judgement: Judgement, strictest: Mode) -> Chunk | None:
    """Return the chunk as it may enter the prompt, or None if it is kept out."""
    if judgement.is_kept_out:
        return None
    try:
        return judgement.outgoing()
    except Exception as error:  # noqa: BLE001 - metadata may be any mapping, and may fail at any time
        judgement.add([check_failed("provenance", error)], strictest)
    return None if judgement.is_kept_out else judgement.chunk  # where nothing is enforced, as it came
