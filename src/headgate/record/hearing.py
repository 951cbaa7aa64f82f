"""What feeds said of a document at the time of a decision, as plain values for records, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headgate.clock import read_instant
from headgate.encoding import safe_uri
from headgate.record.schema import EvidenceRecord, HeardRecord
from headgate.registry import FeedState, Said
from headgate.verification import Verifier

__all__ = ["read_heard", "with_heard"]


def with_heard(evidence: Mapping[str, object], heard: Sequence[tuple[FeedState, Said]]) -> dict[str, object]:
    """Return evidence with what feeds say of the document."""
    return {**evidence, "feeds": [_record(state, said) for state, said in heard]}


def read_heard(evidence: EvidenceRecord, document: str) -> tuple[tuple[FeedState, Said], ...]:
    """Return what feeds said of a document, as far as its record says.

    Raises:
        ValueError: a time cannot be read.
    """
    return tuple(_read(one, document) for one in evidence.get("feeds", ()))


def _record(state: FeedState, said: Said) -> HeardRecord:
    record: HeardRecord = {
        "feed": state.recorded_as,
        "name": state.name,
        "by": state.kind,
        "pulled": state.pulled.isoformat(),
        "seen": said.seen.isoformat(),
        "tells": state.tells_changes,
        "covers": state.covers_unlisted,
        "gone": said.is_gone,
        "moved": safe_uri(said.moved_to) if said.moved_to is not None else None,
        "mod": said.modified.isoformat() if said.modified is not None else None,
        "untold": said.untold_until.isoformat() if said.untold_until is not None else None,
    }
    if said.is_other:
        record["other"] = True
    return record


def _read(one: HeardRecord, document: str) -> tuple[FeedState, Said]:
    kind: Verifier = "origin" if one["by"] == "origin" else "feed"
    pulled = read_instant(one["pulled"])
    state = FeedState(one["feed"], one["name"], pulled, one["tells"], one["covers"], kind=kind)
    modified = read_instant(one["mod"]) if one["mod"] is not None else None
    until = one.get("untold")
    untold = read_instant(until) if until is not None else None
    seen, is_other = read_instant(one["seen"]), one.get("other", False)
    return state, Said(document, seen, one["gone"], one["moved"], modified, untold, is_other)
