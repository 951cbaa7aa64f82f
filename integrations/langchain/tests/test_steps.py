"""Steps of a guarded retriever: what they select or cut passes; what they rewrite or add does not, unless trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever, EnsembleRetriever
from langchain_classic.retrievers.document_compressors import (
    DocumentCompressorPipeline,
    EmbeddingsFilter,
    LLMChainExtractor,
)
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListLLM
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import CharacterTextSplitter

from headgate import Admission, Gate, NothingAdmissibleError
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard
from langchain_headgate.convert import is_note

QUESTION = "K8s clusters"
EVIL = "evil words of nobody"


class Does(BaseDocumentCompressor):
    """Does to what it is given what it is told."""

    what: Any

    def compress_documents(self, documents: Any, query: str, callbacks: Any = None) -> Sequence[Document]:
        found: Sequence[Document] = self.what(list(documents))
        return found


class Masker(Does):
    """Does the same, under a name that can be trusted."""


def in_place(documents: list[Document]) -> list[Document]:
    for document in documents:
        document.page_content = EVIL
    return documents


def changed(documents: list[Document], **changes: Any) -> list[Document]:
    return [one.model_copy(update=changes) for one in documents]


def titled(documents: list[Document]) -> list[Document]:
    return changed(documents, metadata={**documents[0].metadata, "title": EVIL})


@pytest.fixture
def store(corpus: list[Document], embeddings: Embeddings) -> InMemoryVectorStore:
    found: InMemoryVectorStore = InMemoryVectorStore.from_documents(corpus, embeddings)
    return found


def compressing(store: InMemoryVectorStore, step: Any) -> BaseRetriever:
    base = store.as_retriever(search_kwargs={"k": 4})
    compressor: BaseRetriever = ContextualCompressionRetriever(base_retriever=base, base_compressor=step)
    return compressor


def both(retriever: BaseRetriever) -> list[Document]:
    found = retriever.invoke(QUESTION)
    assert [one.page_content for one in found] == [one.page_content for one in asyncio.run(retriever.ainvoke(QUESTION))]
    return found


def trusting(gate: Gate, *names: str, seen: list[Admission] | None = None) -> Gate:
    policy = gate.policy.model_copy(update={"trusted_steps": names})
    return Gate(policy, clock=FixedClock(), sinks=[seen.append] if seen is not None else [])


@pytest.mark.parametrize("kind", ["select", "cut", "split", "score", "pipeline", "extract"])
def test_what_a_step_selects_or_cuts_passes(
    kind: str, store: InMemoryVectorStore, embeddings: Embeddings, gate: Gate
) -> None:
    splitter = CharacterTextSplitter(separator=" ", chunk_size=12, chunk_overlap=0)
    steps: dict[str, Any] = {
        "select": Does(what=lambda found: found[1:]),
        "cut": Does(what=lambda found: [Document(one.page_content[2:9], metadata=one.metadata) for one in found]),
        "split": DocumentCompressorPipeline(transformers=[splitter]),
        "score": Does(what=lambda found: changed(found, metadata={**found[0].metadata, "relevance_score": 0.5})),
        "pipeline": DocumentCompressorPipeline(transformers=[EmbeddingsFilter(embeddings=embeddings, k=2)]),
        "extract": LLMChainExtractor.from_llm(FakeListLLM(responses=["Kubernetes"])),
    }
    found = both(guard(compressing(store, steps[kind]), gate))
    assert found
    text = " ".join(one.page_content for one in found)
    assert "Kubernetes" in text or kind == "cut"
    assert "forged" not in text
    if kind == "score":
        assert [one.metadata["relevance_score"] for one in found] == [0.5] * len(found)


def test_a_passage_that_two_documents_share_stays_that_of_its_own(
    handbook: Publisher, embeddings: Embeddings, clock: FixedClock
) -> None:
    uris = [f"https://handbook.example/{name}" for name in "ab"]
    sealed = [
        handbook.seal(f"Of {uri[-1]}. It is said in both.", uri, {"source": uri}, modified=clock.now) for uri in uris
    ]
    documents = [Document(one.text, metadata=dict(one.metadata)) for one in sealed]
    store = InMemoryVectorStore.from_documents(documents, embeddings)
    seen: list[Admission] = []
    gate = Gate({"sources": [handbook.source()]}, clock=clock, sinks=[seen.append])
    shared = Does(what=lambda found: changed_each(found, "It is said in both."))
    found = guard(compressing(store, shared), gate).invoke(QUESTION)
    gate.flush()
    assert sorted(one.metadata["source"] for one in found) == uris
    assert sorted(str(one.uri) for one in seen[-1].decisions) == uris


def changed_each(documents: list[Document], text: str) -> list[Document]:
    return [Document(text, metadata=one.metadata) for one in documents]


@pytest.mark.parametrize(
    "what",
    [
        lambda found: changed(found, page_content=f"{found[0].page_content} {EVIL}"),
        in_place,
        lambda found: [*found, Document(EVIL)],
        lambda found: [Document(EVIL, metadata=dict(found[0].metadata))],
        lambda found: changed(found, id=EVIL),
        titled,
        lambda found: changed(found, metadata={**found[0].metadata, EVIL: 1}),
        lambda found: [Document(found[0].page_content[:5], metadata={"note": EVIL}, id=EVIL)],
    ],
)
def test_what_a_step_adds_or_changes_stays_out(what: Any, store: InMemoryVectorStore, gate: Gate) -> None:
    for step in (Does(what=what), DocumentCompressorPipeline(transformers=[Does(what=what)])):
        assert EVIL not in repr(both(guard(compressing(store, step), gate)))


def test_what_is_rewritten_says_so(store: InMemoryVectorStore, gate: Gate) -> None:
    seen: list[Admission] = []
    at = trusting(gate, "Other", seen=seen)
    step = Does(what=lambda found: [*changed(found[:1], page_content=EVIL), Document(EVIL)])
    assert guard(compressing(store, step), at).invoke(QUESTION) == []
    at.flush()
    details = [decision.findings[-1].detail for decision in seen[-1].decisions]
    assert details == [{"step": "Does", "change": "rewritten"}, {"step": "Does", "change": "added"}]
    assert "trusted_steps: [Does]" in seen[-1].decisions[0].findings[-1].message


def test_a_trusted_step_may_rewrite_and_bring_nothing(store: InMemoryVectorStore, gate: Gate) -> None:
    def mask(found: list[Document]) -> list[Document]:
        return [*changed(found, page_content="[MASKED] clusters"), Document("forged", metadata={"title": "forged"})]

    step = Masker(what=mask)
    for compressor in (step, DocumentCompressorPipeline(transformers=[step])):
        found = both(guard(compressing(store, compressor), trusting(gate, "Masker")))
        assert [one.page_content for one in found] == ["[MASKED] clusters"] * 4
    # Nobody can tell which of two has rewritten.
    other = DocumentCompressorPipeline(transformers=[step, Does(what=lambda found: found)])
    assert both(guard(compressing(store, other), trusting(gate, "Masker"))) == []
    assert both(guard(compressing(store, step), trusting(gate, "Does"))) == []


def test_the_frameworks_own_compression_is_trusted_by_its_name(store: InMemoryVectorStore, gate: Gate) -> None:
    step = LLMChainExtractor.from_llm(FakeListLLM(responses=["In short: clusters."]))
    assert both(guard(compressing(store, step), gate)) == []
    found = both(guard(compressing(store, step), trusting(gate, "LLMChainExtractor")))
    assert found
    assert {one.page_content for one in found} == {"In short: clusters."}


class Cuts(BaseRetriever):
    """Cuts what its own store finds."""

    vectors: Any
    texts: Any = None

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        found = self.vectors.similarity_search(query)
        return self.texts or [Document(one.page_content[:6], metadata=one.metadata) for one in found]


def test_what_is_cut_from_a_guarded_stores_documents_passes_behind_the_same_gate(
    store: InMemoryVectorStore, gate: Gate, handbook: Publisher
) -> None:
    assert len(both(guard(Cuts(vectors=guard(store, gate)), gate))) == 4
    assert both(guard(Cuts(vectors=guard(store, gate)), trusting(gate))) == []
    milder = Gate({"default": {"provenance": {"require": "none"}}})
    assert both(guard(Cuts(vectors=guard(store, milder)), gate)) == []


@pytest.mark.parametrize("on_empty", ["empty", "note", "raise"])
def test_that_one_part_has_nothing_is_for_the_whole_to_say(
    on_empty: str, store: InMemoryVectorStore, embeddings: Embeddings, gate: Gate
) -> None:
    forged: InMemoryVectorStore = InMemoryVectorStore.from_documents([Document("forged K8s clusters")], embeddings)
    at = Gate(gate.policy.model_copy(update={"on_empty": on_empty}), clock=FixedClock())

    def retriever(*stores: InMemoryVectorStore) -> BaseRetriever:
        parts: list[Any] = [guard(one.as_retriever(), at) for one in stores]
        ensemble: BaseRetriever = EnsembleRetriever(retrievers=parts, weights=[1.0] * len(stores))
        return guard(ensemble, at)

    found = both(retriever(forged, store))
    assert found
    assert all("Kubernetes" in one.page_content for one in found)
    if on_empty == "raise":
        with pytest.raises(NothingAdmissibleError):
            retriever(forged).invoke(QUESTION)
    else:
        assert [is_note(one) for one in both(retriever(forged))] == [True] * (on_empty == "note")
