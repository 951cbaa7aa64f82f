"""`init` and `audit` judge what an application of the user's own retrieves, in whatever form it stands there."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from headgate.cli import main
from headgate.corpus import observe_corpus
from headgate.errors import AdapterError, HeadgateError

APP = """
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.tools import create_retriever_tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_headgate import gate_documents, guard
from langgraph.graph import StateGraph
from langgraph.graph.message import add_messages
from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.llms.mock import MockLLM
from llama_index.core.schema import TextNode
from llama_index.core.workflow import StartEvent, StopEvent, Workflow
from llama_index.core.workflow import step as step_of
from typing import Annotated, TypedDict

DOCS = [Document(f"Page {n}.", metadata={"source": f"/srv/app/docs/p{n}.md", "page": n}) for n in range(3)]
POLICY = {"log": {"path": "log.jsonl"}}
ASKED = []


class Model(FakeListChatModel):
    def _call(self, *args, **kwargs):
        ASKED.append(1)
        return super()._call(*args, **kwargs)


def join(documents):
    return " ".join(document.page_content for document in documents)


store = InMemoryVectorStore.from_documents(DOCS, DeterministicFakeEmbedding(size=8))
retriever = store.as_retriever()
guarded = guard(retriever, POLICY)
guarded_store = guard(store, POLICY)
tool = create_retriever_tool(guarded, "pages", "Finds pages.")
prompt = ChatPromptTemplate.from_template("{context} {question}")
chain = {"context": guarded | join, "question": RunnablePassthrough()} | prompt | Model(responses=["yes"])
named = RunnablePassthrough.assign(context=lambda given: join(guarded.invoke(given["question"]))) | prompt | Model(
    responses=["yes"]
)
per_request = RunnableLambda(lambda question: join(guard(store, POLICY).similarity_search(question)))
step = retriever | gate_documents(POLICY) | join
own_way = RunnableLambda(lambda question: DOCS)


class Later(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        raise NotImplementedError

    async def _aget_relevant_documents(self, query, *, run_manager):
        return DOCS


later = Later()


async def _alone(question):
    return join(await later.ainvoke(question))


async_only = RunnableLambda(_alone)
index = VectorStoreIndex(
    [TextNode(text=d.page_content, metadata=d.metadata) for d in DOCS], embed_model=MockEmbedding(embed_dim=8)
)
nodes = index.as_retriever(similarity_top_k=3)
engine = index.as_query_engine(llm=MockLLM(), similarity_top_k=3)
chat = index.as_chat_engine(llm=MockLLM(), chat_mode="context", similarity_top_k=3)


def guarded_nodes():
    from llama_index.postprocessor.headgate import guard

    return guard(nodes, POLICY)


def guarded_engine():
    from llama_index.postprocessor.headgate import guard

    return guard(engine, POLICY)


def guarded_index():
    from llama_index.postprocessor.headgate import guard

    return guard(index, POLICY)


class State(TypedDict):
    messages: Annotated[list, add_messages]


def looks(state):
    return {"messages": [("ai", join(guarded.invoke(state["messages"][-1].content)))]}


building = StateGraph(State)
building.add_node("looks", looks)
building.add_edge("__start__", "looks")
graph = building.compile()


class Flow(Workflow):
    @step_of
    async def look(self, event: StartEvent) -> StopEvent:
        found = await guarded_nodes().aretrieve(event.query)
        return StopEvent(result=len(found))


def flow():
    return Flow()


def factory():
    return chain


async def afactory():
    return later


def broken():
    raise RuntimeError("no key for the model")


def nothing():
    pass


def needs(question, settings, k=4):
    return store.similarity_search(question)


def number():
    return 7


def raising(question):
    raise RuntimeError("the store is down")


down = RunnableLambda(raising)
empty = RunnableLambda(lambda question: "nothing")
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "rag_app", raising=False)
    (tmp_path / "rag_app.py").write_text(textwrap.dedent(APP))
    (tmp_path / "q.txt").write_text("# what people ask\nWhere are the pages?\n\nAnd the others?\n")
    (tmp_path / "headgate.yaml").write_text("version: 1\n")
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, app: Path) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["headgate", *arguments])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        output = capsys.readouterr()
        return code, output.out, output.err

    return call


TARGETS = (
    *("retriever", "store", "guarded", "guarded_store", "tool", "chain", "named", "per_request", "step", "own_way"),
    *("later", "async_only", "factory", "afactory"),
    *("index", "nodes", "engine", "chat", "guarded_nodes", "guarded_engine", "guarded_index", "graph", "flow"),
)


@pytest.mark.parametrize("name", TARGETS)
def test_every_document_is_judged_as_it_arrives_and_none_is_kept_from_being_seen(
    run: Any, app: Path, name: str
) -> None:
    code, out, err = run("audit", f"rag_app:{name}", "--questions", "q.txt", "--json")
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert {row["decision"]["uri"] for row in found["documents"]} == {f"file:/srv/app/docs/p{n}.md" for n in range(3)}
    assert found["counts"]["documents"] == 3
    assert found["documents"][0]["place"] == "question 1, result 1"
    log = app / "log.jsonl"
    assert not log.exists() or not log.read_text()  # a look at the chain is not traffic
    assert not sys.modules["rag_app"].ASKED  # nor is a model asked for an answer that nobody reads


def test_what_was_watched_is_as_it_was(run: Any) -> None:
    from langchain_core.retrievers import BaseRetriever

    before = BaseRetriever.invoke
    run("audit", "rag_app:chain", "--questions", "q.txt")
    assert BaseRetriever.invoke is before
    assert sys.modules["rag_app"].guarded.invoke("pages") == []


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("broken", "could not be built: RuntimeError: no key for the model"),
        ("nothing", "returned nothing"),
        ("needs", "takes arguments (question, settings)"),
        ("number", "int is nothing that can be asked"),
        ("absent", "has no 'absent'"),
    ],
)
def test_what_cannot_be_asked_says_why(run: Any, name: str, fragment: str) -> None:
    code, _, err = run("audit", f"rag_app:{name}", "--questions", "q.txt")
    assert (code, fragment in err, "Traceback" in err) == (2, True, False), err


def test_what_is_no_application_says_what_would_be_one(run: Any) -> None:
    for command in (("doctor",), ("audit", "--questions", "q.txt"), ("init", "--force", "--questions", "q.txt")):
        code, _, err = run(command[0], "json:dumps", *command[1:])
        assert code == 2
        assert "json:dumps takes arguments (obj)" in err


def test_a_question_that_fails_or_finds_nothing_is_named(run: Any) -> None:
    code, _, err = run("audit", "rag_app:down", "--questions", "q.txt")
    assert code == 2
    assert "question 1: it could not be asked (RuntimeError: the store is down)" in err
    code, _, err = run("audit", "rag_app:empty", "--questions", "q.txt")
    assert code == 2
    assert "nothing was retrieved" in err


def test_questions_are_for_applications_and_applications_need_them(run: Any, app: Path) -> None:
    assert "--questions FILE" in run("audit", "rag_app:chain")[2]
    (app / "docs").mkdir()
    assert "is for an application" in run("audit", "docs", "--questions", "q.txt")[2]
    (app / "none.txt").write_text("\n# nothing\n")
    assert "no question" in run("audit", "rag_app:chain", "--questions", "none.txt")[2]
    assert "does not exist" in run("audit", "rag_app:chain", "--questions", "absent.txt")[2]
    code, _, err = run("audit", "rag_app:chain", "--questions", "q.txt", "--prefix", "https://a.example/")
    assert (code, "--prefix" in err) == (2, True)


def test_the_core_asks_what_an_adapter_knows() -> None:
    with pytest.raises(AdapterError, match="nothing that can be asked"):
        list(observe_corpus(object(), ["x"]))
    assert issubclass(AdapterError, HeadgateError)
