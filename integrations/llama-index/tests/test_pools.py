"""k nodes come back where the store has k admissible ones, whatever its pools; where not, the record says why."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode, TextNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters, SimpleVectorStore
from llama_index.core.vector_stores.types import VectorStoreQueryMode
from node_sources import CLOCK, FORGED, HANDBOOK

from headgate import Admission, Gate
from llama_index.postprocessor.headgate import SealNodes, guard

Q = "How many days of leave?"


class Ranked(BaseEmbedding):
    """Forged texts are nearest to any question, then the others by their number."""

    def _get_query_embedding(self, query: str) -> list[float]:
        return [1.0, 0.0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return [1.0, 0.0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return [1.0, 0.01 if FORGED in text else 0.1 + int(text.split()[1]) / 100]


def nodes(forged: int, genuine: int) -> list[BaseNode]:
    def made(text: str, number: int) -> TextNode:
        tenant = "a" if number % 2 == 0 else "b"
        metadata = {"source": f"https://handbook.example/{number}", "tenant": tenant}
        hidden = ["source", "tenant"]
        return TextNode(
            text=text,
            id_=f"00000000-0000-0000-0000-{number:012}",
            metadata=metadata,
            excluded_llm_metadata_keys=hidden,
            excluded_embed_metadata_keys=hidden,
        )

    good = SealNodes(HANDBOOK.sealer)([made(f"page {n}", n) for n in range(forged, forged + genuine)])
    return [*(made(f"{FORGED} {n}", n) for n in range(forged)), *good]


class Pools(SimpleVectorStore):
    """A search that chooses from pools: of neighbours, of sparse hits, and of what is left of both."""

    def query(self, query: Any, **kwargs: Any) -> Any:
        mode, width = query.mode, query.similarity_top_k
        if mode in (VectorStoreQueryMode.HYBRID, VectorStoreQueryMode.SPARSE):
            width = min(width, query.sparse_top_k or width)
        if mode == VectorStoreQueryMode.HYBRID:
            width = min(width, query.hybrid_top_k or width)
        width = min(width, kwargs.pop("num_candidates", width))
        plain = replace(query, mode=VectorStoreQueryMode.DEFAULT, similarity_top_k=width)
        return super().query(plain, **kwargs)


class AfterFilter(SimpleVectorStore):
    """A search that filters after it has counted."""

    def query(self, query: Any, **kwargs: Any) -> Any:
        found: Any = super().query(replace(query, filters=None), **kwargs)
        kept = [n for n, id_ in enumerate(found.ids) if query.filters is None or int(id_[-3:]) % 2 == 0]
        return replace(
            found, ids=[found.ids[n] for n in kept], similarities=[found.similarities[n] for n in kept], nodes=None
        )


def index(forged: int, genuine: int, store: Any) -> VectorStoreIndex:
    context = StorageContext.from_defaults(vector_store=store)
    return VectorStoreIndex(nodes(forged, genuine), embed_model=Ranked(), storage_context=context)


def gate(admissions: list[Admission] | None = None) -> Gate:
    sinks: Any = [admissions.append] if admissions is not None else []
    return Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK, sinks=sinks)


def qdrant() -> Any:
    stores = pytest.importorskip("llama_index.vector_stores.qdrant")
    client = pytest.importorskip("qdrant_client").QdrantClient(":memory:")

    def words(texts: list[str]) -> Any:
        return [[0] for _ in texts], [[2.0 if FORGED in text else 1.0] for text in texts]

    return stores.QdrantVectorStore(
        client=client, collection_name="c", enable_hybrid=True, sparse_doc_fn=words, sparse_query_fn=words
    )


HYBRID = {"similarity_top_k": 4, "vector_store_query_mode": "hybrid"}
SETTINGS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "hybrid": (Pools, {**HYBRID, "sparse_top_k": 4, "hybrid_top_k": 4}, 4),
    "hybrid, no pools given": (Pools, HYBRID, 4),
    "hybrid, fewer wanted": (Pools, {**HYBRID, "sparse_top_k": 10, "hybrid_top_k": 2}, 2),
    "hybrid, more wanted": (Pools, {**HYBRID, "sparse_top_k": 10, "hybrid_top_k": 6, "similarity_top_k": 10}, 6),
    "candidates": (Pools, {"similarity_top_k": 4, "vector_store_kwargs": {"num_candidates": 5}}, 4),
    "filter after counting": (
        AfterFilter,
        {"similarity_top_k": 4, "filters": MetadataFilters(filters=[MetadataFilter(key="tenant", value="a")])},
        4,
    ),
    "qdrant hybrid": (qdrant, {**HYBRID, "sparse_top_k": 4, "hybrid_top_k": 4}, 4),
    "qdrant hybrid, no pools given": (qdrant, HYBRID, 4),
}


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")  # in the memory of the process
@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_pools_do_not_keep_k_from_coming_back(name: str) -> None:
    store, settings, wanted = SETTINGS[name]
    many = index(30, 40, store())
    retriever = guard(many.as_retriever(**settings), gate())
    found = [retriever.retrieve(Q)]
    if "qdrant" not in name:  # its asynchronous client has a memory of its own
        found.append(asyncio.run(retriever.aretrieve(Q)))
    for one in found:
        assert [item.node.get_content().split()[0] for item in one] == ["page"] * wanted


def test_what_is_asked_is_never_changed() -> None:
    many = index(30, 40, Pools())
    settings: dict[str, Any] = {"vector_store_kwargs": {"num_candidates": 5}}
    inner: Any = many.as_retriever(**SETTINGS["hybrid"][1], **settings)
    before = dict(vars(inner))
    guard(inner, gate()).retrieve(Q)
    assert vars(inner) == before
    assert settings == {"vector_store_kwargs": {"num_candidates": 5}}


@pytest.mark.parametrize(
    ("store", "settings", "forged", "genuine", "reason"),
    [
        (SimpleVectorStore, {"similarity_top_k": 4}, 3, 3, "no_more"),
        (SimpleVectorStore, {"similarity_top_k": 4}, 220, 3, "limit"),
        (AfterFilter, SETTINGS["filter after counting"][1], 8, 3, "pool"),
        (SimpleVectorStore, {"similarity_top_k": 4}, 3, 9, None),
    ],
)
def test_the_record_says_why_k_was_not_reached(
    store: Any, settings: Any, forged: int, genuine: int, reason: str | None
) -> None:
    admissions: list[Admission] = []
    at = gate(admissions)
    guard(index(forged, genuine, store()).as_retriever(**settings), at).retrieve(Q)
    at.flush()
    (admission,) = admissions
    assert (admission.shortfall.reason if admission.shortfall else None) == reason
    assert ("shortfall" in admission.to_dict()) == (reason is not None)
