"""Every place where the line can be added, in the real framework."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_classic.chains import RetrievalQA, create_retrieval_chain
from langchain_classic.chains.combine_documents import create_stuff_documents_chain
from langchain_classic.retrievers import (
    ContextualCompressionRetriever,
    EnsembleRetriever,
    MultiQueryRetriever,
    MultiVectorRetriever,
    ParentDocumentRetriever,
)
from langchain_classic.retrievers.self_query.base import SelfQueryRetriever
from langchain_community.query_constructors.chroma import ChromaTranslator
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import FakeListLLM
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel, ParrotFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.stores import InMemoryStore
from langchain_core.structured_query import StructuredQuery
from langchain_core.tools import create_retriever_tool, tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_documents import forged, sealed
from langchain_text_splitters import CharacterTextSplitter
from langgraph.graph import END, START, MessagesState, StateGraph

from headgate import Gate
from headgate.testing import Publisher
from langchain_headgate import GatedRetriever, HeadgateCompressor, HeadgateMiddleware, gate_documents, guard
from langchain_headgate.rehearsal import bm25

QUESTION = "K8s clusters"


@pytest.fixture
def store(corpus: list[Document], embeddings: Embeddings) -> InMemoryVectorStore:
    store: InMemoryVectorStore = InMemoryVectorStore.from_documents(corpus, embeddings)
    return store


@pytest.fixture
def inner(store: InMemoryVectorStore) -> BaseRetriever:
    return store.as_retriever(search_kwargs={"k": 4})


def clean(text: str) -> bool:
    return "forged" not in text and "Kubernetes" in text and "K8s" not in text.replace(QUESTION, "")


def all_clean(documents: list[Document]) -> bool:
    return bool(documents) and all(clean(document.page_content) for document in documents)


def test_a_pipe(inner: BaseRetriever, gate: Gate) -> None:
    assert any("forged" in document.page_content for document in inner.invoke(QUESTION))
    assert all_clean(guard(inner, gate).invoke(QUESTION))
    assert all(clean(d.page_content) for d in (inner | gate_documents(gate)).invoke(QUESTION))


def test_create_retrieval_chain(inner: BaseRetriever, gate: Gate) -> None:
    prompt = ChatPromptTemplate.from_template("{context}\n{input}")
    chain = create_retrieval_chain(guard(inner, gate), create_stuff_documents_chain(ParrotFakeChatModel(), prompt))
    result = chain.invoke({"input": QUESTION})
    assert clean(result["answer"])
    assert all_clean(result["context"])


def test_retrieval_qa(inner: BaseRetriever, gate: Gate) -> None:
    class Prompts(BaseCallbackHandler):
        seen: list[str]

        def on_llm_start(self, serialized: Any, prompts: list[str], **kwargs: Any) -> None:
            self.seen = prompts

    handler = Prompts()
    chain = RetrievalQA.from_chain_type(FakeListLLM(responses=["ok"]), retriever=guard(inner, gate))
    chain.invoke({"query": QUESTION}, config={"callbacks": [handler]})
    assert clean(handler.seen[0])


def test_compression(store: InMemoryVectorStore, gate: Gate) -> None:
    inner = store.as_retriever(search_kwargs={"k": 24})
    compressing = ContextualCompressionRetriever(base_retriever=inner, base_compressor=HeadgateCompressor(policy=gate))
    assert all_clean(compressing.invoke(QUESTION))


@pytest.mark.parametrize("outside", [True, False])
def test_ensemble(corpus: list[Document], inner: BaseRetriever, gate: Gate, *, outside: bool) -> None:
    parts: list[Any] = [inner, bm25(corpus, 24)]
    if not outside:
        parts = [guard(part, gate) for part in parts]
    ensemble: BaseRetriever = EnsembleRetriever(retrievers=parts, weights=[0.5, 0.5])
    assert all_clean((guard(ensemble, gate) if outside else ensemble).invoke(QUESTION))


@pytest.mark.parametrize("outside", [True, False])
def test_multi_query(store: InMemoryVectorStore, gate: Gate, *, outside: bool) -> None:
    base: BaseRetriever = store.as_retriever(search_kwargs={"k": 24 if outside else 4})
    model = FakeListLLM(responses=[f"{QUESTION}\nclusters\npages"])
    several: BaseRetriever = MultiQueryRetriever.from_llm(base if outside else guard(base, gate), llm=model)
    assert all_clean((guard(several, gate) if outside else several).invoke(QUESTION))


def test_parent_documents_are_what_must_be_sealed(embeddings: Embeddings, handbook: Publisher, gate: Gate) -> None:
    retriever: BaseRetriever = ParentDocumentRetriever(
        vectorstore=InMemoryVectorStore(embeddings),
        docstore=InMemoryStore(),
        child_splitter=CharacterTextSplitter(separator=" ", chunk_size=12, chunk_overlap=0),
    )
    retriever.add_documents([sealed(handbook, 1), forged(1)])  # type: ignore[attr-defined]
    found = guard(retriever, gate).invoke(QUESTION)
    assert [clean(document.page_content) for document in found] == [True]


def test_multi_vector(embeddings: Embeddings, handbook: Publisher, gate: Gate) -> None:
    vectors = InMemoryVectorStore(embeddings)
    retriever = MultiVectorRetriever(vectorstore=vectors, docstore=InMemoryStore(), id_key="doc_id")
    wholes = [sealed(handbook, 1), forged(1)]
    retriever.docstore.mset([(str(number), whole) for number, whole in enumerate(wholes)])
    vectors.add_documents([Document("K8s clusters", metadata={"doc_id": str(number)}) for number in range(2)])
    assert len(retriever.invoke(QUESTION)) == 2
    assert all_clean(guard(retriever, gate).invoke(QUESTION))


@pytest.mark.parametrize("outside", [True, False])
def test_self_query(store: InMemoryVectorStore, gate: Gate, *, outside: bool) -> None:
    asks: Any = RunnableLambda(lambda _: StructuredQuery(query=QUESTION, filter=None, limit=None))
    settings: dict[str, Any] = {
        "vectorstore": store if outside else guard(store, gate),
        "query_constructor": asks,
        "structured_query_translator": ChromaTranslator(),
        "search_kwargs": {"k": 24 if outside else 4},
    }
    retriever: BaseRetriever = SelfQueryRetriever(**settings)
    assert all_clean((guard(retriever, gate) if outside else retriever).invoke(QUESTION))


def test_a_retriever_tool(inner: BaseRetriever, gate: Gate) -> None:
    pages = create_retriever_tool(guard(inner, gate), "pages", "Finds pages.")
    assert clean(pages.invoke({"query": QUESTION}))


def agent_messages(tools: list[Any], middleware: list[Any]) -> list[Any]:
    call = {"name": tools[0].name, "args": {"query": QUESTION}, "id": "1"}
    replies = iter([AIMessage(content="", tool_calls=[call]), AIMessage(content="done")])

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

    agent: Any = create_agent(Model(messages=replies), tools, middleware=middleware)
    messages: list[Any] = agent.invoke({"messages": [("user", QUESTION)]})["messages"]
    return messages


def tool_message(messages: list[Any]) -> ToolMessage:
    (found,) = [message for message in messages if isinstance(message, ToolMessage)]
    return found


def test_an_agent_reads_only_what_the_middleware_admits(inner: BaseRetriever, gate: Gate) -> None:
    pages = create_retriever_tool(
        inner.model_copy(update={"search_kwargs": {"k": 24}}),
        "pages",
        "Finds pages.",
        response_format="content_and_artifact",
    )
    assert "forged" in str(tool_message(agent_messages([pages], [])).content)
    message = tool_message(agent_messages([pages], [HeadgateMiddleware(gate)]))
    assert clean(str(message.content))
    assert all_clean(message.artifact)
    assert len(message.artifact) == 12


def test_documents_in_json_content_are_judged_too(store: InMemoryVectorStore, gate: Gate) -> None:
    @tool
    def pages(query: str) -> str:
        """Find pages."""
        found = store.similarity_search(query, k=24)
        return json.dumps([{"page_content": d.page_content, "metadata": d.metadata} for d in found])

    message = tool_message(agent_messages([pages], [HeadgateMiddleware(gate)]))
    assert len(json.loads(str(message.content))) == 12
    assert "forged" not in str(message.content)


def test_a_tool_whose_documents_cannot_be_judged_is_withheld_if_it_is_named(gate: Gate) -> None:
    @tool
    def pages(query: str) -> str:
        """Find pages."""
        return "K8s forged, with no proof at all"

    assert "forged" in str(tool_message(agent_messages([pages], [HeadgateMiddleware(gate)])).content)
    named = tool_message(agent_messages([pages], [HeadgateMiddleware(gate, tools=["pages"])]))
    assert named.content == "No admissible document was found."


def test_an_agent_with_middleware_reads_what_a_guarded_tool_found(inner: BaseRetriever, gate: Gate) -> None:
    guarded = guard(inner, gate)
    pages = create_retriever_tool(guarded, "pages", "Finds pages.", response_format="content_and_artifact")

    @tool
    def rows(query: str) -> str:
        """Find pages."""
        return json.dumps([{"page_content": d.page_content, "metadata": d.metadata} for d in guarded.invoke(query)])

    expected = [document.page_content for document in guarded.invoke(QUESTION)]
    middleware = [HeadgateMiddleware(gate, tools=["pages", "rows"])]
    message = tool_message(agent_messages([pages], middleware))
    assert [document.page_content for document in message.artifact] == expected
    written = json.loads(str(tool_message(agent_messages([rows], middleware)).content))
    assert [row["page_content"] for row in written] == expected
    assert "headgate" not in str(written)


async def test_an_agent_asynchronously(inner: BaseRetriever, gate: Gate) -> None:
    pages = create_retriever_tool(inner, "pages", "Finds pages.", response_format="content_and_artifact")
    call = {"name": "pages", "args": {"query": QUESTION}, "id": "1"}
    replies = iter([AIMessage(content="", tool_calls=[call]), AIMessage(content="done")])

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

    agent: Any = create_agent(Model(messages=replies), [pages], middleware=[HeadgateMiddleware(gate)])
    messages = (await agent.ainvoke({"messages": [("user", QUESTION)]}))["messages"]
    assert "forged" not in str(tool_message(messages).content)


def test_a_store_inside_a_tool(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded = guard(store, gate)

    @tool
    def pages(query: str) -> str:
        """Find pages."""
        return "\n".join(document.page_content for document in guarded.similarity_search(query, k=4))

    assert clean(str(tool_message(agent_messages([pages], [])).content))


def test_a_node_of_a_graph(inner: BaseRetriever, gate: Gate) -> None:
    retriever = guard(inner, gate)

    def look(state: MessagesState) -> dict[str, Any]:
        found = retriever.invoke(str(state["messages"][-1].content))
        return {"messages": [AIMessage("\n".join(document.page_content for document in found))]}

    graph = StateGraph(MessagesState)
    graph.add_node("look", look)
    graph.add_edge(START, "look")
    graph.add_edge("look", END)
    compiled: Any = graph.compile()
    result = compiled.invoke({"messages": [("user", QUESTION)]})
    assert clean(str(result["messages"][-1].content))


class Runs(BaseCallbackHandler):
    def __init__(self) -> None:
        self.names: list[str] = []
        self.texts: list[str] = []
        self.ids: list[Any] = []

    def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
        self.names.append(str(kwargs.get("name")))

    def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
        self.texts += [document.page_content for document in documents]
        self.ids += [document.id for document in documents]


@pytest.mark.parametrize("how", ["full", "ids", "off"])
async def test_how_much_tracers_see_of_dropped_documents_is_a_choice(
    inner: BaseRetriever, gate: Gate, how: Any
) -> None:
    retriever = GatedRetriever(retriever=inner, policy=gate, trace_inner=how)
    seen, seen_async = Runs(), Runs()
    found = retriever.invoke(QUESTION, config={"callbacks": [seen]})
    await retriever.ainvoke(QUESTION, config={"callbacks": [seen_async]})
    assert all_clean(found)
    for runs in (seen, seen_async):
        assert any("forged" in text for text in runs.texts) == (how == "full")
        assert ("VectorStoreRetriever" in runs.names) == (how != "off")
    if how == "ids":
        assert all(text.startswith("sha-256:") or "Kubernetes" in text for text in seen.texts)
        assert None not in seen.ids


def test_misbehaving_retrievers_are_traced_as_such(gate: Gate) -> None:
    class Raises(BaseRetriever):
        def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
            raise RuntimeError("theirs")

    for how in ("full", "ids", "off"):
        with pytest.raises(RuntimeError, match="theirs"):
            GatedRetriever(retriever=Raises(), policy=gate, trace_inner=how).invoke("q")


def test_handlers_that_raise_change_nothing(inner: BaseRetriever, gate: Gate) -> None:
    class Raises(BaseCallbackHandler):
        def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
            raise RuntimeError("handler")

        def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            raise RuntimeError("handler")

        def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
            raise RuntimeError("handler")

    found = guard(inner, gate).invoke(QUESTION, config={"callbacks": [Raises()]})
    assert len(found) == 4
    assert all_clean(found)
