"""The keys that a policy names: in files, at addresses, and in the policy itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from headgate.clock import Clock
from headgate.errors import PolicyError
from headgate.origins import RemoteKeys, remote_keys
from headgate.policy import Policy
from headgate.policy.loading import named_here
from headgate.provenance import KeySet

__all__ = ["KeyLoader"]


class KeyLoader:
    """Loads the keys that a policy names.

    Args:
        policy: the policy.
        clock: tells how old a fetched key set is; not asked where the policy names no address and no manifest.
        may_wait: whether a key set that is not there yet is fetched; otherwise it has no keys.
    """

    def __init__(self, policy: Policy, clock: Clock, *, may_wait: bool) -> None:
        self._policy, self._clock, self._may_wait = policy, clock, may_wait
        self._cache = policy.resolve_path(policy.cache) if policy.cache is not None else None

    def __call__(self, entries: Sequence[str | Mapping[str, object]]) -> KeySet:
        """Return the keys of some entries.

        Raises:
            PolicyError: one of them cannot be used.
        """
        keys = KeySet()
        for number, entry in enumerate(entries):
            try:
                keys = keys | self._load(entry)
            except PolicyError as error:
                raise named_here(error).under(number) from None
        return keys

    def now(self) -> datetime:
        """Return the present."""
        return self._clock()

    def fetched(self) -> tuple[tuple[RemoteKeys, str], ...]:
        """Return the key sets at addresses, as they are now."""
        sets = [remote_keys(address, self._cache) for address in self._policy.key_addresses()]
        if not sets:
            return ()
        now = self._clock()
        return tuple((one, one.current(now, self._policy.key_sets).digest) for one in sets)

    def _load(self, entry: str | Mapping[str, object]) -> KeySet:
        if isinstance(entry, Mapping):
            return KeySet.from_jwks(entry)
        if "://" not in entry:
            return KeySet.load(self._policy.resolve_path(entry))
        found, rules, now = remote_keys(entry, self._cache), self._policy.key_sets, self._clock()
        return found.load(now, rules) if self._may_wait else found.current(now, rules)
