"""The rows of pgvector tables: `PGVector` (all collections in one table) and `PGVectorStore` (one table each)."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headgate import AdapterError, Chunk
from headgate.chunk import SEAL_KEY
from headgate.integration.backfilling import SealedRow, StoredRow

__all__ = ["PgRows", "Table", "open_tables"]

Run = Callable[[str, Sequence[Mapping[str, object]]], list[Any]]
"""Runs one statement, once for each set of parameters, in one transaction, and returns the rows of each."""


@dataclass(frozen=True)
class Table:
    """Where the rows are.

    Attributes:
        name: the table, with its schema, quoted.
        id: the column of the identifier.
        text: the column of the text.
        metadata: the column of the metadata.
        type: the type of that column, `json` or `jsonb`.
        id_type: the type of the column of the identifier.
        columns: further columns whose values are metadata.
        where: which rows, as SQL.
        given: the parameters of `where`.
    """

    name: str
    id: str
    text: str
    metadata: str
    type: str
    id_type: str = "text"
    columns: tuple[str, ...] = ()
    where: str = "true"
    given: Mapping[str, object] = field(default_factory=dict)


class PgRows:
    """A table of Postgres as a `StoredIndex`. Only the metadata column of rows that get a seal is written.

    Args:
        table: where the rows are.
        run: runs statements.
    """

    def __init__(self, table: Table, run: Run) -> None:
        self._table, self._run = table, run
        self.name = f"the table {table.name}"

    @classmethod
    def of_store(cls, store: Any) -> PgRows:
        """Return the rows of a `PGVector` or a `PGVectorStore`.

        Raises:
            AdapterError: it is asynchronous, or its table has no column for metadata.
        """
        if type(store).__name__ == "PGVector" or hasattr(store, "collection_name"):
            if getattr(store, "_engine", None) is None:
                raise AdapterError("This PGVector is asynchronous. Give one with `async_mode=False`.")
            return _of_collection(_on_engine(store._engine), store.collection_name)
        inner = store._PGVectorStore__vs
        if inner.metadata_json_column is None:
            raise AdapterError(f"The table {inner.table_name!r} has no JSON column for metadata: nowhere to write.")
        run = _on_loop(store._engine, inner.engine)
        return cls(
            Table(
                name=f"{_quoted(inner.schema_name)}.{_quoted(inner.table_name)}",
                id=inner.id_column,
                text=inner.content_column,
                metadata=inner.metadata_json_column,
                type=_type_of(run, inner.schema_name, inner.table_name, inner.metadata_json_column),
                id_type=_type_of(run, inner.schema_name, inner.table_name, inner.id_column),
                columns=tuple(inner.metadata_columns),
            ),
            run,
        )

    def count(self) -> int:
        """Return how many rows there are."""
        # Names are quoted identifiers of an existing table; values are parameters.
        found = self._run(f"SELECT count(*) FROM {self._table.name} WHERE {self._table.where}", [self._table.given])  # noqa: S608
        return int(found[0][0][0])

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all rows in the order of their identifiers."""
        table, last = self._table, None
        others = "".join(f", {_quoted(name)}" for name in table.columns)
        key = _quoted(table.id)
        select = f"SELECT {key}::text, {_quoted(table.text)}, {_quoted(table.metadata)}::text{others} FROM {table.name}"  # noqa: S608
        while True:
            after = "" if last is None else f"AND {key} > CAST(:last AS {table.id_type})"
            statement = f"{select} WHERE {table.where} {after} ORDER BY {key} LIMIT :size"
            given = {**table.given, "size": size, **({} if last is None else {"last": last})}
            rows = self._run(statement, [given])[0]
            if not rows:
                return
            last = rows[-1][0]
            yield [self._row(row) for row in rows]

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Add the seals, each where text and metadata still are what was read."""
        table = self._table
        statement = (
            f"UPDATE {table.name} SET {_quoted(table.metadata)} = CAST(:metadata AS {table.type}) "  # noqa: S608
            f"WHERE {table.where} AND {_quoted(table.id)} = CAST(:id AS {table.id_type}) "
            f"AND {_quoted(table.text)} = :text "
            f"AND {_quoted(table.metadata)}::text IS NOT DISTINCT FROM :held RETURNING {_quoted(table.id)}::text"
        )
        written = self._run(statement, [self._update(sealed) for sealed in rows])
        done = {row[0] for found in written for row in found}
        return [sealed.row.id for sealed in rows if sealed.row.id not in done]

    def finish(self) -> None:
        """Do nothing: every write is committed."""

    def _row(self, row: Sequence[Any]) -> StoredRow:
        identifier, text, held, *others = row
        metadata = json.loads(held) if held is not None else {}
        if text is None or not isinstance(metadata, dict):
            problem = "it has no text" if text is None else "its metadata is not an object"
            return StoredRow(identifier, None, problem)
        # As the store returns them: columns over entries.
        chunk = Chunk(text, {**metadata, **dict(zip(self._table.columns, others, strict=True))}, identifier)
        return StoredRow(identifier, chunk, held=held)

    def _update(self, sealed: SealedRow) -> dict[str, object]:
        held = sealed.row.held
        metadata = json.loads(str(held)) if held is not None else {}
        text = sealed.row.chunk.text if sealed.row.chunk is not None else None
        changed = json.dumps({**metadata, SEAL_KEY: sealed.seal}, ensure_ascii=False)
        return {**self._table.given, "id": sealed.row.id, "text": text, "held": held, "metadata": changed}


def open_tables(address: str, collection: str | None) -> PgRows:
    """Return the rows of a collection of `PGVector`, or of the table of a `PGVectorStore`, by the database's address.

    Raises:
        AdapterError: a package is missing, or there is no such collection or table.
    """
    try:
        import psycopg  # noqa: F401 - asked for here, so that its absence is said in words
        from sqlalchemy import create_engine
        from sqlalchemy.pool import NullPool
    except ImportError:
        raise AdapterError("Postgres is read with SQLAlchemy and psycopg: pip install langchain-postgres") from None
    _, _, rest = address.partition("://")
    # Without a pool, so that no connection is left open when the command ends.
    run = _on_engine(create_engine(f"postgresql+psycopg://{rest}", poolclass=NullPool))
    if collection is None:
        raise AdapterError("Name the collection of a PGVector, or the table of a PGVectorStore: --collection NAME.")
    is_there = run("SELECT to_regclass('langchain_pg_collection') IS NOT NULL", [{}])[0][0][0]
    if is_there and run("SELECT 1 FROM langchain_pg_collection WHERE name = :name", [{"name": collection}])[0]:
        return _of_collection(run, collection)
    schema, _, name = collection.rpartition(".")
    schema = schema or "public"
    kind = _type_of(run, schema, name, "langchain_metadata")
    if not kind:
        raise AdapterError(
            f"There is neither a collection {collection[:80]!r} of a PGVector nor a table of that name with the "
            "columns of a PGVectorStore. For a table with columns of other names give the store itself, as MODULE:NAME."
        )
    id_type = _type_of(run, schema, name, "langchain_id")
    table = Table(f"{_quoted(schema)}.{_quoted(name)}", "langchain_id", "content", "langchain_metadata", kind, id_type)
    return PgRows(table, run)


def _of_collection(run: Run, collection: str) -> PgRows:
    of_column = _TYPE.format("table_name = :table AND column_name = :column")
    kind, id_kind = (
        [row[0] for row in found] for found in run(of_column, [_CMETADATA, {**_CMETADATA, "column": "id"}])
    )
    table = Table(
        name="langchain_pg_embedding",
        id="id",
        text="document",
        metadata="cmetadata",
        type=kind[0] if kind else "jsonb",
        id_type=id_kind[0] if id_kind else "text",
        where="collection_id = (SELECT uuid FROM langchain_pg_collection WHERE name = :collection)",
        given={"collection": collection},
    )
    rows = PgRows(table, run)
    rows.name = f"the collection {collection!r} of langchain_pg_embedding"
    return rows


_TYPE = "SELECT data_type FROM information_schema.columns WHERE {}"
_CMETADATA = {"table": "langchain_pg_embedding", "column": "cmetadata"}


def _type_of(run: Run, schema: str, table: str, column: str) -> str:
    where = "table_schema = :schema AND table_name = :table AND column_name = :column"
    found = run(_TYPE.format(where), [{"schema": schema, "table": table, "column": column}])[0]
    return str(found[0][0]) if found else ""


def _quoted(name: str) -> str:
    # A colon would begin a parameter of the statement.
    return '"' + name.replace('"', '""').replace(":", "\\:") + '"'


def _on_engine(engine: Any) -> Run:
    from sqlalchemy import text

    def run(statement: str, given: Sequence[Mapping[str, object]]) -> list[Any]:
        with engine.begin() as connection:
            return [connection.execute(text(statement), dict(one)).fetchall() for one in given]

    return run


def _on_loop(owner: Any, engine: Any) -> Run:
    """Return what runs statements on an asynchronous engine, in the thread in which its store has its loop."""
    from sqlalchemy import text

    async def aside(statement: str, given: Sequence[Mapping[str, object]]) -> list[Any]:
        async with engine.begin() as connection:
            return [(await connection.execute(text(statement), dict(one))).fetchall() for one in given]

    return lambda statement, given: list(owner._run_as_sync(aside(statement, given)))
