"""Revocation lists at HTTPS addresses: what does not verify is not taken, and a list says itself how long it counts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from headgate.cache_folders import cache_folder
from headgate.caching import OncePerProcess
from headgate.encoding import safe_uri
from headgate.errors import PolicyError, SealError
from headgate.limits import DEFAULT_LIMITS
from headgate.origins.remote import Asking, Remote
from headgate.provenance import KeySet
from headgate.provenance.revocation import RevocationList

__all__ = ["RemoteList", "remote_list"]


class RemoteList(Remote[RevocationList]):
    """The list at one address.

    Args:
        url: the address.
        folder: where it is kept between processes.
        keys: who may sign it.
    """

    what = "revocation list"
    most = DEFAULT_LIMITS.revocation_bytes

    def __init__(self, url: str, folder: Path, keys: KeySet) -> None:
        super().__init__(url, folder)
        self._keys = keys

    @property
    def current(self) -> RevocationList | None:
        """The list that was taken last, however long ago."""
        return self._value

    def parse(self, data: bytes) -> RevocationList:
        """Return the list in an answer.

        Raises:
            PolicyError: it does not verify, or is no later one than what was taken before.
        """
        shown, before = safe_uri(self.url), self._value
        try:
            found = RevocationList.read(data, self._keys)
        except SealError as error:
            raise PolicyError(f"{shown}: {error.problem} ({error.code}).") from None
        if before is not None and found.issuer == before.issuer:
            is_other = found.version == before.version and found.digest != before.digest
            if is_other or found.version < before.version:
                raise PolicyError(f"{shown}: version {before.version} of the list was accepted before (P108).")
        return found

    def _is_stale(self, now: datetime, rules: Asking) -> bool:  # noqa: ARG002 - it says itself when it ends
        return self._fetched is None


_KNOWN = OncePerProcess[tuple[str, Path, str], RemoteList]()


def remote_list(url: str, cache: Path | None, keys: KeySet) -> RemoteList:
    """Return the list at an address, one per process whatever the number of gates.

    Args:
        url: the address.
        cache: the cache folder; by default the user's.
        keys: who may sign it: for others it is another list.
    """
    folder = (cache if cache is not None else cache_folder()) / "lists"
    return _KNOWN.get((url, folder, keys.digest), lambda: RemoteList(url, folder, keys))
