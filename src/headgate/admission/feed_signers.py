"""Who may sign the manifests that are feeds of a source."""

from __future__ import annotations

from headgate.admission.key_loading import KeyLoader
from headgate.admission.resolving import bound_issuers
from headgate.admission.revocation_files import RevocationFiles
from headgate.clock import Clock
from headgate.origins.feeds import Signers
from headgate.policy import Policy, Source

__all__ = ["feed_signers"]


def feed_signers(policy: Policy, source: Source, clock: Clock) -> Signers:
    """Return who may sign the manifests that are feeds of a source; nobody where it has none, and no key is loaded.

    A key that was taken back may not.

    Raises:
        PolicyError: a key, or a revocation list, cannot be used.
    """
    if all(feed.manifest is None for feed in source.freshness.feeds):
        return Signers()
    load, provenance = KeyLoader(policy, clock, may_wait=True), source.provenance
    keys, stamping = load(provenance.keys), load(provenance.timestamp_keys)
    revoked = RevocationFiles(policy, [load(one.keys) for one in policy.revocations], clock=clock).held
    return Signers(
        revoked.left_of(keys),
        revoked.left_of(stamping) if stamping else None,
        bound_issuers(provenance, keys, load),
        provenance.threshold,
        provenance.at_least,
    )
