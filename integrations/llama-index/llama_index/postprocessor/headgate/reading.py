"""Retrievers that let a model choose among nodes: it reads them before any gate outside has judged them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.callbacks import CallbackManager
from llama_index.core.indices.base import BaseIndex
from llama_index.core.indices.document_summary.retrievers import DocumentSummaryIndexLLMRetriever
from llama_index.core.indices.list.retrievers import SummaryIndexLLMRetriever
from llama_index.core.indices.property_graph import TextToCypherRetriever
from llama_index.core.indices.tree.select_leaf_embedding_retriever import TreeSelectLeafEmbeddingRetriever
from llama_index.core.indices.tree.select_leaf_retriever import TreeSelectLeafRetriever
from llama_index.core.schema import BaseNode, QueryBundle
from llama_index.core.settings import Settings
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.storage.storage_context import StorageContext
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from headgate import Gate
from headgate.integration.surface import is_gated
from headgate.integration.walking import children, named_by, names_of, walk

__all__ = ["GuardedEngines", "is_own_reader", "refusal_of_readers"]

_READERS = (SummaryIndexLLMRetriever, TreeSelectLeafRetriever, DocumentSummaryIndexLLMRetriever)
# What a retriever that lets a model choose keeps, whatever its class.
_CHOOSES_BY = ("_choice_select_prompt", "_choice_batch_size")
# Where a retriever keeps what it asks in the place of an index node.
_ENGINES = ("_query_engine_dict", "object_map")
_MOST_ENGINES = 64
_DEEPEST = 16
_MOST_HELD = 256
_ASKED = (BaseIndex, BaseRetriever, BaseQueryEngine)
_HELD = (BaseNode, BaseDocumentStore, StorageContext, BasePydanticVectorStore)
_ENDS = (Gate, QueryBundle, BaseIndex, *_HELD)
_FRAMEWORK = "llama_index."


def is_own_reader(retriever: BaseRetriever) -> bool:
    """Return whether a retriever is of a class of the user's own that has a model: it may show it whatever it finds."""
    return _is_own(retriever) and _has_model(retriever)


def refusal_of_readers(retriever: BaseRetriever) -> str | None:
    """Return why a gate cannot be put around a retriever, or None: it, or one in it, shows nodes to its own model.

    What one of the user's own asks directly is put behind the gate (`GuardedEngines`); what lies deeper, or is no
    retriever, index or engine, cannot be.
    """
    for own, source in _own_readers(retriever):
        name, found = type(own).__name__, type(source).__name__
        return (
            f"{name} has a model of its own beside {found}, and may show the model what it finds there before the gate "
            f"has judged it. Give it guarded sources, {name}(... guard(index, policy) ...), or let the model choose "
            "among what was admitted: an engine with node_postprocessors=[LLMRerank(...)] under guard(engine, policy)."
        )
    for reader in _readers(retriever):
        name = type(reader).__name__
        return (
            f"{name} shows the nodes that it chooses from to a model, before the gate has judged them. Choose without "
            "a model (retriever_mode='default' or 'embedding'), and let one choose among what was admitted: an engine "
            "with node_postprocessors=[LLMRerank(...)] under guard(engine, policy)."
        )
    return None


class GuardedEngines:
    """What a retriever asks for its model, behind a gate: what models read is judged first.

    These are the engines that the framework's own ask for answers, and whatever one of the user's own asks.

    Args:
        gate: the gate.
        is_own_reader: whether the retriever has a model of its own.
    """

    def __init__(self, gate: Gate, *, is_own_reader: bool = False) -> None:
        self._gate = gate
        self._is_own_reader = is_own_reader
        # With what was guarded, so that nothing else gets its number.
        self._done: dict[int, tuple[object, Any]] = {}

    def within(self, retriever: BaseRetriever) -> BaseRetriever:
        """Return a retriever that asks what is guarded: a copy if it asks any, otherwise the retriever itself.

        Raises:
            AdapterError: something that it asks cannot be put behind the gate.
        """
        if not self._gate.keeps_out:
            return retriever
        held = vars(retriever) if self._is_own_reader else {name: vars(retriever).get(name) for name in _ENGINES}
        changes = {name: made for name, value in held.items() if (made := self._guarded(value)) is not value}
        if not changes:
            return retriever
        other = copy.copy(retriever)
        vars(other).update(changes)
        return other

    def _guarded(self, held: Any) -> Any:
        """Return what is held with everything guarded in it; the very same where nothing had to be."""
        if isinstance(held, (dict, list, tuple)) and len(held) > _MOST_HELD and self._is_own_reader:
            return held  # a corpus, which holds nothing that is asked
        if type(held) is dict:
            named = {key: self._guarded(one) for key, one in held.items()}
            return held if all(named[key] is one for key, one in held.items()) else named
        if type(held) in (list, tuple) and self._is_own_reader:
            parts = [self._guarded(one) for one in held]
            return held if all(new is old for new, old in zip(parts, held, strict=True)) else type(held)(parts)
        asked = _ASKED if self._is_own_reader else BaseQueryEngine
        return self._one(held) if isinstance(held, asked) and not is_gated(held) else held

    def _one(self, part: Any) -> Any:
        # Here, because what guards a part needs the retriever that needs this.
        from llama_index.postprocessor.headgate.indexes import guard_component

        known = self._done.get(id(part))
        # Asked which part it was, because a copy of this object has numbers of others.
        if known is not None and known[0] is part:
            return known[1]
        if len(self._done) >= _MOST_ENGINES:
            self._done.clear()
        guarded = guard_component(part, self._gate)
        self._done[id(part)] = part, guarded
        return guarded


def _own_readers(retriever: BaseRetriever) -> Iterator[tuple[object, object]]:
    """Yield the retrievers of the user's own that have a model, each with something that no gate can be put before."""
    for path, item in walk(retriever, is_end=lambda one: isinstance(one, _ENDS)):
        if isinstance(item, BaseRetriever) and not is_gated(item) and is_own_reader(item):
            for source in _out_of_reach(item, is_outermost=not path):
                yield item, source


def _out_of_reach(reader: BaseRetriever, *, is_outermost: bool) -> Iterator[object]:
    """Yield the sources that a reader is not given guarded: of the outermost one, those that it does not ask itself."""
    held = list(_flat(vars(reader)))
    asked = [one for one in held if isinstance(one, _ASKED)]
    others = [one for one in held if not any(one is each for each in asked)]
    found = [*_reached(others), *named_by(type(reader), (_FRAMEWORK,)), *(() if is_outermost else asked)]
    yield from (one for one in found if isinstance(one, (*_ASKED, *_HELD)) and not is_gated(one))


def _has_model(retriever: BaseRetriever) -> bool:
    others = [one for one in _flat(vars(retriever)) if not isinstance(one, _ASKED)]
    kind = type(retriever)
    return any(isinstance(one, BaseLLM) for one in _reached(others)) or _names_model(kind)


def _reached(roots: list[Any]) -> Iterator[object]:
    ends = (*_ENDS, *_ASKED, BaseLLM, BaseEmbedding, CallbackManager)
    yield from (one for _, one in walk(roots, is_end=lambda one: isinstance(one, ends)))


@functools.lru_cache(maxsize=1_000)
def _names_model(kind: type) -> bool:
    """Return whether the code of a class of the user's own names a model, models' class or the settings' model."""
    named = list(named_by(kind, (_FRAMEWORK,)))
    is_of_settings = any(one is Settings for one in named) and "llm" in names_of(kind, (_FRAMEWORK,))
    classes = (one for one in named if isinstance(one, type))
    return is_of_settings or any(isinstance(one, BaseLLM) for one in named) or any(map(_is_llm, classes))


def _is_llm(kind: type) -> bool:
    return issubclass(kind, BaseLLM)


def _flat(held: Any, depth: int = 0) -> Iterator[Any]:
    """Yield what is held, also in lists and mappings; of nodes in one place the first, for one tells of all."""
    has_node = False
    for _, one in children(held):
        if isinstance(one, (dict, list, tuple)) and depth < _DEEPEST:
            yield from _flat(one, depth + 1)
        elif not (has_node and isinstance(one, BaseNode)):
            has_node = isinstance(one, BaseNode)
            yield one


def _is_own(item: object) -> bool:
    return not type(item).__module__.startswith(_FRAMEWORK)


def _readers(retriever: BaseRetriever) -> Iterator[object]:
    # A retriever may hold its whole corpus: too much to be looked through, but no reason to refuse it.
    for _, item in walk(retriever, is_end=lambda one: isinstance(one, _ENDS)):
        if not isinstance(item, BaseRetriever):
            continue
        is_reader = isinstance(item, _READERS) and not isinstance(item, TreeSelectLeafEmbeddingRetriever)
        summarises = isinstance(item, TextToCypherRetriever) and item.summarize_response
        if is_reader or summarises or any(name in vars(item) for name in _CHOOSES_BY):
            yield item
