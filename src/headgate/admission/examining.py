"""Finding what is settled about a chunk whatever the time. No I/O.

Found once for a text under its metadata, and remembered as long as the revision of the policy lasts. A check that
raises is a finding, and proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from headgate.admission.facts import Facts, Memory, Witness
from headgate.admission.hidden import Hidden, find_hidden
from headgate.admission.remembering import Seen, SeenParts, seen_of
from headgate.admission.revision import ResolvedSource, Revision
from headgate.admission.ruling import read_types, recorded_types, under_rules
from headgate.admission.sourcing import cited_subject, find_source, row_in, scores_in
from headgate.admission.vouching import named_document, proved_version, verifications
from headgate.assurance import NONE, Assurance
from headgate.chunk import Chunk
from headgate.decision import Finding, under_mode
from headgate.encoding import b64url_encode, safe_uri
from headgate.errors import HeadgateError
from headgate.freshness import (
    Timestamps,
    document_of_row,
    find_time_like,
    fragment_of,
    freshness_bounds,
    identify_document,
    quiet_window,
    resolve_timestamps,
)
from headgate.limits import Limits
from headgate.policy import normalise_uri
from headgate.provenance import (
    Attestation,
    Claim,
    Presented,
    Requirement,
    Verdict,
    check_provenance,
    read_claims,
    verify_claim,
)
from headgate.provenance.listing import with_section
from headgate.record.evidence import evidence_of, recorded_row
from headgate.verification import Verification

__all__ = ["check_failed", "find_facts", "recall_facts"]

_NO_TIMES = Timestamps()
_MOST_OF_ONE_TEXT = 8


@dataclass(slots=True)
class _Draft:
    """Facts while they are being found; what is known so far survives a check that fails."""

    source: ResolvedSource
    presented: Presented
    uri: str | None = None
    declared: object = None
    source_key: str | None = None
    claimed_uri: str | None = None
    has_claim: bool = False
    verified: Attestation | None = None
    witness: Attestation | None = None
    assurance: Assurance = NONE
    attestation: Attestation | None = None
    findings: tuple[Finding, ...] = ()


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
        parts = seen_of(metadata, media)
        seen: tuple[Seen, ...] = revision.facts.get(digest) or ()
        known = _fitting(seen, parts)
        if known is not None:
            return known, digest
    except Exception:  # noqa: BLE001 - metadata may hold anything; what cannot be remembered is looked at each time
        return _find(chunk.text, metadata, media, digest, revision, limits), digest
    found = _find(chunk.text, metadata, media, digest, revision, limits)
    facts = replace(found, memory=Memory(), scores=_scores(metadata, found, revision))
    # Of one text under ever new metadata, the last ones are kept.
    kept = (Seen(*parts, facts), *seen[: _MOST_OF_ONE_TEXT - 1])
    # The text too, because a settled decision keeps it.
    revision.facts.renew(digest, kept, len(chunk.text) + sum(one.weight for one in kept))
    return facts, digest


def _scores(metadata: Mapping[str, object], facts: Facts, revision: Revision) -> frozenset[str]:
    # A proof that was refused may have been refused for any entry.
    if facts.has_claim and facts.attestation is None:
        return frozenset()
    return scores_in(metadata, facts.attestation, facts.source, revision)


def recall_facts(chunk: Chunk, digest: bytes, revision: Revision) -> Facts | None:
    """Return what is remembered of a chunk, given the digest of its text; None for nothing."""
    try:
        return _fitting(revision.facts.get(digest) or (), seen_of(chunk.metadata, chunk.media))
    except Exception:  # noqa: BLE001 - as above
        return None


def _fitting(seen: Sequence[Seen], parts: SeenParts) -> Facts | None:
    """Return the facts of the document among those seen that decides as one of these parts."""
    for one in seen:
        if one.fits(*parts):
            return one.facts
    return None


def _find(
    text: str,
    metadata: Mapping[str, object],
    media: Mapping[str, str | None],
    digest: bytes,
    revision: Revision,
    limits: Limits,
) -> Facts:
    label = "sha-256:" + b64url_encode(digest)
    draft = _Draft(revision.default, Presented(label, metadata, media))
    try:
        draft.presented, entry = _present(text, metadata, media, label, revision, limits)
        draft.source_key, draft.declared = entry if entry is not None else (None, None)
        _prove(draft, draft.presented, digest, revision, limits)
    except Exception as error:  # noqa: BLE001 - whatever broke the check, it must not admit
        # The check also finds the source, so until it is done the strictest mode applies; and a check that broke proves
        # nothing, whatever it had found by then.
        draft.findings = under_mode((check_failed("provenance", error),), revision.strictest)
        draft.attestation, draft.verified, draft.witness, draft.assurance = None, None, None, NONE
    times, evidence, quiet, row = _NO_TIMES, {}, None, None
    bounds: tuple[datetime, ...] = ()
    verified: tuple[Verification, ...] = ()
    try:
        types = read_types(metadata, draft.source, draft.attestation, revision, limits)
        draft.source = under_rules(draft.source, draft.uri, types, is_proved=draft.attestation is not None)
        verified = verifications(draft.attestation, draft.source)
        times = _timestamps(draft, metadata, revision, limits)
        quiet, bounds = quiet_window(times, draft.source.freshness), freshness_bounds(times, draft.source.freshness)
        row = row_in(metadata, draft.uri, draft.source, draft.attestation)
        evidence = _evidence(draft, times, verified, metadata, limits)
        evidence.update(recorded_row(row))
        evidence.update(recorded_types(types))
    except Exception as error:  # noqa: BLE001 - as above
        failed = under_mode((check_failed("freshness", error),), draft.source.modes["freshness"])
        draft.findings = (*draft.findings, *failed)
    hidden: Hidden | None = None
    try:
        hidden = find_hidden(text, metadata)
    except Exception as error:  # noqa: BLE001 - as above
        failed = under_mode((check_failed("gate", error),), draft.source.modes["provenance"])
        draft.findings = (*draft.findings, *failed)
    document = document_of_row(_document(draft, limits), row, is_proved=draft.attestation is not None)
    return Facts(
        source=draft.source,
        digest=label,
        uri=draft.uri,
        shown_uri=safe_uri(draft.uri) if draft.uri is not None else None,
        document=document,
        assurance=draft.assurance,
        attestation=draft.attestation,
        findings=draft.findings,
        times=times,
        quiet=quiet,
        is_kept_out=any(finding.blocks for finding in draft.findings),
        evidence=evidence,
        has_claim=draft.has_claim,
        source_key=draft.source_key,
        cited=cited_subject(draft.attestation, draft.source.requirement, draft.source_key, draft.declared),
        witness=_witness(draft, revision, limits),
        proved=proved_version(draft.source, document, draft.attestation, times, label),
        verified=verified,
        bounds=bounds,
        hidden=hidden,
    )


def _witness(draft: _Draft, revision: Revision, limits: Limits) -> Witness | None:
    signed = draft.witness
    if signed is None or draft.attestation is not None:
        return None
    source = revision.source_of(signed.uri)
    document = named_document(source, signed, limits.uri_chars) or ""
    return Witness(source, document, signed.uri, signed.version, signed.modified, signed.valid_from, signed.thumbprint)


def _evidence(
    draft: _Draft,
    times: Timestamps,
    verified: tuple[Verification, ...],
    metadata: Mapping[str, object],
    limits: Limits,
) -> dict[str, object]:
    # Every unknown key is read for the hints, so only where a record would have no age to show.
    hints = find_time_like(metadata, limits) if times.age_basis() is None and not times.uncounted else ()
    return evidence_of(
        draft.verified,
        times,
        draft.presented,
        hints,
        fragment_of(draft.declared, limits.uri_chars),
        is_counted=draft.attestation is not None,
        has_claim=draft.has_claim,
        claimed_uri=draft.claimed_uri,
        witness=draft.witness if draft.attestation is None else None,
        verified_by=verified,
    )


def check_failed(check: str, error: Exception) -> Finding:
    """Return the finding for a check that raised."""
    # What a foreign exception says may quote the document; what headgate itself raises does not.
    said = ascii(str(error))[1:301] if isinstance(error, HeadgateError) else type(error).__name__
    detail = {"check": check, "error": said}
    return Finding("G901", f"The {check} check failed: {type(error).__name__}.", detail=detail)


def _prove(draft: _Draft, presented: Presented, digest: bytes, revision: Revision, limits: Limits) -> None:
    """Find what is proved; until that is done, the document is what its metadata declares."""
    # Set first, so that a check that raises is still the finding of a source rather than of nobody.
    draft.uri, draft.source = presented.declared_uri, revision.source_of(presented.declared_uri)

    def verify(claim: Claim, requirement: Requirement) -> Verdict:
        # Not the metadata: a verdict is about token, text and keys; what the token covers is compared each time.
        key = (claim.mechanism, claim.key, digest, requirement.source)
        known = revision.verdicts.get(key)
        if known is None:
            verdict = verify_claim(claim, presented.digest, requirement, revision.owners)
            known = revision.verdicts.put(key, verdict, len(claim.key))
        return known

    claims = read_claims(presented, draft.source.requirement, limits)
    carried = [claim for claim in claims if claim.is_carried]
    draft.claimed_uri = next((claim.uri for claim in carried if claim.uri is not None), None)
    draft.has_claim = bool(carried)
    proof = check_provenance(presented, claims, verify, lambda uri: revision.source_of(uri).requirement)
    draft.uri, draft.source = proof.uri, revision.source_of(proof.uri)
    draft.assurance, draft.findings = proof.assurance, proof.findings
    draft.attestation, draft.verified, draft.witness = (
        with_section(one, draft.source_key, draft.declared) for one in (proof.attestation, proof.verified, proof.signed)
    )


def _present(
    text: str,
    metadata: Mapping[str, object],
    media: Mapping[str, str | None],
    label: str,
    revision: Revision,
    limits: Limits,
) -> tuple[Presented, tuple[str, object] | None]:
    """Return a document as proofs look at it, and the metadata entry that names its source."""
    entry = find_source(metadata, revision, limits)
    if entry is None:
        return Presented(label, metadata, media, text=text), None
    return Presented(label, metadata, media, normalise_uri(entry[1], limits.uri_chars), True, text), entry


def _document(draft: _Draft, limits: Limits) -> str | None:
    if draft.attestation is not None:
        return named_document(draft.source, draft.attestation, limits.uri_chars)
    written = draft.declared if draft.uri == draft.presented.declared_uri else draft.uri
    return draft.source.redirects.current(identify_document(written, limits.uri_chars))


def _timestamps(draft: _Draft, metadata: Mapping[str, object], revision: Revision, limits: Limits) -> Timestamps:
    attestation, source = draft.attestation, draft.source
    return resolve_timestamps(
        metadata,
        signed=attestation.times() if attestation is not None else None,
        version=attestation.version if attestation is not None else None,
        mechanism=attestation.mechanism if attestation is not None else "seal",
        covered=attestation.covered if attestation is not None else (),
        evidence=source.freshness.evidence_for(source.requirement.require, is_proved=attestation is not None),
        keys=revision.metadata,
        status_words=source.freshness.status.keys(),
        limits=limits,
    )
