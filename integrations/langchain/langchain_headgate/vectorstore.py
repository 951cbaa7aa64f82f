"""GatedVectorStore: a vector store whose search methods come back gated."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.runnables.config import ensure_config, get_callback_manager_for_config
from langchain_core.vectorstores import VectorStore

from headgate import Gate, HeadgateError
from headgate.integration.search import Widening
from langchain_headgate.convert import to_documents
from langchain_headgate.gating import admit_documents
from langchain_headgate.tracing import record

__all__ = ["GatedVectorStore"]

_DEFAULT_K = 4
_OVERFETCH = 2
_MAX_FETCH = 200
_SEARCHES = (
    "similarity_search",
    "similarity_search_with_score",
    "similarity_search_with_relevance_scores",
    "similarity_search_by_vector",
    "max_marginal_relevance_search",
    "max_marginal_relevance_search_by_vector",
)


class GatedVectorStore(VectorStore):
    """A vector store behind the gate.

    Every method that searches, with and without scores, synchronous and asynchronous, returns admissible documents
    only, k of them where the store has them. `as_retriever` works as ever. Adding and deleting pass through.

    Args:
        store: the vector store behind the gate.
        gate: the gate.
    """

    def __init__(self, store: VectorStore, gate: Gate) -> None:
        self.store = store
        self.gate = gate

    @property
    def embeddings(self) -> Embeddings | None:
        """The embeddings of the store behind the gate."""
        return self.store.embeddings

    def add_texts(self, texts: Any, metadatas: list[dict[Any, Any]] | None = None, **kwargs: Any) -> list[str]:
        """Add texts to the store behind the gate."""
        return self.store.add_texts(texts, metadatas, **kwargs)

    async def aadd_texts(self, texts: Any, metadatas: list[dict[Any, Any]] | None = None, **kwargs: Any) -> list[str]:
        """Add texts to the store behind the gate."""
        return await self.store.aadd_texts(texts, metadatas, **kwargs)

    def add_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add documents to the store behind the gate."""
        return self.store.add_documents(documents, **kwargs)

    async def aadd_documents(self, documents: list[Document], **kwargs: Any) -> list[str]:
        """Add documents to the store behind the gate."""
        return await self.store.aadd_documents(documents, **kwargs)

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Delete from the store behind the gate."""
        return self.store.delete(ids, **kwargs)

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool | None:
        """Delete from the store behind the gate."""
        return await self.store.adelete(ids, **kwargs)

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return the admissible ones among the documents of these ids."""
        found: list[Document] = _Judged(self.gate, self.store.get_by_ids(ids), None, None).release()
        return found

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return the admissible ones among the documents of these ids."""
        found: list[Document] = _Judged(self.gate, await self.store.aget_by_ids(ids), None, None).release()
        return found

    # The abstract methods are named here for the type checker; `_install` replaces them with all the others.
    def similarity_search(self, query: str, k: int = _DEFAULT_K, **kwargs: Any) -> list[Document]:
        """Return the k best admissible documents for a query."""
        raise NotImplementedError

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> GatedVectorStore:  # noqa: ARG003 - the base's signature
        """Not available: a gate needs a store that exists."""
        raise HeadgateError("Build the vector store first, then call guard(vector_store, policy).")

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return self.store._select_relevance_score_fn()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("store", "gate"):
            raise AttributeError(name)
        value = getattr(self.store, name)
        # A store's own search methods must not lead around the gate.
        if callable(value) and "search" in name and not name.startswith("_"):
            return _gated(self, value)
        return value


def _gated(gated: GatedVectorStore, method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def asearch(*args: Any, **kwargs: Any) -> Any:
            call = _Call(signature, args, kwargs)
            judged: _Judged | None = None
            while (width := call.plan.width) is not None:
                try:
                    result = await method(*call.args(width), **call.kwargs(width))
                except Exception:
                    if not call.plan.failed():
                        raise
                    continue
                judged = call.judge(gated.gate, result)
            return judged.release() if judged is not None else []

        return asearch

    @functools.wraps(method)
    def search(*args: Any, **kwargs: Any) -> Any:
        call = _Call(signature, args, kwargs)
        judged: _Judged | None = None
        while (width := call.plan.width) is not None:
            try:
                result = method(*call.args(width), **call.kwargs(width))
            except Exception:
                if not call.plan.failed():
                    raise
                continue
            judged = call.judge(gated.gate, result)
        return judged.release() if judged is not None else []

    return search


class _Call:
    """A search, and how to repeat it until it has given k admissible documents."""

    def __init__(self, signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._names = list(signature.parameters)
        self._args, self._kwargs = args, kwargs
        first = args[0] if args else kwargs.get("query")
        self.query = first if isinstance(first, str) else None
        position = self._names.index("k") if "k" in self._names else None
        if "k" in kwargs:
            k = kwargs["k"]
        elif position is not None and position < len(args):
            k = args[position]
        else:
            k = signature.parameters["k"].default if position is not None else None
        takes_k = position is not None or "k" in kwargs
        self.k = k if type(k) is int and takes_k else None
        self._position = position
        # A k that is no count is for the store to refuse.
        wanted = self.k if self.k is not None and self.k > 0 else None
        self.plan = Widening(wanted, first=_OVERFETCH, limit=_MAX_FETCH)

    def args(self, width: int) -> tuple[Any, ...]:
        if width and self._position is not None and self._position < len(self._args):
            return (*self._args[: self._position], width, *self._args[self._position + 1 :])
        return self._args

    def kwargs(self, width: int) -> dict[str, Any]:
        kwargs = dict(self._kwargs)
        if not width:
            return kwargs
        if self._position is None or self._position >= len(self._args):
            kwargs["k"] = width
        pool = kwargs.get("fetch_k")
        if (pool is None and "fetch_k" in self._names and width > 20) or (type(pool) is int and pool < width):
            kwargs["fetch_k"] = width
        return kwargs

    def judge(self, gate: Gate, result: Any) -> _Judged:
        """Return the judged result, and take note of whether it is worth asking for more."""
        judged = _Judged(gate, result, self.query, self.k)
        self.plan.succeeded(len(judged.admission.chunks), len(judged.rows))
        return judged


class _Judged:
    """A search result, documents or tuples that begin with one, and what the gate says about it."""

    def __init__(self, gate: Gate, result: Any, query: str | None, k: int | None) -> None:
        self._gate = gate
        self.rows = list(result)
        self._documents = [row[0] if isinstance(row, tuple) and row else row for row in self.rows]
        odd = next((document for document in self._documents if not isinstance(document, Document)), None)
        if odd is not None:
            raise HeadgateError(f"The search returned {type(odd).__name__}, where headgate expects Document.")
        admission = admit_documents(gate, self._documents, query)
        self.admission = admission.limited_to(k) if k is not None and k >= 0 else admission

    def release(self) -> Any:
        """Record the admission and return the admissible part of the result, in the form it came in."""
        # A search has no callbacks of its own; inside a chain or a tool, those of its run are in the context.
        admission = record(self._gate, self.admission, get_callback_manager_for_config(ensure_config()))
        kept = [decision.index for decision in admission.decisions if decision.admitted]
        released = to_documents(self._documents, admission)
        return [
            (document, *self.rows[index][1:]) if isinstance(self.rows[index], tuple) else document
            for index, document in zip(kept, released, strict=True)
        ]


def _install(name: str) -> None:
    base = getattr(VectorStore, name)

    if inspect.iscoroutinefunction(base):

        async def asearch(self: GatedVectorStore, *args: Any, **kwargs: Any) -> Any:
            return await _gated(self, getattr(self.store, name))(*args, **kwargs)

        setattr(GatedVectorStore, name, functools.wraps(base)(asearch))
        return

    def search(self: GatedVectorStore, *args: Any, **kwargs: Any) -> Any:
        return _gated(self, getattr(self.store, name))(*args, **kwargs)

    setattr(GatedVectorStore, name, functools.wraps(base)(search))


for _name in _SEARCHES:
    _install(_name)
    _install(f"a{_name}")
GatedVectorStore.__abstractmethods__ = frozenset()
