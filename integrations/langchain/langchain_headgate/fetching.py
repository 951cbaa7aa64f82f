"""How to get n documents from a retriever of LangChain, and how much of it tracers see."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Hashable, Mapping
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langchain_core.vectorstores import VectorStore, VectorStoreRetriever

from headgate.integration.search import wider_pool
from headgate.integration.tracing import TraceInner, digest_of, id_of
from langchain_headgate.convert import text_of
from langchain_headgate.gating import off_loop
from langchain_headgate.outside import keeps_texts
from langchain_headgate.searching import DEFAULT_K, is_filtered, pools_of
from langchain_headgate.tracing import spans_of
from langchain_headgate.untraced import untraced

__all__ = ["Reach", "afetch", "fetch"]

# Without callbacks, so that nothing is inherited from the chain either.
_SILENT: RunnableConfig = {"callbacks": []}
_COUNT_NAMES = ("k", "top_k")
_METHODS = {
    "similarity": "similarity_search",
    "similarity_score_threshold": "similarity_search_with_relevance_scores",
    "mmr": "max_marginal_relevance_search",
}


class Reach:
    """How a retriever can be asked for a number of documents: by an argument, by a field, or by its `search_kwargs`.

    Made for each question, because what a retriever is asked with may be set at run time.

    Args:
        retriever: the retriever behind the gate.

    Attributes:
        k: how many it returns when it is not told, or None if that is not known.
        is_adjustable: whether it can be asked for another number.
        is_collapsing: whether several hits of its search become one document, as parents of chunks do; then fewer
            documents than asked for do not mean that there are no more.
    """

    def __init__(self, retriever: BaseRetriever) -> None:
        self._retriever = retriever
        self._argument, self._field = _count_names(type(retriever))
        # A field of that name may hold None, or a function of the question.
        if self._field is not None and type(getattr(retriever, self._field)) is not int:
            self._field = None
        is_named = self._argument is not None or self._field is not None
        self._search_kwargs: Mapping[str, Any] | None = None if is_named else _search_kwargs(retriever)
        self._store = getattr(retriever, "vectorstore", None)
        self.k = self._own_k()
        self.is_adjustable = is_named or self._search_kwargs is not None
        self.is_collapsing = self._search_kwargs is not None and keeps_texts(retriever)
        self._found = 0

    def has_pool(self, kwargs: Mapping[str, Any]) -> bool:
        """Return whether fewer documents than asked for need not mean that there are no more."""
        given = {**(self._search_kwargs or {}), **kwargs}
        # A retriever of a class of its own may add a filter while it searches, as a self-querying one does.
        is_plain = self._search_kwargs is None or type(self._retriever) is VectorStoreRetriever
        return not is_plain or bool(self._pools(kwargs)) or is_filtered(given)

    def ask_for(self, count: int, kwargs: dict[str, Any], scale: int = 1) -> tuple[BaseRetriever, dict[str, Any]]:
        """Return the retriever and keyword arguments that ask for `count` documents.

        Args:
            count: how many.
            kwargs: the arguments of the question.
            scale: how many times as many as at first.
        """
        if self._argument is not None:
            return self._retriever, {**kwargs, self._argument: count}
        if self._field is not None:
            # A copy, because others may be asking the same retriever meanwhile.
            return self._retriever.model_copy(update={self._field: count}), kwargs
        if self._search_kwargs is None:
            return self._retriever, kwargs
        # A copy that searches with other arguments: a retriever need not take arguments, nor pass them on.
        wider = {"k": count, **wider_pool(self._pools(kwargs), count, scale)}
        named = {"search_kwargs": {**self._search_kwargs, **wider}}
        return self._retriever.model_copy(update=named), {key: wider.get(key, kwargs[key]) for key in kwargs}

    def counts(self, width: int, wanted: int | None, admitted: int, found: int) -> tuple[int, int]:
        """Return how many documents are admissible, and how many there were, in terms of what was asked for.

        Args:
            width: how many were asked for.
            wanted: how many are wanted.
            admitted: how many of those that came are admissible.
            found: how many came.
        """
        if not self.is_collapsing or wanted is None:
            return admitted, found
        # Where nothing is kept out, nothing has to be made up for; where more came than before, there may be more.
        is_more, self._found = found > self._found, found
        return (wanted if admitted == found else admitted), (width if is_more else found)

    def _own_k(self) -> int | None:
        if self._search_kwargs is not None:
            value = self._search_kwargs.get("k", DEFAULT_K)
        else:
            value = getattr(self._retriever, self._field or self._argument or "k", None)
        return value if type(value) is int and value >= 0 else None

    def _pools(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the pools of candidates of the search that the retriever makes."""
        if self._search_kwargs is None:
            return {}
        search_type = getattr(self._retriever, "search_type", "similarity")
        kind: Any = type(self._store)
        method = _METHODS.get(getattr(search_type, "value", search_type), "")
        return pools_of(_parameters(kind, method), {**self._search_kwargs, **kwargs})


def fetch(
    retriever: BaseRetriever,
    query: str,
    run_manager: CallbackManagerForRetrieverRun,
    arguments: dict[str, Any],
    trace_inner: TraceInner,
) -> Any:
    """Return what a retriever finds, as a run of its own, as a run with digests, or untraced."""
    callbacks = run_manager.get_child()
    if trace_inner == "full":
        return retriever.invoke(query, config={"callbacks": callbacks}, **arguments)
    # Without handlers nobody sees a run, so none is made.
    if trace_inner == "off" or not callbacks.handlers:
        with untraced(callbacks, spans_of(callbacks.handlers, run_manager.run_id)):
            return retriever.invoke(query, config=_SILENT, **arguments)
    run = callbacks.on_retriever_start(None, query, name=retriever.get_name())
    try:
        with untraced(run.get_child(), spans_of(callbacks.handlers, run.run_id)):
            found = retriever.invoke(query, config=_SILENT, **arguments)
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
    callbacks = run_manager.get_child()
    if trace_inner == "full":
        return await retriever.ainvoke(query, config={"callbacks": callbacks}, **arguments)
    if trace_inner == "off" or not callbacks.handlers:
        with untraced(callbacks, spans_of(callbacks.handlers, run_manager.run_id)):
            return await retriever.ainvoke(query, config=_SILENT, **arguments)
    run = await callbacks.on_retriever_start(None, query, name=retriever.get_name())
    try:
        with untraced(run.get_child(), spans_of(callbacks.handlers, run.run_id)):
            found = await retriever.ainvoke(query, config=_SILENT, **arguments)
    except Exception as error:
        await run.on_retriever_error(error)
        raise
    await run.on_retriever_end(await off_loop(found, lambda: _without_texts(found)))
    return found


def _without_texts(found: Any) -> list[Document]:
    """Return documents that say which they were, and nothing of what they hold."""
    # Without metadata, which may quote the text.
    return [
        Document(page_content=digest_of(text_of(document)), id=id_of(getattr(document, "id", None)))
        for document in (found if isinstance(found, (list, tuple)) else ())
        if isinstance(document, Document)
    ]


@functools.lru_cache(maxsize=256)
def _count_names(kind: type[BaseRetriever]) -> tuple[str | None, str | None]:
    """Return the argument, or else the field, by which retrievers of a class are told how many to return."""
    parameters = inspect.signature(kind._get_relevant_documents).parameters
    argument = next((name for name in _COUNT_NAMES if name in parameters), None)
    field = next((name for name in _COUNT_NAMES if name in kind.model_fields), None)
    return argument, None if argument else field


@functools.lru_cache(maxsize=256)
def _parameters(kind: Hashable, name: str) -> Mapping[str, inspect.Parameter]:
    method = getattr(kind, name, None)
    return inspect.signature(method).parameters if method is not None else {}


def _search_kwargs(retriever: BaseRetriever) -> Mapping[str, Any] | None:
    """Return the arguments with which a retriever asks a store for k documents, if it does."""
    found = getattr(retriever, "search_kwargs", None)
    if not isinstance(found, Mapping):
        return None
    is_over_store = isinstance(getattr(retriever, "vectorstore", None), VectorStore)
    return found if "k" in found or is_over_store or isinstance(retriever, VectorStoreRetriever) else None
