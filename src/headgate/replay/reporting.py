"""Many recorded admissions decided again: what would change, by code and source, with examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headgate.admission.pulling import Pulled
from headgate.display import Printable
from headgate.policy import Policy
from headgate.record import AdmissionRecord, LogEntry, error_codes, name_of, records_in
from headgate.replay.deciding import Redecided, Redecider

__all__ = ["Example", "Replay", "replay_records"]

_EXAMPLES = 5
_SOURCES = 1_000


@dataclass(frozen=True, slots=True)
class Example:
    """A document whose decision would change.

    Attributes:
        admission: the id of the admission.
        now: when it was decided.
        document: its URI, id or digest.
        source: its source now.
        before: its codes as recorded.
        after: its codes now, with the messages of what keeps it out.
    """

    admission: str
    now: str
    document: str
    source: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the example as plain JSON values."""
        return {name: getattr(self, name) for name in ("admission", "now", "document", "source", "before", "after")}


@dataclass(slots=True, repr=False)
class Replay(Printable):
    """What would change.

    Attributes:
        policy_revision: the digest of the policy that was tried.
        at: the date that was tried, if any.
        is_enforcing: whether the policy that was tried enforces every check.
        admissions: how many admissions were decided again.
        documents: how many documents.
        admitted_before: how many of the decided documents were admitted when recorded.
        admitted_after: how many are now.
        newly_dropped: documents admitted then and dropped now, by source and first reason.
        newly_admitted: documents dropped then and admitted now, by source and the reason of then.
        changed_prompts: admissions with at least one such document.
        emptied_prompts: admissions that had documents and have none now.
        undecided: documents that were not decided, by what their record lacks.
        texts: documents whose text was recorded, so that terminology could be decided again.
        rewritten_before: places rewritten then, in these documents.
        rewritten_after: places rewritten now.
        skipped: lines of the log without a record that can be used, by why.
        examples: a few documents of each change, by code.
    """

    policy_revision: str
    at: datetime | None = None
    is_enforcing: bool = True
    admissions: int = 0
    documents: int = 0
    admitted_before: int = 0
    admitted_after: int = 0
    newly_dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    newly_admitted: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed_prompts: int = 0
    emptied_prompts: int = 0
    undecided: Counter[str] = field(default_factory=Counter)
    texts: int = 0
    rewritten_before: int = 0
    rewritten_after: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)

    @property
    def is_changed(self) -> bool:
        """Whether any decision would change."""
        return bool(self.changed_prompts)

    def add(self, record: AdmissionRecord, decided: list[Redecided]) -> None:
        """Count one admission."""
        self.admissions += 1
        before = after = undecided = 0
        is_changed = False
        for one in decided:
            self.documents += 1
            if one.action is None:
                undecided += 1
                self.undecided[one.lack or "unknown"] += 1
                continue
            before += one.before["action"] == "admit"
            after += one.action == "admit"
            if one.is_changed:
                is_changed = True
                self._change(record, one)
            # Only what is admitted has words that reach a prompt.
            if one.edits is not None and one.action == "admit":
                self._count_edits(one)
        self.admitted_before += before
        self.admitted_after += after
        self.changed_prompts += is_changed
        # One that could not be decided may well be admitted, so such a prompt is not called empty.
        self.emptied_prompts += bool(before) and not after and not undecided

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values."""
        return {
            "policy_revision": self.policy_revision,
            "at": self.at.isoformat() if self.at else None,
            "is_enforcing": self.is_enforcing,
            "admissions": self.admissions,
            "documents": self.documents,
            "admitted": {"before": self.admitted_before, "after": self.admitted_after},
            "newly_dropped": _listed(self.newly_dropped),
            "newly_admitted": _listed(self.newly_admitted),
            "changed_prompts": self.changed_prompts,
            "emptied_prompts": self.emptied_prompts,
            "undecided": dict(self.undecided),
            "terminology": {
                "documents_with_text": self.texts,
                "rewritten": {"before": self.rewritten_before, "after": self.rewritten_after},
            },
            "skipped_lines": dict(self.skipped),
            "examples": {code: [e.to_dict() for e in examples] for code, examples in self.examples.items()},
        }

    def _count_edits(self, one: Redecided) -> None:
        self.texts += 1
        self.rewritten_before += len(one.before["edits"])
        self.rewritten_after += one.edits or 0

    def _change(self, record: AdmissionRecord, one: Redecided) -> None:
        reasons = error_codes(one.before)
        if one.action == "drop":
            code = one.reasons[0].code if one.reasons else "G901"
            self._bump(self.newly_dropped, one.source, code)
        else:
            code = reasons[0] if reasons else "G901"
            self._bump(self.newly_admitted, one.source, code)
        examples = self.examples.setdefault(("- " if one.action == "drop" else "+ ") + code, [])
        if len(examples) < _EXAMPLES:
            after = tuple(f"{finding.code} {finding.message}" for finding in one.reasons)
            document = name_of(one.before)
            # Where nothing kept it out, what was noted about it is said: it may be what keeps it out now.
            before = reasons or tuple(dict.fromkeys(finding["code"] for finding in one.before["findings"]))
            examples.append(Example(record["admission"], record["now"], document, one.source, before, after))

    def _bump(self, counts: Counter[tuple[str, str]], source: str, code: str) -> None:
        counts[(source if len(counts) < _SOURCES else "other", code)] += 1


def replay_records(
    entries: Iterable[LogEntry | Mapping[str, Any]],
    policy: Policy,
    *,
    at: datetime | None = None,
    pulled: Pulled | None = None,
) -> Replay:
    """Decide recorded admissions again.

    Args:
        entries: what `read_log` yields, or records as `log_record` makes them; read once, one at a time.
        policy: the policy to try.
        at: the date to try; by default that of each record.
        pulled: where the policy was pulled from, if it was; from its end on it keeps everything out.

    Raises:
        PolicyError: the policy cannot be used.
    """
    redecider = Redecider(policy, at=at, over=pulled.ended if pulled is not None else None)
    replay = Replay(redecider.revision, at, policy.is_enforcing)
    for entry in records_in(entries):
        record = entry.record
        if record is None:
            replay.skipped[entry.notice or "unreadable"] += 1
            continue
        try:
            decided = redecider.redecide_read(record)
        except ValueError:
            replay.skipped["the admission has no time that can be read"] += 1
            continue
        replay.add(record, decided)
    return replay


def _listed(counts: Counter[tuple[str, str]]) -> list[dict[str, object]]:
    return [{"source": s, "code": code, "documents": count} for (s, code), count in counts.most_common()]
