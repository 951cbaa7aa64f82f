"""Who may sign the manifests that are feeds of a source."""

from __future__ import annotations

from headgate.admission.key_loading import KeyLoader
from headgate.admission.resolving import bound_issuers
from headgate.clock import Clock
from headgate.origins.feeds import Signers
from headgate.policy import Policy, Source

__all__ = ["feed_signers"]


def feed_signers(policy: Policy, source: Source, clock: Clock) -> Signers:
    """Return who may sign the manifests that are feeds of a source; nobody where it has none, and no key is loaded.

    Raises:
        PolicyError: a key cannot be used.
    """
    if all(feed.manifest is None for feed in source.freshness.feeds):
        return Signers()
    load, provenance = KeyLoader(policy, clock, may_wait=True), source.provenance
    keys = load(provenance.keys)
    return Signers(
        keys,
        load(provenance.timestamp_keys) or None,
        bound_issuers(provenance, keys, load),
        provenance.threshold,
        provenance.at_least,
    )
