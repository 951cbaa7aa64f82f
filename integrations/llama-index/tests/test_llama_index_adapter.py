"""The adapter of LlamaIndex passes the suite that every adapter must pass."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms.mock import MockLLM
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import ImageNode, MediaResource, MetadataMode, Node, NodeWithScore, QueryBundle

from headgate import Chunk, Gate, Sealer
from headgate.testing import AdapterSuite, Shown
from llama_index.postprocessor.headgate import (
    HeadgateAdmissionEvent,
    HeadgatePostprocessor,
    SealNodes,
    decision_record,
    original_text,
)
from llama_index.postprocessor.headgate.adapter import LlamaIndexAdapter
from llama_index.postprocessor.headgate.media import media


class Shelf(BaseRetriever):
    """Finds what it is told."""

    def __init__(self, find: Any) -> None:
        super().__init__()
        self.find = find
        self.similarity_top_k: int | None = None

    def _retrieve(self, query_bundle: QueryBundle) -> Any:
        found = self.find()
        return found if self.similarity_top_k is None else found[: self.similarity_top_k]


class Behind:
    """A query engine with a postprocessor, asked as a retriever is."""

    def __init__(self, retriever: Any, processor: BaseNodePostprocessor) -> None:
        self.retriever, self.processor = retriever, processor
        self.engine: Any = RetrieverQueryEngine.from_args(retriever, llm=MockLLM(), node_postprocessors=[processor])

    def retrieve(self, question: str) -> Any:
        return self.engine.retrieve(QueryBundle(question))

    async def aretrieve(self, question: str) -> Any:
        return await self.engine.aretrieve(QueryBundle(question))


class Events(BaseEventHandler):
    records: list[Mapping[str, Any]] = Field(default_factory=list)

    def handle(self, event: Any, **kwargs: Any) -> None:
        if isinstance(event, HeadgateAdmissionEvent):
            self.records.append(event.record)


@contextmanager
def listening() -> Iterator[list[Mapping[str, Any]]]:
    handler, dispatcher = Events(), get_dispatcher()
    dispatcher.add_event_handler(handler)
    try:
        yield handler.records
    finally:
        dispatcher.event_handlers.remove(handler)


class NodeBench(AdapterSuite):
    """How LlamaIndex asks and reads."""

    adapter = LlamaIndexAdapter()

    def make_retriever(self, find: Any) -> Any:
        return Shelf(find)

    def ask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[NodeWithScore]:
        retriever.similarity_top_k = k
        found: list[NodeWithScore] = retriever.retrieve(question)
        return found

    async def aask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[NodeWithScore]:
        retriever.similarity_top_k = k
        found: list[NodeWithScore] = await retriever.aretrieve(question)
        return found

    def found(self, chunks: Sequence[Chunk]) -> list[NodeWithScore]:
        nodes = self.adapter.documents(chunks)
        return [NodeWithScore(node=node, score=chunk.score) for node, chunk in zip(nodes, chunks, strict=True)]

    def shown(self, document: NodeWithScore) -> Shown:
        node = document.node
        # Function tools print whole nodes.
        prompt = f"{node.get_content(metadata_mode=MetadataMode.LLM)}\n{node!r}"
        return Shown(node.get_content(metadata_mode=MetadataMode.NONE), prompt, node.metadata, document.score)

    def traced(self, retriever: Any, question: str) -> Sequence[Mapping[str, Any]]:
        with listening() as records:
            retriever.retrieve(question)
        return records

    def record_of(self, document: NodeWithScore) -> Mapping[str, object] | None:
        return decision_record(document)

    def original_text(self, document: NodeWithScore) -> str:
        return original_text(document)

    def seal(self, sealer: Sealer, documents: Sequence[Any]) -> list[NodeWithScore]:
        return [NodeWithScore(node=node, score=0.5) for node in SealNodes(sealer)(documents)]

    def smuggling(self, document: NodeWithScore, words: str) -> Mapping[str, NodeWithScore]:
        node = document.node
        changes: Mapping[str, dict[str, Any]] = {
            "text_template": {"text_template": words + "{content}"},
            "metadata_template": {"metadata_template": words + "{key}{value}"},
            "metadata_separator": {"metadata_separator": words},
            "id_": {"id_": words},
            "excluded keys": {"excluded_embed_metadata_keys": [words]},
        }
        return {name: NodeWithScore(node=node.model_copy(update=update), score=0.5) for name, update in changes.items()}

    def media(self, document: NodeWithScore, content: bytes) -> Mapping[str, NodeWithScore]:
        node, encoded = document.node, base64.b64encode(content).decode()
        text, metadata = node.get_content(metadata_mode=MetadataMode.NONE), dict(node.metadata)
        resources = {"image": {"image": encoded}, "image_url": {"image_url": "https://handbook.example/a.png"}}
        variants: dict[str, Any] = {
            name: ImageNode(text=text, metadata=metadata, **fields) for name, fields in resources.items()
        }
        variants["a node of several"] = Node(
            text_resource=MediaResource(text=text),
            image_resource=MediaResource(data=encoded.encode()),
            extra_info=metadata,
        )
        return {name: NodeWithScore(node=one, score=0.5) for name, one in variants.items()}

    def has_media(self, document: NodeWithScore) -> bool:
        return bool(list(media(document.node)))


class TestRetrievers(NodeBench):
    """A retriever under `guard`."""


class TestPostprocessors(NodeBench):
    """`HeadgatePostprocessor` in an engine that knows nothing of a gate."""

    fills_up = False  # it sees only what was retrieved

    def guard(self, retriever: Any, gate: Gate) -> Any:
        return Behind(retriever, HeadgatePostprocessor(gate))

    def dump(self, guarded: Any) -> Any:
        self.inner = guarded.retriever
        return guarded.processor.to_dict()

    def load(self, dumped: Any) -> Any:
        return Behind(self.inner, HeadgatePostprocessor.from_dict(dumped))
