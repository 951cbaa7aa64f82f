"""The index of a manifest's entries: one SQLite file per version, made once and shared by processes."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from headgate.errors import HeadgateError
from headgate.forks import Lock, hold_at_fork, renew_after_fork
from headgate.provenance.shards import Entry, ListedChunk, place_of

__all__ = ["FORM", "Found", "ListedDocument", "ManifestIndex", "connect"]

FORM = 3
"""Of the tables; what was written in another one is made again."""

_FIND = """
SELECT d.sub, d.ver, d.mod, d.nbf, d.exp, d.cov, d.hid, l.more
FROM documents d JOIN listed l ON l.document = d.id WHERE d.place = ? AND l.digest = ? LIMIT 1000
"""
_FIND_ROOT = "SELECT sub, ver, mod, nbf, exp FROM documents WHERE place = ? AND root = ?"
_HAS = "SELECT 1 FROM documents WHERE place = ?"


@dataclass(frozen=True, slots=True)
class Found:
    """What an index holds for a text under a URI.

    Attributes:
        entry: what the manifest says about the document; without its chunks.
        covered: the digests over what is covered beside the text, one per chunk with this text; none if nothing is.
    """

    entry: Entry
    covered: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """A document of a manifest.

    Attributes:
        place: the hash of its URI, by which documents are in order.
        uri: its URI in normal form.
        line: tells whether anything about it differs from another version.
        chunks: its chunks.
        root: over its blocks; empty where none is listed.
    """

    place: bytes
    uri: str
    line: bytes
    chunks: frozenset[ListedChunk]
    root: bytes = b""


class ManifestIndex:
    """An index that is complete and open for reading. Threads and forked processes may share it.

    Args:
        path: the file.

    Raises:
        sqlite3.Error: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection | None] = []
        self._begin()
        renew_after_fork(self)
        hold_at_fork(self)

    def _locks_at_fork(self) -> tuple[Lock, ...]:
        return (self._lock,)

    def _begin(self) -> None:
        self._connection = _open(self.path)
        # Nobody else closes it with an index that is dropped, and Python 3.13 warns of that.
        self._dropped = weakref.finalize(self, self._connection.close)
        self._dropped.atexit = False

    def _after_fork(self) -> None:
        """Read with a connection of the child's own: a lock in the other may be held by a thread that is gone."""
        self._lock = threading.Lock()
        # Kept, because closing it would take that lock.
        self._dropped.detach()
        self._inherited.append(self._connection)
        self._connection = None
        self._begin()

    def find(self, uri: str, digest: bytes) -> Found | None:
        """Return what is listed for a text under a URI in its normal form, or None."""
        rows = self._rows(_FIND, place_of(uri), digest)
        if not rows:
            return None
        sub, ver, mod, nbf, exp, cov, hid, _ = rows[0]
        entry = Entry(
            subject=sub if sub is not None else uri,
            uri=uri,
            version=ver,
            modified=mod,
            valid_from=nbf,
            valid_until=exp,
            covered=tuple(json.loads(cov)) if cov else (),
            hidden=tuple(json.loads(hid)) if hid else (),
        )
        return Found(entry, tuple(row[7] for row in rows if row[7]))

    def find_root(self, uri: str, root: bytes) -> Found | None:
        """Return what is listed for a document by the root over its blocks, or None.

        A root is over the text alone: nothing beside it is covered.

        Args:
            uri: in its normal form.
            root: of the document's blocks.
        """
        for sub, ver, mod, nbf, exp in self._rows(_FIND_ROOT, place_of(uri), root):
            entry = Entry(
                subject=sub if sub is not None else uri,
                uri=uri,
                version=ver,
                modified=mod,
                valid_from=nbf,
                valid_until=exp,
            )
            return Found(entry, ())
        return None

    def has_document(self, uri: str) -> bool:
        """Return whether anything is listed under a URI in its normal form."""
        return bool(self._rows(_HAS, place_of(uri)))

    def documents(self) -> Iterator[ListedDocument]:
        """Yield every document in force, in the order of their places."""
        with closing(connect(self.path, "mode=ro&immutable=1")) as connection:
            rows = connection.execute("SELECT place, id, line, uri, root FROM documents ORDER BY place")
            for place, number, line, uri, root in rows:
                chunks = connection.execute("SELECT digest, more FROM listed WHERE document = ?", (number,))
                yield ListedDocument(place, uri, line, frozenset(chunks.fetchall()), root or b"")

    def dated(self) -> Iterator[tuple[str, int | None]]:
        """Yield the URI and the last modification, in seconds since 1970, of every document in force."""
        with closing(connect(self.path, "mode=ro&immutable=1")) as connection:
            yield from connection.execute("SELECT coalesce(sub, uri), mod FROM documents ORDER BY place")

    def outside(self) -> int:
        """Return how many documents are outside the manifest's namespace, and so not in force."""
        return int(self._rows("SELECT sum(outside) FROM shards")[0][0])

    @property
    def form(self) -> int:
        """The form of its tables."""
        return int(self._rows("PRAGMA user_version")[0][0])

    def close(self) -> None:
        """Close the connection; what is looked up afterwards fails."""
        with self._lock:
            self._dropped()
            self._connection = None

    def _rows(self, query: str, *values: bytes) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._connection is None:
                raise HeadgateError(f"the index {self.path} is gone; reload the gate")
            return self._connection.execute(query, values).fetchall()


def _open(path: Path) -> sqlite3.Connection:
    # Immutable: nothing is locked on the disk, and the file stays readable after its name is gone.
    connection = connect(path, "mode=ro&immutable=1")
    connection.execute("PRAGMA cache_size=-4000")
    return connection


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Return a connection to an index, with these options of SQLite's URIs."""
    # Shared by threads under a lock of our own.
    return sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True, check_same_thread=False)
