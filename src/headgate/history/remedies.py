"""What to do about each cause that keeps documents out; nothing, where they are rightly out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from headgate.codes import CODES, RIGHTLY_OUT, TO_MEND
from headgate.history.causes import NO_REASON, Tally

__all__ = ["Remedy", "Verdict", "remedies_of"]

Verdict = Literal["to fix", "to decide", "rightly out"]
_KEYS = 3
_CARE = "its documents may then count as old"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One cause, and what to do about it.

    Attributes:
        code: the reason; `none` where the log names none.
        problem: what keeps documents out.
        documents: how many retrieved documents it keeps out; each is counted once, by its first reason.
        alone: those of them that nothing else keeps out: as many the remedy lets in.
        verdict: `to fix`; `to decide`, where only the owner of the policy knows; `rightly out`, where no change of the
            policy is due.
        todo: what to do.
        policy: what to write into the policy, if that is what to do.
    """

    code: str
    problem: str
    documents: int
    alone: int
    verdict: Verdict
    todo: str
    policy: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the remedy as plain JSON values."""
        return {
            "code": self.code,
            "problem": self.problem,
            "documents": self.documents,
            "alone": self.alone,
            "verdict": self.verdict,
            "todo": self.todo,
            "policy": self.policy,
        }


def remedies_of(tally: Tally, sealing: AbstractSet[str]) -> list[Remedy]:
    """Return a remedy or more for every cause; together they count every document once.

    Args:
        tally: documents by cause.
        sealing: the sources of which a sealed document came.

    Returns:
        Remedies, what keeps out most first.
    """
    found: list[Remedy] = []
    for code in tally.codes():
        advise = _ADVICE.get(code, _advise)
        found += advise(tally, code, sealing)
    return sorted(found, key=lambda remedy: (-remedy.documents, remedy.code, remedy.problem))


def _advise(tally: Tally, code: str, _: AbstractSet[str]) -> Iterator[Remedy]:
    documents, alone = _total(tally, code)
    if code == NO_REASON:
        todo = "Look at the lines: another version of headgate wrote them."
        yield Remedy(code, "dropped without a reason in the log", documents, alone, "to decide", todo)
        return
    known = CODES.get(code)
    verdict: Verdict = "rightly out" if code in RIGHTLY_OUT else "to fix" if code in TO_MEND else "to decide"
    todo = known.fix if known is not None else "This version of headgate does not know the code: update it."
    yield Remedy(code, known.title if known is not None else "unknown code", documents, alone, verdict, todo)


def _advise_seal(tally: Tally, code: str, sealing: AbstractSet[str]) -> Iterator[Remedy]:
    todo = (
        "Seal them at ingestion (SealDocuments, SealNodes, `headgate seal`) or where they are in the index "
        "(`headgate backfill`); `--unsealed FILE` lists them."
    )
    documents, alone = [0, 0], [0, 0]
    for cause, count, only in tally.of(code):
        # What was counted without its source may be of one that seals.
        is_doubtful = not cause.detail or cause.detail[0] in sealing
        documents[is_doubtful] += count
        alone[is_doubtful] += only
    if documents[True]:
        # Where the publisher seals, what has no seal may be a forgery, and `declared` would let it in.
        first = "Look at them first: their sources seal, so these may be forged. If they are genuine: "
        yield Remedy(code, "no seal, where others have one", documents[True], alone[True], "to decide", first + todo)
    if documents[False]:
        later = " Until then, which lets in whatever claims to be of the source:"
        policy = "provenance: {require: declared}"
        yield Remedy(code, "no seal", documents[False], alone[False], "to fix", todo + later, policy)


def _advise_key(tally: Tally, code: str, _: AbstractSet[str]) -> Iterator[Remedy]:
    documents, alone = _total(tally, code)
    # A seal names its key itself, so the name of a key in an index is the word of whoever wrote there.
    todo = (
        "Anybody can sign with a key of their own. If a publisher has new keys, get them from the publisher, never "
        "from a document, and add them to its source."
    )
    yield Remedy(code, "sealed by a key that the policy does not list", documents, alone, "rightly out", todo)


def _advise_change(tally: Tally, code: str, _: AbstractSet[str]) -> Iterator[Remedy]:
    documents, alone = _total(tally, code, "uncovered")
    if documents:
        todo = "Seal them again with the entries that `provenance.cover` asks for, or ask for fewer."
        yield Remedy(code, "the seal covers less than the policy asks for", documents, alone, "to fix", todo)
    documents, alone = _total(tally, code, "")
    if documents:
        yield Remedy(code, CODES[code].title, documents, alone, "rightly out", CODES[code].fix)


def _advise_source(tally: Tally, code: str, _: AbstractSet[str]) -> Iterator[Remedy]:
    documents, alone = _total(tally, code, "")
    if documents:
        places: Counter[str] = Counter()
        for cause, count, _only in tally.of(code, ""):
            places.update(dict.fromkeys(cause.detail, count))
        named = sorted(places, key=lambda place: (-places[place], place))
        entries = ", ".join(f"{{id: NAME, match: {json.dumps(place)}, ...}}" for place in named[:_KEYS])
        todo = "Decide which of these places are sources of yours, and add them; the others are rightly kept out."
        if len(named) > _KEYS:
            todo += f" There are {len(named):,}; `--json` lists all."
        policy = f"sources: [{entries}]" if entries else None
        yield Remedy(code, "no source of the policy matches", documents, alone, "to decide", todo, policy)
    documents, alone = _total(tally, code, "nameless")
    if documents:
        todo = "Have the loader keep the document's address, or name the metadata key that holds it."
        policy = 'metadata: {source: ["KEY"]}'
        yield Remedy(code, "the document names no source", documents, alone, "to fix", todo, policy)


def _advise_date(tally: Tally, code: str, _: AbstractSet[str]) -> Iterator[Remedy]:
    keys, covered, alone = _cover(tally, code)
    if keys:
        listed = ", ".join(json.dumps(key) for key in keys)
        named = "keys that hold" if len(keys) > 1 else "key that holds"
        todo = f"Name the metadata {named} a time nobody reads; {_CARE}."
        setting = f"metadata: {{modified: [{listed}]}}"
        yield Remedy(code, "a date is under a key that nobody reads", covered, alone, "to fix", todo, setting)
    for kind, problem, todo, policy in _DATES:
        documents, only = _total(tally, code, kind)
        if kind == "":
            # Dates under keys too rare to be named are as good as none.
            others, others_alone = _total(tally, code, "keys")
            documents, only = documents + others - covered, only + others_alone - alone
        if documents:
            yield Remedy(code, problem, documents, only, "to fix", todo, policy)


_DATES = (
    (
        "unsigned",
        "the date is not signed",
        "Seal them again, so that the seal holds or covers their dates. Until then, which believes whoever can write "
        "to the index:",
        "freshness: {evidence: any}",
    ),
    ("order", "the date has two readings", "Say how dates such as 03/04/2026 are read.", "metadata: {date_order: DMY}"),
    ("unreadable", "the date cannot be read", "Have the loader write ISO 8601, such as 2026-03-04T12:00:00Z.", None),
    (
        "limit",
        "a limit of validity cannot be read",
        "Correct the entry where the document comes from; a limit that nobody understands is still a limit.",
        None,
    ),
    (
        "",
        "no date at all",
        "Have the loader keep the time of last modification, or admit documents of these sources without one.",
        "freshness: {missing: warn}",
    ),
)


def _total(tally: Tally, code: str, kind: str | None = None) -> tuple[int, int]:
    found = [(count, only) for _, count, only in tally.of(code, kind)]
    return sum(count for count, _ in found), sum(only for _, only in found)


def _cover(tally: Tally, code: str) -> tuple[list[str], int, int]:
    """Return up to three keys that together are in most documents (greedy set cover), in how many, and alone."""
    left = {cause.detail: (count, only) for cause, count, only in tally.of(code, "keys") if cause.detail}
    chosen: list[str] = []
    covered = alone = 0
    for _ in range(_KEYS):
        counts: Counter[str] = Counter()
        for keys, (count, _only) in left.items():
            counts.update(dict.fromkeys(keys, count))
        if not counts:
            break
        # By name where counts are equal, so that the same log gives the same advice.
        best = max(counts, key=lambda key: (counts[key], key))
        chosen.append(best)
        for keys in [keys for keys in left if best in keys]:
            count, only = left.pop(keys)
            covered, alone = covered + count, alone + only
    return chosen, covered, alone


_ADVICE: Mapping[str, Callable[[Tally, str, AbstractSet[str]], Iterator[Remedy]]] = {
    "P101": _advise_seal,
    "P103": _advise_key,
    "P105": _advise_change,
    "P109": _advise_source,
    "F203": _advise_date,
}
