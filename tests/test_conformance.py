"""headgate passes the checks that it ships, in both frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from llama_index.core.base.base_retriever import BaseRetriever as LlamaRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode

from headgate import Chunk, Gate
from headgate.testing import CHECKS, FixedClock, Publisher, Seen, run_checks
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama


class Subject:
    """What the two have in common: publishers, and a policy as the documentation has it."""

    def __init__(self) -> None:
        clock = FixedClock()
        self.now = clock.now
        self._handbook = Publisher("handbook", "https://handbook.example/**", clock)
        self._stranger = Publisher("handbook", "https://handbook.example/**", clock)
        self._other = Publisher("other", "https://other.example/**", clock)
        source = self._handbook.source(freshness={"max_age": "90d"})
        self.gate = Gate({"sources": [source, self._other.source()]}, clock=clock)

    def publish(self, text: str, uri: str, **facts: Any) -> Chunk:
        modified = facts.pop("modified", None)
        metadata = {"source": uri, **facts}
        return self._handbook.seal(text, uri, metadata, modified=modified, cover=sorted(facts))

    def publish_as(self, who: str, text: str, uri: str) -> Chunk:
        signer = self._stranger if who == "stranger" else self._other
        return signer.seal(text, uri, {"source": uri})

    def reasons(self, document: Chunk) -> Sequence[str]:
        return self.gate.admit([document]).decisions[0].codes


class InLangChain(Subject):
    class Fixed(BaseRetriever):
        found: list[Document]
        k: int = 4

        def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
            return self.found[: self.k]

    def _retriever(self, documents: Sequence[Chunk], k: int) -> BaseRetriever:
        # Without validation: documents from a broken loader are not validated either.
        found = [Document.model_construct(page_content=c.text, metadata=c.metadata, id=c.id) for c in documents]
        return guard(self.Fixed.model_construct(found=found, k=k), self.gate)

    def ask(self, documents: Sequence[Chunk], question: str, k: int) -> Sequence[Seen]:
        return [Seen(document.page_content) for document in self._retriever(documents, k).invoke(question)]

    async def aask(self, documents: Sequence[Chunk], question: str, k: int) -> Sequence[Seen]:
        return [Seen(document.page_content) for document in await self._retriever(documents, k).ainvoke(question)]

    def is_retriever(self) -> bool:
        retriever = self._retriever([], 4)
        chain = retriever | RunnableLambda(len)
        return isinstance(retriever, BaseRetriever) and isinstance(chain, Runnable) and chain.invoke("q") == 0


class InLlamaIndex(Subject):
    class Fixed(LlamaRetriever):
        def __init__(self, found: list[NodeWithScore], k: int) -> None:
            super().__init__()
            self.found, self.similarity_top_k = found, k

        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return self.found[: self.similarity_top_k]

    def _retriever(self, documents: Sequence[Chunk], k: int) -> LlamaRetriever:
        nodes = [TextNode(text=c.text, metadata=dict(c.metadata)) for c in documents]
        return guard_llama(self.Fixed([NodeWithScore(node=node) for node in nodes], k), self.gate)

    def ask(self, documents: Sequence[Chunk], question: str, k: int) -> Sequence[Seen]:
        return [_seen(item) for item in self._retriever(documents, k).retrieve(question)]

    async def aask(self, documents: Sequence[Chunk], question: str, k: int) -> Sequence[Seen]:
        return [_seen(item) for item in await self._retriever(documents, k).aretrieve(question)]

    def is_retriever(self) -> bool:
        return isinstance(self._retriever([], 4), LlamaRetriever)


def _seen(item: NodeWithScore) -> Seen:
    return Seen(item.node.get_content(metadata_mode=MetadataMode.LLM))


@pytest.mark.parametrize("subject", [InLangChain, InLlamaIndex])
def test_headgate_passes_every_check(subject: type[InLangChain] | type[InLlamaIndex]) -> None:
    results = run_checks(subject())
    assert len(results) == len(CHECKS) == 20
    assert [f"{r.check.number} {r.check.title}: {r.problem}" for r in results if not r.passed] == []


def test_a_gate_that_lets_everything_through_fails_nearly_all() -> None:
    class Open(InLangChain):
        def __init__(self) -> None:
            super().__init__()
            self.gate = Gate({"mode": "audit"})

    failed = {result.check.number for result in run_checks(Open()) if not result.passed}
    assert failed >= {4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 19, 20}


def test_a_gate_that_lets_nothing_through_fails_too() -> None:
    class Closed(InLangChain):
        def ask(self, documents: Sequence[Chunk], question: str, k: int) -> Sequence[Seen]:
            return []

    assert {1, 4, 6, 13, 15, 17} <= {result.check.number for result in run_checks(Closed()) if not result.passed}
