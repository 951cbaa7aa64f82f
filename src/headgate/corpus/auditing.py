"""A corpus against a policy: what the gate would do with every document, whatever is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from headgate.admission.gate import Gate
from headgate.chunk import Chunk
from headgate.corpus.item import CorpusItem
from headgate.decision import Decision
from headgate.display import Displayed

__all__ = ["Audit", "AuditRow", "audit_corpus"]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What the gate would do with one document.

    Attributes:
        place: where it stands.
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
    """

    policy_revision: str
    now: datetime
    rows: list[AuditRow] = field(default_factory=list)

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
            "documents": [row.to_dict() for row in self.rows],
        }


def audit_corpus(gate: Gate, items: Iterable[CorpusItem], now: datetime) -> Audit:
    """Judge every document of a corpus.

    Documents that share a URI are judged together, so that a version superseded within the corpus is found. The
    token budget is left out: what fits into a prompt depends on the question.

    Args:
        gate: the gate whose policy applies.
        items: what `read_corpus` yields.
        now: the instant to judge for.
    """
    budgetless = Gate(gate.policy.model_copy(update={"budget": None, "log": None, "quarantine": None}))
    audit = Audit(gate.policy_revision, now)
    chunks: list[Chunk | None] = []
    groups: dict[str, list[int]] = {}
    for item in items:
        decision = budgetless.judge([item.chunk], now=now).decisions[0] if item.chunk is not None else None
        if decision is not None and decision.uri is not None:
            groups.setdefault(decision.uri, []).append(len(audit.rows))
        audit.rows.append(AuditRow(item.place, decision, item.problem))
        chunks.append(item.chunk)
    for numbers in groups.values():
        if len(numbers) > 1:
            _judge_together(audit, budgetless, numbers, chunks, now)
    return audit


def _judge_together(audit: Audit, gate: Gate, numbers: list[int], chunks: list[Chunk | None], now: datetime) -> None:
    together = [(number, chunk) for number in numbers if (chunk := chunks[number]) is not None]
    admission = gate.judge([chunk for _, chunk in together], now=now)
    for (number, _), decision in zip(together, admission.decisions, strict=True):
        row = audit.rows[number]
        audit.rows[number] = AuditRow(row.place, decision, row.problem)
