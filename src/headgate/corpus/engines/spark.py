"""Kernels on Apache Spark: `mapInArrow`, in whose processes policy, keys and glossaries are loaded once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from headgate.corpus.kernel import Kernel
from headgate.errors import HeadgateError

try:
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
except ImportError as error:
    raise HeadgateError("This needs Spark: pip install 'headgate[spark]'") from error

__all__ = ["map_rows"]


def map_rows(frame: Any, kernel: Kernel) -> Any:
    """Return what a kernel makes of the rows of a frame; nothing runs before the result is asked for.

    Args:
        frame: a `pyspark.sql.DataFrame` of documents, from whichever reader: Parquet, Delta, Iceberg.
        kernel: what is done with them; it is made here and sent to the executors, on which headgate is installed and
            the files that it names are under the same paths.

    Returns:
        A `pyspark.sql.DataFrame` with the columns of `kernel.schema_for(...)`.
    """
    schema = kernel.schema_for(to_arrow_schema(frame.schema))

    def work(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            yield kernel(batch)

    return frame.mapInArrow(work, from_arrow_schema(schema))
