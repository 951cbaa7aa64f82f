"""Key sets (JWKS, RFC 7517) at HTTPS addresses.

Where an address does not answer, or answers with something else, the old set stays in force for a bounded time; then
its keys are gone, and what they signed is not admitted.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from headgate.cache_folders import cache_folder
from headgate.caching import OncePerProcess
from headgate.encoding import loads_strict, safe_uri
from headgate.errors import PolicyError
from headgate.limits import DEFAULT_LIMITS
from headgate.origins.remote import Asking, Remote
from headgate.provenance import KeySet

__all__ = ["RemoteKeys", "remote_keys"]

_NOBODY = KeySet()
# A key has ten or twenty.
_MOST_PARTS = 50_000


class RemoteKeys(Remote[KeySet]):
    """The key set at one address.

    Args:
        url: the address.
        cache: the folder where it is kept between processes.
    """

    what = "key set"
    most = DEFAULT_LIMITS.policy_bytes

    def __init__(self, url: str, cache: Path) -> None:
        super().__init__(url, cache / "keys")
        self._seen: frozenset[str] = frozenset()

    def load(self, now: datetime, rules: Asking) -> KeySet:
        """Return the set, fetched if nothing is at hand that is young enough.

        Raises:
            PolicyError: there is nothing at hand, and it cannot be fetched.
        """
        self.bring(now, rules)
        return self.current(now, rules)

    def current(self, now: datetime, rules: Asking) -> KeySet:
        """Return the set that counts: the last one that was fetched, or nobody's if that is too long ago."""
        keys = self._value
        return keys if keys is not None and not self._is_stale(now, rules) else _NOBODY

    def withdrawn(self, now: datetime, rules: Asking) -> frozenset[str]:
        """Return the thumbprints of the keys that were in an earlier set and are not in the one that counts."""
        return self._seen - {key.thumbprint for key in self.current(now, rules)}

    def poll(self, now: datetime, rules: Asking) -> str:
        """Begin a refresh in the background if it is time, and return what tells the present set from another."""
        self.refresh_if_due(now, rules)
        return self.current(now, rules).digest

    def parse(self, data: bytes) -> KeySet:
        """Return the keys in an answer.

        Raises:
            PolicyError: it is not a key set, is empty, or holds a private key.
        """
        shown = safe_uri(self.url)
        try:
            value = loads_strict(data, most_parts=_MOST_PARTS)
        except ValueError:
            raise PolicyError(f"{shown}: the answer is not JSON, or has more than {_MOST_PARTS:,} parts.") from None
        if not isinstance(value, dict):
            raise PolicyError(f"{shown}: the answer is not a key set.")
        try:
            return KeySet.from_jwks(value)
        except PolicyError as error:
            raise PolicyError(f"{shown}: {error}") from None

    def _take(self, value: KeySet, fetched: datetime) -> None:
        super()._take(value, fetched)
        self._seen |= {key.thumbprint for key in value}


_KNOWN = OncePerProcess[tuple[str, Path], RemoteKeys]()


def remote_keys(url: str, cache: Path | None) -> RemoteKeys:
    """Return the key set at an address, one per process whatever the number of gates.

    Args:
        url: the address.
        cache: the cache folder; by default the user's.
    """
    key = url, cache if cache is not None else cache_folder()
    return _KNOWN.get(key, lambda: RemoteKeys(*key))
