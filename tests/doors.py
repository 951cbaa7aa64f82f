"""Every place where a document can pass the gate: the core, LangChain and LlamaIndex, synchronous and asynchronous.

Each door takes a gate, chunks and a question, brings the chunks in as its framework's documents, and returns what came
out: chunks, documents or nodes. `DOORS` gives what the model would read of each: its text and, where the framework puts
metadata into prompts, its metadata.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from llama_index.core.base.base_retriever import BaseRetriever as NodeRetriever
from llama_index.core.data_structs import IndexList
from llama_index.core.indices.base import BaseIndex
from llama_index.core.llms.mock import MockLLM
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode

from headgate import Chunk, Gate
from langchain_headgate import HeadgateCompressor, HeadgateMiddleware, gate_documents
from langchain_headgate import guard as guard_langchain
from llama_index.postprocessor.headgate import HeadgatePostprocessor
from llama_index.postprocessor.headgate import guard as guard_llama_index

__all__ = ["DOORS", "LEAVING", "PASSING", "Door", "Leaving", "Passing", "documents", "ids_through", "nodes", "read"]

Door = Callable[[Gate, Sequence[Chunk], str], dict[str, str]]
"""Returns what the model would read, by the chunk's id."""

Leaving = Callable[[Gate, Sequence[Chunk], str], Sequence[Any]]
"""Returns what came out, in the form of the framework."""

Passing = Callable[[Gate, Sequence[Any], str], Sequence[Any]]
"""As `Leaving`, for documents that are in the form of the framework already."""


class Shelf(BaseRetriever):
    """A retriever of LangChain that finds what it was given."""

    found: list[Document]

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return list(self.found)


class ShelfStore(VectorStore):
    """A vector store of LangChain that finds what it was given."""

    def __init__(self, found: list[Document]) -> None:
        self.found = found

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return self.found[:k]

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> ShelfStore:
        raise NotImplementedError


class NodeShelf(NodeRetriever):
    """A retriever of LlamaIndex that finds what it was given."""

    def __init__(self, found: list[NodeWithScore]) -> None:
        super().__init__()
        self.found = found

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return list(self.found)


def documents(chunks: Sequence[Chunk]) -> list[Document]:
    return [Document(page_content=c.text, metadata=dict(c.metadata), id=c.id) for c in chunks]


def nodes(chunks: Sequence[Chunk]) -> list[NodeWithScore]:
    return [
        NodeWithScore(node=TextNode(text=c.text, id_=str(c.id), metadata=dict(c.metadata)), score=0.5) for c in chunks
    ]


def printed(document: Document) -> str:
    """What a template that prints a whole document would put into the prompt."""
    return f"{document.page_content}\n{document.metadata!r}"


def read(found: Sequence[Any]) -> dict[str, str]:
    """What the model would read of what came out, by its id."""
    shown = {}
    for one in found:
        if isinstance(one, Chunk):
            shown[str(one.id)] = one.text
        elif isinstance(one, Document):
            shown[str(one.id)] = printed(one)
        else:
            shown[one.node.node_id] = one.node.get_content(metadata_mode=MetadataMode.LLM)
    return shown


def core(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return gate.admit(found, query).chunks


def core_async(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return asyncio.run(gate.aadmit(found, query)).chunks


def langchain_retriever(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return guard_langchain(Shelf(found=list(found)), gate).invoke(query)


def langchain_retriever_async(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return asyncio.run(guard_langchain(Shelf(found=list(found)), gate).ainvoke(query))


def langchain_compressor(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return HeadgateCompressor(policy=gate).compress_documents(list(found), query)


def langchain_step(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return gate_documents(gate).invoke(list(found))


def langchain_store(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return guard_langchain(ShelfStore(list(found)), gate).similarity_search(query, k=len(found))


def langchain_store_async(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    store = guard_langchain(ShelfStore(list(found)), gate)
    return asyncio.run(store.asimilarity_search(query, k=len(found)))


def langchain_agent(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    request = SimpleNamespace(tool_call={"name": "shelf", "args": {"query": query}, "id": "1"})
    answer = ToolMessage("", tool_call_id="1", artifact=list(found))
    released: list[Any] = HeadgateMiddleware(gate).wrap_tool_call(request, lambda _: answer).artifact
    return released


def llama_index_retriever(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return guard_llama_index(NodeShelf(list(found)), gate).retrieve(query)


def llama_index_retriever_async(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return asyncio.run(guard_llama_index(NodeShelf(list(found)), gate).aretrieve(query))


def llama_index_postprocessor(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return HeadgatePostprocessor(gate).postprocess_nodes(list(found), query_str=query)


class NodeIndex(BaseIndex[IndexList]):
    """An index of LlamaIndex that finds what it was given."""

    index_struct_cls = IndexList

    def __init__(self, found: list[NodeWithScore]) -> None:
        super().__init__(index_struct=IndexList())
        self.found = found

    def as_retriever(self, **kwargs: Any) -> NodeRetriever:
        return NodeShelf(self.found)

    def _build_index_from_nodes(self, nodes: Sequence[Any], **kwargs: Any) -> IndexList:
        raise NotImplementedError

    def _insert(self, nodes: Sequence[Any], **kwargs: Any) -> None:
        raise NotImplementedError

    def _delete_node(self, node_id: str, **kwargs: Any) -> None:
        raise NotImplementedError

    @property
    def ref_doc_info(self) -> dict[str, Any]:
        raise NotImplementedError


def llama_index_index(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    return guard_llama_index(NodeIndex(list(found)), gate).as_retriever().retrieve(query)


def llama_index_engine(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    engine = guard_llama_index(NodeIndex(list(found)).as_query_engine(llm=MockLLM()), gate)
    return engine.retrieve(QueryBundle(query))


def llama_index_engine_of_an_index_async(gate: Gate, found: Sequence[Any], query: str) -> Sequence[Any]:
    engine: Any = guard_llama_index(NodeIndex(list(found)), gate).as_query_engine(llm=MockLLM())
    return asyncio.run(engine.aretrieve(QueryBundle(query)))


PASSING: Mapping[str, Passing] = {
    door.__name__: door
    for door in (
        core,
        core_async,
        langchain_retriever,
        langchain_retriever_async,
        langchain_compressor,
        langchain_step,
        langchain_store,
        langchain_store_async,
        langchain_agent,
        llama_index_retriever,
        llama_index_retriever_async,
        llama_index_postprocessor,
        llama_index_index,
        llama_index_engine,
        llama_index_engine_of_an_index_async,
    )
}


_FORMS: Mapping[str, Callable[[Sequence[Chunk]], list[Any]]] = {"core": list, "langchain": documents, "llama": nodes}


def _bringing(name: str, passing: Passing) -> Leaving:
    form = _FORMS[name.partition("_")[0]]
    return lambda gate, chunks, query: passing(gate, form(chunks), query)


LEAVING: Mapping[str, Leaving] = {name: _bringing(name, passing) for name, passing in PASSING.items()}


def _reading(leaving: Leaving) -> Door:
    return lambda gate, chunks, query: read(leaving(gate, chunks, query))


DOORS: Mapping[str, Door] = {name: _reading(leaving) for name, leaving in LEAVING.items()}


def ids_through(door: Door, gate: Gate, chunks: Sequence[Chunk]) -> list[str]:
    """Return the ids of what came out, in order."""
    return list(door(gate, chunks, "question"))
