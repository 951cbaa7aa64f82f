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

__all__ = ["Adoption", "study_adoption"]

# Bounds on memory: a log may name any number of documents, sources and sets of codes.
_DOCUMENTS = 200_000
_NAMES = 2_000
_OTHERS = "others"
_LISTED = 50_000
# What only a publisher's key can have made: a seal that holds, or one that held before the text was changed.
_SEALED_ONCE = frozenset(("P105",))


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
    sources: Counter[str] = field(default_factory=Counter)
    since: str | None = None
    until: str | None = None
    unsealed: MostFrequent[dict[str, object]] = field(default_factory=lambda: MostFrequent(_DOCUMENTS))
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


def study_adoption(entries: Iterable[LogEntry | Mapping[str, Any]]) -> Adoption:
    """Return what enforcement would do with recorded traffic; read once, in bounded memory.

    Args:
        entries: what `read_log` yields, or records; usually of a week in audit mode.
    """
    found = Adoption()
    for entry in records_in(entries):
        if entry.record is None:
            found.skipped += 1
        else:
            _add(found, entry.record)
    return found


def _add(found: Adoption, record: AdmissionRecord) -> None:
    found.admissions += 1
    # A record that was mended may have no mode; what it says was dropped, was dropped.
    found.modes[_room(found.modes, record["mode"][:20] or "enforce")] += 1
    now = record["now"][:19]
    # As texts: in UTC, ISO 8601 sorts as time does.
    found.since = min(found.since or now, now)
    found.until = max(found.until or now, now)
    blocked = 0
    for decision in record["decisions"]:
        codes = frozenset(error_codes(decision))
        source = decision["source"][:100]
        if decision["assurance"] == "sealed" or codes & _SEALED_ONCE:
            found.sealing.add(_room(found.sealing, source))
        if is_out(decision):
            blocked += 1
            found.tally.add(cause_of(decision), is_alone=len(codes) < 2 or codes == {"P101", "P109"})
            found.together[_room(found.together, codes, frozenset((_OTHERS,)))] += 1
            found.sources[_room(found.sources, source)] += 1
            if codes == {"P101"}:
                _list(found, decision)
    documents = len(record["decisions"])
    found.documents += documents
    found.blocked += blocked
    found.touched_prompts += bool(blocked)
    found.empty_prompts += bool(documents) and blocked == documents


def _list(found: Adoption, decision: DecisionRecord) -> None:
    digest = decision["digest"][:60]
    known: dict[str, object] = {
        "digest": digest,
        "uri": decision["uri"],
        "id": decision["id"],
        "source": decision["source"],
    }
    # By digest: one text in many prompts is one thing to seal.
    found.unsealed.put(digest, known)


def _room(known: Any, key: Any, others: Any = _OTHERS) -> Any:
    """Return the key to count under: itself, as long as there is room for another one."""
    return key if key in known or len(known) < _NAMES else others
