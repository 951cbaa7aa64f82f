"""Rows collected, written aside as Parquet, and brought to their places together."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.compaction.columns import ADMISSIONS, DECISIONS, SKIPPED, Column
from headgate.compaction.state import Part
from headgate.errors import HeadgateError

__all__ = ["PartWriter", "arrow", "batch_of", "day_of", "schema_of"]

COLUMNS: Mapping[str, tuple[Column, ...]] = {"admissions": ADMISSIONS, "decisions": DECISIONS, "skipped": SKIPPED}
# What a stretch of a log may have of its own; records of more days, which no gate writes together, share a part.
_MOST_DAYS = 16
# So that evidence of many documents still has a dictionary, which is most of what makes the tables small.
_DICTIONARY_BYTES = 32_000_000


def arrow() -> Any:
    """Return pyarrow.

    Raises:
        HeadgateError: it is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError:
        raise HeadgateError("tables of a log need pyarrow: pip install 'headgate[duckdb]'") from None
    return pa


def schema_of(table: str) -> Any:
    """Return the schema of a table, as `pyarrow.Schema`."""
    pa = arrow()
    types = {
        **dict.fromkeys(("text", "json"), pa.string()),
        "whole": pa.int64(),
        "number": pa.float64(),
        "instant": pa.timestamp("us", tz="UTC"),
        "bytes": pa.binary(),
    }
    return pa.schema([(column.name, types[column.kind]) for column in COLUMNS[table]])


@dataclass(slots=True)
class _Open:
    """A part that is being written."""

    table: str
    day: str
    name: str
    aside: Path
    stream: Any
    writer: Any
    rows: int
    first: int
    last: int


class PartWriter:
    """Writes rows to parts by day; none of them is in its place before `place`.

    Args:
        folder: of the tables.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[tuple[str, str], _Open] = {}

    def write(self, table: str, batch: Any, days: Sequence[str]) -> None:
        """Add rows.

        Args:
            table: one of `TABLES`.
            batch: the rows, by `seq`, as `pyarrow.RecordBatch`.
            days: the day of each row; empty for what is not kept by day.

        Raises:
            OSError: they cannot be written.
        """
        pa = arrow()
        counts = Counter(days)
        own = {day for day, _ in counts.most_common(_MOST_DAYS)}
        if len(counts) == 1:
            self._append(table, days[0], batch)
            return
        places: dict[str, list[int]] = {}
        for place, day in enumerate(days):
            places.setdefault(day if day in own else "mixed", []).append(place)
        for day, some in places.items():
            self._append(table, day, batch.take(pa.array(some)))

    def place(self, commit: int) -> list[Part]:
        """Finish every part, force it to the disk, and bring it to its place.

        Args:
            commit: the number of the commit that they belong to.

        Returns:
            The parts, which count once they are in the folder's state.

        Raises:
            OSError: one cannot be written.
        """
        placed = []
        for part in self._open.values():
            part.writer.close()
            part.stream.flush()
            os.fsync(part.stream.fileno())
            size = part.stream.tell()
            part.stream.close()
            done = Part(part.table, part.day, part.name, part.rows, size, part.first, part.last, commit)
            part.aside.replace(self._folder / done.place)
            placed.append(done)
        self._open.clear()
        return placed

    def discard(self) -> None:
        """Remove what was written and not placed."""
        for part in self._open.values():
            with suppress(OSError), part.stream:
                part.writer.close()
            part.aside.unlink(missing_ok=True)
        self._open.clear()

    def _append(self, table: str, day: str, batch: Any) -> None:
        numbers = batch.column("seq")
        part = self._open.get((table, day))
        if part is None:
            part = self._open[table, day] = self._begin(table, day, numbers[0].as_py())
        part.writer.write_batch(batch, row_group_size=batch.num_rows)
        part.rows += batch.num_rows
        part.last = numbers[-1].as_py()

    def _begin(self, table: str, day: str, first: int) -> _Open:
        schema = schema_of(table)
        name = f"part-{secrets.token_hex(16)}.parquet"
        folder = self._folder / table / (f"day={day}" if day else "")
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".headgate-{secrets.token_hex(8)}.part"
        stream = aside.open("xb")
        # Numbers that only grow compress by their differences.
        delta = {name: "DELTA_BINARY_PACKED" for name in ("seq", "row", "line", "chain_n") if name in schema.names}
        writer = arrow().parquet.ParquetWriter(
            stream,
            schema,
            compression="zstd",
            use_dictionary=[name for name in schema.names if name not in delta],
            column_encoding=delta,
            dictionary_pagesize_limit=_DICTIONARY_BYTES,
        )
        return _Open(table, day, name, aside, stream, writer, 0, first, first)


def batch_of(table: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return rows as `pyarrow.RecordBatch`."""
    pa = arrow()
    schema = schema_of(table)
    return pa.record_batch([pa.array([row[f.name] for row in rows], type=f.type) for f in schema], schema=schema)


def day_of(row: Mapping[str, Any]) -> str:
    """Return the day of an admission or decision, as it may be in the name of a folder."""
    time = row["time"]
    return f"{time.year:04}-{time.month:02}-{time.day:02}" if time is not None else "unknown"
