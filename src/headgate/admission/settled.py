"""What was decided about a chunk on its own, for as long as nothing that it rests on can have changed. No I/O.

What decides about a chunk is its text, its metadata, the policy, the time, and what others have said since. A decision
is settled where none of these can give another one before a known instant; what looks at the retrieval as a whole is
not settled, and judged each time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from headgate.admission.facts import Facts
from headgate.admission.judging import Judgement
from headgate.admission.planning import Answers, Plan
from headgate.admission.releases import RELEASES
from headgate.admission.validity import next_change
from headgate.chunk import Chunk
from headgate.decision import Decision
from headgate.freshness import shift
from headgate.frozen import draft_of
from headgate.registry import Known

__all__ = ["Settled", "settle"]

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
class Settled:
    """What was decided about a chunk.

    Attributes:
        since: from when on it holds.
        until: until when it holds for certain.
        change: when it would change by itself, as `Admission.valid_until` tells it; None if never.
        document: what makes it a version of one document with other chunks; None if it belongs to none.
        version: which version, where it belongs to one.
        defines: whether its text says what short forms stand for, which chunks of one document share.
        proved: the document of which the registry is asked; None if of none.
        known: what the registry knew of it.
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
    proved: str | None
    known: tuple[Known, ...]
    facts: Facts
    modified: datetime | None
    identifier: object
    decision: Decision
    text: str
    metadata: dict[str, Any] | None
    shown: tuple[str, ...] | None

    def holds(self, now: datetime, chunk: Chunk, known: tuple[Known, ...]) -> bool:
        """Return whether this is what would be decided about a chunk of the same facts now."""
        return self.since <= now < self.until and self.known is known and self.identifier == chunk.id

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
        draft = _ChunkDraft(self.text, metadata, chunk.id, chunk.score, self.shown, chunk.media, (), None)
        draft.__class__ = Chunk
        left: Chunk = draft
        return left


def settle(judgement: Judgement, plan: Plan, answers: Answers) -> None:
    """Remember what was decided about a chunk on its own, if that holds for a while.

    Args:
        judgement: the chunk, before anything looked at the retrieval as a whole.
        plan: the admission.
        answers: what it asked; nothing but what the registry knows.
    """
    facts, chunk, now = judgement.facts, judgement.chunk, plan.now
    memory = facts.memory
    if memory is None or not _is_lasting(judgement, plan):
        return
    key = (chunk.prompt_metadata, chunk.hidden_metadata)
    before = memory.settled.get(key)
    proved = facts.proved
    known = answers.known.get(proved.document, ()) if proved is not None else ()
    if before is not None and before.holds(now, chunk, known):
        return
    if proved is not None and not (known and all(one.key == proved.key and one.holds(proved) for one in known)):
        return  # of another version than the registry's, or new to it
    if before is None and len(memory.settled) >= _MOST_SETTLED:
        return
    own = Answers(known={proved.document: known} if proved is not None else {})
    change = next_change(replace(plan, judgements=[judgement]), own)
    is_out = judgement.is_kept_out
    memory.settled[key] = Settled(
        since=now,
        until=min(_until(judgement), change or _LAST),
        change=change,
        document=f"{facts.source.id} {facts.document}" if facts.document is not None else None,
        version=_version(facts),
        defines=bool(judgement.definitions),
        proved=proved.document if proved is not None else None,
        known=known,
        facts=facts,
        modified=judgement.modified,
        identifier=chunk.id,
        decision=judgement.decide(),
        text="" if is_out else RELEASES.own(judgement.text),
        metadata=None if is_out else judgement.leaving_metadata(),
        shown=judgement.shown,
    )


def _is_lasting(judgement: Judgement, plan: Plan) -> bool:
    facts, source = judgement.facts, judgement.facts.source
    if not facts.digest or judgement.is_note or judgement.chunk.released is not None or judgement.is_revoked:
        return False
    if judgement.recalled or judgement.heard or facts.witness is not None:
        return False
    if source.identity is not None or source.feeds or source.revalidate is not None:
        return False
    if any(one.at > plan.now for one in facts.verified):  # by a clock that is ahead: it may count later
        return False
    quiet = facts.quiet
    if quiet is None or not quiet[0] <= plan.now <= quiet[1]:
        return False
    return all(
        (one.check in _LASTING_CHECKS and one.code not in _PASSING) or one.code in _LASTING
        for one in judgement.findings
    )


def _until(judgement: Judgement) -> datetime:
    """Return until when nothing else is said of a chunk for certain; a warning changes no decision, but is one more."""
    facts, source = judgement.facts, judgement.facts.source
    ends = [facts.quiet[1] if facts.quiet is not None else _LAST]
    if source.requirement.manifest is not None:
        ends.append(source.requirement.manifest.window[1])
    rule, last = source.freshness.verified_within, judgement.verified
    if rule is not None and last is not None:
        ends.append(shift(last.at, rule))
    return min(ends)


def _version(facts: Facts) -> object:
    """Return what two chunks of one document have in common where neither can push out the other."""
    times = facts.times
    return facts.attestation is not None, times.release, times.intervals.get("modified"), times.signed_start
