"""What a record says about manifests, held against those in force now.

A record names the corpus and the version of the manifest that listed a text. Where the same version is in force, the
text is listed as it was; where another is, only that it is not listed can be said without the entry's times.
"""

from __future__ import annotations

from headgate.decision import Finding
from headgate.provenance import Attestation, Claim, Manifest, Presented, Requirement, Verdict
from headgate.provenance.listing import ManifestMechanism
from headgate.record import DecisionRecord, error_codes

__all__ = ["NotRecorded", "check_listed", "check_refused", "claim_listing", "judge_listing"]

_OTHER = "another version of its manifest is in force now, and what that says of it is not recorded"
_NONE = "a manifest decides now, and what that says beside the text is not recorded"
# In records these parts of a URI are digests, so that a document cannot be looked up by it.
_MASKED = frozenset("?#@;")


class NotRecorded(Exception):
    """A record does not say enough; the message says what is missing."""


def claim_listing(presented: Presented, declared: Requirement, attestation: Attestation | None) -> tuple[Claim, ...]:
    """Return the claim to be listed, as the gate makes it, with what was attested then."""
    uri = presented.declared_uri
    if declared.manifest is None or uri is None:
        return ()
    is_listed = attestation is not None and attestation.mechanism == ManifestMechanism.name
    return (Claim(ManifestMechanism.name, uri, attestation if is_listed else None, is_carried=False),)


def judge_listing(claim: Claim, entry: DecisionRecord, requirement: Requirement, *, is_same: bool) -> Verdict:
    """Return what the manifest of now says about a text that was proved by none then.

    Args:
        claim: what `claim_listing` returned.
        entry: the recorded decision.
        requirement: what the source requires now.
        is_same: whether the record was made under the same policy, with the same keys.

    Raises:
        NotRecorded: the manifest may list it, and what it says beside the text is not recorded.
    """
    manifest, uri = requirement.manifest, claim.uri
    if manifest is None or uri is None:
        return Verdict()
    recorded = _recorded(entry, manifest)
    if recorded and is_same:
        return Verdict(recorded)
    if _is_certainly_absent(manifest, uri, entry["digest"]):
        return Verdict((manifest.absence(uri, requirement.source),))
    if is_same and "P105" in error_codes(entry):
        return Verdict((Finding("P105", "As recorded."),))
    raise NotRecorded(_NONE)


def check_listed(attestation: Attestation, digest: str, requirement: Requirement) -> tuple[Finding, ...]:
    """Return what is wrong with a proof of then by the manifest of now.

    Raises:
        NotRecorded: another manifest decides now, and it may say something else.
    """
    manifest = requirement.manifest
    if manifest is None:
        if attestation.corpus is None:
            return ()
        raise NotRecorded("its times are those of a manifest that does not count now")
    statement = manifest.statement
    if manifest.refusal is not None:
        return (manifest.refusal,)
    if (attestation.corpus, attestation.corpus_version) == (statement.corpus, statement.version):
        return ()
    if _is_certainly_absent(manifest, attestation.uri, digest):
        return (manifest.absence(attestation.uri, requirement.source),)
    raise NotRecorded(_OTHER)


def check_refused(entry: DecisionRecord, requirement: Requirement, *, is_same: bool) -> tuple[Finding, ...]:
    """Return the findings about a seal that only the manifest refused.

    Raises:
        NotRecorded: another manifest, or none, decides now.
    """
    recorded = _recorded(entry, requirement.manifest) if requirement.manifest is not None else ()
    if recorded and is_same:
        return recorded
    raise NotRecorded(_OTHER)


def _is_certainly_absent(manifest: Manifest, uri: str, digest: str) -> bool:
    if manifest.refusal is not None:
        return True
    return not _MASKED & set(uri) and manifest.find(uri, digest) is None


def _recorded(entry: DecisionRecord, manifest: Manifest) -> tuple[Finding, ...]:
    """Return the recorded findings of this version of the manifest."""
    version = (manifest.statement.corpus, manifest.statement.version)
    return tuple(
        Finding(finding["code"], "As recorded.")
        for finding in entry["findings"]
        if finding["code"] in ("P108", "P110")
        and finding["severity"] == "error"
        and (finding["detail"].get("corpus"), finding["detail"].get("version")) == version
    )
