"""The manifests of a policy: loaded by the keys that still count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from headgate.admission.revocation_files import RevocationFiles
from headgate.assurance import is_proof
from headgate.clock import Clock
from headgate.errors import ManifestError, PolicyError
from headgate.limits import Limits
from headgate.policy import Policy, Provenance
from headgate.provenance import KeySet, Manifest, VerificationKey
from headgate.provenance.issuers import Issuers
from headgate.provenance.names import OtherCorpusError
from headgate.provenance.revocation import Revocations

__all__ = ["ManifestKeys", "load_manifest", "taken_back"]


@dataclass(frozen=True, slots=True)
class ManifestKeys:
    """Who may sign the manifest of a source.

    Attributes:
        keys: the keys of the source.
        timestamp_keys: who may sign its timestamp; None for the same.
        issuers: the accepted issuers, which may have their keys; empty for any.
        revoked: what was taken back.
    """

    keys: KeySet
    timestamp_keys: KeySet | None
    issuers: Issuers
    revoked: Revocations

    def is_revoked(self, key: VerificationKey) -> object:
        """Return why a key was taken back, if it was."""
        return self.revoked.of_key(key.thumbprint)

    @property
    def counting(self) -> tuple[KeySet, KeySet | None]:
        """The keys, and those for timestamps, without what was taken back."""
        stamping = self.timestamp_keys
        return self.revoked.left_of(self.keys), self.revoked.left_of(stamping) if stamping is not None else None


def taken_back(
    policy: Policy, keys: Sequence[KeySet], limits: Limits, clock: Clock, *, may_wait: bool, remembers: bool = True
) -> Revocations:
    """Return what was taken back; nothing where no manifest asks for it, or a list cannot be used.

    The latter is an error where a gate is made of what is loaded, and none for who decides about a record again.

    Args:
        policy: names the lists.
        keys: who may sign each of them.
        limits: bounds on what is read.
        clock: tells how old a fetched list is.
        may_wait: whether a list of which nothing is known yet is fetched.
        remembers: whether earlier versions of the lists are refused from now on.
    """
    if not policy.revocations or all(one.provenance.manifest is None for one in (*policy.sources, policy.default)):
        return Revocations()
    try:
        return RevocationFiles(policy, keys, limits, clock, may_wait=may_wait, remembers=remembers).held
    except PolicyError:
        return Revocations()


def load_manifest(
    policy: Policy,
    name: str,
    provenance: Provenance,
    keys: ManifestKeys,
    limits: Limits,
    clock: Clock,
    *,
    remembers: bool = True,
) -> Manifest | None:
    """Return the manifest of a source, or None where it has none, or none that could keep anything out.

    Args:
        policy: where paths are relative to.
        name: the id of the source.
        provenance: what it requires.
        keys: who may sign.
        limits: bounds on what is read.
        clock: tells the present.
        remembers: whether earlier versions, and other corpora, are refused from now on.

    Raises:
        PolicyError: it does not verify.
    """
    # Where no proof is required, a list of what is proved keeps nothing out.
    if provenance.manifest is None or not is_proof(provenance.require):
        return None
    read = partial(
        Manifest.load,
        policy.resolve_path(provenance.manifest),
        issuers=keys.issuers,
        at_least=provenance.at_least,
        threshold=provenance.threshold,
        cache=policy.resolve_path(policy.cache) if policy.cache is not None else None,
        limits=limits,
        now=clock(),
        corpus=provenance.corpus,
        source=name,
    )
    counting, stamping = keys.counting
    try:
        try:
            return read(counting, timestamp_keys=stamping, remembers=remembers)
        except ManifestError:
            # One by a key that was taken back lists nothing, and counts no version ahead.
            found = _by_revoked(partial(read, keys.keys, timestamp_keys=keys.timestamp_keys, remembers=False), keys)
            if found is None:
                raise
            return found
    except OtherCorpusError as error:
        remedy = "Put the manifest of that corpus there, or write provenance.corpus: NAME if another one is meant."
        raise PolicyError(str(error), remedy, ("provenance", "corpus")) from None
    except ManifestError as error:
        raise PolicyError(str(error), "`headgate manifest verify` says more.", ("provenance", "manifest")) from None


def _by_revoked(read: partial[Manifest], keys: ManifestKeys) -> Manifest | None:
    """Return what is there if nothing is wrong with it but that its key was taken back; otherwise None."""
    if keys.counting == (keys.keys, keys.timestamp_keys):
        return None
    try:
        found = read()
    except ManifestError:
        return None
    return found if found.taken_back(keys.is_revoked) else None
