"""The provenance check: who says so, and may they say it.

A claim chooses nothing until it is verified: a document belongs to the source that its metadata declares, unless a
proof that holds in every step says otherwise. What an unverified claim is found to be is said under the mode of the
source that it claims, beside what the declared source finds under its own; so a broken proof makes nothing milder.

Steps, in order; each finding says which one failed:

1. What the document claims can be read (P106).
2. The claimed document decides whose keys count: those of its source (P103), and a key of another source is not
   enough (P104). Being listed in a manifest is claimed by naming a source that has one, and is looked at where no
   proof that the document carries holds.
3. The signature verifies (P102), by a key that was not taken back (P107); the issuer is one that the source accepts
   (P104), and the text is what was signed (P105). Where the source has a manifest, it lists the text (P110), and was
   not rolled back (P108).
4. The metadata entries and the content that the proof covers are what was signed, and the proof covers what the
   policy wants to be covered (P105).
5. What the document's own metadata says about its source agrees with the proof (P104, P111).
6. The source's requirement is met (P101), by a source that the policy knows (P109).
7. Content that is not text is covered too, where proof is required (P116).
8. So is metadata that may be in the prompt, or it is withheld (P112).

Left to each admission: whether the manifest's timestamp (P114) and the proof are in force at its time, and whether the
document, the text or the manifest was taken back (P107).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from itertools import islice
from typing import cast

from headgate.assurance import ASSURANCES, DECLARED, NONE, Assurance, is_proof, meets
from headgate.chunk import SEAL_KEY, Chunk
from headgate.decision import Finding, has_error, stricter, under_mode
from headgate.encoding import is_counter_name, is_label, shown
from headgate.errors import SealError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.provenance.attestation import Attestation
from headgate.provenance.covered import MEDIA_PREFIX, covered_digests
from headgate.provenance.listing import ManifestMechanism, as_listed, without_key
from headgate.provenance.mechanism import Claim, Mechanism, Owners, Presented, Requirement, Verdict
from headgate.provenance.requiring import check_agreement, check_requirement, not_in_policy, too_weak
from headgate.provenance.seals import SealMechanism

__all__ = [
    "MECHANISMS",
    "Proof",
    "check_prompt_metadata",
    "check_provenance",
    "hidden_though_covered",
    "read_claims",
    "uncovered_media",
    "unproved_words",
    "verify_claim",
]

MECHANISMS: tuple[Mechanism, ...] = (SealMechanism(), ManifestMechanism())

_BY_NAME = {mechanism.name: mechanism for mechanism in MECHANISMS}
_SHOWN_NAMES = 20
_NAME_CHARS = 64
# Many names could be a sentence to the model, as a long one could.
_MOST_COUNTERS = 16


@dataclass(frozen=True, slots=True)
class Proof:
    """What is proved about a document.

    Attributes:
        findings: what is wrong with it, each under the mode of the source that finds it.
        assurance: how much is proved.
        attestation: what the proof says; None unless every step succeeded.
        uri: which document it is: what is attested, or what its metadata declares; this decides about its source.
        verified: what a proof says that holds by itself, whether or not the document agrees with it; for records.
        signed: what was signed over this very text by who may, even if the document is refused for what else it holds.
    """

    findings: tuple[Finding, ...]
    assurance: Assurance
    attestation: Attestation | None = None
    uri: str | None = None
    verified: Attestation | None = None
    signed: Attestation | None = None


@dataclass(frozen=True, slots=True)
class _Tried:
    """A claim after verification.

    Attributes:
        uri: which document it claims to be.
        rule: of the source of that document.
        findings: what is wrong with it; if nothing is, it is verified.
        attestation: what it says.
        signed: what it says, if it was signed over this text by who may, whatever is wrong with the rest.
    """

    uri: str | None
    rule: Requirement
    findings: tuple[Finding, ...]
    attestation: Attestation | None = None
    signed: Attestation | None = None


def read_claims(presented: Presented, declared: Requirement, limits: Limits = DEFAULT_LIMITS) -> tuple[Claim, ...]:
    """Return everything that a document claims (step 1); nothing is proved yet."""
    claims = (mechanism.claim(presented, declared, limits) for mechanism in MECHANISMS)
    return tuple(claim for claim in claims if claim is not None)


def verify_claim(claim: Claim, digest: str, requirement: Requirement, owners: Owners) -> Verdict:
    """Return what a claim proves about a text (step 3), whatever the document's metadata says."""
    verdict = _BY_NAME[claim.mechanism].verify(claim, digest, requirement, owners)
    if verdict.attestation is None or not claim.is_carried:
        return verdict
    if requirement.revocations.of_key(verdict.attestation.thumbprint) is not None:
        return without_key(verdict, verdict.attestation, digest, requirement)
    # Not only a finding: what is signed, but no longer or not yet listed, says nothing about what is current.
    attestation, unlisted = as_listed(verdict.attestation, digest, requirement)
    return replace(verdict, attestation=attestation, findings=(*verdict.findings, *unlisted))


def check_provenance(
    presented: Presented,
    claims: Sequence[Claim],
    verify: Callable[[Claim, Requirement], Verdict],
    requirement_of: Callable[[str | None], Requirement],
) -> Proof:
    """Return what is proved about a document (steps 2 to 7).

    Args:
        presented: the document.
        claims: what it claims.
        verify: returns what a claim proves about the text, by the keys of the requirement's source.
        requirement_of: returns what the source of a URI in its normal form requires.
    """
    declared = requirement_of(presented.declared_uri)
    tried = [_try(claim, presented, declared, verify, requirement_of) for claim in claims if claim.is_carried]
    if all(one.attestation is None for one in tried):
        listed = (claim for claim in claims if not claim.is_carried)
        tried += [_try(claim, presented, declared, verify, requirement_of) for claim in listed]
    # The strongest proof speaks; what the others failed is among the findings.
    best = max(tried, key=_level, default=None)
    verified = best.attestation if best is not None else None
    findings = _findings_of(tried, best if verified is not None else None)
    rule, attestation = declared, None
    signed = next((one.signed for one in tried if one.signed is not None), None)
    if best is not None and verified is not None:
        disagreement = check_agreement(verified, best.rule, presented, declared)
        findings += disagreement
        if not _has_error(disagreement):
            rule, attestation = best.rule, verified
    uri = attestation.uri if attestation is not None else _place_of(presented, tried)
    if attestation is not None and not meets(attestation.assurance, rule.require):
        findings += under_mode((too_weak(attestation, rule),), rule.mode)
    if verified is None and not _is_refuted(tried, presented, declared):
        failed = [one.rule.source for one in tried if one.findings]
        findings += under_mode(tuple(check_requirement(rule, presented, failed)), rule.mode)
    if presented.media and is_proof(rule.require):
        findings += under_mode(_check_media(attestation, presented.media), rule.mode)
    # By severity, not by mode: what a step refuted is not proved in audit mode either.
    if attestation is not None and not _has_error(findings):
        return Proof(tuple(findings), attestation.assurance, attestation, uri, verified, signed)
    return Proof(tuple(findings), NONE if declared.is_default else DECLARED, None, uri, verified, signed)


def check_prompt_metadata(
    chunk: Chunk, attestation: Attestation | None, requirement: Requirement, source_key: str | None = None
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Return the metadata entries that must not reach the prompt, and what there is to say about them (step 8).

    Where the chunk names the entries that will be in the prompt, every one of them has to be covered, or be let out by
    the policy. Where it does not know them, whatever a template may print counts, but not what named the source, nor a
    few numbers and truth values under short names: taking these out would cost more than they can say.

    Args:
        chunk: the document.
        attestation: what is proved about it.
        requirement: what its source requires.
        source_key: the metadata entry that named the source.

    Returns:
        The names, empty unless the check is enforced, and the findings.
    """
    if not is_proof(requirement.require):
        return (), ()
    covered = attestation.covered if attestation is not None else ()
    if chunk.prompt_metadata is None:
        excused = _excused(chunk, covered, requirement, source_key)
        uncovered = [name for name in chunk.metadata if name not in excused]
    else:
        excused = frozenset((*covered, *_released(chunk, requirement)))
        uncovered = [name for name in chunk.prompt_metadata if name in chunk.metadata and name not in excused]
    if not uncovered:
        return (), ()
    message = f"Kept out of the prompt, because no proof covers it: {_listed(uncovered)}."
    detail = {"metadata": [str(name)[:_NAME_CHARS] for name in uncovered[:_SHOWN_NAMES]], "count": len(uncovered)}
    withheld = tuple(uncovered) if requirement.mode == "enforce" else ()
    return withheld, under_mode((Finding("P112", message, "info", detail),), requirement.mode)


def unproved_words(
    chunk: Chunk, attestation: Attestation | None, requirement: Requirement, source_key: str | None = None
) -> frozenset[str]:
    """Return the metadata entries that no proof covers, and that a template or a later step could let speak.

    A step behind the gate can put into the prompt what a template leaves out, even in place of the text, so what the
    index hides is among them. Arguments as for `check_prompt_metadata`.

    Returns:
        The names; none unless a proof is required and the check is enforced.
    """
    if not requirement.is_strict:
        return frozenset()
    shown = chunk.prompt_metadata
    names = chunk.metadata if shown is None else (*shown, *chunk.hidden_metadata)
    excused = _excused(chunk, attestation.covered if attestation is not None else (), requirement, source_key)
    return frozenset(name for name in names if name not in excused)


def _excused(chunk: Chunk, covered: Iterable[str], requirement: Requirement, source_key: str | None) -> frozenset[str]:
    """Return the entries that may stay in a document whatever its index says in them.

    What named the source may: where a proof names another document, it is rewritten to that. Where nothing did, no
    entry is excused, not even one whose key is None.
    """
    named = () if source_key is None else (source_key,)
    released = _released(chunk, requirement)
    return frozenset((SEAL_KEY, *covered, *released, *_counters(chunk.metadata), *named))


def _released(chunk: Chunk, requirement: Requirement) -> Iterable[str]:
    """Return the entries that the policy lets out although no proof covers them."""
    return chunk.metadata if requirement.release is None else requirement.release


def hidden_though_covered(chunk: Chunk, attestation: Attestation | None, requirement: Requirement) -> tuple[str, ...]:
    """Return the metadata entries that the index hides from the model although their issuer wants them to be read.

    Whoever writes to the index could otherwise take a warning out of the prompt without touching what is signed.
    """
    if attestation is None or not requirement.is_strict:
        return ()
    # Hidden by the publisher is signed as well, so only the index's own hiding is undone.
    meant = set(attestation.covered) - set(attestation.hidden)
    return tuple(name for name in chunk.hidden_metadata if name in meant and name in chunk.metadata)


def uncovered_media(attestation: Attestation | None, media: Mapping[str, str | None]) -> list[str]:
    """Return the names of content that is not text and whose bytes nobody vouches for."""
    covered = attestation.media if attestation is not None else ()
    # Without a digest there is only a reference, and what it points to may be other bytes tomorrow.
    return [name for name, digest in media.items() if digest is None or name not in covered]


def _try(
    claim: Claim,
    presented: Presented,
    declared: Requirement,
    verify: Callable[[Claim, Requirement], Verdict],
    requirement_of: Callable[[str | None], Requirement],
) -> _Tried:
    """Return what a claim is worth (steps 2 to 4)."""
    if claim.problem is not None or claim.uri is None:
        return _Tried(None, declared, (claim.problem,) if claim.problem is not None else ())
    rule = requirement_of(claim.uri)
    if not len(rule.keys):
        # Nobody can verify it: where no proof is required that is as good as no claim.
        if not is_proof(rule.require):
            return _Tried(claim.uri, rule, ())
        if rule.is_default:
            return _Tried(claim.uri, rule, (not_in_policy(claim.uri),))
    verdict = verify(claim, rule)
    findings, attestation = verdict.findings, verdict.attestation
    if attestation is not None:
        findings = (*findings, *_check_covered(attestation, verdict.covered_digests, presented, rule))
    return _Tried(
        claim.uri,
        rule,
        findings,
        attestation if not _has_error(findings) else None,
        attestation if not _has_error(verdict.findings) else None,
    )


def _findings_of(tried: Sequence[_Tried], best: _Tried | None) -> list[Finding]:
    """Return what is wrong with the claims, each under the mode of its source.

    Beside a proof that holds, a broken one counts under the stricter mode of the two: the proof does not count then,
    and what it says restricts the document as well.
    """
    found: list[Finding] = []
    for one in tried:
        mode = one.rule.mode if best is None else stricter(one.rule.mode, best.rule.mode)
        # A seal that is not listed and the list itself say the same.
        found += (finding for finding in under_mode(one.findings, mode) if finding not in found)
    return found


def _place_of(presented: Presented, tried: Sequence[_Tried]) -> str | None:
    """Return which document it is that has no proof: what it declares.

    One that declares nothing and is kept out for its claim is counted where it claims to be from, so that tampering
    with the documents of a source shows there. That chooses nothing: no other rule lets it in again.
    """
    if not presented.is_declared:
        for one in tried:
            if any(finding.blocks for finding in under_mode(one.findings, one.rule.mode)):
                return one.uri
    return presented.declared_uri


def _is_refuted(tried: Sequence[_Tried], presented: Presented, declared: Requirement) -> bool:
    """Return whether a claim's failure says all that the declared source would say about a missing proof."""
    for one in tried:
        is_same = one.rule.source == declared.source
        # What declares nothing has no source of its own; that is worth saying where it lets less through.
        is_as_strict = not presented.is_declared and stricter(one.rule.mode, declared.mode) == one.rule.mode
        if _has_error(one.findings) and (is_same or is_as_strict):
            return True
    return False


def _level(tried: _Tried) -> int:
    return ASSURANCES.index(tried.attestation.assurance) if tried.attestation is not None else -1


def _has_error(findings: Sequence[Finding]) -> bool:
    return has_error(findings)


def _check_covered(
    attestation: Attestation, covered: Sequence[str], presented: Presented, rule: Requirement
) -> Iterator[Finding]:
    missing = sorted(rule.cover - set(attestation.covered))
    if missing:
        message = f"The {attestation.mechanism} does not cover {', '.join(missing)}, which the policy requires."
        yield Finding("P105", message, detail={"uncovered": missing})
    if not covered:
        return
    names = (*attestation.covered, *(MEDIA_PREFIX + name for name in attestation.media))
    try:
        fitting = covered_digests(presented.metadata, names, presented.media)
    # A covered entry that is a list now, say, was changed; that is P105 and no crash.
    except SealError:
        fitting = ()
    if not set(covered) & set(fitting):
        message = f"What the {attestation.mechanism} covers beside the text was changed: {_listed(names)}."
        yield Finding("P105", message, detail={"covered": [name[:_NAME_CHARS] for name in names]})


def _check_media(attestation: Attestation | None, media: Mapping[str, str | None]) -> tuple[Finding, ...]:
    """Find content that is not text and that nobody vouches for: the model would see it, whoever put it there."""
    uncovered = uncovered_media(attestation, media)
    if not uncovered:
        return ()
    message = f"No seal covers this content, which is not text: {_listed(uncovered)}."
    detail = {"media": [str(name)[:_NAME_CHARS] for name in uncovered[:_SHOWN_NAMES]], "count": len(uncovered)}
    return (Finding("P116", message, detail=detail),)


def _counters(metadata: Mapping[str, object]) -> frozenset[str]:
    """Return the entries that cannot carry words into a prompt, neither by their values nor by their names."""
    counters = (name for name, value in metadata.items() if _is_counter(name, value))
    return frozenset(islice(counters, _MOST_COUNTERS))


def _is_counter(name: object, value: object) -> bool:
    return _is_wordless(value) and is_counter_name(name)


def _is_wordless(value: object) -> bool:
    """Return whether a value prints no words: a subclass prints as it likes, and so does a zone with a name."""
    kind = type(value)
    if kind is datetime:
        # Zones of one offset are equal whatever they are called.
        zone = cast("datetime", value).tzinfo
        return zone is None or zone is timezone.utc
    return value is None or kind in (float, bool, date) or (kind is int and is_label(value))


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(shown(name, _NAME_CHARS) for name in names[:_SHOWN_NAMES])
    return listed + (f", and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else "")
