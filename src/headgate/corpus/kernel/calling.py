"""What all kernels have in common: what they are called with, and what they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from headgate.errors import HeadgateError

try:
    import pyarrow
except ImportError as error:
    raise HeadgateError("Work on tables needs pyarrow: pip install 'headgate[parquet]'") from error

__all__ = ["Kernel"]


class Kernel(ABC):
    """Work on the rows of a corpus.

    An instance can be pickled, and loads nothing heavy until it is called.
    """

    @abstractmethod
    def schema_for(self, rows: Any) -> Any:
        """Return the `pyarrow.Schema` of what comes back.

        Args:
            rows: the `pyarrow.Schema` of what is given.
        """

    @abstractmethod
    def _work(self, batch: Any) -> Any:
        """Return the rows that come of a batch."""

    def __call__(self, rows: Any) -> Any:
        """Return what comes of some rows: a record batch for a record batch, a table for a table.

        Args:
            rows: a `pyarrow.RecordBatch` or `pyarrow.Table`, with the columns that `headgate.corpus.rows.read_rows`
                reads.

        Raises:
            HeadgateError: the columns cannot be read as documents at all, or what the kernel names cannot be loaded.
        """
        try:
            if isinstance(rows, pyarrow.Table):
                batches = [self._work(batch) for batch in rows.to_batches()]
                return pyarrow.Table.from_batches(batches, schema=self.schema_for(rows.schema))
            return self._work(rows)
        except ValueError as error:
            raise HeadgateError(f"the table cannot be read as documents: {error}.") from error
