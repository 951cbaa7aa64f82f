"""How to get n documents from a retriever of LangChain."""

from __future__ import annotations

import inspect
from typing import Any

from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStoreRetriever

__all__ = ["Reach"]

_DEFAULT_K = 4  # what LangChain's vector stores return when nobody says otherwise
_COUNT_NAMES = ("k", "top_k")


class Reach:
    """How a retriever can be asked for a number of documents.

    Args:
        retriever: the retriever behind the gate.

    Attributes:
        k: how many it returns when it is not told, or None if that is not known.
        is_adjustable: whether it can be asked for another number.
    """

    def __init__(self, retriever: BaseRetriever) -> None:
        self._retriever = retriever
        self._argument = _count_argument(retriever)
        self._field = None if self._argument else _count_field(retriever)
        self.is_adjustable = self._argument is not None or self._field is not None
        self.k = self._own_k()

    def ask_for(self, count: int, kwargs: dict[str, Any]) -> tuple[BaseRetriever, dict[str, Any]]:
        """Return the retriever and keyword arguments that ask for `count` documents."""
        if self._argument is not None:
            return self._retriever, {**kwargs, self._argument: count, **self._wider_pool(count, kwargs)}
        if self._field is not None:
            return self._retriever.model_copy(update={self._field: count}), kwargs
        return self._retriever, kwargs

    def _own_k(self) -> int | None:
        if isinstance(self._retriever, VectorStoreRetriever):
            value = self._retriever.search_kwargs.get("k", _DEFAULT_K)
        else:
            value = getattr(self._retriever, self._field or self._argument or "k", None)
        return value if type(value) is int and value >= 0 else None

    def _wider_pool(self, count: int, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Stores that pick from a pool (`fetch_k`) return no more than the pool holds."""
        if not isinstance(self._retriever, VectorStoreRetriever):
            return {}
        merged = {**self._retriever.search_kwargs, **kwargs}
        pool = merged.get("fetch_k", 20 if self._retriever.search_type == "mmr" else None)
        return {"fetch_k": count} if type(pool) is int and pool < count else {}


def _count_argument(retriever: BaseRetriever) -> str | None:
    if isinstance(retriever, VectorStoreRetriever):
        return "k"
    parameters = inspect.signature(type(retriever)._get_relevant_documents).parameters
    return next((name for name in _COUNT_NAMES if name in parameters), None)


def _count_field(retriever: BaseRetriever) -> str | None:
    fields = type(retriever).model_fields
    return next(
        (name for name in _COUNT_NAMES if name in fields and type(getattr(retriever, name, None)) is int),
        None,
    )
