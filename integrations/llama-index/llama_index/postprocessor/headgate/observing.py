"""What a LlamaIndex object of the user's own retrieves: observed where it is retrieved, before any gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.base import BaseIndex
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle
from llama_index.core.vector_stores.types import BasePydanticVectorStore, VectorStoreQueryResult
from llama_index.core.workflow import Workflow

from headgate import Chunk
from headgate.integration.loops import wait_for
from headgate.integration.watching import Watched, watching
from llama_index.postprocessor.headgate.asking import inputs_for
from llama_index.postprocessor.headgate.convert import to_chunk

__all__ = ["observe", "retrieves", "watched"]

_KINDS = (BaseRetriever, BaseIndex, BaseQueryEngine, BaseChatEngine, BasePydanticVectorStore, Workflow)
_METHODS = ("retrieve", "aretrieve", "_retrieve", "_aretrieve", "query", "aquery")
# An index and a store have no number of their own; what is said of them should not rest on two nodes.
_STORE_K = 20


def retrieves(target: object) -> bool:
    """Return whether `target` is something of LlamaIndex that can be asked a question."""
    return isinstance(target, _KINDS)


def observe(target: Any, question: str) -> list[Chunk]:
    """Return what a retriever, index, store, engine, agent or workflow retrieves for a question, as chunks.

    No gate in it keeps anything out meanwhile. A query engine that can retrieve without answering is asked for that
    only; otherwise its model is asked.

    Raises:
        Exception: whatever the target raises, where nothing was retrieved until then.
    """
    with watching((BaseRetriever, BasePydanticVectorStore), _METHODS) as watched:
        _ask(target, question, watched)
    return [to_chunk(item) for result in watched.found for item in _nodes(result)]


@contextmanager
def watched() -> Iterator[Callable[[], list[Chunk]]]:
    """Watch what LlamaIndex retrieves, with every gate in observation; the function returns what has been retrieved."""
    with watching((BaseRetriever, BasePydanticVectorStore), _METHODS) as seen:
        yield lambda: [to_chunk(item) for result in seen.found for item in _nodes(result)]


def _ask(target: Any, question: str, watched: Watched) -> None:
    for ask in _ways(target, question):
        try:
            result = ask()
            if not isinstance(result, (list, str)) and hasattr(result, "__await__"):
                wait_for(result)
        except (NotImplementedError, TypeError, RuntimeError, ValueError) as error:
            failed = error
            if watched.found:
                return
        except Exception:
            if watched.found:
                return
            raise
        else:
            return
    raise failed


def _ways(target: Any, question: str) -> list[Any]:
    """Return how a target can be asked, what costs least first."""
    if isinstance(target, BasePydanticVectorStore):
        from llama_index.core import VectorStoreIndex

        return [lambda: _ask_index(VectorStoreIndex.from_vector_store(target), question)]
    if isinstance(target, BaseIndex):
        return [lambda: _ask_index(target, question)]
    if isinstance(target, BaseRetriever):
        return [lambda: target.retrieve(question), lambda: target.aretrieve(question)]
    if isinstance(target, BaseQueryEngine):
        bundle = QueryBundle(question)
        return [lambda: target.retrieve(bundle), lambda: target.query(question), lambda: target.aquery(question)]
    if isinstance(target, BaseChatEngine):
        return [lambda: target.chat(question), lambda: target.achat(question)]
    return [lambda: wait_for(_run(target, question))]


def _ask_index(index: Any, question: str) -> Any:
    return index.as_retriever(similarity_top_k=_STORE_K).retrieve(question)


async def _run(workflow: Any, question: str) -> Any:
    return await workflow.run(**inputs_for(workflow, question))


def _nodes(result: Any) -> Iterator[NodeWithScore]:
    if isinstance(result, VectorStoreQueryResult):
        result = result.nodes
    for item in result if isinstance(result, (list, tuple)) else ():
        if isinstance(item, NodeWithScore):
            yield item
        elif isinstance(item, BaseNode):
            yield NodeWithScore(node=item)
