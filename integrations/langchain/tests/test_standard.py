"""LangChain's own suite for retrievers, as it stands, over three vector stores with as many forged documents."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_chroma import Chroma
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_tests.integration_tests import RetrieversIntegrationTests

from headgate import Gate
from langchain_headgate import GatedRetriever


class _Suite(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def prepare(self, gate: Gate, corpus: list[Document], embeddings: Embeddings, request: Any) -> Any:
        self.store = self.make_store(corpus, embeddings, request.node.name)
        self.gate = gate

    def make_store(self, corpus: list[Document], embeddings: Embeddings, name: str) -> VectorStore:
        raise NotImplementedError

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return GatedRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"retriever": self.store.as_retriever(), "policy": self.gate}

    @property
    def retriever_query_example(self) -> str:
        return "K8s clusters"


class TestOverInMemoryVectorStore(_Suite):
    def make_store(self, corpus: list[Document], embeddings: Embeddings, name: str) -> VectorStore:
        store: VectorStore = InMemoryVectorStore.from_documents(corpus, embeddings)
        return store


class TestOverChroma(_Suite):
    def make_store(self, corpus: list[Document], embeddings: Embeddings, name: str) -> VectorStore:
        return Chroma.from_documents(corpus, embeddings, collection_name=name[:50].replace("[", "").replace("]", ""))


class TestOverFaiss(_Suite):
    def make_store(self, corpus: list[Document], embeddings: Embeddings, name: str) -> VectorStore:
        store: VectorStore = FAISS.from_documents(corpus, embeddings)
        return store


del _Suite
