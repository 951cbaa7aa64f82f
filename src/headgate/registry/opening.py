"""From a policy to its registry."""

from __future__ import annotations

from headgate.errors import HeadgateError, PolicyError
from headgate.policy import Policy
from headgate.registry.database import DatabaseRegistry
from headgate.registry.facts import Registry
from headgate.registry.feeds import FeedRegistry
from headgate.registry.memory import MemoryRegistry
from headgate.registry.sqlite import SqliteRegistry

__all__ = ["open_feeds", "open_registry"]


def open_registry(policy: Policy, *, is_traffic: bool) -> Registry:
    """Return the registry that a policy names, a file or a database, or one in memory.

    Args:
        policy: the policy.
        is_traffic: whether what is decided is traffic; what a rehearsal makes up enters no file.

    Raises:
        PolicyError: it cannot be used.
    """
    path, named = policy.registry_path, policy.registry
    if not is_traffic or named is None:
        return MemoryRegistry()
    if named.url is not None:
        try:
            return DatabaseRegistry(named.url, named.secret_env)
        except HeadgateError as error:
            remedy = "Put the database right, or make the gate when it can be reached."
            raise PolicyError(f"{error}.", remedy, ("registry", "url")) from None
    if path is None:
        return MemoryRegistry()
    try:
        return SqliteRegistry(path)
    except HeadgateError as error:
        raise PolicyError(
            f"{error}.", "Name another file, or remove this one; a new one begins empty.", ("registry", "path")
        ) from None


def open_feeds(policy: Policy, before: FeedRegistry | None = None) -> FeedRegistry | None:
    """Return where a policy keeps what its feeds say; None if it names no feed.

    Args:
        policy: the policy.
        before: what is open already, which goes on where it is the same file.

    Raises:
        PolicyError: the file cannot be used.
    """
    path = policy.registry_path
    if path is None or not any(source.freshness.feeds for source in policy.sources):
        return None
    if before is not None and before.path == path:
        return before
    try:
        return FeedRegistry(path)
    except HeadgateError as error:
        raise PolicyError(
            f"{error}.", "Name another file, or make it writable and run `headgate watch --once`.", ("registry", "path")
        ) from None
