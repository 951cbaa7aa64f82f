"""How `headgate.guard` finds this package, and `guard` itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore

from headgate import AdapterError, Chunk, Gate
from headgate.integration.adapters import PolicyLike, as_gate
from langchain_headgate.convert import to_chunk
from langchain_headgate.retriever import GatedRetriever
from langchain_headgate.vectorstore import GatedVectorStore

__all__ = ["LangChainAdapter", "guard"]

T = TypeVar("T")


class LangChainAdapter:
    """Guards LangChain's retrievers and vector stores."""

    name = "langchain"

    def accepts(self, target: object) -> bool:
        """Return whether `target` is a retriever or vector store of LangChain."""
        return isinstance(target, (BaseRetriever, VectorStore))

    def guard(self, target: Any, gate: Gate) -> Any:
        """Return the gated form of a retriever or vector store."""
        if isinstance(target, BaseRetriever):
            return GatedRetriever(retriever=target, policy=gate, tags=target.tags, metadata=target.metadata)
        return GatedVectorStore(target, gate)

    def documents(self, chunks: Sequence[Chunk]) -> list[Document]:
        """Return chunks as documents."""
        return [Document(page_content=c.text, metadata=dict(c.metadata), id=c.id) for c in chunks]

    def retrieve(self, target: Any, question: str) -> list[Chunk]:
        """Return what a retriever, or the similarity search of a vector store, finds."""
        retriever = target if isinstance(target, BaseRetriever) else target.as_retriever()
        return [to_chunk(document) for document in retriever.invoke(question)]

    def prober(self, target: object) -> Any:
        """Return what `headgate doctor` needs to prove a chain, or None for an object of another framework."""
        from langchain_headgate.doctor import LangChainProbe

        return LangChainProbe(target) if LangChainProbe.accepts(target) else None


def guard(target: T, policy: PolicyLike = None) -> T:
    """Put the gate behind a LangChain retriever or vector store.

    Args:
        target: a `BaseRetriever` or a `VectorStore`.
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
