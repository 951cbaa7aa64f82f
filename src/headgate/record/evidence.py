"""What a decision rests on, as plain values for records, and the way back: so that it can be made again.

Nothing of a document's text is in it. docs/decision-log.md has the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from headgate.chunk import SEAL_KEY
from headgate.clock import read_instant
from headgate.encoding import safe_uri
from headgate.freshness import (
    RESTRICTING_ROLES,
    TIME_ROLES,
    Evidence,
    Interval,
    Timestamps,
    fragment_of,
    identify_document,
)
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import normalise_uri
from headgate.provenance import Seal

__all__ = ["evidence_of", "is_resting_on_seal", "read_document", "read_seal", "read_times"]

_UNKNOWN = datetime(1970, 1, 1, tzinfo=timezone.utc)
_UNITS = ("instant", "day", "month", "year")


def evidence_of(
    seal: Seal | None,
    thumbprint: str | None,
    times: Timestamps,
    metadata: Mapping[str, object],
    declared_uri: str | None,
    hints: tuple[str, ...] = (),
    fragment: str = "",
) -> dict[str, object]:
    """Return what a later judgement under other rules would need.

    Args:
        seal: the verified claims, if any.
        thumbprint: of the key that verified them.
        times: everything that is known about the document's times, whether the policy counts it or not.
        metadata: the document's metadata.
        declared_uri: the URI that metadata names.
        hints: metadata keys that nobody reads and that hold something like a time.
        fragment: of the URI that metadata names, as `fragment_of` gives it.
    """
    found: dict[str, object] = {}
    if seal is not None:
        found["seal"] = {
            "iss": seal.issuer,
            "sub": safe_uri(seal.subject),
            "kid": seal.kid,
            "key": thumbprint,
            "ver": seal.version,
            "covered": list(seal.covered),
            **_named(fragment=fragment_of(seal.subject)),
        }
    elif SEAL_KEY in metadata:
        found["unproved_seal"] = True
    if declared_uri is not None and (seal is None or declared_uri != seal.uri):
        found["declared"] = safe_uri(declared_uri)
    found.update(_named(fragment=fragment))
    found.update(_times_of(times))
    if hints:
        found["time_like"] = list(hints)
    return found


def _named(**entries: object) -> dict[str, object]:
    """Return the entries that hold something."""
    return {name: value for name, value in entries.items() if value}


def _times_of(times: Timestamps) -> dict[str, object]:
    """Return everything that is known about times; what a policy does not count is told by its kind."""
    known = {role: (interval, times.evidence[role]) for role, interval in times.intervals.items()}
    known.update({role: (one[0], one[1]) for role, one in times.uncounted.items() if one[0] is not None})
    doubtful = [
        *times.evidence.items(),
        *((role, one[1]) for role, one in times.uncounted.items()),
        *times.unread.items(),
    ]
    version = times.evidence.get("version")
    return {
        **_named(
            times={
                role: [
                    interval.earliest.isoformat(),
                    interval.latest.isoformat(),
                    interval.unit,
                    interval.has_zone,
                    evidence.kind,
                    evidence.key,
                ]
                for role, (interval, evidence) in known.items()
            },
            unreadable={role: [one.key, one.problem] for role, one in doubtful if one.problem},
        ),
        **({"version": times.version} if times.version is not None else {}),
        **({"version_from": version.kind} if version is not None and version.kind != "metadata" else {}),
        **({"superseded_by": times.superseded_by} if times.superseded_by is not None else {}),
        **({"signed_start": times.signed_start.isoformat()} if times.signed_start is not None else {}),
    }


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


def read_document(evidence: Mapping[str, Any], seal: Seal | None, uri: str | None) -> str | None:
    """Return which document a chunk is a version of.

    Args:
        evidence: what `evidence_of` returned.
        seal: the verified claims, if they count.
        uri: the URI that counts, in its normal form.
    """
    if seal is not None:
        return identify_document(seal.uri, fragment=str(evidence["seal"].get("fragment", "")))
    is_declared = "seal" in evidence or evidence.get("declared") == uri
    return identify_document(uri, fragment=str(evidence.get("fragment", "")) if is_declared else "")


def read_times(evidence: Mapping[str, Any], *, sealed_only: bool = False, ignores_seal: bool = False) -> Timestamps:
    """Return the timestamps that evidence holds.

    Args:
        evidence: what `evidence_of` returned.
        sealed_only: whether unsigned times count only as far as they restrict.
        ignores_seal: whether what is signed does not count.

    Raises:
        ValueError: the entry is none that headgate wrote.
    """
    intervals: dict[str, Interval] = {}
    found: dict[str, Evidence] = {}
    unread: dict[str, Evidence] = {}
    uncounted: dict[str, tuple[Interval | None, Evidence]] = {}
    entries, problems = evidence.get("times", {}), evidence.get("unreadable", {})
    if not isinstance(entries, Mapping) or not isinstance(problems, Mapping):
        raise ValueError("the times are not an object")
    for role, entry in entries.items():
        interval, said = _read_entry(role, entry)
        if ignores_seal and said.is_signed:
            continue
        if sealed_only and not said.is_signed and role not in RESTRICTING_ROLES:
            uncounted[role] = (interval, said)
        else:
            intervals[role], found[role] = interval, said
    for role, problem in problems.items():
        if not isinstance(problem, list) or len(problem) != 2:
            raise ValueError("a problem is incomplete")
        said = Evidence("metadata", str(problem[0]), str(problem[1]))
        if role in RESTRICTING_ROLES or role == "metadata":
            unread[role] = said
        elif role not in found:
            found[role] = said
    version, successor, start = evidence.get("version"), evidence.get("superseded_by"), evidence.get("signed_start")
    if type(version) is int:
        found["version"] = Evidence(str(evidence.get("version_from", "metadata")), "version")
    return Timestamps(
        intervals,
        found,
        version if type(version) is int else None,
        successor if isinstance(successor, str) else None,
        unread,
        uncounted,
        read_instant(start) if start is not None and not ignores_seal else None,
    )


def is_resting_on_seal(evidence: Mapping[str, Any]) -> bool:
    """Return whether recorded times or the version are signed, so that nothing tells what metadata says beside it."""
    kinds = {entry[4] for entry in evidence.get("times", {}).values()}
    return bool(kinds & {"seal", "covered"}) or "version_from" in evidence


def _read_entry(role: object, entry: object) -> tuple[Interval, Evidence]:
    if not isinstance(entry, list) or len(entry) != 6 or role not in TIME_ROLES or entry[2] not in _UNITS:
        raise ValueError("a time is incomplete")
    earliest, latest, unit, has_zone, kind, key = entry
    interval = Interval(read_instant(earliest), read_instant(latest), unit, bool(has_zone))
    return interval, Evidence(str(kind), str(key))
