"""A store as a data set: its rows are written to Parquet page by page, so that no store is ever held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel.calling import batch_of
from headgate.encoding import canonical_json
from headgate.files import write_bytes

__all__ = ["spool"]

_ROWS = 20_000
_BYTES = 256_000_000
_DONE = "_complete.json"
_NOT_CARRIED = "it holds content that is not text, which a table does not carry"


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
    plain = [
        item if item.chunk is None or not item.chunk.media else CorpusItem(item.place, None, _NOT_CARRIED)
        for item in items
    ]
    batch = batch_of(plain)
    ids = [item.chunk.id if item.chunk is not None else item.place for item in items]
    columns = [pyarrow.array(ids, pyarrow.string()), *batch.columns[1:]]
    problems = pyarrow.array([item.problem if item.chunk is None else None for item in plain], pyarrow.string())
    schema = pyarrow.schema([*batch.schema, ("headgate_problem", pyarrow.string())])
    return pyarrow.RecordBatch.from_arrays([*columns, problems], schema=schema)


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
