"""Reading a fragment: its digest, and its rows in blocks that fit into memory, whatever a file holds."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from headgate.corpus.datasets.fragments import ARROW_SUFFIXES, Fragment, open_place, suffix_of
from headgate.corpus.item import CorpusItem
from headgate.corpus.lines import read_lines
from headgate.corpus.records import Fields
from headgate.corpus.tables import read_table
from headgate.encoding import canonical_json
from headgate.limits import DEFAULT_LIMITS

__all__ = ["ChangedError", "Rows", "digest_of", "read_fragment", "require_unchanged"]

Rows = Any
"""A `pyarrow.RecordBatch`, or a list of corpus items where the file is not an Arrow table."""

_BLOCK = 1_000
_BLOCK_BYTES = 64_000_000
_PIECE = 1 << 20


class ChangedError(OSError):
    """A file that changed while it was read: what was made of it is of no file that there ever was."""


def require_unchanged(fragment: Fragment) -> None:
    """Raise if a file is not the one that was found.

    Raises:
        ChangedError: it has changed, or is gone.
    """
    from pyarrow import fs

    files, _ = open_place(fragment.place)
    (info,) = files.get_file_info([fragment.path])
    if info.type != fs.FileType.File:
        raise ChangedError("it is gone")
    modified = "" if info.mtime_ns is None else str(info.mtime_ns)
    if (info.size or 0, modified) != (fragment.size, fragment.modified):
        raise ChangedError("it changed while it was read")


def digest_of(fragment: Fragment) -> str:
    """Return the SHA-256 of what is in a fragment, and of where it is.

    Of a Parquet file it is over its footer and the row groups of the fragment. Of a file that is not local, its size,
    its time and its footer stand for its content, which would be fetched twice else.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not what its name says.
    """
    from pyarrow import fs

    files, _ = open_place(fragment.place)
    digest = hashlib.sha256(canonical_json([fragment.name, fragment.size]))
    if not isinstance(files, fs.LocalFileSystem):
        digest.update(fragment.modified.encode())
    with files.open_input_file(fragment.path) as opened:
        for start, end in _ranges(opened, fragment, is_local=isinstance(files, fs.LocalFileSystem)):
            opened.seek(start)
            left = end - start
            while left > 0 and (piece := opened.read(min(_PIECE, left))):
                digest.update(piece)
                left -= len(piece)
    return digest.hexdigest()


def _ranges(opened: Any, fragment: Fragment, *, is_local: bool) -> list[tuple[int, int]]:
    """Return which bytes of a file tell a fragment from another one."""
    if not fragment.groups:
        return [(0, fragment.size)] if is_local else []
    from pyarrow import parquet

    metadata = parquet.ParquetFile(opened).metadata
    footer = fragment.size - metadata.serialized_size - 8, fragment.size
    if not is_local:
        return [footer]
    found = []
    for number in range(*fragment.groups):
        group = metadata.row_group(number)
        columns = [group.column(index) for index in range(group.num_columns)]
        starts = [min(filter(None, (one.data_page_offset, one.dictionary_page_offset))) for one in columns]
        ends = [start + one.total_compressed_size for start, one in zip(starts, columns, strict=True)]
        found.append((min(starts, default=0), max(ends, default=0)))
    return [*found, footer]


def read_fragment(fragment: Fragment, fields: Fields) -> Iterator[Rows]:
    """Yield the rows of a fragment in blocks.

    Args:
        fragment: what to read.
        fields: which columns are the text, and metadata under other names, where records are read one by one.

    Raises:
        OSError: the file cannot be read, or not to its end.
        ValueError: it is not what its name says.
    """
    suffix = suffix_of(fragment.path)
    files, _ = open_place(fragment.place)
    if suffix == ".parquet":
        with files.open_input_file(fragment.path) as opened:
            yield from _parquet(opened, fragment)
    elif suffix in ARROW_SUFFIXES:
        with files.open_input_file(fragment.path) as opened:
            yield from _arrow(opened)
    else:
        with _local(files, fragment.path, suffix or "") as path:
            is_table = suffix in (".csv", ".tsv")
            read = read_table if is_table else read_lines
            yield from _blocks(_named(read(path, DEFAULT_LIMITS, fields), str(path), fragment.name))


def _parquet(opened: Any, fragment: Fragment) -> Iterator[Rows]:
    from pyarrow import parquet

    table = parquet.ParquetFile(opened, pre_buffer=False)
    for number in range(*fragment.groups):
        group = table.metadata.row_group(number)
        weight = group.total_byte_size // max(1, group.num_rows)
        size = max(1, min(_BLOCK, _BLOCK_BYTES // max(1, weight)))
        yield from table.iter_batches(batch_size=size, row_groups=[number], use_threads=False)


def _arrow(opened: Any) -> Iterator[Rows]:
    from pyarrow import ipc

    with ipc.open_file(opened) as table:
        for number in range(table.num_record_batches):
            batch = table.get_batch(number)
            for start in range(0, batch.num_rows, _BLOCK):
                yield batch.slice(start, _BLOCK)


@contextmanager
def _local(files: Any, path: str, suffix: str) -> Iterator[Path]:
    """Give a file as a local one: it is fetched where it is not."""
    from pyarrow import fs

    if isinstance(files, fs.LocalFileSystem):
        yield Path(path)
        return
    with tempfile.TemporaryDirectory(prefix="headgate-") as folder:
        copy = Path(folder) / f"fetched{suffix}"
        with files.open_input_stream(path, compression=None) as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target, _PIECE)
        yield copy


def _named(items: Iterator[CorpusItem], path: str, name: str) -> Iterator[CorpusItem]:
    for item in items:
        place = name + item.place.removeprefix(path)
        yield CorpusItem(place, item.chunk, item.problem, item.is_document)


def _blocks(items: Iterator[CorpusItem]) -> Iterator[Sequence[CorpusItem]]:
    block: list[CorpusItem] = []
    weight = 0
    for item in islice(items, None):
        block.append(item)
        weight += len(item.chunk.text) if item.chunk is not None else 0
        if len(block) >= _BLOCK or weight > _BLOCK_BYTES:
            yield block
            block, weight = [], 0
    if block:
        yield block
