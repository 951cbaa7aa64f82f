"""How to get n documents from a retriever of LangChain, and how much of it tracers see."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any, Literal

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStoreRetriever

__all__ = ["Reach", "TraceInner", "afetch", "fetch"]

TraceInner = Literal["full", "ids", "off"]

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


def fetch(
    retriever: BaseRetriever,
    query: str,
    run_manager: CallbackManagerForRetrieverRun,
    arguments: dict[str, Any],
    trace_inner: TraceInner,
) -> Any:
    """Return what a retriever finds, as a run of its own, as a run with digests, or untraced."""
    if trace_inner == "full":
        return retriever.invoke(query, config={"callbacks": run_manager.get_child()}, **arguments)
    silent = CallbackManagerForRetrieverRun.get_noop_manager()
    given = _arguments(retriever, silent, arguments)
    if trace_inner == "off":
        return retriever._get_relevant_documents(query, **given)
    run = run_manager.get_child().on_retriever_start(None, query, name=retriever.get_name())
    try:
        found = retriever._get_relevant_documents(query, **given)
    except Exception as error:
        run.on_retriever_error(error)
        raise
    run.on_retriever_end(_without_texts(found))
    return found


async def afetch(
    retriever: BaseRetriever,
    query: str,
    run_manager: AsyncCallbackManagerForRetrieverRun,
    arguments: dict[str, Any],
    trace_inner: TraceInner,
) -> Any:
    """As `fetch`."""
    if trace_inner == "full":
        return await retriever.ainvoke(query, config={"callbacks": run_manager.get_child()}, **arguments)
    silent = AsyncCallbackManagerForRetrieverRun.get_noop_manager()
    given = _arguments(retriever, silent, arguments)
    if trace_inner == "off":
        return await retriever._aget_relevant_documents(query, **given)
    run = await run_manager.get_child().on_retriever_start(None, query, name=retriever.get_name())
    try:
        found = await retriever._aget_relevant_documents(query, **given)
    except Exception as error:
        await run.on_retriever_error(error)
        raise
    await run.on_retriever_end(_without_texts(found))
    return found


def _arguments(retriever: BaseRetriever, run_manager: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments that `invoke` would pass on."""
    given = dict(arguments) if retriever._expects_other_args else {}
    return {**given, "run_manager": run_manager} if retriever._new_arg_supported else given


def _without_texts(found: Any) -> list[Document]:
    """Return documents that say which they were, and nothing of what they hold."""
    documents = found if isinstance(found, (list, tuple)) else []
    shown = []
    for document in documents:
        if isinstance(document, Document):
            digest = hashlib.sha256(document.page_content.encode("utf-8", "surrogatepass")).hexdigest()
            shown.append(Document(page_content=f"sha-256:{digest}", id=document.id))
    return shown


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
