"""What a proof says about versions and verification: facts that outlast the admission. No I/O."""

from __future__ import annotations

from headgate.admission.revision import ResolvedSource
from headgate.encoding import shown
from headgate.freshness import Timestamps
from headgate.freshness.identity import identify_document, page_of
from headgate.policy import normalise_uri
from headgate.provenance import Attestation
from headgate.registry import Proved
from headgate.verification import Verification

__all__ = ["named_document", "proved_version", "verifications"]


def verifications(attestation: Attestation | None, source: ResolvedSource) -> tuple[Verification, ...]:
    """Return who has vouched for a document, and when, as far as its proof says.

    Nobody who did not sign it: whatever metadata says, it verifies nothing.
    """
    if attestation is None:
        return ()
    manifest, found = source.requirement.manifest, []
    if attestation.corpus is not None and manifest is not None:
        stamp = manifest.timestamp
        found.append(Verification(stamp.issued, "manifest", f"list {stamp.version} of {shown(stamp.corpus)}"))
    if attestation.issued_at is not None:
        found.append(Verification(attestation.issued_at, "seal", f"sealed by {shown(attestation.issuer)}"))
    return tuple(found)


def named_document(source: ResolvedSource, attestation: Attestation, max_chars: int) -> str | None:
    """Return which document a proof is about: what its address leads to, as far as its key speaks for that.

    A key that others have delegated to says nothing outside of its namespace, not even that its page is one there
    under another spelling, or is redirected there.

    Args:
        source: whose keys have proved it.
        attestation: what the proof says.
        max_chars: longer addresses name nothing.
    """
    document = source.redirects.current(identify_document(attestation.subject, max_chars))
    key = source.requirement.keys.get(attestation.kid)
    if document is None or key is None or not key.namespaces:
        return document
    uri = normalise_uri(page_of(document) or document)
    return document if uri is not None and key.speaks_for(uri) else attestation.uri


def proved_version(
    source: ResolvedSource, document: str | None, attestation: Attestation | None, times: Timestamps, digest: str
) -> Proved | None:
    """Return which version of which document is signed, where its source wants only the current one."""
    if attestation is None or document is None or not attestation.thumbprint or source.freshness.supersede is False:
        return None
    version = times.version if times.is_signed("version") else None
    modified = times.intervals.get("modified") if times.is_signed("modified") else None
    if version is None and modified is None:
        return None
    return Proved(
        document,
        attestation.thumbprint,
        digest,
        version,
        modified.earliest if modified is not None else None,
        times.signed_start,
        source.freshness.supersede_tolerance,
    )
