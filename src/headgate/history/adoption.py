"""What keeps a team from enforcement: what would be blocked, why, and what would let it in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.display import Printable
from headgate.history.counting import MostFrequent
from headgate.record import AdmissionRecord, DecisionRecord, LogEntry, error_codes, name_of, records_in

__all__ = ["Adoption", "Remedy", "study_adoption"]

# Bounds on memory: a log may name any number of documents, causes and places.
_DOCUMENTS = 200_000
_CAUSES = 2_000
_KEYS = 3
_LISTED = 50_000
_CARE = "its documents may then count as old"
# Causes that a chain's owner can mend without anybody else; the rest says something about the documents.
_WANT_OF_DATE = frozenset(("F203",))
_WANT_OF_SEAL = frozenset(("P101",))
_WANT_OF_SOURCE = frozenset(("P109",))
# What no source matches falls under the default, which asks for a seal too.
_WANT_OF_BOTH = frozenset(("P101", "P109"))
_WANT_OF_KEY = frozenset(("P103",))


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do.

    Attributes:
        problem: what keeps documents out.
        documents: how many retrieved documents it keeps out, and nothing else does.
        todo: what to do.
        policy: what to write into the policy, if that is what to do.
    """

    problem: str
    documents: int
    todo: str
    policy: str | None = None


@dataclass(slots=True, repr=False)
class Adoption(Printable):
    """What enforcement would do with the traffic of a log.

    Attributes:
        admissions: how many prompts there were.
        documents: how many documents were retrieved.
        blocked: how many of them would be, or were, dropped.
        touched_prompts: prompts that would lose a document.
        empty_prompts: prompts that would have none left.
        causes: sets of codes that keep documents out together, the most frequent first.
        modes: how many admissions ran in which mode.
        sources: blocked documents by source.
        since: when the first record was made.
        until: when the last one was.
        time_keys: for documents that lack only a date, the metadata keys that hold something like one, together.
        unreadable: for the same, keys whose time cannot be read, with the reason.
        unsigned: for the same, how many of them have a date that nobody signed.
        places: for documents of no source, where they are from.
        kids: for seals by unknown keys, the names of these keys.
        unsealed: documents that lack only a seal, the most frequent ones.
        lacking: documents that lack only a seal, by source.
        sealing: sources of which a sealed document came.
        skipped: lines of the log without a record that can be used.
    """

    admissions: int = 0
    documents: int = 0
    blocked: int = 0
    touched_prompts: int = 0
    empty_prompts: int = 0
    causes: Counter[frozenset[str]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    since: str | None = None
    until: str | None = None
    time_keys: Counter[tuple[str, ...]] = field(default_factory=Counter)
    unreadable: Counter[tuple[str, str]] = field(default_factory=Counter)
    unsigned: int = 0
    places: Counter[str] = field(default_factory=Counter)
    kids: Counter[str] = field(default_factory=Counter)
    unsealed: MostFrequent[dict[str, object]] = field(default_factory=lambda: MostFrequent(_DOCUMENTS))
    lacking: Counter[str] = field(default_factory=Counter)
    sealing: set[str] = field(default_factory=set)
    skipped: int = 0

    def only(self, codes: frozenset[str]) -> int:
        """Return how many documents are kept out by these codes and by nothing else."""
        return self.causes[codes] + (self.causes[_WANT_OF_BOTH] if codes == _WANT_OF_SOURCE else 0)

    def remedies(self) -> list[Remedy]:
        """Return what to do, what helps most first."""
        found = [*self._date_remedies(), *self._seal_remedies(), *self._source_remedies(), *self._key_remedies()]
        return sorted(found, key=lambda remedy: -remedy.documents)

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
            "causes": [{"codes": sorted(codes), "documents": n} for codes, n in self.causes.most_common(50)],
            "sources": dict(self.sources.most_common(200)),
            "remedies": [
                {"problem": r.problem, "documents": r.documents, "todo": r.todo, "policy": r.policy}
                for r in self.remedies()
            ],
            "skipped_lines": self.skipped,
        }

    def _date_remedies(self) -> Iterable[Remedy]:
        keys, covered = _cover(self.time_keys)
        if keys:
            listed = ", ".join(json.dumps(key) for key in keys)
            todo = f"Name the metadata {'keys' if len(keys) > 1 else 'key'} that hold a time nobody reads; {_CARE}."
            yield Remedy("only a date is missing", covered, todo, f"metadata: {{modified: [{listed}]}}")
        if self.unsigned:
            todo = "Seal them again, so that the seal holds or covers their dates. Until then:"
            yield Remedy("the date is not signed", self.unsigned, todo, "freshness: {evidence: any}")
        ordered = sum(count for (_, problem), count in self.unreadable.items() if "date_order" in problem)
        if ordered:
            todo = "Say how dates such as 03/04/2026 are read."
            yield Remedy("the date has two readings", ordered, todo, "metadata: {date_order: DMY}")
        rest = self.only(_WANT_OF_DATE) - covered - self.unsigned - ordered
        if rest > 0:
            todo = (
                "Have the loader keep the time of last modification, or admit documents of these sources without one."
            )
            yield Remedy("no date at all", rest, todo, "freshness: {missing: warn}")

    def _seal_remedies(self) -> Iterable[Remedy]:
        doubtful = sum(count for source, count in self.lacking.items() if source in self.sealing)
        todo = "Seal them at ingestion (SealDocuments, SealNodes, `headgate seal`); `--unsealed FILE` lists them."
        if doubtful:
            # Where the publisher seals, what has no seal may be a forgery, and `declared` would let it in.
            first = "Look at them first: their sources seal, so these may be forged. If they are genuine: "
            yield Remedy("a seal is missing where others have one", doubtful, first + todo)
        count = self.only(_WANT_OF_SEAL) - doubtful
        if count > 0:
            todo += " Until then, which lets in whatever claims to be of the source:"
            yield Remedy("only a seal is missing", count, todo, "provenance: {require: declared}")

    def _source_remedies(self) -> Iterable[Remedy]:
        count = self.only(_WANT_OF_SOURCE)
        if count:
            places = [place for place, _ in self.places.most_common(_KEYS)]
            entries = ", ".join(f"{{id: NAME, match: {json.dumps(place)}, ...}}" for place in places)
            todo = "Decide whether these places are sources, and add those that are."
            yield Remedy("no source of the policy matches", count, todo, f"sources: [{entries}]" if places else None)

    def _key_remedies(self) -> Iterable[Remedy]:
        count = self.only(_WANT_OF_KEY)
        if count:
            names = ", ".join(kid for kid, _ in self.kids.most_common(_KEYS))
            todo = f"If a publisher has new keys, add them to its source: {names}."
            yield Remedy("sealed by an unknown key", count, todo)


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
    _bump(found.modes, record["mode"][:20])
    now = record["now"][:19]
    # As texts: in UTC, ISO 8601 sorts as time does.
    found.since = min(found.since or now, now)
    found.until = max(found.until or now, now)
    documents = blocked = 0
    for decision in record["decisions"]:
        documents += 1
        codes = frozenset(error_codes(decision))
        if decision["assurance"] == "sealed" and len(found.sealing) < _CAUSES:
            found.sealing.add(decision["source"][:100])
        if codes:
            blocked += 1
            _bump(found.causes, codes)
            _bump(found.sources, decision["source"][:100])
            # By the whole set: a remedy is one only where nothing else keeps the document out.
            study = _STUDIES.get(codes)
            if study is not None:
                study(found, decision)
    found.documents += documents
    found.blocked += blocked
    found.touched_prompts += bool(blocked)
    found.empty_prompts += bool(documents) and blocked == documents


def _study_date(found: Adoption, decision: DecisionRecord) -> None:
    if any("unsigned" in finding["detail"] for finding in decision["findings"]):
        found.unsigned += 1
        return
    evidence = decision.get("evidence", {})
    unreadable, keys = evidence.get("unreadable"), evidence.get("time_like")
    if unreadable:
        key, problem = next(iter(unreadable.values()))
        _bump(found.unreadable, (key[:60], problem[:120]))
    elif keys:
        _bump(found.time_keys, tuple(key[:60] for key in keys[:5]))


def _study_seal(found: Adoption, decision: DecisionRecord) -> None:
    _bump(found.lacking, decision["source"][:100])
    digest = decision["digest"][:60]
    known: dict[str, object] = {
        "digest": digest,
        "uri": decision["uri"],
        "id": decision["id"],
        "source": decision["source"],
    }
    # By digest: one text in many prompts is one thing to seal.
    found.unsealed.put(digest, known)


def _study_source(found: Adoption, decision: DecisionRecord) -> None:
    scheme, colon, rest = name_of(decision).partition(":")
    if not decision["uri"] or not colon:
        return
    if rest.startswith("//"):
        _bump(found.places, f"{scheme}://{rest[2:].partition('/')[0]}/**")
    else:
        _bump(found.places, f"{scheme}:{rest.partition('/')[0]}/**")


def _study_key(found: Adoption, decision: DecisionRecord) -> None:
    for finding in decision["findings"]:
        kid = finding["detail"].get("kid")
        if finding["code"] == "P103" and kid:
            _bump(found.kids, str(kid)[:80])


_STUDIES: Mapping[frozenset[str], Callable[[Adoption, DecisionRecord], None]] = {
    _WANT_OF_DATE: _study_date,
    _WANT_OF_SEAL: _study_seal,
    _WANT_OF_SOURCE: _study_source,
    _WANT_OF_BOTH: _study_source,
    _WANT_OF_KEY: _study_key,
}


def _bump(counts: Counter[Any], key: Any) -> None:
    if key in counts or len(counts) < _CAUSES:
        counts[key] += 1


def _cover(groups: Counter[tuple[str, ...]]) -> tuple[list[str], int]:
    """Return up to three keys that together are in most documents, and in how many (greedy set cover)."""
    left = dict(groups)
    chosen: list[str] = []
    covered = 0
    for _ in range(_KEYS):
        counts: Counter[str] = Counter()
        for keys, count in left.items():
            for key in keys:
                counts[key] += count
        if not counts:
            break
        # By name where counts are equal, so that the same log gives the same advice.
        best = max(counts, key=lambda key: (counts[key], key))
        chosen.append(best)
        covered += counts[best]
        left = {keys: count for keys, count in left.items() if best not in keys}
    return chosen, covered
