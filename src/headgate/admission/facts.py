"""What is settled about a chunk whatever the time: its source, what is proved about it, and its timestamps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from headgate.admission.revision import ResolvedSource, Revision
from headgate.chunk import SEAL_KEY, Chunk
from headgate.decision import Assurance, Finding, Mode
from headgate.encoding import b64url_encode
from headgate.errors import HeadgateError
from headgate.freshness import (
    Timestamps,
    find_entry,
    find_time_like,
    fragment_of,
    identify_document,
    quiet_window,
    resolve_timestamps,
)
from headgate.limits import Limits
from headgate.policy import normalise_uri
from headgate.provenance import Claimed, Seal, Verdict, check_provenance, read_claimed, verify_claimed
from headgate.record.evidence import evidence_of

__all__ = ["Facts", "check_failed", "find_facts", "under_mode"]

_NO_TIMES = Timestamps()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is settled about a chunk whatever the time.

    Attributes:
        source: what is required of it.
        digest: the digest of its text, as seals and records write it.
        uri: which document it belongs to.
        document: what makes it a version of the same document as another chunk; None if it belongs to none.
        assurance: how much is proved.
        seal: the verified claims, if any.
        findings: what speaks against it so far.
        times: what is known about its times.
        quiet: from when until when the freshness rules have nothing to say, if there is such a time.
        is_kept_out: whether a finding keeps it out already.
        evidence: what this rests on, as plain values for records.
    """

    source: ResolvedSource
    digest: str = ""
    uri: str | None = None
    document: str | None = None
    assurance: Assurance = "none"
    seal: Seal | None = None
    findings: tuple[Finding, ...] = ()
    times: Timestamps = _NO_TIMES
    quiet: tuple[datetime, datetime] | None = None
    is_kept_out: bool = False
    evidence: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class _Draft:
    """Facts while they are being found; what is known so far survives a check that fails."""

    source: ResolvedSource
    uri: str | None = None
    declared: object = None
    declared_uri: str | None = None
    assurance: Assurance = "none"
    seal: Seal | None = None
    findings: tuple[Finding, ...] = ()


def under_mode(findings: tuple[Finding, ...], mode: Mode) -> tuple[Finding, ...]:
    """Return findings marked with the mode of the check that made them."""
    if mode == "enforce" or not findings:
        return findings
    return tuple(replace(finding, mode=mode) for finding in findings)


def find_facts(chunk: Chunk, data: bytes, revision: Revision, limits: Limits) -> tuple[Facts, bytes]:
    """Return a chunk's facts and the SHA-256 of its text.

    Remembered by digest and metadata: the same text under the same metadata has the same facts as long as the
    revision lasts.

    Args:
        chunk: the chunk.
        data: its text in UTF-8.
        revision: the policy in force.
        limits: bounds on what is looked at.
    """
    digest = hashlib.sha256(data).digest()
    metadata, media = chunk.metadata, chunk.media
    try:
        # The types too: True equals 1 as a key, but not as a sealed value.
        key = (digest, tuple(metadata.items()), tuple(map(type, metadata.values())), *media.items())
        known = revision.facts.get(key)
    except Exception:  # noqa: BLE001 - metadata may hold anything; what cannot be remembered is looked at each time
        return _find(metadata, media, digest, revision, limits), digest
    if known is None:
        known = _find(metadata, media, digest, revision, limits)
        revision.facts.put(key, known, sum(len(v) for v in metadata.values() if isinstance(v, (str, bytes))))
    return known, digest


def _find(
    metadata: Mapping[str, object],
    media: Mapping[str, str | None],
    digest: bytes,
    revision: Revision,
    limits: Limits,
) -> Facts:
    label = "sha-256:" + b64url_encode(digest)
    draft = _Draft(revision.default)
    try:
        _prove(draft, metadata, media, label, digest, revision, limits)
    except Exception as error:  # noqa: BLE001 - whatever broke the check, it must not admit
        # The check also finds the source, so until it is done the policy's own mode applies.
        draft.findings = under_mode((check_failed("provenance", error),), revision.mode)
        draft.seal, draft.assurance = None, "none"
    times, quiet, evidence = _NO_TIMES, None, {}
    try:
        times = _timestamps(draft, metadata, revision, limits)
        quiet = quiet_window(times, draft.source.freshness)
        evidence = _evidence(draft, times, metadata, limits)
    except Exception as error:  # noqa: BLE001 - as above
        failed = under_mode((check_failed("freshness", error),), draft.source.modes["freshness"])
        draft.findings = (*draft.findings, *failed)
    return Facts(
        draft.source,
        label,
        draft.uri,
        _document(draft, limits),
        draft.assurance,
        draft.seal,
        draft.findings,
        times,
        quiet,
        any(finding.blocks for finding in draft.findings),
        evidence,
    )


def _evidence(draft: _Draft, times: Timestamps, metadata: Mapping[str, object], limits: Limits) -> dict[str, object]:
    seal = draft.seal
    key = draft.source.requirement.keys.get(seal.kid) if seal is not None else None
    hints = find_time_like(metadata, limits) if times.age_basis() is None and not times.uncounted else ()
    fragment = fragment_of(draft.declared, limits.uri_chars)
    return evidence_of(seal, key.thumbprint if key else None, times, metadata, draft.declared_uri, hints, fragment)


def check_failed(check: str, error: Exception) -> Finding:
    """Return the finding for a check that raised."""
    # What a foreign exception says may quote the document; what headgate itself raises does not.
    said = ascii(str(error))[1:301] if isinstance(error, HeadgateError) else type(error).__name__
    detail = {"check": check, "error": said}
    return Finding("G901", f"The {check} check failed: {type(error).__name__}.", detail=detail)


def _prove(
    draft: _Draft,
    metadata: Mapping[str, object],
    media: Mapping[str, str | None],
    label: str,
    digest: bytes,
    revision: Revision,
    limits: Limits,
) -> None:
    entry = find_entry(metadata, "source", revision.metadata, limits)
    draft.declared = entry[1] if entry else None
    declared_uri = normalise_uri(draft.declared, limits.uri_chars)
    declared = revision.source_of(declared_uri)
    token = metadata.get(SEAL_KEY)
    claimed = read_claimed(token, limits)
    draft.uri, draft.declared_uri, draft.source = declared_uri, declared_uri, declared
    if claimed.seal is not None:
        sealed = revision.source_of(claimed.seal.uri)
        # Nobody can check a seal for a source without keys; it is as good as none, unless a seal is required.
        if len(sealed.requirement.keys) or sealed.requirement.require == "sealed":
            draft.uri, draft.source = claimed.seal.uri, sealed
        else:
            claimed = Claimed()
    proof = check_provenance(
        _verdict(token, claimed, label, digest, draft, revision),
        metadata,
        draft.source.requirement,
        uri=draft.uri,
        declared_uri=declared_uri,
        declared_source=None if declared.is_default else declared.id,
        is_configured=not draft.source.is_default,
        media=media,
    )
    draft.assurance, draft.seal = proof.assurance, proof.seal
    draft.findings = under_mode(proof.findings, draft.source.modes["provenance"])


def _document(draft: _Draft, limits: Limits) -> str | None:
    if draft.seal is not None:
        return identify_document(draft.seal.subject, limits.uri_chars)
    written = draft.declared if draft.uri == draft.declared_uri else draft.uri
    return identify_document(written, limits.uri_chars)


def _verdict(token: object, claimed: Claimed, label: str, digest: bytes, draft: _Draft, revision: Revision) -> Verdict:
    requirement = draft.source.requirement
    if claimed.seal is None:
        return verify_claimed(claimed, label, requirement, revision.owners)
    # Tokens are canonical once they are parsed, so the same token is the same signature over the same claims.
    key = (token, digest, requirement.source)
    known = revision.verdicts.get(key)
    if known is None:
        known = revision.verdicts.put(key, verify_claimed(claimed, label, requirement, revision.owners))
    return known


def _timestamps(draft: _Draft, metadata: Mapping[str, object], revision: Revision, limits: Limits) -> Timestamps:
    seal, source = draft.seal, draft.source
    return resolve_timestamps(
        metadata,
        signed=_signed_times(seal) if seal is not None else None,
        version=seal.version if seal is not None else None,
        covered=seal.covered if seal is not None else (),
        evidence=source.freshness.evidence_for(source.requirement.require, is_proved=seal is not None),
        keys=revision.metadata,
        limits=limits,
    )


def _signed_times(seal: Seal) -> dict[str, datetime]:
    times = {"modified": seal.modified, "valid_from": seal.valid_from, "valid_until": seal.valid_until}
    return {role: time for role, time in times.items() if time is not None}
