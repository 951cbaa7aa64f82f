"""Writing the index of a manifest: from its shards, or from the index of the version before and what changed since.

A file is written aside and renamed; its name holds the SHA-256 of its content, so that one that was damaged, or put
there by somebody who knows no better, is not read but made again. It never changes afterwards.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from headgate.errors import ManifestError
from headgate.provenance.changes import read_changes
from headgate.provenance.indexes import FORM, connect
from headgate.provenance.shards import Entry, place_of, shard_of, split_lines
from headgate.provenance.statements import Changes, Shard

__all__ = ["ShardReader", "apply_changes", "write_index"]

_SCHEMA = """
CREATE TABLE documents (
    place BLOB PRIMARY KEY, id INTEGER NOT NULL, line BLOB NOT NULL, uri TEXT NOT NULL, sub TEXT,
    ver INTEGER, mod INTEGER, nbf INTEGER, exp INTEGER, cov TEXT, hid TEXT, size INTEGER NOT NULL, root BLOB
) WITHOUT ROWID;
CREATE TABLE listed (
    document INTEGER NOT NULL, digest BLOB NOT NULL, more BLOB NOT NULL, PRIMARY KEY (document, digest, more)
) WITHOUT ROWID;
CREATE TABLE shards (
    number INTEGER PRIMARY KEY, digest TEXT NOT NULL, chunks INTEGER NOT NULL, outside INTEGER NOT NULL,
    documents INTEGER NOT NULL, signer TEXT NOT NULL
);
CREATE TABLE shape (bits INTEGER NOT NULL, namespace TEXT NOT NULL);
"""
_DROP = "".join(f"DROP TABLE IF EXISTS {name};" for name in ("documents", "listed", "shards", "shape"))
_INSERT = "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_REPLACE = _INSERT.replace("INSERT", "INSERT OR REPLACE")
_LIST = "INSERT INTO listed VALUES (?, ?, ?)"
_AT_ONCE = 500  # changes; the pages that they are on fit into SQLite's cache
_LINE_BYTES = 16  # tells a line from the one it was before; what is signed is the shard
_LAST = b"\xff" * 33


_Placed = tuple[bytes, bytes, "Entry | None"]  # the place of a document, its line, and its entry if it is not gone


@dataclass(frozen=True, slots=True)
class ShardReader:
    """Where the shards of a manifest come from, and what their entries have to be.

    Attributes:
        shards: the shards by number.
        bits: how many bits of a document's place number its shard.
        namespace: the URI patterns that the manifest speaks for.
        text_of: returns the verified text of a shard.
        speaks_for: whether the namespace covers a URI.
        changes: what is different from an earlier version, if the manifest says so.
        changes_text: returns their verified text.
        signer: the thumbprint of the key that signed them with the manifest.
        name_of: returns what a shard is called in errors: its file.
    """

    shards: Sequence[Shard]
    bits: int
    namespace: tuple[str, ...]
    text_of: Callable[[Shard], bytes]
    speaks_for: Callable[[str], bool]
    changes: Changes | None = None
    changes_text: Callable[[Shard], bytes] | None = None
    signer: str = ""
    name_of: Callable[[Shard], str] = attrgetter("digest")


def write_index(path: Path, reader: ShardReader, *, is_based: bool = False) -> tuple[int, int]:
    """Write the index of all shards.

    Args:
        path: the new file.
        reader: where the shards come from.
        is_based: whether the file is the copy of the index of an earlier version, of which unchanged shards and lines
            are kept.

    Returns:
        How many chunks are in all shards, and how many documents are outside the namespace.

    Raises:
        ManifestError: a shard is not what was signed, or an entry is not where it belongs.
        OSError: a file cannot be read or written.
        sqlite3.Error: the same.
    """
    with _written(path) as connection:
        if not is_based or _shape(connection) != _wanted(reader):
            connection.executescript(_DROP + _SCHEMA)
            connection.execute("INSERT INTO shape VALUES (?, ?)", (reader.bits, json.dumps(reader.namespace)))
            connection.execute(f"PRAGMA user_version={FORM}")
        writing = _Writing(connection, reader)
        for number, shard in enumerate(reader.shards):
            writing.add(number, shard)
        chunks, outside = connection.execute("SELECT sum(chunks), sum(outside) FROM shards").fetchone()
        return chunks, outside


def apply_changes(path: Path, reader: ShardReader) -> int:
    """Make the index of all shards of that of the version before, by what is signed to have changed since.

    Args:
        path: a copy of the index of exactly the version that they begin from.
        reader: where the changes come from.

    Returns:
        How many chunks are in all shards.

    Raises:
        ManifestError: the changes are not what was signed, or do not lead from this index to these shards.
        OSError: a file cannot be read or written.
        sqlite3.Error: the same.
    """
    with _written(path) as connection:
        if _shape(connection) != _wanted(reader):
            raise ManifestError("P106", "the index of the version before is of another shape")
        others = "SELECT 1 FROM shards WHERE outside > 0 OR signer NOT IN ('', ?)"
        if connection.execute(others, (reader.signer,)).fetchone() is not None:
            raise ManifestError("P106", "the version before rests on another key, or lists what is not in force")
        _Writing(connection, reader).change()
        return int(connection.execute("SELECT sum(chunks) FROM shards").fetchone()[0])


@contextmanager
def _written(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path, "mode=rwc")) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-8000"):
            connection.execute(f"PRAGMA {pragma}")
        yield connection
        connection.commit()


def _shape(connection: sqlite3.Connection) -> tuple[object, ...]:
    form = connection.execute("PRAGMA user_version").fetchone()
    return (*form, *(connection.execute("SELECT bits, namespace FROM shape").fetchone()))


def _wanted(reader: ShardReader) -> tuple[object, ...]:
    # An index of another form is not a base.
    return FORM, reader.bits, json.dumps(reader.namespace)


class _Writing:
    """An index while it is written."""

    def __init__(self, connection: sqlite3.Connection, reader: ShardReader) -> None:
        self._run = connection.execute
        self._run_many = connection.executemany
        self._reader = reader
        # What a key signed as changed counts under that key alone; under another one, it is read from the shard.
        signed = self._run("SELECT number, CASE WHEN signer IN ('', ?) THEN digest END FROM shards", (reader.signer,))
        self._before: dict[int, str | None] = dict(signed.fetchall())
        self._next = (self._run("SELECT max(id) FROM documents").fetchone()[0] or 0) + 1

    def add(self, number: int, shard: Shard) -> None:
        """Bring a shard into the index; what is there already stays."""
        if self._before.get(number) == shard.digest:
            return
        text, known = self._reader.text_of(shard), self._known(number)
        try:
            lines = split_lines(text, shard)
            new, chunks, outside = self._sort(number, lines, known)
            self._remove([row[:2] for row in known.values()])
            self._insert(new)
        except sqlite3.IntegrityError:
            raise ManifestError("P106", "two entries are for one document", self._reader.name_of(shard)) from None
        except ManifestError as error:
            raise error.at(self._reader.name_of(shard)) from None
        row = number, shard.digest, chunks, outside, shard.lines, ""
        self._run("INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?, ?, ?)", row)

    def change(self) -> None:
        """Bring the changes into the index of the version that they begin from.

        Some at a time, in the order of the key: a page of the index is read and written once, while it is in memory.
        """
        touched: dict[int, tuple[int, int]] = {}
        changes = self._changes()
        for start in range(0, len(changes), _AT_ONCE):
            self._change(changes[start : start + _AT_ONCE], touched)
        self._count(touched)

    def _change(self, changes: Sequence[_Placed], touched: dict[int, tuple[int, int]]) -> None:
        """Bring some changes into the index, and count what they add to each shard."""
        places = [place for place, _, _ in changes]
        marks = ", ".join("?" * len(places))
        rows = self._run(f"SELECT place, id, size FROM documents WHERE place IN ({marks})", places)  # noqa: S608 - marks
        known = {place: (number, size) for place, number, size in rows}
        written: list[tuple[object, ...]] = []
        listed: list[tuple[object, ...]] = []
        gone: list[tuple[bytes]] = []
        for place, line, entry in changes:
            number, size = known.get(place, (None, 0))
            shard = shard_of(place, self._reader.bits)
            documents, chunks = touched.get(shard, (0, 0))
            if entry is not None:
                # Under the number that it had, where its chunks were.
                number, self._next = (number, self._next) if number is not None else (self._next, self._next + 1)
                written.append(_row(number, place, _mark(line), entry))
                listed += [(number, *chunk) for chunk in sorted(set(entry.chunks))]
                size -= len(entry.chunks)
            elif number is not None:
                gone.append((place,))
            else:
                raise ManifestError("P106", "its changes take away what was not listed")
            touched[shard] = documents + (entry is not None) - (place in known), chunks - size
        self._run_many("DELETE FROM listed WHERE document = ?", [(number,) for number, _ in known.values()])
        self._run_many("DELETE FROM documents WHERE place = ?", gone)
        self._run_many(_REPLACE, written)
        self._run_many(_LIST, listed)

    def _changes(self) -> list[_Placed]:
        changes, text_of = self._reader.changes, self._reader.changes_text
        if changes is None or text_of is None:
            raise ManifestError("P106", "it names no changes")
        found = []
        for uri, line, entry in read_changes(text_of(changes.file), changes.file):
            if entry is not None and not self._reader.speaks_for(uri):
                raise ManifestError("P106", "its changes hold what is outside the namespace", changes.file.digest)
            found.append((place_of(uri), line, entry))
        # In the order of the key, so that an index is read and written from left to right.
        found.sort(key=lambda one: one[0])
        return found

    def _count(self, touched: Mapping[int, tuple[int, int]]) -> None:
        """Note what is in the shards now.

        Raises:
            ManifestError: that is not what the manifest says of them.
        """
        shards = self._reader.shards
        self._run_many(
            "UPDATE shards SET digest = ?, documents = documents + ?, chunks = chunks + ?, signer = ? WHERE number = ?",
            [(shards[number].digest, *more, self._reader.signer, number) for number, more in touched.items()],
        )
        listed = self._run("SELECT digest, documents FROM shards ORDER BY number").fetchall()
        same = {number for number, shard in enumerate(shards) if self._before.get(number) == shard.digest}
        if not same.isdisjoint(touched) or listed != [(shard.digest, shard.lines) for shard in shards]:
            raise ManifestError("P106", "its changes do not lead to its shards")

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
            mark = _mark(line)
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

    def _remove(self, documents: Sequence[tuple[bytes, int]]) -> None:
        self._run_many("DELETE FROM listed WHERE document = ?", [(number,) for _, number in documents])
        self._run_many("DELETE FROM documents WHERE place = ?", [(place,) for place, _ in documents])

    def _insert(self, new: list[tuple[bytes, bytes, Entry]]) -> None:
        # In the order of the key, from shard to shard as well, so that a whole index is written from left to right.
        new.sort(key=lambda one: one[0])
        numbered = list(enumerate(new, self._next))
        self._next += len(new)
        self._run_many(_INSERT, [_row(number, *one) for number, one in numbered])
        listed = ((number, *chunk) for number, (_, _, entry) in numbered for chunk in sorted(set(entry.chunks)))
        self._run_many(_LIST, listed)


def _mark(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()[:_LINE_BYTES]


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
        entry.root or None,
    )
