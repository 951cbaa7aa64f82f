"""How to get n nodes from a retriever of LlamaIndex, and how much of it tracers see."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.dispatcher import (  # type: ignore[attr-defined]  # re-exported
    active_instrument_tags,
)
from llama_index.core.instrumentation.events.retrieval import RetrievalEndEvent, RetrievalStartEvent
from llama_index.core.instrumentation.events.span import SpanDropEvent  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.span import active_span_id
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from headgate import Gate
from headgate.integration.search import POOLS, wider_pool
from headgate.integration.tracing import TraceInner, digest_of, id_of
from llama_index.postprocessor.headgate.convert import to_chunk
from llama_index.postprocessor.headgate.gating import as_nodes, off_loop
from llama_index.postprocessor.headgate.untraced import untraced

__all__ = ["Reach", "afetch", "fetch", "reworded"]

_dispatcher = get_dispatcher(__name__)

_COUNT_NAMES = ("similarity_top_k", "_similarity_top_k", "top_k")
_MODE = "_vector_store_query_mode"
# In these modes a search returns as many nodes as one of its pools holds, where that is set.
_COUNTED_BY = {"hybrid": "_hybrid_top_k", "sparse": "_sparse_top_k"}
_FIELDS = ("_sparse_top_k", "_hybrid_top_k")
_ARGUMENTS = "_kwargs"  # what a retriever passes on to its vector store


class Reach:
    """How a retriever can be asked for a number of nodes: by a field, and by the pools that its store chooses from.

    Made for each question, because what a retriever is asked with may be set at run time.

    Args:
        retriever: the retriever behind the gate; it is never changed.

    Attributes:
        k: how many it returns when it is not told, or None if that is not known.
        is_adjustable: whether it can be asked for another number.
        has_pool: whether fewer nodes than asked for need not mean that there are no more.
    """

    def __init__(self, retriever: BaseRetriever) -> None:
        self._retriever = retriever
        kept = vars(retriever)
        # By type: a retriever may have the name and hold None, or a function, under it.
        self._field = next((name for name in _COUNT_NAMES if type(getattr(retriever, name, None)) is int), None)
        self._pools = {name: kept[name] for name in _FIELDS if type(kept.get(name)) is int}
        given = kept.get(_ARGUMENTS)
        self._arguments = given if isinstance(given, dict) else {}
        self._in_arguments = {name: self._arguments[name] for name in POOLS if name in self._arguments}
        self.k = self._own_k()
        self.is_adjustable = self._field is not None
        self.has_pool = bool(self._pools or self._in_arguments) or kept.get("_filters") is not None

    def ask_for(self, count: int, scale: int = 1) -> BaseRetriever:
        """Return a retriever that returns `count` nodes: a copy, because others may be using the same one meanwhile.

        Args:
            count: how many; 0 for as many as it would.
            scale: how many times as many as at first.
        """
        if self._field is None or not count:
            return self._retriever
        other: Any = copy.copy(self._retriever)
        own = getattr(other, self._field)
        # Where a pool says how many come back, the number of neighbours is a pool as well.
        setattr(other, self._field, max(own, count) if self._pools else count)
        for name, size in wider_pool(self._pools, count, scale).items():
            setattr(other, name, size)
        if self._in_arguments:
            setattr(other, _ARGUMENTS, {**self._arguments, **wider_pool(self._in_arguments, count, scale)})
        return other  # type: ignore[no-any-return]

    def _own_k(self) -> int | None:
        mode = getattr(self._retriever, _MODE, None)
        counted: int | None = self._pools.get(_COUNTED_BY.get(getattr(mode, "value", ""), ""))
        if counted is not None:
            return counted
        k: int | None = getattr(self._retriever, self._field) if self._field is not None else None
        return k


def fetch(retriever: BaseRetriever, query: QueryBundle, trace_inner: TraceInner) -> list[NodeWithScore]:
    """Return what a retriever finds, as a span of its own, as a span with digests, or untraced."""
    if trace_inner == "full":
        return as_nodes(retriever.retrieve(query), retriever)
    if trace_inner == "off":
        with untraced():
            return as_nodes(retriever.retrieve(query), retriever)
    with _span(retriever, "retrieve", query) as shown:
        with untraced():
            found = as_nodes(retriever.retrieve(query), retriever)
        shown.extend(_without_texts(found))
    return found


async def afetch(retriever: BaseRetriever, query: QueryBundle, trace_inner: TraceInner) -> list[NodeWithScore]:
    """As `fetch`."""
    if trace_inner == "full":
        return as_nodes(await retriever.aretrieve(query), retriever)
    if trace_inner == "off":
        with untraced():
            return as_nodes(await retriever.aretrieve(query), retriever)
    with _span(retriever, "aretrieve", query) as shown:
        with untraced():
            found = as_nodes(await retriever.aretrieve(query), retriever)
        shown.extend(await off_loop(found, lambda: _without_texts(found)))
    return found


@contextmanager
def _span(retriever: BaseRetriever, method: str, query: QueryBundle) -> Iterator[list[NodeWithScore]]:
    """Show handlers what the framework shows of a retrieval, with the nodes that are put into the list it yields."""
    span_id = f"{type(retriever).__name__}.{method}-{uuid.uuid4()}"
    common: dict[str, Any] = {"id_": span_id, "bound_args": _CALL.bind(query), "instance": retriever}
    parent, shown = active_span_id.get(), list[NodeWithScore]()
    token = active_span_id.set(span_id)
    _dispatcher.span_enter(**common, parent_id=parent, tags=active_instrument_tags.get())
    try:
        _dispatcher.event(RetrievalStartEvent(str_or_query_bundle=query))
        yield shown
    except BaseException as error:
        _dispatcher.event(SpanDropEvent(span_id=span_id, err_str=str(error)))
        _dispatcher.span_drop(**common, err=error)
        raise
    else:
        _dispatcher.event(RetrievalEndEvent(str_or_query_bundle=query, nodes=shown))
        _dispatcher.span_exit(**common, result=shown)
    finally:
        active_span_id.reset(token)


def _retrieve(str_or_query_bundle: QueryBundle) -> None:
    """Stand for the call that handlers are shown."""


_CALL = inspect.signature(_retrieve)


def _without_texts(nodes: list[NodeWithScore]) -> list[NodeWithScore]:
    """Return nodes that say which they were, and nothing of what they hold."""
    shown = []
    for item in nodes:
        chunk = to_chunk(item)
        known = {"id_": id_of(chunk.id)} if id_of(chunk.id) else {}
        # Without metadata and relationships, which may quote the text.
        shown.append(NodeWithScore(node=TextNode(text=digest_of(chunk.text), **known), score=item.score))
    return shown


def reworded(gate: Gate, query_bundle: QueryBundle) -> QueryBundle:
    """Return a question in the words in which the policy puts it to retrievers; its embedding is made again then."""
    query = gate.reworded(query_bundle.query_str)
    if query == query_bundle.query_str:
        return query_bundle
    return dataclasses.replace(query_bundle, query_str=query, embedding=None)
