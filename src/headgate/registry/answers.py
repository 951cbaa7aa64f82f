"""What documents' own servers said last: kept beside the versions, so that other processes and the next one know it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from headgate.registry.connection import SharedConnection, connect, transaction
from headgate.registry.times import as_instant, as_micros

__all__ = ["Answer", "AnswerRegistry"]

# A file of before has a table of another name: what servers said is asked for again.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS live_answers (
    address BLOB PRIMARY KEY, at INTEGER NOT NULL, is_gone INTEGER NOT NULL, modified INTEGER, moved_to TEXT, etag TEXT,
    since INTEGER, untold_until INTEGER, stated INTEGER, lasts INTEGER, gone_since INTEGER
) WITHOUT ROWID;
"""
_COLUMNS = "address, at, is_gone, modified, moved_to, etag, since, untold_until, stated, lasts, gone_since"
_PUT = """
INSERT INTO live_answers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (address) DO UPDATE SET
    at = excluded.at, is_gone = excluded.is_gone, moved_to = excluded.moved_to,
    modified = CASE WHEN typeof(live_answers.modified) = 'integer' AND live_answers.modified <= ?12
        THEN max(live_answers.modified, coalesce(excluded.modified, live_answers.modified))
        ELSE excluded.modified END,
    etag = excluded.etag, since = excluded.since, untold_until = excluded.untold_until, stated = excluded.stated,
    lasts = excluded.lasts, gone_since = excluded.gone_since
WHERE typeof(live_answers.at) != 'integer' OR live_answers.at <= excluded.at OR live_answers.at > ?12
"""
# An admission has a time to keep, and goes on without what it cannot read at once; nobody waits for what is written.
_READ_SECONDS, _WRITE_SECONDS, _REST_SECONDS = 0.05, 1.0, 1.0
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said about a document last.

    Attributes:
        at: when.
        is_gone: whether it is gone (404, 410), or elsewhere (301, 308).
        modified: when it was changed last, if the server says so, or has been seen to change it.
        moved_to: where it is now, if that was said.
        etag: the validator of what it has.
        since: since when that validator is known.
        untold_until: until when it may have been changed without the server saying so.
        stated: the last modification that the server says, where that can be believed.
        lasts: for how long the server lets a cache keep it (RFC 9111, section 4.2.1); None if it does not say.
        gone_since: since when it is gone at the earliest; None if that is not known.
        may_be_kept: whether it may be written down (RFC 9111, sections 5.2.2.5 and 5.2.2.7).
    """

    at: datetime
    is_gone: bool = False
    modified: datetime | None = None
    moved_to: str | None = None
    etag: str | None = None
    since: datetime | None = None
    untold_until: datetime | None = None
    stated: datetime | None = None
    lasts: timedelta | None = None
    gone_since: datetime | None = None
    may_be_kept: bool = True


class AnswerRegistry:
    """The servers' part of a registry's file.

    Args:
        path: the file of the registry; opened when it is first asked.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = SharedConnection(path, lambda: connect(path, _READ_SECONDS)[0], _REST_SECONDS)
        self._writer = SharedConnection(path, lambda: _open(path))

    def get_all(self, addresses: Collection[str]) -> Mapping[str, Answer]:
        """Return the last answers of addresses, of those that have one.

        Args:
            addresses: what was asked; anything that tells one question from another.

        Raises:
            HeadgateError: the file cannot be read, or not at once.
        """
        digests = {_digest(address): address for address in addresses}
        found: dict[str, Answer] = {}
        for row in self._reader.use(lambda connection: _rows(connection, list(digests))):
            answer = _read(row)
            if answer is not None:
                found[digests[row[0]]] = answer
        return found

    def put_all(self, answers: Mapping[str, Answer], now: datetime) -> None:
        """Remember answers by their addresses, unless later ones are known.

        Args:
            answers: the answers.
            now: the present; what is known from after it was written by a wrong clock.

        Raises:
            HeadgateError: the file cannot be written.
        """
        rows = [
            (*_as_row(address, answer), as_micros(now)) for address, answer in answers.items() if answer.may_be_kept
        ]
        self._writer.use(lambda connection: _put(connection, rows))

    def close(self) -> None:
        """Close the file; what is asked again opens it."""
        self._reader.close()
        self._writer.close()


def _open(path: Path) -> sqlite3.Connection:
    connection, is_writable = connect(path, _WRITE_SECONDS)
    try:
        if is_writable:
            connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _rows(connection: sqlite3.Connection, digests: list[bytes]) -> list[tuple[bytes, ...]]:
    has_table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'live_answers'").fetchone()
    found: list[tuple[bytes, ...]] = []
    for start in range(0, len(digests) if has_table else 0, _AT_ONCE):
        some = digests[start : start + _AT_ONCE]
        query = f"SELECT {_COLUMNS} FROM live_answers WHERE address IN ({', '.join('?' * len(some))})"  # noqa: S608 - no values
        found += connection.execute(query, some)
    return found


def _put(connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
    with transaction(connection):
        connection.executemany(_PUT, rows)


def _as_row(address: str, answer: Answer) -> tuple[object, ...]:
    lasts = answer.lasts // timedelta(microseconds=1) if answer.lasts is not None else None
    return (
        _digest(address),
        as_micros(answer.at),
        int(answer.is_gone),
        as_micros(answer.modified),
        answer.moved_to,
        answer.etag,
        as_micros(answer.since),
        as_micros(answer.untold_until),
        as_micros(answer.stated),
        lasts,
        as_micros(answer.gone_since),
    )


def _read(row: tuple[object, ...]) -> Answer | None:
    """Return the answer of a row. SQLite stores anything anywhere: what is not an answer was never given."""
    _, at, is_gone, modified, moved_to, etag, since, untold, stated, lasts, gone_since = row
    if not isinstance(moved_to, (str, type(None))) or not isinstance(etag, (str, type(None))):
        return None
    try:
        when = as_instant(at)
        times = [as_instant(time) for time in (modified, since, untold, stated, gone_since)]
        span = timedelta(microseconds=lasts) if isinstance(lasts, int) else None
    except (sqlite3.Error, OverflowError):
        return None
    if when is None:
        return None
    return Answer(when, bool(is_gone), times[0], moved_to, etag, times[1], times[2], times[3], span, times[4])


def _digest(address: str) -> bytes:
    # An address may hold a credential, and nobody has to read it here.
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).digest()
