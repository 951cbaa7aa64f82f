"""The set-wide rule: of several versions of one document, only the newest is admitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headgate.decision import Finding

__all__ = ["Candidate", "find_superseded"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document as far as its version goes.

    Attributes:
        index: its place in the retrieval.
        uri: what makes two documents versions of one.
        version: its version, if any.
        modified: its last modification, if known.
        is_sealed: whether version and modification are signed.
        counts: whether it may push out others: it passed the checks, and it is in force.
        applies: whether its source wants only the newest.
    """

    index: int
    uri: str
    version: int | None
    modified: datetime | None
    is_sealed: bool
    counts: bool
    applies: bool


def find_superseded(candidates: Sequence[Candidate]) -> dict[int, Finding]:
    """Return a finding F205 for each document that a newer version in the same retrieval replaces.

    A version number decides where both have one, else the time of modification. A forged or inadmissible document
    pushes out nothing, and an unsigned one pushes out no sealed one.
    """
    by_uri: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_uri.setdefault(candidate.uri, []).append(candidate)
    findings = {}
    for group in by_uri.values():
        if len(group) == 1:
            continue
        leaders = _leaders(group)
        for candidate in group:
            newer = next((leader for leader in leaders if _supersedes(leader, candidate)), None)
            if candidate.applies and newer is not None:
                findings[candidate.index] = _finding(candidate, newer)
    return findings


def _leaders(group: Sequence[Candidate]) -> list[Candidate]:
    """Return the few candidates that can be the newest: the highest version and the latest time, by assurance."""
    leaders = []
    for is_sealed in (True, False):
        eligible = [c for c in group if c.counts and c.is_sealed is is_sealed]
        versioned = [c for c in eligible if c.version is not None]
        dated = [c for c in eligible if c.modified is not None]
        if versioned:
            leaders.append(max(versioned, key=lambda c: c.version or 0))
        if dated:
            leaders.append(max(dated, key=_time_of))
            undecided = [c for c in dated if c.version is None]
            if undecided:
                leaders.append(max(undecided, key=_time_of))
    return leaders


def _time_of(candidate: Candidate) -> datetime:
    assert candidate.modified is not None  # noqa: S101 - only dated candidates are compared
    return candidate.modified


def _supersedes(newer: Candidate, older: Candidate) -> bool:
    if newer.index == older.index or (older.is_sealed and not newer.is_sealed):
        return False
    if newer.version is not None and older.version is not None and newer.version != older.version:
        return newer.version > older.version
    if newer.modified is not None and older.modified is not None:
        return newer.modified > older.modified
    return False


def _finding(older: Candidate, newer: Candidate) -> Finding:
    if newer.version is not None and older.version is not None and newer.version != older.version:
        was, now = f"version {older.version}", f"version {newer.version}"
    else:
        was, now = _shown(older), _shown(newer)
    return Finding(
        "F205",
        f"It is of {was}; the retrieval also holds {now}.",
        detail={"uri": older.uri, "found": was, "newest": now, "newest_index": newer.index},
    )


def _shown(candidate: Candidate) -> str:
    return candidate.modified.isoformat().replace("+00:00", "Z") if candidate.modified else "an unknown time"
