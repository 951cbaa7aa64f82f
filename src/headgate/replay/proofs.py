"""What a recorded proof is worth under a policy: signatures are taken from the record, keys from the policy."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.decision import Finding
from headgate.encoding import shown
from headgate.provenance import Attestation, Claim, Requirement, Verdict, issuer_finding
from headgate.provenance.seals import SealMechanism
from headgate.record import DecisionRecord, error_codes
from headgate.record.schema import EvidenceRecord
from headgate.replay.listings import NotRecorded, check_listed, check_refused
from headgate.replay.recorded import error_codes_of

__all__ = ["claims_then", "failed_then", "verdict_now"]

# What a seal that failed fails under every key set, as far as a record can tell.
_BROKEN = frozenset(("P102", "P105"))
# What the manifest beside a seal fails.
_UNLISTED = frozenset(("P108", "P110"))
# What a proof that fails is said to fail by; the rest is said about the document.
_REFUTED = frozenset(("P102", "P103", "P104", "P105"))


def claims_then(entry: DecisionRecord, evidence: EvidenceRecord, attestation: Attestation | None) -> tuple[Claim, ...]:
    """Return what a document claimed, as far as the record says it."""
    if attestation is not None and attestation.mechanism == SealMechanism.name:
        return (Claim(attestation.mechanism, attestation.uri, attestation),)
    if "unproved_seal" not in evidence:
        return ()
    if "P106" in error_codes_of(entry):
        return (Claim("", problem=Finding("P106", "As recorded: the seal is malformed.")),)
    # Records made before have the claimed document in the place of the declared one.
    return (Claim("", evidence.get("claimed", entry["uri"])),)


def verdict_now(
    attestation: Attestation, digest: str, requirement: Requirement, owners: Mapping[str, tuple[str, ...]]
) -> Verdict:
    """Return what a proof that was verified then is worth with the keys of now."""
    kid = attestation.kid
    key = requirement.keys.get(kid)
    if key is None:
        code = "P104" if owners.get(kid) else "P103"
        return Verdict((Finding(code, f"The key {shown(kid)} is not a key of {requirement.source!r}."),))
    if attestation.thumbprint != key.thumbprint:
        return Verdict((Finding("P102", f"Another key has the name {shown(kid)} now."),))
    if not requirement.accepts(attestation.issuer, key.thumbprint):
        return Verdict((issuer_finding(attestation.issuer, kid, requirement),), attestation)
    return Verdict(check_listed(attestation, digest, requirement), attestation)


def failed_then(
    entry: DecisionRecord, requirement: Requirement, owners: Mapping[str, tuple[str, ...]], *, is_same: bool
) -> tuple[Finding, ...]:
    """Return the findings of a proof that failed when it was recorded, if they would be the same again."""
    codes = error_codes_of(entry) & _REFUTED
    if not codes and _UNLISTED & set(error_codes(entry)):
        return check_refused(entry, requirement, is_same=is_same)
    if is_same:
        return tuple(Finding(code, "As recorded.") for code in sorted(codes))
    details = {finding["code"]: finding["detail"] for finding in entry["findings"]}
    if codes & _BROKEN and not details.get("P105", {}).get("uncovered"):
        return tuple(Finding(code, "As recorded: the seal did not hold.") for code in sorted(codes & _BROKEN))
    kid = details.get("P103", {}).get("kid") or details.get("P104", {}).get("kid")
    if isinstance(kid, str) and requirement.keys.get(kid) is None:
        code = "P104" if owners.get(kid) else "P103"
        return (Finding(code, f"The key {shown(kid)} is not a key of {requirement.source!r}."),)
    if "P107" in error_codes(entry):
        raise NotRecorded("it was revoked, by a list of the time")
    raise NotRecorded("it carries a seal that was never verified with these keys")
