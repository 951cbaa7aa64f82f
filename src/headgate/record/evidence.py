"""What a decision rests on, as plain values for records, and the way back: so that it can be made again.

Nothing of a document's text is in it. docs/decision-log.md has the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from headgate.chunk import SEAL_KEY
from headgate.clock import read_instant
from headgate.freshness import RESTRICTING_ROLES, TIME_ROLES, Evidence, Interval, Timestamps
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import normalise_uri
from headgate.provenance import Seal

__all__ = ["evidence_of", "read_seal", "read_times"]

_UNKNOWN = datetime(1970, 1, 1, tzinfo=timezone.utc)
_UNITS = ("instant", "day", "month", "year")


def evidence_of(
    seal: Seal | None,
    thumbprint: str | None,
    times: Timestamps,
    metadata: Mapping[str, object],
    declared_uri: str | None,
    hints: tuple[str, ...] = (),
) -> dict[str, object]:
    """Return what a later judgement under other rules would need.

    Args:
        seal: the verified claims, if any.
        thumbprint: of the key that verified them.
        times: everything that is known about the document's times, whether the policy counts it or not.
        metadata: the document's metadata.
        declared_uri: the URI that metadata names.
        hints: metadata keys that nobody reads and that hold something like a time.
    """
    found: dict[str, object] = {}
    if seal is not None:
        found["seal"] = {
            "iss": seal.issuer,
            "sub": seal.subject,
            "kid": seal.kid,
            "key": thumbprint,
            "ver": seal.version,
            "covered": list(seal.covered),
        }
    elif SEAL_KEY in metadata:
        found["unproved_seal"] = True
    if declared_uri is not None and (seal is None or declared_uri != seal.uri):
        found["declared"] = declared_uri
    if times.intervals:
        found["times"] = {
            role: [
                interval.earliest.isoformat(),
                interval.latest.isoformat(),
                interval.unit,
                interval.has_zone,
                times.evidence[role].kind,
                times.evidence[role].key,
            ]
            for role, interval in times.intervals.items()
        }
    unreadable = {role: [e.key, e.problem] for role, e in times.evidence.items() if e.problem}
    if unreadable:
        found["unreadable"] = unreadable
    if times.version is not None:
        found["version"] = times.version
    if times.superseded_by is not None:
        found["superseded_by"] = times.superseded_by
    if hints:
        found["time_like"] = list(hints)
    return found


def read_seal(evidence: Mapping[str, Any], digest: str, limits: Limits = DEFAULT_LIMITS) -> Seal | None:
    """Return the verified claims that evidence holds, or None where there are none; the times are in `read_times`.

    Raises:
        ValueError: the entry is none that headgate wrote.
    """
    claims = evidence.get("seal")
    if claims is None:
        return None
    if not isinstance(claims, Mapping):
        raise ValueError("the seal is no object")
    uri = normalise_uri(claims.get("sub"), limits.uri_chars)
    covered, version = claims.get("covered", []), claims.get("ver")
    texts = (claims.get("iss"), claims.get("sub"), claims.get("kid"), digest)
    if uri is None or not all(isinstance(text, str) for text in texts) or not isinstance(covered, list):
        raise ValueError("the seal is incomplete")
    times = evidence.get("times")
    modified = times.get("modified") if isinstance(times, Mapping) else None
    is_sealed = isinstance(modified, list) and len(modified) == 6 and modified[4] == "seal"
    return Seal(
        issuer=claims["iss"],
        subject=claims["sub"],
        uri=uri,
        digest=digest,
        issued_at=_UNKNOWN,
        version=version if type(version) is int else None,
        modified=read_instant(modified[0]) if is_sealed and modified is not None else None,
        covered=tuple(str(name) for name in covered),
        kid=claims["kid"],
    )


def read_times(evidence: Mapping[str, Any], *, sealed_only: bool = False, ignored: str = "") -> Timestamps:
    """Return the timestamps that evidence holds.

    Args:
        evidence: what `evidence_of` returned.
        sealed_only: whether unsigned times count only as far as they restrict.
        ignored: a kind of evidence that does not count, `seal` or `metadata`.

    Raises:
        ValueError: the entry is none that headgate wrote.
    """
    intervals: dict[str, Interval] = {}
    found: dict[str, Evidence] = {}
    entries, problems = evidence.get("times", {}), evidence.get("unreadable", {})
    if not isinstance(entries, Mapping) or not isinstance(problems, Mapping):
        raise ValueError("the times are no object")
    for role, entry in entries.items():
        if not isinstance(entry, list) or len(entry) != 6 or role not in TIME_ROLES or entry[2] not in _UNITS:
            raise ValueError("a time is incomplete")
        earliest, latest, unit, has_zone, kind, key = entry
        if kind != ignored and not (sealed_only and kind != "seal" and role not in RESTRICTING_ROLES):
            intervals[role] = Interval(read_instant(earliest), read_instant(latest), unit, bool(has_zone))
            found[role] = Evidence(str(kind), str(key))
    for role, problem in problems.items():
        if not isinstance(problem, list) or len(problem) != 2:
            raise ValueError("a problem is incomplete")
        if role not in found and not (sealed_only and role not in RESTRICTING_ROLES):
            found[role] = Evidence("metadata", str(problem[0]), str(problem[1]))
    version, successor = evidence.get("version"), evidence.get("superseded_by")
    return Timestamps(
        intervals,
        found,
        version if type(version) is int else None,
        successor if isinstance(successor, str) else None,
    )
