"""The adapter of LangChain passes the suite that every adapter must pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import VectorStore

from headgate import Chunk, Gate, Sealer
from headgate.testing import AdapterSuite, Shown
from langchain_headgate import (
    GatedRetriever,
    HeadgateCompressor,
    LangChainAdapter,
    SealDocuments,
    decision_record,
    gate_documents,
    original_text,
)

_ALL = 1_000


class Shelf(BaseRetriever):
    """Finds what it is told."""

    find: Any
    k: int | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: Any, k: int | None = None) -> Any:
        found = self.find()
        return found if k is None else found[:k]

    async def _aget_relevant_documents(self, query: str, *, run_manager: Any, k: int | None = None) -> Any:
        return self._get_relevant_documents(query, run_manager=run_manager, k=k)


class Events(BaseCallbackHandler):
    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []

    def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
        assert name == "headgate.admission"
        self.records.append(data)


class DocumentBench(AdapterSuite):
    """How LangChain asks and reads."""

    adapter = LangChainAdapter()
    has_scores = False

    def make_retriever(self, find: Any) -> Any:
        return Shelf(find=find)

    def ask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Document]:
        found: list[Document] = retriever.invoke(question, **({} if k is None else {"k": k}))
        return found

    async def aask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Document]:
        found: list[Document] = await retriever.ainvoke(question, **({} if k is None else {"k": k}))
        return found

    def shown(self, document: Document) -> Shown:
        return Shown(document.page_content, f"{document!r}\n{document.model_dump()}", document.metadata)

    def traced(self, retriever: Any, question: str) -> Sequence[Mapping[str, Any]]:
        events = Events()
        retriever.invoke(question, config={"callbacks": [events]})
        return events.records

    def record_of(self, document: Document) -> Mapping[str, object] | None:
        return decision_record(document)

    def original_text(self, document: Document) -> str:
        return original_text(document)

    def seal(self, sealer: Sealer, documents: Sequence[Document]) -> list[Document]:
        return SealDocuments(sealer).transform_documents(documents)

    def smuggling(self, document: Document, words: str) -> Mapping[str, Document]:
        class Annotated(Document):
            remark: str = words

        return {
            "id": document.model_copy(update={"id": words}),
            "type": document.model_copy(update={"type": words}),
            "a field of a subclass": Annotated(page_content=document.page_content, metadata=document.metadata),
        }


class TestRetrievers(DocumentBench):
    def dump(self, guarded: Any) -> Any:
        self.inner = guarded.retriever
        return guarded.model_dump(exclude={"retriever"})

    def load(self, dumped: Any) -> GatedRetriever:
        return GatedRetriever(retriever=self.inner, **dumped)


class TestSteps(DocumentBench):
    """`retriever | gate_documents(...)`."""

    fills_up = False  # it sees only what was retrieved

    def guard(self, retriever: Any, gate: Gate) -> Any:
        return retriever | gate_documents(gate)


class TestCompressors(DocumentBench):
    """`HeadgateCompressor` in a retriever that knows nothing of a gate."""

    fills_up = False

    def guard(self, retriever: Any, gate: Gate) -> Any:
        compressor = HeadgateCompressor(policy=gate)
        return ContextualCompressionRetriever(base_retriever=retriever, base_compressor=compressor)

    def dump(self, guarded: Any) -> Any:
        self.inner = guarded.base_retriever
        return guarded.base_compressor.model_dump()

    def load(self, dumped: Any) -> Any:
        compressor = HeadgateCompressor(**dumped)
        return ContextualCompressionRetriever(base_retriever=self.inner, base_compressor=compressor)


class ShelfStore(VectorStore):
    """Finds what it is told."""

    def __init__(self, find: Any) -> None:
        self.find = find

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> Any:
        return self.find()[:k]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> Any:
        return [document for document, _ in self.find()[:k]]

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> ShelfStore:
        raise NotImplementedError


class TestStores(DocumentBench):
    """A vector store under `guard`, by its search with scores."""

    has_scores = True

    def make_retriever(self, find: Any) -> Any:
        return ShelfStore(find)

    def found(self, chunks: Sequence[Chunk]) -> list[Any]:
        return [(one, chunk.score) for one, chunk in zip(self.adapter.documents(chunks), chunks, strict=True)]

    def ask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Any]:
        found: list[Any] = retriever.similarity_search_with_score(question, k=_ALL if k is None else k)
        return found

    async def aask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Any]:
        found: list[Any] = await retriever.asimilarity_search_with_score(question, k=_ALL if k is None else k)
        return found

    def shown(self, document: Any) -> Shown:
        one, score = document
        return replace(super().shown(one), score=score)

    def traced(self, retriever: Any, question: str) -> Sequence[Mapping[str, Any]]:
        events = Events()
        ask: Any = RunnableLambda(lambda _: self.ask(retriever, question))
        ask.invoke(question, config={"callbacks": [events]})
        return events.records

    def record_of(self, document: Any) -> Mapping[str, object] | None:
        return decision_record(document[0])

    def original_text(self, document: Any) -> str:
        return original_text(document[0])

    def seal(self, sealer: Sealer, documents: Sequence[Any]) -> list[Any]:
        return [(one, 0.5) for one in super().seal(sealer, documents)]

    def smuggling(self, document: Any, words: str) -> Mapping[str, Any]:
        return {name: (one, 0.5) for name, one in super().smuggling(document[0], words).items()}
