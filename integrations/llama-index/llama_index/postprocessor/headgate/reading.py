"""Retrievers that let a model choose among nodes: it reads them before any gate outside has judged them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.indices.base import BaseIndex
from llama_index.core.indices.document_summary.retrievers import DocumentSummaryIndexLLMRetriever
from llama_index.core.indices.list.retrievers import SummaryIndexLLMRetriever
from llama_index.core.indices.property_graph import TextToCypherRetriever
from llama_index.core.indices.tree.select_leaf_embedding_retriever import TreeSelectLeafEmbeddingRetriever
from llama_index.core.indices.tree.select_leaf_retriever import TreeSelectLeafRetriever
from llama_index.core.schema import BaseNode, QueryBundle
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.storage.storage_context import StorageContext
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from headgate import Gate
from headgate.testing.walking import walk

__all__ = ["GuardedEngines", "refusal_of_readers"]

_READERS = (SummaryIndexLLMRetriever, TreeSelectLeafRetriever, DocumentSummaryIndexLLMRetriever)
# What a retriever that lets a model choose keeps, whatever its class.
_CHOOSES_BY = ("_choice_select_prompt", "_choice_batch_size")
# Where a retriever keeps what it asks in the place of an index node.
_ENGINES = ("_query_engine_dict", "object_map")
_MOST_ENGINES = 64
_ENDS = (Gate, QueryBundle, BaseNode, BaseIndex, BaseDocumentStore, StorageContext, BasePydanticVectorStore)


def refusal_of_readers(retriever: BaseRetriever) -> str | None:
    """Return why a gate cannot be put around a retriever, or None: it, or one in it, shows nodes to its own model."""
    for reader in _readers(retriever):
        name = type(reader).__name__
        return (
            f"{name} shows the nodes that it chooses from to a model, before the gate has judged them. Choose without "
            "a model (retriever_mode='default' or 'embedding'), and let one choose among what was admitted: an engine "
            "with node_postprocessors=[LLMRerank(...)] under guard(engine, policy)."
        )
    return None


class GuardedEngines:
    """The engines that a retriever asks for answers, behind a gate: what their models read is judged first.

    Args:
        gate: the gate.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        # With the engine, so that no other gets its number.
        self._done: dict[int, tuple[BaseQueryEngine, Any]] = {}

    def within(self, retriever: BaseRetriever) -> BaseRetriever:
        """Return a retriever that asks guarded engines: a copy if it asks any, else the retriever itself.

        Raises:
            AdapterError: an engine cannot be put behind the gate.
        """
        held = {name: vars(retriever).get(name) for name in _ENGINES if self._gate.keeps_out}
        changes = {name: self._guarded(value) for name, value in held.items() if _has_engines(value)}
        if not changes:
            return retriever
        other = copy.copy(retriever)
        vars(other).update(changes)
        return other

    def _guarded(self, held: Any) -> dict[Any, Any]:
        return {key: self._engine(one) if isinstance(one, BaseQueryEngine) else one for key, one in held.items()}

    def _engine(self, engine: BaseQueryEngine) -> Any:
        # Here, because what guards engines needs the retriever that needs this.
        from llama_index.postprocessor.headgate.engines import guard_engine

        known = self._done.get(id(engine))
        # Asked which engine it was, because a copy of this object has numbers of other engines.
        if known is not None and known[0] is engine:
            return known[1]
        if len(self._done) >= _MOST_ENGINES:
            self._done.clear()
        guarded = guard_engine(engine, self._gate)
        self._done[id(engine)] = engine, guarded
        return guarded


def _has_engines(held: Any) -> bool:
    return isinstance(held, dict) and any(isinstance(one, BaseQueryEngine) for one in held.values())


def _readers(retriever: BaseRetriever) -> Iterator[object]:
    # A retriever may hold its whole corpus: too much to be looked through, but no reason to refuse it.
    for _, item in walk(retriever, is_end=lambda one: isinstance(one, _ENDS)):
        if not isinstance(item, BaseRetriever):
            continue
        is_reader = isinstance(item, _READERS) and not isinstance(item, TreeSelectLeafEmbeddingRetriever)
        summarises = isinstance(item, TextToCypherRetriever) and item.summarize_response
        if is_reader or summarises or any(name in vars(item) for name in _CHOOSES_BY):
            yield item
