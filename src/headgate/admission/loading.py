"""From whatever a gate is given to a policy and its revision, with errors at their place in the file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeVar

from headgate.admission.pulling import Pulled, candidates, other_of, require_own_keys
from headgate.admission.resolving import resolve
from headgate.admission.revision import Revision
from headgate.clock import Clock, utc_now
from headgate.encoding import safe_uri
from headgate.errors import PolicyError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy import Policy
from headgate.policy.loading import locate

__all__ = ["Loaded", "load", "load_with", "policy_and_pulled", "policy_of"]

_log = logging.getLogger("headgate")
T = TypeVar("T")


class Loaded(NamedTuple):
    """A policy and all that it names.

    Attributes:
        policy: the policy.
        revision: the same with all that it names.
        written: the policy as it is written in its file, which may say where the other is pulled from.
        pulled: where it was pulled from, if it was.
    """

    policy: Policy
    revision: Revision
    written: Policy
    pulled: Pulled | None = None


def load_with(
    make: Callable[[Loaded], T],
    policy: Policy | str | Path | Mapping[str, object],
    path: Path | None,
    limits: Limits,
    clock: Clock,
    *,
    may_wait: bool = True,
    current: Pulled | None = None,
) -> T:
    """Return what is made of a policy and all that it names, loaded; of one that is pulled, of the latest that can be.

    Args:
        make: makes it; raises PolicyError where it cannot be made.
        policy: a policy, the path of a policy file, or a mapping with its names.
        path: the policy file, where errors are to be placed.
        limits: bounds on what is read.
        clock: tells how old a fetched key set is.
        may_wait: whether a key set that is not there yet is fetched; otherwise it has no keys.
        current: what is in force of a policy that is pulled, if no other version is to be loaded.

    Raises:
        PolicyError: the policy, or a file that it names, cannot be used.
    """
    if isinstance(policy, str) and "://" in policy:
        remedy = "Name it in a file, with whoever may sign it: pull: {url: ..., name: ..., keys: ...}."
        raise PolicyError(f"{safe_uri(policy)} is an address, not a policy file.", remedy)
    if isinstance(policy, (str, Path)):
        written = Policy.load(policy)
    elif isinstance(policy, Policy):
        written = policy
    else:
        written = Policy.from_mapping(policy)
    try:
        if written.pull is not None:
            return _load_pulled(make, written, limits, clock, current, may_wait=may_wait)
        return make(Loaded(written, _resolved(written, limits, clock, may_wait=may_wait), written))
    except PolicyError as error:
        raise (locate(error, path) if path is not None else error) from None


def load(
    policy: Policy | str | Path | Mapping[str, object],
    path: Path | None,
    limits: Limits,
    clock: Clock,
    *,
    may_wait: bool = True,
    current: Pulled | None = None,
) -> Loaded:
    """As `load_with`, where nothing is made of it."""
    return load_with(lambda loaded: loaded, policy, path, limits, clock, may_wait=may_wait, current=current)


def policy_of(policy: Policy | str | Path, clock: Clock = utc_now, *, may_wait: bool = True) -> Policy:
    """Return the policy that is in force by a policy file: the one in it, or the one that it pulls.

    Args:
        policy: the policy file, or what is in it.
        clock: tells whether a place is to be asked.
        may_wait: whether it may be asked.

    Raises:
        PolicyError: it cannot be used; of one that is pulled, also if what it names cannot be.
    """
    return policy_and_pulled(policy, clock, may_wait=may_wait)[0]


def policy_and_pulled(
    policy: Policy | str | Path, clock: Clock = utc_now, *, may_wait: bool = True
) -> tuple[Policy, Pulled | None]:
    """As `policy_of`, with where it was pulled from: whoever judges by it has to ask that whether it has ended."""
    path = Path(policy) if isinstance(policy, (str, Path)) else None
    written = policy if isinstance(policy, Policy) else Policy.load(policy)
    if written.pull is None:
        return written, None
    loaded = load(written, path, DEFAULT_LIMITS, clock, may_wait=may_wait)
    return loaded.policy, loaded.pulled


def _load_pulled(
    make: Callable[[Loaded], T],
    written: Policy,
    limits: Limits,
    clock: Clock,
    current: Pulled | None,
    *,
    may_wait: bool,
) -> T:
    """Return what is made of the latest policy that can be used; one that cannot be replaces nothing."""
    first: PolicyError | None = None
    for pulled, found in candidates(written, clock(), current, may_wait=may_wait):
        try:
            if isinstance(found, PolicyError):
                raise found
            revision = _resolved(found, limits, clock, may_wait=may_wait)
            require_own_keys(pulled.place.keys, revision)
            other = _other(pulled, written, limits, clock, may_wait=may_wait)
            return make(Loaded(found, revision, written, replace(pulled, other=other)))
        except PolicyError as error:
            first = first or error
            pulled.place.refuse(pulled.bundle, error)
    assert first is not None  # noqa: S101 - without any candidate, the place has raised
    raise first


def _other(pulled: Pulled, written: Policy, limits: Limits, clock: Clock, *, may_wait: bool) -> Revision | None:
    """Return the policy that is only compared; that it cannot be used keeps nobody from theirs."""
    try:
        policy = other_of(pulled, written.base_dir)
        if policy is None:
            return None
        # Whoever takes it is held to its versions; who only compares it is held to those of theirs.
        revision = _resolved(policy, limits, clock, may_wait=may_wait, remembers=False)
        require_own_keys(pulled.place.keys, revision)
    except PolicyError as error:
        _log.warning("the policy of the other gates cannot be compared: %s", error)
        return None
    return revision


def _resolved(policy: Policy, limits: Limits, clock: Clock, *, may_wait: bool, remembers: bool = True) -> Revision:
    try:
        return resolve(policy, limits, clock, may_wait=may_wait, remembers=remembers)
    except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RecursionError, OSError) as error:
        # Whatever a key or glossary file holds, a reload must not end in anything but a PolicyError.
        raise PolicyError(f"it cannot be used ({type(error).__name__}: {error}).", "") from error
