"""How to get n nodes from a retriever of LlamaIndex."""

from __future__ import annotations

import copy
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever

from headgate.integration.search import POOLS, wider_pool

__all__ = ["Reach"]

_COUNT_NAMES = ("similarity_top_k", "_similarity_top_k", "top_k")
_MODE = "_vector_store_query_mode"
# In these modes a search returns as many nodes as one of its pools holds, where that is set.
_COUNTED_BY = {"hybrid": "_hybrid_top_k", "sparse": "_sparse_top_k"}
_FIELDS = ("_sparse_top_k", "_hybrid_top_k")
_ARGUMENTS = "_kwargs"  # what a retriever passes on to its vector store


class Reach:
    """How a retriever can be asked for a number of nodes: by a field, and by the pools that its store chooses from.

    Made for each question, because what a retriever is asked with may be set at run time.

    Args:
        retriever: the retriever behind the gate; it is never changed.

    Attributes:
        k: how many it returns when it is not told, or None if that is not known.
        is_adjustable: whether it can be asked for another number.
        has_pool: whether fewer nodes than asked for need not mean that there are no more.
    """

    def __init__(self, retriever: BaseRetriever) -> None:
        self._retriever = retriever
        kept = vars(retriever)
        # By type: a retriever may have the name and hold None, or a function, under it.
        self._field = next((name for name in _COUNT_NAMES if type(getattr(retriever, name, None)) is int), None)
        self._pools = {name: kept[name] for name in _FIELDS if type(kept.get(name)) is int}
        given = kept.get(_ARGUMENTS)
        self._arguments = given if isinstance(given, dict) else {}
        self._in_arguments = {name: self._arguments[name] for name in POOLS if name in self._arguments}
        self.k = self._own_k()
        self.is_adjustable = self._field is not None
        self.has_pool = bool(self._pools or self._in_arguments) or kept.get("_filters") is not None

    def ask_for(self, count: int, scale: int = 1) -> BaseRetriever:
        """Return a retriever that returns `count` nodes: a copy, because others may be using the same one meanwhile.

        Args:
            count: how many; 0 for as many as it would.
            scale: how many times as many as at first.
        """
        if self._field is None or not count:
            return self._retriever
        other: Any = copy.copy(self._retriever)
        own = getattr(other, self._field)
        # Where a pool says how many come back, the number of neighbours is a pool as well.
        setattr(other, self._field, max(own, count) if self._pools else count)
        for name, size in wider_pool(self._pools, count, scale).items():
            setattr(other, name, size)
        if self._in_arguments:
            setattr(other, _ARGUMENTS, {**self._arguments, **wider_pool(self._in_arguments, count, scale)})
        return other  # type: ignore[no-any-return]

    def _own_k(self) -> int | None:
        mode = getattr(self._retriever, _MODE, None)
        counted: int | None = self._pools.get(_COUNTED_BY.get(getattr(mode, "value", ""), ""))
        if counted is not None:
            return counted
        k: int | None = getattr(self._retriever, self._field) if self._field is not None else None
        return k
