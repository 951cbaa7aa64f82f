"""The line in a chain: k, order, callbacks, sync, async, batch and streaming."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever, EnsembleRetriever
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListChatModel
from langchain_core.language_models.fake_chat_models import ParrotFakeChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore, VectorStoreRetriever
from langchain_documents import sealed

import headgate
from headgate import AdapterError, Chunk, Gate, HeadgateError, Policy
from headgate.integration.citing import cite
from headgate.testing import FixedClock, Publisher
from langchain_headgate import (
    GatedRetriever,
    HeadgateCompressor,
    gate_documents,
    guard,
    original_citation,
    original_metadata,
    original_text,
)
from langchain_headgate.rehearsal import bm25


@pytest.fixture
def inner(corpus: list[Document], embeddings: Embeddings) -> VectorStoreRetriever:
    store: InMemoryVectorStore = InMemoryVectorStore.from_documents(corpus, embeddings)
    return store.as_retriever()


class Fixed(BaseRetriever):
    """Returns what it is given, whatever that is."""

    found: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Recorder(BaseCallbackHandler):
    def __init__(self) -> None:
        self.runs: dict[Any, tuple[str, Any]] = {}
        self.ends: list[tuple[str, Any]] = []
        self.events: list[tuple[str, Any]] = []
        self.tags: list[str] = []

    def on_retriever_start(
        self, serialized: Any, query: str, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ) -> None:
        self.runs[run_id] = (kwargs.get("name") or "retriever", parent_run_id)
        self.tags += kwargs.get("tags") or []

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ) -> None:
        self.runs[run_id] = (kwargs.get("name") or "chain", parent_run_id)

    def on_chain_end(self, outputs: Any, *, run_id: Any, **kwargs: Any) -> None:
        self.ends.append((self.runs[run_id][0], outputs))

    def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
        self.events.append((name, data))


def test_guard_returns_a_retriever_that_admits_only_what_is_proved(inner: BaseRetriever, gate: Gate) -> None:
    retriever = guard(inner, gate)
    assert isinstance(retriever, BaseRetriever)
    texts = [document.page_content for document in retriever.invoke("K8s clusters")]
    assert len(texts) == 4
    assert not any("forged" in text or "K8s" in text for text in texts)


def test_the_order_of_the_inner_retriever_is_kept(inner: BaseRetriever, gate: Gate) -> None:
    everything = [d.metadata["headgate_seal"] for d in inner.invoke("page 3", k=24) if "headgate_seal" in d.metadata]
    admitted = [original_metadata(d)["headgate_seal"] for d in guard(inner, gate).invoke("page 3", k=12)]
    assert admitted == everything


@pytest.mark.parametrize("k", [1, 3, 7, 12])
def test_k_documents_are_k_admissible_documents(k: int, inner: BaseRetriever, gate: Gate) -> None:
    assert len(guard(inner, gate).invoke("K8s clusters", k=k)) == k
    assert len(GatedRetriever(retriever=inner, policy=gate, k=k).invoke("K8s clusters")) == k


def test_fewer_come_back_only_where_there_are_no_more(inner: BaseRetriever, gate: Gate) -> None:
    assert len(guard(inner, gate).invoke("K8s clusters", k=20)) == 12


def test_no_documents_are_asked_for_when_none_are_wanted(inner: BaseRetriever, gate: Gate) -> None:
    assert guard(inner, gate).invoke("K8s clusters", k=0) == []


def test_a_retriever_with_a_field_for_k_is_asked_for_more(corpus: list[Document], gate: Gate) -> None:
    inner = bm25(corpus, 3)
    assert len(guard(inner, gate).invoke("K8s clusters")) == 3
    assert inner.k == 3


def test_mmr_returns_k_admissible_documents(corpus: list[Document], embeddings: Embeddings, gate: Gate) -> None:
    store = InMemoryVectorStore.from_documents(corpus, embeddings)
    inner = store.as_retriever(search_type="mmr", search_kwargs={"k": 5, "fetch_k": 6})
    assert len(guard(inner, gate).invoke("K8s clusters")) == 5


def test_a_retriever_that_cannot_be_told_how_many_is_asked_once(gate: Gate, corpus: list[Document]) -> None:
    assert len(guard(Fixed(found=corpus), gate).invoke("q")) == 12


async def test_batch_and_concurrent_tasks_do_not_mix(inner: BaseRetriever, gate: Gate) -> None:
    retriever = guard(inner, gate)
    queries = [f"page {number}" for number in range(8)]
    expected = [[d.page_content for d in retriever.invoke(query)] for query in queries]
    assert [[d.page_content for d in found] for found in retriever.batch(queries)] == expected
    found = await asyncio.gather(*(retriever.ainvoke(query) for query in queries))
    assert [[d.page_content for d in one] for one in found] == expected


def make_chain(retriever: Any, model: Any) -> Any:
    prompt = ChatPromptTemplate.from_template("Context: {context}\nQuestion: {question}")
    join = lambda documents: "\n".join(document.page_content for document in documents)  # noqa: E731
    return {"context": retriever | join, "question": RunnablePassthrough()} | prompt | model | StrOutputParser()


def test_the_prompt_of_a_chain_holds_only_what_is_admitted(inner: BaseRetriever, gate: Gate) -> None:
    question = "K8s clusters"
    assert "forged" in make_chain(inner, ParrotFakeChatModel()).invoke(question)
    prompt = make_chain(guard(inner, gate), ParrotFakeChatModel()).invoke(question)
    assert "forged" not in prompt
    assert "Kubernetes" in prompt
    assert "headgate" not in prompt


def test_a_chain_still_streams(inner: BaseRetriever, gate: Gate) -> None:
    chain = make_chain(guard(inner, gate), FakeListChatModel(responses=["yes"]))
    assert list(chain.stream("q")) == ["y", "e", "s"]


def test_the_decision_is_a_run_of_its_own_under_the_retrievers_run(inner: BaseRetriever, gate: Gate) -> None:
    recorder = Recorder()
    guard(inner, gate).invoke("K8s clusters", config={"callbacks": [recorder], "tags": ["mine"]})
    names = dict(recorder.runs.values())
    outer = next(run for run, (name, parent) in recorder.runs.items() if parent is None)
    (name,) = [name for name in names if name.startswith("headgate")]
    assert names[name] == outer
    assert names["VectorStoreRetriever"] == outer
    assert "mine" in recorder.tags
    (output,) = [outputs for name, outputs in recorder.ends if name.startswith("headgate")]
    assert output["counts"]["admit"] == 4
    assert output["counts"]["P101"] == output["counts"]["drop"] > 0
    assert name == f"headgate: {output['outcome']}" == f"headgate: {len(output['decisions'])} in, 4 out"
    assert output["reasons"][0] == f"P101 no seal: {output['counts']['drop']}"
    json.dumps(output)
    assert recorder.events == [("headgate.admission", output)]


async def test_the_decision_shows_in_the_event_stream(inner: BaseRetriever, gate: Gate) -> None:
    chain = make_chain(guard(inner, gate), ParrotFakeChatModel())
    events = [event async for event in chain.astream_events("clusters", version="v2")]
    (custom,) = [event for event in events if event["event"] == "on_custom_event"]
    assert custom["name"] == "headgate.admission"
    assert custom["data"]["counts"]["admit"] == 4


def test_a_handler_that_raises_changes_nothing(inner: BaseRetriever, gate: Gate) -> None:
    class Broken(BaseCallbackHandler):
        def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
            raise RuntimeError("broken handler")

    assert len(guard(inner, gate).invoke("K8s clusters", config={"callbacks": [Broken()]})) == 4


def test_a_quotation_leads_to_the_words_of_the_original(handbook: Publisher, gate: Gate) -> None:
    text = "K8s is used here. It runs K8s jobs, and  nothing else."
    (admitted,) = guard(Fixed(found=[sealed(handbook, 1, text)]), gate).invoke("q")
    whole, quoted = original_citation(admitted), original_citation(admitted, "runs Kubernetes jobs, and nothing")
    assert whole is not None
    assert quoted is not None
    assert (whole.text, whole.start, whole.end) == (text, 0, len(text))
    assert (quoted.text, quoted.uri) == ("runs K8s jobs, and  nothing", "https://handbook.example/1")
    assert text[quoted.start : quoted.end] == quoted.text
    part = Document(admitted.page_content[:20], metadata=dict(admitted.metadata))
    cited = original_citation(part)
    assert cited is not None
    assert cited.text == "K8s is used h"
    assert original_citation(admitted, "runs Nomad jobs") is None
    assert original_citation(admitted, " ") is None
    assert original_citation(Document("K8s")) is None
    # The same words under another address are another document.
    assert original_citation(Document(part.page_content, metadata={"source": "https://evil.example/"})) is None


def test_pieces_that_read_the_same_in_canonical_terms_keep_their_own_originals(tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text("terms:\n  Kubernetes: [K8s]\n")
    source = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    policy = Policy.from_mapping({"version": 1, "sources": [{**source, "terminology": "terms.yaml"}]}, tmp_path)
    texts = ["K8s runs here.", "Kubernetes runs here."]
    found = [
        Document(text, id=str(number), metadata={"source": "https://wiki.example/a"})
        for number, text in enumerate(texts)
    ]
    admitted = guard(Fixed(found=found), policy).invoke("q")
    assert {document.page_content for document in admitted} == {texts[1]}
    assert [original_text(document) for document in admitted] == texts
    citations = [original_citation(document) for document in admitted]
    assert [citation and citation.text for citation in citations] == texts


def test_pieces_without_a_name_keep_their_own_originals_too(tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text("terms:\n  Kubernetes: [K8s]\n")
    source = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    policy = Policy.from_mapping({"version": 1, "sources": [{**source, "terminology": "terms.yaml"}]}, tmp_path)
    chunks = [Chunk(text, {"source": "https://wiki.example/a"}) for text in ("K8s runs here.", "Kubernetes runs here.")]
    released = Gate(policy).admit(chunks).chunks
    citations = [cite(chunk) for chunk in released]
    assert [citation and citation.text for citation in citations] == [chunk.text for chunk in chunks]


@pytest.mark.parametrize("most", range(1, 70))
def test_a_second_gate_that_cuts_leaves_terms_whole_and_citations_possible(
    most: int, tmp_path: Path, offline_tokens: None
) -> None:
    (tmp_path / "terms.yaml").write_text("terms:\n  retention period of data: [RPD]\n")
    source = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    first = Policy.from_mapping({"version": 1, "sources": [{**source, "terminology": "terms.yaml"}]}, tmp_path)
    budget = {"max_tokens": most, "encoding": "bytes", "cut": "tokens"}
    second = Policy.from_mapping({"version": 1, "sources": [source], "budget": budget}, tmp_path)
    text = "The RPD is ten years."
    found = [Document(text, metadata={"source": "https://wiki.example/a"})]
    (admitted,) = guard(guard(Fixed(found=found), first), second).invoke("q")
    whole = "The retention period of data is ten years."
    assert whole.startswith(admitted.page_content)
    assert len(admitted.page_content) <= 4 or admitted.page_content.startswith("The retention period of data")
    cited = original_citation(admitted)
    assert cited is None or text[cited.start : cited.end] == cited.text
    assert cited is not None or not admitted.page_content.strip()


def test_a_record_that_came_with_the_document_is_not_believed(handbook: Publisher, gate: Gate) -> None:
    genuine = sealed(handbook, 1, "The fee is 10.")
    record = json.dumps({"edits": [[11, 13, "10"]], "codes": []})
    poisoned = Document(page_content="The fee is 99.", metadata={**genuine.metadata, "headgate": record})
    admitted = guard(Fixed(found=[poisoned]), gate).invoke("q")
    assert [document.page_content for document in admitted] in ([], ["The fee is 10."])


@pytest.mark.parametrize("record", ["", "[]", "{", '{"edits": 3}', '{"edits": [[0, 9999, "x"]]}', 7, None, "[" * 9_999])
def test_a_broken_record_does_no_harm(record: Any, handbook: Publisher, gate: Gate) -> None:
    genuine = sealed(handbook, 1, "Plain.")
    document = Document(page_content="Plain.", metadata={**genuine.metadata, "headgate": record})
    assert [d.page_content for d in guard(Fixed(found=[document]), gate).invoke("q")] == ["Plain."]


@pytest.mark.parametrize("found", [None, "a text", 3, [1], ["text"], [None]])
def test_what_is_no_list_of_documents_gets_a_clear_error(found: Any, gate: Gate) -> None:
    with pytest.raises(HeadgateError, match="Fixed returned"):
        guard(Fixed(found=found), gate).invoke("q")


def test_generators_and_repeated_documents_are_fine(handbook: Publisher, gate: Gate) -> None:
    document = sealed(handbook, 1)

    def generate() -> Iterator[Document]:
        yield document
        yield document

    assert len(guard(Fixed(found=generate()), gate).invoke("q")) == 2
    assert len(guard(Fixed(found=(document, document)), gate).invoke("q")) == 2


def test_supersession_sees_what_was_fetched_beyond_k(
    handbook: Publisher, gate: Gate, clock: FixedClock, embeddings: Embeddings
) -> None:
    old = sealed(handbook, 1, "the fee the fee", modified=clock.ago(days=30))
    new = sealed(handbook, 1, "the new fee is 20", modified=clock.ago(days=1))
    store = InMemoryVectorStore.from_documents([old, new], embeddings)
    assert [d.page_content for d in guard(store.as_retriever(), gate).invoke("the fee", k=1)] == ["the new fee is 20"]


def test_without_a_policy_nothing_is_dropped_and_everything_recorded(inner: BaseRetriever) -> None:
    recorder = Recorder()
    documents = guard(inner).invoke("K8s clusters", config={"callbacks": [recorder]})
    assert [d.page_content for d in documents] == [d.page_content for d in inner.invoke("K8s clusters")]
    ((_, data),) = recorder.events
    assert data["mode"] == "audit"
    assert all(decision["findings"] for decision in data["decisions"])


def test_what_cannot_be_guarded_is_named() -> None:
    with pytest.raises(AdapterError, match="object"):
        headgate.guard(object())
    with pytest.raises(AdapterError, match="FakeListChatModel"):
        guard(FakeListChatModel(responses=["x"]))


def test_a_step_in_a_pipe(inner: BaseRetriever, gate: Gate) -> None:
    found = (inner | gate_documents(gate)).invoke("page 2", k=24)
    assert len(found) == 12
    recorder = Recorder()
    (inner | gate_documents(gate)).invoke("page 2", config={"callbacks": [recorder]})
    assert [name for name, _ in recorder.events] == ["headgate.admission"]


async def test_a_compressor(inner: BaseRetriever, gate: Gate) -> None:
    retriever = ContextualCompressionRetriever(base_compressor=HeadgateCompressor(policy=gate), base_retriever=inner)
    texts = [d.page_content for d in retriever.invoke("page 2")]
    assert texts
    assert not any("forged" in text for text in texts)
    assert [d.page_content for d in await retriever.ainvoke("page 2")] == texts


def test_inside_and_outside_an_ensemble(inner: BaseRetriever, gate: Gate, corpus: list[Document]) -> None:
    words = bm25(corpus, 4)
    outside = guard(EnsembleRetriever(retrievers=[inner, words], weights=[0.5, 0.5]), gate)
    inside = EnsembleRetriever(retrievers=[guard(inner, gate), guard(words, gate)], weights=[0.5, 0.5])
    for retriever in (outside, inside):
        texts = [d.page_content for d in retriever.invoke("K8s clusters 5")]
        assert texts
        assert not any("forged" in text for text in texts)


def test_a_choice_for_traces_that_is_none_is_named(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock, trace_inner="OFF")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="trace_inner='OFF': write full, ids or off"):
        headgate.guard(Fixed(found=[]), gate).invoke("q")
