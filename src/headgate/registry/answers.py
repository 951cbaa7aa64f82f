"""What documents' own servers said last: kept beside the versions, so that other processes and the next one know it."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from headgate.errors import HeadgateError
from headgate.forks import renew_after_fork
from headgate.registry.feeds import as_instant, as_micros
from headgate.registry.sqlite import connect

__all__ = ["Answer", "AnswerRegistry"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    address BLOB PRIMARY KEY, at INTEGER NOT NULL, is_gone INTEGER NOT NULL, modified INTEGER, moved_to TEXT, etag TEXT,
    since INTEGER, untold_until INTEGER
) WITHOUT ROWID;
"""
_GET = "SELECT at, is_gone, modified, moved_to, etag, since, untold_until FROM answers WHERE address = ?"
_PUT = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said about a document last.

    Attributes:
        at: when.
        is_gone: whether it is there no more (404, 410), or elsewhere (301, 308).
        modified: when it was changed last, if the server says so, or has been seen to change it.
        moved_to: where it is now, if that was said.
        etag: the validator of what it has.
        since: since when that validator is known.
        untold_until: until when it may have been changed without the server saying so.
    """

    at: datetime
    is_gone: bool = False
    modified: datetime | None = None
    moved_to: str | None = None
    etag: str | None = None
    since: datetime | None = None
    untold_until: datetime | None = None


class AnswerRegistry:
    """The servers' part of a registry's file.

    Args:
        path: the file of the registry; opened when it is first asked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection | None] = []
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._inherited.append(self._connection)
        self._connection = None

    def get(self, url: str) -> Answer | None:
        """Return the last answer of an address.

        Raises:
            HeadgateError: the file cannot be read.
        """
        row = self._use(lambda connection: connection.execute(_GET, (_digest(url),)).fetchone())
        if row is None:
            return None
        try:
            at, is_gone, modified, moved_to, etag, since, untold = row
            when = as_instant(at)
            times = as_instant(modified), as_instant(since), as_instant(untold)
            if when is not None and all(value is None or isinstance(value, str) for value in (moved_to, etag)):
                return Answer(when, bool(is_gone), times[0], moved_to, etag, times[1], times[2])
        except sqlite3.Error:
            pass
        return None  # SQLite stores anything anywhere: what is no answer was never given

    def put(self, url: str, answer: Answer) -> None:
        """Remember an answer, unless a later one is known.

        Raises:
            HeadgateError: the file cannot be written.
        """
        known = self.get(url)
        if known is not None and known.at > answer.at:
            return
        times = as_micros(answer.modified), as_micros(answer.since), as_micros(answer.untold_until)
        head = _digest(url), as_micros(answer.at), int(answer.is_gone)
        self._use(
            lambda connection: connection.execute(
                _PUT, (*head, times[0], answer.moved_to, answer.etag, times[1], times[2])
            )
        )

    def close(self) -> None:
        """Close the file; what is asked again opens it."""
        with self._lock:
            self._close()

    def _use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection, is_writable = connect(self.path)
                    if is_writable:
                        self._connection.executescript(_SCHEMA)
                return work(self._connection)
            except (OSError, sqlite3.Error) as error:
                self._close()
                raise HeadgateError(f"the registry {self.path} cannot be used ({error})") from error

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def _digest(url: str) -> bytes:
    # An address may hold a credential, and nobody has to read it here.
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).digest()
