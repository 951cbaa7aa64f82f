"""Key sets (JWKS, RFC 7517) at HTTPS addresses: cached on the disk, refreshed in the background.

A decision never waits for the network: it uses the set that was fetched last, as long as that is not too old. Where an
address does not answer, or answers with something else, the old set stays in force for a bounded time; then its keys
are gone, and what they signed is not admitted.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path

from headgate.clock import read_instant
from headgate.encoding import loads_strict, safe_uri
from headgate.errors import HeadgateError, PolicyError
from headgate.files import write_bytes
from headgate.forks import renew_after_fork
from headgate.limits import DEFAULT_LIMITS
from headgate.origins.fetching import FetchError, fetch
from headgate.policy import KeySets
from headgate.provenance import KeySet
from headgate.provenance.remembering import cache_folder, private_folder

__all__ = ["RemoteKeys", "remote_keys"]

_RETRY = timedelta(minutes=1)
_NOBODY = KeySet()
_log = logging.getLogger("headgate")


class RemoteKeys:
    """The key set at one address.

    Args:
        url: the address.
        cache: the folder where it is kept between processes.
    """

    def __init__(self, url: str, cache: Path) -> None:
        self.url = url
        # The name alone says whose it is: an address may hold a secret.
        name = hashlib.sha256(url.encode()).hexdigest()
        self._file = cache / "keys" / f"{name}.json"
        self._keys: KeySet | None = None
        self._fetched: datetime | None = None
        self._attempted: datetime | None = None
        self._seen: frozenset[str] = frozenset()
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Refresh with a thread of the child's own."""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def load(self, now: datetime, rules: KeySets) -> KeySet:
        """Return the set, fetched if nothing is at hand that is young enough.

        Raises:
            PolicyError: there is nothing at hand, and it cannot be fetched.
        """
        with self._lock:
            if self._keys is None:
                self._recall(now)
            is_missing = self._keys is None or self._is_stale(now, rules)
        if is_missing:
            try:
                self._refresh(now, rules)
            except (FetchError, PolicyError) as error:
                raise PolicyError(
                    f"the key set cannot be used: {error}", "Save the key set to a file and name the file."
                ) from None
        return self.current(now, rules)

    def current(self, now: datetime, rules: KeySets) -> KeySet:
        """Return the set that counts: the last one that was fetched, or nobody's if that is too long ago."""
        keys = self._keys
        return keys if keys is not None and not self._is_stale(now, rules) else _NOBODY

    def withdrawn(self, now: datetime, rules: KeySets) -> frozenset[str]:
        """Return the thumbprints of the keys that were in an earlier set and are not in the one that counts."""
        return self._seen - {key.thumbprint for key in self.current(now, rules)}

    def poll(self, now: datetime, rules: KeySets) -> str:
        """Begin a refresh in the background if it is time, and return what tells the present set from another."""
        fetched, attempted = self._fetched, self._attempted
        is_due = fetched is None or now - fetched >= rules.refresh
        if is_due and (attempted is None or now - attempted >= min(_RETRY, rules.refresh) or now < attempted):
            self._begin(now, rules)
        return self.current(now, rules).digest

    def wait(self, timeout: float) -> bool:
        """Wait for a refresh that has begun; return whether none is under way any more."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _begin(self, now: datetime, rules: KeySets) -> None:
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._attempted = now
            self._thread = threading.Thread(target=self._try, args=(now, rules), name="headgate-keys", daemon=True)
            self._thread.start()

    def _try(self, now: datetime, rules: KeySets) -> None:
        try:
            self._refresh(now, rules)
        except (FetchError, PolicyError) as error:
            _log.warning("the key set before stays in force: %s", error)

    def _refresh(self, now: datetime, rules: KeySets) -> None:
        timeout = rules.timeout.total_seconds()
        data = fetch(self.url, most=DEFAULT_LIMITS.policy_bytes, timeout=timeout, private=rules.private)
        keys = _read(data, self.url)
        with self._lock:
            self._take(keys, now)
            self._attempted = now
        self._remember(data, now)

    def _take(self, keys: KeySet, fetched: datetime) -> None:
        self._keys, self._fetched = keys, fetched
        self._seen |= {key.thumbprint for key in keys}

    def _is_stale(self, now: datetime, rules: KeySets) -> bool:
        return self._fetched is None or now - self._fetched > rules.keep

    def _recall(self, now: datetime) -> None:
        """Read what another process has fetched; not where others can write, because it is believed."""
        if not self._file.exists():
            return
        try:
            kept = json.loads((private_folder(self._file.parent) / self._file.name).read_bytes())
            keys, fetched = _read(kept["content"].encode(), self.url), read_instant(kept["fetched"])
        except (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, PolicyError):
            return
        # From the future it would be young for as long as somebody likes.
        if fetched <= now:
            self._take(keys, fetched)

    def _remember(self, data: bytes, now: datetime) -> None:
        kept = {"fetched": now.isoformat(), "content": data.decode("utf-8")}
        try:
            private_folder(self._file.parent)
            write_bytes(self._file, json.dumps(kept).encode())
        except (OSError, HeadgateError) as error:
            _log.warning("a key set is remembered by this process alone: %s", error)


_KNOWN: dict[tuple[str, Path], RemoteKeys] = {}
_LOCK = threading.Lock()


def remote_keys(url: str, cache: Path | None) -> RemoteKeys:
    """Return the key set at an address, one per process whatever the number of gates.

    Args:
        url: the address.
        cache: the cache folder; by default the user's.
    """
    key = url, cache if cache is not None else cache_folder()
    with _LOCK:
        if key not in _KNOWN:
            _KNOWN[key] = RemoteKeys(*key)
        return _KNOWN[key]


def _read(data: bytes, url: str) -> KeySet:
    """Return the keys in an answer.

    Raises:
        PolicyError: it is no key set, is empty, or holds a private key.
    """
    try:
        value = loads_strict(data)
    except ValueError:
        raise PolicyError(f"{safe_uri(url)}: the answer is not JSON.") from None
    if not isinstance(value, dict):
        raise PolicyError(f"{safe_uri(url)}: the answer is no key set.")
    try:
        return KeySet.from_jwks(value)
    except PolicyError as error:
        raise PolicyError(f"{safe_uri(url)}: {error}") from None
