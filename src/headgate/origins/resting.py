"""Servers that fail again and again have a rest: they are left alone for a while, and then tried with one request."""

from __future__ import annotations

import time
from collections.abc import Callable

from headgate.caching import Memo

__all__ = ["Rests"]

_FAILURES, _SECONDS = 5, 30.0
_MOST_REMEMBERED = 20_000


class Rests:
    """Counts failures in a row. Not safe to share between threads without a lock.

    Args:
        monotonic: tells the time, in seconds since any time.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._failures: Memo[tuple[int, float]] = Memo(_MOST_REMEMBERED)

    def is_resting(self, *names: str) -> bool:
        """Return whether any of some names has a rest that is not over.

        Args:
            names: of what would have to answer: a server, a document.
        """
        now = self._monotonic()
        return any(self._has_failed(name) and now < self._until(name) for name in names)

    def begin_trial(self, *names: str) -> None:
        """Let those whose rest is over rest again until the one request that is their trial is answered."""
        until = self._monotonic() + _SECONDS
        for name in names:
            if self._has_failed(name):
                self._failures.renew(name, (self.failures(name), until))

    def failures(self, name: str) -> int:
        """Return how often something has failed in a row."""
        return (self._failures.get(name) or (0, 0.0))[0]

    def has_failed_since(self, name: str, failures: int) -> bool:
        """Return whether something began its rest since it had failed so often."""
        return self.failures(name) > failures and self._has_failed(name)

    def failed(self, name: str) -> None:
        """Count a failure."""
        self._failures.renew(name, (self.failures(name) + 1, self._monotonic() + _SECONDS))

    def answered(self, name: str) -> None:
        """Forget the failures of something."""
        if self.failures(name):
            self._failures.renew(name, (0, 0.0))

    def _has_failed(self, name: str) -> bool:
        return self.failures(name) >= _FAILURES

    def _until(self, name: str) -> float:
        return (self._failures.get(name) or (0, 0.0))[1]
