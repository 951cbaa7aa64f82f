"""Connections to a registry's file: how one is opened, what is written at once, and one that threads share."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from headgate.errors import HeadgateError
from headgate.forks import Lock, hold_at_fork, renew_after_fork

__all__ = ["WAIT_SECONDS", "SharedConnection", "close_with", "connect", "transaction"]

T = TypeVar("T")
WAIT_SECONDS = 1.0
"""For how long another process may keep a file locked."""

_APPLICATION = 0x68674731  # "hgG1": tells a registry from any other database
_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION};
CREATE TABLE documents (
    document TEXT NOT NULL, key TEXT NOT NULL, version INTEGER, modified INTEGER, valid_from INTEGER,
    verified INTEGER NOT NULL, PRIMARY KEY (document, key)
) WITHOUT ROWID;
CREATE TABLE texts (
    document TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, modified INTEGER,
    PRIMARY KEY (document, key, digest)
) WITHOUT ROWID;
"""


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
        self._dropped: weakref.finalize[[sqlite3.Connection], SharedConnection] | None = None
        self._inherited: list[sqlite3.Connection | None] = []
        renew_after_fork(self)
        hold_at_fork(self)

    def _locks_at_fork(self) -> tuple[Lock, ...]:
        return (self._lock,)

    def _after_fork(self) -> None:
        """Open a connection of the child's own; the other is kept, because closing it would disturb the parent's."""
        self._lock = threading.Lock()
        if self._dropped is not None:
            self._dropped.detach()
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
                    # After a reload that names another file, whoever asks this one last lets go of it.
                    self._dropped = close_with(self, self._connection)
                return work(self._connection)
            except (OSError, sqlite3.Error, ValueError, OverflowError) as error:  # also what cannot be bound
                self._close()  # the next one opens it again: somebody may have put the file right
                self._failed_at = time.monotonic()
                raise HeadgateError(f"the registry {self._path} cannot be used ({error})") from error

    def close(self) -> None:
        """Close the connection, if there is one; what is asked again opens it."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._dropped is not None:
            self._dropped()
        self._connection = None


def close_with(owner: T, connection: sqlite3.Connection) -> weakref.finalize[[sqlite3.Connection], T]:
    """Close a connection when its owner is dropped, or when what is returned is called."""
    dropped = weakref.finalize(owner, _close_quietly, connection)
    dropped.atexit = False
    return dropped


def _close_quietly(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        connection.close()


def connect(path: Path, wait: float = WAIT_SECONDS) -> tuple[sqlite3.Connection, bool]:
    """Return a connection to a registry's file, which is made if it is not there, and whether it can be written to.

    Args:
        path: the file.
        wait: for how long another process may keep it locked, in seconds.

    Raises:
        OSError: it cannot be opened.
        sqlite3.Error: the same, or it is another database.
    """
    if not path.exists():
        # Not readable for others: which documents there are is nobody else's business.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    is_writable = os.access(path, os.W_OK)
    connection = _connect(path, "rw" if is_writable else "ro", wait)
    try:
        if is_writable and not _has_schema(connection):
            _make(connection)
        _require_registry(connection)
    except BaseException:
        connection.close()
        raise
    return connection, is_writable


def _connect(path: Path, mode: str, wait: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=wait,
        isolation_level=None,
        check_same_thread=False,
    )


def _has_schema(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone())


def _require_registry(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION:
        raise sqlite3.DatabaseError("it is another database")


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        # Another process may have made it meanwhile.
        if not _has_schema(connection):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of what is written meanwhile or, where anything fails or the process ends, nothing.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
