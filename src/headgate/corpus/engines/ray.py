"""Kernels on Ray Data: one actor a worker, which loads policy, keys and glossaries once."""

from __future__ import annotations

from typing import Any

from headgate.corpus.kernel import Kernel
from headgate.errors import HeadgateError

try:
    from ray.data import ActorPoolStrategy
except ImportError as error:
    raise HeadgateError("This needs Ray Data: pip install 'headgate[ray]'") from error

__all__ = ["map_rows"]

_BATCH_ROWS = 1_000


def map_rows(
    dataset: Any,
    kernel: Kernel,
    *,
    workers: int | tuple[int, int] | None = None,
    batch_size: int = _BATCH_ROWS,
    **options: Any,
) -> Any:
    """Return what a kernel makes of the rows of a data set; nothing runs before the result is asked for.

    Args:
        dataset: a `ray.data.Dataset` of documents.
        kernel: what is done with them; it is made here and sent to the actors, on which headgate is installed and the
            files that it names are under the same paths.
        workers: how many actors there are, or how few and how many; by default at least one. Each takes a core, and the
            tasks that read need one too.
        batch_size: how many rows an actor is given at once.
        options: further ones of `Dataset.map_batches`, such as `num_cpus`.

    Returns:
        A `ray.data.Dataset` with the columns of `kernel.schema_for(...)`.
    """
    return dataset.map_batches(
        _Worker,
        fn_constructor_args=(kernel,),
        batch_format="pyarrow",
        batch_size=batch_size,
        zero_copy_batch=True,
        compute=_pool(workers),
        **options,
    )


def _pool(workers: int | tuple[int, int] | None) -> Any:
    if workers is None:
        return ActorPoolStrategy(min_size=1)
    least, most = (workers, workers) if isinstance(workers, int) else workers
    return ActorPoolStrategy(min_size=least, max_size=most)


class _Worker:
    """An actor, which keeps what its kernel has loaded."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, rows: Any) -> Any:
        return self._kernel(rows)
