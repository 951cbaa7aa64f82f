"""A registry in a SQLite file that processes share."""

from __future__ import annotations

import logging
import sqlite3
import threading
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from headgate.errors import HeadgateError
from headgate.forks import Lock, hold_at_fork, renew_after_fork
from headgate.registry.connection import WAIT_SECONDS, SharedConnection, close_with, connect, transaction
from headgate.registry.facts import Known, Proved, learned
from headgate.registry.memory import MemoryRegistry
from headgate.registry.times import as_instant, as_micros

__all__ = ["SqliteRegistry"]

_FACTS = "SELECT key, version, modified, valid_from, verified FROM documents WHERE document = ?"
_TEXTS = "SELECT key, digest, modified FROM texts WHERE document = ?"
_PUT = "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?)"
_FORGET_TEXTS = "DELETE FROM texts WHERE document = ? AND key = ?"
_PUT_TEXT = "INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)"
_BRIEF_MILLISECONDS = 50
_MOST_OWED = 10_000
_REMEMBERED = 50_000
_log = logging.getLogger("headgate")


class SqliteRegistry:
    """A registry that outlives the process.

    What was read is remembered until another connection writes, so a question that is asked again costs no query.
    Where the file cannot be written, what is learned is remembered by this process alone.

    Args:
        path: the file; made if it is not there.

    Raises:
        HeadgateError: it is not a registry, or cannot be opened.
    """

    is_slow = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = SharedConnection(path, self._open)
        self._inherited: list[sqlite3.Connection | None] = []
        self._remembered: dict[str, tuple[Known, ...]] = {}
        self._state: object = None
        self._unwritten = MemoryRegistry()
        self._writing, self._owing = threading.Lock(), threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._dropped: weakref.finalize[[sqlite3.Connection], SqliteRegistry] | None = None
        self._owed: list[tuple[Proved, datetime]] = []
        self._is_writable = True
        self._reader.use(lambda _: None)
        renew_after_fork(self)
        hold_at_fork(self)

    def _locks_at_fork(self) -> tuple[Lock, ...]:
        return (self._writing,)

    def _after_fork(self) -> None:
        """Open a connection of the child's own; the other is kept, because closing it would disturb the parent's."""
        self._writing, self._owing = threading.Lock(), threading.Lock()
        if self._dropped is not None:
            self._dropped.detach()
        self._inherited.append(self._writer)
        self._writer = None

    def known(self, documents: Collection[str]) -> Mapping[str, tuple[Known, ...]]:
        """Return what is known of documents.

        Raises:
            HeadgateError: the file cannot be read.
        """
        found = self._reader.use(lambda connection: self._facts(connection, documents))
        if len(self._unwritten):
            for document, unwritten in self._unwritten.known(documents).items():
                found[document] = (*found.get(document, ()), *unwritten)
        return found

    def _facts(self, connection: sqlite3.Connection, documents: Collection[str]) -> dict[str, tuple[Known, ...]]:
        state = connection, connection.execute("PRAGMA data_version").fetchone()
        if state != self._state or len(self._remembered) > _REMEMBERED:
            self._remembered, self._state = {}, state
        found = {}
        for document in documents:
            facts = self._remembered.get(document)
            if facts is None:
                facts = self._remembered[document] = tuple(_read(connection, document))
            if facts:
                found[document] = facts
        return found

    def learn(self, proved: Iterable[Proved], at: datetime) -> None:
        """Remember what was proved and admitted, for every process.

        Raises:
            HeadgateError: the file cannot be written; this process remembers it nevertheless.
        """
        wanted = list(proved)
        if not self._is_writable:  # as was said when it was opened
            self._unwritten.learn(wanted, at)
            return
        with self._owing:
            self._owed = [*self._owed, *((one, at) for one in wanted)][-_MOST_OWED:]
        if not self._writing.acquire(blocking=False):
            self._unwritten.learn(wanted, at)  # another thread writes; the next one takes this with it
            return
        try:
            self._flush(_BRIEF_MILLISECONDS)  # an admission waits for it
        except HeadgateError:
            self._unwritten.learn(wanted, at)
            raise
        finally:
            self._writing.release()

    def close(self) -> None:
        """Close the file, once what could not be written before is; what is asked again opens it."""
        with self._writing:
            if self._owed:
                with suppress(HeadgateError):
                    self._flush(int(WAIT_SECONDS * 1_000))
            self._close_writer()
        self._reader.close()

    def _close_writer(self) -> None:
        if self._dropped is not None:
            self._dropped()
        self._writer = None

    def _flush(self, milliseconds: int) -> None:
        """Write what was proved, and when; what cannot be written is written with what is proved next.

        Raises:
            HeadgateError: the file cannot be written, or another process writes to it for so long.
        """
        with self._owing:
            facts, self._owed = self._owed, []
        try:
            if self._writer is None:
                self._writer = self._open()
                self._dropped = close_with(self, self._writer)
            self._writer.execute(f"PRAGMA busy_timeout = {milliseconds}")
            with transaction(self._writer):
                for one, at in facts:
                    _learn(self._writer, one, at)
        except (OSError, sqlite3.Error) as error:
            self._close_writer()  # and what it had begun is undone
            with self._owing:
                self._owed = [*facts, *self._owed][-_MOST_OWED:]
            raise HeadgateError(f"the registry {self.path} cannot be used ({error})") from error
        except BaseException:
            self._close_writer()  # else the file would stay locked for every process
            raise

    def _open(self) -> sqlite3.Connection:
        """Open the file, and make it if it is not there.

        Raises:
            OSError: it cannot be opened.
            sqlite3.Error: the same, or it is another database.
        """
        connection, is_writable = connect(self.path)
        if self._is_writable and not is_writable:
            _log.warning("the registry %s is read-only: this process alone remembers what it learns", self.path)
        self._is_writable = is_writable
        return connection


def _read(connection: sqlite3.Connection, document: str) -> Iterator[Known]:
    facts = connection.execute(_FACTS, (document,)).fetchall()
    if not facts:
        return
    texts: dict[str, dict[str, datetime | None]] = {}
    for key, digest, modified in connection.execute(_TEXTS, (document,)):
        texts.setdefault(key, {})[digest] = as_instant(modified)
    for key, version, modified, valid_from, verified in facts:
        if not isinstance(version, (int, type(None))):  # SQLite stores anything anywhere
            raise sqlite3.DatabaseError("a version in it is none")
        when = as_instant(verified)
        if when is not None:
            yield Known(document, key, version, as_instant(modified), as_instant(valid_from), when, texts.get(key, {}))


def _learn(connection: sqlite3.Connection, proved: Proved, at: datetime) -> None:
    # Read within the transaction: another process may know more by now.
    before = next((one for one in _read(connection, proved.document) if one.key == proved.key), None)
    after = learned(before, proved, at)
    if after is None:
        return
    times = (as_micros(after.modified), as_micros(after.valid_from), as_micros(after.verified))
    connection.execute(_PUT, (after.document, after.key, after.version, *times))
    if before is not None and not before.texts.keys() <= after.texts.keys():
        connection.execute(_FORGET_TEXTS, (after.document, after.key))
    if proved.digest in after.texts:
        row = (after.document, after.key, proved.digest, as_micros(after.texts[proved.digest]))
        connection.execute(_PUT_TEXT, row)
