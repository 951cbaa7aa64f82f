"""Guarding engines: everything in them that returns nodes is put behind the gate, or the engine is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.graph_stores.types import PropertyGraphStore
from llama_index.core.indices.base import BaseIndex
from llama_index.core.indices.prompt_helper import PromptHelper
from llama_index.core.indices.struct_store.sql_query import BaseSQLTableQueryEngine
from llama_index.core.llms.llm import LLM
from llama_index.core.memory import BaseMemory, BaseMemoryBlock
from llama_index.core.node_parser import NodeParser
from llama_index.core.postprocessor import MetadataReplacementPostProcessor
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverRouterQueryEngine
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.storage.chat_store import BaseChatStore
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.tools import QueryEngineTool, RetrieverTool
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from headgate import AdapterError, Gate
from headgate.integration.surface import Proxy
from headgate.integration.walking import Unfinished, walk
from llama_index.postprocessor.headgate.postprocessor import HeadgatePostprocessor
from llama_index.postprocessor.headgate.retriever import GatedRetriever
from llama_index.postprocessor.headgate.steps import GuardedStep

__all__ = ["guard_engine", "is_end", "is_source", "remembers"]

_ENGINES = (BaseQueryEngine, BaseChatEngine)
# Methods by which an engine makes another one, with a retriever that the caller gives.
_MAKERS = ("with_retriever",)
_TOOLS = (QueryEngineTool, RetrieverTool)
# Engines that choose or make what they ask while they answer, where no gate can be put beforehand.
_UNGUARDABLE = (RetrieverRouterQueryEngine, BaseSQLTableQueryEngine)
_SOURCES = (
    BaseRetriever,
    BaseNodePostprocessor,
    BaseIndex,
    BaseDocumentStore,
    BasePydanticVectorStore,
    PropertyGraphStore,
)
# Behind these, nothing: it is not a document, or it has passed a gate.
_ENDS = (
    Gate,
    Proxy,
    GuardedStep,
    HeadgatePostprocessor,
    BaseNode,
    LLM,
    BaseEmbedding,
    CallbackManager,
    BaseChatStore,
    NodeParser,
    PromptHelper,
)
_WAY_OUT = (
    "Guard the retriever before the engine is built on it, or give the engine "
    "node_postprocessors=[..., HeadgatePostprocessor(policy)]: behind what adds nodes, before what changes texts."
)


def is_end(item: object) -> bool:
    """Return whether nothing that could pass text around the gate can lie behind an object."""
    return isinstance(item, _ENDS)


def is_source(item: object) -> bool:
    """Return whether text for a prompt can come from an object, past any gate."""
    # Graph stores have no base class but a protocol, which anything with a `__getattr__` would satisfy.
    is_graph = callable(getattr(type(item), "get_rel_map", None))
    return (is_graph or isinstance(item, (*_SOURCES, *_UNGUARDABLE))) and not is_end(item)


def remembers(item: object) -> bool:
    """Return whether a memory looks texts up in a store, rather than repeat the conversation."""
    if not isinstance(item, (BaseMemory, BaseMemoryBlock)):
        return False
    is_foreign = type(item).__module__.startswith("llama_index.memory.")  # services that remember elsewhere
    return is_foreign or any(is_source(inner) for _, inner in walk(item, is_end))


def guard_engine(engine: Any, gate: Gate) -> Any:
    """Return a copy of an engine in which every retriever, inner engine and postprocessor is behind the gate.

    Raises:
        AdapterError: no retriever can be found in it, or something in it adds text and cannot be guarded.
    """
    guarded = _Guarding(gate).engine(engine)
    for path, item in walk(guarded, is_end):
        if isinstance(item, Unfinished):
            raise AdapterError(f"{type(engine).__name__} is too large to be looked through: {item}. {_WAY_OUT}")
        if remembers(item):
            raise AdapterError(
                f"The memory of {type(engine).__name__}, a {type(item).__name__}, puts texts from a store into the "
                "prompt that the gate never sees. Give the engine a ChatMemoryBuffer, or a Memory without such blocks, "
                "and retrieve from the store through a guarded retriever."
            )
        if is_source(item):
            place = f" at {path}" if path else ""
            raise AdapterError(
                f"{type(engine).__name__} asks a {type(item).__name__}{place}, which headgate cannot put behind the "
                f"gate from outside. {_WAY_OUT}"
            )
    return guarded


class _Guarding:
    """One engine being guarded; what occurs twice in it is guarded once."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._done: dict[int, Any] = {}

    def engine(self, engine: Any) -> Any:
        """Return a copy of an engine, or of a tool over one, with everything in it guarded."""
        if id(engine) in self._done:
            return self._done[id(engine)]
        # Shallow, because the models and indexes in an engine are shared and may be large.
        guarded = copy.copy(engine)
        self._done[id(engine)] = guarded  # before looking inside: an engine may lead back to itself
        replacing = _replacing(engine)
        has_found = False
        for name, value in _attributes(engine):
            other = self._value(value, replacing)
            has_found = has_found or _brings_nodes(other)
            if other is not value:
                _set(guarded, name, other)
        if not has_found:
            raise AdapterError(f"{type(engine).__name__} has no retriever that headgate can find. {_WAY_OUT}")
        for name in _MAKERS:
            if callable(getattr(type(engine), name, None)):
                vars(guarded)[name] = _Making(guarded, name, self._gate)
        return guarded

    def _value(self, value: Any, replacing: Sequence[str]) -> Any:
        """Return what takes the place of an attribute's value; the value itself where there is nothing to guard."""
        if isinstance(value, BaseRetriever):
            return self._retriever(value, replacing)
        if isinstance(value, (*_ENGINES, *_TOOLS)):
            return self.engine(value)
        if isinstance(value, BaseNodePostprocessor):
            return self._step(value, replacing)
        if isinstance(value, dict):
            changed = {key: self._value(one, replacing) for key, one in value.items()}
            return changed if any(changed[key] is not one for key, one in value.items()) else value
        # Not their subclasses: a named tuple is not made from a list.
        if type(value) in (list, tuple):
            others = [self._value(one, replacing) for one in value]
            return type(value)(others) if any(a is not b for a, b in zip(others, value, strict=True)) else value
        # In these modes a template prints what is hidden from the model, entries that no seal covers among it.
        return MetadataMode.LLM if value in (MetadataMode.ALL, MetadataMode.EMBED) else value

    def _retriever(self, retriever: BaseRetriever, replacing: Sequence[str]) -> BaseRetriever:
        is_gated = isinstance(retriever, GatedRetriever) and retriever.gate is self._gate
        if is_gated and set(replacing) <= set(retriever.replacing):  # type: ignore[attr-defined]
            return retriever
        return GatedRetriever(retriever, self._gate, replacing=replacing)

    def _step(self, step: BaseNodePostprocessor, replacing: Sequence[str]) -> BaseNodePostprocessor:
        if isinstance(step, (GuardedStep, HeadgatePostprocessor)) and step.gate is self._gate:
            return step
        return GuardedStep(step, self._gate, replacing)


# An object rather than a closure, so that it can be copied and pickled with its gate.
class _Making:
    """A method of a guarded engine that makes another engine, which comes back guarded."""

    def __init__(self, engine: Any, name: str, gate: Gate) -> None:
        self._engine, self._name, self._gate = engine, name, gate

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        made = getattr(type(self._engine), self._name)(self._engine, *args, **kwargs)
        return guard_engine(made, self._gate)


def _brings_nodes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_brings_nodes(one) for one in value.values())
    if isinstance(value, (list, tuple)):
        return any(_brings_nodes(one) for one in value)
    return isinstance(value, (BaseRetriever, *_ENGINES, *_TOOLS))


def _replacing(engine: Any) -> list[str]:
    """Return the metadata keys that a postprocessor of an engine puts in place of a node's text."""
    keys = []
    for _, value in _attributes(engine):
        for step in value if isinstance(value, (list, tuple)) else ():
            inner = step.inner if isinstance(step, GuardedStep) else step
            if isinstance(inner, MetadataReplacementPostProcessor):
                keys.append(inner.target_metadata_key)
    return keys


def _attributes(item: Any) -> Iterator[tuple[str, Any]]:
    yield from list(vars(item).items())
    yield from list((getattr(item, "__pydantic_private__", None) or {}).items())


def _set(item: Any, name: str, value: Any) -> None:
    """Set an attribute of a copy where it is kept: a frozen or validating model would refuse it."""
    private: Mapping[str, Any] = getattr(item, "__pydantic_private__", None) or {}
    (private if name in private else vars(item))[name] = value  # type: ignore[index]
