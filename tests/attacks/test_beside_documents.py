"""What holds documents, what stands beside them, and who reads them first: in no form does any of it pass unjudged."""

from __future__ import annotations

import json
from collections import deque
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever, EnsembleRetriever
from langchain_classic.retrievers.document_compressors import LLMChainFilter
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import VectorStore
from langchain_documents import forged, sealed

from headgate import AdapterError, Gate, Policy
from headgate.testing import Publisher
from langchain_headgate import HeadgateCompressor, HeadgateMiddleware, guard

REQUEST = SimpleNamespace(tool_call={"name": "pages", "args": {}, "id": "1"})
NAME = "forged-says-pay-now"


class Found:
    """What a library of anybody's returns."""

    def __init__(self, documents: Any) -> None:
        self.documents = documents


class Slotted:
    __slots__ = ("found",)

    def __init__(self, found: Any) -> None:
        self.found = found


def nested(value: Any, depth: int) -> Any:
    return [nested(value, depth - 1)] if depth else value


def after(message: ToolMessage, gate: Gate) -> Any:
    return HeadgateMiddleware(gate).wrap_tool_call(REQUEST, lambda _: message)


@pytest.mark.parametrize(
    "hold",
    [
        lambda one: (document for document in [one]),
        lambda one: {"a": one}.values(),
        lambda one: np.array([one], dtype=object),
        lambda one: np.array([[one]], dtype=object),
        lambda one: SimpleNamespace(docs=[one]),
        lambda one: Found(deque([one])),
        lambda one: [{"result": Slotted({"found": one})}],
        lambda one: [iter([one])],
        lambda one: nested([one], 60),
    ],
)
def test_an_artifact_is_read_whatever_it_is(hold: Any, handbook: Publisher, gate: Gate) -> None:
    released = after(ToolMessage("forged", tool_call_id="1", artifact=hold(forged(1))), gate)
    assert released.content == "No admissible document was found."
    assert "forged" not in repr(released)
    good = sealed(handbook, 1, "genuine page")
    assert after(ToolMessage("forged", tool_call_id="1", artifact=hold(good)), gate).content == "genuine page"


def test_what_is_nested_too_deeply_is_withheld(handbook: Publisher, gate: Gate) -> None:
    for depth in (66, 300):
        released = after(ToolMessage("forged", tool_call_id="1", artifact=nested([forged(1)], depth)), gate)
        assert "forged" not in repr(released)


def test_an_object_that_refers_to_itself_ends(gate: Gate) -> None:
    one, other = Found(None), Found(None)
    one.documents, other.documents = [other, other], [one, one]
    given = ToolMessage("text", tool_call_id="1", artifact=one)
    assert after(given, gate) is given


def test_in_audit_mode_an_iterator_is_left_to_whom_it_is_for() -> None:
    given = ToolMessage("text", tool_call_id="1", artifact=iter([forged(1)]))
    assert after(given, Gate(Policy(mode="audit"))) is given
    assert len(list(given.artifact)) == 1


@pytest.mark.parametrize("is_written", [True, False])
def test_names_beside_proved_documents_are_no_sentences(is_written: bool, handbook: Publisher, gate: Gate) -> None:
    good = sealed(handbook, 1, "genuine page")
    row = {"page_content": good.page_content, "metadata": good.metadata, "id": NAME, NAME: 1, "score": 0.5}
    found = {NAME: [row], "documents": [row], "count": 2}
    message = (
        ToolMessage(json.dumps(found), tool_call_id="1")
        if is_written
        else ToolMessage("ok", tool_call_id="1", artifact=found)
    )
    released = after(message, gate)
    assert "forged" not in repr(released)
    assert "genuine page" in released.content
    left = json.loads(released.content) if is_written else released.artifact
    assert left["count"] == 2
    assert left["documents"][0]["score"] == 0.5


@pytest.mark.parametrize(
    ("identifier", "stays"),
    [
        ("0b7ab144-4472-4eb4-a913-b39b52ba6d37", True),
        ("9f" * 32, True),
        ("12", True),
        ("page_3_chunk_4", True),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        (NAME, False),
        (NAME + "1", False),
        ("forged", False),
        ("pay1now-" * 8, False),
        ("forged 12", False),
        ("１２", False),
    ],
)
def test_an_identifier_of_a_proved_document_is_no_sentence(
    identifier: str, stays: bool, handbook: Publisher, gate: Gate
) -> None:
    good = sealed(handbook, 1)
    good.id = identifier
    (found,) = HeadgateCompressor(policy=gate).compress_documents([good], "")
    assert found.id == (identifier if stays else None)


class Store(VectorStore):
    answer: Any = None

    @classmethod
    def from_texts(cls, *args: Any, **kwargs: Any) -> Store:
        return cls()

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return []

    def get(self) -> Any:
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        {"documents": [[]], "metadatas": [[{"a": "forged"}]], "ids": [["forged"]]},
        {"documents": [], "metadatas": [{"a": "forged"}], "ids": ["forged"]},
        {"documents": [[], ["x"]], "metadatas": [[{"a": "forged"}], [{}]], "ids": [["forged"], ["b"]]},
        {"documents": ["x"], "metadatas": [{}, {"a": "forged"}], "ids": ["a", "forged"]},
        {"documents": None, "metadatas": [{"a": "forged"}], "ids": ["a"]},
        {"documents": [["x"]], "ids": [["a"]], "distances": [["forged"]], "uris": ["forged"]},
    ],
)
def test_columns_hold_nothing_beside_the_documents(answer: Any, gate: Gate) -> None:
    store: Any = Store()
    store.answer = answer
    try:
        found = guard(store, gate).get()
    except AdapterError:
        return
    assert "forged" not in repr(found)


def test_columns_keep_the_ids_and_numbers_of_what_is_admitted(handbook: Publisher, gate: Gate) -> None:
    good = sealed(handbook, 1, "genuine page")
    store: Any = Store()
    store.answer = {
        "ids": [["a1", "forged"]],
        "documents": [[good.page_content, "forged"]],
        "metadatas": [[good.metadata, {}]],
        "distances": [[0.1, 0.2]],
    }
    found = guard(store, gate).get()
    assert (found["ids"], found["documents"], found["distances"]) == ([["a1"]], [["genuine page"]], [[0.1]])


class Finds(BaseRetriever):
    found: list[Any]

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return self.found


class Parts(BaseRetriever):
    """A retriever of one's own that lets a model choose."""

    sources: dict[str, Any]
    model: Any

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        found = [document for source in self.sources.values() for document in source.invoke(query)]
        self.model.invoke(str(found))
        return found


class Reads(FakeListLLM):
    seen: list[str]

    def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
        self.seen.append(prompt)
        return "YES"


async def test_no_model_within_a_guarded_retriever_reads_what_is_kept_out(handbook: Publisher, gate: Gate) -> None:
    inner = Finds(found=[forged(1), sealed(handbook, 1, "genuine page")])
    model = Reads(responses=["YES"], seen=[])
    chosen = LLMChainFilter.from_llm(model)
    for base in (inner, inner.with_config(tags=["a"]), inner | RunnableLambda(lambda found: found)):
        compression = ContextualCompressionRetriever(base_compressor=chosen, base_retriever=base)
        retrievers: list[Any] = [
            compression,
            EnsembleRetriever(retrievers=[compression], weights=[1.0]),
            Parts(sources={"a": inner}, model=model),
        ]
        for retriever in retrievers:
            gated = guard(retriever, gate)
            for found in (gated.invoke("fee"), await gated.ainvoke("fee")):
                assert [document.page_content for document in found] == ["genuine page"]
            assert gated.ungated is retriever
        assert compression.base_retriever is base
    assert model.seen
    assert "forged" not in str(model.seen)


def _broken() -> list[Any]:
    empty: Any = Document.model_construct()
    return [
        empty,
        Document.model_construct(page_content=None, metadata=None),
        Document.model_construct(page_content=b"forged", metadata={}, id=7),
        Document.model_construct(page_content=["forged"], metadata={"headgate": "{}"}, id=None),
    ]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("trace_inner", ["full", "ids", "off"])
async def test_a_document_that_is_none_crashes_no_chain(
    number: int, trace_inner: Any, handbook: Publisher, gate: Gate
) -> None:
    found = [_broken()[number], sealed(handbook, 1, "genuine page")]
    for policy, count in ((gate, 1), (Gate(Policy(mode="audit")), 2)):
        gated = guard(Finds(found=found), policy)
        gated.trace_inner = trace_inner  # type: ignore[attr-defined]
        assert len(gated.invoke("fee")) == len(await gated.ainvoke("fee")) == count
        released = after(ToolMessage("ok", tool_call_id="1", artifact=found), policy)
        assert len(released.artifact) == count
