"""What was decided about a chunk on its own, for as long as nothing that it rests on can have changed.

What decides about a chunk is its text, its metadata, the policy, the time, and what others have said since. A decision
is settled where none of these can give another one before a known instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from headgate.admission.released import is_same
from headgate.admission.releases import RELEASES
from headgate.chunk import Chunk
from headgate.decision import Decision
from headgate.frozen import draft_of
from headgate.provenance.revocation import Revocations
from headgate.registry import Answer, FeedState, Known, Said

__all__ = ["Settled", "Told"]

_ZERO = timedelta(0)

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
        scores: the entries that decide nothing, and that searches write again each time.
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
    scores: frozenset[str]
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
        for name in self.scores:
            if name in metadata:
                metadata[name] = chunk.metadata[name]
        # Somebody may have released the text meanwhile, as another string.
        text = RELEASES.own(self.text, self.text)
        draft = _ChunkDraft(text, metadata, chunk.id, chunk.score, self.shown, chunk.media, (), None)
        draft.__class__ = Chunk
        left: Chunk = draft
        return left
