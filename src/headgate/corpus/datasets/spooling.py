"""A store as a data set: its rows are written to Parquet page by page, so that no store is ever held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel.calling import batch_of
from headgate.encoding import canonical_json, encodable, replace_surrogates
from headgate.files import write_bytes

__all__ = ["spool"]

_ROWS = 20_000
_BYTES = 256_000_000
_DONE = "_complete.json"
_NOT_CARRIED = "it holds content that is not text, which a table does not carry"
_NOT_A_TEXT = "its text holds a lone surrogate, which no table can hold"


def spool(items: Iterable[CorpusItem], folder: Path) -> Path:
    """Write the rows of a store as the Parquet files of a data set, unless an earlier run has written all of them.

    Args:
        items: what `headgate.corpus.gathering.stored_items` yields.
        folder: where they are written.

    Returns:
        The folder.

    Raises:
        HeadgateError: the store's client failed.
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / _DONE).exists():
        return folder
    for path in folder.glob("rows-*.parquet"):  # of a run that ended in between: nobody knows what it had left out
        path.unlink()
    rows = 0
    for number, block in enumerate(_blocks(items)):
        table = pyarrow.Table.from_batches([_batch(block)])
        parquet.write_table(table, folder / f"rows-{number:06}.parquet", compression="zstd", row_group_size=1_000)
        rows += len(block)
    write_bytes(folder / _DONE, canonical_json({"rows": rows}))
    return folder


def _batch(items: list[CorpusItem]) -> Any:
    plain = [_carried(item) for item in items]
    batch = batch_of(plain)
    ids = [encodable(item.chunk.id) if item.chunk is not None else item.place for item in items]
    columns = [pyarrow.array(ids, pyarrow.string()), *batch.columns[1:]]
    problems = pyarrow.array([item.problem if item.chunk is None else None for item in plain], pyarrow.string())
    schema = pyarrow.schema([*batch.schema, ("headgate_problem", pyarrow.string())])
    return pyarrow.RecordBatch.from_arrays([*columns, problems], schema=schema)


def _carried(item: CorpusItem) -> CorpusItem:
    """Return a row as a table carries it; with the reason, and without its document, where a table cannot."""
    if item.chunk is None:
        return item
    # Judged in another text it could be admissible, and the gate admits it in none.
    is_other = replace_surrogates(item.chunk.text) != item.chunk.text
    problem = _NOT_CARRIED if item.chunk.media else _NOT_A_TEXT if is_other else None
    return item if problem is None else CorpusItem(item.place, None, problem)


def _blocks(items: Iterable[CorpusItem]) -> Iterator[list[CorpusItem]]:
    block: list[CorpusItem] = []
    weight = 0
    for item in items:
        block.append(item)
        weight += len(item.chunk.text) if item.chunk is not None else 0
        if len(block) >= _ROWS or weight > _BYTES:
            yield block
            block, weight = [], 0
    if block:
        yield block
