"""The first of an admission's three steps: what can be settled before anything is asked. No I/O.

An admission is planned, then asks what it must, then is judged. Planning settles the facts about every chunk: its
source, what is proved about it, its times. Asking is the only step with I/O; what an origin says about a document joins
`Answers` there, and is asked only for documents whose provenance is proved. Judging decides from facts, answers and
the time.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from headgate.admission.judging import Judgement, begin_judgement
from headgate.admission.overriding import Override
from headgate.admission.quarantine import Held
from headgate.admission.revision import Revision
from headgate.admission.setwide import refuse_surplus
from headgate.chunk import Chunk
from headgate.limits import Limits
from headgate.origins.questions import Asked
from headgate.provenance.revocation import Revocations
from headgate.registry import FeedState, Known, Said

__all__ = ["Answers", "Plan", "plan_admission", "weigh"]

# About what one verified signature costs, as characters of text that are hashed, folded and searched.
_CHUNK_WEIGHT = 2_000
_ENTRY_WEIGHT = 100
_FOREIGN_WEIGHT = 400_000


@dataclass(frozen=True, slots=True)
class Plan:
    """An admission that has begun.

    Attributes:
        revision: the policy in force, from start to end.
        judgements: one per chunk, with the facts about it.
        query: what was asked.
        now: the present, in UTC.
        as_of: the date the question is about, if it is not now.
        started: the reading of the performance counter at the start, in seconds.
        settles: whether what is decided about a chunk on its own may be remembered.
    """

    revision: Revision
    judgements: Sequence[Judgement]
    query: str | None
    now: datetime
    as_of: datetime | None
    started: float
    settles: bool = False

    @property
    def at(self) -> datetime:
        """The instant as of which freshness is judged."""
        return self.as_of or self.now

    @property
    def is_past(self) -> bool:
        """Whether the question is about the past."""
        return self.as_of is not None and self.as_of < self.now


@dataclass(frozen=True, slots=True)
class Answers:
    """What an admission had to ask.

    Attributes:
        held: the sources in quarantine.
        watched: the sources that may be held.
        problem: why it could not be learned what is held, if so.
        known: what the registry knows of documents, by document.
        unknown: why the registry could not be asked, if so.
        said: what feeds say of documents, by document.
        unpulled: feeds that were never pulled.
        editions: the editions that feeds list, by source.
        live: what documents' own servers were asked, and their last answers, by the place of the chunk.
        is_asking: whether servers are asked at all; not for an audit or a rehearsal.
        unheard: why the feeds' part of the registry could not be asked, if so.
        revocations: what was taken back.
        overrides: the sources that are opened by hand.
    """

    held: Mapping[str, Held] = field(default_factory=dict)
    watched: frozenset[str] = frozenset()
    problem: Exception | None = None
    known: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)
    unknown: Exception | None = None
    said: Mapping[str, tuple[tuple[FeedState, Said], ...]] = field(default_factory=dict)
    unpulled: frozenset[str] = frozenset()
    unheard: Exception | None = None
    editions: Mapping[str, Collection[str]] = field(default_factory=dict)
    live: Mapping[int, Asked] = field(default_factory=dict)
    is_asking: bool = False
    revocations: Revocations = field(default_factory=Revocations)
    overrides: Mapping[str, Override] = field(default_factory=dict)

    @property
    def are_plain(self) -> bool:
        """Whether everybody has answered, and no source is held back or opened by hand."""
        failed = self.problem is not None or self.unknown is not None or self.unheard is not None
        return not (failed or self.held or self.overrides)


def plan_admission(
    revision: Revision,
    chunks: Sequence[Chunk],
    limits: Limits,
    *,
    query: str | None,
    now: datetime,
    as_of: datetime | None,
    settles: bool = False,
) -> Plan:
    """Return the plan of an admission; never raises for anything that a chunk may hold."""
    started = time.perf_counter()
    judgements = [
        begin_judgement(index, chunk, revision, limits) for index, chunk in enumerate(chunks[: limits.chunks])
    ]
    judgements += refuse_surplus(chunks, limits, revision)
    return Plan(revision, judgements, query, now, as_of, started, settles)


def weigh(chunks: Sequence[Chunk]) -> int:
    """Return about how much work chunks are, in characters; a hundred thousand take some milliseconds."""
    return sum(map(_weigh, chunks))


def _weigh(chunk: Chunk) -> int:
    weight = _CHUNK_WEIGHT + (len(chunk.text) if isinstance(chunk.text, str) else 0)
    if type(chunk.metadata) is not dict:  # what it costs to look at, nobody knows
        weight += _FOREIGN_WEIGHT
    else:
        weight += _ENTRY_WEIGHT * len(chunk.metadata)
        # Of many entries the number weighs enough; of a few, one may be a text of megabytes.
        texts = (value for value in islice(chunk.metadata.values(), 64) if isinstance(value, str))
        weight += sum(map(len, texts))
    return weight
