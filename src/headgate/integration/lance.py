"""The rows of a LanceDB table, whatever framework wrote them; `lancedb` itself is imported where a folder is opened."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headgate.chunk import SEAL_KEY
from headgate.errors import AdapterError
from headgate.integration.backfilling import SealedRow, StoredRow
from headgate.integration.collections import MakeMetadata, MakeRow, chosen, row_of, seal_of

__all__ = ["LanceColumns", "LanceRows", "is_lance", "open_lance"]

_SUFFIX = ".lance"


@dataclass(frozen=True, slots=True)
class LanceColumns:
    """Which columns of a table hold what.

    Attributes:
        id: the identifier.
        text: the text.
        metadata: the metadata: JSON in a string, or a struct.
        sealed: the entry of a struct that a seal is written into.
    """

    id: str = "id"
    text: str = "text"
    metadata: str = "metadata"
    sealed: str = SEAL_KEY


class LanceRows:
    """A LanceDB table as a `StoredIndex`, read as it is at the beginning and written a page at a time.

    Args:
        table: the table, as its owner has it open: so its owner sees what is written.
        reopen: opens the same table again.
        columns: which columns hold what.
        make_row: makes a row of id, text and metadata; by default as LangChain reads them.
        make_metadata: the entries to write for a row; by default the seal alone. Entries that are not named stay, and
            those that a struct has no room for are left out.
    """

    def __init__(
        self,
        table: Any,
        reopen: Callable[[], Any],
        columns: LanceColumns | None = None,
        make_row: MakeRow | None = None,
        make_metadata: MakeMetadata | None = None,
    ) -> None:
        self._table, self._reopen, self._current = table, reopen, reopen()
        self._columns = columns or LanceColumns()
        self._make_row, self._make_metadata = make_row or row_of, make_metadata or seal_of
        self.name = f"the LanceDB table {table.name!r}"
        schema = self._current.schema
        wanted = (self._columns.id, self._columns.text, self._columns.metadata)
        missing = [name for name in wanted if name not in schema.names]
        if missing:
            raise AdapterError(
                f"{self.name} has no column {missing[0]!r}; it has {', '.join(schema.names[:20])}. headgate reads the "
                "tables of the stores of LangChain and LlamaIndex; docs/backfill.md says how to give it rows of others."
            )
        kind = schema.field(self._columns.metadata).type
        # None where the metadata is JSON, which has room for any entry.
        self._entries = frozenset(field.name for field in kind) if kind.num_fields else None

    def count(self) -> int:
        """Return how many rows there are."""
        return int(self._current.count_rows())

    def holds(self, entry: str) -> bool:
        """Return whether the metadata has this entry: a struct that names it, or the JSON of the first row."""
        if self._entries is not None:
            return entry in self._entries
        found = self._current.search().select([self._columns.metadata]).limit(1).to_list()
        metadata = _read(found[0][self._columns.metadata]) if found else None
        return isinstance(metadata, dict) and entry in metadata

    def require_writable(self) -> None:
        """Raise where the table has no room for a seal.

        Raises:
            AdapterError: its metadata is a struct without the entry.
        """
        if self._entries is not None and self._columns.sealed not in self._entries:
            raise AdapterError(
                f"The {self._columns.metadata!r} of {self.name} is a struct without an entry {self._columns.sealed!r}, "
                "so there is no room for a seal. docs/backfill.md makes room in four lines; `headgate manifest build` "
                "signs a list of the rows and needs none."
            )

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all rows of the version that the table has now, whatever is written in between."""
        version = self._reopen()
        version.checkout(version.version)
        columns = self._columns
        for batch in version.search().select([columns.id, columns.text, columns.metadata]).to_batches(size):
            rows = [self._stored(row) for row in batch.to_pylist()]
            for start in range(0, len(rows), size):
                yield rows[start : start + size]

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Replace the metadata of these rows, as one version of the table; texts, vectors and other columns stay.

        Returns:
            The ids of rows that are gone, or have another text or metadata than when they were read.
        """
        self._current.checkout_latest()
        present = self._present([row.row.id for row in rows])
        fits = [row for row in rows if _state(row.row.held) in present.get(row.row.id, ())]
        # Copies of one row get the same seal; of other rows that share an id, each is found by all that it holds.
        alone = {row.row.id: row for row in fits if len(present[row.row.id]) == 1}
        if alone:
            self._merge(list(alone.values()))
        several = [row for row in fits if row.row.id not in alone and self._entries is None]
        for row in several:
            self._update(row)
        written = {row.row.id for row in several} | alone.keys()
        return [row.row.id for row in rows if row.row.id not in written]

    def finish(self) -> None:
        """Do nothing: every page that is written is a version of the table."""

    def _stored(self, found: Mapping[str, Any]) -> StoredRow:
        identifier, text, held = (found[name] for name in self._names())
        metadata = _read(held)
        if metadata is not None and not isinstance(metadata, dict):
            problem = f"what it has under {self._columns.metadata!r} is not a JSON object"
            return StoredRow(str(identifier), None, problem)
        row = self._make_row(str(identifier), text, metadata or {})
        return replace(row, held=(text, held, row.held))

    def _present(self, ids: Sequence[str]) -> dict[str, set[str]]:
        """Return what the rows with these ids hold at present, as their states."""
        columns, present = self._columns, dict[str, set[str]]()
        named = ", ".join(map(_quoted, ids))
        query = self._current.search().where(f"`{columns.id}` IN ({named})").select(list(self._names()))
        for batch in query.to_batches():
            for row in batch.to_pylist():
                state = _state((row[columns.text], row[columns.metadata]))
                present.setdefault(str(row[columns.id]), set()).add(state)
        return present

    def _merge(self, rows: Sequence[SealedRow]) -> None:
        import pyarrow as pa

        columns, schema = self._columns, self._current.schema
        given = {
            columns.id: [row.row.id for row in rows],
            columns.metadata: [self._sealed(row) for row in rows],
        }
        new = pa.table({name: pa.array(values, schema.field(name).type) for name, values in given.items()})
        self._table.merge_insert(columns.id).when_matched_update_all().execute(new)

    def _update(self, row: SealedRow) -> None:
        columns, (text, held, _) = self._columns, _held(row)
        where = {columns.id: row.row.id, columns.text: text, columns.metadata: held}
        self._table.update(
            where=" AND ".join(f"`{name}` = {_quoted(value)}" for name, value in where.items()),
            values={columns.metadata: self._sealed(row)},
        )

    def _sealed(self, row: SealedRow) -> Any:
        """Return the metadata of a row with its seal, as its column holds it."""
        _, held, inner = _held(row)
        new = self._make_metadata(replace(row, row=replace(row.row, held=inner)))
        if self._entries is None:
            return json.dumps({**(json.loads(held) if held else {}), **new})
        return {**(held or {}), **{name: value for name, value in new.items() if name in self._entries}}

    def _names(self) -> tuple[str, str, str]:
        return self._columns.id, self._columns.text, self._columns.metadata


def _read(held: Any) -> Any:
    """Return metadata as its column holds it: JSON read, where it is JSON."""
    try:
        return json.loads(held) if isinstance(held, str) else held
    except ValueError:
        return held


def _held(row: SealedRow) -> tuple[Any, Any, Any]:
    held = row.row.held
    assert isinstance(held, tuple)  # noqa: S101 - every row here holds what it was read from
    return held


def _state(held: Any) -> str:
    # Written out, because a number that is none (NaN) is not equal to itself.
    return repr(held[:2])


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def is_lance(place: str) -> bool:
    """Return whether a folder is one in which LanceDB keeps its tables."""
    return Path(place).is_dir() and any(found.is_dir() for found in Path(place).glob(f"*{_SUFFIX}"))


def open_lance(place: str, wanted: str | None) -> tuple[Any, Callable[[], Any]]:
    """Return one of the tables of a folder, the one that is wanted or the only one, and what opens it again.

    Raises:
        AdapterError: `lancedb` is missing, there is no table of that name, or several and none is wanted.
    """
    try:
        import lancedb
    except ImportError:
        raise AdapterError("A LanceDB folder is read with lancedb: pip install lancedb") from None
    names = sorted(found.name.removesuffix(_SUFFIX) for found in Path(place).glob(f"*{_SUFFIX}"))
    name = chosen(names, wanted, place)
    database = lancedb.connect(place)
    return database.open_table(name), lambda: database.open_table(name)
