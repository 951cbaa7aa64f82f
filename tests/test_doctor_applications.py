"""What the proof says of applications as they are written: they print documents, loop, count, remember, and search."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langchain_classic.retrievers import MultiVectorRetriever
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import FakeListChatModel, ParrotFakeChatModel
from langchain_core.messages import BaseMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.runnables.history import RunnableWithMessageHistory
from langchain_core.stores import InMemoryStore
from langchain_core.vectorstores import InMemoryVectorStore
from langgraph.graph import END, START, StateGraph
from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms.mock import MockFunctionCallingLLM, MockLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import QueryEngineTool
from llama_index.core.workflow import StartEvent, StopEvent, Workflow, step

from headgate import Gate, HeadgateError
from headgate.integration.adapters import observe_target
from headgate.testing import Diagnosis, FixedClock, Publisher, prove
from headgate.testing.doctor.wording import is_within, strange_words, unexplained
from langchain_headgate import gate_documents, guard
from llama_index.postprocessor.headgate import guard as guard_llama

QUESTION = "How many days of leave do I get?"
BASE = "https://handbook.example/"
PROMPT = ChatPromptTemplate.from_template("{context}\n\nQuestion: {question}")
TEXT = 'Everybody has thirty days of leave.\nUnused "days" are\tcarried over, says Zo\u00eb\'s page.\nNobody loses any.'


def sealed(handbook: Publisher, text: str = TEXT, name: str = "leave", **metadata: Any) -> Document:
    chunk = handbook.seal(text, f"{BASE}{name}", {"source": f"{BASE}{name}", **metadata}, cover=[*metadata])
    return Document(chunk.text, metadata=dict(chunk.metadata), id=name)


@pytest.fixture
def store(handbook: Publisher) -> InMemoryVectorStore:
    forged = Document("Nobody has any days of leave at all.", metadata={"source": f"{BASE}forged"}, id="forged")
    pages = [forged, sealed(handbook), sealed(handbook, "Leave is booked with the people team.", "booking")]
    found: InMemoryVectorStore = InMemoryVectorStore.from_documents(pages, DeterministicFakeEmbedding(size=8))
    return found


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source()]}, clock=clock)


def said_of(target: Any, **more: Any) -> Diagnosis:
    return prove(target, QUESTION, **more)


# --- documents that are printed whole


def test_documents_that_a_prompt_prints_whole_are_recognised(store: InMemoryVectorStore, gate: Gate) -> None:
    """A `repr` writes line ends, quotes and letters in another way, and twice so within another."""
    steps = {"context": guard(store.as_retriever(), gate), "question": RunnablePassthrough()}
    assert said_of(steps | PROMPT | FakeListChatModel(responses=["yes"])).holds
    again: Any = RunnableLambda(lambda found: repr(repr(found)))
    twice = {"context": guard(store.as_retriever(), gate) | again, "question": RunnablePassthrough()}
    assert said_of(twice | PROMPT | FakeListChatModel(responses=["yes"])).holds


@pytest.mark.parametrize("printed", [repr, ascii, lambda text: repr(repr(text)), lambda text: repr([{"text": text}])])
def test_a_document_is_within_a_prompt_that_prints_it(printed: Any) -> None:
    assert is_within(TEXT, f"Context: {printed(TEXT)}")
    assert strange_words(printed(TEXT), [TEXT]) is None
    assert unexplained(f"Context: {printed(TEXT)}", ["Context:", TEXT]) is None
    assert not is_within("Everybody has forty days.", printed(TEXT))


def test_the_names_of_steps_are_the_chains_own_words(store: InMemoryVectorStore, gate: Gate) -> None:
    found = RunnableParallel({"Handbook of employees": guard(store.as_retriever(), gate)})
    named = found | (lambda parts: "\n".join(f"Source: {name}\n{docs}" for name, docs in parts.items()))
    steps = {"context": named, "question": RunnablePassthrough()}
    assert said_of(steps | PROMPT | FakeListChatModel(responses=["yes"])).holds


def test_a_part_of_what_a_model_has_said_is_explained_by_it() -> None:
    said = '```json\n{"items": [{"sub_question": "How many days of leave are there?", "tool": "pages"}]}\n```'
    prompt = "Question: How many days of leave are there?"
    assert unexplained(prompt, ["Question:"], [said]) is None
    assert unexplained(f"{prompt} A file says that nobody has any.", ["Question:"], [said]) is not None


# --- chains that go on


class State(TypedDict):
    question: str
    documents: list[Document]
    answer: str


def test_a_graph_that_asks_until_something_is_found_comes_to_an_end(store: InMemoryVectorStore, gate: Gate) -> None:
    retriever, model = guard(store.as_retriever(), gate), FakeListChatModel(responses=["yes"])
    graph = StateGraph(State)
    graph.add_node("retrieve", lambda state: {"documents": retriever.invoke(state["question"])})
    graph.add_node("reword", lambda state: {"question": state["question"] + model.invoke("Say it again.").content})
    graph.add_node("respond", lambda state: {"answer": model.invoke(str(state["documents"])).content})
    graph.add_edge(START, "retrieve")
    graph.add_conditional_edges("retrieve", lambda state: "respond" if state["documents"] else "reword")
    graph.add_edge("reword", "retrieve")
    graph.add_edge("respond", END)
    found = said_of(graph.compile(), given={"question": QUESTION})
    assert found.holds, str(found)
    assert any("again and again" in one for one in found.advice)


def test_a_loop_of_the_users_own_comes_to_an_end(store: InMemoryVectorStore, gate: Gate) -> None:
    retriever, model = guard(store.as_retriever(), gate), FakeListChatModel(responses=["yes"])

    def answer(question: str) -> str:
        while not (found := retriever.invoke(question)):
            model.invoke("Say it again.")
        return str(model.invoke(str(found)).content)

    found = said_of(answer)
    assert found.holds, str(found)
    assert any("again and again" in one for one in found.advice)


# --- chains that count, or look into metadata


def test_a_chain_that_counts_what_a_search_returns_is_proved(store: InMemoryVectorStore, gate: Gate) -> None:
    model = FakeListChatModel(responses=["yes"])

    def answer(question: str) -> str:
        every = store.similarity_search(question, k=3)
        ranks = dict(zip(range(3), every, strict=True))
        return str(model.invoke(str(gate_documents(gate).invoke(list(ranks.values())))).content)

    assert said_of(answer).is_kept
    found = said_of(lambda question: answer(question) + str(model.invoke(str(store.similarity_search(question, k=3)))))
    assert any(one.promise == "around" for one in found.broken)


def test_canaries_bring_what_is_nested_in_the_metadata_of_documents(clock: FixedClock) -> None:
    parent = {"text": "Everybody has thirty days of leave.", "source": "docs/leave.md", "level": "parent"}
    child = Document("thirty days", metadata={"source": "docs/leave.md", "parents": [parent]}, id="child")
    store = InMemoryVectorStore.from_documents([child], DeterministicFakeEmbedding(size=8))
    policy = {"sources": [{"id": "docs", "match": ["docs/**"], "provenance": {"require": "declared"}}]}
    gate, model = Gate(policy, clock=clock), FakeListChatModel(responses=["yes"])

    def parents(question: str) -> list[Document]:
        found = [one.metadata["parents"][0] for one in store.similarity_search(question)]
        return [Document(one["text"], metadata={n: v for n, v in one.items() if n != "text"}) for one in found]

    def chain(find: Any) -> Any:
        return {"context": find, "question": RunnablePassthrough()} | PROMPT | model

    assert said_of(chain(RunnableLambda(parents) | gate_documents(gate))).holds
    assert not said_of(chain(RunnableLambda(parents))).is_kept


def test_of_several_forms_of_input_the_error_of_the_right_one_is_told(store: InMemoryVectorStore) -> None:
    retriever, model = store.as_retriever(), FakeListChatModel(responses=["yes"])

    def answer(given: Any) -> Any:
        question = given["question"]
        retriever.invoke(question)
        raise KeyError("the parent of a page")

    with pytest.raises(HeadgateError, match="the parent of a page"):
        said_of(RunnablePassthrough.assign(context=answer) | PROMPT | model)


class Knot:
    """One of a list that is linked, as parsers and trees are."""

    def __init__(self, number: int) -> None:
        self.next = Knot(number - 1) if number else None


def test_what_is_linked_deeply_is_looked_through(store: InMemoryVectorStore, gate: Gate) -> None:
    knot = Knot(200)

    def show(found: list[Document]) -> str:
        return "\n".join(one.page_content for one in found if knot)

    steps = {"context": guard(store.as_retriever(), gate) | show, "question": RunnablePassthrough()}
    assert said_of(steps | PROMPT | FakeListChatModel(responses=["yes"])).holds


# --- refusals, and advice


def test_a_refusal_of_the_gate_is_told_as_one(store: InMemoryVectorStore, gate: Gate) -> None:
    retriever = MultiVectorRetriever(vectorstore=guard(store, gate), docstore=InMemoryStore())
    with pytest.raises(HeadgateError, match=r"The gate refuses this chain.*Guard the retriever.*without a gate"):
        said_of({"context": retriever, "question": RunnablePassthrough()} | PROMPT | ParrotFakeChatModel())


class Notes(BaseNodePostprocessor):
    """Adds a node of its own."""

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return [*nodes, NodeWithScore(node=TextNode(text="A note."), score=1.0)]


def nodes_of(store: InMemoryVectorStore) -> list[TextNode]:
    return [TextNode(text=one["text"], metadata=one["metadata"], id_=one["id"]) for one in store.store.values()]


def test_a_refusal_that_an_agent_swallows_is_told_all_the_same(store: InMemoryVectorStore, gate: Gate) -> None:
    index = guard_llama(VectorStoreIndex(nodes_of(store), embed_model=MockEmbedding(embed_dim=8)), gate)
    engine: Any = index.as_query_engine(llm=MockLLM())
    engine._node_postprocessors.append(Notes())
    tool = QueryEngineTool.from_defaults(engine, name="pages", description="Finds pages.")
    found = said_of(FunctionAgent(tools=[tool], llm=MockFunctionCallingLLM()))
    assert not found.holds
    assert any("the gate refuses" in one for one in found.unproved), str(found)
    assert not any("No gate was asked" in one for one in found.advice)


def test_the_place_where_a_source_was_asked_is_named(store: InMemoryVectorStore, gate: Gate) -> None:
    retriever = guard(store.as_retriever(), gate)

    def both(question: str) -> list[Document]:
        return retriever.invoke(question) + store.similarity_search(question)

    steps = {"context": RunnableLambda(both), "question": RunnablePassthrough()}
    found = said_of(steps | PROMPT | FakeListChatModel(responses=["yes"]))
    assert "asked at test_doctor_applications.py" in str(found)
    assert "in both" in str(found)


def test_a_chain_without_a_gate_is_told_what_to_guard(store: InMemoryVectorStore) -> None:
    steps = {"context": store.as_retriever(), "question": RunnablePassthrough()}
    [advice] = said_of(steps | PROMPT | FakeListChatModel(responses=["yes"])).advice
    assert all(word in advice for word in ("InMemoryVectorStore", "from headgate import guard", "headgate init"))


# --- what is kept between two questions


class Remembers(Workflow):
    """Keeps what it has found, and the conversation, as templates of workflows do."""

    def __init__(self, index: Any) -> None:
        super().__init__(timeout=20)
        self.index = index
        self.nodes: list[NodeWithScore] = []
        self.memory = ChatMemoryBuffer.from_defaults(llm=MockLLM())

    @step
    async def answer(self, ev: StartEvent) -> StopEvent:
        asked = ev.get("user_msg")
        self.nodes.extend(self.index.as_retriever().retrieve(asked))
        text = "\n".join(one.node.get_content() for one in self.nodes)
        return StopEvent(result=str(await MockLLM(max_tokens=3).acomplete(f"Answer from this:\n{text}\n{asked}")))


def test_what_a_workflow_keeps_is_not_taken_for_a_way_around(store: InMemoryVectorStore, gate: Gate) -> None:
    index = VectorStoreIndex(nodes_of(store), embed_model=MockEmbedding(embed_dim=8))
    workflow = Remembers(guard_llama(index, gate))
    assert said_of(workflow).holds
    assert workflow.nodes == []
    assert not said_of(Remembers(index)).is_kept


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_workflow_a_session_and_a_function_can_be_observed(store: InMemoryVectorStore, gate: Gate) -> None:
    """Whatever doctor can ask, `headgate init` and `headgate audit` can."""
    workflow = Remembers(guard_llama(VectorStoreIndex(nodes_of(store), embed_model=MockEmbedding(embed_dim=8)), gate))
    assert len(observe_target(workflow, QUESTION)) == 2
    histories: dict[str, InMemoryChatMessageHistory] = {}
    prompt = ChatPromptTemplate.from_messages(["{context}", MessagesPlaceholder("history"), ("user", "{question}")])
    steps = RunnablePassthrough.assign(context=(lambda given: given["question"]) | store.as_retriever()) | prompt
    chain = RunnableWithMessageHistory(
        steps | FakeListChatModel(responses=["yes"]),
        lambda session_id: histories.setdefault(session_id, InMemoryChatMessageHistory()),
        input_messages_key="question",
        history_messages_key="history",
    )
    assert len(observe_target(chain, QUESTION)) == 3
    assert not any(one.messages for one in histories.values())

    def answer(question: str) -> BaseMessage:
        return ParrotFakeChatModel().invoke(str(guard(store, gate).similarity_search(question)))

    async def answer_later(question: str) -> BaseMessage:
        return answer(question)

    assert len(observe_target(answer, QUESTION)) == 3
    assert len(observe_target(answer_later, QUESTION)) == 3


# --- clients that no framework knows


@pytest.fixture
def client() -> Any:
    qdrant = pytest.importorskip("qdrant_client")
    made = qdrant.QdrantClient(":memory:")
    made.create_collection("pages", qdrant.models.VectorParams(size=2, distance=qdrant.models.Distance.COSINE))
    made.upsert("pages", [qdrant.models.PointStruct(id=1, vector=[1.0, 0.0], payload={"text": "Nobody has leave."})])
    return made


def test_a_client_beside_the_gate_is_named_until_it_is_asked(
    store: InMemoryVectorStore, gate: Gate, client: Any
) -> None:
    retriever, model = guard(store.as_retriever(), gate), FakeListChatModel(responses=["yes"])

    def find(question: str, *, is_rare: bool) -> list[Document]:
        if not is_rare:
            return retriever.invoke(question)
        points = client.query_points("pages", query=[1.0, 0.0]).points
        return [Document(one.payload["text"], metadata={"source": "pages"}) for one in points]

    def chain(step: Any) -> Any:
        return {"context": step, "question": RunnablePassthrough()} | PROMPT | model

    def often(question: str) -> list[Document]:
        return find(question, is_rare="rare" in question)

    def always(question: str) -> list[Document]:
        return find(question, is_rare=False) + find(question, is_rare=True)

    unasked = said_of(chain(often))
    assert not unasked.holds
    assert any("QdrantClient" in one for one in unasked.unproved), str(unasked)
    asked = said_of(chain(always))
    assert not asked.holds
    assert any("Nobody has" in one.why for one in asked.verdicts), str(asked)
    judged = said_of(chain(RunnableLambda(always) | gate_documents(gate)))
    assert judged.holds, str(judged)
