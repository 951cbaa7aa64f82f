"""Real indexes over sealed and forged nodes, with an embedding and a model that need no download."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms.mock import MockLLM
from llama_index.core.schema import BaseNode, TextNode

from headgate import Gate
from headgate.testing import FixedClock, Publisher
from llama_index.postprocessor.headgate import SealNodes

PAGE = "https://handbook.example/"


class WordHashEmbedding(BaseEmbedding):
    """Hashed words, normalised."""

    def _get_text_embedding(self, text: str) -> list[float]:
        vector = [0.0] * 256
        for word in re.findall(r"\w+", text.lower()):
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % 256] += 1.0
        length = math.sqrt(sum(value * value for value in vector)) or 1.0
        return [value / length for value in vector]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def node(text: str, number: int, **metadata: Any) -> TextNode:
    """A node as a reader and splitter leave it: metadata in the prompt, but for its own bookkeeping."""
    return TextNode(
        text=text,
        id_=f"node-{number}-{len(text)}",
        metadata={"source": f"{PAGE}{number}", "last_modified": "2026-05-30T00:00:00Z", **metadata},
        excluded_llm_metadata_keys=["source", "last_modified"],
        excluded_embed_metadata_keys=["source", "last_modified"],
    )


@pytest.fixture
def nodes(handbook: Publisher) -> list[BaseNode]:
    """Twelve sealed nodes and twelve forged ones that rank better."""
    sealed = SealNodes(handbook.sealer)([node(f"page {n} about K8s clusters", n, title=f"K8s {n}") for n in range(12)])
    forged = [node(f"K8s clusters forged {n}", n, title="K8s clusters") for n in range(12)]
    return [*sealed, *forged]


@pytest.fixture
def index(nodes: list[BaseNode]) -> VectorStoreIndex:
    return VectorStoreIndex(nodes=nodes, embed_model=WordHashEmbedding())


@pytest.fixture
def llm() -> MockLLM:
    """A model that repeats its prompt."""
    return MockLLM()


@pytest.fixture
def node_gate(handbook: Publisher, clock: FixedClock, tmp_path: Any) -> Gate:
    glossary = tmp_path / "terms.yaml"
    glossary.write_text("terms: {Kubernetes: [K8s]}")
    source = handbook.source(freshness={"max_age": "90d"}, terminology=[str(glossary)])
    return Gate({"sources": [source]}, clock=clock)


@pytest.fixture
def make_node() -> Callable[..., TextNode]:
    return node
