"""A store that is told how old a node may be: it is asked less often, and nothing else is admitted for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import SimpleVectorStore

from headgate import Gate
from headgate.integration.narrowing import edition_entry
from headgate.testing import FixedClock, Publisher
from llama_index.postprocessor.headgate import edition_filters, freshness_filters, guard

DAY = timedelta(days=1)


class Ranked(BaseEmbedding):
    """The older a text is, the nearer it is to any question."""

    def _get_query_embedding(self, query: str) -> list[float]:
        return [1.0, 0.0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return [1.0, 0.0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return [1.0, 1.0 / (1 + int(text.split()[1]))]


class Counting(SimpleVectorStore):
    """A store that knows how often it was asked."""

    def query(self, query: Any, **kwargs: Any) -> Any:
        ASKED.append(query.similarity_top_k)
        return super().query(query, **kwargs)


ASKED: list[int] = []


def test_fewer_fetches_for_the_same_nodes(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source(freshness={"max_age": "90d"})]}, clock=clock)
    nodes = []
    for number, age in enumerate([*range(200, 260), *range(1, 9)]):
        uri, modified = f"https://handbook.example/{number}", clock.now - age * DAY
        entries = {"source": uri, "updated_ts": int(modified.timestamp())}
        chunk = handbook.seal(f"age {age} {number}", uri, entries, modified=modified)
        keys = list(chunk.metadata)
        nodes.append(
            TextNode(
                text=chunk.text,
                id_=f"00000000-0000-0000-0000-{number:012}",
                metadata=dict(chunk.metadata),
                excluded_llm_metadata_keys=keys,
                excluded_embed_metadata_keys=keys,
            )
        )
    context = StorageContext.from_defaults(vector_store=Counting())
    index = VectorStoreIndex(nodes, storage_context=context, embed_model=Ranked(), show_progress=False)
    found, asked = [], []
    for filters in (None, freshness_filters(gate, "updated_ts", "handbook")):
        ASKED.clear()
        retriever = guard(index.as_retriever(similarity_top_k=4, filters=filters), gate)
        found.append([one.node.get_content() for one in retriever.retrieve("Which?")])
        asked.append(len(ASKED))
    assert found[0] == found[1]
    assert len(found[0]) == 4
    assert asked == [3, 1]


def test_fewer_fetches_where_most_nodes_are_of_other_editions(clock: FixedClock) -> None:
    docs = "https://docs.example/"
    source = {
        "id": "docs",
        "match": f"{docs}**",
        "provenance": {"require": "declared"},
        "identity": {"pattern": f"{docs}{{version}}/{{page}}", "current": "v3.10"},
    }
    gate = Gate({"sources": [source]}, clock=clock)
    addresses = (
        [f"{docs}v3.{n % 10}/{n}" for n in range(60)] + [f"{docs}v3.10/{n}" for n in range(3)] + [f"{docs}about"]
    )
    nodes = [
        TextNode(
            text=f"age {len(addresses) - n}",
            id_=f"00000000-0000-0000-0000-{n:012}",
            metadata={"source": address, "edition": edition_entry(gate, address)},
            excluded_embed_metadata_keys=["source", "edition"],
        )
        for n, address in enumerate(addresses)
    ]
    context = StorageContext.from_defaults(vector_store=Counting())
    index = VectorStoreIndex(nodes, storage_context=context, embed_model=Ranked(), show_progress=False)
    found, asked = [], []
    for filters in (None, edition_filters(gate, "edition", "docs")):
        ASKED.clear()
        retriever = guard(index.as_retriever(similarity_top_k=4, filters=filters), gate)
        found.append([one.node.metadata["source"] for one in retriever.retrieve("Which?")])
        asked.append(len(ASKED))
    assert found[0] == found[1]
    assert len(found[0]) == 4
    assert asked == [3, 1]
