"""What a policy on trial does otherwise than the one of the other gates, by the log of all of them.

While a policy is on trial, every record says what the other one would have decided, whichever was in force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from headgate.record import AdmissionRecord, LogEntry, error_codes, name_of, records_in

__all__ = ["Difference", "Rollout", "compare_rollout"]

_EXAMPLES = 3
_CAUSES = 1_000
_NONE = "-"


@dataclass(frozen=True, slots=True)
class Difference:
    """A document that one of two policies keeps out.

    Attributes:
        admission: the id of the admission.
        now: when it was decided.
        document: its URI, id or digest.
        codes: why it is kept out by the one.
    """

    admission: str
    now: str
    document: str
    codes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Return the example as plain JSON values."""
        return {"admission": self.admission, "now": self.now, "document": self.document, "codes": list(self.codes)}


class _Said(NamedTuple):
    """What one policy says of a document: whether it enters, of which source it is, and what is wrong with it."""

    admits: bool
    source: str
    codes: tuple[str, ...]


@dataclass(slots=True)
class Rollout:
    """Two policies compared.

    Attributes:
        policy: the name of the policy.
        version: of the signed policy that holds both.
        old: the revision of the policy that all other gates have.
        new: the revision of the one on trial.
        admissions: how many admissions were recorded, by the policy that was in force for them.
        both: how many documents both admit.
        neither: how many documents neither admits.
        only_old: documents that only the old one admits, by their source and the first reason under the new one.
        only_new: documents that only the new one admits, by their source and the first reason under the old one.
        examples: some of each, by which one admits it, source and reason.
        undecided: how many admissions say nothing of the other one.
    """

    policy: str
    version: int
    old: str = ""
    new: str = ""
    admissions: Counter[str] = field(default_factory=Counter)
    both: int = 0
    neither: int = 0
    only_old: Counter[tuple[str, str]] = field(default_factory=Counter)
    only_new: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str, str], list[Difference]] = field(default_factory=dict)
    undecided: int = 0

    @property
    def differs(self) -> bool:
        """Whether any document is admitted by one of them only."""
        return bool(self.only_old or self.only_new)

    def add(self, record: AdmissionRecord) -> None:
        """Count the documents of an admission."""
        pulled = record["pulled"]
        other = pulled.get("other")
        decisions = record["decisions"]
        if other is None or len(other["decisions"]) != len(decisions):
            self.undecided += 1
            return
        is_trial = pulled["part"] == "trial"
        revisions = (record["policy_revision"], other["revision"])
        self.new, self.old = revisions if is_trial else (revisions[1], revisions[0])
        self.admissions[pulled["part"]] += 1
        for decision, (action, source, *codes) in zip(decisions, other["decisions"], strict=True):
            here = _Said(decision["action"] == "admit", decision["source"], error_codes(decision))
            there = _Said(action == "admit", source, tuple(codes))
            old, new = (there, here) if is_trial else (here, there)
            self._count(record, name_of(decision), old, new)

    def _count(self, record: AdmissionRecord, name: str, old: _Said, new: _Said) -> None:
        if old.admits == new.admits:
            self.both += old.admits
            self.neither += not old.admits
            return
        by, counts, against = ("old", self.only_old, new) if old.admits else ("new", self.only_new, old)
        cause = against.source, against.codes[0] if against.codes else _NONE
        if cause not in counts and len(counts) >= _CAUSES:
            cause = _NONE, _NONE
        counts[cause] += 1
        shown = self.examples.setdefault((by, *cause), [])
        if len(shown) < _EXAMPLES and all(name != one.document for one in shown):
            shown.append(Difference(record["admission"], record["now"], name, against.codes))

    def to_dict(self) -> dict[str, object]:
        """Return the comparison as plain JSON values."""
        return {
            "policy": self.policy,
            "version": self.version,
            "old": self.old,
            "new": self.new,
            "admissions": {"old": self.admissions["policy"], "new": self.admissions["trial"]},
            "undecided": self.undecided,
            "both": self.both,
            "neither": self.neither,
            "only_old": self._causes("old", self.only_old),
            "only_new": self._causes("new", self.only_new),
        }

    def _causes(self, by: str, counts: Counter[tuple[str, str]]) -> list[dict[str, object]]:
        return [
            {
                "source": source,
                "code": code,
                "documents": count,
                "examples": [one.to_dict() for one in self.examples[by, source, code]],
            }
            for (source, code), count in counts.most_common()
        ]


def compare_rollout(entries: Iterable[LogEntry | Mapping[str, Any]], *, policy: str | None = None) -> Rollout | None:
    """Return how a policy on trial differs from the other one, in the latest version of which a log tells.

    Args:
        entries: the lines of the logs of all gates, or their records.
        policy: its name, where a log is of gates of several.

    Returns:
        None where no record tells of a trial.
    """
    latest: Rollout | None = None
    undecided: Counter[int] = Counter()  # by version: a gate that cannot compare may be the first in the log
    for entry in records_in(entries):
        record = entry.record
        pulled = record.get("pulled") if record is not None else None
        if record is None or pulled is None or (policy is not None and pulled["policy"] != policy):
            continue
        version = pulled["version"]
        if "other" not in pulled and pulled["part"] != "trial":
            undecided[version] += 1
            continue
        if latest is None or version > latest.version:
            latest = Rollout(pulled["policy"], version)
        if version == latest.version:
            latest.add(record)
    if latest is not None:
        latest.undecided += undecided[latest.version]
    return latest
