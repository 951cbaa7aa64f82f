"""Unions, fusion and deduplication over guarded retrievers: the members and scores that they have without a gate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from langchain_classic.retrievers import EnsembleRetriever, MergerRetriever, MultiQueryRetriever
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.load import dumps
from langchain_core.retrievers import BaseRetriever
from llama_index.core.base.base_retriever import BaseRetriever as NodeRetriever
from llama_index.core.llms.mock import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import NodeWithScore, QueryBundle

from doors import documents, nodes
from headgate import Chunk, Gate
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_nodes
from worlds import CLOCK, HANDBOOK

QUESTIONS = ["first", "second", "third"]


def genuine(number: int) -> Chunk:
    uri = f"https://handbook.example/{number}"
    chunk = HANDBOOK.seal(f"Page {number} about leave in LDX.", uri, {"source": uri, "page": number})
    return replace(chunk, id=str(number))


PAGES = [genuine(number) for number in range(8)]


def found_for(question: str) -> list[Chunk]:
    """Three questions find other pages, some of them again."""
    first = next((number for number, word in enumerate(QUESTIONS) if word in question), 0)
    return PAGES[first : first + 4]


class Finds(BaseRetriever):
    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return documents(found_for(query))


class FindsNodes(NodeRetriever):
    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = nodes(found_for(query_bundle.query_str))
        for rank, item in enumerate(found):
            item.score = 0.9 - rank / 10
        return found


def gate() -> Gate:
    return Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK)


def reciprocal_rank(retriever: Any) -> list[tuple[str, float]]:
    scores: dict[str, float] = {}
    names: dict[str, str] = {}
    for question in QUESTIONS:
        for rank, one in enumerate(retriever.invoke(question)):
            key = dumps(one)
            scores[key] = scores.get(key, 0) + 1 / (rank + 60)
            names[key] = str(one.id)
    return sorted((names[key], round(score, 6)) for key, score in scores.items())


def _ids(found: list[Document]) -> list[str | None]:
    return [one.id for one in found]


def _model() -> FakeListChatModel:
    return FakeListChatModel(responses=["\n".join(QUESTIONS)])


UNIONS: dict[str, Callable[[Any], Any]] = {
    "multi-query": lambda one: _ids(MultiQueryRetriever.from_llm(one, llm=_model()).invoke("q")),
    "multi-query, async": lambda one: _ids(asyncio.run(MultiQueryRetriever.from_llm(one, llm=_model()).ainvoke("q"))),
    "ensemble": lambda one: _ids(EnsembleRetriever(retrievers=[one, one], weights=[0.7, 0.3]).invoke("first")),
    "ensemble by id": lambda one: _ids(
        EnsembleRetriever(retrievers=[one, one], weights=[0.7, 0.3], id_key="page").invoke("second")
    ),
    "merger": lambda one: _ids(MergerRetriever(retrievers=[one, one]).invoke("third")),
    "reciprocal rank by dumps": reciprocal_rank,
    "a set of dumps": lambda one: len({dumps(document) for question in QUESTIONS for document in one.invoke(question)}),
    "an index of equals": lambda one: [one.invoke("first").index(document) for document in one.invoke("first")],
}


@pytest.mark.parametrize("name", sorted(UNIONS))
def test_unions_of_documents_are_what_they_are_without_a_gate(name: str) -> None:
    assert UNIONS[name](guard(Finds(), gate())) == UNIONS[name](Finds())


@pytest.mark.parametrize("mode", list(FUSION_MODES))
@pytest.mark.parametrize("is_async", [False, True])
def test_fusion_of_nodes_is_what_it_is_without_a_gate(mode: FUSION_MODES, is_async: bool) -> None:
    class Asks(MockLLM):
        def complete(self, *args: Any, **kwargs: Any) -> Any:
            answer = super().complete(*args, **kwargs)
            answer.text = "\n".join(QUESTIONS[1:])
            return answer

    def fused(retriever: NodeRetriever) -> list[tuple[str, float]]:
        fusion = QueryFusionRetriever(
            [retriever], llm=Asks(max_tokens=None), num_queries=3, similarity_top_k=6, mode=mode, use_async=False
        )
        found = asyncio.run(fusion.aretrieve("first")) if is_async else fusion.retrieve("first")
        return [(item.node.node_id, round(item.score or 0, 6)) for item in found]

    without = fused(FindsNodes())
    assert len(without) == 6
    assert fused(guard_nodes(FindsNodes(), gate())) == without
