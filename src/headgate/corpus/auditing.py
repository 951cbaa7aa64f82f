"""A corpus against a policy: what the gate would do with every document, whatever is asked."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from headgate.admission.gate import Gate
from headgate.admission.pulling import Pulled
from headgate.chunk import Chunk
from headgate.corpus.item import CorpusItem
from headgate.decision import Decision
from headgate.display import Displayed
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import Policy

__all__ = ["Audit", "AuditRow", "audit_corpus"]

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What the gate would do with one document.

    Attributes:
        place: where it is.
        decision: the gate's decision; None for what could not be read.
        problem: why it could not be read, or not wholly.
    """

    place: str
    decision: Decision | None
    problem: str | None = None

    @property
    def keeps_out(self) -> bool:
        """Whether the document would be dropped if every check were enforced, or is unreadable."""
        return self.decision is None or self.decision.would_drop

    def to_dict(self) -> dict[str, object]:
        """Return the row as plain JSON values."""
        return {
            "place": self.place,
            "problem": self.problem,
            "decision": self.decision.to_dict() if self.decision else None,
        }


@dataclass(slots=True)
class Audit(Displayed):
    """What the gate would do with a corpus.

    Attributes:
        policy_revision: the digest of the policy it was judged under.
        now: the instant it was judged for.
        rows: one per document.
        skipped: what else was in the corpus and was passed over, with its place and reason.
    """

    policy_revision: str
    now: datetime
    rows: list[AuditRow] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many documents would be admitted, kept out and were unreadable, and how many carry each code."""
        counts: Counter[str] = Counter(documents=0, admissible=0, kept_out=0, unreadable=0)
        for row in self.rows:
            counts["documents"] += 1
            counts["kept_out" if row.keeps_out else "admissible"] += 1
            if row.decision is None:
                counts["unreadable"] += 1
            else:
                counts.update(set(row.decision.codes))
        return dict(counts)

    def sources(self) -> dict[str, dict[str, int]]:
        """Return the same counts per source, the largest first."""
        found: dict[str, Counter[str]] = {}
        for row in self.rows:
            source = row.decision.source if row.decision else "unreadable"
            counter = found.setdefault(source, Counter(documents=0, admissible=0, kept_out=0))
            counter["documents"] += 1
            counter["kept_out" if row.keeps_out else "admissible"] += 1
            counter.update(set(row.decision.codes) if row.decision else ())
        ordered = sorted(found.items(), key=lambda pair: -pair[1]["documents"])
        return {source: dict(counter) for source, counter in ordered}

    def to_dict(self) -> dict[str, object]:
        """Return the audit as plain JSON values, without any text of the documents."""
        return {
            "policy_revision": self.policy_revision,
            "now": self.now.isoformat(),
            "counts": self.counts(),
            "sources": self.sources(),
            "skipped": self.skipped,
            "documents": [row.to_dict() for row in self.rows],
        }


def audit_corpus(gate: Gate, items: Iterable[CorpusItem], now: datetime, *, lasting: Policy | None = None) -> Audit:
    """Judge every document of a corpus.

    All chunks of one document are judged together, however many there are, so that a version superseded within the
    corpus is found. What holds for one prompt does not hold for a corpus: the token budget and the number of
    documents in one admission are left out.

    Args:
        gate: the gate whose policy applies.
        items: what `read_corpus` yields.
        now: the instant to judge for.
        lasting: the rules that are to count, where `now` is ahead: what is verified again and again is taken to be,
            and a place that a policy is pulled from to go on confirming it.
    """
    # Nor is it traffic: it is not in the log, counts against no source, teaches the registry nothing, asks no server.
    policy = lasting if lasting is not None else gate.policy
    policy = policy.model_copy(update={"budget": None, "log": None, "quarantine": None, "overrides": None})
    judging = _Judging(_AuditingGate(policy, gate.pulled, is_ahead=lasting is not None), now)
    audit = Audit(gate.policy_revision, now)
    for item in items:
        if item.chunk is None and not item.is_document:
            audit.skipped.append(f"{item.place}: {item.problem}")
        else:
            judging.add(item)
    audit.rows = judging.finish()
    return audit


class _AuditingGate(Gate):
    _is_traffic = False

    def __init__(self, policy: Policy, origin: Pulled | None, *, is_ahead: bool) -> None:
        super().__init__(policy, limits=replace(DEFAULT_LIMITS, chunks=sys.maxsize))
        self._origin, self._is_ahead = origin, is_ahead

    def audit(self, chunks: Sequence[Chunk], now: datetime) -> tuple[Decision, ...]:
        """Return what is decided about chunks, and about the policy itself where it was pulled; released to nobody."""
        admission = self.judge(chunks, now=now)
        if self._origin is not None:
            admission = self._origin.audit(admission, self.in_force, is_ahead=self._is_ahead)
        return admission.decisions


class _Judging:
    """Judges items in batches, and once more those documents whose chunks came in several batches.

    Args:
        gate: a gate without the limits of one prompt.
        now: the instant to judge for.
    """

    def __init__(self, gate: _AuditingGate, now: datetime) -> None:
        self._gate, self._now = gate, now
        self._items: list[CorpusItem] = []
        self._decisions: dict[int, Decision] = {}
        self._batch: list[int] = []
        # By document, which of its items came in which batch.
        self._documents: dict[str, list[list[int]]] = {}

    def add(self, item: CorpusItem) -> None:
        """Judge an item, at once or with those that follow."""
        if item.chunk is not None:
            self._batch.append(len(self._items))
        self._items.append(item)
        if len(self._batch) >= _BATCH:
            self._end_batch()

    def finish(self) -> list[AuditRow]:
        """Return a row per item, in the order in which they were added."""
        self._end_batch()
        for parts in self._documents.values():
            if len(parts) > 1:
                self._judge([number for part in parts for number in part])
        return [AuditRow(item.place, self._decisions.get(n), item.problem) for n, item in enumerate(self._items)]

    def _end_batch(self) -> None:
        batch, self._batch = self._batch, []
        self._judge(batch)
        parts: dict[str, list[int]] = {}
        for number in batch:
            uri = self._decisions[number].uri
            if uri is not None:
                parts.setdefault(_document_of(uri), []).append(number)
        for document, part in parts.items():
            self._documents.setdefault(document, []).append(part)

    def _judge(self, numbers: list[int]) -> None:
        chunks = [chunk for number in numbers if (chunk := self._items[number].chunk) is not None]
        for number, decision in zip(numbers, self._gate.audit(chunks, self._now), strict=True):
            self._decisions[number] = decision


def _document_of(uri: str) -> str:
    """Return what all parts of a document have in common; too wide a group costs time and changes no decision."""
    return uri.partition("#")[0].partition("?")[0].rstrip("/")
