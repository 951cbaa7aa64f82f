"""What all kernels have in common: what they are called with, and what they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from headgate.corpus.item import CorpusItem
from headgate.corpus.records import NO_FIELDS, Fields
from headgate.corpus.rows import read_rows
from headgate.encoding import encodable, replace_surrogates, to_json
from headgate.errors import HeadgateError

try:
    import pyarrow
except ImportError as error:
    raise HeadgateError("Work on tables needs pyarrow: pip install 'headgate[parquet]'") from error

__all__ = ["Kernel", "batch_of"]

_PLAIN = pyarrow.schema([("id", pyarrow.string()), ("text", pyarrow.string()), ("metadata", pyarrow.string())])


class Kernel(ABC):
    """Work on the rows of a corpus.

    An instance can be pickled, and loads nothing heavy until it is called.

    Attributes:
        fields: which columns are the text, and metadata under other names.
    """

    fields: Fields = NO_FIELDS

    @abstractmethod
    def schema_for(self, rows: Any) -> Any:
        """Return the `pyarrow.Schema` of what comes back.

        Args:
            rows: the `pyarrow.Schema` of what is given.
        """

    @abstractmethod
    def about(self) -> Mapping[str, object]:
        """Return all that the results depend on beside the rows, as plain values."""

    @abstractmethod
    def _make(self, items: Sequence[CorpusItem], batch: Any) -> Any:
        """Return the rows that come of the documents of a batch."""

    def __call__(self, rows: Any) -> Any:
        """Return what comes of some rows: a record batch for a record batch, a table for a table.

        Args:
            rows: a `pyarrow.RecordBatch` or `pyarrow.Table`, with the columns that `headgate.corpus.rows.read_rows`
                reads.

        Raises:
            HeadgateError: the columns cannot be read as documents at all, or what the kernel names cannot be loaded.
        """
        if isinstance(rows, pyarrow.Table):
            batches = [self(batch) for batch in rows.to_batches()]
            return pyarrow.Table.from_batches(batches, schema=self.schema_for(rows.schema))
        try:
            items = list(read_rows(rows, fields=self.fields))
        except ValueError as error:
            raise HeadgateError(f"the table cannot be read as documents: {error}.") from error
        return self._make(items, rows)

    def stream(self, blocks: Iterable[tuple[Sequence[CorpusItem], Any]]) -> Iterator[Any]:
        """Yield what comes of the blocks of one fragment of a corpus, as record batches.

        Args:
            blocks: the documents of each block, and the record batch that they are the rows of, or None where they
                were read from something else.
        """
        for items, batch in blocks:
            yield self._make(items, batch_of(items) if batch is None else batch)


def batch_of(items: Sequence[CorpusItem]) -> Any:
    """Return documents as a record batch that `read_rows` reads as the same documents; an unread one is nulls.

    Arrow holds no lone surrogate: it is replaced, so that one document does not spoil the others.
    """
    chunks = [item.chunk for item in items]
    columns = [
        [chunk and encodable(chunk.id) for chunk in chunks],
        [chunk and replace_surrogates(chunk.text) for chunk in chunks],
        [None if chunk is None else to_json(dict(chunk.metadata)) for chunk in chunks],
    ]
    arrays = [pyarrow.array(column, pyarrow.string()) for column in columns]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=_PLAIN)
