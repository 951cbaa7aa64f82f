"""The set-wide rule: of several versions of one document, only the current one is admitted.

First the current version of each document is chosen, then each of its chunks is compared with that one alone. So no two
documents can push each other out, and what is current never goes: an order by construction.

What is signed and what is not are two retrievals as far as this rule goes; neither is compared with the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from headgate.decision import Finding
from headgate.freshness.interval import Interval, shift
from headgate.freshness.releases import Release

__all__ = ["Candidate", "find_superseded", "is_in_force"]

_LAST = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A chunk as far as its version goes.

    Attributes:
        index: its place in the retrieval.
        document: what makes two chunks versions of one document.
        evidence: on what version and time rest; chunks of different evidence are never compared.
        uri: the document's URI, for messages.
        digest: the digest of its text.
        texts: the digests of further texts of its version, where it stands for what was proved before.
        known_since: when its version was proved for the first time, where it is not in this retrieval.
        version: its version, if any.
        modified: its last modification, if known.
        counts: whether it may push out others: it is admissible, and in force.
        applies: whether its source wants only the current version.
        tolerance: how far apart the times of one version may be.
    """

    index: int
    document: str
    evidence: str = ""
    uri: str = ""
    digest: str = ""
    texts: frozenset[str] = frozenset()
    known_since: datetime | None = None
    version: Release | None = None
    modified: Interval | None = None
    counts: bool = True
    applies: bool = True
    tolerance: timedelta = timedelta(hours=1)


def is_in_force(modified: datetime | None, start: datetime | None, at: datetime, skew: timedelta) -> bool:
    """Return whether a version holds at an instant: it has begun, and is not of the future.

    Args:
        modified: its last modification, if known.
        start: from when it holds, if not at once.
        at: the instant.
        skew: how far a publisher's clock may be ahead.
    """
    is_future = modified is not None and modified > shift(at, skew)
    return not is_future and (start is None or start <= at)


@dataclass(frozen=True, slots=True)
class _Current:
    """The current version of a document.

    Attributes:
        members: the places of its chunks.
        texts: the digests of their texts.
        reference: the chunk that the others are compared with, the one that lets most of them pass.
        named: the chunk that a message names; one of this retrieval if there is one.
    """

    members: frozenset[int]
    texts: frozenset[str]
    reference: Candidate
    named: Candidate


def find_superseded(candidates: Sequence[Candidate]) -> dict[int, Finding]:
    """Return a finding F205 for each chunk that is not of the current version of its document in this retrieval.

    A version number decides where a chunk that counts has one, otherwise the time of modification. A chunk whose text
    is unchanged in the current version is current, and one without version and time is not compared.
    """
    groups: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in candidates:
        # By evidence too: what nobody signed must not push out what is proved.
        groups.setdefault((candidate.document, candidate.evidence), []).append(candidate)
    findings = {}
    for group in groups.values():
        current = _find_current(group)
        if current is None:
            continue
        for candidate in group:
            if candidate.applies and _is_superseded(candidate, current):
                findings[candidate.index] = _finding(candidate, current.named)
    return findings


def _find_current(group: Sequence[Candidate]) -> _Current | None:
    """Return the current version: the highest one that counts, otherwise what counts and is of the latest time."""
    eligible = [one for one in group if one.counts]
    versions = [one.version for one in eligible if one.version is not None]
    # Versions of two schemes cannot be compared; then the times decide.
    if len({version.scheme for version in versions}) == 1:
        newest = max(versions)
        members = [one for one in eligible if one.version == newest]
        # The version decides; its earliest chunk gives those without a number the benefit of the doubt.
        reference = min(members, key=_place_in_time)
    else:
        dated = [one for one in eligible if one.modified is not None]
        if not dated:
            return None
        reference = max(dated, key=_place_in_time)
        members = [one for one in dated if not _is_before(one, reference)]
    return _Current(
        frozenset(one.index for one in members),
        frozenset(one.digest for one in members if one.digest).union(*(one.texts for one in members)),
        reference,
        reference if reference.known_since is None else min(members, key=_is_only_known),
    )


def _is_superseded(candidate: Candidate, current: _Current) -> bool:
    if candidate.index in current.members or candidate.digest in current.texts:
        return False
    if _are_comparable(candidate, current.reference):
        # Not `!=`: a higher version that does not count (not in force yet) is not superseded by the current one.
        return bool(candidate.version < current.reference.version)  # type: ignore[operator]  # both have one
    return _is_before(candidate, current.reference)


def _are_comparable(one: Candidate, other: Candidate) -> bool:
    return one.version is not None and other.version is not None and one.version.scheme == other.version.scheme


def _place_in_time(candidate: Candidate) -> tuple[datetime, datetime, str]:
    """Return what orders chunks in time, the same whatever order they came in; undated ones come last."""
    written = candidate.modified
    return (written.earliest, written.latest, written.unit) if written is not None else (_LAST, _LAST, "")


def _is_before(older: Candidate, newer: Candidate) -> bool:
    """Return whether one time is certainly before another, by more than chunks of one version may differ."""
    if older.modified is None or newer.modified is None:
        return False
    is_alike = (older.modified.unit, older.modified.has_zone) == (newer.modified.unit, newer.modified.has_zone)
    # Two days, or two local times, are compared as written: whoever wrote them was at one place.
    last = older.modified.earliest if is_alike else older.modified.latest
    return shift(last, older.tolerance) < newer.modified.earliest


def _finding(older: Candidate, newer: Candidate) -> Finding:
    has_versions = _are_comparable(older, newer)
    if has_versions:
        was, now = f"version {older.version}", f"version {newer.version}"
    else:
        was, now = _shown(older), _shown(newer)
    detail: dict[str, object] = {"uri": older.uri, "found": was, "newest": now}
    if newer.known_since is None:
        where = "is here too"
        detail["newest_index"] = newer.index
    else:
        where = f"was proved on {newer.known_since:%Y-%m-%d}"
        detail["known_since"] = newer.known_since.isoformat()
    message = f"This is {was}; {now} {where}." if has_versions else f"This is of {was}; one of {now} {where}."
    return Finding("F205", message, detail=detail)


def _is_only_known(candidate: Candidate) -> bool:
    return candidate.known_since is not None


def _shown(candidate: Candidate) -> str:
    if candidate.modified is None:
        return f"version {candidate.version}"
    return candidate.modified.earliest.isoformat().replace("+00:00", "Z")
