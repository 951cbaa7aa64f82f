"""What a document lacks, and where it contradicts its own proof: the findings of steps 5 and 6."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headgate.assurance import DECLARED, SEALED, is_proof
from headgate.decision import Finding, stricter, under_mode
from headgate.encoding import safe_uri
from headgate.provenance.attestation import Attestation
from headgate.provenance.mechanism import Presented, Requirement

__all__ = ["check_agreement", "check_requirement", "not_in_policy", "too_weak"]


def check_agreement(
    attestation: Attestation, rule: Requirement, presented: Presented, declared: Requirement
) -> tuple[Finding, ...]:
    """Find where a document's metadata says something else about its source than its proof."""
    named = presented.declared_uri
    if not presented.is_declared or named == attestation.uri:
        return ()
    detail = {"declared": safe_uri(named) if named is not None else None, "sealed": safe_uri(attestation.uri)}
    if named is None:
        message = f"Metadata names a source that is not a URI; the seal is for {detail['sealed']}."
    elif not declared.is_default and declared.source != rule.source:
        message = f"Metadata says it is from {declared.source!r}, the seal says {rule.source!r}."
        # Both sources have a say, so the stricter of the two decides.
        return under_mode((Finding("P104", message, detail=detail),), stricter(rule.mode, declared.mode))
    else:
        message = f"Metadata names {detail['declared']}, the seal is for {detail['sealed']}."
    return under_mode((Finding("P111", message, "warning", detail),), rule.mode)


def check_requirement(rule: Requirement, presented: Presented, failed: Sequence[str]) -> Iterator[Finding]:
    """Find what a document without a proof lacks; `failed` are the sources of the proofs that do not hold."""
    if not is_proof(rule.require):
        # The default rule accepts a document of any source, but not one of no source.
        if rule.require == DECLARED and rule.is_default and presented.declared_uri is None:
            yield not_in_policy(None)
        return
    if rule.is_default and not len(rule.keys):
        yield not_in_policy(presented.declared_uri)
    there = f"the one that is there is for {failed[0]!r}, and does not hold" if failed else "there is none"
    what = "a seal" if rule.require == SEALED else "a seal, or an entry in its manifest"
    yield Finding("P101", f"{rule.source!r} requires {what}, and {there}.", detail={"source": rule.source})


def too_weak(attestation: Attestation, rule: Requirement) -> Finding:
    """Return the finding about a proof of less than the source requires."""
    message = f"{rule.source!r} requires {rule.require!r}; a {attestation.mechanism} proves {attestation.assurance!r}."
    return Finding("P101", message, detail={"source": rule.source, "mechanism": attestation.mechanism})


def not_in_policy(uri: str | None) -> Finding:
    """Return the finding about a document of no source that the policy knows."""
    if uri is None:
        return Finding("P109", "The document names no source that the policy could match.")
    safe = safe_uri(uri)
    return Finding("P109", f"No source of the policy matches {safe}.", detail={"uri": safe})
