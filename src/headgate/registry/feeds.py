"""What feeds have said of documents, and when each was pulled last: kept beside the versions, in the same file."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headgate.registry.connection import SharedConnection, connect, transaction
from headgate.registry.times import NEVER_TOLD, as_instant, as_micros
from headgate.verification import Verifier

__all__ = ["NEVER_TOLD", "FeedItem", "FeedRegistry", "FeedState", "Said"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS feed_states (
    feed TEXT PRIMARY KEY, name TEXT NOT NULL, pulled INTEGER NOT NULL, tells_changes INTEGER NOT NULL,
    covers_unlisted INTEGER NOT NULL, cursor TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feed_facts (
    feed TEXT NOT NULL, document TEXT NOT NULL, seen INTEGER NOT NULL, is_gone INTEGER NOT NULL, moved_to TEXT,
    modified INTEGER, untold_until INTEGER, PRIMARY KEY (document, feed)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feed_items (
    feed TEXT NOT NULL, id TEXT NOT NULL, uri TEXT NOT NULL, tag TEXT NOT NULL, is_folder INTEGER NOT NULL,
    PRIMARY KEY (feed, id)
) WITHOUT ROWID;
"""
_STATE = "SELECT feed, name, pulled, tells_changes, covers_unlisted, cursor FROM feed_states"
_ONE_STATE = f"{_STATE} WHERE feed = ?"
_SAID = "SELECT feed, seen, is_gone, moved_to, modified, untold_until FROM feed_facts WHERE document = ?"
_ALL = "SELECT document, seen, is_gone, moved_to, modified, untold_until FROM feed_facts WHERE feed = ?"
_ITEMS = "SELECT id, uri, tag, is_folder FROM feed_items WHERE feed = ?"
_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed after a pull.

    Attributes:
        feed: what it is known by: a digest of what the policy says of it, a dot, and one of where that is.
        name: for people.
        pulled: when it was pulled last with success.
        tells_changes: whether it says when its documents were changed, and is believed; otherwise only which there are.
        covers_unlisted: whether what a pull does not name is as it was; a feed of the latest news says nothing of it.
        cursor: where the next pull goes on.
        kind: what it is as a verification: a feed, or the document's own origin, whose answers are put the same way.
    """

    feed: str
    name: str
    pulled: datetime
    tells_changes: bool = True
    covers_unlisted: bool = True
    cursor: str = ""
    kind: Verifier = "feed"

    @property
    def recorded_as(self) -> str:
        """What records call it: the same on every machine, wherever its files are."""
        return self.feed.partition(".")[0] if self.kind == "feed" else self.feed


@dataclass(frozen=True, slots=True)
class Said:
    """What a feed said of a document last.

    Attributes:
        document: what makes two URIs one document.
        seen: the pull in which it was named last.
        is_gone: whether it is gone.
        moved_to: where it is now, if that was said.
        modified: when it was changed last, as far as that is believed.
        untold_until: until when it may have been changed without the feed saying so. A text from before is not
            verified; None where the feed tells every change.
        is_other: whether the text at hand is known to be another one; only said of a live answer, and never kept.
    """

    document: str
    seen: datetime
    is_gone: bool = False
    moved_to: str | None = None
    modified: datetime | None = None
    untold_until: datetime | None = None
    is_other: bool = False

    @property
    def known_since(self) -> datetime | None:
        """Since when it is known to be unchanged; None if that was never said."""
        return max((time for time in (self.modified, self.untold_until) if time is not None), default=None)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """What a feed that calls things by identifiers of its own has last said of one.

    Attributes:
        uri: where it is.
        tag: what tells its content from another one; empty where the feed has no such thing.
        is_folder: whether it holds others.
    """

    uri: str
    tag: str = ""
    is_folder: bool = False


class FeedRegistry:
    """The feeds' part of a registry's file. What was read is remembered until another connection writes.

    Args:
        path: the file of the registry.

    Raises:
        HeadgateError: it is not a registry, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = SharedConnection(path, lambda: _open(path))
        self._states: Mapping[str, FeedState] = {}
        self._remembered: dict[str, tuple[tuple[str, Said], ...]] = {}
        self._state: object = None
        self._file.use(lambda _: None)

    def states(self) -> Mapping[str, FeedState]:
        """Return the feeds that were ever pulled.

        Raises:
            HeadgateError: the file cannot be read.
        """
        return self._file.use(self._follow)

    def said(self, documents: Collection[str]) -> Mapping[str, tuple[tuple[FeedState, Said], ...]]:
        """Return what feeds say of documents; documents of which none says anything are left out.

        Raises:
            HeadgateError: the file cannot be read.
        """
        return self._file.use(lambda connection: self._said(connection, documents))

    def documents_of(self, feed: str) -> Mapping[str, Said]:
        """Return everything that a feed has said.

        Raises:
            HeadgateError: the file cannot be read.
        """
        return self._file.use(
            lambda connection: {row[0]: _said(*row) for row in connection.execute(_ALL, (feed,)).fetchall()}
        )

    def items_of(self, feed: str) -> Mapping[str, FeedItem]:
        """Return what a feed calls by identifiers of its own.

        Raises:
            HeadgateError: the file cannot be read.
        """
        return self._file.use(
            lambda connection: {
                _text(row[0]): FeedItem(_text(row[1]), _text(row[2]), bool(row[3]))
                for row in connection.execute(_ITEMS, (feed,)).fetchall()
            }
        )

    def take(
        self,
        state: FeedState,
        said: Iterable[Said],
        *,
        after: FeedState | None = None,
        items: Mapping[str, FeedItem | None] | None = None,
    ) -> bool:
        """Take over a pull: all of it or, whenever the process ends, nothing.

        Args:
            state: the feed after the pull.
            said: what it says of documents.
            after: the feed as it was when the pull began; None if it was never pulled.
            items: what it calls by identifiers of its own now, of those that it has named; None for what is gone.

        Returns:
            Whether it was taken over. Where another pull has ended meanwhile, what that one said stands.

        Raises:
            HeadgateError: the file cannot be written.
        """
        rows = ((state.feed, *_row(one)) for one in said)

        def work(connection: sqlite3.Connection) -> bool:
            self._state = None  # what this connection writes itself is not news to it
            return _take(connection, state, rows, after, items or {})

        return self._file.use(work)

    def close(self) -> None:
        """Close the file; what is asked again opens it."""
        self._file.close()

    def _said(
        self, connection: sqlite3.Connection, documents: Collection[str]
    ) -> dict[str, tuple[tuple[FeedState, Said], ...]]:
        self._follow(connection)
        found = {}
        for document in documents:
            known = self._remembered.get(document)
            if known is None:
                rows = connection.execute(_SAID, (document,)).fetchall()
                known = self._remembered[document] = tuple((row[0], _said(document, *row[1:])) for row in rows)
            pairs = tuple((self._states[feed], one) for feed, one in known if feed in self._states)
            if pairs:
                found[document] = pairs
        return found

    def _follow(self, connection: sqlite3.Connection) -> Mapping[str, FeedState]:
        state = connection, connection.execute("PRAGMA data_version").fetchone()
        if state != self._state or len(self._remembered) > _REMEMBERED:
            self._remembered, self._state = {}, state
            self._states = {row[0]: _state(*row) for row in connection.execute(_STATE).fetchall()}
        return self._states


def _open(path: Path) -> sqlite3.Connection:
    connection, is_writable = connect(path)
    try:
        if is_writable:
            connection.executescript(_SCHEMA)
        else:
            _require_feeds(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_feeds(connection: sqlite3.Connection) -> None:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feed_facts'").fetchone():
        raise sqlite3.DatabaseError("it is read-only, and no feed was ever pulled into it")


def _take(
    connection: sqlite3.Connection,
    state: FeedState,
    rows: Iterable[tuple[object, ...]],
    after: FeedState | None,
    items: Mapping[str, FeedItem | None],
) -> bool:
    with transaction(connection):
        stored = connection.execute(_ONE_STATE, (state.feed,)).fetchone()
        if (_state(*stored) if stored is not None else None) != after:
            return False
        flags = (int(state.tells_changes), int(state.covers_unlisted), state.cursor)
        entry = (state.feed, state.name, as_micros(state.pulled), *flags)
        connection.execute("INSERT OR REPLACE INTO feed_states VALUES (?, ?, ?, ?, ?, ?)", entry)
        connection.executemany("INSERT OR REPLACE INTO feed_facts VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        gone = [(state.feed, name) for name, item in items.items() if item is None]
        connection.executemany("DELETE FROM feed_items WHERE feed = ? AND id = ?", gone)
        there = ((state.feed, name, one.uri, one.tag, int(one.is_folder)) for name, one in items.items() if one)
        connection.executemany("INSERT OR REPLACE INTO feed_items VALUES (?, ?, ?, ?, ?)", there)
    return True


def _row(said: Said) -> tuple[object, ...]:
    times = as_micros(said.modified), as_micros(said.untold_until)
    return said.document, as_micros(said.seen), int(said.is_gone), said.moved_to, *times


def _said(
    document: str, seen: object, is_gone: object, moved_to: object, modified: object, untold_until: object
) -> Said:
    place = None if moved_to is None else _text(moved_to)
    return Said(document, _time(seen), bool(is_gone), place, as_instant(modified), as_instant(untold_until))


def _state(feed: str, name: object, pulled: object, tells: object, covers: object, cursor: object) -> FeedState:
    return FeedState(feed, _text(name), _time(pulled), bool(tells), bool(covers), _text(cursor))


def _text(value: object) -> str:
    """Return a text of the file: SQLite stores anything anywhere.

    Raises:
        sqlite3.DatabaseError: it is none.
    """
    if isinstance(value, str):
        return value
    raise sqlite3.DatabaseError("a text in it cannot be read")


def _time(value: object) -> datetime:
    time = as_instant(value)
    if time is None:
        raise sqlite3.DatabaseError("a time in it is missing")
    return time
