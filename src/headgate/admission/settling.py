"""Settling what was decided about a chunk, so that it need not be judged again. No I/O.

What looks at the retrieval as a whole is not settled, and judged each time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone

from headgate.admission.facts import Facts, document_in
from headgate.admission.hearing import names_of
from headgate.admission.judging import Judgement
from headgate.admission.planning import Answers, Plan
from headgate.admission.releases import RELEASES
from headgate.admission.revalidating import written_of
from headgate.admission.settled import Settled, Told
from headgate.admission.validity import next_change
from headgate.origins.questions import Asked

__all__ = ["settle"]

_MOST_SETTLED = 4  # of one chunk: the ways in which its index shows it
_LAST = datetime.max.replace(tzinfo=timezone.utc)
# What is said of a chunk on its own, whatever the time: all that is listed here may be settled.
_LASTING_CHECKS = frozenset(("provenance", "terminology"))
# What others have said, or say no longer: a list, a quarantine, the time of a manifest.
_PASSING = frozenset(("P107", "P108", "P113", "P114"))
_LASTING = frozenset(("G906",))


def settle(judgement: Judgement, plan: Plan, answers: Answers) -> None:
    """Remember what was decided about a chunk on its own, if that holds for a while, and it can be remembered.

    Args:
        judgement: the chunk, before anything looked at the retrieval as a whole.
        plan: the admission.
        answers: what it asked; nothing is held back or opened by hand.
    """
    with suppress(Exception):  # a chunk may hold anything: names that have no hash, say
        _settle(judgement, plan, answers)


def _settle(judgement: Judgement, plan: Plan, answers: Answers) -> None:
    facts, chunk, now = judgement.facts, judgement.chunk, plan.now
    memory = facts.memory
    if memory is None or not _is_lasting(judgement, plan):
        return
    told, asked = _told(judgement, answers), answers.live.get(judgement.index)
    if not _is_of_the_version(facts, told) or (asked is not None and not _is_answered(asked, now)):
        return
    key = (chunk.prompt_metadata, chunk.hidden_metadata)
    before = memory.settled.get(key)
    if before is not None and before.holds(now, chunk) and before.told == told:
        return
    if before is None and len(memory.settled) >= _MOST_SETTLED:
        return
    change = next_change(replace(plan, judgements=[judgement]), _own(judgement, answers))
    is_out = judgement.is_kept_out
    memory.settled[key] = Settled(
        since=now,
        until=min(_until(judgement, answers, now), change or _LAST),
        change=change,
        document=document_in(facts.source, facts.document) if facts.document is not None else None,
        version=_version(facts),
        defines=bool(judgement.definitions),
        told=told,
        scores=facts.scores,
        modified=judgement.modified,
        identifier=chunk.id,
        decision=judgement.decide(),
        text="" if is_out else RELEASES.own(judgement.text),
        metadata=None if is_out else judgement.leaving_metadata(),
        shown=judgement.shown,
    )


def _told(judgement: Judgement, answers: Answers) -> Told:
    """Return what others say of a chunk's document."""
    facts, asked = judgement.facts, answers.live.get(judgement.index)
    proved = facts.proved.document if facts.proved is not None else None
    names = tuple(names_of(judgement)) if facts.source.feeds else ()
    return Told(
        proved,
        tuple(answers.known.get(proved, ())) if proved is not None else (),
        names,
        tuple(tuple(answers.said.get(name, ())) for name in names),
        asked.key if asked is not None else None,
        asked.answer if asked is not None else None,
        answers.revocations,
    )


def _own(judgement: Judgement, answers: Answers) -> Answers:
    """Return the answers that are about one chunk."""
    proved, asked = judgement.facts.proved, answers.live.get(judgement.index)
    known = answers.known.get(proved.document, ()) if proved is not None else ()
    return Answers(
        known={proved.document: known} if proved is not None else {},
        live={judgement.index: asked} if asked is not None else {},
        revocations=answers.revocations,
    )


def _is_of_the_version(facts: Facts, told: Told) -> bool:
    """Return whether the registry knows a chunk's version and no other."""
    proved = facts.proved
    if proved is None:
        return True
    return bool(told.known) and all(one.key == proved.key and one.holds(proved) for one in told.known)


def _is_answered(asked: Asked, now: datetime) -> bool:
    """Return whether a chunk's server has given an answer that counts."""
    answer = asked.answer
    return answer is not None and answer.at <= now and asked.question.is_met_by(answer, now)


def _is_lasting(judgement: Judgement, plan: Plan) -> bool:
    facts, source = judgement.facts, judgement.facts.source
    if not facts.digest or judgement.is_note or judgement.chunk.released is not None or judgement.is_revoked:
        return False
    if judgement.recalled or facts.witness is not None or source.identity is not None:
        return False
    # By a clock that is ahead: it may count later.
    if any(one.at > plan.now for one in facts.verified):
        return False
    if any(state.pulled > plan.now or said.seen > plan.now for state, said in judgement.heard):
        return False
    if not facts.is_quiet_at(plan.now):
        return False
    return all(
        (one.check in _LASTING_CHECKS and one.code not in _PASSING) or one.code in _LASTING
        for one in judgement.findings
    )


def _until(judgement: Judgement, answers: Answers, now: datetime) -> datetime:
    """Return until when nothing else is said of a chunk for certain; a warning changes no decision, but is one more."""
    facts, source = judgement.facts, judgement.facts.source
    ends = [facts.quiet[1] if facts.quiet is not None else _LAST]
    if source.requirement.manifest is not None:
        ends.append(source.requirement.manifest.window[1])
    within, last = source.freshness.verified_within, judgement.verified
    if within is not None and last is not None:
        ends.append(source.freshness.end_of(last.at, within))
    ends += (one.expires for one, _ in answers.revocations.lists)
    asked = answers.live.get(judgement.index)
    if asked is not None and asked.answer is not None:
        ends.append(asked.question.renewed_at(asked.answer))
    written = written_of(judgement) if source.revalidate is not None else None
    if written is not None and written.earliest > now:  # from then on an answer has to be later than that
        ends.append(written.earliest)
    return min(ends)


def _version(facts: Facts) -> object:
    """Return what two chunks of one document have in common where neither can push out the other."""
    times = facts.times
    return facts.attestation is not None, times.release, times.intervals.get("modified"), times.signed_start
