"""The proof of a chain finds what works, what goes around the gate, and leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_classic.retrievers import EnsembleRetriever
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel, ParrotFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate, format_document
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.tools import create_retriever_tool
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core import VectorStoreIndex
from llama_index.core.llms.mock import MockLLM

from headgate import AdapterError, Gate, HeadgateError
from headgate.cli import main
from headgate.testing import prove
from langchain_headgate import HeadgateMiddleware, gate_documents, guard
from llama_index.postprocessor.headgate import HeadgatePostprocessor
from llama_index.postprocessor.headgate import guard as guard_llama

PROMPT = ChatPromptTemplate.from_template("{context}\n{question}")


def chain(retriever: Any, model: Any = None) -> Any:
    return {"context": retriever, "question": RunnablePassthrough()} | PROMPT | (model or ParrotFakeChatModel())


@pytest.fixture
def store(corpus: list[Document], embeddings: Embeddings) -> InMemoryVectorStore:
    store: InMemoryVectorStore = InMemoryVectorStore.from_documents(corpus, embeddings)
    return store


def test_a_guarded_chain_holds_every_promise_and_is_as_before(store: InMemoryVectorStore, gate: Gate) -> None:
    inner = store.as_retriever()
    retriever = guard(inner, gate)
    before = (gate.policy_revision, dict(inner.__dict__), dict(store.__dict__), retriever.invoke("K8s"))
    diagnosis = prove(chain(retriever))
    assert diagnosis.holds, str(diagnosis)
    assert "The line works." in str(diagnosis)
    after = (gate.policy_revision, dict(inner.__dict__), dict(store.__dict__), retriever.invoke("K8s"))
    assert [d.page_content for d in after[3]] == [d.page_content for d in before[3]]
    assert before[:3] == after[:3]


@pytest.mark.parametrize(
    "make", [lambda store, gate: guard(store, gate).as_retriever(), lambda s, g: s.as_retriever() | gate_documents(g)]
)
def test_other_places_hold_too(make: Any, store: InMemoryVectorStore, gate: Gate) -> None:
    diagnosis = prove(chain(make(store, gate)))
    assert diagnosis.holds, str(diagnosis)


def test_without_the_line_every_promise_is_broken_and_the_advice_is_the_line(store: InMemoryVectorStore) -> None:
    diagnosis = prove(chain(store.as_retriever()))
    assert not diagnosis.holds
    assert "guard(retriever" in diagnosis.advice[0]
    assert diagnosis.promises == {"chain": {"around": False}, "default": {"forged": False}}


def test_audit_mode_is_told(store: InMemoryVectorStore) -> None:
    diagnosis = prove(chain(guard(store.as_retriever(), Gate({"mode": "audit"}))))
    assert not diagnosis.holds
    assert "audit mode" in diagnosis.advice[0]


def test_a_second_retriever_beside_the_gate_is_found(
    store: InMemoryVectorStore, gate: Gate, corpus: list[Document], embeddings: Embeddings
) -> None:
    other = InMemoryVectorStore.from_documents(corpus, embeddings)
    ensemble = EnsembleRetriever(
        retrievers=[guard(store.as_retriever(), gate), other.as_retriever()], weights=[0.5, 0.5]
    )
    diagnosis = prove(chain(ensemble))
    assert not diagnosis.holds
    assert {one.promise for one in diagnosis.broken} >= {"around", "forged", "tampered", "stale"}
    assert "go around the gate" in diagnosis.advice[0]


def test_a_direct_search_in_a_function_is_found(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded = guard(store.as_retriever(), gate)

    def search(question: str) -> list[Document]:
        return [*guarded.invoke(question), *store.similarity_search(question)]

    both: Any = RunnableLambda(search)
    diagnosis = prove(chain(both))
    assert not diagnosis.holds
    (around,) = [one for one in diagnosis.broken if one.promise == "around"]
    assert "InMemoryVectorStore" in around.why


def test_a_step_that_changes_texts_before_the_gate_is_found(store: InMemoryVectorStore, gate: Gate) -> None:
    def change(found: list[Document]) -> list[Document]:
        return [Document(document.page_content + "!", metadata=document.metadata) for document in found]

    shout: Any = RunnableLambda(change)
    diagnosis = prove(chain(store.as_retriever() | shout | gate_documents(gate), ParrotFakeChatModel()))
    assert not diagnosis.holds
    (genuine,) = [one for one in diagnosis.verdicts if one.promise == "genuine"]
    assert (genuine.outcome, genuine.why) == ("broken", "it is kept out by P105")


@pytest.mark.parametrize("is_guarded", [True, False])
def test_an_agent(store: InMemoryVectorStore, gate: Gate, *, is_guarded: bool) -> None:
    from langchain.agents import create_agent

    class Model(GenericFakeChatModel):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

    pages = create_retriever_tool(store.as_retriever(), "pages", "Pages.", response_format="content_and_artifact")
    call = {"name": "pages", "args": {"query": "leave"}, "id": "1"}
    model = Model(messages=iter([AIMessage(content="", tool_calls=[call]), AIMessage(content="done")]))
    agent = create_agent(model, [pages], middleware=[HeadgateMiddleware(gate)] if is_guarded else [])
    assert prove(agent).holds == is_guarded


def test_engines(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    engine = index.as_query_engine(llm=llm)
    assert not prove(engine).holds
    assert prove(guard_llama(engine, node_gate)).holds
    assert prove(index.as_query_engine(llm=llm, node_postprocessors=[HeadgatePostprocessor(node_gate)])).holds
    retriever = guard_llama(index.as_retriever(), node_gate)
    assert prove(retriever).holds
    assert "canary" not in str(retriever.retrieve("canary"))


def test_the_proof_leaves_no_trace_in_the_log(
    store: InMemoryVectorStore, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    assert prove(chain(guard(store.as_retriever(), gate))).holds
    assert [record.getMessage() for record in caplog.records if "callback" in record.getMessage()] == []


def test_a_chain_that_cannot_be_asked_is_told_in_one_line(store: InMemoryVectorStore, gate: Gate) -> None:
    titled = PromptTemplate.from_template("{title}: {page_content}")

    def join(documents: list[Document]) -> str:
        return "\n".join(format_document(document, titled) for document in documents)

    retriever = guard(store.as_retriever(), gate)
    with pytest.raises(HeadgateError, match=r"could not be asked.*ValueError: .*title") as raised:
        prove(chain(retriever | join))
    assert "\n" not in str(raised.value)
    assert retriever.invoke("K8s")  # and everything is as before


def test_what_is_no_chain_is_told() -> None:
    with pytest.raises(AdapterError, match="supports the type"):
        prove(object())
    with pytest.raises(AdapterError, match="No retriever"):
        prove(RunnableLambda(len))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my_rag.py").write_text(
        "from langchain_core.documents import Document\n"
        "from langchain_core.vectorstores import InMemoryVectorStore\n"
        "from langchain_core.embeddings import DeterministicFakeEmbedding\n"
        "from headgate import Gate\n"
        "from headgate.testing import FixedClock, Publisher\n"
        "from langchain_headgate import guard\n"
        "PUBLISHER = Publisher('handbook', 'https://handbook.example/**', FixedClock())\n"
        "sealed = PUBLISHER.seal('x', 'https://handbook.example/x')\n"
        "own = [Document(sealed.text, metadata=dict(sealed.metadata))]\n"
        "store = InMemoryVectorStore.from_documents(own, DeterministicFakeEmbedding(size=4))\n"
        "bare = InMemoryVectorStore.from_documents([Document('x')], DeterministicFakeEmbedding(size=4))\n"
        "open_one = store.as_retriever()\n"
        "def broken(): raise ZeroDivisionError('no reason')\n"
        "titled = open_one | (lambda found: [document.metadata['title'] for document in found])\n"
        "def build(): return guard(store.as_retriever(), Gate({'sources': [PUBLISHER.source()]}))\n"
        "def build_bare(): return guard(bare.as_retriever(), Gate({'sources': [PUBLISHER.source()]}))\n"
    )
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["headgate", "doctor", *arguments])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        output = capsys.readouterr()
        return code, output.out + output.err

    assert run("my_rag:build")[0] == 0
    code, said = run("my_rag:build_bare")
    assert code == 1
    assert "lets none of your own documents through" in said
    code, out = run("my_rag:open_one")
    assert code == 1
    assert "BROKEN" in out
    code, out = run("my_rag:titled")
    assert code == 2
    assert "'title'" in out
    assert out.count("\n") == 1
    assert run("my_rag:broken") == (2, "headgate: my_rag:broken could not be built: ZeroDivisionError: no reason.\n")
    (tmp_path / "breaks.py").write_text("raise RuntimeError('no\\nreason')")
    assert run("breaks:x") == (2, "headgate: 'breaks' cannot be imported: RuntimeError: no reason.\n")
    assert run("my_rag:none")[0] == 2
    code, said = run("no_such_module:x")
    assert code == 2
    assert f"There is no module 'no_such_module' in this folder ({tmp_path})" in said
    (tmp_path / "lacks.py").write_text("import no_such_package")
    assert "'lacks' cannot be imported: ModuleNotFoundError: No module named 'no_such_package'" in run("lacks:x")[1]
    assert run("nonsense")[0] == 2
    sys.modules.pop("my_rag", None)
