"""SealDocuments after a splitter, through a store, to the gate."""

from __future__ import annotations

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter

from headgate import Gate, HeadgateError
from headgate.testing import FixedClock, Publisher
from langchain_headgate import SealDocuments, guard


def test_what_is_sealed_at_ingestion_is_admitted(
    handbook: Publisher, gate: Gate, clock: FixedClock, embeddings: Embeddings
) -> None:
    page = Document(
        page_content="A long page about clusters. " * 40,
        metadata={"source": "https://handbook.example/a", "last_modified": clock.ago(days=3).isoformat(), "title": "A"},
    )
    chunks = RecursiveCharacterTextSplitter(chunk_size=200, chunk_overlap=20).split_documents([page])
    documents = SealDocuments(handbook.sealer, cover=["title"]).transform_documents(chunks)
    assert len(documents) > 3
    assert "headgate_seal" not in chunks[0].metadata
    store = InMemoryVectorStore.from_documents(documents, embeddings)
    assert len(guard(store.as_retriever(), gate).invoke("clusters", k=5)) == 5


def test_the_sealed_time_is_the_loaders(handbook: Publisher, gate: Gate, clock: FixedClock) -> None:
    metadata = {"url": "https://handbook.example/a", "updated": clock.ago(days=400).isoformat()}
    (document,) = SealDocuments(handbook.sealer).transform_documents([Document(page_content="x", metadata=metadata)])
    document.metadata["updated"] = clock.now.isoformat()
    assert not _admitted(gate, document)


def test_readers_may_be_keys_or_functions(handbook: Publisher, gate: Gate, clock: FixedClock) -> None:
    seal = SealDocuments(
        handbook.sealer,
        subject=lambda document: f"https://handbook.example/{document.metadata['slug']}",
        modified="reviewed",
        expires=lambda _: clock.ago(days=1),
        version=lambda _: 3,
    )
    metadata = {"slug": "a", "reviewed": clock.now}
    (document,) = seal.transform_documents([Document(page_content="x", metadata=metadata)])
    assert not _admitted(gate, document)


def test_a_document_without_a_source_cannot_be_sealed(handbook: Publisher) -> None:
    with pytest.raises(HeadgateError, match="title"):
        SealDocuments(handbook.sealer).transform_documents([Document(page_content="x", metadata={"title": "A"})])


def _admitted(gate: Gate, document: Document) -> bool:
    from headgate import Chunk

    return bool(gate.admit([Chunk(document.page_content, document.metadata)]).chunks)
