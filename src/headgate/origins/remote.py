"""What somebody publishes at an HTTPS address: cached on the disk, refreshed in the background.

A decision never waits for the network: it uses what was fetched last. What is made at the beginning of a process may
wait, and asks again where what is at hand is older than the refresh that the policy wants: a process that lives for a
few seconds would otherwise follow nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from headgate.cache_folders import private_folder
from headgate.clock import read_instant
from headgate.errors import HeadgateError, PolicyError
from headgate.files import write_bytes
from headgate.forks import renew_after_fork
from headgate.origins.fetching import FetchError, fetch

__all__ = ["Asking", "Remote"]

T = TypeVar("T")
_RETRY = timedelta(minutes=1)
_log = logging.getLogger("headgate")


class Asking(Protocol):
    """How often something is fetched, how long it counts, and what the address may take and be."""

    @property
    def refresh(self) -> timedelta: ...  # noqa: D102

    @property
    def keep(self) -> timedelta: ...  # noqa: D102

    @property
    def timeout(self) -> timedelta: ...  # noqa: D102

    @property
    def private(self) -> tuple[str, ...]: ...  # noqa: D102


class Remote(Generic[T]):
    """What is published at one address.

    Args:
        url: the address.
        folder: where it is kept between processes.
    """

    what = "document"
    """What it is called in messages."""
    most = 0
    """How many bytes it may have."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        # The name alone says whose it is: an address may hold a secret.
        self._file = folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
        self._value: T | None = None
        self._fetched: datetime | None = None
        self._attempted: datetime | None = None
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Refresh with a thread of the child's own."""
        self._lock, self._bringing = threading.Lock(), threading.Lock()
        self._thread: threading.Thread | None = None

    def parse(self, data: bytes) -> T:
        """Return what an answer holds.

        Raises:
            PolicyError: it is something else, and what was fetched before stays.
        """
        raise NotImplementedError

    def bring(self, now: datetime, rules: Asking, *, may_wait: bool = True) -> None:
        """Have something at hand: what was kept or fetched last, fetched again and waited for if that is long ago.

        Args:
            now: the present.
            rules: how it is fetched.
            may_wait: whether it is fetched.

        Raises:
            PolicyError: there is nothing that counts, and it cannot be fetched.
        """
        with self._bringing:
            with self._lock:
                if self._value is None:
                    self._recall(now)
                is_missing = self._value is None or self._is_stale(now, rules)
            if not is_missing and not (may_wait and self._is_due(now, rules)):
                return
            if not may_wait:
                raise PolicyError(f"no {self.what} that counts is at hand.", "Reload when it can be fetched.")
            self._attempted = now
            try:
                self._refresh(now, rules)
            except (FetchError, PolicyError) as error:
                if is_missing:
                    raise PolicyError(
                        f"the {self.what} cannot be used: {error}", f"Save the {self.what} to a file and name the file."
                    ) from None
                _log.warning("the %s before stays in force: %s", self.what, error)

    def refresh_if_due(self, now: datetime, rules: Asking) -> None:
        """Begin a refresh in the background if it is time."""
        if self._is_due(now, rules):
            self._begin(now, rules)

    def wait(self, timeout: float) -> bool:
        """Wait for a refresh that has begun; return whether none is under way any more."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _is_due(self, now: datetime, rules: Asking) -> bool:
        fetched, attempted = self._fetched, self._attempted
        if fetched is not None and now - fetched < rules.refresh:
            return False
        return attempted is None or now - attempted >= min(_RETRY, rules.refresh) or now < attempted

    def _begin(self, now: datetime, rules: Asking) -> None:
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._attempted = now
            self._thread = threading.Thread(target=self._try, args=(now, rules), name="headgate-origin", daemon=True)
            self._thread.start()

    def _try(self, now: datetime, rules: Asking) -> None:
        try:
            self._refresh(now, rules)
        except (FetchError, PolicyError) as error:
            _log.warning("the %s before stays in force: %s", self.what, error)

    def ask(self, rules: Asking) -> bytes:
        """Return what is there now.

        Raises:
            FetchError: it does not answer as it should.
            PolicyError: it cannot be read.
        """
        return fetch(self.url, most=self.most, timeout=rules.timeout.total_seconds(), private=rules.private)

    def _refresh(self, now: datetime, rules: Asking) -> None:
        data = self.ask(rules)
        with self._lock:
            self._take(self.parse(data), now)
            self._attempted = now
        self._remember(data, now)

    def _take(self, value: T, fetched: datetime) -> None:
        self._value, self._fetched = value, fetched

    def _is_stale(self, now: datetime, rules: Asking) -> bool:
        return self._fetched is None or now - self._fetched > rules.keep

    def _recall(self, now: datetime) -> None:
        """Read what another process has fetched; not where others can write, because it is believed."""
        if not self._file.exists():
            return
        try:
            kept = json.loads((private_folder(self._file.parent) / self._file.name).read_bytes())
            value, fetched = self.parse(kept["content"].encode()), read_instant(kept["fetched"])
        except (OSError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, PolicyError):
            return
        # From the future it would be young for as long as somebody likes.
        if fetched <= now:
            self._take(value, fetched)

    def _remember(self, data: bytes, now: datetime) -> None:
        kept = {"fetched": now.isoformat(), "content": data.decode("utf-8")}
        try:
            private_folder(self._file.parent)
            write_bytes(self._file, json.dumps(kept).encode())
        except (OSError, RuntimeError, HeadgateError) as error:
            _log.warning("a %s is remembered by this process alone: %s", self.what, error)
