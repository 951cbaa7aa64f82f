"""How `headgate.guard` finds this package, and `guard` itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.base import BaseIndex
from llama_index.core.schema import BaseNode, NodeWithScore, TextNode

from headgate import AdapterError, Chunk, Gate
from headgate.integration.adapters import PolicyLike, as_gate
from headgate.integration.backfilling import StoredIndex, StoredRow
from llama_index.postprocessor.headgate.convert import OWN_KEYS, to_chunk
from llama_index.postprocessor.headgate.indexes import guard_component

__all__ = ["LlamaIndexAdapter", "guard"]

T = TypeVar("T")
_KINDS = (BaseIndex, BaseRetriever, BaseQueryEngine, BaseChatEngine)


class LlamaIndexAdapter:
    """Guards LlamaIndex's indexes, retrievers, query engines and chat engines."""

    name = "llama_index"

    def accepts(self, target: object) -> bool:
        """Return whether `target` is an index, retriever, query engine or chat engine of LlamaIndex."""
        return isinstance(target, _KINDS)

    def guard(self, target: Any, gate: Gate) -> Any:
        """Return the gated form of an index, a retriever or an engine; the original is not changed."""
        return guard_component(target, gate)

    def documents(self, chunks: Sequence[Chunk]) -> list[TextNode]:
        """Return chunks as nodes."""
        nodes = []
        for chunk in chunks:
            known = {"id_": chunk.id} if chunk.id is not None else {}
            hidden = [*OWN_KEYS, *(key for key in chunk.metadata if str(key).startswith("headgate_"))]
            nodes.append(
                TextNode(
                    text=chunk.text,
                    metadata=dict(chunk.metadata),
                    excluded_llm_metadata_keys=hidden,
                    excluded_embed_metadata_keys=hidden,
                    **known,
                )
            )
        return nodes

    def retrieve(self, target: Any, question: str) -> list[Chunk]:
        """Return what a retriever, or that of an engine or of an index, finds."""
        retriever = target.as_retriever() if isinstance(target, BaseIndex) else target
        return [to_chunk(item) for item in retriever.retrieve(question)]

    def observe(self, target: Any, question: str) -> list[Chunk] | None:
        """Return what `target` retrieves for a question, before any gate; None for an object of another framework."""
        # Here, because only commands need it.
        from llama_index.postprocessor.headgate.observing import observe, retrieves

        return observe(target, question) if retrieves(target) else None

    def watched(self) -> AbstractContextManager[Callable[[], list[Chunk]]]:
        """Watch what is retrieved, with every gate in observation; the function returns what has been retrieved."""
        from llama_index.postprocessor.headgate.observing import watched

        return watched()

    def prober(self, target: object) -> Any:
        """Return what `headgate doctor` needs to prove an engine, or None for an object of another framework."""
        from llama_index.postprocessor.headgate.doctor import LlamaIndexProbe

        return LlamaIndexProbe(target) if LlamaIndexProbe.accepts(target) else None

    def reader(self, target: object) -> Any:
        """Return what `headgate doctor` needs of this framework to prove a chain of any other, or a function."""
        from llama_index.postprocessor.headgate.doctor import LlamaIndexProbe

        return LlamaIndexProbe(target)

    def stored_index(self, target: object) -> StoredIndex | None:
        """Return the rows of a store, for `headgate backfill`; None for an object that is none."""
        from llama_index.postprocessor.headgate.stored import stored_index

        return stored_index(target)

    def stored_row(self, document: object) -> StoredRow | None:
        """Return a node as a row of an index; None for an object that is none."""
        from llama_index.postprocessor.headgate.stored import stored_row

        node = document.node if isinstance(document, NodeWithScore) else document
        return stored_row(node) if isinstance(node, BaseNode) else None

    def open_index(self, place: str, collection: str | None) -> StoredIndex | None:
        """Return the rows of a store by its folder or address; None for a place that is none."""
        from llama_index.postprocessor.headgate.stored import open_index

        return open_index(place, collection)


def guard(target: T, policy: PolicyLike = None) -> T:
    """Put the gate behind a LlamaIndex index, retriever, query engine or chat engine.

    What a guarded index makes is guarded.

    Of an engine, a copy is returned in which every retriever, every inner engine and every postprocessor is behind the
    gate: what a postprocessor adds, or changes beyond cutting, is judged like what was retrieved. Metadata that a
    `MetadataReplacementPostProcessor` puts in place of a text is judged as text.

    Args:
        target: a `BaseIndex`, `BaseRetriever`, `BaseQueryEngine` or `BaseChatEngine`.
        policy: a gate, a policy, or the path of a policy file. Without one the gate runs in audit mode.

    Returns:
        The same kind of object; what it puts into a prompt has passed the gate.

    Raises:
        AdapterError: it is none of these, or an engine in which no retriever can be found, or in which something
            adds text that cannot be put behind the gate.
        PolicyError: the policy cannot be used.
    """
    adapter = LlamaIndexAdapter()
    if not adapter.accepts(target):
        raise AdapterError(
            f"{type(target).__name__} is not an index, retriever, query engine or chat engine of LlamaIndex. "
            "Guard the retriever before it goes into the engine, or give the engine "
            "node_postprocessors=[HeadgatePostprocessor(policy)]."
        )
    guarded: T = adapter.guard(target, as_gate(policy))
    return guarded
