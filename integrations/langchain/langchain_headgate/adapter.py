"""How `headgate.guard` finds this package, and `guard` itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore

from headgate import AdapterError, Chunk, Gate
from headgate.integration.adapters import PolicyLike, as_gate
from headgate.integration.backfilling import StoredIndex, StoredRow
from langchain_headgate.convert import to_chunk
from langchain_headgate.runnables import guard_runnable, is_retrieving
from langchain_headgate.vectorstore import GatedVectorStore

__all__ = ["LangChainAdapter", "guard"]

T = TypeVar("T")


class LangChainAdapter:
    """Guards LangChain's retrievers and vector stores."""

    name = "langchain"

    def accepts(self, target: object) -> bool:
        """Return whether `target` is a vector store or a retriever of LangChain, also one with settings around it."""
        return isinstance(target, VectorStore) or is_retrieving(target)

    def guard(self, target: Any, gate: Gate) -> Any:
        """Return the gated form of a retriever or vector store."""
        return GatedVectorStore(target, gate) if isinstance(target, VectorStore) else guard_runnable(target, gate)

    def documents(self, chunks: Sequence[Chunk]) -> list[Document]:
        """Return chunks as documents."""
        return [Document(page_content=c.text, metadata=dict(c.metadata), id=c.id) for c in chunks]

    def retrieve(self, target: Any, question: str) -> list[Chunk]:
        """Return what a retriever, or the similarity search of a vector store, finds."""
        retriever = target.as_retriever() if isinstance(target, VectorStore) else target
        return [to_chunk(document) for document in retriever.invoke(question)]

    def observe(self, target: Any, question: str) -> list[Chunk] | None:
        """Return what `target` retrieves for a question, before any gate; None for an object of another framework."""
        # Here, because only commands need it.
        from langchain_headgate.observing import observe, retrieves

        return observe(target, question) if retrieves(target) else None

    def watched(self) -> AbstractContextManager[Callable[[], list[Chunk]]]:
        """Watch what is retrieved, with every gate in observation; the function returns what has been retrieved."""
        from langchain_headgate.observing import watched

        return watched()

    def prober(self, target: object) -> Any:
        """Return what `headgate doctor` needs to prove a chain, or None for an object of another framework."""
        # Here, because only a proof needs it.
        from langchain_headgate.doctor import LangChainProbe

        return LangChainProbe(target) if LangChainProbe.accepts(target) else None

    def reader(self, target: object) -> Any:
        """Return what `headgate doctor` needs of this framework to prove a chain of any other, or a function."""
        from langchain_headgate.doctor import LangChainProbe

        return LangChainProbe(target)

    def stored_index(self, target: object) -> StoredIndex | None:
        """Return the rows of a store, for `headgate backfill`; None for an object that is none."""
        from langchain_headgate.stored import stored_index

        return stored_index(target)

    def stored_row(self, document: object) -> StoredRow | None:
        """Return a document as a row of an index; None for an object that is none."""
        return StoredRow(document.id or "", to_chunk(document)) if isinstance(document, Document) else None

    def open_index(self, place: str, collection: str | None) -> StoredIndex | None:
        """Return the rows of a store by its folder or address; None for a place that is none."""
        from langchain_headgate.stored import open_index

        return open_index(place, collection)


def guard(target: T, policy: PolicyLike = None) -> T:
    """Put the gate behind a LangChain retriever or vector store.

    Args:
        target: a `BaseRetriever`, also with `configurable_fields`, `bind`, `with_config`, `with_retry` or
            `with_fallbacks`, or a `VectorStore`.
        policy: a gate, a policy, or the path of a policy file. Without one the gate runs in audit mode.

    Returns:
        A retriever, or a vector store; what it returns has passed the gate.

    Raises:
        AdapterError: it is neither.
        PolicyError: the policy cannot be used.
    """
    adapter = LangChainAdapter()
    if not adapter.accepts(target):
        raise AdapterError(
            f"{type(target).__name__} is neither a retriever nor a vector store of LangChain. Guard the retriever "
            "before it goes into the chain, or use `retriever | gate_documents(policy)`."
        )
    guarded: T = adapter.guard(target, as_gate(policy))
    return guarded
