"""A mechanism of proof: how a document claims something, and how the claim is verified.

Whatever the mechanism, a claim chooses nothing until it is verified, and what is verified is an Attestation. A new
mechanism is a module with a class like `seals.SealMechanism`, and one entry in `check.MECHANISMS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from headgate.assurance import Assurance, is_proof
from headgate.chunk import SEAL_KEY
from headgate.decision import Finding, Mode
from headgate.limits import Limits
from headgate.provenance.attestation import Attestation
from headgate.provenance.issuers import Issuers, may_sign
from headgate.provenance.keys import KeySet, VerificationKey
from headgate.provenance.manifests import Manifest
from headgate.provenance.revocation import Revocations

__all__ = ["Claim", "Mechanism", "Owners", "Presented", "Requirement", "Verdict"]

_NONE_REVOKED = Revocations()

Owners = Mapping[str, tuple[str, ...]]
"""For each key name, the sources whose key sets have it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a source requires.

    Attributes:
        source: the source's id.
        require: the least assurance.
        keys: the keys that may speak for the source.
        issuers: the accepted issuers, each with the thumbprints of its keys, or None for any key; empty for any.
        cover: metadata entries that a proof must cover.
        mode: the mode of the provenance check for this source.
        is_default: whether this is the rule of documents that no source of the policy matches.
        release: metadata entries that leave a document although no proof covers them; None for all of them.
        manifest: the list of what is current; None if the source has none.
        grace: how long after the end of the manifest's timestamp its texts are still admitted, with a warning.
        revocations: what was taken back.
    """

    source: str
    require: Assurance
    keys: KeySet
    issuers: Issuers = field(default_factory=dict)
    cover: frozenset[str] = frozenset()
    mode: Mode = "enforce"
    is_default: bool = False
    release: frozenset[str] | None = frozenset()
    manifest: Manifest | None = None
    grace: timedelta = timedelta(0)
    revocations: Revocations = _NONE_REVOKED

    def accepts(self, issuer: str, thumbprint: str | None) -> bool:
        """Return whether an issuer may speak for the source with this key."""
        return may_sign(self.issuers, issuer, thumbprint)

    def is_revoked(self, key: VerificationKey) -> bool:
        """Return whether a key was taken back, or one that has delegated to it."""
        return any(self.revocations.of_key(one) is not None for one in (key.thumbprint, *key.delegated_by))

    @property
    def is_strict(self) -> bool:
        """Whether a proof is required, and the check is enforced: then nothing leaves that nobody vouches for."""
        return self.mode == "enforce" and is_proof(self.require)

    @property
    def takes_seal(self) -> bool:
        """Whether a document leaves without its seal: unless the policy names it, for a gate in another process."""
        return self.is_strict and (self.release is None or SEAL_KEY not in self.release)


@dataclass(frozen=True, slots=True)
class Presented:
    """A document as far as proofs look at it.

    Attributes:
        digest: the digest of its text, as seals write it.
        metadata: its metadata.
        media: its content that is not text.
        declared_uri: what its metadata names as its source, in its normal form, if it has one.
        is_declared: whether metadata names a source, be it a URI or not.
        text: its text, where there is one.
    """

    digest: str
    metadata: Mapping[str, object]
    media: Mapping[str, str | None] = field(default_factory=dict)
    declared_uri: str | None = None
    is_declared: bool = False
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a document claims by one mechanism, before anything is proved.

    Attributes:
        mechanism: the name of the mechanism.
        uri: which document it claims to be, in its normal form; None if the claim cannot be read.
        content: what the mechanism has read, for its own use.
        key: identifies the claim in a memory of verdicts.
        problem: why there is nothing to verify, if the claim cannot be read.
        is_carried: whether the document carries the proof with it, rather than being listed somewhere.
    """

    mechanism: str
    uri: str | None = None
    content: object = None
    key: str = ""
    problem: Finding | None = None
    is_carried: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is proved about a text, whatever the document's metadata says.

    Attributes:
        findings: what is wrong with the claim.
        attestation: what the claim says, once its signature is verified.
        covered_digests: over what is covered beside the text, if anything is; any one of them will do, because one
            text may be in several chunks of a document.
    """

    findings: tuple[Finding, ...] = ()
    attestation: Attestation | None = None
    covered_digests: tuple[str, ...] = ()


class Mechanism(Protocol):
    """How one kind of proof is found and verified. It keeps no state: what is remembered, the caller remembers."""

    @property
    def name(self) -> str:
        """What attestations, and the log, call it."""
        ...

    @property
    def assurance(self) -> Assurance:
        """How much its attestations prove."""
        ...

    def claim(self, presented: Presented, declared: Requirement, limits: Limits) -> Claim | None:
        """Return what a document claims by this mechanism, or None if it claims nothing; never raises.

        Args:
            presented: the document.
            declared: what the source that its metadata names requires.
            limits: bounds on what is looked at.
        """
        ...

    def verify(self, claim: Claim, digest: str, requirement: Requirement, owners: Owners) -> Verdict:
        """Return what a claim proves about a text.

        Args:
            claim: what `claim` returned.
            digest: the digest of the text as it was retrieved.
            requirement: what the source of the claimed document requires; its keys alone count.
            owners: for each key name, the sources that list it.
        """
        ...
