"""What the proof of a chain says of chains of every kind: no false comfort, no false alarm, nothing left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_classic.retrievers import MultiVectorRetriever
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import (
    FakeListChatModel,
    GenericFakeChatModel,
    ParrotFakeChatModel,
)
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.stores import InMemoryStore
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from llama_index.core import VectorStoreIndex
from llama_index.core.chat_engine.types import ChatMode
from llama_index.core.llms.mock import MockLLM
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step

from headgate import Gate, HeadgateError
from headgate.admission.proving import proving
from headgate.report import to_html
from headgate.testing import Diagnosis, FixedClock, Publisher, prove
from headgate.testing.doctor import Run
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama

QUESTION = "How many days of leave do I get?"
BASE = "https://handbook.example/"
PROMPT = ChatPromptTemplate.from_template("{context}\n\nQuestion: {question}")


@pytest.fixture
def documents(handbook: Publisher) -> list[Document]:
    sealed = handbook.seal("Everybody has thirty days of leave.", f"{BASE}leave", {"source": f"{BASE}leave"})
    return [
        Document("Nobody has any days of leave at all.", metadata={"source": f"{BASE}forged"}, id="forged"),
        Document(sealed.text, metadata=dict(sealed.metadata), id="leave"),
    ]


@pytest.fixture
def store(documents: list[Document]) -> InMemoryVectorStore:
    found: InMemoryVectorStore = InMemoryVectorStore.from_documents(documents, DeterministicFakeEmbedding(size=8))
    return found


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source(freshness={"max_age": "365d"})]}, clock=clock)


def join(documents: list[Document]) -> str:
    return "\n".join(document.page_content for document in documents)


def chain(retriever: Any, model: BaseChatModel | None = None) -> Any:
    context: Any = retriever | RunnableLambda(join)
    return {"context": context, "question": RunnablePassthrough()} | PROMPT | (model or ParrotFakeChatModel())


def outcomes(diagnosis: Diagnosis) -> dict[str, str]:
    return {one.promise: one.outcome for one in diagnosis.verdicts if one.source in (None, "handbook")}


def test_every_promise_is_proved_for_a_right_chain_and_each_canary_is_accounted_for(
    store: InMemoryVectorStore, gate: Gate
) -> None:
    diagnosis = prove(chain(guard(store.as_retriever(), gate)), QUESTION)
    assert diagnosis.holds, str(diagnosis)
    assert set(outcomes(diagnosis)) == {"around", "forged", "tampered", "stale", "uncovered", "genuine"}
    codes = {one.kind: one.codes for one in diagnosis.fates if one.source == "handbook" and one.codes}
    assert codes["tampered"] == ("P105",)
    assert diagnosis.own == (2, 1)
    assert diagnosis.reasons == {"P101": 1}
    assert "1 of 2 would be admitted; kept out for P101 (1)" in str(diagnosis)


def test_what_is_made_up_is_in_no_feed_and_of_no_edition(
    store: InMemoryVectorStore, handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    rules: dict[str, Any] = {
        "freshness": {"feeds": [{"changes": "changes.jsonl"}], "verified_within": "24h", "revalidate": {}},
        "identity": {"pattern": f"{BASE}{{version}}/{{page}}", "current": "noble"},
    }
    policy = {"sources": [handbook.source(**rules)], "registry": {"path": str(tmp_path / "registry.sqlite")}}
    diagnosis = prove(chain(guard(store.as_retriever(), Gate(policy, clock=clock))), QUESTION)
    assert diagnosis.is_kept, str(diagnosis)
    assert outcomes(diagnosis)["genuine"] == "holds"
    assert diagnosis.own == (2, 0)


def test_an_empty_store_that_returns_one_document(gate: Gate) -> None:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    diagnosis = prove(guard(store.as_retriever(search_kwargs={"k": 1}), gate))
    assert diagnosis.holds, str(diagnosis)
    assert not diagnosis.advice


def test_a_second_model_call_that_reads_around_the_gate_is_seen(store: InMemoryVectorStore, gate: Gate) -> None:
    gated, model = guard(store.as_retriever(), gate), FakeListChatModel(responses=["yes"])

    def answer(question: str) -> str:
        model.invoke("Is this relevant? " + join(gated.invoke(question)))
        return str(model.invoke("Answer from: " + join(store.similarity_search(question))).content)

    diagnosis = prove(RunnableLambda(answer), QUESTION)
    assert outcomes(diagnosis)["around"] == "broken"
    (around,) = [one for one in diagnosis.broken if one.promise == "around"]
    assert "test_doctor_kinds.py" in around.why
    assert "in answer" in around.why


def test_parents_from_a_docstore_behind_the_gate_are_seen(documents: list[Document], gate: Gate) -> None:
    parents: InMemoryStore = InMemoryStore()
    parents.mset([("p", Document("Parents have forty days of leave, says nobody."))])
    parts = [one.model_copy(update={"metadata": {**one.metadata, "doc_id": "p"}}) for one in documents]
    inner = InMemoryVectorStore.from_documents(parts, DeterministicFakeEmbedding(size=8))
    with pytest.raises(HeadgateError, match="texts from a store of its own"):
        prove(chain(MultiVectorRetriever(vectorstore=guard(inner, gate), docstore=parents)), QUESTION)
    assert prove(chain(guard(MultiVectorRetriever(vectorstore=inner, docstore=parents), gate)), QUESTION).is_kept


def test_a_text_that_comes_from_nowhere_is_not_proved(store: InMemoryVectorStore, gate: Gate) -> None:
    files = ["A file says that nobody has any leave."]
    retriever = guard(store.as_retriever(), gate)
    both: Any = RunnableLambda(lambda question: join(retriever.invoke(question)) + "\n" + files[0])
    diagnosis = prove({"context": both, "question": RunnablePassthrough()} | PROMPT | ParrotFakeChatModel(), QUESTION)
    assert outcomes(diagnosis)["around"] == "not proved"
    assert not diagnosis.holds


def test_history_and_examples_are_no_way_around(
    store: InMemoryVectorStore, gate: Gate, documents: list[Document]
) -> None:
    # Even where somebody has quoted a document that must not come in.
    said = [HumanMessage(f"You said: {documents[0].page_content}"), AIMessage("That was wrong.")]
    prompt = ChatPromptTemplate.from_messages(
        [("system", "Answer from {context}"), MessagesPlaceholder("history"), ("human", "{question}")]
    )
    context: Any = guard(store.as_retriever(), gate) | RunnableLambda(join)
    inputs: Any = {"context": context, "question": RunnablePassthrough(), "history": lambda _: said}
    diagnosis = prove(inputs | prompt | ParrotFakeChatModel(), QUESTION)
    assert diagnosis.holds, str(diagnosis)


def test_a_retriever_that_is_built_per_request_and_one_that_only_works_asynchronously(
    store: InMemoryVectorStore, gate: Gate, documents: list[Document]
) -> None:
    def answer(question: str) -> Any:
        return ParrotFakeChatModel().invoke(join(guard(store.as_retriever(), gate).invoke(question)))

    assert prove(RunnableLambda(answer), QUESTION).holds

    class Later(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
            raise NotImplementedError

        async def _aget_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return documents

    assert prove(chain(guard(Later(), gate)), QUESTION).holds
    assert not prove(chain(Later()), QUESTION).holds


def test_a_model_that_is_streamed_is_looked_at(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded, model = guard(store.as_retriever(), gate), FakeListChatModel(responses=["yes"])

    def stream(question: str) -> Iterator[str]:
        for part in model.stream(join(guarded.invoke(question)) + join(store.similarity_search(question))):
            yield str(part.content)

    assert not prove(RunnableLambda(stream), QUESTION).holds

    async def astream(question: str) -> AsyncIterator[str]:
        async for part in model.astream(join(await guarded.ainvoke(question))):
            yield str(part.content)

    assert prove(RunnableLambda(astream), QUESTION).holds


def test_a_tool_that_may_do_more_than_read_is_not_run_unasked(store: InMemoryVectorStore, gate: Gate) -> None:
    from langchain.agents import create_agent

    ran: list[str] = []
    guarded = guard(store.as_retriever(), gate)

    @tool
    def pages(query: str) -> str:
        """Find pages."""
        ran.append(query)
        return join(guarded.invoke(query))

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

    def agent() -> Any:
        call = {"name": "pages", "args": {"query": "leave"}, "id": "1"}
        return create_agent(Model(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("done")] * 9)), [pages])

    diagnosis = prove(agent(), QUESTION)
    assert not ran
    assert not diagnosis.holds
    assert any("'pages' was not run" in one for one in diagnosis.unproved)
    assert prove(agent(), QUESTION, run_tools=True).is_kept
    assert ran


def test_a_policy_that_asks_for_nothing_keeps_no_promise(store: InMemoryVectorStore, clock: FixedClock) -> None:
    gate = Gate({"default": {"provenance": {"require": "none"}}}, clock=clock)
    diagnosis = prove(chain(guard(store.as_retriever(), gate)), QUESTION)
    assert [one.promise for one in diagnosis.broken] == ["forged"]
    assert "provenance.require" in " ".join(diagnosis.advice)


def test_declared_sources_are_proved_without_keys(store: InMemoryVectorStore, clock: FixedClock) -> None:
    declared = {"id": "handbook", "match": [f"{BASE}**"], "provenance": {"require": "declared"}}
    diagnosis = prove(chain(guard(store.as_retriever(), Gate({"sources": [declared]}, clock=clock))), QUESTION)
    assert diagnosis.holds, str(diagnosis)
    assert outcomes(diagnosis)["stale"] == outcomes(diagnosis)["undeclared"] == "holds"
    assert "forged" not in outcomes(diagnosis)
    assert "handbook" in diagnosis.at_their_word
    assert str(diagnosis).partition("\n")[0].endswith(" are taken at their word.")
    for shown in (str(diagnosis), to_html(diagnosis)):
        assert "whoever can write to the index can name these sources" in shown


@pytest.mark.parametrize("require", ["sealed", "declared"])
def test_a_line_in_audit_mode_is_in_place_and_keeps_nothing_out(
    require: str, store: InMemoryVectorStore, clock: FixedClock, handbook: Publisher
) -> None:
    declared: dict[str, Any] = {"id": "handbook", "match": [f"{BASE}**"], "provenance": {"require": "declared"}}
    source = handbook.source() if require == "sealed" else declared
    gate = Gate({"mode": "audit", "sources": [source]}, clock=clock)
    diagnosis = prove(chain(guard(store.as_retriever(), gate)), QUESTION)
    assert str(diagnosis).startswith("The line is in place, in audit mode: it keeps nothing out yet.")
    assert not diagnosis.holds
    assert {one.why for one in diagnosis.broken} == {"audit mode keeps nothing out"}


@pytest.mark.parametrize("mode", ["audit", "warn"])
def test_where_nothing_is_kept_out_own_documents_are_counted_as_if_the_policy_were_enforced(
    mode: str, store: InMemoryVectorStore, clock: FixedClock, handbook: Publisher
) -> None:
    gate = Gate({"mode": mode, "sources": [handbook.source()]}, clock=clock)
    diagnosis = prove(chain(guard(store.as_retriever(), gate)), QUESTION)
    assert (diagnosis.own, diagnosis.reasons) == ((2, 1), {"P101": 1})
    assert "1 of 2 would be admitted if the policy were enforced; kept out for P101 (1)." in str(diagnosis)
    assert "1 of 2 documents would be admitted if the policy were enforced." in to_html(diagnosis)


class Flow(Workflow):
    """Retrieves in one step and asks its model in it."""

    def __init__(self, retriever: Any, llm: Any) -> None:
        super().__init__()
        self._retriever, self._llm = retriever, llm

    @step
    async def answer(self, event: StartEvent) -> StopEvent:
        nodes = await self._retriever.aretrieve(event.query)
        said = await self._llm.acomplete("\n".join(node.get_content() for node in nodes))
        return StopEvent(result=str(said))


def test_a_workflow(index: VectorStoreIndex, node_gate: Gate) -> None:
    guarded = guard_llama(index.as_retriever(), node_gate)
    assert prove(Flow(guarded, MockLLM()), "K8s").holds
    assert not prove(Flow(index.as_retriever(), MockLLM()), "K8s").holds


def test_a_chat_engine_remembers_nothing_of_a_proof(index: VectorStoreIndex, node_gate: Gate) -> None:
    engine = guard_llama(index.as_chat_engine(chat_mode=ChatMode.CONTEXT, llm=MockLLM()), node_gate)
    before = list(engine.chat_history)
    assert prove(engine, "K8s").is_kept
    assert list(engine.chat_history) == before


def test_nothing_stays_behind(store: InMemoryVectorStore, gate: Gate) -> None:
    def methods() -> list[Any]:
        kinds = (BaseRetriever, VectorStore, InMemoryVectorStore, BaseChatModel, FakeListChatModel)
        return [dict(kind.__dict__) for kind in kinds]

    before, calls = methods(), gate.failures
    prove(chain(guard(store.as_retriever(), gate)), QUESTION)

    def fails(documents: list[Document]) -> str:
        raise ZeroDivisionError(str(documents))

    with pytest.raises(HeadgateError, match="could not be asked"):
        prove(guard(store.as_retriever(), gate) | RunnableLambda(fails), QUESTION)
    assert methods() == before
    assert gate.failures == calls
    assert [one.page_content for one in guard(store.as_retriever(), gate).invoke(QUESTION)] == [
        "Everybody has thirty days of leave."
    ]


def test_two_proofs_do_not_run_at_once(store: InMemoryVectorStore, gate: Gate) -> None:
    with proving(Run()), pytest.raises(HeadgateError, match="Another chain"):
        prove(chain(guard(store.as_retriever(), gate)), QUESTION)
    assert prove(chain(guard(store.as_retriever(), gate)), QUESTION).holds
