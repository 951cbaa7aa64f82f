"""Tables of documents: JSON, CSV and Parquet, one document per row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from headgate.corpus.item import CorpusItem
from headgate.corpus.records import Fields, parse_json, to_item
from headgate.corpus.rows import read_rows, require_distinct
from headgate.limits import Limits

__all__ = ["TABLE_SUFFIXES", "read_table"]

TABLE_SUFFIXES = frozenset((".json", ".csv", ".tsv", ".parquet"))

_MOST_COLUMNS = 10_000
_ROWS_AT_ONCE = 256
# What a group of rows may take when it is unpacked: a small file may hold a large one.
_LARGEST_GROUP = 2_000_000_000


def read_table(file: Path, limits: Limits, fields: Fields) -> Iterator[CorpusItem]:
    """Yield the documents of a JSON, CSV or Parquet file, and what cannot be read of it."""
    kind = file.suffix.lower()
    if kind == ".json":
        return _read_json(file, limits, fields)
    return _read_parquet(file, limits, fields) if kind == ".parquet" else _read_csv(file, limits, fields)


def _read_json(file: Path, limits: Limits, fields: Fields) -> Iterator[CorpusItem]:
    most = 5 * limits.text_bytes
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
        value = parse_json(data.removeprefix(b"\xef\xbb\xbf")) if len(data) <= most else None
    except (OSError, ValueError) as error:
        yield _whole(file, error)
        return
    if len(data) > most:
        yield _whole(file, f"it is longer than {most:,} bytes; JSON Lines may be of any length")
        return
    for number, record in enumerate(_records(value)):
        yield to_item(record, f"{file}[{number}]", limits, fields)


def _records(value: object) -> list[object]:
    """Return the records of a JSON file: a list of them, an object with one list of objects in it, or one object."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        lists = [one for one in value.values() if isinstance(one, list) and one and isinstance(one[0], dict)]
        if len(lists) == 1:
            return lists[0]
    return [value]


def _read_csv(file: Path, limits: Limits, fields: Fields) -> Iterator[CorpusItem]:
    # For the process, so it is put back; a field is as long as a text may be.
    before = csv.field_size_limit(limits.text_bytes)
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            yield from _rows(file, opened, limits, fields)
    except UnicodeDecodeError as error:
        yield CorpusItem(str(file), None, f"it cannot be read to its end (byte {error.start} of a part is not UTF-8)")
    except (OSError, ValueError, csv.Error) as error:
        yield _whole(file, error)
    finally:
        csv.field_size_limit(before)


def _rows(file: Path, opened: IO[str], limits: Limits, fields: Fields) -> Iterator[CorpusItem]:
    lines = _bounded(opened, 2 * limits.text_bytes)
    header = next(lines, "")
    delimiter = "\t" if file.suffix.lower() == ".tsv" else max(",;\t", key=header.count)
    names = next(csv.reader([header], delimiter=delimiter, strict=True), [])
    require_distinct(names)
    if len(names) > _MOST_COLUMNS:
        raise ValueError(f"it has more than {_MOST_COLUMNS:,} columns")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    for row in reader:
        place = f"{file}:{reader.line_num + 1}"
        if len(row) > len(names):
            yield CorpusItem(place, None, f"it has {len(row):,} fields, and there are {len(names):,} columns")
        elif any(row):
            # An empty field says nothing.
            record = {name: value for name, value in zip(names, row, strict=False) if value != ""}
            yield to_item(record, place, limits, fields)


def _bounded(opened: IO[str], most: int) -> Iterator[str]:
    while line := opened.readline(most):
        if len(line) >= most:
            raise ValueError(f"a line is longer than {most:,} characters")
        yield line


def _read_parquet(file: Path, limits: Limits, fields: Fields) -> Iterator[CorpusItem]:
    try:
        from pyarrow import parquet
    except ImportError:
        yield _whole(file, "reading Parquet needs pyarrow: pip install 'headgate[parquet]'")
        return
    number = 0
    try:
        with parquet.ParquetFile(file) as table:
            require_distinct(table.schema_arrow.names)
            groups = range(table.metadata.num_row_groups)
            if any(table.metadata.row_group(group).total_byte_size > _LARGEST_GROUP for group in groups):
                raise ValueError(f"a group of its rows is larger than {_LARGEST_GROUP:,} bytes")  # noqa: TRY301 - as what pyarrow raises
            for batch in table.iter_batches(batch_size=_ROWS_AT_ONCE):
                yield from read_rows(batch, limits, fields, place=str(file), first=number)
                number += batch.num_rows
    except (OSError, ValueError, LookupError, ArithmeticError, MemoryError, NotImplementedError) as error:
        yield _whole(file, error)


def _whole(file: Path, error: object) -> CorpusItem:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0][:160]
    return CorpusItem(str(file), None, f"it cannot be read to its end ({said})")
