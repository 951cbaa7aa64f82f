"""What was decided about a chunk on its own, for as long as nothing that it rests on can have changed. No I/O.

What decides about a chunk is its text, its metadata, the policy, the time, and what others have said since. A decision
is settled where none of these can give another one before a known instant; what looks at the retrieval as a whole is
not settled, and judged each time.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from headgate.admission.facts import Facts, document_in
from headgate.admission.hearing import names_of
from headgate.admission.judging import Judgement
from headgate.admission.planning import Answers, Plan
from headgate.admission.released import is_same
from headgate.admission.releases import RELEASES
from headgate.admission.revalidating import written_of
from headgate.admission.validity import next_change
from headgate.chunk import Chunk
from headgate.decision import Decision
from headgate.frozen import draft_of
from headgate.origins.questions import Asked
from headgate.provenance.revocation import Revocations
from headgate.registry import Answer, FeedState, Known, Said

__all__ = ["Settled", "Told", "settle"]

_MOST_SETTLED = 4  # of one chunk: the ways in which its index shows it
_ZERO = timedelta(0)
_LAST = datetime.max.replace(tzinfo=timezone.utc)
# What is said of a chunk on its own, whatever the time: all that is listed here may be settled.
_LASTING_CHECKS = frozenset(("provenance", "terminology"))
# What others have said, or say no longer: a list, a quarantine, the time of a manifest.
_PASSING = frozenset(("P107", "P108", "P113", "P114"))
_LASTING = frozenset(("G906",))

_DecisionDraft = draft_of(Decision)
_ChunkDraft = draft_of(Chunk)


@dataclass(frozen=True, slots=True)
class Told:
    """What others said of a chunk's document when it was settled what to decide about the chunk.

    Attributes:
        proved: the document of which the registry is asked; None if of none.
        known: what the registry knew of it.
        names: under which names feeds speak of it.
        said: what they said under each name.
        asked: the key of what its own server is asked; None if nothing.
        answer: what that answered last.
        revocations: what was taken back.
    """

    proved: str | None
    known: tuple[Known, ...]
    names: tuple[str, ...]
    said: tuple[tuple[tuple[FeedState, Said], ...], ...]
    asked: str | None
    answer: Answer | None
    revocations: Revocations


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided about a chunk.

    Attributes:
        since: from when on it holds.
        until: until when it holds for certain.
        change: when it would change by itself, as `Admission.valid_until` tells it; None if never.
        document: what makes it a version of one document with other chunks; None if it belongs to none.
        version: which version, where it belongs to one.
        defines: whether its text says what short forms stand for, which chunks of one document share.
        told: what others said of its document.
        facts: what is settled about the chunk whatever else.
        modified: when it was last modified, at the earliest.
        identifier: the chunk's own identifier.
        decision: what was decided; its index and the age are of then.
        text: the text as it leaves; a string that nobody else has.
        metadata: with what metadata; None where the chunk is kept out.
        shown: which of it will be in the prompt.
    """

    since: datetime
    until: datetime
    change: datetime | None
    document: str | None
    version: object
    defines: bool
    told: Told
    facts: Facts
    modified: datetime | None
    identifier: object
    decision: Decision
    text: str
    metadata: dict[str, Any] | None
    shown: tuple[str, ...] | None

    def holds(self, now: datetime, chunk: Chunk) -> bool:
        """Return whether it holds now for a chunk of the same facts, unless somebody says otherwise."""
        return self.since <= now < self.until and is_same(self.identifier, chunk.id)

    def decide(self, index: int, now: datetime) -> Decision:
        """Return the decision about the chunk at a place of a retrieval."""
        known, modified = self.decision, self.modified
        draft = _DecisionDraft(
            index,
            known.action,
            known.findings,
            known.source,
            known.uri,
            known.digest,
            known.chunk_id,
            known.assurance,
            known.issuer,
            modified,
            (now - modified if modified < now else _ZERO) if modified is not None else None,
            known.rewrite,
            known.metadata_rewrites,
            known.withheld,
            known.evidence,
            known.mode,
            known.verified,
            None,
        )
        draft.__class__ = Decision
        decision: Decision = draft
        return decision

    def outgoing(self, chunk: Chunk) -> Chunk | None:
        """Return the chunk as it may enter the prompt, a new object; None where it is kept out."""
        if self.metadata is None:
            return None
        metadata = self.metadata.copy()
        for name in self.facts.scores:
            if name in metadata:
                metadata[name] = chunk.metadata[name]
        # Somebody may have released the text meanwhile, as another string.
        text = RELEASES.own(self.text, self.text)
        draft = _ChunkDraft(text, metadata, chunk.id, chunk.score, self.shown, chunk.media, (), None)
        draft.__class__ = Chunk
        left: Chunk = draft
        return left


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
        facts=facts,
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
