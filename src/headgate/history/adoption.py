"""What keeps a team from enforcement: what would be blocked, why, and what would let it in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.display import Printable
from headgate.history.causes import Tally, cause_of, is_out
from headgate.history.counting import MostFrequent
from headgate.history.remedies import Remedy, remedies_of
from headgate.record import AdmissionRecord, DecisionRecord, LogEntry, error_codes, records_in

__all__ = [
    "LACKS_A_SEAL",
    "MOST_UNSEALED",
    "Adoption",
    "count_admissions",
    "count_documents",
    "count_revision",
    "list_unsealed",
    "study_lines",
]

# Bounds on memory: a log may name any number of documents, sources and sets of codes.
MOST_UNSEALED = 200_000
_NAMES = 2_000
_OTHERS = "others"
_LISTED = 50_000
_FEWEST_PROMPTS = 100
# What only a publisher's key can have made: a seal that holds, or one that held before the text was changed.
_SEALED_ONCE = frozenset(("P105",))
LACKS_A_SEAL = frozenset(("P101",))
"""What keeps out a document that lacks only a seal."""


@dataclass(slots=True, repr=False)
class Adoption(Printable):
    """What enforcement would do with the traffic of a log.

    Attributes:
        admissions: how many prompts there were.
        documents: how many documents were retrieved.
        blocked: how many of them would be, or were, dropped.
        touched_prompts: prompts that would lose a document.
        empty_prompts: prompts that would have none left.
        tally: the blocked documents by cause: each once, by its first reason.
        together: sets of codes that keep documents out together.
        modes: how many admissions ran in which mode.
        revisions: how many were decided under which revision of the policy.
        in_force: the revision of the policy as it is now, where that is known.
        sources: blocked documents by source.
        since: when the first record was made.
        until: when the last one was.
        unsealed: documents that lack only a seal, the most frequent ones.
        sealing: sources of which a sealed document came.
        skipped: lines of the log without a record that can be used.
    """

    admissions: int = 0
    documents: int = 0
    blocked: int = 0
    touched_prompts: int = 0
    empty_prompts: int = 0
    tally: Tally = field(default_factory=Tally)
    together: Counter[frozenset[str]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    revisions: Counter[str] = field(default_factory=Counter)
    in_force: str | None = None
    sources: Counter[str] = field(default_factory=Counter)
    since: str | None = None
    until: str | None = None
    unsealed: MostFrequent[dict[str, object]] = field(default_factory=lambda: MostFrequent(MOST_UNSEALED))
    sealing: set[str] = field(default_factory=set)
    skipped: int = 0

    @property
    def reasons(self) -> Counter[str]:
        """The blocked documents by first reason; they add up to `blocked`."""
        return self.tally.codes()

    @property
    def is_enforced(self) -> bool:
        """Whether every admission was enforced, so that what is blocked here was dropped."""
        return not set(self.modes) - {"enforce"}

    @property
    def is_of_few(self) -> bool:
        """Whether so few prompts were seen that they say little about the next ones."""
        return self.admissions < _FEWEST_PROMPTS

    @property
    def under_others(self) -> int:
        """How many admissions were decided under a revision that is not in force; 0 where that is not known."""
        return self.admissions - self.revisions[self.in_force] if self.in_force is not None else 0

    def only(self, code: str) -> int:
        """Return how many documents are kept out for this first reason and for nothing else."""
        return sum(alone for _, _, alone in self.tally.of(code))

    def remedies(self) -> list[Remedy]:
        """Return what to do about every cause, what keeps out most first; they add up to `blocked`."""
        return remedies_of(self.tally, self.sealing)

    def manifest(self) -> list[dict[str, object]]:
        """Return the documents that lack only a seal: what to seal, the most frequent first."""
        listed = sorted(self.unsealed.items(), key=lambda item: -item[1])
        return [{**value, "retrieved": count} for _, count, value in listed[:_LISTED]]

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values."""
        return {
            "since": self.since,
            "until": self.until,
            "modes": dict(self.modes),
            "revisions": dict(self.revisions.most_common()),
            "in_force": self.in_force,
            "admissions": self.admissions,
            "documents": self.documents,
            "blocked": self.blocked,
            "touched_prompts": self.touched_prompts,
            "empty_prompts": self.empty_prompts,
            "reasons": dict(self.reasons.most_common()),
            "together": [{"codes": sorted(codes), "documents": n} for codes, n in self.together.most_common()],
            "sources": dict(self.sources.most_common()),
            "remedies": [remedy.to_dict() for remedy in self.remedies()],
            "places": [
                {"place": cause.detail[0], "documents": count}
                for cause, count, _ in sorted(self.tally.of("P109"), key=lambda found: -found[1])
                if cause.detail
            ],
            "skipped_lines": self.skipped,
        }


def study_lines(found: Adoption, entries: Iterable[LogEntry | Mapping[str, Any]]) -> None:
    """Count recorded admissions; read once, in bounded memory."""
    for entry in records_in(entries):
        if entry.record is None:
            found.skipped += 1
        else:
            _add(found, entry.record)


def count_admissions(found: Adoption, mode: str, since: str, until: str, count: int = 1) -> None:
    """Count admissions of one mode.

    Args:
        found: what counts them.
        mode: as recorded.
        since: when the first was made, as recorded.
        until: when the last was.
        count: how many they are.
    """
    found.admissions += count
    # A record that was mended may have no mode; what it says was dropped, was dropped.
    found.modes[_room(found.modes, mode[:20] or "enforce")] += count
    # As texts: in UTC, ISO 8601 sorts as time does.
    found.since = min(found.since or since[:19], since[:19])
    found.until = max(found.until or until[:19], until[:19])


def count_revision(found: Adoption, revision: str, count: int = 1) -> None:
    """Count admissions that were decided under one revision of the policy."""
    found.revisions[_room(found.revisions, revision[:100])] += count


def count_documents(found: Adoption, decision: DecisionRecord, count: int = 1) -> frozenset[str] | None:
    """Count documents that are alike in all that a report on adoption looks at.

    Args:
        found: what counts them.
        decision: one of them.
        count: how many they are.

    Returns:
        The codes that keep them out; None if nothing does.
    """
    codes = frozenset(error_codes(decision))
    source = decision["source"][:100]
    found.documents += count
    if decision["assurance"] == "sealed" or codes & _SEALED_ONCE:
        found.sealing.add(_room(found.sealing, source))
    if not is_out(decision):
        return None
    found.blocked += count
    found.tally.add(cause_of(decision), is_alone=len(codes) < 2 or codes == {"P101", "P109"}, count=count)
    found.together[_room(found.together, codes, frozenset((_OTHERS,)))] += count
    found.sources[_room(found.sources, source)] += count
    return codes


def list_unsealed(found: Adoption, digest: str, uri: str | None, id: str | None, source: str, count: int = 1) -> None:
    """List a text that lacks only a seal; by digest, because one text in many prompts is one thing to seal."""
    digest = digest[:60]
    found.unsealed.put_many(digest, {"digest": digest, "uri": uri, "id": id, "source": source}, count)


def _add(found: Adoption, record: AdmissionRecord) -> None:
    count_admissions(found, record["mode"], record["now"], record["now"])
    count_revision(found, record["policy_revision"])
    blocked = 0
    for decision in record["decisions"]:
        codes = count_documents(found, decision)
        blocked += codes is not None
        if codes == LACKS_A_SEAL:
            list_unsealed(found, decision["digest"], decision["uri"], decision["id"], decision["source"])
    found.touched_prompts += bool(blocked)
    found.empty_prompts += bool(blocked) and blocked == len(record["decisions"])


def _room(known: Any, key: Any, others: Any = _OTHERS) -> Any:
    """Return the key to count under: itself, as long as there is room for another one."""
    return key if key in known or len(known) < _NAMES else others
