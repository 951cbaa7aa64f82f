"""What a gate decides with while a chain is proved: one source more, for documents that are made for the proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headgate.admission.deciding import InForce
from headgate.admission.resolving import with_source
from headgate.errors import PolicyError
from headgate.policy import Policy

__all__ = ["knowing"]


def knowing(before: InForce, source: Mapping[str, object]) -> InForce:
    """Return what is in force with one source more.

    Args:
        before: what is in force.
        source: an entry as under `sources:` in a policy.

    Raises:
        PolicyError: another proof is under way, or the source cannot be used.
    """
    extra = Policy.from_mapping({"sources": [source]}).sources
    if before.proved:
        raise PolicyError("another chain is being proved with this gate.", "Wait until that is over.")
    if extra[0].id in before.revision.sources:
        raise PolicyError(f"the policy has a source {extra[0].id!r} already.", "Choose another id.")
    # Of the same digest: for all others it is the same policy. No file is read again.
    revision = with_source(before.revision, before.policy, extra[0], before.limits)
    return replace(before, revision=revision, proved=frozenset(one.id for one in extra))
