"""What revocation lists say about the documents of an admission. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from headgate.admission.judging import Judgement
from headgate.admission.revision import ResolvedSource, Revision, owners_of
from headgate.assurance import is_proof
from headgate.chunk import SEAL_KEY
from headgate.decision import Finding
from headgate.encoding import shown
from headgate.limits import Limits
from headgate.policy import KeySets
from headgate.provenance.listing import revoked_key
from headgate.provenance.revocation import Revocation, Revocations
from headgate.provenance.seals import digest_text
from headgate.provenance.spans import SPACE, is_span
from headgate.registry import Known

__all__ = ["apply_revocations", "revoking_keys", "still_known", "without_withdrawn"]


def apply_revocations(judged: Sequence[Judgement], revocations: Revocations, now: datetime) -> None:
    """Add P107 to every document that was taken back, or whose key was, and P114 where a list has ended.

    A document that was taken back speaks for nothing any more: not for its version either.
    """
    for judgement in judged:
        facts = judgement.facts
        if not facts.digest:  # it could not even be read
            continue
        mode = facts.source.modes["provenance"]
        if facts.witness is not None and revocations.of_key(facts.witness.key) is not None:
            judgement.is_revoked = True
        found = next(_revoked(judgement, revocations), None)
        if found is not None:
            judgement.is_revoked = True
            judgement.add((found,), mode)
        # Where no proof is asked for, a list that ended takes nothing away that a new one might not.
        if is_proof(facts.source.requirement.require):
            standing = revocations.standing(now, facts.source.freshness.future_skew)
            if standing is not None:
                judgement.add((standing,), mode)


def revoking_keys(revision: Revision, revocations: Revocations, limits: Limits) -> Revision:
    """Return a revision in which what a revoked key has signed proves nothing by itself; nothing is read again."""

    def under(source: ResolvedSource) -> ResolvedSource:
        return replace(source, requirement=replace(source.requirement, revocations=revocations))

    return revision.under(under).forgetting(limits)


def without_withdrawn(revision: Revision, now: datetime, rules: KeySets, limits: Limits) -> Revision:
    """Return a revision without the keys that are no longer published, for where the new ones cannot be loaded."""
    gone = frozenset(key for one, _ in revision.key_sets for key in one.withdrawn(now, rules))

    def under(source: ResolvedSource) -> ResolvedSource:
        requirement = source.requirement
        keys, manifest = requirement.keys.without(gone), requirement.manifest
        stamping = source.timestamp_keys.without(gone) if source.timestamp_keys is not None else keys
        if manifest is not None:
            manifest = manifest.by(keys, stamping)
        return replace(source, requirement=replace(requirement, keys=keys, manifest=manifest))

    left = revision.under(under).forgetting(limits)
    owners = owners_of((*left.sources.values(), left.default))
    # As if these sets had been loaded, so that other ones are a reason to load again.
    loaded = tuple((one, one.current(now, rules).digest) for one, _ in revision.key_sets)
    return replace(left, owners=owners, key_sets=loaded)


def still_known(known: Mapping[str, tuple[Known, ...]], revocations: Revocations) -> Mapping[str, tuple[Known, ...]]:
    """Return what a registry knows without what was proved by keys that were taken back."""
    return {
        document: tuple(one for one in facts if revocations.of_key(one.key) is None)
        for document, facts in known.items()
    }


def _revoked(judgement: Judgement, revocations: Revocations) -> Iterator[Finding]:
    facts = judgement.facts
    attestation, manifest = facts.attestation, facts.source.requirement.manifest
    for digest in _digests(judgement):
        found = revocations.of_digest(digest)
        if found is not None:
            yield _finding("This text", found, {"digest": digest})
    found = revocations.of_document(facts.uri, attestation.version if attestation is not None else None)
    if found is not None:
        yield _finding("This document", found, {"uri": facts.shown_uri})
    if manifest is not None and is_proof(facts.source.requirement.require):
        for key in manifest.taken_back(lambda key: revocations.of_key(key.thumbprint)):
            found = revocations.of_key(key.thumbprint)
            if found is not None:
                yield revoked_key(key.kid, found, " of the manifest")
    if attestation is None:
        return
    found = revocations.of_key(attestation.thumbprint)
    # Of a record: what is judged again has no such attestation, whatever lists it.
    if found is not None:
        yield revoked_key(attestation.kid, found)


def _digests(judgement: Judgement) -> Iterator[str]:
    """Yield the digests by which a text may have been taken back."""
    yield judgement.facts.digest
    # Under a document seal anybody may add white space at the ends of a text.
    bare = judgement.chunk.text.strip(SPACE)
    if is_span(judgement.chunk.metadata.get(SEAL_KEY)) and bare != judgement.chunk.text:
        yield digest_text(bare)


def _finding(what: str, found: Revocation, detail: Mapping[str, object]) -> Finding:
    reason = f": {shown(found.reason, 200)}" if found.reason else ""
    return Finding("P107", f"{what} has been revoked{reason}.", detail={**detail, "reason": found.reason})
