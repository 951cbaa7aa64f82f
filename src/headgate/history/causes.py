"""Why a recorded document was kept out, sorted finely enough to say what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from headgate.codes import first_reason, titled
from headgate.corpus.places import place_of
from headgate.freshness import RESTRICTING_ROLES
from headgate.record import DecisionRecord, error_codes, name_of

__all__ = ["NO_REASON", "Cause", "Tally", "cause_of", "is_out", "reason_in_words", "reason_of"]

NO_REASON = "none"
"""Stands for the reason of a document that was dropped without one in the log."""

_CAUSES = 2_000
_KEYS = 5

_DEPTH = 4


class Cause(NamedTuple):
    """Why a document was kept out.

    Attributes:
        code: its first reason.
        kind: what kind of case of it this is, where the code alone does not say what to do.
        detail: what the advice names: metadata keys, a source, a place.
    """

    code: str
    kind: str = ""
    detail: tuple[str, ...] = ()


class Tally:
    """Documents by cause, in bounded memory; what has no room is counted without its detail.

    Attributes:
        documents: how many each cause kept out.
        alone: those of them that nothing else kept out.
    """

    def __init__(self) -> None:
        self.documents: Counter[Cause] = Counter()
        self.alone: Counter[Cause] = Counter()

    def add(self, cause: Cause, *, is_alone: bool, count: int = 1) -> None:
        """Count documents."""
        if cause not in self.documents and len(self.documents) >= _CAUSES:
            cause = Cause(cause.code, cause.kind)
        self.documents[cause] += count
        self.alone[cause] += count * is_alone

    def of(self, code: str, kind: str | None = None) -> Iterator[tuple[Cause, int, int]]:
        """Yield the causes of a code, and of one kind if it is given: cause, documents, those kept out by it alone."""
        for cause, count in self.documents.items():
            if cause.code == code and kind in (None, cause.kind):
                yield cause, count, self.alone[cause]

    def codes(self) -> Counter[str]:
        """Return how many documents each first reason took."""
        counts: Counter[str] = Counter()
        for cause, count in self.documents.items():
            counts[cause.code] += count
        return counts


def is_out(decision: DecisionRecord) -> bool:
    """Return whether a document was dropped, or would be if every check were enforced."""
    return decision["action"] != "admit" or bool(error_codes(decision))


def reason_of(codes: Iterable[str]) -> str:
    """Return the one reason that a document counts under that was, or would be, kept out.

    Args:
        codes: what is wrong with it, in the order found.
    """
    return first_reason(codes) or NO_REASON


def reason_in_words(reason: str) -> str:
    """Return a reason with its title."""
    return titled(reason) if reason != NO_REASON else "no reason in the log"


def cause_of(decision: DecisionRecord) -> Cause:
    """Return why a document was, or would be, kept out."""
    code = reason_of(error_codes(decision))
    study = _STUDIES.get(code)
    kind, detail = study(decision) if study is not None else ("", ())
    return Cause(code, kind, detail)


def _study_seal(decision: DecisionRecord) -> tuple[str, tuple[str, ...]]:
    return "", (decision["source"][:100],)


def _study_change(decision: DecisionRecord) -> tuple[str, tuple[str, ...]]:
    details = [finding["detail"] for finding in decision["findings"] if finding["code"] == "P105"]
    is_short = bool(details) and all("uncovered" in detail for detail in details)
    return "uncovered" if is_short else "", ()


def _study_source(decision: DecisionRecord) -> tuple[str, tuple[str, ...]]:
    scheme, colon, rest = name_of(decision).partition(":")
    if not decision["uri"] or not colon:
        return "nameless", ()
    if "*" in rest:  # a wildcard in a document's address would be one in the policy
        return "", ()
    root, folders = place_of(f"{scheme}:{rest}")
    if scheme in ("http", "https"):
        return "", (f"{root}**",)
    # Deep enough that the advice is not a whole disk or bucket, and not so deep that there are as many as documents.
    named = "".join(f"{folder}/" for folder in folders[:_DEPTH])
    return "", (f"{root}{named}**" if named or "://" in root else f"{scheme}:{rest}",)


def _study_date(decision: DecisionRecord) -> tuple[str, tuple[str, ...]]:
    details = [finding["detail"] for finding in decision["findings"] if finding["code"] == "F203"]
    limit = next((detail for detail in details if detail.get("role") in (*RESTRICTING_ROLES, "metadata")), None)
    if limit is not None:
        return "limit", (str(limit.get("unreadable", ""))[:60],)
    if any("unsigned" in detail for detail in details):
        return "unsigned", ()
    evidence = decision.get("evidence", {})
    unreadable, keys = evidence.get("unreadable"), evidence.get("time_like")
    if unreadable:
        key, problem = next(iter(unreadable.values()))
        return ("order" if "date_order" in problem else "unreadable"), (key[:60],)
    if keys:
        return "keys", tuple(key[:60] for key in keys[:_KEYS])
    return "", ()


_STUDIES: Mapping[str, Callable[[DecisionRecord], tuple[str, tuple[str, ...]]]] = {
    "P101": _study_seal,
    "P105": _study_change,
    "P109": _study_source,
    "F203": _study_date,
}
