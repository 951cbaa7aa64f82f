"""The tables of a log in DuckDB: read only, no other file, no network, bounded memory.

What records hold reaches a query as a parameter or as a value of a column, never as a part of its text.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from glob import escape
from itertools import chain
from pathlib import Path
from typing import Any

from headgate.compaction.parts import arrow, schema_of
from headgate.compaction.state import TABLES, Part
from headgate.errors import HeadgateError

__all__ = ["Tables", "open_tables"]

_MEMORY = "250MB"
_ROWS = 20_000
# So many decisions are grouped by their admission at once.
_PIECE_ROWS = 2_000_000
_CONFIG = {
    "memory_limit": _MEMORY,
    # Each thread holds a part of a file, so that more of them would need more memory.
    "threads": str(min(4, os.cpu_count() or 1)),
    "preserve_insertion_order": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class Tables:
    """An open connection.

    Args:
        connection: of DuckDB, with the views `admissions`, `decisions` and `skipped`.
        sources: what to read instead of `decisions`, a part at a time: text for a FROM clause that names no record.
    """

    def __init__(self, connection: Any, sources: Sequence[str]) -> None:
        self.connection = connection
        self.sources = sources

    def rows(self, query: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query, a few thousand in memory at a time; one query at a time.

        Raises:
            HeadgateError: a part is damaged, or there is not enough memory or disk.
        """
        self.run(query, parameters)
        while True:
            try:
                some = self.connection.fetchmany(_ROWS)
            except _error() as error:
                raise _told(error) from None
            if not some:
                return
            yield from some

    def run(self, statement: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement.

        Raises:
            HeadgateError: as `rows`.
        """
        try:
            self.connection.execute(statement, list(parameters))
        except _error() as error:
            raise _told(error) from None

    def ask(self, query: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Return the names of the columns of a query of the user's own, and its rows.

        Raises:
            HeadgateError: it is not one query that only reads, or it fails.
        """
        import duckdb

        try:
            statements = self.connection.extract_statements(query)
        except _error() as error:
            raise _told(error) from None
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise HeadgateError("write one SELECT: the tables are only read.")
        rows = self.rows(query)
        first = next(rows, None)
        names = [column[0] for column in self.connection.description]
        return names, chain((first,) if first is not None else (), rows)

    def give(self, name: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Make values known as a table of their own."""
        self.connection.register(name, arrow().table(dict(columns)))


@contextmanager
def open_tables(folder: Path, parts: Sequence[Part]) -> Iterator[Tables]:
    """Open the tables of a folder.

    Args:
        folder: of the tables.
        parts: those that count.

    Raises:
        HeadgateError: DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise HeadgateError("tables of a log are read by DuckDB: pip install 'headgate[duckdb]'") from None
    with tempfile.TemporaryDirectory(prefix="headgate-") as spill:
        connection = duckdb.connect(config={**_CONFIG, "temp_directory": spill})
        try:
            # It would be on standard output, among the results.
            connection.execute("SET enable_progress_bar = false")
            tables = Tables(connection, [_source(files, by_day=True) for files in _pieces(folder.absolute(), parts)])
            for table in TABLES:
                files = [str(folder.absolute() / part.place) for part in parts if part.table == table]
                if files:
                    tables.run(f"CREATE VIEW {table} AS SELECT * FROM {_source(files, by_day=table != 'skipped')}")
                else:
                    pa = arrow()
                    schema = schema_of(table)
                    schema = schema.append(pa.field("day", pa.string())) if table != "skipped" else schema
                    connection.register(table, schema.empty_table())
            place = str(folder.absolute())
            connection.execute("SET allowed_directories = $1", [[place, escape(place), spill]])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            yield tables
        finally:
            connection.close()


def _pieces(folder: Path, parts: Sequence[Part]) -> Iterator[list[str]]:
    """Yield the files of `decisions`, some at a time; the decisions of one admission are in one file."""
    piece: list[str] = []
    rows = 0
    for part in parts:
        if part.table == "decisions":
            if rows + part.rows > _PIECE_ROWS and piece:
                yield piece
                piece, rows = [], 0
            piece.append(str(folder / part.place))
            rows += part.rows
    if piece:
        yield piece


def _source(files: Sequence[str], *, by_day: bool) -> str:
    """Return files for a FROM clause; their names are the folder's, which the user chose, and ours."""
    named = ", ".join("'" + escape(file).replace("'", "''") + "'" for file in files)
    # As text, because of days that are none.
    days = ", hive_partitioning = true, hive_types = {'day': VARCHAR}" if by_day else ""
    return f"read_parquet([{named}]{days})"


def _error() -> type[Exception]:
    import duckdb

    return duckdb.Error


def _told(error: Exception) -> HeadgateError:
    first = str(error).partition("\n")[0][:300]
    return HeadgateError(f"the tables cannot be read: {first}")
