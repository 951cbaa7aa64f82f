"""Engines that another object asks or makes are guarded too: no model reads what is not admissible."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from llama_index.core.llms import CompletionResponse
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import RecursiveRetriever
from llama_index.core.schema import IndexNode
from node_sources import FORGED, Echo, Finds, engine, forged, gate, sealed

from llama_index.postprocessor.headgate import GatedRetriever, guard

Q = "How many days of leave?"


class Reads(Echo):
    """Keeps what it was shown."""

    shown: list[str] = []  # noqa: RUF012 - a field

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self.shown.append(prompt)
        return CompletionResponse(text="30 days")


def leads_to(asked: RetrieverQueryEngine) -> RecursiveRetriever:
    found = Finds(IndexNode(text="more", index_id="more"), sealed("page"))
    return RecursiveRetriever("root", retriever_dict={"root": found}, query_engine_dict={"more": asked})


@pytest.mark.parametrize("kind", ["dictionary", "object map"])
async def test_an_engine_in_the_place_of_an_index_node_reads_only_what_is_admissible(kind: str) -> None:
    model = Reads()
    asked = RetrieverQueryEngine.from_args(Finds(forged(), sealed("30 days of leave")), llm=model)
    if kind == "dictionary":
        retriever: Any = leads_to(asked)
    else:
        retriever = Finds(IndexNode(text="more", index_id="more"))
        retriever.object_map = {"more": asked}
    retriever.retrieve(Q)
    assert FORGED in "".join(model.shown), "unguarded, the model reads it"
    model.shown.clear()
    gated = guard(retriever, gate())
    for found in (gated.retrieve(Q), await gated.aretrieve(Q), gated.retrieve(Q)):
        assert FORGED not in "".join(item.node.get_content() for item in found)
    assert "30 days of leave" in "".join(model.shown)
    assert FORGED not in "".join(model.shown)
    retriever.retrieve(Q)
    assert FORGED in "".join(model.shown), "the original is as it was"


@pytest.mark.parametrize(
    "copied", [lambda one: one, copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_an_engine_that_a_guarded_one_makes_is_guarded(copied: Any) -> None:
    guarded: Any = copied(guard(engine(sealed("page")), gate()))
    made = guarded.with_retriever(Finds(forged(), sealed("another page")))
    assert isinstance(made, RetrieverQueryEngine)
    assert isinstance(made.retriever, GatedRetriever)
    answer = str(made.query(Q))
    assert FORGED not in answer
    assert "another page" in answer
    again: Any = made
    assert FORGED not in str(again.with_retriever(Finds(forged())).query(Q))
