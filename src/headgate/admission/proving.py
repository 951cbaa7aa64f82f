"""A proof under way: meanwhile the gates of this process judge as the proof says, and record nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from headgate.admission.revision import ResolvedSource, Revision
from headgate.assurance import SEALED, is_proof
from headgate.decision import Admission
from headgate.errors import HeadgateError
from headgate.limits import Limits
from headgate.provenance import KeySet, Requirement

__all__ = ["Proof", "closed", "current_proof", "knowing_keys", "proving"]

_starting = threading.Lock()
_running: list[Proof] = []


class Proof(Protocol):
    """A proof under way."""

    def revision_of(self, gate: object, revision: Revision, limits: Limits) -> Revision:
        """Return the revision under which a gate judges meanwhile."""

    def released(self, gate: object, admission: Admission) -> None:
        """Take note of what a gate has decided."""


def current_proof() -> Proof | None:
    """Return the proof under way in this process, if there is one."""
    return _running[0] if _running else None


@contextmanager
def proving(proof: Proof) -> Iterator[None]:
    """Have every gate of this process judge for a proof and record nothing.

    It holds for all threads and tasks, because a chain may use both; so it is for a process that serves no traffic.

    Raises:
        HeadgateError: another proof is under way.
    """
    with _starting:
        if _running:
            raise HeadgateError("Another chain is being proved in this process. Wait until that is over.")
        _running.append(proof)
    try:
        yield
    finally:
        _running.clear()


def closed(revision: Revision, limits: Limits) -> Revision:
    """Return a revision that keeps everything out, whatever the policy says."""

    def shut(source: ResolvedSource) -> ResolvedSource:
        # A proof is required, and no key is known.
        requirement = Requirement(source.id, SEALED, KeySet(), is_default=source.requirement.is_default)
        return replace(source, requirement=requirement, modes=dict.fromkeys(source.modes, "enforce"))

    return replace(
        revision.under(shut).forgetting(limits), mode="enforce", strictest="enforce", keeps_out=True, on_empty="empty"
    )


def knowing_keys(revision: Revision, keys: KeySet, limits: Limits) -> Revision:
    """Return a revision in which every source that requires a proof, and has keys, accepts further keys too.

    What is made up for a proof is on nobody's list, in no feed and on no server, and of no edition, so these are not
    asked. It is of the same digest, because for all other documents it is the same policy.
    """

    def trusting(source: ResolvedSource) -> ResolvedSource:
        source = _asking_nobody(source)
        requirement = source.requirement
        # A source without keys admits nothing, and must not seem to.
        if not is_proof(requirement.require) or not len(requirement.keys):
            return source
        further = {key.thumbprint for key in keys}
        bound = requirement.issuers.items()
        issuers = {name: thumbprints | further if thumbprints is not None else None for name, thumbprints in bound}
        return replace(
            source, requirement=replace(requirement, keys=requirement.keys | keys, issuers=issuers, manifest=None)
        )

    # A note or an error where nothing is left would hide what became of the documents.
    return replace(revision.under(trusting).forgetting(limits), on_empty="empty")


def _asking_nobody(source: ResolvedSource) -> ResolvedSource:
    freshness = source.freshness.model_copy(update={"verified_within": None})
    return replace(source, freshness=freshness, feeds=frozenset(), revalidate=None, identity=None)
