"""guard(vector_store): every way to search is gated, scores kept."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_chroma import Chroma
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from headgate import Gate, HeadgateError
from langchain_headgate import GatedVectorStore, guard, original_metadata


@pytest.fixture(params=["memory", "chroma", "faiss"])
def store(request: Any, corpus: list[Document], embeddings: Embeddings) -> VectorStore:
    if request.param == "memory":
        store: VectorStore = InMemoryVectorStore.from_documents(corpus, embeddings)
        return store
    if request.param == "chroma":
        name = "".join(character for character in request.node.name if character.isalnum())[:60]
        return Chroma.from_documents(corpus, embeddings, collection_name=name)
    found: VectorStore = FAISS.from_documents(corpus, embeddings)
    return found


def is_clean(documents: list[Document]) -> bool:
    return bool(documents) and not any("forged" in d.page_content or "K8s" in d.page_content for d in documents)


def test_every_search_is_gated_and_returns_k(store: VectorStore, gate: Gate, embeddings: Embeddings) -> None:
    gated = guard(store, gate)
    assert isinstance(gated, VectorStore)
    query, vector = "K8s clusters", embeddings.embed_query("K8s clusters")
    assert len(gated.similarity_search(query, k=3)) == 3
    for found in (
        gated.similarity_search(query),
        gated.similarity_search(query, 5),
        gated.similarity_search(query=query, k=2),
        gated.search(query, "similarity"),
        gated.search(query, "mmr"),
        gated.similarity_search_by_vector(vector, k=3),
        gated.max_marginal_relevance_search(query, k=3),
        gated.max_marginal_relevance_search_by_vector(vector, k=3),
        gated.as_retriever(search_kwargs={"k": 3}).invoke(query),
        gated.as_retriever(search_type="mmr").invoke(query),
    ):
        assert is_clean(found)


def test_scores_stay_with_their_documents(store: VectorStore, gate: Gate) -> None:
    everything = store.similarity_search_with_score("page 3", k=24)
    scores = {d.metadata.get("headgate_seal"): score for d, score in everything}
    found = guard(store, gate).similarity_search_with_score("page 3", k=5)
    assert len(found) == 5
    for document, score in found:
        assert score == pytest.approx(scores[original_metadata(document)["headgate_seal"]])
    assert is_clean([document for document, _ in found])


async def test_asynchronous_searches_are_gated(store: VectorStore, gate: Gate, embeddings: Embeddings) -> None:
    gated = guard(store, gate)
    query, vector = "K8s clusters", embeddings.embed_query("K8s clusters")
    assert is_clean(await gated.asimilarity_search(query, k=3))
    assert is_clean([d for d, _ in await gated.asimilarity_search_with_score(query, k=3)])
    assert is_clean(await gated.asimilarity_search_by_vector(vector, k=3))
    assert is_clean(await gated.amax_marginal_relevance_search(query, k=3))
    assert is_clean(await gated.as_retriever().ainvoke(query))


def test_documents_by_id_are_gated(corpus: list[Document], embeddings: Embeddings, gate: Gate) -> None:
    store = InMemoryVectorStore(embeddings)
    ids = guard(store, gate).add_documents(corpus)
    assert len(store.get_by_ids(ids)) == 24
    assert is_clean(guard(store, gate).get_by_ids(ids))


def test_a_stores_own_search_methods_are_gated_too(corpus: list[Document], embeddings: Embeddings, gate: Gate) -> None:
    gated = guard(Chroma.from_documents(corpus, embeddings, collection_name="own"), gate)
    assert isinstance(gated, GatedVectorStore)
    found = gated.similarity_search_with_vectors("K8s clusters", k=4)
    assert is_clean([row[0] for row in found])
    assert gated.embeddings is embeddings


def test_adding_and_deleting_pass_through(embeddings: Embeddings, gate: Gate, corpus: list[Document]) -> None:
    store = InMemoryVectorStore(embeddings)
    gated = guard(store, gate)
    ids = gated.add_documents(corpus[:4])
    gated.delete(ids[:1])
    assert len(store.store) == 3


def test_a_gate_needs_a_store_that_exists(embeddings: Embeddings) -> None:
    with pytest.raises(HeadgateError, match="first"):
        GatedVectorStore.from_texts(["a"], embeddings)
