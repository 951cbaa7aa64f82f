"""Rows of a database as a feed: a query says which documents there are, when each was changed, and which are gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

from headgate.clock import FIRST_DATE
from headgate.encoding import replace_surrogates
from headgate.freshness import identify_document
from headgate.origins.feeds.databases import Database, Row
from headgate.origins.feeds.feed import Entry, FeedError, Pull, Stamp, read_date
from headgate.origins.feeds.marks import Mark, TimeMark, VersionMark, version_number

__all__ = ["Rows"]

_URI_CHARS = 8_192
_THERE = frozenset(("", "0", "f", "false", "n", "no"))
_REREAD = "The row that was changed last is no longer there, so that all rows were read again."
_UNDATED = "It does not say when documents were changed."


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query of a database yields.

    Args:
        database: the database.
        query: one SELECT that yields `uri` and, where there are any, `version`, `updated_at` and `deleted`.
        incremental: the column by which later pulls read on; None where each reads all rows.
        overlap: how long a transaction may be open: from so much before the last pull rows are read again.
        zone: the zone of times without one; None if nobody says.
    """

    database: Database
    query: str
    incremental: Literal["updated_at", "version"] | None = None
    overlap: timedelta = timedelta(minutes=15)
    zone: tzinfo | None = None

    def pull(self, cursor: str, now: datetime) -> Pull:
        """Return what the rows say: all of them, or those that were changed since the last pull.

        Where the row that was changed last is not there, the database is another one, or an older copy, and all rows
        are read.
        """
        if self.incremental is None:
            told = [self._told(row, now) for row in self._all()]
            tells = any(one.stamp.modified is not None for one in told)
            notes = [] if tells else [_UNDATED]
            return Pull(*_last_words(told, now), is_complete=True, tells_changes=tells, notes=notes)
        mark = TimeMark(cursor, self.overlap) if self.incremental == "updated_at" else VersionMark(cursor, self.overlap)
        since, notes = mark.since(), []
        told = self._since(since, self.incremental, mark, now)
        if since is not None and not mark.is_there(_marks(told)):
            since, notes = None, [_REREAD]
            told = self._since(since, self.incremental, mark, now)
        cursor = mark.after(_marks(told), now)
        return Pull(*_last_words(told, now), is_complete=since is None, cursor=cursor, notes=notes)

    def _all(self) -> Sequence[Row]:
        rows = self.database.read(self.query)
        if not rows:
            raise FeedError(f"{self.database.shown}: the query yields no row.")
        return rows

    def _since(self, since: object, column: str, mark: Mark, now: datetime) -> list[_Told]:
        """Return what the rows say whose column is at a value or behind it; all rows if that is None.

        Raises:
            FeedError: there is none, or they do not say what is gone.
        """
        if since is not None:
            return [self._told(row, now, mark) for row in self.database.read(self.query, (column, since))]
        rows = self._all()
        missing = next((name for name in (column, "deleted") if name not in rows[0]), None)
        if missing is not None:
            raise FeedError(
                f"{self.database.shown}: the query yields no column `{missing}`, so that nobody could read on: what is "
                "gone has to stay, marked as deleted. Add it, or remove `incremental`."
            )
        return [self._told(row, now, mark) for row in rows]

    def _told(self, row: Row, now: datetime, mark: Mark | None = None) -> _Told:
        uri, version = row["uri"], row.get("version")
        if not isinstance(uri, str) or not 0 < len(uri) <= _URI_CHARS:
            raise FeedError(f"{self.database.shown}: a row has no uri, or one that is not a text of usual length.")
        number, at = _number(version), row.get("updated_at")
        stamp = read_date(at, now, self.zone)
        # A time that is to come, or cannot be read, says nothing of how far the table was read.
        counts = at if stamp.modified is not None else None
        if isinstance(mark, VersionMark):
            counts = version_number(version)
            if stamp == Stamp():
                # What has a higher version than any before was changed at a time that is not said.
                stamp = Stamp(now) if mark.last is not None and number > mark.last else Stamp(None, now)
        return _Told(replace_surrogates(uri), stamp, number, _is_deleted(row.get("deleted")), counts)


class _Told(NamedTuple):
    """What a row says.

    Attributes:
        uri: of the document.
        stamp: when it was changed.
        number: its version; 0 where that is not one.
        is_deleted: whether it is gone.
        mark: the value by which rows are read on; None where it does not count.
    """

    uri: str
    stamp: Stamp
    number: int
    is_deleted: bool
    mark: object = None

    @property
    def order(self) -> tuple[datetime, int, bool]:
        """What tells which of two rows of a document came later; of two at once the cautious one counts."""
        return self.stamp.modified or FIRST_DATE, self.number, self.is_deleted


def _marks(rows: Iterable[_Told]) -> list[object]:
    return [row.mark for row in rows if row.mark is not None]


def _last_words(rows: Iterable[_Told], now: datetime) -> tuple[list[Entry], list[str]]:
    """Return which documents are there, and which are gone, by the last row of each."""
    documents: dict[str, list[_Told]] = {}
    for row in rows:
        documents.setdefault(identify_document(row.uri) or row.uri, []).append(row)
    entries, removed = [], []
    for known in documents.values():
        last = max(known, key=lambda row: row.order)
        if last.is_deleted:
            removed.append(last.uri)
            continue
        until = [row.stamp.untold_until for row in known if row.stamp.untold_until is not None]
        if len(known) > 1 and any(row.stamp.modified is None for row in known):
            until.append(now)  # nobody knows which of them came later
        entries.append(Entry(last.uri, last.stamp.modified, max(until, default=None)))
    return entries, removed


def _number(version: object) -> int:
    """Return the number that a version is, 0 for what is none; where rows are read on by it, that is an error later."""
    try:
        return version_number(version)
    except FeedError:
        return 0


def _is_deleted(value: object) -> bool:
    """Return whether a row is marked as deleted: by anything but what says that it is not, such as a time."""
    if isinstance(value, bytes):
        return any(value)
    return value is not None and str(value).strip().lower() not in _THERE
