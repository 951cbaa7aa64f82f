"""One connection to a registry's file, which the threads of a process share."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from headgate.errors import HeadgateError
from headgate.forks import renew_after_fork

__all__ = ["SharedConnection"]

T = TypeVar("T")


class SharedConnection:
    """A connection to a registry's file, opened when it is needed, for one thread at a time.

    Args:
        path: the file, for messages.
        opening: opens it, and may raise `OSError` or `sqlite3.Error`.
        rest: for how long it is not tried again after it could not be used, in seconds.
    """

    def __init__(self, path: Path, opening: Callable[[], sqlite3.Connection], rest: float = 0.0) -> None:
        self._path, self._opening, self._rest = path, opening, rest
        self._failed_at = float("-inf")
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection | None] = []
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Open a connection of the child's own; the other is kept, because closing it would disturb the parent's."""
        self._lock = threading.Lock()
        self._inherited.append(self._connection)
        self._connection = None

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return the result of some work, during which no other thread uses the connection.

        Raises:
            HeadgateError: the file cannot be used; what waited for its turn meanwhile is told the same.
        """
        began = time.monotonic()
        with self._lock:
            # Else every thread would wait for the file in turn.
            if self._failed_at > began or time.monotonic() < self._failed_at + self._rest:
                raise HeadgateError(f"the registry {self._path} could not be used a moment ago")
            try:
                if self._connection is None:
                    self._connection = self._opening()
                return work(self._connection)
            except (OSError, sqlite3.Error, ValueError, OverflowError) as error:  # also what cannot be bound
                self._close()  # the next one opens it anew: somebody may have put the file right
                self._failed_at = time.monotonic()
                raise HeadgateError(f"the registry {self._path} cannot be used ({error})") from error

    def close(self) -> None:
        """Close the connection, if there is one; what is asked again opens it."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None
