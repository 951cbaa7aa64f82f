"""The index of a manifest's entries: one SQLite file per version, made once and shared by processes.

A file is written aside, forced to the disk and renamed; its name holds the SHA-256 of its content, so that one that was
damaged, or put there by somebody who knows no better, is not read but made anew. It never changes afterwards.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from headgate.errors import HeadgateError, ManifestError
from headgate.forks import renew_after_fork
from headgate.provenance.shards import Entry, ListedChunk, place_of, shard_of, split_lines
from headgate.provenance.statements import Shard

__all__ = ["Found", "ListedDocument", "ManifestIndex", "ShardReader", "write_index"]

_SCHEMA = """
CREATE TABLE documents (
    place BLOB PRIMARY KEY, id INTEGER NOT NULL, line BLOB NOT NULL, uri TEXT NOT NULL, sub TEXT,
    ver INTEGER, mod INTEGER, nbf INTEGER, exp INTEGER, cov TEXT, hid TEXT, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE listed (
    document INTEGER NOT NULL, digest BLOB NOT NULL, more BLOB NOT NULL, PRIMARY KEY (document, digest, more)
) WITHOUT ROWID;
CREATE TABLE shards (
    number INTEGER PRIMARY KEY, digest TEXT NOT NULL, chunks INTEGER NOT NULL, outside INTEGER NOT NULL
);
CREATE TABLE shape (bits INTEGER NOT NULL, namespace TEXT NOT NULL);
"""
_DROP = "".join(f"DROP TABLE IF EXISTS {name};" for name in ("documents", "listed", "shards", "shape"))
_INSERT = "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND = """
SELECT d.sub, d.ver, d.mod, d.nbf, d.exp, d.cov, d.hid, l.more
FROM documents d JOIN listed l ON l.document = d.id WHERE d.place = ? AND l.digest = ? LIMIT 1000
"""
_HAS = "SELECT 1 FROM documents WHERE place = ?"
_LINE_BYTES = 16  # tells a line from the one it was before; what is signed is the shard
_LAST = b"\xff" * 33


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
    """

    place: bytes
    uri: str
    line: bytes
    chunks: frozenset[ListedChunk]


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
        self._connection: sqlite3.Connection | None = _open(path)
        self._inherited: list[sqlite3.Connection | None] = []
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Read with a connection of the child's own: a lock in the other may be held by a thread that is gone."""
        self._lock = threading.Lock()
        # Kept, because closing it would take that lock.
        self._inherited.append(self._connection)
        self._connection = None
        self._connection = _open(self.path)

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

    def has_document(self, uri: str) -> bool:
        """Return whether anything is listed under a URI in its normal form."""
        return bool(self._rows(_HAS, place_of(uri)))

    def documents(self) -> Iterator[ListedDocument]:
        """Yield every document in force, in the order of their places."""
        with closing(_connect(self.path, "mode=ro&immutable=1")) as connection:
            rows = connection.execute("SELECT place, id, line, uri FROM documents ORDER BY place")
            for place, number, line, uri in rows:
                chunks = connection.execute("SELECT digest, more FROM listed WHERE document = ?", (number,))
                yield ListedDocument(place, uri, line, frozenset(chunks.fetchall()))

    def outside(self) -> int:
        """Return how many documents are outside the manifest's namespace, and so not in force."""
        return int(self._rows("SELECT sum(outside) FROM shards")[0][0])

    def close(self) -> None:
        """Close the connection; what is looked up afterwards fails."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _rows(self, query: str, *values: bytes) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._connection is None:
                raise HeadgateError(f"the index {self.path} is gone; reload the gate")
            return self._connection.execute(query, values).fetchall()


@dataclass(frozen=True, slots=True)
class ShardReader:
    """Where the shards of a manifest come from, and what their entries have to be.

    Attributes:
        shards: the shards by number.
        bits: how many bits of a document's place number its shard.
        namespace: the URI patterns that the manifest speaks for.
        text_of: returns the verified text of a shard.
        speaks_for: whether the namespace covers a URI.
    """

    shards: Sequence[Shard]
    bits: int
    namespace: tuple[str, ...]
    text_of: Callable[[Shard], bytes]
    speaks_for: Callable[[str], bool]


def write_index(path: Path, reader: ShardReader, base: Path | None = None) -> tuple[int, int]:
    """Write the index of all shards.

    Args:
        path: the new file.
        reader: where the shards come from.
        base: the index of an earlier version, of which unchanged shards and lines are kept.

    Returns:
        How many chunks are in all shards, and how many documents are outside the namespace.

    Raises:
        ManifestError: a shard is not what was signed, or an entry is not where it belongs.
        OSError: a file cannot be read or written.
        sqlite3.Error: the same.
    """
    if base is not None:
        shutil.copyfile(base, path)
    with closing(_connect(path, "mode=rwc")) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-8000"):
            connection.execute(f"PRAGMA {pragma}")
        shape = (reader.bits, json.dumps(reader.namespace))
        if base is None or connection.execute("SELECT bits, namespace FROM shape").fetchone() != shape:
            connection.executescript(_DROP + _SCHEMA)
            connection.execute("INSERT INTO shape VALUES (?, ?)", shape)
        writing = _Writing(connection, reader)
        for number, shard in enumerate(reader.shards):
            writing.add(number, shard)
        connection.commit()
        chunks, outside = connection.execute("SELECT sum(chunks), sum(outside) FROM shards").fetchone()
        return chunks, outside


class _Writing:
    """An index while it is written."""

    def __init__(self, connection: sqlite3.Connection, reader: ShardReader) -> None:
        self._run = connection.execute
        self._run_many = connection.executemany
        self._reader = reader
        self._before: dict[int, str] = dict(self._run("SELECT number, digest FROM shards").fetchall())
        self._next = (self._run("SELECT max(id) FROM documents").fetchone()[0] or 0) + 1

    def add(self, number: int, shard: Shard) -> None:
        """Bring a shard into the index; what is there already stays."""
        if self._before.get(number) == shard.digest:
            return
        lines = split_lines(self._reader.text_of(shard), shard)
        known = self._known(number)
        try:
            new, chunks, outside = self._sort(number, lines, known)
            self._remove(known)
            self._insert(new)
        except sqlite3.IntegrityError:
            raise ManifestError("P106", "two entries are for one document", shard.digest) from None
        except ManifestError as error:
            raise error.at(shard.digest) from None
        self._run("INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?)", (number, shard.digest, chunks, outside))

    def _known(self, number: int) -> dict[bytes, tuple[bytes, int, str, int]]:
        """Return the documents of a shard in the version before, by line."""
        if number not in self._before:
            return {}
        bits = self._reader.bits
        first, last = (place << (32 - bits) for place in (number, number + 1))
        bounds = first.to_bytes(4, "big"), last.to_bytes(4, "big") if last < 1 << 32 else _LAST
        rows = self._run("SELECT line, place, id, uri, size FROM documents WHERE place >= ? AND place < ?", bounds)
        return {line: (place, number, uri, size) for line, place, number, uri, size in rows}

    def _sort(
        self, number: int, lines: Sequence[bytes], known: dict[bytes, tuple[bytes, int, str, int]]
    ) -> tuple[list[tuple[bytes, bytes, Entry]], int, int]:
        """Return the documents that are new, how many chunks all have, and how many are outside the namespace."""
        new: list[tuple[bytes, bytes, Entry]] = []
        chunks, outside, last = 0, 0, ""
        for line in lines:
            mark = hashlib.sha256(line).digest()[:_LINE_BYTES]
            same = known.pop(mark, None)
            if same is not None:
                uri, size = same[2:]
            else:
                entry = Entry.read(line)
                uri, size, place = entry.uri, len(entry.chunks), place_of(entry.uri)
                if shard_of(place, self._reader.bits) != number:
                    raise ManifestError("P106", "an entry is in the wrong shard")
                if self._reader.speaks_for(uri):
                    new.append((place, mark, entry))
                else:
                    outside += 1
            if uri <= last:
                raise ManifestError("P106", "its entries are not in order, each once")
            chunks, last = chunks + size, uri
        return new, chunks, outside

    def _remove(self, known: Mapping[bytes, tuple[bytes, int, str, int]]) -> None:
        self._run_many("DELETE FROM listed WHERE document = ?", [(row[1],) for row in known.values()])
        self._run_many("DELETE FROM documents WHERE place = ?", [(row[0],) for row in known.values()])

    def _insert(self, new: list[tuple[bytes, bytes, Entry]]) -> None:
        # In the order of the key, from shard to shard as well, so that a whole index is written from left to right.
        new.sort(key=lambda one: one[0])
        numbered = list(enumerate(new, self._next))
        self._next += len(new)
        self._run_many(_INSERT, [_row(number, *one) for number, one in numbered])
        listed = ((number, *chunk) for number, (_, _, entry) in numbered for chunk in sorted(set(entry.chunks)))
        self._run_many("INSERT INTO listed VALUES (?, ?, ?)", listed)


def _row(number: int, place: bytes, mark: bytes, entry: Entry) -> tuple[object, ...]:
    return (
        place,
        number,
        mark,
        entry.uri,
        entry.subject if entry.subject != entry.uri else None,
        entry.version,
        entry.modified,
        entry.valid_from,
        entry.valid_until,
        json.dumps(entry.covered) if entry.covered else None,
        json.dumps(entry.hidden) if entry.hidden else None,
        len(entry.chunks),
    )


def _open(path: Path) -> sqlite3.Connection:
    # Immutable: nothing is locked on the disk, and the file stays readable after its name is gone.
    connection = _connect(path, "mode=ro&immutable=1")
    connection.execute("PRAGMA cache_size=-4000")
    return connection


def _connect(path: Path, options: str) -> sqlite3.Connection:
    # Shared by threads under a lock of our own.
    return sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True, check_same_thread=False)
