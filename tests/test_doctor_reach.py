"""What a proof must not overlook, and must not take for a way around: sources that were not asked, tools, memories."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel, ParrotFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.tools import create_retriever_tool, tool
from langchain_core.vectorstores import InMemoryVectorStore
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from llama_index.core import VectorStoreIndex
from llama_index.core.llms.mock import MockLLM
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step

from headgate import Gate
from headgate.testing import FixedClock, Publisher, prove
from headgate.testing.doctor.reading import only_reads
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama

QUESTION = "How many days of leave do I get?"
BASE = "https://handbook.example/"


@pytest.fixture
def store(handbook: Publisher) -> InMemoryVectorStore:
    sealed = handbook.seal("Everybody has thirty days of leave.", f"{BASE}leave", {"source": f"{BASE}leave"})
    documents = [
        Document("Nobody has any days of leave at all.", metadata={"source": f"{BASE}forged"}, id="forged"),
        Document(sealed.text, metadata=dict(sealed.metadata), id="leave"),
    ]
    found: InMemoryVectorStore = InMemoryVectorStore.from_documents(documents, DeterministicFakeEmbedding(size=8))
    return found


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source(freshness={"max_age": "365d"})]}, clock=clock)


class Script(GenericFakeChatModel):
    """Says what it is told to, one message a call."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self


def script(*calls: str) -> Script:
    asks = [AIMessage("", tool_calls=[{"name": name, "args": {"query": "leave"}, "id": name}]) for name in calls]
    return Script(messages=iter([*asks, AIMessage("done")]))


def join(documents: list[Document]) -> str:
    return "\n".join(document.page_content for document in documents)


def answering(context: Callable[[str], str]) -> Any:
    model = ParrotFakeChatModel()
    step: Any = RunnableLambda(lambda question: model.invoke(f"Answer {question} from: {context(question)}"))
    return step


def test_an_open_source_that_the_question_does_not_lead_to_is_not_proved(
    store: InMemoryVectorStore, gate: Gate
) -> None:
    guarded, other = guard(store.as_retriever(), gate), store

    def choose(question: str) -> str:
        return join(other.similarity_search(question) if "salary" in question else guarded.invoke(question))

    diagnosis = prove(answering(choose), QUESTION)
    assert any("not asked" in what for what in diagnosis.unproved), str(diagnosis)
    assert prove(answering(lambda question: join(guarded.invoke(question))), QUESTION).holds


def test_an_open_tool_that_no_model_calls_is_not_proved(store: InMemoryVectorStore, gate: Gate) -> None:
    pages = create_retriever_tool(guard(store.as_retriever(), gate), "pages", "Pages.")
    other = create_retriever_tool(store.as_retriever(), "other", "Other pages.")
    assert prove(create_agent(script("pages"), [pages]), QUESTION).holds
    assert not prove(create_agent(script("pages"), [pages, other]), QUESTION).holds


def test_a_tool_of_the_users_own_that_only_retrieves_is_run(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded = guard(store, gate)

    @tool(response_format="content_and_artifact")
    def pages(query: str) -> tuple[str, list[Document]]:
        """Find pages."""
        found = guarded.similarity_search(query, k=2)
        return "\n\n".join(f"Source: {one.metadata}\nContent: {one.page_content}" for one in found), found

    diagnosis = prove(create_agent(script("pages"), [pages], system_prompt="Find pages first."), QUESTION)
    assert diagnosis.holds, str(diagnosis)


def test_what_a_function_names_says_whether_it_only_reads(store: InMemoryVectorStore, tmp_path: Path) -> None:
    kept: list[str] = []

    def searching(query: str) -> str:
        return "\n".join(f"{one.page_content} ({one.metadata.get('source')})" for one in store.similarity_search(query))

    def through_another(query: str) -> str:
        return searching(query).upper()

    def keeping(query: str) -> str:
        kept.append(query)
        return query

    def writing(query: str) -> str:
        return str(tmp_path.joinpath(query).write_text(query))

    def opening(query: str) -> str:
        return open(query).read()

    def changing(query: str) -> str:
        store.metadata = query  # type: ignore[attr-defined]  # never called
        return query

    def importing(query: str) -> str:
        import shutil

        return str(shutil.get(query))  # type: ignore[attr-defined]  # never called

    sources = (InMemoryVectorStore,)
    assert only_reads(searching, sources)
    assert only_reads(through_another, sources)
    for function in (keeping, writing, opening, changing, importing, print, None, len):
        assert not only_reads(function, sources), function
    assert not only_reads(searching, ())


def test_a_way_around_that_opens_only_where_something_is_found_is_seen(
    store: InMemoryVectorStore, gate: Gate, tmp_path: Path
) -> None:
    guarded, file = guard(store.as_retriever(), gate), tmp_path / "extra.txt"
    file.write_text("Nobody may ever take holidays again.")

    def answer(question: str, extra: str) -> Any:
        found = guarded.invoke(question)
        return (
            ParrotFakeChatModel().invoke(f"Answer from: {[one.page_content[:90] for one in found]}{extra}")
            if found
            else "I do not know."
        )

    around: Any = RunnableLambda(lambda question: answer(question, file.read_text()))
    right: Any = RunnableLambda(lambda question: answer(question, ""))
    diagnosis = prove(around, QUESTION)
    assert not diagnosis.holds
    assert "holidays" in str(diagnosis)
    assert prove(right, QUESTION).holds


def test_todays_date_in_a_prompt_is_no_way_around(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded = guard(store.as_retriever(), gate)
    today = datetime.date(2026, 9, 17)
    diagnosis = prove(answering(lambda question: f"{today:%A, %d %B %Y}: {join(guarded.invoke(question))}"), QUESTION)
    assert diagnosis.holds, str(diagnosis)


class Kept(BaseChatMessageHistory):
    """A conversation in memory."""

    def __init__(self) -> None:
        self.messages: list[BaseMessage] = [HumanMessage("Where may I park?"), AIMessage("Behind the warehouse.")]

    def add_messages(self, messages: Any) -> None:
        self.messages += messages

    def clear(self) -> None:
        self.messages = []


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_a_conversation_that_is_kept_by_session_is_proved_and_left_as_it_was(
    store: InMemoryVectorStore, gate: Gate
) -> None:
    guarded, kept = guard(store.as_retriever(), gate), {"one of mine": Kept()}

    def history(session_id: str) -> Kept:
        return kept.setdefault(session_id, Kept())

    prompt = ChatPromptTemplate.from_messages(
        [("system", "Answer from {context}"), MessagesPlaceholder("history"), ("human", "{input}")]
    )
    found: Any = RunnablePassthrough.assign(context=lambda given: join(guarded.invoke(given["input"])))
    remembering = RunnableWithMessageHistory(
        found | prompt | ParrotFakeChatModel(), history, input_messages_key="input", history_messages_key="history"
    )
    diagnosis = prove(remembering, QUESTION)
    assert diagnosis.holds, str(diagnosis)
    assert {len(one.messages) for one in kept.values()} == {2}


def test_a_graph_with_a_checkpointer_keeps_nothing_of_a_proof(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded, saver, model = guard(store.as_retriever(), gate), InMemorySaver(), ParrotFakeChatModel()

    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(join(guarded.invoke(str(state["messages"][-1].content))))]}

    graph = StateGraph(MessagesState)
    graph.add_node("answer", answer)
    graph.add_edge(START, "answer")
    assert prove(graph.compile(checkpointer=saver), QUESTION).holds
    assert list(saver.list(None)) == []


def test_a_workflow_whose_steps_name_a_gate_is_proved_by_the_gates_own_clock(
    index: VectorStoreIndex, handbook: Publisher, clock: FixedClock
) -> None:
    # A year ahead of the clock on the wall, so that a canary by that one would be stale.
    clock.advance(datetime.timedelta(days=3_650))
    gate = Gate({"sources": [handbook.source(freshness={"max_age": "365d"})]}, clock=clock)
    retriever, model = guard_llama(index.as_retriever(), gate), MockLLM()

    class Answering(Workflow):
        @step
        async def answer(self, event: StartEvent) -> StopEvent:
            found = await retriever.aretrieve(event.query)
            context = "\n".join(one.node.get_content() for one in found)
            return StopEvent(result=str(await model.acomplete(f"Answer {event.query} from: {context}")))

    diagnosis = prove(Answering(), QUESTION)
    assert diagnosis.holds, str(diagnosis)


def test_a_function_that_answers_a_question_is_proved(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded, other, model = guard(store.as_retriever(), gate), store, ParrotFakeChatModel()

    def answer(question: str) -> str:
        return str(model.invoke(f"Answer {question} from: {join(guarded.invoke(question))}").content)

    async def answer_later(question: str) -> dict[str, Any]:
        found = await guarded.ainvoke(question)
        return {"answer": await model.ainvoke(f"Answer {question} from: {join(found)}")}

    def leaking(question: str) -> str:
        return str(model.invoke(f"Answer {question} from: {join(other.similarity_search(question))}").content)

    assert prove(answer, QUESTION).holds
    assert prove(answer_later, QUESTION).holds
    assert not prove(leaking, QUESTION).holds


def test_a_source_of_another_framework_is_seen_too(
    store: InMemoryVectorStore, gate: Gate, index: VectorStoreIndex, node_gate: Gate
) -> None:
    guarded, other = guard(store.as_retriever(), gate), index.as_retriever()
    guarded_too = guard_llama(other, node_gate)

    def with_nodes(question: str, retriever: Any) -> str:
        nodes = [one.node.get_content() for one in retriever.retrieve(question)]
        return "\n".join([join(guarded.invoke(question)), *nodes])

    diagnosis = prove(answering(lambda question: with_nodes(question, other)), QUESTION)
    assert any(one.promise == "around" for one in diagnosis.broken), str(diagnosis)
    diagnosis = prove(answering(lambda question: with_nodes(question, guarded_too)), QUESTION)
    assert diagnosis.holds, str(diagnosis)
