"""GatedVectorStore: a vector store whose search methods come back gated."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)
from langchain_core.vectorstores import VectorStore

from headgate import AdapterError, Admission, Gate, HeadgateError
from headgate.integration.returns import looked_at, without_texts
from headgate.integration.surface import Proxy, is_harmless_method, is_reading, is_setting, refuse
from langchain_headgate.comparing import as_part, released
from langchain_headgate.convert import by_index
from langchain_headgate.gating import aadmit_documents, admit_documents, off_loop
from langchain_headgate.outside import refuse_lookups
from langchain_headgate.reading import refusal_of_store
from langchain_headgate.searching import SearchCall
from langchain_headgate.tracing import arecord, record
from langchain_headgate.unpacking import Unpacked, unpack
from langchain_headgate.values import is_textless

__all__ = ["GatedVectorStore"]

T = TypeVar("T")

_STORE, _GATE, _LOOKED = "_headgate_store", "_headgate_gate", "_headgate_is_looked_through"


class GatedVectorStore(Proxy, VectorStore):
    """A vector store behind the gate; for `isinstance` also a store of the class that is behind it.

    Every method that searches, with and without scores, synchronous and asynchronous, returns admissible documents
    only, k of them where the store has them. `as_retriever` works as ever. Adding and deleting pass through. What is
    neither, and private attributes, raise in enforce mode; `ungated` is the explicit way around.

    Args:
        store: the vector store behind the gate.
        gate: the gate.

    Raises:
        AdapterError: the store is of a class of its own that has a model, which would read what it finds.
    """

    def __init__(self, store: VectorStore, gate: Gate) -> None:
        # Not by attributes of plain names: a store may have such private ones itself.
        self.__dict__.update({_STORE: store, _GATE: gate, _LOOKED: False})
        self._require_no_reader()

    def _wrapped(self) -> VectorStore | None:
        return self.__dict__.get(_STORE)

    def _require_no_reader(self) -> None:
        # At every search as well: a policy that only recorded may be loaded again, and enforce.
        if self.__dict__.get(_LOOKED) or not self.gate.keeps_out:
            return
        refusal = refusal_of_store(self.ungated)
        if refusal is not None:
            raise AdapterError(refusal)
        self.__dict__[_LOOKED] = True

    def _kept(self, name: str) -> Any:
        try:
            return self.__dict__[name]
        except KeyError:
            raise AdapterError("A guarded store is made by guard(store, policy), and of nothing else.") from None

    @property
    def ungated(self) -> VectorStore:
        """The store behind the gate: what it returns has not been judged."""
        store: VectorStore = self._kept(_STORE)
        return store

    @property
    def gate(self) -> Gate:
        """The gate."""
        gate: Gate = self._kept(_GATE)
        return gate

    @property
    def embeddings(self) -> Embeddings | None:
        """The embeddings of the store behind the gate; None where it has something else under that name."""
        embeddings = self.ungated.embeddings
        # Many are none by their class, and have the methods.
        embeds = isinstance(embeddings, Embeddings) or callable(getattr(embeddings, "embed_query", None))
        return embeddings if embeds or not self.gate.keeps_out else None

    def add_texts(self, texts: Any, metadatas: list[dict[Any, Any]] | None = None, **kwargs: Any) -> list[str]:
        """Add texts to the store behind the gate."""
        ids = self.ungated.add_texts(texts, metadatas, **kwargs)
        return self._written("add_texts", ids, (texts, metadatas, kwargs))

    async def aadd_texts(self, texts: Any, metadatas: list[dict[Any, Any]] | None = None, **kwargs: Any) -> list[str]:
        """Add texts to the store behind the gate."""
        ids = await self.ungated.aadd_texts(texts, metadatas, **kwargs)
        return self._written("aadd_texts", ids, (texts, metadatas, kwargs))

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add documents to the store behind the gate."""
        ids = self.ungated.add_documents(documents, **kwargs)
        return self._written("add_documents", ids, (documents, kwargs))

    async def aadd_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add documents to the store behind the gate."""
        ids = await self.ungated.aadd_documents(documents, **kwargs)
        return self._written("aadd_documents", ids, (documents, kwargs))

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Delete from the store behind the gate."""
        return self._written("delete", self.ungated.delete(ids, **kwargs), (ids, kwargs))

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Delete from the store behind the gate."""
        return self._written("adelete", await self.ungated.adelete(ids, **kwargs), (ids, kwargs))

    # The arguments below are the store's own, so they are passed on as they come: some stores have other defaults, and
    # more parameters, than LangChain's base class.

    def get_by_ids(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the admissible ones among the documents of these ids."""
        return self._rows("get_by_ids", args, kwargs)

    async def aget_by_ids(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the admissible ones among the documents of these ids."""
        return await self._arows("aget_by_ids", args, kwargs)

    def similarity_search(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the k best admissible documents for a query."""
        return self._rows("similarity_search", args, kwargs)

    async def asimilarity_search(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the k best admissible documents for a query."""
        return await self._arows("asimilarity_search", args, kwargs)

    def similarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        """Return the k best admissible documents for a query, each with its score."""
        return self._rows("similarity_search_with_score", args, kwargs)

    async def asimilarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        """Return the k best admissible documents for a query, each with its score."""
        return await self._arows("asimilarity_search_with_score", args, kwargs)

    def similarity_search_with_relevance_scores(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        """Return the k best admissible documents for a query, each with its relevance from 0 to 1."""
        return self._rows("similarity_search_with_relevance_scores", args, kwargs)

    async def asimilarity_search_with_relevance_scores(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        """Return the k best admissible documents for a query, each with its relevance from 0 to 1."""
        return await self._arows("asimilarity_search_with_relevance_scores", args, kwargs)

    def similarity_search_by_vector(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the k best admissible documents for an embedding."""
        return self._rows("similarity_search_by_vector", args, kwargs)

    async def asimilarity_search_by_vector(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the k best admissible documents for an embedding."""
        return await self._arows("asimilarity_search_by_vector", args, kwargs)

    def max_marginal_relevance_search(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return k admissible documents for a query that are relevant and unlike each other."""
        return self._rows("max_marginal_relevance_search", args, kwargs)

    async def amax_marginal_relevance_search(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return k admissible documents for a query that are relevant and unlike each other."""
        return await self._arows("amax_marginal_relevance_search", args, kwargs)

    def max_marginal_relevance_search_by_vector(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return k admissible documents for an embedding that are relevant and unlike each other."""
        return self._rows("max_marginal_relevance_search_by_vector", args, kwargs)

    async def amax_marginal_relevance_search_by_vector(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return k admissible documents for an embedding that are relevant and unlike each other."""
        return await self._arows("amax_marginal_relevance_search_by_vector", args, kwargs)

    def search(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the k best admissible documents for a query, by a type of search."""
        if _is_overridden(self.ungated, "search"):
            return self._rows("search", args, kwargs)
        # The base class calls the methods above, which fill up to k.
        return super().search(*args, **kwargs)

    async def asearch(self, *args: Any, **kwargs: Any) -> list[Document]:
        """Return the k best admissible documents for a query, by a type of search."""
        if _is_overridden(self.ungated, "asearch"):
            return await self._arows("asearch", args, kwargs)
        return await super().asearch(*args, **kwargs)

    def as_retriever(self, **kwargs: Any) -> Any:
        """Return a retriever over this store; a store that has a retriever of its own gets that one, guarded."""
        if not _is_overridden(self.ungated, "as_retriever"):
            return super().as_retriever(**kwargs)
        # Here, because that module guards stores as well.
        from langchain_headgate.retriever import GatedRetriever

        retriever: BaseRetriever = self.ungated.as_retriever(**kwargs)
        return GatedRetriever(retriever=retriever, policy=self.gate)

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> GatedVectorStore:  # noqa: ARG003 - the base's signature
        """Not available: a gate needs a store that exists."""
        raise HeadgateError("Build the vector store first, then call guard(vector_store, policy).")

    def _written(self, name: str, result: T, given: object) -> T:
        """Return what a writing method returned, without what may be stored."""
        kept: T = without_texts(self.ungated, name, result, given) if self.gate.keeps_out else result
        return kept

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return self.ungated._select_relevance_score_fn()

    def _rows(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        rows: list[Any] = self._search(name, args, kwargs)
        return rows

    async def _arows(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        rows: list[Any] = await self._asearch(name, args, kwargs)
        return rows

    def _search(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._require_no_reader()
        refuse_lookups(self.gate)
        call = SearchCall(self.ungated, name, args, kwargs, widens=self.gate.keeps_out)
        answer = _Answer(None)
        for width in call.search:
            with call.search.attempt():
                given, named = _reworded(self.gate, *call.arguments(width))
                latest = self._answer(call.method(*given, **named), name)
                latest.judged = admit_documents(self.gate, latest.documents, call.query)
                call.search.succeeded(len(latest.judged.chunks), len(latest.documents))
                answer = latest
        if answer.judged is None:
            return []
        # A search has no callbacks of its own; inside a chain or a tool, those of its run are in the context.
        callbacks = get_callback_manager_for_config(ensure_config())
        return self._released(answer, record(self.gate, answer.limited_to(call), callbacks))

    async def _asearch(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._require_no_reader()
        refuse_lookups(self.gate)
        call = SearchCall(self.ungated, name, args, kwargs, widens=self.gate.keeps_out)
        answer = _Answer(None)
        for width in call.search:
            with call.search.attempt():
                given, named = _reworded(self.gate, *call.arguments(width))
                result = await call.method(*given, **named)
                latest = await off_loop(result, functools.partial(self._answer, result, name))
                latest.judged = await aadmit_documents(self.gate, latest.documents, call.query)
                call.search.succeeded(len(latest.judged.chunks), len(latest.documents))
                answer = latest
        if answer.judged is None:
            return []
        callbacks = get_async_callback_manager_for_config(ensure_config())
        return self._released(answer, await arecord(self.gate, answer.limited_to(call), callbacks))

    def _released(self, answer: _Answer, admission: Admission) -> Any:
        admitted = by_index(answer.documents, as_part(self.gate, admission))
        released(self.gate, admitted, answer.documents, admission)
        return answer.repacked(admitted)

    def _answer(self, result: Any, name: str) -> _Answer:
        """Return the documents in what a method of the store returned.

        Raises:
            AdapterError: it holds something that cannot be judged.
        """
        keeps_rest = not self.gate.keeps_out
        if isinstance(result, (Iterator, set, frozenset)):
            result = list(result)  # what can be read only once, or has no order
        unpacked = unpack(result, keeps_rest=keeps_rest)
        if unpacked is None and not is_textless(result) and not keeps_rest:
            raise refuse(self.ungated, name)
        return _Answer(result, unpacked)

    def __getattr__(self, name: str) -> Any:
        # While a copy is being made, there is no store yet to ask.
        if name.startswith("__") or self._wrapped() is None:
            raise AttributeError(name)
        value = getattr(self.ungated, name)
        if callable(value) and is_reading(name):
            return self._judging(name, value)
        if not self.gate.keeps_out or is_setting(self.ungated, name, value, (Embeddings,)):
            return value
        if callable(value) and is_harmless_method(name):
            return looked_at(self.ungated, name, value)
        raise refuse(self.ungated, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[_LOOKED] = False
        setattr(self.ungated, name, value)

    def _judging(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method of the store's own, with its result judged."""
        if inspect.iscoroutinefunction(method):

            @functools.wraps(method)
            async def ajudged(*args: Any, **kwargs: Any) -> Any:
                return await self._asearch(name, args, kwargs)

            return ajudged

        @functools.wraps(method)
        def judged(*args: Any, **kwargs: Any) -> Any:
            return self._search(name, args, kwargs)

        return judged


class _Answer:
    """What one call of a store's method returned."""

    def __init__(self, result: Any, unpacked: Unpacked | None = None) -> None:
        self._result = result
        self._unpacked = unpacked
        self.documents: Sequence[Document] = unpacked.documents if unpacked is not None else ()
        self.judged: Admission | None = None

    def limited_to(self, call: SearchCall) -> Admission:
        if self.judged is None:
            raise AdapterError("A search without an answer has nothing to release.")
        judged = replace(self.judged, shortfall=call.search.shortfall)
        return judged.limited_to(call.k) if call.k is not None and call.k >= 0 else judged

    def repacked(self, admitted: dict[int, Document]) -> Any:
        """Return the admissible part of the result, in the form in which it came."""
        return self._result if self._unpacked is None else self._unpacked.repack(admitted)


def _is_overridden(store: VectorStore, name: str) -> bool:
    return getattr(type(store), name, None) is not getattr(VectorStore, name)


def _reworded(gate: Gate, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a search with its question in the words that the policy puts it in."""
    if args and isinstance(args[0], str):
        return (gate.reworded(args[0]), *args[1:]), kwargs
    if isinstance(kwargs.get("query"), str):
        return args, {**kwargs, "query": gate.reworded(kwargs["query"])}
    return args, kwargs
