"""From whatever a gate is given to a policy and its revision, with errors at their place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from headgate.admission.resolving import resolve
from headgate.admission.revision import Revision
from headgate.clock import Clock
from headgate.errors import PolicyError
from headgate.limits import Limits
from headgate.policy import Policy
from headgate.policy.loading import locate

__all__ = ["load"]


def load(
    policy: Policy | str | Path | Mapping[str, object],
    path: Path | None,
    limits: Limits,
    clock: Clock,
    *,
    may_wait: bool = True,
) -> tuple[Policy, Revision]:
    """Return a policy and all that it names, loaded.

    Args:
        policy: a policy, the path of a policy file, or a mapping with its names.
        path: the policy file, where errors are to be placed.
        limits: bounds on what is read.
        clock: tells how old a fetched key set is.
        may_wait: whether a key set that is not there yet is fetched; otherwise it has no keys.

    Raises:
        PolicyError: the policy, or a file that it names, cannot be used.
    """
    if isinstance(policy, (str, Path)):
        loaded = Policy.load(policy)
    elif isinstance(policy, Policy):
        loaded = policy
    else:
        loaded = Policy.from_mapping(policy)
    try:
        return loaded, resolve(loaded, limits, clock, may_wait=may_wait)
    except PolicyError as error:
        raise (locate(error, path) if path is not None else error) from None
    except (ValueError, LookupError, ArithmeticError, TypeError, AttributeError, RecursionError, OSError) as error:
        # Whatever a key or glossary file holds, a reload must not end in anything but a PolicyError.
        raise PolicyError(f"it cannot be used ({type(error).__name__}: {error}).", "") from error
