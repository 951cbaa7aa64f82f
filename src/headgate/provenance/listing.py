"""The mechanism of manifests: a text is listed under the URI that its document names.

Naming a source is not proof, so it chooses nothing but in which manifest is looked, and that is the manifest of the
source that the document would belong to anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from headgate.assurance import MANIFEST
from headgate.decision import Finding
from headgate.encoding import b64url_encode, shown
from headgate.limits import Limits
from headgate.provenance.attestation import Attestation
from headgate.provenance.covered import MEDIA_PREFIX
from headgate.provenance.indexes import Found
from headgate.provenance.manifests import Manifest
from headgate.provenance.mechanism import Claim, Owners, Presented, Requirement, Verdict
from headgate.provenance.revocation import Revocation
from headgate.provenance.shards import Entry
from headgate.provenance.values import EPOCH

__all__ = ["ManifestMechanism", "as_listed", "revoked_key", "with_section", "without_key"]


class ManifestMechanism:
    """Whoever names a URI of a source that has a manifest claims to be listed in it."""

    name: Final = "manifest"
    assurance: Final = MANIFEST

    def claim(self, presented: Presented, declared: Requirement, limits: Limits) -> Claim | None:  # noqa: ARG002 - bounded
        """Return the claim to be listed under the declared URI; None where its source has no manifest."""
        uri = presented.declared_uri
        if declared.manifest is None or uri is None:
            return None
        return Claim(self.name, uri, key=uri, is_carried=False)

    def verify(self, claim: Claim, digest: str, requirement: Requirement, owners: Owners) -> Verdict:  # noqa: ARG002 - no kid
        """Return what the manifest of the source says about a text of this digest."""
        manifest, uri = requirement.manifest, claim.uri
        if manifest is None or uri is None:
            return Verdict()
        found = manifest.find(uri, digest)
        if found is None:
            return Verdict((manifest.absence(uri, requirement.source),))
        return Verdict((), _attest(manifest, found.entry, requirement), _covered(found))


def as_listed(
    attestation: Attestation, digest: str, requirement: Requirement
) -> tuple[Attestation, tuple[Finding, ...]]:
    """Return what a carried proof says beside the manifest of its source, which decides what is current.

    Args:
        attestation: what the proof says.
        digest: of the text.
        requirement: what the source requires.

    Returns:
        The attestation, with the version and the last modification of the entry where it has them, and the finding
        about a text that is not listed.
    """
    manifest = requirement.manifest
    if manifest is None:
        return attestation, ()
    found = manifest.find(attestation.uri, digest, attestation.root)
    if found is None:
        return attestation, (manifest.absence(attestation.uri, requirement.source),)
    entry = found.entry
    modified = _instant(entry.modified)
    listed = replace(
        attestation,
        # A chunk that did not change in the current version was sealed with an earlier one.
        version=entry.version if entry.version is not None else attestation.version,
        modified=modified if modified is not None else attestation.modified,
        valid_from=_latest((attestation.valid_from, _instant(entry.valid_from))),
        valid_until=_earliest((attestation.valid_until, _instant(entry.valid_until))),
        corpus=manifest.statement.corpus,
        corpus_version=manifest.statement.version,
    )
    return listed, ()


def without_key(verdict: Verdict, signed: Attestation, digest: str, requirement: Requirement) -> Verdict:
    """Return what is left of a proof that a document carries, when its key was taken back.

    A date in it says nothing: whoever has the key writes any. What somebody else had listed before the key could leak
    is proved, with what that list says about it: the other claims of the proof may be the thief's, so they only
    restrict. Where being listed is enough, the proof is as good as none.

    Args:
        verdict: what the proof says.
        signed: its attestation.
        digest: of the text.
        requirement: what the source requires.
    """
    revocations, manifest = requirement.revocations, requirement.manifest
    revoked = revoked_key(signed.kid, revocations.of_key(signed.thumbprint) or Revocation())
    if manifest is not None and manifest.taken_back(lambda key: revocations.of_key(key.thumbprint)):
        manifest = None
    found = manifest.find(signed.uri, digest, signed.root) if manifest is not None else None
    if manifest is None or found is None:
        return Verdict((*verdict.findings, revoked))
    milder = (*verdict.findings, replace(revoked, severity="warning"))
    if not revocations.listed_in_time(signed.thumbprint or "", manifest.statement.issued):
        return Verdict(milder if requirement.require == MANIFEST else (*verdict.findings, revoked))
    listed = _attest(manifest, found.entry, requirement)
    attestation = replace(
        listed,
        assurance=signed.assurance,
        valid_from=_latest((listed.valid_from, signed.valid_from)),
        valid_until=_earliest((listed.valid_until, signed.valid_until)),
    )
    return Verdict(milder, attestation, _covered(found))


def revoked_key(kid: str, revocation: Revocation, what: str = "") -> Finding:
    """Return the finding about a key that was taken back (P107); `what` it signs, where that is not the document."""
    reason = f": {shown(revocation.reason, 200)}" if revocation.reason else ""
    message = f"The key {shown(kid)}{what} has been revoked{reason}."
    return Finding("P107", message, detail={"kid": kid[:200], "reason": revocation.reason})


def with_section(attestation: Attestation | None, source_key: str | None, written: object) -> Attestation | None:
    """Return an attestation for the section of a document that it is about.

    An entry of a manifest is for all sections of a document. Which one a text is of, its own metadata says; if that is
    covered, so that nobody can make another section of it.

    Args:
        attestation: what is proved.
        source_key: the metadata entry that named the source.
        written: what that entry says.
    """
    if attestation is None or attestation.mechanism != ManifestMechanism.name:
        return attestation
    if source_key not in attestation.covered or not isinstance(written, str):
        return attestation
    return replace(attestation, subject=written)


def _covered(found: Found) -> tuple[str, ...]:
    return tuple("sha-256:" + b64url_encode(one) for one in found.covered)


def _attest(manifest: Manifest, entry: Entry, requirement: Requirement) -> Attestation:
    statement, revocations = manifest.statement, requirement.revocations
    # A key that was taken back proves nothing; where enough others have signed, one of them does.
    quorum = manifest.quorum.without(lambda key: revocations.of_key(key.thumbprint))
    key = manifest.key if quorum is None or not quorum.signers else quorum.key
    return Attestation(
        mechanism=ManifestMechanism.name,
        assurance=ManifestMechanism.assurance,
        issuer=statement.issuer,
        subject=entry.subject,
        uri=entry.uri,
        kid=key.kid,
        thumbprint=key.thumbprint,
        issued_at=statement.issued,
        version=entry.version,
        modified=_instant(entry.modified),
        # A certificate bounds what its key may say: the narrower of two windows counts.
        valid_from=_latest((_instant(entry.valid_from), key.valid_from)),
        valid_until=_earliest((_instant(entry.valid_until), key.valid_until)),
        covered=tuple(name for name in entry.covered if not name.startswith(MEDIA_PREFIX)),
        media=tuple(name[len(MEDIA_PREFIX) :] for name in entry.covered if name.startswith(MEDIA_PREFIX)),
        hidden=entry.hidden,
        corpus=statement.corpus,
        corpus_version=statement.version,
    )


def _instant(seconds: int | None) -> datetime | None:
    return EPOCH + timedelta(seconds=seconds) if seconds is not None else None


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
