"""What a decision rests on, as plain values for records, and the way back: so that it can be made again.

Nothing of a document's text is in it. docs/decision-log.md has the format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from headgate.clock import read_instant
from headgate.encoding import encodable, safe_uri
from headgate.freshness import (
    NO_REDIRECTS,
    RESTRICTING_ROLES,
    TIME_ROLES,
    Evidence,
    Interval,
    Redirects,
    Release,
    Row,
    Timestamps,
    as_release,
    document_of_row,
    fragment_of,
    identify_document,
)
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import normalise_uri
from headgate.provenance import MECHANISMS, Attestation, Presented, uncovered_media
from headgate.provenance.listing import ManifestMechanism
from headgate.record.schema import EvidenceRecord, SealRecord, TimeRecord
from headgate.registry import Known
from headgate.verification import VERIFIERS, Verification

__all__ = [
    "evidence_of",
    "is_resting_on_proof",
    "read_attestation",
    "read_document",
    "read_recalled",
    "read_times",
    "read_verified",
    "recorded_row",
    "with_recalled",
]

_NAME_CHARS = 64
_MOST_NAMES = 64
_UNITS = ("instant", "day", "month", "year")


def evidence_of(
    verified: Attestation | None,
    times: Timestamps,
    presented: Presented,
    hints: tuple[str, ...] = (),
    fragment: str = "",
    *,
    is_counted: bool = True,
    has_claim: bool = False,
    claimed_uri: str | None = None,
    witness: Attestation | None = None,
    verified_by: Sequence[Verification] = (),
) -> dict[str, object]:
    """Return what a later judgement under other rules would need.

    Args:
        verified: what a proof says that was verified, if there is one.
        times: everything that is known about the document's times, whether the policy counts it or not.
        presented: the document as proofs looked at it.
        hints: metadata keys that nobody reads and that hold something like a time.
        fragment: of the URI that metadata names, as `fragment_of` gives it.
        is_counted: whether what was verified counts for this document; otherwise its times are not among `times`.
        has_claim: whether the document carries something that claims to be a proof.
        claimed_uri: which document it claims to be, if that can be read.
        witness: what was signed over its text, if the document is refused for what else it holds.
        verified_by: who has vouched for the document, and when.
    """
    found = _proved(verified, presented, has_claim, claimed_uri)
    if verified is not None and not is_counted:
        # Its times are not in `times`, so a policy under which it would count has to know that they are missing.
        found["uncounted_proof"] = True
    if witness is not None:
        found["witness"] = _witnessed(witness)
    found.update(_named(fragment=fragment))
    found.update(_times_of(times))
    if verified_by:
        found["verified"] = [[one.at.isoformat(), one.by, one.name] for one in verified_by]
    if hints:
        found["time_like"] = list(hints)
    return encodable(found)


def with_recalled(evidence: Mapping[str, object], recalled: Sequence[Known], digest: str) -> dict[str, object]:
    """Return evidence with the versions of the document that were proved before.

    Args:
        evidence: what `evidence_of` returned.
        recalled: the versions.
        digest: the digest of the document's text.
    """
    known = [
        {
            "key": one.key,
            "ver": one.version,
            "mod": one.modified.isoformat() if one.modified is not None else None,
            "nbf": one.valid_from.isoformat() if one.valid_from is not None else None,
            "since": one.verified.isoformat(),
            "same": digest in one.texts,
        }
        for one in recalled
    ]
    return {**evidence, "registry": known}


def read_recalled(evidence: EvidenceRecord, document: str, digest: str) -> tuple[Known, ...]:
    """Return the versions of a document that were proved before, as far as its record says; of texts only its own.

    Raises:
        ValueError: a time cannot be read.
    """
    return tuple(
        Known(
            document,
            one["key"],
            one["ver"],
            read_instant(one["mod"]) if one["mod"] is not None else None,
            read_instant(one["nbf"]) if one["nbf"] is not None else None,
            read_instant(one["since"]),
            {digest: None} if one["same"] else {},
        )
        for one in evidence.get("registry", ())
    )


def read_verified(evidence: EvidenceRecord) -> tuple[Verification, ...]:
    """Return who has vouched for a document, and when, as far as its record says.

    Raises:
        ValueError: an entry cannot be read.
    """
    return tuple(_read_verification(*entry) for entry in evidence.get("verified", ()))


def _read_verification(at: object, by: object, name: object) -> Verification:
    verifier = next((known for known in VERIFIERS if known == by), None)
    if verifier is None or not isinstance(at, str):
        raise ValueError("it was verified by nobody who is known")
    return Verification(read_instant(at), verifier, str(name))


def _proved(
    verified: Attestation | None, presented: Presented, has_claim: bool, claimed_uri: str | None
) -> dict[str, object]:
    """Return what proofs and metadata say about the document's source."""
    found: dict[str, object] = {}
    if verified is not None:
        claims: dict[str, object] = {
            "iss": verified.issuer,
            "sub": safe_uri(verified.subject),
            "kid": verified.kid,
            "key": verified.thumbprint,
            "ver": verified.version,
            "covered": list(verified.covered),
            # On its own, because the normal form of a URI has no fragment, and sections are documents of their own.
            **_named(fragment=fragment_of(verified.subject)),
        }
        if verified.definitions:
            claims["defs"] = dict(verified.definitions)
        if verified.corpus is not None:
            claims |= {"cor": verified.corpus, "cor_ver": verified.corpus_version}
        found[verified.mechanism] = claims
    # A proof that the document carries speaks before its manifest, so where that was asked, what it carries failed.
    if has_claim and (verified is None or verified.mechanism == ManifestMechanism.name):
        found["unproved_seal"] = True
        if claimed_uri is not None:
            found["claimed"] = safe_uri(claimed_uri)
    if verified is not None and not presented.is_declared:
        found["undeclared"] = True
    elif presented.is_declared and (verified is None or presented.declared_uri != verified.uri):
        declared = presented.declared_uri
        found["declared"] = safe_uri(declared) if declared is not None else None
    media = uncovered_media(verified, presented.media)
    if media:
        found["media"] = [str(name)[:_NAME_CHARS] for name in media[:_MOST_NAMES]]
    return found


def _witnessed(witness: Attestation) -> dict[str, object]:
    return {
        "sub": safe_uri(witness.subject),
        "kid": witness.kid,
        "key": witness.thumbprint,
        "ver": witness.version,
        "mod": witness.modified.isoformat() if witness.modified is not None else None,
        "nbf": witness.valid_from.isoformat() if witness.valid_from is not None else None,
        **_named(fragment=fragment_of(witness.subject)),
    }


def _named(**entries: object) -> dict[str, object]:
    """Return the entries that hold something."""
    return {name: value for name, value in entries.items() if value}


def _times_of(times: Timestamps) -> dict[str, object]:
    """Return everything that is known about times; what a policy does not count is told by its kind."""
    found: dict[str, object] = {}
    known = {role: _time_record(interval, times.evidence[role]) for role, interval in times.intervals.items()}
    doubtful = list(times.evidence.items())
    for role, (uncounted, said) in times.uncounted.items():
        doubtful.append((role, said))
        if uncounted is not None:
            known[role] = _time_record(uncounted, said)
    doubtful += times.unread.items()
    unreadable = {role: [said.key, said.problem] for role, said in doubtful if said.problem}
    if known:
        found["times"] = known
    if unreadable:
        found["unreadable"] = unreadable
    found.update(_version_of(times))
    if times.superseded_by is not None:
        found["superseded_by"] = times.superseded_by
    if times.statuses:
        # Words of the catalogue or of the policy, and no others: what a document says is not recorded.
        found["status"] = [[word, said.kind, said.key] for word, said in times.statuses.items()]
    if times.signed_start is not None:
        found["signed_start"] = times.signed_start.isoformat()
    return found


def _version_of(times: Timestamps) -> dict[str, object]:
    found: dict[str, object] = {}
    if times.version is not None:
        found["version"] = times.version
    elif times.release is not None:
        found["release"] = [times.release.scheme, *times.release.parts]
    said = times.evidence.get("version")
    if said is not None and said.kind != "metadata":
        found["version_from"] = said.kind
    return found


def _time_record(interval: Interval, said: Evidence) -> list[object]:
    earliest = interval.earliest.isoformat()
    latest = earliest if interval.latest is interval.earliest else interval.latest.isoformat()
    return [earliest, latest, interval.unit, interval.has_zone, said.kind, said.key]


def read_attestation(evidence: EvidenceRecord, limits: Limits = DEFAULT_LIMITS) -> Attestation | None:
    """Return what a verified proof said, or None where there was none; its times are in `read_times`.

    Raises:
        ValueError: the entry is not one that headgate wrote.
    """
    mechanism = next((mechanism for mechanism in MECHANISMS if mechanism.name in evidence), None)
    if mechanism is None:
        return None
    claims = _claims_of(evidence, mechanism.name)
    uri = normalise_uri(claims["sub"], limits.uri_chars)
    if uri is None:
        raise ValueError("the proof is for no document")
    modified = evidence.get("times", {}).get("modified")
    is_signed = modified is not None and modified[4] == mechanism.name
    return Attestation(
        mechanism=mechanism.name,
        assurance=mechanism.assurance,
        issuer=claims["iss"],
        subject=claims["sub"],
        uri=uri,
        kid=claims["kid"],
        thumbprint=claims.get("key"),
        version=claims.get("ver"),
        issued_at=next((one.at for one in read_verified(evidence) if one.by == "seal"), None),
        modified=read_instant(modified[0]) if is_signed and modified is not None else None,
        covered=tuple(claims.get("covered", ())),
        corpus=claims.get("cor"),
        corpus_version=claims.get("cor_ver"),
        definitions=claims.get("defs", {}),
    )


def _claims_of(evidence: EvidenceRecord, mechanism: str) -> SealRecord:
    # The schema names the entries of mechanisms one by one; whoever reads them goes by the mechanism's name.
    return cast("SealRecord", cast("Mapping[str, object]", evidence)[mechanism])


def read_document(
    evidence: EvidenceRecord, attestation: Attestation | None, uri: str | None, redirects: Redirects = NO_REDIRECTS
) -> str | None:
    """Return which document a chunk is a version of.

    Args:
        evidence: what `evidence_of` returned.
        attestation: what `read_attestation` returned, if it counts.
        uri: the URI that counts, in its normal form.
        redirects: which addresses of its source lead to others.
    """
    if attestation is not None:
        fragment = _claims_of(evidence, attestation.mechanism).get("fragment", "")
        document = identify_document(attestation.uri, fragment=fragment)
    else:
        is_declared = any(mechanism.name in evidence for mechanism in MECHANISMS) or evidence.get("declared") == uri
        document = identify_document(uri, fragment=evidence.get("fragment", "") if is_declared else "")
    digest, is_covered = evidence.get("row", ("", False))
    row = Row(str(digest), is_covered is True) if digest else None
    return document_of_row(redirects.current(document), row, is_proved=attestation is not None)


def recorded_row(row: Row | None) -> dict[str, object]:
    """Return which row a chunk is as a record holds it."""
    return {"row": [row.digest, row.is_covered]} if row is not None else {}


def read_times(evidence: EvidenceRecord, *, sealed_only: bool = False, ignores_seal: bool = False) -> Timestamps:
    """Return the timestamps that evidence holds.

    Args:
        evidence: what `evidence_of` returned.
        sealed_only: whether unsigned times count only as far as they restrict.
        ignores_seal: whether what is signed does not count.

    Raises:
        ValueError: the entry is not one that headgate wrote.
    """
    intervals: dict[str, Interval] = {}
    found: dict[str, Evidence] = {}
    unread: dict[str, Evidence] = {}
    uncounted: dict[str, tuple[Interval | None, Evidence]] = {}
    for role, entry in evidence.get("times", {}).items():
        interval, said = _read_entry(role, entry)
        if ignores_seal and said.is_signed:
            continue
        if sealed_only and not said.is_signed and role not in RESTRICTING_ROLES:
            uncounted[role] = (interval, said)
        else:
            intervals[role], found[role] = interval, said
    for role, (key, problem) in evidence.get("unreadable", {}).items():
        said = Evidence("metadata", key, problem)
        # `metadata` stands for entries that nobody looked at, among which a restriction may be.
        if role in RESTRICTING_ROLES or role == "metadata":
            unread[role] = said
        elif role not in found:
            found[role] = said
    release = _read_release(evidence)
    if release is not None:
        found["version"] = Evidence(_kind_of_version(evidence), "version")
    return Timestamps(
        intervals,
        found,
        release,
        evidence.get("superseded_by"),
        unread,
        uncounted,
        None if ignores_seal else _read_signed_start(evidence),
        {str(word): Evidence(str(kind), str(key)) for word, kind, key in evidence.get("status", ())},
    )


def _read_release(evidence: EvidenceRecord) -> Release | None:
    written = evidence.get("release")
    if written is None:
        return as_release(evidence.get("version"))
    scheme, *parts = written
    if scheme not in ("number", "date") or not parts or not all(type(part) is int for part in parts):
        raise ValueError("the version is of no known kind")
    return Release("date" if scheme == "date" else "number", tuple(parts))


def is_resting_on_proof(evidence: EvidenceRecord) -> bool:
    """Return whether recorded times or the version are signed, so that nothing tells what metadata says beside it."""
    kinds = {entry[4] for entry in evidence.get("times", {}).values()}
    return any(Evidence(str(kind), "").is_signed for kind in kinds) or _kind_of_version(evidence) != "metadata"


def _kind_of_version(evidence: EvidenceRecord) -> str:
    """Return who says which version it is; older records tell by the seal alone."""
    claimed = evidence.get("seal", {}).get("ver") is not None
    return evidence.get("version_from", "seal" if claimed else "metadata")


def _read_signed_start(evidence: EvidenceRecord) -> datetime | None:
    start, since = evidence.get("signed_start"), evidence.get("times", {}).get("valid_from")
    if start is not None:
        return read_instant(start)
    if since is None:
        return None
    # Older records have it only where nothing unsigned came later.
    interval, said = _read_entry("valid_from", since)
    return interval.latest if said.is_signed else None


def _read_entry(role: str, entry: TimeRecord) -> tuple[Interval, Evidence]:
    earliest, latest, unit, has_zone, kind, key = entry
    if role not in TIME_ROLES or unit not in _UNITS:
        raise ValueError("the time is of no known kind")
    interval = Interval(read_instant(earliest), read_instant(latest), unit, bool(has_zone))
    return interval, Evidence(str(kind), str(key))
