"""The provenance check: who says so, and may they say it.

Steps, in order; each finding says which one failed:

1. A seal has the right form and complete claims (P106).
2. The seal's subject decides which source the document belongs to; the source's own keys decide (P103), and a key
   of another source is not enough (P104).
3. The signature verifies (P102), and the issuer is one that the source accepts (P104).
4. The text, and the metadata entries that the seal covers, are what was sealed (P105).
5. What the document's own metadata says about its source agrees with the seal (P104, P111).
6. Content that is not text is covered too, where a seal is required (P116).

Left to the freshness check: whether the seal is in force at this time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headgate.chunk import SEAL_KEY
from headgate.decision import Assurance, Finding
from headgate.encoding import safe_uri
from headgate.errors import SealError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.provenance.covered import MEDIA_PREFIX, covered_digests
from headgate.provenance.jws import ParsedJws, parse_jws, verify_parsed
from headgate.provenance.keys import KeySet
from headgate.provenance.seals import SEAL_TYPE, Seal, parse_seal

__all__ = ["Claimed", "Proof", "Requirement", "Verdict", "check_provenance", "read_claimed", "verify_claimed"]

_NO_MEDIA: Mapping[str, str | None] = {}


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a source requires.

    Attributes:
        source: the source's id.
        require: the least assurance: `sealed`, `declared` or `none`.
        keys: the keys that may speak for the source.
        issuers: the accepted issuers; empty for any.
        cover: metadata entries that a seal must cover.
    """

    source: str
    require: str
    keys: KeySet
    issuers: frozenset[str] = frozenset()
    cover: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a document's seal claims, before anything is proved.

    Attributes:
        parsed: the token's parts, if it has the right form.
        seal: its claims, if complete.
        problem: why there is no seal to check, if the document carries a broken one.
    """

    parsed: ParsedJws | None = None
    seal: Seal | None = None
    problem: Finding | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What signature and digest prove, whatever the document's metadata says."""

    findings: tuple[Finding, ...] = ()
    seal: Seal | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proved about a document.

    Attributes:
        findings: what speaks against it.
        assurance: how much is proved.
        seal: the verified claims; None unless every step succeeded.
    """

    findings: tuple[Finding, ...]
    assurance: Assurance
    seal: Seal | None = None


def read_claimed(token: object, limits: Limits = DEFAULT_LIMITS) -> Claimed:
    """Return what a metadata entry claims as a seal (step 1); nothing is proved yet."""
    if token is None:
        return Claimed()
    try:
        parsed = parse_jws(token, typ=SEAL_TYPE, limits=limits)
        return Claimed(parsed, parse_seal(parsed.payload, parsed.kid or ""))
    except SealError as error:
        return Claimed(problem=Finding(error.code, f"Malformed seal: {error.problem}."))


def verify_claimed(
    claimed: Claimed, digest: str, requirement: Requirement, owners: Mapping[str, tuple[str, ...]]
) -> Verdict:
    """Return what the seal proves about a text (steps 2 to 4, without metadata).

    Args:
        claimed: the seal as read.
        digest: the digest of the text as it was retrieved.
        requirement: what the source of the seal's subject requires.
        owners: for each key name, the sources that list it.
    """
    seal, parsed = claimed.seal, claimed.parsed
    if claimed.problem is not None:
        return Verdict((claimed.problem,))
    if seal is None or parsed is None:
        return Verdict()
    try:
        kid = verify_parsed(parsed, requirement.keys)
    except SealError as error:
        return Verdict((_signature_finding(error, parsed, requirement, owners),))
    findings = []
    if requirement.issuers and seal.issuer not in requirement.issuers:
        findings.append(
            Finding(
                "P104",
                f"The issuer {seal.issuer[:80]!r} may not speak for {requirement.source!r}.",
                detail={"issuer": seal.issuer, "source": requirement.source},
            )
        )
    if digest != seal.digest:
        findings.append(
            Finding(
                "P105",
                "The text is not the one that was sealed.",
                detail={"sealed": seal.digest, "found": digest, "issuer": seal.issuer},
            )
        )
    return Verdict(tuple(findings), seal if seal.kid == kid else replace(seal, kid=kid))


def check_provenance(
    verdict: Verdict,
    metadata: Mapping[str, object],
    requirement: Requirement,
    *,
    uri: str | None,
    declared_uri: str | None,
    declared_source: str | None,
    is_configured: bool,
    media: Mapping[str, str | None] = _NO_MEDIA,
) -> Proof:
    """Return what is proved about a document, all steps taken together.

    Args:
        verdict: what signature and digest prove.
        metadata: the document's metadata.
        requirement: what the document's source requires.
        uri: the URI that decided about the source: the seal's, else what metadata names; in its normal form.
        declared_uri: the URI that metadata names, in its normal form.
        declared_source: the source that this URI belongs to, if any.
        is_configured: whether a source of the policy matches, rather than the default.
        media: the document's content that is not text.
    """
    findings = list(verdict.findings)
    seal = verdict.seal
    if seal is not None:
        findings += _check_covered(seal, metadata, media, requirement)
        findings += _check_agreement(seal, requirement, declared_uri, declared_source)
    elif not findings:
        findings += _check_unsealed(SEAL_KEY in metadata, requirement, declared_uri, is_configured)
    if media and requirement.require == "sealed":
        findings += _check_media(seal, media)
    if requirement.require == "sealed" and not is_configured and not len(requirement.keys):
        # Which key it was says nothing where no key could be right.
        findings = [finding for finding in findings if finding.code not in ("P103", "P104")]
        findings.insert(0, _not_in_policy(uri))
    proved = seal is not None and not any(finding.severity == "error" for finding in findings)
    if proved:
        return Proof(tuple(findings), "sealed", seal)
    return Proof(tuple(findings), "declared" if declared_source is not None else "none")


def _signature_finding(
    error: SealError, parsed: ParsedJws, requirement: Requirement, owners: Mapping[str, tuple[str, ...]]
) -> Finding:
    others = owners.get(parsed.kid or "", ())
    if error.code == "P103" and others:
        return Finding(
            "P104",
            f"The key {parsed.kid!r} belongs to {', '.join(others)}, not to {requirement.source!r}.",
            detail={"kid": parsed.kid, "key_of": list(others), "source": requirement.source},
        )
    return Finding(error.code, f"{error.problem[:1].upper()}{error.problem[1:]}.", detail={"kid": parsed.kid})


def _check_covered(
    seal: Seal, metadata: Mapping[str, object], media: Mapping[str, str | None], requirement: Requirement
) -> list[Finding]:
    findings = []
    uncovered = sorted(requirement.cover - set(seal.covered))
    if uncovered:
        findings.append(
            Finding(
                "P105",
                f"The seal does not cover {', '.join(uncovered)}, which the policy requires.",
                detail={"uncovered": uncovered},
            )
        )
    if seal.covered_digest is not None:
        try:
            fitting = covered_digests(metadata, seal.covered, media)
        except SealError:
            fitting = ()
        if seal.covered_digest not in fitting:
            findings.append(
                Finding(
                    "P105",
                    f"Sealed metadata was changed; the seal covers {', '.join(seal.covered)}.",
                    detail={"covered": list(seal.covered)},
                )
            )
    return findings


def _check_media(seal: Seal | None, media: Mapping[str, str | None]) -> list[Finding]:
    """Find content that is not text and that nobody vouches for: the model would see it, whoever put it there."""
    covered = seal.covered if seal is not None else ()
    uncovered = [str(name) for name, digest in media.items() if digest is None or MEDIA_PREFIX + name not in covered]
    if not uncovered:
        return []
    message = (
        f"Content that is not text and that no seal covers: {', '.join(ascii(name[:80]) for name in uncovered[:10])}."
    )
    return [Finding("P116", message, detail={"media": [name[:200] for name in uncovered[:64]]})]


def _check_agreement(
    seal: Seal, requirement: Requirement, declared_uri: str | None, declared_source: str | None
) -> list[Finding]:
    if declared_uri is None or declared_uri == seal.uri or declared_source is None:
        return []
    detail = {"declared": safe_uri(declared_uri), "sealed": safe_uri(seal.uri)}
    if declared_source != requirement.source:
        message = f"Metadata says it is from {declared_source!r}, the seal says {requirement.source!r}."
        return [Finding("P104", message, detail=detail)]
    message = f"Metadata names {detail['declared']}, the seal is for {detail['sealed']}."
    return [Finding("P111", message, "warning", detail)]


def _check_unsealed(
    is_broken: bool, requirement: Requirement, declared_uri: str | None, is_configured: bool
) -> list[Finding]:
    if requirement.require == "none":
        return []
    if requirement.require == "declared":
        # The default rule accepts a document of any source, but not one of no source.
        return [] if is_configured or declared_uri is not None else [_not_in_policy(None)]
    message = "The seal is empty." if is_broken else f"{requirement.source!r} requires a seal, and there is none."
    return [Finding("P101", message, detail={"source": requirement.source})]


def _not_in_policy(uri: str | None) -> Finding:
    if uri is None:
        return Finding("P109", "The document names no source that the policy could match.")
    shown = safe_uri(uri)
    return Finding("P109", f"No source of the policy matches {shown}.", detail={"uri": shown})
