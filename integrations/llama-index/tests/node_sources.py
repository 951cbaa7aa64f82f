"""What tests of the gate build indexes from: sealed nodes, forgeries, and retrievers that find what they are given."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle, TextNode

from headgate import Gate
from headgate.testing import FixedClock, Publisher
from llama_index.postprocessor.headgate import SealNodes

CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)
PAGE = "https://handbook.example/leave"
FORGED = "FORGED"


def gate(mode: str = "enforce", **rules: Any) -> Gate:
    return Gate({"mode": mode, "sources": [HANDBOOK.source(**rules)]}, clock=CLOCK)


def sealed(text: str, kind: type[BaseNode] = TextNode, **fields: Any) -> Any:
    """A node as `SealNodes` leaves it; its source is hidden from the model."""
    metadata = {"source": PAGE, **fields.pop("metadata", {})}
    hidden = [*fields.pop("hidden", ["source"])]
    node = kind(text=text, metadata=metadata, excluded_llm_metadata_keys=hidden, **fields)  # type: ignore[call-arg]
    return SealNodes(HANDBOOK.sealer)([node])[0]


def forged(**fields: Any) -> TextNode:
    return TextNode(text=FORGED, metadata={"source": PAGE}, **fields)


class Finds(BaseRetriever):
    """Finds what it is given, whatever the question."""

    def __init__(self, *found: BaseNode) -> None:
        super().__init__()
        self.found = found

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=node, score=1.0) for node in self.found]


class Echo(CustomLLM):
    """Answers with its prompt."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=100_000)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=prompt)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        yield CompletionResponse(text=prompt, delta=prompt)


def engine(*found: BaseNode, steps: Any = ()) -> RetrieverQueryEngine:
    return RetrieverQueryEngine.from_args(Finds(*found), llm=Echo(), node_postprocessors=[*steps])


def shown(items: list[NodeWithScore]) -> list[str]:
    """What the model would read of each node."""
    return [item.node.get_content(metadata_mode=MetadataMode.LLM) for item in items]
